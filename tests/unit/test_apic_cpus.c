/*
 * Local APICs of several CPUs, and the messages between them and the I/O APIC.
 * "SDM" as in test_apic.c.
 */
#include "devices/intc/ioapic_regs.h"
#include "devices/intc/lapic_regs.h"
#include "rig.h"

#include <string.h>

#define LAPIC  UINT64_C(0xfee00000)
#define IOAPIC UINT64_C(0xfec00000)

#define CPUS 4u

/* Recorders of the outputs. */
#define LINE_INTR(cpu) (16u + (cpu))
#define LINE_NMI(cpu)  (24u + (cpu))

#define VECTOR 0x51u

typedef struct Board {
    Rig *rig;
    Device *lapic[CPUS], *ioapic;
} Board;

static uint32_t get(Board *b, unsigned cpu, uint32_t offset)
{
    rig_set_cpu(b->rig, cpu);
    return rig_read32(b->rig, LAPIC + offset);
}

static void set(Board *b, unsigned cpu, uint32_t offset, uint32_t value)
{
    rig_set_cpu(b->rig, cpu);
    rig_write32(b->rig, LAPIC + offset, value);
}

static Device *new_lapic(Rig *rig, unsigned cpu)
{
    g_autofree char *properties = g_strdup_printf("cpu=%u", cpu);
    Device *lapic = rig_device_new(rig, "lapic");
    device_connect(lapic, "intr", rig_line(rig, LINE_INTR(cpu)), NULL);
    device_connect(lapic, "nmi", rig_line(rig, LINE_NMI(cpu)), NULL);
    g_assert_true(rig_realize(rig, lapic, properties));
    return lapic;
}

static void set_up(Board *b, gconstpointer data)
{
    (void)data;
    b->rig = rig_new_unlocked();
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        b->lapic[cpu] = new_lapic(b->rig, cpu);
        set(b, cpu, APIC_SVR, APIC_SVR_ENABLE | 0xff);
    }
    b->ioapic = rig_device(b->rig, "ioapic", NULL);
}

static void tear_down(Board *b, gconstpointer data)
{
    (void)data;
    rig_free(b->rig);
}

static void command(Board *b, unsigned cpu, uint8_t destination, uint32_t low)
{
    set(b, cpu, APIC_ICR_HIGH, (uint32_t)destination << 24);
    set(b, cpu, APIC_ICR_LOW, low);
}

/* Checks which CPUs have the vector pending, and takes it from them. */
static void assert_got(Board *b, uint8_t vector, const char *expected)
{
    g_autoptr(GString) got = g_string_new(NULL);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        if (get(b, cpu, APIC_IRR + vector / 32u * 0x10u) >> vector % 32 & 1) {
            g_string_append_printf(got, "%u", cpu);
            g_assert_true(rig_irq(b->rig, LINE_INTR(cpu)));
            g_assert_cmphex(device_acknowledge(b->lapic[cpu]), ==, vector);
            set(b, cpu, APIC_EOI, 0);
        }
    }
    g_assert_cmpstr(got->str, ==, expected);
}

/* ---- identity ---- */

static void test_each_cpu_sees_its_own(Board *b, gconstpointer data)
{
    (void)data;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        g_assert_cmphex(get(b, cpu, APIC_ID), ==, cpu << 24);
        set(b, cpu, APIC_TPR, 0x10 * cpu);
    }
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        g_assert_cmphex(get(b, cpu, APIC_TPR), ==, 0x10 * cpu);
    }
}

static void test_only_the_first_is_wired_to_the_pic(Board *b, gconstpointer data)
{
    (void)data;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        device_reset(b->lapic[cpu]);
        device_set_input(b->lapic[cpu], 0, true);
        g_assert_cmpint(rig_irq(b->rig, LINE_INTR(cpu)), ==, cpu == 0);
    }
}

static void test_numbers_end_before_the_one_for_all(Board *b, gconstpointer data)
{
    (void)data;
    Device *lapic = rig_device_new(b->rig, "lapic");
    g_assert_false(rig_realize(b->rig, lapic, "cpu=255"));
    g_assert_nonnull(strstr(rig_error(b->rig), "cpu=255"));
}

/* ---- commands: SDM, "Issuing Interprocessor Interrupts" ---- */

static void test_physical_destination(Board *b, gconstpointer data)
{
    (void)data;
    command(b, 0, 2, VECTOR);
    assert_got(b, VECTOR, "2");
    command(b, 3, 3, VECTOR);
    assert_got(b, VECTOR, "3");
    command(b, 1, 0xff, VECTOR);
    assert_got(b, VECTOR, "0123");
    command(b, 1, 9, VECTOR);
    assert_got(b, VECTOR, "");
}

static void test_id_that_was_written_counts(Board *b, gconstpointer data)
{
    (void)data;
    set(b, 2, APIC_ID, 9u << 24);
    command(b, 0, 9, VECTOR);
    assert_got(b, VECTOR, "2");
    command(b, 0, 2, VECTOR);
    assert_got(b, VECTOR, "");
}

static void test_shorthands(Board *b, gconstpointer data)
{
    (void)data;
    set(b, 1, APIC_ICR_LOW, APIC_ICR_SELF | VECTOR);
    assert_got(b, VECTOR, "1");
    set(b, 1, APIC_ICR_LOW, APIC_ICR_ALL | VECTOR);
    assert_got(b, VECTOR, "0123");
    set(b, 1, APIC_ICR_LOW, APIC_ICR_OTHERS | VECTOR);
    assert_got(b, VECTOR, "023");
    command(b, 0, 1, VECTOR);
    assert_got(b, VECTOR, "1");
}

static void test_flat_model(Board *b, gconstpointer data)
{
    (void)data;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        set(b, cpu, APIC_LDR, 1u << (24 + cpu));
    }
    command(b, 0, 0xa, APIC_ICR_LOGICAL | VECTOR);
    assert_got(b, VECTOR, "13");
}

static void test_cluster_model(Board *b, gconstpointer data)
{
    (void)data;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        set(b, cpu, APIC_DFR, 0x0fffffff);
        set(b, cpu, APIC_LDR, (cpu / 2 << 4 | 1u << cpu % 2) << 24);
    }
    command(b, 0, 0x13, APIC_ICR_LOGICAL | VECTOR);
    assert_got(b, VECTOR, "23");
    command(b, 0, 0xf1, APIC_ICR_LOGICAL | VECTOR);
    assert_got(b, VECTOR, "02");
}

/*
 * The CPU with the lowest processor priority gets it.  A CPU whose APIC is disabled
 * takes no part.
 */
static void test_lowest_priority(Board *b, gconstpointer data)
{
    (void)data;
    static const uint8_t PRIORITIES[CPUS] = {0x40, 0x30, 0x20, 0x30};
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        set(b, cpu, APIC_TPR, PRIORITIES[cpu]);
    }
    command(b, 0, 0xff, APIC_DELIVERY_LOWEST | VECTOR);
    assert_got(b, VECTOR, "2");
    set(b, 2, APIC_SVR, 0xff);
    command(b, 0, 0xff, APIC_DELIVERY_LOWEST | VECTOR);
    assert_got(b, VECTOR, "1");
}

static void test_a_cpu_in_service_is_busier(Board *b, gconstpointer data)
{
    (void)data;
    command(b, 1, 0, 0x61);
    g_assert_cmphex(device_acknowledge(b->lapic[0]), ==, 0x61);
    command(b, 0, 0xff, APIC_DELIVERY_LOWEST | VECTOR);
    assert_got(b, VECTOR, "1");
}

static void test_nmi(Board *b, gconstpointer data)
{
    (void)data;
    set(b, 2, APIC_ICR_LOW, APIC_ICR_OTHERS | APIC_DELIVERY_NMI);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        g_assert_cmpuint(rig_irq_edges(b->rig, LINE_NMI(cpu)), ==, cpu != 2);
    }
}

/* SDM, "Local APIC State After It Receives an INIT": as after power-on, except for the ID. */
static void test_init(Board *b, gconstpointer data)
{
    (void)data;
    set(b, 3, APIC_ID, 7u << 24);
    set(b, 3, APIC_TPR, 0x50);
    set(b, 3, APIC_LVT_LINT0, APIC_DELIVERY_EXTINT);
    command(b, 0, 7, APIC_DELIVERY_INIT | APIC_LEVEL_ASSERT);
    g_assert_cmpuint(rig_requests(b->rig, DEVICE_CPU_INIT), ==, 1);
    g_assert_cmpuint(rig_request(b->rig, DEVICE_CPU_INIT)->cpu, ==, 3);
    g_assert_cmphex(get(b, 3, APIC_ID), ==, 7u << 24);
    g_assert_cmphex(get(b, 3, APIC_TPR), ==, 0);
    g_assert_cmphex(get(b, 3, APIC_SVR), ==, 0xff);
    g_assert_cmphex(get(b, 3, APIC_LVT_LINT0), ==, APIC_LVT_MASKED);
    g_assert_cmphex(get(b, 0, APIC_SVR), ==, APIC_SVR_ENABLE | 0xff);
}

/* SDM: "INIT Level De-assert" only synchronizes arbitration. */
static void test_init_deassert(Board *b, gconstpointer data)
{
    (void)data;
    set(b, 0, APIC_ICR_LOW, APIC_ICR_ALL | APIC_TRIGGER_LEVEL | APIC_DELIVERY_INIT);
    g_assert_cmpuint(rig_requests(b->rig, DEVICE_CPU_INIT), ==, 0);
}

/* SDM, "Local APIC Disabled State": an APIC that software has disabled still accepts it. */
static void test_start(Board *b, gconstpointer data)
{
    (void)data;
    set(b, 2, APIC_SVR, 0xff);
    command(b, 0, 2, APIC_DELIVERY_START | APIC_LEVEL_ASSERT | 0x9a);
    g_assert_cmpuint(rig_requests(b->rig, DEVICE_CPU_START), ==, 1);
    g_assert_cmpuint(rig_request(b->rig, DEVICE_CPU_START)->cpu, ==, 2);
    g_assert_cmphex(rig_request(b->rig, DEVICE_CPU_START)->vector, ==, 0x9a);
    set(b, 1, APIC_ICR_LOW, APIC_ICR_OTHERS | APIC_DELIVERY_START | APIC_LEVEL_ASSERT | 8);
    g_assert_cmpuint(rig_requests(b->rig, DEVICE_CPU_START), ==, 4);
}

/* SDM, "Error Handling": the sender of an illegal vector records the error. */
static void test_illegal_vector_stays_with_the_sender(Board *b, gconstpointer data)
{
    (void)data;
    command(b, 1, 2, 0x0f);
    set(b, 1, APIC_ESR, 0);
    set(b, 2, APIC_ESR, 0);
    g_assert_cmphex(get(b, 1, APIC_ESR), ==, APIC_ESR_SEND_ILLEGAL);
    g_assert_cmphex(get(b, 2, APIC_ESR), ==, 0);
}

/* ---- the I/O APIC ---- */

static void redirect(Board *b, unsigned pin, uint8_t destination, uint32_t low)
{
    rig_write32(b->rig, IOAPIC + IOAPIC_IOREGSEL, IOAPIC_REDTBL + 2 * pin + 1);
    rig_write32(b->rig, IOAPIC + IOAPIC_IOWIN, (uint32_t)destination << IOAPIC_DEST_SHIFT);
    rig_write32(b->rig, IOAPIC + IOAPIC_IOREGSEL, IOAPIC_REDTBL + 2 * pin);
    rig_write32(b->rig, IOAPIC + IOAPIC_IOWIN, low);
}

static void test_input_goes_to_the_cpu_named(Board *b, gconstpointer data)
{
    (void)data;
    redirect(b, 4, 2, VECTOR);
    device_set_input(b->ioapic, 4, true);
    assert_got(b, VECTOR, "2");
}

static void test_input_goes_to_the_least_busy(Board *b, gconstpointer data)
{
    (void)data;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        set(b, cpu, APIC_LDR, 1u << (24 + cpu));
        set(b, cpu, APIC_TPR, 0x40 - 0x10 * cpu);
    }
    redirect(b, 4, 0x7, IOAPIC_DESTMOD | APIC_DELIVERY_LOWEST | VECTOR);
    device_set_input(b->ioapic, 4, true);
    assert_got(b, VECTOR, "2");
}

/* Whichever CPU ends a level interrupt, the I/O APIC sends it again. */
static void test_end_of_a_level_by_another_cpu(Board *b, gconstpointer data)
{
    (void)data;
    redirect(b, 9, 3, IOAPIC_TRIGGER | VECTOR);
    device_set_input(b->ioapic, 9, true);
    g_assert_cmphex(device_acknowledge(b->lapic[3]), ==, VECTOR);
    g_assert_false(rig_irq(b->rig, LINE_INTR(3)));
    set(b, 3, APIC_EOI, 0);
    g_assert_true(rig_irq(b->rig, LINE_INTR(3)));
    device_set_input(b->ioapic, 9, false);
    g_assert_cmphex(device_acknowledge(b->lapic[3]), ==, VECTOR);
    set(b, 3, APIC_EOI, 0);
    g_assert_false(rig_irq(b->rig, LINE_INTR(3)));
}

#define TEST(name) g_test_add("/apic/cpus/" #name, Board, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(each_cpu_sees_its_own);
    TEST(only_the_first_is_wired_to_the_pic);
    TEST(numbers_end_before_the_one_for_all);
    TEST(physical_destination);
    TEST(id_that_was_written_counts);
    TEST(shorthands);
    TEST(flat_model);
    TEST(cluster_model);
    TEST(lowest_priority);
    TEST(a_cpu_in_service_is_busier);
    TEST(nmi);
    TEST(init);
    TEST(init_deassert);
    TEST(start);
    TEST(illegal_vector_stays_with_the_sender);
    TEST(input_goes_to_the_cpu_named);
    TEST(input_goes_to_the_least_busy);
    TEST(end_of_a_level_by_another_cpu);
    return g_test_run();
}
