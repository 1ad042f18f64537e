/*
 * Starts tests/unit/terminal_child with descriptors of the test's choice and
 * talks to it.  Nothing here waits for longer than PATIENCE_MS, which only a
 * failure reaches.
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
    CHILD_OWN_GROUP    /* a background job */
} ChildGroup;

/* `arguments` are separated by blanks. */
pid_t child_start(const ChildFds *fds, ChildGroup group, const char *arguments);
/* waitpid(), but not for ever. */
int child_wait(pid_t pid, int options);
void child_assert_exit(pid_t pid, int status);
void child_assert_killed(pid_t pid, int number);
/* Without this, an orphaned guardian is not ours to wait for. */
void child_adopt_orphans(void);
/* Every process that the test started, and theirs, is gone. */
void child_assert_none_left(void);
/* The CPU time that `pid` takes while nothing happens for `ms`. */
unsigned child_idle_cpu_ms(pid_t pid, int ms);

/* Reads until `text` has come; the caller frees all that came. */
char *child_read_until(int fd, const char *text);
/* Reads up to the end, or `size` bytes if that is not 0. */
GByteArray *child_read_bytes(int fd, size_t size);
void child_write(int fd, const char *text);
/* Sends all of `data` to `to` and gathers as much again from `from`. */
GByteArray *child_exchange(int to, int from, const GByteArray *data);

/* A pseudo-terminal; output processing off: bytes arrive as they were sent. */
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
