#include "src/cli/option_refused.h"

#include "src/base/error.h"

#include <string.h>

#define NO_SCREEN  "the screen is on the terminal (-display curses) or over VNC (-vnc :N)"
#define NO_AUDIO   "there is no sound (-audio none)"
#define NO_MOVE    "a machine does not move to another host (-record and -replay repeat a run)"
#define NO_XEN     "Xen runs no guests here (-accel kvm:soft)"
#define NO_SANDBOX "start pioemu under systemd-run, bwrap or setpriv for that"
#define NO_SHARING "no directories are shared with the guest (a disk image: -drive file=PATH)"

const RefusedOption REFUSED_OPTIONS[] = {
    {"acpitable", true, "the ACPI tables are the board's; a guest reads files with -fw_cfg"},
    {"add-fd", true, "descriptors are not passed by number (name a file: /dev/fd/N)"},
    {"alt-grab", false, NO_SCREEN},
    {"async-teardown", false, "memory goes back when the process ends, and that waits for nothing"},
    {"audio-help", false, NO_AUDIO},
    {"bt", true, "there is no Bluetooth"},
    {"chroot", true, NO_SANDBOX},
    {"compat", true, "no command of QMP is deprecated or unstable here"},
    {"ctrl-grab", false, NO_SCREEN},
    {"dtb", true, "a PC has no device tree (its ACPI tables tell what there is)"},
    {"dump-vmstate", true, "the format of the saved state is described in docs/record-replay.md"},
    {"enable-sync-profile", false, "there is no profile of locks (perf trace shows the waits)"},
    {"fsdev", true, NO_SHARING},
    {"full-screen", false, NO_SCREEN},
    {"icount", true, "-accel soft always counts instructions (its speed: -accel soft,ips=N)"},
    {"incoming", true, NO_MOVE},
    {"iscsi", true, "there is no iSCSI (use an image or a block device of the host)"},
    {"loadvm", true, "there are no snapshots (-record and -replay repeat a run)"},
    {"mem-path", true, "memory is anonymous (-m SIZE)"},
    {"mem-prealloc", false, "memory is taken when the guest touches it (-m SIZE)"},
    {"mtdblock", true, "the board has no flash chip (-drive file=PATH is a disk)"},
    {"no-frame", false, NO_SCREEN},
    {"no-quit", false, NO_SCREEN},
    {"numa", true, "all memory is one node"},
    {"only-migratable", false, NO_MOVE},
    {"option-rom", true, "a ROM belongs to a card (-device NAME,romfile=FILE)"},
    {"pflash", true, "the board has no flash chip (a firmware's image: -bios FILE)"},
    {"plugin", true, "there are no plugins (-d in_asm,exec,cpu logs what the CPU does)"},
    {"portrait", false, NO_SCREEN},
    {"preconfig", false, "nothing is configured after the start (-S waits before the guest)"},
    {"prom-env", true, "that is for machines with OpenBIOS (a file for a firmware: -fw_cfg)"},
    {"qmp-pretty", true, "QMP answers on one line each (-qmp DEV)"},
    {"rotate", true, NO_SCREEN},
    {"runas", true, NO_SANDBOX},
    {"run-with", true, NO_SANDBOX},
    {"sandbox", true, NO_SANDBOX},
    {"sd", true, "the board has no card reader (-drive file=PATH is a disk)"},
    {"sdl", false, NO_SCREEN},
    {"seed", true, "nothing is random here; -accel soft gives the same run each time"},
    {"semihosting", false, "a PC has none (-device isa-debug-exit ends the run)"},
    {"semihosting-config", true, "a PC has none (-device isa-debug-exit ends the run)"},
    {"set", true, "write the property where the device is (-device NAME,property=value)"},
    {"singlestep", false,
     "-d in_asm,cpu,nochain logs each block (one instruction at a time: -gdb)"},
    {"one-insn-per-tb", false,
     "-d in_asm,cpu,nochain logs each block (one instruction at a time: -gdb)"},
    {"smb", true, "no directory is shared with the guest (-netdev user,tftp=DIR serves its files)"},
    {"smbios", true, "the board has no SMBIOS tables (a text for the guest: -fw_cfg)"},
    {"spice", true, NO_SCREEN},
    {"tb-size", true, "the store of decoded blocks grows by itself"},
    {"tftp", true, "write -nic user,tftp=DIR"},
    {"tpmdev", true, "the board has no TPM"},
    {"usbdevice", true, "the board has no USB (its keyboard and mouse are PS/2)"},
    {"virtfs", true, NO_SHARING},
    {"virtioconsole", true, "there is no virtio console (-serial DEV)"},
    {"watchdog", true, "the board has no watchdog (-timeout SECONDS ends a run)"},
    {"watchdog-action", true, "the board has no watchdog (-timeout SECONDS ends a run)"},
    {"win2k-hack", false, "no disk here needs it (write -hda FILE alone)"},
    {"xen-attach", false, NO_XEN},
    {"xen-domid", true, NO_XEN},
    {"xen-domid-restrict", false, NO_XEN},
    {NULL, false, NULL},
};

const RefusedOption *option_refused_find(const char *name)
{
    for (const RefusedOption *o = REFUSED_OPTIONS; o->name; o++) {
        if (!strcmp(o->name, name)) {
            return o;
        }
    }
    return NULL;
}

bool option_refused_say(const RefusedOption *option, const char *value, GError **error)
{
    bool shown = option->has_argument && value;
    return error_refuse(error, "-%s%s%s: %s", option->name, shown ? " " : "", shown ? value : "",
                        option->reason);
}
