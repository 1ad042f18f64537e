/*
 * A session's state, for the files that make up gdb.h.
 */
#ifndef PIOEMU_CONTROL_GDB_INTERNAL_H
#define PIOEMU_CONTROL_GDB_INTERNAL_H

#include "src/control/gdb.h"
#include "src/control/gdb_packet.h"

/* More breakpoints than this are refused. */
#define GDB_POINTS_MAX 1024u
/* Bytes in hexadecimal that fit a packet of ours. */
#define GDB_DATA_MAX (GDB_PACKET_MAX / 2 - 16)

/* What packets answer on failure: errno numbers, as gdb shows them. */
#define GDB_EIO    "E05"
#define GDB_E2BIG  "E07"
#define GDB_EFAULT "E0e"
#define GDB_EINVAL "E16"
#define GDB_ENOSPC "E1c"

struct Gdb {
    Vm *vm;
    GdbPackets *packets;
    void (*send)(void *opaque, const char *data, size_t size);
    void *opaque;
    GdbArch wanted; /* by the user; GDB_ARCH_COUNT: none */
    GdbArch arch;   /* as described to this client */
    bool connected;
    bool waiting;      /* the client let the machine go, and waits for a stop */
    bool interrupted;  /* and sent Ctrl-C */
    bool told_mode;    /* that the description does not fit the mode any more */
    bool tells_breaks; /* the client knows "swbreak" and "hwbreak" */
    bool linear_pc;    /* the program counter is shown with the base of CS added */
    bool physical;     /* memory is addressed physically */
    unsigned cpu;      /* that registers and memory are of */
    unsigned stepper;  /* that the older 's' and 'c' move; */
    bool all_move;     /* or all of them */
    GArray *points;    /* of DebugPoint */
    VmStop stop;       /* the last; without its text */
    CpuState state;    /* of CPU `cached`, */
    int cached;        /* or of none: -1 */
};

/* ---- gdb.c ---- */

void gdb_reply(Gdb *gdb, const char *text);
/* Text for the user, in gdb's console; only before the answer to what the user waits for. */
void gdb_console(Gdb *gdb, const char *text);
/* The registers of the current CPU, or NULL. */
const CpuState *gdb_state(Gdb *gdb);
/* A thread id: "-1" is all, "0" any; false: there is no such CPU. */
bool gdb_parse_thread(const Gdb *gdb, const char **text, bool *all, unsigned *cpu);
/* A hexadecimal number, which may begin anywhere in a packet. */
bool gdb_parse_number(const char **text, uint64_t *number);
bool gdb_parse_char(const char **text, char c);

/* ---- gdb_stop.c ---- */

void gdb_tell_stop(Gdb *gdb);
/* 'c', 's' and their like, with a signal number or an address behind them. */
void gdb_go_on(Gdb *gdb, const char *text, VmMove move, bool has_signal);
void gdb_vcont(Gdb *gdb, const char *text);
/* 'Z' and 'z'. */
void gdb_point(Gdb *gdb, const char *text, bool insert);
void gdb_drop_points(Gdb *gdb);

/* ---- gdb_query.c ---- */

/* False: there is no such query. */
bool gdb_query(Gdb *gdb, const char *text);
bool gdb_set(Gdb *gdb, const char *text);

#endif
