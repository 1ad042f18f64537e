/*
 * An editor for a line that a user types.  It never waits: bytes go in, and what to
 * show comes out.
 *
 * The editor with history and completion is a module, because it needs a library
 * (libedit) that a run without a monitor should not load.  If the module or the
 * library is missing, a simple editor echoes, deletes and completes.
 */
#ifndef PIOEMU_CONTROL_LINE_EDITOR_H
#define PIOEMU_CONTROL_LINE_EDITOR_H

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define LINE_LENGTH_MAX 4095u

typedef struct LineEditorHost {
    const char *prompt; /* a string literal */
    int terminal;       /* the terminal whose size and kind apply; -1: a VT100 */
    void (*write)(void *opaque, const char *data, size_t size);
    /* Runs the line that was typed.  Returns whether another prompt should follow. */
    bool (*run)(void *opaque, const char *line);
    /*
     * The candidates for the last word of the line, each as a whole word.  NULL:
     * they are not known.  The caller frees them.
     */
    char **(*complete)(void *opaque, const char *line);
    void *opaque;
} LineEditorHost;

/* The symbol LINE_EDITOR_SYMBOL of a module. */
typedef struct LineEditorClass {
    void *(*new)(const LineEditorHost *host); /* NULL: it cannot work here */
    void (*prompt)(void *editor);
    void (*input)(void *editor, const char *data, size_t size);
    void (*clear)(void *editor);
    void (*free)(void *editor);
} LineEditorClass;

#define LINE_EDITOR_MODULE "pioemu-edit"
#define LINE_EDITOR_SYMBOL "pioemu_line_editor"

extern const LineEditorClass line_editor_simple;

typedef struct LineEditor LineEditor;

/* `host` is copied. */
LineEditor *line_editor_new(const LineEditorHost *host);
void line_editor_free(LineEditor *editor);
/* Shows the prompt, and the unfinished line if there is one. */
void line_editor_prompt(LineEditor *editor);
void line_editor_input(LineEditor *editor, const char *data, size_t size);
/* Drops the unfinished line. */
void line_editor_clear(LineEditor *editor);

/* The beginning that all candidates share.  The caller frees it.  Modules use it too. */
static inline char *line_editor_common(char **candidates)
{
    size_t length = strlen(*candidates);
    for (char **other = candidates + 1; *other; other++) {
        size_t same = 0;
        while (same < length && (*other)[same] == (*candidates)[same]) {
            same++;
        }
        length = same;
    }
    return g_strndup(*candidates, length);
}

#endif
