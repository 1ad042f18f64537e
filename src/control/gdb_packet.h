/*
 * Packets of gdb's remote serial protocol ("Remote Protocol", appendix E of
 * the manual of gdb 13): framing, checksums, escapes and acknowledgements.
 * Nothing here knows what a packet means.
 */
#ifndef PIOEMU_CONTROL_GDB_PACKET_H
#define PIOEMU_CONTROL_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes between $ and #; longer packets are refused. */
#define GDB_PACKET_MAX 16384u

typedef struct GdbPackets GdbPackets;

/* None of them may free the packets. */
typedef struct GdbPacketEvents {
    /* A whole packet without its escapes; a 0 follows the last byte. */
    void (*packet)(void *opaque, const char *data, size_t size);
    /* Ctrl-C, outside packets. */
    void (*interrupt)(void *opaque);
    /* A packet was longer than GDB_PACKET_MAX. */
    void (*overlong)(void *opaque);
    void (*send)(void *opaque, const char *data, size_t size);
    void *opaque;
} GdbPacketEvents;

GdbPackets *gdb_packets_new(const GdbPacketEvents *events);
void gdb_packets_free(GdbPackets *packets);
/* Another client comes: what the one before left is forgotten. */
void gdb_packets_reset(GdbPackets *packets);
void gdb_packets_input(GdbPackets *packets, const char *data, size_t size);
/* Sends a packet with this in it, escaped. */
void gdb_packets_send(GdbPackets *packets, const char *data, size_t size);
/* No acknowledgements are sent or expected from the next packet on. */
void gdb_packets_trust(GdbPackets *packets);

#endif
