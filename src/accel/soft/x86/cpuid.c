/*
 * CPUID: the answers of the CPU model (Intel SDM volume 2, CPUID).
 */
#include "src/accel/soft/x86/cpu.h"

#include <string.h>

/*
 * The GNU C library ignores the features of CPUs of an unknown vendor, and
 * then refuses to start a program.  As in QEMU's TCG, the vendor is AMD.
 * Linux knows that AMD's CPUs do not need separate page tables for the kernel
 * and for programs.
 */
#define VENDOR    "AuthenticAMD"
#define SIGNATURE 0x663u /* family 6 (for CMOV), model 6, stepping 3, as in QEMU */

#define LAST_BASIC     0xdu
#define STATE_SIZE     576u /* the XSAVE area: the legacy area and a header */
#define STATE_PARTS    3u   /* x87 and SSE */
#define LAST_BASIC_OLD 1u   /* for CPUs without LM, which had no higher leaves */
#define FIRST_EXTENDED 0x80000000u
#define LAST_EXTENDED  0x80000008u
#define CLFLUSH_LINES  8u /* the cache line size in units of 8 bytes */
#define LINEAR_BITS    48u
#define NAME           "Software CPU of pioemu"

static uint32_t four(const char *text)
{
    uint32_t word;

    memcpy(&word, text, sizeof(word));
    return word;
}

static CpuidAnswer vendor(uint32_t last)
{
    return (CpuidAnswer){last, four(VENDOR), four(&VENDOR[8]), four(&VENDOR[4])};
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
        .eax = SIGNATURE,
        .ebx = cpu->vcpu.index << 24 | (clflush ? CLFLUSH_LINES << 8 : 0),
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

/* Each leaf has sixteen letters of the name. */
static CpuidAnswer name_part(unsigned part)
{
    char name[48] = NAME;
    const char *text = name + part * 16;

    return (CpuidAnswer){four(text), four(text + 4), four(text + 8), four(text + 12)};
}

static CpuidAnswer extended(const CpuFeatures *features, uint32_t leaf)
{
    switch (leaf) {
    case FIRST_EXTENDED:
        return vendor(LAST_EXTENDED);
    case 0x80000001:
        return (CpuidAnswer){
            .eax = SIGNATURE,
            .ecx = cpu_features_word(features, leaf, 0, CPUID_ECX),
            .edx = cpu_features_word(features, leaf, 0, CPUID_EDX),
        };
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
        return name_part(leaf - 0x80000002);
    case LAST_EXTENDED:
        return (CpuidAnswer){.eax = PHYSICAL_BITS | LINEAR_BITS << 8};
    default:
        return (CpuidAnswer){0};
    }
}

CpuidAnswer cpuid_answer(const Cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
    const CpuFeatures *features = &cpu_accel(cpu)->features;
    bool wide = cpu_features_have(features, CPU_FEATURE_LM);

    if (leaf >= FIRST_EXTENDED) {
        return wide ? extended(features, leaf) : (CpuidAnswer){0};
    }
    switch (leaf) {
    case 0:
        return vendor(wide ? LAST_BASIC : LAST_BASIC_OLD);
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
