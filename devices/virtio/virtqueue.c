/* Split virtqueues; see the header.  Numbers in brackets are sections of VIRTIO 1.2. */
#include "devices/virtio/virtqueue.h"

#include <stdatomic.h>
#include <string.h>

/* Flags of a descriptor [2.7.5]. */
#define DESC_NEXT     0x1u
#define DESC_WRITE    0x2u
#define DESC_INDIRECT 0x4u

#define DESC_SIZE       16u
#define RING_HEADER     4u /* flags and idx, in front of either ring */
#define USED_ELEMENT    8u
#define NO_INTERRUPT    0x1u
#define CHAIN_BYTES_MAX UINT32_MAX

typedef struct Descriptor {
    uint64_t address;
    uint32_t size;
    uint16_t flags, next;
} Descriptor;
_Static_assert(sizeof(Descriptor) == DESC_SIZE, "as in guest memory");

/* ---- memory ---- */

static bool load16(Device *dev, uint64_t address, uint16_t *value)
{
    return pio_memory_read(dev, address, value, sizeof(*value));
}

static bool store16(Device *dev, uint64_t address, uint16_t value)
{
    return pio_memory_write(dev, address, &value, sizeof(value));
}

static uint64_t available_entry(const Virtqueue *q, uint16_t position)
{
    return q->driver_ring + RING_HEADER + (position & (q->size - 1u)) * 2u;
}

/* The last entry of the available ring: used_event [2.7.7.2]. */
static uint64_t used_event_place(const Virtqueue *q)
{
    return q->driver_ring + RING_HEADER + q->size * 2u;
}

static uint64_t available_event_place(const Virtqueue *q)
{
    return q->device_ring + RING_HEADER + q->size * USED_ELEMENT;
}

/* ---- chains ---- */

typedef struct Walk {
    Device *dev;
    VirtqChain *chain;
    uint64_t table; /* of descriptors */
    uint32_t count; /* in the table */
    uint32_t seen;
    const char *why;
} Walk;

static bool broken(Walk *walk, const char *why)
{
    walk->why = why;
    return false;
}

static bool add_span(Walk *walk, const Descriptor *d)
{
    VirtqChain *chain = walk->chain;
    bool write = d->flags & DESC_WRITE;
    uint64_t *bytes = write ? &chain->writable_bytes : &chain->readable_bytes;
    unsigned at = chain->readable + chain->writable;

    if (!d->size) {
        return broken(walk, "an empty descriptor");
    }
    if (d->address + d->size < d->address) {
        return broken(walk, "a descriptor that wraps around");
    }
    if (!write && chain->writable) {
        return broken(walk, "a descriptor to be read behind one to be written");
    }
    if (at == VIRTQ_SIZE_MAX) {
        return broken(walk, "a chain of too many descriptors");
    }
    chain->spans[at] = (VirtqSpan){d->address, d->size};
    *bytes += d->size;
    chain->readable += !write;
    chain->writable += write;
    if (chain->readable_bytes + chain->writable_bytes > CHAIN_BYTES_MAX) {
        return broken(walk, "a chain of more than 4 GiB");
    }
    return true;
}

/* A table of descriptors in memory takes the place of the queue's [2.7.5.3]. */
static bool enter_table(Walk *walk, const Descriptor *d, bool nested)
{
    if (nested || d->flags & DESC_NEXT) {
        return broken(walk, "an indirect descriptor within a chain");
    }
    if (!d->size || d->size % DESC_SIZE || d->size / DESC_SIZE > VIRTQ_SIZE_MAX) {
        return broken(walk, "an indirect table of an impossible size");
    }
    walk->table = d->address;
    walk->count = d->size / DESC_SIZE;
    walk->seen = 0;
    return true;
}

static bool walk_chain(Walk *walk, uint16_t head, bool may_be_indirect)
{
    uint32_t at = head;
    bool nested = false, more = true;

    while (more) {
        Descriptor d;
        if (at >= walk->count) {
            return broken(walk, "a descriptor outside of the table");
        }
        if (walk->seen++ == walk->count) {
            return broken(walk, "a chain that is a loop");
        }
        if (!pio_memory_read(walk->dev, walk->table + at * DESC_SIZE, &d, sizeof(d))) {
            return broken(walk, "a table outside of the memory");
        }
        if (d.flags & DESC_INDIRECT) {
            if (!may_be_indirect) {
                return broken(walk, "an indirect descriptor that was not negotiated");
            }
            if (!enter_table(walk, &d, nested)) {
                return false;
            }
            nested = true;
            at = 0;
            continue;
        }
        if (!add_span(walk, &d)) {
            return false;
        }
        at = d.next;
        more = d.flags & DESC_NEXT;
    }
    return true;
}

VirtqResult virtq_look_at(Device *dev, const Virtqueue *q, const VirtqFeatures *features,
                          uint16_t head, VirtqChain *chain, const char **why)
{
    Walk walk = {.dev = dev, .chain = chain, .table = q->descriptors, .count = q->size};

    chain->head = head;
    chain->readable = chain->writable = 0;
    chain->readable_bytes = chain->writable_bytes = 0;
    if (walk_chain(&walk, head, features->indirect)) {
        return VIRTQ_CHAIN;
    }
    *why = walk.why;
    return VIRTQ_BROKEN;
}

VirtqResult virtq_take(Device *dev, Virtqueue *q, const VirtqFeatures *features, VirtqChain *chain,
                       const char **why)
{
    uint16_t available, head;

    if (!load16(dev, q->driver_ring + 2, &available)) {
        *why = "a ring outside of the memory";
        return VIRTQ_BROKEN;
    }
    if (available == q->taken) {
        return VIRTQ_EMPTY;
    }
    if ((uint16_t)(available - q->taken) > q->size) {
        *why = "more chains than the ring has room for";
        return VIRTQ_BROKEN;
    }
    /* The entries were written before the position [2.7.13.3]. */
    atomic_thread_fence(memory_order_acquire);
    if (!load16(dev, available_entry(q, q->taken), &head)) {
        *why = "a ring outside of the memory";
        return VIRTQ_BROKEN;
    }
    VirtqResult result = virtq_look_at(dev, q, features, head, chain, why);
    if (result == VIRTQ_CHAIN) {
        q->taken++;
    }
    return result;
}

bool virtq_return(Device *dev, Virtqueue *q, uint16_t head, uint32_t written)
{
    const uint32_t element[2] = {head, written};
    uint64_t place =
        q->device_ring + RING_HEADER + (q->returned & (q->size - 1u)) * (uint64_t)USED_ELEMENT;

    if (!pio_memory_write(dev, place, element, sizeof(element))) {
        return false;
    }
    atomic_thread_fence(memory_order_release);
    q->returned++;
    return store16(dev, q->device_ring + 2, q->returned);
}

/* ---- notifications ---- */

/* Whether the positions from `from` to `to` pass an event's [2.7.10.1]. */
static bool passes(uint16_t event, uint16_t to, uint16_t from)
{
    return (uint16_t)(to - event - 1) < (uint16_t)(to - from);
}

bool virtq_wants_interrupt(Device *dev, Virtqueue *q, const VirtqFeatures *features)
{
    uint16_t value = 0;

    /* The driver changes what it wants, and then looks at the ring again. */
    atomic_thread_fence(memory_order_seq_cst);
    if (!features->event_index) {
        return !load16(dev, q->driver_ring, &value) || !(value & NO_INTERRUPT);
    }
    uint16_t from = q->told;
    bool first = !q->has_told;
    q->told = q->returned;
    q->has_told = true;
    return !load16(dev, used_event_place(q), &value) || first || passes(value, q->returned, from);
}

bool virtq_wait(Device *dev, Virtqueue *q, const VirtqFeatures *features)
{
    uint16_t available;

    if (features->event_index) {
        store16(dev, available_event_place(q), q->taken);
        atomic_thread_fence(memory_order_seq_cst);
    }
    return load16(dev, q->driver_ring + 2, &available) && available != q->taken;
}

/* ---- bytes ---- */

size_t virtq_slice(const VirtqChain *chain, bool writable, uint64_t offset, uint64_t size,
                   BlockSpan pieces[VIRTQ_SIZE_MAX])
{
    const VirtqSpan *span = &chain->spans[writable ? chain->readable : 0];
    unsigned left = writable ? chain->writable : chain->readable;
    size_t count = 0;

    for (; left > 0 && size > 0; span++, left--) {
        if (offset >= span->size) {
            offset -= span->size;
            continue;
        }
        uint64_t part = span->size - offset < size ? span->size - offset : size;
        pieces[count++] = (BlockSpan){span->address + offset, part};
        offset = 0;
        size -= part;
    }
    return count;
}

typedef bool Copy(Device *dev, uint64_t address, uint8_t *data, size_t size);

static bool copy_in(Device *dev, uint64_t address, uint8_t *data, size_t size)
{
    return pio_memory_read(dev, address, data, size);
}

static bool copy_out(Device *dev, uint64_t address, uint8_t *data, size_t size)
{
    return pio_memory_write(dev, address, data, size);
}

static size_t copy(Device *dev, const VirtqChain *chain, bool writable, uint64_t offset,
                   uint8_t *data, size_t size)
{
    BlockSpan pieces[VIRTQ_SIZE_MAX];
    size_t count = virtq_slice(chain, writable, offset, size, pieces), done = 0;
    Copy *one = writable ? copy_out : copy_in;

    for (size_t i = 0; i < count; i++) {
        if (!one(dev, pieces[i].address, data + done, pieces[i].size)) {
            return 0;
        }
        done += pieces[i].size;
    }
    return done;
}

size_t virtq_read(Device *dev, const VirtqChain *chain, uint64_t offset, void *data, size_t size)
{
    return copy(dev, chain, false, offset, data, size);
}

size_t virtq_write(Device *dev, const VirtqChain *chain, uint64_t offset, const void *data,
                   size_t size)
{
    return copy(dev, chain, true, offset, (uint8_t *)(uintptr_t)data, size);
}
