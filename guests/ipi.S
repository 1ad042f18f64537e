/*
 * Several CPUs that work together by interrupts that they send each other:
 *
 * - each adds 1 to a sum DX times (5000), under a spin lock;
 * - an NMI ends a HLT with interrupts off;
 * - one of all the CPUs takes an interrupt of lowest priority;
 * - INIT stops a running CPU, and a start-up IPI starts it at another address;
 * - CPU 1 polls COM1 and passes each byte to CPU 0, which sleeps in HLT.  CPU 0
 *   sends the byte back and acknowledges it, and CPU 1 sleeps until then. ^D ends
 *   it.
 *
 * CX is the number of CPUs (3, at most 16).  The status at the exit port is 0, or 1
 * if something went wrong.  Without an exit port all CPUs end halted with
 * interrupts off.
 *
 * Options: -smp 3
 */
#include "guest.inc"

#include "devices/intc/lapic_regs.h"

/*
 * The page number that a start-up IPI has as its vector.  No spaces, because it is
 * an argument of a macro.
 */
#define PAGE_OF(label) ((label-_start+0x1000)/0x1000)

    .set NMI_VECTOR,      2
    .set WAKE_VECTOR,     0x41 /* tells that there is another job */
    .set LETTER_VECTOR,   0x42 /* tells that `letter` has a byte for CPU 0 */
    .set ACK_VECTOR,      0x43 /* tells that the letter was taken */
    .set LOWEST_VECTOR,   0x51
    .set SPURIOUS_VECTOR, 0xff

    .set DEFAULT_CPUS,   3
    .set DEFAULT_ROUNDS, 5000
    .set LONGEST_10MS,   6000 /* a minute, enough for a busy host with many CPUs */
    .set READER,         1
    .set STACKS,         0x9000 /* 256 bytes for each CPU */
    .set CTRL_D,         4

    /* Offsets in `jobs`. */
    .set JOB_ADD,  2
    .set JOB_NMI,  4
    .set JOB_BUSY, 6
    .set JOB_BEAT, 8
    .set JOB_READ, 10
    .set JOB_HALT, 12

    /* Needs FS as big_real_fs sets it.  Changes EBX. */
    .macro apic_write register, value:vararg
    mov $APIC_MESSAGE_BASE + \register, %ebx
    movl \value, %fs:(%ebx)
    .endm

    .macro apic_read register, to
    mov $APIC_MESSAGE_BASE + \register, %ebx
    mov %fs:(%ebx), \to
    .endm

    /* For handlers.  Does not change EBX. */
    .macro end_of_interrupt
    push %ebx
    apic_write APIC_EOI, $0
    pop %ebx
    .endm

    /* Changes AL and ECX. */
    .macro ipi to, command
    mov \to, %al
    mov $APIC_LEVEL_ASSERT + \command, %ecx
    call send_ipi
    .endm

    /* The same to all CPUs except this one. */
    .macro ipi_to_others command
    ipi $0, \command+APIC_ICR_OTHERS
    .endm

    .macro start_job job
    movw $0, done
    movw $\job, job
    ipi_to_others APIC_DELIVERY_FIXED | WAKE_VECTOR
    .endm

    guest_start
    test %cx, %cx
    jz 1f
    mov %cx, cpus
1:  test %dx, %dx
    jz 2f
    mov %dx, rounds
2:  uart_init
    xor %cx, %cx
    pit_start_cx
    pic_init
    set_vector NMI_VECTOR, nmi
    set_vector WAKE_VECTOR, wake
    set_vector LETTER_VECTOR, take_letter
    set_vector ACK_VECTOR, acknowledge
    set_vector LOWEST_VECTOR, lowest
    set_vector SPURIOUS_VECTOR, pic_ignore
    big_real_fs
    call apic_init

    call start_others
    call add_together
    call send_nmi
    call send_lowest
    call stop_and_start
    call echo

    start_job JOB_HALT
    call wait_sent
    mov failed, %al
    exit_with_al
    halt_forever

    /* ---- CPU 0 ------------------------------------------------------------- */

start_others:
    ipi_to_others APIC_DELIVERY_INIT
    call wait_10ms
    ipi_to_others APIC_DELIVERY_START+PAGE_OF(first_start)
    mov cpus, %ax
    dec %ax
    mov $LONGEST_10MS, %cx
1:  cmp arrived, %ax
    je 2f
    call wait_10ms
    loop 1b
2:  movzwl arrived, %eax
    inc %eax
    call put_decimal
    say " CPUs\n"
    cmp cpus, %ax
    je 3f
    /* The other checks need all CPUs. */
    call wait_sent
    mov $1, %al
    exit_with_al
    halt_forever
3:  ret

    /* Waits until each CPU has said that its job is done. */
wait_for_others:
    push %ax
    mov cpus, %ax
    dec %ax
1:  pause
    cmp done, %ax
    jne 1b
    pop %ax
    ret

add_together:
    start_job JOB_ADD
    call add_rounds
    call wait_for_others
    mov sum, %eax
    say "sum "
    call put_decimal
    say "\n"
    movzwl cpus, %ecx
    movzwl rounds, %ebx
    imul %ecx, %ebx
    cmp %ebx, %eax
    je 1f
    movb $1, failed
1:  ret

    /* Sends it again after a while, because it may have come before the HLT. */
send_nmi:
    start_job JOB_NMI
    mov cpus, %dx
    dec %dx
1:  ipi $READER, APIC_DELIVERY_NMI
    call wait_10ms
    cmp done, %dx
    jne 1b
    say "an NMI ended the HLT of CPU 1\n"
    ret

    /* Sends to the logical destinations of CPUs that exist.  Only eight CPUs have a bit. */
send_lowest:
    start_job JOB_BUSY
    call wait_for_others
    mov $8, %cx
    cmp %cx, cpus
    jae 1f
    mov cpus, %cx
1:  mov $1, %dx
    shl %cl, %dx
    sub $2, %dx
    ipi %dl, APIC_DELIVERY_LOWEST | APIC_ICR_LOGICAL | LOWEST_VECTOR
1:  pause
    cmpw $0, lowest_taken
    je 1b
    call wait_10ms
    movzwl lowest_taken, %eax
    call put_decimal
    say " CPU took what all others might take\n"
    cmp $1, %ax
    je 2f
    movb $1, failed
2:  ret

    /* Stops and starts the last CPU. */
stop_and_start:
    start_job JOB_BEAT
1:  pause
    cmpl $0, beats
    je 1b
    mov cpus, %dx
    dec %dx
    ipi %dl, APIC_DELIVERY_INIT
    /* The CPU takes the INIT when the host lets it run, and does not count from then on. */
    mov $LONGEST_10MS, %cx
1:  mov beats, %edi
    call wait_10ms
    cmp beats, %edi
    loopne 1b
    je 2f
    movb $1, failed
2:  say "INIT: CPU "
    movzwl %dx, %eax
    call put_decimal
    say " stands still\n"
    movw $0, arrived
    ipi %dl, APIC_DELIVERY_START+PAGE_OF(second_start)
3:  pause
    cmpw $0, arrived
    je 3b
    ret

echo:
    say "type, ^D ends:\n"
    start_job JOB_READ
1:  cli
    cmpb $0, finished
    jne 2f
    sti
    hlt
    jmp 1b
2:  say "\n"
    mov letters, %eax
    call put_decimal
    say " bytes\n"
    ret

    /* ---- the jobs of the others; BP is the CPU's number -------------------- */

jobs:
    .word 0, add_rounds, sleep_until_nmi, be_busy, beat, read, halt

    /*
     * Load and store are separate instructions, so that another CPU can run in
     * between.  Without the lock the sum would be wrong.
     */
add_rounds:
    mov rounds, %cx
1:  mov $1, %al
    lock xchg %al, locked
    test %al, %al
    jz 3f
2:  pause
    cmpb $0, locked
    jne 2b
    jmp 1b
3:  mov sum, %eax
    inc %eax
    mov %eax, sum
    movb $0, locked
    loop 1b
    ret

sleep_until_nmi:
    cmp $READER, %bp
    jne 2f
    cli
    movb $0, nmi_taken
1:  hlt
    cmpb $0, nmi_taken
    je 1b
2:  ret

    /* Gives the CPUs different task priorities, all low enough for the interrupt. */
be_busy:
    mov %bp, %ax
    and $3, %ax
    shl $4, %ax
    movzwl %ax, %eax
    apic_write APIC_TPR, %eax
    ret

beat:
    mov cpus, %ax
    dec %ax
    cmp %ax, %bp
    jne 2f
1:  lock incl beats
    jmp 1b
2:  ret

read:
    cmp $READER, %bp
    jne 4f
1:  mov $COM1 + UART_LSR, %dx
    in (%dx), %al
    test $UART_LSR_DR, %al
    jnz 2f
    pause
    jmp 1b
2:  mov $COM1 + UART_RBR, %dx
    in (%dx), %al
    mov %al, letter
    cli
    movb $0, letter_taken
    ipi $0, APIC_DELIVERY_FIXED | LETTER_VECTOR
3:  sti
    hlt
    cli
    cmpb $0, letter_taken
    je 3b
    cmpb $0, finished
    je 1b
4:  ret

halt:
    halt_forever

    /* ---- handlers ---------------------------------------------------------- */

nmi:
    movb $1, nmi_taken
    iret

wake:
    end_of_interrupt
    iret

lowest:
    lock incw lowest_taken
    end_of_interrupt
    iret

    /* For CPU 0: sends the byte back. */
take_letter:
    pushal
    end_of_interrupt
    mov letter, %al
    cmp $CTRL_D, %al
    jne 1f
    movb $1, finished
    jmp 2f
1:  call putc
    incl letters
2:  ipi $READER, APIC_DELIVERY_FIXED | ACK_VECTOR
    popal
    iret

    /* For CPU 1: the byte was taken. */
acknowledge:
    movb $1, letter_taken
    end_of_interrupt
    iret

    /* ---- the local APIC ---------------------------------------------------- */

    /* BP = the number of this CPU, which has its own bit as a logical destination. */
apic_init:
    apic_write APIC_SVR, $APIC_SVR_ENABLE | SPURIOUS_VECTOR
    apic_write APIC_DFR, $APIC_DFR_FLAT
    apic_read APIC_ID, %eax
    shr $24, %eax
    mov %ax, %bp
    mov %ax, %cx
    mov $0x1000000, %eax
    shl %cl, %eax
    apic_write APIC_LDR, %eax
    ret

    /* ECX is the command, AL the destination.  Handlers send commands too. */
send_ipi:
    pushfw
    push %eax
    push %ebx
    cli
    shl $24, %eax
    apic_write APIC_ICR_HIGH, %eax
    apic_write APIC_ICR_LOW, %ecx
1:  testl $ICR_PENDING, %fs:(%ebx)
    jnz 1b
    pop %ebx
    pop %eax
    popfw
    ret

    .set ICR_PENDING, 0x1000

    define_putc
    define_puts
    define_put_decimal
    define_wait_sent
    define_ticks_left
    define_wait_10ms

    /* ---- where the others start: at a page, with CS as this ---------------- */

    .balign 0x1000
first_start:
    cli
    cld
    xor %si, %si
    ljmp $0, $other_cpu

    .balign 0x1000
second_start:
    cli
    cld
    mov $1, %si
    ljmp $0, $other_cpu

    /* The CPUs sleep between jobs. */
other_cpu:
    zero_segments
    big_real_fs
    apic_read APIC_ID, %eax
    shr $16, %eax
    add $STACKS + 0x100, %ax
    mov %ax, %sp
    call apic_init
    test %si, %si
    jz 1f
    mov job, %si
    say "SIPI: CPU "
    movzwl %bp, %eax
    call put_decimal
    say " runs again\n"
1:  lock incw arrived
2:  cli
    cmp job, %si
    jne 3f
    sti
    hlt
    jmp 2b
3:  mov job, %si
    sti
    push %si
    call *jobs(%si)
    pop %si
    lock incw done
    jmp 2b

    .balign 4
sum:
    .long 0
beats:
    .long 0
letters:
    .long 0
cpus:
    .word DEFAULT_CPUS
rounds:
    .word DEFAULT_ROUNDS
arrived: /* the number of other CPUs that have started */
    .word 0
job: /* the job of all CPUs */
    .word 0
done: /* the number of other CPUs that have done this job */
    .word 0
lowest_taken:
    .word 0
locked:
    .byte 0
nmi_taken:
    .byte 0
letter:
    .byte 0
letter_taken:
    .byte 0
finished:
    .byte 0
failed:
    .byte 0
