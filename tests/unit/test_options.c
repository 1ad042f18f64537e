/* The command line: what each option sets, and the messages about mistakes. */
#include "tests/unit/options_rig.h"

#include <string.h>

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
    REFUSED("-display gtk: there are no windows (curses is the screen on the terminal; -vnc :1 "
            "shows it to "
            "gvncviewer)",
            "-display", "gtk");
    Parsed p = PARSE("-net", "none", "-nic", "none", "-audio", "none", "-audiodev", "none,id=a",
                     "-vga", "none");
    g_assert_true(p.ok);
    parsed_clear(&p);
}

/* ---- networks ---- */

static void test_nic_is_a_netdev_and_a_card(void)
{
    Parsed p = PARSE("-nic", "user,mac=52:54:00:01:02:03,hostfwd=tcp::1-:2,hostfwd=tcp::3-:4",
                     "-nic", "user,model=virtio,id=n9", "-nic", "none");
    g_assert_true(p.ok);
    const GPtrArray *nets = p.config->netdevs, *devices = p.config->devices;
    g_assert_cmpuint(nets->len, ==, 2);
    g_assert_cmpstr(nets->pdata[0], ==, "user,hostfwd=tcp::1-:2,hostfwd=tcp::3-:4,id=net0");
    g_assert_cmpstr(nets->pdata[1], ==, "user,id=n9");
    g_assert_cmpstr(devices->pdata[0], ==, "e1000,netdev=net0,mac=52:54:00:01:02:03");
    g_assert_cmpstr(devices->pdata[1], ==, "virtio-net-pci,netdev=n9");
    parsed_clear(&p);
}

static void test_net_pairs_a_card_and_a_network(void)
{
    Parsed p = PARSE("-net", "user,restrict=on", "-net", "nic,macaddr=52:54:00:01:02:03");
    g_assert_true(p.ok);
    g_assert_cmpstr(p.config->netdevs->pdata[0], ==, "user,restrict=on,id=hub0");
    g_assert_cmpstr(p.config->devices->pdata[0], ==, "e1000,netdev=hub0,mac=52:54:00:01:02:03");
    parsed_clear(&p);
    REFUSED("-net user: goes with -net nic", "-net", "user");
    REFUSED("-net nic: there is -net nic already (write -nic for each card)", "-net", "nic", "-net",
            "nic");
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
    TEXT_HAS(WORDS("-device", "e1000,help"), "addr=<", "romfile=<", "efi-e1000.rom", "bootindex=<");
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
    TEST(escape_key);
    TEST(timeout_is_in_seconds);
    TEST(log_items_are_checked_at_once);
    TEST(log_filter_is_checked_at_once);
    TEST(only_display_none_is_there);
    TEST(nic_is_a_netdev_and_a_card);
    TEST(net_pairs_a_card_and_a_network);
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
