/*
 * Takes a level interrupt through the I/O APIC and the local APIC of the only CPU.
 * The line remains asserted, so each end of interrupt must bring the next
 * interrupt, and the third handler deasserts it.  QEMU's pc-testdev drives the
 * line.
 *
 * The status at the exit port is 0, or 1 if there is no local APIC.  Without an
 * exit port the guest ends in a HLT with interrupts off.
 *
 * Options: -device pc-testdev
 */
#include "guest.inc"

#include "devices/intc/ioapic_regs.h"
#include "devices/intc/lapic_regs.h"

    .set IOAPIC,          0xfec00000
    .set LINES,           0x2000 /* pc-testdev: a port for each line */
    .set LINE,            5
    .set LEVEL_VECTOR,    0x60
    .set SPURIOUS_VECTOR, 0xff
    .set ENOUGH,          3
    .set CPUID_EDX_APIC,  1 << 9

    /* Needs FS as big_real_fs sets it.  Changes EBX. */
    .macro apic_write register, value:vararg
    mov $APIC_MESSAGE_BASE + \register, %ebx
    movl \value, %fs:(%ebx)
    .endm

    .macro ioapic_write register, value:vararg
    mov $IOAPIC + IOAPIC_IOREGSEL, %ebx
    movl $\register, %fs:(%ebx)
    mov $IOAPIC + IOAPIC_IOWIN, %ebx
    movl \value, %fs:(%ebx)
    .endm

    .macro set_line level
    mov $LINES + LINE, %dx
    mov $\level, %al
    out %al, (%dx)
    .endm

    guest_start
    uart_init
    mov $1, %eax
    cpuid
    test $CPUID_EDX_APIC, %edx
    jz no_apic
    pic_init
    mov $0xff, %al
    out %al, $PIC1 + PIC_DATA
    out %al, $PIC2 + PIC_DATA
    set_vector LEVEL_VECTOR, level
    set_vector SPURIOUS_VECTOR, pic_ignore
    big_real_fs
    apic_write APIC_SVR, $APIC_SVR_ENABLE + SPURIOUS_VECTOR
    ioapic_write IOAPIC_REDTBL+2*LINE+1, $0
    ioapic_write IOAPIC_REDTBL+2*LINE, $IOAPIC_TRIGGER + LEVEL_VECTOR
    set_line 1
    cli
1:  cmpw $ENOUGH, count
    jae 2f
    sti
    hlt
    cli
    jmp 1b
2:  movzwl count, %eax
    call put_decimal
    say " level interrupts\n"
    call wait_sent
    mov $0, %al
    exit_with_al
    halt_forever

no_apic:
    say "no local APIC\n"
    call wait_sent
    mov $1, %al
    exit_with_al
    halt_forever

level:
    push %eax
    push %ebx
    push %dx
    incw count
    cmpw $ENOUGH, count
    jb 1f
    set_line 0
1:  apic_write APIC_EOI, $0
    pop %dx
    pop %ebx
    pop %eax
    iret

    define_putc
    define_puts
    define_put_decimal
    define_wait_sent

count:
    .word 0
