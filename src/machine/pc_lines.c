/*
 * Which character lines a PC has.
 */
#include "src/machine/pc.h"

#include "src/base/error.h"

void pc_lines_clear(PcLines *lines)
{
    for (unsigned i = 0; i < LINE_COUNT; i++) {
        g_free(lines->line[i].chardev);
    }
}

/* Unless an option says otherwise, COM1 and the output of the debug port are on the terminal. */
static bool plan_lines(PcLines *lines, const Config *config, GError **error)
{
    bool silent = config->no_defaults || config->stdio_taken;
    const GPtrArray *serials = config->serials;
    if (serials->len > PC_SERIAL_MAX) {
        return error_refuse(error, "-serial %s: the machine has only COM1 to COM4",
                            (char *)serials->pdata[PC_SERIAL_MAX]);
    }
    *lines = (PcLines){.line = {
                           [LINE_DEBUGPORT] = {"-debugport", silent ? NULL : "stdout", NULL},
                           [LINE_DEBUGCON] = {"-debugcon", config->debugcon, NULL},
                       }};
    if (config->debugport) {
        lines->line[LINE_DEBUGPORT].spec = config->debugport;
    }
    for (unsigned i = 0; i < PC_SERIAL_MAX; i++) {
        const char *usual = i || serials->len || config->no_defaults ? NULL
                            : config->stdio_taken                    ? "null"
                                                                     : "stdio";
        const char *spec = i < serials->len ? serials->pdata[i] : usual;
        lines->line[LINE_SERIAL + i] = (PcLine){"-serial", spec, NULL};
    }
    for (unsigned i = 0; i < LINE_COUNT; i++) {
        PcLine *line = &lines->line[i];
        line->spec = g_strcmp0(line->spec, "none") ? line->spec : NULL;
    }
    return true;
}

/* Makes all chardevs before it looks up the first name of one: each line may name any other. */
static bool open_lines(Machine *machine, PcLines *lines, GError **error)
{
    static const char *const LABELS[LINE_COUNT] = {"debugport0", "serial0", "serial1",
                                                   "serial2",    "serial3", "debugcon0"};
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < LINE_COUNT; i++) {
            PcLine *line = &lines->line[i];
            if (!line->spec || chardev_set_spec_names(line->spec) != (pass == 1)) {
                continue;
            }
            line->chardev =
                chardev_set_use(machine->chars, line->option, LABELS[i], line->spec, error);
            if (!line->chardev) {
                return false;
            }
        }
    }
    return true;
}

bool pc_lines_open(PcLines *lines, Machine *machine, const Config *config, GError **error)
{
    return plan_lines(lines, config, error) && open_lines(machine, lines, error);
}
