/*
 * Packets of gdb's remote serial protocol ("Remote Protocol", appendix E of the
 * manual of gdb 13): framing, checksums, escapes and acknowledgements.  This file
 * does not know what a packet means.
 */
#ifndef PIOEMU_CONTROL_GDB_PACKET_H
#define PIOEMU_CONTROL_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes between $ and #. Longer packets are refused. */
#define GDB_PACKET_MAX 16384u

typedef struct GdbPackets GdbPackets;

/* The functions must not free the packets. */
typedef struct GdbPacketEvents {
    /* A whole packet without its escapes.  A byte 0 follows the last byte. */
    void (*packet)(void *opaque, const char *data, size_t size);
    /* Ctrl-C outside of a packet. */
    void (*interrupt)(void *opaque);
    /* A packet was longer than GDB_PACKET_MAX. */
    void (*overlong)(void *opaque);
    void (*send)(void *opaque, const char *data, size_t size);
    void *opaque;
} GdbPacketEvents;

GdbPackets *gdb_packets_new(const GdbPacketEvents *events);
void gdb_packets_free(GdbPackets *packets);
/* Call it when another client connects.  It drops what the previous one left. */
void gdb_packets_reset(GdbPackets *packets);
void gdb_packets_input(GdbPackets *packets, const char *data, size_t size);
/* Escapes the data and sends it in a packet. */
void gdb_packets_send(GdbPackets *packets, const char *data, size_t size);
/* From the next packet on, acknowledgements are neither sent nor expected. */
void gdb_packets_trust(GdbPackets *packets);

#endif
