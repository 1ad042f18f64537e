/*
 * Compares x87 instructions with register operands with recordings of a real
 * processor, on every host.
 *
 * The data is x87-amd.tsv.gz.  Each line is one instruction: its bytes; the
 * control word and ST0, ST1, ... before it; and then the control word, status
 * word, tag word, AX (0xdead before) and the registers that are not empty as
 * n:value.
 */
#include "tests/unit/interp/fpu_image.h"
#include "tests/unit/interp/interp_protected.h"
#include "tests/unit/interp/silicon_data.h"

#define DATA_FILE       "x87-amd.tsv.gz"
#define DIFFERENCES_MAX 20u
#define AX_BEFORE       0xdeadu
/* ZF and PF as the recording program left them.  FCMOVcc reads them. */
#define FLAGS_BEFORE 0x44u
#define STATUS_C1    0x200u

enum {
    FIELD_BYTES,
    FIELD_BEFORE,
    FIELD_CONTROL,
    FIELD_STATUS,
    FIELD_TAGS,
    FIELD_AX,
    FIELD_REGISTERS,
    FIELD_COUNT
};

/*
 * Results whose last bits differ between processors, and C1, which shows how
 * they were rounded.  Ours are the same on every host.  They may differ from
 * the recording by so many units in the last place.
 */
typedef struct Difference {
    const char *form;
    unsigned units;
    const char *name;
} Difference;

static const Difference DIFFERENCES[] = {
    {"d9f0", 2, "F2XM1"},   {"d9f1", 2, "FYL2X"},   {"d9f2", 2, "FPTAN"}, {"d9f3", 2, "FPATAN"},
    {"d9f9", 2, "FYL2XP1"}, {"d9fb", 2, "FSINCOS"}, {"d9fe", 2, "FSIN"},  {"d9ff", 2, "FCOS"},
};

typedef struct X87 {
    Rig *rig;
    char **field;
    unsigned compared, exact, differences;
} X87;

static const Difference *difference_of(const X87 *x)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(DIFFERENCES); i++) {
        if (strcmp(x->field[FIELD_BYTES], DIFFERENCES[i].form) == 0) {
            return &DIFFERENCES[i];
        }
    }
    return NULL;
}

static void enter(X87 *x)
{
    g_auto(GStrv) item = g_strsplit(x->field[FIELD_BEFORE], " ", -1);
    unsigned count = g_strv_length(item) - 1;
    CpuState state = pm_state(0, PM_CODE);
    uint8_t code[2];
    silicon_bytes(x->field[FIELD_BYTES], code, sizeof(code));
    rig_write(x->rig, PM_CODE, code, sizeof(code));
    state.gpr[CPU_AX] = AX_BEFORE;
    state.rflags |= FLAGS_BEFORE;
    fpu_put16(&state, FPU_CONTROL, (uint16_t)g_ascii_strtoull(item[0], NULL, 16));
    unsigned top = (8 - count) & 7;
    fpu_put16(&state, FPU_STATUS, (uint16_t)(top << 11));
    for (unsigned i = 0; i < count; i++) {
        silicon_bytes(item[1 + i], fpu_st(&state, i), 10);
        state.fxsave[FPU_TAGS] |= (uint8_t)(1u << ((top + i) & 7));
    }
    rig_set(x->rig, &state);
}

/* Returns the tag word that FNSAVE would store. */
static unsigned tag_word(CpuState *state)
{
    unsigned tags = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t fraction;
        uint16_t exponent;
        memcpy(&fraction, fpu_st(state, i), 8);
        memcpy(&exponent, fpu_st(state, i) + 8, 2);
        exponent &= 0x7fff;
        unsigned tag = !fpu_full(state, i)                                        ? 3
                       : exponent == 0 && fraction == 0                           ? 1
                       : exponent == 0 || exponent == 0x7fff || !(fraction >> 63) ? 2
                                                                                  : 0;
        tags |= tag << 2 * ((fpu_top(state) + i) & 7);
    }
    return tags;
}

/* Returns "n:value" for every register that is not empty. */
static char *registers_of(CpuState *state)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < 8; i++) {
        if (fpu_full(state, i)) {
            g_string_append_printf(text, "%s%u:", i ? " " : "", i);
            for (unsigned j = 0; j < 10; j++) {
                g_string_append_printf(text, "%02x", fpu_st(state, i)[j]);
            }
        }
    }
    return g_strdup(text->str);
}

static unsigned __int128 value_of(const char *text)
{
    uint8_t bytes[10];
    unsigned __int128 value = 0;
    silicon_bytes(text, bytes, sizeof(bytes));
    for (unsigned i = sizeof(bytes); i--;) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/*
 * Returns the exponent and the fraction with its leading one as one integer.
 * For the next number it is one more.
 */
static unsigned __int128 ordinal(unsigned __int128 value)
{
    return (value >> 64) << 63 | ((uint64_t)value & INT64_MAX);
}

static bool same_registers(const char *have, const char *want, unsigned units)
{
    g_auto(GStrv) a = g_strsplit(have, " ", -1), b = g_strsplit(want, " ", -1);
    bool equal = g_strv_length(a) == g_strv_length(b);
    for (unsigned i = 0; equal && a[i] != NULL && *a[i] != '\0'; i++) {
        unsigned __int128 x = ordinal(value_of(a[i] + 2)), y = ordinal(value_of(b[i] + 2));
        equal = a[i][0] == b[i][0] && (x > y ? x - y : y - x) <= units;
    }
    return equal;
}

static void run_line(X87 *x, const char *line)
{
    g_auto(GStrv) field = g_strsplit(line, "\t", -1);
    g_assert_cmpuint(g_strv_length(field), >=, FIELD_REGISTERS);
    x->field = field;
    const Difference *difference = difference_of(x);
    enter(x);
    rig_step(x->rig, 1);
    CpuState state = rig_get(x->rig);
    g_autofree char *registers = registers_of(&state);
    g_autofree char *have = g_strdup_printf(
        "%04x %04x %04x %04x %s", fpu_get16(&state, FPU_CONTROL), fpu_get16(&state, FPU_STATUS),
        tag_word(&state), (unsigned)state.gpr[CPU_AX] & 0xffff, registers);
    g_autofree char *want = g_strjoinv(" ", field + FIELD_CONTROL);
    bool exact = strcmp(have, g_strchomp(want)) == 0 || strcmp(g_strchomp(have), want) == 0;
    unsigned status = (unsigned)g_ascii_strtoull(field[FIELD_STATUS], NULL, 16);
    bool close = difference != NULL &&
                 ((status ^ fpu_get16(&state, FPU_STATUS)) & ~STATUS_C1) == 0 &&
                 same_registers(registers, field[FIELD_REGISTERS], difference->units);
    x->compared++;
    x->exact += exact;
    if (!exact && !close) {
        x->differences++;
        g_test_message("[%s] %s", field[FIELD_BYTES], field[FIELD_BEFORE]);
        g_test_message("silicon %s", want);
        g_test_message("pioemu  %s", have);
    }
}

static void test_every_recording_agrees(void)
{
    g_autoptr(GDataInputStream) stream = silicon_open(DATA_FILE);
    if (stream == NULL) {
        return;
    }
    X87 x = {.rig = pm_new()};
    for (char *line; x.differences < DIFFERENCES_MAX && (line = silicon_line(stream)) != NULL;
         g_free(line)) {
        run_line(&x, line);
    }
    g_test_message("%u compared, %u of them to the last bit", x.compared, x.exact);
    rig_free(x.rig);
    g_assert_cmpuint(x.differences, ==, 0);
    g_assert_cmpuint(x.compared, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interp/silicon_x87/every_recording_agrees", test_every_recording_agrees);
    return g_test_run();
}
