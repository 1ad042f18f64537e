/*
 * The guardian process.  It waits until a connection ends whose other end only our
 * process holds.
 */
#include "src/base/guardian.h"

#include "src/base/error.h"
#include "src/base/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct Guardian {
    pid_t pid;
    int life; /* closed when our process ends, for whatever reason */
};

enum { WARD_FD, LIFE_FD, FIRST_CLOSED_FD };

/*
 * Keeps only these two descriptors open.  A pipe or socket of ours that stayed open
 * here would keep its reader waiting.
 */
static void keep_only(int fd, int life)
{
    int ward = fcntl(fd, F_DUPFD, FIRST_CLOSED_FD);
    int end = fcntl(life, F_DUPFD, FIRST_CLOSED_FD);
    dup2(ward, WARD_FD);
    dup2(end, LIFE_FD);
    file_io_close_range(FIRST_CLOSED_FD, UINT_MAX);
}

/* Starts a session of its own, so that signals to our process group or terminal do not reach it. */
static void detach(void)
{
    setsid();
    prctl(PR_SET_NAME, "pioemu-guard");
    if (chdir("/") < 0) {
        return; /* the current directory only stays in use */
    }
}

static void ignore_signals(void)
{
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_IGN);
    }
}

static G_NORETURN void stand_guard(int fd, int life, void (*restore)(int fd, void *shared),
                                   void *shared)
{
    ignore_signals();
    detach();
    keep_only(fd, life);
    uint8_t byte = 0;
    bool ready = write(LIFE_FD, &byte, sizeof(byte)) == sizeof(byte);
    while (ready && read(LIFE_FD, &byte, sizeof(byte)) < 0 && errno == EINTR) {
    }
    restore(WARD_FD, shared);
    _exit(0);
}

/*
 * Waits until the guardian has its own session.  Before that, a kill of our process
 * group would end the guardian too.
 */
static bool is_on_duty(const Guardian *guardian)
{
    uint8_t byte;
    ssize_t got;
    do {
        got = read(guardian->life, &byte, sizeof(byte));
    } while (got < 0 && errno == EINTR);
    return got == sizeof(byte);
}

static void set_failure(GError **error)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                "cannot start the process that guards the terminal: %s", g_strerror(errno));
}

Guardian *guardian_start(int fd, void (*restore)(int fd, void *shared), void *shared,
                         GError **error)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        set_failure(error);
        return NULL;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[1]);
        stand_guard(fd, ends[0], restore, shared);
    }
    close(ends[0]);
    if (pid < 0) {
        set_failure(error);
        close(ends[1]);
        return NULL;
    }
    Guardian *guardian = g_new(Guardian, 1);
    *guardian = (Guardian){.pid = pid, .life = ends[1]};
    if (!is_on_duty(guardian)) {
        set_failure(error);
        g_clear_pointer(&guardian, guardian_dismiss);
    }
    return guardian;
}

/* Kills the guardian: one that is stopped would not answer a request. */
void guardian_dismiss(Guardian *guardian)
{
    if (guardian) {
        kill(guardian->pid, SIGKILL);
        while (waitpid(guardian->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        close(guardian->life);
        g_free(guardian);
    }
}
