/*
 * What a BIOS would leave behind: tables in the segment of its ROM, and those of
 * its variables from which kernels learn the end of low memory.
 */
#include "src/boot/load.h"

#define BDA_EBDA_SEGMENT 0x40eu
#define BDA_BASE_MEMORY  0x413u /* KiB */
#define EBDA_SIZE        1u     /* in KiB; its first byte holds this number */

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
    uint32_t address = tables->base + tables->bytes->len;
    g_byte_array_append(tables->bytes, data, (guint)size);
    return address;
}

/* A kernel that is linked here overwrites them. */
static void write_variables(BootLoad *load)
{
    const uint16_t segment = BOOT_LOW_END >> 4, base_memory = BOOT_LOW_END >> 10;
    const uint8_t size = EBDA_SIZE;
    memory_write(load->memory, BDA_EBDA_SEGMENT, &segment, sizeof(segment));
    memory_write(load->memory, BDA_BASE_MEMORY, &base_memory, sizeof(base_memory));
    memory_write(load->memory, BOOT_LOW_END, &size, sizeof(size));
}

/* Returns the address of the ACPI root pointer, or 0. */
static uint32_t build(BootTables *tables, bool with_mp_table)
{
    if (tables->board->apic && with_mp_table) {
        boot_add_mp_table(tables);
    }
    if (tables->board->has_pci) {
        boot_add_pir_table(tables);
    }
    return tables->board->acpi_port ? boot_add_acpi_tables(tables) : 0;
}

bool boot_add_tables(BootLoad *load, GError **error)
{
    const MemoryRegion *region = memory_find(load->memory, BOOT_ROM_START);
    if (!region || region->read_only || memory_ram_size(load->memory) < BOOT_HIGH) {
        return true;
    }
    write_variables(load);
    BootTables tables = {load->board, g_byte_array_new(), BOOT_ROM_START};
    g_autoptr(GByteArray) bytes = tables.bytes;
    load->rsdp = build(&tables, true);
    return boot_put(load, BOOT_ROM_START, bytes->data, bytes->len, bytes->len, "the tables", error);
}

void boot_put_tables(const BootBoard *board, Memory *memory)
{
    BootTables tables = {board, g_byte_array_new(), BOOT_ROM_START};
    g_autoptr(GByteArray) bytes = tables.bytes;
    build(&tables, true);
    if (bytes->len > BOOT_TABLES_MAX) {
        g_byte_array_set_size(bytes, 0);
        build(&tables, false);
    }
    g_assert_cmpuint(bytes->len, <=, BOOT_TABLES_MAX);
    memory_write(memory, BOOT_ROM_START, bytes->data, bytes->len);
}
