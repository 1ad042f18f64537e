/*
 * The cost that the bus adds to a device's own work: ns for an access, with and
 * without the owner's lock.
 */
#include "src/board/bus.h"

#include <stdio.h>
#include <time.h>

/* So few that a batch fits between two ticks of a busy host's scheduler. */
#define ACCESSES 20000u
#define REPEATS  1000u
#define GOAL_NS  20.0

static uint64_t device_read(void *state, uint64_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    return ++*(uint64_t *)state;
}

static void device_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)offset;
    (void)size;
    *(uint64_t *)state += value;
}

static double now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* The best of many batches, because the others were disturbed. */
static double per_access(Bus *bus, bool write)
{
    BusInitiator by = {0};
    uint8_t byte = 1;
    double best = 1e9;
    for (unsigned repeat = 0; repeat < REPEATS; repeat++) {
        double start = now_ns();
        for (unsigned i = 0; i < ACCESSES; i++) {
            bus_port_access(bus, &by, 0x3f8, write, 1, &byte, 1);
        }
        best = MIN(best, (now_ns() - start) / ACCESSES);
    }
    return best;
}

/* The device's own work, called in the same way as the bus calls it. */
static double per_call(const IoOps *ops, void *state)
{
    const IoOps *volatile hidden = ops;
    double best = 1e9;
    for (unsigned repeat = 0; repeat < REPEATS; repeat++) {
        double start = now_ns();
        for (unsigned i = 0; i < ACCESSES; i++) {
            hidden->write(state, 0, i, 1);
        }
        best = MIN(best, (now_ns() - start) / ACCESSES);
    }
    return best;
}

static void measure(bool locked)
{
    static const IoOps OPS = {.read = device_read, .write = device_write, .max_size = 1};
    uint64_t state = 0;
    GMutex lock;
    g_mutex_init(&lock);
    Bus *bus = bus_new(locked);
    BusClaim claim = {.name = "device",
                      .space = IO_PORTS,
                      .base = 0x3f8,
                      .size = 8,
                      .ops = &OPS,
                      .state = &state,
                      .lock = &lock};
    bus_claim(bus, &claim, NULL);
    double own = per_call(&OPS, &state);
    double write = per_access(bus, true) - own, read = per_access(bus, false) - own;
    printf("bus dispatch, %-10s  write +%.1f ns, read +%.1f ns (goal %.0f ns) %s\n",
           locked ? "locked:" : "lock-free:", write, read, GOAL_NS,
           write <= GOAL_NS && read <= GOAL_NS ? "" : "MISSED");
    bus_free(bus);
    g_mutex_clear(&lock);
}

int main(void)
{
    measure(false);
    measure(true);
    return 0;
}
