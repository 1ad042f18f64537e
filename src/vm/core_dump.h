/*
 * Writes a guest's memory and registers as an ELF core file, for gdb and
 * crash.
 */
#ifndef PIOEMU_VM_CORE_DUMP_H
#define PIOEMU_VM_CORE_DUMP_H

#include "src/board/memory.h"
#include "src/cpu/cpu_state.h"

typedef struct CoreDump {
    const Memory *memory;
    const CpuState
        *states; /* one for each CPU; the mode of the first one decides the mode of the file */
    unsigned count;
    bool paging; /* the ranges are linear addresses of the first CPU, and not physical ones */
} CoreDump;

/* Replaces the file `path`. */
bool core_dump_write(const CoreDump *dump, const char *path, GError **error);

#endif
