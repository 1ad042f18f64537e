/*
 * The bus: 64 Ki ports and the physical addresses that no memory backs, each
 * claimed by at most one device region, or by one for each CPU.
 *
 * Ranges are claimed before the first vCPU runs and the tables do not change
 * after that, so look-up takes no lock: a port is one load from a table.  The
 * bus takes the owner's lock around a call unless it was made unlocked.
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
    uint64_t base, size;
    const IoOps *ops;
    void *state;
    GMutex *lock; /* NULL: none is taken */
    bool posted;
    bool per_cpu; /* IO_MEMORY: only CPU `cpu` and writes of devices reach it */
    unsigned cpu;
    const char *(*register_name)(const void *state, uint64_t offset, bool write);
    int (*arbitrate)(const void *state, uint64_t offset, uint64_t value); /* see DeviceRegion */
} BusClaim;

/* What an initiator last did, for crash reports. */
typedef struct BusAccess {
    uint64_t address;
    uint64_t value;     /* of the last item */
    const char *device; /* NULL: nobody answered */
    /* What the device called it when the access came; NULL: no name, or nobody asked for one. */
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
 * at a time.
 */
typedef struct BusInitiator {
    /* Linear address of the guest's instruction, for the first access to a port nobody has. */
    uint64_t (*program_counter)(struct BusInitiator *self);
    unsigned cpu; /* whose devices of its own it reaches */
    /*
     * It does in pieces what its writes begin: while `unfinished` it makes no
     * access and calls bus_go_on() instead.  False: a write is all done when
     * the access returns.
     */
    bool paced;
    const BusClaim *unfinished;
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
 * The claim is copied; name, ops, state and lock stay the caller's and outlive
 * the bus.  Refused: size 0, a range past the end of the space, overlap (the
 * message names both) but for the same range of two CPUs.
 */
bool bus_claim(Bus *bus, const BusClaim *claim, GError **error);

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

/* The claim that holds an address, as CPU 0 sees it, or NULL. */
const BusClaim *bus_find(const Bus *bus, IoSpace space, uint64_t address);
/* Whether a guest's access that begins there, in the claim, is answered by it at all. */
bool bus_claim_decodes(const BusClaim *claim, uint64_t address, unsigned size, bool write);
/* In the order they were made. */
void bus_foreach_claim(const Bus *bus, void (*visit)(const BusClaim *claim, void *opaque),
                       void *opaque);

typedef struct BusUnclaimed {
    uint64_t address;
    uint64_t reads, writes;
    uint64_t first_pc;
    bool memory;
} BusUnclaimed;

/* Accesses that nobody answered, by address; the caller frees the array. */
GArray *bus_unclaimed(const Bus *bus);

/*
 * `names`: it wants BusAccess.register_name, that of the lowest address.  The
 * device is asked right before the access, in the same hold of its lock: what
 * a register is may change with every access.
 */
void bus_set_observer(Bus *bus, BusObserver *observer, bool names, void *opaque);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bus, bus_free)

#endif
