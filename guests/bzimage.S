/*
 * A tiny Linux bzImage: prints which of its three entries was taken, its command
 * line, and the size and sum of its initrd.
 */
#include "devices/serial/uart16550_regs.h"
#include "src/boot/linux_regs.h"

#ifndef XLOADFLAGS /* bzimage64.S has its own value */
#define XLOADFLAGS 0
#endif

    .set COM1, 0x3f8
    .set SECTOR, 512
    .set SETUP_SECTORS, 1
    .set SETUP_SIZE, (1 + SETUP_SECTORS) * SECTOR
    .set KERNEL, 0x100000 /* the address of the part after the setup */

    /* The address of a label in the protected-mode part. */
#define LINKED(label) (label - kernel + KERNEL)

    /* ---- the setup header ---- */

    .code16
    .text
    .globl _start
_start:
    .org LINUX_SETUP_SECTS
    .byte SETUP_SECTORS
    .org LINUX_BOOT_FLAG
    .short LINUX_BOOT_FLAG_MAGIC
    .byte 0xeb, setup - 1f /* a short jump, whose length is the length of the header */
1:  .ascii "HdrS"
    .short LINUX_2_12
    .org LINUX_LOADFLAGS
    .byte LINUX_LOADED_HIGH
    .org LINUX_CODE32_START
    .long KERNEL
    .org LINUX_INITRD_ADDR_MAX
    .long 0x7fffffff
    .long 0x1000 /* kernel_alignment */
    .org LINUX_XLOADFLAGS
    .short XLOADFLAGS
    .long 255 /* cmdline_size */
    .org LINUX_PREF_ADDRESS
    .quad KERNEL
    .long 0x10000 /* init_size */
    .org 0x268

    /* ---- the 16-bit entry: DS, ES and SS are at _start, CS 512 bytes further ---- */

setup:
    cld
    mov $entry16, %si
1:  lodsb
    test %al, %al
    jz 2f
    call putc16
    jmp 1b
2:  mov LINUX_CMD_LINE_PTR, %eax
    shr $4, %eax
    mov %ax, %ds
    xor %si, %si
3:  lodsb
    test %al, %al
    jz 4f
    call putc16
    jmp 3b
4:  mov $'\n', %al
    call putc16
5:  cli
    hlt
    jmp 5b

putc16:
    push %ax
    mov $COM1 + UART_LSR, %dx
1:  in (%dx), %al
    test $UART_LSR_THRE, %al
    jz 1b
    pop %ax
    mov $COM1 + UART_THR, %dx
    out %al, (%dx)
    ret

entry16:
    .asciz "16-bit entry\ncommand line: "

    .org SETUP_SIZE

    /* ---- the 32-bit entry: ESI is the zero page ---- */

    /* putc and puts, for AL and for the text at `text`, in either mode. */
    .macro define_puts name, text
\name\()_char:
    push %\text
    mov %eax, %ebx
    mov $COM1 + UART_LSR, %edx
1:  in (%dx), %al
    test $UART_LSR_THRE, %al
    jz 1b
    mov %ebx, %eax
    mov $COM1 + UART_THR, %edx
    out %al, (%dx)
    pop %\text
    ret
\name:
    mov (%\text), %al
    test %al, %al
    jz 2f
    call \name\()_char
    inc %\text
    jmp \name
2:  ret
    .endm

    .code32
kernel:
    mov $LINKED(stack), %esp
    mov %esi, %ebp
    mov $LINKED(text32), %esi
    call puts32
    mov LINUX_CMD_LINE_PTR(%ebp), %esi
    call puts32
    mov $LINKED(text_initrd), %esi
    call puts32
    mov LINUX_RAMDISK_SIZE(%ebp), %eax
    call put_decimal
    mov $LINKED(text_sum), %esi
    call puts32
    call sum_initrd
    call put_decimal
    mov $LINKED(text_end), %esi
    call puts32
1:  cli
    hlt
    jmp 1b

    /* EAX = the sum of the bytes of the initrd. */
sum_initrd:
    mov LINUX_RAMDISK_IMAGE(%ebp), %esi
    mov LINUX_RAMDISK_SIZE(%ebp), %ecx
    xor %eax, %eax
    jecxz 2f
1:  movzbl (%esi), %edx
    add %edx, %eax
    inc %esi
    loop 1b
2:  ret

    /* Prints EAX. */
put_decimal:
    xor %edx, %edx
    mov $10, %ecx
    div %ecx
    push %edx
    test %eax, %eax
    jz 1f
    call put_decimal
1:  pop %eax
    add $'0', %al
    jmp puts32_char

    define_puts puts32, esi

    /* ---- the 64-bit entry: RSI is the zero page ---- */

    .org SETUP_SIZE + LINUX_ENTRY_64
    .code64
entry64:
    mov $LINKED(stack), %esp
    mov %rsi, %rbp
    lea text64(%rip), %rsi
    call puts64
    mov LINUX_CMD_LINE_PTR(%rbp), %esi
    call puts64
    lea text_end(%rip), %rsi
    call puts64
1:  cli
    hlt
    jmp 1b

    define_puts puts64, rsi

text32:
    .asciz "32-bit entry\ncommand line: "
text64:
    .asciz "64-bit entry\ncommand line: "
text_initrd:
    .asciz "\ninitrd: "
text_sum:
    .asciz " bytes, sum "
text_end:
    .asciz "\n"

    .balign 16
    .skip 256
stack:
