/* A session's state, shared by the files that implement gdb.h. */
#ifndef PIOEMU_CONTROL_GDB_INTERNAL_H
#define PIOEMU_CONTROL_GDB_INTERNAL_H

#include "src/control/gdb.h"
#include "src/control/gdb_packet.h"

/* The most breakpoints.  Further ones are refused. */
#define GDB_POINTS_MAX 1024u
/* How many bytes in hexadecimal fit into one packet to the client. */
#define GDB_DATA_MAX (GDB_PACKET_MAX / 2 - 16)

/* The answers of packets that failed.  They are errno numbers, which gdb shows. */
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
    GdbArch wanted; /* as the user asked; GDB_ARCH_COUNT: no choice */
    GdbArch arch;   /* as it was described to this client */
    bool connected;
    bool waiting;      /* the client has resumed the machine and waits for a stop */
    bool interrupted;  /* the client has also sent Ctrl-C */
    bool told_mode;    /* the client was told that the description no longer fits the mode */
    bool tells_breaks; /* the client knows "swbreak" and "hwbreak" */
    bool linear_pc;    /* the program counter is shown with the base of CS added */
    bool physical;     /* addresses of memory are physical */
    unsigned cpu;      /* the CPU whose registers and memory are shown */
    unsigned stepper;  /* the CPU that the older packets 's' and 'c' move; */
    bool all_move;     /* or they move all CPUs */
    GArray *points;    /* of DebugPoint */
    VmStop stop;       /* the last stop, without its text */
    CpuState state;    /* the state of CPU `cached`, */
    int cached;        /* or of no CPU if this is -1 */
};

/* ---- gdb.c ---- */

void gdb_reply(Gdb *gdb, const char *text);
/* Shows a text in gdb's console.  Allowed only before the answer that the client waits for. */
void gdb_console(Gdb *gdb, const char *text);
/* The registers of the current CPU, or NULL. */
const CpuState *gdb_state(Gdb *gdb);
/* Parses the id of a thread.  "-1" means all, "0" any.  Returns false if there is no such CPU. */
bool gdb_parse_thread(const Gdb *gdb, const char **text, bool *all, unsigned *cpu);
/* Parses a hexadecimal number, which may begin anywhere in a packet. */
bool gdb_parse_number(const char **text, uint64_t *number);
bool gdb_parse_char(const char **text, char c);

/* ---- gdb_stop.c ---- */

void gdb_tell_stop(Gdb *gdb);
/* 'c', 's' and similar packets.  A signal number or an address may follow. */
void gdb_go_on(Gdb *gdb, const char *text, VmMove move, bool has_signal);
void gdb_vcont(Gdb *gdb, const char *text);
/* The packets 'Z' and 'z'. */
void gdb_point(Gdb *gdb, const char *text, bool insert);
void gdb_drop_points(Gdb *gdb);

/* ---- gdb_query.c ---- */

/* Returns false if there is no such query. */
bool gdb_query(Gdb *gdb, const char *text);
bool gdb_set(Gdb *gdb, const char *text);

#endif
