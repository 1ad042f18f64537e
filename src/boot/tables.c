/*
 * The tables that a BIOS would leave in its ROM's segment.
 */
#include "src/boot/load.h"

uint8_t boot_checksum(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return (uint8_t)-sum;
}

uint32_t boot_tables_add(BootTables *tables, const void *data, size_t size, unsigned align)
{
    static const uint8_t PADDING[64];
    g_byte_array_append(tables->bytes, PADDING, -tables->bytes->len & (align - 1));
    uint32_t address = (uint32_t)BOOT_ROM_START + tables->bytes->len;
    g_byte_array_append(tables->bytes, data, (guint)size);
    return address;
}

bool boot_add_tables(BootLoad *load, GError **error)
{
    const BootBoard *board = load->board;
    const MemoryRegion *region = memory_find(load->memory, BOOT_ROM_START);
    if (!region || region->read_only || memory_ram_size(load->memory) < BOOT_HIGH) {
        return true;
    }
    BootTables tables = {board, g_byte_array_new()};
    g_autoptr(GByteArray) bytes = tables.bytes;
    if (board->apic) {
        boot_add_mp_table(&tables);
    }
    if (board->acpi_port) {
        load->rsdp = boot_add_acpi_tables(&tables);
    }
    return boot_put(load, BOOT_ROM_START, bytes->data, bytes->len, bytes->len, "the tables", error);
}
