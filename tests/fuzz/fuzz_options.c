/*
 * All code that reads what a user writes: the command line, key=value lists,
 * numbers, dates, and the specifications of lines and devices.
 *
 * The first byte selects the code.  A line break separates two words.
 */
#include "devices/device_table.h"
#include "src/accel/accel.h"
#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/log.h"
#include "src/base/number.h"
#include "src/block/drive.h"
#include "src/boot/boot_order.h"
#include "src/boot/fw_items.h"
#include "src/char/char.h"
#include "src/cli/options.h"
#include "src/control/stream.h"
#include "src/cpu/address_filter.h"
#include "src/device/device_core.h"
#include "src/machine/rtc_date.h"
#include "tests/fuzz/fuzz.h"

static const char *const LINE_OPTIONS[] = {"append", "size", NULL};

static const ChardevClass LINE_CLASS = {
    .name = "fuzz",
    .usage = "fuzz:PATH",
    .help = "opens nothing",
    .argument = "path",
    .options = LINE_OPTIONS,
    .size = sizeof(Chardev),
};

static void parse_command_line(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, "\n", -1);
    g_autoptr(Config) config = config_new();
    g_autofree char *print = NULL;
    g_autoptr(GError) error = NULL;
    bool ok = options_parse(config, (int)g_strv_length(words), words, &print, &error);
    g_assert_true(ok ? !error && !print : !!error != !!print);
}

static void parse_list(const char *text)
{
    static const char *const KNOWN[] = {"irqchip", "path", "size", NULL};
    for (unsigned i = 0; i < 4; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GHashTable) table =
            keyval_parse("-x", text, i & 1 ? "path" : NULL, i & 2 ? KNOWN : NULL, &error);
        g_assert_true(!table == !!error);
    }
}

static void parse_number(const char *text)
{
    uint64_t value;
    bool on;
    g_autoptr(GError) error = NULL;
    g_assert_true(number_parse("-x", text, 1000, &value, &error) == !error);
    g_clear_error(&error);
    g_assert_true(number_parse_size("-x", text, UINT64_MAX, &value, &error) == !error);
    g_clear_error(&error);
    g_assert_true(number_parse_bool("-x", text, &on, &error) == !error);
}

/* Every command line could open a log file, which a fuzzer must not do. */
static void parse_line(const char *text)
{
    if (strstr(text, "logfile")) {
        return;
    }
    Loop *loop = loop_new(NULL);
    ChardevSet *set = chardev_set_new(loop, &(CharEvents){0}, 0);
    g_autofree char *spec = g_strdup_printf("fuzz%s", text);
    g_autoptr(GError) error = NULL;
    Chardev *chardev = chardev_set_add_class(set, &LINE_CLASS, "-serial", "line", spec, &error);
    g_assert_true(!chardev == !!error);
    chardev_set_free(set);
    loop_free(loop);
}

static CharPort *no_char_port(void *opaque, Device *dev, const char *id, GError **error)
{
    (void)opaque, (void)dev;
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "no chardev '%s'", id);
    return NULL;
}

static BlockPort *no_block_port(void *opaque, Device *dev, const char *id, GError **error)
{
    (void)opaque, (void)dev;
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "no drive '%s'", id);
    return NULL;
}

/* The first word is the class, and the others are properties. */
static void parse_properties(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, "\n", 2);
    Bus *bus = bus_new(false);
    Clock *clock = clock_new_stepped();
    DeviceHost host = {
        .bus = bus, .clock = clock, .char_port = no_char_port, .block_port = no_block_port};
    for (const DeviceClass *const *class = device_table; words[0] && *class; class ++) {
        if (!strcmp((*class)->head.name, words[0])) {
            g_autoptr(GError) error = NULL;
            Device *dev = device_new(*class, "x", &host);
            bool ok = device_set_properties(dev, words[1], &error) && device_realize(dev, &error);
            g_assert_true(ok == !error);
            device_free(dev);
        }
    }
    clock_free(clock);
    bus_free(bus);
}

static void parse_drive(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Drive) drive = drive_parse(text, &error);
    g_assert_true(!drive == !!error);
}

static void parse_stream(const char *text)
{
    g_autoptr(GError) error = NULL;
    StreamAddress address;
    if (stream_address_parse(&address, "-qmp", text, &error)) {
        g_assert_no_error(error);
        stream_address_clear(&address);
    } else {
        g_assert_nonnull(error);
    }
}

static void parse_filter(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(AddressFilter) filter = address_filter_new(text, &error);
    g_assert_true(!filter == !!error);
    g_assert_true(!filter || address_filter_covers(filter, 0, UINT64_MAX));
}

/* Two items of one table, each from a line and none from a file. */
static void parse_items(const char *text)
{
    if (strstr(text, "file")) {
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", 2);
    g_autoptr(FwItems) items = fw_items_new();
    size_t added = 0;
    for (char **line = lines; *line; line++) {
        g_autoptr(GError) error = NULL;
        bool ok = fw_items_add_option(items, *line, &error);
        g_assert_true(ok == !error);
        added += ok;
    }
    g_assert_cmpuint(fw_items_table(items)->count, >=, added);
}

static void parse_others(const char *text)
{
    const AccelClass *accel;
    GHashTable *table = NULL;
    g_autoptr(GError) error = NULL;
    if (accel_parse(text, &accel, &table, &error)) {
        g_hash_table_unref(table);
    }
    g_clear_error(&error);
    unsigned items;
    g_assert_true(log_parse_items(text, &items, &error) == !error);
    g_clear_error(&error);
    RtcOptions rtc;
    g_assert_true(rtc_options_parse(text, &rtc, &error) == !error);
    g_clear_error(&error);
    BootOrder order;
    g_assert_true(boot_order_parse(text, &order, &error) == !error);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const PARSERS[])(const char *) = {
        parse_command_line, parse_list,  parse_number, parse_line,   parse_properties,
        parse_others,       parse_drive, parse_stream, parse_filter, parse_items};
    FuzzInput in = {data, size};
    uint64_t which = fuzz_take(&in, 1) % G_N_ELEMENTS(PARSERS);
    g_autofree char *text = fuzz_take_text(&in);
    PARSERS[which](text);
    return 0;
}
