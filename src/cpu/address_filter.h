/*
 * Ranges of addresses, as -dfilter has them.
 */
#ifndef PIOEMU_CPU_ADDRESS_FILTER_H
#define PIOEMU_CPU_ADDRESS_FILTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct AddressFilter AddressFilter;

/*
 * FIRST..LAST, FIRST+SIZE or LAST-SIZE (the SIZE bytes that end with LAST),
 * several with commas between; decimal or 0x.  Freed by the caller.
 */
AddressFilter *address_filter_new(const char *text, GError **error);
void address_filter_free(AddressFilter *filter);

/* Whether any of first..last is in a range; NULL has them all. */
bool address_filter_covers(const AddressFilter *filter, uint64_t first, uint64_t last);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(AddressFilter, address_filter_free)

#endif
