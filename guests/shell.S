/*
 * The interactive demo: a prompt on COM1 with a few commands that look at the
 * machine and change it.  `help` lists them.
 *
 * Input comes by IRQ 4 into a ring, and the CPU halts while it waits, so an idle
 * shell costs nothing.  Without an interrupt controller it polls.  Output is
 * polled.  The 100 Hz timer starts with the first command that needs it, for the
 * same reason.
 */
#include "guest.inc"

    .set TICKS_PER_SECOND, 100
    .set MS_PER_TICK, 1000 / TICKS_PER_SECOND
    .set LINE_SIZE, 78
    .set PEEK_ROW, 16
    .set PEEK_MOST, 4096

    .set CTRL_C, 0x03
    .set BELL, 0x07
    .set BACKSPACE, 0x08
    .set CTRL_U, 0x15
    .set ESCAPE, 0x1b
    .set DELETE, 0x7f

    .set CRASH_CODE, 0x08
    .set CRASH_DATA, 0x10

    .set A20_GATE, 0x02
    .set A20_RESET, 0x01

    /* An entry of the table: name, handler, usage, description. */
    .macro command name, usage, help
    .word .Lname\@, do_\name, .Lusage\@, .Lhelp\@
    .subsection 1
.Lname\@:
    .asciz "\name"
.Lusage\@:
    .asciz "\usage"
.Lhelp\@:
    .asciz "\help"
    .subsection 0
    .endm

    .set COMMAND_NAME, 0
    .set COMMAND_HANDLER, 2
    .set COMMAND_USAGE, 4
    .set COMMAND_HELP, 6
    .set COMMAND_SIZE, 8
    .set USAGE_WIDTH, 23

    guest_start
    uart_init
    big_real_fs
    in $FAST_A20, %al
    or $A20_GATE, %al
    and $~A20_RESET & 0xff, %al
    out %al, $FAST_A20
    call start_input
    say "\r\nA guest on pioemu. Type help for what it can do.\r\n"
prompt:
    say "pioemu> "
    call read_line
    call run_line
    jmp prompt

commands:
    command help,  "help",               "this list"
    command add,   "add A B",            "A plus B"
    command peek,  "peek ADDR [COUNT]",  "show 16 or COUNT (1 to 4096) bytes of memory"
    command poke,  "poke ADDR VALUE",    "write a byte to memory"
    command in,    "in PORT",            "read a port, 8 bits"
    command inb,   "inb PORT",           "the same"
    command inw,   "inw PORT",           "read a port, 16 bits"
    command inl,   "inl PORT",           "read a port, 32 bits"
    command out,   "out PORT VALUE",     "write a port, 8 bits"
    command outb,  "outb PORT VALUE",    "the same"
    command outw,  "outw PORT VALUE",    "write a port, 16 bits"
    command outl,  "outl PORT VALUE",    "write a port, 32 bits"
    command regs,  "regs",               "show the CPU's registers"
    command time,  "time",               "date and time of the clock"
    command ticks, "ticks",              "timer ticks, 100 a second, since first asked"
    command sleep, "sleep MS",           "wait that many milliseconds (Ctrl-C ends it)"
    command boot,  "boot [NAME [CX [DX]]]", "start a guest of the disk; alone: list them"
    command crash, "crash",              "die of a triple fault"
    command exit,  "exit N",             "end the run with status N, 0 to 255"
    command halt,  "halt",               "stop the CPU for good"
    .word 0

    /* ---- commands: SI is at the arguments; carry asks for the usage ------- */

do_help:
    call parse_end
    jc 5f
    mov $commands, %bx
1:  cmpw $0, COMMAND_NAME(%bx)
    je 4f
    mov COMMAND_USAGE(%bx), %si
    call puts
    mov $USAGE_WIDTH, %cx
2:  dec %cx
    lodsb
    test %al, %al
    jnz 2b
    mov $' ', %al
3:  call putc
    loop 3b
    mov COMMAND_HELP(%bx), %si
    call puts
    call newline
    add $COMMAND_SIZE, %bx
    jmp 1b
4:  say "Numbers are decimal, or hexadecimal with 0x.\r\n"
    clc
5:  ret

do_add:
    call parse_number
    jc 2f
    mov %eax, %ebx
    call parse_last_number
    jc 2f
    add %ebx, %eax
    jc 1f
    call put_decimal
    call newline
    clc
    ret
1:  say "the sum does not fit in 32 bits\r\n"
    clc
2:  ret

    /* Each row is read completely before it is printed, because it may be a device. */
do_peek:
    call parse_number
    jc 3f
    mov %eax, %ebx
    mov $PEEK_ROW, %ebp
    call parse_end
    jnc 1f
    call parse_last_number
    jc 3f
    mov %eax, %ebp
    dec %eax
    cmp $PEEK_MOST, %eax
    cmc
    jc 3f
1:  mov $PEEK_ROW, %cx
    cmp %cx, %bp
    jae 2f
    mov %bp, %cx
2:  call peek_row
    sub %cx, %bp
    jz 3f
    cmpb $0, interrupted
    je 1b
    clc
3:  ret

    /* Prints CX bytes at EBX and advances EBX. */
peek_row:
    push %cx
    mov %ebx, %eax
    mov $8, %cl
    call put_hex
    pop %cx
    push %cx
    mov $row, %di
1:  mov %fs:(%ebx), %al
    inc %ebx
    stosb
    loop 1b
    pop %cx
    push %cx
    mov $row, %si
2:  say " "
    lodsb
    push %cx
    mov $2, %cl
    call put_hex
    pop %cx
    loop 2b
    pop %cx
    push %cx
    sub $PEEK_ROW, %cx
    neg %cx
    jcxz 4f
3:  say "   "
    loop 3b
4:  say "  "
    pop %cx
    push %cx
    mov $row, %si
5:  lodsb
    cmp $' ', %al
    jb 6f
    cmp $'~', %al
    jbe 7f
6:  mov $'.', %al
7:  call putc
    loop 5b
    call newline
    pop %cx
    ret

do_poke:
    call parse_number
    jc 1f
    mov %eax, %ebx
    call parse_last_number
    jc 1f
    mov %eax, %edx
    mov $8, %cl
    call check_width
    jc 1f
    mov %al, %fs:(%ebx)
1:  ret

do_in:
do_inb:
    call parse_last_port
    jc 1f
    in (%dx), %al
    mov $2, %cl
    jmp put_port_value
1:  ret

do_inw:
    call parse_last_port
    jc 1f
    in (%dx), %ax
    mov $4, %cl
    jmp put_port_value
1:  ret

do_inl:
    call parse_last_port
    jc 1f
    in (%dx), %eax
    mov $8, %cl
    jmp put_port_value
1:  ret

put_port_value:
    say "0x"
    call put_hex
    call newline
    clc
    ret

do_out:
do_outb:
    mov $8, %cl
    call parse_port_and_value
    jc 1f
    out %al, (%dx)
1:  ret

do_outw:
    mov $16, %cl
    call parse_port_and_value
    jc 1f
    out %ax, (%dx)
1:  ret

do_outl:
    mov $32, %cl
    call parse_port_and_value
    jc 1f
    out %eax, (%dx)
1:  ret

    .macro show_register text, source, digits=8
    say "\text"
    mov \source, %eax
    mov $\digits, %cl
    call put_hex
    .endm

    /* The registers at this point, in the middle of a command. */
do_regs:
    pushfl
    pushal
    mov %sp, %bp
    call parse_end
    jc 1f
    show_register "EAX=",      28(%bp)
    show_register " EBX=",     16(%bp)
    show_register " ECX=",     24(%bp)
    show_register " EDX=",     20(%bp)
    show_register "\r\nESI=",  4(%bp)
    show_register " EDI=",     0(%bp)
    show_register " EBP=",     8(%bp)
    show_register " ESP=",     12(%bp)
    show_register "\r\nEIP=",  $do_regs
    show_register " EFL=",     32(%bp)
    show_register "\r\nCS=",   %cs, 4
    show_register " DS=",      %ds, 4
    show_register " ES=",      %es, 4
    show_register " FS=",      %fs, 4
    show_register " GS=",      %gs, 4
    show_register " SS=",      %ss, 4
    show_register "\r\nCR0=",  %cr0
    show_register " CR2=",     %cr2
    show_register " CR3=",     %cr3
    show_register " CR4=",     %cr4
    call newline
    clc
1:  lea 36(%bp), %sp
    ret

do_time:
    call parse_end
    jc 2f
    rtc_probe
    jnz 1f
    call put_time
    call newline
    clc
    ret
1:  say "no clock answers\r\n"
    clc
2:  ret

do_ticks:
    call parse_end
    jc 2f
    call start_ticks
    jc 1f
    mov ticks, %eax
    call put_decimal
    call newline
1:  clc
2:  ret

    /* One tick more, because the current one has already begun. */
do_sleep:
    call parse_last_number
    jc 5f
    xor %edx, %edx
    mov $MS_PER_TICK, %ecx
    div %ecx
    cmp $1, %edx
    sbb $-2, %eax
    mov %eax, %ebx
    call start_ticks
    jc 4f
    mov ticks, %ecx
1:  cli
    mov ticks, %eax
    sub %ecx, %eax
    cmp %ebx, %eax
    jae 3f
    cmpb $0, interrupted
    jne 3f
    sti
    hlt
    jmp 1b
3:  sti
4:  clc
5:  ret

    /*
     * Neither the first exception nor the next one finds a handler.  This needs
     * protected mode, because a KVM that emulates real mode ignores the limit of
     * the vector table.
     */
do_crash:
    call parse_end
    jc 1f
    say "crashing\r\n"
    call wait_sent
    cli
    lidt no_idt
    lgdt crash_gdtr
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmp $CRASH_CODE, $2f
2:  mov $CRASH_DATA, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %fs
    mov %ax, %gs
    mov %ax, %ss
    ud2
1:  ret

do_exit:
    call parse_last_number
    jc 1f
    mov %eax, %edx
    mov $8, %cl
    call check_width
    jc 1f
    call wait_sent
    exit_with_al
    say "no exit device answers at port 0xf4 (-device exit-port adds one)\r\n"
    clc
1:  ret

do_halt:
    call parse_end
    jc 1f
    say "halted\r\n"
    call wait_sent
    halt_forever
1:  ret

    /* ---- the line ---------------------------------------------------------- */

    /* Finds and runs the command in `line`. */
run_line:
    mov $line, %si
    call skip_spaces
    cmpb $0, (%si)
    je 4f
    mov $commands, %bx
1:  mov COMMAND_NAME(%bx), %di
    test %di, %di
    jz 3f
    push %si
    call match_word
    je 2f
    pop %si
    add $COMMAND_SIZE, %bx
    jmp 1b
2:  pop %ax
    push %bx
    call *COMMAND_HANDLER(%bx)
    pop %bx
    jnc 4f
    say "usage: "
    mov COMMAND_USAGE(%bx), %si
    call puts
    say " - "
    mov COMMAND_HELP(%bx), %si
    call puts
    jmp newline
3:  call put_word
    say ": no such command; help lists what there is\r\n"
4:  ret

    /* Zero flag: the word at SI equals the name at DI, and SI is advanced past it. */
match_word:
    mov (%di), %al
    test %al, %al
    jz 1f
    cmp (%si), %al
    jne 2f
    inc %si
    inc %di
    jmp match_word
1:  cmpb $0, (%si)
    je 2f
    cmpb $' ', (%si)
2:  ret

put_word:
    lodsb
    call putc
    cmpb $0, (%si)
    je 1f
    cmpb $' ', (%si)
    jne put_word
1:  ret

    /* Reads a line into `line`, with echo and editing. */
read_line:
    xor %di, %di
1:  call get_char
    mov last_char, %ah
    mov %al, last_char
    cmp $'\r', %al
    je 8f
    cmp $'\n', %al
    je 7f
    cmp $BACKSPACE, %al
    je 4f
    cmp $DELETE, %al
    je 4f
    cmp $CTRL_U, %al
    je 5f
    cmp $CTRL_C, %al
    je 6f
    cmp $ESCAPE, %al
    je 3f
    cmp $' ', %al
    jb 1b
    cmp $DELETE, %al
    ja 1b
    cmp $LINE_SIZE, %di
    je 2f
    mov %al, line(%di)
    inc %di
    call putc
    jmp 1b
2:  mov $BELL, %al
    call putc
    jmp 1b
3:  call skip_escape
    jmp 1b
4:  call rub_out
    jmp 1b
5:  call rub_out
    jnz 5b
    jmp 1b
6:  say "^C\r\npioemu> "
    jmp read_line
7:  cmp $'\r', %ah /* the second half of CR LF */
    je 1b
8:  movb $0, line(%di)
    movb $0, interrupted /* before the echo, so that a later Ctrl-C is for the command */
    jmp newline

    /* Removes the last character before DI.  Zero flag: there was none. */
rub_out:
    test %di, %di
    jz 1f
    say "\b \b"
    dec %di
1:  ret

    /* Skips a key that sends more than one byte, such as an arrow. */
skip_escape:
    call get_char
    cmp $'O', %al
    je get_char
    cmp $'[', %al
    jne 2f
1:  call get_char
    cmp $'@', %al
    jb 1b
2:  ret

    /* ---- the serial port --------------------------------------------------- */

newline:
    say "\r\n"
    ret

    /* Turns on interrupts for input if the controller's mask can be read back. */
start_input:
    pic_init
    mov $~(1 << PIC_CASCADE) & 0xff, %al
    out %al, $PIC1 + PIC_DATA
    in $PIC1 + PIC_DATA, %al
    cmp $~(1 << PIC_CASCADE) & 0xff, %al
    jne 1f
    movb $1, interrupts
    set_vector IRQ_VECTOR + IRQ_COM1, uart_irq
    set_vector IRQ_VECTOR + IRQ_TIMER, timer_irq
    pic_unmask IRQ_COM1
    uart_set UART_IER, UART_IER_RDI
    sti
1:  ret

    /* AL = the next byte of input. */
get_char:
    push %bx
    push %dx
1:  cli
    movzbw ring_head, %bx
    cmp ring_tail, %bl
    jne 3f
    cmpb $0, interrupts
    je 2f
    sti
    hlt
    jmp 1b
2:  call take_input
    jmp 1b
3:  mov ring(%bx), %bl
    incb ring_head
    cmpb $0, interrupts
    je 4f
    uart_set UART_IER, UART_IER_RDI
    sti
4:  mov %bl, %al
    pop %dx
    pop %bx
    ret

uart_irq:
    push %ax
    push %bx
    push %dx
    call take_input
    pic_eoi IRQ_COM1
    pop %dx
    pop %bx
    pop %ax
    iret

    /*
     * Moves input to the ring.  When the ring is full, the rest remains in the
     * UART, with its interrupt off, until a byte is taken from the ring.
     */
take_input:
    mov $COM1 + UART_LSR, %dx
    in (%dx), %al
    test $UART_LSR_DR, %al
    jz 2f
    movzbw ring_tail, %bx
    lea 1(%bx), %ax
    cmp ring_head, %al
    je 3f
    mov %al, ring_tail
    mov $COM1 + UART_RBR, %dx
    in (%dx), %al
    mov %al, ring(%bx)
    cmp $CTRL_C, %al
    jne take_input
    movb $1, interrupted
    jmp take_input
3:  uart_set UART_IER, 0
2:  ret

    /* ---- the timer --------------------------------------------------------- */

    /* Carry: the timer does not run, and a message said so. */
start_ticks:
    cmpb $0, ticking
    jne 2f
    cmpb $0, interrupts
    je 1f
    push %ecx
    mov $(PIT_CLOCK_HZ + TICKS_PER_SECOND / 2) / TICKS_PER_SECOND, %cx
    pit_start_cx
    pop %ecx
    mov $PIT_CW_READ_BACK | PIT_RB_COUNT | PIT_RB_CNT(0), %al
    out %al, $PIT + PIT_CONTROL
    in $PIT + PIT_COUNTER0, %al
    and $~(PIT_STATUS_OUT | PIT_STATUS_NULL_COUNT) & 0xff, %al
    cmp $PIT_CW_RW_WORD | PIT_CW_MODE(2), %al
    jne 1f
    cli
    pic_unmask IRQ_TIMER
    sti
    movb $1, ticking
2:  clc
    ret
1:  say "no timer answers, or no interrupt controller\r\n"
    stc
    ret

timer_irq:
    push %ax
    incl ticks
    pic_eoi IRQ_TIMER
    pop %ax
    iret

#include "parse.inc"
#include "shell_boot.inc"

    define_putc
    define_puts
    define_wait_sent
    define_put_decimal
    define_put_hex
    define_rtc_read
    define_put_time

    .balign 8
crash_gdt:
    .quad 0
    .quad 0x00009a000000ffff /* code, 16 bits, 64 KiB */
    .quad 0x000092000000ffff /* data, 64 KiB */
crash_gdtr:
    .word . - crash_gdt - 1
    .long crash_gdt
    .balign 4
ticks:
    .long 0
no_idt: /* limit 0 */
    .word 0
    .long 0
interrupts: /* there is an interrupt controller */
    .byte 0
ticking:
    .byte 0
interrupted: /* a Ctrl-C has arrived since the last line ended */
    .byte 0
last_char:
    .byte 0
ring_head: /* the oldest byte; the ring is empty if it is equal to ring_tail */
    .byte 0
ring_tail:
    .byte 0
row:
    .skip PEEK_ROW
line:
    .skip LINE_SIZE + 1
ring:
    .skip 256
