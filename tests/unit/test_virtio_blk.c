/*
 * The virtio disk and the registers of virtio over PCI, driven as a driver does
 * (VIRTIO 1.2, sections 3.1, 4.1 and 5.2).
 */
#include "devices/pci/pci_regs.h"
#include "devices/virtio/virtio.h"
#include "src/board/memory.h"
#include "src/device/pci.h"
#include "tests/unit/virtio_rig.h"

#include <string.h>

#define BASE   UINT64_C(0xe0000000)
#define ISR    (BASE + 0x1000)
#define CONFIG (BASE + 0x2000)
#define NOTIFY (BASE + 0x3000)
#define SIZE   16u
#define LINE   16u /* of the rig: where INTx leads to */

#define STATUS_ALIVE  3u
#define FEATURES_OK   8u
#define DRIVER_OK     4u
#define NEEDS_RESET   0x40u
#define RESULT        (BUFFER + 0x8000)
#define RESULT_BEFORE 0xee

enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };

typedef struct Fixture {
    Rig *rig;
    RigDrive *drive;
    Device *dev;
} Fixture;

static void common(Fixture *f, unsigned offset, uint64_t value, unsigned size)
{
    rig_write(f->rig, BASE + offset, value, size);
}

static uint64_t ask(Fixture *f, unsigned offset, unsigned size)
{
    return rig_read(f->rig, BASE + offset, size);
}

static void map(Fixture *f)
{
    device_pci_write(f->dev, PCI_BAR0 + 16, (uint32_t)BASE, 4);
    device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

static void accept(Fixture *f, uint64_t features)
{
    common(f, 0x14, STATUS_ALIVE, 1);
    for (unsigned word = 0; word < 2; word++) {
        common(f, 0x08, word, 4);
        common(f, 0x0c, (uint32_t)(features >> word * 32), 4);
    }
    common(f, 0x14, STATUS_ALIVE | FEATURES_OK, 1);
}

static void start(Fixture *f)
{
    map(f);
    accept(f, VIRTIO_F_VERSION_1);
    g_assert_cmphex(ask(f, 0x14, 1), ==, STATUS_ALIVE | FEATURES_OK);
    common(f, 0x16, 0, 2);
    common(f, 0x18, SIZE, 2);
    common(f, 0x20, TABLE, 4);
    common(f, 0x24, 0, 4);
    common(f, 0x28, AVAIL, 8);
    common(f, 0x30, USED, 8);
    common(f, 0x1c, 1, 2);
    common(f, 0x14, STATUS_ALIVE | FEATURES_OK | DRIVER_OK, 1);
}

static void set_up(Fixture *f, gconstpointer data)
{
    const char *properties = data ? data : "drive=disk,serial=number-1";
    *f = (Fixture){.rig = rig_new_unlocked()};
    rig_memory(f->rig);
    f->drive = rig_drive(f->rig, "disk", 200);
    f->dev = rig_device_new(f->rig, "virtio-blk-pci");
    device_pci_connect_intx(f->dev, rig_line(f->rig, LINE));
    g_assert_true(rig_realize(f->rig, f->dev, properties));
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_free(f->rig);
}

/* Offers a request with `size` bytes of data, and notifies. */
static void request(Fixture *f, uint32_t type, uint64_t sector, uint32_t size, bool write)
{
    poke(f->rig, BUFFER, type, 8);
    poke(f->rig, BUFFER + 8, sector, 8);
    poke(f->rig, RESULT, RESULT_BEFORE, 1);
    put_descriptor(f->rig, TABLE, 0, BUFFER, 16, NEXT, size ? 1 : 2);
    put_descriptor(f->rig, TABLE, 1, BUFFER + 0x1000, size, NEXT | (write ? WRITE : 0), 2);
    put_descriptor(f->rig, TABLE, 2, RESULT, 1, WRITE, 0);
    offer(f->rig, SIZE, 0);
    rig_write(f->rig, NOTIFY, 0, 2);
}

static unsigned result(Fixture *f)
{
    return (unsigned)peek(f->rig, RESULT, 1);
}

static void test_identity(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(device_pci_read(f->dev, 0, 4), ==, 0x10421af4);
    g_assert_cmphex(device_pci_read(f->dev, PCI_REVISION, 1), >=, 1);
    g_assert_true(device_pci_read(f->dev, PCI_STATUS, 2) & PCI_STATUS_LIST);
}

/* Each kind of structure is in the list of capabilities [4.1.4]. */
static void test_capabilities(Fixture *f, gconstpointer data)
{
    unsigned kinds = 0;
    (void)data;
    for (unsigned at = device_pci_read(f->dev, PCI_CAPABILITIES, 1); at;
         at = device_pci_read(f->dev, at + 1, 1)) {
        g_assert_cmphex(device_pci_read(f->dev, at, 1), ==, 0x09);
        kinds |= 1u << device_pci_read(f->dev, at + 3, 1);
    }
    g_assert_cmphex(kinds, ==, 0x3e);
}

static void test_configuration(Fixture *f, gconstpointer data)
{
    (void)data;
    map(f);
    g_assert_cmpuint(rig_read(f->rig, CONFIG, 8), ==, 200);
    g_assert_cmpuint(rig_read(f->rig, CONFIG + 20, 4), ==, 512);
    g_assert_cmpuint(ask(f, 0x12, 2), ==, 1);
    g_assert_cmpuint(ask(f, 0x18, 2), ==, 256);
}

static void test_features_that_were_not_offered(Fixture *f, gconstpointer data)
{
    (void)data;
    map(f);
    accept(f, VIRTIO_F_VERSION_1 | 1u << 5); /* read-only, which it is not */
    g_assert_cmphex(ask(f, 0x14, 1), ==, STATUS_ALIVE);
    accept(f, 0); /* without VERSION_1 */
    g_assert_cmphex(ask(f, 0x14, 1), ==, STATUS_ALIVE);
}

static void test_read(Fixture *f, gconstpointer data)
{
    uint8_t sector[512];
    (void)data;
    start(f);
    request(f, IN, 7, 512, true);
    g_assert_cmphex(result(f), ==, RESULT_BEFORE);
    g_assert_true(rig_drive_step(f->drive));
    g_assert_cmphex(result(f), ==, 0);
    memory_read(rig_memory(f->rig), BUFFER + 0x1000, sector, sizeof(sector));
    g_assert_cmpmem(sector, 512, f->drive->data + 7 * 512, 512);
    g_assert_cmpuint(peek(f->rig, USED + 2, 2), ==, 1);
    g_assert_cmpuint(peek(f->rig, USED + 8, 4), ==, 513);
}

/* A read of the ISR register clears it and the interrupt. */
static void test_interrupt(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    request(f, FLUSH, 0, 0, false);
    g_assert_false(rig_irq(f->rig, LINE));
    g_assert_true(rig_drive_step(f->drive));
    g_assert_cmpuint(f->drive->flushes, ==, 1);
    g_assert_true(rig_irq(f->rig, LINE));
    g_assert_cmphex(rig_read(f->rig, ISR, 1), ==, 1);
    g_assert_false(rig_irq(f->rig, LINE));
    g_assert_cmphex(rig_read(f->rig, ISR, 1), ==, 0);
}

static void test_write(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    poke(f->rig, BUFFER + 0x1000, 0x1122334455667788, 8);
    request(f, OUT, 3, 512, false);
    g_assert_true(rig_drive_step(f->drive));
    g_assert_cmphex(result(f), ==, 0);
    g_assert_cmphex(f->drive->data[3 * 512], ==, 0x88);
}

static void test_end_of_the_disk(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    request(f, IN, 199, 1024, true);
    g_assert_cmphex(result(f), ==, 1);
    request(f, IN, UINT64_MAX, 512, true);
    g_assert_cmphex(result(f), ==, 1);
    g_assert_false(rig_drive_step(f->drive));
}

static void test_part_of_a_sector(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    request(f, OUT, 0, 100, false);
    g_assert_cmphex(result(f), ==, 1);
}

static void test_bad_sector(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    f->drive->bad = 9;
    request(f, IN, 9, 512, true);
    g_assert_true(rig_drive_step(f->drive));
    g_assert_cmphex(result(f), ==, 1);
}

static void test_unknown_operation(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    request(f, 99, 0, 512, true);
    g_assert_cmphex(result(f), ==, 2);
}

static void test_serial_number(Fixture *f, gconstpointer data)
{
    char id[21] = "";
    (void)data;
    start(f);
    request(f, GET_ID, 0, 20, true);
    g_assert_cmphex(result(f), ==, 0);
    memory_read(rig_memory(f->rig), BUFFER + 0x1000, id, 20);
    g_assert_cmpstr(id, ==, "number-1");
}

static void test_write_zeroes(Fixture *f, gconstpointer data)
{
    static const uint8_t ZEROES[1024];
    (void)data;
    start(f);
    poke(f->rig, BUFFER + 0x1000, 4, 8);
    poke(f->rig, BUFFER + 0x1008, 2, 8);
    request(f, WRITE_ZEROES, 0, 16, false);
    g_assert_true(rig_drive_step(f->drive));
    g_assert_cmphex(result(f), ==, 0);
    g_assert_cmpmem(f->drive->data + 4 * 512, 1024, ZEROES, 1024);
    g_assert_cmphex(f->drive->data[6 * 512], !=, 0);
}

static void test_discard_outside_of_the_disk(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    poke(f->rig, BUFFER + 0x1000, 199, 8);
    poke(f->rig, BUFFER + 0x1008, 2, 8);
    request(f, DISCARD, 0, 16, false);
    g_assert_cmphex(result(f), ==, 1);
}

/* What breaks a rule stops the device until it is reset [2.1.2]. */
static void test_broken_driver(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    put_descriptor(f->rig, TABLE, 0, BUFFER, 16, 0, 0);
    offer(f->rig, SIZE, 0);
    rig_write(f->rig, NOTIFY, 0, 2);
    g_assert_true(ask(f, 0x14, 1) & NEEDS_RESET);
    g_assert_cmpuint(rig_guest_error_count(f->rig), ==, 1);
    g_assert_cmphex(rig_read(f->rig, ISR, 1), ==, 2);
    request(f, IN, 0, 512, true);
    g_assert_false(rig_drive_step(f->drive));
    common(f, 0x14, 0, 1);
    g_assert_cmphex(ask(f, 0x14, 1), ==, 0);
}

static void test_reset_with_a_request_under_way(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    request(f, IN, 0, 512, true);
    common(f, 0x14, 0, 1);
    g_assert_true(rig_drive_step(f->drive));
    g_assert_cmphex(result(f), ==, RESULT_BEFORE);
    g_assert_false(rig_irq(f->rig, LINE));
}

static void test_nothing_without_bus_mastering(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    request(f, IN, 0, 512, true);
    g_assert_false(rig_drive_step(f->drive));
}

/* A request that was under way is made again. */
static void test_saved_state(Fixture *f, gconstpointer data)
{
    (void)data;
    start(f);
    request(f, IN, 5, 512, true);
    g_autoptr(GBytes) saved = device_save(f->dev);
    g_assert_true(rig_load(f->dev, saved));
    while (rig_drive_step(f->drive)) {
    }
    g_assert_cmphex(result(f), ==, 0);
    g_assert_cmpuint(peek(f->rig, USED + 2, 2), ==, 1);
    g_autoptr(GBytes) bad = rig_patch(saved, "virtio.size", 0, 3);
    g_assert_false(rig_load(f->dev, bad));
}

static void test_properties(void)
{
    Rig *rig = rig_new();
    rig_drive(rig, "disk", 8);
    g_assert_false(rig_realize(rig, rig_device_new(rig, "virtio-blk-pci"), NULL));
    g_assert_nonnull(strstr(rig_error(rig), "drive=ID is missing"));
    g_assert_false(
        rig_realize(rig, rig_device_new(rig, "virtio-blk-pci"), "drive=disk,num-queues=9"));
    g_assert_nonnull(strstr(rig_error(rig), "num-queues=9"));
    rig_free(rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/virtio_blk/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(identity);
    TEST(capabilities);
    TEST(configuration);
    TEST(features_that_were_not_offered);
    TEST(read);
    TEST(interrupt);
    TEST(write);
    TEST(end_of_the_disk);
    TEST(part_of_a_sector);
    TEST(bad_sector);
    TEST(unknown_operation);
    TEST(serial_number);
    TEST(write_zeroes);
    TEST(discard_outside_of_the_disk);
    TEST(broken_driver);
    TEST(reset_with_a_request_under_way);
    TEST(nothing_without_bus_mastering);
    TEST(saved_state);
    g_test_add_func("/virtio_blk/properties", test_properties);
    return g_test_run();
}
