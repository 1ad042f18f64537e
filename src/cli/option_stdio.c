/*
 * Decides what is connected to the terminal.  As in QEMU, explicit options
 * come first, and -nographic and the defaults apply to what is left.
 */
#include "src/cli/option_util.h"

#include "src/accel/accel.h"

#include <string.h>
#include <unistd.h>

static bool is_stdio(const char *spec)
{
    return spec && (g_str_has_prefix(spec, "stdio") || g_str_has_prefix(spec, "mon:stdio"));
}

static bool any_is_stdio(const GPtrArray *specs)
{
    for (guint i = 0; i < specs->len; i++) {
        if (is_stdio(specs->pdata[i])) {
            return true;
        }
    }
    return false;
}

static bool is_taken(const Config *config)
{
    const AccelClass *accel = config_first_accel(config);
    return (accel && !accel->has_cpu) || config->daemonize || is_stdio(config->qtest) ||
           is_stdio(config->gdb) || is_stdio(config->debugcon) || is_stdio(config->debugport) ||
           any_is_stdio(config->qmps) || any_is_stdio(config->hmps) ||
           any_is_stdio(config->chardevs);
}

static bool has_monitor(const Config *config)
{
    bool beside_serial = false;
    for (guint i = 0; i < config->serials->len; i++) {
        beside_serial |= g_str_has_prefix(config->serials->pdata[i], "mon:");
    }
    return beside_serial || config->hmps->len || config->qmps->len || config->monitors->len ||
           (config->debugcon && g_str_has_prefix(config->debugcon, "mon:"));
}

/*
 * As in QEMU, if standard input is not a terminal, the escape key only works
 * with -nographic.
 */
static void use_terminal(Config *config, bool serial, bool monitor)
{
    bool typed = isatty(STDIN_FILENO);
    if (serial && monitor && (typed || config->nographic)) {
        g_ptr_array_add(config->serials, g_strdup("mon:stdio"));
    } else if (!serial && monitor && typed && config->nographic) {
        g_ptr_array_add(config->hmps, g_strdup("stdio"));
    }
}

void option_share_stdio(Parse *parse)
{
    Config *config = parse->config;
    option_choose_screen(config);
    bool taken = is_taken(config) || config->curses;
    config->stdio_taken = taken;
    if (!taken && !config->no_defaults && !config->replay) {
        use_terminal(config, !config->serials->len,
                     !has_monitor(config) && !any_is_stdio(config->serials));
    }
    bool control = has_monitor(config) || config->gdb || config->qtest;
    if (config->start_paused && !control) {
        option_tell(parse, "paused (-S), and nothing can let the machine run: add -monitor stdio, "
                           "-qmp DEV or -gdb DEV");
    }
}
