/*
 * Checks port I/O of every width: REP OUTS and INS, 16 and 32-bit accesses to a
 * device that takes them whole and to one that takes bytes, and a port without a
 * device.
 *
 * It prints a line for each check on COM1 and writes the number of the check to the
 * POST port.  It ends through the exit port with 0 or the number of the check that
 * failed, or halts if there is no exit port.
 */
#include "guest.inc"

    .set ABSENT, 0x5e0
    .set ECHO_SIZE, 16 /* the capacity of the FIFO */
    .set BLOCK, 64

    /* The zero flag is the result of the check: set means passed. */
    .macro check name
    sete %al
    .subsection 1
.Lname\@:
    .asciz "\name"
    .subsection 0
    mov $.Lname\@, %si
    call report
    .endm

    .macro begin
    incw check_number
    mov check_number, %al
    out %al, $POST_PORT
    .endm

    guest_start
    uart_init

    begin
    call loopback_on
    mov $pattern, %si
    mov $ECHO_SIZE, %cx
    mov $COM1 + UART_THR, %dx
    rep outsb
    call wait_sent
    mov $received, %di
    mov $ECHO_SIZE, %cx
1:  mov $COM1 + UART_RBR, %dx
    in (%dx), %al
    stosb
    loop 1b
    call compare_received
    call loopback_off
    check "rep outsb"

    begin
    call loopback_on
    mov $pattern, %si
    mov $ECHO_SIZE, %cx
    mov $COM1 + UART_THR, %dx
1:  lodsb
    out %al, (%dx)
    loop 1b
    call wait_sent
    mov $received, %di
    mov $ECHO_SIZE, %cx
    mov $COM1 + UART_RBR, %dx
    rep insb
    call compare_received
    call loopback_off
    check "rep insb"

    /* Downwards.  SI and DI end one item below. */
    begin
    std
    mov $pattern + 3, %si
    mov $4, %cx
    mov $COM1 + UART_SCR, %dx
    rep outsb
    mov $received + 3, %di
    mov $4, %cx
    rep insb
    cld
    sub $pattern - 1, %si
    sub $received - 1, %di
    or %si, %di
    movzbl pattern, %eax
    imul $0x01010101, %eax
    xor received, %eax
    or %di, %ax
    test %eax, %eax
    check "rep outsb and insb downwards"

    /* A count of 0 makes no access and moves nothing. */
    begin
    mov $COM1 + UART_SCR, %dx
    mov $0x5a, %al
    out %al, (%dx)
    mov $pattern, %si
    xor %cx, %cx
    rep outsb
    in (%dx), %al
    sub $pattern, %si
    xor $0x5a, %al
    xor %ah, %ah
    or %si, %ax
    check "rep with a count of 0"

    begin
    mov $pattern, %si
    mov $BLOCK / 2, %cx
    mov $DEBUG_PORT, %dx
    rep outsw
    in (%dx), %ax
    cmp %ax, pattern + BLOCK - 2
    jne 1f
    mov $received, %di
    mov $3, %cx
    rep insw
    cmp %ax, received
    jne 1f
    cmp %ax, received + 4
1:  check "rep outsw and insw"

    begin
    mov $pattern, %si
    mov $BLOCK / 4, %cx
    mov $DEBUG_PORT, %dx
    rep outsl
    in (%dx), %eax
    cmp %eax, pattern + BLOCK - 4
    jne 1f
    mov $received, %di
    mov $3, %cx
    rep insl
    cmp %eax, received
    jne 1f
    cmp %eax, received + 8
1:  check "rep outsl and insl"

    begin
    mov $0xbeef, %ax
    out %ax, $DEBUG_PORT
    xor %eax, %eax
    in $DEBUG_PORT, %ax
    cmp $0xbeef, %eax
    check "16-bit out and in"

    begin
    mov $0xdeadbeef, %eax
    out %eax, $DEBUG_PORT
    xor %eax, %eax
    in $DEBUG_PORT, %eax
    cmp $0xdeadbeef, %eax
    check "32-bit out and in"

    /* The upper half of the word goes to the scratch register above MSR. */
    begin
    mov $COM1 + UART_MSR, %dx
    mov $0xa500, %ax
    out %ax, (%dx)
    in (%dx), %ax
    cmp $0xa5, %ah
    jne 1f
    mov $COM1 + UART_SCR, %dx
    in (%dx), %al
    cmp $0xa5, %al
1:  check "16-bit access to byte registers"

    /* A single access to MCR, LSR, MSR and SCR, which does not change the modem lines. */
    begin
    mov $COM1 + UART_MCR, %dx
    mov $0x3c000000 | UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2, %eax
    out %eax, (%dx)
    in (%dx), %eax
    and $0xff0000ff, %eax
    cmp $0x3c000000 | UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2, %eax
    check "32-bit access to byte registers"

    /* There is no device at the port after SCR. */
    begin
    mov $COM1 + UART_SCR, %dx
    mov $0x77, %al
    out %al, (%dx)
    in (%dx), %ax
    cmp $0xff77, %ax
    check "16-bit access past the last register"

    begin
    mov $ABSENT, %dx
    xor %al, %al
    out %al, (%dx)
    in (%dx), %al
    cmp $0xff, %al
    check "absent port, 8 bits"

    begin
    xor %ax, %ax
    out %ax, (%dx)
    in (%dx), %ax
    cmp $0xffff, %ax
    check "absent port, 16 bits"

    begin
    xor %eax, %eax
    out %eax, (%dx)
    in (%dx), %eax
    cmp $0xffffffff, %eax
    check "absent port, 32 bits"

    begin
    mov $received, %di
    mov $BLOCK, %cx
    rep insb
    mov $received, %di
    mov $BLOCK, %cx
    mov $0xff, %al
    repe scasb
    check "absent port, rep insb"

    say "all passed\n"
    call wait_sent
    xor %al, %al
    exit_with_al
    halt_forever

    /* Prints whether the check at SI passed (AL is 1); ends the run if not. */
report:
    call puts
    test %al, %al
    jz 1f
    say " ok\n"
    ret
1:  say " FAILED\n"
    call wait_sent
    mov check_number, %al
    exit_with_al
    halt_forever

    /* In loopback what is sent comes back.  Both FIFOs are on and empty. */
loopback_on:
    call wait_sent
    uart_set UART_MCR, UART_MCR_LOOP
    uart_set UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT
    movl $0, received
    ret

    /* Does not change the zero flag. */
loopback_off:
    pushf
    uart_set UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2
    uart_set UART_FCR, 0
    popf
    ret

compare_received:
    mov $pattern, %si
    mov $received, %di
    mov $ECHO_SIZE, %cx
    repe cmpsb
    ret

    define_putc
    define_puts
    define_wait_sent

check_number:
    .word 0

    .balign 4
pattern:
    .set byte, 0
    .rept BLOCK
    .byte (0x41 + byte * 7) & 0xff
    .set byte, byte + 1
    .endr
received:
    .skip BLOCK
