/* The terminal is restored, however the program ends.  The tests use real pseudo-terminals. */
#include "tests/unit/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#define CRASH_SIGNAL_IS_SEEN false /* the sanitizer's report ends with an exit */
#else
#define CRASH_SIGNAL_IS_SEEN true
#endif

typedef struct Fixture {
    Pty pty;
    int flags;
    pid_t pid;
} Fixture;

static pid_t start(Fixture *fix, ChildGroup group, const char *arguments)
{
    const ChildFds fds = {fix->pty.slave, fix->pty.slave, fix->pty.slave};
    return child_start(&fds, group, arguments);
}

static void wait_ready(Fixture *fix)
{
    g_free(child_read_until(fix->pty.master, "READY\n"));
    g_assert_true(pty_is_raw(&fix->pty));
}

static void setup(Fixture *fix, gconstpointer data)
{
    pty_open(&fix->pty);
    fix->flags = fcntl(fix->pty.slave, F_GETFL);
    fix->pid = start(fix, CHILD_OWN_SESSION, data ? data : "--commands");
    wait_ready(fix);
}

/* Restores everything, whatever the test did. */
static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    pty_assert_original(&fix->pty);
    g_assert_cmphex(fcntl(fix->pty.slave, F_GETFL), ==, fix->flags);
    child_assert_none_left();
    pty_close(&fix->pty);
}

static void assert_echo(Fixture *fix, const char *text)
{
    child_write(fix->pty.master, text);
    g_autofree char *got = child_read_until(fix->pty.master, text);
    g_assert_cmpstr(got, ==, text);
}

static void quit_by_key(Fixture *fix)
{
    child_write(fix->pty.master, "\001x");
    child_assert_exit(fix->pid, 0);
}

/* ---- while it runs ---- */

static void test_flags_of_the_shell_stay_while_it_runs(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(fcntl(fix->pty.slave, F_GETFL), ==, fix->flags);
    quit_by_key(fix);
}

static void test_output_processing_stays_the_users(Fixture *fix, gconstpointer data)
{
    (void)data;
    struct termios now;
    tcgetattr(fix->pty.slave, &now);
    g_assert_cmphex(now.c_oflag, ==, fix->pty.original.c_oflag);
    quit_by_key(fix);
}

static void test_control_keys_reach_the_guest(Fixture *fix, gconstpointer data)
{
    (void)data;
    assert_echo(fix, "\003\032\034\023\021\004\r\n\177\026");
    quit_by_key(fix);
}

static void test_escape_twice_sends_it(Fixture *fix, gconstpointer data)
{
    (void)data;
    child_write(fix->pty.master, "a\001\001b");
    g_autofree char *got = child_read_until(fix->pty.master, "b");
    g_assert_cmpstr(got, ==, "a\001b");
    quit_by_key(fix);
}

static void test_escape_h_helps(Fixture *fix, gconstpointer data)
{
    (void)data;
    child_write(fix->pty.master, "\001h");
    g_free(child_read_until(fix->pty.master, "Ctrl-A x       quits"));
    g_free(child_read_until(fix->pty.master, "Ctrl-A Ctrl-A  sends Ctrl-A to the guest\n"));
    assert_echo(fix, "no h came before this");
    quit_by_key(fix);
}

static void test_unknown_command_helps(Fixture *fix, gconstpointer data)
{
    (void)data;
    child_write(fix->pty.master, "\001z");
    g_free(child_read_until(fix->pty.master, "Ctrl-A h       shows this help"));
    quit_by_key(fix);
}

static void test_other_escape_key(Fixture *fix, gconstpointer data)
{
    (void)data;
    assert_echo(fix, "\001x");
    child_write(fix->pty.master, "\035h");
    g_free(child_read_until(fix->pty.master, "Ctrl-] x       quits"));
    child_write(fix->pty.master, "\035x");
    child_assert_exit(fix->pid, 0);
}

static void test_no_escape_key_passes_everything(Fixture *fix, gconstpointer data)
{
    (void)data;
    assert_echo(fix, "\001x\001h");
    kill(fix->pid, SIGTERM);
    child_assert_killed(fix->pid, SIGTERM);
}

static void test_escape_works_while_the_guest_reads_nothing(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autofree char *typed = g_strnfill(3000, 'k');
    child_write(fix->pty.master, typed);
    quit_by_key(fix);
}

static void test_escape_is_announced_once(void)
{
    Fixture fix = {0};
    pty_open(&fix.pty);
    fix.pid = start(&fix, CHILD_OWN_SESSION, "");
    g_autofree char *output = child_read_until(fix.pty.master, "READY\n");
    g_assert_nonnull(strstr(output, "pioemu: Ctrl-A x quits, Ctrl-A h helps\n"));
    quit_by_key(&fix);
    pty_close(&fix.pty);
}

static void test_signal_on_leaves_ctrl_c_to_the_terminal(Fixture *fix, gconstpointer data)
{
    (void)data;
    assert_echo(fix, "raw otherwise");
    child_write(fix->pty.master, "\003");
    child_assert_killed(fix->pid, SIGINT);
}

static void test_paste_of_100_kb_arrives_whole(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GByteArray) paste = g_byte_array_new();
    for (guint i = 0; i < 100000; i++) {
        uint8_t byte = (uint8_t)(i * 7 + i / 256);
        byte = byte == 1 ? 2 : byte; /* avoids the escape key */
        g_byte_array_append(paste, &byte, 1);
    }
    g_autoptr(GByteArray) got = child_exchange(fix->pty.master, fix->pty.master, paste);
    g_assert_cmpmem(got->data, got->len, paste->data, paste->len);
    quit_by_key(fix);
}

static void test_waiting_for_keys_costs_nothing(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_assert_cmpuint(child_idle_cpu_ms(fix->pid, 300), <, 20);
    quit_by_key(fix);
}

/* ---- ways to end ---- */

static void test_user_quits(Fixture *fix, gconstpointer data)
{
    (void)data;
    quit_by_key(fix);
}

static void test_guest_ends(Fixture *fix, gconstpointer data)
{
    (void)data;
    child_write(fix->pty.master, "q");
    child_assert_exit(fix->pid, 7);
}

static void end_by(Fixture *fix, int number)
{
    kill(fix->pid, number);
    child_assert_killed(fix->pid, number);
}

static void test_ending_signals_are_seen_by_the_parent(gconstpointer data)
{
    Fixture fix = {0};
    setup(&fix, NULL);
    end_by(&fix, GPOINTER_TO_INT(data));
    teardown(&fix, NULL);
}

static void test_crash_signals_restore_first(gconstpointer data)
{
    Fixture fix = {0};
    setup(&fix, NULL);
    kill(fix.pid, GPOINTER_TO_INT(data));
    int status = child_wait(fix.pid, 0);
    if (CRASH_SIGNAL_IS_SEEN) {
        g_assert_true(WIFSIGNALED(status));
        g_assert_cmpint(WTERMSIG(status), ==, GPOINTER_TO_INT(data));
    }
    /* The handler restored the terminal.  The guardian may not even have noticed yet. */
    pty_assert_original(&fix.pty);
    child_wait(-1, 0);
    teardown(&fix, NULL);
}

static void crash_by_key(Fixture *fix, const char *key, int number)
{
    child_write(fix->pty.master, key);
    int status = child_wait(fix->pid, 0);
    if (CRASH_SIGNAL_IS_SEEN) {
        g_assert_true(WIFSIGNALED(status));
        g_assert_cmpint(WTERMSIG(status), ==, number);
        pty_assert_original(&fix->pty);
        child_wait(-1, 0);
    } else {
        /*
         * The sanitizer may have ended the process before our handler.  Then the
         * guardian restores the terminal.
         */
        child_wait(-1, 0);
        pty_assert_original(&fix->pty);
    }
}

static void test_fault_restores_first(Fixture *fix, gconstpointer data)
{
    (void)data;
    crash_by_key(fix, "S", SIGSEGV);
}

static void test_abort_restores_first(Fixture *fix, gconstpointer data)
{
    (void)data;
    crash_by_key(fix, "A", SIGABRT);
}

/* When its parent dies, the guardian becomes our child, so we can wait for its end. */
static void test_guardian_restores_after_a_kill(Fixture *fix, gconstpointer data)
{
    (void)data;
    end_by(fix, SIGKILL);
    int status = child_wait(-1, 0);
    g_assert_true(WIFEXITED(status));
}

static void test_guardian_survives_a_kill_of_the_group(Fixture *fix, gconstpointer data)
{
    (void)data;
    kill(-fix->pid, SIGKILL);
    child_assert_killed(fix->pid, SIGKILL);
    g_assert_true(WIFEXITED(child_wait(-1, 0)));
}

static pid_t guardian_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", pid, pid);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

static guint open_descriptors(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    guint count = 0;
    while (dir && g_dir_read_name(dir)) {
        count++;
    }
    return count;
}

static void test_guardian_holds_only_the_terminal_and_its_line(Fixture *fix, gconstpointer data)
{
    (void)data;
    pid_t guardian = guardian_of(fix->pid);
    g_assert_cmpint(guardian, >, 0);
    g_assert_cmpuint(open_descriptors(guardian), ==, 2);
    g_assert_cmpint(getsid(guardian), ==, guardian);
    quit_by_key(fix);
}

static void test_guardian_that_was_stopped_does_not_hold_us_up(Fixture *fix, gconstpointer data)
{
    (void)data;
    kill(guardian_of(fix->pid), SIGSTOP);
    quit_by_key(fix);
}

/* ---- stop and continue ---- */

static void test_stop_that_cannot_be_caught(Fixture *fix, gconstpointer data)
{
    (void)data;
    kill(fix->pid, SIGSTOP);
    g_assert_true(WIFSTOPPED(child_wait(fix->pid, WUNTRACED)));
    tcsetattr(fix->pty.slave, TCSANOW, &fix->pty.original); /* as shells do */
    kill(fix->pid, SIGCONT);
    pty_wait_raw(&fix->pty);
    assert_echo(fix, "on again");
    quit_by_key(fix);
}

static void test_stop_with_no_shell_that_sets_the_modes(Fixture *fix, gconstpointer data)
{
    (void)data;
    kill(fix->pid, SIGSTOP);
    g_assert_true(WIFSTOPPED(child_wait(fix->pid, WUNTRACED)));
    kill(fix->pid, SIGCONT);
    assert_echo(fix, "on again");
    quit_by_key(fix);
}

/*
 * Acts as a shell with job control: `scenario` runs in a process that leads the
 * terminal's session.
 */
static void in_session(void (*scenario)(Fixture *fix))
{
    Fixture fix = {0};
    pty_open(&fix.pty);
    fix.flags = fcntl(fix.pty.slave, F_GETFL);
    pid_t shell = fork();
    if (shell == 0) {
        setsid();
        ioctl(fix.pty.slave, TIOCSCTTY, 0);
        signal(SIGTTOU, SIG_IGN);
        child_adopt_orphans();
        scenario(&fix);
        child_assert_none_left();
        _exit(0);
    }
    child_assert_exit(shell, 0);
    g_assert_cmphex(fcntl(fix.pty.slave, F_GETFL), ==, fix.flags);
    child_assert_none_left();
    pty_close(&fix.pty);
}

static void foreground(Fixture *fix, pid_t group)
{
    g_assert_cmpint(tcsetpgrp(fix->pty.slave, group), ==, 0);
}

static void start_job(Fixture *fix, bool in_foreground)
{
    foreground(fix, getpgrp());
    fix->pid = start(fix, CHILD_OWN_GROUP, "--commands");
    if (in_foreground) {
        foreground(fix, fix->pid);
    }
    g_free(child_read_until(fix->pty.master, "READY\n"));
}

static void stop_job(Fixture *fix, int number)
{
    kill(fix->pid, number);
    int status = child_wait(fix->pid, WUNTRACED);
    g_assert_true(WIFSTOPPED(status));
    g_assert_cmpint(WSTOPSIG(status), ==, number);
    foreground(fix, getpgrp());
}

static void suspend_and_continue(Fixture *fix)
{
    start_job(fix, true);
    pty_wait_raw(&fix->pty);
    for (int i = 0; i < 2; i++) {
        stop_job(fix, SIGTSTP);
        pty_assert_original(&fix->pty);
        foreground(fix, fix->pid);
        kill(fix->pid, SIGCONT);
        pty_wait_raw(&fix->pty);
        assert_echo(fix, "on again");
    }
    quit_by_key(fix);
    pty_assert_original(&fix->pty);
}

static void test_suspended_job_gives_the_terminal_back(void)
{
    in_session(suspend_and_continue);
}

/* The modes of bash's line editor: without ICANON and ECHO, but with ISIG. */
static void set_editor_modes(Fixture *fix)
{
    struct termios modes = fix->pty.original;
    modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(fix->pty.slave, TCSANOW, &modes);
}

static void assert_editor_modes(Fixture *fix)
{
    struct termios now;
    tcgetattr(fix->pty.slave, &now);
    g_assert_cmphex(now.c_lflag, ==, fix->pty.original.c_lflag & ~(tcflag_t)(ICANON | ECHO));
    g_assert_cmphex(now.c_iflag, ==, fix->pty.original.c_iflag);
}

static void start_in_background(Fixture *fix)
{
    set_editor_modes(fix);
    start_job(fix, false);
    assert_editor_modes(fix);
    child_write(fix->pty.master, "for the shell");
    g_assert_cmpuint(child_idle_cpu_ms(fix->pid, 300), <, 20);
    g_assert_cmpint(waitpid(fix->pid, NULL, WNOHANG | WUNTRACED), ==, 0);
    assert_editor_modes(fix);
    tcflush(fix->pty.slave, TCIFLUSH);
    /* A shell does this for `fg` of a running job, and sends no SIGCONT. */
    tcsetattr(fix->pty.slave, TCSANOW, &fix->pty.original);
    foreground(fix, fix->pid);
    pty_wait_raw(&fix->pty);
    g_free(child_read_until(fix->pty.master, "Ctrl-A x quits, Ctrl-A h helps\n"));
    assert_echo(fix, "in front");
    quit_by_key(fix);
    pty_assert_original(&fix->pty);
}

static void test_background_job_waits_for_the_foreground(void)
{
    in_session(start_in_background);
}

static void kill_in_background(Fixture *fix)
{
    start_job(fix, true);
    pty_wait_raw(&fix->pty);
    stop_job(fix, SIGSTOP);
    set_editor_modes(fix);
    kill(fix->pid, SIGKILL);
    child_assert_killed(fix->pid, SIGKILL);
    child_wait(-1, 0);
    assert_editor_modes(fix);
}

static void test_terminal_that_the_shell_took_back_stays_the_shells(void)
{
    in_session(kill_in_background);
}

static void continue_in_background(Fixture *fix)
{
    start_job(fix, true);
    pty_wait_raw(&fix->pty);
    stop_job(fix, SIGTSTP);
    set_editor_modes(fix);
    kill(fix->pid, SIGCONT);
    g_assert_true(WIFCONTINUED(child_wait(fix->pid, WCONTINUED)));
    g_assert_cmpuint(child_idle_cpu_ms(fix->pid, 300), <, 20);
    assert_editor_modes(fix);
    kill(fix->pid, SIGTERM);
    child_assert_killed(fix->pid, SIGTERM);
    assert_editor_modes(fix);
}

static void test_job_that_continues_in_the_background_takes_nothing(void)
{
    in_session(continue_in_background);
}

static void start_and_hang_up(Fixture *fix)
{
    pty_open(&fix->pty);
    fix->pid = start(fix, CHILD_OWN_SESSION, "");
    wait_ready(fix);
    close(fix->pty.master);
}

static void test_hang_up_ends_the_program(void)
{
    Fixture fix = {0};
    start_and_hang_up(&fix);
    child_assert_killed(fix.pid, SIGHUP);
    child_assert_none_left();
    close(fix.pty.slave);
}

static void test_hang_up_that_is_ignored_does_not_spin(void)
{
    Fixture fix = {0};
    signal(SIGHUP, SIG_IGN); /* inherited from nohup, for example */
    start_and_hang_up(&fix);
    signal(SIGHUP, SIG_DFL);
    g_assert_cmpuint(child_idle_cpu_ms(fix.pid, 300), <, 20);
    end_by(&fix, SIGTERM);
    child_assert_none_left();
    close(fix.pty.slave);
}

#define ADD(path, name, arguments)                                                                 \
    g_test_add("/terminal/" path #name, Fixture, arguments, setup, test_##name, teardown)

static void add_signal_tests(void)
{
    static const int ENDING[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    static const int CRASHES[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < G_N_ELEMENTS(ENDING); i++) {
        g_autofree char *name =
            g_strdup_printf("/terminal/end/SIG%s_is_seen_by_the_parent", sigabbrev_np(ENDING[i]));
        g_test_add_data_func(name, GINT_TO_POINTER(ENDING[i]),
                             test_ending_signals_are_seen_by_the_parent);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(CRASHES); i++) {
        g_autofree char *name =
            g_strdup_printf("/terminal/end/SIG%s_restores_first", sigabbrev_np(CRASHES[i]));
        g_test_add_data_func(name, GINT_TO_POINTER(CRASHES[i]), test_crash_signals_restore_first);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /*
     * A shell starts programs in the background with SIGINT and SIGQUIT ignored, and
     * nohup with SIGHUP ignored.
     */
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    child_adopt_orphans();
    ADD("run/", flags_of_the_shell_stay_while_it_runs, NULL);
    ADD("run/", output_processing_stays_the_users, NULL);
    ADD("run/", control_keys_reach_the_guest, "");
    ADD("run/", escape_twice_sends_it, "");
    ADD("run/", escape_h_helps, "");
    ADD("run/", unknown_command_helps, "");
    ADD("run/", other_escape_key, "--echr 29");
    ADD("run/", no_escape_key_passes_everything, "--echr 0");
    ADD("run/", escape_works_while_the_guest_reads_nothing, "--deaf");
    g_test_add_func("/terminal/run/escape_is_announced_once", test_escape_is_announced_once);
    ADD("run/", signal_on_leaves_ctrl_c_to_the_terminal, "--spec stdio,signal=on");
    ADD("run/", paste_of_100_kb_arrives_whole, "");
    ADD("run/", waiting_for_keys_costs_nothing, NULL);
    ADD("end/", user_quits, NULL);
    ADD("end/", guest_ends, NULL);
    add_signal_tests();
    ADD("end/", fault_restores_first, NULL);
    ADD("end/", abort_restores_first, NULL);
    ADD("guardian/", guardian_restores_after_a_kill, NULL);
    ADD("guardian/", guardian_survives_a_kill_of_the_group, NULL);
    ADD("guardian/", guardian_holds_only_the_terminal_and_its_line, NULL);
    ADD("guardian/", guardian_that_was_stopped_does_not_hold_us_up, NULL);
    ADD("job/", stop_that_cannot_be_caught, NULL);
    ADD("job/", stop_with_no_shell_that_sets_the_modes, NULL);
    g_test_add_func("/terminal/job/suspended_job_gives_the_terminal_back",
                    test_suspended_job_gives_the_terminal_back);
    g_test_add_func("/terminal/job/background_job_waits_for_the_foreground",
                    test_background_job_waits_for_the_foreground);
    g_test_add_func("/terminal/job/terminal_that_the_shell_took_back_stays_the_shells",
                    test_terminal_that_the_shell_took_back_stays_the_shells);
    g_test_add_func("/terminal/job/job_that_continues_in_the_background_takes_nothing",
                    test_job_that_continues_in_the_background_takes_nothing);
    g_test_add_func("/terminal/end/hang_up_ends_the_program", test_hang_up_ends_the_program);
    g_test_add_func("/terminal/end/hang_up_that_is_ignored_does_not_spin",
                    test_hang_up_that_is_ignored_does_not_spin);
    return g_test_run();
}
