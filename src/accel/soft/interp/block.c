/*
 * The cache of decoded blocks.
 *
 * Blocks are found by physical address and code size, so changes of the page tables
 * do not affect them.  One block enters another without a look-up if the other's
 * generation and linear address are the current ones.  A change of a translation
 * starts a new generation.  block_make.c makes the blocks, and code_page.c drops or
 * patches them when their bytes change.
 */
#include "src/accel/soft/interp/block_internal.h"
#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/trace.h"
#include "src/accel/soft/x86/debug.h"

#include <string.h>

/* log2 of the number of lists of a new cache */
#define HASH_BITS_LEAST 10u

static const Insn BETWEEN_BLOCKS;

/* ---- the lists of blocks by physical address ---- */

static size_t hash_size(const CodeCache *cache)
{
    return (size_t)1 << cache->hash_bits;
}

static Block **hash_slot(const CodeCache *cache, PhysAddr physical, unsigned mode)
{
    uint64_t mixed = (physical ^ physical >> cache->hash_bits) + mode / 32;

    return &cache->hash[mixed & (hash_size(cache) - 1)];
}

static void hash_insert(CodeCache *cache, Block *block)
{
    Block **slot = hash_slot(cache, block->physical, block->mode);

    block->hash_next = *slot;
    *slot = block;
}

/* Doubles the number of lists, and leaves out stale blocks.  Without memory nothing changes. */
static void hash_grow(CodeCache *cache)
{
    size_t old_size = hash_size(cache);
    Block **old = cache->hash, **more = g_try_new0(Block *, 2 * old_size);

    if (!more) {
        return;
    }
    cache->hash = more;
    cache->hash_bits++;
    cache->block_count = 0;
    for (size_t i = 0; i < old_size; i++) {
        for (Block *block = old[i], *next; block; block = next) {
            next = block->hash_next;
            if (!block->stale) {
                hash_insert(cache, block);
                cache->block_count++;
            }
        }
    }
    g_free(old);
}

void block_hash_add(CodeCache *cache, Block *block)
{
    if (++cache->block_count > hash_size(cache)) {
        hash_grow(cache);
    }
    hash_insert(cache, block);
}

/* ---- the cache ---- */

CodeCache *code_cache_new(Cpu *cpu)
{
    CodeCache *cache = g_try_new0(CodeCache, 1);

    if (!cache) {
        return NULL;
    }
    cache->hash_bits = HASH_BITS_LEAST;
    cache->hash = g_new0(Block *, hash_size(cache));
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
        g_free(cache->hash);
        g_free(cache->scratch);
        g_free(cache);
    }
}

static void empty_cache(Cpu *cpu)
{
    CodeCache *cache = cpu->code;

    memset(cache->hash, 0, hash_size(cache) * sizeof(*cache->hash));
    cache->block_count = 0;
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

Block *block_near(Cpu *cpu, const Block *block, LinearAddr linear)
{
    if ((linear ^ block->linear) & PAGE_MASK) {
        return NULL;
    }
    return look_up(cpu->code, (block->physical & PAGE_MASK) | (linear & ~PAGE_MASK), block->mode);
}

/* ---- finding and entering blocks ---- */

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

/* With `paranoid`: whether the bytes are still those that were decoded. */
static bool is_unmodified(const Block *block, const Fetch *fetch)
{
    return !block->copied || memcmp(block->copy, fetch->bytes, block->length) == 0;
}

/* ---- counting entries ---- */

/* Tells the handler in Block.counted from the address of a translation, which is even. */
#define COUNTED 1u

static Handler *counted_handler(const Block *block)
{
    return (Handler *)(block->counted - COUNTED);
}

/* Until the block is translated, op_count takes the place of its first handler. */
static void count_entries(const Cpu *cpu, Block *block)
{
    Handler **first = &block->insns[0].handler;

    if (cpu_accel(cpu)->translator && block->entries < cpu_accel(cpu)->translate_after &&
        !block->copied && *first != op_count) {
        block->counted = (uintptr_t)*first + COUNTED;
        *first = op_count;
    }
}

Handler *block_handler(const Block *block, unsigned i)
{
    Handler *handler = block->insns[i].handler;

    return handler == op_count ? counted_handler(block) : handler;
}

void block_end_count(Block *block)
{
    if (block->insns[0].handler == op_count) {
        block->insns[0].handler = counted_handler(block);
        block->native = NULL;
    }
}

/* Counts an entry of the block, and has it translated when there were enough. */
const Insn *op_count(Cpu *cpu, const Insn *insn)
{
    Block *block = (Block *)((uint8_t *)(uintptr_t)insn - offsetof(Block, insns));
    InterpAccel *accel = cpu_accel(cpu);
    Handler *handler = counted_handler(block);

    if (block->entries < accel->translate_after) {
        block->entries++;
    }
    if (block->entries >= accel->translate_after && translator_has_room(accel->translator)) {
        translate_block(accel->translator, cpu, block);
        handler = insn->handler;
    }
    INTERP_MUSTTAIL return handler(cpu, insn);
}

/* Where a generation ends, most blocks are still where they were. */
static Block *known_block(const Cpu *cpu, const Fetch *fetch)
{
    Block *block = cpu->jump[jump_index(fetch->linear)];

    if (block->physical == fetch->physical && block->mode == cpu->mode && block->kept &&
        !block->stale) {
        return block;
    }
    return look_up(cpu->code, fetch->physical, cpu->mode);
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
    Block *block = known_block(cpu, &fetch);
    if (block && (!fetch.bytes || !is_unmodified(block, &fetch))) {
        block_make_stale(block);
        block = NULL;
    }
    if (!block && limit > 1) {
        block = block_make(cpu, &fetch);
    }
    if (!block || block->count > limit || (block->kept && block->length > fetch.in_page)) {
        block = block_make_scratch(cpu, &fetch, block != NULL);
    }
    cpu->fuel++;
    bool breaks = unlikely(cpu->debug.breaks) && debug_at_breakpoint(cpu);
    if (block->kept && !cpu->unlinked && !breaks) {
        if (block->linear != fetch.linear) {
            block_untranslate(cpu_accel(cpu), block);
            block->entries = 0;
            block->linear = fetch.linear;
        }
        count_entries(cpu, block);
        block->generation = cpu->generation;
        cpu_note_block_in_page(cpu, fetch.linear);
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
