/*
 * The bus: 64 Ki ports, and the physical addresses that no memory backs.  Each
 * of them belongs to at most one device region, or to one region for each CPU.
 *
 * A claim is a range of a device.  It is mapped at a base.  It can be moved or
 * unmapped while CPUs run.  An access finds a mapping.  A mapping never
 * changes: a claim that moves gets a new one.  A look-up takes no lock: for a
 * port it is one load from a table of indices, and for an address a search in
 * a sorted array that is always replaced as a whole.  An access that is in
 * progress during the move ends at the old mapping.  That is harmless, because
 * the device still exists, its lock is taken, and the offset is within its
 * range.
 *
 * Old mappings are freed after every 256th change, at the end of the access
 * that made the change.  By then every other initiator must have ended any
 * access that could still use one of them (see BusInitiator).
 *
 * The bus takes the owner's lock around a call unless the bus was made without
 * locks.  An unclaimed read gives all ones, and an unclaimed write is lost.
 * Both are counted, and so is an access of a width that the region does not
 * decode.  An access that is wider than the region takes, or that extends past
 * its end, is split into halves, lowest address first, unless the region says
 * otherwise.
 */
#ifndef PIOEMU_BOARD_BUS_H
#define PIOEMU_BOARD_BUS_H

#include "devices/device.h"

#include <glib.h>
#include <stdatomic.h>

typedef struct Bus Bus;

typedef struct BusClaim {
    const char *name; /* the name that the user knows, such as "COM1" */
    IoSpace space;
    uint64_t base; /* where bus_claim() maps it; bus_map() takes a base of its own */
    uint64_t size;
    const IoOps *ops;
    void *state;
    GMutex *lock; /* NULL if no lock is taken */
    bool posted;
    bool per_cpu; /* for IO_MEMORY: only CPU `cpu` and writes by devices reach it */
    unsigned cpu;
    const char *(*register_name)(const void *state, uint64_t offset, bool write);
    int (*arbitrate)(const void *state, uint64_t offset, uint64_t value); /* see DeviceRegion */
    unsigned reach;                                                       /* see DeviceRegion */
} BusClaim;

/* The current place of a claim, with what an access needs to know of it.  It never changes. */
typedef struct BusMapping {
    const IoOps *ops;
    void *state;
    GMutex *lock; /* NULL if no lock is taken */
    const char *name;
    uint64_t base, size;
    const BusClaim *claim; /* lives as long as the bus */
    /* The sizes that the chip takes in one piece, as a sum; the index is 1 for writes. */
    uint8_t whole[2];
    /* The sizes that the chip answers, in one piece or in several, in the same form. */
    uint8_t answered[2];
    uint8_t unaligned[2]; /* the bits of the offset that must be 0 */
} BusMapping;

/* The last accesses of an initiator, for crash reports. */
typedef struct BusAccess {
    uint64_t address;
    uint64_t value;     /* the value of the last item */
    const char *device; /* NULL if no device answered */
    /*
     * The device's name for the register at the time of the access; NULL if it
     * has none or no observer wants it.
     */
    const char *register_name;
    uint32_t count;
    uint32_t times; /* how many times in a row */
    uint8_t size;
    bool write;
    bool memory;
} BusAccess;

#define BUS_HISTORY 16u

/*
 * The source of accesses.  It is embedded in a vCPU or a test socket and used
 * by one thread at a time.  On a bus with locks, an initiator of a thread
 * other than the main thread must be added to the bus, and may make accesses
 * only between bus_enter() and bus_leave().
 */
typedef struct BusInitiator {
    /*
     * Returns the linear address of the guest's instruction, for the log of
     * the first access to a port without a device.
     */
    uint64_t (*program_counter)(struct BusInitiator *self);
    unsigned cpu; /* the CPU whose own devices it reaches */
    /*
     * Whether this initiator performs slow operations in pieces.  If so, it
     * makes no access while `unfinished` is set, and calls bus_go_on()
     * instead.  If not, a slow operation is complete when the write that
     * started it returns.
     */
    bool paced;
    const BusClaim *unfinished;
    /* Makes the initiator call bus_leave() soon, or end an access.  Any thread may call it. */
    void (*kick)(struct BusInitiator *self);
    atomic_uint
        visits; /* the number of calls of bus_enter() and bus_leave(); odd between the two */
    /* Its thread holds a lock that others may wait for, or is in the middle of another access. */
    bool never_collects;
    void (*held)(struct BusInitiator *self); /* Called when an operation becomes unfinished.  NULL
                                                if the initiator checks by itself. */
    /*
     * Equal accesses in a row share an entry.  history[history_count %
     * BUS_HISTORY] is the oldest.
     */
    BusAccess history[BUS_HISTORY];
    uint32_t history_count;
    atomic_uint access_count; /* any thread may read it */
    bool named; /* the register name of the access in progress has already been requested */
    const char *register_name;
} BusInitiator;

/* Called after every access, with no lock held. */
typedef void BusObserver(void *opaque, const BusAccess *access);

/* With `locked`, several threads make accesses, so the owners' locks are taken. */
Bus *bus_new(bool locked);
void bus_free(Bus *bus);
bool bus_is_locked(const Bus *bus);

/*
 * Adds a range and maps it at its base.  The claim is copied; its name, ops,
 * state and lock must outlive the bus.  Fails if the size is 0, if the range
 * extends past the end of the space, or if it overlaps another range (the
 * message names both).  Equal ranges of two CPUs may overlap.
 */
bool bus_claim(Bus *bus, const BusClaim *claim, GError **error);

/* Adds a range that is not mapped yet. */
const BusClaim *bus_add(Bus *bus, const BusClaim *claim);
/*
 * Maps or moves a range to `base`.  Any thread may call it, also in the middle
 * of an access.  Returns false where bus_claim() would fail; the range is then
 * not mapped.
 */
bool bus_map(Bus *bus, const BusClaim *claim, uint64_t base);
void bus_unmap(Bus *bus, const BusClaim *claim);
/*
 * Returns the claim that overlaps this one at `base`, or NULL.  Other threads
 * may move it at any time.
 */
const BusClaim *bus_obstacle(Bus *bus, const BusClaim *claim, uint64_t base);

/* Called for each mapping that is made or ends, with the bus's lock held. */
typedef struct BusListener {
    void (*map)(void *opaque, const BusMapping *mapping);
    void (*unmap)(void *opaque, const BusMapping *mapping);
} BusListener;

/* Sets the only listener and calls it for all current mappings.  NULL removes it. */
void bus_set_listener(Bus *bus, const BusListener *listener, void *opaque);

/* Call these while the initiator makes no accesses. */
void bus_add_initiator(Bus *bus, BusInitiator *by);
void bus_remove_initiator(Bus *bus, BusInitiator *by);

/* The initiator may make accesses from now on. */
static inline void bus_enter(BusInitiator *by)
{
    atomic_fetch_add(&by->visits, 1);
}

/* The initiator makes no accesses until it enters again. */
static inline void bus_leave(BusInitiator *by)
{
    atomic_fetch_add(&by->visits, 1);
}

/*
 * An access by the guest: `count` items of `size` (1, 2 or 4) bytes at `data`,
 * in little-endian order, all at `port`.
 */
void bus_port_access(Bus *bus, BusInitiator *by, uint16_t port, bool write, unsigned size,
                     void *data, size_t count);
/* `size` is 1 to 8.  An odd size is split into powers of two. */
void bus_memory_access(Bus *bus, BusInitiator *by, uint64_t address, bool write, unsigned size,
                       void *data);
/*
 * Performs a piece of the slow operation that this initiator started, if any
 * is left.  Returns the number of instructions that the piece counts as.
 */
unsigned bus_go_on(const Bus *bus, BusInitiator *by);
/* Whether a write to the port may start an operation that takes long. */
bool bus_is_slow(const Bus *bus, uint16_t port);
/*
 * A write by a device.  If each CPU has a range of its own at the address, the
 * write is arbitrated.  It is for a bus without locks only.
 */
void bus_device_write(Bus *bus, uint64_t address, uint64_t value, unsigned size);

/*
 * Returns the mapping that contains an address, as CPU 0 sees it, or NULL.  If
 * other threads may change the bus, the mapping may end at any time.
 */
const BusMapping *bus_find(const Bus *bus, IoSpace space, uint64_t address);
/* Whether an access of 1, 2, 4 or 8 bytes at this address is answered at all. */
bool bus_mapping_decodes(const BusMapping *mapping, uint64_t address, unsigned size, bool write);
/* Visits mappings in the order of their claims.  No other thread may change the bus meanwhile. */
void bus_foreach_mapping(const Bus *bus, void (*visit)(const BusMapping *mapping, void *opaque),
                         void *opaque);

typedef struct BusUnclaimed {
    uint64_t address;
    uint64_t reads, writes;
    uint64_t first_pc;
    bool memory;
} BusUnclaimed;

/* Returns the accesses that no device answered, by address.  The caller frees the array. */
GArray *bus_unclaimed(const Bus *bus);

/*
 * `names` requests BusAccess.register_name, for the lowest address of the
 * access.  The device is asked immediately before the access, without
 * releasing its lock: every access may change which register an address
 * selects.
 */
void bus_set_observer(Bus *bus, BusObserver *observer, bool names, void *opaque);

/* Whether the initiator may be in the middle of an access.  Any thread may call it. */
static inline bool bus_is_inside(const BusInitiator *by)
{
    return atomic_load(&by->visits) & 1;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bus, bus_free)

#endif
