#include "src/control/session.h"

#include "src/char/frontend.h"
#include "src/control/monitor.h"
#include "src/control/qmp.h"

#include <unistd.h>

/* The most clients that one socket serves at once.  Further clients are turned away. */
#define CLIENTS_MAX 16u

struct Session {
    Vm *vm;
    Session *owner;    /* for a further client of a socket: the first session; otherwise NULL */
    GPtrArray *others; /* the sessions of those further clients */
    LoopTask reaper;   /* frees the sessions whose clients are gone */
    bool gone;
    Stream *stream;      /* one of these two is set */
    CharFrontend *front; /* the front end of a chardev */
    Qtest *qtest;        /* one of these three is set */
    Qmp *qmp;
    Monitor *monitor;
    bool wait; /* the machine waits for the first client */
    bool met;
    char *where;
};

/* ---- the protocols' side ---- */

static void send_bytes(void *opaque, const char *data, size_t size)
{
    Session *session = opaque;
    if (session->stream) {
        stream_write(session->stream, data, size);
    } else if (session->front) {
        char_frontend_write(session->front, data, size);
    }
}

static void set_busy(void *opaque, bool on)
{
    Session *session = opaque;
    if (session->stream) {
        stream_set_reading(session->stream, !on);
    }
}

/* ---- the peer's side ---- */

static void peer_came(void *opaque)
{
    Session *session = opaque;
    session->met = true;
    if (session->qtest) {
        qtest_connected(session->qtest);
    } else if (session->qmp) {
        qmp_connected(session->qmp);
    } else {
        monitor_connected(session->monitor);
    }
}

static void bytes_came(Session *session, const char *data, size_t size)
{
    if (session->qtest) {
        qtest_input(session->qtest, data, size);
    } else if (session->qmp) {
        qmp_input(session->qmp, data, size);
    } else {
        monitor_input(session->monitor, data, size);
    }
}

static void stream_received(void *opaque, const char *data, size_t size)
{
    bytes_came(opaque, data, size);
}

/* Without a CPU, nothing can happen to the machine any more once the socket is gone. */
static void peer_went(void *opaque, bool final)
{
    Session *session = opaque;
    if (session->owner) {
        session->gone = true;
        loop_post(vm_parts(session->vm).loop, &session->owner->reaper);
    }
    if (session->qmp) {
        qmp_disconnected(session->qmp);
    } else if (session->monitor) {
        monitor_disconnected(session->monitor);
    } else {
        qtest_disconnected(session->qtest);
        if (final && !vm_parts(session->vm).has_cpu) {
            vm_quit(session->vm, "host-signal", "the qtest client is gone");
        }
    }
}

static void chardev_received(void *opaque, const uint8_t *data, size_t size)
{
    bytes_came(opaque, (const char *)data, size);
}

/* QMP sends its greeting once.  A monitor shows its prompt each time. */
static void chardev_focus_changed(void *opaque, bool on)
{
    Session *session = opaque;
    if (session->monitor && !on) {
        monitor_suspended(session->monitor);
    } else if (on && session->front && (session->monitor || !session->met)) {
        peer_came(session);
    }
}

/* ---- opening ---- */

static void make_protocol(Session *session, bool edits)
{
    if (!session->qtest && !session->qmp && !session->monitor) {
        const MonitorPeer peer = {
            .send = send_bytes,
            .opaque = session,
            .edits = edits,
            .terminal = session->front ? char_frontend_terminal(session->front) : -1,
        };
        session->monitor = monitor_new(session->vm, &peer);
    }
}

static void another_came(void *opaque, int fd);

static StreamEvents events_of(Session *session)
{
    bool alone = session->qtest || session->owner;
    return (StreamEvents){
        .opened = peer_came,
        .received = stream_received,
        .closed = peer_went,
        .another = alone ? NULL : another_came,
        .opaque = session,
        .outlasts_input = session->qmp != NULL,
    };
}

/* It has a session of its own, with the same protocol. */
static void another_came(void *opaque, int fd)
{
    Session *session = opaque;
    if (session->others->len == CLIENTS_MAX - 1) {
        close(fd);
        return;
    }
    SessionKind kind = session->qmp ? SESSION_QMP : SESSION_MONITOR;
    Session *other = session_new(session->vm, kind, NULL, session->where);
    other->owner = session;
    make_protocol(other, true);
    StreamEvents events = events_of(other);
    other->stream = stream_new_accepted(vm_parts(session->vm).loop, fd, &events);
    g_ptr_array_add(session->others, other);
    if (!other->stream) {
        other->gone = true;
        loop_post(vm_parts(session->vm).loop, &session->reaper);
    }
}

static void reap(void *opaque)
{
    Session *session = opaque;
    for (guint i = session->others->len; i-- > 0;) {
        if (((Session *)session->others->pdata[i])->gone) {
            g_ptr_array_remove_index(session->others, i);
        }
    }
}

bool session_open_stream(Session *session, const StreamAddress *address, GError **error)
{
    session->wait = address->wait;
    make_protocol(session, true);
    StreamEvents events = events_of(session);
    session->stream = stream_new(vm_parts(session->vm).loop, address, &events, error);
    return session->stream != NULL;
}

bool session_open_chardev(Session *session, const char *what, const char *id, GError **error)
{
    const CharFrontendClient client = {
        .receive = chardev_received,
        .focus = chardev_focus_changed,
        .opaque = session,
    };
    session->front = char_frontend_new(vm_parts(session->vm).chars, what, id, &client, error);
    if (!session->front) {
        return false;
    }
    make_protocol(session, char_frontend_is_typed_at(session->front));
    if (char_frontend_has_focus(session->front)) {
        peer_came(session);
    }
    return true;
}

Session *session_new(Vm *vm, SessionKind kind, const QtestTarget *target, const char *where)
{
    Session *session = g_new0(Session, 1);
    QtestEvents events = {.send = send_bytes, .busy = set_busy, .opaque = session};
    session->vm = vm;
    session->where = g_strdup(where);
    session->others = g_ptr_array_new_with_free_func((GDestroyNotify)session_free);
    session->reaper = (LoopTask){.run = reap, .opaque = session};
    session->qtest = kind == SESSION_QTEST ? qtest_new(target, &events) : NULL;
    session->qmp = kind == SESSION_QMP ? qmp_new(vm, send_bytes, session) : NULL;
    return session;
}

void session_free(Session *session)
{
    loop_cancel(vm_parts(session->vm).loop, &session->reaper);
    g_ptr_array_unref(session->others);
    g_clear_pointer(&session->stream, stream_free);
    g_clear_pointer(&session->front, char_frontend_free);
    g_clear_pointer(&session->qtest, qtest_free);
    g_clear_pointer(&session->qmp, qmp_free);
    g_clear_pointer(&session->monitor, monitor_free);
    g_free(session->where);
    g_free(session);
}

/* ---- what the machine asks ---- */

void session_event(Session *session, const VmEvent *event)
{
    if (session->qmp) {
        qmp_event(session->qmp, event);
    }
    for (guint i = 0; i < session->others->len; i++) {
        session_event(session->others->pdata[i], event);
    }
}

bool session_awaits_client(const Session *session)
{
    return session->wait && !session->met;
}

const char *session_where(const Session *session)
{
    return session->where;
}

size_t session_waiting(const Session *session)
{
    size_t sum = session->stream ? stream_waiting(session->stream) : 0;
    for (guint i = 0; i < session->others->len; i++) {
        sum += session_waiting(session->others->pdata[i]);
    }
    return sum;
}
