/*
 * QEMU's qtest protocol: lines of text that access ports and memory, move machine
 * time and report interrupt lines. docs/testing.md lists them.
 *
 * On a malformed line QEMU ends with a failed assertion.  This server answers
 * `FAIL` with the reason.  Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_QTEST_H
#define PIOEMU_CONTROL_QTEST_H

#include "src/base/log.h"
#include "src/base/loop.h"
#include "src/machine/machine.h"

/* The most that one `read`, `write` or `memset` may cover, in bytes. */
#define QTEST_DATA_MAX (16u << 20)

typedef struct Qtest Qtest;

/* The machine.  All members outlive the server. */
typedef struct QtestTarget {
    Loop *loop;
    Bus *bus;
    Memory *memory;
    Clock *clock;
    Machine *machine;
    /* Only the socket moves the machine, so time can be stepped and lines can be intercepted. */
    bool alone;
    Log *log; /* for both directions, or NULL */
} QtestTarget;

typedef struct QtestEvents {
    void (*send)(void *opaque, const char *data, size_t size);
    /* A long clock_step begins (send no more input) or ends. */
    void (*busy)(void *opaque, bool on);
    void *opaque;
} QtestEvents;

Qtest *qtest_new(const QtestTarget *target, const QtestEvents *events);
void qtest_free(Qtest *qtest);

/* Takes input from the client, in pieces of any size. */
void qtest_input(Qtest *qtest, const char *data, size_t size);
/* A client has come or gone.  A command that it left unfinished is dropped. */
void qtest_connected(Qtest *qtest);
void qtest_disconnected(Qtest *qtest);

#endif
