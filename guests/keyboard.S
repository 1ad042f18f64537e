/*
 * Prints the scan codes that come with IRQ 1, until Esc (code 01).
 *
 * First it makes the controller test itself and sets the keyboard's lights, so that
 * both answer without a key.
 */
#include "guest.inc"

    .set ESC, 0x01

    guest_start
    uart_init
    pic_init
    set_vector IRQ_VECTOR + IRQ_KEYBOARD, keyboard_irq
    pic_unmask IRQ_KEYBOARD

    say "self-test:"
    mov $I8042_CMD_SELF_TEST, %al
    out %al, $I8042_COMMAND
    call show
    say "\nlights:"
    mov $KBD_SET_LEDS, %al
    out %al, $I8042_DATA
    call show
    mov $KBD_LED_NUM, %al
    out %al, $I8042_DATA
    call show
    say "\nkeys:"
1:  call show
    cmp $ESC, %al
    jne 1b
    say "\n"
    halt_forever

    /* show: waits for a byte, prints it and returns it in AL. */
show:
    cli
    cmpb $0, arrived
    jne 1f
    sti
    hlt
    jmp show
1:  movb $0, arrived
    sti
    mov $' ', %al
    call putc
    movzbl code, %eax
    mov $2, %cl
    call put_hex
    ret

keyboard_irq:
    push %ax
    in $I8042_DATA, %al
    mov %al, code
    movb $1, arrived
    pic_eoi IRQ_KEYBOARD
    pop %ax
    iret

    define_putc
    define_puts
    define_put_hex

code:
    .byte 0
arrived:
    .byte 0
