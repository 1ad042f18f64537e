#include "tests/guest/guest_rig.h"

#include "tests/guest/guest_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S    30
#define READ_SIZE     65536u
#define LOOK_AGAIN_MS 1

#define IDLE_TRIES        3u
#define MOST_IDLE_PERCENT 10.0
/* More than a timer of 18.2 Hz causes, which a BIOS leaves. */
#define MOST_IDLE_WAKES 40u
/* How much output a failed test shows, as comments of TAP. */
#define SHOWN_SIZE 3000u

typedef enum Progress { RUNNING, STOPPED, ENDED } Progress;

typedef struct Output {
    int fd;    /* our end; -1: there is none */
    int given; /* the program's end, for its flags */
    bool unread;
    GString *text;
    size_t seen;
} Output;

struct Guest {
    char *command;
    GuestProcess process;
    Progress progress;
    int status; /* of waitpid() */

    int master, slave; /* the ends of the terminal; -1 if none */
    struct termios modes;
    int in, given_in;
    GByteArray *pending; /* input that is still to be sent */
    bool close_input;
    Output outputs[GUEST_CHANNELS];
    int flags[3]; /* the result of F_GETFL before the start */
    gint64 deadline;
    unsigned patience; /* how many times the usual time it gets */
};

const GuestWires GUEST_ON_PIPES = {0};
const GuestWires GUEST_ON_TERMINAL = {.in = GUEST_TERMINAL, .out = GUEST_TERMINAL};

/* ---- failing ---- */

static void show_output(GString *message, const Guest *guest, GuestChannel channel)
{
    static const char *const NAMES[] = {"output", "messages"};
    const GString *text = guest->outputs[channel].text;
    size_t from = text->len > SHOWN_SIZE ? text->len - SHOWN_SIZE : 0;
    g_autofree char *escaped = g_strescape(text->str + from, NULL);
    g_string_append_printf(message, "\n#   %s (%zu bytes): %s\"%s\"", NAMES[channel], text->len,
                           from ? "..." : "", escaped);
}

static G_NORETURN void fail(Guest *guest, const char *format, ...) G_GNUC_PRINTF(2, 3);

static G_NORETURN void fail(Guest *guest, const char *format, ...)
{
    g_autoptr(GString) message = g_string_new(NULL);
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(message, format, args);
    va_end(args);
    g_string_append_printf(message, "\n#   command: %s", guest->command);
    if (guest->progress == ENDED) {
        g_string_append_printf(
            message, "\n#   ended: %s %d", WIFEXITED(guest->status) ? "status" : "signal",
            WIFEXITED(guest->status) ? WEXITSTATUS(guest->status) : WTERMSIG(guest->status));
    }
    show_output(message, guest, GUEST_OUT);
    show_output(message, guest, GUEST_ERR);
    guest_process_end(&guest->process);
    g_assertion_message(G_LOG_DOMAIN, g_test_get_path(), 0, "guest", message->str);
    abort();
}

/* ---- moving data ---- */

static void send_pending(Guest *guest)
{
    ssize_t sent = write(guest->in, guest->pending->data, guest->pending->len);
    if (sent > 0) {
        g_byte_array_remove_range(guest->pending, 0, (guint)sent);
    } else if (errno != EAGAIN && errno != EINTR) {
        g_byte_array_set_size(guest->pending, 0);
    }
}

static void finish_input(Guest *guest)
{
    if (guest->close_input && !guest->pending->len && guest->in >= 0) {
        close(guest->in);
        close(guest->given_in);
        guest->in = guest->given_in = -1;
    }
}

/* The descriptor to poll and read.  -1: this output has none. */
static int readable_fd(const Output *output)
{
    return output->unread ? -1 : output->fd;
}

/* Returns true if there was output. */
static bool read_output(Output *output)
{
    char data[READ_SIZE];
    ssize_t got = readable_fd(output) >= 0 ? read(output->fd, data, sizeof(data)) : -1;
    if (got > 0) {
        g_string_append_len(output->text, data, got);
    }
    return got > 0;
}

static void read_status(Guest *guest)
{
    if (read(guest->process.statuses, &guest->status, sizeof(guest->status)) !=
        sizeof(guest->status)) {
        fail(guest, "the keeper of the program died");
    }
    guest->progress = WIFSTOPPED(guest->status) ? STOPPED : ENDED;
    if (guest->progress == ENDED) {
        for (unsigned i = 0; i < GUEST_CHANNELS; i++) {
            while (read_output(&guest->outputs[i])) {
            }
        }
    }
}

/* Waits for one event, but not beyond the deadline.  Returns false after the deadline. */
static bool pump_until(Guest *guest, gint64 deadline)
{
    enum { STATUS, IN, OUT, ERR };
    gint64 left = (deadline - g_get_monotonic_time()) / 1000;
    bool sending = guest->in >= 0 && guest->pending->len;
    struct pollfd fds[] = {
        [STATUS] = {.fd = guest->progress == ENDED ? -1 : guest->process.statuses,
                    .events = POLLIN},
        [IN] = {.fd = sending ? guest->in : -1, .events = POLLOUT},
        [OUT] = {.fd = readable_fd(&guest->outputs[GUEST_OUT]), .events = POLLIN},
        [ERR] = {.fd = readable_fd(&guest->outputs[GUEST_ERR]), .events = POLLIN},
    };
    finish_input(guest);
    int ready = poll(fds, G_N_ELEMENTS(fds), (int)CLAMP(left, 0, 60000));
    if (ready <= 0) {
        return ready < 0 && errno == EINTR;
    }
    if (fds[IN].revents) {
        send_pending(guest);
    }
    if (fds[OUT].revents) {
        read_output(&guest->outputs[GUEST_OUT]);
    }
    if (fds[ERR].revents) {
        read_output(&guest->outputs[GUEST_ERR]);
    }
    if (fds[STATUS].revents) {
        read_status(guest);
    }
    return true;
}

/* A variable gives a longer time for a host that is known to be slow. */
static gint64 patience_us(void)
{
    const char *seconds = g_getenv("PIOEMU_TEST_PATIENCE");
    return (seconds ? g_ascii_strtoll(seconds, NULL, 10) : PATIENCE_S) * G_USEC_PER_SEC;
}

bool guest_host_is_slow(void)
{
    return patience_us() > PATIENCE_S * G_USEC_PER_SEC;
}

static void start_waiting(Guest *guest)
{
    guest->deadline = g_get_monotonic_time() + patience_us() * MAX(guest->patience, 1u);
}

void guest_be_patient(Guest *guest, unsigned times)
{
    guest->patience = times;
}

static void pump(Guest *guest, const char *for_what)
{
    if (!pump_until(guest, guest->deadline)) {
        fail(guest, "waited in vain for %s", for_what);
    }
}

/* ---- starting ---- */

static const char *build_directory(void)
{
    const char *build = g_getenv("PIOEMU_BUILD");
    if (!build) {
        g_error("PIOEMU_BUILD does not name the build directory (meson test sets it)");
    }
    return build;
}

static void set_nonblocking(int fd)
{
    g_assert_cmpint(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), ==, 0);
}

static void open_terminal(Guest *guest, const GuestWires *wires)
{
    guest->master = guest->slave = -1;
    if (wires->in != GUEST_TERMINAL && wires->out != GUEST_TERMINAL &&
        wires->err != GUEST_TERMINAL) {
        return;
    }
    g_assert_cmpint(openpty(&guest->master, &guest->slave, NULL, NULL, NULL), ==, 0);
    fcntl(guest->master, F_SETFD, FD_CLOEXEC);
    fcntl(guest->slave, F_SETFD, FD_CLOEXEC);
    set_nonblocking(guest->master);
    g_assert_cmpint(tcgetattr(guest->slave, &guest->modes), ==, 0);
    if (wires->raw) {
        cfmakeraw(&guest->modes);
        g_assert_cmpint(tcsetattr(guest->slave, TCSANOW, &guest->modes), ==, 0);
    }
}

/* Returns the program's end, and the test's end in `*ours`. */
static int open_wire(const Guest *guest, GuestWire wire, bool is_input, int *ours)
{
    int ends[2];
    *ours = -1;
    switch (wire) {
    case GUEST_TERMINAL:
        *ours = fcntl(guest->master, F_DUPFD_CLOEXEC, 0);
        return fcntl(guest->slave, F_DUPFD_CLOEXEC, 0);
    case GUEST_NULL:
        return open("/dev/null", O_RDWR | O_CLOEXEC);
    case GUEST_CLOSED:
        return -1;
    case GUEST_PIPE:
    case GUEST_UNREAD:
        g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
        *ours = ends[is_input];
        set_nonblocking(*ours);
        if (wire == GUEST_UNREAD) {
            fcntl(*ours, F_SETPIPE_SZ, (int)GUEST_UNREAD_SIZE);
        }
        return ends[!is_input];
    }
    g_assert_not_reached();
}

static void open_output(const Guest *guest, Output *output, GuestWire wire)
{
    output->given = open_wire(guest, wire, false, &output->fd);
    output->unread = wire == GUEST_UNREAD;
    output->text = g_string_new(NULL);
}

/* A terminal needs only one reader. */
static void open_wires(Guest *guest, const GuestWires *wires)
{
    open_terminal(guest, wires);
    guest->given_in = open_wire(guest, wires->in, true, &guest->in);
    open_output(guest, &guest->outputs[GUEST_OUT], wires->out);
    open_output(guest, &guest->outputs[GUEST_ERR], wires->err);
    if (wires->out == GUEST_TERMINAL && wires->err == GUEST_TERMINAL) {
        close(guest->outputs[GUEST_ERR].fd);
        guest->outputs[GUEST_ERR].fd = -1;
    }
}

static void get_flags(const Guest *guest, int *flags)
{
    const int given[] = {guest->given_in, guest->outputs[GUEST_OUT].given,
                         guest->outputs[GUEST_ERR].given};
    for (size_t i = 0; i < G_N_ELEMENTS(given); i++) {
        flags[i] = given[i] < 0 ? 0 : fcntl(given[i], F_GETFL);
    }
}

static char *command_line(const GuestTarget *target, const char *arguments)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "%s/src/pioemu ", build_directory());
    if (target) {
        g_string_append_printf(line, "-accel %s ", target->accel);
    }
    if (target && target->irqchip) {
        g_string_append_printf(line, "-machine pc,irqchip=%s ", target->irqchip);
    }
    g_string_append(line, arguments);
    return g_strdup(line->str);
}

static void start_process(Guest *guest)
{
    g_auto(GStrv) argv = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_build_filename(build_directory(), "guests", NULL);
    g_shell_parse_argv(guest->command, NULL, &argv, &error);
    g_assert_no_error(error);
    GuestProcessConfig config = {
        .directory = directory,
        .argv = argv,
        .fds = {guest->given_in, guest->outputs[GUEST_OUT].given, guest->outputs[GUEST_ERR].given},
        .terminal = guest->slave,
    };
    guest_process_start(&guest->process, &config);
}

Guest *guest_start(const GuestTarget *target, const GuestWires *wires, const char *arguments, ...)
{
    Guest *guest = g_new0(Guest, 1);
    va_list args;
    va_start(args, arguments);
    g_autofree char *text = g_strdup_vprintf(arguments, args);
    va_end(args);
    guest->command = command_line(target, text);
    guest->pending = g_byte_array_new();
    open_wires(guest, wires);
    get_flags(guest, guest->flags);
    start_process(guest);
    return guest;
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void guest_free(Guest *guest)
{
    guest_process_end(&guest->process);
    close_fd(guest->in);
    close_fd(guest->given_in);
    close_fd(guest->master);
    close_fd(guest->slave);
    for (unsigned i = 0; i < GUEST_CHANNELS; i++) {
        close_fd(guest->outputs[i].fd);
        close_fd(guest->outputs[i].given);
        g_string_free(guest->outputs[i].text, true);
    }
    g_byte_array_unref(guest->pending);
    g_free(guest->command);
    g_free(guest);
}

/* ---- input and output ---- */

void guest_send(Guest *guest, const void *data, size_t size)
{
    g_byte_array_append(guest->pending, data, (guint)size);
}

void guest_type(Guest *guest, const char *text)
{
    guest_send(guest, text, strlen(text));
}

void guest_close_input(Guest *guest)
{
    guest->close_input = true;
    finish_input(guest);
}

void guest_read_again(Guest *guest)
{
    guest->outputs[GUEST_OUT].unread = false;
}

void guest_close_output(Guest *guest)
{
    Output *output = &guest->outputs[GUEST_OUT];
    close_fd(output->fd);
    close_fd(output->given);
    output->fd = output->given = -1;
}

/* Waits until `found` finds the text and advances `seen` past it. */
static void expect(Guest *guest, bool (*found)(Output *output, gconstpointer what, char **match),
                   GuestChannel channel, gconstpointer what, const char *text, char **match)
{
    Output *output = &guest->outputs[channel];
    start_waiting(guest);
    while (!found(output, what, match)) {
        if (guest->progress == ENDED) {
            fail(guest, "the program ended before it printed: %s", text);
        }
        pump(guest, text);
    }
}

static bool found_text(Output *output, gconstpointer what, char **match)
{
    (void)match;
    const char *at = memmem(output->text->str + output->seen, output->text->len - output->seen,
                            what, strlen(what));
    if (at) {
        output->seen = (size_t)(at - output->text->str) + strlen(what);
    }
    return at;
}

void guest_expect(Guest *guest, GuestChannel channel, const char *text)
{
    g_autofree char *escaped = g_strescape(text, NULL);
    expect(guest, found_text, channel, text, escaped, NULL);
}

static bool found_match(Output *output, gconstpointer what, char **match)
{
    g_autoptr(GMatchInfo) info = NULL;
    const GRegex *regex = what;
    if (!g_regex_match_full(regex, output->text->str, (gssize)output->text->len, (int)output->seen,
                            0, &info, NULL)) {
        return false;
    }
    int start, end;
    g_match_info_fetch_pos(info, 0, &start, &end);
    output->seen = (size_t)end;
    *match = g_match_info_fetch(info, g_match_info_get_match_count(info) > 1);
    return true;
}

char *guest_expect_match(Guest *guest, GuestChannel channel, const char *pattern)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GRegex) regex =
        g_regex_new(pattern, G_REGEX_RAW | G_REGEX_MULTILINE, G_REGEX_MATCH_NEWLINE_LF, &error);
    g_assert_no_error(error);
    char *match = NULL;
    expect(guest, found_match, channel, regex, pattern, &match);
    return match;
}

void guest_expect_size(Guest *guest, GuestChannel channel, size_t size)
{
    size_t before = 0;
    start_waiting(guest);
    while (guest->outputs[channel].text->len < size) {
        if (guest->progress == ENDED) {
            fail(guest, "the program ended before it printed %zu bytes", size);
        }
        if (guest->outputs[channel].text->len != before) {
            before = guest->outputs[channel].text->len;
            start_waiting(guest); /* output has come, so the program is slow but not stuck */
        }
        pump(guest, "more output");
    }
}

const GString *guest_output(const Guest *guest, GuestChannel channel)
{
    return guest->outputs[channel].text;
}

const char *guest_messages(const Guest *guest)
{
    return guest_output(guest, GUEST_ERR)->str;
}

void guest_assert_says(const Guest *guest, const char *part)
{
    if (!strstr(guest_messages(guest), part)) {
        g_test_message("looked for: %s", part);
        g_assert_cmpstr(guest_messages(guest), ==, part);
    }
}

bool guest_registers_are_lost(const Guest *guest)
{
    return strstr(guest_messages(guest),
                  "CPU does not keep the registers of a guest that dies in this way");
}

void guest_assert_one_line(const Guest *guest)
{
    g_assert_cmpstr(strchr(guest_messages(guest), '\n'), ==, "\n");
}

/* ---- the process ---- */

void guest_signal(Guest *guest, int number)
{
    g_assert_cmpint(kill(guest->process.pid, number), ==, 0);
}

static void wait_progress(Guest *guest, Progress progress)
{
    start_waiting(guest);
    while (guest->progress < progress) {
        pump(guest, progress == ENDED ? "the end" : "the stop");
    }
    if (guest->progress != progress) {
        fail(guest, "the program ended");
    }
}

int guest_wait_exit(Guest *guest)
{
    wait_progress(guest, ENDED);
    if (!WIFEXITED(guest->status)) {
        fail(guest, "the program did not exit");
    }
    return WEXITSTATUS(guest->status);
}

int guest_wait_killed(Guest *guest)
{
    wait_progress(guest, ENDED);
    if (!WIFSIGNALED(guest->status)) {
        fail(guest, "the program did not die of a signal");
    }
    return WTERMSIG(guest->status);
}

void guest_wait_stopped(Guest *guest)
{
    wait_progress(guest, STOPPED);
}

void guest_continue(Guest *guest, bool foreground)
{
    guest->progress = RUNNING;
    guest_process_continue(&guest->process, foreground);
}

void guest_wait_until(Guest *guest, bool (*condition)(Guest *guest), const char *what)
{
    start_waiting(guest);
    while (!condition(guest)) {
        if (g_get_monotonic_time() > guest->deadline) {
            fail(guest, "waited in vain until %s", what);
        }
        pump_until(guest, g_get_monotonic_time() + LOOK_AGAIN_MS * 1000);
    }
}

static double cpu_ns(const Guest *guest)
{
    clockid_t clock;
    struct timespec time;
    g_assert_cmpint(clock_getcpuclockid(guest->process.pid, &clock), ==, 0);
    g_assert_cmpint(clock_gettime(clock, &time), ==, 0);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

typedef uint64_t ThreadNumber(const char *text);

/* The sum over the threads, from their files in /proc.  A thread that has ended has none. */
static uint64_t sum_over_threads(const Guest *guest, const char *file, ThreadNumber *number)
{
    g_autofree char *tasks = g_strdup_printf("/proc/%d/task", (int)guest->process.pid);
    GDir *dir = g_dir_open(tasks, 0, NULL);
    uint64_t sum = 0;
    for (const char *id = dir ? g_dir_read_name(dir) : NULL; id; id = g_dir_read_name(dir)) {
        g_autofree char *path = g_build_filename(tasks, id, file, NULL);
        g_autofree char *text = NULL;
        sum += g_file_get_contents(path, &text, NULL, NULL) ? number(text) : 0;
    }
    g_clear_pointer(&dir, g_dir_close);
    return sum;
}

static uint64_t voluntary_switches(const char *status)
{
    static const char LABEL[] = "\nvoluntary_ctxt_switches:";
    const char *line = strstr(status, LABEL);
    g_assert_nonnull(line);
    return g_ascii_strtoull(line + strlen(LABEL), NULL, 10);
}

/* How often the program's threads have gone to sleep. */
static uint64_t sleeps(const Guest *guest)
{
    return sum_over_threads(guest, "status", voluntary_switches);
}

/* The second number: how long the thread was ready and had to wait. */
static uint64_t run_delay(const char *schedstat)
{
    const char *second = strchr(schedstat, ' ');
    return second ? g_ascii_strtoull(second, NULL, 10) : 0;
}

uint64_t guest_waited_for_cpu(const Guest *guest)
{
    return sum_over_threads(guest, "schedstat", run_delay);
}

typedef struct {
    double percent; /* of one CPU */
    uint64_t wakes;
} Use;

static Use use_in_a_second(Guest *guest)
{
    gint64 start = g_get_monotonic_time();
    uint64_t slept = sleeps(guest);
    double before = cpu_ns(guest);
    while (pump_until(guest, start + G_USEC_PER_SEC)) {
        if (guest->progress == ENDED) {
            fail(guest, "the program ended in what was to be idleness");
        }
    }
    double elapsed = (double)(g_get_monotonic_time() - start) * 1000;
    uint64_t after = sleeps(guest);
    return (Use){(cpu_ns(guest) - before) / elapsed * 100, after > slept ? after - slept : 0};
}

void guest_assert_idle(Guest *guest)
{
    Use use = {0};
    /* On a slow host timers are late, and several expire together. */
    unsigned slowness = guest_host_is_slow() ? 4 : 1;
    for (unsigned i = 0; i < IDLE_TRIES; i++) {
        use = use_in_a_second(guest);
        if (use.percent < MOST_IDLE_PERCENT * slowness && use.wakes <= MOST_IDLE_WAKES * slowness) {
            return;
        }
    }
    fail(guest,
         "the program wakes %" G_GUINT64_FORMAT " times a second for nothing, %.2f %% of a CPU",
         use.wakes, use.percent);
}

pid_t guest_pid(const Guest *guest)
{
    return guest->process.pid;
}

/* ---- what it was given ---- */

struct termios guest_modes(const Guest *guest)
{
    struct termios modes;
    memset(&modes, 0, sizeof(modes));
    g_assert_cmpint(tcgetattr(guest->slave, &modes), ==, 0);
    return modes;
}

struct termios guest_modes_before(const Guest *guest)
{
    return guest->modes;
}

bool guest_is_raw(Guest *guest)
{
    struct termios modes = guest_modes(guest);
    return !(modes.c_lflag & (ICANON | ECHO | ISIG | IEXTEN)) && !(modes.c_iflag & (ICRNL | IXON));
}

bool guest_is_restored(Guest *guest)
{
    struct termios modes = guest_modes(guest);
    const struct termios *before = &guest->modes;
    return modes.c_iflag == before->c_iflag && modes.c_oflag == before->c_oflag &&
           modes.c_cflag == before->c_cflag && modes.c_lflag == before->c_lflag &&
           !memcmp(modes.c_cc, before->c_cc, sizeof(modes.c_cc));
}

void guest_assert_flags_kept(const Guest *guest)
{
    int now[3];
    get_flags(guest, now);
    for (size_t i = 0; i < G_N_ELEMENTS(now); i++) {
        g_assert_cmphex((unsigned)now[i], ==, (unsigned)guest->flags[i]);
    }
}

bool guest_output_is_full(Guest *guest)
{
    struct pollfd fd = {.fd = guest->outputs[GUEST_OUT].given, .events = POLLOUT};
    return poll(&fd, 1, 0) == 0;
}

void guest_hang_up(Guest *guest)
{
    close_fd(guest->master);
    close_fd(guest->in);
    close_fd(guest->outputs[GUEST_OUT].fd);
    guest->master = guest->in = guest->outputs[GUEST_OUT].fd = -1;
}
