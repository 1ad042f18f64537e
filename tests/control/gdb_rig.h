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
    int log; /* the program's messages */
    ControlLine line;
    uint32_t place[PLACE_COUNT];
} GdbRig;

/* The values that GO_ON may have. */
enum { WAITS, PAGES, CRASHES };

/* Whether an accelerator works on this host, and with 32-bit paging.  If not, it skips the test. */
bool gdb_rig_can(const char *accel, bool paging);
/* Starts debugged.bin, stopped before its first instruction, without a connected client. */
void gdb_rig_start(GdbRig *rig, const char *accel, const char *options);
/* Connects as gdb does, and reads the table of places. */
void gdb_rig_connect(GdbRig *rig);
void gdb_rig_disconnect(GdbRig *rig);
/* Returns all messages of the program so far; after gdb_rig_end() they are complete. */
char *gdb_rig_wait(GdbRig *rig, int *status);
void gdb_rig_end(GdbRig *rig);

/* Sends a packet. */
void gdb_send(GdbRig *rig, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Returns the next packet, or NULL if the peer has closed.  The caller frees it. */
char *gdb_next(GdbRig *rig);
/*
 * Returns the answer to a packet.  `console` gets the console output before
 * it, or is NULL if there must be none.
 */
char *gdb_ask(GdbRig *rig, GString *console, const char *format, ...) G_GNUC_PRINTF(3, 4);
void gdb_ask_is(GdbRig *rig, const char *packet, const char *answer);
/* Returns the output of a monitor command. */
char *gdb_monitor(GdbRig *rig, const char *command);
/* Resumes with `packet`, and checks that the machine stops with a reply that contains `part`. */
void gdb_until(GdbRig *rig, const char *packet, const char *part);
/* Sets a breakpoint ("Z0") or watchpoint for one stop, and removes it. */
void gdb_run_to(GdbRig *rig, uint32_t address);
uint32_t gdb_eip(GdbRig *rig);
uint32_t gdb_load(GdbRig *rig, uint32_t address, unsigned size);

#endif
