#include "src/record/replay_adopt.h"

#include "src/accel/accel.h"
#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/record/recorder.h"

#include <inttypes.h>
#include <string.h>

/* ---- what may not be otherwise ---- */

static bool check_file(const char *option, const char *path, const char *sum, GError **error)
{
    if (!path && !sum) {
        return true;
    }
    if (!path) {
        return error_refuse(error, "the recording was made with -%s FILE: name the same file",
                            option);
    }
    if (!sum) {
        return error_refuse(error, "the recording was made without -%s", option);
    }
    g_autofree char *is = recorder_file_sum(path);
    if (!is) {
        return error_refuse(error, "-%s %s: cannot be read", option, path);
    }
    return !strcmp(is, sum) ||
           error_refuse(error, "-%s %s: not the file of the recording", option, path);
}

static bool check_files(const Config *config, const ReplayHeader *header, GError **error)
{
    const char *const paths[RECORD_FILES] = {config->kernel, config->initrd, config->bios};
    for (size_t i = 0; i < RECORD_FILES; i++) {
        if (!check_file(RECORD_FILE_NAMES[i], paths[i], header->files[i], error)) {
            return false;
        }
    }
    return true;
}

/* Takes the value from the recording, so that the user need not repeat it. */
static bool adopt_text(const char *option, char **mine, const char *recorded, GError **error)
{
    if (*mine && g_strcmp0(*mine, recorded)) {
        return error_refuse(error, "-%s %s: the recording was made with%s%s", option, *mine,
                            recorded ? " " : "out", recorded ? recorded : "");
    }
    g_free(*mine);
    *mine = g_strdup(recorded);
    return true;
}

static bool adopt_list(const char *option, GPtrArray **mine, const GPtrArray *recorded,
                       GError **error)
{
    bool same = (*mine)->len == recorded->len;
    for (guint i = 0; same && i < recorded->len; i++) {
        same = !strcmp((*mine)->pdata[i], recorded->pdata[i]);
    }
    if ((*mine)->len && !same) {
        return error_refuse(error, "-%s %s: the recording was made with others", option,
                            (char *)(*mine)->pdata[0]);
    }
    g_ptr_array_set_size(*mine, 0);
    for (guint i = 0; i < recorded->len; i++) {
        g_ptr_array_add(*mine, g_strdup(recorded->pdata[i]));
    }
    return true;
}

static bool adopt_memory(Config *config, const Config *recorded, GError **error)
{
    g_autoptr(Config) usual = config_new();
    if (config->memory != usual->memory && config->memory != recorded->memory) {
        return error_refuse(
            error, "-m: the recording was made with %" PRIu64 " KiB of memory, not %" PRIu64,
            recorded->memory >> 10, config->memory >> 10);
    }
    config->memory = recorded->memory;
    return true;
}

static bool adopt_cpus(Config *config, const Config *recorded, GError **error)
{
    if (config->cpus != 1 && config->cpus != recorded->cpus) {
        return error_refuse(error, "-smp %u: the recording was made with %u", config->cpus,
                            recorded->cpus);
    }
    config->cpus = recorded->cpus;
    config->topology = recorded->topology;
    return true;
}

static bool adopt_cpu_model(Config *config, const Config *recorded, GError **error)
{
    g_autofree char *mine = cpu_model_text(&config->cpu);
    g_autofree char *theirs = cpu_model_text(&recorded->cpu);
    CpuModel usual = {0};
    g_autofree char *unasked = cpu_model_text(&usual);
    if (strcmp(mine, unasked) && strcmp(mine, theirs)) {
        return error_refuse(error, "-cpu %s: the recording was made with %s", mine, theirs);
    }
    config->cpu = recorded->cpu;
    return true;
}

static bool adopt_machine(Config *config, const ReplayHeader *header, GError **error)
{
    g_autofree char *full =
        g_strdup_printf("%s%s%s", header->config->machine, header->entry ? ",kernel-entry=" : "",
                        header->entry ? header->entry : "");
    bool asked = strcmp(config->machine, "pc") && strcmp(config->machine, full);
    if (asked) {
        return error_refuse(error, "-machine %s: the recording was made with %s", config->machine,
                            full);
    }
    g_free(config->machine);
    config->machine = g_steal_pointer(&full);
    return true;
}

/* Selects the software CPU with the recording's speed and the user's other options. */
static bool adopt_accel(Config *config, const ReplayHeader *header, GError **error)
{
    const char *mine = config->accels->len ? config->accels->pdata[0] : "soft";
    g_autoptr(GHashTable) keys = keyval_parse("-accel", mine, "name", NULL, error);
    if (!keys) {
        return false;
    }
    const AccelClass *class = accel_find_class(mine);
    const char *ips = g_hash_table_lookup(keys, "ips");
    if (!class || !class->has_cpu || class->threaded) {
        return error_refuse(error, "-accel %s: a whole run needs -accel soft", mine);
    }
    if (ips && g_strcmp0(ips, header->ips)) {
        return error_refuse(error, "-accel soft,ips=%s: the recording was made with %s", ips,
                            header->ips ? header->ips : "the default speed");
    }
    g_autofree char *accel = g_strdup_printf("%s%s%s", mine, header->ips && !ips ? ",ips=" : "",
                                             header->ips && !ips ? header->ips : "");
    g_ptr_array_set_size(config->accels, 0);
    g_ptr_array_add(config->accels, g_steal_pointer(&accel));
    return true;
}

/* ---- where output goes ---- */

static char *line_of(const char *recorded, const char *mine, const char *usual)
{
    return g_strdup(!strcmp(recorded, "none") ? "none" : mine ? mine : usual);
}

static void adopt_serials(Config *config, const Config *recorded)
{
    g_autoptr(GPtrArray) mine = config->serials;
    config->serials = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < recorded->serials->len; i++) {
        const char *usual = i || mine->len || config->stdio_taken ? "null" : "stdio";
        const char *spec = i < mine->len ? mine->pdata[i] : NULL;
        bool none = spec && !strcmp(spec, "none");
        g_ptr_array_add(config->serials,
                        line_of(recorded->serials->pdata[i], none ? "null" : spec, usual));
    }
}

static void adopt_line(char **mine, const char *recorded, const char *usual)
{
    char *line = recorded ? line_of(recorded, *mine, usual) : NULL;
    g_free(*mine);
    *mine = line;
}

static bool names_chardev(const Config *config, const char *id)
{
    for (guint i = 0; i < config->chardevs->len; i++) {
        g_autoptr(GHashTable) keys =
            keyval_parse("-chardev", config->chardevs->pdata[i], "backend", NULL, NULL);
        if (keys && !g_strcmp0(g_hash_table_lookup(keys, "id"), id)) {
            return true;
        }
    }
    return false;
}

/* What the guest is sent is in the recording, so its networks lead nowhere. */
static void add_networks(Config *config)
{
    g_ptr_array_set_size(config->netdevs, 0);
    g_ptr_array_set_size(config->filters, 0);
    for (guint i = 0; i < config->devices->len; i++) {
        g_autoptr(GHashTable) keys =
            keyval_parse("-device", config->devices->pdata[i], "driver", NULL, NULL);
        const char *id = keys ? g_hash_table_lookup(keys, "netdev") : NULL;
        if (id) {
            g_ptr_array_add(config->netdevs, g_strdup_printf("idle,id=%s", id));
        }
    }
}

/* Adds chardevs that a -device option names and that the user did not define. */
static void add_chardevs(Config *config)
{
    for (guint i = 0; i < config->devices->len; i++) {
        g_autoptr(GHashTable) keys =
            keyval_parse("-device", config->devices->pdata[i], "driver", NULL, NULL);
        const char *id = keys ? g_hash_table_lookup(keys, "chardev") : NULL;
        if (id && !names_chardev(config, id)) {
            g_ptr_array_add(config->chardevs, g_strdup_printf("null,id=%s", id));
        }
    }
}

bool replay_adopt(Config *config, const ReplayHeader *header, GError **error)
{
    const Config *recorded = header->config;
    if (config->record || config->expect) {
        return error_refuse(error, "-%s: not possible during a replay",
                            config->record ? "record" : "expect");
    }
    if (!check_files(config, header, error) || !adopt_accel(config, header, error) ||
        !adopt_machine(config, header, error) || !adopt_memory(config, recorded, error) ||
        !adopt_cpus(config, recorded, error) || !adopt_cpu_model(config, recorded, error) ||
        !adopt_text("append", &config->append, recorded->append, error) ||
        !adopt_text("flat", &config->flat, recorded->flat, error) ||
        !adopt_text("boot", &config->boot, recorded->boot, error) ||
        !adopt_list("device", &config->devices, recorded->devices, error) ||
        !adopt_list("global", &config->globals, recorded->globals, error) ||
        !adopt_list("fw_cfg", &config->fw_cfgs, recorded->fw_cfgs, error)) {
        return false;
    }
    g_ptr_array_unref(config->drives);
    config->drives = g_ptr_array_ref(recorded->drives);
    config->snapshot = false;
    config->no_reboot = recorded->no_reboot;
    config->actions = recorded->actions;
    config->no_shutdown = false;
    config->no_defaults = true;
    g_free(config->rtc);
    config->rtc = g_strdup(recorded->rtc);
    adopt_serials(config, recorded);
    adopt_line(&config->debugport, recorded->debugport, config->stdio_taken ? "null" : "stdout");
    adopt_line(&config->debugcon, recorded->debugcon, "null");
    add_chardevs(config);
    add_networks(config);
    return true;
}
