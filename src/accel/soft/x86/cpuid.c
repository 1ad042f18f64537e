/*
 * CPUID: the answers of the CPU model (Intel SDM volume 2, CPUID).
 */
#include "src/accel/soft/x86/cpu.h"

#include <string.h>

#define LAST_BASIC       0xdu
#define STATE_SIZE       576u /* the XSAVE area: the legacy area and a header */
#define STATE_PARTS      3u   /* x87 and SSE */
#define LAST_BASIC_OLD   1u   /* for CPUs without LM, which had no higher leaves */
#define LAST_BASIC_NAMED 4u
#define FIRST_EXTENDED   0x80000000u
#define LAST_EXTENDED    0x80000008u
#define CLFLUSH_LINES    8u /* the cache line size in units of 8 bytes */
#define LINEAR_BITS      48u
#define LAST_NAME        0x80000004u

static CpuidAnswer vendor(const Cpu *cpu, uint32_t last)
{
    CpuidAnswer answer = {.eax = last};

    cpu_identity_put_vendor(&cpu_accel(cpu)->identity, &answer);
    return answer;
}

static CpuidAnswer basic_features(const Cpu *cpu, const CpuFeatures *features)
{
    uint32_t ecx = cpu_features_word(features, 1, 0, CPUID_ECX);
    bool clflush = cpu_features_have(features, CPU_FEATURE_CLFLUSH);

    /* OSXSAVE shows what the operating system has set. */
    if (cpu->cr4 & CR4_OSXSAVE) {
        ecx |= 1u << 27;
    }
    return (CpuidAnswer){
        .eax = cpu_identity_signature(&cpu_accel(cpu)->identity),
        .ebx = clflush ? CLFLUSH_LINES << 8 : 0,
        .ecx = ecx,
        .edx = cpu_features_word(features, 1, 0, CPUID_EDX),
    };
}

static CpuidAnswer more_features(const CpuFeatures *features, uint32_t subleaf)
{
    return (CpuidAnswer){
        .ebx = cpu_features_word(features, 7, subleaf, CPUID_EBX),
        .ecx = cpu_features_word(features, 7, subleaf, CPUID_ECX),
        .edx = cpu_features_word(features, 7, subleaf, CPUID_EDX),
    };
}

/* The sizes of the XSAVE area: with all components, and with those that are enabled now. */
static CpuidAnswer extended_state(const CpuFeatures *features, uint32_t subleaf)
{
    if (subleaf != 0 || !cpu_features_have(features, CPU_FEATURE_XSAVE)) {
        return (CpuidAnswer){0};
    }
    return (CpuidAnswer){.eax = STATE_PARTS, .ebx = STATE_SIZE, .ecx = STATE_SIZE};
}

static CpuidAnswer extended(const Cpu *cpu, const CpuFeatures *features, uint32_t leaf)
{
    bool wide = cpu_features_have(features, CPU_FEATURE_LM);

    switch (leaf) {
    case FIRST_EXTENDED:
        return vendor(cpu, wide ? LAST_EXTENDED : LAST_NAME);
    case 0x80000001:
        return (CpuidAnswer){
            .eax = cpu_identity_signature(&cpu_accel(cpu)->identity),
            .ecx = cpu_features_word(features, leaf, 0, CPUID_ECX),
            .edx = cpu_features_word(features, leaf, 0, CPUID_EDX),
        };
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
        return cpu_identity_name(&cpu_accel(cpu)->identity, leaf - 0x80000002);
    case LAST_EXTENDED:
        return (CpuidAnswer){.eax = wide ? PHYSICAL_BITS | LINEAR_BITS << 8 : 0};
    default:
        return (CpuidAnswer){0};
    }
}

/* A CPU without long mode has extended leaves only if it has a name to tell there. */
static CpuidAnswer own_answer(const Cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
    const CpuFeatures *features = &cpu_accel(cpu)->features;
    bool wide = cpu_features_have(features, CPU_FEATURE_LM);
    bool named = *cpu_accel(cpu)->identity.name;

    if (leaf >= FIRST_EXTENDED) {
        return wide || named ? extended(cpu, features, leaf) : (CpuidAnswer){0};
    }
    switch (leaf) {
    case 0:
        return vendor(cpu, wide ? LAST_BASIC : named ? LAST_BASIC_NAMED : LAST_BASIC_OLD);
    case 1:
        return basic_features(cpu, features);
    case 7:
        return wide ? more_features(features, subleaf) : (CpuidAnswer){0};
    case 0xd:
        return wide ? extended_state(features, subleaf) : (CpuidAnswer){0};
    default:
        return (CpuidAnswer){0};
    }
}

CpuidAnswer cpuid_answer(const Cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
    bool amd = !strcmp(cpu_accel(cpu)->identity.vendor, CPU_VENDOR_AMD);
    CpuidAnswer answer = own_answer(cpu, leaf, subleaf);

    if (leaf <= own_answer(cpu, leaf & FIRST_EXTENDED, 0).eax) {
        cpu_topology_cpuid(&cpu_host(cpu)->topology, cpu->vcpu.index, amd, leaf, subleaf, &answer);
    }
    return answer;
}
