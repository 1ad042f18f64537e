/*
 * Receiving with the 82540EM (manual, section 3.2): which frames the card takes,
 * the checksums that it looks at, and the descriptors that it fills.
 *
 * DEVIATION: the frame check sequence, which RCTL.SECRC strips, is four zeros.
 * RDTR and RADV delay no interrupt; ITR does.
 */
#include "devices/net/e1000_internal.h"

#include <string.h>

#define FRAME_LEAST  60u
#define TYPE_OFFSET  12u
#define TAG_SIZE     4u
#define TYPE_IPV4    0x0800u
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u

/* A frame on its way to memory. */
typedef struct Incoming {
    const uint8_t *data;
    size_t size; /* with the frame check sequence, if the guest gets it */
    uint8_t status, errors;
    uint16_t checksum, special;
} Incoming;

/* ---- which frames ---- */

static bool hash_matches(const E1000 *s, const uint8_t *address)
{
    static const uint8_t SHIFTS[] = {4, 3, 2, 0};
    unsigned hash =
        (unsigned)(address[4] | address[5] << 8) >> SHIFTS[s->rctl >> E1000_RCTL_MO_SHIFT & 3] &
        0xfff;
    return s->mta[hash >> 5] >> (hash & 31) & 1;
}

static bool is_own(const E1000 *s, const uint8_t *address)
{
    uint32_t low, high = 0;
    memcpy(&low, address, 4);
    memcpy(&high, address + 4, 2);
    for (unsigned i = 0; i < E1000_RA_COUNT; i += 2) {
        if (s->ra[i + 1] & E1000_RAH_AV && s->ra[i] == low && (s->ra[i + 1] & 0xffff) == high) {
            return true;
        }
    }
    return false;
}

static bool is_broadcast(const uint8_t *address)
{
    static const uint8_t ALL[NET_ADDRESS_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return !memcmp(address, ALL, sizeof(ALL));
}

static bool address_passes(const E1000 *s, const uint8_t *address)
{
    if (is_broadcast(address)) {
        return s->rctl & (E1000_RCTL_BAM | E1000_RCTL_MPE) || hash_matches(s, address) ||
               is_own(s, address);
    }
    if (address[0] & 1) {
        return s->rctl & E1000_RCTL_MPE || hash_matches(s, address) || is_own(s, address);
    }
    return s->rctl & E1000_RCTL_UPE || is_own(s, address);
}

static bool has_tag(const E1000 *s, const uint8_t *frame, size_t size)
{
    return size >= NET_FRAME_MIN + TAG_SIZE &&
           e1000_get16(frame + TYPE_OFFSET) == (s->vet & 0xffff);
}

static bool passes(const E1000 *s, const uint8_t *frame, size_t size)
{
    if (!(s->rctl & E1000_RCTL_LPE) && size + E1000_FCS_SIZE > E1000_FRAME_USUAL) {
        return false;
    }
    if (s->rctl & E1000_RCTL_VFE && has_tag(s, frame, size)) {
        unsigned id = e1000_get16(frame + NET_FRAME_MIN) & 0xfff;
        if (!(s->vfta[id >> 5] >> (id & 31) & 1)) {
            return false;
        }
    }
    return address_passes(s, frame);
}

/* ---- checksums ---- */

static uint32_t pseudo_header(const uint8_t *ip, size_t size)
{
    return e1000_sum(ip + 12, 8) + ip[9] + (uint32_t)size;
}

/* An IPv4 packet that has all of its header; what is behind its length is padding. */
static void check_transport(const E1000 *s, Incoming *in, const uint8_t *ip, size_t header,
                            size_t length)
{
    const uint8_t *data = ip + header;
    size_t size = length - header;
    bool fragment = e1000_get16(ip + 6) & 0x3fff, udp = ip[9] == PROTOCOL_UDP;
    if (!(s->rxcsum & E1000_RXCSUM_TUOFL) || fragment || (!udp && ip[9] != PROTOCOL_TCP) ||
        size < (udp ? 8 : 20) || (udp && !e1000_get16(data + 6))) {
        return;
    }
    bool good = e1000_fold(pseudo_header(ip, size) + e1000_fold(e1000_sum(data, size))) == 0xffff;
    in->status |= E1000_RXD_TCPCS;
    in->errors |= good ? 0 : E1000_RXD_TCPE;
}

static void check_sums(const E1000 *s, Incoming *in, size_t size)
{
    const uint8_t *ip = in->data + NET_FRAME_MIN;
    size_t room = size - NET_FRAME_MIN;
    size_t header = room >= 20 ? (size_t)(ip[0] & 0xf) * 4 : 0;
    size_t length = room >= 20 ? e1000_get16(ip + 2) : 0;
    if (!(s->rxcsum & (E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL)) ||
        e1000_get16(in->data + TYPE_OFFSET) != TYPE_IPV4 || header < 20 || ip[0] >> 4 != 4 ||
        length < header || length > room) {
        in->status |= E1000_RXD_IXSM;
        return;
    }
    if (s->rxcsum & E1000_RXCSUM_IPOFL) {
        in->status |= E1000_RXD_IPCS;
        in->errors |= e1000_fold(e1000_sum(ip, header)) == 0xffff ? 0 : E1000_RXD_IPE;
    }
    check_transport(s, in, ip, header, length);
}

/* From RXCSUM.PCSS to the end of the frame. */
static uint16_t packet_checksum(const E1000 *s, const Incoming *in, size_t size)
{
    size_t start = s->rxcsum & 0xff;
    return start < size ? (uint16_t)~e1000_fold(e1000_sum(in->data + start, size - start)) : 0;
}

/* ---- descriptors ---- */

static size_t buffer_size(const E1000 *s)
{
    unsigned code = s->rctl >> E1000_RCTL_BSIZE_SHIFT & 3;
    return s->rctl & E1000_RCTL_BSEX && code ? 32768u >> code : 2048u >> code;
}

bool e1000_can_receive(const void *state, unsigned port)
{
    const E1000 *s = state;
    (void)port;
    return !(s->rctl & E1000_RCTL_EN) || e1000_ring_used(&s->rx) || !e1000_ring_size(&s->rx);
}

static void write_back(E1000 *s, const Incoming *in, size_t length, bool last)
{
    uint64_t address = e1000_descriptor(&s->rx, s->rx.head);
    uint8_t bytes[8];
    uint16_t size = (uint16_t)length;
    memcpy(bytes, &size, 2);
    memcpy(bytes + 2, &in->checksum, 2);
    bytes[4] = (uint8_t)(E1000_RXD_DD | (last ? in->status | E1000_RXD_EOP : 0));
    bytes[5] = last ? in->errors : 0;
    memcpy(bytes + 6, &in->special, 2);
    pio_memory_write(s->dev, address + 8, bytes, sizeof(bytes));
    s->rx.head = (s->rx.head + 1) % e1000_ring_size(&s->rx);
}

/* A descriptor whose buffer has the address 0 is passed over, as the manual says. */
static void store(E1000 *s, const Incoming *in)
{
    size_t piece = buffer_size(s), at = 0;
    uint64_t buffer;
    do {
        size_t length = in->size - at < piece ? in->size - at : piece;
        if (pio_memory_read(s->dev, e1000_descriptor(&s->rx, s->rx.head), &buffer,
                            sizeof(buffer)) &&
            buffer && !pio_memory_write(s->dev, buffer, in->data + at, length)) {
            pio_guest_error(s->dev, "receive buffer", "a receive buffer is not in memory");
        }
        at += length;
        write_back(s, in, length, at == in->size);
    } while (at < in->size);
}

static void count_frame(E1000 *s, const uint8_t *frame, size_t size)
{
    e1000_count(s, E1000_STAT_TPR, 1);
    e1000_count(s, E1000_STAT_GPRC, 1);
    if (is_broadcast(frame)) {
        e1000_count(s, E1000_STAT_BPRC, 1);
    } else if (frame[0] & 1) {
        e1000_count(s, E1000_STAT_MPRC, 1);
    }
    e1000_count_octets(s, E1000_STAT_GORCL, (uint32_t)size);
    e1000_count_octets(s, E1000_STAT_TORL, (uint32_t)size);
    e1000_count_size(s, E1000_STAT_PRC64, size);
}

static uint32_t receive_causes(const E1000 *s)
{
    uint32_t least = e1000_ring_size(&s->rx) >> (1 + (s->rctl >> E1000_RCTL_RDMTS_SHIFT & 3));
    return E1000_ICR_RXT0 | (e1000_ring_used(&s->rx) <= least ? E1000_ICR_RXDMT0 : 0);
}

/* Takes the tag out of the copy in `frame`. */
static size_t strip_tag(const E1000 *s, uint8_t *frame, size_t size, Incoming *in)
{
    if (!(s->ctrl & E1000_CTRL_VME) || !has_tag(s, frame, size)) {
        return size;
    }
    in->special = e1000_get16(frame + NET_FRAME_MIN);
    in->status |= E1000_RXD_VP;
    memmove(frame + TYPE_OFFSET, frame + TYPE_OFFSET + TAG_SIZE, size - TYPE_OFFSET - TAG_SIZE);
    return size - TAG_SIZE;
}

void e1000_receive(void *state, unsigned port, const uint8_t *frame, size_t size)
{
    E1000 *s = state;
    uint8_t copy[NET_FRAME_MAX + FRAME_LEAST];
    Incoming in = {.data = copy};
    (void)port;
    if (!(s->rctl & E1000_RCTL_EN) || !pio_pci_is_master(s->dev) || !passes(s, frame, size)) {
        return;
    }
    memcpy(copy, frame, size);
    memset(copy + size, 0, FRAME_LEAST);
    size = strip_tag(s, copy, size < FRAME_LEAST ? FRAME_LEAST : size, &in);
    check_sums(s, &in, size);
    in.checksum = packet_checksum(s, &in, size);
    in.size = size + (s->rctl & E1000_RCTL_SECRC ? 0 : E1000_FCS_SIZE);
    memset(copy + size, 0, E1000_FCS_SIZE);
    if ((in.size + buffer_size(s) - 1) / buffer_size(s) > e1000_ring_used(&s->rx)) {
        e1000_count(s, E1000_STAT_MPC, 1);
        e1000_raise(s, E1000_ICR_RXO);
        return;
    }
    store(s, &in);
    count_frame(s, frame, size + E1000_FCS_SIZE);
    e1000_raise(s, receive_causes(s));
}
