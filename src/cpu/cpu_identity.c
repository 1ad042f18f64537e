/*
 * What a CPU says it is, and which features it was to have.
 */
#include "src/base/error.h"
#include "src/cpu/cpu_model.h"

#include <string.h>

/* ---- features that are missing ---- */

/* The board decides about the local APIC, and with it about its timer. */
static bool is_of_board(CpuFeature feature)
{
    return feature == CPU_FEATURE_HYPERVISOR || feature == CPU_FEATURE_APIC ||
           feature == CPU_FEATURE_TSC_DEADLINE;
}

/* Who is told, and what is missing. */
typedef struct Complaint {
    const char *accel;
    void (*warn)(void *opaque, const char *message); /* NULL: there is no warning */
    void *opaque;
    GString *missing;
} Complaint;

/* Takes the place. */
static void complain(Complaint *c, const char *name, char *place)
{
    g_string_append_printf(c->missing, "%s%s", c->missing->len ? ", " : "", name);
    if (c->warn) {
        g_autofree char *message =
            g_strdup_printf("warning: %s doesn't support requested feature: %s", c->accel, place);
        c->warn(c->opaque, message);
    }
    g_free(place);
}

bool cpu_model_check(const CpuModel *model, const CpuFeatures *available, const char *accel,
                     void (*warn)(void *opaque, const char *message), void *opaque, GError **error)
{
    CpuFeatures wanted = cpu_model_wanted(model);
    g_autoptr(GString) missing = g_string_new(NULL);
    bool tells = !model->checks_nothing && !model->enforces;
    Complaint c = {accel, tells ? warn : NULL, opaque, missing};
    for (unsigned i = CPU_FEATURE_ALWAYS + 1; i < CPU_FEATURE_COUNT; i++) {
        CpuFeature feature = (CpuFeature)i;
        if (cpu_features_have(&wanted, feature) && !cpu_features_have(available, feature) &&
            !is_of_board(feature)) {
            complain(&c, cpu_feature_name(feature), cpu_feature_place(feature));
        }
    }
    const CpuAbsent *absent;
    for (unsigned i = 0; (absent = cpu_absent_get(i)); i++) {
        if (cpu_absent_has(&model->absent, i)) {
            complain(&c, absent->name,
                     cpuid_place(absent->name, absent->leaf, absent->which, absent->bit));
        }
    }
    return !model->enforces || !missing->len ||
           error_refuse(error, "-cpu enforce: %s doesn't support the features %s", accel,
                        missing->str);
}

/* ---- identity ---- */

CpuIdentity cpu_model_identity(const CpuModel *model, const CpuIdentity *own, bool keeps_vendor)
{
    const CpuIdentity *named = &CPU_MODELS[model->name].identity, *given = &model->identity;
    CpuIdentity identity = *named->vendor ? *named : *own;
    if (model->given & 1u << IDENTITY_VENDOR) {
        memcpy(identity.vendor, given->vendor, sizeof(identity.vendor));
    } else if (keeps_vendor) {
        memcpy(identity.vendor, own->vendor, sizeof(identity.vendor));
    }
    if (model->given & 1u << IDENTITY_NAME) {
        memcpy(identity.name, given->name, sizeof(identity.name));
    }
    identity.family = model->given & 1u << IDENTITY_FAMILY ? given->family : identity.family;
    identity.model = model->given & 1u << IDENTITY_MODEL ? given->model : identity.model;
    identity.stepping =
        model->given & 1u << IDENTITY_STEPPING ? given->stepping : identity.stepping;
    return identity;
}

uint32_t cpu_identity_signature(const CpuIdentity *identity)
{
    unsigned base = MIN(identity->family, 0xfu);
    return (identity->family - base) << 20 | identity->model >> 4 << 16 | base << 8 |
           (identity->model & 0xf) << 4 | identity->stepping;
}

void cpu_identity_read(CpuIdentity *identity, uint32_t signature)
{
    unsigned base = signature >> 8 & 0xf;
    identity->family = base + (base == 0xf ? signature >> 20 & 0xff : 0);
    identity->model = (signature >> 4 & 0xf) | (signature >> 16 & 0xf) << 4;
    identity->stepping = signature & 0xf;
}

static uint32_t four_letters(const char *text)
{
    uint32_t word;
    memcpy(&word, text, sizeof(word));
    return word;
}

void cpu_identity_put_vendor(const CpuIdentity *identity, CpuidAnswer *answer)
{
    answer->ebx = four_letters(identity->vendor);
    answer->edx = four_letters(identity->vendor + 4);
    answer->ecx = four_letters(identity->vendor + 8);
}

CpuidAnswer cpu_identity_name(const CpuIdentity *identity, unsigned part)
{
    const char *text = identity->name + (size_t)part * 16;
    return (CpuidAnswer){four_letters(text), four_letters(text + 4), four_letters(text + 8),
                         four_letters(text + 12)};
}
