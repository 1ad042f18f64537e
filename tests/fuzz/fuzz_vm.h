/*
 * A whole machine as the program builds it, without a CPU or with one that
 * never runs, for the targets of what talks to a machine.
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

/* `with_cpu`: there are registers to look at. */
void fuzz_vm_init(FuzzVm *f, bool with_cpu);
/* The file of -expect; before fuzz_vm_open(). */
void fuzz_vm_set_script(FuzzVm *f, const char *text, size_t size);
/* False: the machine was refused, with a reason. */
bool fuzz_vm_open(FuzzVm *f);
void fuzz_vm_clear(FuzzVm *f);

/* ---- text protocols ---- */

/* Bytes from here on are in no text: they stand for something that happens. */
#define FUZZ_FIRST_EVENT 0xfcu

typedef struct FuzzPeer {
    void (*input)(void *opaque, const char *data, size_t size);
    /* `number`: 0, 1 or 2. */
    void (*event)(void *opaque, unsigned number);
    void *opaque;
} FuzzPeer;

/*
 * All that is left of the input, in pieces of at most `piece` bytes.  One event
 * is ours: a byte that comes up to a million times.
 */
void fuzz_feed(FuzzInput *in, size_t piece, const FuzzPeer *peer);

#endif
