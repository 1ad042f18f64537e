/* fw_cfg: the sentences of QEMU's docs/specs/fw_cfg, and the contents of the items. */
#include "devices/misc/fw_cfg_regs.h"
#include "src/base/error.h"
#include "src/boot/fw_items.h"
#include "tests/unit/rig.h"

#include <glib/gstdio.h>
#include <string.h>

#define BASE       0x510
#define SELECTOR   (BASE + FW_CFG_SELECTOR)
#define DATA       (BASE + FW_CFG_DATA)
#define DMA_HIGH   (BASE + FW_CFG_DMA)
#define DMA_LOW    (BASE + FW_CFG_DMA_LOW)
#define DESCRIPTOR 0x1000u
#define BUFFER     0x2000u
#define BIG_SIZE   10000u
#define BIG_KEY    0x11u
#define NUMBER_KEY 0x05u

typedef struct Fw {
    Rig *rig;
    Device *dev;
    FwItems *items;
} Fw;

static uint8_t big_byte(unsigned i)
{
    return (uint8_t)(i * 7 + i / 256);
}

static void setup(Fw *t, gconstpointer data)
{
    uint8_t big[BIG_SIZE];
    for (unsigned i = 0; i < BIG_SIZE; i++) {
        big[i] = big_byte(i);
    }
    t->rig = rig_new();
    t->items = fw_items_new();
    fw_items_add_number(t->items, NUMBER_KEY, 0x1234, 2);
    fw_items_add_number(t->items, FW_CFG_IRQ0_OVERRIDE, 1, 1);
    fw_items_add(t->items, BIG_KEY, g_bytes_new(big, sizeof(big)));
    fw_items_add_file(t->items, "opt/b", g_bytes_new("bee", 3));
    fw_items_add_file(t->items, "etc/a", g_bytes_new("a", 1));
    rig_set_data(t->rig, fw_items_table(t->items));
    rig_memory(t->rig);
    t->dev = rig_device(t->rig, "fw_cfg", data);
}

static void teardown(Fw *t, gconstpointer data)
{
    (void)data;
    rig_free(t->rig);
    fw_items_free(t->items);
}

static void select_item(Fw *t, uint16_t key)
{
    rig_out(t->rig, SELECTOR, key, 2);
}

static void expect_bytes(Fw *t, const void *bytes, size_t size)
{
    const uint8_t *wanted = bytes;
    for (size_t i = 0; i < size; i++) {
        g_assert_cmphex(rig_inb(t->rig, DATA), ==, wanted[i]);
    }
}

/* ---- selector and data ---- */

static void item_0_is_the_signature(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, FW_CFG_SIGNATURE);
    expect_bytes(t, "QEMU", 4);
}

static void item_1_has_a_bit_for_dma(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, FW_CFG_ID);
    expect_bytes(t, "\3\0\0\0", 4);
}

static void without_dma_there_is_no_bit_and_no_register(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, FW_CFG_ID);
    expect_bytes(t, "\1\0\0\0", 4);
    g_assert_cmphex(rig_in(t->rig, DMA_HIGH, 4), ==, UINT32_MAX);
    uint8_t before[16] = {0}, after[16];
    g_assert_true(memory_write(rig_memory(t->rig), DESCRIPTOR, before, sizeof(before)));
    before[3] = FW_CFG_DMA_CTL_WRITE;
    rig_out(t->rig, DMA_LOW, GUINT32_TO_BE(DESCRIPTOR), 4);
    g_assert_true(memory_read(rig_memory(t->rig), DESCRIPTOR, after, sizeof(after)));
    g_assert_cmphex(after[3], ==, 0);
}

static void a_selection_begins_with_the_first_byte(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, NUMBER_KEY);
    expect_bytes(t, "\x34", 1);
    select_item(t, NUMBER_KEY);
    expect_bytes(t, "\x34\x12", 2);
}

static void after_the_last_byte_comes_0(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, NUMBER_KEY);
    expect_bytes(t, "\x34\x12\0\0\0", 5);
}

static void an_item_that_there_is_not_is_0(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, 0x1f);
    expect_bytes(t, "\0\0\0\0", 4);
    select_item(t, 0x8000);
    expect_bytes(t, "\0\0", 2);
}

static void the_write_channel_bit_means_nothing(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, NUMBER_KEY | FW_CFG_WRITE_CHANNEL);
    expect_bytes(t, "\x34\x12", 2);
}

static void the_arch_local_bit_is_part_of_the_key(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, FW_CFG_IRQ0_OVERRIDE);
    expect_bytes(t, "\1\0", 2);
    select_item(t, FW_CFG_IRQ0_OVERRIDE & ~FW_CFG_ARCH_LOCAL);
    expect_bytes(t, "\0\0", 2);
}

static void only_16_bits_to_the_first_port_select(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, NUMBER_KEY);
    rig_out(t->rig, SELECTOR, FW_CFG_ID, 1);
    rig_out(t->rig, DATA, FW_CFG_ID, 1);
    rig_out(t->rig, SELECTOR, FW_CFG_ID, 4);
    expect_bytes(t, "\x34\x12", 2);
}

static void both_ports_read_a_byte_and_no_word(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, NUMBER_KEY);
    g_assert_cmphex(rig_in(t->rig, SELECTOR, 2), ==, 0);
    g_assert_cmphex(rig_inb(t->rig, SELECTOR), ==, 0x34);
    g_assert_cmphex(rig_inb(t->rig, DATA), ==, 0x12);
}

static void a_block_is_as_its_bytes(Fw *t, gconstpointer data)
{
    (void)data;
    g_autofree uint8_t *block = g_malloc(BIG_SIZE + 1);
    select_item(t, BIG_KEY);
    rig_in_block(t->rig, DATA, block, BIG_SIZE + 1, 1);
    for (unsigned i = 0; i < BIG_SIZE; i++) {
        g_assert_cmphex(block[i], ==, big_byte(i));
    }
    g_assert_cmphex(block[BIG_SIZE], ==, 0);
    select_item(t, BIG_KEY);
    rig_in_block(t->rig, SELECTOR, block, 4, 2);
    g_assert_cmpmem(block, 8, "\0\0\0\0\0\0\0\0", 8);
}

/* ---- the directory ---- */

static void the_directory_has_the_files_by_name(Fw *t, gconstpointer data)
{
    (void)data;
    uint8_t entry[FW_CFG_DIR_ENTRY_SIZE] = {0, 0, 0, 1, 0, 0x20};
    memcpy(entry + FW_CFG_DIR_NAME, "etc/a", 5);
    select_item(t, FW_CFG_FILE_DIR);
    expect_bytes(t, "\0\0\0\2", 4);
    expect_bytes(t, entry, sizeof(entry));
    memset(entry + FW_CFG_DIR_NAME, 0, FW_CFG_NAME_SIZE);
    memcpy(entry + FW_CFG_DIR_NAME, "opt/b", 5);
    entry[3] = 3;
    entry[5] = 0x21;
    expect_bytes(t, entry, sizeof(entry));
    expect_bytes(t, "\0\0", 2);
    select_item(t, 0x21);
    expect_bytes(t, "bee\0", 4);
}

static void without_items_there_are_the_three_of_its_own(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "fw_cfg", NULL);
    rig_out(rig, SELECTOR, FW_CFG_FILE_DIR, 2);
    g_assert_cmphex(rig_in(rig, DATA, 1), ==, 0);
    rig_out(rig, SELECTOR, FW_CFG_SIGNATURE, 2);
    g_assert_cmphex(rig_inb(rig, DATA), ==, 'Q');
    rig_out(rig, SELECTOR, NUMBER_KEY, 2);
    g_assert_cmphex(rig_inb(rig, DATA), ==, 0);
}

/* ---- DMA ---- */

static void put_descriptor(Fw *t, uint64_t at, uint32_t control, uint32_t length, uint64_t address)
{
    const struct {
        uint32_t control, length;
        uint64_t address;
    } descriptor = {GUINT32_TO_BE(control), GUINT32_TO_BE(length), GUINT64_TO_BE(address)};
    g_assert_true(memory_write(rig_memory(t->rig), at, &descriptor, sizeof(descriptor)));
}

/* Performs a transfer and returns the control word after it. */
static uint32_t transfer(Fw *t, uint32_t control, uint32_t length, uint64_t address)
{
    uint32_t result;
    put_descriptor(t, DESCRIPTOR, control, length, address);
    rig_out(t->rig, DMA_HIGH, 0, 4);
    rig_out(t->rig, DMA_LOW, GUINT32_TO_BE(DESCRIPTOR), 4);
    g_assert_true(memory_read(rig_memory(t->rig), DESCRIPTOR, &result, sizeof(result)));
    return GUINT32_FROM_BE(result);
}

static uint32_t selecting(unsigned key, unsigned control)
{
    return key << FW_CFG_DMA_CTL_KEY_SHIFT | FW_CFG_DMA_CTL_SELECT | control;
}

static unsigned memory_byte(Fw *t, uint64_t address)
{
    uint8_t byte;
    g_assert_true(memory_read(rig_memory(t->rig), address, &byte, 1));
    return byte;
}

static void the_dma_register_reads_as_its_signature(Fw *t, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(rig_in(t->rig, DMA_HIGH, 4), ==, 0x554d4551);
    g_assert_cmphex(rig_in(t->rig, DMA_LOW, 4), ==, 0x47464320);
    g_assert_cmphex(rig_inb(t->rig, DMA_LOW + 3), ==, 'G');
}

static void dma_selects_and_reads(Fw *t, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(transfer(t, selecting(BIG_KEY, FW_CFG_DMA_CTL_READ), 5000, BUFFER), ==, 0);
    for (unsigned i = 0; i < 5000; i++) {
        g_assert_cmphex(memory_byte(t, BUFFER + i), ==, big_byte(i));
    }
    g_assert_cmphex(transfer(t, FW_CFG_DMA_CTL_READ, 5000, BUFFER), ==, 0);
    g_assert_cmphex(memory_byte(t, BUFFER), ==, big_byte(5000));
    g_assert_cmphex(memory_byte(t, BUFFER + 4999), ==, big_byte(9999));
}

static void dma_reads_0_after_the_last_byte(Fw *t, gconstpointer data)
{
    (void)data;
    g_assert_true(memory_fill(rig_memory(t->rig), BUFFER, 0xaa, 8));
    g_assert_cmphex(transfer(t, selecting(NUMBER_KEY, FW_CFG_DMA_CTL_READ), 7, BUFFER), ==, 0);
    g_assert_cmphex(memory_byte(t, BUFFER + 1), ==, 0x12);
    g_assert_cmphex(memory_byte(t, BUFFER + 2), ==, 0);
    g_assert_cmphex(memory_byte(t, BUFFER + 6), ==, 0);
    g_assert_cmphex(memory_byte(t, BUFFER + 7), ==, 0xaa);
}

static void dma_skips(Fw *t, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(transfer(t, selecting(BIG_KEY, FW_CFG_DMA_CTL_SKIP), 123, 0), ==, 0);
    g_assert_cmphex(rig_inb(t->rig, DATA), ==, big_byte(123));
    g_assert_cmphex(transfer(t, FW_CFG_DMA_CTL_SKIP, UINT32_MAX, 0), ==, 0);
    g_assert_cmphex(rig_inb(t->rig, DATA), ==, 0);
}

static void dma_reads_the_directory(Fw *t, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(transfer(t, selecting(FW_CFG_FILE_DIR, FW_CFG_DMA_CTL_SKIP), 4 + 8, 0), ==, 0);
    g_assert_cmphex(transfer(t, FW_CFG_DMA_CTL_READ, 5, BUFFER), ==, 0);
    char name[5];
    g_assert_true(memory_read(rig_memory(t->rig), BUFFER, name, sizeof(name)));
    g_assert_cmpmem(name, 5, "etc/a", 5);
}

static void nothing_can_be_written(Fw *t, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(transfer(t, selecting(NUMBER_KEY, FW_CFG_DMA_CTL_WRITE), 2, BUFFER), ==,
                    FW_CFG_DMA_CTL_ERROR);
    select_item(t, NUMBER_KEY);
    expect_bytes(t, "\x34\x12", 2);
    g_assert_cmphex(transfer(t, FW_CFG_DMA_CTL_WRITE, 0, BUFFER), ==, 0);
}

static void of_read_write_and_skip_the_first_counts(Fw *t, gconstpointer data)
{
    (void)data;
    unsigned all = FW_CFG_DMA_CTL_READ | FW_CFG_DMA_CTL_WRITE | FW_CFG_DMA_CTL_SKIP;
    g_assert_cmphex(transfer(t, selecting(NUMBER_KEY, all), 1, BUFFER), ==, 0);
    g_assert_cmphex(memory_byte(t, BUFFER), ==, 0x34);
    expect_bytes(t, "\x12", 1);
}

static void without_any_nothing_is_moved(Fw *t, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(transfer(t, selecting(NUMBER_KEY, 0), 2, BUFFER), ==, 0);
    expect_bytes(t, "\x34", 1);
}

static void a_buffer_outside_memory_is_an_error(Fw *t, gconstpointer data)
{
    (void)data;
    uint64_t end = memory_ram_size(rig_memory(t->rig));
    unsigned control = selecting(BIG_KEY, FW_CFG_DMA_CTL_READ);
    g_assert_cmphex(transfer(t, control, 2, end - 1), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmphex(transfer(t, control, 2, UINT64_MAX), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmphex(transfer(t, control, UINT32_MAX, end - 8192), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmphex(transfer(t, control, 2, end - 2), ==, 0);
}

static void a_descriptor_outside_memory_is_a_guest_error(Fw *t, gconstpointer data)
{
    (void)data;
    uint64_t end = memory_ram_size(rig_memory(t->rig));
    rig_out(t->rig, DMA_LOW, GUINT32_TO_BE((uint32_t)end - 15), 4);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 1);
    rig_out(t->rig, DMA_HIGH, UINT32_MAX, 4);
    rig_out(t->rig, DMA_LOW, UINT32_MAX, 4);
    select_item(t, FW_CFG_SIGNATURE);
    expect_bytes(t, "QEMU", 4);
}

static void the_high_half_is_used_once(Fw *t, gconstpointer data)
{
    (void)data;
    rig_out(t->rig, DMA_HIGH, GUINT32_TO_BE(1), 4);
    put_descriptor(t, DESCRIPTOR, selecting(NUMBER_KEY, FW_CFG_DMA_CTL_READ), 1, BUFFER);
    rig_out(t->rig, DMA_LOW, GUINT32_TO_BE(DESCRIPTOR), 4);
    g_assert_cmphex(memory_byte(t, BUFFER), ==, 0);
    rig_out(t->rig, DMA_LOW, GUINT32_TO_BE(DESCRIPTOR), 4);
    g_assert_cmphex(memory_byte(t, BUFFER), ==, 0x34);
}

static void narrow_writes_start_nothing(Fw *t, gconstpointer data)
{
    (void)data;
    put_descriptor(t, 0, selecting(NUMBER_KEY, FW_CFG_DMA_CTL_READ), 1, BUFFER);
    rig_out(t->rig, DMA_LOW, 0, 2);
    rig_out(t->rig, DMA_LOW + 2, 0, 2);
    rig_out(t->rig, DMA_HIGH, 0, 1);
    g_assert_cmphex(memory_byte(t, BUFFER), ==, 0);
}

static void a_transfer_over_its_descriptor_is_harmless(Fw *t, gconstpointer data)
{
    (void)data;
    unsigned control = selecting(BIG_KEY, FW_CFG_DMA_CTL_READ);
    g_assert_cmphex(transfer(t, control, 64, DESCRIPTOR - 8), ==, 0);
    g_assert_cmphex(memory_byte(t, DESCRIPTOR + 4), ==, big_byte(12));
}

/* ---- reset and state ---- */

static void reset_selects_the_signature(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, BIG_KEY);
    rig_inb(t->rig, DATA);
    device_reset(t->dev);
    expect_bytes(t, "QEMU", 4);
}

static void saved_state_goes_on_where_it_was(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, BIG_KEY);
    rig_inb(t->rig, DATA);
    rig_out(t->rig, DMA_HIGH, GUINT32_TO_BE(1), 4);
    g_autoptr(GBytes) saved = device_save(t->dev);
    device_reset(t->dev);
    g_assert_true(rig_load(t->dev, saved));
    expect_bytes(t, (uint8_t[]){big_byte(1), big_byte(2)}, 2);
    rig_out(t->rig, DMA_LOW, 0, 4);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 1);
}

static void impossible_state_is_refused(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, NUMBER_KEY);
    g_autoptr(GBytes) saved = device_save(t->dev);
    g_autoptr(GBytes) offset = rig_patch(saved, "offset", 0, 3);
    g_autoptr(GBytes) key = rig_patch(saved, "key", 0, FW_CFG_WRITE_CHANNEL);
    g_assert_false(rig_load(t->dev, offset));
    g_assert_false(rig_load(t->dev, key));
}

static void describe_names_the_file(Fw *t, gconstpointer data)
{
    (void)data;
    select_item(t, 0x21);
    rig_inb(t->rig, DATA);
    g_autofree char *text = device_describe(t->dev);
    g_assert_cmpstr(text, ==, "item 0x0021 opt/b, byte 1 of 3");
}

/* ---- -fw_cfg ---- */

static void an_option_is_a_file_of_the_directory(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FwItems) items = fw_items_new();
    g_assert_true(fw_items_add_option(items, "name=opt/x,string=a,,b", &error));
    g_assert_true(fw_items_add_option(items, "opt/w,string=", &error));
    fw_items_add_file(items, "opt/x", g_bytes_new("later", 5));
    const DataTable *table = fw_items_table(items);
    g_assert_cmpuint(table->count, ==, 2);
    g_assert_cmpstr(table->items[1].name, ==, "opt/x");
    g_assert_cmpmem(table->items[1].data, table->items[1].size, "a,b", 3);
    g_assert_cmpuint(table->items[0].size, ==, 0);
    g_assert_cmphex(table->items[0].key, ==, FW_CFG_FILE_FIRST);
}

static void an_option_reads_a_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("pioemu-fw-cfg-XXXXXX", &path, &error);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, "\0\1\2", 3, &error));
    g_autoptr(FwItems) items = fw_items_new();
    g_autofree char *option = g_strdup_printf("opt/x,file=%s", path);
    g_assert_true(fw_items_add_option(items, option, &error));
    const DataTable *table = fw_items_table(items);
    g_assert_cmpmem(table->items[0].data, table->items[0].size, "\0\1\2", 3);
    g_unlink(path);
}

static void bad_options_are_refused_with_the_value(void)
{
    static const struct {
        const char *text, *why;
    } BAD[] = {
        {"string=x", "-fw_cfg string=x: names no item (name=opt/NAME)"},
        {"opt/y", "-fw_cfg opt/y: needs one of file=PATH and string=TEXT"},
        {"opt/y,string=a,file=b", "needs one of"},
        {"opt/y,strin=a", "unknown key 'strin' (did you mean 'string'?"},
        {"opt/y,file=no-such-file", "No such file"},
        {"opt/x,string=again", "there is an item of this name already"},
        {"opt/4567890123456789012345678901234567890123456789012345,string=",
         "a name has at most 55 characters"},
    };
    g_autoptr(FwItems) items = fw_items_new();
    g_assert_true(fw_items_add_option(items, "opt/x,string=1", NULL));
    for (unsigned i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(fw_items_add_option(items, BAD[i].text, &error));
        g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
        if (!strstr(error->message, BAD[i].why)) {
            g_error("\"%s\" does not say \"%s\"", error->message, BAD[i].why);
        }
    }
    g_assert_cmpuint(fw_items_table(items)->count, ==, 1);
}

/* ---- names, for traces ---- */

static const char *name_of(Fw *t, uint16_t port, bool write)
{
    const BusMapping *mapping = bus_find(rig_bus(t->rig), IO_PORTS, port);
    return mapping->claim->register_name(mapping->state, port - mapping->base, write);
}

static void registers_have_the_names_of_the_text(Fw *t, gconstpointer data)
{
    (void)data;
    g_assert_cmpstr(name_of(t, SELECTOR, true), ==, "SELECTOR");
    g_assert_cmpstr(name_of(t, SELECTOR, false), ==, "DATA");
    g_assert_cmpstr(name_of(t, DATA, true), ==, "DATA");
    g_assert_cmpstr(name_of(t, DMA_HIGH, true), ==, "DMA_HIGH");
    g_assert_cmpstr(name_of(t, DMA_LOW, true), ==, "DMA_LOW");
}

#define SENTENCE(group, name)                                                                      \
    g_test_add("/fw_cfg/" group "/" #name, Fw, NULL, setup, name, teardown)
#define STANDALONE(group, name) g_test_add_func("/fw_cfg/" group "/" #name, name)

static void add_dma_sentences(void)
{
    SENTENCE("dma", the_dma_register_reads_as_its_signature);
    SENTENCE("dma", dma_selects_and_reads);
    SENTENCE("dma", dma_reads_0_after_the_last_byte);
    SENTENCE("dma", dma_skips);
    SENTENCE("dma", dma_reads_the_directory);
    SENTENCE("dma", nothing_can_be_written);
    SENTENCE("dma", of_read_write_and_skip_the_first_counts);
    SENTENCE("dma", without_any_nothing_is_moved);
    SENTENCE("dma", a_buffer_outside_memory_is_an_error);
    SENTENCE("dma", a_descriptor_outside_memory_is_a_guest_error);
    SENTENCE("dma", the_high_half_is_used_once);
    SENTENCE("dma", narrow_writes_start_nothing);
    SENTENCE("dma", a_transfer_over_its_descriptor_is_harmless);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SENTENCE("ports", item_0_is_the_signature);
    SENTENCE("ports", item_1_has_a_bit_for_dma);
    g_test_add("/fw_cfg/ports/without_dma_there_is_no_bit_and_no_register", Fw, "dma=off", setup,
               without_dma_there_is_no_bit_and_no_register, teardown);
    SENTENCE("ports", a_selection_begins_with_the_first_byte);
    SENTENCE("ports", after_the_last_byte_comes_0);
    SENTENCE("ports", an_item_that_there_is_not_is_0);
    SENTENCE("ports", the_write_channel_bit_means_nothing);
    SENTENCE("ports", the_arch_local_bit_is_part_of_the_key);
    SENTENCE("ports", only_16_bits_to_the_first_port_select);
    SENTENCE("ports", both_ports_read_a_byte_and_no_word);
    SENTENCE("ports", a_block_is_as_its_bytes);
    SENTENCE("directory", the_directory_has_the_files_by_name);
    STANDALONE("directory", without_items_there_are_the_three_of_its_own);
    add_dma_sentences();
    SENTENCE("state", reset_selects_the_signature);
    SENTENCE("state", saved_state_goes_on_where_it_was);
    SENTENCE("state", impossible_state_is_refused);
    SENTENCE("state", describe_names_the_file);
    SENTENCE("state", registers_have_the_names_of_the_text);
    STANDALONE("option", an_option_is_a_file_of_the_directory);
    STANDALONE("option", an_option_reads_a_file);
    STANDALONE("option", bad_options_are_refused_with_the_value);
    return g_test_run();
}
