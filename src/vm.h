/*
 * One virtual machine: puts the parts together, runs them, and decides how it
 * ends.  Everything here is the main thread's, which is the loop's.
 */
#ifndef PIOEMU_VM_H
#define PIOEMU_VM_H

#include "src/config.h"

#include <glib.h>

typedef struct Vm Vm;

/* Exit statuses that are ours; everything else is the guest's choice. */
enum {
    VM_EXIT_OK = 0,
    VM_EXIT_CONFIG = 2,
    VM_EXIT_HOST = 3,
    VM_EXIT_DIED = 4,
    VM_EXIT_TIMEOUT = 5
};

/* Builds the machine; the error's code is the exit status. */
Vm *vm_new(const Config *config, GError **error);
/* Runs it to its end; returns the exit status. */
int vm_run(Vm *vm);
/* The signal that ended the run, or 0. */
int vm_signal(const Vm *vm);
void vm_free(Vm *vm);

#endif
