/*
 * -cpu: which CPU the guest sees, as plain data.
 *
 * All zero is the default, "max".
 */
#ifndef PIOEMU_CPU_CPU_MODEL_H
#define PIOEMU_CPU_CPU_MODEL_H

#include <glib.h>
#include <stdbool.h>

typedef struct CpuModel {
    /* A model specific register that is not there: #GP instead of 0 and nothing. */
    bool unknown_msr_faults;
    /* The guest does not find out that it runs on KVM. */
    bool hides_kvm;
} CpuModel;

/* "max,unknown-msr=fault,kvm=off" */
bool cpu_model_parse(const char *text, CpuModel *model, GError **error);
/* The text that makes the same model; the caller frees it. */
char *cpu_model_text(const CpuModel *model);
/* What -cpu help prints; the caller frees it. */
char *cpu_model_help(void);

#endif
