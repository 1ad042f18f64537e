/*
 * Writes numbered sectors over the first hard disk, flushes its cache every few
 * commands, and then prints up to which command all data are on the disk.
 *
 * CX is the number of sectors in a command (8), DX the number of commands between
 * flushes (4), ESI the number of commands (0: no end), EBP the number before the
 * first one.  Command N writes CX sectors from sector ((7 N) mod R) CX on, where R
 * is how often CX sectors fit on the disk.  Each sector contains N and its own
 * address, with 32 bits each, 64 times.
 */
#include "guest.inc"

    .set DEFAULT_SECTORS, 8
    .set DEFAULT_COMMANDS, 4
    .set STEP, 7
    .set SECTOR, 0x2000 /* the data to write, or that have been read */

    guest_start
    jcxz 1f
    movzwl %cx, %ecx
    mov %ecx, sectors
1:  test %dx, %dx
    jz 2f
    movzwl %dx, %edx
    mov %edx, commands
2:  mov %ebp, number
    mov %esi, last
    test %esi, %esi
    jz 3f
    add %ebp, last
3:  uart_init

    mov $ATA_DEV_LBA, %al
    mov $ATA0 + ATA_DEVICE, %dx
    out %al, (%dx)
    mov $ATA0_CONTROL, %dx
    mov $ATA_DC_NIEN, %al
    out %al, (%dx)
    mov $ATA0 + ATA_STATUS, %dx
    in (%dx), %al
    test $ATA_ST_BSY | ATA_ST_DRDY, %al
    jz no_disk
    cmp $0x7f, %al
    je no_disk
    call find_runs
    jz no_disk

next_command:
    mov number, %eax
    cmpl $0, last
    je 1f
    cmp last, %eax
    je ended
1:  inc %eax
    mov %eax, number
    call write_run
    mov number, %eax
    xor %edx, %edx
    divl commands
    test %edx, %edx
    jnz next_command
    call flush
    jmp next_command

ended:
    call flush
    say "done\n"
    halt_forever

no_disk:
    say "no disk, or a small one (-hda FILE)\n"
    halt_forever

    /* AL is the status. */
failed:
    push %ax
    say "command "
    mov number, %eax
    call put_decimal
    say ": disk error, status "
    pop %ax
    mov $2, %cl
    call put_hex
    say " error "
    mov $ATA0 + ATA_ERROR, %dx
    in (%dx), %al
    call put_hex
    say "\n"
    halt_forever

    /* Zero flag set: not even one command fits on the disk. */
find_runs:
    mov $ATA_CMD_IDENTIFY, %al
    call command
    mov $SECTOR, %di
    mov $ATA_SECTOR_SIZE / 2, %cx
    mov $ATA0 + ATA_DATA, %dx
    rep insw
    say "disk: "
    mov SECTOR + 60 * 2, %eax
    call put_decimal
    say " sectors\n"
    xor %edx, %edx
    divl sectors
    mov %eax, runs
    test %eax, %eax
    ret

    /* Performs the command `number`. */
write_run:
    mov number, %eax
    mov $STEP, %ecx
    mul %ecx
    divl runs
    mov %edx, %eax
    mull sectors
    mov %eax, %ebx
    call set_address
    mov $ATA_CMD_WRITE, %al
    call command
    mov sectors, %bp
1:  call fill
    mov $SECTOR, %si
    mov $ATA_SECTOR_SIZE / 4, %cx
    mov $ATA0 + ATA_DATA, %dx
    rep outsl
    inc %ebx
    call wait_free
    dec %bp
    jnz 1b
    ret

    /* Fills the sector at address EBX. */
fill:
    mov $SECTOR, %di
    mov $ATA_SECTOR_SIZE / 8, %cx
1:  mov number, %eax
    stosl
    mov %ebx, %eax
    stosl
    loop 1b
    ret

    /* Sets the address EBX (28 bits) and the number of sectors. */
set_address:
    mov $ATA0 + ATA_COUNT, %dx
    mov sectors, %al
    out %al, (%dx)
    mov %ebx, %eax
    mov $3, %cx
1:  inc %dx
    out %al, (%dx)
    shr $8, %eax
    loop 1b
    or $ATA_DEV_LBA, %al
    inc %dx
    out %al, (%dx)
    ret

flush:
    mov $ATA_CMD_FLUSH, %al
    call command
    say "flushed "
    mov number, %eax
    call put_decimal
    say "\n"
    ret

    /* Starts the command AL and waits until it is done or wants data. */
command:
    mov $ATA0 + ATA_COMMAND, %dx
    out %al, (%dx)
wait_free:
    mov $ATA0_CONTROL, %dx
1:  in (%dx), %al
    test $ATA_ST_BSY, %al
    jnz 1b
    test $ATA_ST_ERR | ATA_ST_DF, %al
    jnz failed
    ret

    define_putc
    define_puts
    define_put_decimal
    define_put_hex

    .balign 4
sectors:
    .long DEFAULT_SECTORS
commands:
    .long DEFAULT_COMMANDS
number:
    .long 0
last: /* 0 if none */
    .long 0
runs:
    .long 0
