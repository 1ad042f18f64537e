/* Numbers in the form in which users write them on the command line. */
#ifndef PIOEMU_BASE_NUMBER_H
#define PIOEMU_BASE_NUMBER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Parses a decimal or 0x number from 0 to `maximum`. `what` names the option in the
 * message: "-echr", "isa-serial: irq".
 */
bool number_parse(const char *what, const char *text, uint64_t maximum, uint64_t *value,
                  GError **error);
/*
 * The same with an optional suffix K, M or G (powers of 1024, upper or lower case).
 * With a suffix the number can have up to three decimals: 3.5G.
 */
bool number_parse_size(const char *what, const char *text, uint64_t maximum, uint64_t *value,
                       GError **error);
/* The same, but a number without a suffix is in MiB. */
bool number_parse_mebibytes(const char *what, const char *text, uint64_t maximum, uint64_t *value,
                            GError **error);
/* "on", "off", "yes", "no", "true", "false". */
bool number_parse_bool(const char *what, const char *text, bool *value, GError **error);

#endif
