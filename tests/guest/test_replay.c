/*
 * Whole runs of the software CPU, recorded and replayed: with the user's input and
 * requests, with every kind of end, and with faulty recordings.
 */
#include "tests/guest/guest_shell.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define TYPED     50000u
#define SAMPLES   40u
#define NO_CHANGE "no difference\n"

static const char *const REALTIME[] = {"on", "off"};

/* ---- recording and doing it again ---- */

static Guest *record(const GuestWires *wires, const char *realtime, const char *options)
{
    g_autofree char *path = guest_path("run.rec");
    return guest_start(NULL, wires, "-accel soft,realtime=%s -record %s %s", realtime, path,
                       options);
}

/* Replays the recording with this -accel and `options`.  Returns the status. */
static int replay_on(const char *accel, const char *options, char **output, char **verdict)
{
    g_autofree char *path = guest_path("run.rec");
    g_autoptr(Guest) guest =
        guest_start(NULL, &GUEST_ON_PIPES, "-accel %s -replay %s %s", accel, path, options);
    guest_close_input(guest);
    int status = guest_wait_exit(guest);
    *output = g_strdup(guest_output(guest, GUEST_OUT)->str);
    *verdict = g_strdup(guest_messages(guest));
    return status;
}

static int replay(const char *options, char **output, char **verdict)
{
    return replay_on("soft", options, output, verdict);
}

static void assert_same_on(const char *accel, const Guest *guest, const char *options)
{
    g_autofree char *output = NULL, *verdict = NULL;
    int status = replay_on(accel, options, &output, &verdict);
    g_test_message("%s", verdict);
    g_assert_cmpint(status, ==, 0);
    g_assert_nonnull(strstr(verdict, NO_CHANGE));
    g_assert_cmpstr(output, ==, guest_output(guest, GUEST_OUT)->str);
}

/* The run is over.  Its replay is the same, to the last byte of its output. */
static void assert_same_again(const Guest *guest, const char *options)
{
    assert_same_on("soft", guest, options);
}

/* Replays the devices alone, without a CPU. */
static void assert_same_devices(void)
{
    g_autofree char *path = guest_path("run.rec");
    g_autoptr(Guest) guest = guest_start(NULL, &GUEST_ON_PIPES, "-replay %s", path);
    int status = guest_wait_exit(guest);
    g_test_message("%s%s", guest_output(guest, GUEST_OUT)->str,
                   guest_output(guest, GUEST_ERR)->str);
    g_assert_cmpint(status, ==, 0);
    guest_expect(guest, GUEST_OUT, NO_CHANGE);
}

static void assert_refused(const char *options, const char *why)
{
    g_autofree char *output = NULL, *verdict = NULL;
    g_assert_cmpint(replay(options, &output, &verdict), ==, 2);
    if (!strstr(verdict, why)) {
        g_error("'%s' does not say '%s'", verdict, why);
    }
}

/* ---- what was typed ---- */

static void test_shell(gconstpointer realtime)
{
    static const char OPTIONS[] = "-kernel shell.bin -device exit-port";
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, realtime, OPTIONS);
    guest_shell_prompt(guest);
    guest_shell_say(guest, "add 2 3", "5\r\n");
    guest_shell_say(guest, "in 0x3fd", "0x60\r\n");
    guest_type(guest, "time\r");
    guest_shell_prompt(guest);
    guest_type(guest, "sleep 150\r");
    guest_shell_prompt(guest);
    guest_type(guest, "ticks\r");
    guest_shell_prompt(guest);
    guest_shell_last(guest, "exit 7");
    g_assert_cmpint(guest_wait_exit(guest), ==, 7);
    assert_same_again(guest, OPTIONS);
}

/* On a terminal real time is the default. */
static void test_terminal(void)
{
    g_autofree char *path = guest_path("run.rec"), *output = NULL, *verdict = NULL;
    g_autoptr(Guest) guest =
        guest_start(NULL, &GUEST_ON_TERMINAL, "-accel soft -record %s -kernel shell.bin", path);
    guest_shell_prompt(guest);
    guest_type(guest, "add 40 2\r");
    guest_expect(guest, GUEST_OUT, "42");
    guest_shell_prompt(guest);
    guest_type(guest, "\x01x");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpint(replay("-kernel shell.bin", &output, &verdict), ==, 0);
    g_assert_nonnull(strstr(output, "42\r\n"));
}

/* The run goes on until it is ended from outside. */
static void test_uart_irq(gconstpointer realtime)
{
    static const char OPTIONS[] = "-kernel uart-irq.bin";
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, realtime, OPTIONS);
    g_autofree char *text = g_malloc(TYPED);
    for (unsigned i = 0; i < TYPED; i++) {
        text[i] = (char)('0' + i * 7 % 61);
    }
    guest_send(guest, text, TYPED);
    guest_expect_size(guest, GUEST_OUT, TYPED);
    guest_signal(guest, SIGTERM);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGTERM);
    assert_same_again(guest, OPTIONS);
}

/*
 * The guest had to wait for a reader.  In the replay there is no such reader, and
 * it waits as long.
 */
static void test_a_reader_that_was_slow(void)
{
    static const char OPTIONS[] = "-kernel uart-irq.bin";
    static const GuestWires UNREAD = {.out = GUEST_UNREAD};
    g_autoptr(Guest) guest = record(&UNREAD, "off", OPTIONS);
    g_autofree char *text = g_malloc(TYPED);
    memset(text, 'x', TYPED);
    guest_send(guest, text, TYPED);
    guest_wait_until(guest, guest_output_is_full, "a full pipe");
    guest_read_again(guest);
    guest_expect_size(guest, GUEST_OUT, TYPED);
    guest_signal(guest, SIGTERM);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGTERM);
    assert_same_again(guest, OPTIONS);
}

/* ---- what else comes from the host ---- */

static void write_disk(const char *path)
{
    g_autofree char *data = g_malloc(64 * 512);
    for (unsigned i = 0; i < 64 * 512; i++) {
        data[i] = (char)(i * 37 >> 3);
    }
    g_assert_true(g_file_set_contents(path, data, 64 * 512, NULL));
}

/* The recording has the data that were read. */
static void test_diskread(gconstpointer realtime)
{
    g_autofree char *disk = guest_path("disk.img");
    g_autofree char *options = g_strdup_printf("-kernel diskread.bin -hda %s -snapshot", disk);
    write_disk(disk);
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, realtime, options);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_unlink(disk);
    assert_same_again(guest, "-kernel diskread.bin");
}

/* Firmware, boot sector and shell run again without the disk. */
static void test_a_boot_from_disk(gconstpointer realtime)
{
    static const char OPTIONS[] = "-hda demo.img -snapshot -device exit-port";
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, realtime, OPTIONS);
    guest_shell_prompt(guest);
    guest_shell_say(guest, "add 2 3", "5\r\n");
    guest_shell_last(guest, "exit 0");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_same_again(guest, "");
}

/* The firmware reads a kernel.  The replay needs it again, and the devices alone lack it. */
static void test_a_kernel_of_the_firmware(gconstpointer realtime)
{
    static const char KERNEL[] = "-kernel bzimage.bin";
    g_autofree char *path = guest_path("run.rec");
    g_autoptr(Guest) guest =
        record(&GUEST_ON_PIPES, realtime,
               "-kernel bzimage.bin -append 'one two' -machine pc,kernel-entry=16");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_expect(guest, GUEST_OUT, "16-bit entry\ncommand line: one two\n");
    assert_same_again(guest, KERNEL);
    g_autoptr(Guest) devices = guest_start(NULL, &GUEST_ON_PIPES, "-replay %s", path);
    g_assert_cmpint(guest_wait_exit(devices), ==, 2);
    guest_expect(devices, GUEST_ERR, "a firmware read a kernel, which is not in the recording");
}

/* Ticks come through the interrupt controllers at exact times. */
static void test_timer(gconstpointer realtime)
{
    static const char OPTIONS[] = "-kernel timer.bin -flat cx=200,dx=1";
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, realtime, OPTIONS);
    guest_expect(guest, GUEST_OUT, "ticks in 1 seconds");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_same_again(guest, OPTIONS);
}

typedef struct Qmp {
    GIOStream *stream;
    GDataInputStream *answers;
} Qmp;

static void close_qmp(Qmp *qmp)
{
    g_object_unref(qmp->answers);
    g_object_unref(qmp->stream);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Qmp, close_qmp)

/* Sends a command and reads its answer. */
static void execute(const Qmp *qmp, const char *command)
{
    g_autofree char *text = g_strdup_printf("{\"execute\":\"%s\"}\n", command);
    g_autoptr(GError) error = NULL;
    GOutputStream *out = g_io_stream_get_output_stream(qmp->stream);
    g_assert_true(g_output_stream_write_all(out, text, strlen(text), NULL, NULL, &error));
    for (;;) {
        g_autofree char *line = g_data_input_stream_read_line(qmp->answers, NULL, NULL, &error);
        g_assert_no_error(error);
        if (!line || strstr(line, "\"return\"")) {
            return;
        }
    }
}

static GSocketConnection *connect_to(const char *path, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    return g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, error);
}

/* The file exists before the program listens, so this tries to connect. */
static bool somebody_listens(Guest *guest)
{
    g_autofree char *path = guest_path("qmp.sock");
    g_autoptr(GSocketConnection) connection = connect_to(path, NULL);
    (void)guest;
    return connection != NULL;
}

static Qmp connect_qmp(Guest *guest, const char *path)
{
    guest_wait_until(guest, somebody_listens, "a socket");
    g_autoptr(GError) error = NULL;
    GSocketConnection *connection = connect_to(path, &error);
    g_assert_no_error(error);
    Qmp qmp = {.stream = G_IO_STREAM(connection)};
    qmp.answers = g_data_input_stream_new(g_io_stream_get_input_stream(qmp.stream));
    execute(&qmp, "qmp_capabilities");
    return qmp;
}

/* Between the first prompt and the second the user resets the machine and stops it for a while. */
static void test_qmp(gconstpointer realtime)
{
    g_autofree char *path = guest_path("qmp.sock");
    g_autofree char *options = g_strdup_printf(
        "-kernel shell.bin -device exit-port -qmp unix:%s,server=on,wait=off", path);
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, realtime, options);
    guest_shell_prompt(guest);
    g_auto(Qmp) qmp = connect_qmp(guest, path);
    execute(&qmp, "system_reset");
    guest_shell_prompt(guest);
    execute(&qmp, "stop");
    execute(&qmp, "cont");
    guest_shell_say(guest, "add 1 1", "2\r\n");
    guest_shell_last(guest, "exit 3");
    g_assert_cmpint(guest_wait_exit(guest), ==, 3);
    assert_same_again(guest, "-kernel shell.bin");
}

/* The reset comes before the first instruction, while the guest is paused. */
static void test_paused_at_first(void)
{
    g_autofree char *path = guest_path("qmp.sock");
    g_autofree char *options =
        g_strdup_printf("-kernel uart-irq.bin -S -qmp unix:%s,server=on,wait=off", path);
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, "off", options);
    g_auto(Qmp) qmp = connect_qmp(guest, path);
    execute(&qmp, "system_reset");
    guest_type(guest, "early");
    execute(&qmp, "query-status");
    execute(&qmp, "cont");
    guest_type(guest, "late");
    guest_expect(guest, GUEST_OUT, "late");
    execute(&qmp, "quit");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_same_again(guest, "-kernel uart-irq.bin");
}

static void test_nmi(void)
{
    g_autofree char *path = guest_path("qmp.sock");
    g_autofree char *options =
        g_strdup_printf("-kernel nmi.bin -qmp unix:%s,server=on,wait=on", path);
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, "off", options);
    g_auto(Qmp) qmp = connect_qmp(guest, path);
    execute(&qmp, "inject-nmi");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_same_again(guest, "-kernel nmi.bin");
}

/* ---- several CPUs ---- */

#define IPI_OPTIONS "-smp 3 -kernel ipi.bin -flat dx=400 -device exit-port"

/* The guest polls the timer for a while.  A slower CPU makes fewer accesses. */
static Guest *record_slowly(const char *realtime, const char *options)
{
    g_autofree char *accel = g_strdup_printf("%s,ips=5000000", realtime);
    return record(&GUEST_ON_PIPES, accel, options);
}

static void assert_same_cpus(const Guest *guest)
{
    assert_same_again(guest, "-kernel ipi.bin");
    assert_same_on("soft,paranoid=on", guest, "-smp 3 -kernel ipi.bin");
    assert_same_devices();
}

/* One CPU polls, one is woken by another for each byte, and one sleeps. */
static void test_cpus(gconstpointer realtime)
{
    g_autoptr(Guest) guest = record_slowly(realtime, IPI_OPTIONS);
    guest_expect(guest, GUEST_OUT, "type, ^D ends:\n");
    for (char key = 'a'; key <= 'e'; key++) {
        const char text[] = {key, '\0'};
        guest_type(guest, text);
        guest_expect(guest, GUEST_OUT, text);
    }
    guest_type(guest, "a whole line at once\004");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_same_cpus(guest);
}

/* The machine is stopped and reset while all CPUs run, and the first one gets NMIs. */
static void test_cpus_with_qmp(gconstpointer realtime)
{
    g_autofree char *path = guest_path("qmp.sock");
    g_autofree char *options = g_strdup_printf(IPI_OPTIONS " -qmp unix:%s,server=on,wait=on", path);
    g_autoptr(Guest) guest = record_slowly(realtime, options);
    g_auto(Qmp) qmp = connect_qmp(guest, path);
    for (unsigned i = 0; i < 5; i++) {
        execute(&qmp, "stop");
        execute(&qmp, "cont");
    }
    execute(&qmp, "system_reset");
    guest_expect(guest, GUEST_OUT, "type, ^D ends:\n");
    for (unsigned i = 0; i < 5; i++) {
        execute(&qmp, "stop");
        execute(&qmp, "inject-nmi");
        execute(&qmp, "cont");
        guest_type(guest, "x");
        guest_expect(guest, GUEST_OUT, "x");
        execute(&qmp, "inject-nmi");
    }
    guest_type(guest, "\004");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_same_cpus(guest);
}

/* While CPU 0 runs, CPU 1 dies, ends the run, powers off or resets the machine. */
static void test_cpus_that_end(void)
{
    for (unsigned end = 4; end <= 14; end += 2) {
        g_autofree char *options = g_strdup_printf(
            "-smp 2 -device exit-port -kernel ../tests/guest/smp_end.bin -flat cx=%u,bx=2", end);
        g_autoptr(Guest) guest = record_slowly("off", options);
        guest_wait_exit(guest);
        assert_same_again(guest, "-kernel ../tests/guest/smp_end.bin");
        assert_same_devices();
    }
}

/* All CPUs sleep until something is typed.  One was never started. */
static void test_cpus_asleep(gconstpointer realtime)
{
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, realtime, "-smp 2 -kernel uart-irq.bin");
    for (char key = 'a'; key <= 'e'; key++) {
        const char text[] = {key, '\0'};
        guest_type(guest, text);
        guest_expect(guest, GUEST_OUT, text);
    }
    guest_signal(guest, SIGTERM);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGTERM);
    assert_same_again(guest, "-kernel uart-irq.bin");
    assert_same_devices();
}

static void record_cpus(void)
{
    g_autoptr(Guest) guest = record_slowly("off", "-smp 3 -kernel smp.bin -flat cx=3");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_same_again(guest, "-kernel smp.bin -smp 3");
}

/* ---- how it ended ---- */

static void test_a_crash(void)
{
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, "off", "-kernel shell.bin");
    guest_shell_prompt(guest);
    guest_shell_last(guest, "crash");
    g_assert_cmpint(guest_wait_exit(guest), ==, 4);
    assert_same_again(guest, "-kernel shell.bin");
}

static void test_a_time_limit(void)
{
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, "on", "-kernel uart-irq.bin -timeout 1");
    g_assert_cmpint(guest_wait_exit(guest), ==, 5);
    assert_same_again(guest, "-kernel uart-irq.bin");
}

/* ---- what is refused, and what is noticed ---- */

static void record_hello(void)
{
    g_autoptr(Guest) guest = record(&GUEST_ON_PIPES, "off", "-kernel hello.bin -m 64M");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_same_again(guest, "-kernel hello.bin");
}

static void test_another_guest(void)
{
    record_hello();
    assert_refused("-kernel add.bin", "-kernel add.bin: not the file of the recording");
    assert_refused("-kernel hello.bin -initrd add.bin", "the recording was made without -initrd");
    assert_refused("", "the recording was made with -kernel FILE");
}

static void test_another_machine(void)
{
    record_hello();
    assert_refused("-kernel hello.bin -m 32M",
                   "-m: the recording was made with 65536 KiB of memory");
    assert_refused("-kernel hello.bin -device exit-port",
                   "-device exit-port: the recording was made with");
    assert_refused("-kernel hello.bin -flat ax=1", "-flat ax=1: the recording was made without");
    g_autofree char *path = guest_path("run.rec");
    g_autoptr(Guest) guest =
        guest_start(NULL, &GUEST_ON_PIPES, "-accel kvm -replay %s -kernel hello.bin", path);
    guest_expect(guest, GUEST_ERR, "-accel kvm: a whole run needs -accel soft");
    g_assert_cmpint(guest_wait_exit(guest), ==, 2);
    assert_refused("-kernel hello.bin -record again.rec", "-record: not possible during a replay");
}

static void test_another_number_of_cpus(void)
{
    record_cpus();
    assert_refused("-kernel smp.bin -smp 2", "-smp 2: the recording was made with 3");
}

static void change_recording(gsize at, char bits)
{
    g_autofree char *path = guest_path("run.rec"), *data = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    data[at] ^= bits;
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

/* The change is in the header, which is text. */
static void test_no_cpus(void)
{
    record_cpus();
    g_autofree char *path = guest_path("run.rec"), *data = guest_read_file(path);
    gsize at = (gsize)(strstr(data, "\nsmp 3,") - data) + strlen("\nsmp ");
    change_recording(at, '3' ^ '0');
    assert_refused("-kernel smp.bin", "its header is damaged");
    change_recording(at, '0' ^ '2');
    assert_refused("-kernel smp.bin", "LAPIC2");
}

/* Finds the records, without the words that say how the run ended. */
static void find_body(gsize *start, gsize *end)
{
    g_autofree char *path = guest_path("run.rec"), *data = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    *start = (gsize)((char *)memmem(data, size, "\n\n", 2) - data) + 2;
    *end = (gsize)((char *)memmem(data, size, "the guest halted", 16) - data) - 3;
}

/*
 * Changes each byte of the records.  Only answers of the host that no code used may
 * go unnoticed.
 */
static void test_a_changed_recording(void)
{
    gsize start, end;
    unsigned unnoticed = 0;
    record_hello();
    find_body(&start, &end);
    for (gsize i = 0; i < SAMPLES; i++) {
        gsize at = start + i * (end - start) / SAMPLES;
        g_autofree char *output = NULL, *verdict = NULL;
        change_recording(at, 1);
        int status = replay("-kernel hello.bin", &output, &verdict);
        g_assert_cmpint(status, <=, 2);
        unnoticed += status == 0;
        change_recording(at, 1);
    }
    g_test_message("%u of %u", unnoticed, SAMPLES);
    g_assert_cmpuint(unnoticed, <=, SAMPLES / 20);
}

/* Finds the last write of a letter to 0x3f8.  The record has the port and the value. */
static gsize find_letter(char letter)
{
    g_autofree char *path = guest_path("run.rec"), *data = NULL;
    const char write[] = {'\xf8', '\x07', letter};
    gsize size, at = 0;
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    for (gsize i = 0; i + 2 < size; i++) {
        at = !memcmp(data + i, write, 3) ? i + 2 : at;
    }
    g_assert_cmpuint(at, !=, 0);
    return at;
}

/*
 * The recording has another letter than the guest prints.  The message has the
 * place in the guest.
 */
static void test_the_place_of_a_difference(void)
{
    g_autofree char *output = NULL, *verdict = NULL;
    record_hello();
    change_recording(find_letter('H'), 'H' ^ 'J');
    g_assert_cmpint(replay("-kernel hello.bin", &output, &verdict), ==, 1);
    g_assert_true(g_regex_match_simple("replay: at instruction [0-9]+, CS:EIP [0-9a-f]{4}:"
                                       "[0-9a-f]{8}, at 0\\.[0-9]{9} s, record [0-9]+: "
                                       "COM1 write THR \\(port 0x3f8\\):.*0x4a.*0x48",
                                       verdict, 0, 0));
}

/* Each CPU prints its own number. */
static void test_the_cpu_of_a_difference(void)
{
    record_cpus();
    for (char cpu = '0'; cpu <= '2'; cpu++) {
        g_autofree char *output = NULL, *verdict = NULL;
        g_autofree char *place =
            g_strdup_printf("replay: at instruction [0-9]+, CS:EIP 0000:[0-9a-f]{8} of CPU %c, "
                            "at 0\\.[0-9]{9} s, record [0-9]+: COM1 write THR",
                            cpu);
        gsize at = find_letter(cpu);
        change_recording(at, 8);
        g_assert_cmpint(replay("-kernel smp.bin", &output, &verdict), ==, 1);
        change_recording(at, 8);
        g_assert_true(g_regex_match_simple(place, verdict, 0, 0));
    }
}

static void test_a_shortened_recording(void)
{
    g_autofree char *path = guest_path("run.rec"), *data = NULL;
    gsize size;
    record_hello();
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    g_assert_true(g_file_set_contents(path, data, (gssize)size - 1, NULL));
    assert_refused("-kernel hello.bin", "cut short");
    g_assert_true(g_file_set_contents(path, data, 20, NULL));
    assert_refused("-kernel hello.bin", "cut short in its header");
    g_assert_true(g_file_set_contents(path, "#!/bin/sh\n", -1, NULL));
    assert_refused("-kernel hello.bin", "not a recording of pioemu");
}

static void test_a_recording_of_devices(void)
{
    g_autofree char *path = guest_path("run.rec");
    g_autoptr(Guest) guest = guest_start(NULL, &GUEST_ON_PIPES,
                                         "-accel qtest -qtest stdio -nodefaults -record %s", path);
    guest_close_input(guest);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_refused("-kernel hello.bin", "it contains devices only");
}

static void add_both(const char *name, GTestDataFunc test)
{
    for (size_t i = 0; i < G_N_ELEMENTS(REALTIME); i++) {
        g_autofree char *path = g_strdup_printf("/replay/%s/realtime_%s", name, REALTIME[i]);
        g_test_add_data_func(path, REALTIME[i], test);
    }
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    add_both("shell", test_shell);
    add_both("uart_irq", test_uart_irq);
    add_both("diskread", test_diskread);
    add_both("boot_from_disk", test_a_boot_from_disk);
    add_both("kernel_of_the_firmware", test_a_kernel_of_the_firmware);
    add_both("timer", test_timer);
    add_both("qmp", test_qmp);
    add_both("cpus", test_cpus);
    add_both("cpus_asleep", test_cpus_asleep);
    add_both("cpus_with_qmp", test_cpus_with_qmp);
    g_test_add_func("/replay/terminal", test_terminal);
    g_test_add_func("/replay/nmi", test_nmi);
    g_test_add_func("/replay/paused_at_first", test_paused_at_first);
    g_test_add_func("/replay/a_reader_that_was_slow", test_a_reader_that_was_slow);
    g_test_add_func("/replay/end/a_crash", test_a_crash);
    g_test_add_func("/replay/end/a_time_limit", test_a_time_limit);
    g_test_add_func("/replay/end/by_another_cpu", test_cpus_that_end);
    g_test_add_func("/replay/refused/another_guest", test_another_guest);
    g_test_add_func("/replay/refused/another_machine", test_another_machine);
    g_test_add_func("/replay/refused/another_number_of_cpus", test_another_number_of_cpus);
    g_test_add_func("/replay/refused/no_cpus", test_no_cpus);
    g_test_add_func("/replay/refused/a_shortened_recording", test_a_shortened_recording);
    g_test_add_func("/replay/refused/a_recording_of_devices", test_a_recording_of_devices);
    g_test_add_func("/replay/noticed/a_changed_recording", test_a_changed_recording);
    g_test_add_func("/replay/noticed/its_place", test_the_place_of_a_difference);
    g_test_add_func("/replay/noticed/its_cpu", test_the_cpu_of_a_difference);
    return guest_tests_run();
}
