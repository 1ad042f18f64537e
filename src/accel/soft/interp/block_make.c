/*
 * Makes blocks: decodes the instructions from CS:RIP on, wherever their bytes are.
 *
 * A block lies in one page.  The exception is a single instruction across two pages:
 * each time that it is found, it is compared with memory.
 *
 * A block in which an instruction reaches a device is shortened to end with this
 * instruction.  The run loop then looks for interrupts right after it.
 */
#include "src/accel/soft/interp/block_internal.h"
#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/trace.h"
#include "src/accel/soft/x86/debug.h"

#include <string.h>

#define BLOCK_SIZE_MAX  (sizeof(Block) + (BLOCK_MAX + 1) * sizeof(Insn) + BLOCK_MAX + PAGE_SIZE)
#define ROUND_UP(n, to) (((n) + (to)-1) & ~((size_t)(to)-1))

_Static_assert(BLOCK_SIZE_MAX <= CODE_ARENA_CHUNK, "an empty arena has room for a block");

/* ---- the end of a block ---- */

/* The block that contains the instruction and is in the arena. */
static Block *block_of(const Insn *insn)
{
    const BlockTail *tail = (const BlockTail *)(insn + insn->after + 1);
    const Insn *first = (const Insn *)tail - tail->count;

    return (Block *)((uint8_t *)(uintptr_t)first - offsetof(Block, insns));
}

static void end_block(Cpu *cpu, Block *block)
{
    BlockTail *tail = (BlockTail *)&block->insns[block->count];

    block->length = block->insns[block->count - 1].end;
    for (unsigned i = 0; i < block->count; i++) {
        block->insns[i].after = (uint8_t)(block->count - 1 - i);
    }
    *tail = (BlockTail){
        .handler = block->mode == 64 ? op64_block_end : op_block_end,
        .link = {cpu->no_block, cpu->no_block},
        .end = block->length,
        .count = block->count,
    };
}

/* Interrupts and other events write without an instruction of a block. */
static bool is_in_block(const CodeArena *arena, const Insn *insn)
{
    const uint8_t *place = (const uint8_t *)insn;

    return place >= arena->base && place < arena->base + arena->used;
}

void block_writes_beside_code(Cpu *cpu, const Insn *insn)
{
    if (is_in_block(&cpu_accel(cpu)->arena, insn)) {
        block_untranslate(cpu_accel(cpu), block_of(insn));
    }
}

void block_end_here(Cpu *cpu)
{
    const Insn *insn = cpu->current;
    unsigned dropped = insn->after;

    if (!dropped) {
        return;
    }
    Block *block = block_of(insn);
    block_untranslate(cpu_accel(cpu), block);
    block->entries = 0;
    uint8_t *immediates = immediates_of(block);
    CodePage *page = *code_page_slot(cpu_accel(cpu), block->physical);
    block->count = (uint16_t)(block->count - dropped);
    memmove(immediates_of(block), immediates, block->count);
    end_block(cpu, block);
    if (page) {
        page->patched.size = 0;
    }
    /* The fuel for the dropped instructions was used when the block was entered. */
    cpu->fuel += dropped;
}

static void track(Cpu *cpu, Block *block)
{
    InterpAccel *accel = cpu_accel(cpu);
    CodePage **slot = code_page_slot(accel, block->physical);

    if (!*slot) {
        *slot = g_new0(CodePage, 1);
        for (unsigned i = 0; i < accel->cpus->len; i++) {
            tlb_mark_code(g_ptr_array_index(accel->cpus, i),
                          block->physical & ~(uint64_t)(PAGE_SIZE - 1));
        }
    }
    CodePage *page = *slot;
    page->patched.size = 0;
    Block **list = &page->blocks[block->physical >> 6 & 63];
    block->page_next = *list;
    *list = block;
    page->longest = MAX(page->longest, block->length);
    code_page_mark(page, block->physical, block->length);
}

/* ---- instructions ---- */

/*
 * Decodes up to `limit` whole instructions, but stops before one at which a
 * debugger wants to stop.  Returns how many there are.
 */
static unsigned decode_block(const Cpu *cpu, Block *block, const uint8_t *bytes, size_t size,
                             unsigned limit, uint8_t *immediates)
{
    unsigned count = 0;
    size_t at = 0;

    while (count < limit && at < size) {
        if (unlikely(cpu->debug.breaks) && count && debug_cuts_before(cpu, block->physical + at)) {
            break;
        }
        Insn *insn = &block->insns[count];
        DecodeResult result = decode_insn(bytes + at, size - at, block->mode, block->features,
                                          (uint16_t)at, insn, &immediates[count]);

        if (result == DECODE_NEEDS_MORE) {
            break;
        }
        at = insn->end;
        count++;
        if (result == DECODE_ENDS_BLOCK) {
            break;
        }
    }
    block->count = (uint16_t)count;
    return count;
}

static uint8_t fetch_byte(Cpu *cpu, LinearAddr linear)
{
    Rights rights = cpu_rights(cpu);

    linear = linear_wrap(cpu, linear);
    const TlbEntry *entry = tlb_entry(cpu, linear, ACCESS_FETCH, rights);
    if (entry->exec_tag & TLB_BUS) {
        PhysAddr page = tlb_cold_at(&cpu->tlbs[rights], linear)->physical;

        return (uint8_t)physical_read(cpu, page | (linear & ~PAGE_MASK), 1);
    }
    return *(const uint8_t *)(entry->addend + linear);
}

/* Copies the bytes of one instruction, wherever they are. */
static size_t gather(Cpu *cpu, const Fetch *fetch, uint8_t *bytes)
{
    for (size_t i = 0; i < fetch->in_limit; i++) {
        bytes[i] = fetch_byte(cpu, fetch->linear + i);
    }
    return fetch->in_limit;
}

/*
 * Decodes one instruction that lies on two pages or is not in memory, into `block`
 * and `bytes`. Touches the second page only if the instruction extends to it.
 */
static Block *make_scattered(Cpu *cpu, const Fetch *fetch, Block *block, uint8_t *bytes)
{
    Fetch part = *fetch;
    uint8_t immediate;

    *block = (Block){.generation = NO_GENERATION,
                     .physical = fetch->physical,
                     .mode = cpu->mode,
                     .features = &cpu_accel(cpu)->features};
    part.in_limit = MIN(fetch->in_page, fetch->in_limit);
    while (!decode_block(cpu, block, bytes, gather(cpu, &part, bytes), 1, &immediate)) {
        if (part.in_limit == fetch->in_limit) {
            cpu_raise_error(cpu, VECTOR_GP, 0);
        }
        part.in_limit++;
    }
    end_block(cpu, block);
    return block;
}

/* Whether the instruction's bytes have not changed.  Touches the second page. */
static bool still_matches(Cpu *cpu, const Fetch *fetch, const CrossPage *cross_page)
{
    const Block *block = (const Block *)cross_page->room;
    size_t first = fetch->in_page;

    if (block->physical != fetch->physical || block->mode != cpu->mode || block->length <= first ||
        block->length > fetch->in_limit || memcmp(cross_page->bytes, fetch->bytes, first) != 0) {
        return false;
    }
    for (size_t i = first; i < block->length; i++) {
        if (fetch_byte(cpu, fetch->linear + i) != cross_page->bytes[i]) {
            return false;
        }
    }
    return true;
}

static CrossPage *cross_page_slot(Cpu *cpu, const Fetch *fetch)
{
    unsigned slot = (unsigned)(fetch->physical >> 12) & (CROSS_PAGES - 1);

    return &cpu->code->cross_pages[slot];
}

static Block *make_cross_page(Cpu *cpu, const Fetch *fetch)
{
    CrossPage *cross_page = cross_page_slot(cpu, fetch);
    Block *block = (Block *)cross_page->room;

    /* If this raises a fault, the block has no length and will not be found. */
    make_scattered(cpu, fetch, block, cross_page->bytes);
    if (cpu->trace_code) {
        trace_decoded(cpu, block, fetch->linear, cross_page->bytes);
    }
    return block;
}

Block *block_make_scratch(Cpu *cpu, const Fetch *fetch, bool known)
{
    Block *block = cpu->code->scratch;
    uint8_t immediate, gathered[INSN_BYTES_MAX];
    const uint8_t *bytes = fetch->bytes;

    block->mode = cpu->mode;
    block->features = &cpu_accel(cpu)->features;
    if (bytes && decode_block(cpu, block, bytes, fetch->in_page, 1, &immediate)) {
        end_block(cpu, block);
    } else {
        make_scattered(cpu, fetch, block, gathered);
        bytes = gathered;
    }
    if (cpu->trace_code && !known) {
        trace_decoded(cpu, block, fetch->linear, bytes);
    }
    return block;
}

static uint8_t *room_for_block(Cpu *cpu)
{
    CodeArena *arena = &cpu_accel(cpu)->arena;
    uint8_t *room = code_arena_room(arena, BLOCK_SIZE_MAX);

    if (!room) {
        code_cache_flush(cpu);
        room = code_arena_room(arena, BLOCK_SIZE_MAX);
    }
    return room;
}

Block *block_make(Cpu *cpu, const Fetch *fetch)
{
    InterpAccel *accel = cpu_accel(cpu);
    CodeArena *arena = &accel->arena;
    uint8_t immediates[BLOCK_MAX];

    if (!fetch->bytes) {
        return block_make_scratch(cpu, fetch, false);
    }
    if (fetch->in_page < INSN_BYTES_MAX && still_matches(cpu, fetch, cross_page_slot(cpu, fetch))) {
        return (Block *)cross_page_slot(cpu, fetch)->room;
    }
    Block *block = (Block *)room_for_block(cpu);
    *block = (Block){.generation = NO_GENERATION,
                     .physical = fetch->physical,
                     .mode = cpu->mode,
                     .features = &cpu_accel(cpu)->features};
    if (!decode_block(cpu, block, fetch->bytes, fetch->in_page, BLOCK_MAX, immediates)) {
        return make_cross_page(cpu, fetch);
    }
    end_block(cpu, block);
    memcpy(immediates_of(block), immediates, block->count);
    code_arena_take(arena, sizeof(Block) + (block->count + 1u) * sizeof(Insn) +
                               ROUND_UP(block->count, sizeof(Insn)));
    if (accel->paranoid) {
        block->copied = true;
        block->copy = memcpy(arena->base + arena->used, fetch->bytes, block->length);
        code_arena_take(arena, ROUND_UP(block->length, sizeof(Insn)));
    }
    block->kept = true;
    block_hash_add(cpu->code, block);
    track(cpu, block);
    block->fixed = cpu->trace_code;
    if (cpu->trace_code) {
        trace_decoded(cpu, block, fetch->linear, fetch->bytes);
    }
    return block;
}
