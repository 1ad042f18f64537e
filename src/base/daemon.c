#include "src/base/daemon.h"

#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

struct Daemon {
    int answer; /* the writing end of a pipe for one byte, the status */
};

/* If the other process was killed, the pipe ends without a byte. */
static void await_answer(int fd, pid_t child)
{
    uint8_t status = PIOEMU_ERROR_HOST;
    ssize_t got;
    do {
        got = read(fd, &status, 1);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        waitpid(child, NULL, 0);
    }
    _exit(status);
}

Daemon *daemon_fork(GError **error)
{
    int ends[2];
    pid_t child = pipe2(ends, O_CLOEXEC) ? -1 : fork();
    if (child < 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "-daemonize: %s", g_strerror(errno));
        return NULL;
    }
    if (child) {
        close(ends[1]);
        await_answer(ends[0], child);
    }
    close(ends[0]);
    setsid();
    Daemon *daemon = g_new0(Daemon, 1);
    daemon->answer = ends[1];
    return daemon;
}

static void answer(Daemon *daemon, int status)
{
    uint8_t byte = (uint8_t)status;
    while (write(daemon->answer, &byte, 1) < 0 && errno == EINTR) {
    }
    close(daemon->answer);
    g_free(daemon);
}

void daemon_ready(Daemon *daemon)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++) {
        dup2(null, fd);
    }
    if (null > STDERR_FILENO) {
        close(null);
    }
    answer(daemon, 0);
}

void daemon_failed(Daemon *daemon, int status)
{
    answer(daemon, status);
}
