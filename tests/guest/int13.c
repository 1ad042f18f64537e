#include "tests/guest/int13.h"

#include <string.h>

#define SECTOR 512u
#define KIB    1024u

#define BOOT_SECTOR "/tests/guest/int13_sector.bin"

Int13Image int13_new(const char *name, unsigned kib, const Int13Call *calls, unsigned count)
{
    Int13Image image = {.path = guest_path(name), .size = kib * KIB};
    g_autofree char *from = g_strconcat(g_getenv("PIOEMU_BUILD"), BOOT_SECTOR, NULL);
    g_autofree char *code = NULL;
    uint16_t list;
    g_assert_true(g_file_get_contents(from, &code, NULL, NULL));
    memcpy(&list, code + SECTOR, sizeof(list));
    image.data = g_malloc(image.size);
    uint32_t state = 5;
    for (size_t i = 0; i < image.size; i++) {
        state = state * 1664525u + 1013904223u;
        image.data[i] = (uint8_t)(state >> 24);
    }
    memcpy(image.data, code, SECTOR);
    g_assert_cmpuint(list + count * sizeof(*calls), <=, SECTOR - 2);
    memcpy(image.data + list, calls, count * sizeof(*calls));
    g_assert_true(
        g_file_set_contents(image.path, (const char *)image.data, (gssize)image.size, NULL));
    return image;
}

void int13_free(Int13Image *image)
{
    g_free(image->path);
    g_free(image->data);
}

uint16_t int13_sum_of(const Int13Image *image, unsigned first, unsigned count)
{
    uint16_t sum = 0;
    for (size_t i = first * SECTOR; i < (first + count) * SECTOR; i += 2) {
        uint16_t word;
        memcpy(&word, image->data + i, sizeof(word));
        sum = (uint16_t)(sum + word);
    }
    return sum;
}

void int13_expect_file(const Int13Image *image)
{
    g_autofree char *after = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(image->path, &after, &size, NULL));
    g_assert_true(size == image->size && !memcmp(after, image->data, size));
}

void int13_expect_line(Guest *guest, unsigned ax, const Int13Call *call, unsigned bx, char carry)
{
    g_autofree char *line =
        g_strdup_printf("%04x %04x %04x %04x %c", ax, bx, call->cx, call->dx, carry);
    guest_expect(guest, GUEST_OUT, line);
}

void int13_expect_sum(Guest *guest, uint16_t sum)
{
    g_autofree char *text = g_strdup_printf(" %04x \r\n", sum);
    guest_expect(guest, GUEST_OUT, text);
}
