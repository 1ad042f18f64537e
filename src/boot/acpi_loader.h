/*
 * The ACPI tables as items for a firmware, which chooses their addresses, with
 * QEMU's script of what to do with them: etc/acpi/tables, etc/acpi/rsdp,
 * etc/table-loader.
 */
#ifndef PIOEMU_ACPI_LOADER_H
#define PIOEMU_ACPI_LOADER_H

#include "src/boot/boot.h"

/* Adds nothing if the board has no power management registers. */
void acpi_loader_add(FwItems *items, const BootBoard *board);

#endif
