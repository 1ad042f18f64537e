/*
 * Counter 0 of the 8254 and its interrupt line: exact edges, lost ticks, the pace,
 * and the saved state of the whole chip.
 */
#include "devices/intc/i8259_regs.h"
#include "tests/unit/pit_rig.h"

#include <string.h>

#define IRQ 0u

/* A tick whose time in ns does not fit in 64 bits. */
#define FAR_EDGE (UINT64_MAX / 17600 * 21 + 30)

static unsigned edges(Pit *p)
{
    return rig_irq_edges(p->rig, IRQ);
}

static void late(Pit *p, uint64_t ns)
{
    rig_late(p->rig, ns);
}

/* A pair of 8259A between the timer and the test, with IRQ 0 and 8 open. */
typedef struct WiredPit {
    Pit pit;
    Device *pic;
} WiredPit;

static void wired_setup(WiredPit *w, const char *properties)
{
    Rig *rig = rig_new();
    w->pic = rig_device(rig, "isa-pic", NULL);
    rig_wire_irqs(rig, w->pic);
    w->pit.rig = rig;
    w->pit.dev = rig_device(rig, "isa-pit", properties);
    rig_outb(rig, 0x20, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    rig_outb(rig, 0x21, 0x20);
    rig_outb(rig, 0x21, 1 << PIC_CASCADE);
    rig_outb(rig, 0x21, PIC_ICW4_UPM | PIC_ICW4_AEOI);
}

static bool take(WiredPit *w)
{
    bool pending = device_input_pending(w->pic, IRQ);
    if (pending) {
        g_assert_cmphex(device_acknowledge(w->pic), ==, 0x20);
    }
    return pending;
}

/* ---- edges ---- */

static void line_rises_with_out(Pit *p, gconstpointer data)
{
    (void)data;
    unsigned before = edges(p);
    uint64_t start = pit_tick(p);
    pit_program(p, 0, 2, 1000);
    g_assert_cmpuint(edges(p), ==, before);
    rig_step(p->rig, pit_ns(start + 1001) - rig_now(p->rig) - 1);
    g_assert_cmpuint(edges(p), ==, before);
    rig_step(p->rig, 1);
    g_assert_cmpuint(edges(p), ==, before + 1);
}

static void a_million_periods_do_not_drift(Pit *p, gconstpointer data)
{
    (void)data;
    unsigned before = edges(p);
    uint64_t start = pit_tick(p);
    pit_program(p, 0, 2, 1193);
    rig_step(p->rig, pit_ns(start + 1 + UINT64_C(1193) * 1000000) - rig_now(p->rig) - 1);
    g_assert_cmpuint(edges(p) - before, ==, 999999);
    rig_step(p->rig, 1);
    g_assert_cmpuint(edges(p) - before, ==, 1000000);
    g_assert_cmpuint(rig_irq_changed_at(p->rig, IRQ), ==, rig_now(p->rig));
}

static void every_period_is_at_its_own_pulse(Pit *p, gconstpointer data)
{
    (void)data;
    uint64_t start = pit_tick(p) + 1;
    pit_program(p, 0, 3, 1193);
    for (unsigned i = 1; i < 5000; i++) {
        pit_clk(p, i == 1 ? 1194 : 1193);
        g_assert_cmpuint(rig_irq_changed_at(p->rig, IRQ), ==, pit_ns(start + i * 1193));
    }
}

static void eighteen_point_two_per_second(Pit *p, gconstpointer data)
{
    (void)data;
    unsigned before = edges(p);
    pit_program(p, 0, 3, 0);
    rig_step(p->rig, 3600 * NS_PER_SECOND);
    g_assert_cmpuint(edges(p) - before, ==, 65543); /* 3600 * 1193181.8 / 65536 */
}

static void mode0_is_one_edge(Pit *p, gconstpointer data)
{
    (void)data;
    unsigned before = edges(p);
    pit_program(p, 0, 0, 5000);
    g_assert_false(rig_irq(p->rig, IRQ));
    pit_clk(p, 5001);
    g_assert_true(rig_irq(p->rig, IRQ));
    pit_clk(p, 500000);
    g_assert_cmpuint(edges(p) - before, ==, 1);
}

static void mode0_control_word_takes_the_line_low(Pit *p, gconstpointer data)
{
    (void)data;
    g_assert_true(rig_irq(p->rig, IRQ));
    pit_control(p, 0, PIT_CW_RW_WORD | PIT_CW_MODE(0));
    g_assert_false(rig_irq(p->rig, IRQ));
    pit_control(p, 0, PIT_CW_RW_WORD | PIT_CW_MODE(2));
    g_assert_true(rig_irq(p->rig, IRQ));
}

static void mode4_is_one_edge_after_the_strobe(Pit *p, gconstpointer data)
{
    (void)data;
    unsigned before = edges(p);
    pit_program(p, 0, 4, 5000);
    pit_clk(p, 5001);
    g_assert_cmpuint(edges(p) - before, ==, 0);
    pit_clk(p, 1);
    g_assert_cmpuint(edges(p) - before, ==, 1);
    pit_clk(p, 500000);
    g_assert_cmpuint(edges(p) - before, ==, 1);
}

static void modes_1_and_5_never_fire_without_a_gate(Pit *p, gconstpointer data)
{
    (void)data;
    unsigned before = edges(p);
    pit_program(p, 0, 1, 50);
    pit_clk(p, 100000);
    pit_program(p, 0, 5, 50);
    pit_clk(p, 100000);
    g_assert_cmpuint(edges(p), ==, before);
    g_assert_cmpuint(clock_next_deadline(rig_clock(p->rig)), ==, CLOCK_NEVER);
}

static void other_counters_arm_no_timer(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 1, 2, 18);
    pit_program(p, 2, 3, 1000);
    g_assert_cmpuint(clock_next_deadline(rig_clock(p->rig)), ==, CLOCK_NEVER);
}

static void new_count_moves_the_edges_after_the_cycle(Pit *p, gconstpointer data)
{
    (void)data;
    uint64_t start = pit_tick(p) + 1;
    pit_program(p, 0, 2, 10000);
    pit_clk(p, 2000);
    pit_word(p, 0, 3000);
    pit_clk(p, 8001);
    g_assert_cmpuint(rig_irq_changed_at(p->rig, IRQ), ==, pit_ns(start + 10000));
    pit_clk(p, 3000);
    g_assert_cmpuint(rig_irq_changed_at(p->rig, IRQ), ==, pit_ns(start + 13000));
}

static void control_word_stops_the_edges(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1000);
    pit_clk(p, 5000);
    unsigned before = edges(p);
    pit_control(p, 0, PIT_CW_RW_WORD | PIT_CW_MODE(2));
    pit_clk(p, 50000);
    g_assert_cmpuint(edges(p), ==, before);
}

/* ---- lost ticks ---- */

static void catchup_gives_every_edge(Pit *p, gconstpointer data)
{
    (void)data;
    unsigned before = edges(p);
    pit_program(p, 0, 2, 1193);
    late(p, 100 * NS_PER_SECOND / 1000);
    rig_step(p->rig, NS_PER_SECOND / 100);
    uint64_t ran = pit_tick(p) - 6;
    g_assert_cmpuint(edges(p) - before, ==, ran / 1193);
}

static void catchup_waits_until_the_tick_is_taken(void)
{
    WiredPit w;
    wired_setup(&w, NULL);
    pit_program(&w.pit, 0, 2, 11932);
    unsigned taken = 0;
    late(&w.pit, NS_PER_SECOND);
    for (unsigned i = 0; i < 20; i++) {
        rig_step(w.pit.rig, 100000);
        g_assert_true(device_input_pending(w.pic, IRQ));
    }
    for (unsigned i = 0; i < 1000; i++) {
        rig_step(w.pit.rig, 100000);
        taken += take(&w);
    }
    g_assert_cmpuint(taken, ==, (pit_tick(&w.pit) - 1) / 11932);
    pit_teardown(&w.pit, NULL);
}

/* The tick is not taken for a second, and the device looks only twice in each period. */
static void waiting_costs_two_looks_a_period(void)
{
    WiredPit w;
    wired_setup(&w, NULL);
    pit_program(&w.pit, 0, 2, 11932);
    unsigned looks = 0;
    rig_step(w.pit.rig, NS_PER_SECOND);
    uint64_t end = rig_now(w.pit.rig) + NS_PER_SECOND;
    for (uint64_t next; (next = clock_next_deadline(rig_clock(w.pit.rig))) <= end; looks++) {
        rig_step(w.pit.rig, next - rig_now(w.pit.rig));
    }
    g_assert_cmpuint(looks, <=, 201);
    pit_teardown(&w.pit, NULL);
}

/* The guest takes its interrupts at random times, and the host is late at random. */
static void catchup_loses_no_tick(void)
{
    WiredPit w;
    wired_setup(&w, NULL);
    GRand *rand = g_rand_new_with_seed(8254);
    pit_program(&w.pit, 0, 2, 1193);
    unsigned taken = 0;
    while (rig_now(w.pit.rig) < 10 * NS_PER_SECOND) {
        uint64_t ns = (uint64_t)g_rand_int_range(rand, 1, 400000);
        if (g_rand_int_range(rand, 0, 30) == 0) {
            late(&w.pit, ns * 40);
        } else {
            rig_step(w.pit.rig, ns);
        }
        taken += take(&w);
    }
    for (unsigned i = 0; i < 100; i++) {
        rig_step(w.pit.rig, 60000);
        taken += take(&w);
    }
    g_assert_cmpuint(taken, ==, (pit_tick(&w.pit) - 1) / 1193);
    g_rand_free(rand);
    pit_teardown(&w.pit, NULL);
}

static void catchup_does_not_wait_for_a_masked_line(void)
{
    WiredPit w;
    wired_setup(&w, NULL);
    rig_outb(w.pit.rig, 0x21, 0x01);
    pit_program(&w.pit, 0, 2, 1193);
    rig_step(w.pit.rig, NS_PER_SECOND);
    rig_outb(w.pit.rig, 0x21, 0x00);
    g_assert_true(take(&w));
    rig_step(w.pit.rig, 200000);
    g_assert_false(take(&w));
    pit_teardown(&w.pit, NULL);
}

static void drop_skips_overdue_edges_and_keeps_the_phase(Pit *p, gconstpointer data)
{
    (void)data;
    pit_teardown(p, NULL);
    pit_setup_with(p, "lost-ticks=drop");
    uint64_t start = pit_tick(p) + 1;
    pit_program(p, 0, 2, 10000);
    unsigned before = edges(p);
    late(p, pit_ns(start + 35000) - rig_now(p->rig));
    g_assert_cmpuint(edges(p) - before, ==, 0);
    pit_clk(p, 5000);
    g_assert_cmpuint(edges(p) - before, ==, 1);
    g_assert_cmpuint(rig_irq_changed_at(p->rig, IRQ), ==, pit_ns(start + 40000));
}

static void drop_keeps_a_tick_that_is_less_than_a_period_late(Pit *p, gconstpointer data)
{
    (void)data;
    pit_teardown(p, NULL);
    pit_setup_with(p, "lost-ticks=drop");
    pit_program(p, 0, 2, 10000);
    unsigned before = edges(p);
    late(p, pit_ns(pit_tick(p) + 19999) - rig_now(p->rig));
    g_assert_cmpuint(edges(p) - before, ==, 1);
}

static void merge_makes_one_edge_of_them(Pit *p, gconstpointer data)
{
    (void)data;
    pit_teardown(p, NULL);
    pit_setup_with(p, "lost-ticks=merge");
    uint64_t start = pit_tick(p) + 1;
    pit_program(p, 0, 2, 10000);
    unsigned before = edges(p);
    late(p, pit_ns(start + 35000) - rig_now(p->rig));
    g_assert_cmpuint(edges(p) - before, ==, 1);
    pit_clk(p, 5000);
    g_assert_cmpuint(edges(p) - before, ==, 2);
    g_assert_cmpuint(rig_irq_changed_at(p->rig, IRQ), ==, pit_ns(start + 40000));
}

static void control_word_voids_what_is_owed(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1193);
    late(p, NS_PER_SECOND);
    pit_control(p, 0, PIT_CW_RW_WORD | PIT_CW_MODE(2));
    unsigned before = edges(p);
    rig_step(p->rig, NS_PER_SECOND);
    g_assert_cmpuint(edges(p), ==, before);
}

static void new_count_keeps_what_is_owed(Pit *p, gconstpointer data)
{
    (void)data;
    unsigned before = edges(p);
    pit_program(p, 0, 2, 11932);
    late(p, NS_PER_SECOND);
    pit_word(p, 0, 0);
    rig_step(p->rig, NS_PER_SECOND / 100);
    g_assert_cmpuint(edges(p) - before, >=, 100);
}

static void tiny_counts_are_paced(Pit *p, gconstpointer data)
{
    (void)data;
    for (unsigned mode = 2; mode <= 3; mode++) {
        unsigned before = edges(p), events = 0;
        pit_program(p, 0, mode, 2);
        uint64_t end = rig_now(p->rig) + NS_PER_SECOND / 10;
        for (uint64_t next; (next = clock_next_deadline(rig_clock(p->rig))) <= end; events++) {
            rig_step(p->rig, next - rig_now(p->rig));
        }
        g_assert_cmpuint(edges(p) - before, >=, 1900);
        g_assert_cmpuint(events, <=, 2001);
    }
}

static void paced_ticks_leave_no_debt(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 2);
    rig_step(p->rig, NS_PER_SECOND);
    pit_word(p, 0, 60000);
    rig_step(p->rig, NS_PER_SECOND / 1000);
    unsigned before = edges(p);
    rig_step(p->rig, NS_PER_SECOND / 50);
    g_assert_cmpuint(edges(p), ==, before);
}

static void hammering_the_count_cannot_starve_the_line(Pit *p, gconstpointer data)
{
    (void)data;
    unsigned before = edges(p);
    pit_program(p, 0, 2, 100);
    for (unsigned i = 0; i < 10000; i++) {
        pit_word(p, 0, 100);
        rig_step(p->rig, 3000);
    }
    g_assert_cmpuint(edges(p) - before, >=, 300);
}

/* ---- reset and state ---- */

static void random_event(Pit *p, GRand *rand)
{
    switch (g_rand_int_range(rand, 0, 8)) {
    case 0:
        pit_control(p, 0, (unsigned)g_rand_int_range(rand, 0, 256));
        break;
    case 1:
        pit_program(p, (unsigned)g_rand_int_range(rand, 0, 3),
                    (unsigned)g_rand_int_range(rand, 0, 8),
                    (unsigned)g_rand_int_range(rand, 0, 3000));
        break;
    case 2:
        rig_outb(p->rig, PORTB, (uint8_t)g_rand_int(rand));
        break;
    case 3:
        rig_outb(p->rig, (uint16_t)(PIT + g_rand_int_range(rand, 0, 3)), (uint8_t)g_rand_int(rand));
        break;
    case 4:
        pit_byte(p, (unsigned)g_rand_int_range(rand, 0, 3));
        break;
    case 5:
        late(p, (uint64_t)g_rand_int_range(rand, 1, 4000000));
        break;
    default:
        rig_step(p->rig, (uint64_t)g_rand_int_range(rand, 1, 1000000));
    }
}

static void random_run(Pit *p, guint32 seed, unsigned events)
{
    GRand *rand = g_rand_new_with_seed(seed);
    for (unsigned i = 0; i < events; i++) {
        random_event(p, rand);
    }
    g_rand_free(rand);
}

/* Everything that a guest sees from here on, with the times of the edges. */
static char *observe(Pit *p)
{
    GString *seen = g_string_new(NULL);
    unsigned before = edges(p);
    for (unsigned i = 0; i < 40; i++) {
        for (unsigned counter = 0; counter < 3; counter++) {
            g_string_append_printf(seen, "%02x ", pit_byte(p, counter));
        }
        g_string_append_printf(seen, "%02x %d %u@%" G_GUINT64_FORMAT "\n", rig_inb(p->rig, PORTB),
                               rig_irq(p->rig, IRQ), edges(p) - before,
                               edges(p) == before ? 0 : rig_irq_changed_at(p->rig, IRQ));
        rig_step(p->rig, 77777);
    }
    return g_string_free(seen, false);
}

static void saved_state_equals_the_uninterrupted_run(void)
{
    for (unsigned run = 0; run < 400; run++) {
        Pit a, b;
        pit_setup(&a, NULL);
        pit_setup_with(&b, NULL);
        random_run(&a, run, run % 60);
        clock_skip(rig_clock(b.rig), rig_now(a.rig) - rig_now(b.rig));
        g_autoptr(GBytes) saved = device_save(a.dev);
        g_assert_true(rig_load(b.dev, saved));
        g_assert_cmpint(rig_irq(a.rig, IRQ), ==, rig_irq(b.rig, IRQ));
        g_autofree char *of_a = observe(&a), *of_b = observe(&b);
        g_assert_cmpstr(of_a, ==, of_b);
        pit_teardown(&a, NULL);
        pit_teardown(&b, NULL);
    }
}

static void reset_from_any_state_equals_power_on(void)
{
    for (unsigned run = 0; run < 200; run++) {
        Pit a, b;
        pit_setup(&a, NULL);
        pit_setup_with(&b, NULL);
        random_run(&a, run, 50);
        device_reset(a.dev);
        g_autoptr(GBytes) of_a = device_save(a.dev), of_b = device_save(b.dev);
        g_assert_true(g_bytes_equal(of_a, of_b));
        g_assert_cmpint(rig_irq(a.rig, IRQ), ==, rig_irq(b.rig, IRQ));
        g_assert_cmpuint(clock_next_deadline(rig_clock(a.rig)), ==, CLOCK_NEVER);
        pit_teardown(&a, NULL);
        pit_teardown(&b, NULL);
    }
}

static void impossible_state_is_refused(Pit *p, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *field;
        uint64_t value;
    } BAD[] = {
        {"counter[0].control", 0xff},
        {"counter[1].control", 0x04},
        {"counter[2].period", 0},
        {"counter[0].period", 65537},
        {"counter[0].load", 3},
        {"counter[0].latched", 4},
        {"owed", 65537},
        {"portb", 0x10},
    };
    g_autoptr(GBytes) saved = device_save(p->dev);
    for (unsigned i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GBytes) bad = rig_patch(saved, BAD[i].field, 0, BAD[i].value);
        g_assert_false(rig_load(p->dev, bad));
    }
    g_assert_true(rig_load(p->dev, saved));
}

static void load_far_in_the_future_is_refused(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1000);
    g_autoptr(GBytes) saved = device_save(p->dev);
    g_autoptr(GBytes) bad = rig_patch(saved, "counter[0].load_tick", 0, UINT64_MAX - 1);
    g_assert_false(rig_load(p->dev, bad));
    g_autoptr(GBytes) edge = rig_patch(saved, "edge", 0, FAR_EDGE);
    g_assert_true(rig_load(p->dev, edge));
    unsigned before = edges(p);
    pit_clk(p, 5000);
    g_assert_cmpuint(edges(p) - before, ==, 4);
}

/* Whatever a saved state contains, a second of machine time ends. */
static void hostile_state_cannot_hang(void)
{
    static const char *const FIELDS[] = {
        "edge",
        "pace",
        "owed",
        "counter[0].origin",
        "counter[0].held",
        "counter[0].load_tick",
        "counter[0].load",
        "counter[0].period",
        "counter[0].control",
        "counter[0].counting",
    };
    static const uint64_t VALUES[] = {
        0, 1, 2, 48, 52, 54, 56, 60000, 1u << 31, INT64_MAX, FAR_EDGE, UINT64_MAX - 1, UINT64_MAX};
    GRand *rand = g_rand_new_with_seed(4);
    for (unsigned run = 0; run < 600; run++) {
        Pit p;
        pit_setup(&p, NULL);
        random_run(&p, run, 20);
        g_autoptr(GBytes) saved = device_save(p.dev);
        for (unsigned i = 0; i < 4; i++) {
            const char *field = FIELDS[g_rand_int_range(rand, 0, G_N_ELEMENTS(FIELDS))];
            uint64_t value = VALUES[g_rand_int_range(rand, 0, G_N_ELEMENTS(VALUES))];
            GBytes *bad = rig_patch(saved, field, 0, value);
            g_bytes_unref(saved);
            saved = bad;
        }
        unsigned before = edges(&p);
        rig_load(p.dev, saved);
        rig_step(p.rig, NS_PER_SECOND / 10);
        random_run(&p, run, 10);
        g_assert_cmpuint(edges(&p) - before, <, 6000);
        pit_teardown(&p, NULL);
    }
    g_rand_free(rand);
}

static void describe_names_the_counters(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1000);
    pit_clk(p, 1);
    g_autofree char *text = device_describe(p->dev);
    g_assert_nonnull(strstr(text, "0: mode=2 count=1000/1000 out=1"));
}

static void add_ticks(void)
{
    PIT_SENTENCE("edge", line_rises_with_out);
    PIT_SENTENCE("edge", a_million_periods_do_not_drift);
    PIT_SENTENCE("edge", every_period_is_at_its_own_pulse);
    PIT_SENTENCE("edge", eighteen_point_two_per_second);
    PIT_SENTENCE("edge", mode0_is_one_edge);
    PIT_SENTENCE("edge", mode0_control_word_takes_the_line_low);
    PIT_SENTENCE("edge", mode4_is_one_edge_after_the_strobe);
    PIT_SENTENCE("edge", modes_1_and_5_never_fire_without_a_gate);
    PIT_SENTENCE("edge", other_counters_arm_no_timer);
    PIT_SENTENCE("edge", new_count_moves_the_edges_after_the_cycle);
    PIT_SENTENCE("edge", control_word_stops_the_edges);
    PIT_SENTENCE("lost", catchup_gives_every_edge);
    g_test_add_func("/i8254/lost/catchup_waits_until_the_tick_is_taken",
                    catchup_waits_until_the_tick_is_taken);
    g_test_add_func("/i8254/lost/catchup_loses_no_tick", catchup_loses_no_tick);
    g_test_add_func("/i8254/lost/waiting_costs_two_looks_a_period",
                    waiting_costs_two_looks_a_period);
    g_test_add_func("/i8254/lost/catchup_does_not_wait_for_a_masked_line",
                    catchup_does_not_wait_for_a_masked_line);
    PIT_SENTENCE("lost", drop_skips_overdue_edges_and_keeps_the_phase);
    PIT_SENTENCE("lost", drop_keeps_a_tick_that_is_less_than_a_period_late);
    PIT_SENTENCE("lost", merge_makes_one_edge_of_them);
    PIT_SENTENCE("lost", control_word_voids_what_is_owed);
    PIT_SENTENCE("lost", new_count_keeps_what_is_owed);
    PIT_SENTENCE("pace", tiny_counts_are_paced);
    PIT_SENTENCE("pace", paced_ticks_leave_no_debt);
    PIT_SENTENCE("pace", hammering_the_count_cannot_starve_the_line);
}

static void add_state(void)
{
    g_test_add_func("/i8254/state/saved_state_equals_the_uninterrupted_run",
                    saved_state_equals_the_uninterrupted_run);
    g_test_add_func("/i8254/state/reset_from_any_state_equals_power_on",
                    reset_from_any_state_equals_power_on);
    PIT_SENTENCE("state", impossible_state_is_refused);
    PIT_SENTENCE("state", load_far_in_the_future_is_refused);
    g_test_add_func("/i8254/state/hostile_state_cannot_hang", hostile_state_cannot_hang);
    PIT_SENTENCE("state", describe_names_the_counters);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_ticks();
    add_state();
    return g_test_run();
}
