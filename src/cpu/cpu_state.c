#include "src/cpu/cpu_state.h"

#include <string.h>

#define RESET_CR0   (CPU_CR0_CD | CPU_CR0_NW | CPU_CR0_ET)
#define RESET_DR6   0xffff0ff0u
#define RESET_DR7   0x400u
#define RESET_FCW   0x37fu
#define RESET_MXCSR 0x1f80u
/* Write-back, write-through, uncached minus and uncached, and the same once more. */
#define RESET_PAT UINT64_C(0x0007040600070406)
/* The APIC is enabled, and the CPU is the bootstrap processor. */
#define RESET_APIC_BASE UINT64_C(0xfee00900)
/* The host may poll while the CPU is halted. */
#define RESET_POLL_CONTROL 1u

#define TYPE_DATA 0x3u /* read/write, accessed */
#define TYPE_CODE 0xbu /* execute/read, accessed */
#define TYPE_LDT  0x2u
#define TYPE_TSS  0xbu /* busy, 32-bit: VMX requires this at reset */

static const CpuSegment RESET_DATA_SEGMENT = {
    .attributes = CPU_SEGMENT_P | CPU_SEGMENT_S | TYPE_DATA,
    .limit = 0xffff,
};

void cpu_state_reset(CpuState *state)
{
    memset(state, 0, sizeof(*state));
    state->rip = 0xfff0;
    state->rflags = CPU_FLAG_ONE;
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        state->segment[i] = RESET_DATA_SEGMENT;
    }
    state->segment[CPU_CS] = (CpuSegment){
        .selector = 0xf000,
        .base = 0xffff0000,
        .limit = 0xffff,
        .attributes = CPU_SEGMENT_P | CPU_SEGMENT_S | TYPE_CODE,
    };
    state->segment[CPU_LDTR] =
        (CpuSegment){.limit = 0xffff, .attributes = CPU_SEGMENT_P | TYPE_LDT};
    state->segment[CPU_TR] = (CpuSegment){.limit = 0xffff, .attributes = CPU_SEGMENT_P | TYPE_TSS};
    state->gdtr.limit = 0xffff;
    state->idtr.limit = 0xffff;
    state->cr0 = RESET_CR0;
    state->dr[6] = RESET_DR6;
    state->dr[7] = RESET_DR7;
    state->msr.pat = RESET_PAT;
    state->msr.apic_base = RESET_APIC_BASE;
    state->msr.kvm_poll_control = RESET_POLL_CONTROL;
    state->xcr0 = 1;
    memcpy(&state->fxsave[0], &(uint16_t){RESET_FCW}, sizeof(uint16_t));
    memcpy(&state->fxsave[24], &(uint32_t){RESET_MXCSR}, sizeof(uint32_t));
    state->a20 = true;
}
