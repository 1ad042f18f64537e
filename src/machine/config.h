/*
 * What the command line asks for, in plain data.
 */
#ifndef PIOEMU_MACHINE_CONFIG_H
#define PIOEMU_MACHINE_CONFIG_H

#include "src/block/drive.h"
#include "src/cpu/cpu_model.h"
#include "src/machine/run_action.h"
#include "src/machine/topology.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Config {
    char *name;
    uint64_t memory; /* bytes */
    unsigned cpus;
    CpuTopology topology; /* all 0: one socket with a core for each CPU */
    CpuModel cpu;
    GPtrArray *accels; /* "name,key=value", tried in order; empty: the default */
    char *machine;     /* "pc,key=value" */
    char *kernel, *flat, *initrd, *append;
    char *bios;          /* a firmware's file */
    char *boot;          /* what boot_order_parse() takes */
    GPtrArray *chardevs; /* "backend,id=ID,key=value" */
    GPtrArray *serials;  /* a chardev spec for COM1.. each; empty: the default */
    GPtrArray *drives;   /* of Drive */
    bool snapshot;       /* of every drive */
    GPtrArray *fw_cfgs;  /* what fw_items_add_option() takes */
    char *debugcon, *debugport;
    GPtrArray *monitors;       /* -mon: "chardev=ID,mode=control" */
    GPtrArray *hmps;           /* -monitor: a line each for the human monitor */
    GPtrArray *qmps;           /* -qmp: the same for QMP */
    const char **option_names; /* those that there are, sorted; NULL at the end */
    char *qtest, *qtest_log;
    char *gdb; /* where a debugger connects */
    /* A control protocol talks there, or there is no guest to talk to. */
    bool stdio_taken;
    bool start_paused;
    GPtrArray *devices; /* "class,key=value" */
    GPtrArray *globals; /* "class.property=value" */
    bool no_defaults, no_reboot, no_shutdown, no_acpi, nographic, daemonize, timestamps;
    GPtrArray *notes;    /* of -d options: what was accepted and changes nothing */
    GPtrArray *messages; /* that the user sees when the run begins */
    char *uuid;
    RunActions actions;
    int escape; /* control character's code */
    char *log_items, *log_file, *log_filter;
    uint64_t timeout; /* ns; 0: none */
    char *expect;     /* a script that talks to a line */
    char *result, *pidfile;
    char *record, *replay;
    char *rtc; /* "base=utc,clock=host" */
} Config;

Config *config_new(void);
void config_free(Config *config);
/* The class of the first -accel; NULL: none was asked for, or one that there is not. */
const struct AccelClass *config_first_accel(const Config *config);
/* Whether a -mon takes the -chardev with this id as a stream, which is then no character device. */
bool config_is_monitor_chardev(const Config *config, const char *id);

/*
 * Where a -monitor or -qmp is: at a socket that serves each client from the
 * beginning, at a chardev of the machine, or not at all.
 */
typedef enum MonitorPlace { MONITOR_NOWHERE, MONITOR_STREAM, MONITOR_CHARDEV } MonitorPlace;
MonitorPlace config_monitor_place(const char *spec, bool qmp);
/* The id of that chardev; `index` counts -monitor first, then -qmp.  The caller frees it. */
char *config_monitor_id(const char *spec, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

#endif
