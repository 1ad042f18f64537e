/*
 * Disks that make a list of INT 13h calls (int13_sector.S), and what they print.
 */
#ifndef PIOEMU_INT13_H
#define PIOEMU_INT13_H

#include "tests/guest/guest_rig.h"

typedef struct Int13Call {
    uint16_t ax, cx, dx, es, bx;
} Int13Call;

#define INT13_CALLS_END                                                                            \
    {                                                                                              \
        0xffff, 0, 0, 0, 0                                                                         \
    }

typedef struct Int13Image {
    char *path;
    uint8_t *data;
    size_t size;
} Int13Image;

/* Makes an image with the boot sector and its list, and words that differ from sector to sector. */
Int13Image int13_new(const char *name, unsigned kib, const Int13Call *calls, unsigned count);
void int13_free(Int13Image *image);
/* The sum of the words of some sectors. */
uint16_t int13_sum_of(const Int13Image *image, unsigned first, unsigned count);
/* Checks that the file is as the guest left it. */
void int13_expect_file(const Int13Image *image);
/* Waits for what a call printed: its registers, and carry (C) or not (.). */
void int13_expect_line(Guest *guest, unsigned ax, const Int13Call *call, unsigned bx, char carry);
/* Waits for what a read printed in addition. */
void int13_expect_sum(Guest *guest, uint16_t sum);

#endif
