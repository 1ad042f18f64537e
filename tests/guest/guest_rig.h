/*
 * The rig of the guest tests: the real program with a real guest, on pipes or
 * on a terminal of its own, as a user's shell would start it.
 *
 * A test says what is typed and what is to come back.  Every wait is for an
 * event, with a deadline; who misses it ends the test with all that was
 * printed so far.  Nothing that was started outlives the test program.
 */
#ifndef PIOEMU_GUEST_RIG_H
#define PIOEMU_GUEST_RIG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

/* What runs the guest, out of those that the program lists. */
typedef struct GuestTarget {
    char *accel;
    const char *irqchip; /* NULL: the default */
    char *unusable;      /* why it cannot run here; NULL: it can */
} GuestTarget;

typedef void GuestTest(const GuestTarget *target);

typedef enum GuestIrqchips { GUEST_DEFAULT_IRQCHIP, GUEST_EVERY_IRQCHIP } GuestIrqchips;

/* In place of g_test_init() and g_test_run(). */
void guest_tests_init(int *argc, char ***argv);
int guest_tests_run(void);
/* The test `/guest/ACCEL/NAME` for every accelerator; skipped where that cannot run. */
void guest_tests_add(const char *name, GuestTest *test, GuestIrqchips irqchips);
/* Some accelerator runs guests here. */
bool guest_tests_can_run(void);

/* ---- a running program ---- */

typedef enum GuestWire {
    GUEST_PIPE,
    GUEST_TERMINAL,
    GUEST_UNREAD, /* output: a small pipe that nobody reads */
    GUEST_NULL,   /* /dev/null */
    GUEST_CLOSED, /* no descriptor at all */
} GuestWire;

#define GUEST_UNREAD_SIZE 4096u

typedef struct GuestWires {
    GuestWire in, out, err;
    bool raw; /* the terminal is in raw mode already */
} GuestWires;

typedef enum GuestChannel { GUEST_OUT, GUEST_ERR, GUEST_CHANNELS } GuestChannel;

typedef struct Guest Guest;

extern const GuestWires GUEST_ON_PIPES, GUEST_ON_TERMINAL;

/*
 * Starts the program in the directory of the guest images; `arguments` are
 * written as for a shell.  `target` NULL: no accelerator is named.
 */
Guest *guest_start(const GuestTarget *target, const GuestWires *wires, const char *arguments, ...)
    G_GNUC_PRINTF(3, 4);
/* Kills it if it still runs. */
void guest_free(Guest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guest, guest_free)

/* ---- input and output ---- */

/* Sent while the test waits for something; any amount. */
void guest_send(Guest *guest, const void *data, size_t size);
void guest_type(Guest *guest, const char *text);
/* After what was sent comes the end of the file. */
void guest_close_input(Guest *guest);
/* After GUEST_UNREAD: standard output is read from now on. */
void guest_read_again(Guest *guest);
/* The reader of standard output goes away. */
void guest_close_output(Guest *guest);

/* Until the text comes; the next call looks behind it. */
void guest_expect(Guest *guest, GuestChannel channel, const char *text);
/* The same for a regular expression; returns its first group, or all of it (free). */
char *guest_expect_match(Guest *guest, GuestChannel channel, const char *pattern);
/* Until so many bytes have come in all. */
void guest_expect_size(Guest *guest, GuestChannel channel, size_t size);
/* All that has come so far, with a NUL after it. */
const GString *guest_output(const Guest *guest, GuestChannel channel);
/* What is on standard error. */
const char *guest_messages(const Guest *guest);
void guest_assert_says(const Guest *guest, const char *part);
/* The report is of a guest whose last registers the host's CPU did not keep. */
bool guest_registers_are_lost(const Guest *guest);
/* All that it says. */
void guest_assert_one_line(const Guest *guest);

/* ---- the process ---- */

void guest_signal(Guest *guest, int number);
/* The host was named a slow one: what it does in good time elsewhere is too late here. */
bool guest_host_is_slow(void);
/* Until it exits: its status. */
int guest_wait_exit(Guest *guest);
/* Until it dies of a signal: its number. */
int guest_wait_killed(Guest *guest);
void guest_wait_stopped(Guest *guest);
/* Until `condition` holds; for what sends no event. */
void guest_wait_until(Guest *guest, bool (*condition)(Guest *guest), const char *what);
/*
 * No more than 20 wakes in a second in which nothing is sent.  Wakes are counted
 * and not CPU time, which a busy host makes more; only a loop that never sleeps
 * shows as time.  Three seconds are tried, for the program may still be starting.
 */
void guest_assert_idle(Guest *guest);
/*
 * ns since the start in which a thread of the program could have run and the
 * host let others; 0 if the program has ended or the kernel does not count it.
 */
uint64_t guest_waited_for_cpu(const Guest *guest);
pid_t guest_pid(const Guest *guest);

/* ---- what it was given ---- */

/* Of the terminal, now. */
struct termios guest_modes(const Guest *guest);
/* Of the terminal, before the program was started. */
struct termios guest_modes_before(const Guest *guest);
bool guest_is_raw(Guest *guest);
bool guest_is_restored(Guest *guest);
/* The open-file flags are what they were before the start. */
void guest_assert_flags_kept(const Guest *guest);
/* No more can be written to its standard output. */
bool guest_output_is_full(Guest *guest);
/* Closes the terminal, as a window that is closed. */
void guest_hang_up(Guest *guest);
/* What a shell does for `fg` and `bg`; it has the terminal while the program is stopped. */
void guest_continue(Guest *guest, bool foreground);

/* ---- files ---- */

/* A directory that is removed at the end of the test program. */
const char *guest_directory(void);
/* A path in it (free). */
char *guest_path(const char *name);
char *guest_read_file(const char *path);

#endif
