/*
 * Editing of a line that somebody types, without waiting for any of it: bytes
 * in, and what to show out.
 *
 * The editor with history and completion is a module, as it needs a library
 * (libedit) that a run without a monitor should not load.  Where the module or
 * the library is missing a simple one echoes, rubs out and completes.
 */
#ifndef PIOEMU_CONTROL_LINE_EDITOR_H
#define PIOEMU_CONTROL_LINE_EDITOR_H

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define LINE_LENGTH_MAX 4095u

typedef struct LineEditorHost {
    const char *prompt; /* a literal */
    int terminal;       /* whose size and kind count; -1: a VT100 */
    void (*write)(void *opaque, const char *data, size_t size);
    /* A line was typed; a prompt follows when this returns true. */
    bool (*run)(void *opaque, const char *line);
    /*
     * What the last word of the line may become, each as a whole word; NULL:
     * nothing is known of it.  The caller frees it.
     */
    char **(*complete)(void *opaque, const char *line);
    void *opaque;
} LineEditorHost;

/* What a module has under the name LINE_EDITOR_SYMBOL. */
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
/* Shows the prompt, and what there is of the line. */
void line_editor_prompt(LineEditor *editor);
void line_editor_input(LineEditor *editor, const char *data, size_t size);
/* Forgets the unfinished line. */
void line_editor_clear(LineEditor *editor);

/* What all candidates begin with; the caller frees it.  For modules too. */
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
