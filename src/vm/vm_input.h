/*
 * Keys and a pointer for the guest, typed by a script or a user.
 *
 * Keys wait in a queue and go to the guest one after another, with a while of
 * machine time behind each.  The loop's thread calls everything.
 */
#ifndef PIOEMU_VM_VM_INPUT_H
#define PIOEMU_VM_VM_INPUT_H

#include "src/vm/vm.h"

/* How long a key is held unless somebody says something else. */
#define VM_KEY_HOLD_NS (100 * NS_PER_SECOND / 1000)

/*
 * Presses the keys in order, and releases them in the opposite one; codes are
 * those of devices/device.h.  False: the machine has no keyboard, there is no
 * such key, or too many wait.
 */
bool vm_type_keys(Vm *vm, const unsigned *codes, unsigned count, uint64_t hold, GError **error);
/* One key goes down or up, behind those that wait. */
bool vm_key(Vm *vm, unsigned code, bool pressed, GError **error);
/* Right and up are positive; `buttons` are those held now, POINTER_*. */
bool vm_pointer(Vm *vm, int dx, int dy, unsigned buttons, GError **error);
/* What vm_pointer() was told last, without the wheel. */
unsigned vm_pointer_buttons(const Vm *vm);

#endif
