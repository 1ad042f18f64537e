/*
 * The virtio source of random numbers (VIRTIO 1.2, section 5.4).
 */
#include "devices/pci/pci_regs.h"
#include "devices/virtio/virtio.h"
#include "src/device/pci.h"
#include "tests/unit/virtio_rig.h"

#include <string.h>

#define BASE        UINT64_C(0xe0000000)
#define NOTIFY      (BASE + 0x3000)
#define SIZE        64u
#define STATUS      0x14u
#define ALIVE       3u
#define FEATURES_OK 8u
#define DRIVER_OK   4u
#define NEEDS_RESET 0x40u

typedef struct Fixture {
    Rig *rig;
    Device *dev;
} Fixture;

static void start(Fixture *f)
{
    device_pci_write(f->dev, PCI_BAR0 + 16, (uint32_t)BASE, 4);
    device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    rig_write(f->rig, BASE + STATUS, ALIVE, 1);
    rig_write(f->rig, BASE + 0x08, 1, 4);
    rig_write(f->rig, BASE + 0x0c, VIRTIO_F_VERSION_1 >> 32, 4);
    rig_write(f->rig, BASE + STATUS, ALIVE | FEATURES_OK, 1);
    rig_write(f->rig, BASE + 0x20, TABLE, 8);
    rig_write(f->rig, BASE + 0x28, AVAIL, 8);
    rig_write(f->rig, BASE + 0x30, USED, 8);
    rig_write(f->rig, BASE + 0x1c, 1, 2);
    rig_write(f->rig, BASE + STATUS, ALIVE | FEATURES_OK | DRIVER_OK, 1);
}

static void make(Fixture *f, Rig *rig)
{
    f->rig = rig;
    rig_memory(rig);
    f->dev = rig_device(rig, "virtio-rng-pci", NULL);
    start(f);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    make(f, rig_new_unlocked());
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_free(f->rig);
}

static void ask(Fixture *f, uint64_t address, uint32_t size, unsigned flags)
{
    put_descriptor(f->rig, TABLE, 0, address, size, flags, 0);
    offer(f->rig, SIZE, 0);
    rig_write(f->rig, NOTIFY, 0, 2);
}

static unsigned returned(Fixture *f)
{
    return (unsigned)peek(f->rig, USED + 2, 2);
}

static bool needs_reset(Fixture *f)
{
    return rig_read(f->rig, BASE + STATUS, 1) & NEEDS_RESET;
}

static void repeats_where_runs_repeat(Fixture *f, gconstpointer data)
{
    (void)data;
    ask(f, BUFFER, 24, WRITE);
    g_assert_cmpuint(returned(f), ==, 1);
    g_assert_cmpuint(peek(f->rig, USED + 8, 4), ==, 24);
    uint64_t first = peek(f->rig, BUFFER, 8), second = peek(f->rig, BUFFER + 8, 8);
    g_assert_cmphex(first, !=, second);
    g_assert_cmphex(peek(f->rig, BUFFER + 24, 8), ==, 0);
    device_reset(f->dev);
    poke(f->rig, AVAIL, 0, 4);
    start(f);
    ask(f, BUFFER + 0x100, 24, WRITE);
    g_assert_cmphex(peek(f->rig, BUFFER + 0x100, 8), ==, first);
    g_assert_cmphex(peek(f->rig, BUFFER + 0x108, 8), ==, second);
}

static void continues_after_a_load(Fixture *f, gconstpointer data)
{
    (void)data;
    ask(f, BUFFER, 8, WRITE);
    g_autoptr(GBytes) saved = device_save(f->dev);
    ask(f, BUFFER + 8, 8, WRITE);
    uint64_t next = peek(f->rig, BUFFER + 8, 8);
    g_assert_true(rig_load(f->dev, saved));
    poke(f->rig, AVAIL + 2, 1, 2);
    ask(f, BUFFER + 16, 8, WRITE);
    g_assert_cmphex(peek(f->rig, BUFFER + 16, 8), ==, next);
}

/* 32 bytes that are equal to other 32 bytes of the host do not occur. */
static void asks_the_host_where_runs_do_not_repeat(void)
{
    Fixture f, g;
    uint8_t a[32], b[32], zero[32] = {0};
    make(&f, rig_new());
    make(&g, rig_new());
    ask(&f, BUFFER, sizeof(a), WRITE);
    ask(&g, BUFFER, sizeof(b), WRITE);
    g_assert_true(memory_read(rig_memory(f.rig), BUFFER, a, sizeof(a)));
    g_assert_true(memory_read(rig_memory(g.rig), BUFFER, b, sizeof(b)));
    g_assert_cmpint(memcmp(a, b, sizeof(a)), !=, 0);
    g_assert_cmpint(memcmp(a, zero, sizeof(a)), !=, 0);
    rig_free(f.rig);
    rig_free(g.rig);
}

static void fills_the_beginning_of_a_large_buffer(Fixture *f, gconstpointer data)
{
    (void)data;
    ask(f, BUFFER, 0x8000, WRITE);
    g_assert_cmpuint(peek(f->rig, USED + 8, 4), ==, 4096);
    g_assert_cmphex(peek(f->rig, BUFFER + 4096, 8), ==, 0);
}

static void refuses_a_buffer_to_be_read(Fixture *f, gconstpointer data)
{
    (void)data;
    ask(f, BUFFER, 8, 0);
    g_assert_true(needs_reset(f));
    g_assert_cmpuint(returned(f), ==, 0);
}

static void refuses_a_buffer_outside_of_memory(Fixture *f, gconstpointer data)
{
    (void)data;
    ask(f, UINT64_C(0x123456789000), 8, WRITE);
    g_assert_true(needs_reset(f));
    g_assert_cmpuint(returned(f), ==, 0);
}

/* A full queue is as much as is done at once; what is offered later waits for the timer. */
static void pauses_after_a_full_queue(Fixture *f, gconstpointer data)
{
    (void)data;
    put_descriptor(f->rig, TABLE, 0, BUFFER, 8, WRITE, 0);
    for (unsigned i = 0; i < SIZE; i++) {
        offer(f->rig, SIZE, 0);
    }
    rig_write(f->rig, NOTIFY, 0, 2);
    g_assert_cmpuint(returned(f), ==, SIZE);
    offer(f->rig, SIZE, 0);
    g_autoptr(GBytes) saved = device_save(f->dev);
    g_assert_true(rig_load(f->dev, saved));
    rig_step(f->rig, 1000000);
    g_assert_cmpuint(returned(f), ==, SIZE + 1);
    offer(f->rig, SIZE, 0);
    rig_step(f->rig, 10000000);
    g_assert_cmpuint(returned(f), ==, SIZE + 1);
}

#define TEST(name) g_test_add("/virtio_rng/" #name, Fixture, NULL, set_up, name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(repeats_where_runs_repeat);
    TEST(continues_after_a_load);
    TEST(fills_the_beginning_of_a_large_buffer);
    TEST(refuses_a_buffer_to_be_read);
    TEST(refuses_a_buffer_outside_of_memory);
    TEST(pauses_after_a_full_queue);
    g_test_add_func("/virtio_rng/asks_the_host_where_runs_do_not_repeat",
                    asks_the_host_where_runs_do_not_repeat);
    return g_test_run();
}
