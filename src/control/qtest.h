/*
 * QEMU's qtest protocol: lines of text that make port and memory accesses,
 * move machine time, and report interrupt lines.  docs/testing.md lists them.
 *
 * Where QEMU ends with a failed assertion on a malformed line, this answers
 * `FAIL` with the reason.  Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_QTEST_H
#define PIOEMU_CONTROL_QTEST_H

#include "src/base/loop.h"
#include "src/machine/machine.h"

#include <stdio.h>

/* The most that one `read`, `write` or `memset` may cover, in bytes. */
#define QTEST_DATA_MAX (16u << 20)

typedef struct Qtest Qtest;

/* The machine; all of it outlives the server. */
typedef struct QtestTarget {
    Loop *loop;
    Bus *bus;
    Memory *memory;
    Clock *clock;
    Machine *machine;
    /* Nothing but the socket moves the machine: time can be stepped, lines intercepted. */
    bool alone;
    FILE *log; /* of both directions, or NULL */
} QtestTarget;

typedef struct QtestEvents {
    void (*send)(void *opaque, const char *data, size_t size);
    /* A long clock_step is under way (no more input, please), or over. */
    void (*busy)(void *opaque, bool on);
    void *opaque;
} QtestEvents;

Qtest *qtest_new(const QtestTarget *target, const QtestEvents *events);
void qtest_free(Qtest *qtest);

/* From the client, in pieces of any size. */
void qtest_input(Qtest *qtest, const char *data, size_t size);
/* A client came, or went: what it began is forgotten. */
void qtest_connected(Qtest *qtest);
void qtest_disconnected(Qtest *qtest);

#endif
