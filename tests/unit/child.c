/* Starts and watches the test's child, and talks to it. */
#include "tests/unit/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void place(int fd, int target)
{
    if (fd < 0) {
        close(target);
    } else {
        dup2(fd, target);
    }
}

static void join_group(const ChildFds *fds, ChildGroup group)
{
    if (group == CHILD_OWN_SESSION) {
        setsid();
        ioctl(fds->in, TIOCSCTTY, 0);
    } else if (group == CHILD_OWN_GROUP) {
        setpgid(0, 0);
    }
}

pid_t child_start(const ChildFds *fds, ChildGroup group, const char *arguments)
{
    const char *program = g_getenv("TERMINAL_CHILD");
    g_assert_nonnull(program);
    g_autofree char *line = g_strdup_printf("%s %s", program, arguments);
    g_auto(GStrv) argv = g_strsplit(g_strchomp(line), " ", -1);
    pid_t pid = fork();
    if (pid == 0) {
        join_group(fds, group);
        int high[3] = {fds->in, fds->out, fds->err};
        for (int i = 0; i < 3; i++) {
            high[i] = high[i] < 0 ? -1 : fcntl(high[i], F_DUPFD, 100);
        }
        for (int i = 0; i < 3; i++) {
            place(high[i], i);
        }
        close_range(3, ~0u, 0);
        signal(SIGTTOU, SIG_DFL);
        execv(argv[0], argv);
        _exit(127);
    }
    if (group == CHILD_OWN_GROUP) {
        setpgid(pid, pid);
    }
    return pid;
}

static void pause_ms(long ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&ts, NULL);
}

static bool has_changed(pid_t pid, int options)
{
    siginfo_t info = {0};
    idtype_t type = pid < 0 ? P_ALL : P_PID;
    int what =
        WEXITED | WNOWAIT | WNOHANG | (options & WUNTRACED ? WSTOPPED : 0) | (options & WCONTINUED);
    return waitid(type, (id_t)(pid < 0 ? 0 : pid), &info, what) < 0 || info.si_pid != 0;
}

int child_wait(pid_t pid, int options)
{
    for (int waited = 0; !has_changed(pid, options); waited++) {
        g_assert_cmpint(waited, <, PATIENCE_MS);
        pause_ms(1);
    }
    int status = 0;
    g_assert_cmpint(waitpid(pid, &status, options), >, 0);
    return status;
}

void child_assert_exit(pid_t pid, int status)
{
    int got = child_wait(pid, 0);
    g_assert_true(WIFEXITED(got));
    g_assert_cmpint(WEXITSTATUS(got), ==, status);
}

void child_assert_killed(pid_t pid, int number)
{
    int got = child_wait(pid, 0);
    g_assert_true(WIFSIGNALED(got));
    g_assert_cmpint(WTERMSIG(got), ==, number);
}

void child_adopt_orphans(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void child_assert_none_left(void)
{
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
    g_assert_cmpint(errno, ==, ECHILD);
}

static double cpu_ms(pid_t pid)
{
    clockid_t clock;
    struct timespec ts;
    g_assert_cmpint(clock_getcpuclockid(pid, &clock), ==, 0);
    g_assert_cmpint(clock_gettime(clock, &ts), ==, 0);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

unsigned child_idle_cpu_ms(pid_t pid, int ms)
{
    double before = cpu_ms(pid);
    pause_ms(ms);
    return (unsigned)(cpu_ms(pid) - before);
}

static bool wait_for(int fd, short events)
{
    struct pollfd pfd = {.fd = fd, .events = events};
    int ready = poll(&pfd, 1, PATIENCE_MS);
    g_assert_cmpint(ready, ==, 1);
    return pfd.revents & events;
}

/* Returns 0 at the end.  A pseudo-terminal ends with EIO. */
static ssize_t read_some(int fd, uint8_t *data, size_t size)
{
    wait_for(fd, POLLIN);
    ssize_t got = read(fd, data, size);
    g_assert_true(got >= 0 || errno == EIO);
    return MAX(got, 0);
}

char *child_read_until(int fd, const char *text)
{
    GString *all = g_string_new(NULL);
    while (!strstr(all->str, text)) {
        uint8_t byte;
        if (!read_some(fd, &byte, 1)) {
            g_error("the end came before '%s': %s", text, all->str);
        }
        g_string_append_c(all, (char)byte);
    }
    return g_string_free(all, false);
}

GByteArray *child_read_bytes(int fd, size_t size)
{
    GByteArray *all = g_byte_array_new();
    uint8_t data[4096];
    ssize_t got;
    while (!size || all->len < size) {
        got = read_some(fd, data, size ? MIN(sizeof(data), size - all->len) : sizeof(data));
        if (!got) {
            break;
        }
        g_byte_array_append(all, data, (guint)got);
    }
    return all;
}

void child_write(int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
}

static guint send_some(int to, const GByteArray *data, guint sent)
{
    ssize_t put = write(to, data->data + sent, MIN(data->len - sent, 1000));
    g_assert_true(put >= 0 || errno == EAGAIN);
    return sent + (guint)MAX(put, 0);
}

GByteArray *child_exchange(int to, int from, const GByteArray *data)
{
    GByteArray *got = g_byte_array_new();
    int flags = fcntl(to, F_GETFL);
    fcntl(to, F_SETFL, flags | O_NONBLOCK);
    for (guint sent = 0; got->len < data->len;) {
        struct pollfd pfds[] = {
            {.fd = from, .events = POLLIN},
            {.fd = sent < data->len ? to : -1, .events = POLLOUT},
        };
        g_assert_cmpint(poll(pfds, 2, PATIENCE_MS), >, 0);
        if (pfds[1].revents & POLLOUT) {
            sent = send_some(to, data, sent);
        }
        if (pfds[0].revents & POLLIN) {
            uint8_t bytes[512];
            ssize_t size = read_some(from, bytes, sizeof(bytes));
            g_assert_cmpint(size, >, 0);
            g_byte_array_append(got, bytes, (guint)size);
        }
    }
    fcntl(to, F_SETFL, flags);
    return got;
}

void pty_open(Pty *pty)
{
    g_assert_cmpint(openpty(&pty->master, &pty->slave, NULL, NULL, NULL), ==, 0);
    tcgetattr(pty->slave, &pty->original);
    pty->original.c_oflag &= ~(tcflag_t)OPOST;
    tcsetattr(pty->slave, TCSANOW, &pty->original);
    tcgetattr(pty->slave, &pty->original);
}

void pty_close(Pty *pty)
{
    close(pty->master);
    close(pty->slave);
}

bool pty_is_raw(const Pty *pty)
{
    struct termios now;
    g_assert_cmpint(tcgetattr(pty->slave, &now), ==, 0);
    return !(now.c_lflag & (ICANON | ECHO | IEXTEN)) && !(now.c_iflag & (ICRNL | IXON));
}

void pty_assert_original(const Pty *pty)
{
    struct termios now;
    g_assert_cmpint(tcgetattr(pty->slave, &now), ==, 0);
    g_assert_cmphex(now.c_iflag, ==, pty->original.c_iflag);
    g_assert_cmphex(now.c_oflag, ==, pty->original.c_oflag);
    g_assert_cmphex(now.c_cflag, ==, pty->original.c_cflag);
    g_assert_cmphex(now.c_lflag, ==, pty->original.c_lflag);
    g_assert_cmpmem(now.c_cc, sizeof(now.c_cc), pty->original.c_cc, sizeof(now.c_cc));
}

void pty_wait_raw(const Pty *pty)
{
    for (int waited = 0; !pty_is_raw(pty); waited++) {
        g_assert_cmpint(waited, <, PATIENCE_MS);
        pause_ms(1);
    }
}
