/*
 * Accesses that no device answered.
 */
#include "src/board/bus_internal.h"

#define UNCLAIMED_MEMORY (UINT64_C(1) << 63)
/* A limit, because a guest that walks the whole address space must not use up the host's memory. */
#define UNCLAIMED_MAX 65536u

void bus_unclaimed_init(Bus *bus)
{
    g_mutex_init(&bus->unclaimed_lock);
    bus->unclaimed = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
}

void bus_unclaimed_clear(Bus *bus)
{
    g_hash_table_unref(bus->unclaimed);
    g_mutex_clear(&bus->unclaimed_lock);
}

void bus_count_unclaimed(Bus *bus, BusInitiator *by, IoSpace space, uint64_t address, bool write)
{
    uint64_t key = space == IO_MEMORY ? address | UNCLAIMED_MEMORY : address;
    g_mutex_lock(&bus->unclaimed_lock);
    BusUnclaimed *entry = g_hash_table_lookup(bus->unclaimed, &key);
    if (!entry && g_hash_table_size(bus->unclaimed) < UNCLAIMED_MAX) {
        /* The key is the entry's first field: one allocation for both. */
        entry = g_new0(BusUnclaimed, 1);
        entry->address = key;
        entry->memory = space == IO_MEMORY;
        entry->first_pc = by->program_counter ? by->program_counter(by) : 0;
        g_hash_table_insert(bus->unclaimed, &entry->address, entry);
    }
    if (entry) {
        entry->reads += !write;
        entry->writes += write;
    }
    g_mutex_unlock(&bus->unclaimed_lock);
}

static gint compare_unclaimed(gconstpointer a, gconstpointer b)
{
    const BusUnclaimed *x = a, *y = b;
    if (x->memory != y->memory) {
        return x->memory ? 1 : -1;
    }
    return (x->address > y->address) - (x->address < y->address);
}

GArray *bus_unclaimed(const Bus *bus)
{
    GArray *array = g_array_new(false, false, sizeof(BusUnclaimed));
    GHashTableIter iter;
    gpointer entry;
    g_mutex_lock((GMutex *)&bus->unclaimed_lock);
    g_hash_table_iter_init(&iter, bus->unclaimed);
    while (g_hash_table_iter_next(&iter, NULL, &entry)) {
        BusUnclaimed copy = *(BusUnclaimed *)entry;
        copy.address &= ~UNCLAIMED_MEMORY;
        g_array_append_val(array, copy);
    }
    g_mutex_unlock((GMutex *)&bus->unclaimed_lock);
    g_array_sort(array, compare_unclaimed);
    return array;
}
