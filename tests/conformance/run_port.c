/*
 * The conformance suite: runs every sentence of every port script on pioemu.
 *
 *   run_port [--tap] FILE.port...         one test per section
 *   run_port [--tap] --least N FILE.port...   the same, and there are N sentences
 *   run_port --compare FILE.port...       runs them on QEMU too, and prints a table
 *                                         of the sentences in which one of the two
 *                                         differs from the data sheet
 *
 * Differences of QEMU never fail the suite.
 */
#include "tests/conformance/port_run.h"

#include <stdio.h>
#include <string.h>

#define QEMU "qemu-system-x86_64"
/* The board of the data sheets, on which OUT2 gates the serial interrupts. */
static const char *const OUR_OPTIONS[] = {"-M",
                                          "isapc",
                                          "-accel",
                                          "qtest",
                                          "-nodefaults",
                                          "-serial",
                                          "null",
                                          "-serial",
                                          "null",
                                          "-global",
                                          "isa-serial.out2=strict",
                                          NULL};
static const char *const QEMU_OPTIONS[] = {"-M",      "isapc", "-accel",  "qtest", "-nodefaults",
                                           "-serial", "null",  "-serial", "null",  NULL};
/* The CPU never starts, so the BIOS accesses nothing.  But time stands still. */
static const char *const STANDING_OPTIONS[] = {"-M",      "isapc",       "-accel",  "tcg",
                                               "-S",      "-nodefaults", "-serial", "null",
                                               "-serial", "null",        NULL};

typedef struct Case {
    const PortScript *script;
    const PortSection *section;
} Case;

/* ---- the tests ---- */

static void test_section(gconstpointer data)
{
    const Case *c = data;
    g_autofree char *program = control_rig_program();
    PortEmulator ours = {"pioemu", program, OUR_OPTIONS, true, false};
    g_autofree PortOutcome *outcomes = g_new0(PortOutcome, c->section->sentences->len + 1);
    g_assert_true(port_run_section(&ours, c->script, c->section, outcomes));
    for (guint i = 0; i < c->section->sentences->len; i++) {
        const PortSentence *sentence = c->section->sentences->pdata[i];
        if (outcomes[i].verdict != PORT_AGREES) {
            g_test_message("%s:%d: %s [%s] %s", c->script->chip, sentence->line, sentence->text,
                           sentence->section, outcomes[i].note);
            g_test_fail();
        }
        g_free(outcomes[i].note);
    }
}

static unsigned count_sentences(const GPtrArray *scripts)
{
    unsigned count = 0;
    for (guint i = 0; i < scripts->len; i++) {
        const PortScript *script = scripts->pdata[i];
        for (guint j = 0; j < script->sections->len; j++) {
            const PortSection *section = script->sections->pdata[j];
            count += section->sentences->len;
        }
    }
    return count;
}

typedef struct Least {
    const GPtrArray *scripts;
    unsigned sentences;
} Least;

/* If there are fewer, a script has been lost. */
static void test_there_are_enough_sentences(gconstpointer data)
{
    const Least *least = data;
    unsigned count = count_sentences(least->scripts);
    g_test_message("%u sentences", count);
    g_assert_cmpuint(count, >=, least->sentences);
}

static bool expects_something(const PortSentence *sentence)
{
    for (guint i = 0; i < sentence->steps->len; i++) {
        const PortStep *step = sentence->steps->pdata[i];
        if (port_verb_expects(step->verb) && step->mask) {
            return true;
        }
    }
    return false;
}

/* A sentence without an expected bit would hold on every machine. */
static void test_every_sentence_can_fail(gconstpointer data)
{
    const GPtrArray *scripts = data;
    for (guint i = 0; i < scripts->len; i++) {
        const PortScript *script = scripts->pdata[i];
        for (guint j = 0; j < script->sections->len; j++) {
            const PortSection *section = script->sections->pdata[j];
            for (guint k = 0; k < section->sentences->len; k++) {
                const PortSentence *sentence = section->sentences->pdata[k];
                if (!expects_something(sentence)) {
                    g_test_message("%s:%d: %s", script->chip, sentence->line, sentence->text);
                    g_test_fail();
                }
            }
        }
    }
}

static char *section_path(const PortScript *script, const PortSection *section)
{
    char *path = g_strdup_printf("/conformance/%s/%s", script->chip, section->name);
    return g_strcanon(path, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-,",
                      '_');
}

static void add_tests(const Least *least)
{
    const GPtrArray *scripts = least->scripts;
    for (guint i = 0; i < scripts->len; i++) {
        const PortScript *script = scripts->pdata[i];
        for (guint j = 0; j < script->sections->len; j++) {
            Case *c = g_new(Case, 1);
            *c = (Case){script, script->sections->pdata[j]};
            g_autofree char *path = section_path(script, c->section);
            g_test_add_data_func_full(path, c, test_section, g_free);
        }
    }
    if (least->sentences) {
        g_test_add_data_func("/conformance/there_are_enough_sentences", least,
                             test_there_are_enough_sentences);
    }
    g_test_add_data_func("/conformance/every_sentence_can_fail", scripts,
                         test_every_sentence_can_fail);
}

/* ---- the table ---- */

typedef struct Totals {
    unsigned agree, differ, not_asked;
} Totals;

static const char *show(const PortOutcome *outcome, Totals *totals)
{
    switch (outcome->verdict) {
    case PORT_AGREES:
        totals->agree++;
        return "as the sheet";
    case PORT_DIFFERS:
        totals->differ++;
        return outcome->note;
    default:
        totals->not_asked++;
        return "not asked";
    }
}

static void print_row(const PortScript *script, const PortSentence *sentence,
                      const PortOutcome *ours, const PortOutcome *theirs, Totals totals[2])
{
    const char *left = show(ours, &totals[0]);
    const char *right = show(theirs, &totals[1]);
    if (ours->verdict == PORT_DIFFERS || theirs->verdict == PORT_DIFFERS) {
        printf("# %s.port:%d [%s] %s\n#     pioemu: %s\n#     QEMU:   %s\n", script->chip,
               sentence->line, sentence->section, sentence->text, left, right);
    }
}

static void compare_section(const PortEmulator emulators[2], const PortScript *script,
                            const PortSection *section, Totals totals[2])
{
    PortOutcome *outcomes[2];
    for (unsigned e = 0; e < 2; e++) {
        outcomes[e] = g_new0(PortOutcome, section->sentences->len + 1);
        if (!port_run_section(&emulators[e], script, section, outcomes[e])) {
            printf("# %s is not asked for %s: %s\n", emulators[e].name, script->chip,
                   section->name);
            for (guint i = 0; i < section->sentences->len; i++) {
                outcomes[e][i].verdict = PORT_NOT_ASKED;
            }
        }
    }
    for (guint i = 0; i < section->sentences->len; i++) {
        print_row(script, section->sentences->pdata[i], &outcomes[0][i], &outcomes[1][i], totals);
        g_free(outcomes[0][i].note);
        g_free(outcomes[1][i].note);
    }
    g_free(outcomes[0]);
    g_free(outcomes[1]);
}

/*
 * Distributions may leave the qtest accelerator out, and QEMU does not name it in
 * -accel help.  So this tries it, with an empty machine that ends at once.
 */
static bool has_qtest(const char *program)
{
    const char *argv[] = {"/bin/sh", "-c",
                          "echo quit | exec \"$0\" -accel qtest -machine none -nodefaults "
                          "-display none -monitor stdio",
                          program, NULL};
    int status;
    return g_spawn_sync(NULL, (char **)argv, NULL,
                        G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                        NULL, &status, NULL) &&
           g_spawn_check_wait_status(status, NULL);
}

static int compare(const GPtrArray *scripts)
{
    g_autofree char *program = control_rig_program();
    g_autofree char *qemu = g_find_program_in_path(QEMU);
    printf("TAP version 13\n1..1\n");
    if (!qemu) {
        printf("ok 1 /conformance/compare # SKIP " QEMU " is not installed\n");
        return 0;
    }
    bool stepped = has_qtest(qemu);
    PortEmulator emulators[2] = {
        {"pioemu", program, OUR_OPTIONS, true, false},
        {"QEMU", qemu, stepped ? QEMU_OPTIONS : STANDING_OPTIONS, stepped, true},
    };
    if (!stepped) {
        printf("# this QEMU has no -accel qtest: it is asked only what needs no time\n");
    }
    Totals totals[2] = {0};
    for (guint i = 0; i < scripts->len; i++) {
        const PortScript *script = scripts->pdata[i];
        for (guint j = 0; j < script->sections->len; j++) {
            compare_section(emulators, script, script->sections->pdata[j], totals);
        }
    }
    for (unsigned e = 0; e < 2; e++) {
        printf("# %s: %u as the data sheet, %u otherwise, %u not asked\n", emulators[e].name,
               totals[e].agree, totals[e].differ, totals[e].not_asked);
    }
    printf("%sok 1 /conformance/compare\n", totals[0].differ ? "not " : "");
    return totals[0].differ != 0;
}

int main(int argc, char **argv)
{
    bool comparing = argc > 1 && !strcmp(argv[1], "--compare");
    if (!comparing) {
        g_test_init(&argc, &argv, NULL);
        g_test_set_nonfatal_assertions();
    }
    g_autoptr(GPtrArray) scripts = g_ptr_array_new_with_free_func((GDestroyNotify)port_script_free);
    Least least = {.scripts = scripts};
    int first = 1 + comparing;
    if (argc > first + 1 && !strcmp(argv[first], "--least")) {
        least.sentences = (unsigned)g_ascii_strtoull(argv[first + 1], NULL, 10);
        first += 2;
    }
    for (int i = first; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        PortScript *script = port_script_load(argv[i], &error);
        if (!script) {
            fprintf(stderr, "%s\n", error->message);
            return 1;
        }
        g_ptr_array_add(scripts, script);
    }
    if (comparing) {
        return compare(scripts);
    }
    add_tests(&least);
    return g_test_run();
}
