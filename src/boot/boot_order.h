/*
 * -boot: from what, and in which order, a firmware is to boot.
 */
#ifndef PIOEMU_BOOT_ORDER_H
#define PIOEMU_BOOT_ORDER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define BOOT_ORDER_DEFAULT "cad"
#define BOOT_ORDER_MAX     3u

#define BOOT_SPLASH_DEFAULT (-1)
#define BOOT_SPLASH_MAX     65535u

/* Letters: a and b floppies, c a hard disk, d a CD-ROM. */
typedef struct BootOrder {
    char order[BOOT_ORDER_MAX + 1];
    char once[BOOT_ORDER_MAX + 1]; /* empty: not asked for */
    bool menu;                     /* the firmware is to offer a choice */
    int32_t splash_ms;             /* how long it waits for one; BOOT_SPLASH_DEFAULT: it knows */
    bool network;                  /* the network was asked for: there is none */
} BootOrder;

/* "[order=]LETTERS,once=LETTERS,menu=on|off,splash-time=MS"; NULL: what holds without -boot. */
bool boot_order_parse(const char *text, BootOrder *order, GError **error);

#endif
