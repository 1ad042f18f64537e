/*
 * The registers of the machine check architecture (Intel SDM volume 3, chapter
 * "Machine-Check Architecture").
 *
 * Firmware and kernels enable machine checks when they start.  No machine check ever
 * happens here, so the registers only keep what is written to them.
 */
#include "src/accel/soft/x86/access.h"

#define MCG_CAP    0x179u
#define MCG_STATUS 0x17au
#define MCG_CTL    0x17bu
#define BANK_FIRST 0x400u
#define BANK_SIZE  4u

#define CAP_HAS_CTL (1u << 8)

/* The registers of a bank. */
enum { BANK_CTL, BANK_STATUS, BANK_ADDR, BANK_MISC };

/* Some kernels leave out one of these bits of a bank in which some CPUs report too much. */
#define CTL_SPARED (1u << 10 | 1u)

bool machine_check_has(const Cpu *cpu, uint32_t index)
{
    if (!cpu_features_have(&cpu_accel(cpu)->features, CPU_FEATURE_MCA)) {
        return false;
    }
    return (index >= MCG_CAP && index <= MCG_CTL) ||
           index - BANK_FIRST < CPU_MACHINE_CHECK_BANKS * BANK_SIZE;
}

uint64_t machine_check_read(const Cpu *cpu, uint32_t index)
{
    unsigned bank = (index - BANK_FIRST) / BANK_SIZE;

    switch (index) {
    case MCG_CAP:
        return CAP_HAS_CTL | CPU_MACHINE_CHECK_BANKS;
    case MCG_STATUS:
        return cpu->msr.mcg_status;
    case MCG_CTL:
        return cpu->msr.mcg_ctl;
    default:
        break;
    }
    switch ((index - BANK_FIRST) % BANK_SIZE) {
    case BANK_CTL:
        return cpu->msr.mc_ctl[bank];
    case BANK_ADDR:
        return cpu->msr.mc_addr[bank];
    case BANK_MISC:
        return cpu->msr.mc_misc[bank];
    default:
        return 0; /* the status: there was no error */
    }
}

/* The errors of a unit are all reported or not at all. */
static bool set_control(uint64_t *control, uint64_t value)
{
    if (value && ~(value | CTL_SPARED)) {
        return false;
    }
    *control = value;
    return true;
}

static bool write_bank(Cpu *cpu, uint32_t index, uint64_t value)
{
    unsigned bank = (index - BANK_FIRST) / BANK_SIZE;

    switch ((index - BANK_FIRST) % BANK_SIZE) {
    case BANK_CTL:
        return set_control(&cpu->msr.mc_ctl[bank], value);
    case BANK_ADDR:
        cpu->msr.mc_addr[bank] = value;
        return true;
    case BANK_MISC:
        cpu->msr.mc_misc[bank] = value;
        return true;
    default:
        return value == 0; /* the status can only be cleared */
    }
}

bool machine_check_write(Cpu *cpu, uint32_t index, uint64_t value)
{
    switch (index) {
    case MCG_CAP:
        return false;
    case MCG_STATUS:
        cpu->msr.mcg_status = value;
        return true;
    case MCG_CTL:
        return set_control(&cpu->msr.mcg_ctl, value);
    default:
        return write_bank(cpu, index, value);
    }
}
