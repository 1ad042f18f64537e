/*
 * The local APIC and the I/O APIC, sentence by sentence.  "SDM" is the Intel
 * Software Developer's Manual, volume 3, chapter "Advanced Programmable
 * Interrupt Controller (APIC)".  "DS" is the 82093AA data sheet.
 */
#include "devices/intc/ioapic_regs.h"
#include "devices/intc/lapic_regs.h"
#include "rig.h"

#define LAPIC  UINT64_C(0xfee00000)
#define IOAPIC UINT64_C(0xfec00000)

/* The recorders of the local APIC's outputs. */
#define LINE_INTR 16u
#define LINE_NMI  17u

#define TICK_NS (NS_PER_SECOND / APIC_TIMER_HZ)

typedef struct Apics {
    Rig *rig;
    Device *lapic, *ioapic;
} Apics;

static uint32_t get(Apics *a, uint32_t offset)
{
    return rig_read32(a->rig, LAPIC + offset);
}

static void set(Apics *a, uint32_t offset, uint32_t value)
{
    rig_write32(a->rig, LAPIC + offset, value);
}

static uint32_t io_get(Apics *a, uint8_t index)
{
    rig_write32(a->rig, IOAPIC + IOAPIC_IOREGSEL, index);
    return rig_read32(a->rig, IOAPIC + IOAPIC_IOWIN);
}

static void io_set(Apics *a, uint8_t index, uint32_t value)
{
    rig_write32(a->rig, IOAPIC + IOAPIC_IOREGSEL, index);
    rig_write32(a->rig, IOAPIC + IOAPIC_IOWIN, value);
}

static void redirect(Apics *a, unsigned pin, uint32_t low)
{
    io_set(a, (uint8_t)(IOAPIC_REDTBL + 2 * pin + 1), 0);
    io_set(a, (uint8_t)(IOAPIC_REDTBL + 2 * pin), low);
}

static Apics apics_new(void)
{
    Apics a = {.rig = rig_new_unlocked()};
    a.lapic = rig_device_new(a.rig, "lapic");
    device_connect(a.lapic, "intr", rig_line(a.rig, LINE_INTR), NULL);
    device_connect(a.lapic, "nmi", rig_line(a.rig, LINE_NMI), NULL);
    g_assert_true(rig_realize(a.rig, a.lapic, NULL));
    a.ioapic = rig_device(a.rig, "ioapic", NULL);
    return a;
}

static Apics enabled(void)
{
    Apics a = apics_new();
    set(&a, APIC_SVR, APIC_SVR_ENABLE | 0xff);
    return a;
}

static void self(Apics *a, uint8_t vector)
{
    set(a, APIC_ICR_LOW, APIC_ICR_SELF | vector);
}

static bool bit_of(Apics *a, uint32_t base, unsigned vector)
{
    return get(a, base + vector / 32 * 0x10) >> vector % 32 & 1;
}

/* ---- the local APIC ---- */

static void test_power_on(void)
{
    Apics a = apics_new();
    g_assert_cmphex(get(&a, APIC_SVR), ==, 0xff);
    g_assert_cmphex(get(&a, APIC_DFR), ==, APIC_DFR_FLAT);
    g_assert_cmphex(get(&a, APIC_LVT_TIMER), ==, APIC_LVT_MASKED);
    g_assert_cmphex(get(&a, APIC_VERSION) & 0xff, ==, 0x14);
    rig_free(a.rig);
}

static void test_virtual_wire_passes_the_pic(void)
{
    Apics a = apics_new();
    device_set_input(a.lapic, 0, true);
    g_assert_true(rig_irq(a.rig, LINE_INTR));
    g_assert_cmpuint(device_acknowledge(a.lapic), ==, 0);
    device_set_input(a.lapic, 0, false);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    set(&a, APIC_SVR, APIC_SVR_ENABLE | 0xff);
    set(&a, APIC_LVT_LINT0, APIC_DELIVERY_EXTINT | APIC_LVT_MASKED);
    device_set_input(a.lapic, 0, true);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    rig_free(a.rig);
}

static void test_disabled_by_software_accepts_nothing(void)
{
    Apics a = apics_new();
    self(&a, 0x40);
    g_assert_false(bit_of(&a, APIC_IRR, 0x40));
    rig_free(a.rig);
}

static void test_disabled_by_software_keeps_the_table_masked(void)
{
    Apics a = enabled();
    set(&a, APIC_LVT_TIMER, 0x40);
    set(&a, APIC_SVR, 0xff);
    g_assert_cmphex(get(&a, APIC_LVT_TIMER), ==, APIC_LVT_MASKED | 0x40);
    set(&a, APIC_LVT_TIMER, 0x41);
    g_assert_cmphex(get(&a, APIC_LVT_TIMER), ==, APIC_LVT_MASKED | 0x41);
    rig_free(a.rig);
}

static void test_acknowledge_moves_irr_to_isr(void)
{
    Apics a = enabled();
    self(&a, 0x51);
    g_assert_true(bit_of(&a, APIC_IRR, 0x51));
    g_assert_true(rig_irq(a.rig, LINE_INTR));
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x51);
    g_assert_false(bit_of(&a, APIC_IRR, 0x51));
    g_assert_true(bit_of(&a, APIC_ISR, 0x51));
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    set(&a, APIC_EOI, 0);
    g_assert_false(bit_of(&a, APIC_ISR, 0x51));
    rig_free(a.rig);
}

static void test_higher_class_interrupts_a_handler(void)
{
    Apics a = enabled();
    self(&a, 0x51);
    device_acknowledge(a.lapic);
    self(&a, 0x5f);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    self(&a, 0x60);
    g_assert_true(rig_irq(a.rig, LINE_INTR));
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x60);
    set(&a, APIC_EOI, 0);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    set(&a, APIC_EOI, 0);
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x5f);
    rig_free(a.rig);
}

static void test_task_priority_blocks_its_class_and_below(void)
{
    Apics a = enabled();
    set(&a, APIC_TPR, 0x52);
    self(&a, 0x5f);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    g_assert_cmphex(get(&a, APIC_PPR), ==, 0x52);
    self(&a, 0x61);
    g_assert_true(rig_irq(a.rig, LINE_INTR));
    device_acknowledge(a.lapic);
    g_assert_cmphex(get(&a, APIC_PPR), ==, 0x60);
    set(&a, APIC_EOI, 0);
    set(&a, APIC_TPR, 0x40);
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x5f);
    rig_free(a.rig);
}

static void test_gone_interrupt_leaves_the_spurious_vector(void)
{
    Apics a = enabled();
    set(&a, APIC_SVR, APIC_SVR_ENABLE | 0xef);
    self(&a, 0x31);
    set(&a, APIC_TPR, 0x30);
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0xef);
    g_assert_false(bit_of(&a, APIC_ISR, 0xef));
    rig_free(a.rig);
}

static void test_illegal_vectors_are_errors(void)
{
    Apics a = enabled();
    set(&a, APIC_LVT_ERROR, 0x70);
    self(&a, 0x0f);
    g_assert_cmphex(get(&a, APIC_ESR), ==, 0);
    set(&a, APIC_ESR, 0);
    g_assert_cmphex(get(&a, APIC_ESR), ==, APIC_ESR_SEND_ILLEGAL);
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x70);
    rig_write32(a.rig, LAPIC, 0x05);
    set(&a, APIC_ESR, 0);
    g_assert_cmphex(get(&a, APIC_ESR), ==, APIC_ESR_RECEIVE_ILLEGAL);
    get(&a, 0x2f0);
    set(&a, APIC_ESR, 0);
    g_assert_cmphex(get(&a, APIC_ESR), ==, APIC_ESR_REGISTER);
    rig_free(a.rig);
}

static void test_lint1_is_the_nmi(void)
{
    Apics a = apics_new();
    device_set_input(a.lapic, 1, true);
    g_assert_cmpuint(rig_irq_edges(a.rig, LINE_NMI), ==, 1);
    device_set_input(a.lapic, 1, false);
    set(&a, APIC_ICR_LOW, APIC_ICR_SELF | APIC_DELIVERY_NMI);
    g_assert_cmpuint(rig_irq_edges(a.rig, LINE_NMI), ==, 2);
    rig_free(a.rig);
}

static void test_command_reaches_only_its_destination(void)
{
    Apics a = enabled();
    set(&a, APIC_ICR_HIGH, 0x01000000);
    set(&a, APIC_ICR_LOW, 0x41);
    g_assert_false(bit_of(&a, APIC_IRR, 0x41));
    set(&a, APIC_ICR_HIGH, 0);
    set(&a, APIC_ICR_LOW, 0x41);
    g_assert_true(bit_of(&a, APIC_IRR, 0x41));
    set(&a, APIC_LDR, 0x04000000);
    set(&a, APIC_ICR_HIGH, 0x02000000);
    set(&a, APIC_ICR_LOW, APIC_ICR_LOGICAL | 0x42);
    g_assert_false(bit_of(&a, APIC_IRR, 0x42));
    set(&a, APIC_ICR_HIGH, 0x06000000);
    set(&a, APIC_ICR_LOW, APIC_ICR_LOGICAL | 0x42);
    g_assert_true(bit_of(&a, APIC_IRR, 0x42));
    set(&a, APIC_ICR_LOW, 0xc0000 | 0x43); /* to all except itself */
    g_assert_false(bit_of(&a, APIC_IRR, 0x43));
    rig_free(a.rig);
}

static void test_cluster_model(void)
{
    Apics a = enabled();
    set(&a, APIC_DFR, 0x0fffffff);
    set(&a, APIC_LDR, 0x32000000);
    set(&a, APIC_ICR_HIGH, 0x22000000);
    set(&a, APIC_ICR_LOW, APIC_ICR_LOGICAL | 0x44);
    g_assert_false(bit_of(&a, APIC_IRR, 0x44));
    set(&a, APIC_ICR_HIGH, 0x33000000);
    set(&a, APIC_ICR_LOW, APIC_ICR_LOGICAL | 0x44);
    g_assert_true(bit_of(&a, APIC_IRR, 0x44));
    rig_free(a.rig);
}

/* ---- its timer ---- */

static void test_one_shot_counts_to_zero_once(void)
{
    Apics a = enabled();
    set(&a, APIC_TIMER_DCR, 0xb); /* divide by 1 */
    set(&a, APIC_LVT_TIMER, 0x30);
    set(&a, APIC_TIMER_ICR, 1000);
    rig_step(a.rig, 400 * TICK_NS);
    g_assert_cmpuint(get(&a, APIC_TIMER_CCR), ==, 600);
    rig_step(a.rig, 600 * TICK_NS - 1);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    rig_step(a.rig, 1);
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x30);
    g_assert_cmpuint(get(&a, APIC_TIMER_CCR), ==, 0);
    set(&a, APIC_EOI, 0);
    rig_step(a.rig, 10000 * TICK_NS);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    rig_free(a.rig);
}

static void test_periodic_never_drifts(void)
{
    Apics a = enabled();
    set(&a, APIC_TIMER_DCR, 0x3); /* divide by 16 */
    set(&a, APIC_LVT_TIMER, APIC_LVT_PERIODIC | 0x30);
    set(&a, APIC_TIMER_ICR, 777);
    uint64_t period = 777 * 16 * TICK_NS;
    for (unsigned i = 0; i < 1000; i++) {
        rig_step(a.rig, period - 1);
        g_assert_false(rig_irq(a.rig, LINE_INTR));
        rig_step(a.rig, 1);
        g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x30);
        set(&a, APIC_EOI, 0);
    }
    rig_free(a.rig);
}

static void test_divider_changes_the_rate_of_what_is_left(void)
{
    Apics a = enabled();
    set(&a, APIC_TIMER_DCR, 0xb);
    set(&a, APIC_TIMER_ICR, 1000);
    rig_step(a.rig, 500 * TICK_NS);
    set(&a, APIC_TIMER_DCR, 0x0); /* divide by 2 */
    g_assert_cmpuint(get(&a, APIC_TIMER_CCR), ==, 500);
    rig_step(a.rig, 500 * TICK_NS);
    g_assert_cmpuint(get(&a, APIC_TIMER_CCR), ==, 250);
    rig_free(a.rig);
}

static void test_masked_timer_counts_but_is_silent(void)
{
    Apics a = enabled();
    set(&a, APIC_LVT_TIMER, APIC_LVT_MASKED | 0x30);
    set(&a, APIC_TIMER_ICR, 10);
    rig_step(a.rig, NS_PER_SECOND);
    g_assert_cmpuint(get(&a, APIC_TIMER_CCR), ==, 0);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    rig_free(a.rig);
}

/* ---- the I/O APIC ---- */

static void test_ioapic_identifies_itself(void)
{
    Apics a = enabled();
    g_assert_cmphex(io_get(&a, IOAPIC_VER), ==, 0x00170020);
    io_set(&a, IOAPIC_ID, 0xffffffff);
    g_assert_cmphex(io_get(&a, IOAPIC_ID), ==, 0x0f000000);
    g_assert_cmphex(io_get(&a, IOAPIC_ARB), ==, 0x0f000000);
    g_assert_cmphex(io_get(&a, IOAPIC_REDTBL), ==, IOAPIC_MASK);
    g_assert_cmphex(io_get(&a, 0xff), ==, 0);
    rig_free(a.rig);
}

static void test_edge_is_sent_once(void)
{
    Apics a = enabled();
    redirect(&a, 4, 0x34);
    device_set_input(a.ioapic, 4, true);
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x34);
    g_assert_false(bit_of(&a, APIC_TMR, 0x34));
    set(&a, APIC_EOI, 0);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    rig_free(a.rig);
}

static void test_edge_while_masked_is_lost(void)
{
    Apics a = enabled();
    redirect(&a, 4, IOAPIC_MASK | 0x34);
    device_set_input(a.ioapic, 4, true);
    redirect(&a, 4, 0x34);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    rig_free(a.rig);
}

static void test_level_is_sent_again_after_the_eoi(void)
{
    Apics a = enabled();
    redirect(&a, 10, IOAPIC_TRIGGER | 0x3a);
    device_set_input(a.ioapic, 10, true);
    g_assert_true(io_get(&a, IOAPIC_REDTBL + 20) & IOAPIC_REMOTE_IRR);
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x3a);
    g_assert_true(bit_of(&a, APIC_TMR, 0x3a));
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    set(&a, APIC_EOI, 0);
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x3a);
    device_set_input(a.ioapic, 10, false);
    set(&a, APIC_EOI, 0);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    g_assert_false(io_get(&a, IOAPIC_REDTBL + 20) & IOAPIC_REMOTE_IRR);
    rig_free(a.rig);
}

static void test_active_low_input(void)
{
    Apics a = enabled();
    device_set_input(a.ioapic, 11, true);
    redirect(&a, 11, IOAPIC_TRIGGER | IOAPIC_INTPOL | 0x3b);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    device_set_input(a.ioapic, 11, false);
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x3b);
    rig_free(a.rig);
}

static void test_unmasking_sends_a_level_that_waits(void)
{
    Apics a = enabled();
    redirect(&a, 9, IOAPIC_TRIGGER | IOAPIC_MASK | 0x39);
    device_set_input(a.ioapic, 9, true);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    redirect(&a, 9, IOAPIC_TRIGGER | 0x39);
    g_assert_cmphex(device_acknowledge(a.lapic), ==, 0x39);
    rig_free(a.rig);
}

static void test_delivery_modes_of_a_message(void)
{
    Apics a = enabled();
    redirect(&a, 3, APIC_DELIVERY_NMI);
    device_set_input(a.ioapic, 3, true);
    g_assert_cmpuint(rig_irq_edges(a.rig, LINE_NMI), ==, 1);
    redirect(&a, 0, APIC_DELIVERY_EXTINT);
    device_set_input(a.ioapic, 0, true);
    g_assert_true(rig_irq(a.rig, LINE_INTR));
    g_assert_cmpuint(device_acknowledge(a.lapic), ==, 0);
    g_assert_false(rig_irq(a.rig, LINE_INTR));
    rig_free(a.rig);
}

static void test_message_to_another_cpu_is_not_ours(void)
{
    Apics a = enabled();
    redirect(&a, 4, 0x34);
    io_set(&a, IOAPIC_REDTBL + 9, 5u << IOAPIC_DEST_SHIFT);
    device_set_input(a.ioapic, 4, true);
    g_assert_false(bit_of(&a, APIC_IRR, 0x34));
    rig_free(a.rig);
}

/* ---- state ---- */

static void scribble(Apics *a, GRand *random)
{
    uint32_t offset = (uint32_t)g_rand_int_range(random, 0, 0x40) * 0x10;
    switch (g_rand_int_range(random, 0, 6)) {
    case 0:
        device_set_input(a->ioapic, (unsigned)g_rand_int_range(random, 0, IOAPIC_INPUTS),
                         g_rand_boolean(random));
        break;
    case 1:
        io_set(a, (uint8_t)g_rand_int_range(random, 0, 0x40), g_rand_int(random));
        break;
    case 2:
        device_acknowledge(a->lapic);
        break;
    case 3:
        rig_step(a->rig, (uint64_t)g_rand_int_range(random, 0, 100000));
        break;
    default:
        set(a, offset, g_rand_int(random));
        break;
    }
}

static char *look(Apics *a)
{
    g_autofree char *lapic = device_describe(a->lapic);
    g_autofree char *ioapic = device_describe(a->ioapic);
    return g_strdup_printf("%s %s INTR=%d", lapic, ioapic, rig_irq(a->rig, LINE_INTR));
}

/* A pair whose state was saved and loaded must behave like a pair that was left alone. */
static void test_saved_state_goes_on_as_if_nothing_was(void)
{
    for (unsigned seed = 0; seed < 100; seed++) {
        Apics a = enabled(), b = enabled();
        g_autoptr(GRand) for_a = g_rand_new_with_seed(seed);
        g_autoptr(GRand) for_b = g_rand_new_with_seed(seed);
        for (unsigned i = 0; i < 100; i++) {
            scribble(&a, for_a);
            scribble(&b, for_b);
            g_autoptr(GBytes) lapic = device_save(b.lapic);
            g_autoptr(GBytes) ioapic = device_save(b.ioapic);
            g_assert_true(rig_load(b.ioapic, ioapic));
            g_assert_true(rig_load(b.lapic, lapic));
            g_autofree char *of_a = look(&a);
            g_autofree char *of_b = look(&b);
            g_assert_cmpstr(of_a, ==, of_b);
        }
        rig_free(a.rig);
        rig_free(b.rig);
    }
}

static void test_reset_equals_power_on(void)
{
    Apics fresh = apics_new(), used = enabled();
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    for (unsigned i = 0; i < 1000; i++) {
        scribble(&used, random);
    }
    for (unsigned pin = 0; pin < IOAPIC_INPUTS; pin++) {
        device_set_input(used.ioapic, pin, false);
    }
    device_reset(used.lapic);
    device_reset(used.ioapic);
    g_autoptr(GBytes) a = device_save(fresh.lapic);
    g_autoptr(GBytes) b = device_save(used.lapic);
    g_autoptr(GBytes) c = device_save(fresh.ioapic);
    g_autoptr(GBytes) d = device_save(used.ioapic);
    g_assert_true(g_bytes_equal(a, b));
    g_assert_true(g_bytes_equal(c, d));
    rig_free(fresh.rig);
    rig_free(used.rig);
}

#define ADD(path, name) g_test_add_func("/apic/" path "/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("local", power_on);
    ADD("local", virtual_wire_passes_the_pic);
    ADD("local", disabled_by_software_accepts_nothing);
    ADD("local", disabled_by_software_keeps_the_table_masked);
    ADD("local", acknowledge_moves_irr_to_isr);
    ADD("local", higher_class_interrupts_a_handler);
    ADD("local", task_priority_blocks_its_class_and_below);
    ADD("local", gone_interrupt_leaves_the_spurious_vector);
    ADD("local", illegal_vectors_are_errors);
    ADD("local", lint1_is_the_nmi);
    ADD("local", command_reaches_only_its_destination);
    ADD("local", cluster_model);
    ADD("timer", one_shot_counts_to_zero_once);
    ADD("timer", periodic_never_drifts);
    ADD("timer", divider_changes_the_rate_of_what_is_left);
    ADD("timer", masked_timer_counts_but_is_silent);
    ADD("io", ioapic_identifies_itself);
    ADD("io", edge_is_sent_once);
    ADD("io", edge_while_masked_is_lost);
    ADD("io", level_is_sent_again_after_the_eoi);
    ADD("io", active_low_input);
    ADD("io", unmasking_sends_a_level_that_waits);
    ADD("io", delivery_modes_of_a_message);
    ADD("io", message_to_another_cpu_is_not_ours);
    ADD("state", saved_state_goes_on_as_if_nothing_was);
    ADD("state", reset_equals_power_on);
    return g_test_run();
}
