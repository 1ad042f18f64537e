/*
 * A virtio source of random numbers (Virtual I/O Device 1.2, section 5.4).
 *
 * The driver offers buffers, and the device fills each of them, or the
 * beginning of a large one.  The numbers are the host's.  On a machine that
 * repeats its runs they are from a generator, which is saved.
 *
 * DEVIATION: that generator is no secret.
 */
#include "devices/virtio/virtio.h"

#include <string.h>

#define DEVICE_TYPE 4
#define CLASS_CODE  0x00ff00 /* a device of no other class */
#define QUEUE_SIZE  64u
#define BYTES_MAX   4096u /* of one buffer */
/* A driver that offers buffers faster than they are filled waits so long for the next ones. */
#define PAUSE_NS UINT64_C(1000000)

typedef struct VirtioRng {
    Virtio virtio;

    uint64_t generator;
    bool paused; /* there may be more buffers, and the timer is armed */

    Timer *timer;
} VirtioRng;

static uint64_t rng_features(const void *state)
{
    (void)state;
    return 0;
}

static unsigned rng_queue_count(const void *state)
{
    (void)state;
    return 1;
}

static unsigned rng_config(const void *state, uint8_t bytes[64])
{
    (void)state;
    (void)bytes;
    return 0;
}

/* A counter with an odd step, whose bits are mixed by multiplications ("SplitMix"). */
static uint64_t next_number(VirtioRng *s)
{
    s->generator += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = s->generator;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void fill(VirtioRng *s, uint8_t *bytes, size_t size)
{
    if (pio_random(s->virtio.dev, bytes, size)) {
        return;
    }
    for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
        uint64_t number = next_number(s);
        memcpy(bytes + i, &number, size - i < sizeof(number) ? size - i : sizeof(number));
    }
}

/* Returns false if the driver has broken a rule. */
static bool serve(VirtioRng *s, const VirtqChain *chain)
{
    uint8_t bytes[BYTES_MAX];
    size_t size = chain->writable_bytes < BYTES_MAX ? (size_t)chain->writable_bytes : BYTES_MAX;

    if (chain->readable || !size) {
        virtio_break(&s->virtio,
                     "a request for random numbers with nothing to fill, or something to read");
        return false;
    }
    fill(s, bytes, size);
    if (virtq_write(s->virtio.dev, chain, 0, bytes, size) != size) {
        virtio_break(&s->virtio, "a buffer outside of the memory");
        return false;
    }
    virtio_return(&s->virtio, 0, chain->head, (uint32_t)size);
    return true;
}

static void rng_notified(void *state, unsigned queue)
{
    VirtioRng *s = state;
    VirtqChain chain;
    unsigned served = 0;

    while (served < QUEUE_SIZE && virtio_queue_runs(&s->virtio, queue) &&
           virtio_take(&s->virtio, queue, &chain) && serve(s, &chain)) {
        served++;
    }
    s->paused = served == QUEUE_SIZE;
    if (s->paused) {
        pio_timer_arm(s->timer, pio_now(s->virtio.dev) + PAUSE_NS);
    }
}

static void rng_fire(void *state, uint64_t deadline)
{
    (void)deadline;
    rng_notified(state, 0);
}

static void rng_stop(void *state)
{
    VirtioRng *s = state;

    s->paused = false;
    pio_timer_disarm(s->timer);
}

static const VirtioType TYPE = {
    .queue_size = QUEUE_SIZE,
    .features = rng_features,
    .queue_count = rng_queue_count,
    .config = rng_config,
    .notified = rng_notified,
    .stop = rng_stop,
};

/* ---- the class ---- */

static bool rng_realize(void *state, char *error, size_t size)
{
    (void)error;
    (void)size;
    ((VirtioRng *)state)->virtio.type = &TYPE;
    return true;
}

static void rng_reset(void *state)
{
    VirtioRng *s = state;

    rng_stop(s);
    s->generator = 0;
    virtio_reset(&s->virtio);
}

static bool rng_post_load(void *state)
{
    VirtioRng *s = state;

    pio_timer_disarm(s->timer);
    if (s->paused) {
        pio_timer_arm(s->timer, pio_now(s->virtio.dev) + PAUSE_NS);
    }
    return virtio_post_load(&s->virtio);
}

static const PciIdentity IDENTITY = VIRTIO_IDENTITY(DEVICE_TYPE, CLASS_CODE);

extern const DeviceClass virtio_rng_class;
const DeviceClass virtio_rng_class = {
    .head = DEVICE_CLASS_HEAD("virtio-rng-pci", VirtioRng),
    .description = "virtio source of random numbers",
    .regions = virtio_regions,
    .outputs = virtio_outputs,
    .timers = DEVICE_TIMERS(DEVICE_TIMER(VirtioRng, timer, "more", rng_fire)),
    .pci = &IDENTITY,
    .realize = rng_realize,
    .reset = rng_reset,
    .fields = DEVICE_FIELDS(VIRTIO_FIELDS(VirtioRng), DEVICE_FIELD(VirtioRng, generator),
                            DEVICE_FIELD_BOOL(VirtioRng, paused)),
    .post_load = rng_post_load,
};
