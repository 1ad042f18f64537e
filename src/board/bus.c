#include "src/board/bus.h"

#include "src/base/error.h"

#include <string.h>

#define PORT_COUNT 0x10000u

struct Bus {
    bool locked;
    /* Untouched pages of the table stay the host's zero page. */
    const BusClaim **ports;
    GPtrArray *claims;     /* all, in the order they were made */
    GPtrArray *memory;     /* by base: those that every CPU reaches */
    GPtrArray *per_cpu;    /* by CPU: the same of those that only it reaches */
    GMutex unclaimed_lock; /* of the table below */
    GHashTable *unclaimed; /* address (memory: bit 63 set) to BusUnclaimed */
    BusObserver *observer;
    bool names; /* the observer wants those of registers */
    void *observer_opaque;
};

#define UNCLAIMED_MEMORY (UINT64_C(1) << 63)
/* A guest that walks the whole address space must not eat the host's memory. */
#define UNCLAIMED_MAX 65536u

Bus *bus_new(bool locked)
{
    Bus *bus = g_new0(Bus, 1);
    bus->locked = locked;
    bus->ports = g_malloc0_n(PORT_COUNT, sizeof(*bus->ports));
    bus->claims = g_ptr_array_new_with_free_func(g_free);
    bus->memory = g_ptr_array_new();
    bus->per_cpu = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    g_mutex_init(&bus->unclaimed_lock);
    bus->unclaimed = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    return bus;
}

void bus_free(Bus *bus)
{
    g_hash_table_unref(bus->unclaimed);
    g_mutex_clear(&bus->unclaimed_lock);
    g_ptr_array_unref(bus->memory);
    g_ptr_array_unref(bus->per_cpu);
    g_ptr_array_unref(bus->claims);
    g_free(bus->ports);
    g_free(bus);
}

bool bus_is_locked(const Bus *bus)
{
    return bus->locked;
}

static const char *space_name(IoSpace space)
{
    return space == IO_PORTS ? "port" : "address";
}

static bool refuse(const BusClaim *claim, GError **error, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                "%s: %s range 0x%" G_GINT64_MODIFIER "x+0x%" G_GINT64_MODIFIER "x %s", claim->name,
                space_name(claim->space), claim->base, claim->size, why);
    return false;
}

static bool claims_overlap(const BusClaim *a, const BusClaim *b)
{
    bool strangers = a->per_cpu && b->per_cpu && a->cpu != b->cpu;
    return a->space == b->space && !strangers && a->base <= b->base + (b->size - 1) &&
           b->base <= a->base + (a->size - 1);
}

static bool claim_is_valid(const Bus *bus, const BusClaim *claim, GError **error)
{
    if (claim->size == 0) {
        return refuse(claim, error, "is empty");
    }
    uint64_t last = claim->base + (claim->size - 1);
    if (last < claim->base || (claim->space == IO_PORTS && last >= PORT_COUNT)) {
        return refuse(claim, error, "runs past the end of the address space");
    }
    for (guint i = 0; i < bus->claims->len; i++) {
        const BusClaim *other = bus->claims->pdata[i];
        if (claims_overlap(claim, other)) {
            g_autofree char *why =
                g_strdup_printf("overlaps %s at 0x%" G_GINT64_MODIFIER "x+0x%" G_GINT64_MODIFIER
                                "x (choose another base)",
                                other->name, other->base, other->size);
            return refuse(claim, error, why);
        }
    }
    return true;
}

static gint compare_bases(gconstpointer a, gconstpointer b)
{
    uint64_t base_a = (*(const BusClaim *const *)a)->base;
    uint64_t base_b = (*(const BusClaim *const *)b)->base;
    return (base_a > base_b) - (base_a < base_b);
}

static GPtrArray *per_cpu_ranges(Bus *bus, unsigned cpu)
{
    while (bus->per_cpu->len <= cpu) {
        g_ptr_array_add(bus->per_cpu, g_ptr_array_new());
    }
    return bus->per_cpu->pdata[cpu];
}

bool bus_claim(Bus *bus, const BusClaim *claim, GError **error)
{
    if (!claim_is_valid(bus, claim, error)) {
        return false;
    }
    g_assert(claim->space == IO_PORTS || !claim->ops->unfinished);
    BusClaim *copy = g_memdup2(claim, sizeof(*claim));
    g_ptr_array_add(bus->claims, copy);
    if (claim->space == IO_MEMORY) {
        GPtrArray *ranges = claim->per_cpu ? per_cpu_ranges(bus, claim->cpu) : bus->memory;
        g_ptr_array_add(ranges, copy);
        g_ptr_array_sort(ranges, compare_bases);
        return true;
    }
    for (uint64_t port = claim->base; port < claim->base + claim->size; port++) {
        bus->ports[port] = copy;
    }
    return true;
}

static const BusClaim *search(const GPtrArray *ranges, uint64_t address)
{
    guint low = 0, high = ranges->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        const BusClaim *claim = ranges->pdata[middle];
        if (address < claim->base) {
            high = middle;
        } else if (address - claim->base < claim->size) {
            return claim;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static const BusClaim *find_per_cpu(const Bus *bus, unsigned cpu, uint64_t address)
{
    return cpu < bus->per_cpu->len ? search(bus->per_cpu->pdata[cpu], address) : NULL;
}

/* Out of line, for the sake of ports. */
static G_GNUC_NO_INLINE const BusClaim *find_memory(const Bus *bus, unsigned cpu, uint64_t address)
{
    const BusClaim *own = find_per_cpu(bus, cpu, address);
    return own ? own : search(bus->memory, address);
}

const BusClaim *bus_find(const Bus *bus, IoSpace space, uint64_t address)
{
    if (space == IO_PORTS) {
        return address < PORT_COUNT ? bus->ports[address] : NULL;
    }
    return find_memory(bus, 0, address);
}

void bus_foreach_claim(const Bus *bus, void (*visit)(const BusClaim *claim, void *opaque),
                       void *opaque)
{
    for (guint i = 0; i < bus->claims->len; i++) {
        visit(bus->claims->pdata[i], opaque);
    }
}

void bus_set_observer(Bus *bus, BusObserver *observer, bool names, void *opaque)
{
    bus->observer = observer;
    bus->names = observer && names;
    bus->observer_opaque = opaque;
}

/* ---- unclaimed accesses ---- */

static void count_unclaimed(Bus *bus, BusInitiator *by, IoSpace space, uint64_t address, bool write)
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

/* ---- one access ---- */

static inline uint64_t size_mask(unsigned size)
{
    return size == 8 ? UINT64_MAX : (UINT64_C(1) << (size * 8)) - 1;
}

/* Whether the chip decodes an access of this width at this place as one. */
static inline bool takes_whole(const BusClaim *claim, uint64_t address, unsigned size, bool write)
{
    const IoOps *ops = claim->ops;
    const uint64_t offset = address - claim->base;
    const unsigned least = write ? ops->min_write : ops->min_read;
    if (G_UNLIKELY(least) && (size < least || offset & (least - 1))) {
        return false;
    }
    return size <= ops->max_size && offset + size <= claim->size;
}

/* Whether it has to do with an access that was `whole` bytes wide before it was cut. */
static inline bool takes_part(const BusClaim *claim, unsigned whole)
{
    return whole <= claim->ops->max_size || claim->ops->wider == IO_WIDER_IS_CUT;
}

bool bus_claim_decodes(const BusClaim *claim, uint64_t address, unsigned size, bool write)
{
    const unsigned least = write ? claim->ops->min_write : claim->ops->min_read;
    return takes_part(claim, size) && size >= least &&
           (!least || !((address - claim->base) & (least - 1)));
}

static inline void lock_claim(const Bus *bus, const BusClaim *claim)
{
    if (bus->locked && claim->lock) {
        g_mutex_lock(claim->lock);
    }
}

static inline void unlock_claim(const Bus *bus, const BusClaim *claim)
{
    if (bus->locked && claim->lock) {
        g_mutex_unlock(claim->lock);
    }
}

/* With the claim's lock held, before the access. */
static G_GNUC_NO_INLINE void note_name(BusInitiator *by, const BusClaim *claim, uint64_t address,
                                       bool write)
{
    if (!by->named && claim->register_name) {
        by->register_name = claim->register_name(claim->state, address - claim->base, write);
    }
    by->named = true;
}

static inline void begin_call(const Bus *bus, BusInitiator *by, const BusClaim *claim,
                              uint64_t address, bool write)
{
    lock_claim(bus, claim);
    if (G_UNLIKELY(bus->names)) {
        note_name(by, claim, address, write);
    }
}

static uint64_t read_claim(const Bus *bus, BusInitiator *by, const BusClaim *claim,
                           uint64_t address, unsigned size)
{
    uint64_t value = UINT64_MAX;
    begin_call(bus, by, claim, address, false);
    if (claim->ops->read) {
        value = claim->ops->read(claim->state, address - claim->base, size);
    }
    unlock_claim(bus, claim);
    return value & size_mask(size);
}

static void write_claim(const Bus *bus, BusInitiator *by, const BusClaim *claim, uint64_t address,
                        uint64_t value, unsigned size)
{
    begin_call(bus, by, claim, address, true);
    if (claim->ops->write) {
        claim->ops->write(claim->state, address - claim->base, value & size_mask(size), size);
    }
    unlock_claim(bus, claim);
}

/* ---- what a write began ---- */

static bool is_unfinished(const Bus *bus, const BusClaim *claim)
{
    lock_claim(bus, claim);
    bool unfinished = claim->ops->unfinished(claim->state);
    unlock_claim(bus, claim);
    return unfinished;
}

unsigned bus_go_on(const Bus *bus, BusInitiator *by)
{
    const BusClaim *claim = by->unfinished;
    if (!claim) {
        return 0;
    }
    lock_claim(bus, claim);
    unsigned work = claim->ops->go_on(claim->state);
    bool unfinished = work && claim->ops->unfinished(claim->state);
    unlock_claim(bus, claim);
    if (!unfinished) {
        by->unfinished = NULL;
    }
    return work;
}

bool bus_is_slow(const Bus *bus, uint16_t port)
{
    const BusClaim *claim = bus->ports[port];
    return claim && claim->ops->unfinished;
}

static void begin(const Bus *bus, BusInitiator *by, const BusClaim *claim)
{
    if (!is_unfinished(bus, claim)) {
        return;
    }
    by->unfinished = claim;
    while (!by->paced && by->unfinished) {
        bus_go_on(bus, by);
    }
    if (by->unfinished && by->held) {
        by->held(by);
    }
}

static inline const BusClaim *find(const Bus *bus, const BusInitiator *by, IoSpace space,
                                   uint64_t address)
{
    return space == IO_PORTS ? bus->ports[address] : find_memory(bus, by->cpu, address);
}

/* Ports wrap at 64 K. */
static inline uint64_t wrap(IoSpace space, uint64_t address)
{
    return space == IO_PORTS ? address & (PORT_COUNT - 1) : address;
}

/* An access, or a piece of one that was `whole` bytes wide. */
typedef struct Piece {
    IoSpace space;
    unsigned size, whole;
} Piece;

static uint64_t read_halves(Bus *bus, BusInitiator *by, Piece piece, uint64_t address);
static void write_halves(Bus *bus, BusInitiator *by, Piece piece, uint64_t address, uint64_t value);

/* `claim` is what is at the address. */
static inline uint64_t read_at(Bus *bus, BusInitiator *by, const BusClaim *claim, IoSpace space,
                               uint64_t address, unsigned size)
{
    return G_LIKELY(claim && takes_whole(claim, address, size, false))
               ? read_claim(bus, by, claim, address, size)
               : read_halves(bus, by, (Piece){space, size, size}, address);
}

static inline void write_at(Bus *bus, BusInitiator *by, const BusClaim *claim, IoSpace space,
                            uint64_t address, uint64_t value, unsigned size)
{
    if (G_LIKELY(claim && takes_whole(claim, address, size, true))) {
        write_claim(bus, by, claim, address, value, size);
        if (G_UNLIKELY(claim->ops->unfinished)) {
            begin(bus, by, claim);
        }
    } else {
        write_halves(bus, by, (Piece){space, size, size}, address, value);
    }
}

static uint64_t read_piece(Bus *bus, BusInitiator *by, Piece piece, uint64_t address)
{
    const BusClaim *claim = find(bus, by, piece.space, address);
    return claim && takes_part(claim, piece.whole) && takes_whole(claim, address, piece.size, false)
               ? read_claim(bus, by, claim, address, piece.size)
               : read_halves(bus, by, piece, address);
}

static void write_piece(Bus *bus, BusInitiator *by, Piece piece, uint64_t address, uint64_t value)
{
    const BusClaim *claim = find(bus, by, piece.space, address);
    if (claim && takes_part(claim, piece.whole) && takes_whole(claim, address, piece.size, true)) {
        write_claim(bus, by, claim, address, value, piece.size);
    } else {
        write_halves(bus, by, piece, address, value);
    }
}

/*
 * An access that its claim does not take whole is two of half the size, each
 * looked up for itself, as ISA's bus conversion does it.  A chip that has no
 * conversion does not see the pieces either.
 */
static uint64_t read_halves(Bus *bus, BusInitiator *by, Piece piece, uint64_t address)
{
    if (piece.size == 1) {
        count_unclaimed(bus, by, piece.space, address, false);
        return 0xff;
    }
    piece.size /= 2;
    uint64_t low = read_piece(bus, by, piece, address);
    uint64_t high = read_piece(bus, by, piece, wrap(piece.space, address + piece.size));
    return low | high << (piece.size * 8);
}

static void write_halves(Bus *bus, BusInitiator *by, Piece piece, uint64_t address, uint64_t value)
{
    if (piece.size == 1) {
        count_unclaimed(bus, by, piece.space, address, true);
        return;
    }
    piece.size /= 2;
    write_piece(bus, by, piece, address, value);
    write_piece(bus, by, piece, wrap(piece.space, address + piece.size), value >> (piece.size * 8));
}

static inline uint64_t load_item(const void *data, unsigned size)
{
    uint64_t value = 0;
    switch (size) {
    case 1:
        return *(const uint8_t *)data;
    case 2:
        memcpy(&value, data, 2);
        return value;
    case 4:
        memcpy(&value, data, 4);
        return value;
    default:
        memcpy(&value, data, 8);
        return value;
    }
}

static inline void store_item(void *data, uint64_t value, unsigned size)
{
    switch (size) {
    case 1:
        *(uint8_t *)data = (uint8_t)value;
        break;
    case 2:
        memcpy(data, &value, 2);
        break;
    case 4:
        memcpy(data, &value, 4);
        break;
    default:
        memcpy(data, &value, 8);
        break;
    }
}

/* A guest that polls would push all that came before it out of the history. */
static inline bool is_same(const BusAccess *a, const BusClaim *claim, uint64_t address,
                           uint64_t value, size_t count, unsigned size, bool write, bool memory)
{
    return a->address == address && a->value == value && a->size == size && a->write == write &&
           a->memory == memory && a->count == count && a->device == (claim ? claim->name : NULL);
}

static G_GNUC_NO_INLINE void tell_observer(const Bus *bus, BusInitiator *by, BusAccess *access)
{
    access->register_name = access->device ? by->register_name : NULL;
    bus->observer(bus->observer_opaque, access);
    by->register_name = NULL;
    by->named = false;
}

/*
 * Field by field into its place: a copy of a struct just built would wait for
 * the stores that built it.
 */
static inline void remember(Bus *bus, BusInitiator *by, const BusClaim *claim, uint64_t address,
                            uint64_t value, size_t count, unsigned size, bool write, bool memory)
{
    unsigned before = atomic_load_explicit(&by->access_count, memory_order_relaxed);
    atomic_store_explicit(&by->access_count, before + 1, memory_order_relaxed);
    BusAccess *access = &by->history[(by->history_count - 1) % BUS_HISTORY];
    if (claim && !bus_claim_decodes(claim, address, size, write)) {
        claim = NULL;
    }
    if (is_same(access, claim, address, value, count, size, write, memory)) {
        access->times += access->times != UINT32_MAX;
    } else {
        access = &by->history[by->history_count++ % BUS_HISTORY];
        access->address = address;
        access->value = value;
        access->device = claim ? claim->name : NULL;
        access->count = (uint32_t)count;
        access->times = 1;
        access->size = (uint8_t)size;
        access->write = write;
        access->memory = memory;
    }
    if (G_UNLIKELY(bus->observer)) {
        tell_observer(bus, by, access);
    }
}

/* ---- REP string I/O: taken apart here and nowhere else ---- */

static bool block_access(Bus *bus, BusInitiator *by, const BusClaim *claim, uint16_t port,
                         bool write, unsigned size, void *data, size_t count)
{
    if (!claim || !takes_whole(claim, port, size, write)) {
        return false;
    }
    const IoOps *ops = claim->ops;
    if (write ? !ops->write_block : !ops->read_block) {
        return false;
    }
    begin_call(bus, by, claim, port, write);
    if (write) {
        ops->write_block(claim->state, port - claim->base, data, count, size);
    } else {
        ops->read_block(claim->state, port - claim->base, data, count, size);
    }
    unlock_claim(bus, claim);
    return true;
}

static void string_access(Bus *bus, BusInitiator *by, uint16_t port, bool write, unsigned size,
                          uint8_t *data, size_t count)
{
    const BusClaim *claim = bus->ports[port];
    if (block_access(bus, by, claim, port, write, size, data, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++, data += size) {
        if (write) {
            write_at(bus, by, claim, IO_PORTS, port, load_item(data, size), size);
        } else {
            store_item(data, read_at(bus, by, claim, IO_PORTS, port, size), size);
        }
    }
}

void bus_port_access(Bus *bus, BusInitiator *by, uint16_t port, bool write, unsigned size,
                     void *data, size_t count)
{
    const BusClaim *claim = bus->ports[port];
    uint64_t value;
    if (G_UNLIKELY(count != 1)) {
        if (count == 0) {
            return;
        }
        string_access(bus, by, port, write, size, data, count);
        value = load_item((uint8_t *)data + (count - 1) * size, size);
    } else if (write) {
        value = load_item(data, size);
        write_at(bus, by, claim, IO_PORTS, port, value, size);
    } else {
        value = read_at(bus, by, claim, IO_PORTS, port, size);
        store_item(data, value, size);
    }
    remember(bus, by, claim, port, value, count, size, write, false);
}

static unsigned power_of_two_below(unsigned size)
{
    return size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
}

void bus_memory_access(Bus *bus, BusInitiator *by, uint64_t address, bool write, unsigned size,
                       void *data)
{
    uint8_t *bytes = data;
    while (size) {
        unsigned part = power_of_two_below(size);
        const BusClaim *claim = find_memory(bus, by->cpu, address);
        uint64_t value;
        if (write) {
            value = load_item(bytes, part);
            write_at(bus, by, claim, IO_MEMORY, address, value, part);
        } else {
            value = read_at(bus, by, claim, IO_MEMORY, address, part);
            store_item(bytes, value, part);
        }
        remember(bus, by, claim, address, value, 1, part, write, true);
        address += part;
        bytes += part;
        size -= part;
    }
}

/* Those that are sure take it, and of the others the one with the lowest rank. */
static void arbitrate(Bus *bus, BusInitiator *by, uint64_t address, uint64_t value, unsigned size)
{
    const BusClaim *winner = NULL;
    int lowest = DEVICE_ARBITRATE_SURE;
    for (guint cpu = 0; cpu < bus->per_cpu->len; cpu++) {
        const BusClaim *claim = find_per_cpu(bus, cpu, address);
        if (!claim || !takes_whole(claim, address, size, true)) {
            continue;
        }
        int rank = claim->arbitrate ? claim->arbitrate(claim->state, address - claim->base, value)
                                    : DEVICE_ARBITRATE_SURE;
        if (rank == DEVICE_ARBITRATE_SURE) {
            write_claim(bus, by, claim, address, value, size);
        } else if (rank != DEVICE_ARBITRATE_NONE && rank < lowest) {
            lowest = rank;
            winner = claim;
        }
    }
    if (winner) {
        write_claim(bus, by, winner, address, value, size);
    }
}

static bool is_own(const Bus *bus, uint64_t address)
{
    for (guint cpu = 0; cpu < bus->per_cpu->len; cpu++) {
        if (find_per_cpu(bus, cpu, address)) {
            return true;
        }
    }
    return false;
}

void bus_device_write(Bus *bus, uint64_t address, uint64_t value, unsigned size)
{
    BusInitiator by = {0};
    if (is_own(bus, address)) {
        arbitrate(bus, &by, address, value, size);
        remember(bus, &by, find_memory(bus, 0, address), address, value, 1, size, true, true);
    } else {
        bus_memory_access(bus, &by, address, true, size, &value);
    }
}
