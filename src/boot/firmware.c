#include "src/boot/firmware.h"

#include "src/error.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define FIRMWARE_END UINT64_C(0x100000000)
#define SHADOW_END   UINT64_C(0x100000)
#define SHADOW_MAX   UINT64_C(0x20000)
/* Below is what KVM keeps for itself. */
#define FIRMWARE_MAX UINT64_C(0x1000000)

struct Firmware {
    char *file; /* NULL: built in */
    const uint8_t *image;
    uint64_t size;
};

static bool refuse(GError **error, const char *path, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-bios %s: %s", path, why);
    return false;
}

static bool check_file(const char *path, GError **error)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        return refuse(error, path, g_strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return refuse(error, path, "is not a regular file");
    }
    if (st.st_size == 0 || st.st_size % MEMORY_PAGE_SIZE || (uint64_t)st.st_size > FIRMWARE_MAX) {
        g_autofree char *why =
            g_strdup_printf("has %" PRIu64 " bytes (a multiple of 4 KiB up to 16 MiB is right)",
                            (uint64_t)st.st_size);
        return refuse(error, path, why);
    }
    return true;
}

static bool read_image(Firmware *firmware, const char *path, GError **error)
{
    g_autoptr(GError) failure = NULL;
    gsize size;
    if (!check_file(path, error)) {
        return false;
    }
    if (!g_file_get_contents(path, &firmware->file, &size, &failure)) {
        return refuse(error, path, failure->message);
    }
    firmware->image = (const uint8_t *)firmware->file;
    firmware->size = size;
    return (size && size % MEMORY_PAGE_SIZE == 0 && size <= FIRMWARE_MAX) ||
           refuse(error, path, "changes its size while it is read");
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
    g_free(firmware->file);
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
