/*
 * The loaders: the file of -kernel, with texts and modules, or the file of -bios.
 *
 * The input begins with a byte that selects the way.  If that requires a text for
 * -flat or -append, the text follows, with its length before it.  The rest is the
 * file.
 */
#include "src/boot/boot.h"
#include "src/boot/firmware.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY_SIZE (4u << 20)
#define MODULE_MAX  300u

#define HOW_TEXT    0x03u
#define TEXT_FLAT   1u
#define TEXT_APPEND 2u
#define HOW_ENTRY   0x0cu
#define HOW_MODULE  0x10u
#define HOW_MODULES 0x20u
#define HOW_BOARD   0x40u
#define HOW_BIOS    0x80u /* the file is used as a firmware, which is given the kernel */

typedef struct File {
    int fd;
    char *path;
} File;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

static File file_new(const uint8_t *data, size_t size)
{
    File file = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};
    g_assert_cmpint(write(file.fd, data, size), ==, (ssize_t)size);
    file.path = g_strdup_printf("/proc/self/fd/%d", file.fd);
    return file;
}

static void file_clear(File *file)
{
    close(file->fd);
    g_free(file->path);
}

/* The size of a firmware is a multiple of a page. */
static File rom_new(const uint8_t *data, size_t size)
{
    File file = file_new(data, size);
    size_t whole = (size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    g_assert_cmpint(ftruncate(file.fd, (off_t)whole), ==, 0);
    return file;
}

static void offer(const BootOptions *options, const File *rom, const BootBoard *board)
{
    g_autoptr(GError) error = NULL, refusal = NULL;
    g_autoptr(Memory) memory = memory_new(MEMORY_SIZE, NULL);
    g_autoptr(Firmware) firmware = firmware_new(rom->path, &error);
    g_assert_true(!firmware == !!error);
    if (firmware && firmware_map(firmware, memory, &error)) {
        firmware_restore(firmware, memory);
        boot_put_tables(board, memory);
    }
    g_autoptr(BootImage) image = boot_image_new(options, MEMORY_SIZE, &refusal);
    g_autoptr(FwItems) items = fw_items_new();
    if (image) {
        g_assert_true(boot_image_offer(image, memory, items, &refusal) == !refusal);
        g_assert_nonnull(fw_items_table(items));
    }
}

static void load(const BootOptions *options, const BootBoard *board)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BootImage) image = boot_image_new(options, MEMORY_SIZE, &error);
    g_autoptr(Memory) memory = memory_new(MEMORY_SIZE, NULL);
    CpuState state;
    if (image) {
        g_autoptr(GError) failure = NULL;
        g_autoptr(FwItems) items = fw_items_new();
        bool loaded = boot_image_wants_firmware(image)
                          ? boot_image_offer(image, memory, items, &failure)
                          : boot_image_load(image, board, memory, &state, &failure);
        g_assert_true(loaded == !failure);
    } else {
        g_assert_nonnull(error);
    }
}

/* The modules are the first bytes of the kernel. */
static char *name_modules(uint64_t how, const File *module)
{
    if (!(how & HOW_MODULE)) {
        return NULL;
    }
    return how & HOW_MODULES ? g_strdup_printf("%s one,%s two,,three", module->path, module->path)
                             : g_strdup(module->path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ENTRIES[] = {NULL, "16", "32", "64"};
    FuzzInput in = {data, size};
    uint64_t how = fuzz_take(&in, 1);
    size_t length = 0;
    const uint8_t *bytes = how & HOW_TEXT ? fuzz_take_bytes(&in, 255, &length) : NULL;
    g_autofree char *text = g_strndup((const char *)bytes, length);
    File kernel = file_new(in.data, in.size);
    File module = file_new(in.data, MIN(in.size, MODULE_MAX));
    g_autofree char *modules = name_modules(how, &module);
    const BootOptions options = {
        .kernel = kernel.path,
        .flat = how & TEXT_FLAT ? text : NULL,
        .append = how & TEXT_APPEND ? text : NULL,
        .initrd = modules,
        .entry = ENTRIES[(how & HOW_ENTRY) >> 2],
    };
    const BootBoard plain = {.topology = {1, 1, 1, 1, 1}};
    const BootBoard full = {.topology = {2, 1, 1, 2, 1},
                            .apic = true,
                            .acpi_port = 0x600,
                            .acpi_irq = 9,
                            .reset_port = 0xcf9};
    if (how & HOW_BIOS) {
        File rom = rom_new(in.data, in.size);
        offer(&options, &rom, how & HOW_BOARD ? &full : &plain);
        file_clear(&rom);
    } else {
        load(&options, how & HOW_BOARD ? &full : &plain);
    }
    file_clear(&module);
    file_clear(&kernel);
    return 0;
}
