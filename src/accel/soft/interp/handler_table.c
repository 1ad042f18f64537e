/* The handlers by their numbers in the opcode map. */
#include "src/accel/soft/interp/handler_ids.h"
#include "src/accel/soft/x86/opcode_map.h"

Handler *const MAP_NAME(opcode_handlers)[] = {
#define HANDLER(name) [ID_##name] = OP_NAME(name),
#include "src/accel/soft/interp/handler_list.inc"
};
