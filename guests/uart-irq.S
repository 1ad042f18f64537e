/*
 * Sends back what arrives on COM1, by interrupts and through the FIFOs.
 *
 * The receiver interrupts at eight characters, or when the line becomes silent
 * (character time-out).  The transmitter's interrupt is on only while a ring holds
 * something to send.  When the ring is full, the receiver's interrupt is off until
 * the ring is half empty, so nothing is lost.  The CPU halts between interrupts.
 */
#include "guest.inc"

    .set RING_SIZE, 1024 /* a power of two */
    .set RING_MASK, RING_SIZE - 1

    guest_start
    uart_init
    call fifos_on
    pic_init
    set_vector IRQ_VECTOR + IRQ_COM1, uart_irq
    pic_unmask IRQ_COM1
    movb $UART_IER_RDI, enabled
    cmpw $0, ring_count
    je 1f
    orb $UART_IER_THRI, enabled
1:  call set_enabled
2:  sti
    hlt
    jmp 2b

    /*
     * Turning the FIFOs on clears them.  So what has already arrived is taken
     * first, while loopback holds back further input.
     */
fifos_on:
    uart_set UART_MCR, UART_MCR_LOOP
    call take_input
    uart_set UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT
    uart_set UART_FCR, UART_FCR_ENABLE | UART_FCR_TRIGGER_8
    uart_set UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2
    ret

    /* Serves every cause until none is left.  Otherwise the next edge would be lost. */
uart_irq:
    pushaw
1:  mov $COM1 + UART_IIR, %dx
    in (%dx), %al
    test $UART_IIR_NO_INT, %al
    jnz 2f
    and $UART_IIR_ID, %ax
    mov %ax, %bx
    call *causes(%bx)
    jmp 1b
2:  pic_eoi IRQ_COM1
    popaw
    iret

    .balign 2
causes: /* indexed by the IIR, whose causes in UART_IIR_ID are even numbers */
    .word modem_status, transmit, receive, line_status
    .word ignore, ignore, receive, ignore

modem_status:
    mov $COM1 + UART_MSR, %dx
    in (%dx), %al
ignore:
    ret

line_status:
    mov $COM1 + UART_LSR, %dx
    in (%dx), %al
    ret

receive:
    call take_input
    cmpw $RING_SIZE, ring_count
    jne 1f
    andb $~UART_IER_RDI & 0xff, enabled
1:  orb $UART_IER_THRI, enabled
    jmp set_enabled

    /* Moves input to the ring while there is input and room. */
take_input:
    mov $COM1 + UART_LSR, %dx
    in (%dx), %al
    test $UART_LSR_DR, %al
    jz 1f
    cmpw $RING_SIZE, ring_count
    je 1f
    mov $COM1 + UART_RBR, %dx
    in (%dx), %al
    mov ring_head, %bx
    add ring_count, %bx
    and $RING_MASK, %bx
    mov %al, ring(%bx)
    incw ring_count
    jmp take_input
1:  ret

    /* The transmitter is empty, so it gets as much as its FIFO holds. */
transmit:
    mov $UART_FIFO_SIZE, %cx
    mov $COM1 + UART_THR, %dx
1:  cmpw $0, ring_count
    je 2f
    mov ring_head, %bx
    mov ring(%bx), %al
    out %al, (%dx)
    inc %bx
    and $RING_MASK, %bx
    mov %bx, ring_head
    decw ring_count
    loop 1b
2:  cmpw $0, ring_count
    jne 3f
    andb $~UART_IER_THRI & 0xff, enabled
3:  cmpw $RING_SIZE / 2, ring_count
    ja set_enabled
    orb $UART_IER_RDI, enabled

set_enabled:
    mov $COM1 + UART_IER, %dx
    mov enabled, %al
    out %al, (%dx)
    ret

enabled: /* the value of the IER */
    .byte 0
    .balign 2
ring_head: /* the oldest byte */
    .word 0
ring_count:
    .word 0
ring:
    .skip RING_SIZE
