/*
 * Accesses: how an access reaches its device, in how many pieces, and what the bus
 * records about it.
 */
#include "src/board/bus_internal.h"

#include "src/base/likely.h"

#include <string.h>

Bus *bus_new(bool locked)
{
    Bus *bus = g_new0(Bus, 1);
    bus->locked = locked;
    bus_map_init(bus);
    bus_unclaimed_init(bus);
    return bus;
}

void bus_free(Bus *bus)
{
    bus_unclaimed_clear(bus);
    bus_map_clear(bus);
    g_free(bus);
}

bool bus_is_locked(const Bus *bus)
{
    return bus->locked;
}

void bus_set_observer(Bus *bus, BusObserver *observer, bool names, void *opaque)
{
    bus->observer = observer;
    bus->names = observer && names;
    bus->observer_opaque = opaque;
    if (observer) {
        atomic_fetch_or(&bus->after, AFTER_TELL);
    } else {
        atomic_fetch_and(&bus->after, ~AFTER_TELL);
    }
}

/* ---- one access ---- */

static inline uint64_t size_mask(unsigned size)
{
    return size == 8 ? UINT64_MAX : (UINT64_C(1) << (size * 8)) - 1;
}

/* Whether the chip decodes an access of this width at this place as one. */
static inline bool takes_whole(const BusMapping *mapping, uint64_t address, unsigned size,
                               bool write)
{
    const uint64_t offset = address - mapping->base;
    return mapping->whole[write] & size && !(offset & mapping->unaligned[write]) &&
           offset + size <= mapping->size;
}

bool bus_mapping_decodes(const BusMapping *mapping, uint64_t address, unsigned size, bool write)
{
    return mapping->answered[write] & size &&
           !((address - mapping->base) & mapping->unaligned[write]);
}

static inline void lock(GMutex *mutex)
{
    if (mutex) {
        g_mutex_lock(mutex);
    }
}

static inline void unlock(GMutex *mutex)
{
    if (mutex) {
        g_mutex_unlock(mutex);
    }
}

/* Called before the access, with the owner's lock held. */
static G_GNUC_NO_INLINE void note_name(BusInitiator *by, const BusMapping *mapping,
                                       uint64_t address, bool write)
{
    const BusClaim *claim = mapping->claim;
    if (!by->named && claim->register_name) {
        by->register_name = claim->register_name(claim->state, address - mapping->base, write);
    }
    by->named = true;
}

static inline void begin_call(const Bus *bus, BusInitiator *by, const BusMapping *mapping,
                              uint64_t address, bool write)
{
    lock(mapping->lock);
    if (unlikely(bus->names)) {
        note_name(by, mapping, address, write);
    }
}

static uint64_t read_mapping(const Bus *bus, BusInitiator *by, const BusMapping *mapping,
                             uint64_t address, unsigned size)
{
    uint64_t value = UINT64_MAX;
    begin_call(bus, by, mapping, address, false);
    if (mapping->ops->read) {
        value = mapping->ops->read(mapping->state, address - mapping->base, size);
    }
    unlock(mapping->lock);
    return value & size_mask(size);
}

static void write_mapping(const Bus *bus, BusInitiator *by, const BusMapping *mapping,
                          uint64_t address, uint64_t value, unsigned size)
{
    begin_call(bus, by, mapping, address, true);
    if (mapping->ops->write) {
        mapping->ops->write(mapping->state, address - mapping->base, value & size_mask(size), size);
    }
    unlock(mapping->lock);
}

/* ---- what a write began ---- */

static GMutex *lock_of(const Bus *bus, const BusClaim *claim)
{
    return bus->locked ? claim->lock : NULL;
}

unsigned bus_go_on(const Bus *bus, BusInitiator *by)
{
    const BusClaim *claim = by->unfinished;
    if (!claim) {
        return 0;
    }
    lock(lock_of(bus, claim));
    unsigned work = claim->ops->go_on(claim->state);
    bool unfinished = work && claim->ops->unfinished(claim->state);
    unlock(lock_of(bus, claim));
    if (!unfinished) {
        by->unfinished = NULL;
    }
    return work;
}

bool bus_is_slow(const Bus *bus, uint16_t port)
{
    const BusMapping *mapping = bus_port(bus, port);
    return mapping->claim && mapping->ops->unfinished;
}

static G_GNUC_NO_INLINE void begin(const Bus *bus, BusInitiator *by, const BusClaim *claim)
{
    lock(lock_of(bus, claim));
    bool unfinished = claim->ops->unfinished(claim->state);
    unlock(lock_of(bus, claim));
    if (!unfinished) {
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

static inline const BusMapping *find(const Bus *bus, const BusInitiator *by, IoSpace space,
                                     uint64_t address)
{
    return space == IO_PORTS ? bus_port(bus, (uint16_t)address)
                             : bus_find_memory(bus, by->cpu, address);
}

/* Port addresses wrap at 64 K. */
static inline uint64_t wrap(IoSpace space, uint64_t address)
{
    return space == IO_PORTS ? address & (PORT_COUNT - 1) : address;
}

/* An access, or a piece of an access that was `whole` bytes wide. */
typedef struct Piece {
    IoSpace space;
    unsigned size, whole;
} Piece;

static uint64_t read_halves(Bus *bus, BusInitiator *by, Piece piece, uint64_t address);
static void write_halves(Bus *bus, BusInitiator *by, Piece piece, uint64_t address, uint64_t value);

/* `mapping` is what is at the address. */
static inline uint64_t read_at(Bus *bus, BusInitiator *by, const BusMapping *mapping, IoSpace space,
                               uint64_t address, unsigned size)
{
    return likely(takes_whole(mapping, address, size, false))
               ? read_mapping(bus, by, mapping, address, size)
               : read_halves(bus, by, (Piece){space, size, size}, address);
}

static inline void write_at(Bus *bus, BusInitiator *by, const BusMapping *mapping, IoSpace space,
                            uint64_t address, uint64_t value, unsigned size)
{
    if (likely(takes_whole(mapping, address, size, true))) {
        write_mapping(bus, by, mapping, address, value, size);
        if (unlikely(mapping->ops->unfinished)) {
            begin(bus, by, mapping->claim);
        }
    } else {
        write_halves(bus, by, (Piece){space, size, size}, address, value);
    }
}

/* Whether the mapping has a device for a piece of an access, and the device decodes the piece. */
static bool takes_piece(const BusMapping *mapping, Piece piece, uint64_t address, bool write)
{
    return mapping->answered[write] & piece.whole &&
           takes_whole(mapping, address, piece.size, write);
}

static uint64_t read_piece(Bus *bus, BusInitiator *by, Piece piece, uint64_t address)
{
    const BusMapping *mapping = find(bus, by, piece.space, address);
    return takes_piece(mapping, piece, address, false)
               ? read_mapping(bus, by, mapping, address, piece.size)
               : read_halves(bus, by, piece, address);
}

static void write_piece(Bus *bus, BusInitiator *by, Piece piece, uint64_t address, uint64_t value)
{
    const BusMapping *mapping = find(bus, by, piece.space, address);
    if (takes_piece(mapping, piece, address, true)) {
        write_mapping(bus, by, mapping, address, value, piece.size);
    } else {
        write_halves(bus, by, piece, address, value);
    }
}

/*
 * An access that no chip takes whole becomes two of half the size.  The bus looks
 * up each half by itself, as ISA's bus conversion does.  A chip without bus
 * conversion does not see the pieces either.
 */
static uint64_t read_halves(Bus *bus, BusInitiator *by, Piece piece, uint64_t address)
{
    if (piece.size == 1) {
        bus_count_unclaimed(bus, by, piece.space, address, false);
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
        bus_count_unclaimed(bus, by, piece.space, address, true);
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

/* The name of the chip that took the access, or NULL if no chip took it. */
static inline const char *answering(const BusMapping *mapping, uint64_t address, unsigned size,
                                    bool write)
{
    return bus_mapping_decodes(mapping, address, size, write) ? mapping->name : NULL;
}

/*
 * Equal accesses in a row share an entry.  Without this, a guest that polls would
 * push everything earlier out of the history.
 */
static inline bool is_same(const BusAccess *a, const char *device, uint64_t address, uint64_t value,
                           size_t count, unsigned size, bool write, bool memory)
{
    return a->address == address && a->value == value && a->size == size && a->write == write &&
           a->memory == memory && a->count == count && a->device == device;
}

/* The work that some accesses leave behind; see Bus.after. */
static G_GNUC_NO_INLINE void finish_access(Bus *bus, BusInitiator *by, BusAccess *access)
{
    if (bus->observer) {
        access->register_name = access->device ? by->register_name : NULL;
        bus->observer(bus->observer_opaque, access);
        by->register_name = NULL;
        by->named = false;
    }
    if (atomic_load_explicit(&bus->after, memory_order_relaxed) & AFTER_COLLECT) {
        bus_collect(bus, by);
    }
}

/*
 * This stores each field straight into its place: a copy of a struct that was just
 * built would wait for the stores that built it.  The mapping that was reached may
 * be freed after this.
 */
static inline void remember(Bus *bus, BusInitiator *by, const char *device, uint64_t address,
                            uint64_t value, size_t count, unsigned size, bool write, bool memory)
{
    BusAccess *access = &by->history[(by->history_count - 1) % BUS_HISTORY];
    unsigned before = atomic_load_explicit(&by->access_count, memory_order_relaxed);
    atomic_store_explicit(&by->access_count, before + 1, memory_order_release);
    if (is_same(access, device, address, value, count, size, write, memory)) {
        access->times += access->times != UINT32_MAX;
    } else {
        access = &by->history[by->history_count++ % BUS_HISTORY];
        access->address = address;
        access->value = value;
        access->device = device;
        access->count = (uint32_t)count;
        access->times = 1;
        access->size = (uint8_t)size;
        access->write = write;
        access->memory = memory;
    }
    if (unlikely(atomic_load_explicit(&bus->after, memory_order_relaxed))) {
        finish_access(bus, by, access);
    }
}

/* ---- REP string I/O: taken apart here and nowhere else ---- */

static bool block_access(Bus *bus, BusInitiator *by, const BusMapping *mapping, uint16_t port,
                         bool write, unsigned size, void *data, size_t count)
{
    if (!takes_whole(mapping, port, size, write)) {
        return false;
    }
    const IoOps *ops = mapping->ops;
    if (write ? !ops->write_block : !ops->read_block) {
        return false;
    }
    begin_call(bus, by, mapping, port, write);
    if (write) {
        ops->write_block(mapping->state, port - mapping->base, data, count, size);
    } else {
        ops->read_block(mapping->state, port - mapping->base, data, count, size);
    }
    unlock(mapping->lock);
    return true;
}

static void string_access(Bus *bus, BusInitiator *by, const BusMapping *mapping, uint16_t port,
                          bool write, unsigned size, uint8_t *data, size_t count)
{
    if (block_access(bus, by, mapping, port, write, size, data, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++, data += size) {
        if (write) {
            write_at(bus, by, mapping, IO_PORTS, port, load_item(data, size), size);
        } else {
            store_item(data, read_at(bus, by, mapping, IO_PORTS, port, size), size);
        }
    }
}

/*
 * A port access that its chip does not take as one.  It is a function of its own to
 * keep the usual path short.
 */
static G_GNUC_NO_INLINE void port_access_in_parts(Bus *bus, BusInitiator *by, uint16_t port,
                                                  bool write, unsigned size, void *data,
                                                  size_t count)
{
    const BusMapping *mapping = bus_port(bus, port);
    if (count) {
        const uint8_t *last = (const uint8_t *)data + (count - 1) * size;
        string_access(bus, by, mapping, port, write, size, data, count);
        remember(bus, by, answering(mapping, port, size, write), port, load_item(last, size), count,
                 size, write, false);
    }
}

void bus_port_access(Bus *bus, BusInitiator *by, uint16_t port, bool write, unsigned size,
                     void *data, size_t count)
{
    const BusMapping *mapping = bus_port(bus, port);
    uint64_t value;
    if (unlikely(count != 1 || !takes_whole(mapping, port, size, write))) {
        port_access_in_parts(bus, by, port, write, size, data, count);
        return;
    }
    if (write) {
        value = load_item(data, size);
        write_mapping(bus, by, mapping, port, value, size);
        if (unlikely(mapping->ops->unfinished)) {
            begin(bus, by, mapping->claim);
        }
    } else {
        value = read_mapping(bus, by, mapping, port, size);
        store_item(data, value, size);
    }
    remember(bus, by, mapping->name, port, value, 1, size, write, false);
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
        const BusMapping *mapping = bus_find_memory(bus, by->cpu, address);
        uint64_t value;
        if (write) {
            value = load_item(bytes, part);
            write_at(bus, by, mapping, IO_MEMORY, address, value, part);
        } else {
            value = read_at(bus, by, mapping, IO_MEMORY, address, part);
            store_item(bytes, value, part);
        }
        remember(bus, by, answering(mapping, address, part, write), address, value, 1, part, write,
                 true);
        address += part;
        bytes += part;
        size -= part;
    }
}

/*
 * The CPUs whose chips are sure take the write.  If none is sure, the one with the
 * lowest rank takes it.
 */
static void arbitrate(Bus *bus, BusInitiator *by, uint64_t address, uint64_t value, unsigned size)
{
    const BusMapping *winner = NULL;
    int lowest = DEVICE_ARBITRATE_SURE;
    for (unsigned cpu = 0; cpu < bus_cpu_count(bus); cpu++) {
        const BusMapping *mapping = bus_find_per_cpu(bus, cpu, address);
        if (!takes_whole(mapping, address, size, true)) {
            continue;
        }
        const BusClaim *claim = mapping->claim;
        int rank = claim->arbitrate ? claim->arbitrate(claim->state, address - mapping->base, value)
                                    : DEVICE_ARBITRATE_SURE;
        if (rank == DEVICE_ARBITRATE_SURE) {
            write_mapping(bus, by, mapping, address, value, size);
        } else if (rank != DEVICE_ARBITRATE_NONE && rank < lowest) {
            lowest = rank;
            winner = mapping;
        }
    }
    if (winner) {
        write_mapping(bus, by, winner, address, value, size);
    }
}

static bool is_own(const Bus *bus, uint64_t address)
{
    for (unsigned cpu = 0; cpu < bus_cpu_count(bus); cpu++) {
        if (bus_find_per_cpu(bus, cpu, address)->claim) {
            return true;
        }
    }
    return false;
}

/* The write is made during another access, which may still use old mappings. */
void bus_device_write(Bus *bus, uint64_t address, uint64_t value, unsigned size)
{
    BusInitiator by = {.never_collects = true};
    if (is_own(bus, address)) {
        arbitrate(bus, &by, address, value, size);
        const BusMapping *first = bus_find_memory(bus, 0, address);
        remember(bus, &by, answering(first, address, size, true), address, value, 1, size, true,
                 true);
    } else {
        bus_memory_access(bus, &by, address, true, size, &value);
    }
}
