#include "tests/guest/guest_process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Above all descriptors that the program gets. */
#define FIRST_SPARE_FD 10
/* Above all descriptors that the test has open. */
#define FIRST_KEPT_FD 512

enum { TO_FOREGROUND = 'f', TO_BACKGROUND = 'b' };

typedef struct Keeper {
    const GuestProcessConfig *config;
    pid_t pid;
    int statuses, commands, children, terminal;
} Keeper;

/* ---- in the child ---- */

static void install_descriptors(const int *fds)
{
    int moved[3];
    for (int i = 0; i < 3; i++) {
        moved[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
    }
    for (int i = 0; i < 3; i++) {
        if (moved[i] < 0) {
            close(i);
        } else {
            dup2(moved[i], i);
        }
    }
}

static void become_foreground(int terminal)
{
    setpgid(0, 0);
    if (terminal >= 0) {
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(terminal, getpgrp());
        signal(SIGTTOU, SIG_DFL);
    }
}

static G_NORETURN void run_program(const GuestProcessConfig *config)
{
    sigset_t none;
    sigemptyset(&none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    become_foreground(config->terminal);
    static const int DEFAULT[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTTOU, SIGTTIN, SIGTSTP};
    for (size_t i = 0; i < G_N_ELEMENTS(DEFAULT); i++) {
        signal(DEFAULT[i], SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (config->directory && chdir(config->directory) < 0) {
        _exit(127);
    }
    install_descriptors(config->fds);
    execv(config->argv[0], config->argv);
    _exit(127);
}

/* ---- in the keeper ---- */

static void take_terminal(const Keeper *keeper, pid_t group)
{
    if (keeper->terminal >= 0) {
        tcsetpgrp(keeper->terminal, group);
    }
}

/* Returns true while the program lives. */
static bool report_changes(const Keeper *keeper)
{
    struct signalfd_siginfo info;
    int status;
    if (read(keeper->children, &info, sizeof(info)) < 0) {
        return true;
    }
    while (waitpid(keeper->pid, &status, WNOHANG | WUNTRACED) > 0) {
        if (WIFSTOPPED(status)) {
            take_terminal(keeper, getpgrp());
        }
        if (write(keeper->statuses, &status, sizeof(status)) < 0 || !WIFSTOPPED(status)) {
            return false;
        }
    }
    return true;
}

static void obey(const Keeper *keeper)
{
    char command;
    if (read(keeper->commands, &command, 1) != 1) {
        _exit(0);
    }
    take_terminal(keeper, command == TO_FOREGROUND ? keeper->pid : getpgrp());
    kill(keeper->pid, SIGCONT);
}

/* A pipe that stayed open here would never end. */
static void hold_only(Keeper *keeper, int *terminal)
{
    int *const held[] = {&keeper->statuses, &keeper->commands, &keeper->children, terminal};
    for (size_t i = 0; i < G_N_ELEMENTS(held); i++) {
        *held[i] = *held[i] < 0 ? -1 : fcntl(*held[i], F_DUPFD_CLOEXEC, FIRST_KEPT_FD);
    }
    close_range(STDERR_FILENO + 1, FIRST_KEPT_FD - 1, 0);
}

static G_NORETURN void keep(Keeper *keeper)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_BLOCK, &child, NULL);
    keeper->children = signalfd(-1, &child, SFD_CLOEXEC);
    setsid();
    if (keeper->terminal >= 0) {
        ioctl(keeper->terminal, TIOCSCTTY, 0);
    }
    signal(SIGHUP, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    keeper->pid = fork();
    if (keeper->pid == 0) {
        run_program(keeper->config);
    }
    hold_only(keeper, &keeper->terminal);
    bool alive = write(keeper->statuses, &keeper->pid, sizeof(keeper->pid)) > 0;
    while (alive) {
        struct pollfd fds[] = {{.fd = keeper->children, .events = POLLIN},
                               {.fd = keeper->commands, .events = POLLIN}};
        poll(fds, G_N_ELEMENTS(fds), -1);
        if (fds[1].revents) {
            obey(keeper);
        }
        alive = !fds[0].revents || report_changes(keeper);
    }
    _exit(0);
}

/* ---- in the test ---- */

void guest_process_start(GuestProcess *process, const GuestProcessConfig *config)
{
    int statuses[2], commands[2];
    g_assert_cmpint(pipe2(statuses, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(commands, O_CLOEXEC), ==, 0);
    process->keeper = fork();
    g_assert_cmpint(process->keeper, >=, 0);
    if (process->keeper == 0) {
        Keeper keeper = {.config = config,
                         .statuses = statuses[1],
                         .commands = commands[0],
                         .terminal = config->terminal};
        close(commands[1]);
        close(statuses[0]);
        keep(&keeper);
    }
    close(statuses[1]);
    close(commands[0]);
    process->statuses = statuses[0];
    process->commands = commands[1];
    g_assert_cmpint(read(process->statuses, &process->pid, sizeof(process->pid)), ==,
                    sizeof(process->pid));
    g_assert_cmpint(process->pid, >, 0);
}

void guest_process_continue(const GuestProcess *process, bool foreground)
{
    char command = foreground ? TO_FOREGROUND : TO_BACKGROUND;
    g_assert_cmpint(write(process->commands, &command, 1), ==, 1);
}

/* When the keeper dies, the program dies too. */
void guest_process_end(GuestProcess *process)
{
    kill(process->keeper, SIGKILL);
    while (waitpid(process->keeper, NULL, 0) < 0 && errno == EINTR) {
    }
    close(process->statuses);
    close(process->commands);
}
