/*
 * The options that describe the machine: its board, its CPUs and its memory.
 */
#include "src/cli/option_util.h"

#include "src/accel/accel.h"
#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"
#include "src/base/page.h"
#include "src/machine/machine.h"
#include "src/machine/rtc_date.h"

#include <string.h>

#define MEMORY_MAX (UINT64_C(1) << 40)
#define MEMORY_MIN (UINT64_C(64) << 10)

/* ---- memory and CPUs ---- */

/* Parses "[size=]SIZE[,slots=N,maxmem=SIZE]". */
bool option_set_memory(Parse *parse, const char *value, GError **error)
{
    static const char *const KEYS[] = {"size", "slots", "maxmem", NULL};
    g_autofree char *what = g_strdup_printf("-m %s", value);
    g_autoptr(GHashTable) table = keyval_parse(what, value, "size", KEYS, error);
    const char *text = table ? g_hash_table_lookup(table, "size") : NULL;
    uint64_t size = parse->config->memory;
    if (!table || (text && !number_parse_mebibytes("-m", text, MEMORY_MAX, &size, error))) {
        return false;
    }
    if (size < MEMORY_MIN || size % PAGE_SIZE) {
        return option_error(error, "m", value, "memory is a multiple of 4K, from 64K on");
    }
    if (g_hash_table_contains(table, "slots") || g_hash_table_contains(table, "maxmem")) {
        option_note(parse, "m %s: no memory is added later", value);
    }
    parse->config->memory = size;
    return true;
}

bool option_set_cpus(Parse *parse, const char *value, GError **error)
{
    CpuTopology *topology = &parse->config->topology;
    if (!cpu_topology_parse(value, topology, error)) {
        return false;
    }
    parse->config->cpus = topology->cpus;
    if (topology->sockets * topology->dies * topology->cores * topology->threads > topology->cpus) {
        option_note(parse, "smp %s: no CPU is added later", value);
    }
    return true;
}

bool option_set_cpu_model(Parse *parse, const char *value, GError **error)
{
    if (option_wants_help(value)) {
        parse->text = cpu_model_help();
        return true;
    }
    g_autofree char *ignored = NULL;
    bool ok = cpu_model_parse(value, &parse->config->cpu, &ignored, error);
    if (ignored) {
        option_note(parse, "cpu %s: %s changes nothing here", value, ignored);
    }
    return ok;
}

/* ---- accelerators ---- */

/* The accelerators that QEMU has on other hosts.  In a list they are skipped. */
static const char *const ELSEWHERE[] = {"hvf", "whpx", "hax", "nvmm", "xen", NULL};

static char *list_accels(void)
{
    GString *text = g_string_new("Accelerators, for -accel NAME[,key=value]:\n");
    for (const AccelClass *const *a = accel_classes(); *a; a++) {
        g_string_append_printf(text, "  %-10s %s\n", (*a)->name, (*a)->description);
    }
    g_string_append(text, "interp and tcg are other names of soft.\n");
    return g_string_free(text, false);
}

/* Whether the key is one of QEMU's whose effect a guest cannot see. */
static bool is_idle_accel_key(const char *key)
{
    static const char *const KEYS[] = {"thread",           "tb-size",         "split-wx",
                                       "kvm-shadow-mem",   "dirty-ring-size", "notify-vmexit",
                                       "notify-window",    "igd-passthru",    "one-insn-per-tb",
                                       "eager-split-size", "honor-guest-pat", NULL};
    return g_strv_contains(KEYS, key);
}

static void add_machine_key(Config *config, const char *key, const char *value)
{
    char *text = g_strdup_printf("%s,%s=%s", config->machine, key, value);
    g_free(config->machine);
    config->machine = text;
}

/* Handles QEMU's key that says where the interrupt controllers are modelled. */
static bool set_irqchip(Parse *parse, const char *value, GError **error)
{
    if (!strcmp(value, "split")) {
        add_machine_key(parse->config, "irqchip", "split");
    } else {
        bool on;
        if (!number_parse_bool("kernel-irqchip", value, &on, error)) {
            return false;
        }
        if (on) {
            option_note(parse, "kernel-irqchip=on: it is where that works");
        } else {
            add_machine_key(parse->config, "irqchip", "user");
        }
    }
    return true;
}

/*
 * Removes QEMU's keys from the text of an accelerator, "name,key=value".  The
 * caller frees the rest.
 */
static char *fit_accel(Parse *parse, const char *text, GError **error)
{
    g_auto(GStrv) items = g_strsplit(text, ",", -1);
    g_autoptr(GString) rest = g_string_new(NULL);
    for (char **item = items; *item; item++) {
        const char *equals = strchr(*item, '=');
        g_autofree char *key = g_strndup(*item, equals ? (gsize)(equals - *item) : 0);
        if (equals && is_idle_accel_key(key)) {
            option_note(parse, "accel %s: %s changes nothing here", text, key);
        } else if (equals && (!strcmp(key, "kernel-irqchip") || !strcmp(key, "kernel_irqchip"))) {
            if (!set_irqchip(parse, equals + 1, error)) {
                return NULL;
            }
        } else {
            const char *shown = !strcmp(key, "accel") && equals ? equals + 1 : *item;
            g_string_append_printf(rest, "%s%s", rest->len ? "," : "", shown);
        }
    }
    return g_string_free(g_steal_pointer(&rest), false);
}

static bool add_accel(Parse *parse, const char *value, const char *text, bool alone, GError **error)
{
    if (!*text) {
        return option_error(error, parse->option->name, value,
                            "an accelerator without a name (as in kvm:soft)");
    }
    g_autofree char *name = g_strndup(text, strcspn(text, ","));
    if (!alone && g_strv_contains(ELSEWHERE, name)) {
        option_note(parse, "%s %s: %s is for other hosts", parse->option->name, value, name);
        return true;
    }
    char *fit = fit_accel(parse, text, error);
    if (fit) {
        g_ptr_array_add(parse->config->accels, fit);
    }
    return fit != NULL;
}

/* Adds each accelerator of the list.  `value` is the whole argument, for messages. */
static bool add_accels(Parse *parse, const char *value, const char *list, GError **error)
{
    g_auto(GStrv) names = g_strsplit(*list ? list : ":", ":", -1);
    bool alone = !names[1];
    for (char **name = names; *name; name++) {
        if (!add_accel(parse, value, *name, alone, error)) {
            return false;
        }
    }
    return true;
}

bool option_set_accel(Parse *parse, const char *value, GError **error)
{
    if (option_wants_help(value)) {
        parse->text = list_accels();
        return true;
    }
    return add_accels(parse, value, value, error);
}

bool option_enable_kvm(Parse *parse, const char *value, GError **error)
{
    (void)value;
    return add_accels(parse, "kvm", "kvm", error);
}

/* ---- the board ---- */

static char *list_machines(void)
{
    GString *text = g_string_new("Machines, for -machine NAME[,key=value] (NAME,help lists the "
                                 "keys):\n");
    for (const MachineClass *const *m = machine_classes(); *m; m++) {
        g_string_append_printf(text, "  %-14s %s\n", (*m)->name, (*m)->description);
        if ((*m)->alias) {
            g_string_append_printf(text, "  %-14s the same board as %s\n", (*m)->alias, (*m)->name);
        }
    }
    g_string_append(text, "  pc-i440fx-*    the same board as pc, whatever the version\n"
                          "  q35            runs the board pc, and says so\n");
    return g_string_free(text, false);
}

static char *machine_help(const char *name)
{
    return g_strdup_printf(
        "Keys of -machine %s:\n"
        "  irqchip=auto|user|split|kernel  where the interrupt controllers are (default auto)\n"
        "  kernel-irqchip=on|off|split     the same in QEMU's words\n"
        "  kernel-entry=NAME               by which entry a kernel starts (docs/booting.md)\n"
        "  acpi=on|off                     whether there are ACPI tables (default on)\n"
        "  accel=NAME[:NAME]               the same as -accel\n"
        "  firmware=FILE                   the same as -bios\n"
        "  type=NAME                       the board\n",
        name);
}

/* Whether the key is one of QEMU's for what this board does not have or does in any case. */
static bool is_idle_machine_key(const char *key)
{
    static const char *const KEYS[] = {"usb",
                                       "dump-guest-core",
                                       "mem-merge",
                                       "graphics",
                                       "vmport",
                                       "smm",
                                       "hpet",
                                       "sata",
                                       "smbus",
                                       "pit",
                                       "pcspk-audiodev",
                                       "nvdimm",
                                       "i8042",
                                       "fd-bootchk",
                                       "suppress-vmdesc",
                                       "default-bus-bypass-iommu",
                                       "igd-passthru",
                                       "max-ram-below-4g",
                                       "x-oem-id",
                                       "x-oem-table-id",
                                       "max-fw-size",
                                       NULL};
    return g_strv_contains(KEYS, key);
}

/* Returns the board that stands for QEMU's `name`, or NULL if it is refused. */
static const char *board_for(Parse *parse, const char *name, GError **error)
{
    if (g_str_has_prefix(name, "pc-i440fx-") || g_str_has_prefix(name, "pc-0.") ||
        g_str_has_prefix(name, "pc-1.")) {
        option_note(parse, "machine %s: the board pc, whatever the version", name);
        return "pc";
    }
    if (!strcmp(name, "q35") || g_str_has_prefix(name, "pc-q35-")) {
        option_tell(parse, "-machine %s: there is no q35 yet; this is the board pc", name);
        return "pc";
    }
    if (!strcmp(name, "microvm")) {
        option_error(error, "machine", name,
                     "there is no microvm (-machine pc -kernel FILE -nodefaults is the smallest)");
        return NULL;
    }
    if (g_str_has_prefix(name, "xen")) {
        option_error(error, "machine", name, "Xen runs no guests here (-machine pc)");
        return NULL;
    }
    return name;
}

static bool set_board(Parse *parse, const char *name, GString *machine, GError **error)
{
    const char *board = board_for(parse, name, error);
    if (!board) {
        return false;
    }
    const char *rest = machine->str + strcspn(machine->str, ",");
    g_autofree char *keys = g_strdup(rest);
    g_string_printf(machine, "%s%s", board, keys);
    return true;
}

/* Handles what is a key of the machine in QEMU and an option of its own here. */
static bool set_other(Parse *parse, const char *value, const char *key, const char *text,
                      bool *taken, GError **error)
{
    *taken = true;
    if (!strcmp(key, "accel")) {
        return add_accels(parse, value, text, error);
    }
    if (!strcmp(key, "acpi")) {
        bool on;
        bool ok = number_parse_bool("-machine acpi", text, &on, error);
        parse->config->no_acpi = ok && !on;
        return ok;
    }
    if (!strcmp(key, "firmware")) {
        option_replace(&parse->config->bios, text);
        return true;
    }
    if (is_idle_machine_key(key)) {
        option_note(parse, "machine %s=%s: changes nothing here", key, text);
        return true;
    }
    *taken = false;
    return true;
}

static bool add_machine_item(Parse *parse, const char *value, const char *item, GString *machine,
                             GError **error)
{
    const char *equals = strchr(item, '=');
    g_autofree char *key = equals ? g_strndup(item, (gsize)(equals - item)) : g_strdup(item);
    const char *text = equals ? equals + 1 : "on";
    if (!strcmp(key, "type")) {
        return set_board(parse, text, machine, error);
    }
    if (!strcmp(key, "kernel-irqchip") || !strcmp(key, "kernel_irqchip")) {
        option_replace(&parse->config->machine, machine->str);
        bool ok = set_irqchip(parse, text, error);
        g_string_assign(machine, parse->config->machine);
        return ok;
    }
    bool taken;
    if (!set_other(parse, value, key, text, &taken, error)) {
        return false;
    }
    if (!taken) {
        g_string_append_printf(machine, ",%s", item);
    }
    return true;
}

/*
 * As in QEMU, several -machine options are merged: of two values the later one
 * wins, and the name may be left out.
 */
bool option_set_machine(Parse *parse, const char *value, GError **error)
{
    if (option_wants_help(value)) {
        parse->text = list_machines();
        return true;
    }
    g_auto(GStrv) items = g_strsplit(value, ",", -1);
    for (char **item = items; *item; item++) {
        if (option_wants_help(*item)) {
            parse->text = machine_help(item == items ? "pc" : items[0]);
            return true;
        }
    }
    bool named = items[0] && !strchr(items[0], '=');
    g_autoptr(GString) machine = g_string_new(parse->config->machine);
    if (named) {
        g_string_assign(machine, "");
    }
    bool ok = !named || set_board(parse, items[0], machine, error);
    for (char **item = items + named; ok && items[0] && *item; item++) {
        ok = add_machine_item(parse, value, *item, machine, error);
    }
    option_replace(&parse->config->machine, machine->str);
    return ok;
}

/* ---- names and dates ---- */

bool option_set_name(Parse *parse, const char *value, GError **error)
{
    static const char *const KEYS[] = {"guest", "process", "debug-threads", NULL};
    g_autoptr(GHashTable) table = keyval_parse("-name", value, "guest", KEYS, error);
    if (!table) {
        return false;
    }
    const char *guest = g_hash_table_lookup(table, "guest");
    const char *process = g_hash_table_lookup(table, "process");
    option_replace(&parse->config->name, process ? process : guest);
    if (g_hash_table_contains(table, "debug-threads")) {
        option_note(parse, "name debug-threads: threads always have names");
    }
    return true;
}

/* The text must be a UUID: hexadecimal digits in groups of 8-4-4-4-12. */
bool option_set_uuid(Parse *parse, const char *value, GError **error)
{
    if (!g_uuid_string_is_valid(value)) {
        return option_error(error, "uuid", value,
                            "not of the form 550e8400-e29b-41d4-a716-446655440000");
    }
    option_replace(&parse->config->uuid, value);
    return true;
}

/* The value of -rtc is checked when the clock is made. */
bool option_set_rtc(Parse *parse, const char *value, GError **error)
{
    g_auto(GStrv) items = g_strsplit(value, ",", -1);
    g_autoptr(GString) rest = g_string_new(NULL);
    for (char **item = items; *item; item++) {
        if (!strcmp(*item, "driftfix=none") || !strcmp(*item, "driftfix=slew")) {
            option_note(parse, "rtc %s: no tick is lost (-global mc146818rtc.lost-ticks=)", *item);
        } else if (g_str_has_prefix(*item, "driftfix=")) {
            return option_error(error, "rtc", *item, "not one of none, slew");
        } else {
            g_string_append_printf(rest, "%s%s", rest->len ? "," : "", *item);
        }
    }
    option_replace(&parse->config->rtc, rest->str);
    return true;
}

bool option_set_local_time(Parse *parse, const char *value, GError **error)
{
    (void)value, (void)error;
    option_replace(&parse->config->rtc, "base=localtime");
    return true;
}

bool option_no_acpi(Parse *parse, const char *value, GError **error)
{
    (void)value, (void)error;
    return parse->config->no_acpi = true;
}
