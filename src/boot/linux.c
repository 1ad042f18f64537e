/*
 * Linux bzImage and zImage.
 *
 * After the kernel's Documentation/arch/x86/boot.rst (protocols 2.02 to 2.15)
 * and zero-page.rst.
 */
#include "devices/misc/fw_cfg_regs.h"
#include "src/boot/linux_regs.h"
#include "src/boot/load.h"

#include <inttypes.h>

#define SECTOR         512u
#define DEFAULT_SETUP  4u   /* in sectors, if the header says 0 */
#define COMMAND_LENGTH 255u /* if the header does not say */
#define INITRD_MAX     0x37ffffffu

/*
 * The address of the real-mode part and its data, which take one segment.  That of
 * a zImage is at the end of low memory, where the kernel cannot overwrite it.
 */
#define SETUP_ADDRESS        0x10000u
#define SETUP_ADDRESS_ZIMAGE 0x90000u
#define SETUP_MAX            0x8000u
#define HEAP_END             0xe000u
#define COMMAND_OFFSET       0xe000u
#define COMMAND_MAX          0x1800u
#define ZIMAGE_ADDRESS       0x10000u
#define ZIMAGE_MAX           (SETUP_ADDRESS_ZIMAGE - ZIMAGE_ADDRESS)

/* The room at the end of memory that a firmware may use for itself and its tables. */
#define FIRMWARE_TOP 0x28000u

typedef struct Linux {
    BootLoad *load;
    uint16_t version;
    bool high; /* it is a bzImage */
    uint64_t setup_size;
    BootBytes kernel; /* the protected-mode part */
    BootEntry entry;
    uint64_t initrd;
} Linux;

static const BootBytes *image(const Linux *l)
{
    return &l->load->request->kernel;
}

static bool linux_probe(const BootBytes *kernel)
{
    return boot_u32(kernel, LINUX_HEADER) == LINUX_HEADER_MAGIC;
}

/* How many bytes before the kernel we look for. */
#define DISPLACED_MAX 0x10000u

/* The boot flag, a short jump and the magic follow each other, but not at their place. */
static char *linux_near_miss(const BootBytes *kernel)
{
    uint64_t end = MIN(kernel->size, DISPLACED_MAX);
    for (uint64_t at = LINUX_HEADER; at + 4 <= end; at++) {
        if (boot_u32(kernel, at) == LINUX_HEADER_MAGIC &&
            boot_get(kernel, at + LINUX_JUMP - LINUX_HEADER, 1) == LINUX_JUMP_SHORT &&
            boot_u16(kernel, at + LINUX_BOOT_FLAG - LINUX_HEADER) == LINUX_BOOT_FLAG_MAGIC) {
            uint64_t before = at - LINUX_HEADER;
            return g_strdup_printf("Linux header at 0x%" PRIx64 ": it belongs at 0x%x, %" PRIu64
                                   " bytes before the kernel are too many (tail -c +%" PRIu64 ")",
                                   at, LINUX_HEADER, before, before + 1);
        }
    }
    return NULL;
}

/* ---- the setup header ---- */

static bool check_version(Linux *l, GError **error)
{
    l->version = boot_u16(image(l), LINUX_VERSION);
    if (boot_u16(image(l), LINUX_BOOT_FLAG) != LINUX_BOOT_FLAG_MAGIC) {
        return boot_refuse(l->load->request, error,
                           "Linux header without 0xaa55 at 0x%x (it has 0x%04x)", LINUX_BOOT_FLAG,
                           boot_u16(image(l), LINUX_BOOT_FLAG));
    }
    if (l->version < LINUX_2_02) {
        return boot_refuse(l->load->request, error,
                           "Linux boot protocol %u.%02u at 0x%x: at least 2.02 is needed",
                           l->version >> 8, l->version & 0xff, LINUX_VERSION);
    }
    return true;
}

static bool check_sizes(Linux *l, GError **error)
{
    unsigned sectors = (unsigned)boot_get(image(l), LINUX_SETUP_SECTS, 1);
    l->setup_size = (uint64_t)(1 + (sectors ? sectors : DEFAULT_SETUP)) * SECTOR;
    if (l->setup_size >= image(l)->size) {
        return boot_refuse(l->load->request, error,
                           "the Linux header counts %u setup sectors, the file has only 0x%" PRIx64
                           " bytes",
                           sectors, image(l)->size);
    }
    if (l->setup_size > SETUP_MAX) {
        return boot_refuse(l->load->request, error, "%u Linux setup sectors: at most %u", sectors,
                           SETUP_MAX / SECTOR - 1);
    }
    l->kernel = (BootBytes){image(l)->data + l->setup_size, image(l)->size - l->setup_size};
    l->high = boot_get(image(l), LINUX_LOADFLAGS, 1) & LINUX_LOADED_HIGH;
    if (!l->high && l->kernel.size > ZIMAGE_MAX) {
        return boot_refuse(l->load->request, error,
                           "a zImage of 0x%" PRIx64 " bytes: at most 0x%x fit below its setup",
                           l->kernel.size, ZIMAGE_MAX);
    }
    return true;
}

static bool check_command_line(const Linux *l, GError **error)
{
    uint64_t most = l->version >= LINUX_2_06 ? boot_u32(image(l), LINUX_CMDLINE_SIZE) : 0;
    most = most ? most : COMMAND_LENGTH;
    most = l->entry == BOOT_ENTRY_16 ? MIN(most, COMMAND_MAX - 1) : most;
    size_t length = strlen(l->load->request->append);
    return length <= most ||
           boot_refuse(l->load->request, error,
                       "-append has %zu characters, the kernel takes %" PRIu64, length, most);
}

/* ---- which entry ---- */

/* iPXE has Linux's header for loaders of BIOSes, and no address of an entry of 32 bits. */
static bool has_entry_32(const Linux *l)
{
    return l->high && l->version >= LINUX_2_06 && boot_u32(image(l), LINUX_CODE32_START);
}

static bool has_entry_64(const Linux *l)
{
    return l->high && l->version >= LINUX_2_12 &&
           boot_u16(image(l), LINUX_XLOADFLAGS) & LINUX_XLF_KERNEL_64;
}

/*
 * Linux sets this flag only in 64-bit kernels.  Their other entries stop silently
 * on a CPU without long mode.
 */
static char *linux_needs_long(const BootBytes *kernel)
{
    return boot_u16(kernel, LINUX_VERSION) >= LINUX_2_12 &&
                   boot_u16(kernel, LINUX_XLOADFLAGS) & LINUX_XLF_KERNEL_64
               ? g_strdup_printf("64-bit Linux kernel (xloadflags 0x%x at 0x%x): it",
                                 boot_u16(kernel, LINUX_XLOADFLAGS), LINUX_XLOADFLAGS)
               : NULL;
}

static bool refuse_entry(const Linux *l, const char *why, GError **error)
{
    return boot_refuse(l->load->request, error, "Linux %s, boot protocol %u.%02u: %s",
                       l->high ? "bzImage" : "zImage", l->version >> 8, l->version & 0xff, why);
}

/* The 16-bit entry calls the BIOS, so it needs a firmware. */
static bool choose_entry(Linux *l, GError **error)
{
    l->entry = l->load->request->entry;
    if (l->entry == BOOT_ENTRY_AUTO) {
        l->entry = BOOT_ENTRY_32;
        return has_entry_32(l) ||
               refuse_entry(l,
                            "has only the 16-bit entry, which needs a firmware (-machine "
                            "kernel-entry=16)",
                            error);
    }
    if (l->entry == BOOT_ENTRY_32 && !has_entry_32(l)) {
        return refuse_entry(l, "has no 32-bit entry (a bzImage of 2.06 has)", error);
    }
    if (l->entry == BOOT_ENTRY_64 && !has_entry_64(l)) {
        return refuse_entry(l, "has no 64-bit entry (XLF_KERNEL_64 of 2.12)", error);
    }
    return l->entry != BOOT_ENTRY_16 ||
           refuse_entry(l, "starts at its 16-bit entry only in a firmware", error);
}

/* ---- initrd ---- */

static uint64_t initrd_limit(const Linux *l)
{
    uint64_t last = l->version >= LINUX_2_03 ? boot_u32(image(l), LINUX_INITRD_ADDR_MAX) : 0;
    return (last ? last : INITRD_MAX) + 1;
}

/* The end of the unpacked kernel.  It moves itself up to its alignment. */
static uint64_t kernel_end(const Linux *l)
{
    uint64_t start = BOOT_HIGH, size = l->kernel.size;
    if (l->version >= LINUX_2_10) {
        uint64_t preferred = boot_get(image(l), LINUX_PREF_ADDRESS, 8);
        start = MAX(start, MIN(preferred, BOOT_4GB));
        size = MAX(size, boot_u32(image(l), LINUX_INIT_SIZE));
    }
    return start + size;
}

static bool place_initrd(Linux *l, GError **error)
{
    const BootRequest *request = l->load->request;
    if (!request->module_count) {
        return true;
    }
    BootArea area = {
        .min = l->high ? kernel_end(l) : BOOT_HIGH,
        .max = initrd_limit(l),
        .align = PAGE_SIZE,
        .high = true,
    };
    const BootBytes *initrd = &request->modules[0].bytes;
    l->initrd = boot_place(l->load, initrd->data, initrd->size, &area, "-initrd", error);
    return l->initrd != 0;
}

/* ---- 16-bit entry: a firmware takes it ---- */

static bool check_room(const Linux *l, GError **error)
{
    uint64_t end = kernel_end(l);
    uint64_t top = BOOT_HIGH + ((uint64_t)boot_map_upper(&l->load->map) << 10);
    return !l->high || end <= top ||
           boot_refuse(l->load->request, error,
                       "the kernel unpacks itself up to 0x%" PRIx64 ", memory ends at 0x%" PRIx64
                       " (-m)",
                       end, top);
}

static void set_value(uint8_t *page, unsigned offset, uint64_t value, unsigned size)
{
    memcpy(page + offset, &value, size);
}

/*
 * Sets the fields of the header that a boot loader must set, in the zero page or in
 * the setup itself.
 */
static void fill_header(const Linux *l, uint8_t *page, uint64_t command_line)
{
    set_value(page, LINUX_TYPE_OF_LOADER, LINUX_LOADER_UNKNOWN, 1);
    set_value(page, LINUX_CMD_LINE_PTR, command_line, 4);
    if (l->initrd) {
        set_value(page, LINUX_RAMDISK_IMAGE, l->initrd, 4);
        set_value(page, LINUX_RAMDISK_SIZE, l->load->request->modules[0].bytes.size, 4);
    }
}

static void add_part(FwItems *items, unsigned data_key, unsigned address_key, unsigned size_key,
                     uint64_t address, GBytes *bytes)
{
    fw_items_add_number(items, address_key, address, 4);
    fw_items_add_number(items, size_key, g_bytes_get_size(bytes), 4);
    fw_items_add(items, data_key, bytes);
}

#define ADD_PART(items, name, address, bytes)                                                      \
    add_part(items, FW_CFG_##name##_DATA, FW_CFG_##name##_ADDR, FW_CFG_##name##_SIZE, address,     \
             bytes)

/* The command line goes to the end of the setup's segment, above its heap and stack. */
static void add_parts(const Linux *l, FwItems *items)
{
    const BootRequest *request = l->load->request;
    uint32_t address = l->high ? SETUP_ADDRESS : SETUP_ADDRESS_ZIMAGE;
    uint8_t *setup = g_memdup2(image(l)->data, l->setup_size);
    fill_header(l, setup, address + COMMAND_OFFSET);
    setup[LINUX_LOADFLAGS] |= LINUX_CAN_USE_HEAP;
    set_value(setup, LINUX_HEAP_END_PTR, HEAP_END - SECTOR, 2);
    ADD_PART(items, SETUP, address, g_bytes_new_take(setup, l->setup_size));
    ADD_PART(items, CMDLINE, address + COMMAND_OFFSET,
             g_bytes_new(request->append, strlen(request->append) + 1));
    ADD_PART(items, KERNEL, l->high ? BOOT_HIGH : ZIMAGE_ADDRESS,
             g_bytes_new_static(l->kernel.data, l->kernel.size));
    if (l->initrd) {
        const BootBytes *initrd = &request->modules[0].bytes;
        ADD_PART(items, INITRD, l->initrd, g_bytes_new_static(initrd->data, initrd->size));
    }
}

/* The address is as high as possible, but below what a firmware keeps at the end of memory. */
static bool find_initrd_room(Linux *l, GError **error)
{
    const BootRequest *request = l->load->request;
    uint64_t size = request->module_count ? request->modules[0].bytes.size : 0;
    uint64_t ram = BOOT_HIGH + ((uint64_t)boot_map_upper(&l->load->map) << 10);
    uint64_t start = l->high ? kernel_end(l) : BOOT_HIGH;
    uint64_t end = MIN(initrd_limit(l), ram > FIRMWARE_TOP ? ram - FIRMWARE_TOP : 0);
    l->initrd = size && size <= end ? (end - size) & ~(uint64_t)(PAGE_SIZE - 1) : 0;
    return !size || l->initrd >= start ||
           boot_refuse(request, error,
                       "-initrd: no room for 0x%" PRIx64 " bytes between 0x%" PRIx64
                       " and 0x%" PRIx64 " (-m)",
                       size, start, end);
}

static bool linux_offer(BootLoad *load, FwItems *items, GError **error)
{
    Linux l = {.load = load, .entry = BOOT_ENTRY_16};
    if (load->request->entry != BOOT_ENTRY_AUTO && load->request->entry != BOOT_ENTRY_16) {
        return boot_refuse(load->request, error,
                           "a firmware starts it at its 16-bit entry (-machine kernel-entry=%s)",
                           load->request->entry == BOOT_ENTRY_32 ? "32" : "64");
    }
    if (!check_version(&l, error) || !check_sizes(&l, error) || !check_command_line(&l, error) ||
        !check_room(&l, error) || !find_initrd_room(&l, error)) {
        return false;
    }
    add_parts(&l, items);
    return true;
}

/* ---- 32 and 64-bit entries ---- */

static void fill_map(const BootMap *map, uint8_t *page)
{
    for (unsigned i = 0; i < map->count; i++) {
        unsigned at = LINUX_E820_TABLE + i * LINUX_E820_SIZE;
        set_value(page, at, map->entries[i].base, 8);
        set_value(page, at + 8, map->entries[i].size, 8);
        set_value(page, at + 16, map->entries[i].type, 4);
    }
    set_value(page, LINUX_E820_ENTRIES, map->count, 1);
    set_value(page, LINUX_ALT_MEM_K, boot_map_upper(map), 4);
}

/* The header ends at the target of its jump instruction.  It must not reach into the memory map. */
static unsigned header_end(const Linux *l)
{
    unsigned end = LINUX_HEADER + (unsigned)boot_get(image(l), LINUX_JUMP + 1, 1);
    return MIN(end, LINUX_HEADER_MAX);
}

static uint64_t place_zero_page(Linux *l, uint64_t command_line, GError **error)
{
    static const BootArea AREA = {.min = BOOT_LOW_START, .max = BOOT_4GB, .align = PAGE_SIZE};
    uint8_t page[PAGE_SIZE] = {0};
    for (unsigned at = LINUX_SETUP_SECTS; at < header_end(l); at++) {
        page[at] = (uint8_t)boot_get(image(l), at, 1);
    }
    fill_header(l, page, command_line);
    fill_map(&l->load->map, page);
    set_value(page, LINUX_ACPI_RSDP, l->load->rsdp, 8);
    return boot_place(l->load, page, sizeof(page), &AREA, "the zero page", error);
}

static bool load_protected(Linux *l, GError **error)
{
    uint64_t text = boot_place_text(l->load, l->load->request->append, "the command line", error);
    uint64_t page = text ? place_zero_page(l, text, error) : 0;
    bool is64 = l->entry == BOOT_ENTRY_64;
    if (!page || !(is64 ? boot_start_long(l->load, BOOT_HIGH + LINUX_ENTRY_64, error)
                        : boot_start_protected(l->load, BOOT_HIGH, error))) {
        return false;
    }
    l->load->state->gpr[CPU_SI] = page;
    return true;
}

/* ---- the format ---- */

static bool linux_load(BootLoad *load, GError **error)
{
    Linux l = {.load = load};
    return check_version(&l, error) && check_sizes(&l, error) && choose_entry(&l, error) &&
           check_command_line(&l, error) && check_room(&l, error) &&
           boot_put(load, l.high ? BOOT_HIGH : ZIMAGE_ADDRESS, l.kernel.data, l.kernel.size,
                    l.kernel.size, "the kernel", error) &&
           place_initrd(&l, error) && load_protected(&l, error);
}

const BootFormat boot_linux = {
    .name = "a Linux kernel",
    .modules = BOOT_MODULES_ONE,
    .command_line = true,
    .tables = true,
    .probe = linux_probe,
    .near_miss = linux_near_miss,
    .needs_long = linux_needs_long,
    .load = linux_load,
    .offer = linux_offer,
};
