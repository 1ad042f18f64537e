/*
 * The DMA controllers, sentence by sentence of the 8237A's data sheet.  The test
 * acts as the device.
 */
#include "devices/misc/i8237_regs.h"
#include "src/device/dma.h"
#include "tests/unit/rig.h"

#include <string.h>

#define PAGE 0x10000u

typedef struct Dma {
    Rig *rig;
    Device *dev;
    DmaLine *lines[8];
} Dma;

static void setup(Dma *t, gconstpointer data)
{
    (void)data;
    t->rig = rig_new();
    t->dev = rig_dma(t->rig);
    for (unsigned i = 0; i < 8; i++) {
        t->lines[i] = dma_line_new(t->dev, i);
        /* The test is not a device, and the controller does not care whose the lines are. */
        dma_line_connect(t->lines[i], t->dev, i);
    }
}

static void teardown(Dma *t, gconstpointer data)
{
    (void)data;
    for (unsigned i = 0; i < 8; i++) {
        dma_line_free(t->lines[i]);
    }
    rig_free(t->rig);
}

/* The port of a register in the controller of `channel`. */
static uint16_t port(unsigned channel, unsigned reg)
{
    return (uint16_t)(channel < 4 ? DMA_PORT + reg : DMA_PORT_WORDS + 2 * reg);
}

static void put(Dma *t, unsigned channel, unsigned reg, unsigned value)
{
    rig_outb(t->rig, port(channel, reg), (uint8_t)value);
}

static uint8_t get(Dma *t, unsigned channel, unsigned reg)
{
    return rig_inb(t->rig, port(channel, reg));
}

static void put16(Dma *t, unsigned channel, unsigned reg, unsigned value)
{
    put(t, channel, DMA_CLEAR_FLIP_FLOP, 0);
    put(t, channel, reg, value & 0xff);
    put(t, channel, reg, value >> 8);
}

static unsigned get16(Dma *t, unsigned channel, unsigned reg)
{
    put(t, channel, DMA_CLEAR_FLIP_FLOP, 0);
    unsigned low = get(t, channel, reg);
    return low | (unsigned)get(t, channel, reg) << 8;
}

static void set_page(Dma *t, unsigned channel, unsigned page)
{
    static const uint16_t PORTS[8] = {DMA_PAGE_0,       DMA_PAGE_1, DMA_PAGE_2, DMA_PAGE_3,
                                      DMA_PAGE_REFRESH, DMA_PAGE_5, DMA_PAGE_6, DMA_PAGE_7};
    rig_outb(t->rig, PORTS[channel], (uint8_t)page);
}

static void cascade(Dma *t)
{
    put(t, 4, DMA_MODE, DMA_MODE_CASCADE);
    put(t, 4, DMA_MASK, 0);
}

/* Programs a channel as a driver does.  `count` is the number of transfers. */
static void program(Dma *t, unsigned channel, unsigned mode, unsigned page, unsigned address,
                    unsigned count)
{
    cascade(t);
    put(t, channel, DMA_MASK, DMA_SET | channel % 4);
    put(t, channel, DMA_MODE, mode | channel % 4);
    put16(t, channel, DMA_ADDRESS(channel % 4), address);
    put16(t, channel, DMA_COUNT(channel % 4), count - 1);
    set_page(t, channel, page);
    put(t, channel, DMA_MASK, channel % 4);
}

static size_t give(Dma *t, unsigned channel, const void *data, size_t size, bool *ended)
{
    pio_dma_request(t->lines[channel], true);
    size_t moved = pio_dma_to_memory(t->lines[channel], data, size, ended);
    pio_dma_request(t->lines[channel], false);
    return moved;
}

static size_t want(Dma *t, unsigned channel, void *data, size_t size, bool *ended)
{
    pio_dma_request(t->lines[channel], true);
    size_t moved = pio_dma_from_memory(t->lines[channel], data, size, ended);
    pio_dma_request(t->lines[channel], false);
    return moved;
}

static void expect_memory(Dma *t, uint64_t address, const void *data, int size)
{
    uint8_t got[256];
    g_assert_true(memory_read(rig_memory(t->rig), address, got, (size_t)size));
    g_assert_cmpmem(got, size, data, size);
}

/* ---- registers ---- */

static void test_flip_flop(Dma *t, gconstpointer data)
{
    (void)data;
    put(t, 2, DMA_CLEAR_FLIP_FLOP, 0xff);
    put(t, 2, DMA_ADDRESS(2), 0x34);
    put(t, 2, DMA_ADDRESS(2), 0x12);
    put(t, 2, DMA_COUNT(2), 0x78);
    put(t, 2, DMA_COUNT(2), 0x56);
    g_assert_cmphex(get(t, 2, DMA_ADDRESS(2)), ==, 0x34);
    g_assert_cmphex(get(t, 2, DMA_ADDRESS(2)), ==, 0x12);
    g_assert_cmphex(get16(t, 2, DMA_COUNT(2)), ==, 0x5678);
    g_assert_cmphex(get(t, 2, DMA_ADDRESS(2)), ==, 0x34);
    put(t, 2, DMA_CLEAR_FLIP_FLOP, 0);
    g_assert_cmphex(get(t, 2, DMA_ADDRESS(2)), ==, 0x34);
}

static void test_words_at_even_ports(Dma *t, gconstpointer data)
{
    (void)data;
    put16(t, 6, DMA_ADDRESS(2), 0xbeef);
    g_assert_cmphex(get16(t, 6, DMA_ADDRESS(2)), ==, 0xbeef);
    put(t, 6, DMA_CLEAR_FLIP_FLOP, 0);
    g_assert_cmphex(rig_inb(t->rig, 0xc9), ==, 0xef);
    g_assert_cmphex(get16(t, 2, DMA_ADDRESS(2)), ==, 0);
}

static void test_page_registers(Dma *t, gconstpointer data)
{
    (void)data;
    for (uint16_t i = DMA_PORT_PAGES; i <= DMA_PAGE_REFRESH; i++) {
        rig_outb(t->rig, i, (uint8_t)(i * 3));
    }
    for (uint16_t i = DMA_PORT_PAGES; i <= DMA_PAGE_REFRESH; i++) {
        g_assert_cmphex(rig_inb(t->rig, i), ==, (uint8_t)(i * 3));
    }
    g_assert_cmphex(rig_inb(t->rig, 0x80), ==, 0xff);
}

static void test_write_only_registers_float(Dma *t, gconstpointer data)
{
    (void)data;
    static const unsigned REGS[] = {DMA_REQUEST,         DMA_MASK,       DMA_MODE,
                                    DMA_CLEAR_FLIP_FLOP, DMA_CLEAR_MASK, DMA_ALL_MASK};
    for (size_t i = 0; i < G_N_ELEMENTS(REGS); i++) {
        g_assert_cmphex(get(t, 0, REGS[i]), ==, 0xff);
        g_assert_cmphex(get(t, 4, REGS[i]), ==, 0xff);
    }
}

/* "The Command, Status, Request, Temporary registers and the flip-flop are cleared, the Mask is
 * set." */
static void test_master_clear(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 1, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0x200, 4);
    g_assert_cmpuint(give(t, 1, "1234", 4, &ended), ==, 4);
    put(t, 1, DMA_CLEAR_MASK, 0);
    put16(t, 1, DMA_ADDRESS(1), 0x300);
    put(t, 1, DMA_ADDRESS(1), 0x77);
    put(t, 1, DMA_MASTER_CLEAR, 0);
    g_assert_cmphex(get(t, 1, DMA_STATUS), ==, 0);
    g_assert_cmphex(get(t, 1, DMA_ADDRESS(1)), ==, 0x77);
    g_assert_cmpuint(give(t, 1, "12", 2, &ended), ==, 0);
    put(t, 1, DMA_CLEAR_MASK, 0);
    g_assert_cmpuint(give(t, 1, "12", 2, &ended), ==, 2);
}

/* ---- transfers ---- */

static void test_write_transfer(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0x1234, 8);
    g_assert_cmpuint(give(t, 2, "abcde", 5, &ended), ==, 5);
    g_assert_false(ended);
    g_assert_cmphex(get16(t, 2, DMA_ADDRESS(2)), ==, 0x1239);
    g_assert_cmphex(get16(t, 2, DMA_COUNT(2)), ==, 2);
    g_assert_cmpuint(give(t, 2, "fghij", 5, &ended), ==, 3);
    g_assert_true(ended);
    expect_memory(t, PAGE + 0x1234, "abcdefgh\0", 9);
    g_assert_cmphex(get16(t, 2, DMA_COUNT(2)), ==, 0xffff);
}

static void test_read_transfer(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    char bytes[8] = "";
    memory_write(rig_memory(t->rig), 2 * PAGE + 0x10, "pioemu!", 7);
    program(t, 3, DMA_MODE_DEMAND | DMA_MODE_READ, 2, 0x10, 7);
    g_assert_cmpuint(want(t, 3, bytes, 8, &ended), ==, 7);
    g_assert_true(ended);
    g_assert_cmpstr(bytes, ==, "pioemu!");
}

/* "Verify transfers are pseudo transfers": they count and move nothing. */
static void test_verify_transfer(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    char bytes[4] = "abc";
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_VERIFY, 1, 0, 4);
    g_assert_cmpuint(give(t, 2, "wxyz", 4, &ended), ==, 4);
    g_assert_true(ended);
    expect_memory(t, PAGE, "\0\0\0\0", 4);
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_VERIFY, 1, 0, 4);
    g_assert_cmpuint(want(t, 2, bytes, 4, &ended), ==, 4);
    g_assert_cmphex((uint8_t)bytes[0], ==, 0);
}

static void test_decrement(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 1, DMA_MODE_SINGLE | DMA_MODE_WRITE | DMA_MODE_DOWN, 1, 0x102, 3);
    g_assert_cmpuint(give(t, 1, "abc", 3, &ended), ==, 3);
    g_assert_true(ended);
    expect_memory(t, PAGE + 0x100, "cba", 3);
    g_assert_cmphex(get16(t, 1, DMA_ADDRESS(1)), ==, 0xff);
}

/* The page register does not change. */
static void test_address_wraps_in_its_page(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0xfffe, 4);
    g_assert_cmpuint(give(t, 2, "abcd", 4, &ended), ==, 4);
    expect_memory(t, PAGE + 0xfffe, "ab", 2);
    expect_memory(t, PAGE, "cd", 2);
    program(t, 5, DMA_MODE_SINGLE | DMA_MODE_WRITE, 3, 0xffff, 2);
    g_assert_cmpuint(give(t, 5, "efgh", 4, &ended), ==, 4);
    expect_memory(t, 2 * PAGE + 0x1fffe, "ef", 2);
    expect_memory(t, 2 * PAGE, "gh", 2);
}

/* A count of 0 is one word.  Half a word is not moved. */
static void test_words(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 7, DMA_MODE_SINGLE | DMA_MODE_WRITE, 0, 0x4000, 2);
    g_assert_cmpuint(give(t, 7, "abc", 3, &ended), ==, 2);
    g_assert_false(ended);
    g_assert_cmpuint(give(t, 7, "cdef", 4, &ended), ==, 2);
    g_assert_true(ended);
    expect_memory(t, 0x8000, "abcd\0", 5);
}

static void test_no_memory_reads_ones(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    uint8_t bytes[4] = "";
    memory_write(rig_memory(t->rig), RIG_MEMORY_SIZE - 2, "ab", 2);
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_READ, 0xff, 0, 4);
    g_assert_cmpuint(want(t, 2, bytes, 4, &ended), ==, 4);
    g_assert_cmpmem(bytes, 4, "\xff\xff\xff\xff", 4);
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 0xff, 0, 4);
    g_assert_cmpuint(give(t, 2, bytes, 4, &ended), ==, 4);
    g_assert_true(ended);
}

/* ---- who is served ---- */

static void test_masked(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0, 4);
    put(t, 2, DMA_MASK, DMA_SET | 2);
    g_assert_cmpuint(give(t, 2, "abcd", 4, &ended), ==, 0);
    g_assert_false(ended);
    put(t, 2, DMA_ALL_MASK, 0x0b);
    g_assert_cmpuint(give(t, 2, "a", 1, &ended), ==, 1);
    put(t, 2, DMA_ALL_MASK, 0x04);
    g_assert_cmpuint(give(t, 2, "a", 1, &ended), ==, 0);
    put(t, 2, DMA_CLEAR_MASK, 0);
    g_assert_cmpuint(give(t, 2, "a", 1, &ended), ==, 1);
}

/* "The mask bit is set when the channel produces an EOP if it is not programmed for
 * Autoinitialize." */
static void test_mask_after_terminal_count(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0, 2);
    g_assert_cmpuint(give(t, 2, "ab", 2, &ended), ==, 2);
    g_assert_cmpuint(give(t, 2, "ab", 2, &ended), ==, 0);
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE | DMA_MODE_AUTO, 1, 0x40, 2);
    g_assert_cmpuint(give(t, 2, "ab", 2, &ended), ==, 2);
    g_assert_cmphex(get16(t, 2, DMA_ADDRESS(2)), ==, 0x40);
    g_assert_cmphex(get16(t, 2, DMA_COUNT(2)), ==, 1);
    g_assert_cmpuint(give(t, 2, "cd", 2, &ended), ==, 2);
    expect_memory(t, PAGE + 0x40, "cd", 2);
}

static void test_controller_disable(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0, 4);
    put(t, 2, DMA_COMMAND, DMA_CMD_DISABLE);
    g_assert_cmpuint(give(t, 2, "a", 1, &ended), ==, 0);
    put(t, 2, DMA_COMMAND, DMA_CMD_DREQ_LOW);
    g_assert_cmpuint(give(t, 2, "a", 1, &ended), ==, 0);
    put(t, 2, DMA_COMMAND, DMA_CMD_ROTATE | DMA_CMD_EXTENDED);
    g_assert_cmpuint(give(t, 2, "a", 1, &ended), ==, 1);
}

static void test_first_controller_needs_the_cascade(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0, 4);
    put(t, 4, DMA_MASK, DMA_SET);
    g_assert_cmpuint(give(t, 2, "a", 1, &ended), ==, 0);
    put(t, 4, DMA_MASK, 0);
    put(t, 4, DMA_MODE, DMA_MODE_SINGLE);
    g_assert_cmpuint(give(t, 2, "a", 1, &ended), ==, 0);
    put(t, 4, DMA_MODE, DMA_MODE_CASCADE);
    g_assert_cmpuint(give(t, 2, "a", 1, &ended), ==, 1);
    program(t, 5, DMA_MODE_CASCADE, 0, 0, 4);
    g_assert_cmpuint(give(t, 5, "ab", 2, &ended), ==, 0);
}

static void test_wrong_direction(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    char bytes[2];
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_READ, 1, 0, 4);
    g_assert_cmpuint(give(t, 2, "a", 1, &ended), ==, 0);
    put(t, 2, DMA_MODE, DMA_MODE_SINGLE | DMA_MODE_WRITE | 2);
    g_assert_cmpuint(want(t, 2, bytes, 1, &ended), ==, 0);
    put(t, 2, DMA_MODE, DMA_MODE_SINGLE | DMA_MODE_ILLEGAL | 2);
    g_assert_cmpuint(want(t, 2, bytes, 1, &ended), ==, 0);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 1);
}

static void test_no_request_no_transfer(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended = true;
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0, 4);
    g_assert_cmpuint(pio_dma_to_memory(t->lines[2], "a", 1, &ended), ==, 0);
    g_assert_false(ended);
    g_assert_cmpuint(pio_dma_to_memory(NULL, "a", 1, &ended), ==, 0);
    pio_dma_request(NULL, true);
}

/* ---- status ---- */

/* "Bits 0-3 are cleared upon Reset and on each Status Read; 4-7 are set while a channel requests."
 */
static void test_status(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0, 1);
    pio_dma_request(t->lines[2], true);
    pio_dma_request(t->lines[6], true);
    g_assert_cmphex(get(t, 2, DMA_STATUS), ==, 0x40);
    g_assert_cmphex(get(t, 6, DMA_STATUS), ==, 0x40);
    pio_dma_to_memory(t->lines[2], "a", 1, &ended);
    pio_dma_request(t->lines[2], false);
    g_assert_cmphex(get(t, 2, DMA_STATUS), ==, 0x04);
    g_assert_cmphex(get(t, 2, DMA_STATUS), ==, 0x00);
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0, 1);
    give(t, 2, "a", 1, &ended);
    device_reset(t->dev);
    g_assert_cmphex(get(t, 2, DMA_STATUS), ==, 0x00);
    g_assert_cmphex(get(t, 6, DMA_STATUS), ==, 0x40);
}

/* ---- requests by software ---- */

/* "The channel must be in Block mode".  The mask does not matter, and TC clears the request. */
static void test_software_request(Dma *t, gconstpointer data)
{
    (void)data;
    program(t, 3, DMA_MODE_SINGLE | DMA_MODE_WRITE, 1, 0x20, 3);
    put(t, 3, DMA_MASK, DMA_SET | 3);
    put(t, 3, DMA_REQUEST, DMA_SET | 3);
    g_assert_cmphex(get(t, 3, DMA_STATUS), ==, 0x80);
    put(t, 3, DMA_REQUEST, 3);
    g_assert_cmphex(get(t, 3, DMA_STATUS), ==, 0);
    put(t, 3, DMA_MODE, DMA_MODE_BLOCK | DMA_MODE_WRITE | 3);
    put(t, 3, DMA_REQUEST, DMA_SET | 3);
    g_assert_cmphex(get(t, 3, DMA_STATUS), ==, 0x08);
    expect_memory(t, PAGE + 0x20, "\xff\xff\xff\0", 4);
    program(t, 3, DMA_MODE_BLOCK | DMA_MODE_READ, 1, 0x20, 1000);
    put(t, 3, DMA_REQUEST, DMA_SET | 3);
    g_assert_cmphex(get16(t, 3, DMA_ADDRESS(3)), ==, 0x20 + 1000);
}

static void copy(Dma *t, unsigned command, unsigned count)
{
    program(t, 0, DMA_MODE_BLOCK | DMA_MODE_READ, 1, 0x100, count);
    program(t, 1, DMA_MODE_BLOCK | DMA_MODE_WRITE, 2, 0x200, count);
    put(t, 0, DMA_COMMAND, command);
    put(t, 0, DMA_REQUEST, DMA_SET);
}

static void test_memory_to_memory(Dma *t, gconstpointer data)
{
    (void)data;
    memory_write(rig_memory(t->rig), PAGE + 0x100, "memory", 6);
    copy(t, DMA_CMD_MEMORY, 6);
    expect_memory(t, 2 * PAGE + 0x200, "memory\0", 7);
    g_assert_cmphex(get(t, 0, DMA_TEMPORARY), ==, 'y');
    /* Only channel 1 generates a TC: "A TC is generated". */
    g_assert_cmphex(get(t, 0, DMA_STATUS), ==, 0x02);
}

/* "Channel 0 may be programmed to retain the same address for all transfers." */
static void test_memory_to_memory_holds_the_source(Dma *t, gconstpointer data)
{
    (void)data;
    memory_write(rig_memory(t->rig), PAGE + 0x100, "xyz", 3);
    copy(t, DMA_CMD_MEMORY | DMA_CMD_HOLD, 3);
    expect_memory(t, 2 * PAGE + 0x200, "xxx\0", 4);
    g_assert_cmphex(get16(t, 0, DMA_ADDRESS(0)), ==, 0x100);
}

static void test_memory_to_memory_repeats_a_short_source(Dma *t, gconstpointer data)
{
    (void)data;
    memory_write(rig_memory(t->rig), PAGE + 0x100, "xyz", 3);
    program(t, 0, DMA_MODE_BLOCK | DMA_MODE_READ | DMA_MODE_AUTO, 1, 0x100, 2);
    program(t, 1, DMA_MODE_BLOCK | DMA_MODE_WRITE, 2, 0x200, 5);
    put(t, 0, DMA_COMMAND, DMA_CMD_MEMORY);
    put(t, 0, DMA_REQUEST, DMA_SET);
    expect_memory(t, 2 * PAGE + 0x200, "xyxyx\0", 6);
}

/* ---- state ---- */

static void test_save_and_load(Dma *t, gconstpointer data)
{
    (void)data;
    bool ended;
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE | DMA_MODE_AUTO, 1, 0x40, 4);
    give(t, 2, "ab", 2, &ended);
    g_autoptr(GBytes) saved = device_save(t->dev);
    device_reset(t->dev);
    g_assert_cmpuint(give(t, 2, "cd", 2, &ended), ==, 0);
    g_assert_true(rig_load(t->dev, saved));
    g_assert_cmpuint(give(t, 2, "cd", 2, &ended), ==, 2);
    g_assert_true(ended);
    expect_memory(t, PAGE + 0x40, "abcd", 4);
    g_autoptr(GBytes) bad_mode = rig_patch(saved, "mode", 2, 0x46);
    g_autoptr(GBytes) bad_mask = rig_patch(saved, "controllers[1].mask", 0, 0x10);
    g_assert_false(rig_load(t->dev, bad_mode));
    g_assert_false(rig_load(t->dev, bad_mask));
}

static void test_describe(Dma *t, gconstpointer data)
{
    (void)data;
    program(t, 2, DMA_MODE_SINGLE | DMA_MODE_WRITE, 7, 0xc00, 512);
    g_autofree char *text = device_describe(t->dev);
    g_assert_cmpstr(text, ==, "mask 0xb/0xe, channel 2: address 0x070c00 count 0x01ff mode 0x44");
    const BusMapping *bytes = bus_find(rig_bus(t->rig), IO_PORTS, 0);
    const BusMapping *words = bus_find(rig_bus(t->rig), IO_PORTS, 0xd0);
    g_assert_cmpstr(bytes->claim->register_name(bytes->state, DMA_ALL_MASK, true), ==, "ALLMASK");
    g_assert_cmpstr(bytes->claim->register_name(bytes->state, DMA_COUNT(1), true), ==, "COUNT1");
    g_assert_cmpstr(words->claim->register_name(words->state, 0x10, false), ==, "STATUS");
}

static void add(const char *name, void (*test)(Dma *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/i8237/", name, NULL);
    g_test_add(path, Dma, NULL, setup, test, teardown);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("registers/flip_flop_selects_the_half", test_flip_flop);
    add("registers/second_controller_is_at_even_ports", test_words_at_even_ports);
    add("registers/pages_are_kept", test_page_registers);
    add("registers/write_only_ones_float", test_write_only_registers_float);
    add("registers/master_clear_is_a_reset", test_master_clear);
    add("transfer/write_goes_to_memory", test_write_transfer);
    add("transfer/read_comes_from_memory", test_read_transfer);
    add("transfer/verify_only_counts", test_verify_transfer);
    add("transfer/address_may_go_down", test_decrement);
    add("transfer/address_wraps_in_its_page", test_address_wraps_in_its_page);
    add("transfer/channels_5_to_7_move_words", test_words);
    add("transfer/no_memory_reads_ones", test_no_memory_reads_ones);
    add("serve/masked_channel_waits", test_masked);
    add("serve/terminal_count_masks_unless_autoinit", test_mask_after_terminal_count);
    add("serve/disabled_controller_serves_no_channel", test_controller_disable);
    add("serve/first_controller_needs_the_cascade", test_first_controller_needs_the_cascade);
    add("serve/wrong_direction_moves_nothing", test_wrong_direction);
    add("serve/no_request_no_transfer", test_no_request_no_transfer);
    add("status/requests_and_terminal_counts", test_status);
    add("software/request_runs_a_block", test_software_request);
    add("software/memory_to_memory", test_memory_to_memory);
    add("software/memory_to_memory_holds_the_source", test_memory_to_memory_holds_the_source);
    add("software/memory_to_memory_repeats_a_short_source",
        test_memory_to_memory_repeats_a_short_source);
    add("state/save_and_load", test_save_and_load);
    add("state/describe_and_names", test_describe);
    return g_test_run();
}
