#include "src/cpu/cpu_model.h"

#include "src/base/error.h"
#include "src/base/keyval.h"

#include <string.h>

typedef struct NamedModel {
    const char *name;
    const char *description;
} NamedModel;

static const NamedModel MODELS[] = {
    {"max", "all that the accelerator can give (default)"},
    {NULL, NULL},
};

#define KEY_UNKNOWN_MSR "unknown-msr"
#define KEY_KVM         "kvm"

/* A key that has two values; the first is the default. */
typedef struct TwoWays {
    const char *key;
    const char *usual, *other;
    const char *description;
    size_t field; /* a bool of CpuModel: the other one */
} TwoWays;

static const TwoWays KEYS[] = {
    {KEY_UNKNOWN_MSR, "ignore", "fault",
     "what the guest meets at a model specific register that is\n"
     "                            not there: 0 and no effect, or #GP as on silicon",
     offsetof(CpuModel, unknown_msr_faults)},
    {KEY_KVM, "on", "off", "with -accel kvm: whether the guest can tell that it runs on KVM",
     offsetof(CpuModel, hides_kvm)},
};

static bool *field_of(CpuModel *model, const TwoWays *key)
{
    return (bool *)((char *)model + key->field);
}

static bool check_name(const char *name, GError **error)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (const NamedModel *m = MODELS; m->name; m++) {
        if (!strcmp(m->name, name)) {
            return true;
        }
        g_string_append_printf(all, "%s%s", all->len ? ", " : "", m->name);
    }
    return error_refuse(error, "-cpu %s: no such CPU model (there is %s)", name, all->str);
}

static bool apply(CpuModel *model, const TwoWays *key, const char *value, GError **error)
{
    bool other = value && !strcmp(value, key->other);
    if (value && !other && strcmp(value, key->usual)) {
        return error_refuse(error, "-cpu %s=%s: not one of %s, %s", key->key, value, key->usual,
                            key->other);
    }
    *field_of(model, key) = other;
    return true;
}

bool cpu_model_parse(const char *text, CpuModel *model, GError **error)
{
    static const char *const KNOWN[] = {"model", KEY_UNKNOWN_MSR, KEY_KVM, NULL};
    *model = (CpuModel){0};
    g_autofree char *first = g_strndup(text, strcspn(text, ","));
    if (strchr(first, '=')) {
        return error_refuse(error, "-cpu %s: the model comes first (as in -cpu max,%s)", text,
                            text);
    }
    g_autoptr(GHashTable) keys = keyval_parse("-cpu", text, "model", KNOWN, error);
    if (!keys || !check_name(g_hash_table_lookup(keys, "model"), error)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        if (!apply(model, &KEYS[i], g_hash_table_lookup(keys, KEYS[i].key), error)) {
            return false;
        }
    }
    return true;
}

char *cpu_model_text(const CpuModel *model)
{
    CpuModel copy = *model;
    GString *text = g_string_new(MODELS[0].name);
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        if (*field_of(&copy, &KEYS[i])) {
            g_string_append_printf(text, ",%s=%s", KEYS[i].key, KEYS[i].other);
        }
    }
    return g_string_free(text, false);
}

char *cpu_model_help(void)
{
    GString *text = g_string_new("CPU models, for -cpu NAME[,key=value]:\n");
    for (const NamedModel *m = MODELS; m->name; m++) {
        g_string_append_printf(text, "  %-10s %s\n", m->name, m->description);
    }
    g_string_append(text, "\nKeys, the default first:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        g_autofree char *key =
            g_strdup_printf("%s=%s|%s", KEYS[i].key, KEYS[i].usual, KEYS[i].other);
        g_string_append_printf(text, "  %-25s %s\n", key, KEYS[i].description);
    }
    return g_string_free(text, false);
}
