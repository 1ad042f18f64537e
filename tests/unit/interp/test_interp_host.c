/*
 * The host CPU as an oracle.  Random instructions run on it and on the software
 * CPU.  Every register, defined flag, byte of memory, vector, error code and CR2
 * must agree, except for the differences that oracle_vendor.c lists for the host's
 * vendor.
 *
 * Environment variables for longer runs and single cases: PIOEMU_ORACLE_CASES is
 * the number of cases.  PIOEMU_ORACLE_SEED is the first one.
 * PIOEMU_ORACLE_DIFFERENCES is the number of differences after which the test gives
 * up.  PIOEMU_ORACLE_ONE is the seed of a single case to run; a failure prints it,
 * together with the seed of the data.  PIOEMU_ORACLE_FACTS names a file that gets a
 * line for each difference, for vendor-facts.tsv.  PIOEMU_ORACLE_VENDOR replaces
 * the vendor that CPUID reports.
 */
#include "tests/unit/interp/interp_rig.h"
#include "tests/unit/interp/oracle_facts.h"
#include "tests/unit/interp/oracle_vendor.h"

#include "src/cpu/cpu_state.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define CASES           (RIG_SANITIZED ? UINT64_C(150000) : UINT64_C(1200000))
#define SEED            UINT64_C(0x2a2a2a2a)
#define CASES_PER_DATA  512u
#define DIFFERENCES_MAX 20u
#define TRAP            0xccu
#define UNDEFINED_KINDS (UNDEFINED_SWAP + 1u)

typedef struct Oracle {
    OracleMachine *machine;
    uint8_t data[ORACLE_DATA_SIZE]; /* the contents of both areas between cases */
    uint64_t data_seed;
    OracleCase item;
    OracleRun emulated;
    OracleState native;
    OracleFault native_fault;
    uint64_t compared, skipped, hung;
    uint64_t by_vector[32];
    unsigned differences;
    unsigned *by_form;
    char vendor[ORACLE_VENDOR_LENGTH + 1];
    FILE *facts;       /* or NULL */
    uint64_t *by_rule; /* for ORACLE_VENDOR_RULES */
    struct {
        uint64_t cases;
        uint32_t flags;
    } undefined[UNDEFINED_KINDS]; /* for undefined flags in which the host differs from the
                                     software CPU */
} Oracle;

/* ---- putting a case in place ---- */

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
    if (memcmp(oracle_native_data() + offset, was, PAGE_SIZE) != 0) {
        memcpy(oracle_native_data() + offset, was, PAGE_SIZE);
    }
    if (memcmp(oracle_machine_data(oracle->machine) + offset, was, PAGE_SIZE) != 0) {
        oracle_machine_write_data(oracle->machine, offset, was, PAGE_SIZE);
    }
}

static void restore_data(Oracle *oracle)
{
    for (uint32_t offset = 0; offset < ORACLE_DATA_SIZE; offset += PAGE_SIZE) {
        restore_page(oracle, offset);
    }
}

/* ---- telling ---- */

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

static void print_memory(const Oracle *oracle, const uint8_t *emulated)
{
    const uint8_t *native = oracle_native_data();
    unsigned told = 0;
    for (uint32_t i = 0; i < ORACLE_WRITABLE_SIZE && told < 16; i++) {
        if (native[i] != emulated[i]) {
            g_test_message("         %08x: was %02x, host %02x, pioemu %02x", ORACLE_DATA + i,
                           oracle->data[i], native[i], emulated[i]);
            told++;
        }
    }
}

static void print_difference(const Oracle *oracle, const char *what, const uint8_t *emulated)
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
    print_memory(oracle, emulated);
}

/* ---- running ---- */

static void restore_native(Oracle *oracle)
{
    memcpy(oracle_native_data(), oracle->data, ORACLE_DATA_SIZE);
    oracle_case_patch(&oracle->item, oracle_native_data());
}

/* A tick of the watchdog does not prove that the case hangs.  It gets a second try. */
static bool run_native(Oracle *oracle)
{
    for (unsigned try = 0; try < 3; try++) {
        oracle->native_fault = oracle_native_run(&oracle->item.before, &oracle->native);
        if (!oracle->native_fault.hung) {
            return true;
        }
        restore_native(oracle);
    }
    oracle->hung++;
    return false;
}

static void write_fact(Oracle *oracle, const OracleDifference *difference)
{
    if (oracle->facts != NULL) {
        g_autofree char *line =
            oracle_fact_line(difference->vendor, difference->item, oracle->data_seed,
                             difference->data, difference->host);
        fprintf(oracle->facts, "%s\n", line);
    }
}

static void judge(Oracle *oracle, const char *what, const OracleOutcome *host,
                  const OracleOutcome *ours)
{
    const OracleCase *item = &oracle->item;
    g_autofree uint8_t *data = g_malloc(ORACLE_DATA_SIZE);
    memcpy(data, oracle->data, ORACLE_DATA_SIZE);
    oracle_case_patch(item, data);
    OracleDifference difference = {.vendor = oracle->vendor,
                                   .item = item,
                                   .data = data,
                                   .host = host,
                                   .ours = ours,
                                   .stack_top = oracle->emulated.stack_top};
    write_fact(oracle, &difference);
    const OracleVendorRule *rule = NULL;
    if (oracle_vendor_judge(&difference, oracle->machine, &rule) != VERDICT_DIFFERS) {
        oracle->by_rule[rule - ORACLE_VENDOR_RULES]++;
        return;
    }
    oracle->differences++;
    oracle->by_form[item->form - ORACLE_FORMS]++;
    print_difference(oracle, what, ours->data);
}

static void note_undefined(Oracle *oracle, const OracleOutcome *host, const OracleOutcome *ours)
{
    uint32_t flags = oracle_undefined_difference(&oracle->item, host, ours);
    if (flags != 0) {
        oracle->undefined[oracle->item.form->undefined].cases++;
        oracle->undefined[oracle->item.form->undefined].flags |= flags;
    }
}

static const char *compare(const Oracle *oracle, const OracleOutcome *ours, OracleOutcome *host)
{
    *host = (OracleOutcome){
        .after = oracle->native, .fault = oracle->native_fault, .data = oracle_native_data()};
    return oracle->emulated.end == END_BROKEN
               ? "ends"
               : oracle_compare(&oracle->item, oracle->emulated.stack_top, host, ours);
}

/*
 * An interrupt of the host in the middle of a case sets null selectors to 0.  A
 * difference therefore counts only if it occurs twice.
 */
static void compare_outcomes(Oracle *oracle)
{
    OracleOutcome host, ours = {.after = oracle->emulated.after,
                                .fault = oracle->emulated.fault,
                                .data = oracle_machine_data(oracle->machine)};
    const char *what = compare(oracle, &ours, &host);
    if (what != NULL) {
        restore_native(oracle);
        what = run_native(oracle) ? compare(oracle, &ours, &host) : NULL;
    }
    if (what == NULL) {
        note_undefined(oracle, &host, &ours);
        return;
    }
    g_autofree uint8_t *kept = g_malloc(ORACLE_DATA_SIZE);
    memcpy(kept, ours.data, ORACLE_DATA_SIZE);
    ours.data = kept;
    judge(oracle, what, &host, &ours);
}

static void run_in_place(Oracle *oracle)
{
    const OracleCase *item = &oracle->item;
    oracle->emulated = oracle_machine_run(oracle->machine, &item->before, item->length);
    OracleEnd end = oracle->emulated.end;
    if ((end != END_FAULT && end != END_BROKEN) ||
        (oracle->emulated.fault.vector == 14 && rig_is_sanitizers(oracle->emulated.fault.cr2))) {
        oracle->skipped++;
        return;
    }
    if (!run_native(oracle)) {
        return;
    }
    oracle->compared++;
    oracle->by_vector[oracle->native_fault.vector & 31]++;
    compare_outcomes(oracle);
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
    uint8_t page[PAGE_SIZE];
    memset(page, TRAP, sizeof(page));
    for (unsigned i = 0; i < ORACLE_CODE_PAGES; i++) {
        write_code(oracle, i * PAGE_SIZE, page, PAGE_SIZE);
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

static void print_rules(const Oracle *oracle)
{
    g_test_message("vendor of the host: %s", oracle->vendor);
    for (unsigned i = 0; i < ORACLE_VENDOR_RULE_COUNT; i++) {
        const OracleVendorRule *rule = &ORACLE_VENDOR_RULES[i];
        if (oracle->by_rule[i] != 0) {
            g_test_message("%" G_GUINT64_FORMAT " cases differ as on %s: %s (%s)",
                           oracle->by_rule[i], rule->vendor, rule->name, rule->reference);
        }
    }
    for (unsigned i = 0; i < UNDEFINED_KINDS; i++) {
        if (oracle->undefined[i].cases != 0) {
            g_test_message("%" G_GUINT64_FORMAT " cases differ in undefined flags (%03x): %s",
                           oracle->undefined[i].cases, oracle->undefined[i].flags,
                           oracle_undefined_reference((OracleUndefined)i));
        }
    }
}

static void open_facts(Oracle *oracle)
{
    const char *name = g_getenv("PIOEMU_ORACLE_FACTS");
    if (name != NULL) {
        oracle->facts = fopen(name, "ae");
        g_assert_nonnull(oracle->facts);
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
    oracle->by_rule = g_new0(uint64_t, ORACLE_VENDOR_RULE_COUNT);
    oracle_vendor(oracle->vendor);
    open_facts(oracle);
    fill_with_traps(oracle);
    const char *one = g_getenv("PIOEMU_ORACLE_ONE");
    if (one != NULL) {
        run_one(oracle, one);
    } else {
        run_all(oracle);
    }
    print_forms(oracle);
    print_rules(oracle);
    unsigned differences = oracle->differences;
    g_free(oracle->by_form);
    g_free(oracle->by_rule);
    if (oracle->facts != NULL) {
        fclose(oracle->facts);
    }
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
