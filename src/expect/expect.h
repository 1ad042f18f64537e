/*
 * -expect FILE: a script that talks to a serial line and judges the run.
 *
 *   port serial0              which chardev (the default)
 *   send "ls\n"               types; \n \r \t \e \\ \" \xNN
 *   key "ctrl-alt-del"        presses keys of the keyboard, and releases them
 *   wait "login: " 30         until the regular expression comes, at most 30 s
 *   screen "GNU GRUB" 30      until the text of the machine's screen has this
 *   screen-at 0 0 "A:\\>" 30   until the screen has this at row 0, column 0
 *   fail-if "Kernel panic"    from here on, a line with this fails the run
 *   exit 0                    ends the run with this status
 *
 * A wait searches the output after the last match.  The end of the script ends the
 * run with status 0.  A failure ends it with EXPECT_FAILED.
 */
#ifndef PIOEMU_EXPECT_EXPECT_H
#define PIOEMU_EXPECT_EXPECT_H

#include "src/char/char.h"
#include "src/display/display.h"

#define EXPECT_FAILED 1

typedef struct Expect Expect;

typedef struct ExpectVerdict {
    int status;
    bool failed;
    const char *reason; /* owned by the script */
} ExpectVerdict;

/* `done` is called once, in the loop.  The chardevs must have been created. */
Expect *expect_new(ChardevSet *chars, const char *path, void (*done)(void *opaque), void *opaque,
                   GError **error);
/* Presses keys by their codes, and releases them after a while. */
typedef struct ExpectKeyboard {
    bool (*type)(void *opaque, const unsigned *codes, unsigned count, GError **error);
    void *opaque;
} ExpectKeyboard;

/* Where `key` types; without one the script fails there. */
void expect_set_keyboard(Expect *expect, const ExpectKeyboard *keyboard);
/*
 * Where `screen` looks; the display outlives the script.  NULL: there is no screen,
 * which fails if the script wants one.
 */
bool expect_set_display(Expect *expect, Display *display, GError **error);
/* The machine runs, so the script's time begins. */
void expect_start(Expect *expect);
/*
 * The script's verdict.  To be called at the end of the run, when the guest's
 * output is complete.
 */
ExpectVerdict expect_conclude(Expect *expect);
/* To be called before the chardevs are closed.  NULL is allowed: there is no script. */
void expect_free(Expect *expect);

#endif
