#include "src/vm/vm_display.h"

#include "src/vm/vm_internal.h"

static Device *find_screen(const Vm *vm)
{
    for (guint i = 0; i < vm->machine->devices->len; i++) {
        if (device_has_surface(vm->machine->devices->pdata[i])) {
            return vm->machine->devices->pdata[i];
        }
    }
    return NULL;
}

Display *vm_display(Vm *vm)
{
    Device *screen = vm->display ? NULL : find_screen(vm);
    if (screen) {
        vm->display = display_new(vm->loop, screen);
    }
    return vm->display;
}

bool vm_take_picture(Vm *vm, SurfacePicture *picture)
{
    Device *screen = find_screen(vm);
    if (screen) {
        device_take_picture(screen, true, picture);
    }
    return screen != NULL;
}
