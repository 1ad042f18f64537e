/*
 * The value of -cpu: which CPU the guest sees, as plain data.
 *
 * If all members are zero, it is the default, "max".
 */
#ifndef PIOEMU_CPU_CPU_MODEL_H
#define PIOEMU_CPU_CPU_MODEL_H

#include "src/cpu/cpu_absent.h"
#include "src/cpu/cpu_feature.h"
#include "src/cpu/cpu_models.h"

#include <glib.h>
#include <stdbool.h>

typedef enum CpuIdentityField {
    IDENTITY_VENDOR,
    IDENTITY_FAMILY,
    IDENTITY_MODEL,
    IDENTITY_STEPPING,
    IDENTITY_NAME
} CpuIdentityField;

typedef struct CpuModel {
    /*
     * An unknown model-specific register raises #GP.  Otherwise it reads as 0
     * and writes are ignored.
     */
    bool unknown_msr_faults;
    /* The guest cannot find out that it runs on KVM. */
    bool hides_kvm;
    /* Whether the user hears of the features that the accelerator lacks, or is refused. */
    bool checks_nothing, enforces;
    /* What the user gave of the identity: the fields that `given` names. */
    CpuIdentity identity;
    unsigned given;             /* bits of CpuIdentityField */
    unsigned name;              /* an index into the list of -cpu help; 0 is max */
    CpuFeatures added, removed; /* the features of +f and -f */
    CpuAbsentSet absent;        /* those of +f that only a host may have */
} CpuModel;

/*
 * Parses "max,unknown-msr=fault,kvm=off,+f,-f,f=on|off", with QEMU's names of
 * models and features.  `ignored` gets the keys of QEMU's that have no effect
 * here, or NULL if there are none.  The caller frees it.  `ignored` may be
 * NULL.
 */
bool cpu_model_parse(const char *text, CpuModel *model, char **ignored, GError **error);
/* Returns a text that gives the same model when it is parsed.  The caller frees it. */
char *cpu_model_text(const CpuModel *model);
/* Returns what -cpu help prints.  The caller frees it. */
char *cpu_model_help(void);
/* Whether the model is "host", the CPU of the host, which only KVM can provide. */
bool cpu_model_is_host(const CpuModel *model);

/* Removes the features that the model does not have from those of an accelerator. */
void cpu_model_limit(const CpuModel *model, CpuFeatures *features);
/*
 * Does the same for one register of CPUID, where `word` is the accelerator's
 * value.  Bits that do not stand for features are kept.
 */
uint32_t cpu_model_limit_word(const CpuModel *model, uint32_t leaf, uint32_t subleaf,
                              CpuidRegister which, uint32_t word);

/* The features that the user asked for by the model's name or by +f. */
CpuFeatures cpu_model_wanted(const CpuModel *model);

/* ---- cpu_identity.c ---- */

/*
 * Looks for features of the model that the accelerator does not have.  Each is told as QEMU does;
 * with "enforce" they are an error. `accel` begins the sentence "TCG doesn't support ...".
 */
bool cpu_model_check(const CpuModel *model, const CpuFeatures *available, const char *accel,
                     void (*warn)(void *opaque, const char *message), void *opaque, GError **error);

/*
 * Who the CPU says it is.  `own` is what the accelerator says where the model leaves it
 * open.  `keeps_vendor`: a model's own vendor does not count, as with QEMU's KVM, since
 * the CPU behaves like the host's.
 */
CpuIdentity cpu_model_identity(const CpuModel *model, const CpuIdentity *own, bool keeps_vendor);
/* EAX of leaf 1 as family, model and stepping, and back. */
uint32_t cpu_identity_signature(const CpuIdentity *identity);
void cpu_identity_read(CpuIdentity *identity, uint32_t signature);
/* EBX, ECX and EDX of leaf 0 and of leaf 80000000h. */
void cpu_identity_put_vendor(const CpuIdentity *identity, CpuidAnswer *answer);
/* One of the three leaves with the name. */
CpuidAnswer cpu_identity_name(const CpuIdentity *identity, unsigned part);

#endif
