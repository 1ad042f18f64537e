/*
 * Multiboot2, after the Multiboot2 Specification version 2.0.
 */
#include "src/boot/elf.h"
#include "src/boot/multiboot.h"

#include <inttypes.h>

#define HEADER_MAGIC  0xe85250d6u
#define HEADER_SEARCH 32768u
#define HEADER_ALIGN  8u
#define HEADER_SIZE   16u
#define LOADER_MAGIC  0x36d76289u

#define ARCHITECTURE_I386 0u

#define TAG_SIZE     8u
#define TAG_OPTIONAL 0x1u
enum {
    TAG_END,
    TAG_INFORMATION_REQUEST,
    TAG_ADDRESS,
    TAG_ENTRY_ADDRESS,
    TAG_CONSOLE_FLAGS,
    TAG_FRAMEBUFFER,
    TAG_MODULE_ALIGN,
    TAG_EFI_BOOT_SERVICES,
    TAG_ENTRY_EFI32,
    TAG_ENTRY_EFI64,
    TAG_RELOCATABLE,
};
#define CONSOLE_REQUIRED 0x1u

enum {
    INFO_END = 0,
    INFO_COMMAND_LINE = 1,
    INFO_LOADER = 2,
    INFO_MODULE = 3,
    INFO_MEMORY = 4,
    INFO_MAP = 6,
    INFO_ACPI_OLD = 14,
    INFO_ACPI_NEW = 15,
};
#define MAP_ENTRY_VERSION 0u
#define RSDP_OLD_SIZE     20u
#define RSDP_NEW_SIZE     36u

typedef struct InfoMapEntry {
    uint64_t base, length;
    uint32_t type, reserved;
} InfoMapEntry;

typedef struct Header {
    uint32_t offset, size;
    bool has_addresses, has_entry;
    MultibootAddresses addresses;
    uint32_t entry;
} Header;

static const MultibootMark MARK = {
    .name = "multiboot2",
    .magic = HEADER_MAGIC,
    .words = HEADER_SIZE / 4,
    .align = HEADER_ALIGN,
    .search = HEADER_SEARCH,
};

static bool multiboot2_probe(const BootBytes *kernel)
{
    uint32_t offset;
    return multiboot_find(kernel, &MARK, &offset);
}

static char *multiboot2_near_miss(const BootBytes *kernel)
{
    return multiboot_explain(kernel, &MARK);
}

/* ---- the header's tags ---- */

typedef struct Tag {
    uint32_t offset, size;
    uint16_t type;
    bool optional;
} Tag;

static bool can_inform(const BootLoad *load, uint32_t type)
{
    switch (type) {
    case INFO_COMMAND_LINE:
    case INFO_LOADER:
    case INFO_MODULE:
    case INFO_MEMORY:
    case INFO_MAP:
        return true;
    case INFO_ACPI_OLD:
    case INFO_ACPI_NEW:
        return load->rsdp != 0;
    default:
        return false;
    }
}

static bool check_request(const BootLoad *load, const Tag *tag, GError **error)
{
    const BootBytes *kernel = &load->request->kernel;
    for (uint32_t at = TAG_SIZE; at + 4 <= tag->size && !tag->optional; at += 4) {
        uint32_t type = boot_u32(kernel, tag->offset + at);
        if (!can_inform(load, type)) {
            return boot_refuse(
                load->request, error,
                "the multiboot2 header requires information %u, which does not exist", type);
        }
    }
    return true;
}

static bool check_least(const BootLoad *load, const Tag *tag, uint32_t least, GError **error)
{
    return tag->size >= least ||
           boot_refuse(load->request, error, "multiboot2 tag %u at 0x%x: has %u bytes, not %u",
                       tag->type, tag->offset, tag->size, least);
}

static bool take_addresses(const BootLoad *load, const Tag *tag, Header *header, GError **error)
{
    const BootBytes *kernel = &load->request->kernel;
    header->has_addresses = true;
    header->addresses = (MultibootAddresses){
        .header_offset = header->offset,
        .header = boot_u32(kernel, tag->offset + 8),
        .load = boot_u32(kernel, tag->offset + 12),
        .load_end = boot_u32(kernel, tag->offset + 16),
        .bss_end = boot_u32(kernel, tag->offset + 20),
    };
    return check_least(load, tag, 24, error);
}

/* Tags that ask for EFI firmware or a graphics card are ignored. */
static bool take_tag(const BootLoad *load, const Tag *tag, Header *header, GError **error)
{
    const BootBytes *kernel = &load->request->kernel;
    switch (tag->type) {
    case TAG_INFORMATION_REQUEST:
        return check_request(load, tag, error);
    case TAG_ADDRESS:
        return take_addresses(load, tag, header, error);
    case TAG_ENTRY_ADDRESS:
        header->has_entry = true;
        header->entry = boot_u32(kernel, tag->offset + TAG_SIZE);
        return check_least(load, tag, TAG_SIZE + 4, error);
    case TAG_CONSOLE_FLAGS:
        return tag->optional || !(boot_u32(kernel, tag->offset + TAG_SIZE) & CONSOLE_REQUIRED) ||
               boot_refuse(load->request, error,
                           "multiboot2 tag 4 requires a text or graphics console; there is only "
                           "the serial port");
    case TAG_FRAMEBUFFER:
    case TAG_MODULE_ALIGN:
    case TAG_EFI_BOOT_SERVICES:
    case TAG_ENTRY_EFI32:
    case TAG_ENTRY_EFI64:
    case TAG_RELOCATABLE:
        return true;
    default:
        return tag->optional || boot_refuse(load->request, error,
                                            "the multiboot2 header requires tag %u at 0x%x, which "
                                            "is unknown",
                                            tag->type, tag->offset);
    }
}

static Tag get_tag(const BootBytes *kernel, uint32_t offset)
{
    return (Tag){
        .offset = offset,
        .type = boot_u16(kernel, offset),
        .optional = boot_u16(kernel, offset + 2) & TAG_OPTIONAL,
        .size = boot_u32(kernel, offset + 4),
    };
}

static bool parse_tags(const BootLoad *load, Header *header, GError **error)
{
    const BootBytes *kernel = &load->request->kernel;
    uint32_t end = header->offset + header->size;
    for (uint32_t at = header->offset + HEADER_SIZE; end - at >= TAG_SIZE;) {
        Tag tag = get_tag(kernel, at);
        if (tag.size < TAG_SIZE || tag.size > end - at) {
            return boot_refuse(load->request, error,
                               "multiboot2 tag %u at 0x%x: its %u bytes go beyond the header's end",
                               tag.type, at, tag.size);
        }
        if (tag.type == TAG_END) {
            return true;
        }
        if (!take_tag(load, &tag, header, error)) {
            return false;
        }
        at += MIN((tag.size + 7) & ~7u, end - at);
    }
    return boot_refuse(load->request, error,
                       "the multiboot2 header at 0x%x has no end tag in its %u bytes",
                       header->offset, header->size);
}

static bool parse_header(const BootLoad *load, Header *header, GError **error)
{
    const BootBytes *kernel = &load->request->kernel;
    multiboot_find(kernel, &MARK, &header->offset);
    uint32_t architecture = boot_u32(kernel, header->offset + 4);
    header->size = boot_u32(kernel, header->offset + 8);
    if (architecture != ARCHITECTURE_I386) {
        return boot_refuse(load->request, error, "multiboot2 architecture %u at 0x%x: not 0 (i386)",
                           architecture, header->offset + 4);
    }
    if (header->size < HEADER_SIZE || header->size > HEADER_SEARCH ||
        !boot_has(kernel, header->offset, header->size)) {
        return boot_refuse(load->request, error,
                           "the multiboot2 header at 0x%x has %u bytes, the file 0x%" PRIx64,
                           header->offset, header->size, kernel->size);
    }
    return parse_tags(load, header, error);
}

static bool load_kernel(BootLoad *load, const Header *header, uint64_t *entry, GError **error)
{
    if (!header->has_addresses) {
        if (!multiboot_load_elf(load, entry, error)) {
            return false;
        }
        *entry = header->has_entry ? header->entry : *entry;
        return true;
    }
    if (!header->has_entry) {
        return boot_refuse(load->request, error,
                           "the multiboot2 header has addresses (tag 2) but no entry (tag 3)");
    }
    *entry = header->entry;
    return multiboot_load_addresses(load, &header->addresses, error);
}

/* ---- the boot information ---- */

static void add_tag(GByteArray *info, uint32_t type, const void *data, size_t size)
{
    const uint32_t head[2] = {type, (uint32_t)(TAG_SIZE + size)};
    static const uint8_t PADDING[8];
    g_byte_array_append(info, (const uint8_t *)head, sizeof(head));
    if (size) {
        g_byte_array_append(info, data, (guint)size);
    }
    g_byte_array_append(info, PADDING, -info->len & 7);
}

static void add_text(GByteArray *info, uint32_t type, const char *text)
{
    add_tag(info, type, text, strlen(text) + 1);
}

static bool add_modules(GByteArray *info, BootLoad *load, GError **error)
{
    for (unsigned i = 0; i < load->request->module_count; i++) {
        const BootModule *module = &load->request->modules[i];
        uint32_t start = multiboot_place_module(load, module, error);
        if (!start) {
            return false;
        }
        g_autoptr(GByteArray) content = g_byte_array_new();
        const uint32_t range[2] = {start, start + (uint32_t)module->bytes.size};
        g_byte_array_append(content, (const uint8_t *)range, sizeof(range));
        g_byte_array_append(content, (const uint8_t *)module->arguments,
                            (guint)strlen(module->arguments) + 1);
        add_tag(info, INFO_MODULE, content->data, content->len);
    }
    return true;
}

static void add_map(GByteArray *info, const BootMap *map)
{
    struct {
        uint32_t entry_size, entry_version;
        InfoMapEntry entries[BOOT_MAP_MAX];
    } content = {sizeof(InfoMapEntry), MAP_ENTRY_VERSION, {{0}}};
    for (unsigned i = 0; i < map->count; i++) {
        const BootMapEntry *entry = &map->entries[i];
        content.entries[i] = (InfoMapEntry){entry->base, entry->size, entry->type, 0};
    }
    add_tag(info, INFO_MAP, &content, 8 + map->count * sizeof(InfoMapEntry));
}

/* Adds copies of the ACPI root pointer in both of its sizes. */
static void add_acpi(GByteArray *info, const BootLoad *load)
{
    uint8_t rsdp[RSDP_NEW_SIZE];
    if (load->rsdp && memory_read(load->memory, load->rsdp, rsdp, sizeof(rsdp))) {
        add_tag(info, INFO_ACPI_OLD, rsdp, RSDP_OLD_SIZE);
        add_tag(info, INFO_ACPI_NEW, rsdp, RSDP_NEW_SIZE);
    }
}

static uint64_t place_info(BootLoad *load, GError **error)
{
    g_autoptr(GByteArray) info = g_byte_array_new();
    const uint32_t head[2] = {0};
    const uint32_t memory[2] = {boot_map_lower(&load->map), boot_map_upper(&load->map)};
    g_byte_array_append(info, (const uint8_t *)head, sizeof(head));
    add_text(info, INFO_COMMAND_LINE, load->request->append);
    add_text(info, INFO_LOADER, MULTIBOOT_LOADER);
    if (!add_modules(info, load, error)) {
        return 0;
    }
    add_tag(info, INFO_MEMORY, memory, sizeof(memory));
    add_map(info, &load->map);
    add_acpi(info, load);
    add_tag(info, INFO_END, NULL, 0);
    memcpy(info->data, &(uint32_t){info->len}, sizeof(uint32_t));
    return boot_place(load, info->data, info->len, &BOOT_AREA_LOW, "the boot information", error);
}

static bool multiboot2_load(BootLoad *load, GError **error)
{
    Header header = {0};
    uint64_t entry;
    if (!parse_header(load, &header, error) || !load_kernel(load, &header, &entry, error) ||
        !boot_start_protected(load, entry, error)) {
        return false;
    }
    load->state->gpr[CPU_AX] = LOADER_MAGIC;
    load->state->gpr[CPU_BX] = place_info(load, error);
    return load->state->gpr[CPU_BX] != 0;
}

const BootFormat boot_multiboot2 = {
    .name = "a multiboot2 kernel",
    .modules = BOOT_MODULES_MANY,
    .command_line = true,
    .tables = true,
    .probe = multiboot2_probe,
    .near_miss = multiboot2_near_miss,
    .needs_long = elf_needs_long,
    .load = multiboot2_load,
};
