/*
 * What the command line asks for, as plain data.
 */
#ifndef PIOEMU_MACHINE_CONFIG_H
#define PIOEMU_MACHINE_CONFIG_H

#include "src/block/drive.h"
#include "src/cpu/cpu_model.h"
#include "src/cpu/cpu_topology.h"
#include "src/machine/run_action.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Config {
    char *name;
    uint64_t memory; /* bytes */
    unsigned cpus;
    CpuTopology topology; /* all 0 for the default: one socket with a core for each CPU */
    CpuModel cpu;
    GPtrArray *accels; /* "name,key=value", tried in this order; empty for the default */
    char *machine;     /* "pc,key=value" */
    char *kernel, *flat, *initrd, *append;
    char *bios;          /* the file of a firmware */
    char *boot;          /* an argument of boot_order_parse() */
    GPtrArray *chardevs; /* "backend,id=ID,key=value" */
    GPtrArray *serials;  /* one chardev spec each for COM1 and following; empty for the default */
    GPtrArray *drives;   /* the elements are Drive */
    bool snapshot;       /* applies to every drive */
    GPtrArray *fw_cfgs;  /* arguments of fw_items_add_option() */
    char *debugcon, *debugport;
    GPtrArray *monitors;       /* arguments of -mon: "chardev=ID,mode=control" */
    GPtrArray *hmps;           /* arguments of -monitor: one device each for the human monitor */
    GPtrArray *qmps;           /* arguments of -qmp: one device each for QMP */
    const char **option_names; /* the names of all options, sorted; the last is NULL */
    char *qtest, *qtest_log;
    char *vnc;     /* where clients of VNC connect; NULL or "none": nowhere */
    char *display; /* "curses" or "none"; NULL for the default */
    bool curses;   /* the screen is on the terminal */
    char *keymap;  /* the name of a layout; NULL for the default */
    char *gdb;     /* the address at which a debugger connects */
    /*
     * Standard input and output are in use by a control protocol, or there is
     * no guest that could use them.
     */
    bool stdio_taken;
    bool start_paused;
    GPtrArray *netdevs; /* "type,id=ID,key=value" */
    GPtrArray *nics;    /* -nic and -net, until all options are read: the option and its value */
    GPtrArray *filters; /* "filter-dump,key=value" */
    bool vga;           /* -vga std */
    bool vga_given;     /* -vga says whether there is one */
    GPtrArray *devices; /* "class,key=value" */
    GPtrArray *globals; /* "class.property=value" */
    bool no_defaults, no_reboot, no_shutdown, no_acpi, nographic, daemonize, timestamps;
    GPtrArray *notes;    /* lines of -d options: what was accepted without effect */
    GPtrArray *messages; /* lines that the user sees when the run begins */
    char *uuid;
    RunActions actions;
    int escape; /* the code of the control character */
    char *log_items, *log_file, *log_filter;
    uint64_t timeout; /* in ns; 0 for no limit */
    char *expect;     /* the script that talks to a character line */
    char *result, *pidfile;
    char *record, *replay;
    char *rtc; /* "base=utc,clock=host" */
} Config;

Config *config_new(void);
void config_free(Config *config);
/*
 * Returns the class of the first -accel, or NULL if there is no -accel or its
 * name is unknown.
 */
const struct AccelClass *config_first_accel(const Config *config);
/*
 * Whether a -mon uses the -chardev with this id as a stream.  Such a -chardev
 * does not become a character device.
 */
bool config_is_monitor_chardev(const Config *config, const char *id);

/*
 * How a -monitor or -qmp is connected: to a socket that greets each new
 * client, to a chardev of the machine, or not at all.
 */
typedef enum MonitorPlace { MONITOR_NOWHERE, MONITOR_STREAM, MONITOR_CHARDEV } MonitorPlace;
MonitorPlace config_monitor_place(const char *spec, bool qmp);
/*
 * Returns the id of that chardev.  `index` counts first -monitor, then -qmp.
 * The caller frees the id.
 */
char *config_monitor_id(const char *spec, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

#endif
