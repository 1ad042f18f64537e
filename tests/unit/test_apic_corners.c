/* Corners of the two APICs in which a mutant had once survived.  "SDM" as in test_apic.c. */
#include "devices/intc/ioapic_regs.h"
#include "devices/intc/lapic_regs.h"
#include "rig.h"

#include <string.h>

#define LAPIC  UINT64_C(0xfee00000)
#define IOAPIC UINT64_C(0xfec00000)
#define INTR   16u
#define PAGE   0x1000u

#define LEVEL_MESSAGE (APIC_LEVEL_ASSERT | APIC_TRIGGER_LEVEL)

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

static void redirect(Apics *a, unsigned pin, uint32_t destination, uint32_t low)
{
    rig_write32(a->rig, IOAPIC + IOAPIC_IOREGSEL, IOAPIC_REDTBL + 2 * pin + 1);
    rig_write32(a->rig, IOAPIC + IOAPIC_IOWIN, destination << IOAPIC_DEST_SHIFT);
    rig_write32(a->rig, IOAPIC + IOAPIC_IOREGSEL, IOAPIC_REDTBL + 2 * pin);
    rig_write32(a->rig, IOAPIC + IOAPIC_IOWIN, low);
}

static uint32_t entry(Apics *a, unsigned pin)
{
    rig_write32(a->rig, IOAPIC + IOAPIC_IOREGSEL, IOAPIC_REDTBL + 2 * pin);
    return rig_read32(a->rig, IOAPIC + IOAPIC_IOWIN);
}

/* A message to this CPU. */
static void message(Apics *a, uint32_t data)
{
    set(a, 0, data);
}

static void set_up(Apics *a, gconstpointer data)
{
    (void)data;
    a->rig = rig_new_unlocked();
    a->lapic = rig_device_new(a->rig, "lapic");
    device_connect(a->lapic, "intr", rig_line(a->rig, INTR), NULL);
    g_assert_true(rig_realize(a->rig, a->lapic, NULL));
    a->ioapic = rig_device(a->rig, "ioapic", NULL);
    set(a, APIC_SVR, APIC_SVR_ENABLE | 0xff);
}

static void tear_down(Apics *a, gconstpointer data)
{
    (void)data;
    rig_free(a->rig);
}

/* ---- priorities and acknowledging ---- */

static void priority_of_one_class_is_the_task_priority(Apics *a, gconstpointer data)
{
    (void)data;
    message(a, 0x51);
    g_assert_cmphex(device_acknowledge(a->lapic), ==, 0x51);
    g_assert_cmphex(get(a, APIC_PPR), ==, 0x50);
    set(a, APIC_TPR, 0x53);
    g_assert_cmphex(get(a, APIC_PPR), ==, 0x53);
    set(a, APIC_TPR, 0x4f);
    g_assert_cmphex(get(a, APIC_PPR), ==, 0x50);
}

static void lower_task_priority_asks_at_once(Apics *a, gconstpointer data)
{
    (void)data;
    set(a, APIC_TPR, 0xf0);
    message(a, 0x51);
    g_assert_false(rig_irq(a->rig, INTR));
    set(a, APIC_TPR, 0);
    g_assert_true(rig_irq(a->rig, INTR));
}

static void disabled_by_software_asks_for_nothing_that_waits(Apics *a, gconstpointer data)
{
    (void)data;
    message(a, 0x51);
    g_assert_true(rig_irq(a->rig, INTR));
    set(a, APIC_SVR, 0xff);
    g_assert_false(rig_irq(a->rig, INTR));
    set(a, APIC_SVR, APIC_SVR_ENABLE | 0xff);
    g_assert_true(rig_irq(a->rig, INTR));
}

static void unmasked_extint_pin_that_is_high_asks_at_once(Apics *a, gconstpointer data)
{
    (void)data;
    set(a, APIC_LVT_LINT0, APIC_LVT_MASKED | APIC_DELIVERY_EXTINT);
    device_set_input(a->lapic, 0, true);
    g_assert_false(rig_irq(a->rig, INTR));
    set(a, APIC_LVT_LINT0, APIC_DELIVERY_EXTINT);
    g_assert_true(rig_irq(a->rig, INTR));
}

static void reset_takes_the_request_back(Apics *a, gconstpointer data)
{
    (void)data;
    message(a, 0x51);
    device_reset(a->lapic);
    g_assert_false(rig_irq(a->rig, INTR));
    g_assert_cmphex(get(a, APIC_IRR + 0x20), ==, 0);
}

/* After a reset LINT0 passes a request of the PIC, even one that is already pending. */
static void reset_passes_what_the_pic_asks(Apics *a, gconstpointer data)
{
    (void)data;
    set(a, APIC_LVT_LINT0, APIC_LVT_MASKED | APIC_DELIVERY_EXTINT);
    device_set_input(a->lapic, 0, true);
    g_assert_false(rig_irq(a->rig, INTR));
    device_reset(a->lapic);
    g_assert_true(rig_irq(a->rig, INTR));
}

/* ---- levels and edges ---- */

/* SDM, "Signaling Interrupt Servicing Completion": an EOI message is sent only for levels. */
static void end_of_an_edge_sends_no_message(Apics *a, gconstpointer data)
{
    (void)data;
    redirect(a, 9, 7, IOAPIC_TRIGGER | 0x61); /* to a CPU that does not exist */
    device_set_input(a->ioapic, 9, true);
    g_assert_true(entry(a, 9) & IOAPIC_REMOTE_IRR);
    device_set_input(a->ioapic, 9, false);
    message(a, 0x61);
    g_assert_cmphex(device_acknowledge(a->lapic), ==, 0x61);
    set(a, APIC_EOI, 0);
    g_assert_true(entry(a, 9) & IOAPIC_REMOTE_IRR);
}

static void end_of_a_level_sends_its_vector(Apics *a, gconstpointer data)
{
    (void)data;
    static const uint8_t VECTORS[] = {0x10, 0x1f, 0x20, 0x3f, 0x61, 0xe1, 0xff};
    for (size_t i = 0; i < sizeof(VECTORS); i++) {
        redirect(a, 9, 0, IOAPIC_TRIGGER | VECTORS[i]);
        device_set_input(a->ioapic, 9, true);
        g_assert_cmphex(get(a, APIC_TMR + VECTORS[i] / 32 * 0x10), ==, 1u << VECTORS[i] % 32);
        g_assert_cmphex(device_acknowledge(a->lapic), ==, VECTORS[i]);
        g_assert_cmphex(get(a, APIC_ISR + VECTORS[i] / 32 * 0x10), ==, 1u << VECTORS[i] % 32);
        device_set_input(a->ioapic, 9, false);
        set(a, APIC_EOI, 0);
        g_assert_false(entry(a, 9) & IOAPIC_REMOTE_IRR);
        redirect(a, 9, 0, IOAPIC_MASK);
        message(a, VECTORS[i]);
        device_acknowledge(a->lapic);
        set(a, APIC_EOI, 0);
    }
}

/* The timer, the pins and the error are edges, so they clear a bit that a level had set. */
static void local_sources_are_edges(Apics *a, gconstpointer data)
{
    (void)data;
    for (unsigned source = 0; source < 3; source++) {
        message(a, LEVEL_MESSAGE | (0x41 + source));
        g_assert_cmphex(get(a, APIC_TMR + 0x20), ==, 2u << source);
        device_acknowledge(a->lapic);
        switch (source) {
        case 0:
            set(a, APIC_LVT_TIMER, 0x41);
            set(a, APIC_TIMER_ICR, 1);
            rig_step(a->rig, 1000);
            break;
        case 1:
            set(a, APIC_LVT_LINT0, 0x42);
            device_set_input(a->lapic, 0, true);
            break;
        default:
            set(a, APIC_LVT_ERROR, 0x43);
            set(a, 0x40, 0);
        }
        g_assert_cmphex(get(a, APIC_TMR + 0x20), ==, 0);
        device_acknowledge(a->lapic);
        set(a, APIC_EOI, 0);
    }
}

/* ---- errors ---- */

static void errors_gather_until_they_are_latched(Apics *a, gconstpointer data)
{
    (void)data;
    set(a, APIC_ICR_LOW, APIC_ICR_SELF | 3);
    set(a, 0x40, 0);
    set(a, APIC_ESR, 0);
    g_assert_cmphex(get(a, APIC_ESR), ==, APIC_ESR_SEND_ILLEGAL | APIC_ESR_REGISTER);
}

static void lowest_legal_vector_is_one_for_the_error_too(Apics *a, gconstpointer data)
{
    (void)data;
    set(a, APIC_LVT_ERROR, 0x10);
    set(a, 0x40, 0);
    g_assert_cmphex(get(a, APIC_IRR), ==, 0x10000);
}

static void addresses_beside_registers_are_none(Apics *a, gconstpointer data)
{
    (void)data;
    set(a, APIC_LVT_TIMER, 0x41);
    set(a, APIC_LVT_TIMER + 4, 0x42);
    g_assert_cmphex(get(a, APIC_LVT_TIMER), ==, 0x41);
    set(a, APIC_ESR, 0);
    g_assert_cmphex(get(a, APIC_ESR), ==, APIC_ESR_REGISTER);
    set(a, 0x10, 0x55); /* the lowest vector of a message */
    g_assert_cmphex(get(a, APIC_IRR + 0x20), ==, 0);
    set(a, APIC_ESR, 0);
    g_assert_cmphex(get(a, APIC_ESR), ==, APIC_ESR_REGISTER);
    for (unsigned i = 4; i < 0x10; i += 4) {
        g_assert_cmphex(get(a, APIC_VERSION + i), ==, 0);
    }
    g_assert_cmphex(get(a, PAGE + APIC_VERSION), ==, 0);
    g_assert_cmphex(get(a, PAGE), ==, 0);
    set(a, APIC_ESR, 0);
    g_assert_cmphex(get(a, APIC_ESR), ==, 0);
}

static void bytes_of_the_vectors_can_be_read(Apics *a, gconstpointer data)
{
    (void)data;
    message(a, 0x49);
    g_assert_cmphex(rig_read(a->rig, LAPIC + APIC_IRR + 0x20, 1), ==, 0);
    g_assert_cmphex(rig_read(a->rig, LAPIC + APIC_IRR + 0x21, 1), ==, 0x02);
}

/* ---- the timer and the table ---- */

static void disabling_masks_each_entry_and_nothing_else(Apics *a, gconstpointer data)
{
    (void)data;
    for (uint32_t offset = APIC_LVT_TIMER; offset <= APIC_LVT_ERROR; offset += 0x10) {
        set(a, offset, 0x41);
    }
    set(a, APIC_TIMER_ICR, 0x1000);
    set(a, APIC_SVR, 0xff);
    for (uint32_t offset = APIC_LVT_TIMER; offset <= APIC_LVT_ERROR; offset += 0x10) {
        g_assert_cmphex(get(a, offset), ==, APIC_LVT_MASKED | 0x41);
    }
    g_assert_cmphex(get(a, APIC_TIMER_ICR), ==, 0x1000);
}

static void new_divider_moves_the_interrupt(Apics *a, gconstpointer data)
{
    (void)data;
    set(a, APIC_TIMER_DCR, 0xb);
    set(a, APIC_LVT_TIMER, 0x41);
    set(a, APIC_TIMER_ICR, 1000);
    rig_step(a->rig, 5000);
    set(a, APIC_TIMER_DCR, 0); /* by 2: 500 more ticks take 10 us */
    rig_step(a->rig, 9999);
    g_assert_false(rig_irq(a->rig, INTR));
    rig_step(a->rig, 1);
    g_assert_true(rig_irq(a->rig, INTR));
}

static void period_that_divides_a_microsecond_is_served_each(Apics *a, gconstpointer data)
{
    (void)data;
    set(a, APIC_TIMER_DCR, 0xb);
    set(a, APIC_LVT_TIMER, APIC_LVT_PERIODIC | 0x41);
    set(a, APIC_TIMER_ICR, 20); /* 200 ns */
    rig_step(a->rig, 999);
    g_assert_false(rig_irq(a->rig, INTR));
    rig_step(a->rig, 1);
    g_assert_true(rig_irq(a->rig, INTR));
}

static void identification_is_the_upper_byte(Apics *a, gconstpointer data)
{
    (void)data;
    set(a, APIC_ID, 0x12345679);
    g_assert_cmphex(get(a, APIC_ID), ==, 0x12000000);
}

static void highest_cpu_has_number_254(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    g_assert_true(rig_realize(rig, rig_device_new(rig, "lapic"), "cpu=254"));
    g_assert_false(rig_realize(rig, rig_device_new(rig, "lapic"), "cpu=255"));
    g_assert_nonnull(strstr(rig_error(rig), "cpu=255: at most 254"));
}

/* ---- the I/O APIC ---- */

static void level_that_was_sent_is_not_sent_again_before_its_end(Apics *a, gconstpointer data)
{
    (void)data;
    redirect(a, 9, 0, IOAPIC_TRIGGER | 0x61);
    device_set_input(a->ioapic, 9, true);
    g_assert_cmphex(device_acknowledge(a->lapic), ==, 0x61);
    device_set_input(a->ioapic, 9, false);
    device_set_input(a->ioapic, 9, true);
    g_assert_cmphex(get(a, APIC_IRR + 0x30), ==, 0);
    redirect(a, 9, 0, IOAPIC_TRIGGER | 0x61);
    g_assert_cmphex(get(a, APIC_IRR + 0x30), ==, 0);
}

static void edge_is_a_change_to_active(Apics *a, gconstpointer data)
{
    (void)data;
    redirect(a, 4, 0, 0x52);
    device_set_input(a->ioapic, 4, false);
    g_assert_cmphex(get(a, APIC_IRR + 0x20), ==, 0);
    device_set_input(a->ioapic, 4, true);
    g_assert_cmphex(device_acknowledge(a->lapic), ==, 0x52);
    device_set_input(a->ioapic, 4, true);
    g_assert_cmphex(get(a, APIC_IRR + 0x20), ==, 0);
}

static void end_of_interrupt_is_that_of_its_vector(Apics *a, gconstpointer data)
{
    (void)data;
    static const unsigned PINS[] = {0, 9, IOAPIC_INPUTS - 1};
    for (size_t i = 0; i < G_N_ELEMENTS(PINS); i++) {
        redirect(a, PINS[i], 0, (uint32_t)(IOAPIC_TRIGGER | (0x61 + i)));
        device_set_input(a->ioapic, PINS[i], true);
        device_set_input(a->ioapic, PINS[i], false);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(PINS); i++) {
        rig_write32(a->rig, IOAPIC + IOAPIC_EOI, (uint32_t)(0x61 + i));
        for (size_t j = 0; j < G_N_ELEMENTS(PINS); j++) {
            g_assert_cmpint(!(entry(a, PINS[j]) & IOAPIC_REMOTE_IRR), ==, j <= i);
        }
    }
}

static void indexes_behind_the_table_are_none(Apics *a, gconstpointer data)
{
    (void)data;
    for (unsigned pin = 0; pin < IOAPIC_INPUTS; pin++) {
        redirect(a, pin, 0x55, IOAPIC_MASK | 0x20);
        device_set_input(a->ioapic, pin, true);
    }
    rig_write32(a->rig, IOAPIC + IOAPIC_IOREGSEL, 0);
    g_autoptr(GBytes) before = device_save(a->ioapic);
    for (uint32_t index = 3; index < 0x100; index++) {
        if (index >= IOAPIC_REDTBL && index < IOAPIC_REDTBL + 2 * IOAPIC_INPUTS) {
            continue;
        }
        rig_write32(a->rig, IOAPIC + IOAPIC_IOREGSEL, index);
        g_assert_cmphex(rig_read32(a->rig, IOAPIC + IOAPIC_IOWIN), ==, 0);
        rig_write32(a->rig, IOAPIC + IOAPIC_IOWIN, 0xffffffff);
    }
    rig_write32(a->rig, IOAPIC + IOAPIC_IOREGSEL, 0);
    g_autoptr(GBytes) after = device_save(a->ioapic);
    g_assert_true(g_bytes_equal(before, after));
}

static void bytes_of_the_window_can_be_read(Apics *a, gconstpointer data)
{
    (void)data;
    redirect(a, 4, 0x5a, IOAPIC_MASK | 0x2345);
    g_assert_cmphex(entry(a, 4), ==, IOAPIC_MASK | 0x2345);
    g_assert_cmphex(rig_read(a->rig, IOAPIC + IOAPIC_IOWIN + 1, 1), ==, 0x23);
    g_assert_cmphex(rig_read(a->rig, IOAPIC + IOAPIC_IOWIN + 2, 1), ==, 0x01);
    g_assert_cmphex(rig_read(a->rig, IOAPIC + IOAPIC_IOWIN + 2, 2), ==, 0x0001);
    rig_write32(a->rig, IOAPIC + IOAPIC_IOREGSEL, 0x19);
    g_assert_cmphex(rig_read(a->rig, IOAPIC + IOAPIC_IOWIN + 3, 1), ==, 0x5a);
    g_assert_cmphex(rig_read(a->rig, IOAPIC + IOAPIC_IOREGSEL, 1), ==, 0x19);
    g_assert_cmphex(rig_read(a->rig, IOAPIC + IOAPIC_IOREGSEL + 1, 1), ==, 0);
    g_assert_cmphex(rig_read32(a->rig, IOAPIC + IOAPIC_IOREGSEL + 4), ==, 0);
    g_assert_cmphex(rig_read32(a->rig, IOAPIC + IOAPIC_IOWIN + 4), ==, 0);
}

static void reset_masks_every_input(Apics *a, gconstpointer data)
{
    (void)data;
    for (unsigned pin = 0; pin < IOAPIC_INPUTS; pin++) {
        redirect(a, pin, 0x55, 0x20);
    }
    device_reset(a->ioapic);
    g_assert_cmphex(rig_read32(a->rig, IOAPIC + IOAPIC_IOREGSEL), ==, 0);
    for (unsigned pin = 0; pin < IOAPIC_INPUTS; pin++) {
        g_assert_cmphex(entry(a, pin), ==, IOAPIC_MASK);
    }
}

static void state_of_an_io_apic_that_cannot_be_is_refused(Apics *a, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *field;
        unsigned index;
        uint64_t value;
    } BAD[] = {{"low", 0, IOAPIC_DELIVS}, {"low", 23, 0x20000},  {"high", 0, 1},
               {"high", 23, 0x00800000},  {"id", 0, 0x10000000}, {"id", 0, 1},
               {"inputs", 0, 0x01000000}};
    g_autoptr(GBytes) saved = device_save(a->ioapic);
    g_assert_true(rig_load(a->ioapic, saved));
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GBytes) bad = rig_patch(saved, BAD[i].field, BAD[i].index, BAD[i].value);
        g_assert_false(rig_load(a->ioapic, bad));
    }
}

#define CORNER(name) g_test_add("/apic/corners/" #name, Apics, NULL, set_up, name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CORNER(priority_of_one_class_is_the_task_priority);
    CORNER(lower_task_priority_asks_at_once);
    CORNER(disabled_by_software_asks_for_nothing_that_waits);
    CORNER(unmasked_extint_pin_that_is_high_asks_at_once);
    CORNER(reset_takes_the_request_back);
    CORNER(reset_passes_what_the_pic_asks);
    CORNER(end_of_an_edge_sends_no_message);
    CORNER(end_of_a_level_sends_its_vector);
    CORNER(local_sources_are_edges);
    CORNER(errors_gather_until_they_are_latched);
    CORNER(lowest_legal_vector_is_one_for_the_error_too);
    CORNER(addresses_beside_registers_are_none);
    CORNER(bytes_of_the_vectors_can_be_read);
    CORNER(disabling_masks_each_entry_and_nothing_else);
    CORNER(new_divider_moves_the_interrupt);
    CORNER(period_that_divides_a_microsecond_is_served_each);
    CORNER(identification_is_the_upper_byte);
    CORNER(level_that_was_sent_is_not_sent_again_before_its_end);
    CORNER(edge_is_a_change_to_active);
    CORNER(end_of_interrupt_is_that_of_its_vector);
    CORNER(indexes_behind_the_table_are_none);
    CORNER(bytes_of_the_window_can_be_read);
    CORNER(reset_masks_every_input);
    CORNER(state_of_an_io_apic_that_cannot_be_is_refused);
    g_test_add_func("/apic/corners/highest_cpu_has_number_254", highest_cpu_has_number_254);
    return g_test_run();
}
