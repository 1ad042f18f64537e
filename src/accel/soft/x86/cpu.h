/*
 * The software CPU's own state and the seams between its files.
 *
 * One file per subject: decode.c and opcode_map.c turn bytes into Insn
 * records, block.c keeps runs of them, the op_*.c files hold the handlers,
 * paging.c translates, segment.c checks descriptors, interrupt.c delivers,
 * task.c switches, state.c converts to and from CpuState, start.c resets and
 * starts, trace.c logs, accel.c runs.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_CPU_H
#define PIOEMU_ACCEL_SOFT_X86_CPU_H

#include "src/accel/soft/interp/code_arena.h"
#include "src/accel/soft/soft.h"

#include <setjmp.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define PAGE_SIZE 4096u
#define PAGE_MASK 0xfffff000u

/* CR4 bits that this CPU has; the rest fault when written. */
#define CR4_TSD       (1u << 2)
#define CR4_DE        (1u << 3)
#define CR4_PSE       (1u << 4)
#define CR4_PAE       (1u << 5)
#define CR4_PGE       (1u << 7)
#define CR4_SUPPORTED (CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_PGE)

#define FLAGS_ARITHMETIC                                                                           \
    (CPU_FLAG_CF | CPU_FLAG_PF | CPU_FLAG_AF | CPU_FLAG_ZF | CPU_FLAG_SF | CPU_FLAG_OF)

/* Physical addresses have 36 bits. */
#define PHYSICAL_MASK UINT64_C(0xfffffffff)

enum Vector {
    VECTOR_DE = 0,
    VECTOR_DB = 1,
    VECTOR_NMI = 2,
    VECTOR_BP = 3,
    VECTOR_OF = 4,
    VECTOR_BR = 5,
    VECTOR_UD = 6,
    VECTOR_NM = 7,
    VECTOR_DF = 8,
    VECTOR_TS = 10,
    VECTOR_NP = 11,
    VECTOR_SS = 12,
    VECTOR_GP = 13,
    VECTOR_PF = 14,
    VECTOR_AC = 17,
};

typedef struct Cpu Cpu;
typedef struct Insn Insn;
typedef struct Block Block;

/*
 * A handler does one instruction and yields the next one to do, or NULL to
 * return to the run loop.  With dispatch by tail call it does not yield but
 * goes there; see NEXT in handlers.h.
 */
typedef const Insn *Handler(Cpu *cpu, const Insn *insn);

/* Insn.prefix */
#define INSN_OP32   0x01u /* operand size is 32 bits */
#define INSN_REP    0x02u
#define INSN_REPNE  0x04u
#define INSN_LOCK   0x08u
#define INSN_MEMORY 0x10u /* the ModRM operand is in memory */

/*
 * A decoded instruction.  dst, src, base and index are byte offsets into
 * Cpu.gpr; base and index are REG_ZERO when there is none.
 */
struct Insn {
    Handler *handler;
    uint32_t imm;
    uint32_t disp;
    uint32_t address_mask; /* 0xffff or 0xffffffff */
    uint16_t start, end;   /* from the start of the block */
    uint8_t after;         /* instructions after this one in the block */
    uint8_t dst, src;
    uint8_t base, index, scale;
    uint8_t segment;
    uint8_t prefix;
};
_Static_assert(sizeof(Insn) == 32, "half a cache line");

#define REG_ZERO       (CPU_GPR_COUNT * 8u)
#define REG_OFFSET(n)  ((uint8_t)((n)*8u))
#define BLOCK_MAX      64u
#define INSN_BYTES_MAX 15u

/* What follows the last instruction of a block, in an Insn's place. */
typedef struct BlockTail {
    Handler *handler; /* goes on after the block */
    Block *link[2];   /* where it went last: fallen through, taken */
    uint16_t end;
} BlockTail;
_Static_assert(sizeof(BlockTail) <= sizeof(Insn), "takes an Insn's place");

/* Decoded instructions of one page, in a row, that only the last may leave. */
struct Block {
    uint64_t entry; /* Cpu.generation | linear address it may be entered at */
    uint64_t physical;
    Block *hash_next, *page_next;
    uint8_t *copy;   /* paranoid: the bytes as they were decoded */
    uint16_t count;  /* of instructions */
    uint16_t length; /* in bytes */
    bool code32;
    bool kept;  /* in the cache; otherwise used at once */
    bool stale; /* its bytes changed */
    bool fixed; /* not patched but made anew */
    uint64_t padding[2];
    Insn insns[]; /* each in one cache line of the arena */
};

_Static_assert(sizeof(Block) % sizeof(Insn) == 0, "keeps the arena aligned");

#define NO_ENTRY          UINT64_MAX
#define GENERATION_CODE32 (UINT64_C(1) << 32)
#define GENERATION_STEP   (UINT64_C(2) << 32)

/*
 * The immediate that was patched last, if nothing else was made of its bytes.
 * An instruction is in several blocks where the code was also entered between
 * their beginnings, as a slice does that ends there.
 */
#define PATCHED_MAX 4u
typedef struct Patched {
    uint16_t at, size; /* in the page; size 0: none */
    uint8_t how;       /* IMMEDIATE_SIZE and IMMEDIATE_SIGNED */
    uint8_t from;      /* bytes of the immediate before `at` */
    uint8_t count;
    Insn *insn[PATCHED_MAX];
} Patched;

/* The bytes of a physical page that blocks were made of. */
typedef struct CodePage {
    Patched patched;
    uint64_t bytes[64]; /* a bit per byte */
    Block *blocks[64];  /* by the 64 bytes they begin in, linked by page_next */
    unsigned longest;   /* bytes of the longest of them, or more */
} CodePage;

/*
 * A translation.  A tag is the linear page with flag bits in its low bits; the
 * fast paths compare whole tags, so any flag sends the access to the slow one.
 */
typedef struct TlbEntry {
    uint32_t read_tag, write_tag;
    uintptr_t addend; /* host address minus linear address */
    uint64_t physical;
    CodePage **code;
} TlbEntry;

#define TLB_INVALID 0x1u
#define TLB_BUS     0x2u /* nothing backs it */
#define TLB_ROM     0x4u /* writes are ignored */
#define TLB_CODE    0x8u /* blocks were made of parts of it */

#define TLB_BITS 9u
#define TLB_SIZE (1u << TLB_BITS)

#define JUMP_BITS 12u
#define JUMP_SIZE (1u << JUMP_BITS)
#define HASH_BITS 14u
#define HASH_SIZE (1u << HASH_BITS)

/* read_end and write_end are 0 when every access has to be looked at. */
typedef struct Segment {
    uint64_t read_end, write_end; /* limit + 1 */
    uint32_t base, limit;
    uint32_t attributes; /* as in CpuSegment */
    uint16_t selector;
} Segment;

/* Why the run loop must look at every instruction. */
#define SINGLE_STEP_STEP   0x1u /* EFLAGS.TF */
#define SINGLE_STEP_DEBUG  0x2u /* a breakpoint is enabled in DR7 */
#define SINGLE_STEP_RESUME 0x4u /* EFLAGS.RF */
#define SINGLE_STEP_HELD   0x8u /* a device has the bus: Vcpu.initiator.unfinished */

/* Why every data access takes the slow path. */
#define CHECK_ALIGNMENT   0x1u
#define CHECK_BREAKPOINTS 0x2u

typedef struct Fault {
    uint8_t vector;
    bool has_error;
    uint32_t error;
} Fault;

/* How an event came, for its delivery. */
typedef enum EventKind { EVENT_EXCEPTION, EVENT_SOFTWARE, EVENT_EXTERNAL } EventKind;

typedef struct CodeCache CodeCache;

struct Cpu {
    Vcpu vcpu; /* first */

    /* Hot: what fast paths and block entry look at. */
    _Alignas(VCPU_ALIGNMENT) uint64_t gpr[CPU_GPR_COUNT + 1]; /* the last one is always 0 */
    int64_t flag_result;                                      /* see flags.h */
    uint64_t flag_carry;
    TlbEntry *tlb;       /* of the privilege level, or one that never hits */
    uint64_t generation; /* upper half: code size, and a number that grows when
                            translations change */
    int64_t fuel;        /* instructions that may be done before run loop's turn */
    uint32_t eip;        /* of the block's start while inside one */
    uint32_t stack_mask;
    uint64_t cs_end;
    uint64_t cs_descriptor; /* what CS was loaded from; 0: none */
    Segment segment[CPU_SEGMENT_COUNT];

    uint32_t eflags; /* without FLAGS_ARITHMETIC */
    uint8_t cpl;
    bool code32;
    uint8_t single_step;
    uint8_t checks;

    uint32_t cr0, cr2, cr3, cr4;
    uint32_t dr[8];
    uint64_t pdpte[4];
    CpuTable gdtr, idtr;
    CpuMsrs msr;
    uint64_t tsc_offset; /* TSC minus instructions */
    uint64_t xcr0;
    uint8_t fxsave[512]; /* kept for whoever reads the state; there is no FPU */

    bool halted, nmi_masked;
    bool unstarted; /* waits for a start-up IPI: halted, and NMIs masked */
    bool yields;    /* there are others: PAUSE lets them go on */
    bool yielded;
    bool shut_down;         /* until the state is set anew */
    bool repeating;         /* a repetition paused, and nothing came in between */
    bool stepping;          /* this instruction ends with a single-step trap */
    bool shadow;            /* the last instruction was STI or MOV SS */
    bool shadow_debug;      /* it was MOV SS: debug traps wait as well */
    uint32_t debug_pending; /* DR6 bits of traps due after the instruction */
    atomic_bool kicked;

    /* Of the access or slow instruction in progress. */
    const Insn *current;
    bool in_bus_access;
    bool reached_bus; /* an access of memory was a device's; for who clears it */
    struct {
        uint64_t value;
        uint32_t linear;
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
    /* -d, see trace.h */
    bool trace_code, trace_entries, trace_interrupts;
    bool unlinked; /* block_find() is asked at every entry of a block */

    CodeCache *code;
    Block *no_block; /* what empty links point to */
    Block *jump[JUMP_SIZE];
    _Alignas(VCPU_ALIGNMENT) TlbEntry tlbs[2][TLB_SIZE]; /* supervisor, user */
    TlbEntry tlb_never[TLB_SIZE];
};

#define CODE_CHUNK_BITS 24u
#define CODE_CHUNKS     (1u << (36u - CODE_CHUNK_BITS))
#define CODE_CHUNK_SIZE (1u << (CODE_CHUNK_BITS - 12u))

typedef struct InterpAccel {
    Accel accel; /* first */
    GPtrArray *cpus;
    Cpu *running;      /* or the last that ran */
    uint64_t others;   /* instructions completed by the others when its turn began */
    CodePage ***pages; /* [CODE_CHUNKS], each NULL or [CODE_CHUNK_SIZE] */
    CodeArena arena;
    bool paranoid;
    int looks;    /* what may be done before the host's time is looked at; see cpu_look_sooner() */
    uint64_t ips; /* instructions to a second of machine time */
    bool a20;
} InterpAccel;

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

/* ---- accel.c ------------------------------------------------------------ */

/* Abandons the current instruction; the run loop delivers the exception. */
G_NORETURN void cpu_raise(Cpu *cpu, uint8_t vector);
G_NORETURN void cpu_raise_error(Cpu *cpu, uint8_t vector, uint32_t error);
/* Recomputes Cpu.single_step, checks and tlb from the registers they follow from. */
void cpu_mode_changed(Cpu *cpu);
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

/* ---- block.c ------------------------------------------------------------ */

/* NULL: the host has no memory. */
CodeCache *code_cache_new(Cpu *cpu);
void code_cache_free(CodeCache *cache);
void code_cache_flush(Cpu *cpu);
/*
 * The block at CS:EIP, which it may be entered at; at most `limit`
 * instructions long.  Raises what fetching raises.
 */
Block *block_find(Cpu *cpu, uint64_t limit);
/*
 * [address, address + size) of one page, which is at `host`, was written by
 * the instruction `by`, which goes on as the one that it began as.
 */
void code_written(CodePage *page, uint64_t address, const uint8_t *host, size_t size,
                  const Insn *by);
CodePage **code_page_slot(InterpAccel *accel, uint64_t physical);

/* ---- decode.c ----------------------------------------------------------- */

typedef enum DecodeResult { DECODE_OK, DECODE_ENDS_BLOCK, DECODE_NEEDS_MORE } DecodeResult;

/* How an immediate is stored, at the end of the instruction; 0: not plainly. */
#define IMMEDIATE_SIZE   0x7u
#define IMMEDIATE_SIGNED 0x8u

/*
 * Decodes one instruction from `size` bytes into `insn` (all but after);
 * `start` is its place in the block.
 */
DecodeResult decode_insn(const uint8_t *bytes, size_t size, bool code32, uint16_t start, Insn *insn,
                         uint8_t *immediate);

/* ---- paging.c ----------------------------------------------------------- */

typedef enum MemoryAccess { ACCESS_READ, ACCESS_WRITE } MemoryAccess;

void tlb_flush(Cpu *cpu);
void tlb_flush_page(Cpu *cpu, uint32_t linear);
/* The page became a code page. */
void tlb_mark_code(Cpu *cpu, uint64_t physical);
/* The entry that translates `linear`, walking the tables if need be. */
TlbEntry *tlb_entry(Cpu *cpu, uint32_t linear, MemoryAccess access, bool user);
/* Loads the PDPTEs at CR3; false if a reserved bit is set in one. */
bool paging_load_pdptes(Cpu *cpu, uint64_t pdpte[4]);

uint64_t physical_read(Cpu *cpu, uint64_t address, unsigned size);
void physical_write(Cpu *cpu, uint64_t address, unsigned size, uint64_t value);

/* ---- access.c: the slow half of access.h -------------------------------- */

uint32_t mem_read_slow(Cpu *cpu, const Insn *insn, uint32_t linear, unsigned size);
void mem_write_slow(Cpu *cpu, const Insn *insn, uint32_t linear, unsigned size, uint32_t value);
uint32_t mem_read_outside(Cpu *cpu, const Insn *insn, unsigned segment, uint32_t offset,
                          unsigned size);
void mem_write_outside(Cpu *cpu, const Insn *insn, unsigned segment, uint32_t offset, unsigned size,
                       uint32_t value);
void *mem_rmw_slow(Cpu *cpu, const Insn *insn, unsigned segment, uint32_t offset, unsigned size);
void mem_rmw_commit(Cpu *cpu);
/* Raises #SS or #GP unless the access is within the segment and its rights. */
uint32_t segment_check(Cpu *cpu, unsigned segment, uint32_t offset, unsigned size,
                       MemoryAccess access);
/* Raises what writing `count` items of `size` bytes would raise. */
void mem_probe_write(Cpu *cpu, unsigned segment, uint32_t offset, unsigned size, unsigned count);

/* At linear addresses, with the rights of the level named. */
uint32_t linear_read(Cpu *cpu, uint32_t linear, unsigned size, bool user);
void linear_write(Cpu *cpu, uint32_t linear, unsigned size, uint32_t value, bool user);
void linear_probe(Cpu *cpu, uint32_t linear, unsigned size, MemoryAccess access, bool user);
/* Alignment and data breakpoints, if Cpu.checks asks for any. */
void linear_check(Cpu *cpu, uint32_t linear, unsigned size, MemoryAccess access);

/* ---- segment.c ---------------------------------------------------------- */

typedef struct Descriptor {
    uint32_t low, high;
    uint32_t address; /* linear, of the descriptor */
} Descriptor;

/* Recomputes what is derived from a segment register. */
void segment_changed(Cpu *cpu, unsigned segment);
void segment_set_real(Cpu *cpu, unsigned segment, uint16_t selector);
/* Loads ES, SS, DS, FS or GS with all checks. */
void segment_load(Cpu *cpu, unsigned segment, uint16_t selector);
/* False if the selector is outside its table. */
bool descriptor_read(Cpu *cpu, uint16_t selector, Descriptor *descriptor);
/* As above, raising `vector` with the selector. */
void descriptor_need(Cpu *cpu, uint16_t selector, uint8_t vector, Descriptor *descriptor);
void descriptor_set_accessed(Cpu *cpu, Descriptor *descriptor);
Segment descriptor_segment(const Descriptor *descriptor, uint16_t selector);
/* Checks a selector for SS of privilege `cpl`, raising `vector`. */
void segment_need_stack(Cpu *cpu, uint16_t selector, unsigned cpl, uint8_t vector,
                        Descriptor *descriptor);
/* Checks CS:EIP of a far return or IRET. */
void segment_need_return_code(Cpu *cpu, uint16_t selector, uint32_t offset, Descriptor *code);
void segment_set_cs(Cpu *cpu, Descriptor *descriptor, uint16_t selector, unsigned cpl);
/* Whether CS is `selector`, loaded from what its descriptor still is. */
bool segment_is_cs(Cpu *cpu, uint32_t selector);
void segment_set_ss(Cpu *cpu, Descriptor *descriptor, uint16_t selector);
/* After a return to an outer level: drops segments it may not have. */
void segment_drop_inner(Cpu *cpu);
void segment_load_ldtr(Cpu *cpu, uint16_t selector, uint8_t vector);
void segment_load_tr(Cpu *cpu, uint16_t selector);
uint32_t selector_error(const Cpu *cpu, uint16_t selector);

static inline bool segment_expands_down(const Segment *s)
{
    return (s->attributes & (CPU_SEGMENT_S | 0xc)) == (CPU_SEGMENT_S | 4);
}

/* Whether an access is within the limit. */
static inline bool segment_holds(const Segment *s, uint32_t offset, unsigned size)
{
    uint64_t last = (uint64_t)offset + size - 1;

    if (s->attributes & CPU_SEGMENT_UNUSABLE) {
        return false;
    }
    if (segment_expands_down(s)) {
        return offset > s->limit && last <= (s->attributes & CPU_SEGMENT_DB ? UINT32_MAX : 0xffff);
    }
    /* A segment of 4 GiB wraps around. */
    return s->limit == UINT32_MAX || last <= s->limit;
}

static inline unsigned descriptor_type(const Descriptor *d)
{
    return d->high >> 8 & 0xf;
}

static inline bool descriptor_is_system(const Descriptor *d)
{
    return !(d->high & 1u << 12);
}

static inline unsigned descriptor_dpl(const Descriptor *d)
{
    return d->high >> 13 & 3;
}

static inline bool descriptor_present(const Descriptor *d)
{
    return d->high & 1u << 15;
}

static inline bool descriptor_is_code(const Descriptor *d)
{
    return (d->high & 0x1800) == 0x1800;
}

static inline bool descriptor_is_conforming(const Descriptor *d)
{
    return d->high & 1u << 10;
}

static inline bool selector_is_null(uint16_t selector)
{
    return !(selector & ~3u);
}

/* System descriptor types. */
enum {
    TYPE_TSS16 = 1,
    TYPE_LDT = 2,
    TYPE_TSS16_BUSY = 3,
    TYPE_CALL16 = 4,
    TYPE_TASK_GATE = 5,
    TYPE_INTERRUPT16 = 6,
    TYPE_TRAP16 = 7,
    TYPE_TSS32 = 9,
    TYPE_TSS32_BUSY = 11,
    TYPE_CALL32 = 12,
    TYPE_INTERRUPT32 = 14,
    TYPE_TRAP32 = 15,
};

/* ---- far.c -------------------------------------------------------------- */

/* All set EIP, and are called with Cpu.eip still at the block's start. */
void far_jump(Cpu *cpu, uint16_t selector, uint32_t offset, bool op32);
void far_call(Cpu *cpu, uint16_t selector, uint32_t offset, bool op32, uint32_t return_eip);
void far_return(Cpu *cpu, bool op32, uint32_t release);
/* Stack pointer and selector of `level` from the TSS. */
void tss_stack(Cpu *cpu, unsigned level, uint16_t *ss, uint32_t *esp);

/* A stack that is written before SS:ESP is committed. */
typedef struct Stack {
    Segment segment;
    uint32_t pointer, mask;
    uint16_t selector;
    bool user;
    uint8_t vector; /* raised when it does not fit */
    uint32_t error;
} Stack;

Stack stack_current(Cpu *cpu);
Stack stack_for(const Descriptor *descriptor, uint16_t selector, uint32_t esp, bool user);
/* Raises unless `bytes` fit below the pointer. */
void stack_need(Cpu *cpu, const Stack *stack, unsigned bytes);
void stack_push(Cpu *cpu, Stack *stack, bool op32, uint32_t value);
uint32_t stack_pop(Cpu *cpu, Stack *stack, bool op32);
/* The `item`-th from the top; the pointer stays. */
uint32_t stack_at(Cpu *cpu, const Stack *stack, unsigned item, bool op32);
/* The same for a selector: the upper half of its slot is not touched. */
uint16_t stack_selector_at(Cpu *cpu, const Stack *stack, unsigned item, bool op32);
void stack_move(Stack *stack, uint32_t delta);
void stack_commit_pointer(Cpu *cpu, const Stack *stack);

/* ---- interrupt.c -------------------------------------------------------- */

void interrupt_deliver(Cpu *cpu, uint8_t vector, EventKind kind, bool has_error, uint32_t error,
                       uint32_t return_eip);
void interrupt_return(Cpu *cpu, bool op32);

/* ---- task.c ------------------------------------------------------------- */

typedef enum TaskSource { TASK_JUMP, TASK_CALL, TASK_RETURN } TaskSource;

/*
 * Switches to the TSS; `next_eip` is saved as the old task's.  The caller has
 * checked the descriptor's rights, not its type.
 */
void task_switch(Cpu *cpu, uint16_t selector, Descriptor *descriptor, TaskSource source,
                 uint32_t next_eip);

/* ---- system registers: control.c ---------------------------------------- */

void control_set_cr0(Cpu *cpu, uint32_t value);
void control_set_cr3(Cpu *cpu, uint32_t value);
void control_set_cr4(Cpu *cpu, uint32_t value);
/* False: #GP. */
bool msr_read(Cpu *cpu, uint32_t index, uint64_t *value);
bool msr_write(Cpu *cpu, uint32_t index, uint64_t value);
/* Notes the I/O breakpoints that an access hit. */
void io_breakpoints(Cpu *cpu, uint32_t port, unsigned size);
/* Raises #GP unless the TSS lets this code use the ports. */
void io_permission_by_map(Cpu *cpu, uint32_t port, unsigned size);

static inline void io_permission(Cpu *cpu, uint32_t port, unsigned size)
{
    if (cpu->cr0 & CPU_CR0_PE && (cpu_v86(cpu) || cpu->cpl > cpu_iopl(cpu))) {
        io_permission_by_map(cpu, port, size);
    }
}

/* ---- state.c ------------------------------------------------------------ */

bool state_get(Vcpu *vcpu, CpuState *state, GError **error);
bool state_set(Vcpu *vcpu, const CpuState *state, GError **error);

/* ---- start.c ------------------------------------------------------------ */

bool start_reset(Vcpu *vcpu, GError **error);
/* Does what Vcpu.init and Vcpu.start ask for. */
void start_take(Cpu *cpu);

#endif
