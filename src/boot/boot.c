#include "src/boot/boot.h"

#include "src/error.h"
#include "src/keyval.h"
#include "src/number.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAT_ADDRESS 0x1000u
#define ELF_MAGIC    "\177ELF"
/* "HdrS" in the setup header of a Linux kernel. */
#define LINUX_MAGIC        "HdrS"
#define LINUX_MAGIC_OFFSET 0x202u

typedef struct FlatStart {
    uint64_t address;
    uint64_t ip, flags;
    uint64_t gpr[8];
    uint64_t selector[6];
} FlatStart;

struct BootImage {
    char *path;
    GBytes *bytes;
    FlatStart start;
};

/* ---- the file ---- */

static bool refuse(GError **error, const char *path, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-kernel %s: %s", path, why);
    return false;
}

static bool check_kind(const char *path, const struct stat *st, GError **error)
{
    if (S_ISDIR(st->st_mode)) {
        return refuse(error, path, "is a directory (name a file)");
    }
    if (!S_ISREG(st->st_mode)) {
        return refuse(error, path, "is not a regular file");
    }
    if (st->st_size == 0) {
        return refuse(error, path, "is empty");
    }
    return true;
}

static GBytes *read_file(const char *path, uint64_t memory, GError **error)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        refuse(error, path, g_strerror(errno));
        return NULL;
    }
    if (!check_kind(path, &st, error)) {
        return NULL;
    }
    if ((uint64_t)st.st_size > memory) {
        g_autofree char *why = g_strdup_printf("has %" PRIu64 " KiB, the guest only %" PRIu64
                                               " KiB of memory (give it more with -m)",
                                               (uint64_t)st.st_size >> 10, memory >> 10);
        refuse(error, path, why);
        return NULL;
    }
    /* Read, not mapped: a file that shrinks meanwhile must not kill us. */
    g_autoptr(GError) failure = NULL;
    char *data;
    gsize size;
    if (!g_file_get_contents(path, &data, &size, &failure)) {
        refuse(error, path, failure->message);
        return NULL;
    }
    return g_bytes_new_take(data, size);
}

static bool check_format(const BootImage *image, GError **error)
{
    gsize size;
    const uint8_t *data = g_bytes_get_data(image->bytes, &size);
    if (size >= 4 && !memcmp(data, ELF_MAGIC, 4)) {
        return refuse(error, image->path,
                      "is an ELF file; only flat binaries boot (objcopy -O binary makes one)");
    }
    if (size >= LINUX_MAGIC_OFFSET + 4 && !memcmp(data + LINUX_MAGIC_OFFSET, LINUX_MAGIC, 4)) {
        return refuse(error, image->path, "is a Linux kernel; only flat binaries boot");
    }
    return true;
}

/* ---- -flat ---- */

typedef struct FlatKey {
    const char *name;
    size_t offset;
    uint64_t initial, maximum;
} FlatKey;

static const FlatKey FLAT_KEYS[] = {
    {"addr", offsetof(FlatStart, address), FLAT_ADDRESS, UINT32_MAX},
    {"ip", offsetof(FlatStart, ip), FLAT_ADDRESS, UINT16_MAX},
    {"flags", offsetof(FlatStart, flags), CPU_FLAG_ONE, UINT16_MAX},
    {"ax", offsetof(FlatStart, gpr[CPU_AX]), 2, UINT32_MAX},
    {"bx", offsetof(FlatStart, gpr[CPU_BX]), 2, UINT32_MAX},
    {"cx", offsetof(FlatStart, gpr[CPU_CX]), 0, UINT32_MAX},
    {"dx", offsetof(FlatStart, gpr[CPU_DX]), 0, UINT32_MAX},
    {"sp", offsetof(FlatStart, gpr[CPU_SP]), FLAT_ADDRESS, UINT32_MAX},
    {"bp", offsetof(FlatStart, gpr[CPU_BP]), 0, UINT32_MAX},
    {"si", offsetof(FlatStart, gpr[CPU_SI]), 0, UINT32_MAX},
    {"di", offsetof(FlatStart, gpr[CPU_DI]), 0, UINT32_MAX},
    {"cs", offsetof(FlatStart, selector[CPU_CS]), 0, UINT16_MAX},
    {"ds", offsetof(FlatStart, selector[CPU_DS]), 0, UINT16_MAX},
    {"es", offsetof(FlatStart, selector[CPU_ES]), 0, UINT16_MAX},
    {"ss", offsetof(FlatStart, selector[CPU_SS]), 0, UINT16_MAX},
    {"fs", offsetof(FlatStart, selector[CPU_FS]), 0, UINT16_MAX},
    {"gs", offsetof(FlatStart, selector[CPU_GS]), 0, UINT16_MAX},
};

static bool parse_flat(const char *text, FlatStart *start, GError **error)
{
    const char *names[G_N_ELEMENTS(FLAT_KEYS) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(FLAT_KEYS); i++) {
        names[i] = FLAT_KEYS[i].name;
    }
    g_autoptr(GHashTable) table = keyval_parse("-flat", text ? text : "", NULL, names, error);
    if (!table) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(FLAT_KEYS); i++) {
        const FlatKey *key = &FLAT_KEYS[i];
        uint64_t *field = (uint64_t *)((uint8_t *)start + key->offset);
        const char *value = g_hash_table_lookup(table, key->name);
        g_autofree char *what = g_strdup_printf("-flat %s", key->name);
        *field = key->initial;
        if (value && !number_parse(what, value, key->maximum, field, error)) {
            return false;
        }
    }
    return true;
}

/* ---- image ---- */

BootImage *boot_image_new(const char *path, const char *flat, uint64_t memory, GError **error)
{
    g_autoptr(BootImage) image = g_new0(BootImage, 1);
    image->path = g_strdup(path);
    image->bytes = read_file(path, memory, error);
    if (!image->bytes || !check_format(image, error) || !parse_flat(flat, &image->start, error)) {
        return NULL;
    }
    return g_steal_pointer(&image);
}

void boot_image_free(BootImage *image)
{
    g_clear_pointer(&image->bytes, g_bytes_unref);
    g_free(image->path);
    g_free(image);
}

static void set_start(const FlatStart *start, CpuState *state)
{
    cpu_state_reset(state);
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        state->segment[i].selector = (uint16_t)start->selector[i];
        state->segment[i].base = start->selector[i] << 4;
    }
    memcpy(state->gpr, start->gpr, sizeof(start->gpr));
    state->rip = start->ip;
    state->rflags = start->flags | CPU_FLAG_ONE;
}

bool boot_image_load(const BootImage *image, Memory *memory, CpuState *state, GError **error)
{
    gsize size;
    const uint8_t *data = g_bytes_get_data(image->bytes, &size);
    uint64_t address = image->start.address;
    if (!memory_write(memory, address, data, size)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "-kernel %s: %zu bytes at 0x%" PRIx64 " do not fit into %" PRIu64
                    " KiB of memory (-m)",
                    image->path, (size_t)size, address, memory_ram_size(memory) >> 10);
        return false;
    }
    set_start(&image->start, state);
    return true;
}
