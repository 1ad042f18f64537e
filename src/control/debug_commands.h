/*
 * The commands that stop a machine for a look at it, for the table of commands.
 */
#ifndef PIOEMU_CONTROL_DEBUG_COMMANDS_H
#define PIOEMU_CONTROL_DEBUG_COMMANDS_H

#include "src/control/command.h"

JsonNode *command_gdbserver(Vm *vm, JsonObject *arguments, GError **error);
JsonNode *command_watch_port(Vm *vm, JsonObject *arguments, GError **error);
JsonNode *command_unwatch_port(Vm *vm, JsonObject *arguments, GError **error);
JsonNode *command_query_port_watches(Vm *vm, JsonObject *arguments, GError **error);
void command_show_port_watches(JsonNode *value, GString *text);

#endif
