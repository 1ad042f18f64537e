/*
 * The table of vendor rules, checked with recorded facts: vendor-facts.tsv contains
 * what a host of each vendor did with single cases.  The software CPU runs the same
 * cases here, on every host.
 */
#include "tests/unit/interp/oracle_facts.h"
#include "tests/unit/interp/oracle_maker.h"
#include "tests/unit/interp/oracle_vendor.h"

#include "src/cpu/cpu_state.h"

#include <glib.h>
#include <string.h>

#define NOT_A_VENDOR "NobodysChips"
#define OPCODE_INC   0x40 /* for EAX */

typedef struct Bench {
    OracleMachine *machine;
    OracleFact fact;
    uint8_t ours_data[ORACLE_DATA_SIZE];
    OracleOutcome ours;
    uint32_t stack_top;
} Bench;

static Bench *bench_new(void)
{
    Bench *bench = g_new0(Bench, 1);
    bench->machine = oracle_machine_new(ORACLE_LDT, ORACLE_LDT_ENTRIES);
    return bench;
}

static void bench_free(Bench *bench)
{
    oracle_machine_free(bench->machine);
    g_free(bench);
}

/* All bytes before and after the instruction are INT3. */
static void place(Bench *bench)
{
    static uint8_t traps[ORACLE_CODE_SIZE];
    const OracleCase *item = &bench->fact.item;
    memset(traps, 0xcc, sizeof(traps));
    oracle_machine_write_code(bench->machine, 0, traps, sizeof(traps));
    oracle_machine_write_code(bench->machine, item->code_offset, item->bytes,
                              MIN(item->length, ORACLE_CODE_SIZE - item->code_offset));
    oracle_machine_write_data(bench->machine, 0, bench->fact.before, ORACLE_DATA_SIZE);
}

static void run_ours(Bench *bench)
{
    place(bench);
    OracleRun run =
        oracle_machine_run(bench->machine, &bench->fact.item.before, bench->fact.item.length);
    g_assert_cmpint(run.end, ==, END_FAULT);
    memcpy(bench->ours_data, oracle_machine_data(bench->machine), ORACLE_DATA_SIZE);
    bench->ours = (OracleOutcome){.after = run.after, .fault = run.fault, .data = bench->ours_data};
    bench->stack_top = run.stack_top;
}

static OracleVerdict judge(Bench *bench, const char *vendor, const OracleVendorRule **rule)
{
    const OracleDifference difference = {.vendor = vendor,
                                         .item = &bench->fact.item,
                                         .data = bench->fact.before,
                                         .host = &bench->fact.host,
                                         .ours = &bench->ours,
                                         .stack_top = bench->stack_top};
    *rule = NULL;
    return oracle_vendor_judge(&difference, bench->machine, rule);
}

/* Calls `check` with every fact of the file.  Returns how many there are. */
static unsigned each_fact(void (*check)(Bench *bench, void *context), void *context)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(VENDOR_FACTS, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    Bench *bench = bench_new();
    unsigned count = 0;
    for (char **line = lines; *line; line++) {
        if (**line == '\0' || **line == '#') {
            continue;
        }
        g_assert_true(oracle_fact_parse(*line, &bench->fact));
        run_ours(bench);
        check(bench, context);
        count++;
    }
    bench_free(bench);
    return count;
}

static void is_explained(Bench *bench, void *context)
{
    unsigned *by_rule = context;
    const OracleVendorRule *rule;
    g_assert_nonnull(
        oracle_compare(&bench->fact.item, bench->stack_top, &bench->fact.host, &bench->ours));
    g_assert_cmpint(judge(bench, bench->fact.vendor, &rule), ==, VERDICT_EXPLAINED);
    g_assert_cmpstr(rule->vendor, ==, bench->fact.vendor);
    by_rule[rule - ORACLE_VENDOR_RULES]++;
}

static void test_every_rule_explains_the_results_of_its_vendor(void)
{
    g_autofree unsigned *by_rule = g_new0(unsigned, ORACLE_VENDOR_RULE_COUNT);
    g_test_message("%u facts", each_fact(is_explained, by_rule));
    for (unsigned i = 0; i < ORACLE_VENDOR_RULE_COUNT; i++) {
        g_test_message("%u: %s", by_rule[i], ORACLE_VENDOR_RULES[i].name);
        g_assert_cmpuint(by_rule[i], >, 0);
    }
}

static void differs_elsewhere(Bench *bench, void *context)
{
    (void)context;
    const OracleVendorRule *rule;
    const char *other =
        g_str_equal(bench->fact.vendor, "GenuineIntel") ? "AuthenticAMD" : "GenuineIntel";
    g_assert_cmpint(judge(bench, other, &rule), ==, VERDICT_DIFFERS);
}

static void test_another_vendor_may_not_do_the_same(void)
{
    g_assert_cmpuint(each_fact(differs_elsewhere, NULL), >, 0);
}

static void is_reported(Bench *bench, void *context)
{
    (void)context;
    const OracleVendorRule *rule;
    g_assert_cmpint(judge(bench, NOT_A_VENDOR, &rule), ==, VERDICT_VENDOR_UNKNOWN);
    g_assert_nonnull(rule);
}

static void test_an_unknown_vendor_is_reported_and_does_not_fail(void)
{
    g_assert_cmpuint(each_fact(is_reported, NULL), >, 0);
}

/* If one thing in the host's outcome is wrong, no rule may apply. */
static void is_exact(Bench *bench, void *context)
{
    (void)context;
    const OracleVendorRule *rule;
    OracleFact kept = bench->fact;
    bench->fact.host.after.gpr[CPU_BP] ^= 1;
    g_assert_cmpint(judge(bench, kept.vendor, &rule), ==, VERDICT_DIFFERS);
    bench->fact.host.after = kept.host.after;
    bench->fact.host.after.eflags ^= CPU_FLAG_CF;
    g_assert_cmpint(judge(bench, kept.vendor, &rule), ==, VERDICT_DIFFERS);
    bench->fact.host.after = kept.host.after;
    bench->fact.host.fault.vector = 6;
    g_assert_cmpint(judge(bench, kept.vendor, &rule), ==, VERDICT_DIFFERS);
    bench->fact.host.fault = kept.host.fault;
    bench->fact.after[PAGE_SIZE] ^= 1;
    g_assert_cmpint(judge(bench, kept.vendor, &rule), ==, VERDICT_DIFFERS);
    bench->fact.after[PAGE_SIZE] ^= 1;
    g_assert_cmpint(judge(bench, kept.vendor, &rule), ==, VERDICT_EXPLAINED);
}

static void test_a_rule_allows_only_its_own_difference(void)
{
    g_assert_cmpuint(each_fact(is_exact, NULL), >, 0);
}

/*
 * A fault of the software CPU in an instruction without a rule must stay a
 * difference, even for an unknown vendor.
 */
static void becomes_architectural(Bench *bench, void *context)
{
    unsigned *checked = context;
    const OracleVendorRule *rule;
    OracleCase *item = &bench->fact.item;
    item->bytes[0] = OPCODE_INC;
    item->length = 1;
    item->operand_bits = 32;
    run_ours(bench);
    bench->fact.host.after = bench->ours.after;
    bench->fact.host.fault = bench->ours.fault;
    memcpy(bench->fact.after, bench->ours_data, ORACLE_DATA_SIZE);
    bench->fact.host.after.gpr[CPU_AX]++;
    g_assert_cmpint(judge(bench, NOT_A_VENDOR, &rule), ==, VERDICT_DIFFERS);
    g_assert_cmpint(judge(bench, "AuthenticAMD", &rule), ==, VERDICT_DIFFERS);
    ++*checked;
}

static void test_what_is_architectural_fails_on_any_vendor(void)
{
    unsigned checked = 0;
    each_fact(becomes_architectural, &checked);
    g_assert_cmpuint(checked, >, 0);
}

/* ---- the rule of our own ---- */

#define CF          CPU_FLAG_CF
#define PF          CPU_FLAG_PF
#define AF          CPU_FLAG_AF
#define ZF          CPU_FLAG_ZF
#define SF          CPU_FLAG_SF
#define OF          CPU_FLAG_OF
#define ALL_FLAGS   (CF | PF | AF | ZF | SF | OF)
#define FIXED_FLAGS (CPU_FLAG_ONE | CPU_FLAG_IF)

/* What docs/cpu.md says about results that the manual leaves undefined. */
static const struct {
    const char *what;
    uint8_t bytes[4];
    unsigned length;
    uint32_t eax, ecx, edx;
    uint32_t flags_before, flags_after;
} UNDEFINED_RESULTS[] = {
    {"AND clears AF", {0x21, 0xc8}, 2, 0xff, 0x81, 0, ALL_FLAGS, PF},
    {"SHL clears AF", {0xd1, 0xe0}, 2, 1, 0, 0, ALL_FLAGS, 0},
    {"SHL by 2: OF is CF xor the sign", {0xc1, 0xe0, 2}, 3, 0x60000000, 0, 0, AF, CF | SF | PF},
    {"SHR by 2 clears OF", {0xc1, 0xe8, 2}, 3, 0x80000000, 0, 0, AF | OF, PF},
    {"SAR clears AF", {0xd1, 0xf8}, 2, 4, 0, 0, AF, 0},
    {"ROL by 2: OF is CF xor the sign", {0xc1, 0xc0, 2}, 3, 0x40000000, 0, 0, AF, AF | CF | OF},
    {"MUL: SF, ZF, PF by the low half", {0xf7, 0xe1}, 2, 0x80000000, 1, 0, ALL_FLAGS, SF | PF},
    {"MUL: ZF by the low half", {0xf7, 0xe1}, 2, 0x80000000, 2, 0, AF, CF | OF | ZF | PF},
    {"IMUL: by the truncated product",
     {0x0f, 0xaf, 0xc1},
     3,
     0x40000000,
     2,
     0,
     AF,
     CF | OF | SF | PF},
    {"DIV leaves all six", {0xf7, 0xf1}, 2, 7, 2, 0, ALL_FLAGS, ALL_FLAGS},
    {"IDIV leaves all six", {0xf7, 0xf9}, 2, 7, 2, 0, 0, 0},
    {"DAA clears OF", {0x27}, 1, 0x79, 0, 0, OF | AF, AF},
    {"AAA: SF, ZF, PF by AL", {0x37}, 1, 0x0a, 0, 0, OF | SF, CF | AF | ZF | PF},
    {"AAM clears OF, AF, CF", {0xd4, 10}, 2, 23, 0, 0, ALL_FLAGS, PF},
    {"AAD clears OF, AF, CF", {0xd5, 10}, 2, 0x203, 0, 0, ALL_FLAGS, PF},
    {"BT leaves OF, SF, AF, PF",
     {0x0f, 0xa3, 0xc8},
     3,
     2,
     1,
     0,
     OF | SF | AF | PF,
     OF | SF | AF | PF | CF},
    {"BSF of 0 leaves the destination", {0x0f, 0xbc, 0xc1}, 3, 77, 0, 0, OF | AF, OF | AF | ZF},
    {"SHLD by 2: OF is a change of sign",
     {0x0f, 0xa4, 0xc8, 2},
     4,
     0x60000000,
     0,
     0,
     AF,
     CF | OF | SF | PF},
};

static void run_undefined(Bench *bench, unsigned index)
{
    OracleCase *item = &bench->fact.item;
    memset(&bench->fact, 0, sizeof(bench->fact));
    item->code_offset = PAGE_SIZE / 2;
    item->length = UNDEFINED_RESULTS[index].length;
    memcpy(item->bytes, UNDEFINED_RESULTS[index].bytes, sizeof(UNDEFINED_RESULTS[index].bytes));
    item->before.gpr[CPU_AX] = UNDEFINED_RESULTS[index].eax;
    item->before.gpr[CPU_CX] = UNDEFINED_RESULTS[index].ecx;
    item->before.gpr[CPU_DX] = UNDEFINED_RESULTS[index].edx;
    item->before.eip = ORACLE_CODE + item->code_offset;
    item->before.eflags = FIXED_FLAGS | UNDEFINED_RESULTS[index].flags_before;
    item->before.segment[CPU_CS] = SELECTOR(LDT_CODE_FLAT);
    item->before.segment[CPU_SS] = SELECTOR(LDT_DATA_FLAT);
    run_ours(bench);
}

static void test_undefined_results_follow_one_rule_on_every_host(void)
{
    Bench *bench = bench_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(UNDEFINED_RESULTS); i++) {
        run_undefined(bench, i);
        g_test_message("%s", UNDEFINED_RESULTS[i].what);
        g_assert_cmpuint(bench->ours.fault.vector, ==, 3);
        g_assert_cmphex(bench->ours.after.eflags & ALL_FLAGS, ==, UNDEFINED_RESULTS[i].flags_after);
    }
    g_assert_cmphex(bench->ours.after.eflags & FIXED_FLAGS, ==, FIXED_FLAGS);
    bench_free(bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interp/vendor/every_rule_explains_the_results_of_its_vendor",
                    test_every_rule_explains_the_results_of_its_vendor);
    g_test_add_func("/interp/vendor/another_vendor_may_not_do_the_same",
                    test_another_vendor_may_not_do_the_same);
    g_test_add_func("/interp/vendor/an_unknown_vendor_is_reported_and_does_not_fail",
                    test_an_unknown_vendor_is_reported_and_does_not_fail);
    g_test_add_func("/interp/vendor/a_rule_allows_only_its_own_difference",
                    test_a_rule_allows_only_its_own_difference);
    g_test_add_func("/interp/vendor/what_is_architectural_fails_on_any_vendor",
                    test_what_is_architectural_fails_on_any_vendor);
    g_test_add_func("/interp/vendor/undefined_results_follow_one_rule_on_every_host",
                    test_undefined_results_follow_one_rule_on_every_host);
    return g_test_run();
}
