/*
 * The accelerator class of the software CPU, and its run loop: what is looked
 * at between blocks, in the order of priority that the architecture gives.
 *
 * The caller grants instructions; the run loop hands them to the blocks in
 * portions (Cpu.fuel), so that a kick or an interrupt from another thread is
 * seen after at most one portion.
 */
#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/trace.h"
#include "src/accel/soft/x86/debug.h"
#include "src/base/error.h"
#include "src/base/number.h"

/* Instructions between two looks at what other threads may have set, and at the host's time. */
#define PORTION 16384
/*
 * Turns of the run loop between two looks at the host's time: some ten
 * microseconds, and a hundredth of that for the look.
 */
#define LOOKS          256
#define PIECE_LOOKS    64
#define PORTION_LOOKS  LOOKS
#define DEFAULT_BUDGET UINT64_C(1000000)

#define DR6_BS (1u << 14)

/* What Cpu.current is between instructions. */
static const Insn NO_INSN;

/* ---- leaving an instruction ---- */

/*
 * The instructions of the block behind the faulting one were not done.  One
 * that cannot even be fetched counts as well: a handler that is not there must
 * not fault for ever in no time.
 */
static G_NORETURN void escape(Cpu *cpu)
{
    cpu->fuel -= cpu->current == &NO_INSN;
    cpu->fuel += cpu->current->after;
    cpu->rip += cpu->current->start;
    cpu->in_bus_access = false;
    longjmp(cpu->escape, 1);
}

static G_NORETURN void raise_fault(Cpu *cpu, Fault fault)
{
    cpu->fault = fault;
    cpu->fault_pending = true;
    cpu->debug_pending = 0;
    escape(cpu);
}

/* It counts when it is done. */
void cpu_do_alone(Cpu *cpu)
{
    cpu->debug.alone = true;
    cpu->fuel++;
    escape(cpu);
}

void cpu_raise(Cpu *cpu, uint8_t vector)
{
    raise_fault(cpu, (Fault){.vector = vector});
}

void cpu_raise_error(Cpu *cpu, uint8_t vector, uint32_t error)
{
    raise_fault(cpu, (Fault){.vector = vector, .has_error = true, .error = error});
}

/* ---- derived state ---- */

static bool has_breakpoints(const Cpu *cpu)
{
    return cpu->dr[7] & 0xff;
}

void cpu_mode_changed(Cpu *cpu)
{
    bool aligned = cpu->cr0 & CPU_CR0_AM && cpu->eflags & CPU_FLAG_AC && cpu->cpl == 3;

    cpu->single_step = (cpu->eflags & CPU_FLAG_TF ? SINGLE_STEP_STEP : 0) |
                       (cpu->eflags & CPU_FLAG_RF ? SINGLE_STEP_RESUME : 0) |
                       (has_breakpoints(cpu) ? SINGLE_STEP_DEBUG : 0) |
                       (cpu->vcpu.initiator.unfinished ? SINGLE_STEP_HELD : 0);
    cpu->checks = (aligned ? CHECK_ALIGNMENT : 0) | (has_breakpoints(cpu) ? CHECK_BREAKPOINTS : 0);
    cpu->tlb = cpu->checks ? &cpu->tlb_never : &cpu->tlbs[cpu_rights(cpu)];
    cpu_place_changed(cpu);
}

void cpu_leave_soon(Cpu *cpu)
{
    if (cpu->fuel > 0) {
        cpu->reserve += (uint64_t)cpu->fuel;
        cpu->fuel = 0;
    }
}

void cpu_refuel(Cpu *cpu)
{
    uint64_t portion = MIN(cpu->reserve, PORTION - (uint64_t)cpu->fuel);

    cpu->reserve -= portion;
    cpu->fuel += (int64_t)portion;
}

uint64_t cpu_instructions(const Cpu *cpu)
{
    uint64_t charged = cpu->granted - cpu->reserve - (uint64_t)cpu->fuel;

    return cpu->in_bus_access ? charged - cpu->current->after : charged;
}

uint64_t accel_instructions(const InterpAccel *accel)
{
    const Cpu *cpu = accel->running;

    return cpu ? accel->others + cpu_instructions(cpu) : 0;
}

static uint64_t scale(uint64_t value, uint64_t numerator, uint64_t denominator, bool up)
{
    unsigned __int128 product = (unsigned __int128)value * numerator;

    if (likely(!(product >> 64) && !up)) {
        return (uint64_t)product / denominator;
    }
    return (uint64_t)((product + (up ? denominator - 1 : 0)) / denominator);
}

static uint64_t interp_work_time(const Accel *accel)
{
    const InterpAccel *interp = (const InterpAccel *)accel;

    return scale(accel_instructions(interp), NS_PER_SECOND, interp->ips, false);
}

/*
 * The time stamp counters count the instructions of all CPUs, so that they
 * agree, and go on at the same rate while all of them sleep.
 */
uint64_t cpu_tsc(const Cpu *cpu)
{
    const InterpAccel *accel = cpu_accel(cpu);
    const AccelHost *host = cpu_host(cpu);
    uint64_t slept = host->now ? host->now(host->opaque) - interp_work_time(&accel->accel) : 0;

    return accel_instructions(accel) + scale(slept, accel->ips, NS_PER_SECOND, false) +
           cpu->tsc_offset;
}

/* ---- exceptions ---- */

static bool is_contributory(int vector)
{
    return vector == VECTOR_DE || (vector >= VECTOR_TS && vector <= VECTOR_GP);
}

/* What a fault becomes that happens while `first` is being delivered. */
static bool escalate(Fault *fault, int first)
{
    int second = fault->vector;
    bool serious = is_contributory(second) || second == VECTOR_PF;

    if (first == VECTOR_DF && serious) {
        return false;
    }
    if ((is_contributory(first) && is_contributory(second)) || (first == VECTOR_PF && serious)) {
        *fault = (Fault){.vector = VECTOR_DF, .has_error = true};
    }
    return true;
}

static void deliver_exception(Cpu *cpu)
{
    Fault fault = cpu->fault;

    cpu->fault_pending = false;
    cpu->external = false;
    cpu->halted = false;
    if (cpu->delivering >= 0 && !escalate(&fault, cpu->delivering)) {
        if (cpu->trace_interrupts) {
            trace_shutdown(cpu, &fault);
        }
        cpu->shut_down = true;
        cpu->delivering = -1;
        return;
    }
    cpu->delivering = fault.vector;
    cpu->repeating = false;
    interrupt_deliver(cpu, fault.vector, EVENT_EXCEPTION, fault.has_error, fault.error, cpu->rip);
    cpu->delivering = -1;
    cpu->last_exception = (InterpException){
        .count = cpu->last_exception.count + 1,
        .vector = fault.vector,
        .has_error = fault.has_error,
        .error = fault.error,
        .cr2 = cpu->cr2,
    };
}

static void raise_debug(Cpu *cpu, uint32_t reasons)
{
    cpu->dr[6] |= reasons;
    cpu->debug_pending = 0;
    cpu->fault = (Fault){.vector = VECTOR_DB};
    cpu->fault_pending = true;
}

/* ---- interrupts ---- */

static bool nmi_due(const Cpu *cpu)
{
    return atomic_load(&cpu->vcpu.nmi) && !cpu->nmi_masked;
}

static bool interrupt_due(const Cpu *cpu)
{
    return atomic_load(&cpu->vcpu.intr) && cpu->eflags & CPU_FLAG_IF;
}

/* An interrupt that is taken counts as an instruction. */
static void take_interrupt(Cpu *cpu)
{
    uint8_t vector = VECTOR_NMI;

    cpu->halted = false;
    cpu->fuel--;
    if (nmi_due(cpu)) {
        atomic_store(&cpu->vcpu.nmi, false);
        cpu->nmi_masked = true;
    } else {
        vector = cpu_host(cpu)->acknowledge(cpu_host(cpu)->opaque, cpu->vcpu.index);
    }
    cpu->repeating = false;
    interrupt_deliver(cpu, vector, EVENT_EXTERNAL, false, 0, cpu->rip);
}

/* ---- running ---- */

static void run_block(Cpu *cpu, uint64_t limit)
{
    const Insn *insn;

    Block *block = block_find(cpu, limit);
    if (cpu->trace_entries && !cpu->repeating) {
        trace_entered(cpu, block);
    }
    cpu->repeating = false;
    cpu->fuel -= block->count;
    insn = block->insns;
#if INTERP_TAIL
    insn->handler(cpu, insn);
#else
    while (insn) {
        insn = insn->handler(cpu, insn);
    }
#endif
}

static uint32_t code_breakpoints(const Cpu *cpu)
{
    LinearAddr linear = cpu_code_linear(cpu);
    uint32_t hit = 0;

    for (unsigned n = 0; n < 4; n++) {
        bool enabled = cpu->dr[7] >> n * 2 & 3, executes = !(cpu->dr[7] >> (16 + n * 4) & 3);

        if (enabled && executes && cpu->dr[n] == linear) {
            hit |= 1u << n;
        }
    }
    return hit;
}

/* One instruction, with everything that has to be looked at around it. */
static void step_once(Cpu *cpu)
{
    bool resuming = cpu->single_step & SINGLE_STEP_RESUME;
    uint32_t hit = cpu->single_step & SINGLE_STEP_DEBUG && !resuming ? code_breakpoints(cpu) : 0;

    if (hit) {
        cpu->fuel--;
        raise_debug(cpu, hit);
        return;
    }
    /* RF holds for one instruction; a fault puts it back in what it pushes. */
    cpu->eflags &= ~CPU_FLAG_RF;
    cpu->single_step &= (uint8_t)~SINGLE_STEP_RESUME;
    cpu->stepping = cpu->single_step & SINGLE_STEP_STEP;
    cpu->shadow = cpu->shadow_debug = false;
    cpu->debug.alone = false;
    cpu->reserve += (uint64_t)(cpu->fuel - 1);
    cpu->fuel = 1;
    run_block(cpu, 1);
    if (cpu->stepping && !cpu->shadow_debug) {
        cpu->debug_pending |= DR6_BS;
    }
}

/* A piece of what an OUT began, which counts as so many instructions. */
static void wait_for_device(Cpu *cpu)
{
    cpu->fuel -= bus_go_on(cpu_host(cpu)->bus, &cpu->vcpu.initiator);
    cpu_look_sooner(cpu, PIECE_LOOKS);
    if (!cpu->vcpu.initiator.unfinished) {
        cpu_mode_changed(cpu);
    }
}

/*
 * Where the host's time ends a slice: between two instructions, as the budget
 * does, so that nothing of the guest's follows from it.
 */
static bool time_is_up(Cpu *cpu)
{
    InterpAccel *accel = cpu_accel(cpu);

    if (likely(--accel->looks > 0)) {
        return false;
    }
    accel->looks = LOOKS;
    return cpu_host(cpu)->time_is_up && cpu_host(cpu)->time_is_up(cpu_host(cpu)->opaque);
}

/* False when run() has to return, with the reason in `stop`. */
static bool run_once(Cpu *cpu, VcpuStop *stop)
{
    cpu->current = &NO_INSN;
    if (cpu->shut_down) {
        *stop = VCPU_TRIPLE_FAULT;
        return false;
    }
    if (cpu->fault_pending) {
        deliver_exception(cpu);
        return true;
    }
    bool held = cpu->single_step & SINGLE_STEP_HELD;
    if (cpu->debug_pending && !cpu->shadow_debug && !held) {
        raise_debug(cpu, cpu->debug_pending);
        return true;
    }
    if (unlikely(cpu->debug.hit)) {
        cpu->debug.hit = false;
        *stop = VCPU_DEBUG;
        return false;
    }
    if (atomic_exchange(&cpu->kicked, false)) {
        start_take(cpu);
        *stop = VCPU_KICKED;
        return false;
    }
    if (cpu->yielded) {
        cpu->yielded = false;
        *stop = VCPU_YIELDED;
        return false;
    }
    if (cpu->halted && !nmi_due(cpu) && !interrupt_due(cpu)) {
        *stop = cpu->eflags & CPU_FLAG_IF ? VCPU_HALTED : VCPU_HALTED_DEAD;
        return false;
    }
    if (cpu->fuel <= 0) {
        cpu_accel(cpu)->looks -= PORTION_LOOKS;
        cpu_refuel(cpu);
    }
    if (cpu->fuel <= 0 || time_is_up(cpu)) {
        *stop = VCPU_SLICE_DONE;
        return false;
    }
    if (unlikely(held)) {
        wait_for_device(cpu);
    } else if (!cpu->shadow && (nmi_due(cpu) || interrupt_due(cpu))) {
        take_interrupt(cpu);
    } else if (unlikely(cpu->debug.breaks) && debug_stops_before(cpu)) {
        *stop = VCPU_DEBUG;
        return false;
    } else if (cpu->single_step || cpu->shadow || cpu->debug.alone) {
        step_once(cpu);
    } else {
        run_block(cpu, (uint64_t)cpu->fuel);
    }
    return true;
}

/* Comes back here for every fault; nothing but `cpu` lives across it. */
static VcpuStop run_granted(Cpu *cpu)
{
    VcpuStop stop;

    (void)_setjmp(cpu->escape);
    while (run_once(cpu, &stop)) {
    }
    return stop;
}

static void take_turn(Cpu *cpu)
{
    InterpAccel *accel = cpu_accel(cpu);

    if (accel->running != cpu) {
        accel->others = accel_instructions(accel) - cpu_instructions(cpu);
        accel->running = cpu;
    }
}

uint64_t interp_run_instructions(Vcpu *vcpu, uint64_t count, VcpuStop *stop)
{
    Cpu *cpu = cpu_of(vcpu);
    uint64_t before = cpu_instructions(cpu);

    take_turn(cpu);
    cpu->granted += count;
    cpu->reserve += count;
    cpu_refuel(cpu);
    *stop = run_granted(cpu);
    cpu->granted -= cpu->reserve + (uint64_t)cpu->fuel;
    cpu->reserve = 0;
    cpu->fuel = 0;
    return cpu_instructions(cpu) - before;
}

uint64_t interp_instruction_count(const Vcpu *vcpu)
{
    return cpu_instructions((const Cpu *)vcpu);
}

void interp_set_budget(Vcpu *vcpu, uint64_t instructions)
{
    cpu_of(vcpu)->budget = instructions;
}

void interp_last_exception(const Vcpu *vcpu, InterpException *out)
{
    *out = ((const Cpu *)vcpu)->last_exception;
}

/* ---- the class ---- */

#define IPS_DEFAULT UINT64_C(50000000)
#define IPS_MAX     UINT64_C(100000000000)

/* About where making code pays: a translation costs as much as some fifty runs of the block. */
#define TRANSLATE_AFTER_DEFAULT 16u

typedef enum Translate { TRANSLATE_AUTO, TRANSLATE_ON, TRANSLATE_OFF } Translate;

typedef struct InterpOptions {
    uint64_t ips;
    bool paranoid, realtime;
    Translate translate;
    uint64_t translate_after;
} InterpOptions;

static bool parse_switch(GHashTable *table, const char *key, bool *on, GError **error)
{
    const char *text = g_hash_table_lookup(table, key);
    g_autofree char *what = g_strdup_printf("-accel soft,%s", key);

    return !text || number_parse_bool(what, text, on, error);
}

static bool parse_translate(GHashTable *table, Translate *translate, uint64_t *entries,
                            GError **error)
{
    const char *text = g_hash_table_lookup(table, "translate");
    const char *after = g_hash_table_lookup(table, "translate-after");
    bool on;

    if (after && !number_parse("-accel soft,translate-after", after, UINT8_MAX, entries, error)) {
        return false;
    }
    if (!text || strcmp(text, "auto") == 0) {
        return true;
    }
    if (!number_parse_bool("-accel soft,translate", text, &on, error)) {
        return false;
    }
    *translate = on ? TRANSLATE_ON : TRANSLATE_OFF;
    return true;
}

static bool parse_options(GHashTable *table, InterpOptions *options, GError **error)
{
    *options = (InterpOptions){.ips = IPS_DEFAULT, .translate_after = TRANSLATE_AFTER_DEFAULT};
    if (!table) {
        return true;
    }
    const char *ips = g_hash_table_lookup(table, "ips");

    if (ips && !number_parse("-accel soft,ips", ips, IPS_MAX, &options->ips, error)) {
        return false;
    }
    if (!options->ips) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "-accel soft,ips=%s: at least 1 instruction a second", ips);
        return false;
    }
    return parse_switch(table, "paranoid", &options->paranoid, error) &&
           parse_switch(table, "realtime", &options->realtime, error) &&
           parse_translate(table, &options->translate, &options->translate_after, error);
}

static bool interp_probe(GHashTable *table, GError **error)
{
    InterpOptions options;

    return parse_options(table, &options, error);
}

static void set_features(InterpAccel *interp)
{
    static const CpuFeature FEATURES[] = {
        CPU_FEATURE_DE,        CPU_FEATURE_PSE,      CPU_FEATURE_TSC,       CPU_FEATURE_MSR,
        CPU_FEATURE_PAE,       CPU_FEATURE_CX8,      CPU_FEATURE_PGE,       CPU_FEATURE_CMOV,
        CPU_FEATURE_FPU,       CPU_FEATURE_MMX,      CPU_FEATURE_FXSR,      CPU_FEATURE_SSE,
        CPU_FEATURE_SSE2,      CPU_FEATURE_SSE3,     CPU_FEATURE_SSSE3,     CPU_FEATURE_SSE4_1,
        CPU_FEATURE_SSE4_2,    CPU_FEATURE_AES,      CPU_FEATURE_PCLMULQDQ, CPU_FEATURE_SHA_NI,
        CPU_FEATURE_POPCNT,    CPU_FEATURE_ABM,      CPU_FEATURE_MOVBE,     CPU_FEATURE_ADX,
        CPU_FEATURE_RDRAND,    CPU_FEATURE_RDSEED,   CPU_FEATURE_BMI1,      CPU_FEATURE_SEP,
        CPU_FEATURE_MTRR,      CPU_FEATURE_PAT,      CPU_FEATURE_PSE36,     CPU_FEATURE_CLFLUSH,
        CPU_FEATURE_CX16,      CPU_FEATURE_FSGSBASE, CPU_FEATURE_SMEP,      CPU_FEATURE_SMAP,
        CPU_FEATURE_UMIP,      CPU_FEATURE_RDPID,    CPU_FEATURE_SYSCALL,   CPU_FEATURE_NX,
        CPU_FEATURE_PDPE1GB,   CPU_FEATURE_RDTSCP,   CPU_FEATURE_LM,        CPU_FEATURE_LAHF_LM,
        CPU_FEATURE_PREFETCHW, CPU_FEATURE_BMI2,     CPU_FEATURE_XSAVE,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(FEATURES); i++) {
        cpu_features_put(&interp->features, FEATURES[i], true);
    }
    cpu_features_put(&interp->features, CPU_FEATURE_APIC, interp->accel.host.local_apic);
    cpu_model_limit(&interp->accel.host.model, &interp->features);
}

/* Every CPU of ours can have it; the model says whether it does. */
static bool interp_has_long_mode(void)
{
    return true;
}

static bool open_translator(InterpAccel *interp, const InterpOptions *options, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (options->translate == TRANSLATE_OFF || interp->paranoid) {
        return true;
    }
    interp->translate_after = (uint8_t)MAX(options->translate_after, 1);
    interp->translator = translator_new(interp->arena.base, &problem);
    if (!interp->translator && options->translate == TRANSLATE_ON) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return true;
}

static bool interp_open(Accel *accel, GError **error)
{
    InterpAccel *interp = (InterpAccel *)accel;
    InterpOptions options;

    if (!parse_options(accel->host.options, &options, error)) {
        return false;
    }
    if (cpu_model_is_host(&accel->host.model)) {
        return error_refuse(error, "-cpu host: the software CPU is the same on every host (-cpu "
                                   "max is all that it has)");
    }
    interp->paranoid = options.paranoid;
    interp->ips = options.ips;
    interp->a20 = true;
    interp->cpus = g_ptr_array_new();
    interp->pages = g_new0(CodePage **, CODE_CHUNKS);
    set_features(interp);
    return code_arena_open(&interp->arena, error) && open_translator(interp, &options, error);
}

static void interp_close(Accel *accel)
{
    InterpAccel *interp = (InterpAccel *)accel;

    for (unsigned i = 0; interp->pages && i < CODE_CHUNKS; i++) {
        for (unsigned j = 0; interp->pages[i] && j < CODE_CHUNK_SIZE; j++) {
            g_free(interp->pages[i][j]);
        }
        g_free(interp->pages[i]);
    }
    translator_free(interp->translator);
    interp->translator = NULL;
    code_arena_close(&interp->arena);
    g_clear_pointer(&interp->pages, g_free);
    g_clear_pointer(&interp->cpus, g_ptr_array_unref);
}

/* The linear address of the instruction that makes an access. */
static uint64_t program_counter(BusInitiator *self)
{
    const Cpu *cpu = (const Cpu *)self;

    return cpu_code_linear(cpu) + cpu->current->start;
}

/* A device has the bus: the run loop has to see that before the next instruction. */
static void held(BusInitiator *self)
{
    cpu_mode_changed((Cpu *)self);
}

static void set_physical_mask(Cpu *cpu)
{
    cpu->physical_mask = cpu_accel(cpu)->a20 ? UINT64_MAX : ~(UINT64_C(1) << 20);
    tlb_flush(cpu);
}

static bool interp_create_vcpu(Vcpu *vcpu, GError **error)
{
    Cpu *cpu = cpu_of(vcpu);

    cpu->budget = DEFAULT_BUDGET;
    cpu->yields = cpu_host(cpu)->cpu_count > 1;
    cpu->current = &NO_INSN;
    cpu->far = FAR_DISPLACEMENT;
    cpu->linear_mask = UINT32_MAX;
    trace_init(cpu);
    cpu->code = code_cache_new(cpu);
    if (!cpu->code) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "-smp: the host has no memory for CPU %u", vcpu->index);
        return false;
    }
    for (unsigned i = 0; i < TLB_SIZE; i++) {
        cpu->tlb_never.entry[i] = (TlbEntry){TLB_INVALID, TLB_INVALID, TLB_INVALID, 0};
    }
    vcpu->initiator.program_counter = program_counter;
    vcpu->initiator.paced = true;
    vcpu->initiator.held = held;
    g_ptr_array_add(cpu_accel(cpu)->cpus, cpu);
    set_physical_mask(cpu);
    return start_reset(vcpu, error);
}

static void interp_destroy_vcpu(Vcpu *vcpu)
{
    Cpu *cpu = cpu_of(vcpu);

    g_ptr_array_remove(cpu_accel(cpu)->cpus, cpu);
    if (cpu_accel(cpu)->running == cpu) {
        cpu_accel(cpu)->running = NULL;
    }
    code_cache_free(cpu->code);
    cpu->code = NULL;
    g_clear_pointer(&cpu->no_block, g_free);
}

static void interp_position(const Accel *accel, VcpuPosition *position)
{
    const InterpAccel *interp = (const InterpAccel *)accel;
    const Cpu *cpu = interp->running ? interp->running : g_ptr_array_index(interp->cpus, 0);

    *position = (VcpuPosition){
        .instructions = accel_instructions(interp),
        .cpu = cpu->vcpu.index,
        .cs = cpu->segment[CPU_CS].selector,
        .eip = (uint32_t)cpu->rip + cpu->current->start,
    };
}

static uint64_t interp_instructions_in(const Accel *accel, uint64_t ns)
{
    const InterpAccel *interp = (const InterpAccel *)accel;

    return scale(MIN(ns, NS_PER_SECOND), interp->ips, NS_PER_SECOND, true);
}

static VcpuStop interp_run(Vcpu *vcpu)
{
    uint64_t budget = cpu_of(vcpu)->budget;
    VcpuStop stop;
    uint64_t done = interp_run_instructions(vcpu, vcpu->step ? MIN(1, budget) : budget, &stop);

    if (vcpu->step && done &&
        (stop == VCPU_SLICE_DONE || stop == VCPU_YIELDED || stop == VCPU_HALTED ||
         stop == VCPU_HALTED_DEAD)) {
        vcpu->debug_stop = (DebugStop){.stepped = true};
        return VCPU_DEBUG;
    }
    return stop;
}

static void interp_kick(Vcpu *vcpu)
{
    atomic_store(&cpu_of(vcpu)->kicked, true);
}

static VcpuActivity interp_activity(const Vcpu *vcpu)
{
    const Cpu *cpu = (const Cpu *)vcpu;

    if (vcpu->init || vcpu->start || !cpu->halted || nmi_due(cpu) || interrupt_due(cpu)) {
        return VCPU_ACTIVE;
    }
    return cpu->eflags & CPU_FLAG_IF ? VCPU_WAITING : VCPU_DEAD;
}

/* The pins are sampled between blocks: nothing has to be told. */
static void interp_interrupt_changed(Vcpu *vcpu)
{
    if (vcpu->init || vcpu->start) {
        interp_kick(vcpu);
    }
}

static void interp_set_a20(Accel *accel, bool on)
{
    InterpAccel *interp = (InterpAccel *)accel;

    if (interp->a20 == on) {
        return;
    }
    interp->a20 = on;
    g_ptr_array_foreach(interp->cpus, (GFunc)(void (*)(void))set_physical_mask, NULL);
}

static void interp_memory_written(Accel *accel, uint64_t address, size_t size)
{
    InterpAccel *interp = (InterpAccel *)accel;
    const Cpu *cpu = interp->running;
    uint64_t end = address + size;

    while (address < end) {
        uint64_t page_end = (address | (PAGE_SIZE - 1)) + 1;
        size_t part = (size_t)(MIN(end, page_end) - address);
        CodePage *page = *code_page_slot(interp, address);
        const MemoryRegion *region = memory_find(accel->host.memory, address);

        if (page && region) {
            code_written(interp, page, address, region->host + (address - region->base), part,
                         cpu ? cpu->current : NULL);
        }
        address += part;
    }
}

/* The code of a page that has other bytes now, or none, is compared with those. */
static void code_moved(InterpAccel *interp, uint64_t address)
{
    static const uint8_t NOTHING[PAGE_SIZE] = {0};
    const Cpu *cpu = interp->running;
    CodePage *page = *code_page_slot(interp, address);
    const MemoryRegion *region = memory_find(interp->accel.host.memory, address);

    if (page) {
        code_written(interp, page, address,
                     region ? region->host + (address - region->base) : NOTHING, PAGE_SIZE,
                     cpu ? cpu->current : NULL);
    }
}

static void interp_memory_changed(Accel *accel, uint64_t address, uint64_t size)
{
    InterpAccel *interp = (InterpAccel *)accel;

    g_ptr_array_foreach(interp->cpus, (GFunc)(void (*)(void))tlb_flush, NULL);
    for (uint64_t end = address + size; address < end; address += PAGE_SIZE) {
        code_moved(interp, address);
    }
}

/* "interp" is what this program called it first, "tcg" what QEMU calls its own. */
static const char *const ALIASES[] = {"interp", "tcg", NULL};

const AccelClass accel_soft_class = {
    .name = "soft",
    .aliases = ALIASES,
    .description = "software CPU, 16, 32 and 64 bits",
    .has_cpu = true,
    .has_long_mode = interp_has_long_mode,
    .traces = true,
    .options =
        (const char *const[]){"ips", "paranoid", "realtime", "translate", "translate-after", NULL},
    .accel_size = sizeof(InterpAccel),
    .vcpu_size = sizeof(Cpu),
    .probe = interp_probe,
    .open = interp_open,
    .create_vcpu = interp_create_vcpu,
    .destroy_vcpu = interp_destroy_vcpu,
    .close = interp_close,
    .work_time = interp_work_time,
    .position = interp_position,
    .instructions_in = interp_instructions_in,
    .set_budget = interp_set_budget,
    .run = interp_run,
    .activity = interp_activity,
    .kick = interp_kick,
    .interrupt_changed = interp_interrupt_changed,
    .set_a20 = interp_set_a20,
    .get_state = state_get,
    .set_state = state_set,
    .memory_written = interp_memory_written,
    .memory_changed = interp_memory_changed,
    .debug_changed = debug_changed,
    .reset_vcpu = start_reset,
};
