/*
 * The Intel 82371SB (PIIX3) PCI to ISA bridge: its identity, and the routing
 * of the four PCI interrupts (82371SB data sheet, section 2.2.7).
 *
 * Each of the registers PIRQRCA to PIRQRCD names an ISA IRQ, or none.  An IRQ
 * is asserted while a PCI interrupt is asserted whose register names it.  The
 * state of the device holds the levels of the pins.  The outputs follow from
 * them and from the registers.
 *
 * DEVIATION: the other registers hold what is written, and have no effect.
 */
#include "devices/pci.h"
#include "devices/pci/i440fx_regs.h"

#define PIRQS 4u
#define IRQS  16u
/* The guest cannot choose IRQ 0, 1, 2, 8 and 13, which the board uses itself. */
#define CHOOSABLE 0xdef8u

typedef struct Piix3 {
    Device *dev;
    uint8_t pirq[PIRQS]; /* levels of the pins, 0 or 1 */

    IrqLine *irq[IRQS];
} Piix3;

static bool drives(const Piix3 *s, unsigned pirq, unsigned irq)
{
    unsigned route = pio_pci_register(s->dev, PIIX3_PIRQA + pirq);
    return s->pirq[pirq] && !(route & PIRQ_OFF) && (route & PIRQ_IRQ) == irq;
}

static void piix3_update(void *state)
{
    const Piix3 *s = state;
    for (unsigned irq = 0; irq < IRQS; irq++) {
        bool level = false;
        for (unsigned pirq = 0; pirq < PIRQS; pirq++) {
            level = level || drives(s, pirq, irq);
        }
        if (CHOOSABLE >> irq & 1) {
            pio_irq_set(s->irq[irq], level);
        }
    }
}

static void piix3_set_pin(void *state, unsigned pin, bool level)
{
    Piix3 *s = state;
    s->pirq[pin] = level;
    piix3_update(s);
}

static bool piix3_post_load(void *state)
{
    piix3_update(state);
    return true;
}

static const PciRegister REGISTERS[] = {
    {PIIX3_XBCS, 0x03, 0xff},
    {PIIX3_XBCS + 1, 0x00, 0x01},
    {PIIX3_PIRQA, PIRQ_OFF, PIRQ_OFF | PIRQ_IRQ},
    {PIIX3_PIRQA + 1, PIRQ_OFF, PIRQ_OFF | PIRQ_IRQ},
    {PIIX3_PIRQA + 2, PIRQ_OFF, PIRQ_OFF | PIRQ_IRQ},
    {PIIX3_PIRQA + 3, PIRQ_OFF, PIRQ_OFF | PIRQ_IRQ},
    {PIIX3_TOM, 0x02, 0xfe},
    PCI_REGISTER_END,
};

static const PciIdentity IDENTITY = {
    .struct_size = sizeof(PciIdentity),
    .vendor = 0x8086,
    .device = 0x7000,
    .class_code = 0x060100,
    .multi_function = true,
    .always_on = true,
    .registers = REGISTERS,
    .registers_changed = piix3_update,
};

#define OUTPUT(number) DEVICE_OUTPUT(Piix3, irq[number], "irq" #number)

extern const DeviceClass piix3_class;
const DeviceClass piix3_class = {
    .head = DEVICE_CLASS_HEAD("PIIX3", Piix3),
    .description = "PCI to ISA bridge 82371SB",
    .outputs = DEVICE_OUTPUTS(OUTPUT(3), OUTPUT(4), OUTPUT(5), OUTPUT(6), OUTPUT(7), OUTPUT(9),
                              OUTPUT(10), OUTPUT(11), OUTPUT(12), OUTPUT(14), OUTPUT(15)),
    /*
     * A reset leaves the levels of the pins alone: the devices that drive them
     * are reset, too.
     */
    .reset = piix3_update,
    .set_pin = piix3_set_pin,
    .input_count = PIRQS,
    .fields = DEVICE_FIELDS(DEVICE_FIELD_ARRAY(Piix3, pirq)),
    .post_load = piix3_post_load,
    .pci = &IDENTITY,
};
