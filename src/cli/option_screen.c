/* The options for the screen and for those who look at it. */
#include "src/cli/option_util.h"

#include "src/display/keymap.h"

#include <string.h>

bool option_set_vga(Parse *parse, const char *value, GError **error)
{
    parse->config->vga = !strcmp(value, "std");
    if (option_wants_help(value)) {
        parse->text = g_strdup("Cards for -vga:\n  std   a VGA with the Bochs display interface\n"
                               "  none  no card (default)\n");
        return true;
    }
    return parse->config->vga || !strcmp(value, "none") ||
           option_error(error, "vga", value, "there are std and none");
}

/* All other displays of QEMU show a picture, so they are refused. */
bool option_set_display(Parse *parse, const char *value, GError **error)
{
    if (option_wants_help(value)) {
        parse->text = g_strdup("Displays, for -display NAME:\n  none  the console is serial\n");
        return true;
    }
    return !strcmp(value, "none") ||
           option_error(error, "display", value,
                        "there is no picture: the console is serial (-display none)");
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
