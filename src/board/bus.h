/*
 * The bus: 64 Ki ports and the physical addresses that no memory backs.  Each
 * belongs to at most one device region, or to one for each CPU.
 *
 * A claim is a range of a device.  It is mapped at a base, and can be mapped
 * elsewhere or unmapped while CPUs run.  What an access finds is a mapping: a
 * mapping never changes, and a claim that moves gets another one.  Look-up
 * takes no lock: a port is one load from a table of indices, and the mappings
 * of addresses are one sorted array that is replaced as a whole.  An access
 * that was under way during the move ends at the old mapping.  That is
 * harmless, because the device is still there, its lock is taken, and the
 * offset is in its range.
 *
 * Old mappings are freed after every 256th change, at the end of the access
 * that made it, when every other initiator has ended the access that may still
 * use one (see BusInitiator).
 *
 * The bus takes the owner's lock around a call unless it was made unlocked.
 * Unclaimed reads answer all ones, unclaimed writes go nowhere; both are
 * counted, and so is an access of a width that the region does not decode.  One
 * that is wider than the region takes, or that runs past the end of it, is
 * split into halves, lowest address first, unless the region says otherwise.
 */
#ifndef PIOEMU_BOARD_BUS_H
#define PIOEMU_BOARD_BUS_H

#include "devices/device.h"

#include <glib.h>
#include <stdatomic.h>

typedef struct Bus Bus;

typedef struct BusClaim {
    const char *name; /* as the user knows it: "COM1" */
    IoSpace space;
    uint64_t base; /* where bus_claim() maps it; bus_map() has its own */
    uint64_t size;
    const IoOps *ops;
    void *state;
    GMutex *lock; /* NULL: none is taken */
    bool posted;
    bool per_cpu; /* IO_MEMORY: only CPU `cpu` and writes of devices reach it */
    unsigned cpu;
    const char *(*register_name)(const void *state, uint64_t offset, bool write);
    int (*arbitrate)(const void *state, uint64_t offset, uint64_t value); /* see DeviceRegion */
    unsigned reach;                                                       /* likewise */
} BusClaim;

/* A claim where it is now, with what an access needs of it.  It never changes. */
typedef struct BusMapping {
    const IoOps *ops;
    void *state;
    GMutex *lock; /* NULL: none is taken */
    const char *name;
    uint64_t base, size;
    const BusClaim *claim; /* lives as long as the bus */
    /* By whether it is a write: the sizes that the chip takes as one, added up. */
    uint8_t whole[2];
    /* Likewise those that it answers, as one or cut into pieces. */
    uint8_t answered[2];
    uint8_t unaligned[2]; /* bits of the offset that have to be 0 */
} BusMapping;

/* What an initiator last did, for crash reports. */
typedef struct BusAccess {
    uint64_t address;
    uint64_t value;     /* of the last item */
    const char *device; /* NULL: no device answered */
    /* What the device called it when the access came; NULL: no name, or it was not requested. */
    const char *register_name;
    uint32_t count;
    uint32_t times; /* that it was made in a row */
    uint8_t size;
    bool write;
    bool memory;
} BusAccess;

#define BUS_HISTORY 16u

/*
 * Who makes accesses: embedded in a vCPU or a test socket, used by one thread
 * at a time.  On a bus with locks an initiator of another thread than the main
 * one is added to the bus, and makes accesses between bus_enter() and
 * bus_leave() only.
 */
typedef struct BusInitiator {
    /* Linear address of the guest's instruction, for the first access to a port without a device.
     */
    uint64_t (*program_counter)(struct BusInitiator *self);
    unsigned cpu; /* whose devices of its own it reaches */
    /*
     * It does in pieces what its writes begin: while `unfinished` it makes no
     * access and calls bus_go_on() instead.  False: a write is all done when
     * the access returns.
     */
    bool paced;
    const BusClaim *unfinished;
    /* Makes it call bus_leave() soon, or end an access; any thread. */
    void (*kick)(struct BusInitiator *self);
    atomic_uint visits; /* calls of bus_enter() and bus_leave(): odd between the two */
    /* Its thread holds a lock that others may wait for, or is in the midst of another access. */
    bool never_collects;
    void (*held)(struct BusInitiator *self); /* it is unfinished now; NULL: it looks itself */
    /* Equal ones in a row are one; history[history_count % BUS_HISTORY] is the oldest. */
    BusAccess history[BUS_HISTORY];
    uint32_t history_count;
    atomic_uint access_count; /* any thread reads */
    bool named;               /* what the access that is being made reached first was asked */
    const char *register_name;
} BusInitiator;

/* Sees every access after it was made; called with no lock held. */
typedef void BusObserver(void *opaque, const BusAccess *access);

/* `locked`: several threads make accesses, so owners' locks are taken. */
Bus *bus_new(bool locked);
void bus_free(Bus *bus);
bool bus_is_locked(const Bus *bus);

/*
 * Adds a range and maps it at its base.  The claim is copied; name, ops, state
 * and lock stay the caller's and outlive the bus.  Refused: size 0, a range past
 * the end of the space, overlap (the message names both) but for the same range
 * of two CPUs.
 */
bool bus_claim(Bus *bus, const BusClaim *claim, GError **error);

/* Adds a range that is mapped nowhere yet. */
const BusClaim *bus_add(Bus *bus, const BusClaim *claim);
/*
 * Maps a range at `base`, from wherever it is now; any thread, also in the midst
 * of an access.  False where bus_claim() would refuse: it is mapped nowhere then.
 */
bool bus_map(Bus *bus, const BusClaim *claim, uint64_t base);
void bus_unmap(Bus *bus, const BusClaim *claim);
/* The mapping that stands in the way of this one, or NULL; it may move at any time. */
const BusClaim *bus_obstacle(Bus *bus, const BusClaim *claim, uint64_t base);

/* Told of each mapping that is made or ends, with the bus's lock held. */
typedef struct BusListener {
    void (*map)(void *opaque, const BusMapping *mapping);
    void (*unmap)(void *opaque, const BusMapping *mapping);
} BusListener;

/* There is one; it is told of the mappings that there are.  NULL: none any more. */
void bus_set_listener(Bus *bus, const BusListener *listener, void *opaque);

/* While it makes no accesses. */
void bus_add_initiator(Bus *bus, BusInitiator *by);
void bus_remove_initiator(Bus *bus, BusInitiator *by);

/* The initiator may make accesses from now on. */
static inline void bus_enter(BusInitiator *by)
{
    atomic_fetch_add(&by->visits, 1);
}

/* It makes none until it enters again. */
static inline void bus_leave(BusInitiator *by)
{
    atomic_fetch_add(&by->visits, 1);
}

/*
 * A guest's access: `count` items of `size` (1, 2, 4) bytes at `data`, little
 * endian, all at `port`.
 */
void bus_port_access(Bus *bus, BusInitiator *by, uint16_t port, bool write, unsigned size,
                     void *data, size_t count);
/* `size` is 1 to 8; an odd size is split into powers of two. */
void bus_memory_access(Bus *bus, BusInitiator *by, uint64_t address, bool write, unsigned size,
                       void *data);
/*
 * A piece of what a write of this initiator's began, if there is any left; how
 * many instructions it counts as.
 */
unsigned bus_go_on(const Bus *bus, BusInitiator *by);
/* Whether a write to the port may begin something that takes long. */
bool bus_is_slow(const Bus *bus, uint16_t port);
/*
 * A device's: a range that each CPU has for itself is arbitrated.  On a bus
 * without locks only.
 */
void bus_device_write(Bus *bus, uint64_t address, uint64_t value, unsigned size);

/*
 * The mapping that holds an address, as CPU 0 sees it, or NULL.  While other
 * threads may change the bus it may end as soon as it is found.
 */
const BusMapping *bus_find(const Bus *bus, IoSpace space, uint64_t address);
/* Whether an access of 1, 2, 4 or 8 bytes that begins there is answered at all. */
bool bus_mapping_decodes(const BusMapping *mapping, uint64_t address, unsigned size, bool write);
/* In the order in which the claims were made; while no other thread changes the bus. */
void bus_foreach_mapping(const Bus *bus, void (*visit)(const BusMapping *mapping, void *opaque),
                         void *opaque);

typedef struct BusUnclaimed {
    uint64_t address;
    uint64_t reads, writes;
    uint64_t first_pc;
    bool memory;
} BusUnclaimed;

/* Accesses that no device answered, by address; the caller frees the array. */
GArray *bus_unclaimed(const Bus *bus);

/*
 * `names`: it wants BusAccess.register_name, that of the lowest address.  The
 * device is asked right before the access, in the same hold of its lock: what
 * a register is may change with every access.
 */
void bus_set_observer(Bus *bus, BusObserver *observer, bool names, void *opaque);

/* Whether it may be in the midst of an access; any thread. */
static inline bool bus_is_inside(const BusInitiator *by)
{
    return atomic_load(&by->visits) & 1;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bus, bus_free)

#endif
