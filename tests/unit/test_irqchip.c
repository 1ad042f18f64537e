/*
 * The choice of interrupt controllers by -machine irqchip=, and the I/O APIC of a
 * board whose local APICs are in the accelerator.
 */
#include "devices/intc/ioapic_regs.h"
#include "devices/intc/lapic_regs.h"
#include "src/accel/irqchip.h"
#include "src/machine/machine.h"
#include "src/machine/pc_board.h"
#include "tests/unit/board_rig.h"

#include <string.h>

/* ---- the choice ---- */

static SplitSupport works(GHashTable *options)
{
    (void)options;
    return SPLIT_WORKS;
}

static SplitSupport loses(GHashTable *options)
{
    (void)options;
    return SPLIT_LOSES_ENDS;
}

static SplitSupport none(GHashTable *options)
{
    (void)options;
    return SPLIT_NONE;
}

static const AccelClass NEW_KVM = {.name = "kvm",
                                   .threaded = true,
                                   .has_cpu = true,
                                   .has_irqchip = true,
                                   .probe_split = works},
                        OLD_KVM = {.name = "kvm",
                                   .threaded = true,
                                   .has_cpu = true,
                                   .has_irqchip = true,
                                   .probe_split = none},
                        LEAKY_KVM = {.name = "kvm",
                                     .threaded = true,
                                     .has_cpu = true,
                                     .has_irqchip = true,
                                     .probe_split = loses},
                        SOFTWARE = {.name = "soft", .has_cpu = true}, NONE = {.name = "qtest"};

static void choices_follow_the_host(void)
{
    static const struct {
        const char *wish;
        const AccelClass *class;
        unsigned cpus;
        bool wants_apic;
        Irqchip irqchip;
        const char *refusal;
    } CASES[] = {
        {NULL, &NEW_KVM, 1, false, IRQCHIP_SPLIT, NULL},
        {"auto", &NEW_KVM, 4, true, IRQCHIP_SPLIT, NULL},
        {NULL, &OLD_KVM, 1, false, IRQCHIP_USER, NULL},
        {NULL, &OLD_KVM, 1, true, IRQCHIP_KERNEL, NULL},
        {"auto", &OLD_KVM, 2, false, IRQCHIP_KERNEL, NULL},
        {NULL, &LEAKY_KVM, 1, false, IRQCHIP_USER, NULL},
        {NULL, &LEAKY_KVM, 1, true, IRQCHIP_KERNEL, NULL},
        {"split", &LEAKY_KVM, 1, false, IRQCHIP_SPLIT, NULL},
        {NULL, &SOFTWARE, 4, true, IRQCHIP_USER, NULL},
        {"user", &NEW_KVM, 1, true, IRQCHIP_USER, NULL},
        {"kernel", &NEW_KVM, 1, false, IRQCHIP_KERNEL, NULL},
        {"split", &NEW_KVM, 1, false, IRQCHIP_SPLIT, NULL},
        {"kernel", &NONE, 1, false, IRQCHIP_USER, NULL},
        {"split", &OLD_KVM, 1, false, 0, "this host's KVM cannot do it (use irqchip=kernel)"},
        {"split", &SOFTWARE, 1, false, 0, "irqchip=split: accelerator soft has none"},
        {"kernel", &SOFTWARE, 1, false, 0, "irqchip=kernel: accelerator soft has none"},
        {"user", &NEW_KVM, 2, false, 0, "-smp 2: more than one CPU needs an APIC"},
        {"mine", &NEW_KVM, 1, false, 0, "not one of auto, user, split, kernel"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const IrqchipNeeds needs = {
            .class = CASES[i].class, .cpus = CASES[i].cpus, .wants_apic = CASES[i].wants_apic};
        g_autoptr(GError) error = NULL;
        Irqchip irqchip;
        bool chosen = irqchip_choose(CASES[i].wish, &needs, &irqchip, &error);
        g_assert_cmpint(chosen, ==, !CASES[i].refusal);
        if (chosen) {
            g_assert_cmpint(irqchip, ==, CASES[i].irqchip);
        } else {
            g_assert_nonnull(strstr(error->message, CASES[i].refusal));
        }
    }
}

/* ---- the board ---- */

#define LINE   5u
#define VECTOR 0x51u

typedef struct Board {
    BoardRig rig;
    unsigned messages;
    uint64_t address;
    uint32_t data;
} Board;

static void take_message(void *opaque, uint64_t address, uint32_t data)
{
    Board *b = opaque;
    b->messages++;
    b->address = address;
    b->data = data;
}

static void board_init(Board *b, Irqchip irqchip)
{
    const MachineCpu cpu = {
        .has_controllers = irqchip == IRQCHIP_KERNEL,
        .has_local_apics = irqchip == IRQCHIP_SPLIT,
        .message = take_message,
        .opaque = b,
    };
    board_rig_init(&b->rig, 1 << 20, &cpu, MACHINE_COLD, false);
}

static void board_clear(Board *b)
{
    board_rig_clear(&b->rig);
}

static void write32(Board *b, uint64_t address, uint32_t value)
{
    bus_memory_access(b->rig.bus, &b->rig.by, address, true, sizeof(value), (uint8_t *)&value);
}

static void redirect(Board *b, unsigned pin, uint32_t low)
{
    write32(b, IOAPIC_BASE + IOAPIC_IOREGSEL, IOAPIC_REDTBL + 2 * pin + 1);
    write32(b, IOAPIC_BASE + IOAPIC_IOWIN, 1u << IOAPIC_DEST_SHIFT);
    write32(b, IOAPIC_BASE + IOAPIC_IOREGSEL, IOAPIC_REDTBL + 2 * pin);
    write32(b, IOAPIC_BASE + IOAPIC_IOWIN, low);
}

static void inputs_become_messages(void)
{
    Board b = {0};
    board_init(&b, IRQCHIP_SPLIT);
    g_assert_true(machine_has_device(b.rig.machine, "IOAPIC"));
    g_assert_true(machine_has_device(b.rig.machine, "PIC"));
    g_assert_false(machine_has_device(b.rig.machine, "LAPIC"));
    BootBoard board = machine_board(b.rig.machine);
    g_assert_true(board.apic);
    g_assert_cmpuint(board.timer_input, ==, IOAPIC_PIN_PIT);
    IrqLine *line = irq_router_line(b.rig.machine->irqs, LINE);
    redirect(&b, LINE, VECTOR);
    pio_irq_set(line, true);
    g_assert_cmpuint(b.messages, ==, 1);
    g_assert_cmphex(b.address, ==, APIC_MESSAGE_BASE | 1u << APIC_MESSAGE_DEST_SHIFT);
    g_assert_cmphex(b.data, ==, APIC_LEVEL_ASSERT | VECTOR);
    pio_irq_set(line, false);
    g_assert_cmpuint(b.messages, ==, 1);
    board_clear(&b);
}

/* The end of another vector has no effect. */
static void ends_of_interrupts_repeat_a_level(void)
{
    Board b = {0};
    board_init(&b, IRQCHIP_SPLIT);
    IrqLine *line = irq_router_line(b.rig.machine->irqs, LINE);
    redirect(&b, LINE, IOAPIC_TRIGGER | VECTOR);
    pio_irq_set(line, true);
    g_assert_cmpuint(b.messages, ==, 1);
    g_assert_cmphex(b.data, ==, APIC_TRIGGER_LEVEL | APIC_LEVEL_ASSERT | VECTOR);
    machine_end_of_interrupt(b.rig.machine, &b.rig.by, VECTOR + 1);
    g_assert_cmpuint(b.messages, ==, 1);
    machine_end_of_interrupt(b.rig.machine, &b.rig.by, VECTOR);
    g_assert_cmpuint(b.messages, ==, 2);
    pio_irq_set(line, false);
    machine_end_of_interrupt(b.rig.machine, &b.rig.by, VECTOR);
    g_assert_cmpuint(b.messages, ==, 2);
    pio_irq_set(line, true);
    g_assert_cmpuint(b.messages, ==, 3);
    board_clear(&b);
}

/* A device's message is not lost where the accelerator has every controller. */
static void devices_send_messages_to_the_kernels_chips(void)
{
    Board b = {0};
    board_init(&b, IRQCHIP_KERNEL);
    g_assert_false(machine_has_device(b.rig.machine, "IOAPIC"));
    Device *pit = b.rig.machine->devices->pdata[0];
    pio_bus_write(pit, APIC_MESSAGE_BASE, APIC_LEVEL_ASSERT | VECTOR, 4);
    g_assert_cmpuint(b.messages, ==, 1);
    g_assert_cmphex(b.address, ==, APIC_MESSAGE_BASE);
    g_assert_cmphex(b.data, ==, APIC_LEVEL_ASSERT | VECTOR);
    board_clear(&b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/irqchip/choices_follow_the_host", choices_follow_the_host);
    g_test_add_func("/irqchip/inputs_become_messages", inputs_become_messages);
    g_test_add_func("/irqchip/ends_of_interrupts_repeat_a_level",
                    ends_of_interrupts_repeat_a_level);
    g_test_add_func("/irqchip/devices_send_messages_to_the_kernels_chips",
                    devices_send_messages_to_the_kernels_chips);
    return g_test_run();
}
