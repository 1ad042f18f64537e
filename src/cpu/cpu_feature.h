/* The features that CPUID reports, with QEMU's names. */
#ifndef PIOEMU_CPU_CPU_FEATURE_H
#define PIOEMU_CPU_CPU_FEATURE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum CpuFeature {
    CPU_FEATURE_ALWAYS, /* not a feature: every CPU of pioemu has it */
    CPU_FEATURE_FPU,
    CPU_FEATURE_DE,
    CPU_FEATURE_PSE,
    CPU_FEATURE_TSC,
    CPU_FEATURE_MSR,
    CPU_FEATURE_PAE,
    CPU_FEATURE_MCE,
    CPU_FEATURE_CX8,
    CPU_FEATURE_APIC,
    CPU_FEATURE_SEP,
    CPU_FEATURE_MTRR,
    CPU_FEATURE_PGE,
    CPU_FEATURE_MCA,
    CPU_FEATURE_CMOV,
    CPU_FEATURE_PAT,
    CPU_FEATURE_PSE36,
    CPU_FEATURE_CLFLUSH,
    CPU_FEATURE_MMX,
    CPU_FEATURE_FXSR,
    CPU_FEATURE_SSE,
    CPU_FEATURE_SSE2,
    CPU_FEATURE_SSE3,
    CPU_FEATURE_PCLMULQDQ,
    CPU_FEATURE_SSSE3,
    CPU_FEATURE_FMA,
    CPU_FEATURE_CX16,
    CPU_FEATURE_PCID,
    CPU_FEATURE_SSE4_1,
    CPU_FEATURE_SSE4_2,
    CPU_FEATURE_MOVBE,
    CPU_FEATURE_POPCNT,
    CPU_FEATURE_TSC_DEADLINE,
    CPU_FEATURE_AES,
    CPU_FEATURE_XSAVE,
    CPU_FEATURE_AVX,
    CPU_FEATURE_F16C,
    CPU_FEATURE_RDRAND,
    CPU_FEATURE_HYPERVISOR,
    CPU_FEATURE_FSGSBASE,
    CPU_FEATURE_BMI1,
    CPU_FEATURE_AVX2,
    CPU_FEATURE_SMEP,
    CPU_FEATURE_BMI2,
    CPU_FEATURE_ERMS,
    CPU_FEATURE_RDSEED,
    CPU_FEATURE_ADX,
    CPU_FEATURE_SMAP,
    CPU_FEATURE_PCOMMIT,
    CPU_FEATURE_CLFLUSHOPT,
    CPU_FEATURE_CLWB,
    CPU_FEATURE_SHA_NI,
    CPU_FEATURE_UMIP,
    CPU_FEATURE_LA57,
    CPU_FEATURE_RDPID,
    CPU_FEATURE_SYSCALL,
    CPU_FEATURE_NX,
    CPU_FEATURE_PDPE1GB,
    CPU_FEATURE_RDTSCP,
    CPU_FEATURE_LM,
    CPU_FEATURE_LAHF_LM,
    CPU_FEATURE_ABM,
    CPU_FEATURE_PREFETCHW,
    CPU_FEATURE_COUNT
} CpuFeature;

/* A set of features.  All bits zero is the empty set. */
typedef struct CpuFeatures {
    uint64_t bits[(CPU_FEATURE_COUNT + 63) / 64];
} CpuFeatures;

/* Whether the set contains the feature.  Every set contains CPU_FEATURE_ALWAYS. */
static inline bool cpu_features_have(const CpuFeatures *set, CpuFeature feature)
{
    return feature == CPU_FEATURE_ALWAYS || set->bits[feature / 64] >> feature % 64 & 1;
}

void cpu_features_put(CpuFeatures *set, CpuFeature feature, bool on);
/* The feature with a name such as "sse4.2", or CPU_FEATURE_COUNT if no feature has the name. */
CpuFeature cpu_feature_by_name(const char *name);
const char *cpu_feature_name(CpuFeature feature);

/* The registers that CPUID writes. */
typedef enum CpuidRegister { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX } CpuidRegister;

typedef struct CpuidAnswer {
    uint32_t eax, ebx, ecx, edx;
} CpuidAnswer;

/* The bits that the set makes 1 in a register after CPUID. */
uint32_t cpu_features_word(const CpuFeatures *set, uint32_t leaf, uint32_t subleaf,
                           CpuidRegister which);
/* Adds the features whose bits are 1 in a register after CPUID. */
void cpu_features_add_word(CpuFeatures *set, uint32_t leaf, uint32_t subleaf, CpuidRegister which,
                           uint32_t word);
/*
 * A feature as QEMU's warnings write it: "CPUID.07H:EBX.avx2 [bit 5]".  The caller
 * frees it.
 */
char *cpuid_place(const char *name, uint32_t leaf, CpuidRegister which, unsigned bit);
char *cpu_feature_place(CpuFeature feature);

#endif
