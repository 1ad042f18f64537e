/*
 * PCI: configuration mechanism 1, sizing and moving of base address registers,
 * the interrupt line and its routing, shadow memory, and saved state.
 */
#include "devices/pci/i440fx_regs.h"
#include "devices/pci/pci_regs.h"
#include "src/board/irq.h"
#include "src/device/pci.h"
#include "tests/unit/rig.h"

#include <string.h>

#define CONFADD  0xcf8u
#define CONFDATA 0xcfcu
#define CARD     PCI_FUNCTION(4, 0)
#define BRIDGE   PCI_FUNCTION(0, 0)
#define ISA      PCI_FUNCTION(1, 0)
#define PORTS    0x20u
#define MEMORY   0x1000u

/* ---- a card with ports, memory and an interrupt ---- */

typedef struct Card {
    Device *dev;
    uint8_t value;

    IrqLine *intx;
} Card;

static uint64_t card_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    return ((const Card *)state)->value + offset;
}

/* Bit 0 is the level of the interrupt. */
static void card_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Card *s = state;
    (void)offset, (void)size;
    s->value = (uint8_t)value;
    pio_irq_set(s->intx, value & 1);
}

static void card_reset(void *state)
{
    card_write(state, 0, 0x40, 1);
}

static const IoOps CARD_OPS = {.read = card_read, .write = card_write, .max_size = 1};

static const PciBar BARS[] = {{.number = 0, .ports = true, .size = PORTS},
                              {.number = 1, .size = MEMORY, .prefetch = true},
                              {.number = 2, .size = MEMORY, .wide = true},
                              PCI_BAR_END};

static const PciIdentity IDENTITY = {
    .struct_size = sizeof(PciIdentity),
    .vendor = 0x1234,
    .device = 0x5678,
    .subsystem_vendor = 0x9abc,
    .subsystem = 0xdef0,
    .class_code = 0x020000,
    .revision = 7,
    .pin = 1,
    .bus_master = true,
    .bars = BARS,
};

static const DeviceClass CARD_CLASS = {
    .head = DEVICE_CLASS_HEAD("card", Card),
    .description = "a card",
    .regions = DEVICE_REGIONS(
        {.name = "ports", .space = IO_PORTS, .size = PORTS, .ops = &CARD_OPS, .bar = 1},
        {.name = "low", .space = IO_MEMORY, .size = 0x10, .ops = &CARD_OPS, .bar = 2},
        {.name = "high",
         .space = IO_MEMORY,
         .size = 0x10,
         .ops = &CARD_OPS,
         .bar = 2,
         .bar_offset = 0x800},
        {.name = "wide", .space = IO_MEMORY, .size = 0x10, .ops = &CARD_OPS, .bar = 3}),
    .outputs = DEVICE_OUTPUTS(DEVICE_OUTPUT(Card, intx, "intx")),
    .reset = card_reset,
    .fields = DEVICE_FIELDS(DEVICE_FIELD(Card, value)),
    .pci = &IDENTITY,
};

/* ---- the bus ---- */

typedef struct Shadow {
    uint32_t address, size;
    ShadowMode mode;
} Shadow;

typedef struct Fixture {
    Bus *bus;
    Clock *clock;
    Memory *memory;
    DeviceHost host;
    BusInitiator by;
    Device *pci_host, *bridge, *isa, *card;
    IrqLine *pirq, *irq[2];
    bool level[2]; /* the levels of IRQ 10 and 11 */
    GArray *shadows;
    unsigned guest_errors;
} Fixture;

static void note_shadow(void *opaque, uint32_t address, uint32_t size, ShadowMode mode)
{
    Fixture *f = opaque;
    const Shadow shadow = {address, size, mode};
    g_array_append_val(f->shadows, shadow);
}

static void note_error(void *opaque, const Device *dev, const char *message)
{
    (void)dev, (void)message;
    ((Fixture *)opaque)->guest_errors++;
}

static void set_level(void *opaque, unsigned irq, bool level)
{
    ((Fixture *)opaque)->level[irq] = level;
}

static void drive_pirq(void *opaque, unsigned pin, bool level)
{
    device_set_input(((Fixture *)opaque)->isa, pin, level);
}

static Device *add(Fixture *f, const DeviceClass *class, const char *properties)
{
    g_autoptr(GError) error = NULL;
    Device *dev = device_new(class, class->head.name, &f->host);
    if (class == rig_class("PIIX3")) {
        g_assert_true(device_connect(dev, "irq10", f->irq[0], NULL));
        g_assert_true(device_connect(dev, "irq11", f->irq[1], NULL));
    }
    if (class == &CARD_CLASS) {
        device_pci_connect_intx(dev, f->pirq);
    }
    g_assert_true(device_set_properties(dev, properties, &error));
    g_assert_true(device_realize(dev, &error));
    return dev;
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->bus = bus_new(true);
    f->clock = clock_new_stepped();
    f->memory = memory_new(4 << 20, NULL);
    f->shadows = g_array_new(false, false, sizeof(Shadow));
    f->host = (DeviceHost){.bus = f->bus,
                           .clock = f->clock,
                           .memory = f->memory,
                           .pci = pci_bus_new(f->bus, f->memory),
                           .shadow = note_shadow,
                           .guest_error = note_error,
                           .opaque = f};
    f->pirq = irq_line_new(drive_pirq, f, 0);
    f->irq[0] = irq_line_new(set_level, f, 0);
    f->irq[1] = irq_line_new(set_level, f, 1);
    f->pci_host = add(f, rig_class("pci-host"), "address-port=0xcf8,data-port=0xcfc");
    f->bridge = add(f, rig_class("i440FX"), NULL);
    f->isa = add(f, rig_class("PIIX3"), NULL);
    f->card = add(f, &CARD_CLASS, NULL);
    g_assert_true(pci_bus_add(f->host.pci, f->bridge, BRIDGE, NULL));
    g_assert_true(pci_bus_add(f->host.pci, f->isa, ISA, NULL));
    g_assert_true(pci_bus_add(f->host.pci, f->card, CARD, NULL));
    g_array_set_size(f->shadows, 0);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    device_free(f->card);
    device_free(f->isa);
    device_free(f->bridge);
    device_free(f->pci_host);
    pci_bus_free(f->host.pci);
    irq_line_free(f->pirq);
    irq_line_free(f->irq[0]);
    irq_line_free(f->irq[1]);
    g_array_unref(f->shadows);
    memory_free(f->memory);
    clock_free(f->clock);
    bus_free(f->bus);
}

static uint32_t in(Fixture *f, unsigned port, unsigned size)
{
    uint32_t value = 0;
    bus_port_access(f->bus, &f->by, (uint16_t)port, false, size, &value, 1);
    return value;
}

static void out(Fixture *f, unsigned port, uint32_t value, unsigned size)
{
    bus_port_access(f->bus, &f->by, (uint16_t)port, true, size, &value, 1);
}

static void point_at(Fixture *f, unsigned function, unsigned offset)
{
    out(f, CONFADD, PCI_CONFIG_ENABLE | function << 8 | (offset & 0xfc), 4);
}

static uint32_t get(Fixture *f, unsigned function, unsigned offset, unsigned size)
{
    point_at(f, function, offset);
    return in(f, CONFDATA + (offset & 3), size);
}

static void put(Fixture *f, unsigned function, unsigned offset, uint32_t value, unsigned size)
{
    point_at(f, function, offset);
    out(f, CONFDATA + (offset & 3), value, size);
}

static uint8_t memory_byte(Fixture *f, uint64_t address)
{
    uint8_t byte = 0;
    bus_memory_access(f->bus, &f->by, address, false, 1, &byte);
    return byte;
}

/* ---- configuration mechanism 1 ---- */

static void test_only_32_bits_reach_the_address(Fixture *f, gconstpointer data)
{
    (void)data;
    out(f, CONFADD, 0xffffffff, 4);
    g_assert_cmphex(in(f, CONFADD, 4), ==, 0x80fffffc);
    out(f, CONFADD, 0x1234, 2);
    out(f, CONFADD, 0x56, 1);
    out(f, CONFADD + 2, 0x1234, 2);
    g_assert_cmphex(in(f, CONFADD, 4), ==, 0x80fffffc);
    g_assert_cmphex(in(f, CONFADD, 2), ==, 0xffff);
    g_assert_cmphex(in(f, CONFADD + 1, 1), ==, 0xff);
}

/* The reset control register is at 0xcf9, in the middle of CONFADD. */
static void test_the_reset_control_register_is_inside(Fixture *f, gconstpointer data)
{
    (void)data;
    Device *reset = add(f, rig_class("reset-control"), "iobase=0xcf9");
    out(f, CONFADD, 0x80000600, 4);
    g_assert_cmphex(in(f, CONFADD + 1, 1), ==, 0);
    out(f, CONFADD + 1, 0x02, 1);
    g_assert_cmphex(in(f, CONFADD + 1, 1), ==, 0x02);
    g_assert_cmphex(in(f, CONFADD, 4), ==, 0x80000600);
    device_free(reset);
}

static void test_byte_enables_name_the_bytes(Fixture *f, gconstpointer data)
{
    (void)data;
    point_at(f, CARD, PCI_VENDOR_ID);
    g_assert_cmphex(in(f, CONFDATA, 4), ==, 0x56781234);
    g_assert_cmphex(in(f, CONFDATA + 2, 2), ==, 0x5678);
    g_assert_cmphex(in(f, CONFDATA + 1, 1), ==, 0x12);
    g_assert_cmphex(in(f, CONFDATA + 1, 2), ==, 0x7812);
}

static void test_what_is_not_there_reads_as_ones(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(get(f, PCI_FUNCTION(5, 0), 0, 4), ==, 0xffffffff);
    g_assert_cmphex(get(f, CARD + 1, 0, 2), ==, 0xffff);
    out(f, CONFADD, PCI_CONFIG_ENABLE | 0x10000, 4); /* bus 1 */
    g_assert_cmphex(in(f, CONFDATA, 4), ==, 0xffffffff);
    out(f, CONFADD, CARD << 8, 4); /* not enabled */
    g_assert_cmphex(in(f, CONFDATA, 4), ==, 0xffffffff);
    put(f, PCI_FUNCTION(5, 0), PCI_COMMAND, 7, 2);
}

static void test_identity(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(get(f, CARD, PCI_REVISION, 4), ==, 0x02000007);
    g_assert_cmphex(get(f, CARD, PCI_SUBSYSTEM_VENDOR_ID, 4), ==, 0xdef09abc);
    g_assert_cmphex(get(f, CARD, PCI_INTERRUPT_PIN, 1), ==, 1);
    put(f, CARD, PCI_VENDOR_ID, 0, 4);
    put(f, CARD, PCI_INTERRUPT_LINE, 0xff0b, 2);
    g_assert_cmphex(get(f, CARD, PCI_VENDOR_ID, 4), ==, 0x56781234);
    g_assert_cmphex(get(f, CARD, PCI_INTERRUPT_LINE, 2), ==, 0x010b);
    g_assert_cmphex(get(f, BRIDGE, 0, 4), ==, 0x12378086);
    g_assert_cmphex(get(f, ISA, 0, 4), ==, 0x70008086);
    g_assert_cmphex(get(f, ISA, PCI_HEADER_TYPE, 1), ==, PCI_MULTI_FUNCTION);
}

/* ---- base address registers ---- */

static void test_sizes_are_found_by_writing_ones(Fixture *f, gconstpointer data)
{
    static const uint32_t SIZES[] = {0xffffffe1, 0xfffff008, 0xfffff004, 0xffffffff, 0, 0};
    (void)data;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        put(f, CARD, PCI_BAR0 + 4 * i, 0xffffffff, 4);
        g_assert_cmphex(get(f, CARD, PCI_BAR0 + 4 * i, 4), ==, SIZES[i]);
    }
    put(f, CARD, PCI_COMMAND, 0xffff, 2);
    g_assert_cmphex(get(f, CARD, PCI_COMMAND, 2), ==, 0x547);
    uint64_t base;
    for (unsigned i = 0; i < 2; i++) {
        g_assert_false(device_pci_bar(f->card, i, &base));
    }
    g_assert_cmpuint(f->guest_errors, ==, 0);
}

static void test_a_range_is_decoded_while_the_command_says_so(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, CARD, PCI_BAR0, 0xc001, 4);
    put(f, CARD, PCI_BAR0 + 4, 0xe0000000, 4);
    g_assert_cmphex(in(f, 0xc000, 1), ==, 0xff);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO, 2);
    g_assert_cmphex(in(f, 0xc001, 1), ==, 0x41);
    g_assert_cmphex(memory_byte(f, 0xe0000002), ==, 0xff);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    g_assert_cmphex(in(f, 0xc001, 1), ==, 0xff);
    g_assert_cmphex(memory_byte(f, 0xe0000002), ==, 0x42);
    g_assert_cmphex(memory_byte(f, 0xe0000803), ==, 0x43);
    g_assert_cmphex(memory_byte(f, 0xe0000010), ==, 0xff);
}

static void test_a_range_moves(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
    put(f, CARD, PCI_BAR0, 0xc000, 4);
    put(f, CARD, PCI_BAR0, 0xd020, 4);
    g_assert_cmphex(in(f, 0xc000, 1), ==, 0xff);
    g_assert_cmphex(in(f, 0xd03f, 1), ==, 0x5f);
    put(f, CARD, PCI_BAR0 + 8, 0x1000, 4);
    put(f, CARD, PCI_BAR0 + 12, 0x12, 4);
    g_assert_cmphex(memory_byte(f, 0x1200001001), ==, 0x41);
    device_reset(f->card);
    g_assert_cmphex(in(f, 0xd03f, 1), ==, 0xff);
    g_assert_cmphex(get(f, CARD, PCI_BAR0, 4), ==, 1);
}

static void test_a_newcomer_over_another_is_not_mapped_until_there_is_room(Fixture *f,
                                                                           gconstpointer data)
{
    (void)data;
    Device *second = add(f, &CARD_CLASS, NULL);
    g_assert_true(pci_bus_add(f->host.pci, second, CARD + 8, NULL));
    put(f, CARD, PCI_BAR0, 0xc000, 4);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO, 2);
    out(f, 0xc000, 0x10, 1);
    put(f, CARD + 8, PCI_BAR0, 0xc000, 4);
    put(f, CARD + 8, PCI_COMMAND, PCI_COMMAND_IO, 2);
    g_assert_cmpuint(f->guest_errors, ==, 1);
    g_assert_cmphex(in(f, 0xc000, 1), ==, 0x10);
    put(f, CARD, PCI_BAR0, 0xd000, 4);
    g_assert_cmphex(in(f, 0xc000, 1), ==, 0x40);
    g_assert_cmphex(in(f, 0xd000, 1), ==, 0x10);
    device_free(second);
}

/* ---- ranges that move while CPUs use them ---- */

#define CPUS     4u
#define ROUNDS   2000u
#define PLACE(n) (0xc000u + ((n)&7u) * PORTS)

typedef struct Cpu {
    Fixture *f;
    unsigned number;
    BusInitiator by;
    GThread *thread;
} Cpu;

/* Each access finds the card, or nothing; and each CPU moves the range as well. */
static gpointer use_and_move(gpointer data)
{
    Cpu *cpu = data;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t value = 0;
        bus_enter(&cpu->by);
        bus_port_access(cpu->f->bus, &cpu->by, (uint16_t)(PLACE(i) + 1), false, 1, &value, 1);
        bus_leave(&cpu->by);
        g_assert_true(value == 0x41 || value == 0xff);
        if (i % CPUS == cpu->number) {
            device_pci_write(cpu->f->card, PCI_BAR0, PLACE(i / 3), 4);
        }
        if (i % 64 == cpu->number) {
            device_pci_write(cpu->f->card, PCI_COMMAND, i & 64 ? PCI_COMMAND_IO : 0, 2);
        }
    }
    return NULL;
}

static void test_a_range_moves_under_four_cpus(Fixture *f, gconstpointer data)
{
    Cpu cpus[CPUS];
    (void)data;
    put(f, CARD, PCI_BAR0, PLACE(0), 4);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO, 2);
    for (unsigned i = 0; i < CPUS; i++) {
        cpus[i] = (Cpu){.f = f, .number = i};
        bus_add_initiator(f->bus, &cpus[i].by);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        cpus[i].thread = g_thread_new("cpu", use_and_move, &cpus[i]);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        g_thread_join(cpus[i].thread);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        bus_remove_initiator(f->bus, &cpus[i].by);
    }
    put(f, CARD, PCI_BAR0, PLACE(5), 4);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO, 2);
    g_assert_cmphex(in(f, PLACE(5) + 1, 1), ==, 0x41);
    g_assert_cmphex(in(f, PLACE(4) + 1, 1), ==, 0xff);
}

static void test_memory_and_fixed_ports_are_not_for_base_addresses(Fixture *f, gconstpointer data)
{
    (void)data;
    uint64_t base;
    put(f, CARD, PCI_BAR0, CONFADD & ~(PORTS - 1), 4);
    put(f, CARD, PCI_BAR0 + 4, 0x100000, 4);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
    g_assert_cmpuint(f->guest_errors, ==, 1);
    g_assert_false(device_pci_bar(f->card, 0, &base));
    g_assert_false(device_pci_bar(f->card, 1, &base));
    put(f, CARD, PCI_BAR0 + 4, 0x400000, 4);
    g_assert_true(device_pci_bar(f->card, 1, &base));
    g_assert_cmphex(base, ==, 0x400000);
}

/* ---- the option ROM ---- */

#define ROM_BYTES 0x1801u /* so the range has 8 KiB */

static void give_rom(Fixture *f)
{
    g_autofree uint8_t *bytes = g_malloc0(ROM_BYTES);
    bytes[0] = 0x55;
    bytes[ROM_BYTES - 1] = 0x77;
    g_autoptr(GBytes) image = g_bytes_new(bytes, ROM_BYTES);
    g_assert_true(device_pci_set_rom(f->card, image, NULL));
}

static int rom_byte(const Fixture *f, uint64_t address)
{
    uint8_t byte;
    return memory_read(f->memory, address, &byte, 1) ? byte : -1;
}

static void test_a_rom_is_there_while_both_enables_say_so(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, CARD, PCI_ROM_BASE, 0xffffffff, 4);
    g_assert_cmphex(get(f, CARD, PCI_ROM_BASE, 4), ==, 0); /* there is none yet */
    give_rom(f);
    put(f, CARD, PCI_ROM_BASE, 0xfffffffe, 4);
    g_assert_cmphex(get(f, CARD, PCI_ROM_BASE, 4), ==, 0xffffe000);
    put(f, CARD, PCI_ROM_BASE, 0xe0000001, 4);
    g_assert_cmpint(rom_byte(f, 0xe0000000), ==, -1);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    g_assert_cmphex(rom_byte(f, 0xe0000000), ==, 0x55);
    g_assert_cmphex(rom_byte(f, 0xe0000000 + ROM_BYTES - 1), ==, 0x77);
    g_assert_false(memory_write(f->memory, 0xe0000000, "x", 1));
    put(f, CARD, PCI_ROM_BASE, 0xe0000000, 4);
    g_assert_cmpint(rom_byte(f, 0xe0000000), ==, -1);
    put(f, CARD, PCI_ROM_BASE, 0xe1000001, 4);
    g_assert_cmphex(rom_byte(f, 0xe1000000), ==, 0x55);
    device_reset(f->card);
    g_assert_cmpint(rom_byte(f, 0xe1000000), ==, -1);
    g_assert_cmphex(get(f, CARD, PCI_ROM_BASE, 4), ==, 0);
    g_assert_cmpuint(f->guest_errors, ==, 0);
}

static void test_a_rom_is_not_put_over_anything_else(Fixture *f, gconstpointer data)
{
    (void)data;
    give_rom(f);
    put(f, CARD, PCI_BAR0 + 4, 0xe0001000, 4);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    put(f, CARD, PCI_ROM_BASE, 0xe0000001, 4);
    g_assert_cmpuint(f->guest_errors, ==, 1);
    g_assert_cmpint(rom_byte(f, 0xe0000000), ==, -1);
    put(f, CARD, PCI_ROM_BASE, 0x100001, 4); /* RAM */
    g_assert_cmpuint(f->guest_errors, ==, 1);
    g_assert_cmpint(rom_byte(f, 0x100000), ==, 0);
    put(f, CARD, PCI_ROM_BASE, 0xe0002001, 4);
    g_assert_cmphex(rom_byte(f, 0xe0002000), ==, 0x55);
    put(f, CARD, PCI_BAR0 + 4, 0xe0003000, 4); /* the ROM is there */
    uint64_t base;
    g_assert_false(device_pci_bar(f->card, 1, &base));
    g_assert_cmpuint(f->guest_errors, ==, 1);
}

/* ---- interrupts ---- */

static void assert_irqs(const Fixture *f, bool ten, bool eleven)
{
    g_assert_cmpint(f->level[0], ==, ten);
    g_assert_cmpint(f->level[1], ==, eleven);
}

static void test_an_interrupt_goes_where_the_bridge_routes_it(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, CARD, PCI_BAR0, 0xc000, 4);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO, 2);
    out(f, 0xc000, 1, 1);
    assert_irqs(f, false, false);
    put(f, ISA, PIIX3_PIRQA, 10, 1);
    assert_irqs(f, true, false);
    put(f, ISA, PIIX3_PIRQA, 11, 1);
    assert_irqs(f, false, true);
    put(f, ISA, PIIX3_PIRQA, PIRQ_OFF | 11, 1);
    assert_irqs(f, false, false);
    put(f, ISA, PIIX3_PIRQA + 1, 11, 1); /* the register of PIRQB */
    assert_irqs(f, false, false);
    put(f, ISA, PIIX3_PIRQA, 10, 1);
    out(f, 0xc000, 0, 1);
    assert_irqs(f, false, false);
}

static void test_the_command_disables_the_interrupt_but_not_its_status(Fixture *f,
                                                                       gconstpointer data)
{
    (void)data;
    put(f, ISA, PIIX3_PIRQA, 10, 1);
    put(f, CARD, PCI_BAR0, 0xc000, 4);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO, 2);
    g_assert_false(get(f, CARD, PCI_STATUS, 2) & PCI_STATUS_INTX);
    out(f, 0xc000, 1, 1);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_INTX_OFF, 2);
    assert_irqs(f, false, false);
    g_assert_true(get(f, CARD, PCI_STATUS, 2) & PCI_STATUS_INTX);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO, 2);
    assert_irqs(f, true, false);
    device_reset(f->card);
    assert_irqs(f, false, false);
}

/* ---- shadow memory ---- */

static ShadowMode mode_at(const Fixture *f, uint32_t address)
{
    ShadowMode mode = SHADOW_OFF;
    for (guint i = 0; i < f->shadows->len; i++) {
        const Shadow *s = &g_array_index(f->shadows, Shadow, i);
        mode = address - s->address < s->size ? s->mode : mode;
    }
    return mode;
}

static void test_each_half_of_a_map_register_is_a_segment(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, BRIDGE, PMC_PAM0 + 1, 0x13, 1);
    g_assert_cmpint(mode_at(f, 0xc0000), ==, SHADOW_ON);
    g_assert_cmpint(mode_at(f, 0xc3fff), ==, SHADOW_ON);
    g_assert_cmpint(mode_at(f, 0xc4000), ==, SHADOW_READ_ONLY);
    g_assert_cmpint(mode_at(f, 0xc8000), ==, SHADOW_OFF);
    put(f, BRIDGE, PMC_PAM6, 0xff, 1);
    g_assert_cmpint(mode_at(f, 0xeffff), ==, SHADOW_ON);
    g_assert_cmpint(mode_at(f, 0xf0000), ==, SHADOW_OFF);
    put(f, BRIDGE, PMC_PAM0, 0xff, 1);
    g_assert_cmpint(mode_at(f, 0xfffff), ==, SHADOW_ON);
    g_assert_cmphex(get(f, BRIDGE, PMC_PAM0, 1), ==, 0x30);
    put(f, BRIDGE, PMC_PAM0 + 1, 0x22, 1); /* the write bit alone */
    g_assert_cmpint(mode_at(f, 0xc0000), ==, SHADOW_OFF);
    device_reset(f->bridge);
    g_assert_cmpint(mode_at(f, 0xf0000), ==, SHADOW_OFF);
}

/* ---- saved state ---- */

static void test_configuration_space_is_saved(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, CARD, PCI_BAR0, 0xc000, 4);
    put(f, CARD, PCI_COMMAND, PCI_COMMAND_IO, 2);
    put(f, CARD, PCI_INTERRUPT_LINE, 11, 1);
    g_autoptr(GBytes) saved = device_save(f->card);
    device_reset(f->card);
    g_assert_cmphex(in(f, 0xc000, 1), ==, 0xff);
    g_assert_true(device_load(f->card, saved, NULL));
    g_assert_cmphex(in(f, 0xc000, 1), ==, 0x40);
    g_assert_cmphex(get(f, CARD, PCI_INTERRUPT_LINE, 1), ==, 11);
    g_autoptr(GBytes) other = rig_patch(saved, "(PCI configuration space)", PCI_VENDOR_ID, 0x99);
    g_autoptr(GError) error = NULL;
    g_assert_false(device_load(f->card, other, &error));
    g_assert_cmpstr(error->message, ==,
                    "card: saved state, field (PCI configuration space): of another device");
    g_assert_cmphex(in(f, 0xc000, 1), ==, 0xff);
}

#define TEST(name) g_test_add("/pci/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(only_32_bits_reach_the_address);
    TEST(the_reset_control_register_is_inside);
    TEST(byte_enables_name_the_bytes);
    TEST(what_is_not_there_reads_as_ones);
    TEST(identity);
    TEST(sizes_are_found_by_writing_ones);
    TEST(a_range_is_decoded_while_the_command_says_so);
    TEST(a_range_moves);
    TEST(a_newcomer_over_another_is_not_mapped_until_there_is_room);
    TEST(a_range_moves_under_four_cpus);
    TEST(memory_and_fixed_ports_are_not_for_base_addresses);
    TEST(a_rom_is_there_while_both_enables_say_so);
    TEST(a_rom_is_not_put_over_anything_else);
    TEST(an_interrupt_goes_where_the_bridge_routes_it);
    TEST(the_command_disables_the_interrupt_but_not_its_status);
    TEST(each_half_of_a_map_register_is_a_segment);
    TEST(configuration_space_is_saved);
    return g_test_run();
}
