/*
 * The ways into the BIOS and out of it: the reset vector, the interrupts, and
 * calls of the guest's own handlers.
 *
 * A handler in C runs on the BIOS's own stack, because the caller's may be
 * small: it uses only 4 bytes of that stack, in addition to the 6 of the INT.
 * In some places the BIOS lets code of the guest run, and then handlers can
 * nest.  These places move bios_stack, where the next entry begins, below
 * everything that is in use, and leave RESERVED bytes for the guest's handler.
 * Everywhere else interrupts are off.
 */
#include "bios/segments.h"
#include "devices/timer/mc146818_regs.h"
#include "src/machine/pc_board.h"

#define RESERVED     512
#define RESERVED_FAR 2048 /* for a routine that is not an interrupt's */
#define RESERVED_ROM 8192 /* for an option ROM */
#define RTC          0x70

#define PNP_NOT_SUPPORTED 0x82
#define PCI_FUNCTION_ID   0xb1 /* in AH */

#define SHUTDOWN_EOI_JUMP 0x05
#define SHUTDOWN_JUMP     0x0a

    .code16

    .section .reset, "ax"
    ljmp $BIOS_SEGMENT, $bios_reset
    .ascii "11/22/26"
    .byte 0
    .byte 0xfc /* model byte of the PC/AT */
    .byte 0

    .text
    .globl bios_reset
bios_reset:
    cli
    cld
    mov $CMOS_SHUTDOWN, %al
    out %al, $RTC
    in $RTC + 1, %al
    mov %al, %bl
    mov $CMOS_SHUTDOWN, %al
    out %al, $RTC
    xor %eax, %eax
    out %al, $RTC + 1
    cmp $SHUTDOWN_JUMP, %bl
    je 1f
    cmp $SHUTDOWN_EOI_JUMP, %bl
    jne 2f
    mov $0x20, %al
    out %al, $0xa0
    out %al, $0x20
    /* Programs for the 80286 return from protected mode in this way. */
1:  xor %ax, %ax
    mov %ax, %ds
    ljmp *0x467
2:  mov $bios_start, %edx
    jmp enter_c

    /* Starts again at the C function in EAX. */
    .globl bios_restart
bios_restart:
    mov %eax, %edx

enter_c:
    mov $BIOS_DATA_SEGMENT, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $bios_stack_top, %esp
    mov %esp, bios_stack
    xor %ax, %ax
    mov %ax, %fs
    mov %ax, %gs
    calll *%edx

    .globl bios_halt
bios_halt:
    cli
    hlt
    jmp bios_halt

    .globl bios_jump_to_boot_sector
bios_jump_to_boot_sector:
    movzbl %al, %eax
    mov %eax, %ebp
    mov %edx, %ebx
    xor %eax, %eax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %fs
    mov %ax, %gs
    mov %ax, %ss
    mov $0x7c00, %esp
    push %bx
    cmp $1, %bx
    sbb %ecx, %ecx
    and $0x7c00, %cx
    push %cx
    mov %ebp, %edx
    xor %ebx, %ebx
    xor %ecx, %ecx
    xor %esi, %esi
    xor %edi, %edi
    xor %ebp, %ebp
    sti
    lret

    /* ---- interrupts ---- */

    /* interrupt NAME, HANDLER: makes the entry that calls void HANDLER(Regs *). */
    .macro interrupt name, handler
    .globl \name
\name:
    pushw $\handler
    jmp serve
    .endm

    interrupt entry_divide, fault_divide
    interrupt entry_step, fault_step
    interrupt entry_breakpoint, fault_breakpoint
    interrupt entry_overflow, fault_overflow
    interrupt entry_bound, fault_bound
    interrupt entry_opcode, fault_opcode
    interrupt entry_no_fpu, fault_no_fpu
    interrupt entry_irq0, clock_irq0
    interrupt entry_irq1, keyboard_irq1
    interrupt entry_irq3, irq_3
    interrupt entry_irq4, serial_irq4
    interrupt entry_irq5, irq_5
    interrupt entry_irq6, irq_6
    interrupt entry_irq7, irq_7
    interrupt entry_irq_cascade, irq_2
    interrupt entry_irq8, clock_irq8
    interrupt entry_irq_slave, irq_slave
    interrupt entry_irq12, mouse_irq12
    interrupt entry_10, video_service
    interrupt entry_11, system_equipment
    interrupt entry_12, system_base_memory
    interrupt entry_13, disk_service
    interrupt entry_14, serial_service
    interrupt entry_15, system_service
    interrupt entry_16, keyboard_service
    interrupt entry_17, system_printer
    interrupt entry_18, boot_next
    interrupt entry_19, boot_again

    /* The functions of PCI need no other stack than the caller's, which has 1 KiB. */
    .globl entry_1a
entry_1a:
    cmp $PCI_FUNCTION_ID, %ah
    je pci_service
    pushw $clock_service
    jmp serve

    .globl entry_nothing
entry_nothing:
    iretw

    /*
     * An NMI can come anywhere, even where handlers cannot nest.  In the BIOS
     * itself it is only noted, and the next handler reports it at its end.
     */
    .globl entry_nmi
entry_nmi:
    pushw %bp
    mov %sp, %bp
    cmpw $BIOS_SEGMENT, 4(%bp)
    je 1f
    popw %bp
    pushw $fault_nmi
    jmp serve
1:  pushw %ds
    pushw $BIOS_DATA_SEGMENT
    popw %ds
    mov 2(%bp), %bp
    mov %bp, bios_nmi_ip
    movb $1, bios_nmi_noted
    popw %ds
    popw %bp
    iretw

    /* It is with the code because no register is free yet to load DS. */
entry_eax:
    .long 0

    /* On the stack: the handler, IP, CS, FLAGS. */
serve:
    pushw %ds
    mov %eax, %cs:entry_eax
    mov $BIOS_DATA_SEGMENT, %ax
    mov %ax, %ds
    mov %esp, entry_esp
    mov %ss, entry_ss
    mov %ax, %ss
    mov bios_stack, %esp
    pushl entry_esp
    pushw entry_ss
    pushw %es
    pushw %fs
    pushw %gs
    pushl %cs:entry_eax
    pushl %ecx
    pushl %edx
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    mov entry_ss, %es
    mov entry_esp, %bx
    pushw %es:8(%bx)
    pushw %es:(%bx)
    movzwl %es:2(%bx), %edx
    mov %ax, %es
    xor %ax, %ax
    mov %ax, %fs
    cld
    mov %esp, %eax
    calll *%edx
    cmpb $0, bios_nmi_noted
    je 1f
    calll fault_noted_nmi

    /* DS is restored from the caller's stack. */
1:  mov 40(%esp), %bx
    mov 38(%esp), %es
    popw %es:(%bx)
    popw %es:8(%bx)
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    popl %edx
    popl %ecx
    popl %cs:entry_eax
    popw %gs
    popw %fs
    popw %es
    popw entry_ss
    popl entry_esp
    mov %cs:entry_eax, %eax
    mov entry_ss, %ss
    mov entry_esp, %esp
    popw %ds
    lea 2(%esp), %sp
    iretw

    /* ---- where the guest's code may run ---- */

    /*
     * The port is read for software CPUs and virtual machines that take interrupts
     * only when they leave the guest's code anyway.
     */
    .globl bios_window
bios_window:
    pushl bios_stack
    lea -RESERVED(%esp), %eax
    mov %eax, bios_stack
    sti
    nop
    in $PORT_B, %al
    cli
    popl bios_stack
    retl

    .globl bios_wait
bios_wait:
    pushl bios_stack
    lea -RESERVED(%esp), %eax
    mov %eax, bios_stack
    sti
    hlt
    cli
    popl bios_stack
    retl

    /* A handler of the guest has returned and may have changed everything.  Changes BX. */
    .macro back_in_bios
    cli
    cld
    mov $BIOS_DATA_SEGMENT, %bx
    mov %bx, %ds
    mov %bx, %es
    mov $0, %bx
    mov %bx, %fs
    .endm

    /* EAX: the vector; EDX: the address of its EAX and EDX; ECX: its carry. */
    .globl bios_call_interrupt
bios_call_interrupt:
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    pushw %gs
    pushl bios_stack
    pushl %edx
    mov %eax, %ebx
    lea -RESERVED(%esp), %eax
    mov %eax, bios_stack
    pushfw
    mov %esp, %esi
    and $1, %cl
    andb $0xfe, (%esi)
    or %cl, (%esi)
    pushw %cs
    pushw $1f
    shl $2, %bx
    pushl %fs:(%bx)
    mov (%edx), %eax
    mov 4(%edx), %edx
    lretw
1:  back_in_bios
    pushfw
    popw %cx
    popl %edx
    mov %eax, (%edx)
    movzwl %cx, %eax
    popl bios_stack
    popw %gs
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    retl

    /*
     * EAX: the address; EDX: four words, which are pushed from the first to
     * the last.  The routine may return with or without the words on the
     * stack.  So the stack pointer is restored from what is reserved below it.
     */
    .globl bios_call_far
bios_call_far:
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    pushw %gs
    pushl bios_stack
    lea -RESERVED_FAR(%esp), %ecx
    mov %ecx, bios_stack
    pushw (%edx)
    pushw 2(%edx)
    pushw 4(%edx)
    pushw 6(%edx)
    pushw %cs
    pushw $1f
    pushl %eax
    lretw
1:  back_in_bios
    mov bios_stack, %esp
    add $RESERVED_FAR, %esp
    popl bios_stack
    popw %gs
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    retl

    /*
     * EAX: the address; EDX: the value of AX.  An option ROM also gets the
     * address of the Plug and Play structure in ES:DI, and in BX and DX that the
     * card is not one of ISA.
     */
    .globl bios_call_rom
bios_call_rom:
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    pushw %gs
    pushl bios_stack
    lea -RESERVED_ROM(%esp), %ecx
    mov %ecx, bios_stack
    pushw %cs
    pushw $1f
    pushl %eax
    movzwl %dx, %eax
    mov $BIOS_SEGMENT, %cx
    mov %cx, %es
    mov $bios_plug_and_play, %edi
    mov $0xffff, %ebx
    mov %ebx, %edx
    sti
    lretw
1:  back_in_bios
    popl bios_stack
    popw %gs
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    retl

    /*
     * Option ROMs that find this structure wait to be called for booting, and do
     * not take over INT 19h.  No function is supported.
     */
    .balign 16
    .globl bios_plug_and_play, bios_plug_and_play_sum, bios_plug_and_play_end
bios_plug_and_play:
    .ascii "$PnP"
    .byte 0x10, bios_plug_and_play_end - bios_plug_and_play
    .word 0 /* no events are reported */
bios_plug_and_play_sum:
    .byte 0 /* the checksum, which main.c fills in */
    .long 0
    .word plug_and_play_entry, BIOS_SEGMENT /* in real mode */
    .word plug_and_play_entry               /* in 16-bit protected mode */
    .long BIOS_SEGMENT << 4
    .long 0
    .word BIOS_DATA_SEGMENT
    .long BIOS_DATA_SEGMENT << 4
bios_plug_and_play_end:

plug_and_play_entry:
    mov $PNP_NOT_SUPPORTED, %ax
    lret

    /* ---- words between ports and memory ---- */

    /* Sets ES:DI or ES:SI to the address in EDX, which may be slightly above 1 MiB. */
    .macro far_split index
    mov %edx, %\index
    shr $4, %edx
    cmp $0xffff, %edx
    jbe 1f
    mov $0xffff, %dx
1:  mov %dx, %es
    movzwl %dx, %edx
    shl $4, %edx
    sub %edx, %\index
    .endm

    /* EAX: the port; EDX: the address; ECX: the number of words. */
    .globl port_read_words
port_read_words:
    pushl %edi
    far_split edi
    mov %eax, %edx
    rep insw
    push %ds
    pop %es
    popl %edi
    retl

    .globl port_write_words
port_write_words:
    pushl %esi
    far_split esi
    mov %eax, %edx
    rep outsw %es:(%si), %dx
    push %ds
    pop %es
    popl %esi
    retl

    /*
     * EAX: the address of a GDT with six entries; EDX: how many units; ECX: their size.
     * Entries 2 and 3 are source and target, 4 is the BIOS's code and 5 its data and stack.
     */
    .globl bios_move
bios_move:
    pushl %ebx
    pushl %esi
    pushl %edi
    mov %ecx, %ebx
    movzwl %dx, %ecx
    movw $6 * 8 - 1, move_gdtr
    mov %eax, move_gdtr + 2
    lgdtl move_gdtr
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmp $0x20, $1f
1:  mov $0x28, %ax
    mov %ax, %ss
    mov $0x10, %ax
    mov %ax, %ds
    mov $0x18, %ax
    mov %ax, %es
    xor %esi, %esi
    xor %edi, %edi
    cmp $2, %bl
    jb 2f
    je 3f
    rep movsl %ds:(%esi), %es:(%edi)
    jmp 4f
2:  rep movsb %ds:(%esi), %es:(%edi)
    jmp 4f
3:  rep movsw %ds:(%esi), %es:(%edi)
4:
    mov $0x28, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %cr0, %eax
    and $0xfe, %al
    mov %eax, %cr0
    ljmp $BIOS_SEGMENT, $1f
1:  mov $BIOS_DATA_SEGMENT, %ax
    mov %ax, %ss
    mov %ax, %ds
    mov %ax, %es
    popl %edi
    popl %esi
    popl %ebx
    retl

    .data
    .balign 4
bios_stack:
    .long 0
entry_esp:
    .long 0
entry_ss:
    .word 0
move_gdtr:
    .word 0
    .long 0
    .globl bios_nmi_ip, bios_nmi_noted
bios_nmi_ip:
    .word 0
bios_nmi_noted:
    .byte 0

    .section .note.GNU-stack, "", @progbits
