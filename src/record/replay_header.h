/*
 * The lines of text that a recording begins with: what machine it is of and,
 * for a whole run, what ran on it.
 */
#ifndef PIOEMU_RECORD_REPLAY_HEADER_H
#define PIOEMU_RECORD_REPLAY_HEADER_H

#include "src/block/block.h"
#include "src/machine/config.h"
#include "src/machine/machine.h"
#include "src/record/codec.h"

typedef struct ReplayHeader {
    Config *config; /* the machine's; lines lead nowhere, and drives have no files */
    RecordNames names;
    bool kernel_irqchip, split_irqchip, apics;
    MachineStart started_by;
    bool own_bios;             /* the CPU started in pioemu's firmware */
    bool boot_order;           /* -boot, or what holds without it, was in the CMOS */
    bool boots_kernel;         /* a firmware was given a kernel to start */
    GHashTable *drives;        /* id to sectors */
    bool whole;                /* of a whole run: */
    char *ips;                 /* NULL: the default */
    char *files[RECORD_FILES]; /* checksums; NULL: there was none */
    char *entry;               /* the kernel's */
} ReplayHeader;

/* Leaves the reader at the first record.  The caller clears the header in any case. */
bool replay_header_read(ReplayHeader *header, RecordReader *in, GError **error);
void replay_header_clear(ReplayHeader *header);
/* Before the machine is built. */
void replay_header_add_drives(const ReplayHeader *header, BlockSet *blocks);

#endif
