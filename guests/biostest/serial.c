#include "guests/biostest/biostest.h"

#include "devices/serial/uart16550_regs.h"

#define COM2      1
#define COM2_PORT 0x2f8

void test_serial(void)
{
    about("INT 14h");
    check_is(BDA->com[0], 0x3f8);
    check_is(BDA->com[1], COM2_PORT);
    Regs setup = interrupt_abcd(0x14, 0x00fa, 0, 0, COM2);
    check_is(setup.ah & 0x60, 0x60);
    check_is(in8(COM2_PORT + UART_LCR), 0x1a);
    out8(COM2_PORT + UART_LCR, UART_LCR_DLAB);
    check_is(in8(COM2_PORT + UART_DLL), 12);
    out8(COM2_PORT + UART_LCR, UART_LCR_WLS_8);
    out8(COM2_PORT + UART_MCR, UART_MCR_LOOP);
    Regs sent = interrupt_abcd(0x14, 0x0100 | 'x', 0, 0, COM2);
    check_is(sent.ah & 0x80, 0);
    check_is(interrupt_abcd(0x14, 0x0300, 0, 0, COM2).ah & UART_LSR_DR, UART_LSR_DR);
    Regs received = interrupt_abcd(0x14, 0x0200, 0, 0, COM2);
    check_is(received.ax, 'x');
    BDA->com_timeout[COM2] = 0;
    Regs none = interrupt_abcd(0x14, 0x0200, 0, 0, COM2);
    check_is(none.ah & 0x80, 0x80);
    out8(COM2_PORT + UART_MCR, 0);
    check_is(interrupt_abcd(0x14, 0x0300, 0, 0, 3).ax, 0x0300);
}
