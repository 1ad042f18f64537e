/* The screen of a machine, for viewers (src/display/display.h). */
#ifndef PIOEMU_VM_VM_DISPLAY_H
#define PIOEMU_VM_VM_DISPLAY_H

#include "src/display/display.h"
#include "src/vm/vm.h"

/*
 * The display of the first device with a screen, or NULL if the machine has
 * none.  It lives as long as the machine; viewers must leave it before.
 */
Display *vm_display(Vm *vm);
/* Takes a picture of it with its pixels.  Returns false if there is no screen. */
bool vm_take_picture(Vm *vm, SurfacePicture *picture);

#endif
