/*
 * A flat binary.  It is copied to an address and started in real mode, with the
 * registers that -flat gives.  A file without any mark is taken for one.
 */
#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"
#include "src/boot/load.h"

#include <inttypes.h>

#define FLAT_ADDRESS 0x1000u

typedef struct FlatStart {
    uint64_t address;
    uint64_t ip, flags;
    uint64_t gpr[8];
    uint64_t selector[6];
} FlatStart;

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

bool boot_flat_check(const char *flat, GError **error)
{
    FlatStart start;
    return parse_flat(flat, &start, error);
}

static void set_start(const FlatStart *start, CpuState *state)
{
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        state->segment[i].selector = (uint16_t)start->selector[i];
        state->segment[i].base = start->selector[i] << 4;
    }
    memcpy(state->gpr, start->gpr, sizeof(start->gpr));
    state->rip = start->ip;
    state->rflags = start->flags | CPU_FLAG_ONE;
}

/* It goes to the address that the user gives, whatever else is there. */
static bool flat_load(BootLoad *load, GError **error)
{
    const BootBytes *kernel = &load->request->kernel;
    FlatStart start;
    if (!parse_flat(load->request->flat, &start, error)) {
        return false;
    }
    if (!memory_write(load->memory, start.address, kernel->data, kernel->size)) {
        return boot_refuse(load->request, error,
                           "%" PRIu64 " bytes at 0x%" PRIx64 " do not fit into %" PRIu64
                           " KiB of memory (-m)",
                           kernel->size, start.address, memory_ram_size(load->memory) >> 10);
    }
    set_start(&start, load->state);
    return true;
}

const BootFormat boot_flat = {
    .name = "a flat binary",
    .load = flat_load,
};
