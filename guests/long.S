/*
 * Goes from real mode through protected mode into long mode and prints a line in
 * each.
 *
 * Its tables are at fixed addresses above the program.  A large page maps 2 MiB to
 * themselves.
 */
#include "guest.inc"

    .set PAGE_MAP,   0x8000
    .set PAGE_DIRS,  0x9000
    .set PAGE_DIR,   0xa000
    .set TABLE_SIZE, 0x1000

    .set PAGE_PRESENT, 0x01
    .set PAGE_WRITE,   0x02
    .set PAGE_LARGE,   0x80

    .set CR0_PE,   1 << 0
    .set CR0_PG,   1 << 31
    .set CR4_PAE,  1 << 5
    .set MSR_EFER, 0xc0000080
    .set EFER_LME, 1 << 8

    .set CPUID_EXTENDED,      0x80000000
    .set CPUID_EXTENDED_INFO, 0x80000001
    .set CPUID_LONG_MODE,     1 << 29

    .set CODE32, 0x08
    .set DATA,   0x10
    .set CODE64, 0x18

    /* putc and puts for modes with flat segments.  The text is at ESI. */
    .macro define_flat_puts name
\name:
    mov $COM1 + UART_LSR, %dx
1:  in (%dx), %al
    test $UART_LSR_THRE, %al
    jz 1b
    lodsb
    test %al, %al
    jz 2f
    mov $COM1 + UART_THR, %dx
    out %al, (%dx)
    jmp \name
2:  ret
    .endm

    guest_start
    uart_init
    say "real\n"

    mov $CPUID_EXTENDED, %eax
    cpuid
    cmp $CPUID_EXTENDED_INFO, %eax
    jb no_long_mode
    mov $CPUID_EXTENDED_INFO, %eax
    cpuid
    test $CPUID_LONG_MODE, %edx
    jz no_long_mode

    lgdt gdt_pointer
    mov %cr0, %eax
    or $CR0_PE, %al
    mov %eax, %cr0
    ljmp $CODE32, $protected

no_long_mode:
    say "this CPU has no long mode\n"
    halt_forever

    define_putc
    define_puts

    .code32
protected:
    mov $DATA, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x1000, %esp
    mov $protected_text, %esi
    call puts32

    mov $PAGE_MAP, %edi
    mov $(3 * TABLE_SIZE / 4), %ecx
    xor %eax, %eax
    rep stosl
    movl $(PAGE_DIRS + PAGE_WRITE + PAGE_PRESENT), PAGE_MAP
    movl $(PAGE_DIR + PAGE_WRITE + PAGE_PRESENT), PAGE_DIRS
    movl $(PAGE_LARGE + PAGE_WRITE + PAGE_PRESENT), PAGE_DIR

    mov $CR4_PAE, %eax
    mov %eax, %cr4
    mov $PAGE_MAP, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_LME, %eax
    wrmsr
    mov %cr0, %eax
    or $CR0_PG, %eax
    mov %eax, %cr0
    ljmp $CODE64, $long_mode

    define_flat_puts puts32

    .code64
long_mode:
    mov $0x1000, %esp
    mov $long_text, %esi
    /* Only long mode has sixteen registers of 64 bits. */
    mov $0x0123456789abcdef, %r15
    shr $32, %r15
    cmp $0x01234567, %r15
    jne 1f
    call puts64
1:  cli
    hlt
    jmp 1b

    define_flat_puts puts64

protected_text:
    .asciz "protected\n"
long_text:
    .asciz "long\n"

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff /* code, 32 bits, 4 GiB */
    .quad 0x00cf92000000ffff /* data, 4 GiB */
    .quad 0x00209a0000000000 /* code, 64 bits */
gdt_pointer:
    .word . - gdt - 1
    .long gdt
