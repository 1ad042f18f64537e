/*
 * Runs a script.  It is a reader of the line's output that never delays it, and a
 * typist that waits for room.
 */
#include "src/expect/expect.h"

#include "src/base/error.h"
#include "src/device/key_names.h"
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
    LoopTask task;
    LoopTimer *patience;

    GString *seen;
    size_t matched;  /* bytes of `seen` up to the end of the last match */
    size_t searched; /* bytes of `seen` that the current wait has searched */
    size_t judged;   /* bytes of `seen` that fail-if has searched: whole lines */
    guint next;      /* the index of the next step */
    size_t sent;     /* bytes of the current "send" that have been typed */
    bool waiting;    /* the time limit of the current "wait" is running */
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
    fail(expect, current(expect), "time ran out waiting for");
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

static bool run_wait(Expect *expect, const ExpectStep *step)
{
    size_t end;
    bool found = find(expect, step, MAX(expect->searched, expect->matched), expect->matched, &end);
    expect->searched = expect->seen->len;
    if (found) {
        expect->matched = end;
        loop_timer_stop(expect->patience);
        expect->waiting = false;
        return true;
    }
    if (!expect->waiting && !expect->finished) {
        loop_timer_start(expect->patience, step->patience);
        expect->waiting = true;
    }
    return false;
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

void expect_start(Expect *expect)
{
    expect->started = true;
    loop_post(chardev_set_loop(expect->chardev->set), &expect->task);
}

ExpectVerdict expect_conclude(Expect *expect)
{
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
        char_reader_detach(&expect->reader);
        loop_timer_free(expect->patience);
        g_string_free(expect->seen, true);
        g_ptr_array_unref(expect->taboos);
        script_free(expect->script);
        g_free(expect->reason);
        g_free(expect);
    }
}
