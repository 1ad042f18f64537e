#include "tests/guest/boot_disk.h"

#include "tests/guest/guest_rig.h"

#include <string.h>

#define SECTOR 512u

char *boot_disk_make_of(const void *data, size_t size, size_t disk_size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *disk = g_malloc0(disk_size);
    char *path = guest_path("bios.img");
    memcpy(disk, data, size);
    g_file_set_contents(path, disk, (gssize)disk_size, &error);
    g_assert_no_error(error);
    return path;
}

char *boot_disk_make(const void *code, size_t size)
{
    uint8_t sector[SECTOR] = {0};
    g_assert_cmpuint(size, <=, SECTOR - 2);
    memcpy(sector, code, size);
    sector[SECTOR - 2] = 0x55;
    sector[SECTOR - 1] = 0xaa;
    return boot_disk_make_of(sector, SECTOR, BOOT_DISK_SIZE);
}
