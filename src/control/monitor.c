#include "src/control/monitor.h"

#include "src/control/line.h"
#include "src/control/line_editor.h"

#include <string.h>

/* QEMU's prompt, because scripts look for it. */
#define PROMPT   "(qemu) "
#define GREETING "pioemu " PIOEMU_VERSION " monitor - type 'help' for more information\r\n"

struct Monitor {
    MonitorPeer peer;
    LineSession session;
    LineEditor *editor; /* NULL: lines are not edited */
    GString *line;      /* without an editor: the line as far as it has come */
    bool after_return;  /* likewise: a \n that follows belongs to the \r */
    bool greeted, active;
};

static void send_text(void *opaque, const char *data, size_t size)
{
    Monitor *monitor = opaque;
    monitor->peer.send(monitor->peer.opaque, data, size);
}

static void say(Monitor *monitor, const char *text)
{
    send_text(monitor, text, strlen(text));
}

static void show_prompt(Monitor *monitor)
{
    if (monitor->editor) {
        line_editor_prompt(monitor->editor);
    } else {
        say(monitor, PROMPT);
    }
}

static bool run_line(void *opaque, const char *line)
{
    Monitor *monitor = opaque;
    g_autofree char *text = line_run(&monitor->session, line);
    say(monitor, text);
    return !vm_is_quitting(monitor->session.vm);
}

static char **complete_line(void *opaque, const char *line)
{
    Monitor *monitor = opaque;
    return line_complete(&monitor->session, line);
}

/* \r, \n or both end a line.  Text after the last end of line is not run. */
static void take_plain(Monitor *monitor, char c)
{
    bool second = c == '\n' && monitor->after_return;
    monitor->after_return = c == '\r';
    if (second || vm_is_quitting(monitor->session.vm)) {
        return;
    }
    if (c == '\n' || c == '\r') {
        g_autofree char *line = g_strdup(monitor->line->str);
        g_string_truncate(monitor->line, 0);
        if (run_line(monitor, line)) {
            show_prompt(monitor);
        }
    } else if (c && monitor->line->len < LINE_LENGTH_MAX) {
        g_string_append_c(monitor->line, c);
    }
}

void monitor_input(Monitor *monitor, const char *data, size_t size)
{
    if (monitor->editor) {
        line_editor_input(monitor->editor, data, size);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        take_plain(monitor, data[i]);
    }
}

void monitor_connected(Monitor *monitor)
{
    if (!monitor->greeted) {
        say(monitor, GREETING);
        monitor->greeted = true;
    } else {
        say(monitor, "\r\n");
    }
    monitor->active = true;
    show_prompt(monitor);
}

void monitor_suspended(Monitor *monitor)
{
    if (monitor->active) {
        say(monitor, "\r\n");
        monitor->active = false;
    }
}

void monitor_disconnected(Monitor *monitor)
{
    monitor->greeted = monitor->active = false;
    g_string_truncate(monitor->line, 0);
    if (monitor->editor) {
        line_editor_clear(monitor->editor);
    }
}

Monitor *monitor_new(Vm *vm, const MonitorPeer *peer)
{
    Monitor *monitor = g_new0(Monitor, 1);
    monitor->peer = *peer;
    line_session_init(&monitor->session, vm);
    monitor->line = g_string_new(NULL);
    if (peer->edits) {
        const LineEditorHost host = {
            .prompt = PROMPT,
            .terminal = peer->terminal,
            .write = send_text,
            .run = run_line,
            .complete = complete_line,
            .opaque = monitor,
        };
        monitor->editor = line_editor_new(&host);
    }
    return monitor;
}

void monitor_free(Monitor *monitor)
{
    g_clear_pointer(&monitor->editor, line_editor_free);
    line_session_clear(&monitor->session);
    g_string_free(monitor->line, true);
    g_free(monitor);
}
