/*
 * What the files of the bus share: bus.c (accesses), bus_map.c (what is mapped
 * where) and bus_unclaimed.c (accesses that no device answered).
 */
#ifndef PIOEMU_BOARD_BUS_INTERNAL_H
#define PIOEMU_BOARD_BUS_INTERNAL_H

#include "src/board/bus.h"

#define PORT_COUNT 0x10000u
/* The limit for mappings of ports.  It counts those that wait to be freed. */
#define PORT_MAPPINGS 4096u

/* The mappings of addresses, sorted by the CPU that reaches them and then by base. */
typedef struct AddressMap {
    BusMapping *mappings;
    unsigned count, cpus;
    /*
     * The index of each set's first mapping: set 0 is for all CPUs, set n + 1 is
     * for CPU n alone.
     */
    unsigned first[];
} AddressMap;

/* What is to do at the end of an access: the bits of Bus.after. */
#define AFTER_TELL    1u /* there is an observer */
#define AFTER_COLLECT 2u /* old mappings wait to be freed */

struct Bus {
    bool locked;
    atomic_uint after;
    /*
     * Indices of `mappings`. Mapping 0 has no claim and takes nothing: it stands
     * for "no device".
     */
    _Atomic(uint16_t) *ports;
    BusMapping *mappings;
    _Atomic(AddressMap *) addresses;

    GMutex map_lock;       /* protects what follows, and changes of what is above */
    GPtrArray *claims;     /* of PlacedClaim, in the order in which they were made */
    GArray *free_indices;  /* of uint16_t */
    unsigned used_indices; /* indices from this one on were never used */
    GArray *old_indices;   /* no longer in the table, but an access may still use them */
    GPtrArray *old_maps;   /* likewise; of AddressMap */
    const BusListener *listener;
    void *listener_opaque;

    GMutex collect_lock; /* protects `initiators`; taken before map_lock */
    GPtrArray *initiators;

    GMutex unclaimed_lock; /* protects the table below */
    GHashTable *unclaimed; /* address (with bit 63 set for memory) to BusUnclaimed */

    BusObserver *observer;
    bool names; /* the observer wants the names of registers */
    void *observer_opaque;
};

static inline const BusMapping *bus_nobody(const Bus *bus)
{
    return &bus->mappings[0];
}

static inline const BusMapping *bus_port(const Bus *bus, uint16_t port)
{
    return &bus->mappings[atomic_load_explicit(&bus->ports[port], memory_order_acquire)];
}

/* What the CPU has there for itself, or bus_nobody(). */
const BusMapping *bus_find_per_cpu(const Bus *bus, unsigned cpu, uint64_t address);
const BusMapping *bus_find_memory(const Bus *bus, unsigned cpu, uint64_t address);
unsigned bus_cpu_count(const Bus *bus);

void bus_map_init(Bus *bus);
void bus_map_clear(Bus *bus);
/* Frees old mappings.  Called at the end of an access, with no lock held. */
void bus_collect(Bus *bus, BusInitiator *by);

void bus_unclaimed_init(Bus *bus);
void bus_unclaimed_clear(Bus *bus);
void bus_count_unclaimed(Bus *bus, BusInitiator *by, IoSpace space, uint64_t address, bool write);

#endif
