/*
 * Starts tests/unit/terminal_child with descriptors that the test chooses, and
 * talks to it.  No wait is longer than PATIENCE_MS, which only a failure reaches.
 */
#ifndef PIOEMU_TESTS_CHILD_H
#define PIOEMU_TESTS_CHILD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#define PATIENCE_MS 20000

/* -1: the descriptor is closed in the child. */
typedef struct ChildFds {
    int in, out, err;
} ChildFds;

typedef enum ChildGroup {
    CHILD_SAME_GROUP,
    CHILD_OWN_SESSION, /* with `in` as its controlling terminal */
    CHILD_OWN_GROUP    /* in the background */
} ChildGroup;

/* `arguments` are separated by blanks. */
pid_t child_start(const ChildFds *fds, ChildGroup group, const char *arguments);
/* Like waitpid(), but with a time limit. */
int child_wait(pid_t pid, int options);
void child_assert_exit(pid_t pid, int status);
void child_assert_killed(pid_t pid, int number);
/* Without this call an orphaned guardian could not be waited for. */
void child_adopt_orphans(void);
/* Checks that all processes that the test started have ended, and their children too. */
void child_assert_none_left(void);
/* The CPU time that `pid` uses while nothing happens for `ms`. */
unsigned child_idle_cpu_ms(pid_t pid, int ms);

/* Reads until `text` has come and returns everything that came; the caller frees it. */
char *child_read_until(int fd, const char *text);
/* Reads up to the end, or `size` bytes if that is not 0. */
GByteArray *child_read_bytes(int fd, size_t size);
void child_write(int fd, const char *text);
/* Sends all of `data` to `to` and reads the same number of bytes from `from`. */
GByteArray *child_exchange(int to, int from, const GByteArray *data);

/* A pseudo-terminal without output processing, so that bytes arrive as they were sent. */
typedef struct Pty {
    int master, slave;
    struct termios original;
} Pty;

void pty_open(Pty *pty);
void pty_close(Pty *pty);
bool pty_is_raw(const Pty *pty);
void pty_assert_original(const Pty *pty);
void pty_wait_raw(const Pty *pty);

#endif
