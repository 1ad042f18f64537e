#include "src/vm/vm_viewers.h"

#include "src/base/error.h"
#include "src/vm/vm_display.h"
#include "src/vm/vm_input.h"
#include "src/vm/vm_internal.h"

#include <string.h>

/* How long a key is held that a viewer types. */
#define TYPED_HOLD_NS (5 * NS_PER_SECOND / 1000)

struct VmViewers {
    SeatHost seat;
    VncServer *vnc; /* NULL: none */
};

/* ---- input; what the guest has no room for is lost, as at a real keyboard ---- */

static void press_key(void *opaque, unsigned code, bool pressed)
{
    Vm *vm = opaque;
    if (!vm->ended) {
        vm_key(vm, code, pressed, NULL);
    }
}

static void press_chord(void *opaque, const unsigned *codes, unsigned count)
{
    Vm *vm = opaque;
    if (!vm->ended) {
        vm_type_keys(vm, codes, count, TYPED_HOLD_NS, NULL);
    }
}

/* Up is positive in a mouse's movement. */
static void move_pointer(void *opaque, int dx, int dy, unsigned buttons)
{
    Vm *vm = opaque;
    if (!vm->ended) {
        vm_pointer(vm, dx, -dy, buttons, NULL);
    }
}

/* ---- viewers ---- */

static bool open_vnc(Vm *vm, const char *spec, GError **error)
{
    const VncHost host = {
        .loop = vm->loop,
        .display = vm_display(vm),
        .seat = &vm->viewers->seat,
        .name = vm->config->name ? vm->config->name : "pioemu",
    };
    if (!host.display) {
        return error_refuse(error, "-vnc %s: the machine has no screen (-vga std)", spec);
    }
    vm->viewers->vnc = vnc_server_new(&host, spec, error);
    return vm->viewers->vnc != NULL;
}

bool vm_viewers_open(Vm *vm, GError **error)
{
    const Config *config = vm->config;
    const Keymap *keymap = keymap_find(config->keymap ? config->keymap : KEYMAP_DEFAULT, error);
    if (!keymap) {
        return false;
    }
    vm->viewers = g_new0(VmViewers, 1);
    vm->viewers->seat = (SeatHost){press_key, move_pointer, press_chord, keymap, vm};
    const char *vnc = config->vnc;
    return !vnc || !strcmp(vnc, "none") || open_vnc(vm, vnc, error);
}

void vm_viewers_free(Vm *vm)
{
    if (vm->viewers) {
        g_clear_pointer(&vm->viewers->vnc, vnc_server_free);
        g_clear_pointer(&vm->viewers, g_free);
    }
}

VncServer *vm_vnc(const Vm *vm)
{
    return vm->viewers ? vm->viewers->vnc : NULL;
}
