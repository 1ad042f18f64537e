/* The interrupt controllers, the IRQs without a driver, and the CPU's exceptions. */
#include "bios/services.h"

#include "devices/intc/i8259_regs.h"
#include "src/machine/pc_board.h"

#define OPCODE_BOUND 0x62

#define FLOPPY_INTERRUPT 0x80 /* in 40:3Eh */

static void setup_chip(uint16_t port, uint8_t vector, uint8_t cascade, uint8_t mask)
{
    out8(port + PIC_COMMAND, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    out8(port + PIC_DATA, vector);
    out8(port + PIC_DATA, cascade);
    out8(port + PIC_DATA, PIC_ICW4_UPM);
    out8(port + PIC_DATA, mask);
}

void irq_setup(void)
{
    setup_chip(PORT_PIC1, PIC_BIOS_VECTOR_MASTER, 1u << PIC_CASCADE, PIC_BIOS_MASK_MASTER);
    setup_chip(PORT_PIC2, PIC_BIOS_VECTOR_SLAVE, PIC_CASCADE, PIC_BIOS_MASK_SLAVE);
}

void irq_unmask(unsigned irq)
{
    uint16_t port = (irq < 8 ? PORT_PIC1 : PORT_PIC2) + PIC_DATA;
    out8(port, (uint8_t)(in8(port) & ~(1u << (irq & 7))));
}

void irq_end(unsigned irq)
{
    if (irq >= 8) {
        out8(PORT_PIC2 + PIC_COMMAND, PIC_OCW2_EOI);
    }
    out8(PORT_PIC1 + PIC_COMMAND, PIC_OCW2_EOI);
}

static uint8_t in_service(uint16_t port)
{
    out8(port + PIC_COMMAND, PIC_OCW3_SELECT | PIC_OCW3_RR | PIC_OCW3_RIS);
    uint8_t isr = in8(port + PIC_COMMAND);
    out8(port + PIC_COMMAND, PIC_OCW3_SELECT | PIC_OCW3_RR);
    return isr;
}

/* ---- exceptions ---- */

static void report_at(const char *what, uint16_t segment, uint16_t offset)
{
    print("\nBIOS: %s at %x:%x\n", what, (unsigned)segment, (unsigned)offset);
}

static void report(const Regs *regs, const char *what)
{
    report_at(what, far_read16(regs->ss, regs->sp + REGS_CS),
              far_read16(regs->ss, regs->sp + REGS_IP));
}

/* Ends the run, because the instruction would fail again. */
static _Noreturn void die(const Regs *regs, const char *what)
{
    report(regs, what);
    bios_give_up();
}

void fault_divide(Regs *regs);
void fault_step(Regs *regs);
void fault_nmi(Regs *regs);
void fault_noted_nmi(void);
void fault_breakpoint(Regs *regs);
void fault_overflow(Regs *regs);
void fault_bound(Regs *regs);
void fault_opcode(Regs *regs);
void fault_no_fpu(Regs *regs);

void fault_divide(Regs *regs)
{
    die(regs, "division by zero or overflow");
}

void fault_step(Regs *regs)
{
    report(regs, "single step");
    regs->flags &= (uint16_t)~FLAG_TF;
}

void fault_nmi(Regs *regs)
{
    report(regs, "NMI");
}

void fault_noted_nmi(void)
{
    bios_nmi_noted = 0;
    report_at("NMI", BIOS_SEGMENT, bios_nmi_ip);
}

void fault_breakpoint(Regs *regs)
{
    report(regs, "breakpoint");
}

void fault_overflow(Regs *regs)
{
    report(regs, "overflow");
}

/* INT 5 is also what the Print Screen key calls.  There is no printer. */
void fault_bound(Regs *regs)
{
    uint16_t segment = far_read16(regs->ss, regs->sp + REGS_CS);
    if (far_read8(segment, far_read16(regs->ss, regs->sp + REGS_IP)) == OPCODE_BOUND) {
        die(regs, "index out of bounds");
    }
}

void fault_opcode(Regs *regs)
{
    die(regs, "invalid opcode");
}

void fault_no_fpu(Regs *regs)
{
    die(regs, "no coprocessor for the instruction");
}

/* ---- IRQs without a driver ---- */

/* These vectors are also those of exceptions.  For an exception no IRQ is in service. */
static void unexpected(const Regs *regs, unsigned irq, const char *exception)
{
    uint8_t isr = in_service(PORT_PIC1);
    if (isr & 1u << irq) {
        BDA->last_interrupt = (uint8_t)(1u << irq);
        irq_end(irq);
    } else if (exception) {
        die(regs, exception);
    }
}

void irq_2(Regs *regs)
{
    unexpected(regs, 2, NULL);
}

void irq_3(Regs *regs)
{
    unexpected(regs, 3, NULL);
}

void irq_5(Regs *regs)
{
    unexpected(regs, 5, "general protection fault");
}

/* Sets the variable that the diskette driver waits for. */
void irq_6(Regs *regs)
{
    (void)regs;
    BDA->floppy_seek |= FLOPPY_INTERRUPT;
    irq_end(6);
}

/* A request that went away before the acknowledge comes as IRQ 7 and is not in service. */
void irq_7(Regs *regs)
{
    unexpected(regs, 7, NULL);
}

/* IRQ 9 to 15, and requests of the slave that went away before the acknowledge. */
void irq_slave(Regs *regs)
{
    (void)regs;
    if (in_service(PORT_PIC2)) {
        out8(PORT_PIC2 + PIC_COMMAND, PIC_OCW2_EOI);
    }
    out8(PORT_PIC1 + PIC_COMMAND, PIC_OCW2_EOI);
}
