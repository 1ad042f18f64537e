/*
 * A firmware that examines its own memory: the ROM below 4 GiB, which it
 * cannot write, and its copy below 1 MiB, which it can.  It resets the machine
 * three times, in a different way each time, and halts.
 */
#include "devices/input/i8042_regs.h"
#include "devices/timer/mc146818_regs.h"
#include "devices/misc/port92_regs.h"

    .set SEGMENT, 0xf000
    .set ROM_SIZE, 0x10000
    .set BOOT_COUNT, 0x500 /* in RAM, which a reset does not change */
    .set STACK, 0x500
    .set COM1, 0x3f8
    .set RTC, 0x70
    .set PORT92, 0x92
    .set RESET_CONTROL, 0xcf9

    .code16
    .text
    .globl _start
_start:
    mov $COM1, %dx
    movb $'W', %cs:mark
    mov %cs:mark, %al
    out %al, (%dx)
    ljmp $SEGMENT, $shadow

shadow:
    mov %cs:mark, %al
    out %al, (%dx)
    movb $'W', %cs:mark
    mov %cs:mark, %al
    out %al, (%dx)
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $STACK, %sp
    mov $CMOS_BOOT, %al
    call print_cmos
    mov $CMOS_BOOT_3, %al
    call print_cmos
    mov $'\n', %al
    out %al, (%dx)
    mov BOOT_COUNT, %bl
    incb BOOT_COUNT
    cmp $1, %bl
    jb by_reset_control
    je by_port92
    cmp $2, %bl
    je by_keyboard
    cli
    hlt

by_reset_control:
    mov $RESET_CONTROL, %dx
    mov $RCR_HARD | RCR_RESET, %al
    out %al, (%dx)
    jmp .
by_port92:
    mov $PORT92_A20 | PORT92_RESET, %al
    out %al, $PORT92
    jmp .
by_keyboard:
    mov $I8042_CMD_RESET, %al
    out %al, $I8042_COMMAND
    jmp .

    /* Prints the CMOS byte AL in hexadecimal. */
print_cmos:
    out %al, $RTC + RTC_INDEX
    in $RTC + RTC_DATA, %al
    mov %al, %ah
    shr $4, %al
    call print_digit
    mov %ah, %al
    and $0xf, %al
print_digit:
    add $'0', %al
    out %al, (%dx)
    ret

mark:
    .byte 'R'

    .org 0xfff0
    jmp _start
    .org ROM_SIZE - 1
    .byte 0
