/*
 * The answer of query-qmp-schema: the table of commands and the events, in the
 * form of QEMU's SchemaInfo.
 */
#ifndef PIOEMU_CONTROL_SCHEMA_H
#define PIOEMU_CONTROL_SCHEMA_H

#include <json-glib/json-glib.h>

JsonArray *schema_new(void);

#endif
