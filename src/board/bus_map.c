/*
 * The mappings of the bus, and how they change while CPUs run.
 */
#include "src/base/error.h"
#include "src/board/bus_internal.h"

#include <stdlib.h>
#include <string.h>

/* The number of changes after which old mappings are freed. */
#define COLLECT_AFTER 256u

typedef struct PlacedClaim {
    BusClaim claim; /* first member */
    bool mapped;
    uint16_t index;     /* for a mapping of ports */
    BusMapping current; /* valid if the claim is mapped */
} PlacedClaim;

static AddressMap *new_address_map(unsigned count, unsigned cpus)
{
    AddressMap *map = g_malloc0(sizeof(*map) + (cpus + 2) * sizeof(map->first[0]));
    map->mappings = g_new0(BusMapping, count);
    map->count = count;
    map->cpus = cpus;
    return map;
}

static void free_address_map(gpointer opaque)
{
    AddressMap *map = opaque;
    g_free(map->mappings);
    g_free(map);
}

void bus_map_init(Bus *bus)
{
    void *mappings;
    g_mutex_init(&bus->map_lock);
    g_mutex_init(&bus->collect_lock);
    /* The host keeps pages of both tables that are never written as its zero page. */
    bus->ports = g_malloc0_n(PORT_COUNT, sizeof(*bus->ports));
    g_assert(!posix_memalign(&mappings, 64, PORT_MAPPINGS * sizeof(BusMapping)));
    bus->mappings = mappings;
    bus->mappings[0] = (BusMapping){0};
    bus->used_indices = 1;
    bus->claims = g_ptr_array_new_with_free_func(g_free);
    bus->free_indices = g_array_new(false, false, sizeof(uint16_t));
    bus->old_indices = g_array_new(false, false, sizeof(uint16_t));
    bus->old_maps = g_ptr_array_new_with_free_func(free_address_map);
    bus->initiators = g_ptr_array_new();
    atomic_store(&bus->addresses, new_address_map(0, 0));
}

void bus_map_clear(Bus *bus)
{
    free_address_map(atomic_load(&bus->addresses));
    g_ptr_array_unref(bus->initiators);
    g_ptr_array_unref(bus->old_maps);
    g_array_unref(bus->old_indices);
    g_array_unref(bus->free_indices);
    g_ptr_array_unref(bus->claims);
    free(bus->mappings);
    g_free(bus->ports);
    g_mutex_clear(&bus->map_lock);
    g_mutex_clear(&bus->collect_lock);
}

/* ---- looking up ---- */

static const BusMapping *search(const Bus *bus, const AddressMap *map, unsigned set,
                                uint64_t address)
{
    unsigned low = map->first[set], high = map->first[set + 1];
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const BusMapping *mapping = &map->mappings[middle];
        if (address < mapping->base) {
            high = middle;
        } else if (address - mapping->base < mapping->size) {
            return mapping;
        } else {
            low = middle + 1;
        }
    }
    return bus_nobody(bus);
}

static const AddressMap *address_map(const Bus *bus)
{
    return atomic_load_explicit(&bus->addresses, memory_order_acquire);
}

const BusMapping *bus_find_per_cpu(const Bus *bus, unsigned cpu, uint64_t address)
{
    const AddressMap *map = address_map(bus);
    return cpu < map->cpus ? search(bus, map, cpu + 1, address) : bus_nobody(bus);
}

const BusMapping *bus_find_memory(const Bus *bus, unsigned cpu, uint64_t address)
{
    const AddressMap *map = address_map(bus);
    if (cpu < map->cpus) {
        const BusMapping *own = search(bus, map, cpu + 1, address);
        if (own->claim) {
            return own;
        }
    }
    return search(bus, map, 0, address);
}

unsigned bus_cpu_count(const Bus *bus)
{
    return address_map(bus)->cpus;
}

const BusMapping *bus_find(const Bus *bus, IoSpace space, uint64_t address)
{
    if (space == IO_PORTS && address >= PORT_COUNT) {
        return NULL;
    }
    const BusMapping *mapping =
        space == IO_PORTS ? bus_port(bus, (uint16_t)address) : bus_find_memory(bus, 0, address);
    return mapping->claim ? mapping : NULL;
}

void bus_foreach_mapping(const Bus *bus, void (*visit)(const BusMapping *mapping, void *opaque),
                         void *opaque)
{
    for (guint i = 0; i < bus->claims->len; i++) {
        const PlacedClaim *placed = bus->claims->pdata[i];
        if (placed->mapped) {
            visit(&placed->current, opaque);
        }
    }
}

/* ---- what may be mapped where ---- */

static bool ranges_overlap(const BusClaim *a, uint64_t base_a, const BusClaim *b, uint64_t base_b)
{
    bool strangers = a->per_cpu && b->per_cpu && a->cpu != b->cpu;
    return a->space == b->space && !strangers && base_a <= base_b + (b->size - 1) &&
           base_b <= base_a + (a->size - 1);
}

/* Returns the claim that overlaps `claim` at this base, except `claim` itself. */
static const PlacedClaim *find_obstacle(const Bus *bus, const BusClaim *claim, uint64_t base)
{
    for (guint i = 0; i < bus->claims->len; i++) {
        const PlacedClaim *other = bus->claims->pdata[i];
        if (other->mapped && &other->claim != claim &&
            ranges_overlap(claim, base, &other->claim, other->current.base)) {
            return other;
        }
    }
    return NULL;
}

/* Returns what is wrong with a claim at a base by itself, or NULL. */
static const char *misplaced(const BusClaim *claim, uint64_t base)
{
    uint64_t last = base + (claim->size - 1);
    return !claim->size ? "is empty"
           : last < base || (claim->space == IO_PORTS && last >= PORT_COUNT)
               ? "runs past the end of the address space"
               : NULL;
}

const BusClaim *bus_obstacle(Bus *bus, const BusClaim *claim, uint64_t base)
{
    g_mutex_lock(&bus->map_lock);
    const PlacedClaim *other = find_obstacle(bus, claim, base);
    g_mutex_unlock(&bus->map_lock);
    return other ? &other->claim : NULL;
}

/* ---- mapping ---- */

static uint8_t sizes_between(unsigned least, unsigned most)
{
    unsigned sizes = 0;
    for (unsigned size = MAX(least, 1); size <= most; size *= 2) {
        sizes |= size;
    }
    return (uint8_t)sizes;
}

static BusMapping make_mapping(const Bus *bus, const BusClaim *claim, uint64_t base)
{
    const IoOps *ops = claim->ops;
    BusMapping mapping = {
        .ops = ops,
        .state = claim->state,
        .lock = bus->locked ? claim->lock : NULL,
        .name = claim->name,
        .base = base,
        .size = MAX(claim->size, claim->reach),
        .claim = claim,
    };
    for (unsigned write = 0; write < 2; write++) {
        unsigned least = write ? ops->min_write : ops->min_read;
        unsigned most = ops->wider == IO_WIDER_IS_CUT ? 8 : ops->max_size;
        mapping.whole[write] = sizes_between(least, ops->max_size);
        mapping.answered[write] = sizes_between(least, most);
        mapping.unaligned[write] = (uint8_t)(least ? least - 1 : 0);
    }
    return mapping;
}

static void count_old(Bus *bus)
{
    if (bus->old_indices->len + bus->old_maps->len >= COLLECT_AFTER) {
        atomic_fetch_or(&bus->after, AFTER_COLLECT);
    }
}

static bool take_index(Bus *bus, uint16_t *index)
{
    if (bus->free_indices->len) {
        *index = g_array_index(bus->free_indices, uint16_t, bus->free_indices->len - 1);
        g_array_set_size(bus->free_indices, bus->free_indices->len - 1);
        return true;
    }
    *index = (uint16_t)bus->used_indices;
    return bus->used_indices < PORT_MAPPINGS && bus->used_indices++;
}

static void set_ports(Bus *bus, uint64_t base, uint64_t size, uint16_t index)
{
    for (uint64_t port = base; port < base + size; port++) {
        atomic_store_explicit(&bus->ports[port], index, memory_order_release);
    }
}

static void clear_ports(Bus *bus, const PlacedClaim *placed)
{
    uint64_t base = placed->current.base;
    for (uint64_t port = base; port < base + placed->claim.size; port++) {
        if (atomic_load_explicit(&bus->ports[port], memory_order_relaxed) == placed->index) {
            atomic_store_explicit(&bus->ports[port], 0, memory_order_release);
        }
    }
    g_array_append_val(bus->old_indices, placed->index);
    count_old(bus);
}

static unsigned set_of(const BusClaim *claim)
{
    return claim->per_cpu ? claim->cpu + 1 : 0;
}

static gint compare_mappings(gconstpointer a, gconstpointer b)
{
    const BusMapping *x = a, *y = b;
    unsigned set_x = set_of(x->claim), set_y = set_of(y->claim);
    return set_x != set_y ? (set_x > set_y) - (set_x < set_y)
                          : (x->base > y->base) - (x->base < y->base);
}

/* Replaces the array of address mappings with the current ones. */
static void publish_addresses(Bus *bus)
{
    unsigned count = 0, cpus = 0;
    for (guint i = 0; i < bus->claims->len; i++) {
        const PlacedClaim *placed = bus->claims->pdata[i];
        bool counts = placed->mapped && placed->claim.space == IO_MEMORY;
        count += counts;
        cpus = counts ? MAX(cpus, set_of(&placed->claim)) : cpus;
    }
    AddressMap *map = new_address_map(count, cpus);
    unsigned at = 0;
    for (guint i = 0; i < bus->claims->len; i++) {
        const PlacedClaim *placed = bus->claims->pdata[i];
        if (placed->mapped && placed->claim.space == IO_MEMORY) {
            map->mappings[at++] = placed->current;
            for (unsigned set = set_of(&placed->claim) + 1; set < cpus + 2; set++) {
                map->first[set]++;
            }
        }
    }
    if (count) {
        qsort(map->mappings, count, sizeof(*map->mappings), compare_mappings);
    }
    g_ptr_array_add(bus->old_maps, atomic_exchange(&bus->addresses, map));
    count_old(bus);
}

static void tell(const Bus *bus, const PlacedClaim *placed, bool mapped)
{
    const BusListener *listener = bus->listener;
    if (listener) {
        (mapped ? listener->map : listener->unmap)(bus->listener_opaque, &placed->current);
    }
}

static void unplace(Bus *bus, PlacedClaim *placed)
{
    if (!placed->mapped) {
        return;
    }
    placed->mapped = false;
    if (placed->claim.space == IO_PORTS) {
        clear_ports(bus, placed);
    } else {
        publish_addresses(bus);
    }
    tell(bus, placed, false);
}

/* Returns false if too many old mappings wait to be freed, so that no index is left. */
static bool place_ports(Bus *bus, PlacedClaim *placed, const BusMapping *mapping)
{
    uint16_t index;
    if (!take_index(bus, &index)) {
        unplace(bus, placed);
        return false;
    }
    bus->mappings[index] = *mapping;
    set_ports(bus, mapping->base, placed->claim.size, index);
    if (placed->mapped) {
        clear_ports(bus, placed);
        tell(bus, placed, false);
    }
    placed->index = index;
    return true;
}

/* The range must be free. */
static bool place(Bus *bus, PlacedClaim *placed, uint64_t base)
{
    const BusMapping mapping = make_mapping(bus, &placed->claim, base);
    if (placed->claim.space == IO_PORTS) {
        if (!place_ports(bus, placed, &mapping)) {
            return false;
        }
    } else if (placed->mapped) {
        tell(bus, placed, false);
    }
    placed->mapped = true;
    placed->current = mapping;
    if (placed->claim.space == IO_MEMORY) {
        publish_addresses(bus);
    }
    tell(bus, placed, true);
    return true;
}

const BusClaim *bus_add(Bus *bus, const BusClaim *claim)
{
    g_assert(claim->space == IO_PORTS || !(claim->ops->unfinished || claim->reach));
    PlacedClaim *placed = g_new0(PlacedClaim, 1);
    placed->claim = *claim;
    g_mutex_lock(&bus->map_lock);
    g_ptr_array_add(bus->claims, placed);
    g_mutex_unlock(&bus->map_lock);
    return &placed->claim;
}

bool bus_map(Bus *bus, const BusClaim *claim, uint64_t base)
{
    PlacedClaim *placed = (PlacedClaim *)claim;
    bool mapped = true;
    g_mutex_lock(&bus->map_lock);
    if (!placed->mapped || placed->current.base != base) {
        if (misplaced(claim, base) || find_obstacle(bus, claim, base)) {
            unplace(bus, placed);
            mapped = false;
        } else {
            mapped = place(bus, placed, base);
        }
    }
    g_mutex_unlock(&bus->map_lock);
    return mapped;
}

void bus_unmap(Bus *bus, const BusClaim *claim)
{
    g_mutex_lock(&bus->map_lock);
    unplace(bus, (PlacedClaim *)claim);
    g_mutex_unlock(&bus->map_lock);
}

static bool refuse(const BusClaim *claim, GError **error, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                "%s: %s range 0x%" G_GINT64_MODIFIER "x+0x%" G_GINT64_MODIFIER "x %s", claim->name,
                claim->space == IO_PORTS ? "port" : "address", claim->base, claim->size, why);
    return false;
}

bool bus_claim(Bus *bus, const BusClaim *claim, GError **error)
{
    const char *wrong = misplaced(claim, claim->base);
    const BusClaim *other = wrong ? NULL : bus_obstacle(bus, claim, claim->base);
    if (other) {
        g_autofree char *why =
            g_strdup_printf("overlaps %s at 0x%" G_GINT64_MODIFIER "x+0x%" G_GINT64_MODIFIER
                            "x (choose another base)",
                            other->name, ((const PlacedClaim *)other)->current.base, other->size);
        return refuse(claim, error, why);
    }
    return wrong ? refuse(claim, error, wrong)
                 : bus_map(bus, bus_add(bus, claim), claim->base) ||
                       refuse(claim, error, "is one more than there can be");
}

/* ---- the listener ---- */

void bus_set_listener(Bus *bus, const BusListener *listener, void *opaque)
{
    g_mutex_lock(&bus->map_lock);
    bus->listener = listener;
    bus->listener_opaque = opaque;
    for (guint i = 0; listener && i < bus->claims->len; i++) {
        const PlacedClaim *placed = bus->claims->pdata[i];
        if (placed->mapped) {
            tell(bus, placed, true);
        }
    }
    g_mutex_unlock(&bus->map_lock);
}

/* ---- freeing what no access uses any more ---- */

void bus_add_initiator(Bus *bus, BusInitiator *by)
{
    g_mutex_lock(&bus->collect_lock);
    g_ptr_array_add(bus->initiators, by);
    g_mutex_unlock(&bus->collect_lock);
}

void bus_remove_initiator(Bus *bus, BusInitiator *by)
{
    g_mutex_lock(&bus->collect_lock);
    g_ptr_array_remove(bus->initiators, by);
    g_mutex_unlock(&bus->collect_lock);
}

/*
 * Waits until the initiator has ended any access that it began before the
 * tables changed.  An initiator that enters later sees the new tables.
 */
static void wait_for(BusInitiator *other)
{
    unsigned visits = atomic_load(&other->visits), count = atomic_load(&other->access_count);
    bool kicked = false;
    while (visits & 1 && atomic_load(&other->visits) == visits &&
           atomic_load(&other->access_count) == count) {
        if (!kicked && other->kick) {
            other->kick(other);
        }
        kicked = true;
        g_thread_yield();
    }
}

static void collect(Bus *bus)
{
    g_mutex_lock(&bus->map_lock);
    atomic_fetch_and(&bus->after, ~AFTER_COLLECT);
    g_autoptr(GArray) indices = g_steal_pointer(&bus->old_indices);
    GPtrArray *maps = g_steal_pointer(&bus->old_maps);
    bus->old_indices = g_array_new(false, false, sizeof(uint16_t));
    bus->old_maps = g_ptr_array_new_with_free_func(free_address_map);
    g_mutex_unlock(&bus->map_lock);
    for (guint i = 0; i < bus->initiators->len; i++) {
        wait_for(bus->initiators->pdata[i]);
    }
    g_ptr_array_unref(maps);
    g_mutex_lock(&bus->map_lock);
    g_array_append_vals(bus->free_indices, indices->data, indices->len);
    g_mutex_unlock(&bus->map_lock);
}

/*
 * Called when the access of `by` is over and its thread holds no lock, so that
 * the others can continue while it waits for them.  It leaves the bus
 * meanwhile.  If several initiators want to free mappings, one of them frees
 * and the others wait; otherwise a guest could make old mappings faster than
 * they are freed.
 */
void bus_collect(Bus *bus, BusInitiator *by)
{
    if (by->never_collects) {
        return;
    }
    bool inside = bus_is_inside(by);
    if (inside) {
        bus_leave(by);
    }
    g_mutex_lock(&bus->collect_lock);
    if (atomic_load(&bus->after) & AFTER_COLLECT) {
        collect(bus);
    }
    g_mutex_unlock(&bus->collect_lock);
    if (inside) {
        bus_enter(by);
    }
}
