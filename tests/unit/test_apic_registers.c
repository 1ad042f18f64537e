/*
 * The registers of the two APICs: their names in a trace, what they read back, and
 * accesses that the manuals do not define.  "SDM" and "DS" as in test_apic.c.
 */
#include "devices/intc/ioapic_regs.h"
#include "devices/intc/lapic_regs.h"
#include "rig.h"
#include "src/boot/apic_regs.h"

#define LAPIC  UINT64_C(0xfee00000)
#define IOAPIC UINT64_C(0xfec00000)
#define PAGE   0x1000u

static const char *name_at(Rig *rig, uint64_t address, bool write)
{
    const BusMapping *mapping = bus_find(rig_bus(rig), IO_MEMORY, address);
    return mapping->claim->register_name(mapping->state, address - mapping->base, write);
}

static uint32_t get(Rig *rig, uint32_t offset)
{
    return rig_read32(rig, LAPIC + offset);
}

static void set(Rig *rig, uint32_t offset, uint32_t value)
{
    rig_write32(rig, LAPIC + offset, value);
}

/* SDM: the ESR shows the errors since the last write to it. */
static uint32_t errors(Rig *rig)
{
    set(rig, APIC_ESR, 0);
    return get(rig, APIC_ESR);
}

/* SDM table "Local APIC Register Address Map". */
static void test_local_registers_have_the_manuals_names(void)
{
    static const struct {
        uint32_t offset;
        const char *name;
    } NAMES[] = {
        {APIC_ID, "ID"},
        {APIC_VERSION, "VERSION"},
        {APIC_TPR, "TPR"},
        {APIC_PPR, "PPR"},
        {APIC_EOI, "EOI"},
        {APIC_LDR, "LDR"},
        {APIC_DFR, "DFR"},
        {APIC_SVR, "SVR"},
        {APIC_ESR, "ESR"},
        {APIC_ICR_LOW, "ICR_LOW"},
        {APIC_ICR_HIGH, "ICR_HIGH"},
        {APIC_LVT_TIMER, "LVT_TIMER"},
        {APIC_LVT_LINT0, "LVT_LINT0"},
        {APIC_LVT_LINT1, "LVT_LINT1"},
        {APIC_LVT_ERROR, "LVT_ERROR"},
        {APIC_TIMER_ICR, "TIMER_ICR"},
        {APIC_TIMER_CCR, "TIMER_CCR"},
        {APIC_TIMER_DCR, "TIMER_DCR"},
    };
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "lapic", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        g_assert_cmpstr(name_at(rig, LAPIC + NAMES[i].offset, false), ==, NAMES[i].name);
        g_assert_cmpstr(name_at(rig, LAPIC + NAMES[i].offset, true), ==, NAMES[i].name);
    }
    g_assert_null(name_at(rig, LAPIC + 0x40, true));
    g_assert_cmpstr(name_at(rig, LAPIC + PAGE, true), ==, "message");
    g_assert_cmpstr(name_at(rig, LAPIC, true), ==, "message");
    g_assert_null(name_at(rig, LAPIC + PAGE, false));
}

static void test_local_registers_read_back(void)
{
    static const struct {
        uint32_t offset, value, read;
    } REGISTERS[] = {
        {APIC_TPR, 0x5a, 0x5a},
        {APIC_LDR, 0x12ffffff, 0x12000000},
        {APIC_DFR, 0, 0x0fffffff},
        {APIC_ICR_HIGH, 0x34000000, 0x34000000},
        {APIC_TIMER_DCR, 0xffffffff, 0xb},
        {APIC_EOI, 0, 0},
    };
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "lapic", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(REGISTERS); i++) {
        set(rig, REGISTERS[i].offset, REGISTERS[i].value);
        g_assert_cmphex(get(rig, REGISTERS[i].offset), ==, REGISTERS[i].read);
    }
    g_assert_cmphex(get(rig, APIC_ID), ==, 0);
    /* SDM: PPR is TPR if its class is not below that in service. */
    g_assert_cmphex(get(rig, APIC_PPR), ==, 0x5a);
    set(rig, APIC_SVR, APIC_SVR_ENABLE | 0xff);
    set(rig, APIC_ICR_LOW, APIC_ICR_SELF | 0x61);
    g_assert_cmphex(get(rig, APIC_ICR_LOW), ==, APIC_ICR_SELF | 0x61);
    g_assert_cmphex(errors(rig), ==, 0);
}

static void test_count_register_shows_what_is_left(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "lapic", NULL);
    set(rig, APIC_TIMER_DCR, 0xb); /* by 1 */
    set(rig, APIC_TIMER_ICR, 1000);
    g_assert_cmpuint(get(rig, APIC_TIMER_ICR), ==, 1000);
    rig_step(rig, 300 * (NS_PER_SECOND / APIC_TIMER_HZ));
    g_assert_cmpuint(get(rig, APIC_TIMER_CCR), ==, 700);
    g_assert_cmpuint(get(rig, APIC_TIMER_ICR), ==, 1000);
}

/* SDM "Error Handling": an access to a reserved register is an illegal register address. */
static void test_reserved_registers_are_errors(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "lapic", NULL);
    g_assert_cmphex(get(rig, 0x040), ==, 0);
    g_assert_cmphex(errors(rig), ==, APIC_ESR_REGISTER);
    set(rig, 0x040, 1);
    g_assert_cmphex(errors(rig), ==, APIC_ESR_REGISTER);
    g_assert_cmphex(errors(rig), ==, 0);
}

/* SDM: registers lie on boundaries of 16 bytes. */
static void test_write_between_registers_is_an_error(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "lapic", NULL);
    set(rig, APIC_TPR + 4, 0x77);
    g_assert_cmphex(get(rig, APIC_TPR), ==, 0);
    g_assert_cmphex(get(rig, APIC_TPR + 4), ==, 0);
    g_assert_cmphex(errors(rig), ==, APIC_ESR_REGISTER);
}

/* SDM: accesses have 32 bits.  Shorter reads are possible, as on today's CPUs. */
static void test_local_registers_take_32_bits_and_give_less(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "lapic", "cpu=3");
    BusInitiator by = {.cpu = 3};
    uint64_t value = 0x5a;
    bus_memory_access(rig_bus(rig), &by, LAPIC + APIC_TPR, true, 4, &value);
    value = 0;
    bus_memory_access(rig_bus(rig), &by, LAPIC + APIC_TPR, true, 1, &value);
    bus_memory_access(rig_bus(rig), &by, LAPIC + APIC_TPR, true, 2, &value);
    bus_memory_access(rig_bus(rig), &by, LAPIC + APIC_TPR, true, 8, &value);
    bus_memory_access(rig_bus(rig), &by, LAPIC + APIC_TPR, false, 1, &value);
    g_assert_cmphex(value, ==, 0x5a);
    bus_memory_access(rig_bus(rig), &by, LAPIC + APIC_ID + 3, false, 1, &value);
    g_assert_cmphex(value, ==, 3);
    bus_memory_access(rig_bus(rig), &by, LAPIC + APIC_TPR, false, 8, &value);
    g_assert_cmphex(value, ==, UINT64_MAX);
}

/* SDM "Local Vector Table", delivery mode 000: delivers the vector of the vector field. */
static void test_fixed_local_pin_delivers_its_vector(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    Device *lapic = rig_device(rig, "lapic", NULL);
    set(rig, APIC_SVR, APIC_SVR_ENABLE | 0xff);
    set(rig, APIC_LVT_LINT0, APIC_DELIVERY_FIXED | 0x51);
    device_set_input(lapic, 0, true);
    g_assert_cmphex(get(rig, APIC_IRR + 0x51 / 32 * 0x10), ==, 1u << 0x51 % 32);
    g_assert_cmphex(device_acknowledge(lapic), ==, 0x51);
    set(rig, APIC_EOI, 0);
    device_set_input(lapic, 0, true);
    g_assert_cmphex(get(rig, APIC_IRR + 0x51 / 32 * 0x10), ==, 0);
    device_set_input(lapic, 0, false);
    device_set_input(lapic, 0, true);
    g_assert_cmphex(get(rig, APIC_IRR + 0x51 / 32 * 0x10), ==, 1u << 0x51 % 32);
}

static void test_local_state_that_cannot_be_is_refused(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    Device *lapic = rig_device(rig, "lapic", NULL);
    set(rig, APIC_TIMER_DCR, 0x3);
    g_autoptr(GBytes) saved = device_save(lapic);
    g_autoptr(GBytes) bad = rig_patch(saved, "divide", 0, 4);
    g_assert_false(rig_load(lapic, bad));
    g_assert_true(rig_load(lapic, saved));
    g_assert_cmphex(get(rig, APIC_TIMER_DCR), ==, 0x3);
}

/* DS 3.1 and, for EOI, the version 20h of later chip sets. */
/* SDM "Interrupt Acceptance for Fixed Interrupts": cleared for edges, set for levels. */
static void test_trigger_mode_is_that_of_the_last_message(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "lapic", NULL);
    set(rig, APIC_SVR, APIC_SVR_ENABLE | 0xff);
    set(rig, 0, APIC_LEVEL_ASSERT | APIC_TRIGGER_LEVEL | 0x64);
    g_assert_cmphex(get(rig, APIC_TMR + 0x30), ==, 0x10);
    set(rig, 0, APIC_LEVEL_ASSERT | APIC_TRIGGER_LEVEL | 0x65);
    g_assert_cmphex(get(rig, APIC_TMR + 0x30), ==, 0x30);
    set(rig, APIC_ICR_LOW, APIC_ICR_SELF | 0x64);
    g_assert_cmphex(get(rig, APIC_TMR + 0x30), ==, 0x20);
}

static Rig *rig_with_lapic(Device **lapic)
{
    Rig *rig = rig_new_unlocked();
    *lapic = rig_device_new(rig, "lapic");
    device_connect(*lapic, "intr", rig_line(rig, 16), NULL);
    g_assert_true(rig_realize(rig, *lapic, NULL));
    set(rig, APIC_SVR, APIC_SVR_ENABLE | 0xff);
    return rig;
}

/* No handler could keep up with more, so the next tick is the first one a microsecond later. */
static void test_short_periods_are_served_a_microsecond_apart(void)
{
    Device *lapic;
    g_autoptr(Rig) rig = rig_with_lapic(&lapic);
    set(rig, APIC_TIMER_DCR, 0xb);
    set(rig, APIC_LVT_TIMER, APIC_LVT_PERIODIC | 0x41);
    set(rig, APIC_TIMER_ICR, 30); /* 300 ns */
    for (uint64_t tick = 1; tick <= 3; tick++) {
        rig_step(rig, 1200 * tick - 1 - rig_now(rig));
        g_assert_false(rig_irq(rig, 16));
        rig_step(rig, 1);
        g_assert_true(rig_irq(rig, 16));
        g_assert_cmphex(device_acknowledge(lapic), ==, 0x41);
        set(rig, APIC_EOI, 0);
    }
}

/* SDM "Logical Destination Mode": in the flat model all eight bits are one mask. */
static void test_flat_destination_is_a_mask_of_eight_bits(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "lapic", NULL);
    set(rig, APIC_SVR, APIC_SVR_ENABLE | 0xff);
    set(rig, APIC_LDR, 0x10000000);
    set(rig, APIC_ICR_HIGH, 0x30000000);
    set(rig, APIC_ICR_LOW, APIC_ICR_LOGICAL | 0x44);
    g_assert_cmphex(get(rig, APIC_IRR + 0x20), ==, 0x10);
}

/*
 * SDM "Error Handling": for both delivery modes that have a vector, vectors below
 * 16 are illegal.
 */
static void test_illegal_vector_of_lowest_priority_is_not_sent(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "lapic", NULL);
    set(rig, APIC_SVR, APIC_SVR_ENABLE | 0xff);
    set(rig, APIC_ICR_LOW, APIC_DELIVERY_LOWEST | 0x0f);
    g_assert_cmphex(errors(rig), ==, APIC_ESR_SEND_ILLEGAL);
    set(rig, APIC_ICR_LOW, APIC_DELIVERY_LOWEST | 0x10);
    g_assert_cmphex(errors(rig), ==, 0);
    g_assert_cmphex(get(rig, APIC_IRR), ==, 0x10000);
}

/* Each kind of error interrupts the CPU at once, and not only at the next event. */
static void test_error_interrupt_comes_at_once(void)
{
    static const struct {
        uint32_t offset, value;
        bool write;
    } ERRORS[] = {{APIC_ICR_LOW, APIC_ICR_SELF | 3, true},
                  {0x040, 0, true},
                  {0x040, 0, false},
                  {APIC_TPR + 4, 0, true}};
    for (unsigned i = 0; i < G_N_ELEMENTS(ERRORS); i++) {
        Device *lapic;
        g_autoptr(Rig) rig = rig_with_lapic(&lapic);
        set(rig, APIC_LVT_ERROR, 0x90);
        if (ERRORS[i].write) {
            set(rig, ERRORS[i].offset, ERRORS[i].value);
        } else {
            get(rig, ERRORS[i].offset);
        }
        g_assert_true(rig_irq(rig, 16));
        g_assert_cmphex(device_acknowledge(lapic), ==, 0x90);
    }
}

static void test_io_registers_have_the_data_sheets_names(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "ioapic", NULL);
    for (unsigned write = 0; write < 2; write++) {
        g_assert_cmpstr(name_at(rig, IOAPIC + IOAPIC_IOREGSEL, write), ==, "IOREGSEL");
        g_assert_cmpstr(name_at(rig, IOAPIC + IOAPIC_IOWIN, write), ==, "IOWIN");
        g_assert_cmpstr(name_at(rig, IOAPIC + IOAPIC_EOI, write), ==, write ? "EOI" : NULL);
        g_assert_null(name_at(rig, IOAPIC + 0x20, write));
    }
}

static void test_io_addresses_without_a_register_keep_nothing(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "ioapic", NULL);
    rig_write32(rig, IOAPIC + IOAPIC_IOREGSEL, IOAPIC_VER);
    rig_write32(rig, IOAPIC + 0x20, 0xffffffff);
    g_assert_cmphex(rig_read32(rig, IOAPIC + 0x20), ==, 0);
    g_assert_cmphex(rig_read32(rig, IOAPIC + IOAPIC_IOREGSEL), ==, IOAPIC_VER);
    /* An index after the table, and indexes that cannot be written. */
    static const uint8_t INDEXES[] = {IOAPIC_VER, IOAPIC_ARB, 3, IOAPIC_REDTBL + 2 * IOAPIC_INPUTS,
                                      0xff};
    for (unsigned i = 0; i < G_N_ELEMENTS(INDEXES); i++) {
        rig_write32(rig, IOAPIC + IOAPIC_IOREGSEL, INDEXES[i]);
        uint32_t before = rig_read32(rig, IOAPIC + IOAPIC_IOWIN);
        rig_write32(rig, IOAPIC + IOAPIC_IOWIN, ~before);
        g_assert_cmphex(rig_read32(rig, IOAPIC + IOAPIC_IOWIN), ==, before);
    }
}

/* Otherwise a guest that reads the MP table calls the chip misconfigured. */
static void test_io_apic_has_the_id_of_the_tables(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "ioapic", NULL);
    for (unsigned index = IOAPIC_ID; index <= IOAPIC_ARB; index += IOAPIC_ARB - IOAPIC_ID) {
        rig_write32(rig, IOAPIC + IOAPIC_IOREGSEL, index);
        g_assert_cmphex(rig_read32(rig, IOAPIC + IOAPIC_IOWIN) >> 24, ==, IO_APIC_ID);
    }
}

static void test_io_window_takes_32_bits_and_the_index_8(void)
{
    g_autoptr(Rig) rig = rig_new_unlocked();
    rig_device(rig, "ioapic", NULL);
    BusInitiator by = {0};
    uint64_t value = IOAPIC_REDTBL;
    bus_memory_access(rig_bus(rig), &by, IOAPIC + IOAPIC_IOREGSEL, true, 1, &value);
    rig_write32(rig, IOAPIC + IOAPIC_IOWIN, IOAPIC_MASK | 0x31);
    for (unsigned size = 1; size <= 8; size *= size == 2 ? 4 : 2) {
        value = IOAPIC_MASK | 0x55;
        bus_memory_access(rig_bus(rig), &by, IOAPIC + IOAPIC_IOWIN, true, size, &value);
    }
    g_assert_cmphex(rig_read32(rig, IOAPIC + IOAPIC_IOWIN), ==, IOAPIC_MASK | 0x31);
}

#define ADD(name) g_test_add_func("/apic/registers/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(local_registers_have_the_manuals_names);
    ADD(local_registers_read_back);
    ADD(count_register_shows_what_is_left);
    ADD(reserved_registers_are_errors);
    ADD(write_between_registers_is_an_error);
    ADD(local_registers_take_32_bits_and_give_less);
    ADD(fixed_local_pin_delivers_its_vector);
    ADD(local_state_that_cannot_be_is_refused);
    ADD(trigger_mode_is_that_of_the_last_message);
    ADD(short_periods_are_served_a_microsecond_apart);
    ADD(flat_destination_is_a_mask_of_eight_bits);
    ADD(illegal_vector_of_lowest_priority_is_not_sent);
    ADD(error_interrupt_comes_at_once);
    ADD(io_registers_have_the_data_sheets_names);
    ADD(io_apic_has_the_id_of_the_tables);
    ADD(io_window_takes_32_bits_and_the_index_8);
    ADD(io_addresses_without_a_register_keep_nothing);
    return g_test_run();
}
