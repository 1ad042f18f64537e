#include "src/boot/boot.h"

#include "bios/kernel_rom.h"
#include "src/base/error.h"
#include "src/base/file_io.h"
#include "src/boot/elf.h"
#include "src/boot/foreign.h"
#include "src/boot/load.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

struct BootImage {
    char *kernel, *flat, *append;
    BootEntry entry;
    GPtrArray *files;    /* of GBytes */
    GPtrArray *texts;    /* of char * */
    GArray *modules;     /* of BootModule */
    BootRequest request; /* points into the three above */
    const BootFormat *format;
};

/*
 * The formats in the order in which they are tried.  The first one that finds its
 * mark in the file is taken.  A Linux kernel that also has other marks is a Linux
 * kernel.  A file without a mark is a plain ELF file or, unless its contents speak
 * against it, a flat binary.
 */
static const BootFormat *const FORMATS[] = {
    &boot_linux,
    &boot_multiboot,
    &boot_multiboot2,
    &boot_pvh,
};

/* ---- which format ---- */

static const BootFormat *find_marked(const BootBytes *kernel)
{
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        if (FORMATS[i]->probe(kernel)) {
            return FORMATS[i];
        }
    }
    return NULL;
}

static char *find_near_miss(const BootBytes *kernel)
{
    char *why = NULL;
    for (size_t i = 0; !why && i < G_N_ELEMENTS(FORMATS); i++) {
        why = FORMATS[i]->near_miss(kernel);
    }
    return why;
}

/* Why a file without a format's mark is no flat binary, or NULL. */
static char *find_objection(const BootBytes *kernel, const char *path)
{
    char *why = boot_foreign(kernel, path);
    why = why ? why : find_near_miss(kernel);
    return why ? why : boot_no_code(kernel, path);
}

/* A user who gives -flat knows what the file is. */
static bool find_format(BootImage *image, GError **error)
{
    const BootRequest *request = &image->request;
    bool elf = elf_is(&request->kernel);
    image->format = find_marked(&request->kernel);
    if (image->format || request->flat) {
        image->format = image->format ? image->format : elf ? &boot_elf : &boot_flat;
        return true;
    }
    image->format = elf ? &boot_elf : &boot_flat;
    g_autofree char *why =
        elf ? find_near_miss(&request->kernel) : find_objection(&request->kernel, request->path);
    return !why || boot_refuse(request, error, "%s%s", why,
                               elf ? "" : " (-flat addr=0x1000 runs it as a flat binary)");
}

/* ---- files ---- */

/* A file as large as a disk often is one.  Its first bytes tell. */
static bool refuse_large(const InputFile *file, uint64_t memory, GError **error)
{
    g_autofree uint8_t *head = g_malloc(BOOT_FOREIGN_HEAD);
    ssize_t got = file_io_read_at(file->fd, head, BOOT_FOREIGN_HEAD, 0);
    const BootBytes bytes = {head, got > 0 ? (uint64_t)got : 0};
    g_autofree char *foreign =
        strcmp(file->what, "-kernel") != 0 || find_marked(&bytes) || elf_is(&bytes)
            ? NULL
            : boot_foreign(&bytes, file->path);
    return foreign ? input_file_refuse(file, error, "%s", foreign)
                   : input_file_refuse(file, error,
                                       "has %" PRIu64 " KiB, the guest only %" PRIu64
                                       " KiB of memory (give it more with -m)",
                                       file->size >> 10, memory >> 10);
}

static GBytes *read_file(const char *option, const char *path, uint64_t memory, GError **error)
{
    g_auto(InputFile) file;
    if (!input_file_open(&file, option, path, error)) {
        return NULL;
    }
    if (!file.size) {
        input_file_refuse(&file, error, "is empty");
        return NULL;
    }
    if (file.size > memory) {
        refuse_large(&file, memory, error);
        return NULL;
    }
    return input_file_read(&file, error);
}

static bool add_file(BootImage *image, const char *option, const char *path, uint64_t memory,
                     BootBytes *bytes, GError **error)
{
    GBytes *file = read_file(option, path, memory, error);
    if (!file) {
        return false;
    }
    gsize size;
    bytes->data = g_bytes_get_data(file, &size);
    bytes->size = size;
    g_ptr_array_add(image->files, file);
    return true;
}

/* ---- modules ---- */

/* `text` is "FILE" or "FILE ARGUMENTS".  Takes ownership of it. */
static bool add_module(BootImage *image, char *text, bool has_arguments, uint64_t memory,
                       GError **error)
{
    size_t name_size = has_arguments ? strcspn(text, " ") : strlen(text);
    g_autofree char *path = g_strndup(text, name_size);
    BootModule module = {.text = text, .arguments = text + name_size};
    g_ptr_array_add(image->texts, text);
    module.arguments += *module.arguments == ' ';
    if (!add_file(image, "-initrd", path, memory, &module.bytes, error)) {
        return false;
    }
    g_array_append_val(image->modules, module);
    return true;
}

/* Takes the text up to the next single comma.  Two commas stand for one in a name. */
static char *next_module(const char **rest)
{
    GString *text = g_string_new(NULL);
    const char *p = *rest;
    for (; *p && (*p != ',' || p[1] == ','); p++) {
        p += *p == ',';
        g_string_append_c(text, *p);
    }
    *rest = *p ? p + 1 : NULL;
    return g_string_free(text, false);
}

static bool add_modules(BootImage *image, const char *initrd, uint64_t memory, GError **error)
{
    if (!initrd) {
        return true;
    }
    if (image->format->modules == BOOT_MODULES_NONE) {
        return boot_refuse(&image->request, error, "%s takes no -initrd", image->format->name);
    }
    if (image->format->modules == BOOT_MODULES_ONE) {
        return add_module(image, g_strdup(initrd), false, memory, error);
    }
    while (initrd) {
        if (!add_module(image, next_module(&initrd), true, memory, error)) {
            return false;
        }
    }
    return true;
}

/* ---- image ---- */

static bool parse_entry(const char *text, BootEntry *entry, GError **error)
{
    static const char *const NAMES[] = {
        [BOOT_ENTRY_AUTO] = "auto",
        [BOOT_ENTRY_16] = "16",
        [BOOT_ENTRY_32] = "32",
        [BOOT_ENTRY_64] = "64",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (!text || !strcmp(text, NAMES[i])) {
            *entry = i;
            return true;
        }
    }
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                "-machine kernel-entry=%s: not one of auto, 16, 32, 64", text);
    return false;
}

static bool check_options(const BootImage *image, const BootOptions *options, GError **error)
{
    const BootFormat *format = image->format;
    if (options->append && !format->command_line) {
        return boot_refuse(&image->request, error, "%s takes no -append", format->name);
    }
    if (options->flat && format != &boot_flat) {
        return boot_refuse(&image->request, error, "%s takes no -flat", format->name);
    }
    if (options->entry && format != &boot_linux) {
        return boot_refuse(&image->request, error, "%s has one entry (-machine kernel-entry=%s)",
                           format->name, options->entry);
    }
    return format != &boot_flat || boot_flat_check(options->flat, error);
}

static void make_request(BootImage *image)
{
    image->request.path = image->kernel;
    image->request.flat = image->flat;
    image->request.append = image->append;
    image->request.entry = image->entry;
}

BootImage *boot_image_new(const BootOptions *options, uint64_t memory, GError **error)
{
    g_autoptr(BootImage) image = g_new0(BootImage, 1);
    image->kernel = g_strdup(options->kernel);
    image->flat = g_strdup(options->flat);
    image->append = g_strdup(options->append ? options->append : "");
    image->files = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    image->texts = g_ptr_array_new_with_free_func(g_free);
    image->modules = g_array_new(false, false, sizeof(BootModule));
    if (!parse_entry(options->entry, &image->entry, error) ||
        !add_file(image, "-kernel", image->kernel, memory, &image->request.kernel, error)) {
        return NULL;
    }
    make_request(image);
    if (!find_format(image, error) || !check_options(image, options, error) ||
        !add_modules(image, options->initrd, memory, error)) {
        return NULL;
    }
    image->request.modules = (const BootModule *)(void *)image->modules->data;
    image->request.module_count = image->modules->len;
    return g_steal_pointer(&image);
}

void boot_image_free(BootImage *image)
{
    g_ptr_array_unref(image->files);
    g_ptr_array_unref(image->texts);
    g_array_unref(image->modules);
    g_free(image->kernel);
    g_free(image->flat);
    g_free(image->append);
    g_free(image);
}

bool boot_image_load(const BootImage *image, const BootBoard *board, Memory *memory,
                     CpuState *state, GError **error)
{
    g_autoptr(GArray) used = g_array_new(false, false, sizeof(BootRange));
    BootLoad load = {
        .request = &image->request,
        .board = board,
        .memory = memory,
        .state = state,
        .map = boot_map(memory_ram_size(memory)),
        .used = used,
    };
    cpu_state_reset(state);
    bool tables = image->format->tables || board->topology.cpus > 1;
    return (!tables || boot_add_tables(&load, error)) && image->format->load(&load, error);
}

bool boot_image_is_flat(const BootImage *image)
{
    return image->format == &boot_flat;
}

bool boot_image_wants_apic(const BootImage *image)
{
    return image->format == &boot_linux;
}

bool boot_image_check_no_long(const BootImage *image, const char *accel, GError **error)
{
    const BootFormat *format = image->format;
    g_autofree char *why = format->needs_long ? format->needs_long(&image->request.kernel) : NULL;
    return !why ||
           boot_refuse(&image->request, error,
                       "%s needs a 64-bit CPU, and that of -accel %s has no long mode (take "
                       "-accel kvm, or a 32-bit kernel)",
                       why, accel);
}

bool boot_image_wants_firmware(const BootImage *image)
{
    return image->entry == BOOT_ENTRY_16;
}

/* The last byte makes the sum of all bytes 0. */
static GBytes *kernel_rom(void)
{
    uint8_t *rom = g_memdup2(KERNEL_ROM, sizeof(KERNEL_ROM));
    rom[sizeof(KERNEL_ROM) - 1] = boot_checksum(rom, sizeof(KERNEL_ROM));
    return g_bytes_new_take(rom, sizeof(KERNEL_ROM));
}

bool boot_image_offer(const BootImage *image, Memory *memory, FwItems *items, GError **error)
{
    BootLoad load = {
        .request = &image->request,
        .memory = memory,
        .map = boot_map(memory_ram_size(memory)),
    };
    if (!image->format->offer) {
        return boot_refuse(&image->request, error, "%s cannot be started by a firmware (-bios)",
                           image->format->name);
    }
    fw_items_add_file(items, BOOT_KERNEL_ROM, kernel_rom());
    return image->format->offer(&load, items, error);
}
