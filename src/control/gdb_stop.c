/* A session's breakpoints, how it resumes the machine, and how it reports stops. */
#include "src/control/gdb_internal.h"

#include <inttypes.h>
#include <string.h>

#define SIGNAL_INT  2u
#define SIGNAL_TRAP 5u
#define SIGNAL_ABRT 6u

/* ---- stops ---- */

static void append_point(const Gdb *gdb, const DebugPoint *point, GString *text)
{
    static const char *const WATCHES[] = {
        [DEBUG_WRITE] = "watch",
        [DEBUG_READ] = "rwatch",
        [DEBUG_ACCESS] = "awatch",
    };
    if (point->kind != DEBUG_EXECUTE) {
        g_string_append_printf(text, "%s:%" PRIx64 ";", WATCHES[point->kind], point->address);
    } else if (gdb->tells_breaks) {
        g_string_append(text, point->hardware ? "hwbreak:;" : "swbreak:;");
    }
}

void gdb_tell_stop(Gdb *gdb)
{
    const VmStop *stop = &gdb->stop;
    unsigned signal = stop->cause == VM_STOP_ASKED && gdb->interrupted ? SIGNAL_INT
                      : stop->cause == VM_STOP_ENDED                   ? SIGNAL_ABRT
                                                                       : SIGNAL_TRAP;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "T%02xthread:%x;", signal, stop->cpu + 1);
    if (stop->cause == VM_STOP_POINT) {
        append_point(gdb, &stop->point, text);
    }
    gdb->cpu = gdb->stepper = stop->cpu;
    gdb_reply(gdb, text->str);
}

/* Told once, because a client keeps the description that it got when it connected. */
static void tell_mode(Gdb *gdb)
{
    const CpuState *state = gdb_state(gdb);
    bool is_long = state && state->msr.efer & CPU_EFER_LMA;
    if (!state || gdb->told_mode || is_long == (gdb->arch == GDB_X86_64)) {
        return;
    }
    gdb->told_mode = true;
    g_autofree char *text = g_strdup_printf(
        "pioemu: the CPU is %s long mode now, and you see it as %s: for all of its registers "
        "\"disconnect\", then \"target remote\" again\n",
        is_long ? "in" : "not in", gdb_arch_name(gdb->arch));
    gdb_console(gdb, text);
}

void gdb_stopped(Gdb *gdb, const VmStop *stop)
{
    gdb->stop = *stop;
    gdb->stop.text = NULL;
    gdb->cached = -1;
    if (!gdb->connected || !gdb->waiting) {
        return;
    }
    gdb->waiting = false;
    gdb->cpu = stop->cpu;
    if (stop->text) {
        g_autofree char *text = g_strdup_printf("pioemu: %s\n", stop->text);
        gdb_console(gdb, text);
    }
    tell_mode(gdb);
    gdb_tell_stop(gdb);
    gdb->interrupted = false;
}

/* ---- going on ---- */

static void resume(Gdb *gdb, const VmMove *moves)
{
    g_autoptr(GError) error = NULL;
    gdb->cached = -1;
    gdb->waiting = true;
    if (!vm_debug_resume(gdb->vm, moves, &error)) {
        gdb->waiting = false;
        g_autofree char *text =
            g_strdup_printf("pioemu: %s (monitor system_reset)\n", error->message);
        gdb_console(gdb, text);
        gdb_tell_stop(gdb);
    }
}

static VmMove *new_moves(const Gdb *gdb, VmMove move)
{
    unsigned count = vm_cpu_count(gdb->vm);
    VmMove *moves = g_new(VmMove, count);
    for (unsigned i = 0; i < count; i++) {
        moves[i] = move;
    }
    return moves;
}

/* Refuses an address to continue at: gdb sets the register instead. */
void gdb_go_on(Gdb *gdb, const char *text, VmMove move, bool has_signal)
{
    uint64_t signal;
    if ((has_signal && !gdb_parse_number(&text, &signal)) || *text) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    bool one = move == VM_MOVE_STEP || !gdb->all_move;
    g_autofree VmMove *moves = new_moves(gdb, one ? VM_MOVE_STAY : move);
    if (one) {
        moves[gdb->stepper] = move;
    }
    resume(gdb, moves);
}

/* Parses ";ACTION[:THREAD]".  The first action that fits a CPU counts. */
static bool parse_action(const Gdb *gdb, const char **text, VmMove *moves, bool *settled)
{
    char action = (*text)[0] ? (*text)[1] : 0;
    bool all = true;
    unsigned cpu = 0;
    uint64_t signal;
    if (**text != ';' || !action || !strchr("cCsS", action)) {
        return false;
    }
    *text += 2;
    if (strchr("CS", action) && !gdb_parse_number(text, &signal)) {
        return false;
    }
    if (gdb_parse_char(text, ':') && !gdb_parse_thread(gdb, text, &all, &cpu)) {
        return false;
    }
    for (unsigned i = 0; i < vm_cpu_count(gdb->vm); i++) {
        if (!settled[i] && (all || i == cpu)) {
            moves[i] = strchr("cC", action) ? VM_MOVE_RUN : VM_MOVE_STEP;
            settled[i] = true;
        }
    }
    return true;
}

void gdb_vcont(Gdb *gdb, const char *text)
{
    g_autofree VmMove *moves = new_moves(gdb, VM_MOVE_STAY);
    g_autofree bool *settled = g_new0(bool, vm_cpu_count(gdb->vm));
    bool right = true;
    while (*text && right) {
        right = parse_action(gdb, &text, moves, settled);
    }
    if (right) {
        resume(gdb, moves);
    } else {
        gdb_reply(gdb, GDB_EINVAL);
    }
}

/* ---- breakpoints ---- */

/* Parses "TYPE,ADDRESS,KIND".  What follows, such as conditions, is evaluated by gdb itself. */
static bool parse_point(const char *text, DebugPoint *point, bool *known)
{
    static const DebugKind KINDS[] = {DEBUG_EXECUTE, DEBUG_EXECUTE, DEBUG_WRITE, DEBUG_READ,
                                      DEBUG_ACCESS};
    uint64_t type, size;
    if (!gdb_parse_number(&text, &type) || !gdb_parse_char(&text, ',') ||
        !gdb_parse_number(&text, &point->address) || !gdb_parse_char(&text, ',') ||
        !gdb_parse_number(&text, &size)) {
        return false;
    }
    *known = type < G_N_ELEMENTS(KINDS);
    point->kind = *known ? KINDS[type] : DEBUG_EXECUTE;
    point->hardware = type != 0;
    point->size = point->kind == DEBUG_EXECUTE ? 1 : size;
    return point->size && point->size <= PAGE_SIZE && point->address + point->size > point->address;
}

static bool is_same(const DebugPoint *a, const DebugPoint *b)
{
    return a->kind == b->kind && a->hardware == b->hardware && a->address == b->address &&
           a->size == b->size;
}

static void remove_point(GArray *points, const DebugPoint *point)
{
    for (guint i = points->len; i-- > 0;) {
        if (is_same(&g_array_index(points, DebugPoint, i), point)) {
            g_array_remove_index(points, i);
        }
    }
}

static const char *apply(Gdb *gdb)
{
    return vm_set_debug_points(gdb->vm, (const DebugPoint *)gdb->points->data, gdb->points->len,
                               NULL)
               ? "OK"
               : GDB_ENOSPC;
}

void gdb_point(Gdb *gdb, const char *text, bool insert)
{
    DebugPoint point = {0};
    bool known = false;
    if (!parse_point(text, &point, &known)) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    if (!known) {
        gdb_reply(gdb, "");
        return;
    }
    remove_point(gdb->points, &point);
    if (insert && gdb->points->len == GDB_POINTS_MAX) {
        gdb_reply(gdb, GDB_ENOSPC);
        return;
    }
    if (insert) {
        g_array_append_val(gdb->points, point);
    }
    const char *answer = apply(gdb);
    if (strcmp(answer, "OK") != 0 && insert) {
        remove_point(gdb->points, &point);
    }
    gdb_reply(gdb, answer);
}

void gdb_drop_points(Gdb *gdb)
{
    if (gdb->points->len) {
        g_array_set_size(gdb->points, 0);
        apply(gdb);
    }
}
