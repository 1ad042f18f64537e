/*
 * -boot: from what, and in which order, a firmware is to boot.
 */
#ifndef PIOEMU_BOOT_ORDER_H
#define PIOEMU_BOOT_ORDER_H

#include <glib.h>
#include <stdbool.h>

#define BOOT_ORDER_DEFAULT "cad"
#define BOOT_ORDER_MAX     3u

/* Letters: a and b floppies, c a hard disk, d a CD-ROM. */
typedef struct BootOrder {
    char order[BOOT_ORDER_MAX + 1];
    char once[BOOT_ORDER_MAX + 1]; /* empty: not asked for */
    bool menu;                     /* the firmware is to offer a choice */
    bool network;                  /* the network was asked for: there is none */
} BootOrder;

/* "[order=]LETTERS,once=LETTERS,menu=on|off"; NULL: what holds without -boot. */
bool boot_order_parse(const char *text, BootOrder *order, GError **error);

#endif
