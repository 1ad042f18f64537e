/*
 * Keys and pointer movements for the guest, from a script or a user.
 *
 * Keys wait in a queue.  They go to the guest one after another, with a pause
 * in machine time after each.  All functions are called in the loop's thread.
 */
#ifndef PIOEMU_VM_VM_INPUT_H
#define PIOEMU_VM_VM_INPUT_H

#include "src/vm/vm.h"

/* The time for which a key is held if no other time is given. */
#define VM_KEY_HOLD_NS (100 * NS_PER_SECOND / 1000)

/*
 * Presses the keys in order, and releases them in the opposite order.  The
 * codes are those of devices/device.h.  Returns false if the machine has no
 * keyboard, if a key does not exist, or if too many keys wait.
 */
bool vm_type_keys(Vm *vm, const unsigned *codes, unsigned count, uint64_t hold, GError **error);
/* Presses or releases one key, after those that wait. */
bool vm_key(Vm *vm, unsigned code, bool pressed, GError **error);
/* Moves the pointer; right and up are positive.  `buttons` are those held now, as POINTER_*. */
bool vm_pointer(Vm *vm, int dx, int dy, unsigned buttons, GError **error);
/* Returns the last `buttons` of vm_pointer(), without the wheel. */
unsigned vm_pointer_buttons(const Vm *vm);

#endif
