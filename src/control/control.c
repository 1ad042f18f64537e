#include "src/control/control.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/control/gdb_server.h"
#include "src/control/session.h"
#include "src/vm/vm.h"

#include <string.h>

struct Control {
    Vm *vm;
    GPtrArray *sessions;
    GHashTable *used; /* the ids of chardevs in use */
    bool stdio_taken;
    Log *log; /* of -qtest-log, or NULL */
};

/* ---- opening ---- */

static Session *add_session(Control *control, SessionKind kind, const QtestTarget *target,
                            const char *where)
{
    Session *session = session_new(control->vm, kind, target, where);
    g_ptr_array_add(control->sessions, session);
    return session;
}

/* Standard input can have one reader only: two would each lose bytes to the other. */
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

static bool open_stream(Control *control, Session *session, const char *what, const char *spec,
                        GError **error)
{
    StreamAddress address;
    if (!stream_address_parse(&address, what, spec, error)) {
        return false;
    }
    g_autoptr(GError) failure = NULL;
    bool ok = (address.kind != STREAM_STDIO || take_stdio(control, what, error)) &&
              session_open_stream(session, &address, &failure);
    stream_address_clear(&address);
    if (failure) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s %s: ", what, spec);
    }
    return ok;
}

/* Adds the line of -monitor DEV or -qmp DEV.  `index` is its number among all of them. */
static bool add_line(Control *control, SessionKind kind, guint index, const char *spec,
                     GError **error)
{
    const char *what = kind == SESSION_QMP ? "-qmp" : "-monitor";
    MonitorPlace place = config_monitor_place(spec, kind == SESSION_QMP);
    if (place == MONITOR_NOWHERE) {
        return true;
    }
    Session *session = add_session(control, kind, NULL, spec);
    if (place == MONITOR_STREAM) {
        return open_stream(control, session, what, spec, error);
    }
    g_autofree char *id = config_monitor_id(spec, index);
    return session_open_chardev(session, what, id, error);
}

static bool open_log(Control *control, GError **error)
{
    const char *path = vm_config(control->vm)->qtest_log;
    if (!path || !strcmp(path, "none")) {
        return true;
    }
    control->log = log_new(vm_parts(control->vm).loop, "-qtest-log", path, error);
    return control->log != NULL;
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
    const char *spec = vm_config(control->vm)->qtest;
    Session *session = add_session(control, SESSION_QTEST, &target, spec);
    return open_stream(control, session, "-qtest", spec, error);
}

/* The text of the -chardev with this id, or NULL.  An id must be unique. */
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

/*
 * Adds the line of the -chardev that a -mon names.  If config_is_monitor_chardev()
 * is false, the chardev belongs to the machine.
 */
static bool add_named(Control *control, SessionKind kind, const char *what, const char *id,
                      GError **error)
{
    const Config *config = vm_config(control->vm);
    if (!config_is_monitor_chardev(config, id) &&
        chardev_set_find(vm_parts(control->vm).chars, id)) {
        return session_open_chardev(add_session(control, kind, NULL, id), what, id, error);
    }
    const char *chardev = find_chardev(control, id, error);
    return chardev && open_stream(control, add_session(control, kind, NULL, chardev), "-chardev",
                                  chardev, error);
}

/* -mon chardev=ID,mode=readline|control */
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
    bool qmp = mode && !strcmp(mode, "control");
    if (!id || (mode && !qmp && strcmp(mode, "readline") != 0)) {
        return error_refuse(error, "%s: write chardev=ID,mode=readline or mode=control", what);
    }
    if (!g_hash_table_add(control->used, g_strdup(id))) {
        return error_refuse(error, "%s: chardev '%s' is taken", what, id);
    }
    return add_named(control, qmp ? SESSION_QMP : SESSION_MONITOR, what, id, error);
}

/* -serial mon:DEV and similar options */
static void find_monitored(void *opaque, Chardev *chardev)
{
    if (chardev->monitored && !chardev->front) {
        g_ptr_array_add(opaque, g_strdup(chardev->id));
    }
}

static bool add_monitored(Control *control, GError **error)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    chardev_set_foreach(vm_parts(control->vm).chars, find_monitored, ids);
    for (guint i = 0; i < ids->len; i++) {
        const char *id = ids->pdata[i];
        Session *session = add_session(control, SESSION_MONITOR, NULL, id);
        if (!session_open_chardev(session, "mon:", id, error)) {
            return false;
        }
    }
    return true;
}

static void machine_event(void *opaque, const VmEvent *event)
{
    Control *control = opaque;
    for (guint i = 0; i < control->sessions->len; i++) {
        session_event(control->sessions->pdata[i], event);
    }
}

/* Returns when every protocol that waits for a client has one, or when the run has ended. */
static void wait_for_clients(void *opaque)
{
    Control *control = opaque;
    Vm *vm = control->vm;
    for (guint i = 0; i < control->sessions->len; i++) {
        const Session *session = control->sessions->pdata[i];
        if (session_awaits_client(session)) {
            g_autofree char *text =
                g_strdup_printf("waiting for a client at %s", session_where(session));
            vm_message(vm, text);
        }
        while (session_awaits_client(session) && vm_state(vm) != VM_SHUTDOWN) {
            loop_step(vm_parts(vm).loop, true);
        }
    }
}

static bool add_lines(Control *control, SessionKind kind, guint first, const GPtrArray *specs,
                      GError **error)
{
    for (guint i = 0; i < specs->len; i++) {
        if (!add_line(control, kind, first + i, specs->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

static bool open_all(Control *control, GError **error)
{
    const Config *config = vm_config(control->vm);
    if (config->qtest_log && !config->qtest) {
        return error_refuse(error, "-qtest-log %s: goes with -qtest DEV", config->qtest_log);
    }
    if (!add_lines(control, SESSION_QMP, config->hmps->len, config->qmps, error) ||
        (config->qtest && (!open_log(control, error) || !add_qtest(control, error))) ||
        !add_lines(control, SESSION_MONITOR, 0, config->hmps, error)) {
        return false;
    }
    for (guint i = 0; i < config->monitors->len; i++) {
        if (!add_monitor(control, config->monitors->pdata[i], error)) {
            return false;
        }
    }
    return add_monitored(control, error) &&
           (!config->gdb || gdb_server_open(control->vm, "-gdb", config->gdb, error));
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
        sum += session_waiting(control->sessions->pdata[i]);
    }
    return sum;
}

static void patience_over(void *opaque)
{
    *(bool *)opaque = true;
}

/* The log file keeps its old contents until the run begins. */
void control_begin(Control *control)
{
    if (control->log) {
        log_begin(control->log);
    }
}

/* The wait starts again whenever a peer takes something. */
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
    g_clear_pointer(&control->log, log_free);
    g_free(control);
}
