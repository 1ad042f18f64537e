/* -boot: from which devices, and in which order, a firmware boots. */
#ifndef PIOEMU_BOOT_ORDER_H
#define PIOEMU_BOOT_ORDER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define BOOT_ORDER_DEFAULT "cad"
#define BOOT_ORDER_MAX     3u

#define BOOT_SPLASH_DEFAULT (-1)
#define BOOT_SPLASH_MAX     65535u
#define BOOT_WAIT_NEVER     (-1)

/* The letters: a and b are floppies, c is a hard disk, d is a CD-ROM, n is the network. */
typedef struct BootOrder {
    char order[BOOT_ORDER_MAX + 1];
    char once[BOOT_ORDER_MAX + 1]; /* empty: there is none */
    bool menu;                     /* the firmware offers a choice */
    int32_t splash_ms;             /* how long it waits for the choice; BOOT_SPLASH_DEFAULT: the
                                      firmware decides */
    bool strict;                   /* a firmware tries nothing else */
    int32_t fail_wait_ms;          /* after which a firmware that found nothing starts again;
                                      BOOT_WAIT_NEVER: it does not */
} BootOrder;

/* Parses "[order=]LETTERS,once=LETTERS,menu=on|off,splash-time=MS".  NULL gives the default. */
bool boot_order_parse(const char *text, BootOrder *order, GError **error);

#endif
