#include "src/vm/vm_viewers.h"

#include "src/base/error.h"
#include "src/display/curses_view.h"
#include "src/vm/vm_display.h"
#include "src/vm/vm_input.h"
#include "src/vm/vm_internal.h"

#include <string.h>
#include <unistd.h>

/* How long a key is held that a viewer types. */
#define TYPED_HOLD_NS (5 * NS_PER_SECOND / 1000)

struct VmViewers {
    SeatHost seat;
    CursesView *curses; /* NULL: none */
    VncServer *vnc;     /* NULL: none */
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

/* ---- the terminal ---- */

static void show_line(void *opaque, const char *line)
{
    curses_view_say(opaque, line);
}

/* What would be printed on the terminal waits until it is given back. */
static bool open_curses(Vm *vm, GError **error)
{
    const CursesHost host = {
        .loop = vm->loop,
        .seat = &vm->viewers->seat,
        .escape = vm->config->escape,
        .quit = vm_quit_asked,
        .opaque = vm,
    };
    vm->viewers->curses = curses_view_new(&host, error);
    if (vm->viewers->curses && !vm->config->log_file && isatty(STDERR_FILENO)) {
        log_hold(vm->log, show_line, vm->viewers->curses);
    }
    return vm->viewers->curses != NULL;
}

static bool show_curses(Vm *vm, GError **error)
{
    Display *display = vm_display(vm);
    if (!display) {
        return error_refuse(error, "-display curses: the machine has no screen (-vga std)");
    }
    curses_view_show(vm->viewers->curses, display);
    return true;
}

bool vm_viewers_say(const Vm *vm, const char *text)
{
    const bool taken = vm->viewers && vm->viewers->curses;
    if (taken) {
        curses_view_say(vm->viewers->curses, text);
    }
    return taken;
}

/* ---- all of them ---- */

bool vm_viewers_open(Vm *vm, GError **error)
{
    const Config *config = vm->config;
    const Keymap *keymap = keymap_find(config->keymap ? config->keymap : KEYMAP_DEFAULT, error);
    if (!keymap) {
        return false;
    }
    vm->viewers = g_new0(VmViewers, 1);
    vm->viewers->seat = (SeatHost){press_key, move_pointer, press_chord, keymap, vm};
    return !config->curses || open_curses(vm, error);
}

bool vm_viewers_show(Vm *vm, GError **error)
{
    const char *vnc = vm->config->vnc;
    return (!vm->viewers->curses || show_curses(vm, error)) &&
           (!vnc || !strcmp(vnc, "none") || open_vnc(vm, vnc, error));
}

void vm_viewers_free(Vm *vm)
{
    if (vm->viewers) {
        g_clear_pointer(&vm->viewers->vnc, vnc_server_free);
        if (vm->viewers->curses) {
            g_clear_pointer(&vm->viewers->curses, curses_view_free);
            log_release(vm->log);
        }
        g_clear_pointer(&vm->viewers, g_free);
    }
}

VncServer *vm_vnc(const Vm *vm)
{
    return vm->viewers ? vm->viewers->vnc : NULL;
}
