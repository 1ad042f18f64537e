/*
 * Model specific registers.
 */
#include "src/accel/soft/x86/access.h"

#define MSR_TSC            0x10u
#define MSR_APIC_BASE      0x1bu
#define MSR_MTRR_CAP       0xfeu
#define MSR_SYSENTER_CS    0x174u
#define MSR_SYSENTER_ESP   0x175u
#define MSR_SYSENTER_EIP   0x176u
#define MSR_MISC_ENABLE    0x1a0u
#define MSR_MTRR_BASE0     0x200u /* followed by its mask and then by the next pair */
#define MSR_PAT            0x277u
#define MSR_MTRR_DEF_TYPE  0x2ffu
#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_CSTAR          0xc0000083u
#define MSR_SFMASK         0xc0000084u
#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX        0xc0000103u

/* Write-combining and the fixed ranges are supported. */
#define MTRR_CAP (CPU_MTRR_RANGES | 1u << 8 | 1u << 10)

/* How a value is checked when it is written to a register. */
typedef enum Check {
    CHECK_NOTHING,
    CHECK_CANONICAL,
    CHECK_LOW,   /* 32 bits; the upper half is dropped */
    CHECK_UPPER, /* 32 bits; an upper half other than 0 is refused */
    CHECK_PAT,
} Check;

/* A register that is stored and read back.  Code that depends on it reads the stored value. */
typedef struct Kept {
    uint32_t index;
    uint8_t feature; /* CpuFeature */
    uint8_t check;
    size_t offset; /* in CpuMsrs */
} Kept;

#define KEPT(index, feature, check, field)                                                         \
    {                                                                                              \
        (index), CPU_FEATURE_##feature, (check), offsetof(CpuMsrs, field)                          \
    }

static const Kept KEPT_REGISTERS[] = {
    KEPT(MSR_APIC_BASE, ALWAYS, CHECK_NOTHING, apic_base),
    KEPT(MSR_SYSENTER_CS, SEP, CHECK_LOW, sysenter_cs),
    KEPT(MSR_SYSENTER_ESP, SEP, CHECK_CANONICAL, sysenter_esp),
    KEPT(MSR_SYSENTER_EIP, SEP, CHECK_CANONICAL, sysenter_eip),
    KEPT(MSR_MISC_ENABLE, LM, CHECK_NOTHING, misc_enable),
    KEPT(MSR_PAT, PAT, CHECK_PAT, pat),
    KEPT(MSR_MTRR_DEF_TYPE, MTRR, CHECK_NOTHING, mtrr_def_type),
    KEPT(MSR_STAR, SYSCALL, CHECK_NOTHING, star),
    KEPT(MSR_LSTAR, LM, CHECK_CANONICAL, lstar),
    KEPT(MSR_CSTAR, LM, CHECK_CANONICAL, cstar),
    KEPT(MSR_SFMASK, SYSCALL, CHECK_LOW, sfmask),
    KEPT(MSR_KERNEL_GS_BASE, LM, CHECK_CANONICAL, kernel_gs_base),
    KEPT(MSR_TSC_AUX, RDTSCP, CHECK_UPPER, tsc_aux),
};

static bool has(const Cpu *cpu, CpuFeature feature)
{
    return cpu_features_have(&cpu_accel(cpu)->features, feature);
}

static const Kept *find_kept(const Cpu *cpu, uint32_t index)
{
    for (size_t i = 0; i < G_N_ELEMENTS(KEPT_REGISTERS); i++) {
        const Kept *kept = &KEPT_REGISTERS[i];

        if (kept->index == index && has(cpu, kept->feature)) {
            return kept;
        }
    }
    return NULL;
}

/*
 * The registers of the memory type ranges, which are stored without effect.  NULL
 * for other registers.
 */
static uint64_t *find_mtrr(Cpu *cpu, uint32_t index)
{
    static const uint16_t FIXED[CPU_MTRR_FIXED] = {
        0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f,
    };
    unsigned range = index - MSR_MTRR_BASE0;

    if (!has(cpu, CPU_FEATURE_MTRR)) {
        return NULL;
    }
    if (range < 2 * CPU_MTRR_RANGES) {
        return range % 2 ? &cpu->msr.mtrr_mask[range / 2] : &cpu->msr.mtrr_base[range / 2];
    }
    for (unsigned i = 0; i < CPU_MTRR_FIXED; i++) {
        if (FIXED[i] == index) {
            return &cpu->msr.mtrr_fixed[i];
        }
    }
    return NULL;
}

/* Types 2 and 3 are reserved, and so are those above 7. */
static bool pat_is_valid(uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        uint8_t type = (uint8_t)(value >> i * 8);

        if (type > 7 || type == 2 || type == 3) {
            return false;
        }
    }
    return true;
}

static bool check_value(Check check, uint64_t *value)
{
    switch (check) {
    case CHECK_CANONICAL:
        return linear_is_canonical(*value);
    case CHECK_LOW:
        *value = (uint32_t)*value;
        return true;
    case CHECK_UPPER:
        return !(*value >> 32);
    case CHECK_PAT:
        return pat_is_valid(*value);
    default:
        return true;
    }
}

static uint64_t efer_bits(const Cpu *cpu)
{
    return (has(cpu, CPU_FEATURE_SYSCALL) ? CPU_EFER_SCE : 0) |
           (has(cpu, CPU_FEATURE_LM) ? CPU_EFER_LME | CPU_EFER_LMA : 0) |
           (has(cpu, CPU_FEATURE_NX) ? CPU_EFER_NXE : 0);
}

/* A write does not change LMA.  LME cannot change while paging is on. */
static bool write_efer(Cpu *cpu, uint64_t value)
{
    uint64_t old = cpu->msr.efer;

    if (value & ~efer_bits(cpu) || ((old ^ value) & CPU_EFER_LME && cpu->cr0 & CPU_CR0_PG)) {
        return false;
    }
    cpu->msr.efer = (value & ~(uint64_t)CPU_EFER_LMA) | (old & CPU_EFER_LMA);
    if ((old ^ value) & CPU_EFER_NXE) {
        tlb_flush(cpu);
    }
    return true;
}

static bool write_base(Cpu *cpu, unsigned segment, uint64_t value)
{
    if (!linear_is_canonical(value)) {
        return false;
    }
    segment_set_base(cpu, segment, value);
    return true;
}

/* Whether an access to a register that does not exist has no effect.  Otherwise it raises #GP. */
static bool msr_is_ignored(Cpu *cpu, uint32_t index, bool write, uint64_t value)
{
    accel_unknown_msr(&cpu->vcpu, index, write, value);
    return !cpu->vcpu.accel->host.model.unknown_msr_faults;
}

static bool read_other(Cpu *cpu, uint32_t index, uint64_t *value)
{
    const uint64_t *mtrr = find_mtrr(cpu, index);
    const Kept *kept = find_kept(cpu, index);

    if (mtrr) {
        *value = *mtrr;
        return true;
    }
    if (kept) {
        *value = *(const uint64_t *)((const uint8_t *)&cpu->msr + kept->offset);
        return true;
    }
    *value = 0;
    return msr_is_ignored(cpu, index, false, 0);
}

bool msr_read(Cpu *cpu, uint32_t index, uint64_t *value)
{
    bool wide = has(cpu, CPU_FEATURE_LM);

    if (index == MSR_TSC) {
        *value = cpu_tsc(cpu);
    } else if (index == MSR_EFER && efer_bits(cpu)) {
        *value = cpu->msr.efer;
    } else if (index == MSR_MTRR_CAP && has(cpu, CPU_FEATURE_MTRR)) {
        *value = MTRR_CAP;
    } else if (machine_check_has(cpu, index)) {
        *value = machine_check_read(cpu, index);
    } else if (index == MSR_FS_BASE && wide) {
        *value = cpu->segment[CPU_FS].base;
    } else if (index == MSR_GS_BASE && wide) {
        *value = cpu->segment[CPU_GS].base;
    } else {
        return read_other(cpu, index, value);
    }
    return true;
}

static bool write_other(Cpu *cpu, uint32_t index, uint64_t value)
{
    uint64_t *mtrr = find_mtrr(cpu, index);
    const Kept *kept = find_kept(cpu, index);

    if (mtrr) {
        *mtrr = value;
        return true;
    }
    if (kept) {
        if (!check_value(kept->check, &value)) {
            return false;
        }
        *(uint64_t *)((uint8_t *)&cpu->msr + kept->offset) = value;
        return true;
    }
    return msr_is_ignored(cpu, index, true, value);
}

bool msr_write(Cpu *cpu, uint32_t index, uint64_t value)
{
    bool wide = has(cpu, CPU_FEATURE_LM);

    if (index == MSR_TSC) {
        cpu->tsc_offset += value - cpu_tsc(cpu);
        return true;
    }
    if (index == MSR_EFER && efer_bits(cpu)) {
        return write_efer(cpu, value);
    }
    if (index == MSR_MTRR_CAP && has(cpu, CPU_FEATURE_MTRR)) {
        return false;
    }
    if (machine_check_has(cpu, index)) {
        return machine_check_write(cpu, index, value);
    }
    if (index == MSR_FS_BASE && wide) {
        return write_base(cpu, CPU_FS, value);
    }
    if (index == MSR_GS_BASE && wide) {
        return write_base(cpu, CPU_GS, value);
    }
    return write_other(cpu, index, value);
}
