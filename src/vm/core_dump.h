/*
 * A guest's memory and registers as an ELF core file, for gdb and crash.
 */
#ifndef PIOEMU_VM_CORE_DUMP_H
#define PIOEMU_VM_CORE_DUMP_H

#include "src/board/memory.h"
#include "src/cpu/cpu_state.h"

typedef struct CoreDump {
    const Memory *memory;
    const CpuState *states; /* of each CPU; the first one's mode is the file's */
    unsigned count;
    bool paging; /* by the first CPU's linear addresses, and not by physical ones */
} CoreDump;

/* Replaces the file `path`. */
bool core_dump_write(const CoreDump *dump, const char *path, GError **error);

#endif
