/*
 * The device's end of a network.  A device with a PROPERTY_NET sends frames with
 * the functions here, and its class names a NetClient.
 *
 * This header is installed.  It needs only device.h.
 */
#ifndef PIOEMU_NET_H
#define PIOEMU_NET_H

#include "devices/device.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NET_ADDRESS_SIZE 6u
/* A frame begins with its two addresses and its type, and has no frame check sequence. */
#define NET_FRAME_MIN 14u
#define NET_FRAME_MAX 16384u

/*
 * Sends a frame of NET_FRAME_MIN to NET_FRAME_MAX bytes, and never blocks.  False:
 * this one was taken, but the device should send no more until `tx_room` is called.
 */
bool pio_net_send(NetPort *port, const void *frame, size_t size);
/* `can_receive` may have another answer now.  The frames that wait come later. */
void pio_net_rx_ready(NetPort *port);
/* Whether the cable is plugged in. */
bool pio_net_link(const NetPort *port);

/*
 * What a device with a PROPERTY_NET is told.  Every function may be NULL.  `port`
 * says which of its networks: 0 for the first PROPERTY_NET of its properties.
 */
struct NetClient {
    uint32_t struct_size; /* of NetClient */
    /* Whether `receive` would take a frame now.  NULL: always. */
    bool (*can_receive)(const void *state, unsigned port);
    /* A frame of NET_FRAME_MIN to NET_FRAME_MAX bytes; it may be shorter than Ethernet's 60. */
    void (*receive)(void *state, unsigned port, const uint8_t *frame, size_t size);
    /* The network takes frames again after pio_net_send() was false. */
    void (*tx_room)(void *state, unsigned port);
    /* The cable was pulled out or plugged in: pio_net_link() tells. */
    void (*link_changed)(void *state, unsigned port);
};

#ifdef __cplusplus
}
#endif

#endif
