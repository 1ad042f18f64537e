/*
 * The script of -expect as data.
 */
#ifndef PIOEMU_EXPECT_SCRIPT_H
#define PIOEMU_EXPECT_SCRIPT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum ExpectKind {
    EXPECT_SEND,
    EXPECT_KEY,
    EXPECT_WAIT,
    EXPECT_SCREEN,    /* anywhere on the screen */
    EXPECT_SCREEN_AT, /* at one place of it */
    EXPECT_FAIL_IF,
    EXPECT_EXIT
} ExpectKind;

typedef struct ExpectStep {
    ExpectKind kind;
    unsigned line;        /* the line number in the file */
    GString *text;        /* the text to send, or the expression as it was written */
    GRegex *regex;        /* EXPECT_WAIT, EXPECT_SCREEN and _AT, EXPECT_FAIL_IF */
    uint64_t patience;    /* of those that wait, in ns */
    int status;           /* EXPECT_EXIT */
    unsigned row, column; /* EXPECT_SCREEN_AT */
} ExpectStep;

typedef struct Script {
    char *port;       /* the id of the chardev */
    GPtrArray *steps; /* ExpectStep */
} Script;

Script *script_load(const char *path, GError **error);
void script_free(Script *script);
/* The first step that looks at the screen; NULL if there is none. */
const ExpectStep *script_looks_at_screen(const Script *script);

#endif
