#include "src/cpu/page_walk.h"

#include "src/cpu/paging_mode.h"

#include <inttypes.h>

/* A limit, because tables that contain themselves would yield pages without end. */
#define TABLES_MAX 65536u

typedef struct Walk {
    PagingMode mode;
    const Memory *memory;
    void (*visit)(void *opaque, const PageMapping *mapping);
    void *opaque;
    unsigned tables;
} Walk;

/* In addresses of long mode the unused bits repeat the highest used bit. */
static LinearAddr canonical(const Walk *walk, LinearAddr linear)
{
    unsigned levels = walk->mode.levels;
    unsigned unused = levels < 4 ? 0 : 64 - (12 + levels * walk->mode.index_bits);
    return (LinearAddr)((int64_t)(linear << unused) >> unused);
}

static void visit_page(Walk *walk, unsigned level, LinearAddr linear, uint64_t entry, bool user,
                       bool write)
{
    uint64_t size = UINT64_C(1) << (12 + level * walk->mode.index_bits);
    PhysAddr physical = paging_base(&walk->mode, level, entry, size - 1);
    walk->visit(walk->opaque,
                &(PageMapping){canonical(walk, linear), physical, size, entry, user, write});
}

/* The four entries of PAE's first table grant all rights. */
static bool is_pae_root(const Walk *walk, unsigned level)
{
    return walk->mode.levels == 3 && level == 2;
}

static bool walk_table(Walk *walk, unsigned level, PhysAddr table, LinearAddr base, bool user,
                       bool write)
{
    unsigned count = is_pae_root(walk, level) ? 4 : 1u << walk->mode.index_bits;
    unsigned size = walk->mode.entry_size;
    if (++walk->tables > TABLES_MAX) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        uint64_t entry = 0;
        LinearAddr linear = base | (LinearAddr)i << (12 + level * walk->mode.index_bits);
        if (!memory_read(walk->memory, table + i * size, &entry, size) ||
            !(entry & PAGING_ENTRY_PRESENT)) {
            continue;
        }
        uint64_t rights = is_pae_root(walk, level) ? UINT64_MAX : entry;
        bool users = user && rights & PAGING_ENTRY_USER;
        bool writes = write && rights & PAGING_ENTRY_WRITE;
        bool page = !level || paging_is_large(&walk->mode, level, entry);
        if (page) {
            visit_page(walk, level, linear, entry, users, writes);
        } else if (!walk_table(walk, level - 1, entry & PAGING_ADDRESS_MASK, linear, users,
                               writes)) {
            return false;
        }
    }
    return true;
}

bool page_walk(const CpuState *state, const Memory *memory,
               void (*visit)(void *opaque, const PageMapping *mapping), void *opaque)
{
    Walk walk = {.mode = paging_mode(state), .memory = memory, .visit = visit, .opaque = opaque};
    return walk_table(&walk, walk.mode.levels - 1, paging_root(state, &walk.mode), 0, true, true);
}

/* ---- as text ---- */

static void put_end(GString *text, bool whole)
{
    if (!whole) {
        g_string_append_printf(text, "(there are more than %u tables: the rest is not shown)\n",
                               TABLES_MAX);
    }
}

static void put_page(void *opaque, const PageMapping *mapping)
{
    static const char LETTERS[] = "XGPDACTUW";
    static const unsigned BITS[] = {63, 8, 7, 6, 5, 4, 3, 2, 1};
    GString *text = opaque;
    g_string_append_printf(text, "%016" PRIx64 ": %016" PRIx64 " ", mapping->linear,
                           mapping->physical);
    for (size_t i = 0; i < G_N_ELEMENTS(BITS); i++) {
        g_string_append_c(text, mapping->entry >> BITS[i] & 1 ? LETTERS[i] : '-');
    }
    g_string_append_c(text, '\n');
}

void page_walk_tlb(GString *text, const CpuState *state, const Memory *memory)
{
    if (!(state->cr0 & CPU_CR0_PG)) {
        g_string_append(text, "PG disabled\n");
        return;
    }
    put_end(text, page_walk(state, memory, put_page, text));
}

/* Adjacent pages with equal rights form one range. */
typedef struct Ranges {
    GString *text;
    LinearAddr start, end;
    bool any, user, write;
} Ranges;

static void put_range(const Ranges *ranges)
{
    if (ranges->any) {
        g_string_append_printf(ranges->text, "%016" PRIx64 "-%016" PRIx64 " %016" PRIx64 " %cr%c\n",
                               ranges->start, ranges->end, ranges->end - ranges->start,
                               ranges->user ? 'u' : '-', ranges->write ? 'w' : '-');
    }
}

static void add_page(void *opaque, const PageMapping *mapping)
{
    Ranges *ranges = opaque;
    bool same = ranges->any && ranges->end == mapping->linear && ranges->user == mapping->user &&
                ranges->write == mapping->write;
    if (!same) {
        put_range(ranges);
        ranges->any = true;
        ranges->start = mapping->linear;
        ranges->user = mapping->user;
        ranges->write = mapping->write;
    }
    ranges->end = mapping->linear + mapping->size;
}

void page_walk_mem(GString *text, const CpuState *state, const Memory *memory)
{
    if (!(state->cr0 & CPU_CR0_PG)) {
        g_string_append(text, "PG disabled\n");
        return;
    }
    Ranges ranges = {.text = text};
    bool whole = page_walk(state, memory, add_page, &ranges);
    put_range(&ranges);
    put_end(text, whole);
}
