/*
 * What the tests of virtio share: the places of the rings in the memory of the rig,
 * and a driver that writes descriptors.
 */
#ifndef PIOEMU_TEST_VIRTIO_RIG_H
#define PIOEMU_TEST_VIRTIO_RIG_H

#include "devices/virtio/virtqueue.h"
#include "tests/unit/rig.h"

#define TABLE  0x1000u /* of descriptors */
#define AVAIL  0x2000u
#define USED   0x3000u
#define OTHER  0x4000u /* an indirect table */
#define BUFFER 0x10000u

#define NEXT     1u
#define WRITE    2u
#define INDIRECT 4u

static inline void poke(Rig *rig, uint64_t address, uint64_t value, size_t size)
{
    memory_write(rig_memory(rig), address, &value, size);
}

static inline uint64_t peek(Rig *rig, uint64_t address, size_t size)
{
    uint64_t value = 0;
    memory_read(rig_memory(rig), address, &value, size);
    return value;
}

static inline void put_descriptor(Rig *rig, uint64_t table, unsigned at, uint64_t address,
                                  uint32_t size, unsigned flags, unsigned next)
{
    poke(rig, table + at * 16u, address, 8);
    poke(rig, table + at * 16u + 8, size, 4);
    poke(rig, table + at * 16u + 12, flags, 2);
    poke(rig, table + at * 16u + 14, next, 2);
}

/* Puts a chain into the available ring of `size` entries. */
static inline void offer(Rig *rig, unsigned size, uint16_t head)
{
    uint16_t position = (uint16_t)peek(rig, AVAIL + 2, 2);
    poke(rig, AVAIL + 4 + position % size * 2, head, 2);
    poke(rig, AVAIL + 2, position + 1u, 2);
}

#endif
