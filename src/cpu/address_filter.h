/* Ranges of addresses in the syntax of -dfilter. */
#ifndef PIOEMU_CPU_ADDRESS_FILTER_H
#define PIOEMU_CPU_ADDRESS_FILTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct AddressFilter AddressFilter;

/*
 * Each range is FIRST..LAST, FIRST+SIZE or LAST-SIZE (the SIZE bytes that end with
 * LAST).  Commas separate several.  Numbers are decimal or begin with 0x.  The
 * caller frees the filter.
 */
AddressFilter *address_filter_new(const char *text, GError **error);
void address_filter_free(AddressFilter *filter);

/* Whether any address of first..last is in a range.  NULL contains all addresses. */
bool address_filter_covers(const AddressFilter *filter, uint64_t first, uint64_t last);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(AddressFilter, address_filter_free)

#endif
