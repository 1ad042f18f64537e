/*
 * The state of one x86 CPU, independent of any accelerator.
 *
 * The crash report, the debugger, snapshots and a move from one accelerator to
 * another read and write only this.  Each accelerator converts it to and from its
 * own form.  It is plain data that can be copied freely.
 */
#ifndef PIOEMU_CPU_CPU_STATE_H
#define PIOEMU_CPU_CPU_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* In the order in which instructions encode them. */
enum { CPU_AX, CPU_CX, CPU_DX, CPU_BX, CPU_SP, CPU_BP, CPU_SI, CPU_DI, CPU_GPR_COUNT = 16 };
enum { CPU_ES, CPU_CS, CPU_SS, CPU_DS, CPU_FS, CPU_GS, CPU_LDTR, CPU_TR, CPU_SEGMENT_COUNT };

#define CPU_FLAG_CF   (1u << 0)
#define CPU_FLAG_ONE  (1u << 1)
#define CPU_FLAG_PF   (1u << 2)
#define CPU_FLAG_AF   (1u << 4)
#define CPU_FLAG_ZF   (1u << 6)
#define CPU_FLAG_SF   (1u << 7)
#define CPU_FLAG_TF   (1u << 8)
#define CPU_FLAG_IF   (1u << 9)
#define CPU_FLAG_DF   (1u << 10)
#define CPU_FLAG_OF   (1u << 11)
#define CPU_FLAG_IOPL (3u << 12)
#define CPU_FLAG_NT   (1u << 14)
#define CPU_FLAG_RF   (1u << 16)
#define CPU_FLAG_VM   (1u << 17)
#define CPU_FLAG_AC   (1u << 18)
#define CPU_FLAG_VIF  (1u << 19)
#define CPU_FLAG_VIP  (1u << 20)
#define CPU_FLAG_ID   (1u << 21)

#define CPU_CR0_PE (1u << 0)
#define CPU_CR0_MP (1u << 1)
#define CPU_CR0_EM (1u << 2)
#define CPU_CR0_TS (1u << 3)
#define CPU_CR0_ET (1u << 4)
#define CPU_CR0_NE (1u << 5)
#define CPU_CR0_WP (1u << 16)
#define CPU_CR0_AM (1u << 18)
#define CPU_CR0_NW (1u << 29)
#define CPU_CR0_CD (1u << 30)
#define CPU_CR0_PG (1u << 31)

#define CPU_EFER_SCE (1u << 0)
#define CPU_EFER_LME (1u << 8)
#define CPU_EFER_LMA (1u << 10)
#define CPU_EFER_NXE (1u << 11)

/*
 * A segment register with its hidden part.  `attributes` has the layout of VMX: the
 * descriptor's bits 40-47 in bits 0-7 (type, S, DPL, P) and its bits 52-55 in bits
 * 12-15 (AVL, L, D/B, G).  Bit 16 is set when the segment is unusable.  `limit` is
 * in bytes, with the granularity applied.
 */
typedef struct CpuSegment {
    uint16_t selector;
    uint32_t attributes;
    uint32_t limit;
    uint64_t base;
} CpuSegment;

#define CPU_SEGMENT_TYPE     0x000fu
#define CPU_SEGMENT_S        0x0010u
#define CPU_SEGMENT_DPL      0x0060u
#define CPU_SEGMENT_P        0x0080u
#define CPU_SEGMENT_AVL      0x1000u
#define CPU_SEGMENT_L        0x2000u
#define CPU_SEGMENT_DB       0x4000u
#define CPU_SEGMENT_G        0x8000u
#define CPU_SEGMENT_UNUSABLE 0x10000u

typedef struct CpuTable {
    uint64_t base;
    uint16_t limit;
} CpuTable;

#define CPU_MTRR_FIXED  11
#define CPU_MTRR_RANGES 8

#define CPU_MACHINE_CHECK_BANKS 10

typedef struct CpuMsrs {
    uint64_t efer, star, lstar, cstar, sfmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t tsc, tsc_aux, pat, apic_base, misc_enable;
    uint64_t tsc_deadline;
    /* The software CPU stores these for the guest, but they have no effect in it. */
    uint64_t mtrr_def_type, mtrr_fixed[CPU_MTRR_FIXED];
    uint64_t mtrr_base[CPU_MTRR_RANGES], mtrr_mask[CPU_MTRR_RANGES];
    uint64_t mcg_status, mcg_ctl;
    uint64_t mc_ctl[CPU_MACHINE_CHECK_BANKS], mc_addr[CPU_MACHINE_CHECK_BANKS];
    uint64_t mc_misc[CPU_MACHINE_CHECK_BANKS];
    /* What the guest has arranged with KVM.  Other accelerators do not have these. */
    uint64_t kvm_wall_clock, kvm_system_time, kvm_steal_time, kvm_pv_eoi;
    uint64_t kvm_async_pf, kvm_async_pf_int, kvm_migration_control;
    uint64_t kvm_poll_control;
} CpuMsrs;

typedef struct CpuState {
    uint64_t gpr[CPU_GPR_COUNT];
    uint64_t rip, rflags;
    CpuSegment segment[CPU_SEGMENT_COUNT];
    CpuTable gdtr, idtr;
    uint64_t cr0, cr2, cr3, cr4, cr8;
    uint64_t dr[8]; /* 4 and 5 are not used */
    CpuMsrs msr;
    uint64_t xcr0;
    uint8_t fxsave[512]; /* the image of FXSAVE: x87, MXCSR, XMM */
    bool halted;
    bool unstarted;        /* waits for a start-up IPI */
    bool interrupt_shadow; /* after STI or MOV SS */
    bool nmi_pending, nmi_masked;
    bool exception_pending, exception_has_error;
    uint8_t exception_vector;
    uint32_t exception_error;
    bool a20; /* whether address line 20 is on */
} CpuState;

/* The state after RESET#: real mode, CS base 0xffff0000, IP 0xfff0. */
void cpu_state_reset(CpuState *state);

#endif
