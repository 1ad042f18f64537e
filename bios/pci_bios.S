/*
 * PCI BIOS 2.1: INT 1Ah with AH = B1h, and the 32-bit entry that the BIOS32
 * directory gives (Standard BIOS 32-bit Service Directory 0.4).
 *
 * The same instructions are assembled for both.  They use no memory but the
 * stack, and CS for the routing table, because a 32-bit caller's segments may
 * have any base.
 */
#include "bios/segments.h"
#include "devices/pci/pci_regs.h"
#include "src/machine/pc_board.h"

    .set PRESENT, 0x01
    .set FIND_DEVICE, 0x02
    .set FIND_CLASS, 0x03
    .set READ_BYTE, 0x08
    .set READ_WORD, 0x09
    .set READ_DWORD, 0x0a
    .set WRITE_BYTE, 0x0b
    .set WRITE_WORD, 0x0c
    .set WRITE_DWORD, 0x0d
    .set ROUTING, 0x0e

    .set NOT_SUPPORTED, 0x81
    .set BAD_VENDOR, 0x83
    .set NOT_FOUND, 0x86
    .set BAD_REGISTER, 0x87
    .set BUFFER_TOO_SMALL, 0x89

    .set VERSION, 0x0210
    .set MECHANISM_1, 0x01
    .set LAST_BUS, 0
    .set NAME, 0x20494350 /* "PCI " */

    /* The PCI IRQ routing table, which the machine puts into this segment. */
    .set TABLES_END, 0x2000
    .set PIR_SIGNATURE, 0x52495024 /* "$PIR" */
    .set PIR_SIZE, 6
    .set PIR_EXCLUSIVE, 10
    .set PIR_HEADER_SIZE, 32

    /*
     * functions NAME, PREFIX: makes NAME, which does function AL and returns the
     * status in AH and carry.  PREFIX is that of the registers with the size of the
     * caller's offsets.
     */
    .macro functions name, prefix
\name:
    cmp $PRESENT, %al
    je \name\()_present
    pushl %edx
    pushl %eax
    cmp $FIND_DEVICE, %al
    je \name\()_device
    cmp $FIND_CLASS, %al
    je \name\()_class
    cmp $ROUTING, %al
    je \name\()_routing
    cmp $READ_BYTE, %al
    jb \name\()_unsupported
    cmp $WRITE_DWORD, %al
    jbe \name\()_access
\name\()_unsupported:
    mov $NOT_SUPPORTED, %ah
\name\()_end:
    mov %ah, %dh
    popl %eax
    mov %dh, %ah
    neg %dh /* sets carry if it is not 0 */
    popl %edx
    ret

    /* BX: bus and function; DI: the register.  Returns its port in DX.  Changes EAX. */
\name\()_select:
    movzwl %bx, %eax
    shl $8, %eax
    mov %di, %dx
    and $0xfc, %dl
    mov %dl, %al
    or $PCI_CONFIG_ENABLE, %eax
    mov $PORT_PCI_ADDRESS, %dx
    out %eax, %dx
    mov %di, %dx
    and $3, %dx
    add $PORT_PCI_DATA, %dx
    ret

\name\()_present:
    pushl %edx
    pushl %ebx
    pushl %edi
    xor %bx, %bx
    xor %di, %di
    pushl %eax
    call \name\()_select
    in %dx, %ax
    cmp $0xffff, %ax
    popl %eax
    popl %edi
    popl %ebx
    popl %edx
    je 1f
    mov $NAME, %edx
    mov $VERSION, %bx
    mov $LAST_BUS, %cl
    mov $MECHANISM_1, %ax
    clc
    ret
1:  mov $NOT_SUPPORTED, %ah
    stc
    ret

    /* The functions are searched for a value of the register 0 or 8, the SIth of them. */
\name\()_device:
    mov $BAD_VENDOR, %ah
    cmp $0xffff, %dx
    je \name\()_end
    pushl %ecx
    pushl %edi
    shl $16, %ecx
    mov %dx, %cx
    xor %di, %di
    jmp \name\()_find
\name\()_class:
    pushl %ecx
    pushl %edi
    shl $8, %ecx
    mov $PCI_REVISION, %di
\name\()_find:
    pushl %esi
    pushl %ebx
    xor %bx, %bx
1:  call \name\()_select
    in %dx, %eax
    cmp $-1, %eax
    je 3f
    test %di, %di
    jz 2f
    mov $0, %al /* the revision */
2:  cmp %ecx, %eax
    jne 3f
    sub $1, %si
    jc 4f
3:  inc %bl
    jnz 1b
    popl %ebx
    mov $NOT_FOUND, %ah
    jmp 5f
4:  popl %eax
    mov %bx, %ax
    mov %eax, %ebx
    mov $0, %ah
5:  popl %esi
    popl %edi
    popl %ecx
    jmp \name\()_end

\name\()_access:
    mov $BAD_REGISTER, %ah
    cmp $0xff, %di
    ja \name\()_end
    cmp $READ_BYTE, %al
    je 1f
    cmp $WRITE_BYTE, %al
    je 1f
    test $1, %di
    jnz \name\()_end
    cmp $READ_WORD, %al
    je 1f
    cmp $WRITE_WORD, %al
    je 1f
    test $2, %di
    jnz \name\()_end
1:  pushl %eax
    call \name\()_select
    popl %eax
    cmp $READ_WORD, %al
    jb 2f
    je 3f
    cmp $WRITE_BYTE, %al
    jb 4f
    je 5f
    cmp $WRITE_DWORD, %al
    jb 6f
    mov %ecx, %eax
    out %eax, %dx
    jmp 7f
2:  in %dx, %al
    mov %al, %cl
    jmp 7f
3:  in %dx, %ax
    mov %ax, %cx
    jmp 7f
4:  in %dx, %eax
    mov %eax, %ecx
    jmp 7f
5:  mov %cl, %al
    out %al, %dx
    jmp 7f
6:  mov %cx, %ax
    out %ax, %dx
7:  mov $0, %ah
    jmp \name\()_end

    /*
     * The caller's buffer at ES:DI is a word with its size and a far pointer to
     * the room for the slots.  ESI gets where this segment is in CS.
     */
\name\()_routing:
    pushl %ecx
    pushl %esi
    pushl %edi
    xor %edx, %edx
    xor %esi, %esi
    mov %\prefix\()di, %\prefix\()dx
    call 1f
1:  pop %\prefix\()si
    sub $1b, %esi
    lea TABLES_END(%esi), %ecx
2:  cmpl $PIR_SIGNATURE, %cs:(%esi)
    je 3f
    add $16, %esi
    cmp %ecx, %esi
    jb 2b
    mov $NOT_SUPPORTED, %ah
    jmp 5f
3:  movzwl %cs:PIR_SIZE(%esi), %ecx
    sub $PIR_HEADER_SIZE, %ecx
    mov %es:(%edx), %ax
    mov %cx, %es:(%edx)
    cmp %cx, %ax
    jae 4f
    mov $BUFFER_TOO_SMALL, %ah
    jmp 5f
4:  mov %cs:PIR_EXCLUSIVE(%esi), %bx
    add $PIR_HEADER_SIZE, %esi
    pushw %es
    xor %edi, %edi
    les %es:2(%edx), %\prefix\()di
    cld
    rep movsb %cs:(%esi), %es:(%edi)
    popw %es
    mov $0, %ah
5:  popl %edi
    popl %esi
    popl %ecx
    jmp \name\()_end
    .endm

    .text
    .code16
    functions pci_16

    /* INT 1Ah comes here with AH = B1h.  Carry goes into the caller's flags. */
    .globl pci_service
pci_service:
    call pci_16
    pushw %bp
    mov %sp, %bp
    jc 1f
    andb $0xfe, 6(%bp)
    jmp 2f
1:  orb $1, 6(%bp)
2:  popw %bp
    iretw

    .balign 16
    .globl bios_directory, bios_directory_sum, bios_directory_end
bios_directory:
    .ascii "_32_"
    .long (BIOS_SEGMENT << 4) + directory_entry
    .byte 0, 1 /* the revision, and the length in paragraphs */
bios_directory_sum:
    .byte 0 /* the checksum, which main.c fills in */
    .space 5
bios_directory_end:

    .set SERVICE_PCI, 0x49435024 /* "$PCI" */
    .set NO_SERVICE, 0x80
    .set NO_FUNCTION, 0x81

    .code32
    functions pci_32, e

pci_32_entry:
    call pci_32
    lret

    /* EAX: the service; BL: 0.  Gives its base, length and entry in EBX, ECX and EDX. */
directory_entry:
    test %bl, %bl
    jnz 1f
    cmp $SERVICE_PCI, %eax
    jne 2f
    mov $BIOS_SEGMENT << 4, %ebx
    mov $0x10000, %ecx
    mov $pci_32_entry, %edx
    xor %al, %al
    lret
1:  mov $NO_FUNCTION, %al
    lret
2:  mov $NO_SERVICE, %al
    lret

    .section .note.GNU-stack, "", @progbits
