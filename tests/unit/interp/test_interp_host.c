/*
 * The host CPU as an oracle: random instructions run on it and on the
 * software CPU, and every register, defined flag, byte of memory, vector,
 * error code and CR2 must agree.
 *
 * Longer runs and single cases: PIOEMU_ORACLE_CASES is how many,
 * PIOEMU_ORACLE_SEED where to start, PIOEMU_ORACLE_DIFFERENCES after how many
 * to give up, PIOEMU_ORACLE_ONE the seed of the only case to run, as a failure
 * prints it with the seed of the data.
 */
#include "tests/unit/interp/interp_rig.h"
#include "tests/unit/interp/oracle_case.h"
#include "tests/unit/interp/oracle_emulated.h"

#include "src/cpu_state.h"

#include <glib.h>
#include <string.h>

#define CASES           (RIG_SANITIZED ? UINT64_C(150000) : UINT64_C(1200000))
#define SEED            UINT64_C(0x2a2a2a2a)
#define CASES_PER_DATA  512u
#define DIFFERENCES_MAX 20u
#define TRAP            0xccu
#define OPCODE_POPA     0x61
#define FETCH           0x10u /* page-fault error code: only where NX is on */
#define PUSHED_MAX      256u  /* bytes that an unfinished ENTER may have pushed */
#define ARITHMETIC_FLAGS                                                                           \
    (CPU_FLAG_CF | CPU_FLAG_PF | CPU_FLAG_AF | CPU_FLAG_ZF | CPU_FLAG_SF | CPU_FLAG_OF)
#define ERROR_PRESENT 1u
#define SHADOW_START  0x7ff00000u
#define WRITABLE_SIZE (ORACLE_DATA_SIZE - ORACLE_PAGE)

typedef struct Oracle {
    OracleMachine *machine;
    uint8_t data[ORACLE_DATA_SIZE]; /* what both areas hold between cases */
    uint64_t data_seed;
    OracleCase item;
    OracleRun emulated;
    OracleState native;
    OracleFault native_fault;
    uint64_t compared, skipped, hung;
    uint64_t by_vector[32];
    unsigned differences;
    unsigned *by_form;
} Oracle;

/* ---- putting a case in place ---------------------------------------------- */

static void write_code(Oracle *oracle, uint32_t offset, const uint8_t *bytes, unsigned size)
{
    unsigned fits = MIN(size, ORACLE_CODE_SIZE - offset);
    memcpy(oracle_native_code() + offset, bytes, fits);
    oracle_machine_write_code(oracle->machine, offset, bytes, fits);
}

static void write_data(Oracle *oracle, uint32_t offset, const void *bytes, unsigned size)
{
    memcpy(oracle_native_data() + offset, bytes, size);
    oracle_machine_write_data(oracle->machine, offset, bytes, size);
}

static void apply_patches(Oracle *oracle)
{
    for (unsigned i = 0; i < oracle->item.patch_count; i++) {
        const OraclePatch *patch = &oracle->item.patch[i];
        write_data(oracle, patch->offset, &patch->value, patch->size);
    }
}

static void restore_page(Oracle *oracle, uint32_t offset)
{
    const uint8_t *was = &oracle->data[offset];
    if (memcmp(oracle_native_data() + offset, was, ORACLE_PAGE) != 0) {
        memcpy(oracle_native_data() + offset, was, ORACLE_PAGE);
    }
    if (memcmp(oracle_machine_data(oracle->machine) + offset, was, ORACLE_PAGE) != 0) {
        oracle_machine_write_data(oracle->machine, offset, was, ORACLE_PAGE);
    }
}

static void restore_data(Oracle *oracle)
{
    for (uint32_t offset = 0; offset < ORACLE_DATA_SIZE; offset += ORACLE_PAGE) {
        restore_page(oracle, offset);
    }
}

/* ---- comparing ------------------------------------------------------------ */

/* It ended where it began: it faulted, or a repetition was cut short. */
static bool unfinished(const Oracle *oracle)
{
    return oracle->native.eip == oracle->item.before.eip && oracle->native_fault.vector != 3;
}

/*
 * "If a page fault occurs during CMPS or SCAS with REPNE, EFLAGS is restored
 * to the state before" (SDM SCAS, CMPS with REP): whether a repetition that is
 * cut short has changed them is the processor's affair.
 */
static bool compares_strings(const OracleCase *item)
{
    return item->form->first == 0xa6 || item->form->first == 0xae;
}

static uint32_t undefined_flags(const Oracle *oracle)
{
    const OracleCase *item = &oracle->item;
    if (unfinished(oracle) && (compares_strings(item) || item->form->undefined != 0)) {
        return ARITHMETIC_FLAGS;
    }
    return oracle_undefined_flags(item->form->undefined, item->shift_count, item->operand_bits);
}

/* A double shift by more than its size, a bit scan of 0, half a POPA. */
static bool undefined_result(const Oracle *oracle)
{
    const OracleCase *item = &oracle->item;
    switch ((OracleUndefined)item->form->undefined) {
    case UNDEFINED_DOUBLE_SHIFT:
        return item->shift_count > item->operand_bits;
    case UNDEFINED_BIT_SCAN:
        return oracle->native.eflags & CPU_FLAG_ZF;
    case UNDEFINED_SWAP:
        return item->operand_bits == 16;
    default:
        return item->form->first == OPCODE_POPA && unfinished(oracle);
    }
}

/* A mask of general registers. */
static unsigned undefined_registers(const Oracle *oracle)
{
    const OracleCase *item = &oracle->item;
    if (!undefined_result(oracle)) {
        return 0;
    }
    switch ((OracleUndefined)item->form->undefined) {
    case UNDEFINED_DOUBLE_SHIFT:
        return 1u << (item->modrm & 7);
    case UNDEFINED_BIT_SCAN:
        return 1u << (item->modrm >> 3 & 7);
    case UNDEFINED_SWAP:
        return 1u << (item->bytes[item->length - 1] & 7);
    default:
        return 0xff & ~(1u << CPU_SP);
    }
}

/* The host kernel's IRET turns every null selector in a data register into 0. */
static bool same_selectors(const OracleState *native, const OracleState *emulated)
{
    for (unsigned i = 0; i < 6; i++) {
        uint16_t selector = emulated->segment[i];
        bool null = (selector & ~3u) == 0;
        if (native->segment[i] != (null ? 0 : selector) && native->segment[i] != selector) {
            return false;
        }
    }
    return true;
}

static bool same_registers(const Oracle *oracle)
{
    const OracleState *native = &oracle->native, *emulated = &oracle->emulated.after;
    unsigned ignored = undefined_registers(oracle);
    for (unsigned i = 0; i < 8; i++) {
        if (!(ignored >> i & 1) && native->gpr[i] != emulated->gpr[i]) {
            return false;
        }
    }
    return native->eip == emulated->eip && same_selectors(native, emulated);
}

static bool same_flags(const Oracle *oracle)
{
    uint32_t ignored = CPU_FLAG_RF | undefined_flags(oracle);
    return ((oracle->native.eflags ^ oracle->emulated.after.eflags) & ~ignored) == 0;
}

/* What an access to memory may raise, or BOUND between its two. */
static bool is_access_fault(const OracleFault *fault)
{
    return fault->vector == 5 ||
           (fault->vector >= 11 && fault->vector <= 17 && fault->vector != 16);
}

/* The host kernel may have put off mapping a page that is there. */
static uint32_t page_fault_error(const OracleFault *fault)
{
    bool mapped =
        fault->cr2 - ORACLE_CODE < ORACLE_CODE_SIZE || fault->cr2 - ORACLE_DATA < ORACLE_DATA_SIZE;
    return (fault->error & ~FETCH) | (mapped ? ERROR_PRESENT : 0);
}

static bool same_fault(const Oracle *oracle)
{
    const OracleFault *native = &oracle->native_fault, *emulated = &oracle->emulated.fault;
    if (oracle->item.form->shape & FORM_SEVERAL && unfinished(oracle) && is_access_fault(native) &&
        is_access_fault(emulated)) {
        return true;
    }
    if (native->vector != emulated->vector) {
        return false;
    }
    if (native->vector == 14) {
        return native->cr2 == emulated->cr2 &&
               page_fault_error(native) == page_fault_error(emulated);
    }
    return native->error == emulated->error;
}

static bool below_the_stack(const Oracle *oracle, uint32_t offset)
{
    uint32_t below = oracle->emulated.stack_top - (ORACLE_DATA + offset);
    return below - 1 < PUSHED_MAX;
}

static bool same_memory(const Oracle *oracle)
{
    const uint8_t *native = oracle_native_data();
    const uint8_t *emulated = oracle_machine_data(oracle->machine);
    const OracleForm *form = oracle->item.form;
    if (memcmp(native, emulated, WRITABLE_SIZE) == 0) {
        return true;
    }
    if (form->undefined == UNDEFINED_DOUBLE_SHIFT) {
        return undefined_result(oracle);
    }
    bool pushes = form->shape & FORM_PUSHES && unfinished(oracle);
    for (uint32_t i = 0; i < WRITABLE_SIZE; i++) {
        if (native[i] != emulated[i] && !(pushes && below_the_stack(oracle, i))) {
            return false;
        }
    }
    return true;
}

/* ---- telling -------------------------------------------------------------- */

static void print_state(const char *who, const OracleState *state, const OracleFault *fault)
{
    static const char *const GPR[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    static const char *const SEGMENT[] = {"es", "cs", "ss", "ds", "fs", "gs"};
    g_autoptr(GString) line = g_string_new(NULL);
    for (unsigned i = 0; i < 8; i++) {
        g_string_append_printf(line, " %s=%08x", GPR[i], state->gpr[i]);
    }
    for (unsigned i = 0; i < 6; i++) {
        g_string_append_printf(line, " %s=%04x", SEGMENT[i], state->segment[i]);
    }
    g_test_message("%-8s%s eip=%08x eflags=%08x", who, line->str, state->eip, state->eflags);
    if (fault != NULL) {
        g_test_message("%-8s vector %u error %x cr2 %08x", who, fault->vector, fault->error,
                       fault->cr2);
    }
}

static void print_memory(const Oracle *oracle)
{
    const uint8_t *native = oracle_native_data();
    const uint8_t *emulated = oracle_machine_data(oracle->machine);
    unsigned told = 0;
    for (uint32_t i = 0; i < WRITABLE_SIZE && told < 16; i++) {
        if (native[i] != emulated[i]) {
            g_test_message("         %08x: was %02x, host %02x, pioemu %02x", ORACLE_DATA + i,
                           oracle->data[i], native[i], emulated[i]);
            told++;
        }
    }
}

static void print_difference(const Oracle *oracle, const char *what)
{
    const OracleCase *item = &oracle->item;
    g_autoptr(GString) bytes = g_string_new(NULL);
    for (unsigned i = 0; i < item->length; i++) {
        g_string_append_printf(bytes, " %02x", item->bytes[i]);
    }
    g_test_message("%s differ: %s:%s (operand %u bits)", what, item->form->name, bytes->str,
                   item->operand_bits);
    g_test_message("again with PIOEMU_ORACLE_ONE=%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                   item->seed, oracle->data_seed);
    print_state("before", &item->before, NULL);
    print_state("host", &oracle->native, &oracle->native_fault);
    print_state("pioemu", &oracle->emulated.after, &oracle->emulated.fault);
    if (oracle->emulated.detail != NULL) {
        g_test_message("pioemu: %s", oracle->emulated.detail);
    }
    g_test_message("masked: %s", oracle_undefined_reference(item->form->undefined));
    print_memory(oracle);
}

/* ---- running -------------------------------------------------------------- */

static const char *compare(const Oracle *oracle)
{
    if (oracle->emulated.end == END_BROKEN) {
        return "ends";
    }
    if (!same_fault(oracle)) {
        return "faults";
    }
    if (!same_registers(oracle)) {
        return "registers";
    }
    if (!same_flags(oracle)) {
        return "flags";
    }
    return same_memory(oracle) ? NULL : "memories";
}

/* A tick of the watchdog is no proof that the case hangs: it gets a second try. */
static bool run_native(Oracle *oracle)
{
    for (unsigned try = 0; try < 3; try++) {
        oracle->native_fault = oracle_native_run(&oracle->item.before, &oracle->native);
        if (!oracle->native_fault.hung) {
            return true;
        }
        memcpy(oracle_native_data(), oracle->data, ORACLE_DATA_SIZE);
        for (unsigned i = 0; i < oracle->item.patch_count; i++) {
            const OraclePatch *patch = &oracle->item.patch[i];
            memcpy(oracle_native_data() + patch->offset, &patch->value, patch->size);
        }
    }
    oracle->hung++;
    return false;
}

/* Where a sanitizer keeps its own memory, the host would not fault. */
static bool is_the_sanitizers(const OracleFault *fault)
{
    return RIG_SANITIZED && fault->vector == 14 && fault->cr2 >= SHADOW_START;
}

static void run_in_place(Oracle *oracle)
{
    const OracleCase *item = &oracle->item;
    oracle->emulated = oracle_machine_run(oracle->machine, &item->before, item->length);
    OracleEnd end = oracle->emulated.end;
    if ((end != END_FAULT && end != END_BROKEN) || is_the_sanitizers(&oracle->emulated.fault)) {
        oracle->skipped++;
        return;
    }
    if (!run_native(oracle)) {
        return;
    }
    oracle->compared++;
    oracle->by_vector[oracle->native_fault.vector & 31]++;
    const char *what = compare(oracle);
    if (what != NULL) {
        oracle->differences++;
        oracle->by_form[item->form - ORACLE_FORMS]++;
        print_difference(oracle, what);
    }
}

static void run_case(Oracle *oracle, uint64_t seed)
{
    static const uint8_t TRAPS[ORACLE_BYTES_MAX] = {[0 ... ORACLE_BYTES_MAX - 1] = TRAP};
    OracleCase *item = &oracle->item;
    oracle_case_make(seed, oracle->data, item);
    write_code(oracle, item->code_offset, item->bytes, item->length);
    apply_patches(oracle);
    run_in_place(oracle);
    write_code(oracle, item->code_offset, TRAPS, item->length);
    restore_data(oracle);
}

static void new_data(Oracle *oracle, uint64_t seed)
{
    oracle->data_seed = seed;
    oracle_fill_data(seed, oracle->data);
    write_data(oracle, 0, oracle->data, ORACLE_DATA_SIZE);
}

static void fill_with_traps(Oracle *oracle)
{
    uint8_t page[ORACLE_PAGE];
    memset(page, TRAP, sizeof(page));
    for (unsigned i = 0; i < ORACLE_CODE_PAGES; i++) {
        write_code(oracle, i * ORACLE_PAGE, page, ORACLE_PAGE);
    }
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = g_getenv(name);
    return text != NULL ? g_ascii_strtoull(text, NULL, 0) : otherwise;
}

static void run_one(Oracle *oracle, const char *text)
{
    char *rest = NULL;
    uint64_t seed = g_ascii_strtoull(text, &rest, 0);
    new_data(oracle, *rest == ':' ? g_ascii_strtoull(rest + 1, NULL, 0) : 0);
    run_case(oracle, seed);
}

static void run_all(Oracle *oracle)
{
    uint64_t state = setting("PIOEMU_ORACLE_SEED", SEED);
    uint64_t count = setting("PIOEMU_ORACLE_CASES", CASES);
    uint64_t most = setting("PIOEMU_ORACLE_DIFFERENCES", DIFFERENCES_MAX);
    for (uint64_t i = 0; i < count && oracle->differences < most; i++) {
        if (i % CASES_PER_DATA == 0) {
            new_data(oracle, oracle_random(&state));
        }
        run_case(oracle, oracle_random(&state));
    }
    g_test_message("%" G_GUINT64_FORMAT " compared, %" G_GUINT64_FORMAT
                   " left out, %" G_GUINT64_FORMAT " without an end",
                   oracle->compared, oracle->skipped, oracle->hung);
    for (unsigned i = 0; i < G_N_ELEMENTS(oracle->by_vector); i++) {
        if (oracle->by_vector[i] != 0) {
            g_test_message("vector %2u: %" G_GUINT64_FORMAT, i, oracle->by_vector[i]);
        }
    }
}

static void print_forms(const Oracle *oracle)
{
    for (unsigned i = 0; i < ORACLE_FORM_COUNT; i++) {
        if (oracle->by_form[i] != 0) {
            g_test_message("%u differences of %s (%02x)", oracle->by_form[i], ORACLE_FORMS[i].name,
                           ORACLE_FORMS[i].first);
        }
    }
}

static void test_every_form_agrees_with_the_host(void)
{
    const char *missing = oracle_native_open(ORACLE_LDT, ORACLE_LDT_ENTRIES);
    if (missing != NULL) {
        g_test_skip(missing);
        return;
    }
    Oracle *oracle = g_new0(Oracle, 1);
    oracle->machine = oracle_machine_new(ORACLE_LDT, ORACLE_LDT_ENTRIES);
    oracle->by_form = g_new0(unsigned, ORACLE_FORM_COUNT);
    fill_with_traps(oracle);
    const char *one = g_getenv("PIOEMU_ORACLE_ONE");
    if (one != NULL) {
        run_one(oracle, one);
    } else {
        run_all(oracle);
    }
    print_forms(oracle);
    unsigned differences = oracle->differences;
    g_free(oracle->by_form);
    oracle_machine_free(oracle->machine);
    g_free(oracle);
    g_assert_cmpuint(differences, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interp/host/every_form_agrees_with_the_host",
                    test_every_form_agrees_with_the_host);
    return g_test_run();
}
