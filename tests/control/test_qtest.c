/*
 * The qtest protocol, spoken to the program as it is shipped.
 */
#include "tests/control/control_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void start(ControlRig *rig, const char *const *options)
{
    g_autofree char *program = control_rig_program();
    g_assert_true(control_rig_start(rig, program, options));
}

static void start_plain(ControlRig *rig)
{
    start(rig, (const char *const[]){"-M", "isapc", "-accel", "qtest", NULL});
}

/* A test harness takes any other end after SIGTERM for a crash. */
static void end(ControlRig *rig)
{
    int status = control_rig_end(rig);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

#define ASK(rig, expected, ...)                                                                    \
    do {                                                                                           \
        g_autofree char *answer_ = control_ask(rig, __VA_ARGS__);                                  \
        g_assert_cmpstr(answer_, ==, expected);                                                    \
    } while (0)

/* Commands and answers.  Those that are marked are the same as QEMU 7.2's, byte for byte. */
static const struct {
    const char *command, *answer;
} ANSWERS[] = {
    {"outb 0x3fb 0x80", "OK"}, /* as QEMU */
    {"inb 0x3fb", "OK 0x0080"},
    {"inb 0x5000", "OK 0x00ff"},        /* as QEMU */
    {"inw 0x5000", "OK 0xffff"},        /* as QEMU */
    {"inl 0x5000", "OK 0xffffffff"},    /* as QEMU */
    {"inl 0xffff", "OK 0x00ff"},        /* continues at port 0, where the DMA controllers are */
    {"outw 0x80 0x1234", "OK"},         /* as QEMU */
    {"outl 0x80 0x12345678", "OK"},     /* as QEMU */
    {"writeb 0x1000 0x12", "OK"},       /* as QEMU */
    {"writew 0x1000 0x1234", "OK"},     /* as QEMU */
    {"writel 0x1000 0x12345678", "OK"}, /* as QEMU */
    {"writeq 0x1000 0x123456789abcdef0", "OK"}, /* as QEMU */
    {"readb 0x1000", "OK 0x00000000000000f0"},  /* as QEMU */
    {"readw 0x1000", "OK 0x000000000000def0"},  /* as QEMU */
    {"readl 0x1000", "OK 0x000000009abcdef0"},  /* as QEMU */
    {"readq 0x1000", "OK 0x123456789abcdef0"},  /* as QEMU */
    {"read 0x1000 8", "OK 0xf0debc9a78563412"}, /* as QEMU */
    {"write 0x2000 4 0x01020304", "OK"},        /* as QEMU */
    {"read 0x2000 0x4", "OK 0x01020304"},       /* as QEMU */
    {"b64read 0x2000 4", "OK AQIDBA=="},        /* as QEMU */
    {"b64write 0x2000 4 AAECAw==", "OK"},       /* as QEMU */
    {"read 0x2000 4", "OK 0x00010203"},         /* as QEMU */
    {"b64write 0x2000 4 !!!!", "OK"},           /* as QEMU */
    {"b64write 0x2000 3 BAUGBw==", "OK"},       /* as QEMU */
    {"read 0x2000 4", "OK 0x04050603"},
    {"memset 0x2000 4 0x1ab", "OK"},                    /* as QEMU */
    {"read 0x2000 4", "OK 0xabababab"},                 /* as QEMU */
    {"memset 0x2000 0 0xab", "OK"},                     /* as QEMU */
    {"write 0x2000 8 0x0102", "OK"},                    /* as QEMU */
    {"read 0x2000 8", "OK 0x0102000000000000"},         /* as QEMU */
    {"write 0x2000 2 0x010203", "OK"},                  /* as QEMU */
    {"read 0x2000 4", "OK 0x01020000"},                 /* as QEMU */
    {"writew 0x100 -1", "OK"},                          /* as QEMU */
    {"readl 0x100", "OK 0x000000000000ffff"},           /* as QEMU */
    {"endianness", "OK little"},                        /* as QEMU */
    {"module_load a b", "FAIL"},                        /* as QEMU */
    {"foo 1 2 3", "FAIL Unknown command 'foo'"},        /* as QEMU */
    {"INB 1", "FAIL Unknown command 'INB'"},            /* as QEMU */
    {" inb 0x61", "FAIL Unknown command ''"},           /* as QEMU */
    {"inb\t0x61", "FAIL Unknown command 'inb\t0x61'"},  /* as QEMU */
    {"irq_intercept_in nosuch", "FAIL Unknown device"}, /* as QEMU */
    {"inb 0x5000 2", "OK 0x00ff"},                      /* as QEMU: additional arguments are
                                                           ignored */
    {"", "FAIL Unknown command ''"},
    {"inb 0x5000\r", "OK 0x00ff"},
    /* QEMU ends with a failed assertion at all of these. */
    {"inb", "FAIL inb needs 1 arguments"},
    {"inb zz", "FAIL 'zz' is not a number"},
    {"inb  0x61", "FAIL '' is not a number"},
    {"inb 0x10061", "FAIL '0x10061' is too large"},
    {"inb 99999999999999999999", "FAIL '99999999999999999999' is not a number"},
    {"outb 0x80", "FAIL outb needs 2 arguments"},
    {"read 0x2000 0", "FAIL nothing to read"},
    {"read 0x2000 -1", "FAIL '-1' is too large"},
    {"memset 0 0x1000001 0", "FAIL '0x1000001' is too large"},
    {"write 0x2000 2 0102", "FAIL invalid argument size"},
    {"write 0x2000 2 0x0g", "FAIL '0g' is not hexadecimal"},
    {"clock_step x", "FAIL 'x' is not a number"},
    {"clock_step -1", "FAIL '-1' is too large"},
    {"set_irq_in nosuch a 1 1", "FAIL Unknown device"},
    {"set_irq_in i8259 a 16 1", "FAIL '16' is too large"},
};

static void test_answers(void)
{
    ControlRig rig;
    start_plain(&rig);
    for (gsize i = 0; i < G_N_ELEMENTS(ANSWERS); i++) {
        g_autofree char *answer = control_ask(&rig, "%s", ANSWERS[i].command);
        g_test_message("%s", ANSWERS[i].command);
        g_assert_cmpstr(answer, ==, ANSWERS[i].answer);
    }
    end(&rig);
}

/* Reads at the end of memory, in the hole below 4 GiB and at the end of the address space. */
static void test_an_address_without_memory_reads_ones(void)
{
    ControlRig rig;
    start(&rig, (const char *const[]){"-m", "1", "-accel", "qtest", NULL});
    ASK(&rig, "OK", "memset 0xffffc 4 0x11");
    ASK(&rig, "OK 0x11111111ffffffff", "read 0xffffc 8");
    ASK(&rig, "OK 0x00000000ffff1111", "readl 0xffffe");
    ASK(&rig, "OK 0xffffffffffffffff", "readq 0xd0000000");
    ASK(&rig, "OK", "writeq 0xfffffffffffffffc 0x0123456789abcdef");
    ASK(&rig, "OK 0x67452301", "read 0 4");
    end(&rig);
}

static void test_several_commands_in_one_packet_and_one_in_several(void)
{
    ControlRig rig;
    start_plain(&rig);
    control_line_write(&rig.qtest, "endianness\ninb 0x50", 19);
    g_autofree char *first = control_line_read(&rig.qtest);
    g_assert_cmpstr(first, ==, "OK little");
    control_line_write(&rig.qtest, "00\nendian", 9);
    g_autofree char *second = control_line_read(&rig.qtest);
    g_assert_cmpstr(second, ==, "OK 0x00ff");
    control_line_write(&rig.qtest, "ness\n", 5);
    g_autofree char *third = control_line_read(&rig.qtest);
    g_assert_cmpstr(third, ==, "OK little");
    end(&rig);
}

static void test_megabytes_go_both_ways(void)
{
    ControlRig rig;
    start_plain(&rig);
    const gsize size = 3u << 20;
    GString *command = g_string_new("write 0x100000 0x300000 0x");
    gsize head = command->len;
    for (gsize i = 0; i < size; i++) {
        g_string_append_printf(command, "%02x", (unsigned)(i * 7 & 0xff));
    }
    ASK(&rig, "OK", "%s", command->str);
    g_autofree char *answer = control_ask(&rig, "read 0x100000 0x300000");
    g_assert_true(g_str_has_prefix(answer, "OK 0x"));
    g_assert_cmpstr(answer + 5, ==, command->str + head);
    g_string_free(command, true);
    end(&rig);
}

static void test_overlong_line_is_refused_and_forgotten(void)
{
    ControlRig rig;
    start_plain(&rig);
    g_autofree char *zeros = g_strnfill(40u << 20, '0');
    control_line_write(&rig.qtest, zeros, strlen(zeros));
    ASK(&rig, "FAIL the line is too long", "%s", "");
    ASK(&rig, "OK little", "endianness");
    end(&rig);
}

/* The highest memory use of the program so far, in KiB. */
static guint64 peak_memory(const ControlRig *rig)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)rig->pid);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    const char *found = strstr(text, "VmHWM:");
    g_assert_nonnull(found);
    return g_ascii_strtoull(found + strlen("VmHWM:"), NULL, 10);
}

/* A word of one space would take forty times its size. */
static void test_a_line_of_many_words_takes_no_more_room_than_one(void)
{
    ControlRig rig;
    start_plain(&rig);
    g_autofree char *spaces = g_strnfill(30u << 20, ' ');
    ASK(&rig, "OK 0x0020", "inb 0x61 %sx", spaces);
    g_assert_cmpuint(peak_memory(&rig), <, 800u << 10);
    end(&rig);
}

/* Channel 0 in mode 2 with 1193 counts: 999849 ns, rounded to the clock's nanosecond. */
static void program_timer(ControlRig *rig)
{
    ASK(rig, "OK", "outb 0x43 0x34");
    ASK(rig, "OK", "outb 0x40 0xa9");
    ASK(rig, "OK", "outb 0x40 0x04");
}

static void test_clock_steps_fire_the_deadlines_on_the_way(void)
{
    ControlRig rig;
    start_plain(&rig);
    ASK(&rig, "OK", "irq_intercept_in ioapic");
    ASK(&rig, "OK 12345", "clock_step 12345");
    program_timer(&rig);
    ASK(&rig, "OK 100012345", "clock_step 100000000");
    g_assert_cmpuint(rig.raises[0], ==, 100);
    ASK(&rig, "OK 100012345", "clock_set 5");
    ASK(&rig, "OK 200000000", "clock_set 200000000");
    g_assert_cmpuint(rig.raises[0], ==, 200);
    end(&rig);
}

static void test_clock_step_alone_goes_to_the_next_deadline(void)
{
    ControlRig rig;
    start_plain(&rig);
    ASK(&rig, "OK", "irq_intercept_in ioapic");
    program_timer(&rig);
    for (unsigned i = 0; i < 20 && !rig.raises[0]; i++) {
        g_autofree char *answer = control_ask(&rig, "clock_step");
        g_assert_true(g_str_has_prefix(answer, "OK "));
    }
    g_assert_cmpuint(rig.raises[0], ==, 1);
    g_autofree char *now = control_ask(&rig, "clock_step 0");
    g_assert_cmpint(ABS(atoi(now + 3) - 1000000), <, 2000);
    end(&rig);
}

/* Ten minutes of a fast timer take the program a while.  It must handle signals meanwhile. */
static void test_long_step_does_not_shut_out_the_rest(void)
{
    ControlRig rig;
    start_plain(&rig);
    ASK(&rig, "OK", "outb 0x43 0x14");
    ASK(&rig, "OK", "outb 0x40 0x02");
    control_line_write(&rig.qtest, "clock_step 600000000000000\nendianness\n", 38);
    g_autofree char *greeting = control_line_read(&rig.qmp);
    g_assert_nonnull(strstr(greeting, "QMP"));
    g_autofree char *answer = control_qmp(&rig, "{\"execute\":\"qmp_capabilities\"}");
    g_assert_cmpstr(answer, ==, "{\"return\":{}}");
    end(&rig);
}

static void test_interrupts_are_reported_before_the_answer(void)
{
    ControlRig rig;
    start_plain(&rig);
    ASK(&rig, "OK", "irq_intercept_in i8259");
    control_line_write(&rig.qtest, "outb 0x3fc 8\noutb 0x3f9 2\ninb 0x3fa\n", 36);
    static const char *const LINES[] = {"OK", "IRQ raise 4", "OK", "IRQ lower 4", "OK 0x0002"};
    for (gsize i = 0; i < G_N_ELEMENTS(LINES); i++) {
        g_autofree char *line = control_line_read(&rig.qtest);
        g_assert_cmpstr(line, ==, LINES[i]);
    }
    end(&rig);
}

static void test_controllers_have_the_names_of_qemu(void)
{
    static const char *const NAMES[] = {"ioapic", "i8259", "PIC", "/machine/unattached/device[4]",
                                        "/machine/i440fx/ioapic"};
    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        ControlRig rig;
        start_plain(&rig);
        ASK(&rig, "OK", "irq_intercept_in %s", NAMES[i]);
        ASK(&rig, "OK", "irq_intercept_in %s", NAMES[i]);
        ASK(&rig, "OK", "set_irq_in %s unnamed-gpio-in 13 1", NAMES[i]);
        g_assert_true(rig.irq[13]);
        ASK(&rig, "OK", "set_irq_in %s unnamed-gpio-in 13 0", NAMES[i]);
        g_assert_false(rig.irq[13]);
        const char *other = strstr(NAMES[i], "ioapic") ? "i8259" : "ioapic";
        ASK(&rig, "FAIL IRQ intercept already enabled", "irq_intercept_in %s", other);
        end(&rig);
    }
}

/* Output 0 of the controller is INTR. */
static void test_outputs_of_the_controller_can_be_seen(void)
{
    ControlRig rig;
    start_plain(&rig);
    ASK(&rig, "OK", "irq_intercept_out i8259");
    static const char *const INIT[] = {"0x20 0x11", "0x21 8", "0x21 4", "0x21 1", "0x21 0xef"};
    for (gsize i = 0; i < G_N_ELEMENTS(INIT); i++) {
        ASK(&rig, "OK", "outb %s", INIT[i]);
    }
    g_assert_false(rig.irq[0]);
    ASK(&rig, "OK", "set_irq_in i8259 unnamed-gpio-in 4 1");
    g_assert_true(rig.irq[0]);
    ASK(&rig, "OK", "outb 0x21 0xff");
    g_assert_false(rig.irq[0]);
    end(&rig);
}

static void test_a_lost_client_ends_the_machine(void)
{
    ControlRig rig;
    start_plain(&rig);
    ASK(&rig, "OK little", "endianness");
    control_line_close(&rig.qtest);
    int status = control_rig_wait(&rig);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void test_the_log_has_both_directions(void)
{
    ControlRig rig;
    int fd;
    g_autofree char *log = NULL;
    fd = g_file_open_tmp("qtest-log-XXXXXX", &log, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    start(&rig, (const char *const[]){"-accel", "qtest", "-qtest-log", log, NULL});
    ASK(&rig, "OK little", "endianness");
    end(&rig);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    unlink(log);
    g_assert_nonnull(strstr(text, "] OPENED\n"));
    g_assert_nonnull(strstr(text, "] endianness\n[S +"));
    g_assert_nonnull(strstr(text, "] OK little\n"));
}

static char *read_all(int fd)
{
    GString *text = g_string_new(NULL);
    char buffer[4096];
    ssize_t count;
    while ((count = read(fd, buffer, sizeof(buffer))) > 0) {
        g_string_append_len(text, buffer, count);
    }
    return g_string_free(text, false);
}

/* While the pipe is full the machine answers all the same, and the log says what is missing. */
static void test_a_full_pipe_loses_lines_of_the_log(void)
{
    ControlRig rig;
    g_autofree char *directory = g_dir_make_tmp("qtest-log-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "log", NULL);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    start(&rig, (const char *const[]){"-accel", "qtest", "-qtest-log", path, NULL});
    for (unsigned i = 0; i < 3000; i++) {
        ASK(&rig, "OK little", "endianness");
    }
    g_free(read_all(fd));
    ASK(&rig, "OK little", "endianness");
    end(&rig);
    g_autofree char *rest = read_all(fd);
    g_assert_nonnull(strstr(rest, " lines lost: they were not read]\n"));
    close(fd);
    unlink(path);
    rmdir(directory);
}

static void test_only_the_machine_pc_has_a_pci_bus(void)
{
    static const char *const MACHINES[] = {"pc", "isapc"};
    for (gsize i = 0; i < G_N_ELEMENTS(MACHINES); i++) {
        ControlRig rig;
        start(&rig, (const char *const[]){"-M", MACHINES[i], "-accel", "qtest", NULL});
        ASK(&rig, "OK", "outl 0xcf8 0x80000800");
        ASK(&rig, i ? "OK 0xffffffff" : "OK 0x70008086", "inl 0xcfc");
        end(&rig);
    }
}

/* QEMU's own device tests start it with exactly these options. */
static void test_starts_as_qemus_test_library_starts_qemu(void)
{
    static const char *const STARTS[][16] = {
        {"-audio", "none", "-machine", "isapc", "-accel", "qtest"},
        {"-machine", "accel=qtest", "-M", "pc", "-nodefaults", "-net", "none"},
        {"-M", "isapc,accel=qtest", "-rtc", "clock=vm", "-audiodev", "none,id=audio0"},
        {"-accel", "qtest", "-rtc", "base=2011-11-11T11:11:00,clock=vm", "-vga", "none"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(STARTS); i++) {
        ControlRig rig;
        start(&rig, STARTS[i]);
        g_autofree char *greeting = control_line_read(&rig.qmp);
        g_assert_true(g_str_has_prefix(greeting, "{\"QMP\":"));
        g_autofree char *answer = control_qmp(&rig, "{\"execute\":\"qmp_capabilities\"}\n");
        g_assert_cmpstr(answer, ==, "{\"return\":{}}");
        ASK(&rig, "OK", "outb 0x70 0x8f");
        end(&rig);
    }
}

/* Sends TEST UNIT READY and returns whether it ended with an error. */
static bool cdrom_complains(const char *disc, const char *kernel)
{
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", "-cdrom", disc, kernel ? "-kernel" : NULL,
                                      kernel, NULL});
    ASK(&rig, "OK", "outb 0x176 0xa0");
    ASK(&rig, "OK", "outb 0x177 0xa0");
    for (unsigned i = 0; i < 6; i++) {
        ASK(&rig, "OK", "outw 0x170 0");
    }
    g_autofree char *answer = control_ask(&rig, "inb 0x177");
    end(&rig);
    g_assert_true(!strcmp(answer, "OK 0x0050") || !strcmp(answer, "OK 0x0051"));
    return !strcmp(answer, "OK 0x0051");
}

/* The drive of a kernel that starts without firmware reports no reset: firmware would have read it.
 */
static void test_a_kernel_finds_a_cdrom_drive_without_attention(void)
{
    g_autofree char *disc = NULL;
    int fd = g_file_open_tmp("qtest-disc-XXXXXX", &disc, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, "\xf4", 1), ==, 1); /* HLT: it is a flat binary as well */
    g_assert_cmpint(ftruncate(fd, 4096), ==, 0);
    close(fd);
    g_assert_true(cdrom_complains(disc, NULL));
    g_assert_false(cdrom_complains(disc, disc));
    unlink(disc);
}

/* A device test of the kind: the clock ticks once a second and says so on IRQ 8. */
static void test_a_device_test_runs(void)
{
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", "-rtc",
                                      "base=1999-12-31T23:59:58,clock=vm", NULL});
    ASK(&rig, "OK", "irq_intercept_in ioapic");
    ASK(&rig, "OK", "outb 0x70 0x0b");
    ASK(&rig, "OK", "outb 0x71 0x12"); /* 24 hours, BCD, update-ended interrupt */
    ASK(&rig, "OK", "outb 0x70 0x0c");
    g_autofree char *flags = control_ask(&rig, "inb 0x71");
    g_assert_nonnull(flags);
    ASK(&rig, "OK 3000000000", "clock_step 3000000000");
    g_assert_true(rig.irq[8]);
    static const struct {
        unsigned index;
        const char *answer;
    } DATE[] = {{0, "OK 0x0001"}, {2, "OK 0x0000"}, {4, "OK 0x0000"},
                {7, "OK 0x0001"}, {8, "OK 0x0001"}, {9, "OK 0x0000"}};
    for (gsize i = 0; i < G_N_ELEMENTS(DATE); i++) {
        ASK(&rig, "OK", "outb 0x70 %u", DATE[i].index);
        ASK(&rig, DATE[i].answer, "inb 0x71");
    }
    end(&rig);
}

/* The contents of the ROM area on this board, where a kernel looks for tables. */
static char *read_tables(const char *board)
{
    ControlRig rig;
    g_autofree char *kernel =
        g_build_filename(g_getenv("PIOEMU_BUILD"), "guests", "multiboot.elf", NULL);
    start(&rig, (const char *const[]){"-M", board, "-accel", "qtest", "-kernel", kernel, NULL});
    char *tables = control_ask(&rig, "read 0xe0000 0x20000");
    end(&rig);
    return tables;
}

/* Both boards have the tables of ACPI and of several CPUs; those of one tell of the PCI bus. */
static void test_the_tables_tell_of_the_pci_bus_where_there_is_one(void)
{
    static const char *const BOTH[] = {
        "5253442050545220", /* RSD PTR */
        "46414350",         /* FACP */
        "44534454",         /* DSDT */
        "41504943",         /* APIC */
        "5f4d505f",         /* _MP_ */
    };
    static const char *const OF_PCI[] = {
        "24504952", /* $PIR */
        "5f505254", /* _PRT */
    };
    g_autofree char *pc = read_tables("pc");
    g_autofree char *isapc = read_tables("isapc");
    for (gsize i = 0; i < G_N_ELEMENTS(BOTH); i++) {
        g_assert_nonnull(strstr(pc, BOTH[i]));
        g_assert_nonnull(strstr(isapc, BOTH[i]));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(OF_PCI); i++) {
        g_assert_nonnull(strstr(pc, OF_PCI[i]));
        g_assert_null(strstr(isapc, OF_PCI[i]));
    }
}

#define TEST(name) g_test_add_func("/qtest/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(answers);
    TEST(an_address_without_memory_reads_ones);
    TEST(several_commands_in_one_packet_and_one_in_several);
    TEST(megabytes_go_both_ways);
    TEST(overlong_line_is_refused_and_forgotten);
    TEST(a_line_of_many_words_takes_no_more_room_than_one);
    TEST(clock_steps_fire_the_deadlines_on_the_way);
    TEST(clock_step_alone_goes_to_the_next_deadline);
    TEST(long_step_does_not_shut_out_the_rest);
    TEST(interrupts_are_reported_before_the_answer);
    TEST(controllers_have_the_names_of_qemu);
    TEST(outputs_of_the_controller_can_be_seen);
    TEST(a_lost_client_ends_the_machine);
    TEST(the_log_has_both_directions);
    TEST(a_full_pipe_loses_lines_of_the_log);
    TEST(only_the_machine_pc_has_a_pci_bus);
    TEST(starts_as_qemus_test_library_starts_qemu);
    TEST(a_kernel_finds_a_cdrom_drive_without_attention);
    TEST(a_device_test_runs);
    TEST(the_tables_tell_of_the_pci_bus_where_there_is_one);
    return g_test_run();
}
