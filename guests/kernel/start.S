/*
 * The entry of the 32-bit kernels, with the header of one boot protocol: either
 * MULTIBOOT is 1 or 2, or PVH_NOTE is defined. kernel_main() gets EAX and EBX.
 */
    .set STACK_SIZE, 4096

    .text
#if MULTIBOOT == 1
    .set MAGIC, 0x1badb002
    .set FLAGS, 0x3 /* modules on pages, and memory information */
    .balign 4
    .long MAGIC, FLAGS, -(MAGIC + FLAGS)
#elif MULTIBOOT == 2
    .set MAGIC, 0xe85250d6
    .balign 8
header:
    .long MAGIC, 0, header_end - header, -(MAGIC + header_end - header)
    .short 1, 0 /* information request: */
    .long 24, 1, 3, 4, 6
    .short 6, 0 /* modules on pages */
    .long 8
    .short 0, 0
    .long 8
header_end:
#endif

#ifdef PVH_NOTE
    .pushsection .note.Xen, "a", @note
    .long 4, 4, 18
    .asciz "Xen"
    .long _start
    .popsection
#endif

    .globl _start
_start:
    mov $stack_end, %esp
    push %ebx
    push %eax
    call kernel_main
1:  cli
    hlt
    jmp 1b

    .bss
    .balign 16
    .skip STACK_SIZE
stack_end:

    .section .note.GNU-stack, "", @progbits
