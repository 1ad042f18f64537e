/*
 * The state of the software CPU, and what its run loop offers.
 *
 * One file per subject: decode.c and opcode_map.c turn bytes into Insn
 * records, block.c keeps runs of them (insn.h), the op_*.c files hold the
 * handlers, paging.c and access.c reach memory (tlb.h), segment.c checks
 * descriptors, far.c jumps between segments, stack.c holds stacks that are not
 * committed yet (segment.h), interrupt.c delivers, task.c switches, control.c
 * has the control registers, state.c converts to and from CpuState, start.c
 * resets and starts (system.h), trace.c logs, accel.c runs.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_CPU_H
#define PIOEMU_ACCEL_SOFT_X86_CPU_H

#include "src/accel/soft/interp/code_arena.h"
#include "src/accel/soft/x86/fx.h"
#include "src/accel/soft/x86/system.h"

#include <setjmp.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define FLAGS_ARITHMETIC                                                                           \
    (CPU_FLAG_CF | CPU_FLAG_PF | CPU_FLAG_AF | CPU_FLAG_ZF | CPU_FLAG_SF | CPU_FLAG_OF)

/* Physical addresses have 40 bits. */
#define PHYSICAL_BITS 40u
#define PHYSICAL_MASK ((UINT64_C(1) << PHYSICAL_BITS) - 1)

#define JUMP_BITS 12u
#define JUMP_SIZE (1u << JUMP_BITS)
#define HASH_BITS 14u
#define HASH_SIZE (1u << HASH_BITS)

/* Why the run loop must look at every instruction. */
#define SINGLE_STEP_STEP   0x1u /* EFLAGS.TF */
#define SINGLE_STEP_DEBUG  0x2u /* a breakpoint is enabled in DR7 */
#define SINGLE_STEP_RESUME 0x4u /* EFLAGS.RF */
#define SINGLE_STEP_HELD   0x8u /* a device has the bus: Vcpu.initiator.unfinished */

/* Why every data access takes the slow path. */
#define CHECK_ALIGNMENT   0x1u
#define CHECK_BREAKPOINTS 0x2u

struct Cpu {
    Vcpu vcpu; /* first */

    /* Hot: what fast paths and block entry look at. */
    union {
        _Alignas(VCPU_ALIGNMENT) uint64_t gpr[CPU_GPR_COUNT + 3];
        struct {
            uint64_t general[CPU_GPR_COUNT];
            uint64_t zero; /* REG_ZERO: always 0 */
            uint64_t rip;  /* REG_IP: of the block's start while inside one */
            uint64_t far;  /* REG_FAR: always FAR_DISPLACEMENT */
        };
    };
    int64_t flag_result; /* see flags.h */
    uint64_t flag_carry;
    Tlb *tlb;            /* of the privilege level, or one that never hits */
    uint64_t generation; /* see GENERATION_STEP */
    int64_t fuel;        /* instructions that may be done before run loop's turn */
    uint32_t stack_mask;
    uint64_t cs_end;
    uint64_t cs_descriptor; /* what CS was loaded from; 0: none */
    Segment segment[CPU_SEGMENT_COUNT];
    LinearAddr wide_base[CPU_SEGMENT_COUNT]; /* in 64-bit code: 0 but for FS and GS */

    uint32_t eflags; /* without FLAGS_ARITHMETIC */
    uint8_t cpl;
    uint8_t mode; /* 16, 32, 64: the code size */
    uint8_t single_step;
    uint8_t checks;

    uint64_t cr0, cr3, cr4;
    LinearAddr cr2, dr[8];
    uint64_t pdpte[4];
    CpuTable gdtr, idtr;
    CpuMsrs msr;
    uint64_t tsc_offset; /* TSC minus instructions */
    uint64_t xcr0;
    Fx fx;

    bool halted, nmi_masked;
    bool unstarted; /* waits for a start-up IPI: halted, and NMIs masked */
    bool yields;    /* there are others: PAUSE lets them go on */
    bool yielded;
    bool shut_down;         /* until the state is set again */
    bool repeating;         /* a repetition paused, and nothing came in between */
    bool stepping;          /* this instruction ends with a single-step trap */
    bool shadow;            /* the last instruction was STI or MOV SS */
    bool shadow_debug;      /* it was MOV SS: debug traps wait as well */
    uint32_t debug_pending; /* DR6 bits of traps due after the instruction */
    atomic_bool kicked;

    /* See debug.c. */
    struct {
        bool breaks, watches; /* there are points of the kind */
        bool passes;          /* the CPU stopped at the breakpoint at `passed`: not again there */
        LinearAddr passed;
        bool alone; /* the next instruction is done without those behind it */
        bool hit;   /* the instruction in progress touched what is watched */
    } debug;

    /* Of the access or slow instruction in progress. */
    const Insn *current;
    bool in_bus_access;
    bool reached_bus; /* an access of memory was a device's; for who clears it */
    struct {
        uint64_t value;
        LinearAddr linear;
        uint8_t size;
    } rmw;

    /* Faults */
    jmp_buf escape;
    Fault fault;
    bool fault_pending;
    int delivering; /* vector being delivered, or -1 */
    bool external;  /* what is being delivered came from outside: EXT */
    InterpException last_exception;

    /* Counting: completed = granted - reserve - fuel */
    uint64_t granted, reserve;
    uint64_t budget;

    uint64_t physical_mask; /* A20 */
    uint64_t linear_mask;   /* linear addresses wrap at 4 GiB, or do not */
    /* -d, see trace.h */
    bool trace_code, trace_entries, trace_interrupts;
    bool unlinked; /* block_find() is asked at every entry of a block */

    CodeCache *code;
    Block *no_block; /* what empty links point to */
    Block *jump[JUMP_SIZE];
    /* Linear addresses that large pages in the cache translate; first > last: none. */
    LinearAddr large_first, large_last;
    _Alignas(VCPU_ALIGNMENT) Tlb tlbs[RIGHTS_COUNT];
    Tlb tlb_never;
};

#define CODE_CHUNK_BITS 24u
#define CODE_CHUNKS     (1u << (PHYSICAL_BITS - CODE_CHUNK_BITS))
#define CODE_CHUNK_SIZE (1u << (CODE_CHUNK_BITS - 12u))

struct InterpAccel {
    Accel accel; /* first */
    GPtrArray *cpus;
    Cpu *running;      /* or the last that ran */
    uint64_t others;   /* instructions completed by the others when its turn began */
    CodePage ***pages; /* [CODE_CHUNKS], each NULL or [CODE_CHUNK_SIZE] */
    CodeArena arena;
    CpuFeatures features;
    bool paranoid;
    int looks;    /* what may be done before the host's time is looked at; see cpu_look_sooner() */
    uint64_t ips; /* instructions to a second of machine time */
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

/* Bits 63 to 47 are all the same. */
static inline bool linear_is_canonical(LinearAddr linear)
{
    return (LinearAddr)((int64_t)(linear << 16) >> 16) == linear;
}

/* The rights of the code that runs. */
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

/* Where CS:RIP is. */
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

/* Whether something waits that block chaining must not run past. */
static inline bool cpu_attention(const Cpu *cpu)
{
    return cpu->single_step || cpu->shadow || cpu->debug_pending ||
           (cpu->eflags & CPU_FLAG_IF &&
            atomic_load_explicit(&cpu->vcpu.intr, memory_order_relaxed)) ||
           atomic_load_explicit(&cpu->vcpu.nmi, memory_order_relaxed) ||
           atomic_load_explicit(&cpu->kicked, memory_order_relaxed);
}

/* ---- accel.c ---- */

/* Leaves the instruction as if it had not begun.  It is done again, alone. */
G_NORETURN void cpu_do_alone(Cpu *cpu);
/* Recomputes Cpu.single_step, checks, tlb and generation from the registers they follow from. */
void cpu_mode_changed(Cpu *cpu);
/* Puts what blocks depend on besides translations into Cpu.generation. */
static inline void cpu_place_changed(Cpu *cpu)
{
    cpu->generation = (cpu->generation & ~(GENERATION_STEP - 1)) | cpu->mode / 32u |
                      (cpu->cpl == 3 ? GENERATION_USER : 0);
}
/* The same when nothing but EFLAGS changed, from `old`. */
static inline void cpu_flags_changed(Cpu *cpu, uint32_t old)
{
    if ((old ^ cpu->eflags) & (CPU_FLAG_TF | CPU_FLAG_RF | CPU_FLAG_AC)) {
        cpu_mode_changed(cpu);
    }
}
/* Leaves block chaining at the next block boundary. */
void cpu_leave_soon(Cpu *cpu);
/* Takes the next portion of fuel, if there is one. */
void cpu_refuel(Cpu *cpu);
/* Instructions that may be done before the run loop returns; less than 0: too many were. */
static inline int64_t cpu_fuel_left(const Cpu *cpu)
{
    return (int64_t)cpu->reserve + cpu->fuel;
}
/*
 * What was done took the host about as long as `count` turns of the run loop,
 * which fuel does not tell: it looks at the host's time sooner.
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
/* Completed by all CPUs; also from inside run(). */
uint64_t accel_instructions(const InterpAccel *accel);
uint64_t cpu_tsc(const Cpu *cpu);

static inline void io_permission(Cpu *cpu, uint32_t port, unsigned size)
{
    if (cpu->cr0 & CPU_CR0_PE && (cpu_v86(cpu) || cpu->cpl > cpu_iopl(cpu))) {
        io_permission_by_map(cpu, port, size);
    }
}

#endif
