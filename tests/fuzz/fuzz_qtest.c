/*
 * The qtest protocol and the pc machine: any text in pieces of any size,
 * clients that come and go, time that is still passing.
 *
 * Every line must be answered once, in order.
 */
#include "src/control/qtest.h"

#include "tests/fuzz/fuzz_vm.h"

/* The limits for port and memory accesses and for lines.  A run must end. */
#define ACCESSES_MAX 50000u
#define LINES_MAX    64u

typedef struct Target {
    FuzzVm machine;
    Qtest *qtest;
    unsigned lines, answers; /* for this client */
    unsigned all_lines;
    size_t accesses;
    bool line_begun;
    bool busy;
} Target;

static void check_answer(void *opaque, const char *data, size_t size)
{
    Target *t = opaque;
    g_assert_cmpuint(size, >, 1);
    g_assert_cmpint(data[size - 1], ==, '\n');
    bool event = g_str_has_prefix(data, "IRQ raise ") || g_str_has_prefix(data, "IRQ lower ");
    g_assert_true(event || g_str_has_prefix(data, "OK") || g_str_has_prefix(data, "FAIL"));
    t->answers += !event;
}

static void note_busy(void *opaque, bool on)
{
    Target *t = opaque;
    g_assert_true(t->busy != on);
    t->busy = on;
}

static void count_access(void *opaque, const BusAccess *access)
{
    (void)access;
    ((Target *)opaque)->accesses++;
}

/* A line that is too long is answered before its end. */
static void check_balance(const Target *t)
{
    g_assert_cmpuint(t->answers, <=, t->lines + t->line_begun);
    if (!t->busy) {
        g_assert_cmpuint(t->answers, >=, t->lines);
    }
}

static void feed(void *opaque, const char *data, size_t size)
{
    Target *t = opaque;
    if (t->accesses > ACCESSES_MAX || t->all_lines > LINES_MAX) {
        return;
    }
    for (size_t i = 0; i < size; i++) {
        t->lines += data[i] == '\n';
        t->all_lines += data[i] == '\n';
        t->line_begun = data[i] != '\n';
    }
    qtest_input(t->qtest, data, size);
    check_balance(t);
}

static void change_client(Target *t)
{
    qtest_disconnected(t->qtest);
    g_assert_false(t->busy);
    qtest_connected(t->qtest);
    t->lines = t->answers = 0;
    t->line_begun = false;
}

static void happen(void *opaque, unsigned number)
{
    Target *t = opaque;
    if (number == 0) {
        change_client(t);
    } else if (t->all_lines <= LINES_MAX) {
        /* Counts as one line, because it may be a slice of time. */
        t->all_lines++;
        loop_step(t->machine.vm->loop, false);
        check_balance(t);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

static void open_qtest(Target *t)
{
    Vm *vm = t->machine.vm;
    QtestTarget target = {
        .loop = vm->loop,
        .bus = vm->bus,
        .memory = vm->memory,
        .clock = vm->clock,
        .machine = vm->machine,
        .alone = !vm->accel->class->has_cpu,
    };
    QtestEvents events = {.send = check_answer, .busy = note_busy, .opaque = t};
    t->qtest = qtest_new(&target, &events);
    bus_set_observer(vm->bus, count_access, false, t);
    qtest_connected(t->qtest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = {data, size};
    uint64_t how = fuzz_take(&in, 1);
    Target t = {0};
    fuzz_vm_init(&t.machine, how == 0xff);
    g_assert_true(fuzz_vm_open(&t.machine));
    open_qtest(&t);
    fuzz_feed(&in, how % 0x40 ? how % 0x40 : SIZE_MAX,
              &(FuzzPeer){.input = feed, .event = happen, .opaque = &t});
    qtest_free(t.qtest);
    fuzz_vm_clear(&t.machine);
    return 0;
}
