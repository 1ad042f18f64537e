/* The options for the screen and for those who look at it. */
#include "src/cli/option_util.h"

#include "src/display/keymap.h"
#include "src/machine/pc.h"

#include <string.h>

bool option_set_vga(Parse *parse, const char *value, GError **error)
{
    parse->config->vga = !strcmp(value, "std");
    parse->config->vga_given = true;
    if (option_wants_help(value)) {
        parse->text = g_strdup("Cards for -vga:\n  std   a VGA with the Bochs display interface\n"
                               "  none  no card (default without a viewer)\n");
        return true;
    }
    return parse->config->vga || !strcmp(value, "none") ||
           option_error(error, "vga", value, "there are std and none");
}

/* QEMU's displays that open a window. */
static bool is_window(const char *name)
{
    static const char *const WINDOWS[] = {"gtk", "sdl", "spice-app", "dbus", "cocoa", NULL};
    return g_strv_contains(WINDOWS, name);
}

bool option_set_display(Parse *parse, const char *value, GError **error)
{
    g_autofree char *name = g_strndup(value, strcspn(value, ",="));
    if (option_wants_help(value)) {
        parse->text =
            g_strdup("Displays, for -display NAME:\n"
                     "  curses     the screen on this terminal; Ctrl-A h there shows its keys\n"
                     "  vnc=PLACE  the same as -vnc PLACE\n"
                     "  none       no screen on this terminal (default if COM1 is there)\n");
        return true;
    }
    if (!strcmp(name, "vnc") && value[strlen(name)] == '=') {
        return option_set_vnc(parse, value + strlen("vnc="), error);
    }
    if (strcmp(name, "none") != 0 && strcmp(name, "curses") != 0) {
        return option_error(error, "display", value,
                            is_window(name) ? "there are no windows (curses is the screen on the "
                                              "terminal; -vnc :1 shows it to gvncviewer)"
                                            : "there is no such display (curses, vnc=:N, none)");
    }
    option_replace(&parse->config->display, name);
    return true;
}

bool option_set_curses(Parse *parse, const char *value, GError **error)
{
    (void)value, (void)error;
    option_replace(&parse->config->display, "curses");
    return true;
}

bool option_set_vnc(Parse *parse, const char *value, GError **error)
{
    (void)error;
    if (option_wants_help(value)) {
        parse->text = g_strdup(
            "Places, for -vnc PLACE[,key=value]:\n"
            "  [HOST]:N       port 5900 + N, without HOST on this host only\n"
            "  unix:PATH      a Unix socket\n"
            "  none           no server\n"
            "Keys:\n"
            "  to=L           the first free display from N to L\n"
            "  password=on    clients must know the password of set_password, at most\n"
            "                 8 characters; before that no client gets in\n"
            "  share=POLICY   allow-exclusive (default), force-shared or ignore: what happens\n"
            "                 when a client wants to be alone\n");
        return true;
    }
    option_replace(&parse->config->vnc, value);
    return true;
}

bool option_set_keymap(Parse *parse, const char *value, GError **error)
{
    g_autoptr(GError) failure = NULL;
    if (option_wants_help(value)) {
        parse->text = keymap_list();
        return true;
    }
    if (!keymap_find(value, &failure)) {
        return option_error(error, "k", value, failure->message);
    }
    option_replace(&parse->config->keymap, value);
    return true;
}

/* A viewer needs something to look at, if the user does not say that there is nothing. */
void option_choose_screen(Config *config)
{
    const bool vnc = config->vnc && strcmp(config->vnc, "none") != 0;
    config->curses = !g_strcmp0(config->display, "curses");
    if ((config->curses || vnc) && !config->vga_given && !pc_has_user_device(config, "VGA") &&
        !pc_has_user_device(config, "isa-vga")) {
        config->vga = true;
    }
}
