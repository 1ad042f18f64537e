/*
 * Measures the tone of PIT channel 2 at port B, for several reload values.
 *
 * The channel generates a square wave (mode 3) with its gate open.  Its output is
 * polled in port B, and channel 0, latched, measures the time.  For each value it
 * prints the measured rate, the expected rate, and whether they agree within one
 * percent.
 */
#include "guest.inc"

    .set SPAN,          50000 /* ticks of a measurement, less than channel 0 counts */
    .set POLLS,         1 << 20 /* the polls for one rise, more than the slowest wave takes */
    .set TRIES,         5 /* a busy host may pause the guest for more than a period */

    guest_start
    uart_init
    xor %cx, %cx
    pit_start_cx
    mov $reloads, %si
next:
    lodsw
    test %ax, %ax
    jz finish
    mov %ax, %bx
    say "reload "
    movzwl %bx, %eax
    call put_decimal
    mov $TRIES, %cx
1:  call measure
    jc 2f
    call within_one_percent
    jnc 2f
    loop 1b
    stc
2:  pushf
    call report
    popf
    jc 3f
    say "pass\n"
    jmp next
3:  say "FAIL\n"
    movb $1, failed
    jmp next

finish:
    cmpb $0, failed
    jne 1f
    say "speaker: pass\n"
    halt_forever
1:  say "speaker: FAIL\n"
    halt_forever

    /* EBP ticks for DI periods, measured with reload BX: prints both rates. */
report:
    say ": "
    mov $PIT_CLOCK_HZ, %eax
    movzwl %di, %edx
    mul %edx
    test %ebp, %ebp
    jz 1f
    mov %ebp, %ecx
    call put_quotient
    say " Hz, expected "
    mov $PIT_CLOCK_HZ, %eax
    xor %edx, %edx
    movzwl %bx, %ecx
    call put_quotient
    say " Hz: "
    ret
1:  say "the output does not change: "
    ret

    /* EDX:EAX / ECX, rounded. */
put_quotient:
    push %ecx
    shr $1, %ecx
    add %ecx, %eax
    adc $0, %edx
    pop %ecx
    div %ecx
    jmp put_decimal

    /*
     * EBP = ticks of channel 0 during DI periods of channel 2 with reload BX.  If
     * the output does not change, EBP is 0 and carry is set.
     */
measure:
    push %cx
    mov $PIT_CW_SC(2) | PIT_CW_RW_WORD | PIT_CW_MODE(3), %al
    out %al, $PIT + PIT_CONTROL
    mov %bl, %al
    out %al, $PIT + PIT_COUNTER2
    mov %bh, %al
    out %al, $PIT + PIT_COUNTER2
    in $PORTB, %al
    and $~PORTB_SPEAKER & PORTB_WRITABLE_MASK, %al
    or $PORTB_GATE2, %al
    out %al, $PORTB

    mov $SPAN, %ax
    xor %dx, %dx
    div %bx
    mov %ax, %di
    xor %ebp, %ebp
    call wait_rise
    jc 2f
    call ticks_left
    mov %ax, %dx
    mov %di, %cx
1:  call wait_rise
    jc 2f
    loop 1b
    call ticks_left
    sub %ax, %dx
    movzwl %dx, %ebp
    clc
2:  pop %cx
    ret

    /* Waits until the output goes from low to high; carry if it never does. */
wait_rise:
    push %ecx
    mov $POLLS, %ecx
1:  in $PORTB, %al
    test $PORTB_OUT2, %al
    jz 2f
    dec %ecx
    jnz 1b
    jmp 3f
2:  in $PORTB, %al
    test $PORTB_OUT2, %al
    jnz 4f
    dec %ecx
    jnz 2b
3:  stc
4:  pop %ecx
    ret

    /* Carry: EBP differs by more than a hundredth from DI periods of BX. */
within_one_percent:
    push %edx
    movzwl %di, %eax
    movzwl %bx, %edx
    imul %edx, %eax
    mov %ebp, %edx
    sub %eax, %edx
    jns 1f
    neg %edx
1:  imul $100, %edx, %edx
    cmp %edx, %eax /* carry if a hundred times the error is larger */
    pop %edx
    ret

    define_putc
    define_puts
    define_put_decimal
    define_ticks_left

    .balign 2
reloads: /* 4 kHz, 1 kHz, concert pitch, an odd count, 100 Hz */
    .word 298, 1193, 2712, 2711, 11932, 0
failed:
    .byte 0
