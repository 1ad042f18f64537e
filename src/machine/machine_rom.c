/*
 * The option ROMs of PCI devices: romfile= and rombar= of -device, and the files
 * that QEMU's packages install.
 */
#include "src/base/error.h"
#include "src/base/file_io.h"
#include "src/base/number.h"
#include "src/device/pci.h"
#include "src/machine/machine.h"

#include <inttypes.h>
#include <string.h>

#define ROM_SIZE_MAX (UINT64_C(16) << 20)

/* An image in a ROM, and its data structure. */
#define IMAGE_SIGNATURE 0xaa55u
#define IMAGE_CHECKSUM  6u /* a byte that the image does not use for anything else */
#define IMAGE_DATA      0x18u
#define IMAGE_HEADER    0x1au
#define DATA_VENDOR     4u
#define DATA_DEVICE     6u
#define DATA_SIZE       0x18u

static const char *const DIRECTORIES[] = {"/usr/lib/ipxe/qemu", "/usr/share/qemu",
                                          "/usr/share/seabios", NULL};

char *machine_find_rom(const char *name)
{
    for (const char *const *directory = DIRECTORIES; *directory; directory++) {
        g_autofree char *path = g_build_filename(*directory, name, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            return g_steal_pointer(&path);
        }
    }
    return NULL;
}

static GBytes *read_rom(const char *what, const char *path, GError **error)
{
    g_auto(InputFile) file;
    if (!input_file_open(&file, what, path, error)) {
        return NULL;
    }
    if (!file.size || file.size > ROM_SIZE_MAX) {
        input_file_refuse(&file, error, "has %" PRIu64 " bytes (1 to 16 MiB are right)", file.size);
        return NULL;
    }
    return input_file_read(&file, error);
}

static uint16_t word(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static void put_word(uint8_t *image, size_t at, uint16_t value)
{
    for (unsigned i = 0; i < 2; i++, value >>= 8) {
        image[IMAGE_CHECKSUM] = (uint8_t)(image[IMAGE_CHECKSUM] + image[at + i] - (uint8_t)value);
        image[at + i] = (uint8_t)value;
    }
}

/*
 * The installed ROMs are made for one model of a card, and firmware runs only a ROM
 * that names its card.  So the first image gets the name of this one, as QEMU does
 * it.
 */
static GBytes *name_card(GBytes *rom, const PciIdentity *identity)
{
    gsize size;
    uint8_t *image = g_bytes_unref_to_data(rom, &size);
    size_t data = size >= IMAGE_HEADER ? word(image + IMAGE_DATA) : 0;
    if (data && word(image) == IMAGE_SIGNATURE && data + DATA_SIZE <= size &&
        !memcmp(image + data, "PCIR", 4)) {
        put_word(image, data + DATA_VENDOR, identity->vendor);
        put_word(image, data + DATA_DEVICE, identity->device);
    }
    return g_bytes_new_take(image, size);
}

/* The card's own ROM, if it has one that is installed. */
static GBytes *read_default(const PciIdentity *identity)
{
    g_autofree char *path = identity->rom ? machine_find_rom(identity->rom) : NULL;
    GBytes *rom = path ? read_rom("option ROM", path, NULL) : NULL;
    return rom ? name_card(rom, identity) : NULL;
}

static GBytes *read_named(const char *name, GError **error)
{
    g_autofree char *installed =
        strchr(name, '/') || g_file_test(name, G_FILE_TEST_EXISTS) ? NULL : machine_find_rom(name);
    return read_rom("romfile", installed ? installed : name, error);
}

static bool take_switch(GHashTable *properties, const char *name, bool *on, GError **error)
{
    const char *text = g_hash_table_lookup(properties, name);
    uint64_t value = 1;
    if (text && !number_parse(name, text, 1, &value, error)) {
        return false;
    }
    *on = value;
    g_hash_table_remove(properties, name);
    return true;
}

bool machine_plug_rom(Device *dev, GHashTable *properties, GError **error)
{
    const char *file = g_hash_table_lookup(properties, "romfile");
    g_autoptr(GBytes) rom = NULL;
    bool shown;
    if (!take_switch(properties, "rombar", &shown, error)) {
        return false;
    }
    if (!file && shown) {
        rom = read_default(device_class(dev)->pci);
    } else if (file && *file) {
        rom = read_named(file, error);
        if (!rom) {
            return false;
        }
    }
    g_hash_table_remove(properties, "romfile");
    return !rom || !shown || device_pci_set_rom(dev, rom, error);
}
