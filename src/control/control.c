#include "src/control/control.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/output_file.h"
#include "src/control/gdb_server.h"
#include "src/control/qmp.h"
#include "src/control/qtest.h"
#include "src/control/stream.h"
#include "src/vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* A stream with one of the two protocols on it. */
typedef struct Session {
    Control *control;
    Stream *stream;
    Qtest *qtest;
    Qmp *qmp;
    bool wait; /* for the first client */
    bool met;
    char *where; /* as the user wrote it */
} Session;

struct Control {
    Vm *vm;
    GPtrArray *sessions;
    GHashTable *used; /* chardev ids */
    bool stdio_taken;
    OutputFile log_file;
    FILE *log; /* of -qtest-log */
};

/* ---- the streams ---- */

static void session_send(void *opaque, const char *data, size_t size)
{
    Session *session = opaque;
    if (session->stream) {
        stream_write(session->stream, data, size);
    }
}

static void session_busy(void *opaque, bool on)
{
    Session *session = opaque;
    if (session->stream) {
        stream_set_reading(session->stream, !on);
    }
}

static void session_opened(void *opaque)
{
    Session *session = opaque;
    session->met = true;
    if (session->qtest) {
        qtest_connected(session->qtest);
    } else {
        qmp_connected(session->qmp);
    }
}

static void session_received(void *opaque, const char *data, size_t size)
{
    Session *session = opaque;
    if (session->qtest) {
        qtest_input(session->qtest, data, size);
    } else {
        qmp_input(session->qmp, data, size);
    }
}

/* Without a CPU and without its socket nothing can happen to the machine any more. */
static void session_closed(void *opaque, bool final)
{
    Session *session = opaque;
    Vm *vm = session->control->vm;
    if (session->qmp) {
        qmp_disconnected(session->qmp);
        return;
    }
    qtest_disconnected(session->qtest);
    if (final && !vm_parts(vm).has_cpu) {
        vm_quit(vm, "host-signal", "the qtest client is gone");
    }
}

static void session_free(Session *session)
{
    if (session->stream) {
        stream_free(session->stream);
        session->stream = NULL;
    }
    g_clear_pointer(&session->qtest, qtest_free);
    g_clear_pointer(&session->qmp, qmp_free);
    g_free(session->where);
    g_free(session);
}

/* ---- opening ---- */

static Session *add_session(Control *control)
{
    Session *session = g_new0(Session, 1);
    session->control = control;
    g_ptr_array_add(control->sessions, session);
    return session;
}

/* One reader of standard input: a second would take every other byte. */
static bool take_stdio(Control *control, const char *what, GError **error)
{
    bool taken = control->stdio_taken || vm_uses_stdio(control->vm);
    control->stdio_taken = true;
    if (taken) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "%s stdio: standard input is taken (only one may have it)", what);
    }
    return !taken;
}

static bool open_session(Session *session, const char *what, const char *spec, GError **error)
{
    StreamAddress address;
    if (!stream_address_parse(&address, what, spec, error)) {
        return false;
    }
    if (address.kind == STREAM_STDIO && !take_stdio(session->control, what, error)) {
        return false;
    }
    session->where = g_strdup(spec);
    StreamEvents events = {
        .opened = session_opened,
        .received = session_received,
        .closed = session_closed,
        .opaque = session,
        .outlasts_input = session->qmp != NULL,
    };
    session->wait = address.wait;
    g_autoptr(GError) failure = NULL;
    session->stream = stream_new(vm_parts(session->control->vm).loop, &address, &events, &failure);
    stream_address_clear(&address);
    if (!session->stream) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s %s: ", what, spec);
    }
    return session->stream != NULL;
}

static bool add_qmp(Control *control, const char *what, const char *spec, GError **error)
{
    Session *session = add_session(control);
    session->qmp = qmp_new(control->vm, session_send, session);
    return open_session(session, what, spec, error);
}

static bool open_log(Control *control, GError **error)
{
    const char *path = vm_config(control->vm)->qtest_log;
    if (!path || !strcmp(path, "none")) {
        return true;
    }
    bool open = output_file_open(&control->log_file, path, O_APPEND, false);
    int fd = open ? fcntl(control->log_file.fd, F_DUPFD_CLOEXEC, 0) : -1;
    control->log = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!control->log) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "-qtest-log %s: %s", path,
                    g_strerror(errno));
        return false;
    }
    setvbuf(control->log, NULL, _IOLBF, 0);
    return true;
}

static bool add_qtest(Control *control, GError **error)
{
    const VmParts parts = vm_parts(control->vm);
    QtestTarget target = {
        .loop = parts.loop,
        .bus = parts.bus,
        .memory = parts.memory,
        .clock = parts.clock,
        .machine = parts.machine,
        .alone = !parts.has_cpu,
        .log = control->log,
    };
    Session *session = add_session(control);
    QtestEvents events = {.send = session_send, .busy = session_busy, .opaque = session};
    session->qtest = qtest_new(&target, &events);
    return open_session(session, "-qtest", vm_config(control->vm)->qtest, error);
}

/* The text of the one -chardev with this id, or NULL. */
static const char *find_chardev(const Control *control, const char *id, GError **error)
{
    const GPtrArray *chardevs = vm_config(control->vm)->chardevs;
    const char *found = NULL;
    for (guint i = 0; i < chardevs->len; i++) {
        const char *text = chardevs->pdata[i];
        g_autoptr(GHashTable) keys = keyval_parse("-chardev", text, "backend", NULL, error);
        if (!keys) {
            return NULL;
        }
        const char *given = g_hash_table_lookup(keys, "id");
        if (given && !strcmp(given, id)) {
            if (found) {
                error_refuse(error, "-chardev %s: the id is taken", text);
                return NULL;
            }
            found = text;
        }
    }
    if (!found) {
        error_refuse(error,
                     "-mon chardev=%s: no such chardev (-chardev socket,id=%s,path=PATH "
                     "makes one)",
                     id, id);
    }
    return found;
}

/* -mon chardev=ID,mode=control */
static bool add_monitor(Control *control, const char *text, GError **error)
{
    static const char *const KNOWN[] = {"chardev", "mode", "pretty", NULL};
    g_autofree char *what = g_strdup_printf("-mon %s", text);
    g_autoptr(GHashTable) keys = keyval_parse(what, text, "chardev", KNOWN, error);
    if (!keys) {
        return false;
    }
    const char *id = g_hash_table_lookup(keys, "chardev");
    const char *mode = g_hash_table_lookup(keys, "mode");
    if (!id || !mode || strcmp(mode, "control") != 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: write chardev=ID,mode=control",
                    what);
        return false;
    }
    const char *chardev = find_chardev(control, id, error);
    if (chardev && !g_hash_table_add(control->used, g_strdup(id))) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: chardev '%s' is taken", what,
                    id);
        return false;
    }
    return chardev && add_qmp(control, "-chardev", chardev, error);
}

static void machine_event(void *opaque, const VmEvent *event)
{
    Control *control = opaque;
    for (guint i = 0; i < control->sessions->len; i++) {
        Session *session = control->sessions->pdata[i];
        if (session->qmp) {
            qmp_event(session->qmp, event);
        }
    }
}

/* Returns when every protocol that waits for a client has one, or the run has ended. */
static void wait_for_clients(void *opaque)
{
    Control *control = opaque;
    Vm *vm = control->vm;
    for (guint i = 0; i < control->sessions->len; i++) {
        Session *session = control->sessions->pdata[i];
        if (session->wait) {
            g_autofree char *text = g_strdup_printf("waiting for a client at %s", session->where);
            vm_message(vm, text);
        }
        while (session->wait && !session->met && vm_state(vm) != VM_SHUTDOWN) {
            loop_step(vm_parts(vm).loop, true);
        }
    }
}

static bool open_all(Control *control, GError **error)
{
    const Config *config = vm_config(control->vm);
    if (config->qtest_log && !config->qtest) {
        return error_refuse(error, "-qtest-log %s: goes with -qtest DEV", config->qtest_log);
    }
    for (guint i = 0; i < config->qmps->len; i++) {
        if (!add_qmp(control, "-qmp", config->qmps->pdata[i], error)) {
            return false;
        }
    }
    if (config->qtest && (!open_log(control, error) || !add_qtest(control, error))) {
        return false;
    }
    for (guint i = 0; i < config->monitors->len; i++) {
        if (!add_monitor(control, config->monitors->pdata[i], error)) {
            return false;
        }
    }
    return !config->gdb || gdb_server_open(control->vm, "-gdb", config->gdb, error);
}

Control *control_new(Vm *vm, GError **error)
{
    Control *control = g_new0(Control, 1);
    control->vm = vm;
    control->sessions = g_ptr_array_new_with_free_func((GDestroyNotify)session_free);
    control->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    vm_set_listener(
        vm, &(VmListener){.event = machine_event, .starting = wait_for_clients, .opaque = control});
    if (!open_all(control, error)) {
        control_free(control);
        return NULL;
    }
    return control;
}

static size_t waiting(const Control *control)
{
    size_t sum = 0;
    for (guint i = 0; i < control->sessions->len; i++) {
        const Session *session = control->sessions->pdata[i];
        sum += session->stream ? stream_waiting(session->stream) : 0;
    }
    return sum;
}

static void patience_over(void *opaque)
{
    *(bool *)opaque = true;
}

/* What is nobody's log yet stays as it is until the run begins. */
void control_begin(Control *control)
{
    if (control->log_file.path && !output_file_begin(&control->log_file)) {
        g_autofree char *text = g_strdup_printf("-qtest-log %s cannot be emptied: %s",
                                                control->log_file.path, g_strerror(errno));
        vm_message(control->vm, text);
    }
}

/* A peer that takes something is waited for again. */
void control_drain(Control *control)
{
    Loop *loop = vm_parts(control->vm).loop;
    bool over = false;
    size_t left = waiting(control);
    LoopTimer *timer = loop_timer_new(loop, patience_over, &over);
    loop_timer_start(timer, vm_patience(control->vm));
    while (left && !over && vm_patience(control->vm)) {
        loop_step(loop, true);
        size_t now = waiting(control);
        if (now < left) {
            loop_timer_start(timer, vm_patience(control->vm));
        }
        left = now;
    }
    loop_timer_free(timer);
}

void control_free(Control *control)
{
    vm_set_listener(control->vm, NULL);
    gdb_server_close(control->vm);
    g_ptr_array_unref(control->sessions);
    g_hash_table_unref(control->used);
    if (control->log) {
        fclose(control->log);
    }
    output_file_close(&control->log_file);
    g_free(control);
}
