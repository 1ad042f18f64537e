/*
 * A whole machine, built as the program builds it, without a CPU or with a CPU that
 * never runs.  For the targets that communicate with a machine.
 */
#ifndef PIOEMU_FUZZ_VM_H
#define PIOEMU_FUZZ_VM_H

#include "src/vm/vm_internal.h"
#include "tests/fuzz/fuzz.h"

typedef struct FuzzVm {
    Config *config;
    Vm *vm;
    int guest; /* memory files, or -1 */
    int script;
} FuzzVm;

/* `with_cpu`: there are registers to examine. */
void fuzz_vm_init(FuzzVm *f, bool with_cpu);
/* Sets the file for -expect.  Call it before fuzz_vm_open(). */
void fuzz_vm_set_script(FuzzVm *f, const char *text, size_t size);
/* Returns false if the machine was refused, with a reason. */
bool fuzz_vm_open(FuzzVm *f);
void fuzz_vm_clear(FuzzVm *f);

/* ---- text protocols ---- */

/* Bytes from here on are not in a text: they are events. */
#define FUZZ_FIRST_EVENT 0xfcu

typedef struct FuzzPeer {
    void (*input)(void *opaque, const char *data, size_t size);
    /* `number` is 0, 1 or 2. */
    void (*event)(void *opaque, unsigned number);
    void *opaque;
} FuzzPeer;

/*
 * Feeds the rest of the input in pieces of at most `piece` bytes.  One event is
 * handled here: a byte that is repeated up to a million times.
 */
void fuzz_feed(FuzzInput *in, size_t piece, const FuzzPeer *peer);

#endif
