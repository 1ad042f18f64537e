/*
 * A client of gdb's remote protocol, and the program that it debugs.
 */
#ifndef PIOEMU_TESTS_CONTROL_GDB_RIG_H
#define PIOEMU_TESTS_CONTROL_GDB_RIG_H

#include "tests/control/control_rig.h"

#include <stdint.h>

/* Labels of debugged.S, in the order of its table. */
enum Place {
    BEGIN,
    COUNT,
    COUNTER,
    PORT_OUT,
    DIVIDE,
    DIVIDED,
    HALT,
    TICK,
    PROTECTED,
    PAGED,
    ALIAS,
    COPY,
    COPIED,
    WAIT,
    CRASH,
    GO_ON,
    PLACE_COUNT
};

#define PLACES_AT    0x1004u
#define ALIAS_OFFSET 0x400000u

typedef struct GdbRig {
    char *directory, *path;
    GPid pid;
    int log; /* what the program says */
    int fd;
    GString *input;
    uint32_t place[PLACE_COUNT];
} GdbRig;

/* What GO_ON may hold. */
enum { WAITS, PAGES, CRASHES };

/* Whether an accelerator can run here, and with 32-bit paging; else the test is skipped. */
bool gdb_rig_can(const char *accel, bool paging);
/* Starts debugged.bin, stopped before its first instruction; no client is connected yet. */
void gdb_rig_start(GdbRig *rig, const char *accel, const char *options);
/* Connects as gdb does, and learns the places. */
void gdb_rig_connect(GdbRig *rig);
void gdb_rig_disconnect(GdbRig *rig);
/* What the program said from the beginning; after gdb_rig_end() to its end. */
char *gdb_rig_wait(GdbRig *rig, int *status);
void gdb_rig_end(GdbRig *rig);

/* Sends a packet. */
void gdb_send(GdbRig *rig, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The next packet; NULL: the peer closed.  The caller frees it. */
char *gdb_next(GdbRig *rig);
/* The answer to a packet; `console` (NULL: there is none) takes what is said before. */
char *gdb_ask(GdbRig *rig, GString *console, const char *format, ...) G_GNUC_PRINTF(3, 4);
void gdb_ask_is(GdbRig *rig, const char *packet, const char *answer);
/* What a monitor's command says. */
char *gdb_monitor(GdbRig *rig, const char *command);
/* Resumes with `packet`, and wants a stop whose reply has `part` in it. */
void gdb_until(GdbRig *rig, const char *packet, const char *part);
/* A breakpoint ("Z0") or watchpoint that is there for one stop. */
void gdb_run_to(GdbRig *rig, uint32_t address);
uint32_t gdb_eip(GdbRig *rig);
uint32_t gdb_load(GdbRig *rig, uint32_t address, unsigned size);

#endif
