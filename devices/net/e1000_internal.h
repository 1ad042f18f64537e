/*
 * The state of the 82540EM, for its files: e1000.c (registers and interrupts),
 * e1000_phy.c (EEPROM, PHY), e1000_rx.c and e1000_tx.c (descriptors and frames).
 */
#ifndef PIOEMU_E1000_INTERNAL_H
#define PIOEMU_E1000_INTERNAL_H

#include "devices/net.h"
#include "devices/net/e1000_regs.h"
#include "devices/pci.h"

#define E1000_PHY_REGISTERS 32u
/* A frame with its VLAN tag and frame check sequence. */
#define E1000_FRAME_USUAL 1522u
#define E1000_FCS_SIZE    4u
/* A packet that is cut into segments has up to 64 KiB behind its headers. */
#define E1000_PACKET_ROOM (65536u + 256u)

/* A ring of descriptors; the registers of both have the same form. */
typedef struct E1000Ring {
    uint32_t base_low, base_high, length, head, tail;
} E1000Ring;

/* What a context descriptor says of the packets behind it. */
typedef struct E1000Context {
    uint8_t ip_start, ip_offset, tu_start, tu_offset, header;
    uint16_t ip_end, tu_end, mss;
    bool tcp, ipv4;
} E1000Context;

typedef struct E1000 {
    Device *dev;
    /* Registers. */
    uint32_t ctrl, eecd, eerd, ctrl_ext, mdic, fcal, fcah, fct, vet;
    uint32_t icr, itr, ims, rctl, fcttv, txcw, tctl, tipg, aifs, ledctl, pba, fcrtl, fcrth;
    uint32_t rdtr, rxdctl, radv, rsrpd, tidv, txdctl, tadv, tspmt, rxcsum, wuc, wufc, manc;
    E1000Ring rx, tx;
    uint32_t stats[E1000_STATS_COUNT], mta[E1000_MTA_COUNT], ra[E1000_RA_COUNT];
    uint32_t vfta[E1000_VFTA_COUNT];
    uint16_t phy[E1000_PHY_REGISTERS];
    uint32_t io_address;
    /* Latches. */
    uint32_t ee_in;                /* bits that the EEPROM has been sent */
    uint8_t ee_count;              /* how many */
    bool ee_reads;                 /* it sends words */
    uint16_t ee_out;               /* the next bit that it sends, counted from word 0 */
    bool ee_bit;                   /* the one it sends now */
    bool link;                     /* the link as the PHY last saw it */
    bool asserted;                 /* the interrupt line */
    uint64_t next_at;              /* when the throttle lets the line rise again */
    bool tx_stopped;               /* the network asked to wait */
    E1000Context context, segment; /* for checksums; for segmentation */
    /* Collaborators. */
    IrqLine *intx;
    NetPort *net;
    Timer *throttle, *tx_timer;
    uint8_t mac[NET_ADDRESS_SIZE];
    uint8_t *packet; /* room for one that is being put together */
} E1000;

static inline uint16_t e1000_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void e1000_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* ---- e1000.c ---- */

void e1000_raise(E1000 *s, uint32_t causes);
/* Adds to a statistic of 64 bits, or to one of 32, which stay at their maximum. */
void e1000_count(E1000 *s, unsigned stat, uint32_t number);
void e1000_count_octets(E1000 *s, unsigned stat, uint32_t number);
/* Counts a frame by its size in six statistics from `stat`. */
void e1000_count_size(E1000 *s, unsigned stat, size_t size);

static inline uint32_t e1000_ring_size(const E1000Ring *ring)
{
    return ring->length / E1000_DESCRIPTOR;
}

static inline uint64_t e1000_descriptor(const E1000Ring *ring, uint32_t index)
{
    return ((uint64_t)ring->base_high << 32 | ring->base_low) + (uint64_t)index * E1000_DESCRIPTOR;
}

/* How many descriptors are the device's; 0 too where the registers make no sense. */
static inline uint32_t e1000_ring_used(const E1000Ring *ring)
{
    uint32_t size = e1000_ring_size(ring);
    if (ring->head >= size || ring->tail >= size) {
        return 0;
    }
    return (ring->tail + size - ring->head) % size;
}

/* The internet checksum, not inverted, of `size` bytes. */
uint32_t e1000_sum(const uint8_t *data, size_t size);
uint16_t e1000_fold(uint32_t sum);

/* ---- e1000_phy.c ---- */

uint16_t e1000_eeprom_word(const E1000 *s, unsigned index);
void e1000_write_eecd(E1000 *s, uint32_t value);
uint32_t e1000_read_eecd(const E1000 *s);
void e1000_write_eerd(E1000 *s, uint32_t value);
void e1000_write_mdic(E1000 *s, uint32_t value);
void e1000_phy_reset(E1000 *s);
/* The cable was pulled out or plugged in. */
void e1000_phy_update(E1000 *s);
/* The MAC sees the PHY's link. */
bool e1000_link(const E1000 *s);

/* ---- e1000_rx.c and e1000_tx.c ---- */

bool e1000_can_receive(const void *state, unsigned port);
void e1000_receive(void *state, unsigned port, const uint8_t *frame, size_t size);
/* Sends what the descriptors say, or a piece of it. */
void e1000_transmit(E1000 *s);
void e1000_context_load(E1000 *s, const uint8_t *descriptor);

#endif
