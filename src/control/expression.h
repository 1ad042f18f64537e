/*
 * Expressions of the monitor, as QEMU has them: numbers, 'c', $register,
 * + - * / % & | ^ ~ and parentheses.
 */
#ifndef PIOEMU_CONTROL_EXPRESSION_H
#define PIOEMU_CONTROL_EXPRESSION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The value of $name; false: there is no such register, or no CPU. */
typedef bool ExpressionRegister(void *opaque, const char *name, uint64_t *value);

/* Reads one from `*at` on and moves that behind it. */
bool expression_parse(const char **at, ExpressionRegister *lookup, void *opaque, uint64_t *value,
                      GError **error);

#endif
