/*
 * The 82540EM: EEPROM, PHY, filters, both rings, checksums, segmentation, interrupts.
 */
#include "devices/net/e1000_regs.h"
#include "devices/pci/pci_regs.h"
#include "src/device/pci.h"
#include "tests/unit/rig.h"

#include <string.h>

#define BASE  UINT64_C(0xe0000000)
#define PORTS 0xc000u
#define LINE  20u

/* Where the rings and the buffers are in memory. */
#define TX_RING   0x1000u
#define RX_RING   0x2000u
#define RING_SIZE 128u /* eight descriptors, the fewest */
#define RX_BUFFER 0x8000u
#define RX_STEP   0x1000u
#define TX_BUFFER 0x20000u

#define STATUS_DD_EOP 0x03u

typedef struct Fixture {
    Rig *rig;
    RigNet *net;
    Device *dev;
} Fixture;

static const uint8_t MAC[] = {0x52, 0x54, 0x00, 0xaa, 0xbb, 0xcc};

static uint32_t get(const Fixture *f, uint32_t offset)
{
    return rig_read32(f->rig, BASE + offset);
}

static void set(const Fixture *f, uint32_t offset, uint32_t value)
{
    rig_write32(f->rig, BASE + offset, value);
}

static void put_memory(const Fixture *f, uint64_t address, const void *data, size_t size)
{
    g_assert_true(memory_write(rig_memory(f->rig), address, data, size));
}

static void get_memory(const Fixture *f, uint64_t address, void *data, size_t size)
{
    g_assert_true(memory_read(rig_memory(f->rig), address, data, size));
}

static void map(Fixture *f)
{
    device_pci_write(f->dev, PCI_BAR0, (uint32_t)BASE, 4);
    device_pci_write(f->dev, PCI_BAR0 + 4, PORTS, 4);
    device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
                     2);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->rig = rig_new();
    rig_memory(f->rig);
    f->net = rig_net(f->rig, "n0");
    f->dev = rig_device_new(f->rig, "e1000");
    device_connect(f->dev, "intx", rig_line(f->rig, LINE), NULL);
    g_assert_true(rig_realize(f->rig, f->dev, "netdev=n0,mac=52:54:00:aa:bb:cc"));
    map(f);
    set(f, E1000_CTRL, E1000_CTRL_FD | E1000_CTRL_SLU);
    get(f, E1000_ICR);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_free(f->rig);
}

/* ---- EEPROM and PHY ---- */

static void test_eerd_reads_the_address_and_the_sum(Fixture *f, gconstpointer data)
{
    uint16_t sum = 0;
    (void)data;
    for (unsigned i = 0; i < E1000_EEPROM_WORDS; i++) {
        set(f, E1000_EERD, i << 8 | E1000_EERD_START);
        uint32_t value = get(f, E1000_EERD);
        g_assert_cmphex(value & E1000_EERD_DONE, ==, E1000_EERD_DONE);
        sum = (uint16_t)(sum + (value >> 16));
        if (i < 3) {
            g_assert_cmphex(value >> 16, ==, MAC[2 * i] | MAC[2 * i + 1] << 8);
        }
    }
    g_assert_cmphex(sum, ==, E1000_EEPROM_SUM);
}

static void clock_bit(Fixture *f, bool bit)
{
    uint32_t lines = E1000_EECD_CS | (bit ? E1000_EECD_DI : 0);
    set(f, E1000_EECD, lines);
    set(f, E1000_EECD, lines | E1000_EECD_SK);
    set(f, E1000_EECD, lines);
}

/* A dummy zero comes before the highest bit of the word. */
static void test_eecd_reads_a_word_bit_by_bit(Fixture *f, gconstpointer data)
{
    unsigned command = 6u << 6 | 1, word = 0;
    (void)data;
    for (int i = 8; i >= 0; i--) {
        clock_bit(f, command >> i & 1);
    }
    g_assert_cmphex(get(f, E1000_EECD) & E1000_EECD_DO, ==, 0);
    for (unsigned i = 0; i < 16; i++) {
        clock_bit(f, false);
        word = word << 1 | !!(get(f, E1000_EECD) & E1000_EECD_DO);
    }
    g_assert_cmphex(word, ==, MAC[2] | MAC[3] << 8);
}

static uint32_t phy_read(Fixture *f, unsigned address, unsigned index)
{
    set(f, E1000_MDIC, E1000_MDIC_READ << 26 | address << 21 | index << 16);
    return get(f, E1000_MDIC);
}

static void test_mdic_reads_the_phy_and_no_other(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(phy_read(f, 1, 2) & 0xffff, ==, 0x0141);
    g_assert_cmphex(phy_read(f, 1, 3) & 0xfff0, ==, 0x0c20);
    g_assert_cmphex(phy_read(f, 2, 2) & E1000_MDIC_ERROR, ==, E1000_MDIC_ERROR);
}

static void test_pulled_cable_takes_the_link_and_interrupts(Fixture *f, gconstpointer data)
{
    (void)data;
    set(f, E1000_IMS, E1000_ICR_LSC);
    g_assert_cmphex(get(f, E1000_STATUS) & E1000_STATUS_LU, ==, E1000_STATUS_LU);
    rig_net_link(f->net, false);
    g_assert_cmphex(get(f, E1000_STATUS) & E1000_STATUS_LU, ==, 0);
    g_assert_cmphex(phy_read(f, 1, 1) & 4, ==, 0);
    g_assert_true(rig_irq(f->rig, LINE));
    g_assert_cmphex(get(f, E1000_ICR), ==, E1000_ICR_LSC);
    g_assert_false(rig_irq(f->rig, LINE));
}

/* ---- receiving ---- */

static void start_receiver(Fixture *f, uint32_t control)
{
    for (unsigned i = 0; i < RING_SIZE / E1000_DESCRIPTOR; i++) {
        const uint64_t descriptor[2] = {RX_BUFFER + i * RX_STEP, 0};
        put_memory(f, RX_RING + i * E1000_DESCRIPTOR, descriptor, sizeof(descriptor));
    }
    set(f, E1000_RDBAL, RX_RING);
    set(f, E1000_RDLEN, RING_SIZE);
    set(f, E1000_RCTL, E1000_RCTL_EN | control);
    set(f, E1000_RDT, 7);
}

static void make_frame(uint8_t *frame, const uint8_t *to, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        frame[i] = (uint8_t)(i * 7);
    }
    memcpy(frame, to, 6);
    frame[12] = 0x88;
    frame[13] = 0xb5;
}

static void test_received_frame_is_in_its_buffer(Fixture *f, gconstpointer data)
{
    uint8_t frame[100], copy[100], descriptor[16];
    (void)data;
    start_receiver(f, 0);
    set(f, E1000_IMS, E1000_ICR_RXT0);
    make_frame(frame, MAC, sizeof(frame));
    g_assert_true(rig_net_send(f->net, frame, sizeof(frame)));
    get_memory(f, RX_RING, descriptor, sizeof(descriptor));
    g_assert_cmpuint(descriptor[8] | descriptor[9] << 8, ==, 104);
    g_assert_cmphex(descriptor[12] & STATUS_DD_EOP, ==, STATUS_DD_EOP);
    get_memory(f, RX_BUFFER, copy, sizeof(copy));
    g_assert_cmpmem(copy, sizeof(copy), frame, sizeof(frame));
    g_assert_true(rig_irq(f->rig, LINE));
    g_assert_cmpuint(get(f, E1000_RDH), ==, 1);
    g_assert_cmpuint(get(f, E1000_STATS + 4 * E1000_STAT_GPRC), ==, 1);
    g_assert_cmpuint(get(f, E1000_STATS + 4 * E1000_STAT_GPRC), ==, 0);
}

static void test_short_frame_is_padded(Fixture *f, gconstpointer data)
{
    uint8_t frame[42], descriptor[16];
    (void)data;
    start_receiver(f, E1000_RCTL_SECRC);
    make_frame(frame, MAC, sizeof(frame));
    rig_net_send(f->net, frame, sizeof(frame));
    get_memory(f, RX_RING, descriptor, sizeof(descriptor));
    g_assert_cmpuint(descriptor[8], ==, 60);
}

/* Returns whether the card took a frame to this address. */
static bool takes(Fixture *f, const uint8_t *to)
{
    uint8_t frame[64];
    uint32_t before = get(f, E1000_RDH);
    make_frame(frame, to, sizeof(frame));
    g_assert_true(rig_net_send(f->net, frame, sizeof(frame)));
    bool taken = get(f, E1000_RDH) != before;
    set(f, E1000_RDT, (get(f, E1000_RDH) + 7) % 8);
    return taken;
}

static void test_filters_choose_frames(Fixture *f, gconstpointer data)
{
    static const uint8_t OTHER[] = {0x52, 0x54, 0x00, 0x01, 0x02, 0x03};
    static const uint8_t GROUP[] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01};
    static const uint8_t ALL[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    (void)data;
    start_receiver(f, 0);
    g_assert_true(takes(f, MAC));
    g_assert_false(takes(f, OTHER));
    g_assert_false(takes(f, GROUP));
    g_assert_false(takes(f, ALL));
    set(f, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
    g_assert_true(takes(f, ALL));
    /* Bits 47:36 of the address choose the bit: 0x010. */
    set(f, E1000_MTA, 1u << 0x10);
    g_assert_true(takes(f, GROUP));
    set(f, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE);
    g_assert_true(takes(f, OTHER));
}

static void test_frames_wait_for_descriptors(Fixture *f, gconstpointer data)
{
    uint8_t frame[64];
    (void)data;
    start_receiver(f, 0);
    make_frame(frame, MAC, sizeof(frame));
    for (unsigned i = 0; i < 7; i++) {
        g_assert_true(rig_net_send(f->net, frame, sizeof(frame)));
    }
    g_assert_false(rig_net_send(f->net, frame, sizeof(frame)));
    unsigned ready = f->net->ready;
    set(f, E1000_RDT, 1);
    g_assert_cmpuint(f->net->ready, >, ready);
    g_assert_true(rig_net_send(f->net, frame, sizeof(frame)));
}

static void test_long_frame_fills_several_buffers(Fixture *f, gconstpointer data)
{
    uint8_t frame[1000], first[16], last[16], rest[232];
    (void)data;
    start_receiver(f, 3u << E1000_RCTL_BSIZE_SHIFT | E1000_RCTL_SECRC);
    make_frame(frame, MAC, sizeof(frame));
    g_assert_true(rig_net_send(f->net, frame, sizeof(frame)));
    get_memory(f, RX_RING, first, sizeof(first));
    get_memory(f, RX_RING + 3 * E1000_DESCRIPTOR, last, sizeof(last));
    g_assert_cmphex(first[12], ==, E1000_RXD_DD);
    g_assert_cmpuint(first[8] | first[9] << 8, ==, 256);
    g_assert_cmphex(last[12] & STATUS_DD_EOP, ==, STATUS_DD_EOP);
    g_assert_cmpuint(last[8], ==, 232);
    get_memory(f, RX_BUFFER + 3 * RX_STEP, rest, sizeof(rest));
    g_assert_cmpmem(rest, sizeof(rest), frame + 768, 232);
}

/* ---- sending ---- */

static void start_transmitter(Fixture *f)
{
    set(f, E1000_TDBAL, TX_RING);
    set(f, E1000_TDLEN, RING_SIZE);
    set(f, E1000_TCTL, E1000_TCTL_EN);
}

static void put_descriptor(Fixture *f, unsigned index, uint64_t buffer, uint32_t command,
                           uint32_t options)
{
    const uint32_t descriptor[4] = {(uint32_t)buffer, (uint32_t)(buffer >> 32), command, options};
    put_memory(f, TX_RING + index * E1000_DESCRIPTOR, descriptor, sizeof(descriptor));
}

static const uint8_t *sent(const Fixture *f, unsigned index, size_t *size)
{
    g_assert_cmpuint(index, <, f->net->sent->len);
    return g_bytes_get_data(f->net->sent->pdata[index], size);
}

static void test_legacy_descriptors_send_a_frame(Fixture *f, gconstpointer data)
{
    uint8_t frame[100];
    uint32_t status;
    size_t size;
    (void)data;
    start_transmitter(f);
    set(f, E1000_IMS, E1000_ICR_TXDW);
    make_frame(frame, MAC, sizeof(frame));
    put_memory(f, TX_BUFFER, frame, sizeof(frame));
    put_descriptor(f, 0, TX_BUFFER, 40, 0);
    put_descriptor(f, 1, TX_BUFFER + 40, 60 | E1000_TXD_EOP | E1000_TXD_RS, 0);
    set(f, E1000_TDT, 1);
    g_assert_cmpuint(f->net->sent->len, ==, 0);
    set(f, E1000_TDT, 2);
    const uint8_t *out = sent(f, 0, &size);
    g_assert_cmpmem(out, (int)size, frame, sizeof(frame));
    get_memory(f, TX_RING + E1000_DESCRIPTOR + 12, &status, 4);
    g_assert_cmphex(status & E1000_TXD_DD, ==, E1000_TXD_DD);
    g_assert_cmpuint(get(f, E1000_TDH), ==, 2);
    g_assert_true(rig_irq(f->rig, LINE));
    g_assert_cmphex(get(f, E1000_ICR), ==, E1000_ICR_TXDW | E1000_ICR_TXQE);
}

static void test_sending_waits_for_room(Fixture *f, gconstpointer data)
{
    uint8_t frame[64];
    (void)data;
    start_transmitter(f);
    make_frame(frame, MAC, sizeof(frame));
    put_memory(f, TX_BUFFER, frame, sizeof(frame));
    for (unsigned i = 0; i < 4; i++) {
        put_descriptor(f, i, TX_BUFFER, 64 | E1000_TXD_EOP, 0);
    }
    f->net->room = 2;
    set(f, E1000_TDT, 4);
    g_assert_cmpuint(f->net->sent->len, ==, 2);
    g_assert_cmpuint(get(f, E1000_TDH), ==, 2);
    rig_net_set_room(f->net, 100);
    g_assert_cmpuint(f->net->sent->len, ==, 4);
}

/* Ethernet, IPv4 and TCP headers for `payload` bytes; returns the size of the packet. */
static size_t make_tcp(uint8_t *p, size_t payload)
{
    static const uint8_t HEADERS[54] = {
        0x52, 0x55, 0x0a, 0x00, 0x02, 0x02, 0x52, 0x54, 0x00, 0xaa, 0xbb, 0xcc, 0x08, 0x00,
        0x45, 0x00, 0x00, 0x00, 0x12, 0x34, 0x40, 0x00, 0x40, 0x06, 0x00, 0x00, 0x0a, 0x00,
        0x02, 0x0f, 0x0a, 0x00, 0x02, 0x02, 0x30, 0x39, 0x00, 0x50, 0x00, 0x00, 0x10, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x50, 0x19, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00};
    memcpy(p, HEADERS, sizeof(HEADERS));
    for (size_t i = 0; i < payload; i++) {
        p[sizeof(HEADERS) + i] = (uint8_t)(i * 13);
    }
    return sizeof(HEADERS) + payload;
}

static uint32_t plain_sum(const uint8_t *data, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += (uint32_t)data[i] << (i & 1 ? 0 : 8);
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

/* What a receiver computes over the pseudo-header and the segment: all ones. */
static uint32_t tcp_sum(const uint8_t *p, size_t size)
{
    uint32_t sum = plain_sum(p + 26, 8) + 6 + (uint32_t)(size - 34) + plain_sum(p + 34, size - 34);
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static void put_context(Fixture *f, uint32_t command, uint8_t header, uint16_t mss)
{
    const uint8_t d[16] = {[0] = 14,
                           [1] = 24,
                           [2] = 33,
                           [4] = 34,
                           [5] = 50,
                           [13] = header,
                           [14] = (uint8_t)mss,
                           [15] = (uint8_t)(mss >> 8)};
    put_memory(f, TX_RING, d, sizeof(d));
    command |= E1000_TXD_DEXT | E1000_CONTEXT_TCP | E1000_CONTEXT_IP;
    put_memory(f, TX_RING + 8, &command, 4);
}

static void send_with_context(Fixture *f, size_t size, uint32_t command)
{
    put_descriptor(f, 1, TX_BUFFER,
                   (uint32_t)size | E1000_TXD_DATA | E1000_TXD_DEXT | E1000_TXD_EOP | command,
                   E1000_POPTS_IXSM | E1000_POPTS_TXSM);
    set(f, E1000_TDT, 2);
}

static void put_pseudo_sum(uint8_t *p, size_t length)
{
    uint32_t sum = plain_sum(p + 26, 8) + 6 + (uint32_t)length;
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    p[50] = (uint8_t)(sum >> 8);
    p[51] = (uint8_t)sum;
}

static void test_checksums_are_put_in(Fixture *f, gconstpointer data)
{
    uint8_t packet[200];
    size_t size = make_tcp(packet, 101);
    (void)data;
    packet[17] = (uint8_t)(size - 14);
    put_pseudo_sum(packet, size - 34);
    put_memory(f, TX_BUFFER, packet, size);
    start_transmitter(f);
    put_context(f, 0, 0, 0);
    send_with_context(f, size, 0);
    const uint8_t *out = sent(f, 0, &size);
    g_assert_cmphex(plain_sum(out + 14, 20), ==, 0xffff);
    g_assert_cmphex(tcp_sum(out, size), ==, 0xffff);
}

static void check_segment(const Fixture *f, unsigned index, size_t payload, bool last)
{
    size_t size;
    const uint8_t *out = sent(f, index, &size);
    g_assert_cmpuint(size, ==, 54 + payload);
    g_assert_cmpuint(out[16] << 8 | out[17], ==, size - 14);
    g_assert_cmphex(out[18] << 8 | out[19], ==, 0x1234 + index);
    g_assert_cmphex(out[40] << 8 | out[41], ==, 0x1000 + index * 1000);
    g_assert_cmphex(out[47], ==, last ? 0x19 : 0x10);
    g_assert_cmphex(plain_sum(out + 14, 20), ==, 0xffff);
    g_assert_cmphex(tcp_sum(out, size), ==, 0xffff);
    g_assert_cmphex(out[54], ==, (uint8_t)(index * 1000 * 13));
}

static void test_packet_is_cut_into_segments(Fixture *f, gconstpointer data)
{
    uint8_t packet[3000];
    size_t size = make_tcp(packet, 2500);
    (void)data;
    put_pseudo_sum(packet, 0);
    put_memory(f, TX_BUFFER, packet, size);
    start_transmitter(f);
    put_context(f, E1000_TXD_TSE, 54, 1000);
    send_with_context(f, size, E1000_TXD_TSE);
    g_assert_cmpuint(f->net->sent->len, ==, 3);
    check_segment(f, 0, 1000, false);
    check_segment(f, 1, 1000, false);
    check_segment(f, 2, 500, true);
}

/* Segments of a byte would be so many that the guest could hold the CPU. */
static void test_packet_with_too_many_segments_is_not_sent(Fixture *f, gconstpointer data)
{
    uint8_t packet[3000];
    size_t size = make_tcp(packet, 1025);
    (void)data;
    put_pseudo_sum(packet, 0);
    put_memory(f, TX_BUFFER, packet, size);
    start_transmitter(f);
    put_context(f, E1000_TXD_TSE, 54, 1);
    send_with_context(f, size, E1000_TXD_TSE);
    g_assert_cmpuint(f->net->sent->len, ==, 0);
    g_assert_cmpuint(rig_guest_error_count(f->rig), ==, 1);
}

static void test_received_checksums_are_judged(Fixture *f, gconstpointer data)
{
    uint8_t packet[200], descriptor[16];
    size_t size = make_tcp(packet, 60);
    (void)data;
    start_receiver(f, E1000_RCTL_UPE);
    set(f, E1000_RXCSUM, E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL);
    packet[17] = (uint8_t)(size - 14);
    uint32_t sum = 0xffff - plain_sum(packet + 14, 20);
    packet[24] = (uint8_t)(sum >> 8);
    packet[25] = (uint8_t)sum;
    sum = 0xffff - tcp_sum(packet, size);
    packet[50] = (uint8_t)(sum >> 8);
    packet[51] = (uint8_t)sum;
    rig_net_send(f->net, packet, size);
    packet[60] ^= 1;
    rig_net_send(f->net, packet, size);
    get_memory(f, RX_RING, descriptor, sizeof(descriptor));
    g_assert_cmphex(descriptor[12], ==, 0x63);
    g_assert_cmphex(descriptor[13], ==, 0);
    get_memory(f, RX_RING + E1000_DESCRIPTOR, descriptor, sizeof(descriptor));
    g_assert_cmphex(descriptor[13], ==, E1000_RXD_TCPE);
}

/* Ones that cannot be sent: rings outside memory, no end, sizes that no packet has. */
static void test_impossible_descriptors_end(Fixture *f, gconstpointer data)
{
    (void)data;
    start_transmitter(f);
    put_context(f, E1000_TXD_TSE, 255, 0);
    send_with_context(f, 100, E1000_TXD_TSE);
    g_assert_cmpuint(get(f, E1000_TDH), ==, 2);
    put_descriptor(f, 2, UINT64_C(1) << 40, 100 | E1000_TXD_EOP, 0);
    set(f, E1000_TDT, 3);
    g_assert_cmpuint(get(f, E1000_TDH), ==, 3);
    set(f, E1000_TDBAH, 0x1234);
    set(f, E1000_TDT, 7);
    g_assert_cmpuint(get(f, E1000_TDH), ==, 7);
    set(f, E1000_TDT, 0xffff);
    g_assert_cmpuint(f->net->sent->len, ==, 0);
}

/* ---- interrupts, ports, state ---- */

static void test_throttle_delays_the_next_interrupt(Fixture *f, gconstpointer data)
{
    (void)data;
    set(f, E1000_ITR, 1000);
    set(f, E1000_IMS, E1000_ICR_LSC);
    set(f, E1000_ICS, E1000_ICR_LSC);
    g_assert_true(rig_irq(f->rig, LINE));
    get(f, E1000_ICR);
    set(f, E1000_ICS, E1000_ICR_LSC);
    g_assert_false(rig_irq(f->rig, LINE));
    rig_step(f->rig, 1000 * E1000_ITR_NS - 1);
    g_assert_false(rig_irq(f->rig, LINE));
    rig_step(f->rig, 1);
    g_assert_true(rig_irq(f->rig, LINE));
}

static void test_ports_reach_the_registers(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_out(f->rig, PORTS + E1000_IOADDR, E1000_VET, 4);
    rig_out(f->rig, PORTS + E1000_IODATA, 0x88a8, 4);
    g_assert_cmphex(get(f, E1000_VET), ==, 0x88a8);
    g_assert_cmphex(rig_in(f->rig, PORTS + E1000_IODATA, 4), ==, 0x88a8);
}

static void test_loaded_card_goes_on(Fixture *f, gconstpointer data)
{
    uint8_t frame[64], descriptor[16];
    (void)data;
    start_receiver(f, 0);
    make_frame(frame, MAC, sizeof(frame));
    rig_net_send(f->net, frame, sizeof(frame));
    g_autoptr(GBytes) saved = device_save(f->dev);
    set(f, E1000_CTRL, E1000_CTRL_RST);
    g_assert_cmpuint(get(f, E1000_RDLEN), ==, 0);
    g_assert_true(rig_load(f->dev, saved));
    g_assert_true(rig_net_send(f->net, frame, sizeof(frame)));
    get_memory(f, RX_RING + E1000_DESCRIPTOR, descriptor, sizeof(descriptor));
    g_assert_cmphex(descriptor[12] & STATUS_DD_EOP, ==, STATUS_DD_EOP);
}

#define ADD(path, test) g_test_add("/e1000/" path, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("eeprom/eerd_reads_the_address_and_the_sum", test_eerd_reads_the_address_and_the_sum);
    ADD("eeprom/eecd_reads_a_word_bit_by_bit", test_eecd_reads_a_word_bit_by_bit);
    ADD("phy/mdic_reads_the_phy_and_no_other", test_mdic_reads_the_phy_and_no_other);
    ADD("phy/pulled_cable_takes_the_link_and_interrupts",
        test_pulled_cable_takes_the_link_and_interrupts);
    ADD("receive/frame_is_in_its_buffer", test_received_frame_is_in_its_buffer);
    ADD("receive/short_frame_is_padded", test_short_frame_is_padded);
    ADD("receive/filters_choose_frames", test_filters_choose_frames);
    ADD("receive/frames_wait_for_descriptors", test_frames_wait_for_descriptors);
    ADD("receive/long_frame_fills_several_buffers", test_long_frame_fills_several_buffers);
    ADD("receive/checksums_are_judged", test_received_checksums_are_judged);
    ADD("send/legacy_descriptors_send_a_frame", test_legacy_descriptors_send_a_frame);
    ADD("send/waits_for_room", test_sending_waits_for_room);
    ADD("send/checksums_are_put_in", test_checksums_are_put_in);
    ADD("send/packet_is_cut_into_segments", test_packet_is_cut_into_segments);
    ADD("send/packet_with_too_many_segments_is_not_sent",
        test_packet_with_too_many_segments_is_not_sent);
    ADD("send/impossible_descriptors_end", test_impossible_descriptors_end);
    ADD("interrupt/throttle_delays_the_next_one", test_throttle_delays_the_next_interrupt);
    ADD("ports_reach_the_registers", test_ports_reach_the_registers);
    ADD("loaded_card_goes_on", test_loaded_card_goes_on);
    return g_test_run();
}
