/*
 * Prints what CPUID says about a hypervisor: its name and whether it has a clock
 * for its guests, or that there is none.
 */
#include "guest.inc"

    .set LEAF_SIGNATURE, 0x40000000
    .set LEAF_FEATURES,  0x40000001
    .set CLOCKSOURCE,    3 /* a bit in the features of KVM */

    guest_start
    uart_init
    mov $LEAF_SIGNATURE, %eax
    cpuid
    cmp $LEAF_FEATURES, %eax
    jb none
    cmp $LEAF_FEATURES + 0xfe, %eax
    ja none
    mov %ebx, name
    mov %ecx, name + 4
    mov %edx, name + 8
    mov $name, %si
    call puts
    mov $LEAF_FEATURES, %eax
    cpuid
    bt $CLOCKSOURCE, %eax
    jnc 1f
    say " with a clock"
1:  say "\n"
    jmp end
none:
    say "no hypervisor\n"
end:
    call wait_sent
    halt_forever

    define_putc
    define_puts
    define_wait_sent

name:
    .skip 13
