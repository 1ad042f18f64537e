/*
 * CPU 0 starts CPU 1, and CPU 1 ends the run, or tries to.  CX selects how,
 * and BX selects what CPU 0 does meanwhile, as offsets in `ends` and `rests`.
 * After a reset the program prints whether CPU 1 still runs, and ends with
 * status 33 at the exit port.
 */
#include "guests/guest.inc"

#include "devices/misc/acpi_pm_regs.h"
#include "devices/intc/lapic_regs.h"
#include "devices/misc/port92_regs.h"

    .set RUNS_BEFORE, 0x600 /* in memory, which a reset does not change */
    .set BEATS,       0x604
    .set MARK,        0x5a5a

    .set ACPI_PORTS, 0x600
    .set SLEEP,      ACPI_SLP_TYP_S5 << ACPI_PM1_SLP_TYP_SHIFT | ACPI_PM1_SLP_EN

    guest_start
    mov %cx, end
    mov %bx, rest
    uart_init
    xor %cx, %cx
    pit_start_cx
    big_real_fs
    cmpw $MARK, RUNS_BEFORE
    je started_again
    movw $MARK, RUNS_BEFORE

    mov $APIC_DELIVERY_INIT | APIC_LEVEL_ASSERT | APIC_ICR_OTHERS, %eax
    call send_ipi
    call wait_10ms
    mov $APIC_DELIVERY_START | APIC_LEVEL_ASSERT | APIC_ICR_OTHERS + 2, %eax
    call send_ipi
    mov rest, %bx
    jmp *rests(%bx)

rests:
    .word halt, spin, leave_later

halt:
    halt_forever

spin:
    pause
    jmp spin

leave_later:
    call wait_10ms
    say "CPU 0 goes on\n"
    call wait_sent
    mov $9, %al
    exit_with_al
    halt_forever

started_again:
    say "again, "
    mov BEATS, %edx
    call wait_10ms
    cmp BEATS, %edx
    je 1f
    say "not "
1:  say "alone\n"
    call wait_sent
    mov $33, %al
    exit_with_al
    halt_forever

send_ipi:
    mov $APIC_MESSAGE_BASE + APIC_ICR_LOW, %ebx
    mov %eax, %fs:(%ebx)
    ret

    define_putc
    define_puts
    define_wait_sent
    define_ticks_left
    define_wait_10ms

    .balign 2
end:
    .word 0
rest:
    .word 0

    /* The code of CPU 1. */
    .balign 0x1000
    cli
    ljmp $0, $1f
1:  zero_segments
    mov $0x8000, %sp
    mov end, %bx
    jmp *ends(%bx)

ends:
    .word halt, beat, die, leave, power_off, reset_keyboard, reset_cf9, reset_92

beat:
    incl BEATS
    jmp beat

    /*
     * In protected mode without an interrupt table, an exception leads to a
     * double fault and then to a triple fault.
     */
die:
    lidt no_table
    lgdt table
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmp $CODE, $1f
1:  mov $DATA, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %fs
    mov %ax, %gs
    mov %ax, %ss
    ud2

leave:
    mov $77, %al
    exit_with_al
    jmp halt

power_off:
    mov $ACPI_PORTS + ACPI_PM1_CNT, %dx
    mov $SLEEP, %ax
    out %ax, %dx
    jmp halt

reset_keyboard:
    mov $I8042_CMD_PULSE | 0xe, %al
    out %al, $I8042_COMMAND
    jmp beat

reset_cf9:
    mov $0xcf9, %dx
    mov $RCR_HARD | RCR_RESET, %al
    out %al, %dx
    jmp beat

reset_92:
    mov $PORT92_A20 | PORT92_RESET, %al
    out %al, $FAST_A20
    jmp beat

    .set CODE, 8
    .set DATA, 16

    .balign 8
segments:
    .quad 0, 0x00009b000000ffff, 0x000093000000ffff
table:
    .word 23
    .long segments
no_table:
    .word 0
    .long 0
