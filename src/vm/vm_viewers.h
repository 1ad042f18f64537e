/* Who looks at a machine's screen: what -vnc and its like ask for. */
#ifndef PIOEMU_VM_VM_VIEWERS_H
#define PIOEMU_VM_VM_VIEWERS_H

#include "src/display/vnc.h"
#include "src/vm/vm.h"

/* Takes the terminal if the options ask for it.  To be called before any thread exists. */
bool vm_viewers_open(Vm *vm, GError **error);
/* Opens the others, and shows the screen of the machine, which has been built. */
bool vm_viewers_show(Vm *vm, GError **error);
/* Shows a line to the user who looks at the terminal.  Returns false if there is no such viewer. */
bool vm_viewers_say(const Vm *vm, const char *text);
void vm_viewers_free(Vm *vm);

/* The server of VNC, or NULL if there is none. */
VncServer *vm_vnc(const Vm *vm);

#endif
