/*
 * -cpu: which CPU the guest sees, as plain data.
 *
 * All zero is the default, "max".
 */
#ifndef PIOEMU_CPU_CPU_MODEL_H
#define PIOEMU_CPU_CPU_MODEL_H

#include "src/cpu/cpu_feature.h"

#include <glib.h>
#include <stdbool.h>

typedef struct CpuModel {
    /* A model specific register that is not there: #GP instead of 0 and nothing. */
    bool unknown_msr_faults;
    /* The guest does not find out that it runs on KVM. */
    bool hides_kvm;
    unsigned name;              /* of the list of -cpu help; 0: max */
    CpuFeatures added, removed; /* +f and -f */
} CpuModel;

/*
 * Parses "max,unknown-msr=fault,kvm=off,+f,-f,f=on|off", with QEMU's names of models
 * and features.  `ignored` gets QEMU's keys that change nothing here, for the caller
 * to free, or NULL if there are none; it may be NULL.
 */
bool cpu_model_parse(const char *text, CpuModel *model, char **ignored, GError **error);
/* The text that makes the same model; the caller frees it. */
char *cpu_model_text(const CpuModel *model);
/* What -cpu help prints; the caller frees it. */
char *cpu_model_help(void);
/* "host": the CPU that the host has, which only KVM can give. */
bool cpu_model_is_host(const CpuModel *model);

/* Takes from the features of an accelerator those that the model does not have. */
void cpu_model_limit(const CpuModel *model, CpuFeatures *features);
/*
 * The same for one register of CPUID: `word` as the accelerator gives it.  Bits that
 * are no features stay.
 */
uint32_t cpu_model_limit_word(const CpuModel *model, uint32_t leaf, uint32_t subleaf,
                              CpuidRegister which, uint32_t word);

#endif
