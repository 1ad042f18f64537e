/*
 * The virtio network card, driven as a driver does (VIRTIO 1.2, section 5.1).
 */
#include "devices/pci/pci_regs.h"
#include "devices/virtio/virtio.h"
#include "src/device/pci.h"
#include "tests/unit/virtio_rig.h"

#include <string.h>

#define BASE   UINT64_C(0xe0000000)
#define ISR    (BASE + 0x1000)
#define CONFIG (BASE + 0x2000)
#define NOTIFY (BASE + 0x3000)
#define SIZE   16u
#define LINE   16u /* of the rig: where INTx leads to */

#define ALIVE       3u
#define FEATURES_OK 8u
#define DRIVER_OK   4u
#define NEEDS_RESET 0x40u

#define HEADER  12u
#define FRAME   64u /* bytes of the frames of the tests */
#define LARGEST 1514u

#define FULL_RING 256u /* descriptors of the largest ring */

/* The rings of the queue for sending; those of the header are for receiving. */
#define TX_TABLE  0x5000u
#define TX_AVAIL  0x6000u
#define TX_USED   0x7000u
#define TX_BUFFER 0x20000u

typedef struct Fixture {
    Rig *rig;
    RigNet *net;
    Device *dev;
} Fixture;

static void set_queue(Fixture *f, unsigned queue, unsigned size, uint64_t table, uint64_t avail,
                      uint64_t used)
{
    rig_write(f->rig, BASE + 0x16, queue, 2);
    rig_write(f->rig, BASE + 0x18, size, 2);
    rig_write(f->rig, BASE + 0x20, table, 8);
    rig_write(f->rig, BASE + 0x28, avail, 8);
    rig_write(f->rig, BASE + 0x30, used, 8);
    rig_write(f->rig, BASE + 0x1c, 1, 2);
}

static void run(Fixture *f, unsigned tx_size)
{
    device_pci_write(f->dev, PCI_BAR0 + 16, (uint32_t)BASE, 4);
    device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    rig_write(f->rig, BASE + 0x14, ALIVE, 1);
    rig_write(f->rig, BASE + 0x08, 1, 4);
    rig_write(f->rig, BASE + 0x0c, VIRTIO_F_VERSION_1 >> 32, 4);
    rig_write(f->rig, BASE + 0x14, ALIVE | FEATURES_OK, 1);
    set_queue(f, 0, SIZE, TABLE, AVAIL, USED);
    set_queue(f, 1, tx_size, TX_TABLE, TX_AVAIL, TX_USED);
    rig_write(f->rig, BASE + 0x14, ALIVE | FEATURES_OK | DRIVER_OK, 1);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->rig = rig_new_unlocked();
    rig_memory(f->rig);
    f->net = rig_net(f->rig, "n0");
    f->dev = rig_device_new(f->rig, "virtio-net-pci");
    device_pci_connect_intx(f->dev, rig_line(f->rig, LINE));
    g_assert_true(rig_realize(f->rig, f->dev, "netdev=n0,mac=52:54:00:aa:bb:cc"));
    run(f, SIZE);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_free(f->rig);
}

static bool needs_reset(Fixture *f)
{
    return rig_read(f->rig, BASE + 0x14, 1) & NEEDS_RESET;
}

/* Puts a chain into the ring at `avail`, and notifies. */
static void give(Fixture *f, unsigned queue, uint64_t avail, uint16_t head)
{
    uint16_t position = (uint16_t)peek(f->rig, avail + 2, 2);
    poke(f->rig, avail + 4 + position % SIZE * 2, head, 2);
    poke(f->rig, avail + 2, position + 1u, 2);
    rig_write(f->rig, NOTIFY + queue * 4, queue, 2);
}

/* Gives the card room for a frame of `size` bytes. */
static void give_room(Fixture *f, uint16_t head, uint32_t size)
{
    put_descriptor(f->rig, TABLE, head, BUFFER + head * 0x1000u, HEADER + size, WRITE, 0);
    give(f, 0, AVAIL, head);
}

static void fill_frame(uint8_t *frame, size_t size, uint8_t first)
{
    for (size_t i = 0; i < size; i++) {
        frame[i] = (uint8_t)(first + i);
    }
}

static bool arrive(Fixture *f, size_t size, uint8_t first)
{
    uint8_t frame[LARGEST];
    fill_frame(frame, size, first);
    return rig_net_send(f->net, frame, size);
}

/* Sends a frame in two descriptors; the first one has `cut` bytes, with the header. */
static void send_frame(Fixture *f, uint32_t size, uint32_t cut, uint8_t first)
{
    uint8_t frame[LARGEST];
    fill_frame(frame, size, first);
    memory_write(rig_memory(f->rig), TX_BUFFER + HEADER, frame, size);
    put_descriptor(f->rig, TX_TABLE, 0, TX_BUFFER, cut, NEXT, 1);
    put_descriptor(f->rig, TX_TABLE, 1, TX_BUFFER + cut, HEADER + size - cut, 0, 0);
    give(f, 1, TX_AVAIL, 0);
}

static unsigned returned(Fixture *f, uint64_t used)
{
    return (unsigned)peek(f->rig, used + 2, 2);
}

static void assert_sent(Fixture *f, unsigned which, size_t size, uint8_t first)
{
    uint8_t frame[LARGEST];
    gsize sent;
    const uint8_t *bytes = g_bytes_get_data(f->net->sent->pdata[which], &sent);
    fill_frame(frame, size, first);
    g_assert_cmpuint(sent, ==, size);
    g_assert_cmpint(memcmp(bytes, frame, size), ==, 0);
}

static void test_configuration(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(device_pci_read(f->dev, 0, 4), ==, 0x10411af4);
    g_assert_cmphex(device_pci_read(f->dev, PCI_REVISION, 4) >> 8, ==, 0x020000);
    g_assert_cmphex(rig_read(f->rig, CONFIG, 4), ==, 0xaa005452);
    g_assert_cmphex(rig_read(f->rig, CONFIG + 4, 2), ==, 0xccbb);
    g_assert_cmphex(rig_read(f->rig, CONFIG + 6, 2), ==, 1);
    g_assert_cmphex(rig_read(f->rig, BASE + 0x12, 2), ==, 2);
    rig_write(f->rig, CONFIG, 0, 4);
    g_assert_cmphex(rig_read(f->rig, CONFIG, 4), ==, 0xaa005452);
}

/* No work is left to the card or the driver, and there is no control queue. */
static void test_features(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_write(f->rig, BASE, 0, 4);
    g_assert_cmphex(rig_read(f->rig, BASE + 4, 4), ==,
                    1u << 5 | 1u << 16 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX);
    rig_write(f->rig, BASE, 1, 4);
    g_assert_cmphex(rig_read(f->rig, BASE + 4, 4), ==, 1);
}

static void test_sends_a_frame(Fixture *f, gconstpointer data)
{
    (void)data;
    send_frame(f, FRAME, HEADER, 1);
    g_assert_cmpuint(f->net->sent->len, ==, 1);
    assert_sent(f, 0, FRAME, 1);
    g_assert_cmpuint(returned(f, TX_USED), ==, 1);
    g_assert_cmpuint(peek(f->rig, TX_USED + 8, 4), ==, 0);
    g_assert_true(rig_irq(f->rig, LINE));
}

/* A driver may cut a buffer where it likes [2.7.4.2]. */
static void test_header_lies_anywhere(Fixture *f, gconstpointer data)
{
    (void)data;
    send_frame(f, FRAME, 5, 1);
    send_frame(f, LARGEST, HEADER + 20, 2);
    g_assert_cmpuint(f->net->sent->len, ==, 2);
    assert_sent(f, 0, FRAME, 1);
    assert_sent(f, 1, LARGEST, 2);
}

static void test_frame_of_no_length_is_lost(Fixture *f, gconstpointer data)
{
    (void)data;
    send_frame(f, 13, HEADER, 1);
    g_assert_cmpuint(f->net->sent->len, ==, 0);
    g_assert_cmpuint(returned(f, TX_USED), ==, 1);
    put_descriptor(f->rig, TX_TABLE, 0, TX_BUFFER, HEADER + 16385, 0, 0);
    give(f, 1, TX_AVAIL, 0);
    g_assert_cmpuint(f->net->sent->len, ==, 0);
    g_assert_cmpuint(returned(f, TX_USED), ==, 2);
    put_descriptor(f->rig, TX_TABLE, 0, TX_BUFFER, HEADER + 16384, 0, 0);
    give(f, 1, TX_AVAIL, 0);
    g_assert_cmpuint(f->net->sent->len, ==, 1);
    g_assert_false(needs_reset(f));
}

static void test_short_header_breaks(Fixture *f, gconstpointer data)
{
    (void)data;
    put_descriptor(f->rig, TX_TABLE, 0, TX_BUFFER, HEADER - 1, 0, 0);
    give(f, 1, TX_AVAIL, 0);
    g_assert_true(needs_reset(f));
    g_assert_cmpuint(returned(f, TX_USED), ==, 0);
}

static void test_writable_frame_breaks(Fixture *f, gconstpointer data)
{
    (void)data;
    put_descriptor(f->rig, TX_TABLE, 0, TX_BUFFER, HEADER + FRAME, NEXT, 1);
    put_descriptor(f->rig, TX_TABLE, 1, TX_BUFFER, 1, WRITE, 0);
    give(f, 1, TX_AVAIL, 0);
    g_assert_true(needs_reset(f));
    g_assert_cmpuint(f->net->sent->len, ==, 0);
}

static void test_frame_outside_of_memory_breaks(Fixture *f, gconstpointer data)
{
    (void)data;
    put_descriptor(f->rig, TX_TABLE, 0, UINT64_C(0x123456789000), HEADER + FRAME, 0, 0);
    give(f, 1, TX_AVAIL, 0);
    g_assert_true(needs_reset(f));
    g_assert_cmpuint(f->net->sent->len, ==, 0);
}

/* The network asks to wait; the frames behind stay in the ring. */
static void test_waits_for_the_network(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_net_set_room(f->net, 1);
    send_frame(f, FRAME, HEADER, 1);
    send_frame(f, FRAME, HEADER, 2);
    g_assert_cmpuint(f->net->sent->len, ==, 1);
    g_assert_cmpuint(returned(f, TX_USED), ==, 1);
    rig_net_set_room(f->net, UINT_MAX);
    g_assert_cmpuint(f->net->sent->len, ==, 2);
    assert_sent(f, 1, FRAME, 2);
}

static void test_receives_a_frame(Fixture *f, gconstpointer data)
{
    uint8_t expected[HEADER + FRAME] = {[10] = 1}, found[sizeof(expected)];
    (void)data;
    fill_frame(expected + HEADER, FRAME, 7);
    give_room(f, 3, LARGEST);
    g_assert_true(arrive(f, FRAME, 7));
    g_assert_cmpuint(returned(f, USED), ==, 1);
    g_assert_cmpuint(peek(f->rig, USED + 4, 4), ==, 3);
    g_assert_cmpuint(peek(f->rig, USED + 8, 4), ==, HEADER + FRAME);
    memory_read(rig_memory(f->rig), BUFFER + 0x3000, found, sizeof(found));
    g_assert_cmpmem(found, sizeof(found), expected, sizeof(expected));
    g_assert_cmphex(rig_read(f->rig, ISR, 1), ==, 1);
}

/* A network may hold its frames until the driver has room, and is told when. */
static void test_says_when_there_is_room(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_false(arrive(f, FRAME, 1));
    unsigned before = f->net->ready;
    give_room(f, 0, LARGEST);
    g_assert_cmpuint(f->net->ready, >, before);
    g_assert_true(arrive(f, FRAME, 1));
    g_assert_false(arrive(f, FRAME, 2));
    g_assert_cmpuint(returned(f, USED), ==, 1);
}

static void test_loses_frames_until_the_driver_runs(Fixture *f, gconstpointer data)
{
    (void)data;
    give_room(f, 0, LARGEST);
    rig_write(f->rig, BASE + 0x14, 0, 1);
    g_assert_true(arrive(f, FRAME, 1));
    g_assert_cmpuint(returned(f, USED), ==, 0);
}

static void test_long_frame_leaves_the_buffer(Fixture *f, gconstpointer data)
{
    (void)data;
    give_room(f, 0, FRAME);
    g_assert_true(arrive(f, FRAME + 1, 1));
    g_assert_cmpuint(returned(f, USED), ==, 0);
    g_assert_true(arrive(f, FRAME, 2));
    g_assert_cmpuint(returned(f, USED), ==, 1);
    g_assert_cmphex(peek(f->rig, BUFFER + HEADER, 1), ==, 2);
    g_assert_false(needs_reset(f));
}

static void test_buffer_without_room_for_the_header_breaks(Fixture *f, gconstpointer data)
{
    (void)data;
    put_descriptor(f->rig, TABLE, 0, BUFFER, HEADER - 1, WRITE, 0);
    give(f, 0, AVAIL, 0);
    g_assert_true(arrive(f, FRAME, 1));
    g_assert_true(needs_reset(f));
}

static void test_buffer_to_read_breaks(Fixture *f, gconstpointer data)
{
    (void)data;
    put_descriptor(f->rig, TABLE, 0, BUFFER, 1, NEXT, 1);
    put_descriptor(f->rig, TABLE, 1, BUFFER, HEADER + FRAME, WRITE, 0);
    give(f, 0, AVAIL, 0);
    g_assert_true(arrive(f, FRAME, 1));
    g_assert_true(needs_reset(f));
    g_assert_true(arrive(f, FRAME, 1));
    g_assert_cmpuint(returned(f, USED), ==, 0);
}

static void test_buffer_outside_of_memory_breaks(Fixture *f, gconstpointer data)
{
    (void)data;
    put_descriptor(f->rig, TABLE, 0, UINT64_C(0x123456789000), HEADER + FRAME, WRITE, 0);
    give(f, 0, AVAIL, 0);
    g_assert_true(arrive(f, FRAME, 1));
    g_assert_true(needs_reset(f));
}

/* The chain was taken before the frame came; what is in memory by then is no chain. */
static void test_changed_buffer_breaks(Fixture *f, gconstpointer data)
{
    (void)data;
    give_room(f, 0, FRAME);
    put_descriptor(f->rig, TABLE, 0, BUFFER, HEADER + FRAME, WRITE | NEXT, 0);
    g_assert_true(arrive(f, FRAME, 1));
    g_assert_true(needs_reset(f));
    g_assert_cmpuint(returned(f, USED), ==, 0);
}

/* A card that may not reach the memory loses frames, and does not take them for the driver's. */
static void test_needs_to_be_bus_master(Fixture *f, gconstpointer data)
{
    (void)data;
    give_room(f, 0, FRAME);
    device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    g_assert_true(arrive(f, FRAME, 1));
    send_frame(f, FRAME, HEADER, 1);
    g_assert_cmpuint(f->net->sent->len, ==, 0);
    g_assert_false(needs_reset(f));
    device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    g_assert_true(arrive(f, FRAME, 2));
    g_assert_cmphex(peek(f->rig, BUFFER + HEADER, 1), ==, 2);
}

static void test_link_changes_the_status(Fixture *f, gconstpointer data)
{
    uint64_t generation = rig_read(f->rig, BASE + 0x15, 1);
    (void)data;
    rig_net_link(f->net, false);
    g_assert_cmphex(rig_read(f->rig, CONFIG + 6, 2), ==, 0);
    g_assert_cmphex(rig_read(f->rig, BASE + 0x15, 1), !=, generation);
    g_assert_cmphex(rig_read(f->rig, ISR, 1), ==, 2);
    send_frame(f, FRAME, HEADER, 1);
    g_assert_cmpuint(f->net->sent->len, ==, 0);
    g_assert_cmpuint(returned(f, TX_USED), ==, 1);
    rig_net_link(f->net, true);
    g_assert_cmphex(rig_read(f->rig, CONFIG + 6, 2), ==, 1);
    rig_read(f->rig, ISR, 1);
    rig_net_link(f->net, true);
    g_assert_cmphex(rig_read(f->rig, ISR, 1), ==, 0);
}

/* After a full ring the card pauses, and a load does not end the pause for good. */
static void test_pauses_after_a_full_ring(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_write(f->rig, BASE + 0x14, 0, 1);
    run(f, FULL_RING);
    put_descriptor(f->rig, TX_TABLE, 0, TX_BUFFER, HEADER + FRAME, 0, 0);
    poke(f->rig, TX_AVAIL + 2, FULL_RING, 2);
    rig_write(f->rig, NOTIFY + 4, 1, 2);
    g_assert_cmpuint(f->net->sent->len, ==, FULL_RING);
    poke(f->rig, TX_AVAIL + 2, FULL_RING + 1, 2);
    g_autoptr(GBytes) saved = device_save(f->dev);
    g_assert_true(rig_load(f->dev, saved));
    g_assert_cmpuint(f->net->sent->len, ==, FULL_RING);
    rig_step(f->rig, 1000000);
    g_assert_cmpuint(f->net->sent->len, ==, FULL_RING + 1);
}

/* A saved card has the buffer that it took, and what the network had asked to wait for. */
static void test_continues_after_a_load(Fixture *f, gconstpointer data)
{
    (void)data;
    give_room(f, 2, FRAME);
    rig_net_set_room(f->net, 1);
    send_frame(f, FRAME, HEADER, 1);
    send_frame(f, FRAME, HEADER, 2);
    g_autoptr(GBytes) saved = device_save(f->dev);
    device_reset(f->dev);
    g_assert_true(rig_load(f->dev, saved));
    f->net->room = UINT_MAX;
    rig_step(f->rig, 1000000);
    g_assert_cmpuint(f->net->sent->len, ==, 2);
    assert_sent(f, 1, FRAME, 2);
    g_assert_true(arrive(f, FRAME, 5));
    g_assert_cmpuint(peek(f->rig, USED + 4, 4), ==, 2);
    g_assert_cmphex(peek(f->rig, BUFFER + 0x2000 + HEADER, 1), ==, 5);
}

static void test_load_finds_another_link(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GBytes) saved = device_save(f->dev);
    rig_net_link(f->net, false);
    rig_read(f->rig, ISR, 1);
    g_assert_true(rig_load(f->dev, saved));
    g_assert_cmphex(rig_read(f->rig, CONFIG + 6, 2), ==, 0);
    g_assert_cmphex(rig_read(f->rig, ISR, 1) & 2, ==, 2);
}

static void test_works_without_a_network(void)
{
    Fixture f = {.rig = rig_new_unlocked()};
    rig_memory(f.rig);
    f.dev = rig_device_new(f.rig, "virtio-net-pci");
    device_pci_connect_intx(f.dev, rig_line(f.rig, LINE));
    g_assert_true(rig_realize(f.rig, f.dev, ""));
    run(&f, SIZE);
    g_assert_cmphex(rig_read(f.rig, CONFIG + 6, 2), ==, 0);
    give_room(&f, 0, FRAME);
    send_frame(&f, FRAME, HEADER, 1);
    g_assert_cmpuint(returned(&f, TX_USED), ==, 1);
    rig_free(f.rig);
}

#define TEST(name) g_test_add("/virtio_net/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(configuration);
    TEST(features);
    TEST(sends_a_frame);
    TEST(header_lies_anywhere);
    TEST(frame_of_no_length_is_lost);
    TEST(short_header_breaks);
    TEST(writable_frame_breaks);
    TEST(frame_outside_of_memory_breaks);
    TEST(waits_for_the_network);
    TEST(receives_a_frame);
    TEST(says_when_there_is_room);
    TEST(loses_frames_until_the_driver_runs);
    TEST(long_frame_leaves_the_buffer);
    TEST(buffer_without_room_for_the_header_breaks);
    TEST(buffer_to_read_breaks);
    TEST(buffer_outside_of_memory_breaks);
    TEST(changed_buffer_breaks);
    TEST(needs_to_be_bus_master);
    TEST(link_changes_the_status);
    TEST(pauses_after_a_full_ring);
    TEST(continues_after_a_load);
    TEST(load_finds_another_link);
    g_test_add_func("/virtio_net/works_without_a_network", test_works_without_a_network);
    return g_test_run();
}
