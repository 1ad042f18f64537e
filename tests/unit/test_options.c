/* The command line: what each option sets, and the messages about mistakes. */
#include "src/base/error.h"
#include "src/cli/options.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct Parsed {
    Config *config;
    char *text;
    GError *error;
    bool ok;
} Parsed;

/* The words are the arguments after the program's name. */
static Parsed parse(const char *const *words)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (gpointer) "pioemu");
    for (; *words; words++) {
        g_ptr_array_add(argv, (gpointer)*words);
    }
    g_ptr_array_add(argv, NULL);
    Parsed p = {.config = config_new()};
    p.ok =
        options_parse(p.config, (int)argv->len - 1, (char *const *)argv->pdata, &p.text, &p.error);
    g_assert_true(p.ok ? !p.text && !p.error : !p.text != !p.error);
    return p;
}

static void parsed_clear(Parsed *p)
{
    config_free(p->config);
    g_free(p->text);
    g_clear_error(&p->error);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void assert_refused_words(const char *const *words, const char *message)
{
    Parsed p = parse(words);
    g_assert_error(p.error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(p.error->message, ==, message);
    g_assert_null(strchr(p.error->message, '\n'));
    parsed_clear(&p);
}

#define REFUSED(message, ...)                                                                      \
    assert_refused_words((const char *const[]){__VA_ARGS__, NULL}, message)

/* ---- values ---- */

static void test_defaults(void)
{
    Parsed p = parse((const char *const[]){NULL});
    g_assert_true(p.ok);
    g_assert_cmpuint(p.config->memory, ==, UINT64_C(128) << 20);
    g_assert_cmpuint(p.config->cpus, ==, 1);
    g_assert_cmpstr(p.config->machine, ==, "pc");
    g_assert_cmpint(p.config->escape, ==, 1);
    g_assert_cmpuint(p.config->timeout, ==, 0);
    g_assert_cmpuint(p.config->serials->len + p.config->devices->len + p.config->globals->len +
                         p.config->accels->len,
                     ==, 0);
    g_assert_false(p.config->no_defaults || p.config->no_reboot || p.config->no_shutdown);
    parsed_clear(&p);
}

/* Options whose value is stored unchanged, with the place. */
static const struct {
    const char *option;
    size_t field;
} TEXTS[] = {
    {"-kernel", offsetof(Config, kernel)},       {"-flat", offsetof(Config, flat)},
    {"-debugcon", offsetof(Config, debugcon)},   {"-debugport", offsetof(Config, debugport)},
    {"-result", offsetof(Config, result)},       {"-pidfile", offsetof(Config, pidfile)},
    {"-D", offsetof(Config, log_file)},          {"-qtest", offsetof(Config, qtest)},
    {"-qtest-log", offsetof(Config, qtest_log)},
};

static void test_texts_are_kept_and_the_later_wins(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        Parsed p = PARSE(TEXTS[i].option, "first", TEXTS[i].option, "a=b, c");
        g_assert_no_error(p.error);
        g_assert_cmpstr(*(char **)((uint8_t *)p.config + TEXTS[i].field), ==, "a=b, c");
        parsed_clear(&p);
    }
}

static void test_machine_options_come_together(void)
{
    Parsed p = PARSE("-M", "first,irqchip=user", "-machine", "isapc", "-M", "accel=kvm:qtest",
                     "-machine", "irqchip=kernel,accel=third");
    g_assert_no_error(p.error);
    g_assert_cmpstr(p.config->machine, ==, "isapc,irqchip=kernel");
    g_ptr_array_add(p.config->accels, NULL);
    static const char *const ACCELS[] = {"kvm", "qtest", "third", NULL};
    g_assert_true(g_strv_equal((const char *const *)p.config->accels->pdata, ACCELS));
    parsed_clear(&p);
}

static void test_an_accelerator_has_a_name(void)
{
    static const char *const why = "an accelerator without a name (as in kvm:soft)";
    static const char *const VALUES[][2] = {
        {"-accel", ":"}, {"-accel", "kvm:"}, {"-accel", "kvm::interp"}, {"-machine", "pc,accel="}};
    for (unsigned i = 0; i < G_N_ELEMENTS(VALUES); i++) {
        g_autofree char *message = g_strdup_printf("%s %s: %s", VALUES[i][0], VALUES[i][1], why);
        REFUSED(message, VALUES[i][0], VALUES[i][1]);
    }
}

static void test_control_options_are_kept_in_order(void)
{
    Parsed p = PARSE("-qmp", "unix:a", "-qmp", "unix:b", "-mon", "chardev=c,mode=control",
                     "-chardev", "socket,path=d,id=c", "-S");
    g_assert_no_error(p.error);
    g_assert_cmpstr(p.config->qmps->pdata[0], ==, "unix:a");
    g_assert_cmpstr(p.config->qmps->pdata[1], ==, "unix:b");
    g_assert_cmpstr(p.config->monitors->pdata[0], ==, "chardev=c,mode=control");
    g_assert_cmpstr(p.config->chardevs->pdata[0], ==, "socket,path=d,id=c");
    g_assert_true(p.config->start_paused);
    g_assert_false(p.config->stdio_taken);
    parsed_clear(&p);
}

/* Then COM1 and the debug port cannot use it. */
static void test_a_control_protocol_takes_stdio(void)
{
    static const char *const TAKING[][5] = {{"-qmp", "stdio"},
                                            {"-qtest", "stdio"},
                                            {"-chardev", "stdio,id=a", "-mon", "a,mode=control"},
                                            {"-accel", "qtest"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(TAKING); i++) {
        Parsed p = parse(TAKING[i]);
        g_assert_true(p.ok && p.config->stdio_taken);
        parsed_clear(&p);
    }
}

static void test_lists_are_kept_in_order(void)
{
    Parsed p = PARSE("-serial", "stdio", "-serial", "none", "-nographic", "-device", "a,b=c",
                     "-device", "d", "-global", "x.y=z", "-global", "u.v=w", "-accel", "kvm:other",
                     "-accel", "third");
    g_assert_no_error(p.error);
    g_ptr_array_add(p.config->serials, NULL);
    g_ptr_array_add(p.config->devices, NULL);
    g_ptr_array_add(p.config->globals, NULL);
    g_ptr_array_add(p.config->accels, NULL);
    static const char *const SERIALS[] = {"stdio", "none", NULL};
    static const char *const DEVICES[] = {"a,b=c", "d", NULL};
    static const char *const GLOBALS[] = {"x.y=z", "u.v=w", NULL};
    static const char *const ACCELS[] = {"kvm", "other", "third", NULL};
    g_assert_true(g_strv_equal((const char *const *)p.config->serials->pdata, SERIALS));
    g_assert_true(g_strv_equal((const char *const *)p.config->devices->pdata, DEVICES));
    g_assert_true(g_strv_equal((const char *const *)p.config->globals->pdata, GLOBALS));
    g_assert_true(g_strv_equal((const char *const *)p.config->accels->pdata, ACCELS));
    parsed_clear(&p);
}

static void test_actions_are_named(void)
{
    Parsed p = PARSE("-action", "reboot=pause,triple-fault=reset", "-action", "panic=shutdown");
    const RunAction wanted[] = {ACTION_PAUSE, ACTION_SHUTDOWN, ACTION_SHUTDOWN, ACTION_RESET};
    g_assert_true(p.ok);
    g_assert_cmpmem(p.config->actions.on, sizeof(wanted), wanted, sizeof(wanted));
    g_autofree char *text = run_actions_text(&p.config->actions);
    g_assert_cmpstr(text, ==, "reboot=pause,shutdown=shutdown,panic=shutdown,triple-fault=reset");
    parsed_clear(&p);
    REFUSED("-action panic=none: not one of reset, shutdown, pause, die", "-action", "panic=none");
}

static void test_flags_take_no_argument(void)
{
    Parsed p = PARSE("-nodefaults", "-no-reboot", "-no-shutdown", "-display", "none");
    g_assert_true(p.ok);
    g_assert_true(p.config->no_defaults && p.config->no_reboot && p.config->no_shutdown);
    parsed_clear(&p);
}

static void test_two_dashes_are_as_good_as_one(void)
{
    Parsed p = PARSE("--kernel", "k", "--M", "m", "--no-reboot");
    g_assert_true(p.ok);
    g_assert_cmpstr(p.config->kernel, ==, "k");
    g_assert_cmpstr(p.config->machine, ==, "m");
    g_assert_true(p.config->no_reboot);
    parsed_clear(&p);
}

static void assert_memory(const char *text, uint64_t bytes)
{
    Parsed p = PARSE("-m", text);
    g_assert_no_error(p.error);
    g_assert_cmpuint(p.config->memory, ==, bytes);
    parsed_clear(&p);
}

static void test_memory_sizes(void)
{
    assert_memory("64K", UINT64_C(64) << 10);
    assert_memory("65536K", UINT64_C(64) << 20);
    assert_memory("1", UINT64_C(1) << 20);
    assert_memory("512m", UINT64_C(512) << 20);
    assert_memory("6G", UINT64_C(6) << 30);
    assert_memory("0x10", UINT64_C(16) << 20);
    assert_memory("1.5", UINT64_C(3) << 19);
    REFUSED("-m 5Q: unknown suffix 'Q' (use K, M or G)", "-m", "5Q");
    REFUSED("-m x: not a number (decimal or 0x...)", "-m", "x");
    REFUSED("-m -1: not a number (decimal or 0x...)", "-m", "-1");
    REFUSED("-m 99999999999999999999: number too large", "-m", "99999999999999999999");
    assert_memory("1G,slots=2,maxmem=2G", UINT64_C(1) << 30);
    assert_memory("size=64,slots=2", UINT64_C(64) << 20);
    assert_memory("slots=2", UINT64_C(128) << 20);
    REFUSED("-m 0x: no digits after 0x", "-m", "0x");
    REFUSED("-m 60K: memory is a multiple of 4K, from 64K on", "-m", "60K");
    REFUSED("-m 65K: memory is a multiple of 4K, from 64K on", "-m", "65K");
    REFUSED("-m 0: memory is a multiple of 4K, from 64K on", "-m", "0");
    REFUSED("-m 1025G: too large (at most 1099511627776 bytes)", "-m", "1025G");
    REFUSED("-m 18014398509481984K: too large (at most 1099511627776 bytes)", "-m",
            "18014398509481984K");
}

static void test_cpus(void)
{
    Parsed p = PARSE("-smp", "4");
    g_assert_cmpuint(p.config->cpus, ==, 4);
    parsed_clear(&p);
    p = PARSE("-smp", "cpus=2");
    g_assert_cmpuint(p.config->cpus, ==, 2);
    parsed_clear(&p);
    static const struct {
        const char *text;
        unsigned cpus, sockets, cores, threads;
    } GROUPS[] = {
        {"4", 4, 1, 4, 1},
        {"cores=2,threads=2", 4, 1, 2, 2},
        {"8,sockets=2,cores=2,threads=2", 8, 2, 2, 2},
        {"2,maxcpus=4", 2, 1, 4, 1},
        {"sockets=2", 2, 2, 1, 1},
        {"6,sockets=2", 6, 2, 3, 1},
        {"4,cores=2", 4, 2, 2, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(GROUPS); i++) {
        p = PARSE("-smp", GROUPS[i].text);
        g_assert_no_error(p.error);
        g_assert_cmpuint(p.config->cpus, ==, GROUPS[i].cpus);
        g_assert_cmpuint(p.config->topology.sockets, ==, GROUPS[i].sockets);
        g_assert_cmpuint(p.config->topology.cores, ==, GROUPS[i].cores);
        g_assert_cmpuint(p.config->topology.threads, ==, GROUPS[i].threads);
        parsed_clear(&p);
    }
    REFUSED("-smp 4,cores=3: 1 sockets of 1 dies of 3 cores of 1 threads are 3 CPUs, not 4", "-smp",
            "4,cores=3");
    REFUSED("-smp 5,maxcpus=4: 5 CPUs are more than the 4 that are possible", "-smp",
            "5,maxcpus=4");
    REFUSED("-smp clusters=2: a PC has no clusters", "-smp", "4,clusters=2");
    REFUSED("-smp 0: at least 1 CPU", "-smp", "0");
    REFUSED("-smp 256: too large (at most 255)", "-smp", "256");
    REFUSED("-smp: a number is missing (decimal or 0x...)", "-smp", "cpus=");
    REFUSED("-smp two: not a number (decimal or 0x...)", "-smp", "two");
}

static void test_escape_key(void)
{
    Parsed p = PARSE("-echr", "20");
    g_assert_cmpint(p.config->escape, ==, 20);
    parsed_clear(&p);
    p = PARSE("-echr", "0");
    g_assert_cmpint(p.config->escape, ==, 0);
    parsed_clear(&p);
    REFUSED("-echr 32: too large (at most 31)", "-echr", "32");
    REFUSED("-echr ^A: not a number (decimal or 0x...)", "-echr", "^A");
}

static void test_timeout_is_in_seconds(void)
{
    Parsed p = PARSE("-timeout", "30");
    g_assert_cmpuint(p.config->timeout, ==, UINT64_C(30000000000));
    parsed_clear(&p);
    p = PARSE("-timeout", "0.5");
    g_assert_cmpuint(p.config->timeout, ==, UINT64_C(500000000));
    parsed_clear(&p);
    REFUSED("-timeout 0: more than 0 seconds", "-timeout", "0");
    REFUSED("-timeout 1s: not a number of seconds (as in 30 or 0.5)", "-timeout", "1s");
    REFUSED("-timeout -1: not a number of seconds (as in 30 or 0.5)", "-timeout", "-1");
    REFUSED("-timeout 99999999999: not a number of seconds (as in 30 or 0.5)", "-timeout",
            "99999999999");
}

static void test_log_items_are_checked_at_once(void)
{
    Parsed p = PARSE("-d", "io,unclaimed");
    g_assert_cmpstr(p.config->log_items, ==, "io,unclaimed");
    parsed_clear(&p);
    p = PARSE("-d", "unclaimd");
    g_assert_true(g_str_has_prefix(
        p.error->message, "-d: unknown key 'unclaimd' (did you mean 'unclaimed'? known: io, "));
    parsed_clear(&p);
}

static void test_log_filter_is_checked_at_once(void)
{
    Parsed p = PARSE("-dfilter", "1..2", "-dfilter", "0x8000..0x8fff,0x9000+0x100,0xa000-1");
    g_assert_no_error(p.error);
    g_assert_cmpstr(p.config->log_filter, ==, "0x8000..0x8fff,0x9000+0x100,0xa000-1");
    parsed_clear(&p);
    REFUSED("-dfilter 0x8000: not a range (FIRST..LAST, FIRST+SIZE or LAST-SIZE)", "-dfilter",
            "0x8000");
    REFUSED("-dfilter 1..: not a range (FIRST..LAST, FIRST+SIZE or LAST-SIZE)", "-dfilter", "1..");
    REFUSED("-dfilter 1..2,: not a range (FIRST..LAST, FIRST+SIZE or LAST-SIZE)", "-dfilter",
            "1..2,");
    REFUSED("-dfilter 2..1: a range has its first address first and at least one byte", "-dfilter",
            "2..1");
}

static void test_only_display_none_is_there(void)
{
    REFUSED("-display gtk: there is no picture: the console is serial (-display none)", "-display",
            "gtk");
    REFUSED("-net user: there is no network card (-nic none)", "-net", "user");
    Parsed p = PARSE("-net", "none", "-nic", "none", "-audio", "none", "-audiodev", "none,id=a",
                     "-vga", "none");
    g_assert_true(p.ok);
    parsed_clear(&p);
}

/* ---- mistakes ---- */

static void test_missing_argument_shows_an_example(void)
{
    REFUSED("-kernel: needs FILE (as in -kernel guests/hello.bin)", "-kernel");
    REFUSED("-m: needs [size=]SIZE (as in -m 1G)", "-no-reboot", "-m");
    REFUSED("--serial: needs DEV (as in -serial stdio -serial file:com2.log)", "--serial", "");
    REFUSED("-timeout: needs SECONDS (as in -timeout 30)", "-timeout");
}

static void test_unknown_option_suggests_the_nearest(void)
{
    REFUSED("-seral: unknown option (did you mean -serial?)", "-seral", "stdio");
    REFUSED("--kernl: unknown option (did you mean -kernel?)", "--kernl", "x");
    REFUSED("-no-reboots: unknown option (did you mean -no-reboot?)", "-no-reboots");
    REFUSED("-versio: unknown option (did you mean -version?)", "-versio");
    REFUSED("-qqqqqqqqqq: unknown option (see --help)", "-qqqqqqqqqq");
    REFUSED("--kernel=x: unknown option (an option and its value are two words: -kernel x)",
            "--kernel=x");
}

static void test_an_unknown_option_is_refused(void)
{
    REFUSED("-: not an option (a guest is named with -kernel FILE)", "-");
    REFUSED("an empty word: not an option (a guest is named with -kernel FILE)", "");
    REFUSED("--: unknown option (see --help)", "--");
}

static void test_unknown_device_suggests_the_nearest(void)
{
    REFUSED("-device isa-seral: no such device (did you mean 'isa-serial'?)", "-device",
            "isa-seral,help");
}

/* ---- help ---- */

static void assert_text_has(const char *const *words, const char *const *parts)
{
    Parsed p = parse(words);
    g_assert_nonnull(p.text);
    g_assert_true(g_str_has_suffix(p.text, "\n"));
    for (; *parts; parts++) {
        if (!strstr(p.text, *parts)) {
            g_error("'%s' is not in the text of %s:\n%s", *parts, words[0], p.text);
        }
    }
    parsed_clear(&p);
}

#define WORDS(...)           ((const char *const[]){__VA_ARGS__, NULL})
#define TEXT_HAS(words, ...) assert_text_has(words, WORDS(__VA_ARGS__))

static void test_version(void)
{
    TEXT_HAS(WORDS("--version"), "pioemu " PIOEMU_VERSION "\n");
    TEXT_HAS(WORDS("-version"), "pioemu " PIOEMU_VERSION "\n");
}

static void test_help_lists_all_choices(void)
{
    TEXT_HAS(WORDS("-accel", "help"), "kvm");
    TEXT_HAS(WORDS("-machine", "help"), "pc ");
    TEXT_HAS(WORDS("-M", "?"), "pc ");
    TEXT_HAS(WORDS("-device", "help"), "Serial ports and consoles:\n", "isa-serial", "exit-port",
             "16550A", "ide-hd", "lapic", "crtc", "mc146818rtc", "i8042", "isa-ide");
    TEXT_HAS(WORDS("-device", "isa-serial,help"), "iobase=<", "irq=<", "chardev=<", "(default ");
    TEXT_HAS(WORDS("-serial", "help"), "stdio", "file:PATH", "null", "none");
    TEXT_HAS(WORDS("-d", "help"), "io", "unclaimed");
}

/*
 * Each option has three lines: its names and argument, its purpose, and an example
 * that uses it.  The parser must know each option.
 */
static void check_help_entry(const char *head, const char *help, const char *example)
{
    g_autofree char *name = g_strndup(head + 2, strcspn(head + 2, ", "));
    g_assert_true(g_str_has_prefix(help, "      "));
    g_assert_cmpuint(strlen(help), >, 10);
    g_assert_true(g_str_has_prefix(example, "      example: -"));
    g_assert_nonnull(strstr(example, name));
    Parsed p = PARSE(name);
    if (p.error) {
        g_assert_null(strstr(p.error->message, "unknown option"));
    }
    parsed_clear(&p);
}

static void test_help_has_every_option_with_an_example(void)
{
    Parsed p = PARSE("--help");
    g_auto(GStrv) lines = g_strsplit(p.text, "\n", -1);
    unsigned options = 0, groups = 0;
    for (char **line = lines; *line; line++) {
        if (g_str_has_prefix(*line, "  -")) {
            g_assert_nonnull(line[1]);
            g_assert_nonnull(line[2]);
            check_help_entry(line[0], line[1], line[2]);
            options++;
        }
        groups += g_str_has_suffix(*line, ":");
        g_assert_cmpuint(strlen(*line), <=, 100);
    }
    g_assert_cmpuint(options, >=, 25);
    g_assert_cmpuint(groups, >=, 5);
    for (unsigned i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        g_assert_nonnull(strstr(p.text, TEXTS[i].option));
    }
    parsed_clear(&p);
}

static void test_help_takes_precedence_over_later_options(void)
{
    TEXT_HAS(WORDS("-kernel", "x", "-h", "-nonsense"), "Usage: pioemu");
    REFUSED("-nonsense: unknown option (see --help)", "-nonsense", "-h");
}

/* ---- the CPU ---- */

static void test_cpu_models(void)
{
    static const struct {
        const char *text;
        bool faults, hides;
    } MODELS[] = {
        {"max", false, false},
        {"max,unknown-msr=fault", true, false},
        {"max,kvm=off", false, true},
        {"max,kvm=on,unknown-msr=ignore", false, false},
        {"max,kvm=off,unknown-msr=fault", true, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(MODELS); i++) {
        Parsed p = PARSE("-cpu", MODELS[i].text);
        g_assert_true(p.ok);
        g_assert_true(p.config->cpu.unknown_msr_faults == MODELS[i].faults);
        g_assert_true(p.config->cpu.hides_kvm == MODELS[i].hides);
        g_autofree char *text = cpu_model_text(&p.config->cpu);
        CpuModel again;
        g_assert_true(cpu_model_parse(text, &again, NULL, NULL));
        g_assert_true(again.unknown_msr_faults == MODELS[i].faults);
        g_assert_true(again.hides_kvm == MODELS[i].hides);
        parsed_clear(&p);
    }
    static const struct {
        const char *text, *same;
    } NAMES[] = {
        {"qemu64", "qemu64"},
        {"Haswell-noTSX-v2", "Haswell"},
        {"qemu32-i386-cpu", "qemu32"},
        {"max,+sse4_2,-nx", "max,+sse4.2,-nx"},
        {"kvm64,lahf_lm=on,nx=off,nx=on", "kvm64,+nx,+lahf-lm"},
        {"max,+vmx,hv_relaxed,migratable=no,enforce", "max"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        Parsed p = PARSE("-cpu", NAMES[i].text);
        g_assert_no_error(p.error);
        g_autofree char *text = cpu_model_text(&p.config->cpu);
        g_assert_cmpstr(text, ==, NAMES[i].same);
        parsed_clear(&p);
    }
    Parsed later = PARSE("-cpu", "max,kvm=off", "-cpu", "max");
    g_assert_false(later.config->cpu.hides_kvm);
    parsed_clear(&later);
}

/* The model takes from what the accelerator has, and adds nothing. */
static void test_a_model_limits_the_features(void)
{
    CpuFeatures all;
    memset(&all, 0xff, sizeof(all));
    static const struct {
        const char *model;
        CpuFeature feature;
        bool has;
    } CASES[] = {
        {"max", CPU_FEATURE_AVX2, true},       {"max,-avx2", CPU_FEATURE_AVX2, false},
        {"486", CPU_FEATURE_TSC, false},       {"pentium", CPU_FEATURE_TSC, true},
        {"qemu64", CPU_FEATURE_LM, true},      {"qemu32", CPU_FEATURE_LM, false},
        {"Nehalem", CPU_FEATURE_SSE4_2, true}, {"Nehalem", CPU_FEATURE_AVX, false},
        {"base", CPU_FEATURE_FPU, false},      {"base,+fpu", CPU_FEATURE_FPU, true},
        {"486", CPU_FEATURE_HYPERVISOR, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        CpuModel model;
        g_assert_true(cpu_model_parse(CASES[i].model, &model, NULL, NULL));
        CpuFeatures features = all, none = {0};
        cpu_model_limit(&model, &features);
        g_assert_true(cpu_features_have(&features, CASES[i].feature) == CASES[i].has);
        cpu_model_limit(&model, &none);
        g_assert_false(cpu_features_have(&none, CASES[i].feature));
    }
    CpuModel old;
    g_assert_true(cpu_model_parse("486", &old, NULL, NULL));
    g_assert_cmphex(cpu_model_limit_word(&old, 1, 0, CPUID_EDX, 0xffffffff) & 0x11, ==, 1);
    g_assert_cmphex(cpu_model_limit_word(&old, 1, 0, CPUID_EBX, 0x12345678), ==, 0x12345678);
}

static void test_a_word_that_is_no_option_is_a_disk(void)
{
    Parsed p = PARSE("-m", "64", "disk.img", "-snapshot");
    g_assert_true(p.ok);
    g_assert_cmpuint(p.config->drives->len, ==, 1);
    const Drive *drive = p.config->drives->pdata[0];
    g_assert_cmpstr(drive->file, ==, "disk.img");
    g_assert_cmpint(drive->index, ==, 0);
    parsed_clear(&p);
}

static void test_boards_of_qemu_are_the_pc(void)
{
    static const struct {
        const char *text, *machine;
        unsigned notes, messages;
    } CASES[] = {
        {"pc-i440fx-7.2", "pc", 1, 0},
        {"type=pc-i440fx-2.5,usb=off,dump-guest-core=off", "pc", 3, 0},
        {"q35,smm=off", "pc", 1, 1},
        {"pc,kernel-irqchip=off", "pc,irqchip=user", 0, 0},
        {"pc,kernel_irqchip=split", "pc,irqchip=split", 0, 0},
        {"isapc", "isapc", 0, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Parsed p = PARSE("-machine", CASES[i].text);
        g_assert_no_error(p.error);
        g_assert_cmpstr(p.config->machine, ==, CASES[i].machine);
        g_assert_cmpuint(p.config->notes->len, ==, CASES[i].notes);
        g_assert_cmpuint(p.config->messages->len, ==, CASES[i].messages);
        parsed_clear(&p);
    }
    REFUSED("-machine microvm: there is no microvm (-machine pc -kernel FILE -nodefaults is the "
            "smallest)",
            "-M", "microvm");
    Parsed p = PARSE("-machine", "acpi=off");
    g_assert_true(p.ok && p.config->no_acpi);
    parsed_clear(&p);
}

static void assert_accels(const char *const *words, const char *joined)
{
    Parsed p = parse(words);
    g_assert_no_error(p.error);
    g_ptr_array_add(p.config->accels, NULL);
    g_autofree char *text = g_strjoinv(" ", (char **)p.config->accels->pdata);
    g_assert_cmpstr(text, ==, joined);
    parsed_clear(&p);
}

static void test_accelerators_of_qemu(void)
{
#define ACCELS(joined, ...) assert_accels((const char *const[]){__VA_ARGS__, NULL}, joined)
    ACCELS("kvm", "-enable-kvm");
    ACCELS("tcg", "-accel", "tcg,thread=multi");
    ACCELS("kvm tcg", "-machine", "accel=kvm:tcg");
    ACCELS("kvm tcg", "-accel", "kvm:hvf:tcg");
    ACCELS("kvm tcg", "-accel", "kvm,dirty-ring-size=4096", "-accel", "tcg,tb-size=64");
    ACCELS("soft,ips=1M", "-accel", "accel=soft,ips=1M");
}

static void test_who_has_the_terminal(void)
{
    static const struct {
        const char *words[7];
        const char *serial;
        bool taken;
    } CASES[] = {
        {{"-nographic"}, "mon:stdio", false},
        {{"-nographic", "-serial", "file:x"}, "file:x", false},
        {{"-serial", "none", "-nographic"}, "none", false},
        {{"-serial", "mon:stdio", "-nographic"}, "mon:stdio", false},
        {{"-nographic", "-monitor", "none"}, NULL, false},
        {{"-nographic", "-serial", "null", "-qmp", "stdio"}, "null", true},
        {{"-debugcon", "stdio"}, NULL, true},
        {{"-monitor", "stdio"}, NULL, true},
        {{"-nographic", "-nodefaults"}, NULL, false},
        {{"-chardev", "stdio,mux=on,id=c", "-serial", "chardev:c", "-mon", "c"}, "chardev:c", true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Parsed p = parse(CASES[i].words);
        g_assert_no_error(p.error);
        g_assert_true(p.config->stdio_taken == CASES[i].taken);
        const char *serial = p.config->serials->len ? p.config->serials->pdata[0] : NULL;
        g_assert_cmpstr(serial, ==, CASES[i].serial);
        parsed_clear(&p);
    }
}

static void test_drives_are_plugged_in(void)
{
    Parsed p = PARSE("-drive", "file=a,if=none,id=x,aio=native,werror=stop", "-device",
                     "ide-cd,drive=x,bus=ide.1,unit=0,bootindex=0,serial=s", "-drive",
                     "if=none,id=y,file=b,cache=none,format=raw", "-device",
                     "ide-hd,drive=y,bootindex=2", "-device", "isa-debug-exit", "-blockdev",
                     "driver=file,filename=c,node-name=f,read-only=on", "-blockdev",
                     "raw,file=f,node-name=z", "-device", "floppy,drive=z,unit=1,bootindex=1");
    static const struct {
        const char *id, *file;
        DriveInterface interface;
        int index;
        bool cdrom, read_only;
    } DRIVES[] = {
        {"x", "a", DRIVE_IDE, 2, true, true},
        {"y", "b", DRIVE_IDE, -1, false, false},
        {"z", "c", DRIVE_FLOPPY, 1, false, true},
    };
    g_assert_no_error(p.error);
    g_assert_cmpuint(p.config->drives->len, ==, G_N_ELEMENTS(DRIVES));
    for (size_t i = 0; i < G_N_ELEMENTS(DRIVES); i++) {
        const Drive *drive = p.config->drives->pdata[i];
        g_assert_cmpstr(drive->id, ==, DRIVES[i].id);
        g_assert_cmpstr(drive->file, ==, DRIVES[i].file);
        g_assert_cmpuint(drive->interface, ==, DRIVES[i].interface);
        g_assert_cmpint(drive->index, ==, DRIVES[i].index);
        g_assert_true(drive->cdrom == DRIVES[i].cdrom);
        g_assert_true(drive->read_only == DRIVES[i].read_only);
    }
    g_assert_cmpstr(p.config->boot, ==, "dac");
    g_assert_cmpuint(p.config->devices->len, ==, 1);
    parsed_clear(&p);
    REFUSED("-device ide-hd,drive=q: names no drive (-drive file=PATH,if=none,id=ID makes one for "
            "drive=ID)",
            "-device", "ide-hd,drive=q");
    REFUSED("-drive file=a,if=virtio: there is no virtio (if=ide)", "-drive", "file=a,if=virtio");
    REFUSED("-blockdev {}: write key=value instead of JSON", "-blockdev", "{}");
    REFUSED("-drive bus 2: too large (at most 1)", "-drive", "file=a,bus=2");
}

static void test_what_qemu_has_and_we_do_not(void)
{
    REFUSED("-vnc :0: there is no picture: the console is the serial port (-serial stdio)", "-vnc",
            ":0");
    REFUSED("-tpmdev x: the board has no TPM", "-tpmdev", "x");
    REFUSED("-full-screen: there is no picture: the console is the serial port (-serial stdio)",
            "-full-screen", "x");
    REFUSED("-parallel stdio: there is no parallel port (-parallel none; a port for text: "
            "-debugcon DEV)",
            "-parallel", "stdio");
    Parsed p = PARSE("-usb", "-no-user-config", "-k", "de", "-audiodev", "pa,id=a", "-soundhw",
                     "sb16", "-rtc", "driftfix=slew,base=localtime", "-parallel", "none",
                     "-no-hpet", "-overcommit", "mem-lock=off", "-d", "cpu_reset,guest_errors,mmu");
    g_assert_no_error(p.error);
    g_assert_cmpuint(p.config->notes->len, ==, 11);
    g_assert_cmpstr(p.config->rtc, ==, "base=localtime");
    g_assert_cmpstr(p.config->log_items, ==, "guest_errors");
    parsed_clear(&p);
}

static void test_options_come_from_a_file(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("pioemu-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    static const char TEXT[] = "# a comment\n\n[chardev \"c\"]\n  backend = \"file\"\n"
                               "  path = \"a,b\"\n[machine]\n  type = \"isapc\"\n"
                               "  accel = \"kvm:tcg\"\n";
    g_assert_true(g_file_set_contents(path, TEXT, -1, NULL));
    Parsed p = PARSE("-readconfig", path);
    g_assert_no_error(p.error);
    g_assert_cmpstr(p.config->chardevs->pdata[0], ==, "id=c,backend=file,path=a,,b");
    g_assert_cmpstr(p.config->machine, ==, "isapc");
    g_assert_cmpuint(p.config->accels->len, ==, 2);
    parsed_clear(&p);
    g_assert_true(g_file_set_contents(path, "[machine]\ntype = pc\n", -1, NULL));
    g_autofree char *message = g_strdup_printf(
        "-readconfig %s: line 2: 'type = pc': neither [option \"id\"] nor key = \"value\"", path);
    REFUSED(message, "-readconfig", path);
    g_remove(path);
}

static void test_events_are_chosen_by_patterns(void)
{
    Parsed p = PARSE("-trace", "in_*", "-trace", "enable=unclaimed,file=t.log");
    g_assert_no_error(p.error);
    g_assert_cmpstr(p.config->log_items, ==, "in_asm,unclaimed");
    g_assert_cmpstr(p.config->log_file, ==, "t.log");
    parsed_clear(&p);
    REFUSED("-trace usb_*: no such event of pioemu's (-trace help lists them)", "-trace", "usb_*");
}

static void test_a_machine_that_nobody_can_start_says_so(void)
{
    Parsed p = PARSE("-S");
    g_assert_cmpuint(p.config->messages->len, ==, 1);
    parsed_clear(&p);
    static const char *const WAYS[][3] = {{"-S", "-monitor", "stdio"},
                                          {"-S", "-qmp", "stdio"},
                                          {"-S", "-gdb", "tcp::1"},
                                          {"-S", "-nographic"}};
    for (size_t i = 0; i < G_N_ELEMENTS(WAYS); i++) {
        Parsed way = PARSE(WAYS[i][0], WAYS[i][1], WAYS[i][2]);
        g_assert_cmpuint(way.config->messages->len, ==, 0);
        parsed_clear(&way);
    }
}

static void test_an_unknown_cpu_model_is_refused(void)
{
    REFUSED("-cpu Atlantis: no such CPU model (-cpu help lists them)", "-cpu", "Atlantis");
    REFUSED("-cpu Haswel: no such CPU model (did you mean Haswell?)", "-cpu", "Haswel");
    REFUSED("-cpu: unknown feature or key 'sse5' (did you mean 'sse'?)", "-cpu", "max,+sse5");
    REFUSED("-cpu max,,nx: empty item between commas (write key=value)", "-cpu", "max,,nx");
    REFUSED("-cpu kvm=off: the model comes first (as in -cpu max,kvm=off)", "-cpu", "kvm=off");
    REFUSED("-cpu kvm=no: not one of on, off", "-cpu", "max,kvm=no");
    REFUSED("-cpu unknown-msr=on: not one of ignore, fault", "-cpu", "max,unknown-msr");
    REFUSED("-cpu: unknown feature or key 'kv' (did you mean 'kvm'?)", "-cpu", "max,kv=off");
    TEXT_HAS(WORDS("-cpu", "help"), "\n  max ");
}

#define TEST(name) g_test_add_func("/options/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(defaults);
    TEST(texts_are_kept_and_the_later_wins);
    TEST(machine_options_come_together);
    TEST(an_accelerator_has_a_name);
    TEST(control_options_are_kept_in_order);
    TEST(a_control_protocol_takes_stdio);
    TEST(lists_are_kept_in_order);
    TEST(actions_are_named);
    TEST(flags_take_no_argument);
    TEST(two_dashes_are_as_good_as_one);
    TEST(memory_sizes);
    TEST(cpus);
    TEST(cpu_models);
    TEST(an_unknown_cpu_model_is_refused);
    TEST(a_model_limits_the_features);
    TEST(a_word_that_is_no_option_is_a_disk);
    TEST(boards_of_qemu_are_the_pc);
    TEST(accelerators_of_qemu);
    TEST(who_has_the_terminal);
    TEST(drives_are_plugged_in);
    TEST(what_qemu_has_and_we_do_not);
    TEST(options_come_from_a_file);
    TEST(events_are_chosen_by_patterns);
    TEST(a_machine_that_nobody_can_start_says_so);
    TEST(escape_key);
    TEST(timeout_is_in_seconds);
    TEST(log_items_are_checked_at_once);
    TEST(log_filter_is_checked_at_once);
    TEST(only_display_none_is_there);
    TEST(missing_argument_shows_an_example);
    TEST(unknown_option_suggests_the_nearest);
    TEST(an_unknown_option_is_refused);
    TEST(unknown_device_suggests_the_nearest);
    TEST(version);
    TEST(help_lists_all_choices);
    TEST(help_has_every_option_with_an_example);
    TEST(help_takes_precedence_over_later_options);
    return g_test_run();
}
