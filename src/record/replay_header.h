/*
 * The lines of text at the beginning of a recording.  They describe its machine
 * and, for a whole run, what ran on it.
 */
#ifndef PIOEMU_RECORD_REPLAY_HEADER_H
#define PIOEMU_RECORD_REPLAY_HEADER_H

#include "src/block/block.h"
#include "src/machine/config.h"
#include "src/machine/machine.h"
#include "src/record/codec.h"

typedef struct ReplayHeader {
    Config *config; /* the machine's; lines have no backend, and drives have no files */
    RecordNames names;
    bool kernel_irqchip, split_irqchip, apics;
    MachineStart started_by;
    bool own_bios;             /* the CPU started in pioemu's BIOS */
    bool boot_order;           /* the CMOS had a boot order, from -boot or the default */
    bool boots_kernel;         /* a firmware was given a kernel to start */
    GHashTable *drives;        /* from the drive's id to its size in sectors */
    bool whole;                /* it is a recording of a whole run; then: */
    char *ips;                 /* NULL: the default */
    char *files[RECORD_FILES]; /* checksums; NULL: there was no such file */
    char *entry;               /* the kernel's entry */
} ReplayHeader;

/* Leaves the reader at the first record.  The caller clears the header even after a failure. */
bool replay_header_read(ReplayHeader *header, RecordReader *in, GError **error);
void replay_header_clear(ReplayHeader *header);
/* To be called before the machine is built. */
void replay_header_add_drives(const ReplayHeader *header, BlockSet *blocks);

#endif
