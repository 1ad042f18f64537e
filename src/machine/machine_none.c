/*
 * The board without devices and without a CPU.  Management programs start it to ask
 * QMP what the program can do.
 */
#include "src/machine/machine.h"

#include "src/base/error.h"

/* A drive without -device would have a place on the board. */
static bool none_build(Machine *machine, const Config *config, GError **error)
{
    (void)machine;
    if (config->kernel || config->bios) {
        return error_refuse(error, "-machine none: there is no CPU to run -%s %s",
                            config->kernel ? "kernel" : "bios",
                            config->kernel ? config->kernel : config->bios);
    }
    for (guint i = 0; i < config->drives->len; i++) {
        const Drive *drive = config->drives->pdata[i];
        if (drive->interface != DRIVE_NONE) {
            return error_refuse(error, "-machine none: there is no place for %s", drive->name);
        }
    }
    return config->devices->len == 0 ||
           error_refuse(error, "-machine none: there is no bus for -device %s",
                        (const char *)config->devices->pdata[0]);
}

const MachineClass machine_none_class = {
    .name = "none",
    .description = "no devices and no CPU, for programs that ask QMP what there is",
    .has_no_cpu = true,
    .build = none_build,
};
