/*
 * Runs ECX rounds of one kind of work with paging, in 32-bit code or, if WIDE is
 * 1, in 64-bit code.  WORK is the kind's name in bench_work.inc.
 */
#include "tests/bench/bench.inc"
#include "tests/bench/bench_work.inc"

    .set TABLES, 0x80000
    .set SPAN, 0x4000000 /* how much memory is mapped to itself, by pages of 4 KiB */
    .set LEAVES, 0x180000 /* the tables whose entries are the pages */
    .set STACK, 0x70000
    .set PRESENT_WRITABLE, 3
    .set CR0_PE, 1
    .set CR0_MP, 2
    .set CR0_EM, 4
    .set CR0_PG, 0x80000000
    .set CR4_PAE, 0x20
    .set CR4_OSFXSR, 0x200
    .set EFER, 0xc0000080
    .set EFER_LME, 0x100
    .set A20_ON, 2

#if WIDE
    .set ENTRY_SIZE, 8
    .set ENTRIES, 512
#else
    .set ENTRY_SIZE, 4
    .set ENTRIES, 1024
#endif
    .set LEAF_TABLES, SPAN / 0x1000 / ENTRIES

_start:
    default_count
    mov %ecx, %ebp
    in $0x92, %al
    or $A20_ON, %al
    out %al, $0x92
    lgdtl descriptors
    mov %cr0, %eax
    or $CR0_PE, %eax
    mov %eax, %cr0
    ljmpl $0x08, $protected

    .balign 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
descriptors:
    .word . - gdt - 1
    .long gdt

    .code32
    /* Writes ECX entries of a table at EDI: EAX and those that follow it by EBX. */
fill:
    movl $0, ENTRY_SIZE - 4(%edi)
    mov %eax, (%edi)
    add %ebx, %eax
    add $ENTRY_SIZE, %edi
    dec %ecx
    jnz fill
    ret

protected:
    mov $0x10, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $STACK, %esp
    mov $0x1000, %ebx
    mov $LEAVES, %edi
    mov $PRESENT_WRITABLE, %eax
    mov $LEAF_TABLES * ENTRIES, %ecx
    call fill
    mov $TABLES, %edi
    mov $LEAVES + PRESENT_WRITABLE, %eax
    mov $LEAF_TABLES, %ecx
    call fill
    mov $TABLES, %eax
#if WIDE
    movl $TABLES + PRESENT_WRITABLE, TABLES + 0x1000
    movl $TABLES + 0x1000 + PRESENT_WRITABLE, TABLES + 0x2000
    add $0x2000, %eax
#endif
    mov %eax, %cr3
    mov %cr4, %eax
    or $CR4_PAE * WIDE + CR4_OSFXSR, %eax
    mov %eax, %cr4
#if WIDE
    mov $EFER, %ecx
    rdmsr
    or $EFER_LME, %eax
    wrmsr
#endif
    mov %cr0, %eax
    or $CR0_PG | CR0_MP, %eax
    and $~CR0_EM, %eax
    mov %eax, %cr0
    fninit
#if WIDE
    ljmpl $0x18, $work
    .code64
#endif
work:
    WORK_PREPARE
1:  WORK_ROUND
    dec REG(bp)
    jnz 1b
    bench_end_everywhere
