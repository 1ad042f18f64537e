/*
 * Compares MMX and SSE instructions with recordings of a real processor, on
 * every host.
 *
 * The data is sse-amd.tsv.gz.  Each line is one instruction with registers:
 * its bytes; XMM0 XMM1 MM0 MM1 RAX RCX RDX MXCSR before it; and then either
 * XM, for an unmasked exception, or the values after it ("-" means unchanged)
 * and the flags.  Each instruction runs as 64-bit code, and as 32-bit code if
 * it has no REX prefix.
 */
#include "tests/unit/interp/fpu_image.h"
#include "tests/unit/interp/interp_long.h"
#include "tests/unit/interp/interp_protected.h"
#include "tests/unit/interp/silicon_data.h"

#include <math.h>

#define DATA_FILE       "sse-amd.tsv.gz"
#define DIFFERENCES_MAX 20u
#define FLAGS_COMPARED  0x8d5u
#define REX_W           0x48

enum {
    FIELD_BYTES,
    FIELD_BEFORE,
    FIELD_XMM0,
    FIELD_XMM1,
    FIELD_MM0,
    FIELD_MM1,
    FIELD_RAX,
    FIELD_RCX,
    FIELD_RDX,
    FIELD_MXCSR,
    FIELD_FLAGS,
    FIELD_COUNT
};

typedef struct Registers {
    uint8_t xmm[2][16];
    uint8_t mm[2][8];
    uint8_t general[3][8];
    uint32_t mxcsr, flags;
} Registers;

/* The instructions whose results differ between vendors, and what is compared instead. */
typedef enum Comparison { COMPARE_ALL, COMPARE_CLOSE, COMPARE_FLAGS_DEFINED } Comparison;

typedef struct Difference {
    const char *form; /* the first digits of the bytes */
    Comparison comparison;
    uint32_t undefined; /* flags */
    const char *reason;
} Difference;

static const Difference DIFFERENCES[] = {
    {"0f52", COMPARE_CLOSE, 0, "RSQRTPS: a table of the processor's own"},
    {"f30f52", COMPARE_CLOSE, 0, "RSQRTSS: a table of the processor's own"},
    {"0f53", COMPARE_CLOSE, 0, "RCPPS: a table of the processor's own"},
    {"f30f53", COMPARE_CLOSE, 0, "RCPSS: a table of the processor's own"},
};

typedef struct Vectors {
    Rig *rigs[2]; /* for 32-bit and 64-bit code */
    Rig *rig;
    bool long_mode;
    char **field;
    Registers before, after, got;
    unsigned compared, differences;
} Vectors;

static const Difference *difference_of(const Vectors *v)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(DIFFERENCES); i++) {
        if (g_str_has_prefix(v->field[FIELD_BYTES], DIFFERENCES[i].form)) {
            return &DIFFERENCES[i];
        }
    }
    return NULL;
}

/* ---- reading a line ---- */

static void parse_before(Vectors *v)
{
    g_auto(GStrv) item = g_strsplit(v->field[FIELD_BEFORE], " ", -1);
    g_assert_cmpuint(g_strv_length(item), ==, 8);
    for (unsigned i = 0; i < 2; i++) {
        silicon_bytes(item[i], v->before.xmm[i], 16);
        silicon_bytes(item[2 + i], v->before.mm[i], 8);
    }
    for (unsigned i = 0; i < 3; i++) {
        uint64_t value = g_ascii_strtoull(item[4 + i], NULL, 16);
        memcpy(v->before.general[i], &value, 8);
    }
    v->before.mxcsr = (uint32_t)g_ascii_strtoull(item[7], NULL, 16);
    v->before.flags = 0;
}

static void parse_change(const char *field, void *to, size_t size)
{
    if (strcmp(field, "-") != 0) {
        silicon_bytes(field, to, size);
    }
}

static void parse_after(Vectors *v)
{
    v->after = v->before;
    for (unsigned i = 0; i < 2; i++) {
        parse_change(v->field[FIELD_XMM0 + i], v->after.xmm[i], 16);
        parse_change(v->field[FIELD_MM0 + i], v->after.mm[i], 8);
    }
    for (unsigned i = 0; i < 3; i++) {
        parse_change(v->field[FIELD_RAX + i], v->after.general[i], 8);
    }
    v->after.mxcsr = (uint32_t)g_ascii_strtoull(v->field[FIELD_MXCSR], NULL, 16);
    v->after.flags = (uint32_t)g_ascii_strtoull(v->field[FIELD_FLAGS], NULL, 16);
}

/* ---- running ---- */

static unsigned load_code(Vectors *v)
{
    uint8_t code[16];
    unsigned size = (unsigned)strlen(v->field[FIELD_BYTES]) / 2;
    silicon_bytes(v->field[FIELD_BYTES], code, size);
    rig_write(v->rig, v->long_mode ? LM_CODE : PM_CODE, code, size);
    return size;
}

static bool is_wide(const Vectors *v)
{
    uint8_t code[16];
    unsigned size = (unsigned)strlen(v->field[FIELD_BYTES]) / 2, i = 0;
    silicon_bytes(v->field[FIELD_BYTES], code, size);
    while (code[i] == 0x66 || code[i] == 0xf2 || code[i] == 0xf3) {
        i++;
    }
    return code[i] == REX_W;
}

static void enter(Vectors *v)
{
    CpuState state = v->long_mode ? lm_state(0, LM_CODE) : pm_state(0, PM_CODE);
    state.cr4 |= FPU_CR4_OSFXSR | FPU_CR4_OSXMMEXCPT;
    state.fxsave[FPU_TAGS] = 3;
    for (unsigned i = 0; i < 2; i++) {
        memcpy(fpu_xmm(&state, i), v->before.xmm[i], 16);
        memcpy(fpu_st(&state, i), v->before.mm[i], 8);
        memset(fpu_st(&state, i) + 8, 0xff, 2);
    }
    for (unsigned i = 0; i < 3; i++) {
        memcpy(&state.gpr[i], v->before.general[i], 8);
    }
    fpu_put32(&state, FPU_MXCSR, v->before.mxcsr);
    rig_set(v->rig, &state);
}

static void leave(Vectors *v)
{
    CpuState state = rig_get(v->rig);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(v->got.xmm[i], fpu_xmm(&state, i), 16);
        memcpy(v->got.mm[i], fpu_st(&state, i), 8);
    }
    /* 32-bit code does not change the upper halves. */
    for (unsigned i = 0; i < 3; i++) {
        memcpy(v->got.general[i], v->after.general[i], 8);
        memcpy(v->got.general[i], &state.gpr[i], v->long_mode ? 8 : 4);
    }
    v->got.mxcsr = fpu_get32(&state, FPU_MXCSR);
    v->got.flags = (uint32_t)state.rflags & FLAGS_COMPARED;
}

/* ---- comparing ---- */

/* Twice 1.5 x 2^-12, because each side may differ by that. */
#define CLOSE 0x1.8p-11

static bool is_close(const uint8_t *a, const uint8_t *b)
{
    float x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return memcmp(a, b, 4) == 0 || fabs((double)x - (double)y) <= CLOSE * fabs((double)y);
}

static bool same_registers(const Vectors *v, const Difference *difference)
{
    if (difference == NULL || difference->comparison != COMPARE_CLOSE) {
        return memcmp(v->got.xmm, v->after.xmm, sizeof(v->got.xmm)) == 0;
    }
    for (unsigned i = 0; i < 16; i += 4) {
        if (!is_close(v->got.xmm[0] + i, v->after.xmm[0] + i)) {
            return false;
        }
    }
    return memcmp(v->got.xmm[1], v->after.xmm[1], 16) == 0;
}

static bool same(const Vectors *v)
{
    const Difference *difference = difference_of(v);
    uint32_t flags = FLAGS_COMPARED & ~(difference ? difference->undefined : 0);
    return same_registers(v, difference) &&
           memcmp(v->got.mm, v->after.mm, sizeof(v->got.mm)) == 0 &&
           memcmp(v->got.general, v->after.general, sizeof(v->got.general)) == 0 &&
           v->got.mxcsr == v->after.mxcsr && ((v->got.flags ^ v->after.flags) & flags) == 0;
}

static void print_registers(const char *who, const Registers *r)
{
    g_autoptr(GString) line = g_string_new(NULL);
    const uint8_t *bytes = (const uint8_t *)r;
    for (unsigned i = 0; i < offsetof(Registers, mxcsr); i++) {
        g_string_append_printf(line, "%s%02x", i % 8 ? "" : " ", bytes[i]);
    }
    g_test_message("%-8s%s mxcsr %x flags %x", who, line->str, r->mxcsr, r->flags);
}

static void report(Vectors *v, const char *what)
{
    v->differences++;
    g_test_message("[%s] %s", v->field[FIELD_BYTES], what);
    print_registers("before", &v->before);
    print_registers("silicon", &v->after);
    print_registers("pioemu", &v->got);
}

static void run_in_mode(Vectors *v, bool raises, bool long_mode)
{
    InterpException was, now;
    v->long_mode = long_mode;
    v->rig = v->rigs[long_mode];
    unsigned size = load_code(v);
    enter(v);
    interp_last_exception(v->rig->vcpu, &was);
    rig_step(v->rig, 1);
    interp_last_exception(v->rig->vcpu, &now);
    leave(v);
    v->compared++;
    bool raised = now.count != was.count;
    if (raised != raises || (raised && now.vector != FPU_VECTOR_XM)) {
        report(v, raised ? "raised an exception" : "raised no exception");
    } else if (!raises &&
               (!same(v) || rig_get(v->rig).rip != (long_mode ? LM_CODE : PM_CODE) + size)) {
        report(v, "differs");
    }
}

static void run_line(Vectors *v, const char *line)
{
    g_auto(GStrv) field = g_strsplit(line, "\t", -1);
    bool raises = strcmp(field[2], "XM") == 0;
    g_assert_cmpuint(g_strv_length(field), ==, raises ? 3 : FIELD_COUNT);
    v->field = field;
    parse_before(v);
    v->after = v->before;
    if (!raises) {
        parse_after(v);
    }
    run_in_mode(v, raises, true);
    if (!is_wide(v)) {
        run_in_mode(v, raises, false);
    }
}

static void test_every_recording_agrees(void)
{
    g_autoptr(GDataInputStream) stream = silicon_open(DATA_FILE);
    if (stream == NULL) {
        return;
    }
    Vectors v = {.rigs = {pm_new(), lm_new()}};
    for (char *line; v.differences < DIFFERENCES_MAX && (line = silicon_line(stream)) != NULL;
         g_free(line)) {
        run_line(&v, line);
    }
    g_test_message("%u compared", v.compared);
    rig_free(v.rigs[0]);
    rig_free(v.rigs[1]);
    g_assert_cmpuint(v.differences, ==, 0);
    g_assert_cmpuint(v.compared, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interp/silicon_vectors/every_recording_agrees", test_every_recording_agrees);
    return g_test_run();
}
