/*
 * Sending with the 82540EM (manual, sections 3.3 to 3.6): legacy descriptors, and
 * context and data descriptors with checksums and TCP segmentation.
 *
 * DEVIATION: the descriptors of a packet are used when its last one is there.
 * TIDV and TADV delay no interrupt.  A packet with more than 1024 segments is
 * not sent.
 */
#include "devices/net/e1000_internal.h"

#include <string.h>

#define DESCRIPTORS_MAX 256u  /* of a packet */
#define SEGMENTS_MAX    1024u /* of a packet; more would take the CPU too long */
/* What one call does; the rest follows as soon as the loop has had its turn. */
#define PIECE_DESCRIPTORS 512u
#define PIECE_NS          1000u

#define TYPE_OFFSET  12u
#define TAG_SIZE     4u
#define TCP_FIN_PUSH 0x09u

typedef struct Descriptor {
    uint64_t buffer;
    uint32_t command, options;
} Descriptor;

/* A packet whose descriptors have all been read. */
typedef struct Packet {
    size_t size;
    uint32_t command, options; /* of its first descriptor */
    uint32_t last;             /* the command of its last one */
    uint32_t count;            /* of descriptors */
    bool bad;
} Packet;

void e1000_context_load(E1000 *s, const uint8_t *d)
{
    uint32_t command;
    memcpy(&command, d + 8, 4);
    E1000Context *c = command & E1000_TXD_TSE ? &s->segment : &s->context;
    *c = (E1000Context){
        .ip_start = d[0], .ip_offset = d[1], .tu_start = d[4], .tu_offset = d[5], .header = d[13]};
    memcpy(&c->ip_end, d + 2, 2);
    memcpy(&c->tu_end, d + 6, 2);
    memcpy(&c->mss, d + 14, 2);
    c->tcp = command & E1000_CONTEXT_TCP;
    c->ipv4 = command & E1000_CONTEXT_IP;
}

/* ---- checksums ---- */

/* From `start` to `end` or, if that is 0, to the end of the frame. */
static void put_sum(uint8_t *frame, size_t size, unsigned start, unsigned offset, unsigned end)
{
    size_t stop = end && end + 1u < size ? end + 1u : size;
    if (start < stop && offset + 2u <= size) {
        e1000_put16(frame + offset, (uint16_t)~e1000_fold(e1000_sum(frame + start, stop - start)));
    }
}

static void put_sums(uint8_t *frame, size_t size, const E1000Context *c, uint32_t options)
{
    if (options & E1000_POPTS_TXSM) {
        put_sum(frame, size, c->tu_start, c->tu_offset, c->tu_end);
        /* In UDP a sum of 0 means that there is none. */
        if (!c->tcp && c->tu_offset + 2u <= size && !e1000_get16(frame + c->tu_offset)) {
            e1000_put16(frame + c->tu_offset, 0xffff);
        }
    }
    if (options & E1000_POPTS_IXSM) {
        put_sum(frame, size, c->ip_start, c->ip_offset, c->ip_end);
    }
}

/* ---- frames ---- */

static void count_frame(E1000 *s, const uint8_t *frame, size_t size)
{
    static const uint8_t ALL[NET_ADDRESS_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint32_t octets = (uint32_t)(size + E1000_FCS_SIZE);
    e1000_count(s, E1000_STAT_TPT, 1);
    e1000_count(s, E1000_STAT_GPTC, 1);
    if (!memcmp(frame, ALL, sizeof(ALL))) {
        e1000_count(s, E1000_STAT_BPTC, 1);
    } else if (frame[0] & 1) {
        e1000_count(s, E1000_STAT_MPTC, 1);
    }
    e1000_count_octets(s, E1000_STAT_GOTCL, octets);
    e1000_count_octets(s, E1000_STAT_TOTL, octets);
    e1000_count_size(s, E1000_STAT_PTC64, octets);
}

static void send(E1000 *s, const uint8_t *frame, size_t size)
{
    if (size < NET_FRAME_MIN || size > NET_FRAME_MAX) {
        pio_guest_error(s->dev, "frame size", "a frame of %zu bytes cannot be sent", size);
        return;
    }
    count_frame(s, frame, size);
    if (s->rctl & E1000_RCTL_LBM) {
        e1000_receive(s, 0, frame, size);
    } else if (e1000_link(s) && !pio_net_send(s->net, frame, size)) {
        s->tx_stopped = true;
    }
}

/* Puts the VLAN tag in, if the packet is to have one. */
static void send_tagged(E1000 *s, const uint8_t *frame, size_t size, const Packet *p)
{
    uint8_t tagged[NET_FRAME_MAX];
    bool tag = s->ctrl & E1000_CTRL_VME && p->last & E1000_TXD_VLE;
    if (!tag || size < NET_FRAME_MIN || size + TAG_SIZE > NET_FRAME_MAX) {
        send(s, frame, size);
        return;
    }
    memcpy(tagged, frame, TYPE_OFFSET);
    e1000_put16(tagged + TYPE_OFFSET, (uint16_t)s->vet);
    e1000_put16(tagged + TYPE_OFFSET + 2, (uint16_t)(p->options >> 16));
    memcpy(tagged + TYPE_OFFSET + TAG_SIZE, frame + TYPE_OFFSET, size - TYPE_OFFSET);
    send(s, tagged, size + TAG_SIZE);
}

/* The headers of segment `number`, which begins `at` bytes into the data. */
static void fit_headers(const E1000Context *c, uint8_t *frame, size_t size, unsigned number,
                        uint32_t at, bool last)
{
    uint8_t *ip = frame + c->ip_start, *tu = frame + c->tu_start;
    uint32_t sequence;
    if (c->ipv4) {
        e1000_put16(ip + 2, (uint16_t)(size - c->ip_start));
        e1000_put16(ip + 4, (uint16_t)(e1000_get16(ip + 4) + number));
    } else {
        e1000_put16(ip + 4, (uint16_t)(size - c->ip_start - 40));
    }
    if (c->tcp) {
        memcpy(&sequence, tu + 4, 4);
        sequence = __builtin_bswap32(__builtin_bswap32(sequence) + at);
        memcpy(tu + 4, &sequence, 4);
        tu[13] &= last ? 0xff : (uint8_t)~TCP_FIN_PUSH;
    } else {
        e1000_put16(tu + 4, (uint16_t)(size - c->tu_start));
    }
    /* The guest has put the sum of the pseudo-header there, without the length. */
    uint8_t *sum = frame + c->tu_offset;
    e1000_put16(sum, e1000_fold(e1000_get16(sum) + (uint32_t)(size - c->tu_start)));
}

static bool can_segment(const E1000Context *c, size_t size)
{
    unsigned tu_header = c->tcp ? 20 : 8, ip_header = c->ipv4 ? 20 : 40;
    return c->mss && c->header < size && (size - c->header) / c->mss < SEGMENTS_MAX &&
           c->ip_start >= NET_FRAME_MIN && c->ip_start + ip_header <= c->tu_start &&
           c->tu_start + tu_header <= c->header && c->tu_offset + 2u <= c->header &&
           (size_t)c->header + c->mss <= NET_FRAME_MAX;
}

static void send_segments(E1000 *s, const Packet *p)
{
    const E1000Context *c = &s->segment;
    uint8_t frame[NET_FRAME_MAX];
    unsigned number = 0;
    if (!can_segment(c, p->size)) {
        pio_guest_error(s->dev, "segmentation", "a packet's headers cannot be segmented");
        return;
    }
    for (size_t at = c->header, piece; at < p->size; at += piece, number++) {
        piece = p->size - at < c->mss ? p->size - at : c->mss;
        memcpy(frame, s->packet, c->header);
        memcpy(frame + c->header, s->packet + at, piece);
        fit_headers(c, frame, c->header + piece, number, (uint32_t)(at - c->header),
                    at + piece == p->size);
        put_sums(frame, c->header + piece, c, p->options);
        send_tagged(s, frame, c->header + piece, p);
    }
    e1000_count(s, E1000_STAT_TSCTC, 1);
}

static void send_packet(E1000 *s, const Packet *p)
{
    bool extended = p->command & E1000_TXD_DEXT;
    if (p->bad) {
        pio_guest_error(s->dev, "transmit packet",
                        "a packet is too long, in too many pieces or not in memory");
    } else if (extended && p->command & E1000_TXD_TSE) {
        send_segments(s, p);
    } else {
        if (extended) {
            put_sums(s->packet, p->size, &s->context, p->options);
        } else if (p->last & E1000_TXD_IC) {
            put_sum(s->packet, p->size, p->options >> 8 & 0xff, p->command >> 16 & 0xff, 0);
        }
        send_tagged(s, s->packet, p->size, p);
    }
}

/* ---- descriptors ---- */

static bool read_descriptor(E1000 *s, uint32_t index, Descriptor *d)
{
    return pio_memory_read(s->dev, e1000_descriptor(&s->tx, index), d, sizeof(*d));
}

/* Says that the descriptor is done, where the guest wants to know. */
static uint32_t report(E1000 *s, uint32_t index, const Descriptor *d)
{
    uint32_t options = d->options | E1000_TXD_DD;
    if (!(d->command & E1000_TXD_RS)) {
        return 0;
    }
    pio_memory_write(s->dev, e1000_descriptor(&s->tx, index) + 12, &options, sizeof(options));
    return E1000_ICR_TXDW;
}

static bool is_context(const Descriptor *d)
{
    return (d->command & (E1000_TXD_DEXT | E1000_TXD_TYPE)) == E1000_TXD_DEXT;
}

static void add_piece(E1000 *s, Packet *p, const Descriptor *d)
{
    bool extended = d->command & E1000_TXD_DEXT;
    size_t size = d->command & (extended ? E1000_TXD_LENGTH : E1000_TXD_LEGACY_LENGTH);
    p->bad = p->bad || size > E1000_PACKET_ROOM - p->size;
    if (!p->bad && size) {
        p->bad = !pio_memory_read(s->dev, d->buffer, s->packet + p->size, size);
        p->size += size;
    }
}

/* False: the last descriptor of the packet is not there. */
static bool gather(E1000 *s, Packet *p)
{
    uint32_t used = e1000_ring_used(&s->tx), size = e1000_ring_size(&s->tx);
    *p = (Packet){0};
    while (p->count < used) {
        Descriptor d;
        bool there = read_descriptor(s, (s->tx.head + p->count) % size, &d);
        bool bad = !there || (p->count && is_context(&d)) || p->count == DESCRIPTORS_MAX;
        if (!p->count) {
            p->command = d.command;
            p->options = d.options;
        }
        p->count++;
        p->bad = p->bad || bad;
        p->last = there ? d.command : E1000_TXD_EOP;
        if (!p->bad) {
            add_piece(s, p, &d);
        }
        if (bad || p->last & E1000_TXD_EOP) {
            /* In a legacy descriptor the tag is in the last one. */
            p->options = p->command & E1000_TXD_DEXT || p->bad ? p->options : d.options;
            return true;
        }
    }
    return false;
}

static uint32_t finish(E1000 *s, uint32_t count)
{
    uint32_t causes = 0;
    for (uint32_t i = 0; i < count; i++) {
        Descriptor d;
        if (read_descriptor(s, s->tx.head, &d)) {
            causes |= report(s, s->tx.head, &d);
        }
        s->tx.head = (s->tx.head + 1) % e1000_ring_size(&s->tx);
    }
    return causes;
}

/* Uses the descriptors of one context or packet; 0: none is complete. */
static uint32_t transmit_one(E1000 *s, uint32_t *causes)
{
    Descriptor d;
    Packet p;
    if (!e1000_ring_used(&s->tx)) {
        return 0;
    }
    if (read_descriptor(s, s->tx.head, &d) && is_context(&d)) {
        e1000_context_load(s, (const uint8_t *)&d);
        *causes |= finish(s, 1);
        return 1;
    }
    if (!gather(s, &p)) {
        return 0;
    }
    send_packet(s, &p);
    *causes |= finish(s, p.count);
    return p.count;
}

void e1000_transmit(E1000 *s)
{
    uint32_t causes = 0, done = 0, count = 1;
    if (!(s->tctl & E1000_TCTL_EN) || !pio_pci_is_master(s->dev)) {
        return;
    }
    while (!s->tx_stopped && done < PIECE_DESCRIPTORS && count) {
        count = transmit_one(s, &causes);
        done += count;
    }
    if (!s->tx_stopped && count) {
        pio_timer_arm(s->tx_timer, pio_now(s->dev) + PIECE_NS);
    }
    if (done && !e1000_ring_used(&s->tx)) {
        causes |= E1000_ICR_TXQE;
    }
    if (causes) {
        e1000_raise(s, causes);
    }
}
