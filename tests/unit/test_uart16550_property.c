/*
 * Properties of the 16550A that hold after any sequence of accesses, input, line
 * changes and time: the interrupt follows from what the guest can read, a saved
 * state continues like the uninterrupted run, and a reset clears everything.
 */
#include "tests/unit/uart_com.h"

#include <string.h>

#define SCRIPTS 8
#define STEPS   200

typedef enum StepKind {
    STEP_WRITE,
    STEP_READ,
    STEP_INPUT,
    STEP_BREAK,
    STEP_LINES,
    STEP_ROOM,
    STEP_TIME,
    STEP_KINDS
} StepKind;

typedef struct Step {
    StepKind kind;
    uint32_t offset, value; /* value: of the register, count, lines, room or ns */
} Step;

static uint32_t random_below(uint32_t limit)
{
    return (uint32_t)g_test_rand_int_range(0, (int32_t)limit);
}

/* Useful values: mostly eight bits, sometimes a break, rarely a slow rate. */
static uint32_t random_register_value(uint32_t offset)
{
    static const uint8_t LCR[] = {COM_8N1,
                                  COM_8N1,
                                  UART_LCR_WLS_7 | UART_LCR_PEN,
                                  COM_8N1 | UART_LCR_BREAK,
                                  COM_8N1 | UART_LCR_DLAB,
                                  UART_LCR_WLS_5 | UART_LCR_STB};
    switch (offset) {
    case UART_LCR:
        return LCR[random_below(G_N_ELEMENTS(LCR))];
    case UART_FCR:
        return random_below(256) | (random_below(4) ? UART_FCR_ENABLE : 0);
    case UART_MCR:
        return random_below(32) | (random_below(4) ? UART_MCR_OUT2 : 0);
    default:
        return random_below(256);
    }
}

static Step random_step(void)
{
    static const StepKind OFTEN[] = {STEP_WRITE, STEP_READ, STEP_READ, STEP_INPUT, STEP_TIME};
    Step step = {.kind = random_below(2) ? OFTEN[random_below(G_N_ELEMENTS(OFTEN))]
                                         : (StepKind)random_below(STEP_KINDS)};
    switch (step.kind) {
    case STEP_WRITE:
    case STEP_READ:
        step.offset = random_below(UART_REGISTER_COUNT);
        step.value = random_register_value(step.offset);
        break;
    case STEP_INPUT:
        step.value = random_below(24);
        break;
    case STEP_LINES:
        step.value = random_below(16) << 4;
        break;
    case STEP_ROOM:
        step.value = random_below(20);
        break;
    default:
        step.value = random_below(6) ? random_below(5000000) : 100000000;
        break;
    }
    return step;
}

/* What a guest sees of the step: the value that it read, or 0. */
static uint8_t run_step(Com *com, const Step *step)
{
    uint8_t data[32];
    switch (step->kind) {
    case STEP_WRITE:
        com_out(com, step->offset, step->value);
        return 0;
    case STEP_READ:
        return com_in(com, step->offset);
    case STEP_INPUT:
        for (unsigned i = 0; i < step->value; i++) {
            data[i] = (uint8_t)(step->value * 7 + i);
        }
        rig_char_input_bytes(com->line, data, step->value);
        return 0;
    case STEP_BREAK:
        rig_char_break(com->line);
        return 0;
    case STEP_LINES:
        rig_char_set_lines(com->line, step->value);
        return 0;
    case STEP_ROOM:
        rig_char_set_room(com->line, step->value);
        return 0;
    default:
        rig_step(com->rig, step->value);
        return 0;
    }
}

/*
 * Makes a second port in the state of the first, so that it can be read without an
 * effect on that.
 */
static void copy_state(Com *to, Com *from)
{
    g_autoptr(GBytes) saved = device_save(from->dev);
    to->line->lines = from->line->lines;
    to->line->tx_room = from->line->tx_room;
    g_assert_true(rig_load(to->dev, saved));
}

/* ---- the interrupt follows from what can be read ---- */

typedef struct Readable {
    uint8_t iir, ier, mcr, lsr, msr;
    unsigned waiting; /* the number of characters in the receiver */
} Readable;

static Readable read_everything(Com *com)
{
    Readable r = {.iir = com_in(com, UART_IIR), .mcr = com_in(com, UART_MCR)};
    com_out(com, UART_LCR, com_in(com, UART_LCR) & ~UART_LCR_DLAB);
    r.ier = com_in(com, UART_IER);
    r.lsr = com_in(com, UART_LSR);
    r.msr = com_in(com, UART_MSR);
    uint8_t lsr = r.lsr;
    for (; lsr & UART_LSR_DR; lsr = com_in(com, UART_LSR)) {
        com_in(com, UART_RBR);
        r.waiting++;
    }
    return r;
}

static bool has(unsigned value, unsigned bits)
{
    return value & bits;
}

/*
 * The code that must be in the IIR.  No register shows the time-out and THRE, so
 * these are taken from the IIR where they are possible.
 */
static uint8_t expected_code(const Readable *r, unsigned trigger)
{
    uint8_t code = r->iir & UART_IIR_ID;
    bool fifo = has(r->iir, UART_IIR_FIFO_ENABLED);
    unsigned level = fifo ? trigger : 1;
    if (has(r->ier, UART_IER_RLSI) &&
        has(r->lsr, UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI)) {
        return UART_IIR_RLSI;
    }
    if (has(r->ier, UART_IER_RDI) && r->waiting >= level) {
        return UART_IIR_RDI;
    }
    if (code == UART_IIR_CTI && has(r->ier, UART_IER_RDI) && fifo && r->waiting > 0) {
        return UART_IIR_CTI;
    }
    if (code == UART_IIR_THRI && has(r->ier, UART_IER_THRI) && has(r->lsr, UART_LSR_THRE)) {
        return UART_IIR_THRI;
    }
    return has(r->ier, UART_IER_MSI) && has(r->msr, 0xf) ? UART_IIR_MSI : UART_IIR_NO_INT;
}

static void check_interrupt(Com *com, Com *mirror, unsigned trigger, bool strict)
{
    copy_state(mirror, com);
    g_assert_cmpint(com_irq(mirror), ==, com_irq(com));
    Readable r = read_everything(mirror);
    uint8_t code = r.iir & UART_IIR_ID;
    g_assert_cmphex(code, ==, expected_code(&r, trigger));
    bool gate = !strict || has(r.mcr, UART_MCR_OUT2);
    g_assert_cmpint(com_irq(com), ==, gate && code != UART_IIR_NO_INT);
    /* A break that waits for room comes in while the receiver is emptied. */
    g_assert_cmpuint(r.waiting, <=, UART_FIFO_SIZE + 1);
}

static void interrupt_follows(gconstpointer properties)
{
    static const uint8_t LEVELS[] = {1, 4, 8, 14};
    const bool strict = properties && strstr(properties, "out2=strict");
    for (unsigned script = 0; script < SCRIPTS; script++) {
        Com com = com_open(properties), mirror = com_open(properties);
        unsigned trigger = 1;
        for (unsigned i = 0; i < STEPS; i++) {
            Step step = random_step();
            run_step(&com, &step);
            if (step.kind == STEP_WRITE && step.offset == UART_FCR) {
                trigger = LEVELS[step.value >> 6];
            }
            check_interrupt(&com, &mirror, trigger, strict);
        }
        com_close(&mirror);
        com_close(&com);
    }
}

/* ---- a snapshot at any instant equals the uninterrupted run ---- */

/* Moves a port to a new rig through its saved state alone. */
static void move_to_new_rig(Com *com, const char *properties)
{
    Com moved = com_open(properties);
    rig_step(moved.rig, rig_now(com->rig));
    g_string_assign(moved.line->output, "");
    g_string_append_len(moved.line->output, com->line->output->str, (gssize)com->line->output->len);
    copy_state(&moved, com);
    g_string_append_len(moved.line->input, com->line->input->str, (gssize)com->line->input->len);
    com_close(com);
    *com = moved;
}

static void check_same(const Com *a, const Com *b)
{
    g_assert_cmpint(com_irq(a), ==, com_irq(b));
    g_assert_true(g_string_equal(a->line->output, b->line->output));
    g_assert_cmpuint(a->line->input->len, ==, b->line->input->len);
    g_assert_cmphex(a->line->lines_out, ==, b->line->lines_out);
    g_assert_cmpint(a->line->break_out, ==, b->line->break_out);
    g_assert_cmpuint(a->line->format.baud, ==, b->line->format.baud);
}

static void saved_state_continues(gconstpointer properties)
{
    for (unsigned script = 0; script < SCRIPTS; script++) {
        Com straight = com_open(properties), moved = com_open(properties);
        for (unsigned i = 0; i < STEPS; i++) {
            Step step = random_step();
            g_assert_cmphex(run_step(&straight, &step), ==, run_step(&moved, &step));
            check_same(&straight, &moved);
            if (random_below(10) == 0) {
                move_to_new_rig(&moved, properties);
                check_same(&straight, &moved);
            }
        }
        com_close(&moved);
        com_close(&straight);
    }
}

/* ---- reset ---- */

static void reset_forgets(gconstpointer properties)
{
    for (unsigned script = 0; script < SCRIPTS; script++) {
        Com fresh = com_open(properties), used = com_open(properties);
        for (unsigned i = 0; i < STEPS; i++) {
            Step step = random_step();
            run_step(&used, &step);
        }
        g_string_truncate(used.line->input, 0);
        fresh.line->lines = used.line->lines;
        device_reset(used.dev);
        device_reset(fresh.dev);
        g_autoptr(GBytes) a = device_save(used.dev);
        g_autoptr(GBytes) b = device_save(fresh.dev);
        g_assert_true(g_bytes_equal(a, b));
        g_assert_false(com_irq(&used));
        g_assert_cmpuint(clock_next_deadline(rig_clock(used.rig)), ==, CLOCK_NEVER);
        com_close(&used);
        com_close(&fresh);
    }
}

/* ---- hostile state ---- */

/* Whatever a saved state contains, it is refused, or the port continues without harm. */
static void survives_any_saved_state(gconstpointer properties)
{
    Com com = com_open(properties);
    for (unsigned i = 0; i < 1000; i++) {
        const DeviceField *fields = device_class(com.dev)->fields;
        unsigned count = 0;
        while (fields[count].kind != FIELD_END) {
            count++;
        }
        const DeviceField *field = &fields[random_below(count)];
        uint64_t value = random_below(2) ? random_below(300) : UINT64_MAX - random_below(9);
        g_autoptr(GBytes) good = device_save(com.dev);
        g_autoptr(GBytes) bad = rig_patch(good, field->name, random_below(field->count), value);
        rig_load(com.dev, bad);
        for (unsigned n = 0; n < 5; n++) {
            Step step = random_step();
            run_step(&com, &step);
        }
    }
    com_close(&com);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        GTestDataFunc run;
    } PROPERTIES[] = {
        {"interrupt_follows_from_what_can_be_read", interrupt_follows},
        {"saved_state_continues_like_the_straight_run", saved_state_continues},
        {"reset_from_any_state_is_power_on", reset_forgets},
        {"any_saved_state_is_survived", survives_any_saved_state},
    };
    static const char *const PACES[] = {"pace=none", "pace=baud", "pace=none,out2=strict"};
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(PROPERTIES); i++) {
        for (size_t p = 0; p < G_N_ELEMENTS(PACES); p++) {
            g_autofree char *path =
                g_strdup_printf("/uart16550/property/%s/%s", PACES[p] + 5, PROPERTIES[i].name);
            g_test_add_data_func(path, PACES[p], PROPERTIES[i].run);
        }
    }
    return g_test_run();
}
