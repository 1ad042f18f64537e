/*
 * The line editor of the monitor, with libedit.  It is a module (line_editor.h).
 *
 * libedit wants a terminal and waits for it.  Here it runs in its unbuffered mode:
 * it is called for each key that has come, gets the key from us and passes us what
 * to show.  The terminal modes that it sets are those of a pseudo-terminal of our
 * own, which has the size of the peer's.  The modes of the real terminal belong to
 * other code.
 */
#include "src/control/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define HISTORY_LINES 200
#define ESCAPE        '\x1b'
#define SEQUENCE_MAX  16u
#define LIST_WIDTH    78u

typedef struct Edit {
    LineEditorHost host;
    EditLine *el;
    History *history;
    FILE *out;
    int master, slave;
    GString *keys; /* keys that libedit has not got yet */
    bool after_return;
    bool running; /* a line's command runs: the output is not the editor's */
} Edit;

/* ---- what libedit calls ---- */

/* libedit expects a terminal that turns \n into \r\n. */
static ssize_t show(void *cookie, const char *data, size_t size)
{
    Edit *edit = cookie;
    size_t start = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n') {
            edit->host.write(edit->host.opaque, data + start, i - start);
            edit->host.write(edit->host.opaque, "\r\n", 2);
            start = i + 1;
        }
    }
    edit->host.write(edit->host.opaque, data + start, size - start);
    return (ssize_t)size;
}

static Edit *self(EditLine *el)
{
    void *data = NULL;
    el_get(el, EL_CLIENTDATA, &data);
    return data;
}

static char *prompt(EditLine *el)
{
    return (char *)self(el)->host.prompt;
}

static int next_key(EditLine *el, wchar_t *key)
{
    Edit *edit = self(el);
    if (!edit->keys->len) {
        return 0;
    }
    *key = (unsigned char)edit->keys->str[0];
    g_string_erase(edit->keys, 0, 1);
    return 1;
}

static void show_list(const Edit *edit, char **words)
{
    g_autoptr(GString) text = g_string_new("\r\n");
    unsigned column = 0;
    for (; *words; words++) {
        unsigned width = (unsigned)strlen(*words) + 2;
        if (column && column + width > LIST_WIDTH) {
            g_string_append(text, "\r\n");
            column = 0;
        }
        g_string_append_printf(text, "%s  ", *words);
        column += width;
    }
    g_string_append(text, "\r\n");
    edit->host.write(edit->host.opaque, text->str, text->len);
}

static unsigned char complete(EditLine *el, int key)
{
    const Edit *edit = self(el);
    const LineInfo *info = el_line(el);
    g_autofree char *line = g_strndup(info->buffer, (gsize)(info->cursor - info->buffer));
    g_auto(GStrv) candidates = edit->host.complete(edit->host.opaque, line);
    (void)key;
    if (!candidates || !*candidates) {
        return CC_REFRESH_BEEP;
    }
    const char *space = strrchr(line, ' ');
    size_t typed = strlen(space ? space + 1 : line);
    g_autofree char *common = line_editor_common(candidates);
    if (strlen(common) > typed || !candidates[1]) {
        g_autofree char *rest =
            g_strconcat(common + MIN(typed, strlen(common)), candidates[1] ? "" : " ", NULL);
        return el_insertstr(el, rest) < 0 ? CC_ERROR : CC_REFRESH;
    }
    show_list(edit, candidates);
    return CC_REDISPLAY;
}

/* ---- keys ---- */

/* Whether the key is complete. libedit would take a part of a key for the end of input. */
static bool is_whole(const GString *keys)
{
    if (keys->str[0] != ESCAPE) {
        return true;
    }
    if (keys->len < 2) {
        return false;
    }
    if (keys->str[1] == 'O') {
        return keys->len > 2;
    }
    if (keys->str[1] != '[') {
        return true;
    }
    for (size_t i = 2; i < keys->len; i++) {
        if (keys->str[i] >= 0x40) {
            return true;
        }
    }
    return keys->len >= SEQUENCE_MAX;
}

static void remember(const Edit *edit, const char *line)
{
    HistEvent event;
    if (*line) {
        history(edit->history, &event, H_ENTER, line);
    }
}

static void set_size(const Edit *edit)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    if (edit->host.terminal >= 0) {
        struct winsize real;
        bool known = ioctl(edit->host.terminal, TIOCGWINSZ, &real) == 0 && real.ws_col;
        size = known ? real : size;
    }
    ioctl(edit->slave, TIOCSWINSZ, &size);
}

/*
 * A line ends when the unbuffered mode is left.  It begins, with the prompt, when
 * the mode is entered.
 */
static void begin_line(Edit *edit)
{
    set_size(edit);
    el_set(edit->el, EL_UNBUFFERED, 0);
    el_set(edit->el, EL_UNBUFFERED, 1);
    fflush(edit->out);
}

static void take_key(Edit *edit)
{
    int length = 0;
    const char *text = el_gets(edit->el, &length);
    fflush(edit->out);
    if (text && length > 0 && text[length - 1] == '\n') {
        g_autofree char *line = g_strndup(text, (gsize)length - 1);
        remember(edit, line);
        edit->running = true;
        bool more = edit->host.run(edit->host.opaque, line);
        edit->running = false;
        if (more) {
            begin_line(edit);
        }
    }
}

static void edit_input(void *editor, const char *data, size_t size)
{
    Edit *edit = editor;
    for (size_t i = 0; i < size; i++) {
        bool second = data[i] == '\n' && edit->after_return;
        edit->after_return = data[i] == '\r';
        if (second || !data[i] || (unsigned char)data[i] >= 0x80) {
            continue;
        }
        g_string_append_c(edit->keys, data[i]);
        if (is_whole(edit->keys)) {
            take_key(edit);
            g_string_truncate(edit->keys, 0);
        }
    }
}

static void edit_prompt(void *editor)
{
    Edit *edit = editor;
    if (!edit->running) {
        begin_line(edit);
    }
}

static void edit_clear(void *editor)
{
    Edit *edit = editor;
    g_string_truncate(edit->keys, 0);
    el_reset(edit->el);
}

/* ---- making and freeing ---- */

static bool open_terminal(Edit *edit)
{
    edit->slave = -1;
    edit->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (edit->master >= 0 && grantpt(edit->master) == 0 && unlockpt(edit->master) == 0) {
        char name[64];
        bool named = ptsname_r(edit->master, name, sizeof(name)) == 0;
        edit->slave = named ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    }
    return edit->slave >= 0;
}

/* EL_HIST requires an argument of exactly this type. */
static void set_up(Edit *edit)
{
    EditLine *el = edit->el;
    HistEvent event;
    history(edit->history, &event, H_SETSIZE, HISTORY_LINES);
    history(edit->history, &event, H_SETUNIQUE, 1);
    el_set(el, EL_CLIENTDATA, edit);
    el_set(el, EL_TERMINAL, edit->host.terminal >= 0 ? NULL : "vt100");
    el_set(el, EL_EDITOR, "emacs");
    el_set(el, EL_SIGNAL, 0);
    el_set(el, EL_PROMPT, prompt);
    el_set(el, EL_HIST, history, edit->history);
    el_set(el, EL_GETCFN, next_key);
    /* el_set() would copy the names and never free them. */
    el_wset(el, EL_ADDFN, L"pioemu-complete", L"complete the word", complete);
    static const char *const KEYS[][2] = {
        {"^I", "pioemu-complete"},
        {"^D", "ed-delete-next-char"},
        {"^C", "em-kill-line"},
        {"^R", "em-inc-search-prev"},
        {"\\e[3~", "ed-delete-next-char"},
        {"\\e[1~", "ed-move-to-beg"},
        {"\\e[4~", "ed-move-to-end"},
        {"\\e[H", "ed-move-to-beg"},
        {"\\e[F", "ed-move-to-end"},
        {"\\eOH", "ed-move-to-beg"},
        {"\\eOF", "ed-move-to-end"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        el_set(el, EL_BIND, KEYS[i][0], KEYS[i][1], NULL);
    }
}

static void edit_free(void *editor)
{
    Edit *edit = editor;
    if (edit->el) {
        el_end(edit->el);
    }
    if (edit->history) {
        history_end(edit->history);
    }
    if (edit->out) {
        fclose(edit->out);
    }
    if (edit->slave >= 0) {
        close(edit->slave);
    }
    if (edit->master >= 0) {
        close(edit->master);
    }
    g_string_free(edit->keys, true);
    g_free(edit);
}

static void *edit_new(const LineEditorHost *host)
{
    Edit *edit = g_new0(Edit, 1);
    edit->host = *host;
    edit->keys = g_string_new(NULL);
    edit->out =
        open_terminal(edit) ? fopencookie(edit, "w", (cookie_io_functions_t){.write = show}) : NULL;
    edit->history = history_init();
    edit->el = edit->out ? el_init_fd("pioemu", stdin, edit->out, edit->out, edit->slave,
                                      edit->slave, edit->slave)
                         : NULL;
    if (!edit->el || !edit->history) {
        edit_free(edit);
        return NULL;
    }
    set_up(edit);
    return edit;
}

extern const LineEditorClass pioemu_line_editor;

const LineEditorClass pioemu_line_editor = {
    .new = edit_new,
    .prompt = edit_prompt,
    .input = edit_input,
    .clear = edit_clear,
    .free = edit_free,
};
