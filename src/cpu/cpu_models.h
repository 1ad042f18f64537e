/*
 * The models of -cpu: their names, their features, and who they say they are.  The
 * table is QEMU 7.2's (query-cpu-model-expansion), without the features that
 * cpu_feature.h does not have.
 */
#ifndef PIOEMU_CPU_CPU_MODELS_H
#define PIOEMU_CPU_CPU_MODELS_H

#include <stddef.h>

#define CPU_VENDOR_AMD "AuthenticAMD"

/* Who a CPU says it is.  Without a vendor, the accelerator decides. */
typedef struct CpuIdentity {
    char vendor[13];
    unsigned family, model, stepping;
    char name[49]; /* "" of a CPU too old to have one */
} CpuIdentity;

/* A model has the features of the model `from`, and those listed here. */
typedef struct NamedModel {
    const char *name;
    const char *description;
    const char *from;
    const char *features; /* separated by spaces; NULL: all that the accelerator has */
    CpuIdentity identity;
} NamedModel;

enum { MODEL_MAX, MODEL_HOST, MODEL_BASE };

#define NAMED_MODELS 41
extern const NamedModel CPU_MODELS[NAMED_MODELS];

/* The model of one of QEMU's names, in any case; NULL: there is none. */
const NamedModel *cpu_models_find(const char *name);

#endif
