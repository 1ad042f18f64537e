#include "src/cpu/cpu_feature.h"

#include <glib.h>
#include <string.h>

#define LEAF_BASIC    0x00000001u
#define LEAF_MORE     0x00000007u
#define LEAF_EXTENDED 0x80000001u

/*
 * The place of a feature's bit in CPUID (Intel SDM volume 2, CPUID; AMD APM volume
 * 3, appendix E).
 */
typedef struct Place {
    const char *name;
    uint32_t leaf;
    CpuidRegister which;
    unsigned bit;
} Place;

static const Place PLACES[CPU_FEATURE_COUNT] = {
    [CPU_FEATURE_FPU] = {"fpu", LEAF_BASIC, CPUID_EDX, 0},
    [CPU_FEATURE_DE] = {"de", LEAF_BASIC, CPUID_EDX, 2},
    [CPU_FEATURE_PSE] = {"pse", LEAF_BASIC, CPUID_EDX, 3},
    [CPU_FEATURE_TSC] = {"tsc", LEAF_BASIC, CPUID_EDX, 4},
    [CPU_FEATURE_MSR] = {"msr", LEAF_BASIC, CPUID_EDX, 5},
    [CPU_FEATURE_PAE] = {"pae", LEAF_BASIC, CPUID_EDX, 6},
    [CPU_FEATURE_MCE] = {"mce", LEAF_BASIC, CPUID_EDX, 7},
    [CPU_FEATURE_CX8] = {"cx8", LEAF_BASIC, CPUID_EDX, 8},
    [CPU_FEATURE_APIC] = {"apic", LEAF_BASIC, CPUID_EDX, 9},
    [CPU_FEATURE_SEP] = {"sep", LEAF_BASIC, CPUID_EDX, 11},
    [CPU_FEATURE_MTRR] = {"mtrr", LEAF_BASIC, CPUID_EDX, 12},
    [CPU_FEATURE_PGE] = {"pge", LEAF_BASIC, CPUID_EDX, 13},
    [CPU_FEATURE_MCA] = {"mca", LEAF_BASIC, CPUID_EDX, 14},
    [CPU_FEATURE_CMOV] = {"cmov", LEAF_BASIC, CPUID_EDX, 15},
    [CPU_FEATURE_PAT] = {"pat", LEAF_BASIC, CPUID_EDX, 16},
    [CPU_FEATURE_PSE36] = {"pse36", LEAF_BASIC, CPUID_EDX, 17},
    [CPU_FEATURE_CLFLUSH] = {"clflush", LEAF_BASIC, CPUID_EDX, 19},
    [CPU_FEATURE_MMX] = {"mmx", LEAF_BASIC, CPUID_EDX, 23},
    [CPU_FEATURE_FXSR] = {"fxsr", LEAF_BASIC, CPUID_EDX, 24},
    [CPU_FEATURE_SSE] = {"sse", LEAF_BASIC, CPUID_EDX, 25},
    [CPU_FEATURE_SSE2] = {"sse2", LEAF_BASIC, CPUID_EDX, 26},
    [CPU_FEATURE_SSE3] = {"pni", LEAF_BASIC, CPUID_ECX, 0},
    [CPU_FEATURE_PCLMULQDQ] = {"pclmulqdq", LEAF_BASIC, CPUID_ECX, 1},
    [CPU_FEATURE_SSSE3] = {"ssse3", LEAF_BASIC, CPUID_ECX, 9},
    [CPU_FEATURE_FMA] = {"fma", LEAF_BASIC, CPUID_ECX, 12},
    [CPU_FEATURE_CX16] = {"cx16", LEAF_BASIC, CPUID_ECX, 13},
    [CPU_FEATURE_PCID] = {"pcid", LEAF_BASIC, CPUID_ECX, 17},
    [CPU_FEATURE_SSE4_1] = {"sse4.1", LEAF_BASIC, CPUID_ECX, 19},
    [CPU_FEATURE_SSE4_2] = {"sse4.2", LEAF_BASIC, CPUID_ECX, 20},
    [CPU_FEATURE_MOVBE] = {"movbe", LEAF_BASIC, CPUID_ECX, 22},
    [CPU_FEATURE_POPCNT] = {"popcnt", LEAF_BASIC, CPUID_ECX, 23},
    [CPU_FEATURE_TSC_DEADLINE] = {"tsc-deadline", LEAF_BASIC, CPUID_ECX, 24},
    [CPU_FEATURE_AES] = {"aes", LEAF_BASIC, CPUID_ECX, 25},
    [CPU_FEATURE_XSAVE] = {"xsave", LEAF_BASIC, CPUID_ECX, 26},
    [CPU_FEATURE_AVX] = {"avx", LEAF_BASIC, CPUID_ECX, 28},
    [CPU_FEATURE_F16C] = {"f16c", LEAF_BASIC, CPUID_ECX, 29},
    [CPU_FEATURE_RDRAND] = {"rdrand", LEAF_BASIC, CPUID_ECX, 30},
    [CPU_FEATURE_HYPERVISOR] = {"hypervisor", LEAF_BASIC, CPUID_ECX, 31},
    [CPU_FEATURE_FSGSBASE] = {"fsgsbase", LEAF_MORE, CPUID_EBX, 0},
    [CPU_FEATURE_BMI1] = {"bmi1", LEAF_MORE, CPUID_EBX, 3},
    [CPU_FEATURE_AVX2] = {"avx2", LEAF_MORE, CPUID_EBX, 5},
    [CPU_FEATURE_SMEP] = {"smep", LEAF_MORE, CPUID_EBX, 7},
    [CPU_FEATURE_BMI2] = {"bmi2", LEAF_MORE, CPUID_EBX, 8},
    [CPU_FEATURE_ERMS] = {"erms", LEAF_MORE, CPUID_EBX, 9},
    [CPU_FEATURE_RDSEED] = {"rdseed", LEAF_MORE, CPUID_EBX, 18},
    [CPU_FEATURE_ADX] = {"adx", LEAF_MORE, CPUID_EBX, 19},
    [CPU_FEATURE_SMAP] = {"smap", LEAF_MORE, CPUID_EBX, 20},
    [CPU_FEATURE_PCOMMIT] = {"pcommit", LEAF_MORE, CPUID_EBX, 22},
    [CPU_FEATURE_CLFLUSHOPT] = {"clflushopt", LEAF_MORE, CPUID_EBX, 23},
    [CPU_FEATURE_CLWB] = {"clwb", LEAF_MORE, CPUID_EBX, 24},
    [CPU_FEATURE_SHA_NI] = {"sha-ni", LEAF_MORE, CPUID_EBX, 29},
    [CPU_FEATURE_UMIP] = {"umip", LEAF_MORE, CPUID_ECX, 2},
    [CPU_FEATURE_LA57] = {"la57", LEAF_MORE, CPUID_ECX, 16},
    [CPU_FEATURE_RDPID] = {"rdpid", LEAF_MORE, CPUID_ECX, 22},
    [CPU_FEATURE_SYSCALL] = {"syscall", LEAF_EXTENDED, CPUID_EDX, 11},
    [CPU_FEATURE_NX] = {"nx", LEAF_EXTENDED, CPUID_EDX, 20},
    [CPU_FEATURE_PDPE1GB] = {"pdpe1gb", LEAF_EXTENDED, CPUID_EDX, 26},
    [CPU_FEATURE_RDTSCP] = {"rdtscp", LEAF_EXTENDED, CPUID_EDX, 27},
    [CPU_FEATURE_LM] = {"lm", LEAF_EXTENDED, CPUID_EDX, 29},
    [CPU_FEATURE_LAHF_LM] = {"lahf-lm", LEAF_EXTENDED, CPUID_ECX, 0},
    [CPU_FEATURE_ABM] = {"abm", LEAF_EXTENDED, CPUID_ECX, 5},
    [CPU_FEATURE_PREFETCHW] = {"3dnowprefetch", LEAF_EXTENDED, CPUID_ECX, 8},
};

void cpu_features_put(CpuFeatures *set, CpuFeature feature, bool on)
{
    uint64_t bit = UINT64_C(1) << feature % 64;
    uint64_t *word = &set->bits[feature / 64];

    *word = on ? *word | bit : *word & ~bit;
}

CpuFeature cpu_feature_by_name(const char *name)
{
    for (unsigned i = 0; i < CPU_FEATURE_COUNT; i++) {
        if (PLACES[i].name && !strcmp(PLACES[i].name, name)) {
            return (CpuFeature)i;
        }
    }
    return CPU_FEATURE_COUNT;
}

const char *cpu_feature_name(CpuFeature feature)
{
    return PLACES[feature].name;
}

uint32_t cpu_features_word(const CpuFeatures *set, uint32_t leaf, uint32_t subleaf,
                           CpuidRegister which)
{
    uint32_t word = 0;

    for (unsigned i = 1; i < CPU_FEATURE_COUNT && subleaf == 0; i++) {
        const Place *place = &PLACES[i];

        if (place->leaf == leaf && place->which == which && cpu_features_have(set, (CpuFeature)i)) {
            word |= 1u << place->bit;
        }
    }
    return word;
}

void cpu_features_add_word(CpuFeatures *set, uint32_t leaf, uint32_t subleaf, CpuidRegister which,
                           uint32_t word)
{
    for (unsigned i = CPU_FEATURE_ALWAYS + 1; i < CPU_FEATURE_COUNT; i++) {
        const Place *place = &PLACES[i];
        if (subleaf == 0 && place->name && place->leaf == leaf && place->which == which &&
            word >> place->bit & 1) {
            cpu_features_put(set, (CpuFeature)i, true);
        }
    }
}

char *cpuid_place(const char *name, uint32_t leaf, CpuidRegister which, unsigned bit)
{
    static const char *const REGISTERS[] = {"EAX", "EBX", "ECX", "EDX"};

    return g_strdup_printf("CPUID.%02XH:%s.%s [bit %u]", leaf, REGISTERS[which], name, bit);
}

char *cpu_feature_place(CpuFeature feature)
{
    const Place *place = &PLACES[feature];

    return cpuid_place(place->name, place->leaf, place->which, place->bit);
}
