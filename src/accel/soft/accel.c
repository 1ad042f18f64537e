/*
 * The accelerator class of the software CPU: its options, its features, its CPUs, and
 * what the machine tells it about memory and the A20 line.
 */
#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/run.h"
#include "src/accel/soft/trace.h"
#include "src/accel/soft/x86/debug.h"
#include "src/base/error.h"
#include "src/base/number.h"

#include <inttypes.h>

/* ---- options ---- */

#define IPS_DEFAULT UINT64_C(50000000)
#define IPS_MAX     UINT64_C(100000000000)

/*
 * Roughly the number of runs at which a translation pays: it costs as much as
 * about fifty runs of the block.
 */
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
    if (!*entries) {
        return error_refuse(error, "-accel soft,translate-after=%s: at least 1 entry", after);
    }
    if (!text || strcmp(text, "auto") == 0) {
        return true;
    }
    if (!number_parse_bool("", text, &on, NULL)) {
        return error_refuse(error, "-accel soft,translate=%s: neither on nor off nor auto", text);
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

/*
 * The GNU C library ignores the features of CPUs of an unknown vendor, and
 * then refuses to start a program.  As in QEMU's TCG, the vendor is AMD.
 * Linux knows that AMD's CPUs do not need separate page tables for the kernel
 * and for programs.
 */
static const CpuIdentity OWN_IDENTITY = {CPU_VENDOR_AMD, 6, 6, 3, "Software CPU of pioemu"};

static bool set_features(InterpAccel *interp, GError **error)
{
    const AccelHost *host = &interp->accel.host;
    static const CpuFeature FEATURES[] = {
        CPU_FEATURE_DE,        CPU_FEATURE_PSE,      CPU_FEATURE_TSC,        CPU_FEATURE_MSR,
        CPU_FEATURE_PAE,       CPU_FEATURE_CX8,      CPU_FEATURE_PGE,        CPU_FEATURE_CMOV,
        CPU_FEATURE_FPU,       CPU_FEATURE_MMX,      CPU_FEATURE_FXSR,       CPU_FEATURE_SSE,
        CPU_FEATURE_SSE2,      CPU_FEATURE_SSE3,     CPU_FEATURE_SSSE3,      CPU_FEATURE_SSE4_1,
        CPU_FEATURE_SSE4_2,    CPU_FEATURE_AES,      CPU_FEATURE_PCLMULQDQ,  CPU_FEATURE_SHA_NI,
        CPU_FEATURE_POPCNT,    CPU_FEATURE_ABM,      CPU_FEATURE_MOVBE,      CPU_FEATURE_ADX,
        CPU_FEATURE_RDRAND,    CPU_FEATURE_RDSEED,   CPU_FEATURE_BMI1,       CPU_FEATURE_SEP,
        CPU_FEATURE_MTRR,      CPU_FEATURE_PAT,      CPU_FEATURE_PSE36,      CPU_FEATURE_CLFLUSH,
        CPU_FEATURE_CX16,      CPU_FEATURE_FSGSBASE, CPU_FEATURE_SMEP,       CPU_FEATURE_SMAP,
        CPU_FEATURE_UMIP,      CPU_FEATURE_RDPID,    CPU_FEATURE_SYSCALL,    CPU_FEATURE_NX,
        CPU_FEATURE_PDPE1GB,   CPU_FEATURE_RDTSCP,   CPU_FEATURE_LM,         CPU_FEATURE_LAHF_LM,
        CPU_FEATURE_PREFETCHW, CPU_FEATURE_BMI2,     CPU_FEATURE_XSAVE,      CPU_FEATURE_MCE,
        CPU_FEATURE_MCA,       CPU_FEATURE_PCOMMIT,  CPU_FEATURE_CLFLUSHOPT, CPU_FEATURE_CLWB,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(FEATURES); i++) {
        cpu_features_put(&interp->features, FEATURES[i], true);
    }
    cpu_features_put(&interp->features, CPU_FEATURE_APIC, host->local_apic);
    interp->identity = cpu_model_identity(&host->model, &OWN_IDENTITY, false);
    if (!cpu_model_check(&host->model, &interp->features, "TCG", host->warn, host->opaque, error)) {
        return false;
    }
    cpu_model_limit(&host->model, &interp->features);
    return true;
}

/* Every software CPU can have long mode.  The model decides whether it does. */
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
    interp->translate_after = (uint8_t)options->translate_after;
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
    return set_features(interp, error) && code_arena_open(&interp->arena, error) &&
           open_translator(interp, &options, error);
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

/* Returns the linear address of the instruction that makes an access. */
static uint64_t program_counter(BusInitiator *self)
{
    const Cpu *cpu = (const Cpu *)self;

    return cpu_code_linear(cpu) + cpu->current->start;
}

/* A device has the bus.  The run loop must notice that before the next instruction. */
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

    run_init(cpu);
    cpu->far = FAR_DISPLACEMENT;
    cpu->linear_mask = UINT32_MAX;
    trace_init(cpu);
    cpu->code = code_cache_new(cpu);
    if (!cpu->code) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "-smp: the host has no memory for CPU %u", vcpu->index);
        return false;
    }
    for (unsigned rights = 0; rights < RIGHTS_COUNT; rights++) {
        tlb_init(&cpu->tlbs[rights]);
    }
    tlb_init(&cpu->tlb_never);
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

/*
 * The bytes of a page of code were replaced or removed, so its code is
 * compared with the new ones.
 */
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

static void describe_translator(const Accel *accel, GString *text)
{
    static const char *const REASONS[TRANSLATE_EXITS] = {
        [TRANSLATE_EXIT_ACCESS] = "an access that needs more than the TLB",
        [TRANSLATE_EXIT_NEXT] = "the next block is not at hand",
        [TRANSLATE_EXIT_FORM] = "an instruction without a translation",
        [TRANSLATE_EXIT_OTHER] = "a division or the state of SSE",
    };
    const InterpAccel *interp = (const InterpAccel *)accel;

    g_string_append_printf(text, "decoded code: %zu KiB used\n", interp->arena.used >> 10);
    if (!interp->translator) {
        g_string_append(text, "no translator: all code is interpreted\n");
        return;
    }
    const TranslatorCounts *counts = translator_counts(interp->translator);
    size_t size, used = translator_used(interp->translator, &size);
    g_string_append_printf(text,
                           "translated code: %zu of %zu KiB used, emptied %" PRIu64 " times\n"
                           "translated since the start: %" PRIu64 " blocks, %" PRIu64
                           " instructions\n"
                           "entries from the interpreter: %" PRIu64 "\n",
                           used >> 10, size >> 10, counts->flushes, counts->blocks,
                           counts->instructions, counts->entries);
    for (unsigned i = 0; i < TRANSLATE_EXITS; i++) {
        g_string_append_printf(text, "exits, %s: %" PRIu64 "\n", REASONS[i], counts->exits[i]);
    }
}

/* "interp" is an older name of this accelerator, and "tcg" is the name of QEMU's. */
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
    .work_time = pace_work_time,
    .position = pace_position,
    .instructions_in = pace_instructions_in,
    .set_budget = interp_set_budget,
    .run = run_vcpu,
    .activity = run_activity,
    .kick = run_kick,
    .interrupt_changed = run_interrupt_changed,
    .set_a20 = interp_set_a20,
    .get_state = state_get,
    .set_state = state_set,
    .memory_written = interp_memory_written,
    .memory_changed = interp_memory_changed,
    .debug_changed = debug_changed,
    .trace_changed = trace_changed,
    .describe_translator = describe_translator,
    .reset_vcpu = start_reset,
};
