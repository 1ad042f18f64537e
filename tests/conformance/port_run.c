#include "tests/conformance/port_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71
/* The timer's clock: 21 pulses take 17600 ns. */
#define PULSES_PER_BLOCK 21u
#define NS_PER_BLOCK     17600u
#define PINS             8u
#define IOAPIC_SELECT    UINT64_C(0xfec00000)
#define IOAPIC_WINDOW    UINT64_C(0xfec00010)
#define SECTOR_SIZE      512u

typedef struct Run {
    const PortEmulator *emulator;
    ControlRig rig;
    uint64_t now;   /* ns */
    uint64_t pulse; /* the pulse of the timer's clock at `now` */
    bool late;      /* a step was left out, so the following ones cannot be asked */
    unsigned raises[CONTROL_IRQS];
    char *controllers[2]; /* the names for set_irq_in: for IRQ 0-7 and 8-15, or one for all */
    char *directory;      /* the directory of the images; NULL: there are none */
} Run;

/* ---- finding the controllers ---- */

/* QEMU's controllers are numbered devices.  The one with the lower number is the master. */
static void find_qemu_controllers(Run *run)
{
    ControlRig *rig = &run->rig;
    g_free(control_line_read(&rig->qmp));
    g_free(control_qmp(rig, "{\"execute\":\"qmp_capabilities\"}"));
    g_autofree char *list = control_qmp(rig, "{\"execute\":\"qom-list\",\"arguments\":{\"path\":"
                                             "\"/machine/unattached\"}}");
    unsigned numbers[2], found = 0;
    for (unsigned number = 0; number < 64 && found < 2; number++) {
        g_autofree char *entry =
            g_strdup_printf("\"name\": \"device[%u]\", \"type\": \"child<isa-i8259>\"", number);
        if (list && strstr(list, entry)) {
            numbers[found++] = number;
        }
    }
    for (unsigned i = 0; i < found; i++) {
        run->controllers[i] = g_strdup_printf("/machine/unattached/device[%u]", numbers[i]);
    }
}

static void intercept(Run *run)
{
    if (run->emulator->is_qemu) {
        find_qemu_controllers(run);
    } else {
        run->controllers[0] = g_strdup("i8259");
    }
    if (run->controllers[0]) {
        g_free(control_ask(&run->rig, "irq_intercept_in %s", run->controllers[0]));
    }
}

/* ---- steps ---- */

static bool failed(const PortStep *step, const char *answer, char **note)
{
    *note = g_strdup_printf("line %d: %s: %s", step->line, step->text, answer);
    return false;
}

static bool compare(const PortStep *step, uint64_t value, char **note)
{
    if ((value & step->mask) == (step->value & step->mask)) {
        return true;
    }
    g_autofree char *answer = g_strdup_printf("0x%02" PRIx64, value);
    return failed(step, answer, note);
}

static char size_letter(unsigned size)
{
    return size == 1 ? 'b' : size == 2 ? 'w' : 'l';
}

static uint64_t ask_value(Run *run, const char *command, uint64_t address, unsigned size)
{
    g_autofree char *answer =
        control_ask(&run->rig, "%s%c 0x%" PRIx64, command, size_letter(size), address);
    return answer && g_str_has_prefix(answer, "OK ") ? g_ascii_strtoull(answer + 3, NULL, 0)
                                                     : UINT64_MAX;
}

static void tell_value(Run *run, const char *command, uint64_t address, unsigned size,
                       uint64_t value)
{
    g_free(control_ask(&run->rig, "%s%c 0x%" PRIx64 " 0x%" PRIx64, command, size_letter(size),
                       address, value));
}

static uint64_t read_port(Run *run, uint64_t port, unsigned size)
{
    return ask_value(run, "in", port, size);
}

static void write_port(Run *run, uint64_t port, unsigned size, uint64_t value)
{
    tell_value(run, "out", port, size, value);
}

static void move_items(Run *run, const PortStep *step)
{
    for (uint64_t i = 0; i < step->value; i++) {
        if (step->verb == PORT_TAKE) {
            (void)read_port(run, step->target, step->size);
        } else {
            write_port(run, step->target, step->size, i);
        }
    }
}

static void step_clock(Run *run, uint64_t ns)
{
    g_free(control_ask(&run->rig, "clock_step %" PRIu64, ns));
    run->now += ns;
}

static void step_pulses(Run *run, uint64_t pulses)
{
    run->pulse = run->now / NS_PER_BLOCK * PULSES_PER_BLOCK +
                 run->now % NS_PER_BLOCK * PULSES_PER_BLOCK / NS_PER_BLOCK + pulses;
    uint64_t at =
        run->pulse / PULSES_PER_BLOCK * NS_PER_BLOCK +
        (run->pulse % PULSES_PER_BLOCK * NS_PER_BLOCK + PULSES_PER_BLOCK - 1) / PULSES_PER_BLOCK;
    step_clock(run, at - run->now);
}

static bool drive(Run *run, const PortStep *step, char **note)
{
    bool split = run->emulator->is_qemu;
    const char *name = run->controllers[split && step->target >= PINS];
    g_autofree char *answer =
        control_ask(&run->rig, "set_irq_in %s unnamed-gpio-in %" PRIu64 " %" PRIu64,
                    name ? name : "none", split ? step->target % PINS : step->target, step->value);
    return !g_strcmp0(answer, "OK") || failed(step, answer ? answer : "gone", note);
}

static bool compare_raises(Run *run, const PortStep *step, char **note)
{
    unsigned count = run->rig.raises[step->target] - run->raises[step->target];
    run->raises[step->target] = run->rig.raises[step->target];
    return compare(step, count, note);
}

static bool make_access(Run *run, const PortStep *step, char **note)
{
    uint64_t low;
    switch (step->verb) {
    case PORT_OUT:
        write_port(run, step->target, step->size, step->value);
        return true;
    case PORT_OUT2:
        write_port(run, step->target, 1, step->value & 0xff);
        write_port(run, step->target, 1, step->value >> 8);
        return true;
    case PORT_IN:
        return compare(step, read_port(run, step->target, step->size), note);
    case PORT_IN2:
        low = read_port(run, step->target, 1);
        return compare(step, low | read_port(run, step->target, 1) << 8, note);
    case PORT_CMOS_OUT:
        write_port(run, CMOS_INDEX, 1, step->target);
        write_port(run, CMOS_DATA, 1, step->value);
        return true;
    case PORT_CMOS_IN:
        write_port(run, CMOS_INDEX, 1, step->target);
        return compare(step, read_port(run, CMOS_DATA, 1), note);
    case PORT_READ:
        return compare(step, ask_value(run, "read", step->target, step->size), note);
    case PORT_WRITE:
        tell_value(run, "write", step->target, step->size, step->value);
        return true;
    case PORT_IOAPIC_OUT:
        tell_value(run, "write", IOAPIC_SELECT, step->size, step->target);
        tell_value(run, "write", IOAPIC_WINDOW, step->size, step->value);
        return true;
    case PORT_IOAPIC_IN:
        tell_value(run, "write", IOAPIC_SELECT, step->size, step->target);
        return compare(step, ask_value(run, "read", IOAPIC_WINDOW, step->size), note);
    case PORT_TAKE:
    case PORT_GIVE:
        move_items(run, step);
        return true;
    default:
        return true;
    }
}

static bool make_step(Run *run, const PortStep *step, char **note)
{
    switch (step->verb) {
    case PORT_STEP:
        step_clock(run, step->target);
        return true;
    case PORT_CLK:
        step_pulses(run, step->target);
        return true;
    case PORT_IRQ:
        return compare(step, run->rig.irq[step->target], note);
    case PORT_RAISES:
        return compare_raises(run, step, note);
    case PORT_DRIVE:
        return drive(run, step, note);
    default:
        return make_access(run, step, note);
    }
}

/* ---- sentences ---- */

static bool can_make(Run *run, const PortStep *step)
{
    bool time = step->verb == PORT_STEP || step->verb == PORT_CLK;
    bool line = step->verb == PORT_IRQ || step->verb == PORT_RAISES;
    if (time && !run->emulator->stepped) {
        run->late = true;
        return false;
    }
    return !line || !run->emulator->is_qemu || step->target < PINS;
}

static PortOutcome ask_sentence(Run *run, const PortSentence *sentence)
{
    PortOutcome outcome = {run->late ? PORT_NOT_ASKED : PORT_AGREES, NULL};
    for (guint i = 0; i < sentence->steps->len && !run->late; i++) {
        const PortStep *step = sentence->steps->pdata[i];
        char *note = NULL;
        if (!can_make(run, step)) {
            outcome.verdict = MAX(outcome.verdict, PORT_NOT_ASKED);
        } else if (!make_step(run, step, &note) && !outcome.note) {
            outcome.note = note;
        } else {
            g_free(note);
        }
    }
    if (outcome.note) {
        outcome.verdict = PORT_DIFFERS;
    }
    return outcome;
}

/* ---- images ---- */

static char *image_path(const Run *run, const PortImage *image)
{
    return g_build_filename(run->directory, image->name, NULL);
}

static void make_image(const Run *run, const PortImage *image)
{
    gsize size = (gsize)image->sectors * SECTOR_SIZE;
    g_autofree char *path = image_path(run, image);
    g_autofree char *data = g_malloc(size);
    for (gsize i = 0; i < size; i++) {
        data[i] = (char)(i / SECTOR_SIZE + i % SECTOR_SIZE);
    }
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

static void make_images(Run *run, const PortScript *script)
{
    run->directory = script->images->len ? g_dir_make_tmp("conformance-XXXXXX", NULL) : NULL;
    for (guint i = 0; i < script->images->len; i++) {
        make_image(run, script->images->pdata[i]);
    }
}

static void remove_images(Run *run, const PortScript *script)
{
    for (guint i = 0; i < script->images->len; i++) {
        g_autofree char *path = image_path(run, script->images->pdata[i]);
        unlink(path);
    }
    if (run->directory) {
        rmdir(run->directory);
        g_free(run->directory);
    }
}

/* Replaces the names of the images by their paths. */
static char *resolve(const Run *run, const PortScript *script, const char *option)
{
    g_autoptr(GString) text = g_string_new(option);
    for (guint i = 0; i < script->images->len; i++) {
        g_autofree char *path = image_path(run, script->images->pdata[i]);
        const PortImage *image = script->images->pdata[i];
        g_autofree char *name = g_strconcat("@", image->name, NULL);
        g_string_replace(text, name, path, 0);
    }
    return g_strdup(text->str);
}

static bool start(Run *run, const PortScript *script)
{
    g_autoptr(GPtrArray) options = g_ptr_array_new_with_free_func(g_free);
    for (const char *const *option = run->emulator->options; *option; option++) {
        g_ptr_array_add(options, g_strdup(*option));
    }
    for (guint i = 0; i + 1 < script->options->len; i++) {
        g_ptr_array_add(options, resolve(run, script, script->options->pdata[i]));
    }
    g_ptr_array_add(options, NULL);
    return control_rig_start(&run->rig, run->emulator->program,
                             (const char *const *)options->pdata);
}

bool port_run_section(const PortEmulator *emulator, const PortScript *script,
                      const PortSection *section, PortOutcome *outcomes)
{
    Run run = {.emulator = emulator};
    if (script->ours && emulator->is_qemu) {
        return false;
    }
    make_images(&run, script);
    bool started = start(&run, script);
    if (started) {
        intercept(&run);
        for (guint i = 0; i < section->sentences->len; i++) {
            outcomes[i] = ask_sentence(&run, section->sentences->pdata[i]);
        }
    }
    control_rig_end(&run.rig);
    remove_images(&run, script);
    g_free(run.controllers[0]);
    g_free(run.controllers[1]);
    return started;
}
