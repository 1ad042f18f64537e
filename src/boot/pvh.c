/*
 * PVH: an ELF file with a note that gives its 32-bit entry.
 *
 * After Xen's docs/misc/pvh.pandoc (x86/HVM direct boot ABI) and its public header
 * arch-x86/hvm/start_info.h, version 1.
 */
#include "src/boot/elf.h"

#define NOTE_OWNER    "Xen"
#define LINUX_OWNER   "Linux"
#define PHYS32_ENTRY  18u
#define START_MAGIC   0x336ec578u
#define START_VERSION 1u

typedef struct StartInfo {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, map;
    uint32_t map_count, reserved;
} StartInfo;

typedef struct StartModule {
    uint64_t base, size, command_line, reserved;
} StartModule;

typedef struct StartMapEntry {
    uint64_t base, size;
    uint32_t type, reserved;
} StartMapEntry;

static bool find_entry(const BootRequest *request, uint64_t *entry)
{
    ElfFile elf;
    return elf_open(request, &elf, NULL) && elf_find_note(&elf, NOTE_OWNER, PHYS32_ENTRY, entry);
}

static bool pvh_probe(const BootBytes *kernel)
{
    uint64_t entry;
    const BootRequest request = {.path = "", .kernel = *kernel};
    return elf_is(kernel) && find_entry(&request, &entry);
}

/* A Linux that was built without CONFIG_PVH has other notes, and its entry needs a zero page. */
static char *pvh_near_miss(const BootBytes *kernel)
{
    const BootRequest request = {.path = "", .kernel = *kernel};
    ElfFile elf;
    if (!elf_is(kernel) || !elf_open(&request, &elf, NULL)) {
        return NULL;
    }
    char *why = elf_explain_note(&elf, NOTE_OWNER, PHYS32_ENTRY);
    return why || !elf_has_notes_of(&elf, LINUX_OWNER)
               ? why
               : g_strdup_printf("an unpacked Linux kernel without a PVH entry (ELF note %s, type "
                                 "%u): give its bzImage, or set CONFIG_PVH",
                                 NOTE_OWNER, PHYS32_ENTRY);
}

/* Each module begins on a page above 1 MiB. */
static bool place_modules(BootLoad *load, StartInfo *info, GError **error)
{
    static const BootArea AREA = {.min = BOOT_HIGH, .max = BOOT_4GB, .align = PAGE_SIZE};
    const BootRequest *request = load->request;
    g_autofree StartModule *list = g_new0(StartModule, request->module_count + 1);
    for (unsigned i = 0; i < request->module_count; i++) {
        const BootModule *module = &request->modules[i];
        list[i].size = module->bytes.size;
        list[i].base =
            boot_place(load, module->bytes.data, module->bytes.size, &AREA, module->text, error);
        list[i].command_line =
            list[i].base ? boot_place_text(load, module->arguments, "a module's arguments", error)
                         : 0;
        if (!list[i].command_line) {
            return false;
        }
    }
    info->module_count = request->module_count;
    info->modules = boot_place(load, list, info->module_count * sizeof(*list), &BOOT_AREA_LOW,
                               "the list of modules", error);
    return info->modules != 0;
}

static bool place_map(BootLoad *load, StartInfo *info, GError **error)
{
    StartMapEntry entries[BOOT_MAP_MAX] = {0};
    info->map_count = load->map.count;
    for (unsigned i = 0; i < load->map.count; i++) {
        const BootMapEntry *entry = &load->map.entries[i];
        entries[i] = (StartMapEntry){entry->base, entry->size, entry->type, 0};
    }
    info->map = boot_place(load, entries, info->map_count * sizeof(*entries), &BOOT_AREA_LOW,
                           "the memory map", error);
    return info->map != 0;
}

static bool pvh_load(BootLoad *load, GError **error)
{
    ElfFile elf;
    StartInfo info = {.magic = START_MAGIC, .version = START_VERSION, .rsdp = load->rsdp};
    uint64_t entry;
    if (!elf_open(load->request, &elf, error) || !elf_load(&elf, load, error)) {
        return false;
    }
    if (!find_entry(load->request, &entry) || entry >= BOOT_4GB) {
        return boot_refuse(load->request, error, "the PVH note's entry is not below 4 GiB");
    }
    info.command_line = boot_place_text(load, load->request->append, "the command line", error);
    if (!info.command_line || !place_modules(load, &info, error) ||
        !place_map(load, &info, error) || !boot_start_protected(load, entry, error)) {
        return false;
    }
    load->state->gpr[CPU_BX] =
        boot_place(load, &info, sizeof(info), &BOOT_AREA_LOW, "the start info", error);
    return load->state->gpr[CPU_BX] != 0;
}

const BootFormat boot_pvh = {
    .name = "a PVH kernel",
    .modules = BOOT_MODULES_MANY,
    .command_line = true,
    .tables = true,
    .probe = pvh_probe,
    .near_miss = pvh_near_miss,
    .needs_long = elf_needs_long,
    .load = pvh_load,
};
