/*
 * The loaders: the file of -kernel, with a -flat text before it.
 *
 * The input is a byte, the text of as many bytes, and the file.
 */
#include "src/boot/boot.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY_SIZE (4u << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

static void load(const char *path, const char *flat)
{
    g_autoptr(GError) error = NULL;
    const BootOptions options = {.kernel = path, .flat = flat};
    const BootBoard board = {.cpus = 1};
    g_autoptr(BootImage) image = boot_image_new(&options, MEMORY_SIZE, &error);
    g_autoptr(Memory) memory = memory_new(MEMORY_SIZE, NULL);
    CpuState state;
    if (image) {
        g_autoptr(GError) failure = NULL;
        bool loaded = boot_image_load(image, &board, memory, &state, &failure);
        g_assert_true(loaded == !failure);
    } else {
        g_assert_nonnull(error);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = {data, size};
    size_t length;
    const uint8_t *text = fuzz_take_bytes(&in, 255, &length);
    g_autofree char *flat = length ? g_strndup((const char *)text, length) : NULL;
    int fd = memfd_create("kernel", MFD_CLOEXEC);
    g_assert_cmpint(write(fd, in.data, in.size), ==, (ssize_t)in.size);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    load(path, flat);
    close(fd);
    return 0;
}
