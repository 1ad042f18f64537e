/*
 * The cache of decoded blocks.
 *
 * Blocks are found by physical address and code size, so changes of the page tables
 * do not affect them.  One block enters another without a look-up if the other's
 * generation and linear address are the current ones.  A change of a translation
 * starts a new generation.  A block lies in one page.  The exception is a single
 * instruction across two pages: each time that it is found, it is compared with
 * memory.
 *
 * The CodePage marks every byte that belongs to a block.  A write to such a byte,
 * by a CPU or a device, decodes its instruction once more.  If the length changes
 * or the instruction itself wrote, op_stale replaces all instructions of the block
 * instead, so that even a running block is left before its next instruction.  The
 * memory of stale blocks is reclaimed when the arena is full.
 *
 * A block in which an instruction reaches a device is shortened to end with this
 * instruction.  The run loop then looks for interrupts right after it.
 */
#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/interp/patch.h"
#include "src/accel/soft/trace.h"
#include "src/accel/soft/x86/debug.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE_MAX  (sizeof(Block) + (BLOCK_MAX + 1) * sizeof(Insn) + BLOCK_MAX + PAGE_SIZE)
#define ROUND_UP(n, to) (((n) + (to)-1) & ~((size_t)(to)-1))

#define SINGLE_SIZE    (sizeof(Block) + 2 * sizeof(Insn))
#define STRADDLER_BITS 6u
#define CROSS_PAGES    (1u << STRADDLER_BITS)

/* An instruction across two pages, with its bytes.  Writes to them are not noticed. */
typedef struct CrossPage {
    uint8_t bytes[INSN_BYTES_MAX];
    _Alignas(Block) uint8_t room[SINGLE_SIZE]; /* room for a Block of one instruction */
} CrossPage;

struct CodeCache {
    CrossPage cross_pages[CROSS_PAGES];
    Block *hash[HASH_SIZE];
    Block *scratch; /* for blocks that are not kept */
};

_Static_assert(BLOCK_SIZE_MAX <= CODE_ARENA_CHUNK, "an empty arena has room for a block");

static const Insn BETWEEN_BLOCKS;

/* ---- code pages ---- */

CodePage **code_page_slot(InterpAccel *accel, PhysAddr physical)
{
    CodePage ***chunk = &accel->pages[physical >> CODE_CHUNK_BITS & (CODE_CHUNKS - 1)];

    if (!*chunk) {
        *chunk = g_new0(CodePage *, CODE_CHUNK_SIZE);
    }
    return &(*chunk)[physical >> 12 & (CODE_CHUNK_SIZE - 1)];
}

/* The bits for the `size` bytes at `address` within their group of 64. */
static uint64_t bits_of(uint64_t address, size_t size)
{
    uint64_t bits = size < 64 ? (UINT64_C(1) << size) - 1 : UINT64_MAX;

    return bits << (address & 63);
}

static void mark_bytes(CodePage *page, uint64_t address, size_t size)
{
    uint64_t at = address & (PAGE_SIZE - 1), end = at + size;

    while (at < end) {
        uint64_t next = MIN((at | 63) + 1, end);

        page->bytes[at >> 6] |= bits_of(at, next - at);
        at = next;
    }
}

static bool any_marked(const CodePage *page, uint64_t address, size_t size)
{
    uint64_t at = address & (PAGE_SIZE - 1), end = at + size;

    while (at < end) {
        uint64_t next = MIN((at | 63) + 1, end);

        if (page->bytes[at >> 6] & bits_of(at, next - at)) {
            return true;
        }
        at = next;
    }
    return false;
}

static void remark(CodePage *page)
{
    page->patched.size = 0;
    memset(page->bytes, 0, sizeof(page->bytes));
    for (unsigned i = 0; i < G_N_ELEMENTS(page->blocks); i++) {
        for (const Block *b = page->blocks[i]; b; b = b->page_next) {
            mark_bytes(page, b->physical, b->length);
        }
    }
}

/* Stale blocks stay in the hash table, where searches skip them. */
static void make_stale(Block *block)
{
    block->stale = true;
    block->generation = NO_GENERATION;
    for (unsigned i = 0; i < block->count; i++) {
        block->insns[i].handler = op_stale;
    }
}

/* How each instruction's immediate is stored.  The array follows the tail. */
static uint8_t *immediates_of(Block *block)
{
    return (uint8_t *)&block->insns[block->count + 1];
}

/* Code that changes is left to the interpreter, which patches it in place. */
static void untranslate(const InterpAccel *accel, Block *block)
{
    if (accel->translator && block->entries >= accel->translate_after) {
        translate_drop(accel->translator, block);
    }
}

/* Decodes instruction `i` once more.  Returns false if this changes the block's structure. */
static bool patch_insn(Block *block, unsigned i, const uint8_t *bytes)
{
    Insn *old = &block->insns[i], new;
    uint8_t immediate;
    DecodeResult result = decode_insn(bytes, old->end - old->start, block->mode, block->features,
                                      old->start, &new, &immediate);

    if (result == DECODE_NEEDS_MORE || new.end != old->end) {
        return false;
    }
    if (i == block->count - 1u ? new.handler != old->handler : result != DECODE_OK) {
        return false;
    }
    new.after = old->after;
    *old = new;
    immediates_of(block)[i] = immediate;
    return true;
}

typedef struct Change {
    const InterpAccel *accel;
    uint64_t address;
    const uint8_t *host;
    size_t size;
    const Insn *by;
    unsigned patches, removals;
    Patched patched;
} Change;

/*
 * Records a patch if there is room.  If one is left out, the count is less than the
 * number of patches.
 */
static void note_patched(Change *change, Insn *insn, uint8_t how, uint8_t from)
{
    Patched *patched = &change->patched;

    if (!patched->count ||
        (patched->count < PATCHED_MAX && patched->how == how && patched->from == from)) {
        patched->how = how;
        patched->from = from;
        patched->insn[patched->count++] = insn;
    }
}

/*
 * Handles code that changes one of its instructions in place, perhaps each time
 * around a loop.  The rest of the block is kept.
 */
static bool patch_block(Block *block, Change *change)
{
    uint64_t address = change->address, at = address - block->physical;
    const uint8_t *host = change->host;
    size_t size = change->size;
    unsigned i = 0;

    if (address < block->physical || block->fixed) {
        return false;
    }
    while (block->insns[i].end <= at) {
        i++;
    }
    Insn *insn = &block->insns[i];
    if (at + size > insn->end || insn == change->by) {
        return false;
    }
    untranslate(change->accel, block);
    if (block->copied) {
        memcpy(block->copy + at, host, size);
    }
    uint8_t how = immediates_of(block)[i];
    const uint8_t *bytes = host - at;
    if (how && at + (how & IMMEDIATE_SIZE) >= insn->end) {
        patch_immediate(insn, bytes + insn->end, how);
        if (!block->copied) {
            note_patched(change, insn, how, (uint8_t)(at + (how & IMMEDIATE_SIZE) - insn->end));
        }
        return true;
    }
    return patch_insn(block, i, bytes + insn->start);
}

static bool overlaps(const Block *block, uint64_t address, size_t size)
{
    return block->physical < address + size && address < block->physical + block->length;
}

static void change_list(Block **link, Change *change)
{
    while (*link) {
        Block *block = *link;

        if (!overlaps(block, change->address, change->size)) {
            link = &block->page_next;
        } else if (patch_block(block, change)) {
            change->patches++;
            link = &block->page_next;
        } else {
            make_stale(block);
            *link = block->page_next;
            change->removals++;
        }
    }
}

static __attribute__((noinline)) void change_blocks(const InterpAccel *accel, CodePage *page,
                                                    uint64_t address, const uint8_t *host,
                                                    size_t size, const Insn *by)
{
    Change change = {.accel = accel, .address = address, .host = host, .size = size, .by = by};
    uint64_t at = address & (PAGE_SIZE - 1);
    uint64_t first = at > page->longest ? at - page->longest : 0;

    for (uint64_t i = first >> 6; i <= (at + size - 1) >> 6; i++) {
        change_list(&page->blocks[i], &change);
    }
    if (change.removals) {
        remark(page);
    }
    page->patched = change.patched;
    page->patched.at = (uint16_t)at;
    if (change.patched.count == change.patches && !change.removals) {
        page->patched.size = (uint16_t)size;
    }
}

void code_written(const InterpAccel *accel, CodePage *page, uint64_t address, const uint8_t *host,
                  size_t size, const Insn *by)
{
    if (!patch_again(&page->patched, address, host, size, by) && any_marked(page, address, size)) {
        change_blocks(accel, page, address, host, size, by);
    }
}

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

void block_end_here(Cpu *cpu)
{
    const Insn *insn = cpu->current;
    unsigned dropped = insn->after;

    if (!dropped) {
        return;
    }
    Block *block = block_of(insn);
    untranslate(cpu_accel(cpu), block);
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
    mark_bytes(page, block->physical, block->length);
}

/* ---- the cache ---- */

CodeCache *code_cache_new(Cpu *cpu)
{
    CodeCache *cache = g_try_new0(CodeCache, 1);

    if (!cache) {
        return NULL;
    }
    cache->scratch = g_malloc0(SINGLE_SIZE);
    cache->scratch->generation = NO_GENERATION;
    cpu->no_block = g_new0(Block, 1);
    cpu->no_block->generation = NO_GENERATION;
    for (unsigned i = 0; i < JUMP_SIZE; i++) {
        cpu->jump[i] = cpu->no_block;
    }
    return cache;
}

void code_cache_free(CodeCache *cache)
{
    if (cache) {
        g_free(cache->scratch);
        g_free(cache);
    }
}

static void empty_cache(Cpu *cpu)
{
    CodeCache *cache = cpu->code;

    memset(cache->hash, 0, sizeof(cache->hash));
    memset(cache->cross_pages, 0, sizeof(cache->cross_pages));
    for (unsigned i = 0; i < JUMP_SIZE; i++) {
        cpu->jump[i] = cpu->no_block;
    }
}

/* This drops the blocks of every CPU, because a page lists all of them together. */
void code_cache_flush(Cpu *cpu)
{
    InterpAccel *accel = cpu_accel(cpu);

    for (unsigned i = 0; i < accel->cpus->len; i++) {
        empty_cache(g_ptr_array_index(accel->cpus, i));
    }
    code_arena_empty(&accel->arena);
    if (accel->translator) {
        translator_empty(accel->translator);
    }
    for (unsigned i = 0; i < CODE_CHUNKS; i++) {
        for (unsigned j = 0; accel->pages[i] && j < CODE_CHUNK_SIZE; j++) {
            if (accel->pages[i][j]) {
                memset(accel->pages[i][j], 0, sizeof(CodePage));
            }
        }
    }
}

static Block **hash_slot(CodeCache *cache, PhysAddr physical, unsigned mode)
{
    uint64_t mixed = (physical ^ physical >> HASH_BITS) + mode / 32;

    return &cache->hash[mixed & (HASH_SIZE - 1)];
}

static Block *look_up(CodeCache *cache, PhysAddr physical, unsigned mode)
{
    Block **link = hash_slot(cache, physical, mode);

    while (*link) {
        Block *block = *link;

        if (block->stale) {
            *link = block->hash_next;
        } else if (block->physical == physical && block->mode == mode) {
            return block;
        } else {
            link = &block->hash_next;
        }
    }
    return NULL;
}

/* ---- making blocks ---- */

/* The instruction bytes at CS:EIP. */
typedef struct Fetch {
    const uint8_t *bytes; /* NULL: not in memory */
    LinearAddr linear;
    PhysAddr physical;
    size_t in_page;  /* bytes up to the end of the page or the segment */
    size_t in_limit; /* bytes up to the end of the segment, at most 15 */
} Fetch;

static void locate(Cpu *cpu, Fetch *fetch)
{
    if (cpu->rip >= cpu->cs_end) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    fetch->linear = cpu_code_linear(cpu);
    Rights rights = cpu_rights(cpu);
    const TlbEntry *entry = tlb_entry(cpu, fetch->linear, ACCESS_FETCH, rights);
    unsigned in_page = fetch->linear & ~PAGE_MASK;

    fetch->bytes =
        entry->exec_tag & TLB_BUS ? NULL : (const uint8_t *)(entry->addend + fetch->linear);
    fetch->physical = tlb_cold_at(&cpu->tlbs[rights], fetch->linear)->physical | in_page;
    fetch->in_limit = MIN(cpu->cs_end - cpu->rip, INSN_BYTES_MAX);
    fetch->in_page = MIN(cpu->cs_end - cpu->rip, PAGE_SIZE - in_page);
}

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

/*
 * Makes a block that is used at once and not kept.  Writes to its bytes are not
 * noticed, so it has only one instruction.  `known`: the instruction is part of a
 * block that is kept.
 */
static Block *make_scratch(Cpu *cpu, const Fetch *fetch, bool known)
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

static Block *make_block(Cpu *cpu, const Fetch *fetch)
{
    InterpAccel *accel = cpu_accel(cpu);
    CodeArena *arena = &accel->arena;
    uint8_t immediates[BLOCK_MAX];

    if (!fetch->bytes) {
        return make_scratch(cpu, fetch, false);
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
    if (accel->translator) {
        block->native = translator_leave(accel->translator);
    }
    Block **slot = hash_slot(cpu->code, block->physical, block->mode);
    block->hash_next = *slot;
    *slot = block;
    track(cpu, block);
    block->fixed = cpu->trace_code;
    if (cpu->trace_code) {
        trace_decoded(cpu, block, fetch->linear, fetch->bytes);
    }
    return block;
}

/* With `paranoid`: whether the bytes are still those that were decoded. */
static bool is_unmodified(const Block *block, const Fetch *fetch)
{
    return !block->copied || memcmp(block->copy, fetch->bytes, block->length) == 0;
}

/* Has the block translated when it has been entered often; until then nothing links to it. */
static bool is_hot(Cpu *cpu, Block *block)
{
    InterpAccel *accel = cpu_accel(cpu);

    if (!accel->translator || block->entries >= accel->translate_after) {
        return true;
    }
    if (++block->entries < accel->translate_after) {
        block->generation = NO_GENERATION;
        return false;
    }
    if (block->mode != 16 && cpu_code_linear(cpu) == cpu->rip) {
        translate_block(accel->translator, cpu, block);
        (*code_page_slot(accel, block->physical))->patched.size = 0;
    }
    return true;
}

/* A fault during the fetch counts as an instruction, which belongs to no block. */
Block *block_find(Cpu *cpu, uint64_t limit)
{
    Fetch fetch;

    if (cpu_accel(cpu)->translator && !translator_has_room(cpu_accel(cpu)->translator)) {
        code_cache_flush(cpu);
    }
    cpu->current = &BETWEEN_BLOCKS;
    cpu->fuel--;
    locate(cpu, &fetch);
    Block *block = look_up(cpu->code, fetch.physical, cpu->mode);
    if (block && (!fetch.bytes || !is_unmodified(block, &fetch))) {
        make_stale(block);
        block = NULL;
    }
    if (!block && limit > 1) {
        block = make_block(cpu, &fetch);
    }
    if (!block || block->count > limit || (block->kept && block->length > fetch.in_page)) {
        block = make_scratch(cpu, &fetch, block != NULL);
    }
    cpu->fuel++;
    bool breaks = unlikely(cpu->debug.breaks) && debug_at_breakpoint(cpu);
    if (block->kept && !cpu->unlinked && !breaks) {
        block->linear = fetch.linear;
        if (unlikely(!is_hot(cpu, block))) {
            return block;
        }
        block->generation = cpu->generation;
        cpu->jump[jump_index(fetch.linear)] = block;
    }
    return block;
}

/*
 * Enters the block at CS:EIP, and links it from `link` if that is allowed.  A fault
 * of the fetch is raised here, between two blocks.
 */
static const Insn *enter(Cpu *cpu, Block **link)
{
    const CodeArena *arena = &cpu_accel(cpu)->arena;
    unsigned epoch = arena->epoch;

    if (cpu->fuel <= 0 || (unlikely(cpu->debug.breaks) && debug_at_breakpoint(cpu))) {
        return NULL;
    }
    Block *block = block_find(cpu, UINT64_MAX);
    if (cpu->fuel < block->count) {
        return NULL;
    }
    if (link && block->generation != NO_GENERATION && epoch == arena->epoch) {
        *link = block;
    }
    if (cpu->trace_entries) {
        trace_entered(cpu, block);
    }
    cpu->fuel -= block->count;
    return block->insns;
}

#define GO_ON(link)                                                                                \
    do {                                                                                           \
        const Insn *next_ = enter(cpu, link);                                                      \
        if (!next_) {                                                                              \
            return NULL;                                                                           \
        }                                                                                          \
        GOTO(next_);                                                                               \
    } while (0)

const Insn *block_chain_slow0(Cpu *cpu, const Insn *insn)
{
    GO_ON(&((BlockTail *)insn)->link[0]);
}

const Insn *block_chain_slow1(Cpu *cpu, const Insn *insn)
{
    GO_ON(&((BlockTail *)insn)->link[1]);
}

const Insn *block_jump_slow(Cpu *cpu, const Insn *insn G_GNUC_UNUSED)
{
    GO_ON(NULL);
}
