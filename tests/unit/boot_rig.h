/*
 * For the tests of src/boot: kernels are byte arrays that a test writes, with
 * a machine's memory to load them into.
 */
#ifndef PIOEMU_BOOT_RIG_H
#define PIOEMU_BOOT_RIG_H

#include "src/base/error.h"
#include "src/boot/boot.h"
#include "src/machine/pc_board.h"

#include <glib/gstdio.h>
#include <string.h>

#define BOOT_RIG_MEMORY (UINT64_C(16) << 20)

typedef struct BootRig {
    char *directory, *path, *module_path;
    Memory *memory;
    GByteArray *file;
    BootOptions options;
    BootBoard board;
    CpuState state;
    FwItems *items; /* the items of the last kernel that a firmware will start */
} BootRig;

static inline void boot_rig_set_up(BootRig *rig, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    memset(rig, 0, sizeof(*rig));
    rig->directory = g_dir_make_tmp("pioemu-boot-XXXXXX", &error);
    g_assert_no_error(error);
    rig->path = g_build_filename(rig->directory, "kernel", NULL);
    rig->module_path = g_build_filename(rig->directory, "module", NULL);
    rig->memory = memory_new(BOOT_RIG_MEMORY, &error);
    g_assert_no_error(error);
    rig->file = g_byte_array_new();
    rig->board = (BootBoard){.topology = {1, 1, 1, 1, 1},
                             .lapic_base = LAPIC_BASE,
                             .ioapic_base = IOAPIC_BASE,
                             .acpi_port = PORT_ACPI_PM,
                             .acpi_irq = IRQ_ACPI};
    rig->options.kernel = rig->path;
}

static inline void boot_rig_tear_down(BootRig *rig, gconstpointer data)
{
    (void)data;
    g_unlink(rig->path);
    g_unlink(rig->module_path);
    g_rmdir(rig->directory);
    g_free(rig->path);
    g_free(rig->module_path);
    g_free(rig->directory);
    memory_free(rig->memory);
    g_clear_pointer(&rig->items, fw_items_free);
    g_byte_array_unref(rig->file);
}

/* ---- the file; it grows with zeros as far as something is written ---- */

static inline void boot_rig_grow(BootRig *rig, guint size)
{
    guint old = rig->file->len;
    if (size > old) {
        g_byte_array_set_size(rig->file, size);
        memset(rig->file->data + old, 0, size - old);
    }
}

static inline void boot_rig_bytes(BootRig *rig, guint offset, const void *data, guint size)
{
    boot_rig_grow(rig, offset + size);
    memcpy(rig->file->data + offset, data, size);
}

static inline void boot_rig_set(BootRig *rig, guint offset, uint64_t value, guint size)
{
    boot_rig_bytes(rig, offset, &value, size);
}

static inline uint64_t boot_rig_get(const BootRig *rig, guint offset, guint size)
{
    uint64_t value = 0;
    memcpy(&value, rig->file->data + offset, size);
    return value;
}

static inline void boot_rig_module(BootRig *rig, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_file_set_contents(rig->module_path, text, -1, &error);
    g_assert_no_error(error);
}

/* ---- loading ---- */

/* The items are copies, because the image is freed. */
static inline bool boot_rig_offer(BootRig *rig, const BootImage *image, GError **error)
{
    g_autoptr(FwItems) items = fw_items_new();
    g_clear_pointer(&rig->items, fw_items_free);
    rig->items = fw_items_new();
    if (!boot_image_offer(image, rig->memory, items, error)) {
        return false;
    }
    const DataTable *table = fw_items_table(items);
    for (size_t i = 0; i < table->count; i++) {
        const DataItem *item = &table->items[i];
        fw_items_add(rig->items, item->key, g_bytes_new(item->data, item->size));
    }
    return true;
}

/* The item that a firmware finds under this number. */
static inline const DataItem *boot_rig_item(const BootRig *rig, unsigned key)
{
    const DataTable *table = fw_items_table(rig->items);
    for (size_t i = 0; i < table->count; i++) {
        if (table->items[i].key == key) {
            return &table->items[i];
        }
    }
    g_error("no item 0x%x", key);
}

static inline uint32_t boot_rig_number(const BootRig *rig, unsigned key)
{
    uint32_t value;
    const DataItem *item = boot_rig_item(rig, key);
    g_assert_cmpuint(item->size, ==, sizeof(value));
    memcpy(&value, item->data, sizeof(value));
    return value;
}

/*
 * Makes a new file each time, because truncating and closing an old one would write
 * it to the disk at once.
 */
static inline void boot_rig_write(const BootRig *rig)
{
    g_unlink(rig->path);
    FILE *file = fopen(rig->path, "we");
    g_assert_nonnull(file);
    g_assert_cmpuint(fwrite(rig->file->data, 1, rig->file->len, file), ==, rig->file->len);
    g_assert_cmpint(fclose(file), ==, 0);
}

static inline bool boot_rig_try(BootRig *rig, GError **error)
{
    boot_rig_write(rig);
    g_autoptr(BootImage) image = boot_image_new(&rig->options, BOOT_RIG_MEMORY, error);
    if (image && boot_image_wants_firmware(image)) {
        return boot_rig_offer(rig, image, error);
    }
    return image && boot_image_load(image, &rig->board, rig->memory, &rig->state, error);
}

static inline void boot_rig_load(BootRig *rig)
{
    g_autoptr(GError) error = NULL;
    bool loaded = boot_rig_try(rig, &error);
    g_assert_no_error(error);
    g_assert_true(loaded);
}

/* `why` follows "-kernel PATH: ". */
static inline void boot_rig_refused(BootRig *rig, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(boot_rig_try(rig, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_autofree char *message = g_strdup_printf("-kernel %s: %s", rig->path, why);
    g_assert_cmpstr(error->message, ==, message);
}

/* The hint for a file that is no ELF file but could be run. */
#define BOOT_RIG_FLAT_HINT " (-flat addr=0x1000 runs it as a flat binary)"

/* Loads the kernel, whether or not that works, while a sanitizer checks the accesses. */
static inline void boot_rig_survive(BootRig *rig)
{
    g_autoptr(GError) error = NULL;
    if (!boot_rig_try(rig, &error)) {
        g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    }
}

/* Tries the file cut off after each of its first bytes, and with bytes changed at random. */
static inline void boot_rig_garble(BootRig *rig, guint cuts, guint from, guint to)
{
    g_autoptr(GByteArray) whole = rig->file;
    for (guint size = 1; size < cuts; size++) {
        rig->file = g_byte_array_append(g_byte_array_new(), whole->data, size);
        boot_rig_survive(rig);
        g_byte_array_unref(rig->file);
    }
    static const uint8_t VALUES[] = {0, 1, 0x7f, 0x80, 0xff};
    for (guint at = from; at < to; at++) {
        for (guint i = 0; i < G_N_ELEMENTS(VALUES); i++) {
            rig->file = g_byte_array_append(g_byte_array_new(), whole->data, whole->len);
            rig->file->data[at] = VALUES[i];
            boot_rig_survive(rig);
            g_byte_array_unref(rig->file);
        }
    }
    rig->file = g_steal_pointer(&whole);
}

/* ---- memory ---- */

static inline uint64_t boot_rig_peek(const BootRig *rig, uint64_t address, size_t size)
{
    uint64_t value = 0;
    g_assert_true(memory_read(rig->memory, address, &value, size));
    return value;
}

static inline uint32_t boot_rig_peek32(const BootRig *rig, uint64_t address)
{
    return (uint32_t)boot_rig_peek(rig, address, 4);
}

static inline void boot_rig_bytes_are(const BootRig *rig, uint64_t address, const void *bytes,
                                      size_t size)
{
    g_autofree char *got = g_malloc0(size);
    g_assert_true(memory_read(rig->memory, address, got, size));
    g_assert_cmpmem(got, (int)size, bytes, (int)size);
}

static inline void boot_rig_begins_with(const BootRig *rig, uint64_t address, const char *text)
{
    boot_rig_bytes_are(rig, address, text, strlen(text));
}

/* Checks a text and its final NUL. */
static inline void boot_rig_text_is(const BootRig *rig, uint64_t address, const char *text)
{
    boot_rig_bytes_are(rig, address, text, strlen(text) + 1);
}

static inline void boot_rig_sum_is_zero(const BootRig *rig, uint64_t address, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + boot_rig_peek(rig, address + i, 1));
    }
    g_assert_cmphex(sum, ==, 0);
}

/* ---- the CPU ---- */

static inline void boot_rig_is_flat_protected(const BootRig *rig)
{
    const CpuState *s = &rig->state;
    g_assert_cmphex(s->cr0 & (CPU_CR0_PE | CPU_CR0_PG), ==, CPU_CR0_PE);
    g_assert_cmphex(s->cr4, ==, 0);
    g_assert_cmphex(s->msr.efer, ==, 0);
    g_assert_cmphex(s->rflags, ==, CPU_FLAG_ONE);
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        g_assert_cmphex(s->segment[i].base, ==, 0);
        g_assert_cmphex(s->segment[i].limit, ==, UINT32_MAX);
        g_assert_cmphex(s->segment[i].attributes, ==, i == CPU_CS ? 0xc09b : 0xc093);
        uint64_t descriptor = boot_rig_peek(rig, s->gdtr.base + (s->segment[i].selector & ~7u), 8);
        g_assert_cmphex(descriptor, ==,
                        i == CPU_CS ? UINT64_C(0x00cf9b000000ffff) : UINT64_C(0x00cf93000000ffff));
    }
}

#endif
