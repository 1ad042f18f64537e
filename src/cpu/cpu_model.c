#include "src/cpu/cpu_model.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"
#include "src/cpu/cpu_models.h"

#include <string.h>

/* ---- the models ---- */

static bool set_name(CpuModel *model, const char *name, GError **error)
{
    const char *plain = g_str_has_suffix(name, "-x86_64-cpu") || g_str_has_suffix(name, "-i386-cpu")
                            ? strrchr(name, '-')
                            : NULL;
    g_autofree char *text = g_strdup(name);
    if (plain) {
        char *end = strstr(text, "-x86_64-cpu") ?: strstr(text, "-i386-cpu");
        *end = '\0';
    }
    const NamedModel *found = cpu_models_find(text);
    if (found) {
        model->name = (unsigned)(found - CPU_MODELS);
        return true;
    }
    const char *names[NAMED_MODELS + 1] = {NULL};
    for (size_t i = 0; i < NAMED_MODELS; i++) {
        names[i] = CPU_MODELS[i].name;
    }
    const char *nearest = keyval_nearest(name, names);
    return error_refuse(error, "-cpu %s: no such CPU model (%s%s%s)", name,
                        nearest ? "did you mean " : "-cpu help lists them", nearest ? nearest : "",
                        nearest ? "?" : "");
}

/* ---- the keys ---- */

#define KEY_UNKNOWN_MSR "unknown-msr"
#define KEY_KVM         "kvm"

/* A key with two values.  The first value is the default. */
typedef struct TwoWays {
    const char *key;
    const char *usual, *other;
    const char *description;
    size_t field; /* a bool of CpuModel, which the second value sets */
} TwoWays;

static const TwoWays KEYS[] = {
    {KEY_UNKNOWN_MSR, "ignore", "fault",
     "what the guest meets at a model specific register that is\n"
     "                            not there: 0 and no effect, or #GP as on silicon",
     offsetof(CpuModel, unknown_msr_faults)},
    {"check", "on", "off", "whether features that the accelerator lacks are told",
     offsetof(CpuModel, checks_nothing)},
    {"enforce", "off", "on", "whether they are an error", offsetof(CpuModel, enforces)},
    {KEY_KVM, "on", "off", "with -accel kvm: whether the guest can tell that it runs on KVM",
     offsetof(CpuModel, hides_kvm)},
};

static bool *field_of(CpuModel *model, const TwoWays *key)
{
    return (bool *)((char *)model + key->field);
}

/* The keys that say who the CPU is. */
static const struct {
    const char *key;
    CpuIdentityField field;
    unsigned most; /* letters or number */
    size_t offset;
} IDENTITY_KEYS[] = {
    {"vendor", IDENTITY_VENDOR, 12, offsetof(CpuIdentity, vendor)},
    {"family", IDENTITY_FAMILY, 0xff + 0xf, offsetof(CpuIdentity, family)},
    {"model", IDENTITY_MODEL, 0xff, offsetof(CpuIdentity, model)},
    {"stepping", IDENTITY_STEPPING, 0xf, offsetof(CpuIdentity, stepping)},
    {"model-id", IDENTITY_NAME, 48, offsetof(CpuIdentity, name)},
};

static bool is_text(CpuIdentityField field)
{
    return field == IDENTITY_VENDOR || field == IDENTITY_NAME;
}

/* Other names of the same features. */
static const struct {
    const char *alias, *name;
} ALIASES[] = {
    {"sse3", "pni"},
    {"sse4-1", "sse4.1"},
    {"sse4-2", "sse4.2"},
    {"xd", "nx"},
    {"avx512-vnni", "avx512vnni"},
    {"avx512-bitalg", "avx512bitalg"},
    {"lzcnt", "abm"},
    {"i64", "lm"},
    {"ffxsr", "fxsr"},
    {"prefetchw", "3dnowprefetch"},
};

/* QEMU accepts both - and _ in many names. */
static char *plain_name(const char *name)
{
    char *plain = g_strdelimit(g_strdup(name), "_", '-');
    for (size_t i = 0; i < G_N_ELEMENTS(ALIASES); i++) {
        if (!strcmp(plain, ALIASES[i].alias)) {
            g_free(plain);
            return g_strdup(ALIASES[i].name);
        }
    }
    return plain;
}

/*
 * QEMU's properties that have no effect here, because they are about what is not
 * modelled.
 */
static const char *const IDLE_KEYS[] = {"fs-gs-base-ns",
                                        "host-cache-info",
                                        "host-phys-bits",
                                        "host-phys-bits-limit",
                                        "l3-cache",
                                        "legacy-cache",
                                        "level",
                                        "lmce",
                                        "migratable",
                                        "min-level",
                                        "min-xlevel",
                                        "phys-bits",
                                        "pmu",
                                        "rdctl-no",
                                        "ssb-no",
                                        "syscall-ns",
                                        "tcg-cpuid",
                                        "tsc-frequency",
                                        "tsx-ctrl",
                                        "vmware-cpuid-freq",
                                        "xlevel",
                                        NULL};

static bool is_idle(const char *name)
{
    return g_strv_contains(IDLE_KEYS, name) || g_str_has_prefix(name, "hv-") ||
           g_str_has_prefix(name, "kvm-") || g_str_has_prefix(name, "kvmclock") ||
           g_str_has_prefix(name, "x-") || g_str_has_prefix(name, "vmx-") ||
           g_str_has_prefix(name, "svm-") || g_str_has_prefix(name, "xen-");
}

static void switch_feature(CpuModel *model, CpuFeature feature, bool on)
{
    cpu_features_put(&model->added, feature, on);
    cpu_features_put(&model->removed, feature, !on);
}

static bool refuse_name(const char *given, GError **error)
{
    const char *names[CPU_FEATURE_COUNT + 3] = {KEY_UNKNOWN_MSR, KEY_KVM};
    unsigned count = 2;
    for (unsigned i = CPU_FEATURE_ALWAYS + 1; i < CPU_FEATURE_COUNT; i++) {
        if (cpu_feature_name((CpuFeature)i)) {
            names[count++] = cpu_feature_name((CpuFeature)i);
        }
    }
    const char *nearest = keyval_nearest(given, names);
    return error_refuse(error, "-cpu: unknown feature or key '%s' (%s%s%s)", given,
                        nearest ? "did you mean '" : "-cpu help lists them", nearest ? nearest : "",
                        nearest ? "'?" : "");
}

/* Parses "+name", "-name" or "name=on|off". */
static bool apply_feature(CpuModel *model, const char *given, const char *value, bool on,
                          GString *ignored, GError **error)
{
    g_autofree char *name = plain_name(given);
    CpuFeature feature = cpu_feature_by_name(name);
    unsigned absent = 0;
    bool is_absent = cpu_absent_find(name, &absent);
    if (feature == CPU_FEATURE_COUNT && !is_absent) {
        if (is_idle(name)) {
            g_string_append_printf(ignored, "%s%s", ignored->len ? ", " : "", given);
            return true;
        }
        return refuse_name(given, error);
    }
    g_autofree char *what = g_strdup_printf("-cpu %s", given);
    if (value && !number_parse_bool(what, value, &on, error)) {
        return false;
    }
    if (is_absent) {
        cpu_absent_put(&model->absent, absent, on);
    } else {
        switch_feature(model, feature, on);
    }
    return true;
}

static bool apply_key(CpuModel *model, const TwoWays *key, const char *value, GError **error)
{
    bool other = !strcmp(value, key->other);
    if (!other && strcmp(value, key->usual)) {
        return error_refuse(error, "-cpu %s=%s: not one of %s, %s", key->key, value, key->usual,
                            key->other);
    }
    *field_of(model, key) = other;
    return true;
}

static bool apply_identity(CpuModel *model, unsigned index, const char *value, GError **error)
{
    CpuIdentityField field = IDENTITY_KEYS[index].field;
    unsigned most = IDENTITY_KEYS[index].most;
    void *place = (char *)&model->identity + IDENTITY_KEYS[index].offset;
    uint64_t number;
    g_autofree char *what = g_strdup_printf("-cpu %s", IDENTITY_KEYS[index].key);
    if (field == IDENTITY_VENDOR && strlen(value) != most) {
        return error_refuse(error, "%s=%s: a vendor has %u letters", what, value, most);
    }
    if (is_text(field)) {
        g_strlcpy(place, value, most + 1);
    } else if (number_parse(what, value, most, &number, error)) {
        *(unsigned *)place = (unsigned)number;
    } else {
        return false;
    }
    model->given |= 1u << field;
    return true;
}

static bool apply(CpuModel *model, const char *item, GString *ignored, GError **error)
{
    if (*item == '+' || *item == '-') {
        return apply_feature(model, item + 1, NULL, *item == '+', ignored, error);
    }
    const char *equals = strchr(item, '=');
    g_autofree char *name = equals ? g_strndup(item, (gsize)(equals - item)) : g_strdup(item);
    const char *value = equals ? equals + 1 : "on";
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        if (!strcmp(KEYS[i].key, name)) {
            return apply_key(model, &KEYS[i], value, error);
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(IDENTITY_KEYS); i++) {
        if (!strcmp(IDENTITY_KEYS[i].key, name) && equals) {
            return apply_identity(model, i, value, error);
        }
    }
    return apply_feature(model, name, value, true, ignored, error);
}

bool cpu_model_parse(const char *text, CpuModel *model, char **ignored, GError **error)
{
    *model = (CpuModel){0};
    g_auto(GStrv) items = g_strsplit(text, ",", -1);
    if (!items[0] || strchr(items[0], '=') || strchr("+-", *items[0])) {
        return error_refuse(error, "-cpu %s: the model comes first (as in -cpu max,%s)", text,
                            text);
    }
    if (!set_name(model, items[0], error)) {
        return false;
    }
    g_autoptr(GString) idle = g_string_new(NULL);
    for (char **item = items + 1; *item; item++) {
        if (!**item) {
            return error_refuse(error, "-cpu %s: empty item between commas (write key=value)",
                                text);
        }
        if (!apply(model, *item, idle, error)) {
            return false;
        }
    }
    if (ignored) {
        *ignored = idle->len ? g_strdup(idle->str) : NULL;
    }
    return true;
}

/* ---- texts ---- */

static void add_features(GString *text, const CpuFeatures *set, char sign)
{
    for (unsigned i = CPU_FEATURE_ALWAYS + 1; i < CPU_FEATURE_COUNT; i++) {
        if (cpu_features_have(set, (CpuFeature)i)) {
            g_string_append_printf(text, ",%c%s", sign, cpu_feature_name((CpuFeature)i));
        }
    }
}

static void add_identity(GString *text, const CpuModel *model)
{
    for (size_t i = 0; i < G_N_ELEMENTS(IDENTITY_KEYS); i++) {
        const void *place = (const char *)&model->identity + IDENTITY_KEYS[i].offset;
        if (!(model->given >> IDENTITY_KEYS[i].field & 1)) {
            continue;
        }
        g_string_append_printf(text, ",%s=", IDENTITY_KEYS[i].key);
        if (is_text(IDENTITY_KEYS[i].field)) {
            g_string_append(text, place);
        } else {
            g_string_append_printf(text, "%u", *(const unsigned *)place);
        }
    }
}

char *cpu_model_text(const CpuModel *model)
{
    CpuModel copy = *model;
    GString *text = g_string_new(CPU_MODELS[model->name].name);
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        if (*field_of(&copy, &KEYS[i])) {
            g_string_append_printf(text, ",%s=%s", KEYS[i].key, KEYS[i].other);
        }
    }
    add_identity(text, model);
    add_features(text, &model->added, '+');
    add_features(text, &model->removed, '-');
    for (unsigned i = 0; cpu_absent_get(i); i++) {
        if (cpu_absent_has(&model->absent, i)) {
            g_string_append_printf(text, ",+%s", cpu_absent_get(i)->name);
        }
    }
    return g_string_free(text, false);
}

char *cpu_model_help(void)
{
    GString *text = g_string_new("CPU models, for -cpu NAME[,key=value][,+FEATURE][,-FEATURE]:\n");
    for (size_t i = 0; i < NAMED_MODELS; i++) {
        g_string_append_printf(text, "  %-20s %s\n", CPU_MODELS[i].name, CPU_MODELS[i].description);
    }
    g_string_append(text, "A model has those of its features that the accelerator has.\n"
                          "\nKeys, the default first:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        g_autofree char *key =
            g_strdup_printf("%s=%s|%s", KEYS[i].key, KEYS[i].usual, KEYS[i].other);
        g_string_append_printf(text, "  %-25s %s\n", key, KEYS[i].description);
    }
    g_string_append(text, "  vendor=, family=, model=, stepping=, model-id=\n"
                          "                            what the CPU says it is\n");
    g_string_append(text, "\nFeatures:");
    size_t column = SIZE_MAX;
    for (unsigned i = CPU_FEATURE_ALWAYS + 1; i < CPU_FEATURE_COUNT; i++) {
        const char *name = cpu_feature_name((CpuFeature)i);
        size_t width = name ? strlen(name) + 1 : 0;
        if (column + width > 75) {
            g_string_append(text, "\n ");
            column = 1;
        }
        g_string_append_printf(text, "%s%s", name ? " " : "", name ? name : "");
        column += width;
    }
    return g_string_free(g_string_append_c(text, '\n'), false);
}

/* ---- the features of a model ---- */

bool cpu_model_is_host(const CpuModel *model)
{
    return model->name == MODEL_HOST;
}

static bool has_all(const CpuModel *model)
{
    return model->name == MODEL_MAX || model->name == MODEL_HOST;
}

static void add_named(const NamedModel *named, CpuFeatures *set)
{
    if (named->from) {
        add_named(cpu_models_find(named->from), set);
    }
    g_auto(GStrv) names = g_strsplit(named->features, " ", -1);
    for (char **name = names; *name; name++) {
        if (**name) {
            CpuFeature feature = cpu_feature_by_name(*name);
            g_assert(feature != CPU_FEATURE_COUNT);
            cpu_features_put(set, feature, true);
        }
    }
}

/* Returns the features that the model allows. */
static CpuFeatures features_of(const CpuModel *model)
{
    CpuFeatures set = {0};
    if (!has_all(model)) {
        add_named(&CPU_MODELS[model->name], &set);
    }
    for (unsigned i = CPU_FEATURE_ALWAYS + 1; i < CPU_FEATURE_COUNT; i++) {
        CpuFeature feature = (CpuFeature)i;
        bool on = has_all(model) || cpu_features_have(&set, feature) ||
                  cpu_features_have(&model->added, feature) || feature == CPU_FEATURE_HYPERVISOR;
        cpu_features_put(&set, feature, on && !cpu_features_have(&model->removed, feature));
    }
    return set;
}

void cpu_model_limit(const CpuModel *model, CpuFeatures *features)
{
    CpuFeatures set = features_of(model);
    for (size_t i = 0; i < G_N_ELEMENTS(features->bits); i++) {
        features->bits[i] &= set.bits[i];
    }
}

/* Returns the bits of the register that stand for features. */
static uint32_t feature_bits(uint32_t leaf, uint32_t subleaf, CpuidRegister which)
{
    CpuFeatures all;
    memset(&all, 0xff, sizeof(all));
    return cpu_features_word(&all, leaf, subleaf, which);
}

uint32_t cpu_model_limit_word(const CpuModel *model, uint32_t leaf, uint32_t subleaf,
                              CpuidRegister which, uint32_t word)
{
    CpuFeatures set = features_of(model);
    uint32_t known = feature_bits(leaf, subleaf, which);
    return word & (~known | cpu_features_word(&set, leaf, subleaf, which));
}

CpuFeatures cpu_model_wanted(const CpuModel *model)
{
    return has_all(model) ? model->added : features_of(model);
}
