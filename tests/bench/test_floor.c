/*
 * The flat images run in a bare KVM program, and the benchmark images perform the
 * given number of operations.
 */
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

typedef struct Expectation {
    const char *path;
    const char *image; /* in the build directory */
    const char *options;
    const char *output; /* its last part; NULL: none at all */
    const char *exits;  /* in the statistics; NULL: any number */
} Expectation;

static const Expectation EXPECTATIONS[] = {
    {"/floor/add_prints_the_sum", "guests/add.bin", "", "4\n", "exits=3 "},
    {"/floor/registers_can_be_set", "guests/add.bin", "--flat ax=3,bx=5", "8\n", "exits=3 "},
    {"/floor/hello_prints_the_sum_and_a_greeting", "guests/hello.bin", "", "4\nHello\n", NULL},
    {"/floor/counter_at_zero_counts_until_the_limit", "guests/counter.bin",
     "--flat addr=0,ip=0 --exits 100", NULL, "exits=100 "},
    {"/floor/long_prints_from_three_modes", "guests/long.bin", "--cpuid", "real\nprotected\nlong\n",
     NULL},
    {"/floor/first_writes_one_byte", "tests/bench/bench_first.bin", "", "!", "exits=3 "},
    {"/floor/outb_writes_cx_times", "tests/bench/bench_outb.bin", "--flat cx=70000", NULL,
     "exits=70002 "},
    {"/floor/inb_reads_cx_times", "tests/bench/bench_inb.bin", "--flat cx=1000", NULL,
     "exits=1002 "},
    {"/floor/posted_writes_cx_times", "tests/bench/bench_posted.bin", "--flat cx=1000", NULL,
     "exits=1002 "},
    /* Sixteen exits to start and stop; for each interrupt the handler's two writes and the halt. */
    {"/floor/irq_halts_until_dx_interrupts_came", "tests/bench/bench_irq.bin",
     "--flat dx=500 --interrupts 1000", NULL, "exits=1516 "},
    {"/floor/irq_takes_ticks_as_well", "tests/bench/bench_irq.bin", "--flat dx=50 --ticks 1000",
     NULL, "exits=166 "},
    {"/floor/uart_polls_once_for_each_byte", "tests/bench/bench_uart.bin", "--flat cx=66",
     "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmn\n01", "exits=134 "},
};

static void test_image(gconstpointer data)
{
    const Expectation *expected = data;
    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("/dev/kvm cannot be opened");
        return;
    }

    const char *build = g_getenv("PIOEMU_BUILD");
    g_assert_nonnull(build);
    g_autofree char *command =
        g_strdup_printf("timeout 60 '%s/tests/bench/floor' --stats %s '%s/%s'", build,
                        expected->options, build, expected->image);
    g_autofree char *output = NULL;
    g_autofree char *statistics = NULL;
    g_autoptr(GError) error = NULL;
    int status;
    g_spawn_command_line_sync(command, &output, &statistics, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);

    if (!expected->output) {
        g_assert_cmpstr(output, ==, "");
    } else if (!g_str_has_suffix(output, expected->output)) {
        g_assert_cmpstr(output, ==, expected->output);
    }
    if (expected->exits && !g_str_has_prefix(statistics, expected->exits)) {
        g_assert_cmpstr(statistics, ==, expected->exits);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(EXPECTATIONS); i++) {
        g_test_add_data_func(EXPECTATIONS[i].path, &EXPECTATIONS[i], test_image);
    }
    return g_test_run();
}
