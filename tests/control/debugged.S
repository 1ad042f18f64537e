/*
 * The guest of the debugger's tests: code in real mode, an exception, an
 * interrupt that ends a HLT, protected mode, paging, and a triple fault.
 *
 * It is a flat binary at 0x1000 that begins in real mode.  The addresses of
 * its labels are in a table after the first jump (see enum Place in
 * gdb_rig.h).
 */

#define STACK     0x7000
#define DIRECTORY 0x2000
#define ALIAS     0x400000

/* The values of GO_ON: what the guest does in protected mode. */
#define WAITS   0
#define PAGES   1
#define CRASHES 2

        .code16
        .globl  _start
_start:
        jmp     begin
        .balign 4
places:
        .long   begin, count, counter, port_out, divide, divided, halt, tick
        .long   protected, paged, alias, copy, copied, wait, crash, go_on

begin:
        cli
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $STACK, %sp
        movl    $divided, 0
        movl    $tick, 8 * 4
        mov     $3, %cx
again:
        call    count
        loop    again
        mov     $0x3f8, %dx
        mov     $'G', %al
        .globl  port_out
port_out:
        out     %al, %dx
        mov     $text, %si
        mov     $copied, %di
        mov     $4, %cx
        .globl  copy
copy:
        rep movsb
        xor     %bx, %bx
        .globl  divide
divide:
        div     %bx
        mov     $0x11, %al              /* initialise the controller: vectors from 8 on */
        out     %al, $0x20
        mov     $8, %al
        out     %al, $0x21
        mov     $4, %al
        out     %al, $0x21
        mov     $1, %al
        out     %al, $0x21
        mov     $0xfe, %al
        out     %al, $0x21
        mov     $0x30, %al              /* the timer: one shot */
        out     %al, $0x43
        mov     $0x20, %al
        out     %al, $0x40
        out     %al, $0x40
        sti
        nop                             /* some emulators trace STI and the next instruction as one */
        .globl  halt
halt:
        hlt
        cli
        lgdt    descriptors_pointer
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmp    $8, $protected

        .globl  count
count:
        incw    counter
        ret

/* Returns to the instruction after the DIV, which has two bytes. */
        .globl  divided
divided:
        mov     %sp, %bp
        addw    $2, (%bp)
        iret

        .globl  tick
tick:
        push    %ax
        mov     $0x20, %al
        out     %al, $0x20
        pop     %ax
        iret

        .code32
        .globl  protected
protected:
        mov     $16, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $STACK, %esp
        .globl  wait
wait:
        cmpb    $WAITS, go_on
        je      wait
        cmpb    $CRASHES, go_on
        je      crash
        movl    $0x83, DIRECTORY        /* two large pages that map the same 4 MiB */
        movl    $0x83, DIRECTORY + 4
        mov     %cr4, %eax
        or      $0x10, %al
        mov     %eax, %cr4
        mov     $DIRECTORY, %eax
        mov     %eax, %cr3
        mov     %cr0, %eax
        or      $0x80000000, %eax
        mov     %eax, %cr0
        .globl  paged
paged:
        movw    $0x1234, ALIAS + counter
        .globl  alias
alias:
        jmp     alias
        .globl  crash
crash:
        lidt    no_vectors
        ud2

        .balign 8
descriptors:
        .quad   0
        .quad   0x00cf9a000000ffff
        .quad   0x00cf92000000ffff
descriptors_pointer:
        .word   23
        .long   descriptors
no_vectors:
        .word   0
        .long   0
        .globl  counter
counter:
        .word   0
        .globl  go_on
go_on:
        .byte   PAGES
text:
        .ascii  "text"
        .globl  copied
copied:
        .skip   4
