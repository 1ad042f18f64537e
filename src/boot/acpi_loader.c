/*
 * The tables are built for address 0.  So each address in them is an offset in the
 * file, and the firmware adds the address at which it has put the file.
 */
#include "src/boot/acpi_loader.h"

#include "src/boot/load.h"

#define TABLES "etc/acpi/tables"
#define RSDP   "etc/acpi/rsdp"
#define LOADER "etc/table-loader"

#define TABLES_ALIGN 64u
#define RSDP_ALIGN   16u
#define RSDP_SIZE    36u

/* The offsets of addresses and checksums: ACPI Specification 2.0, 5.2. */
#define RSDP_OLD_SIZE     20u
#define RSDP_CHECKSUM     8u
#define RSDP_RSDT         16u
#define RSDP_XSDT         24u
#define RSDP_CHECKSUM_EXT 32u
#define TABLE_LENGTH      4u
#define TABLE_CHECKSUM    9u
#define TABLE_HEADER      36u
#define FADT_FACS         36u
#define FADT_DSDT         40u
#define FADT_X_FACS       132u
#define FADT_X_DSDT       140u

enum { LOADER_ALLOCATE = 1, LOADER_ADD_POINTER, LOADER_ADD_CHECKSUM };
enum { ZONE_HIGH = 1, ZONE_BELOW_1M };

#define FILE_NAME_SIZE 56u

typedef struct __attribute__((packed)) LoaderCommand {
    uint32_t command;
    union {
        struct __attribute__((packed)) {
            char file[FILE_NAME_SIZE];
            uint32_t align;
            uint8_t zone;
        } allocate;
        struct __attribute__((packed)) {
            char file[FILE_NAME_SIZE], target[FILE_NAME_SIZE];
            uint32_t offset;
            uint8_t size;
        } pointer;
        struct __attribute__((packed)) {
            char file[FILE_NAME_SIZE];
            uint32_t offset, start, length;
        } checksum;
        uint8_t size[124];
    };
} LoaderCommand;

G_STATIC_ASSERT(sizeof(LoaderCommand) == 128);

typedef struct Script {
    GByteArray *commands;
    const uint8_t *tables;
} Script;

static void add(Script *script, const LoaderCommand *command)
{
    g_byte_array_append(script->commands, (const uint8_t *)command, sizeof(*command));
}

static void add_file(Script *script, const char *file, uint32_t align, uint8_t zone)
{
    LoaderCommand command = {.command = LOADER_ALLOCATE};
    command.allocate.align = align;
    command.allocate.zone = zone;
    g_strlcpy(command.allocate.file, file, FILE_NAME_SIZE);
    add(script, &command);
}

/* The file contains an address of `size` bytes, which refers to the file of tables. */
static void add_pointer(Script *script, const char *file, uint32_t offset, uint8_t size)
{
    LoaderCommand command = {.command = LOADER_ADD_POINTER};
    command.pointer.offset = offset;
    command.pointer.size = size;
    g_strlcpy(command.pointer.file, file, FILE_NAME_SIZE);
    g_strlcpy(command.pointer.target, TABLES, FILE_NAME_SIZE);
    add(script, &command);
}

static void add_checksum(Script *script, const char *file, uint32_t at, uint32_t start,
                         uint32_t length)
{
    LoaderCommand command = {.command = LOADER_ADD_CHECKSUM};
    command.checksum.offset = at;
    command.checksum.start = start;
    command.checksum.length = length;
    g_strlcpy(command.checksum.file, file, FILE_NAME_SIZE);
    add(script, &command);
}

static uint32_t word_at(const Script *script, uint32_t offset)
{
    uint32_t value;
    memcpy(&value, script->tables + offset, sizeof(value));
    return value;
}

static void add_table_checksum(Script *script, uint32_t table)
{
    add_checksum(script, TABLES, table + TABLE_CHECKSUM, table,
                 word_at(script, table + TABLE_LENGTH));
}

/* A list of tables, with `size` bytes for each entry. */
static void add_root(Script *script, uint32_t root, uint8_t size)
{
    uint32_t length = word_at(script, root + TABLE_LENGTH);
    for (uint32_t at = TABLE_HEADER; at < length; at += size) {
        add_pointer(script, TABLES, root + at, size);
    }
    add_table_checksum(script, root);
}

static void add_fadt(Script *script, uint32_t fadt)
{
    add_pointer(script, TABLES, fadt + FADT_FACS, 4);
    add_pointer(script, TABLES, fadt + FADT_DSDT, 4);
    add_pointer(script, TABLES, fadt + FADT_X_FACS, 8);
    add_pointer(script, TABLES, fadt + FADT_X_DSDT, 8);
    add_table_checksum(script, fadt);
}

/* The FADT is the first entry of the lists. */
static void write_script(Script *script, uint32_t rsdp)
{
    uint32_t rsdt = word_at(script, rsdp + RSDP_RSDT), xsdt = word_at(script, rsdp + RSDP_XSDT);
    add_file(script, TABLES, TABLES_ALIGN, ZONE_HIGH);
    add_file(script, RSDP, RSDP_ALIGN, ZONE_BELOW_1M);
    add_fadt(script, word_at(script, rsdt + TABLE_HEADER));
    add_root(script, rsdt, 4);
    add_root(script, xsdt, 8);
    add_pointer(script, RSDP, RSDP_RSDT, 4);
    add_pointer(script, RSDP, RSDP_XSDT, 8);
    add_checksum(script, RSDP, RSDP_CHECKSUM, 0, RSDP_OLD_SIZE);
    add_checksum(script, RSDP, RSDP_CHECKSUM_EXT, 0, RSDP_SIZE);
}

void acpi_loader_add(FwItems *items, const BootBoard *board)
{
    if (!board->acpi_port) {
        return;
    }
    BootTables tables = {.board = board, .bytes = g_byte_array_new()};
    uint32_t rsdp = boot_add_acpi_tables(&tables);
    Script script = {g_byte_array_new(), tables.bytes->data};
    write_script(&script, rsdp);
    fw_items_add_file(items, RSDP, g_bytes_new(tables.bytes->data + rsdp, RSDP_SIZE));
    g_byte_array_set_size(tables.bytes, rsdp);
    fw_items_add_file(items, TABLES, g_byte_array_free_to_bytes(tables.bytes));
    fw_items_add_file(items, LOADER, g_byte_array_free_to_bytes(script.commands));
}
