/*
 * The PCI bus of a PC: what a kernel or our BIOS finds set up after a reset,
 * and what another firmware finds.
 */
#include "devices/pci/i440fx_regs.h"
#include "devices/pci/pci_regs.h"
#include "src/device/pci.h"
#include "src/machine/pc_board.h"
#include "tests/unit/board_rig.h"

#define ISA PCI_FUNCTION(1, 0)
#define IDE PCI_FUNCTION(1, 1)

static void board_init(BoardRig *b, MachineStart started_by, bool own_bios)
{
    const MachineCpu cpu = {0};
    board_rig_init(b, 4 << 20, &cpu, started_by, own_bios);
}

static uint32_t config_of(BoardRig *b, unsigned function, unsigned offset, unsigned size)
{
    return pci_config_read(b->machine->host.pci, function, offset, size);
}

static uint32_t in(BoardRig *b, unsigned port, unsigned size)
{
    uint32_t value = 0;
    bus_port_access(b->bus, &b->by, (uint16_t)port, false, size, &value, 1);
    return value;
}

static void assert_set_up(BoardRig *b)
{
    g_assert_cmphex(config_of(b, ISA, PIIX3_PIRQA, 4), ==, 0x0b0b0a0a);
    g_assert_cmphex(config_of(b, IDE, PIIX3_IDETIM0, 4), ==, 0x80008000);
}

static void test_a_kernel_finds_the_bus_set_up_after_each_reset(void)
{
    BoardRig b;
    board_init(&b, MACHINE_AFTER_BIOS, false);
    assert_set_up(&b);
    g_assert_cmphex(in(&b, PORT_ELCR, 2), ==, 0x0c00);
    pci_config_write(b.machine->host.pci, ISA, PIIX3_PIRQA, 0x80, 1);
    machine_reset(b.machine);
    assert_set_up(&b);
    board_rig_clear(&b);
}

static void test_our_bios_finds_the_bus_set_up(void)
{
    BoardRig b;
    board_init(&b, MACHINE_COLD, true);
    assert_set_up(&b);
    board_rig_clear(&b);
}

static void test_another_firmware_finds_nothing_set_up(void)
{
    BoardRig b;
    board_init(&b, MACHINE_COLD, false);
    g_assert_cmphex(config_of(&b, ISA, PIIX3_PIRQA, 4), ==, 0x80808080);
    g_assert_cmphex(config_of(&b, IDE, PIIX3_IDETIM0, 4), ==, 0);
    g_assert_cmphex(in(&b, PORT_ELCR, 2), ==, 0);
    board_rig_clear(&b);
}

/* The i440FX boards and QEMU wire the pins in this way. */
static void test_the_pins_of_each_slot_are_turned_by_one(void)
{
    g_assert_cmpuint(machine_pirq(PCI_FUNCTION(1, 0), 1), ==, 0);
    g_assert_cmpuint(machine_pirq(PCI_FUNCTION(1, 3), 4), ==, 3);
    g_assert_cmpuint(machine_pirq(PCI_FUNCTION(2, 0), 1), ==, 1);
    g_assert_cmpuint(machine_pirq(PCI_FUNCTION(3, 0), 1), ==, 2);
    g_assert_cmpuint(machine_pirq(PCI_FUNCTION(4, 0), 2), ==, 0);
    g_assert_cmpuint(machine_pirq(PCI_FUNCTION(31, 0), 1), ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci_board/a_kernel_finds_the_bus_set_up_after_each_reset",
                    test_a_kernel_finds_the_bus_set_up_after_each_reset);
    g_test_add_func("/pci_board/our_bios_finds_the_bus_set_up", test_our_bios_finds_the_bus_set_up);
    g_test_add_func("/pci_board/another_firmware_finds_nothing_set_up",
                    test_another_firmware_finds_nothing_set_up);
    g_test_add_func("/pci_board/the_pins_of_each_slot_are_turned_by_one",
                    test_the_pins_of_each_slot_are_turned_by_one);
    return g_test_run();
}
