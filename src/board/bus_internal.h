/*
 * What the files of the bus share: bus.c (accesses), bus_map.c (what is
 * mapped where), bus_unclaimed.c (accesses that nobody answered).
 */
#ifndef PIOEMU_BOARD_BUS_INTERNAL_H
#define PIOEMU_BOARD_BUS_INTERNAL_H

#include "src/board/bus.h"

#define PORT_COUNT 0x10000u
/* Mappings of ports, among them those that are not freed yet. */
#define PORT_MAPPINGS 4096u

/* The mappings of addresses, by who reaches them and then by base. */
typedef struct AddressMap {
    BusMapping *mappings;
    unsigned count, cpus;
    /* Where the mappings of each set begin: set 0 is everyone's, set n + 1 is CPU n's. */
    unsigned first[];
} AddressMap;

/* What has to be done at the end of an access: the bits of Bus.after. */
#define AFTER_TELL    1u /* there is an observer */
#define AFTER_COLLECT 2u /* old mappings have to be freed */

struct Bus {
    bool locked;
    atomic_uint after;
    /* Indices of `mappings`; 0, which is nobody's, has no claim and takes nothing. */
    _Atomic(uint16_t) *ports;
    BusMapping *mappings;
    _Atomic(AddressMap *) addresses;

    GMutex map_lock;       /* of what follows, and of changes of what is above */
    GPtrArray *claims;     /* of PlacedClaim, in the order they were made */
    GArray *free_indices;  /* of uint16_t */
    unsigned used_indices; /* those above were never used */
    GArray *old_indices;   /* not in the table any more, but an access may be under way */
    GPtrArray *old_maps;   /* likewise, of AddressMap */
    const BusListener *listener;
    void *listener_opaque;

    GMutex collect_lock; /* of `initiators`; taken before map_lock */
    GPtrArray *initiators;

    GMutex unclaimed_lock; /* of the table below */
    GHashTable *unclaimed; /* address (memory: bit 63 set) to BusUnclaimed */

    BusObserver *observer;
    bool names; /* the observer wants those of registers */
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

/* What a CPU has for itself, or nobody's. */
const BusMapping *bus_find_per_cpu(const Bus *bus, unsigned cpu, uint64_t address);
const BusMapping *bus_find_memory(const Bus *bus, unsigned cpu, uint64_t address);
unsigned bus_cpu_count(const Bus *bus);

void bus_map_init(Bus *bus);
void bus_map_clear(Bus *bus);
/* At the end of an access, with no lock held: frees old mappings. */
void bus_collect(Bus *bus, BusInitiator *by);

void bus_unclaimed_init(Bus *bus);
void bus_unclaimed_clear(Bus *bus);
void bus_count_unclaimed(Bus *bus, BusInitiator *by, IoSpace space, uint64_t address, bool write);

#endif
