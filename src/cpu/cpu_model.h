/*
 * The value of -cpu: which CPU the guest sees, as plain data.
 *
 * If all members are zero, it is the default, "max".
 */
#ifndef PIOEMU_CPU_CPU_MODEL_H
#define PIOEMU_CPU_CPU_MODEL_H

#include "src/cpu/cpu_feature.h"

#include <glib.h>
#include <stdbool.h>

typedef struct CpuModel {
    /*
     * An unknown model-specific register raises #GP.  Otherwise it reads as 0
     * and writes are ignored.
     */
    bool unknown_msr_faults;
    /* The guest cannot find out that it runs on KVM. */
    bool hides_kvm;
    unsigned name;              /* an index into the list of -cpu help; 0 is max */
    CpuFeatures added, removed; /* the features of +f and -f */
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

#endif
