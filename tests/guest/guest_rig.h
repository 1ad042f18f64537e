/*
 * The rig of the guest tests: the real program with a real guest, on pipes or on
 * its own terminal, started as a user's shell would start it.
 *
 * A test says what is typed and what must come back.  Each wait is for an event and
 * has a deadline.  If the event does not come, the test ends with everything that
 * was printed so far.  No process outlives the test program.
 */
#ifndef PIOEMU_GUEST_RIG_H
#define PIOEMU_GUEST_RIG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

/* An accelerator that runs the guest, from the program's list. */
typedef struct GuestTarget {
    char *accel;
    const char *irqchip; /* NULL: the default */
    char *unusable;      /* why it cannot run here; NULL: it can */
} GuestTarget;

typedef void GuestTest(const GuestTarget *target);

typedef enum GuestIrqchips { GUEST_DEFAULT_IRQCHIP, GUEST_EVERY_IRQCHIP } GuestIrqchips;

/* These replace g_test_init() and g_test_run(). */
void guest_tests_init(int *argc, char ***argv);
int guest_tests_run(void);
/*
 * Adds the test `/guest/ACCEL/NAME` for every accelerator.  It is skipped if the
 * accelerator cannot run here.
 */
void guest_tests_add(const char *name, GuestTest *test, GuestIrqchips irqchips);
/* True if the accelerator, one of those that the tests run with, can run guests here. */
bool guest_tests_can_run(const char *accel);

/* ---- a running program ---- */

typedef enum GuestWire {
    GUEST_PIPE,
    GUEST_TERMINAL,
    GUEST_UNREAD, /* output: a small pipe that is not read */
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
 * Starts the program in the directory of the guest images.  `arguments` are written
 * as for a shell.  If `target` is NULL, no accelerator is named.
 */
Guest *guest_start(const GuestTarget *target, const GuestWires *wires, const char *arguments, ...)
    G_GNUC_PRINTF(3, 4);
/* Kills it if it still runs. */
void guest_free(Guest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guest, guest_free)

/* ---- input and output ---- */

/* These are sent while the test waits for something.  The size is not limited. */
void guest_send(Guest *guest, const void *data, size_t size);
void guest_type(Guest *guest, const char *text);
/* Ends the input after everything that was sent. */
void guest_close_input(Guest *guest);
/* After GUEST_UNREAD: begins to read standard output. */
void guest_read_again(Guest *guest);
/* Closes the reading end of standard output. */
void guest_close_output(Guest *guest);

/* From now on a wait may take so many times the usual time, as for a whole system to start. */
void guest_be_patient(Guest *guest, unsigned times);
/* Waits until the text comes.  The next call searches behind it. */
void guest_expect(Guest *guest, GuestChannel channel, const char *text);
/* The same for a regular expression.  Returns its first group, or the whole match (free). */
char *guest_expect_match(Guest *guest, GuestChannel channel, const char *pattern);
/* Waits until this number of bytes has come in all. */
void guest_expect_size(Guest *guest, GuestChannel channel, size_t size);
/* Everything that has come so far, followed by a NUL. */
const GString *guest_output(const Guest *guest, GuestChannel channel);
/* The text on standard error. */
const char *guest_messages(const Guest *guest);
void guest_assert_says(const Guest *guest, const char *part);
/* True if the report says that the host's CPU did not keep the last registers. */
bool guest_registers_are_lost(const Guest *guest);
/* Checks that standard error has only one line. */
void guest_assert_one_line(const Guest *guest);

/* ---- the process ---- */

void guest_signal(Guest *guest, int number);
/* True if a variable says that the host is slow, so that times cannot be checked. */
bool guest_host_is_slow(void);
/* Waits until it exits and returns its status. */
int guest_wait_exit(Guest *guest);
/* Waits until a signal ends it and returns the signal's number. */
int guest_wait_killed(Guest *guest);
void guest_wait_stopped(Guest *guest);
/* Waits until `condition` is true, for a change that sends no event. */
void guest_wait_until(Guest *guest, bool (*condition)(Guest *guest), const char *what);
/*
 * Checks that there are no more than 20 wake-ups in a second without input.  It
 * counts wake-ups, because a busy host increases CPU time.  A loop that never
 * sleeps shows in CPU time only.  It tries three seconds, because the program may
 * still be starting.
 */
void guest_assert_idle(Guest *guest);
/*
 * The ns since the start in which a thread of the program could have run, but the
 * host ran others. 0 if the program has ended or the kernel does not count this.
 */
uint64_t guest_waited_for_cpu(const Guest *guest);
pid_t guest_pid(const Guest *guest);

/* ---- what it was given ---- */

/* The terminal's modes now. */
struct termios guest_modes(const Guest *guest);
/* The terminal's modes before the program was started. */
struct termios guest_modes_before(const Guest *guest);
bool guest_is_raw(Guest *guest);
bool guest_is_restored(Guest *guest);
/* Checks that the open-file flags are the same as before the start. */
void guest_assert_flags_kept(const Guest *guest);
/* True if nothing more can be written to its standard output. */
bool guest_output_is_full(Guest *guest);
/* Closes the terminal, as when its window is closed. */
void guest_hang_up(Guest *guest);
/*
 * Does what a shell does for `fg` and `bg`.  While the program is stopped, the
 * keeper owns the terminal.
 */
void guest_continue(Guest *guest, bool foreground);

/* ---- files ---- */

/* A directory that is removed when the test program ends. */
const char *guest_directory(void);
/* The path of a file in that directory (free). */
char *guest_path(const char *name);
char *guest_read_file(const char *path);

#endif
