#include "src/control/line_editor.h"

#include "src/base/module.h"

struct LineEditor {
    const LineEditorClass *class;
    void *editor;
};

LineEditor *line_editor_new(const LineEditorHost *host)
{
    LineEditor *editor = g_new0(LineEditor, 1);
    editor->class = module_symbol(LINE_EDITOR_MODULE, LINE_EDITOR_SYMBOL, NULL);
    editor->editor = editor->class ? editor->class->new (host) : NULL;
    if (!editor->editor) {
        editor->class = &line_editor_simple;
        editor->editor = editor->class->new (host);
    }
    return editor;
}

void line_editor_free(LineEditor *editor)
{
    editor->class->free(editor->editor);
    g_free(editor);
}

void line_editor_prompt(LineEditor *editor)
{
    editor->class->prompt(editor->editor);
}

void line_editor_input(LineEditor *editor, const char *data, size_t size)
{
    editor->class->input(editor->editor, data, size);
}

void line_editor_clear(LineEditor *editor)
{
    editor->class->clear(editor->editor);
}

/* ---- the simple one ---- */

enum { CTRL_C = 0x03, CTRL_H = 0x08, CTRL_U = 0x15, RUBOUT = 0x7f };

typedef struct Simple {
    LineEditorHost host;
    GString *line;
    bool after_return; /* a \n that follows belongs to the \r */
} Simple;

static void put(Simple *s, const char *text)
{
    s->host.write(s->host.opaque, text, strlen(text));
}

static void simple_prompt(void *editor)
{
    Simple *s = editor;
    put(s, s->host.prompt);
    put(s, s->line->str);
}

static void simple_clear(void *editor)
{
    g_string_truncate(((Simple *)editor)->line, 0);
}

static void rub_out(Simple *s, size_t count)
{
    for (; count && s->line->len; count--) {
        g_string_truncate(s->line, s->line->len - 1);
        put(s, "\b \b");
    }
}

static void finish(Simple *s)
{
    g_autofree char *line = g_strdup(s->line->str);
    g_string_truncate(s->line, 0);
    put(s, "\r\n");
    if (s->host.run(s->host.opaque, line)) {
        simple_prompt(s);
    }
}

static void insert(Simple *s, const char *text)
{
    if (s->line->len + strlen(text) <= LINE_LENGTH_MAX) {
        g_string_append(s->line, text);
        put(s, text);
    }
}

static void complete(Simple *s)
{
    g_auto(GStrv) candidates = s->host.complete(s->host.opaque, s->line->str);
    if (!candidates || !*candidates) {
        return;
    }
    const char *space = strrchr(s->line->str, ' ');
    size_t typed = strlen(space ? space + 1 : s->line->str);
    g_autofree char *common = line_editor_common(candidates);
    if (strlen(common) > typed || !candidates[1]) {
        insert(s, common + MIN(typed, strlen(common)));
        insert(s, candidates[1] ? "" : " ");
    } else {
        g_autofree char *list = g_strjoinv(" ", candidates);
        put(s, "\r\n");
        put(s, list);
        put(s, "\r\n");
        simple_prompt(s);
    }
}

static void take_key(Simple *s, char c)
{
    const char text[] = {c, '\0'};
    switch (c) {
    case '\r':
    case '\n':
        finish(s);
        break;
    case '\t':
        complete(s);
        break;
    case CTRL_H:
    case RUBOUT:
        rub_out(s, 1);
        break;
    case CTRL_C:
    case CTRL_U:
        rub_out(s, s->line->len);
        break;
    default:
        if (g_ascii_isprint(c)) {
            insert(s, text);
        }
        break;
    }
}

static void simple_input(void *editor, const char *data, size_t size)
{
    Simple *s = editor;
    for (size_t i = 0; i < size; i++) {
        if (data[i] != '\n' || !s->after_return) {
            take_key(s, data[i]);
        }
        s->after_return = data[i] == '\r';
    }
}

static void *simple_new(const LineEditorHost *host)
{
    Simple *s = g_new0(Simple, 1);
    s->host = *host;
    s->line = g_string_new(NULL);
    return s;
}

static void simple_free(void *editor)
{
    Simple *s = editor;
    g_string_free(s->line, true);
    g_free(s);
}

const LineEditorClass line_editor_simple = {
    .new = simple_new,
    .prompt = simple_prompt,
    .input = simple_input,
    .clear = simple_clear,
    .free = simple_free,
};
