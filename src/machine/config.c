#include "src/machine/config.h"

#include "src/accel/accel.h"
#include "src/base/keyval.h"

#define DEFAULT_MEMORY (UINT64_C(128) << 20)
#define CTRL_A         1

Config *config_new(void)
{
    Config *config = g_new0(Config, 1);
    config->memory = DEFAULT_MEMORY;
    config->cpus = 1;
    config->actions = (RunActions)RUN_ACTIONS_DEFAULT;
    config->machine = g_strdup("pc");
    config->accels = g_ptr_array_new_with_free_func(g_free);
    config->serials = g_ptr_array_new_with_free_func(g_free);
    config->fw_cfgs = g_ptr_array_new_with_free_func(g_free);
    config->drives = g_ptr_array_new_with_free_func((GDestroyNotify)drive_free);
    config->chardevs = g_ptr_array_new_with_free_func(g_free);
    config->monitors = g_ptr_array_new_with_free_func(g_free);
    config->hmps = g_ptr_array_new_with_free_func(g_free);
    config->qmps = g_ptr_array_new_with_free_func(g_free);
    config->netdevs = g_ptr_array_new_with_free_func(g_free);
    config->nics = g_ptr_array_new_with_free_func(g_free);
    config->filters = g_ptr_array_new_with_free_func(g_free);
    config->devices = g_ptr_array_new_with_free_func(g_free);
    config->globals = g_ptr_array_new_with_free_func(g_free);
    config->notes = g_ptr_array_new_with_free_func(g_free);
    config->messages = g_ptr_array_new_with_free_func(g_free);
    config->escape = CTRL_A;
    return config;
}

void config_free(Config *config)
{
    g_ptr_array_unref(config->accels);
    g_ptr_array_unref(config->serials);
    g_ptr_array_unref(config->fw_cfgs);
    g_ptr_array_unref(config->drives);
    g_ptr_array_unref(config->chardevs);
    g_ptr_array_unref(config->monitors);
    g_ptr_array_unref(config->hmps);
    g_ptr_array_unref(config->qmps);
    g_ptr_array_unref(config->netdevs);
    g_ptr_array_unref(config->nics);
    g_ptr_array_unref(config->filters);
    g_ptr_array_unref(config->devices);
    g_ptr_array_unref(config->globals);
    g_ptr_array_unref(config->notes);
    g_ptr_array_unref(config->messages);
    g_free(config->uuid);
    g_free(config->name);
    g_free(config->machine);
    g_free(config->kernel);
    g_free(config->flat);
    g_free(config->initrd);
    g_free(config->append);
    g_free(config->bios);
    g_free(config->boot);
    g_free(config->debugcon);
    g_free(config->debugport);
    g_free(config->log_items);
    g_free(config->log_file);
    g_free(config->log_filter);
    g_free(config->expect);
    g_free(config->result);
    g_free(config->pidfile);
    g_free(config->rtc);
    g_free(config->record);
    g_free(config->replay);
    g_free(config->option_names);
    g_free(config->qtest);
    g_free(config->qtest_log);
    g_free(config->display);
    g_free(config->vnc);
    g_free(config->keymap);
    g_free(config->gdb);
    g_free(config);
}

const AccelClass *config_first_accel(const Config *config)
{
    return config->accels->len ? accel_find_class(config->accels->pdata[0]) : NULL;
}

/*
 * A socket is always a stream.  QMP on standard input also needs one: it stays
 * connected after the end of its input, and a chardev does not.
 */
static bool is_stream_chardev(const Config *config, const char *id, bool qmp)
{
    for (guint i = 0; i < config->chardevs->len; i++) {
        g_autoptr(GHashTable) keys =
            keyval_parse("-chardev", config->chardevs->pdata[i], "backend", NULL, NULL);
        const char *backend = keys ? g_hash_table_lookup(keys, "backend") : NULL;
        if (!keys || g_strcmp0(g_hash_table_lookup(keys, "id"), id) ||
            g_hash_table_contains(keys, "mux")) {
            continue;
        }
        return !g_strcmp0(backend, "socket") || (qmp && !g_strcmp0(backend, "stdio"));
    }
    return false;
}

bool config_is_monitor_chardev(const Config *config, const char *id)
{
    for (guint i = 0; i < config->monitors->len; i++) {
        g_autoptr(GHashTable) keys =
            keyval_parse("-mon", config->monitors->pdata[i], "chardev", NULL, NULL);
        if (keys && !g_strcmp0(g_hash_table_lookup(keys, "chardev"), id)) {
            bool qmp = !g_strcmp0(g_hash_table_lookup(keys, "mode"), "control");
            return is_stream_chardev(config, id, qmp);
        }
    }
    return false;
}

MonitorPlace config_monitor_place(const char *spec, bool qmp)
{
    static const char *const NOTHING[] = {"none", "null", "/dev/null", "vc", NULL};
    if (g_strv_contains(NOTHING, spec)) {
        return MONITOR_NOWHERE;
    }
    bool stream = g_str_has_prefix(spec, "unix:") || g_str_has_prefix(spec, "tcp:") ||
                  (qmp && g_str_has_prefix(spec, "stdio"));
    return stream ? MONITOR_STREAM : MONITOR_CHARDEV;
}

char *config_monitor_id(const char *spec, guint index)
{
    return g_str_has_prefix(spec, "chardev:") ? g_strdup(spec + strlen("chardev:"))
                                              : g_strdup_printf("compat_monitor%u", index);
}
