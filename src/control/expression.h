/*
 * Expressions of the monitor with QEMU's syntax: numbers, 'c', $register, + - * / %
 * & | ^ ~ and parentheses.
 */
#ifndef PIOEMU_CONTROL_EXPRESSION_H
#define PIOEMU_CONTROL_EXPRESSION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Finds the value of $name.  Returns false if there is no such register, or no CPU. */
typedef bool ExpressionRegister(void *opaque, const char *name, uint64_t *value);

/* Parses an expression that begins at `*at`, and moves `*at` to its end. */
bool expression_parse(const char **at, ExpressionRegister *lookup, void *opaque, uint64_t *value,
                      GError **error);

#endif
