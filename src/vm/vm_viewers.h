/* Who looks at a machine's screen: what -vnc and its like ask for. */
#ifndef PIOEMU_VM_VM_VIEWERS_H
#define PIOEMU_VM_VM_VIEWERS_H

#include "src/display/vnc.h"
#include "src/vm/vm.h"

/* Opens what the options ask for.  The machine has been built. */
bool vm_viewers_open(Vm *vm, GError **error);
void vm_viewers_free(Vm *vm);

/* The server of VNC, or NULL if there is none. */
VncServer *vm_vnc(const Vm *vm);

#endif
