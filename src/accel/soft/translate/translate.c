/*
 * The memory for translations, and the code that all of them share.
 *
 * The memory is mapped twice: it is written through one mapping and runs
 * through the other, and no mapping can do both.  It is filled from one end
 * and always emptied as a whole.
 */
#include "src/accel/soft/translate/translation.h"
#include "src/accel/soft/x86/opcode_map.h"
#include "src/base/error.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CACHE_SIZE ((size_t)64 << 20)
/* More than the largest block needs. */
#define BLOCK_ROOM ((size_t)64 << 10)
/* The shared code is at the start. */
#define SHARED_SIZE ((size_t)2048)
/* The way in and out costs more than a shorter run gains. */
#define RUN_MIN 4u
/* Block.context has 8 bits, and 0 means that there is none. */
#define CONTEXTS 256u
/* The depth to which the successors of a block are translated with it. */
#define DEPTH_MAX 6u

struct Translator {
    uint8_t *write;
    const uint8_t *run;
    size_t used;
    GHashTable *forms; /* the keys are Handler; NULL before the first translation */
    SharedCode shared;
    TranslatorCounts counts;
    Context contexts[CONTEXTS];
    unsigned context_count;
};

/* Precedes the code of a run: the interpreter's handler, which the run has replaced. */
typedef struct RunHead {
    Handler *handler;
} RunHead;

const uint8_t *translator_exit(const Translation *t, TranslateExit reason)
{
    return t->translator->shared.exits[t->wide][reason];
}

/* ---- forms ---- */

static void add_forms(GHashTable *table, const HandlerForm *forms, size_t count,
                      Handler *const *handlers)
{
    for (size_t i = 0; i < count; i++) {
        g_hash_table_insert(table, (gpointer)(uintptr_t)handlers[forms[i].handler],
                            (gpointer)(uintptr_t)&forms[i].form);
    }
}

Form translator_form(const Translator *translator, Handler *handler)
{
    const Form *form = g_hash_table_lookup(translator->forms, (gpointer)(uintptr_t)handler);

    return form ? *form : (Form){.kind = KIND_NONE};
}

static void prepare(Translator *translator)
{
    Emitter e = {.write = translator->write, .run = translator->run, .size = SHARED_SIZE};

    shared_emit(&translator->shared, &e, &translator->counts);
    translator->forms = g_hash_table_new(NULL, NULL);
    add_forms(translator->forms, translate_forms, translate_form_count, opcode_handlers);
    add_forms(translator->forms, translate_forms64, translate_form_count64, opcode_handlers64);
}

/* ---- the memory ---- */

static bool map(Translator *translator, int fd, const void *near)
{
    void *write = MAP_FAILED, *run = MAP_FAILED;

    if (ftruncate(fd, (off_t)CACHE_SIZE) == 0) {
        write = mmap(NULL, CACHE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        run = mmap((uint8_t *)(uintptr_t)near - CACHE_SIZE, CACHE_SIZE, PROT_READ | PROT_EXEC,
                   MAP_SHARED, fd, 0);
    }
    translator->write = write == MAP_FAILED ? NULL : write;
    translator->run = run == MAP_FAILED ? NULL : run;
    return translator->write && translator->run;
}

/* The code reaches the blocks by displacements of 32 bits. */
static bool is_near(const Translator *translator, const void *near)
{
    ptrdiff_t distance = (const uint8_t *)near - translator->run;

    return distance < INT32_MAX / 2 && distance > INT32_MIN / 2;
}

/* LAHF_LM, which older versions of clang do not know by name. */
static bool host_has_lahf(void)
{
    unsigned eax, ebx, ecx, edx;

    return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && ecx & bit_LAHF_LM;
}

Translator *translator_new(const void *near, GError **error)
{
    if (!host_has_lahf()) {
        error_refuse(error, "-accel soft,translate=on: the host has no LAHF in 64-bit code");
        return NULL;
    }
    Translator *translator = g_new0(Translator, 1);
    int fd = memfd_create("pioemu-code", MFD_CLOEXEC);
    bool mapped = fd >= 0 && map(translator, fd, near);
    int reason = errno;

    if (fd >= 0) {
        close(fd);
    }
    if (!mapped || !is_near(translator, near)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "-accel soft,translate=on: the host does not let pioemu make code: %s",
                    mapped ? "no addresses near the decoded code" : g_strerror(reason));
        translator_free(translator);
        return NULL;
    }
    translator->used = SHARED_SIZE;
    translator->context_count = 1;
    return translator;
}

void translator_free(Translator *translator)
{
    if (!translator) {
        return;
    }
    if (translator->write) {
        munmap(translator->write, CACHE_SIZE);
    }
    if (translator->run) {
        munmap((void *)(uintptr_t)translator->run, CACHE_SIZE);
    }
    g_clear_pointer(&translator->forms, g_hash_table_unref);
    g_free(translator);
}

void translator_empty(Translator *translator)
{
    translator->counts.flushes++;
    translator->used = SHARED_SIZE;
    translator->context_count = 1;
}

const TranslatorCounts *translator_counts(const Translator *translator)
{
    return &translator->counts;
}

size_t translator_used(const Translator *translator, size_t *size)
{
    *size = CACHE_SIZE;
    return translator->used;
}

bool translator_has_room(const Translator *translator)
{
    return translator->used + BLOCK_ROOM <= CACHE_SIZE;
}

/* ---- contexts ---- */

static bool is_flat_segment(const Segment *segment)
{
    return segment->base == 0 && segment->read_end == UINT64_C(1) << 32 &&
           segment->write_end == UINT64_C(1) << 32;
}

static bool is_flat(const Cpu *cpu)
{
    return cpu->segment[CPU_CS].base == 0 && cpu->cs_end == UINT64_C(1) << 32 &&
           cpu->stack_mask == UINT32_MAX && is_flat_segment(&cpu->segment[CPU_DS]) &&
           is_flat_segment(&cpu->segment[CPU_ES]) && is_flat_segment(&cpu->segment[CPU_SS]);
}

static Context context_of(const Cpu *cpu)
{
    Context context = {
        .tlb = (size_t)((const uint8_t *)cpu->tlb - (const uint8_t *)cpu),
        .wide = cpu->mode == 64,
        .flat = cpu->mode != 64 && is_flat(cpu),
    };

    if (!context.wide) {
        context.cs_base = cpu->segment[CPU_CS].base;
        context.cs_end = cpu->cs_end;
        context.stack_mask = cpu->stack_mask;
    }
    return context;
}

static bool is_same_context(const Context *a, const Context *b)
{
    return a->tlb == b->tlb && a->wide == b->wide && a->flat == b->flat &&
           a->cs_base == b->cs_base && a->cs_end == b->cs_end && a->stack_mask == b->stack_mask;
}

/* Returns the context's number, or 0 if there are too many. */
static uint8_t context_number(Translator *translator, const Context *context)
{
    unsigned i = 1;

    while (i < translator->context_count && !is_same_context(&translator->contexts[i], context)) {
        i++;
    }
    if (i == CONTEXTS) {
        return 0;
    }
    translator->contexts[i] = *context;
    translator->context_count = MAX(translator->context_count, i + 1);
    return (uint8_t)i;
}

/* ---- blocks ---- */

/*
 * Jumps to the interpreter's handler, with RDI and RSI as they are, unless a
 * field has this value.
 */
static void emit_require(Emitter *e, size_t field, uint64_t value)
{
    emit_constant(e, RAX, value);
    emit_rm(e, EMIT_W, 0x3b, RAX, at_base(RDI, (int32_t)field), 0);
    Fixup same = emit_jcc(e, CONDITION_NZ ^ 1);
    emit_rr(e, 0, 0xff, 4, RCX); /* jmp */
    emit_land(e, same);
}

/* RDI is the Cpu. */
static void emit_require_tlb(Translation *t)
{
    Emitter *e = &t->e;

    emit_rm(e, EMIT_W, 0x8d, RAX, at_base(RDI, (int32_t)t->context.tlb), 0); /* lea */
    emit_rm(e, EMIT_W, 0x3b, RAX, at_base(RDI, offsetof(Cpu, tlb)), 0);
    Fixup same = emit_jcc(e, CONDITION_Z);
    emit_rr(e, 0, 0xff, 4, RCX); /* jmp */
    emit_land(e, same);
}

static void emit_require_context(Translation *t)
{
    const Context *context = &t->context;

    emit_require(&t->e, offsetof(Cpu, rip), block_rip(t));
    emit_require_tlb(t);
    if (context->wide || context->flat) {
        return;
    }
    emit_require(&t->e, segment_field(CPU_CS, offsetof(Segment, base)), context->cs_base);
    emit_require(&t->e, offsetof(Cpu, cs_end), context->cs_end);
    emit_rm(&t->e, 0, 0x81, 7, at_base(RDI, offsetof(Cpu, stack_mask)), 4); /* cmp */
    emit32(&t->e, context->stack_mask);
    Fixup same = emit_jcc(&t->e, CONDITION_NZ ^ 1);
    emit_rr(&t->e, 0, 0xff, 4, RCX);
    emit_land(&t->e, same);
}

static const uint8_t *shared_entry(const Translation *t)
{
    const SharedCode *shared = &t->translator->shared;

    return t->wide ? shared->enter64 : t->context.flat ? shared->enter_flat : shared->enter;
}

/* The entry from the interpreter.  RSI is the instruction. */
static void emit_way_in(Translation *t, Handler *handler)
{
    Emitter *e = &t->e;

    emit64(e, 0);
    emit64(e, (uintptr_t)handler);
    emit_rm(e, EMIT_W, 0x8b, RCX, at_address(emit_here(e) - sizeof(RunHead)), 0);
    emit_require_context(t);
    /* The start of the run, after this instruction, the jump and the padding. */
    uintptr_t start = (uintptr_t)emit_here(e) + 7 + 5;
    start = (start + RUN_ALIGN - 1) & ~(uintptr_t)(RUN_ALIGN - 1);
    emit_rm(e, EMIT_W, 0x8d, R11, at_address((const uint8_t *)start), 0);
    emit_jmp_to(e, shared_entry(t));
    emit_align(e, RUN_ALIGN);
}

/* Finds the first instruction after the run. */
static unsigned run_end(const Translation *t, unsigned first)
{
    unsigned end = first;

    while (end < t->block->count && t->forms[end].kind != KIND_NONE) {
        end++;
    }
    return end;
}

static void emit_run(Translation *t, unsigned first, unsigned end)
{
    t->first = first;
    t->live_at_start = t->live[first];
    t->flags = (FlagState){.saved = true, .carry_saved = true};
    t->vectors_enabled = t->mxcsr_loaded = false;
    t->start = emit_here(&t->e);
    for (t->at = first; t->at < end; t->at++) {
        body_emit(t);
    }
    if (end < t->block->count) {
        exit_to_interpreter(t);
    } else if (!plan_branches(t, end - 1)) {
        flags_need_outside_host(t);
        exit_to(t, 0, rip_after(t, &t->block->insns[end - 1]));
    }
    stubs_emit(t);
}

/* Returns the interpreter's entry of the run, or NULL if there is no room. */
static const uint8_t *translate_run(Translation *t, unsigned first, unsigned end)
{
    Translator *translator = t->translator;

    t->e = (Emitter){
        .write = translator->write + translator->used,
        .run = translator->run + translator->used,
        .size = CACHE_SIZE - translator->used,
    };
    t->stub_count = 0;
    emit_way_in(t, t->block->insns[first].handler);
    emit_run(t, first, end);
    if (!emit_fits(&t->e)) {
        return NULL;
    }
    emit_align(&t->e, RUN_ALIGN);
    const uint8_t *entry = t->e.run + 2 * sizeof(RunHead);
    translator->used += t->e.at;
    return entry;
}

static bool ends_with_event(const Translation *t, const Block *block)
{
    return translator_form(t->translator, block_handler(block, block->count - 1u)).kind ==
           KIND_EVENT;
}

/*
 * A loop around a port access or a software interrupt is left to the interpreter:
 * the way in and out would take longer than its other instructions.
 */
static bool pays_as_whole(const Translation *t)
{
    uint64_t rip[2];

    for (unsigned i = plan_targets(t, rip); i-- > 0;) {
        const Block *target = block_near(t->cpu, t->block, linear_of(t, rip[i]));

        if (target && target != t->block && !target->context && ends_with_event(t, target)) {
            return false;
        }
    }
    return true;
}

static void translate_runs(Translation *t)
{
    Block *block = t->block;
    const uint8_t *entries[BLOCK_MAX] = {NULL};

    for (unsigned i = 0, end; i < block->count; i = MAX(end, i + 1)) {
        end = run_end(t, i);
        bool whole = i == 0 && end == block->count;

        if (end - i >= RUN_MIN || (whole && pays_as_whole(t))) {
            entries[i] = translate_run(t, i, end);
            t->translator->counts.instructions += entries[i] ? end - i : 0;
        }
        if (i == 0 && entries[i]) {
            block->native = t->start;
            block->context = t->context_number;
            block->live = t->live_at_start & FLAGS_ALL;
        }
    }
    for (unsigned i = 0; i < block->count; i++) {
        if (entries[i]) {
            block->insns[i].handler = (Handler *)(uintptr_t)entries[i];
        }
    }
}

static void translate_at(Translator *translator, Cpu *cpu, Block *block, unsigned depth);

/* Translates a block in the same page that was entered before, but not often enough yet. */
static void translate_target(Translation *t, uint64_t rip)
{
    const InterpAccel *accel = cpu_accel(t->cpu);
    LinearAddr linear = linear_of(t, rip);
    Block *block = block_near(t->cpu, t->block, linear);

    if (!block || !block->entries || block->entries >= accel->translate_after ||
        t->depth >= DEPTH_MAX || t->cpu->debug.breaks ||
        (!t->wide && rip + block->length > t->context.cs_end)) {
        return;
    }
    block->entries = accel->translate_after;
    block->linear = linear;
    block->generation = t->cpu->generation;
    translate_at(t->translator, t->cpu, block, t->depth + 1);
}

static void translate_at(Translator *translator, Cpu *cpu, Block *block, unsigned depth)
{
    Translation t = {
        .translator = translator,
        .cpu = cpu,
        .block = block,
        .wide = block->mode == 64,
        .context = context_of(cpu),
        .depth = depth,
    };
    uint64_t rip[2];

    block_end_count(block);
    t.context_number = context_number(translator, &t.context);
    if (!t.context_number || !translator_has_room(translator)) {
        return;
    }
    (*code_page_slot(cpu_accel(cpu), block->physical))->patched.size = 0;
    plan_block(&t);
    for (unsigned i = plan_targets(&t, rip); i-- > 0;) {
        translate_target(&t, rip[i]);
    }
    translate_runs(&t);
    translator->counts.blocks++;
}

void translate_block(Translator *translator, Cpu *cpu, Block *block)
{
    if (!translator->forms) {
        prepare(translator);
    }
    translate_at(translator, cpu, block, 0);
}

void translate_drop(const Translator *translator, Block *block)
{
    for (unsigned i = 0; i < block->count; i++) {
        const uint8_t *handler = (const uint8_t *)(uintptr_t)block->insns[i].handler;

        if (handler >= translator->run && handler < translator->run + CACHE_SIZE) {
            const RunHead *head = (const RunHead *)(uintptr_t)(handler - sizeof(RunHead));

            block->insns[i].handler = head->handler;
        }
    }
    if (!block->copied) {
        block->native = NULL;
    }
    block->context = 0;
}
