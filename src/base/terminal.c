/* Raw mode, and all the ways to leave it. */
#include "src/base/terminal.h"

#include "src/base/error.h"
#include "src/base/guardian.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

/* What raw mode turns off.  ISIG stays on if the user wants the signals. */
#define RAW_LFLAGS ((tcflag_t)(ICANON | ECHO | ECHONL | ISIG | IEXTEN))
#define RAW_IFLAGS                                                                                 \
    ((tcflag_t)(IGNBRK | BRKINT | PARMRK | INPCK | ISTRIP | INLCR | IGNCR | ICRNL | IUCLC | IXON | \
                IXOFF))

/* There is no signal when a shell brings a running job to the foreground. */
#define BACKGROUND_POLL_NS (NS_PER_SECOND / 4)

/* In memory that the guardian shares, so it must be correct at every instant. */
typedef struct Modes {
    struct termios user;           /* the modes to restore */
    tcflag_t raw_lflag, raw_iflag; /* the bits of `user` that we turned off */
    atomic_bool raw;
    /* Written before the modes are restored.  The size is set last. */
    uint8_t farewell[TERMINAL_FAREWELL_MAX];
    atomic_uint farewell_size;
} Modes;

static const int FATAL_SIGNALS[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP};

struct Terminal {
    TerminalConfig config;
    Loop *loop;
    Modes *modes;
    Guardian *guardian;
    LoopSignal *stop, *proceed;
    LoopTimer *background;
    bool ours;
    void *signal_stack; /* NULL: no signal handlers are installed */
    stack_t former_stack;
    struct sigaction former[G_N_ELEMENTS(FATAL_SIGNALS)];
};

/*
 * The only file-scope variable of the program.  A signal handler has no parameter
 * from which it could find the terminal.
 */
static _Atomic(Terminal *) active_terminal;

/* ---- modes; what restores is async-signal-safe and runs in the guardian too ---- */

static void set_modes(int fd, const struct termios *modes)
{
    while (tcsetattr(fd, TCSANOW, modes) < 0 && errno == EINTR) {
    }
}

/* A background process that sets modes would be stopped, unless it blocks the signal. */
static void set_modes_anyway(int fd, const struct termios *modes)
{
    sigset_t ttou, former;
    sigemptyset(&ttou);
    sigaddset(&ttou, SIGTTOU);
    sigprocmask(SIG_BLOCK, &ttou, &former);
    set_modes(fd, modes);
    sigprocmask(SIG_SETMASK, &former, NULL);
}

/* If another process has turned a bit on again, the terminal is in its hands. */
static bool still_raw(const Modes *modes, const struct termios *now)
{
    return !(now->c_lflag & modes->raw_lflag) && !(now->c_iflag & modes->raw_iflag);
}

/* A terminal that takes nothing is not waited for. */
static void say_farewell(int fd, const Modes *modes)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    const unsigned size = atomic_load(&modes->farewell_size);
    if (size && poll(&ready, 1, 0) > 0 && ready.revents & POLLOUT) {
        const ssize_t put = write(fd, modes->farewell, size);
        (void)put; /* no one is left to be told */
    }
}

static void restore(int fd, void *shared)
{
    Modes *modes = shared;
    struct termios now;
    if (atomic_exchange(&modes->raw, false) && tcgetattr(fd, &now) == 0 && still_raw(modes, &now)) {
        say_farewell(fd, modes);
        set_modes_anyway(fd, &modes->user);
    }
}

void terminal_emergency_restore(void)
{
    Terminal *terminal = atomic_load(&active_terminal);
    if (terminal) {
        restore(terminal->config.fd, terminal->modes);
    }
}

static struct termios raw_modes(const struct termios *user, bool keep_signals)
{
    struct termios raw = *user;
    raw.c_lflag &= ~(keep_signals ? RAW_LFLAGS & (tcflag_t)~ISIG : RAW_LFLAGS);
    raw.c_iflag &= ~RAW_IFLAGS;
    raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    raw.c_cflag |= CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return raw;
}

/* After a SIGSTOP the terminal may still have our modes.  Those are not the user's. */
static void enter_raw(Terminal *terminal)
{
    Modes *modes = terminal->modes;
    struct termios now;
    if (tcgetattr(terminal->config.fd, &now) < 0) {
        return;
    }
    if (!atomic_load(&modes->raw) || !still_raw(modes, &now)) {
        atomic_store(&modes->raw, false);
        modes->user = now;
    }
    struct termios raw = raw_modes(&modes->user, terminal->config.keep_signals);
    modes->raw_lflag = modes->user.c_lflag & ~raw.c_lflag;
    modes->raw_iflag = modes->user.c_iflag & ~raw.c_iflag;
    atomic_store(&modes->raw, true);
    set_modes(terminal->config.fd, &raw);
}

/* ---- foreground and background ---- */

/* ENOTTY: this is not our controlling terminal, so there is no job control. */
static bool in_foreground(const Terminal *terminal)
{
    pid_t group = tcgetpgrp(terminal->config.fd);
    return group < 0 || group == getpgrp();
}

/* `lost`: another program may have used the terminal since we had it. */
static void set_ours(Terminal *terminal, bool ours, bool lost)
{
    bool changed = terminal->ours != ours || lost;
    terminal->ours = ours;
    if (ours) {
        loop_timer_stop(terminal->background);
    } else {
        loop_timer_start(terminal->background, BACKGROUND_POLL_NS);
    }
    if (changed && terminal->config.changed) {
        terminal->config.changed(terminal->config.opaque);
    }
}

static void take_or_leave(Terminal *terminal, bool lost)
{
    bool foreground = in_foreground(terminal);
    if (foreground) {
        enter_raw(terminal);
    }
    set_ours(terminal, foreground, lost);
}

static void background_poll(void *opaque)
{
    take_or_leave(opaque, false);
}

static void proceeded(void *opaque)
{
    take_or_leave(opaque, true);
}

/* Stops the process with the same signal, so that the shell sees it. */
static void stop_requested(void *opaque)
{
    Terminal *terminal = opaque;
    struct sigaction former, standard = {.sa_handler = SIG_DFL};
    restore(terminal->config.fd, terminal->modes);
    sigaction(SIGTSTP, &standard, &former);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &former, NULL);
    take_or_leave(terminal, true);
}

void terminal_check(Terminal *terminal)
{
    if (terminal->ours && !in_foreground(terminal)) {
        set_ours(terminal, false, false);
    }
}

void terminal_set_farewell(Terminal *terminal, const uint8_t *data, size_t size)
{
    Modes *modes = terminal->modes;
    atomic_store(&modes->farewell_size, 0);
    memcpy(modes->farewell, data, MIN(size, TERMINAL_FAREWELL_MAX));
    atomic_store(&modes->farewell_size, (unsigned)MIN(size, TERMINAL_FAREWELL_MAX));
}

bool terminal_is_ours(const Terminal *terminal)
{
    return terminal->ours;
}

/* ---- crashes ---- */

static void restore_handler(const Terminal *terminal, int number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(FATAL_SIGNALS); i++) {
        if (FATAL_SIGNALS[i] == number) {
            sigaction(number, &terminal->former[i], NULL);
        }
    }
}

/*
 * A faulting instruction faults again after the return, now with the previous
 * handler.  A signal that was sent must be sent again.
 */
static void crashed(int number, siginfo_t *info, void *context)
{
    (void)context;
    int saved_errno = errno;
    const Terminal *terminal = atomic_load(&active_terminal);
    terminal_emergency_restore();
    if (terminal) {
        restore_handler(terminal, number);
    } else {
        signal(number, SIG_DFL);
    }
    if (info->si_code <= 0) {
        raise(number);
    }
    errno = saved_errno;
}

/* The handlers have their own stack, so that they work after a stack overflow. */
static void install_handlers(Terminal *terminal)
{
    size_t size = (size_t)SIGSTKSZ;
    terminal->signal_stack = g_malloc(size);
    stack_t stack = {.ss_sp = terminal->signal_stack, .ss_size = size};
    sigaltstack(&stack, &terminal->former_stack);
    struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < G_N_ELEMENTS(FATAL_SIGNALS); i++) {
        sigaction(FATAL_SIGNALS[i], &action, &terminal->former[i]);
    }
}

static void remove_handlers(Terminal *terminal)
{
    if (terminal->signal_stack) {
        for (size_t i = 0; i < G_N_ELEMENTS(FATAL_SIGNALS); i++) {
            sigaction(FATAL_SIGNALS[i], &terminal->former[i], NULL);
        }
        sigaltstack(&terminal->former_stack, NULL);
        g_free(terminal->signal_stack);
    }
}

/* ---- open and close ---- */

static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static bool start_guarding(Terminal *terminal, GError **error)
{
    terminal->modes =
        mmap(NULL, sizeof(Modes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (terminal->modes == MAP_FAILED) {
        terminal->modes = NULL;
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "no memory for the terminal's modes: %s", g_strerror(errno));
        return false;
    }
    terminal->guardian = guardian_start(terminal->config.fd, restore, terminal->modes, error);
    return terminal->guardian != NULL;
}

Terminal *terminal_open(Loop *loop, const TerminalConfig *config, GError **error)
{
    if (atomic_load(&active_terminal)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "the terminal is in use already");
        return NULL;
    }
    Terminal *terminal = g_new0(Terminal, 1);
    terminal->config = *config;
    terminal->loop = loop;
    if (!start_guarding(terminal, error)) {
        terminal_close(terminal);
        return NULL;
    }
    atomic_store(&active_terminal, terminal);
    install_handlers(terminal);
    if (!is_ignored(SIGTSTP)) {
        terminal->stop = loop_signal_new(loop, SIGTSTP, stop_requested, terminal);
    }
    terminal->proceed = loop_signal_new(loop, SIGCONT, proceeded, terminal);
    terminal->background = loop_timer_new(loop, background_poll, terminal);
    take_or_leave(terminal, false);
    return terminal;
}

void terminal_close(Terminal *terminal)
{
    if (!terminal) {
        return;
    }
    loop_signal_free(terminal->stop);
    loop_signal_free(terminal->proceed);
    loop_timer_free(terminal->background);
    if (terminal->modes) {
        restore(terminal->config.fd, terminal->modes);
    }
    remove_handlers(terminal);
    if (atomic_load(&active_terminal) == terminal) {
        atomic_store(&active_terminal, NULL);
    }
    guardian_dismiss(terminal->guardian);
    if (terminal->modes) {
        munmap(terminal->modes, sizeof(Modes));
    }
    g_free(terminal);
}
