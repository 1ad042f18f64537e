/*
 * Starts every other CPU with INIT and two SIPIs to all but itself, and then each
 * CPU prints its number in turn, in the order of the local APICs' IDs.
 *
 * CX is the number of CPUs to wait for, for at most ten seconds.  If it starts as
 * 0, the boot CPU waits until none has come for 200 ms.  All CPUs end halted with
 * interrupts off.
 */
#include "guest.inc"

    .set APIC_ID,       0xfee00020
    .set APIC_SPURIOUS, 0xfee000f0
    .set APIC_ICR,      0xfee00300
    .set APIC_ENABLED,  0x100
    .set ICR_INIT,      0xc4500 /* all but self, assert */
    .set ICR_STARTUP,   0xc4600
    .set ICR_PENDING,   0x1000

    .set QUIET_10MS,   20
    .set LONGEST_10MS, 1000
    .set TURN_NOBODY,  0xffff

    /* BX = the number of this CPU, which is marked as present and counted. */
    .macro announce
    mov $APIC_ID, %ebx
    mov %fs:(%ebx), %eax
    shr $24, %eax
    mov %ax, %bx
    movb $1, present(%bx)
    lock incw arrived
    .endm

    guest_start
    mov %cx, expected
    uart_init
    xor %cx, %cx
    pit_start_cx
    big_real_fs
    mov $APIC_SPURIOUS, %ebx
    orl $APIC_ENABLED, %fs:(%ebx)
    announce
    mov %bl, boot_cpu

    mov $ICR_INIT, %eax
    call send_to_others
    call wait_10ms
    mov $ICR_STARTUP + (trampoline - _start + 0x1000) / 0x1000, %eax
    call send_to_others
    call wait_10ms
    call send_to_others
    call wait_for_others

    /* Gives a turn to every number that was announced. */
    xor %bx, %bx
    xor %bp, %bp
1:  cmpb $0, present(%bx)
    je 4f
    inc %bp
    cmp boot_cpu, %bl
    jne 2f
    call print_number
    jmp 4f
2:  mov %bx, turn
3:  pause
    cmpw $TURN_NOBODY, turn
    jne 3b
4:  inc %bx
    cmp $256, %bx
    jne 1b
    movb $1, finished

    movzwl %bp, %eax
    call put_decimal
    say " CPUs\n"
    halt_forever

    /* EAX is the command. */
send_to_others:
    mov $APIC_ICR, %ebx
    mov %eax, %fs:(%ebx)
1:  testl $ICR_PENDING, %fs:(%ebx)
    jnz 1b
    ret

    /* Waits until all expected CPUs have come, or no more come. */
wait_for_others:
    mov $LONGEST_10MS, %cx
    mov $QUIET_10MS, %si
    mov arrived, %bx
1:  cmpw $0, expected
    je 2f
    mov arrived, %ax
    cmp expected, %ax
    jae 4f
    jmp 3f
2:  cmp arrived, %bx
    je 5f
    mov arrived, %bx
    mov $QUIET_10MS, %si
5:  dec %si
    jz 4f
3:  call wait_10ms
    loop 1b
4:  ret

    /* BX is the number. */
print_number:
    say "CPU "
    movzwl %bx, %eax
    call put_decimal
    say "\n"
    ret

    define_putc
    define_puts
    define_put_decimal
    define_ticks_left
    define_wait_10ms

    /*
     * The other CPUs start here, with this page in CS.  They share a stack, so each
     * waits for its turn before it uses the stack.
     */
    .balign 0x1000
trampoline:
    cli
    cld
    ljmp $0, $other_cpu
other_cpu:
    zero_segments
    big_real_fs
    announce
1:  pause
    cmpb $0, finished
    jne 2f
    cmp turn, %bx
    jne 1b
    mov $0x800, %sp
    call print_number
    movw $TURN_NOBODY, turn
2:  halt_forever

    .balign 2
expected:
    .word 0
arrived:
    .word 0
turn: /* the CPU that has the turn, which gives it back */
    .word TURN_NOBODY
boot_cpu:
    .byte 0
finished: /* a CPU that comes too late gets no turn */
    .byte 0
present: /* indexed by the number of the CPU */
    .skip 256
