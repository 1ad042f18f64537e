/*
 * What a firmware is told through the fw_cfg device: items by number, and
 * files, which get theirs in the order of their names.
 */
#ifndef PIOEMU_FW_ITEMS_H
#define PIOEMU_FW_ITEMS_H

#include "devices/device.h"

#include <glib.h>

typedef struct FwItems FwItems;

FwItems *fw_items_new(void);
void fw_items_free(FwItems *items);

/* `bytes` is taken. */
void fw_items_add(FwItems *items, unsigned key, GBytes *bytes);
/* Little-endian, in 1 to 8 bytes. */
void fw_items_add_number(FwItems *items, unsigned key, uint64_t value, unsigned size);

/* A file that is there already keeps what it has; `bytes` is taken. */
void fw_items_add_file(FwItems *items, const char *name, GBytes *bytes);
void fw_items_add_number_file(FwItems *items, const char *name, uint64_t value, unsigned size);
/* "[name=]NAME,file=PATH" or "[name=]NAME,string=TEXT", as after -fw_cfg. */
bool fw_items_add_option(FwItems *items, const char *text, GError **error);

/* The whole; stays the items', and nothing is added any more. */
const DataTable *fw_items_table(FwItems *items);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(FwItems, fw_items_free)

#endif
