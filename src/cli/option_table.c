#include "src/cli/option_table.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/log.h"
#include "src/base/number.h"
#include "src/block/drive.h"
#include "src/boot/boot_order.h"
#include "src/char/char.h"
#include "src/cli/option_complete.h"
#include "src/cli/option_util.h"
#include "src/cpu/address_filter.h"
#include "src/machine/machine.h"

#include <string.h>

#define TIMEOUT_MAX (100.0 * 365 * 86400)

/* ---- what "help" as an option's value prints ---- */

static char *list_devices(void)
{
    g_autofree char *list = machine_device_list();
    return g_strdup_printf("Devices, for -device NAME[,property=value] (NAME,help lists the "
                           "properties)\n%s"
                           "Drives, plugged in with drive=ID:\n"
                           "  ide-hd           a hard disk\n"
                           "  ide-cd           a CD-ROM drive\n"
                           "  floppy           a diskette drive\n",
                           list);
}

static char *list_backends(void)
{
    g_autofree char *help = chardev_set_help();
    return g_strdup_printf(
        "Backends, for -serial and its like:\n%s"
        "  %-24s %s\n  %-24s %s\n  %-24s %s\n  %-24s %s\n"
        "\nKeys of every backend:\n"
        "  policy=stall|drop-old|drop-new   when a reader does not keep up (default stall)\n"
        "  history=SIZE|unread              what a late reader is shown (default 64K);\n"
        "                                   unread: of that, what no reader has got\n"
        "  mux=on                           several devices share it; the escape key works\n"
        "  logfile=PATH                     a copy of the output; logappend=on, logmax=SIZE,\n"
        "                                   logkeep=N, logstamp=host|guest, logstrip=on\n"
        "pty, unix, tcp and pipe also:\n"
        "  carrier=always|attached          whether DCD and DSR follow the reader\n",
        help, "chardev:ID", "what -chardev made, or another line: serial0, debugport0", "mon:DEV",
        "DEV with mux=on", "in=X,out=Y",
        "input from X, output to Y: a DEV or the id of a chardev each", "none", "no such port");
}

/* ---- setters ---- */

static bool set_serial(Parse *parse, const char *value, GError **error)
{
    (void)error;
    if (option_wants_help(value)) {
        parse->text = list_backends();
    }
    g_ptr_array_add(parse->config->serials, g_strdup(value));
    return true;
}

static bool set_chardev(Parse *parse, const char *value, GError **error)
{
    (void)error;
    if (option_wants_help(value)) {
        parse->text = list_backends();
    }
    g_ptr_array_add(parse->config->chardevs, g_strdup(value));
    return true;
}

static bool set_nographic(Parse *parse, const char *value, GError **error)
{
    (void)value, (void)error;
    return parse->config->nographic = true;
}

static bool set_device(Parse *parse, const char *value, GError **error)
{
    if (option_wants_help(value)) {
        parse->text = list_devices();
        return true;
    }
    if (g_str_has_suffix(value, ",help")) {
        g_autofree char *name = g_strndup(value, strcspn(value, ","));
        const DeviceClass *class = machine_find_device_class("-device", name, error);
        parse->text = class ? machine_device_help(&machine_pc_class, class) : NULL;
        return class != NULL;
    }
    g_ptr_array_add(parse->config->devices, g_strdup(value));
    return true;
}

/* Parses "CLASS.PROPERTY=VALUE" or "driver=CLASS,property=PROPERTY,value=VALUE". */
static bool set_global(Parse *parse, const char *value, GError **error)
{
    static const char *const KEYS[] = {"driver", "property", "value", NULL};
    char *text = NULL;
    if (g_str_has_prefix(value, "driver=")) {
        g_autoptr(GHashTable) table = keyval_parse("-global", value, NULL, KEYS, error);
        const char *driver = table ? g_hash_table_lookup(table, "driver") : NULL;
        const char *property = table ? g_hash_table_lookup(table, "property") : NULL;
        const char *given = table ? g_hash_table_lookup(table, "value") : NULL;
        if (!table) {
            return false;
        }
        if (!driver || !property || !given) {
            return option_error(error, "global", value, "write driver=,property=,value=");
        }
        text = g_strdup_printf("%s.%s=%s", driver, property, given);
    }
    g_ptr_array_add(parse->config->globals, text ? text : g_strdup(value));
    return true;
}

static bool set_short_drive(Parse *parse, const char *value, GError **error)
{
    (void)error;
    g_ptr_array_add(parse->config->drives, drive_new_short(parse->option->name, value));
    return true;
}

static bool set_snapshot(Parse *parse, const char *value, GError **error)
{
    (void)value;
    (void)error;
    return parse->config->snapshot = true;
}

static bool add_string(GPtrArray *list, const char *value)
{
    g_ptr_array_add(list, g_strdup(value));
    return true;
}

static bool set_mon(Parse *parse, const char *value, GError **error)
{
    (void)error;
    return add_string(parse->config->monitors, value);
}

static bool set_monitor(Parse *parse, const char *value, GError **error)
{
    (void)error;
    return add_string(parse->config->hmps, value);
}

/*
 * The default address is in src/control/gdb_server.h because the command
 * gdbserver needs it, too.
 */
static bool set_debugged(Parse *parse, const char *value, GError **error)
{
    (void)value, (void)error;
    option_replace(&parse->config->gdb, "tcp::1234");
    return true;
}

static bool set_qmp(Parse *parse, const char *value, GError **error)
{
    (void)error;
    return add_string(parse->config->qmps, value);
}

static bool set_fw_cfg(Parse *parse, const char *value, GError **error)
{
    (void)error;
    return add_string(parse->config->fw_cfgs, value);
}

static bool set_completion(Parse *parse, const char *value, GError **error)
{
    parse->text = option_complete(value, error);
    return parse->text != NULL;
}

static bool set_start_paused(Parse *parse, const char *value, GError **error)
{
    (void)value;
    (void)error;
    return parse->config->start_paused = true;
}

static bool set_no_defaults(Parse *parse, const char *value, GError **error)
{
    (void)value;
    (void)error;
    return parse->config->no_defaults = true;
}

static bool set_no_reboot(Parse *parse, const char *value, GError **error)
{
    (void)value;
    (void)error;
    return parse->config->no_reboot = true;
}

/* QEMU's key for watchdogs is accepted and does nothing: the board has no watchdog. */
static bool set_action(Parse *parse, const char *value, GError **error)
{
    g_auto(GStrv) items = g_strsplit(value, ",", -1);
    g_autoptr(GString) rest = g_string_new(NULL);
    for (char **item = items; *item; item++) {
        if (g_str_has_prefix(*item, "watchdog=")) {
            option_note(parse, "action %s: there is no watchdog", *item);
        } else {
            g_string_append_printf(rest, "%s%s", rest->len ? "," : "", *item);
        }
    }
    return !rest->len || run_actions_parse(rest->str, &parse->config->actions, error);
}

static bool set_no_shutdown(Parse *parse, const char *value, GError **error)
{
    (void)value;
    (void)error;
    return parse->config->no_shutdown = true;
}

static bool set_escape(Parse *parse, const char *value, GError **error)
{
    uint64_t code;
    if (!number_parse("-echr", value, 31, &code, error)) {
        return false;
    }
    parse->config->escape = (int)code;
    return true;
}

/* The value is in seconds, with up to nine decimals. */
static bool set_timeout(Parse *parse, const char *value, GError **error)
{
    char *end;
    double seconds = g_ascii_strtod(value, &end);
    if (!g_ascii_isdigit(*value) || *end || !(seconds <= TIMEOUT_MAX)) {
        return option_error(error, "timeout", value, "not a number of seconds (as in 30 or 0.5)");
    }
    parse->config->timeout = (uint64_t)(seconds * (double)NS_PER_SECOND);
    return parse->config->timeout || option_error(error, "timeout", value, "more than 0 seconds");
}

static bool set_log_filter(Parse *parse, const char *value, GError **error)
{
    g_autoptr(AddressFilter) filter = address_filter_new(value, error);
    option_replace(&parse->config->log_filter, value);
    return filter != NULL;
}

static bool set_boot(Parse *parse, const char *value, GError **error)
{
    BootOrder order;
    option_replace(&parse->config->boot, value);
    return boot_order_parse(value, &order, error);
}

/* ---- the table ---- */

#define STRING_FIELD(member) .field = offsetof(Config, member)

static const Option BOOT_OPTIONS[] = {
    {.name = "kernel",
     .argument = "FILE",
     .help = "the guest: Linux, multiboot, PVH, ELF, or a flat binary",
     .example = "-kernel guests/hello.bin",
     STRING_FIELD(kernel)},
    {.name = "flat",
     .argument = "addr=N,ip=N,cs=N,ax=N,...",
     .help = "where a flat binary goes and what the registers hold",
     .example = "-flat addr=0x7c00,ip=0x7c00",
     STRING_FIELD(flat)},
    {.name = "initrd",
     .argument = "FILE",
     .help = "the initial RAM disk; multiboot and PVH: modules, as FILE ARGUMENTS,FILE",
     .example = "-initrd initrd.img",
     STRING_FIELD(initrd)},
    {.name = "append",
     .argument = "TEXT",
     .help = "the kernel's command line",
     .example = "-append console=ttyS0",
     STRING_FIELD(append)},
    {.name = "bios",
     .argument = "FILE",
     .help = "a firmware's image, which ends at 4 GiB; the CPU starts in it",
     .example = "-bios /usr/share/seabios/bios.bin -hda disk.img",
     STRING_FIELD(bios)},
    {.name = "boot",
     .argument = "[order=]LETTERS[,once=LETTERS][,menu=on|off][,splash-time=MS]",
     .help = "what the firmware boots: a floppy, c hard disk, d CD-ROM (default cad)",
     .example = "-boot order=dc,once=a",
     .set = set_boot},
    {.name = "fw_cfg",
     .argument = "[name=]NAME,file=PATH|string=TEXT",
     .help = "a file for the firmware or the guest, through the fw_cfg device",
     .example = "-fw_cfg opt/org.example/greeting,string=hello",
     .set = set_fw_cfg},
    OPTION_END,
};

static const Option MACHINE_OPTIONS[] = {
    {.name = "m",
     .argument = "[size=]SIZE",
     .help = "memory, with K, M or G; M if none (default 128M)",
     .example = "-m 1G",
     .set = option_set_memory},
    {.name = "machine",
     .alias = "M",
     .argument = "NAME[,key=value]",
     .help = "the board",
     .example = "-machine help",
     .set = option_set_machine},
    {.name = "accel",
     .argument = "NAME[,key=value][:NAME]",
     .help = "what runs the guest's code",
     .example = "-accel kvm",
     .set = option_set_accel},
    {.name = "enable-kvm",
     .help = "the same as -accel kvm",
     .example = "-enable-kvm",
     .set = option_enable_kvm},
    {.name = "cpu",
     .argument = "NAME[,key=value]",
     .help = "the CPU that the guest sees (-cpu help)",
     .example = "-cpu qemu64,-nx",
     .set = option_set_cpu_model},
    {.name = "device",
     .argument = "NAME[,property=value]",
     .help = "adds a device",
     .example = "-device isa-debug-exit,iobase=0x501",
     .json_first = "driver",
     .set = set_device},
    {.name = "global",
     .argument = "NAME.PROPERTY=VALUE",
     .help = "sets a property of every such device; or driver=,property=,value=",
     .example = "-global isa-serial.pace=baud",
     .set = set_global},
    {.name = "smp",
     .argument = "[cpus=]N[,sockets=N,dies=N,cores=N,threads=N,maxcpus=N]",
     .help = "how many CPUs (default 1), and how they are grouped",
     .example = "-smp 4,cores=2,threads=2",
     .set = option_set_cpus},
    {.name = "rtc",
     .argument = "base=utc|localtime|DATE,clock=host|vm",
     .help = "the date the clock starts with, and what time it follows",
     .example = "-rtc base=2000-01-01T00:00:00,clock=vm",
     .set = option_set_rtc},
    {.name = "localtime",
     .help = "the same as -rtc base=localtime",
     .example = "-localtime",
     .set = option_set_local_time},
    {.name = "no-acpi", .help = "no ACPI tables", .example = "-no-acpi", .set = option_no_acpi},
    {.name = "uuid",
     .argument = "UUID",
     .help = "the machine's, for a firmware",
     .example = "-uuid 550e8400-e29b-41d4-a716-446655440000",
     .set = option_set_uuid},
    {.name = "readconfig",
     .argument = "FILE",
     .help = "options from a file: [option \"id\"] and key = \"value\"",
     .example = "-readconfig machine.cfg",
     .set = option_read_config},
    {.name = "nodefaults",
     .help = "no COM1 and no debug port output unless asked for",
     .example = "-nodefaults -serial file:log",
     .set = set_no_defaults},
    {.name = "name",
     .argument = "TEXT[,process=TEXT]",
     .help = "what ps and top call the process",
     .example = "-name test1",
     .set = option_set_name},
    OPTION_END,
};

static const Option DRIVE_OPTIONS[] = {
    {.name = "drive",
     .argument = "file=PATH[,key=value]",
     .help = "a disk image (-drive help)",
     .example = "-drive file=disk.img,format=raw,snapshot=on",
     .set = option_set_drive},
    {.name = "blockdev",
     .argument = "file|raw,node-name=ID,filename=PATH",
     .help = "a disk image for -device ide-hd,drive=ID and its like",
     .example = "-blockdev file,node-name=d0,filename=disk.img -device ide-hd,drive=d0",
     .json_first = "driver",
     .set = option_set_blockdev},
    {.name = "fda",
     .argument = "FILE",
     .help = "the diskette in drive A",
     .example = "-fda boot.img",
     .set = set_short_drive},
    {.name = "fdb",
     .argument = "FILE",
     .help = "the diskette in drive B",
     .example = "-fdb data.img",
     .set = set_short_drive},
    {.name = "hda",
     .argument = "FILE",
     .help = "the first hard disk",
     .example = "-hda disk.img",
     .set = set_short_drive},
    {.name = "hdb",
     .argument = "FILE",
     .help = "the second hard disk",
     .example = "-hdb data.img",
     .set = set_short_drive},
    {.name = "hdc",
     .argument = "FILE",
     .help = "the third hard disk",
     .example = "-hdc data.img",
     .set = set_short_drive},
    {.name = "hdd",
     .argument = "FILE",
     .help = "the fourth hard disk",
     .example = "-hdd data.img",
     .set = set_short_drive},
    {.name = "cdrom",
     .argument = "FILE",
     .help = "a CD-ROM, in the place of the third hard disk",
     .example = "-cdrom disc.iso",
     .set = set_short_drive},
    {.name = "snapshot",
     .help = "what is written to drives is forgotten at the end",
     .example = "-hda disk.img -snapshot",
     .set = set_snapshot},
    OPTION_END,
};

static const Option CONSOLE_OPTIONS[] = {
    {.name = "serial",
     .argument = "DEV",
     .help = "where COM1 goes; again for COM2 to COM4",
     .example = "-serial stdio -serial file:com2.log",
     .set = set_serial},
    {.name = "chardev",
     .argument = "BACKEND,id=ID[,key=value]",
     .help = "a line for -serial chardev:ID and its like, or a socket for -mon",
     .example = "-chardev socket,id=c,path=/tmp/com1,server=on,wait=off -serial chardev:c",
     .set = set_chardev},
    {.name = "debugcon",
     .argument = "DEV",
     .help = "a debug console at port 0xe9",
     .example = "-debugcon file:debug.log",
     STRING_FIELD(debugcon)},
    {.name = "debugport",
     .argument = "DEV",
     .help = "where the debug port at 0x10 prints (default stdout)",
     .example = "-debugport file:port10.log",
     STRING_FIELD(debugport)},
    {.name = "nographic",
     .help = "what was not told where to go is on the terminal: COM1 and the monitor",
     .example = "-nographic",
     .set = set_nographic},
    {.name = "vga",
     .argument = "std|none",
     .help = "a VGA, whose text and pictures viewers show (default none)",
     .example = "-vga std",
     .set = option_set_vga},
    {.name = "display",
     .argument = "NAME",
     .help = "who shows the screen: curses (this terminal), vnc=PLACE or none",
     .example = "-display curses -serial file:com1.log",
     .set = option_set_display},
    {.name = "curses",
     .help = "the same as -display curses",
     .example = "-curses",
     .set = option_set_curses},
    {.name = "vnc",
     .argument = "[HOST]:N|unix:PATH|none[,key=value]",
     .help = "the screen for clients of VNC at port 5900 + N (-vnc help)",
     .example = "-vnc :1",
     .set = option_set_vnc},
    {.name = "k",
     .argument = "LAYOUT",
     .help = "the guest's keyboard layout (default en-us; -k help)",
     .example = "-k de",
     .set = option_set_keymap},
    {.name = "echr",
     .argument = "N",
     .help = "the escape key's code (default 1, Ctrl-A; 0: none)",
     .example = "-echr 20",
     .set = set_escape},
    OPTION_END,
};

static const Option CONTROL_OPTIONS[] = {
    {.name = "qmp",
     .argument = "DEV",
     .help = "QMP at unix:PATH, tcp:HOST:PORT or stdio; ,server=on,wait=off listens",
     .example = "-qmp unix:/tmp/qmp.sock,server=on,wait=off",
     .set = set_qmp},
    {.name = "monitor",
     .argument = "DEV",
     .help = "the monitor: commands typed at stdio, a pty, unix:PATH, tcp:HOST:PORT ...",
     .example = "-monitor stdio -serial file:com1.log",
     .set = set_monitor},
    {.name = "mon",
     .argument = "chardev=ID[,mode=readline|control]",
     .help = "the monitor (readline) or QMP (control) at a -chardev",
     .example = "-chardev stdio,mux=on,id=c -serial chardev:c -mon chardev=c,mode=readline",
     .set = set_mon},
    {.name = "qtest",
     .argument = "DEV",
     .help = "the qtest protocol at unix:PATH, tcp:HOST:PORT or stdio",
     .example = "-accel qtest -qtest stdio",
     STRING_FIELD(qtest)},
    {.name = "qtest-log",
     .argument = "FILE",
     .help = "what goes over the qtest socket",
     .example = "-qtest-log /dev/stderr",
     STRING_FIELD(qtest_log)},
    {.name = "gdb",
     .argument = "DEV",
     .help = "a debugger at tcp::PORT, unix:PATH or stdio; ,arch=i8086|i386|x86-64",
     .example = "-gdb tcp::1234 -S",
     STRING_FIELD(gdb)},
    {.name = "s", .help = "the same as -gdb tcp::1234", .example = "-s -S", .set = set_debugged},
    {.name = "S",
     .help = "start paused: a debugger or QMP's cont lets it run",
     .example = "-S -qmp unix:/tmp/qmp.sock,server=on,wait=off",
     .set = set_start_paused},
    OPTION_END,
};

static const Option NET_OPTIONS[] = {
    {.name = "nic",
     .argument = "TYPE[,model=CARD][,mac=ADDRESS][,key=value]",
     .help = "a network card and its network; none: no card, as without the option",
     .example = "-nic user,hostfwd=tcp::2222-:22",
     .set = option_set_nic},
    {.name = "netdev",
     .argument = "TYPE,id=ID[,key=value]",
     .help = "a network for -device CARD,netdev=ID (-netdev help)",
     .example = "-netdev user,id=n0,restrict=on -device e1000,netdev=n0",
     .json_first = "type",
     .set = option_set_netdev},
    {.name = "net",
     .argument = "nic|TYPE[,key=value]",
     .help = "a card, or its network: QEMU's older form of -nic",
     .example = "-net nic,model=e1000 -net user",
     .set = option_set_nic},
    {.name = "object",
     .argument = "TYPE,id=ID[,key=value]",
     .help = "filter-dump writes a network's frames into a file for tcpdump (-object help)",
     .example = "-object filter-dump,id=f0,netdev=n0,file=net.pcap",
     .json_first = "qom-type",
     .set = option_set_object},
    OPTION_END,
};

static const Option END_OPTIONS[] = {
    {.name = "no-reboot",
     .help = "a reset ends the run",
     .example = "-no-reboot",
     .set = set_no_reboot},
    {.name = "action",
     .argument = "EVENT=ACTION",
     .help = "reboot, shutdown, panic or triple-fault: reset, shutdown, pause or die",
     .example = "-action triple-fault=reset",
     .set = set_action},
    {.name = "no-shutdown",
     .help = "stay when the guest halts, powers off or dies",
     .example = "-no-shutdown",
     .set = set_no_shutdown},
    {.name = "timeout",
     .argument = "SECONDS",
     .help = "end with status 5 after this time (30, 0.5)",
     .example = "-timeout 30",
     .set = set_timeout},
    {.name = "expect",
     .argument = "FILE",
     .help = "a script of send and wait that talks to COM1; its verdict is the exit status",
     .example = "-expect boot.expect",
     STRING_FIELD(expect)},
    {.name = "result",
     .argument = "FILE",
     .help = "how the run ended, as JSON",
     .example = "-result result.json",
     STRING_FIELD(result)},
    {.name = "daemonize",
     .help = "go on in the background when the machine is built",
     .example = "-daemonize -serial file:com1.log -pidfile pioemu.pid",
     .set = option_daemonize},
    {.name = "pidfile",
     .argument = "FILE",
     .help = "the process id while it runs",
     .example = "-pidfile pioemu.pid",
     STRING_FIELD(pidfile)},
    OPTION_END,
};

static const Option LOG_OPTIONS[] = {
    {.name = "d",
     .argument = "ITEM[,ITEM]",
     .help = "what to log (-d help)",
     .example = "-d io,unclaimed",
     .set = option_set_log_items},
    {.name = "dfilter",
     .argument = "RANGE[,RANGE]",
     .help = "only code at these addresses in -d in_asm, exec and cpu",
     .example = "-d in_asm,cpu -dfilter 0x7c00..0x7dff,0xf0000+0x10000",
     .set = set_log_filter},
    {.name = "D",
     .argument = "FILE",
     .help = "log to a file instead of stderr",
     .example = "-D pioemu.log",
     STRING_FIELD(log_file)},
    {.name = "trace",
     .argument = "[enable=]PATTERN[,events=FILE][,file=FILE]",
     .help = "the items of -d whose names fit the pattern",
     .example = "-trace 'in_*',file=trace.log",
     .set = option_set_trace},
    {.name = "completion",
     .argument = "bash|zsh",
     .help = "prints a script by which the shell completes options",
     .example = "-completion bash",
     .set = set_completion},
    {.name = "msg",
     .argument = "timestamp=on|off",
     .help = "messages begin with the time",
     .example = "-msg timestamp=on",
     .set = option_set_messages},
    {.name = "record",
     .argument = "FILE",
     .help = "write down everything that reaches a device",
     .example = "-record session.rec",
     STRING_FIELD(record)},
    {.name = "replay",
     .argument = "FILE",
     .help = "give a recording to the devices again, or with its guest to the software CPU",
     .example = "-replay session.rec",
     STRING_FIELD(replay)},
    OPTION_END,
};

const OptionGroup OPTION_GROUPS[OPTION_GROUP_COUNT] = {
    {"What to boot", BOOT_OPTIONS},
    {"The machine", MACHINE_OPTIONS},
    {"Drives", DRIVE_OPTIONS},
    {"Networks", NET_OPTIONS},
    {"Serial ports and the terminal", CONSOLE_OPTIONS},
    {"Controlling and testing it", CONTROL_OPTIONS},
    {"How it ends", END_OPTIONS},
    {"Looking inside", LOG_OPTIONS},
};
