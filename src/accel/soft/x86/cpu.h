/*
 * The state of the software CPU, and the functions of its run loop.
 *
 * Each file has one subject. decode.c and opcode_map.c read an instruction's bytes,
 * and make_insn.c makes an Insn record of it. block.c keeps runs of them, which
 * block_make.c makes and code_page.c drops (insn.h).  The op_*.c files contain the
 * handlers. paging.c and access.c reach memory (tlb.h). segment.c checks
 * descriptors, far.c jumps between segments, stack.c holds stacks that are not
 * committed yet (segment.h). interrupt.c delivers interrupts, task.c switches
 * tasks, control.c has the control registers, state.c converts to and from
 * CpuState, start.c resets and starts the CPU (system.h). trace.c logs, run.c runs
 * the CPU, and pace.c counts its instructions.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_CPU_H
#define PIOEMU_ACCEL_SOFT_X86_CPU_H

#include "src/accel/soft/interp/code_arena.h"
#include "src/accel/soft/translate/translate.h"
#include "src/accel/soft/x86/fx.h"
#include "src/accel/soft/x86/system.h"
#include "src/base/likely.h"

#include <setjmp.h>

#define FLAGS_ARITHMETIC                                                                           \
    (CPU_FLAG_CF | CPU_FLAG_PF | CPU_FLAG_AF | CPU_FLAG_ZF | CPU_FLAG_SF | CPU_FLAG_OF)

/* Physical addresses have 40 bits. */
#define PHYSICAL_BITS 40u
#define PHYSICAL_MASK ((UINT64_C(1) << PHYSICAL_BITS) - 1)

#define JUMP_BITS 14u
#define JUMP_SIZE (1u << JUMP_BITS)

/* The reasons for the run loop to look at every instruction. */
#define SINGLE_STEP_STEP   0x1u /* EFLAGS.TF */
#define SINGLE_STEP_DEBUG  0x2u /* a breakpoint is enabled in DR7 */
#define SINGLE_STEP_RESUME 0x4u /* EFLAGS.RF */
#define SINGLE_STEP_HELD   0x8u /* a device holds the bus: Vcpu.initiator.unfinished */

/* The reasons for data accesses to take the slow path. */
#define CHECK_ALIGNMENT   0x1u
#define CHECK_BREAKPOINTS 0x2u

/* Pages with the same address modulo so many pages form a group. */
#define BLOCK_PAGES 1024u

struct Cpu {
    Vcpu vcpu; /* must be first */

    /* Used often, by the fast paths and at the entry of a block. */
    union {
        _Alignas(VCPU_ALIGNMENT) uint64_t gpr[CPU_GPR_COUNT + 3];
        struct {
            uint64_t general[CPU_GPR_COUNT];
            uint64_t zero; /* REG_ZERO: always 0 */
            uint64_t rip;  /* REG_IP: inside a block, the address of its start */
            uint64_t far;  /* REG_FAR: always FAR_DISPLACEMENT */
        };
    };
    int64_t flag_result; /* see flags.h */
    uint64_t flag_carry;
    Tlb *tlb;            /* the table for the privilege level, or one that never hits */
    uint64_t generation; /* see GENERATION_STEP */
    int64_t fuel;        /* how many instructions may be executed before the run loop's turn */
    uint32_t stack_mask;
    uint16_t native_flags; /* what LAHF and SETO give, during translated code */
    uint8_t native_mxcsr;  /* whether the host's MXCSR is the guest's, during translated code */
    uint64_t native_value; /* of an instruction of translated code */
    uint64_t cs_end;
    uint64_t cs_descriptor; /* the descriptor that CS was loaded from; 0 if none */
    Segment segment[CPU_SEGMENT_COUNT];
    LinearAddr wide_base[CPU_SEGMENT_COUNT]; /* in 64-bit code: 0 except for FS and GS */

    uint32_t eflags; /* without FLAGS_ARITHMETIC */
    uint8_t cpl;
    uint8_t mode; /* the size of the code: 16, 32 or 64 */
    uint8_t single_step;
    uint8_t checks;

    uint64_t cr0, cr3, cr4;
    LinearAddr cr2, dr[8];
    uint64_t pdpte[4];
    CpuTable gdtr, idtr;
    CpuMsrs msr;
    uint64_t tsc_offset; /* the TSC minus the count of instructions */
    uint64_t xcr0;
    Fx fx;

    bool halted, nmi_masked;
    bool unstarted; /* waits for a start-up IPI: halted, with NMIs masked */
    bool yields;    /* there are other CPUs, so PAUSE gives up the turn */
    bool yielded;
    bool shut_down;         /* until the state is set once more */
    bool repeating;         /* a repeated instruction has paused, and nothing else ran since */
    bool stepping;          /* this instruction ends with a single-step trap */
    bool shadow;            /* the last instruction was STI or MOV SS */
    bool shadow_debug;      /* it was MOV SS, so debug traps wait as well */
    uint32_t debug_pending; /* bits of DR6 for traps that are due after the instruction */
    atomic_bool kicked;

    /* For debug.c. */
    struct {
        bool breaks, watches; /* there are breakpoints or watchpoints */
        bool passes;          /* the CPU stopped at the breakpoint at `passed` and must not stop
                                 there again */
        LinearAddr passed;
        bool alone; /* the next instruction runs without the following ones */
        bool hit;   /* the current instruction touched something that is watched */
    } debug;

    /* For the access or slow instruction that is under way. */
    const Insn *current;
    bool in_bus_access;
    bool reached_bus; /* a memory access reached a device; used by callers that clear it */
    struct {
        uint64_t value;
        LinearAddr linear;
        uint8_t size;
    } rmw;

    /* Faults. */
    jmp_buf escape;
    Fault fault;
    bool fault_pending;
    int delivering; /* the vector that is being delivered, or -1 */
    bool external;  /* the delivered event came from outside: EXT */
    InterpException last_exception;

    /* Counting of instructions: completed = granted - reserve - fuel. */
    uint64_t granted, reserve;
    uint64_t budget;

    uint64_t physical_mask; /* A20 */
    uint64_t linear_mask;   /* whether linear addresses wrap at 4 GiB */
    /* For -d; see trace.h. */
    bool trace_code, trace_entries, trace_interrupts, trace_mmu;
    bool unlinked; /* every entry of a block asks block_find() */

    CodeCache *code;
    Block *no_block; /* the target of empty links */
    Block *jump[JUMP_SIZE];
    /*
     * The range of linear addresses that large pages in the cache translate.  Empty
     * if first > last.
     */
    LinearAddr large_first, large_last;
    MemoryRegion region; /* the one that was accessed last by a physical address; size 0 if none */
    /* A bit for each group of pages that has a block of this generation; see BLOCK_PAGES. */
    uint64_t block_pages[BLOCK_PAGES / 64];
    _Alignas(VCPU_ALIGNMENT) Tlb tlbs[RIGHTS_COUNT];
    Tlb tlb_never;
};

#define CODE_CHUNK_BITS 24u
#define CODE_CHUNKS     (1u << (PHYSICAL_BITS - CODE_CHUNK_BITS))
#define CODE_CHUNK_SIZE (1u << (CODE_CHUNK_BITS - 12u))

struct InterpAccel {
    Accel accel; /* must be first */
    GPtrArray *cpus;
    Cpu *running;      /* the CPU that runs, or that ran last */
    uint64_t others;   /* instructions that the other CPUs had completed when its turn began */
    CodePage ***pages; /* [CODE_CHUNKS], each NULL or [CODE_CHUNK_SIZE] */
    CodeArena arena;
    Translator *translator;  /* NULL: everything is interpreted */
    uint8_t translate_after; /* how often a block is entered before it is translated */
    CpuFeatures features;
    CpuIdentity identity;
    bool paranoid;
    int looks;    /* how much may be done before the next look at the host's time; see
                     cpu_look_sooner() */
    uint64_t ips; /* instructions per second of machine time */
    bool a20;
};

static inline Cpu *cpu_of(Vcpu *vcpu)
{
    return (Cpu *)vcpu;
}

static inline InterpAccel *cpu_accel(const Cpu *cpu)
{
    return (InterpAccel *)cpu->vcpu.accel;
}

static inline const AccelHost *cpu_host(const Cpu *cpu)
{
    return &cpu->vcpu.accel->host;
}

static inline bool cpu_long_mode(const Cpu *cpu)
{
    return cpu->msr.efer & CPU_EFER_LMA;
}

/* Whether bits 63 to 47 are equal. */
static inline bool linear_is_canonical(LinearAddr linear)
{
    return (LinearAddr)((int64_t)(linear << 16) >> 16) == linear;
}

/* The rights of the running code. */
static inline Rights cpu_rights(const Cpu *cpu)
{
    if (cpu->cpl == 3) {
        return RIGHTS_USER;
    }
    return cpu->cr4 & CR4_SMAP && cpu->eflags & CPU_FLAG_AC ? RIGHTS_AC : RIGHTS_SYSTEM;
}

static inline LinearAddr linear_wrap(const Cpu *cpu, LinearAddr linear)
{
    return linear & cpu->linear_mask;
}

/* The linear address of CS:RIP. */
static inline LinearAddr cpu_code_linear(const Cpu *cpu)
{
    return cpu->mode == 64 ? cpu->rip : (uint32_t)(cpu->segment[CPU_CS].base + cpu->rip);
}

static inline bool cpu_protected(const Cpu *cpu)
{
    return (cpu->cr0 & CPU_CR0_PE) && !(cpu->eflags & CPU_FLAG_VM);
}

static inline bool cpu_v86(const Cpu *cpu)
{
    return cpu->eflags & CPU_FLAG_VM;
}

static inline unsigned cpu_iopl(const Cpu *cpu)
{
    return cpu->eflags >> 12 & 3;
}

/* Whether an event waits that chained blocks must not run past. */
static inline bool cpu_attention(const Cpu *cpu)
{
    return cpu->single_step || cpu->shadow || cpu->debug_pending ||
           (cpu->eflags & CPU_FLAG_IF &&
            atomic_load_explicit(&cpu->vcpu.intr, memory_order_relaxed)) ||
           atomic_load_explicit(&cpu->vcpu.nmi, memory_order_relaxed) ||
           atomic_load_explicit(&cpu->kicked, memory_order_relaxed);
}

/* Whether a block of this generation may lie in the page. */
static inline bool cpu_has_block_in_page(const Cpu *cpu, LinearAddr linear)
{
    return cpu->block_pages[linear >> 18 & (BLOCK_PAGES / 64 - 1)] >> (linear >> 12 & 63) & 1;
}

static inline void cpu_note_block_in_page(Cpu *cpu, LinearAddr linear)
{
    cpu->block_pages[linear >> 18 & (BLOCK_PAGES / 64 - 1)] |= UINT64_C(1) << (linear >> 12 & 63);
}

/* ---- run.c and pace.c ---- */

/* Abandons the instruction as if it had not begun.  It then runs once more, alone. */
G_NORETURN void cpu_do_alone(Cpu *cpu);
/* Recomputes Cpu.single_step, checks, tlb and generation from the registers that determine them. */
void cpu_mode_changed(Cpu *cpu);
/* Stores in Cpu.generation what blocks depend on besides translations. */
static inline void cpu_place_changed(Cpu *cpu)
{
    cpu->generation = (cpu->generation & ~(GENERATION_STEP - 1)) | cpu->mode / 32u |
                      (cpu->cpl == 3 ? GENERATION_USER : 0);
}
/* The same after a change of EFLAGS alone.  `old` is the previous value. */
static inline void cpu_flags_changed(Cpu *cpu, uint32_t old)
{
    if ((old ^ cpu->eflags) & (CPU_FLAG_TF | CPU_FLAG_RF | CPU_FLAG_AC)) {
        cpu_mode_changed(cpu);
    }
}
/* Leaves block chaining at the next block boundary. */
void cpu_leave_soon(Cpu *cpu);
/* Takes the next portion of fuel, if any is left. */
void cpu_refuel(Cpu *cpu);
/*
 * How many instructions may still be executed before the run loop returns.
 * Negative if there were too many.
 */
static inline int64_t cpu_fuel_left(const Cpu *cpu)
{
    return (int64_t)cpu->reserve + cpu->fuel;
}
/*
 * Accounts for work that took the host as long as about `count` turns of the run
 * loop.  The fuel does not show this, so the loop looks at the host's time sooner.
 */
static inline void cpu_look_sooner(Cpu *cpu, int count)
{
    InterpAccel *accel = cpu_accel(cpu);

    accel->looks -= count;
    if (unlikely(accel->looks <= 0)) {
        cpu_leave_soon(cpu);
    }
}
uint64_t cpu_instructions(const Cpu *cpu);
/* Instructions that all CPUs have completed.  Can also be called from inside run(). */
uint64_t accel_instructions(const InterpAccel *accel);
uint64_t cpu_tsc(const Cpu *cpu);

static inline void io_permission(Cpu *cpu, uint32_t port, unsigned size)
{
    if (cpu->cr0 & CPU_CR0_PE && (cpu_v86(cpu) || cpu->cpl > cpu_iopl(cpu))) {
        io_permission_by_map(cpu, port, size);
    }
}

#endif
