/*
 * The pages of code that blocks were made from, and what a write to them does.
 *
 * The CodePage marks every byte that belongs to a block.  A write to such a byte,
 * by a CPU or a device, decodes its instruction once more.  If the length changes
 * or the instruction itself wrote, op_stale replaces all instructions of the block
 * instead, so that even a running block is left before its next instruction.  The
 * memory of stale blocks is reclaimed when the arena is full.
 */
#include "src/accel/soft/interp/block_internal.h"
#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/interp/patch.h"

#include <string.h>

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

void code_page_mark(CodePage *page, uint64_t address, size_t size)
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
            code_page_mark(page, b->physical, b->length);
        }
    }
}

void block_make_stale(Block *block)
{
    block->stale = true;
    block->generation = NO_GENERATION;
    if (!block->copied) {
        block->native = NULL;
    }
    for (unsigned i = 0; i < block->count; i++) {
        block->insns[i].handler = op_stale;
    }
}

void block_untranslate(const InterpAccel *accel, Block *block)
{
    block_end_count(block);
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
    block_untranslate(change->accel, block);
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
            block_make_stale(block);
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
