/*
 * What a firmware is told through the fw_cfg device: items with fixed numbers, and
 * files, which get their numbers in the order of their names.
 */
#ifndef PIOEMU_FW_ITEMS_H
#define PIOEMU_FW_ITEMS_H

#include "devices/device.h"

#include <glib.h>

typedef struct FwItems FwItems;

FwItems *fw_items_new(void);
void fw_items_free(FwItems *items);

/* Takes ownership of `bytes`. */
void fw_items_add(FwItems *items, unsigned key, GBytes *bytes);
/* Adds a little-endian number of 1 to 8 bytes. */
void fw_items_add_number(FwItems *items, unsigned key, uint64_t value, unsigned size);

/* If there is a file of this name already, it does not change.  Takes ownership of `bytes`. */
void fw_items_add_file(FwItems *items, const char *name, GBytes *bytes);
/* The same, but it replaces an earlier one of the program's own. */
void fw_items_set_file(FwItems *items, const char *name, GBytes *bytes);
void fw_items_add_number_file(FwItems *items, const char *name, uint64_t value, unsigned size);
/* Adds a file as -fw_cfg describes it: "[name=]NAME,file=PATH" or "[name=]NAME,string=TEXT". */
bool fw_items_add_option(FwItems *items, const char *text, GError **error);

/* The table of all items, which `items` owns.  Nothing can be added after this call. */
const DataTable *fw_items_table(FwItems *items);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(FwItems, fw_items_free)

#endif
