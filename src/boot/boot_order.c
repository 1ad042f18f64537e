#include "src/boot/boot_order.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"

#include <string.h>

static const char *const KEYS[] = {"order",  "once",           "menu",   "splash-time",
                                   "strict", "reboot-timeout", "splash", NULL};

static bool refuse(GError **error, const char *key, const char *letters, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-boot %s=%s: %s", key, letters, why);
    return false;
}

/* As a fourth letter the network says nothing: firmware tries it after three others. */
static bool parse_letters(const char *key, const char *letters, char *order, GError **error)
{
    unsigned count = 0;
    for (const char *p = letters; *p; p++) {
        if (!strchr("abcdn", *p)) {
            return refuse(error, key, letters,
                          "letters are a (floppy), c (hard disk), d (CD-ROM) and n (network)");
        }
        if (strchr(p + 1, *p)) {
            return refuse(error, key, letters, "a letter comes twice");
        }
        if (count < BOOT_ORDER_MAX) {
            order[count++] = *p;
        } else if (*p != 'n') {
            return refuse(error, key, letters, "at most three letters, and n");
        }
    }
    order[count] = '\0';
    return *letters || refuse(error, key, letters, "no letter (as in order=cd)");
}

static bool parse_splash(const char *text, int32_t *ms, GError **error)
{
    uint64_t value;
    if (!number_parse("-boot splash-time", text, BOOT_SPLASH_MAX, &value, error)) {
        return false;
    }
    *ms = (int32_t)value;
    return true;
}

/* Milliseconds; -1 means never. */
static bool parse_timeout(const char *text, int32_t *ms, GError **error)
{
    uint64_t value;
    if (!strcmp(text, "-1")) {
        *ms = BOOT_WAIT_NEVER;
        return true;
    }
    if (!number_parse("-boot reboot-timeout", text, BOOT_SPLASH_MAX, &value, error)) {
        return false;
    }
    *ms = (int32_t)value;
    return true;
}

static bool parse_table(GHashTable *table, BootOrder *order, GError **error)
{
    const char *letters = g_hash_table_lookup(table, "order");
    const char *once = g_hash_table_lookup(table, "once");
    const char *menu = g_hash_table_lookup(table, "menu");
    const char *splash = g_hash_table_lookup(table, "splash-time");
    const char *strict = g_hash_table_lookup(table, "strict");
    const char *timeout = g_hash_table_lookup(table, "reboot-timeout");
    return (!letters || parse_letters("order", letters, order->order, error)) &&
           (!once || parse_letters("once", once, order->once, error)) &&
           (!menu || number_parse_bool("-boot menu", menu, &order->menu, error)) &&
           (!splash || parse_splash(splash, &order->splash_ms, error)) &&
           (!strict || number_parse_bool("-boot strict", strict, &order->strict, error)) &&
           (!timeout || parse_timeout(timeout, &order->fail_wait_ms, error));
}

bool boot_order_parse(const char *text, BootOrder *order, GError **error)
{
    *order = (BootOrder){.order = BOOT_ORDER_DEFAULT,
                         .splash_ms = BOOT_SPLASH_DEFAULT,
                         .fail_wait_ms = BOOT_WAIT_NEVER};
    if (!text) {
        return true;
    }
    g_autoptr(GHashTable) table = keyval_parse("-boot", text, "order", KEYS, error);
    return table && parse_table(table, order, error);
}
