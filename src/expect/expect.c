/*
 * Runs a script.  It is a reader of the line's output that never delays it, and a
 * typist that waits for room.
 */
#include "src/expect/expect.h"

#include "src/base/error.h"
#include "src/device/key_names.h"
#include "src/display/dump.h"
#include "src/expect/script.h"

#include <string.h>

/* The longest match that is certain to be found.  Older output is discarded. */
#define MATCH_MAX 8192u
#define SEEN_MAX  (1u << 20)

struct Expect {
    CharReader reader; /* must be first, because take_output() gets a pointer to it */
    Chardev *chardev;
    Script *script;
    void (*done)(void *opaque);
    void *opaque;
    ExpectKeyboard keyboard;
    Display *display; /* NULL: the script does not look at the screen */
    DisplayViewer viewer;
    LoopTask task;
    LoopTimer *patience;

    GString *seen;
    size_t matched;  /* bytes of `seen` up to the end of the last match */
    size_t searched; /* bytes of `seen` that the current wait has searched */
    size_t judged;   /* bytes of `seen` that fail-if has searched: whole lines */
    guint next;      /* the index of the next step */
    size_t sent;     /* bytes of the current "send" that have been typed */
    bool waiting;    /* the time limit of the current step is running */
    bool started, finished;
    GPtrArray *taboos; /* the fail-if steps that have been passed */
    ExpectVerdict verdict;
    char *reason;
};

/* ---- the verdict ---- */

static void finish(Expect *expect, int status, bool failed, char *reason)
{
    if (expect->finished) {
        g_free(reason);
        return;
    }
    expect->finished = true;
    expect->reason = reason;
    expect->verdict = (ExpectVerdict){status, failed, reason};
    loop_timer_stop(expect->patience);
    expect->done(expect->opaque);
}

static const ExpectStep *current(const Expect *expect)
{
    return expect->next < expect->script->steps->len ? expect->script->steps->pdata[expect->next]
                                                     : NULL;
}

static void fail(Expect *expect, const ExpectStep *step, const char *what)
{
    finish(expect, EXPECT_FAILED, true,
           g_strdup_printf("-expect, line %u: %s \"%s\"", step->line, what, step->text->str));
}

static void patience_over(void *opaque)
{
    Expect *expect = opaque;
    const ExpectStep *step = current(expect);
    fail(expect, step,
         step->kind == EXPECT_WAIT ? "time ran out waiting for"
                                   : "time ran out waiting for the screen to show");
}

/* ---- matching ---- */

/*
 * Searches from `from`, and before it as far as a match can reach back.  Returns
 * false if there is no match.  If the search itself fails, the script fails too.
 */
static bool find(Expect *expect, const ExpectStep *step, size_t from, size_t limit, size_t *end)
{
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GError) error = NULL;
    const GString *text = expect->seen;
    size_t start = from > limit + MATCH_MAX ? from - MATCH_MAX : limit;
    int first, last;
    bool found = g_regex_match_full(step->regex, text->str, (gssize)text->len, (gint)start,
                                    (GRegexMatchFlags)0, &match, &error) &&
                 g_match_info_fetch_pos(match, 0, &first, &last);
    if (error) {
        fail(expect, step, "it takes too long to look for");
    }
    *end = found ? (size_t)last : 0;
    return found;
}

static void judge(Expect *expect)
{
    for (guint i = 0; i < expect->taboos->len && !expect->finished; i++) {
        const ExpectStep *step = expect->taboos->pdata[i];
        size_t unused;
        if (find(expect, step, expect->judged, expect->judged, &unused)) {
            fail(expect, step, "there came");
        }
    }
    const char *end = memrchr(expect->seen->str, '\n', expect->seen->len);
    if (end) {
        expect->judged = (size_t)(end + 1 - expect->seen->str);
    }
}

/* Ends the time limit of the step if what it waits for is there, or else starts it once. */
static bool wait_until(Expect *expect, const ExpectStep *step, bool found)
{
    if (found) {
        loop_timer_stop(expect->patience);
        expect->waiting = false;
    } else if (!expect->waiting && !expect->finished) {
        loop_timer_start(expect->patience, step->patience);
        expect->waiting = true;
    }
    return found;
}

static bool run_wait(Expect *expect, const ExpectStep *step)
{
    size_t end;
    bool found = find(expect, step, MAX(expect->searched, expect->matched), expect->matched, &end);
    expect->searched = expect->seen->len;
    if (found) {
        expect->matched = end;
    }
    return wait_until(expect, step, found);
}

/* A place beyond the end of a row has nothing. */
static bool is_at(const SurfacePicture *picture, const ExpectStep *step)
{
    g_autoptr(GString) row = g_string_new(NULL);
    if (step->row >= picture->shape.rows) {
        return false;
    }
    dump_row(picture, step->row, row);
    if (g_utf8_strlen(row->str, -1) < (glong)step->column) {
        return false;
    }
    const char *from = g_utf8_offset_to_pointer(row->str, (glong)step->column);
    return g_regex_match(step->regex, from, G_REGEX_MATCH_ANCHORED, NULL);
}

/* Looks at the last picture, which is at most DISPLAY_PERIOD_NS old while the guest runs. */
static bool run_screen(Expect *expect, const ExpectStep *step)
{
    const SurfacePicture *picture = display_picture(expect->display);
    g_autoptr(GString) text = g_string_new(NULL);
    bool found = false;
    if (display_shows_cells(&expect->viewer, picture)) {
        dump_rows(picture, text);
        found = step->kind == EXPECT_SCREEN ? g_regex_match(step->regex, text->str, 0, NULL)
                                            : is_at(picture, step);
    }
    return wait_until(expect, step, found);
}

/* ---- steps ---- */

static bool run_send(Expect *expect, const ExpectStep *step)
{
    size_t room = chardev_rx_room(expect->chardev);
    size_t size = MIN(room, step->text->len - expect->sent);
    if (size) {
        chardev_type(expect->chardev, (const uint8_t *)step->text->str + expect->sent, size);
        expect->sent += size;
    }
    if (expect->sent < step->text->len) {
        return false;
    }
    expect->sent = 0;
    return true;
}

/* The script was checked when it was loaded. */
static bool run_key(Expect *expect, const ExpectStep *step)
{
    unsigned codes[KEY_CHORD_MAX], count;
    g_autoptr(GError) error = NULL;
    const ExpectKeyboard *keyboard = &expect->keyboard;
    bool ok = key_names_parse(step->text->str, codes, &count, &error) && keyboard->type &&
              keyboard->type(keyboard->opaque, codes, count, &error);
    if (!ok) {
        g_autofree char *what =
            g_strdup_printf("%s, so it cannot press", error ? error->message : "no keyboard");
        fail(expect, step, what);
    }
    return ok;
}

/* Returns true if the next step can follow. */
static bool run_step(Expect *expect, const ExpectStep *step)
{
    switch (step->kind) {
    case EXPECT_SEND:
        return run_send(expect, step);
    case EXPECT_KEY:
        return run_key(expect, step);
    case EXPECT_WAIT:
        return run_wait(expect, step);
    case EXPECT_SCREEN:
    case EXPECT_SCREEN_AT:
        return run_screen(expect, step);
    case EXPECT_FAIL_IF:
        g_ptr_array_add(expect->taboos, (gpointer)step);
        expect->judged = expect->matched;
        judge(expect);
        return !expect->finished;
    case EXPECT_EXIT:
        finish(expect, step->status, false,
               g_strdup_printf("-expect, line %u: exit %d", step->line, step->status));
        return false;
    }
    g_assert_not_reached();
}

static void forget_old(Expect *expect)
{
    size_t used = MIN(MIN(expect->matched, expect->judged), expect->seen->len);
    size_t excess = expect->seen->len > SEEN_MAX ? expect->seen->len - SEEN_MAX / 2 : 0;
    size_t drop = MAX(excess, used > SEEN_MAX / 4 ? used : 0);
    if (drop) {
        g_string_erase(expect->seen, 0, (gssize)drop);
        expect->matched -= MIN(expect->matched, drop);
        expect->searched -= MIN(expect->searched, drop);
        expect->judged -= MIN(expect->judged, drop);
    }
}

static void proceed(void *opaque)
{
    Expect *expect = opaque;
    const ExpectStep *step;
    if (!expect->started || expect->finished) {
        return;
    }
    judge(expect);
    while (!expect->finished && (step = current(expect)) && run_step(expect, step)) {
        expect->next++;
        expect->searched = expect->matched;
    }
    if (!expect->finished && !current(expect)) {
        finish(expect, 0, false, g_strdup("-expect: the script came to its end"));
    }
    forget_old(expect);
}

static size_t take_output(CharReader *reader, const uint8_t *data, size_t size)
{
    Expect *expect = (Expect *)reader;
    g_string_append_len(expect->seen, (const char *)data, (gssize)size);
    loop_post(chardev_set_loop(expect->chardev->set), &expect->task);
    return size;
}

static void screen_reshaped(void *opaque, const SurfacePicture *picture)
{
    Expect *expect = opaque;
    (void)picture;
    loop_post(chardev_set_loop(expect->chardev->set), &expect->task);
}

static void screen_changed(void *opaque, const SurfacePicture *picture, unsigned first,
                           unsigned count)
{
    (void)first, (void)count;
    screen_reshaped(opaque, picture);
}

/* ---- the interface ---- */

Expect *expect_new(ChardevSet *chars, const char *path, void (*done)(void *opaque), void *opaque,
                   GError **error)
{
    Script *script = script_load(path, error);
    Chardev *chardev = script ? chardev_set_find(chars, script->port) : NULL;
    if (!chardev) {
        if (script) {
            g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                        "-expect %s: no chardev '%s' to talk to (a -serial or -chardev makes one)",
                        path, script->port);
            script_free(script);
        }
        return NULL;
    }
    Expect *expect = g_new0(Expect, 1);
    expect->reader.write = take_output;
    expect->chardev = chardev;
    expect->script = script;
    expect->done = done;
    expect->opaque = opaque;
    expect->task = (LoopTask){.run = proceed, .opaque = expect};
    expect->patience = loop_timer_new(chardev_set_loop(chars), patience_over, expect);
    expect->seen = g_string_new(NULL);
    expect->taboos = g_ptr_array_new();
    chardev->typist = &expect->task;
    char_reader_attach(&expect->reader, chardev, CHAR_REPLAY);
    return expect;
}

void expect_set_keyboard(Expect *expect, const ExpectKeyboard *keyboard)
{
    expect->keyboard = *keyboard;
}

bool expect_set_display(Expect *expect, Display *display, GError **error)
{
    const ExpectStep *step = script_looks_at_screen(expect->script);
    if (!step) {
        return true;
    }
    if (!display) {
        return error_refuse(error, "-expect, line %u: the machine has no screen (-vga std)",
                            step->line);
    }
    expect->display = display;
    expect->viewer = (DisplayViewer){
        .reshaped = screen_reshaped,
        .changed = screen_changed,
        .opaque = expect,
    };
    display_add_viewer(display, &expect->viewer);
    return true;
}

void expect_start(Expect *expect)
{
    expect->started = true;
    loop_post(chardev_set_loop(expect->chardev->set), &expect->task);
}

ExpectVerdict expect_conclude(Expect *expect)
{
    if (expect->display && !expect->finished) {
        display_refresh(expect->display);
    }
    proceed(expect);
    if (!expect->finished) {
        fail(expect, current(expect), "the guest ended before the script, at");
    }
    return expect->verdict;
}

void expect_free(Expect *expect)
{
    if (expect) {
        loop_cancel(chardev_set_loop(expect->chardev->set), &expect->task);
        expect->chardev->typist = NULL;
        if (expect->display) {
            display_remove_viewer(expect->display, &expect->viewer);
        }
        char_reader_detach(&expect->reader);
        loop_timer_free(expect->patience);
        g_string_free(expect->seen, true);
        g_ptr_array_unref(expect->taboos);
        script_free(expect->script);
        g_free(expect->reason);
        g_free(expect);
    }
}
