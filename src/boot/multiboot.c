/*
 * Multiboot, after the Multiboot Specification version 0.6.96.
 */
#include "src/boot/multiboot.h"

#include "src/boot/elf.h"

#include <inttypes.h>

#define HEADER_MAGIC  0x1badb002u
#define HEADER_SEARCH 8192u
#define HEADER_ALIGN  4u
#define HEADER_SIZE   12u
#define HEADER_FIELDS 32u /* including the addresses */
#define LOADER_MAGIC  0x2badb002u

#define HEADER_PAGE_ALIGN UINT32_C(0x00000001)
#define HEADER_MEMORY     UINT32_C(0x00000002)
#define HEADER_VIDEO      UINT32_C(0x00000004)
#define HEADER_REQUIRED   UINT32_C(0x0000ffff)
#define HEADER_ADDRESSES  UINT32_C(0x00010000)
#define HEADER_KNOWN      (HEADER_PAGE_ALIGN | HEADER_MEMORY | HEADER_VIDEO)

#define INFO_MEMORY       UINT32_C(0x00000001)
#define INFO_COMMAND_LINE UINT32_C(0x00000004)
#define INFO_MODULES      UINT32_C(0x00000008)
#define INFO_MAP          UINT32_C(0x00000040)
#define INFO_LOADER       UINT32_C(0x00000200)

typedef struct Info {
    uint32_t flags, memory_lower, memory_upper, boot_device, command_line;
    uint32_t module_count, modules;
    uint32_t symbols[4];
    uint32_t map_size, map;
    uint32_t drives_size, drives, config_table, loader_name, apm_table;
    uint32_t vbe[4];
} Info;

typedef struct InfoModule {
    uint32_t start, end, text, reserved;
} InfoModule;

/* `size` counts the bytes that follow it. */
typedef struct __attribute__((packed)) InfoMapEntry {
    uint32_t size;
    uint64_t base, length;
    uint32_t type;
} InfoMapEntry;

static const MultibootMark MARK = {
    .name = "multiboot",
    .magic = HEADER_MAGIC,
    .words = HEADER_SIZE / 4,
    .align = HEADER_ALIGN,
    .search = HEADER_SEARCH,
};

/* ---- finding a header ---- */

static uint32_t sum(const BootBytes *kernel, const MultibootMark *mark, uint64_t at)
{
    uint32_t total = 0;
    for (unsigned i = 0; i < mark->words; i++) {
        total += boot_u32(kernel, at + i * 4);
    }
    return total;
}

bool multiboot_find(const BootBytes *kernel, const MultibootMark *mark, uint32_t *offset)
{
    uint64_t end = MIN(kernel->size, mark->search);
    for (uint32_t at = 0; at + mark->words * 4 <= end; at += mark->align) {
        if (boot_u32(kernel, at) == mark->magic && !sum(kernel, mark, at)) {
            *offset = at;
            return true;
        }
    }
    return false;
}

/*
 * What is wrong with the header at `at`.  NULL: the four bytes of the mark may be
 * there by chance.
 */
static char *explain_header(const BootBytes *kernel, const MultibootMark *mark, uint64_t at)
{
    uint32_t last = (mark->words - 1) * 4;
    bool whole = boot_has(kernel, at, last + 4);
    bool good = whole && !sum(kernel, mark, at);
    if (at % mark->align) {
        return good ? g_strdup_printf("%s header at 0x%" PRIx64 ": not on a multiple of %u",
                                      mark->name, at, mark->align)
                    : NULL;
    }
    if (at + last + 4 > mark->search) {
        return good ? g_strdup_printf("%s header at 0x%" PRIx64 ": it must be in the first %u "
                                      "bytes of the file (link it first)",
                                      mark->name, at, mark->search)
                    : NULL;
    }
    if (!whole) {
        return g_strdup_printf("%s header at 0x%" PRIx64 ": cut short, the file ends at 0x%" PRIx64,
                               mark->name, at, kernel->size);
    }
    uint32_t checksum = boot_u32(kernel, at + last);
    return g_strdup_printf("%s header at 0x%" PRIx64 ": checksum 0x%08x at 0x%" PRIx64
                           " should be 0x%08x",
                           mark->name, at, checksum, at + last, checksum - sum(kernel, mark, at));
}

char *multiboot_explain(const BootBytes *kernel, const MultibootMark *mark)
{
    const uint8_t *end = kernel->data + kernel->size, *hit = kernel->data;
    char *why = NULL;
    while (!why && (hit = memmem(hit, (size_t)(end - hit), &mark->magic, sizeof(mark->magic)))) {
        why = explain_header(kernel, mark, (uint64_t)(hit - kernel->data));
        hit++;
    }
    return why;
}

static bool multiboot_probe(const BootBytes *kernel)
{
    uint32_t offset;
    return multiboot_find(kernel, &MARK, &offset);
}

static char *multiboot_near_miss(const BootBytes *kernel)
{
    return multiboot_explain(kernel, &MARK);
}

/* ---- loading the kernel ---- */

bool multiboot_load_addresses(BootLoad *load, const MultibootAddresses *a, GError **error)
{
    const BootRequest *request = load->request;
    uint64_t before = (uint64_t)a->header - a->load; /* the bytes of the image that come before
                                                        the header */
    if (a->load > a->header || before > a->header_offset) {
        return boot_refuse(request, error,
                           "the multiboot header at 0x%x of the file says it is at 0x%x of an "
                           "image that begins at 0x%x",
                           a->header_offset, a->header, a->load);
    }
    uint64_t from = a->header_offset - before;
    uint64_t size = a->load_end ? (uint64_t)a->load_end - a->load : request->kernel.size - from;
    if ((a->load_end && a->load_end < a->load) || !boot_has(&request->kernel, from, size)) {
        return boot_refuse(request, error,
                           "the multiboot header's addresses 0x%x to 0x%x do not fit the file of "
                           "0x%" PRIx64 " bytes",
                           a->load, a->load_end, request->kernel.size);
    }
    uint64_t room = a->bss_end ? (uint64_t)a->bss_end - a->load : size;
    if ((a->bss_end && a->bss_end < a->load) || room < size) {
        return boot_refuse(request, error,
                           "the multiboot header's bss ends at 0x%x, before the data's end at "
                           "0x%" PRIx64,
                           a->bss_end, a->load + size);
    }
    return boot_put(load, a->load, request->kernel.data + from, size, room, "the kernel", error);
}

bool multiboot_load_elf(BootLoad *load, uint64_t *entry, GError **error)
{
    ElfFile elf;
    if (!elf_is(&load->request->kernel)) {
        return boot_refuse(load->request, error,
                           "the multiboot header has no addresses and the file is not ELF");
    }
    return elf_open(load->request, &elf, error) && elf_load(&elf, load, error) &&
           elf_entry_32(&elf, entry, error);
}

static bool load_kernel(BootLoad *load, uint32_t offset, uint64_t *entry, GError **error)
{
    const BootBytes *kernel = &load->request->kernel;
    uint32_t flags = boot_u32(kernel, offset + 4);
    uint32_t unknown = flags & HEADER_REQUIRED & ~HEADER_KNOWN;
    if (unknown) {
        return boot_refuse(load->request, error,
                           "the multiboot header at 0x%x requires bit %d of its flags 0x%08x, "
                           "which is unknown",
                           offset, __builtin_ctz(unknown), flags);
    }
    if (!(flags & HEADER_ADDRESSES)) {
        return multiboot_load_elf(load, entry, error);
    }
    if (!boot_has(kernel, offset, HEADER_FIELDS)) {
        return boot_refuse(load->request, error, "the multiboot header at 0x%x is cut short",
                           offset);
    }
    MultibootAddresses addresses = {
        .header_offset = offset,
        .header = boot_u32(kernel, offset + 12),
        .load = boot_u32(kernel, offset + 16),
        .load_end = boot_u32(kernel, offset + 20),
        .bss_end = boot_u32(kernel, offset + 24),
    };
    *entry = boot_u32(kernel, offset + 28);
    return multiboot_load_addresses(load, &addresses, error);
}

/* ---- the boot information ---- */

uint32_t multiboot_place_module(BootLoad *load, const BootModule *module, GError **error)
{
    static const BootArea AREA = {.min = BOOT_HIGH, .max = BOOT_4GB, .align = PAGE_SIZE};
    return (uint32_t)boot_place(load, module->bytes.data, module->bytes.size, &AREA, module->text,
                                error);
}

static bool place_modules(BootLoad *load, Info *info, GError **error)
{
    const BootRequest *request = load->request;
    g_autofree InfoModule *list = g_new0(InfoModule, request->module_count + 1);
    for (unsigned i = 0; i < request->module_count; i++) {
        const BootModule *module = &request->modules[i];
        list[i].start = multiboot_place_module(load, module, error);
        list[i].end = list[i].start + (uint32_t)module->bytes.size;
        list[i].text = list[i].start ? (uint32_t)boot_place_text(load, module->text,
                                                                 "a module's arguments", error)
                                     : 0;
        if (!list[i].text) {
            return false;
        }
    }
    info->module_count = request->module_count;
    info->modules = (uint32_t)boot_place(load, list, info->module_count * sizeof(*list),
                                         &BOOT_AREA_LOW, "the list of modules", error);
    return info->modules != 0;
}

static bool place_map(BootLoad *load, Info *info, GError **error)
{
    InfoMapEntry entries[BOOT_MAP_MAX];
    for (unsigned i = 0; i < load->map.count; i++) {
        const BootMapEntry *entry = &load->map.entries[i];
        entries[i] = (InfoMapEntry){sizeof(*entries) - sizeof(entries[i].size), entry->base,
                                    entry->size, entry->type};
    }
    info->map_size = load->map.count * (uint32_t)sizeof(*entries);
    info->map = (uint32_t)boot_place(load, entries, info->map_size, &BOOT_AREA_LOW,
                                     "the memory map", error);
    return info->map != 0;
}

/* As with other loaders of -kernel, the command line begins with the kernel's name. */
static bool place_texts(BootLoad *load, Info *info, GError **error)
{
    const BootRequest *request = load->request;
    g_autofree char *line =
        g_strdup_printf("%s%s%s", request->path, *request->append ? " " : "", request->append);
    info->command_line = (uint32_t)boot_place_text(load, line, "the command line", error);
    info->loader_name = info->command_line ? (uint32_t)boot_place_text(load, MULTIBOOT_LOADER,
                                                                       "the loader's name", error)
                                           : 0;
    return info->loader_name != 0;
}

static uint64_t place_info(BootLoad *load, GError **error)
{
    Info info = {
        .flags = INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MAP | INFO_LOADER,
        .memory_lower = boot_map_lower(&load->map),
        .memory_upper = boot_map_upper(&load->map),
    };
    return place_texts(load, &info, error) && place_modules(load, &info, error) &&
                   place_map(load, &info, error)
               ? boot_place(load, &info, sizeof(info), &BOOT_AREA_LOW, "the boot information",
                            error)
               : 0;
}

static bool multiboot_load(BootLoad *load, GError **error)
{
    uint32_t offset = 0;
    uint64_t entry;
    multiboot_find(&load->request->kernel, &MARK, &offset);
    if (!load_kernel(load, offset, &entry, error) || !boot_start_protected(load, entry, error)) {
        return false;
    }
    load->state->gpr[CPU_AX] = LOADER_MAGIC;
    load->state->gpr[CPU_BX] = place_info(load, error);
    return load->state->gpr[CPU_BX] != 0;
}

const BootFormat boot_multiboot = {
    .name = "a multiboot kernel",
    .modules = BOOT_MODULES_MANY,
    .command_line = true,
    .tables = true,
    .probe = multiboot_probe,
    .near_miss = multiboot_near_miss,
    .needs_long = elf_needs_long,
    .load = multiboot_load,
};
