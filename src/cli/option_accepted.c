/*
 * The options of QEMU that are accepted and change nothing: they are for
 * features that pioemu does not have, or ask for what it does in any case.
 * The guest cannot see a difference.  -d options logs which of them were
 * given.
 */
#include "src/cli/option_util.h"

#include "src/base/error.h"

#include <string.h>

/* The help of the option says why it changes nothing. */
static bool accept(Parse *parse, const char *value, GError **error)
{
    (void)error;
    option_note(parse, "%s%s%s: %s", parse->option->name, *value ? " " : "", value,
                parse->option->help);
    return true;
}

/* There is no parallel port, so only a line that leads nowhere is accepted. */
static bool accept_parallel(Parse *parse, const char *value, GError **error)
{
    static const char *const NOTHING[] = {"none", "null", "/dev/null", "vc", NULL};
    return g_strv_contains(NOTHING, value)
               ? accept(parse, value, error)
               : option_error(error, "parallel", value,
                              "there is no parallel port (-parallel none; a port for text: "
                              "-debugcon DEV)");
}

static bool accept_audio(Parse *parse, const char *value, GError **error)
{
    return option_wants_help(value) ? (parse->text = g_strdup("There is no sound: none\n")) != NULL
                                    : accept(parse, value, error);
}

const Option ACCEPTED_OPTIONS[] = {
    {.name = "audio", .argument = "DRIVER", .help = "there is no sound", .set = accept_audio},
    {.name = "audiodev", .argument = "DRIVER", .help = "there is no sound", .set = accept_audio},
    {.name = "soundhw", .argument = "CARD", .help = "there is no sound", .set = accept_audio},
    {.name = "L", .argument = "PATH", .help = "the firmware is built in", .set = accept},
    {.name = "no-fd-bootchk",
     .help = "a diskette without the signature boots with a firmware that reads fw_cfg",
     .set = accept},
    {.name = "no-hpet", .help = "there is no HPET", .set = accept},
    {.name = "no-kvm-irqchip", .help = "the controllers are where they work", .set = accept},
    {.name = "no-kvm-pit", .help = "the timer is never in the kernel", .set = accept},
    {.name = "no-kvm-pit-reinjection", .help = "no tick is lost", .set = accept},
    {.name = "no-user-config", .help = "there is no such file", .set = accept},
    {.name = "nodefconfig", .help = "there is no such file", .set = accept},
    {.name = "overcommit", .argument = "KEY=VALUE", .help = "memory is the host's", .set = accept},
    {.name = "parallel",
     .argument = "none",
     .help = "there is no parallel port",
     .set = accept_parallel},
    {.name = "usb", .help = "there is no USB", .set = accept},
    OPTION_END,
};
