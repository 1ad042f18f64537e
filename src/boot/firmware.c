#include "src/boot/firmware.h"

#include "src/base/error.h"
#include "src/base/file_io.h"

#include <inttypes.h>
#include <string.h>

#define FIRMWARE_END UINT64_C(0x100000000)
#define SHADOW_END   UINT64_C(0x100000)
#define SHADOW_MAX   UINT64_C(0x20000)
/* KVM uses the addresses below this range for itself. */
#define FIRMWARE_MAX UINT64_C(0x1000000)

struct Firmware {
    GBytes *file; /* NULL: the built-in firmware */
    const uint8_t *image;
    uint64_t size;
};

static bool check_size(const InputFile *file, uint64_t size, GError **error)
{
    return (size && size % PAGE_SIZE == 0 && size <= FIRMWARE_MAX) ||
           input_file_refuse(file, error,
                             "has %" PRIu64 " bytes (a multiple of 4 KiB up to 16 MiB is right)",
                             size);
}

static bool read_image(Firmware *firmware, const char *path, GError **error)
{
    g_auto(InputFile) file;
    if (!input_file_open(&file, "-bios", path, error) || !check_size(&file, file.size, error)) {
        return false;
    }
    firmware->file = input_file_read(&file, error);
    if (!firmware->file) {
        return false;
    }
    gsize size;
    firmware->image = g_bytes_get_data(firmware->file, &size);
    firmware->size = size;
    return check_size(&file, size, error);
}

static bool take_builtin(Firmware *firmware, GError **error)
{
    size_t size;
    if (!firmware_builtin(&firmware->image, &size)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "nothing to boot with: this program has no firmware built in (name one with "
                    "-bios FILE, or a guest with -kernel FILE)");
        return false;
    }
    firmware->size = size;
    return true;
}

Firmware *firmware_new(const char *path, GError **error)
{
    g_autoptr(Firmware) firmware = g_new0(Firmware, 1);
    if (!(path ? read_image(firmware, path, error) : take_builtin(firmware, error))) {
        return NULL;
    }
    return g_steal_pointer(&firmware);
}

void firmware_free(Firmware *firmware)
{
    g_clear_pointer(&firmware->file, g_bytes_unref);
    g_free(firmware);
}

bool firmware_is_builtin(const Firmware *firmware)
{
    return !firmware->file;
}

static uint64_t shadow_size(const Firmware *firmware)
{
    return MIN(firmware->size, SHADOW_MAX);
}

bool firmware_map(const Firmware *firmware, Memory *memory, GError **error)
{
    uint64_t shadow = shadow_size(firmware);
    MemoryRegion *rom =
        memory_add_rom(memory, "bios", FIRMWARE_END - firmware->size, firmware->size, error);
    if (!rom) {
        return false;
    }
    memcpy(rom->host, firmware->image, firmware->size);
    return memory_add_shadow(memory, "bios-shadow", SHADOW_END - shadow, shadow, error);
}

void firmware_restore(const Firmware *firmware, Memory *memory)
{
    uint64_t shadow = shadow_size(firmware);
    memory_write(memory, SHADOW_END - shadow, firmware->image + firmware->size - shadow, shadow);
}
