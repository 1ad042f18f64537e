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
    config->qmps = g_ptr_array_new_with_free_func(g_free);
    config->devices = g_ptr_array_new_with_free_func(g_free);
    config->globals = g_ptr_array_new_with_free_func(g_free);
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
    g_ptr_array_unref(config->qmps);
    g_ptr_array_unref(config->devices);
    g_ptr_array_unref(config->globals);
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
    g_free(config->qtest);
    g_free(config->qtest_log);
    g_free(config->gdb);
    g_free(config);
}

const AccelClass *config_first_accel(const Config *config)
{
    return config->accels->len ? accel_find_class(config->accels->pdata[0]) : NULL;
}

bool config_is_monitor_chardev(const Config *config, const char *id)
{
    for (guint i = 0; i < config->monitors->len; i++) {
        g_autoptr(GHashTable) keys =
            keyval_parse("-mon", config->monitors->pdata[i], "chardev", NULL, NULL);
        if (keys && !g_strcmp0(g_hash_table_lookup(keys, "chardev"), id)) {
            return true;
        }
    }
    return false;
}
