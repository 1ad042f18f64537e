/*
 * The registers of the PC16550D UART, under the data sheet's names.  It has
 * #defines only, so that C and assembly can include it.
 */
#ifndef PIOEMU_DEVICES_SERIAL_UART16550_REGS_H
#define PIOEMU_DEVICES_SERIAL_UART16550_REGS_H

/* Offsets of registers.  These can be accessed while LCR.DLAB is clear: */
#define UART_RBR 0 /* receiver buffer, read */
#define UART_THR 0 /* transmitter holding, write */
#define UART_IER 1 /* interrupt enable */
/* While LCR.DLAB is set: */
#define UART_DLL 0 /* divisor latch, low byte */
#define UART_DLM 1 /* divisor latch, high byte */
/* These can always be accessed: */
#define UART_IIR 2 /* interrupt identification, read */
#define UART_FCR 2 /* FIFO control, write */
#define UART_LCR 3 /* line control */
#define UART_MCR 4 /* modem control */
#define UART_LSR 5 /* line status */
#define UART_MSR 6 /* modem status */
#define UART_SCR 7 /* scratch */

#define UART_REGISTER_COUNT 8

#define UART_IER_RDI  0x01 /* received data available, and time-out */
#define UART_IER_THRI 0x02 /* transmitter holding register empty */
#define UART_IER_RLSI 0x04 /* receiver line status */
#define UART_IER_MSI  0x08 /* modem status */
#define UART_IER_ALL  0x0f

#define UART_IIR_MSI          0x00
#define UART_IIR_NO_INT       0x01
#define UART_IIR_THRI         0x02
#define UART_IIR_RDI          0x04
#define UART_IIR_RLSI         0x06
#define UART_IIR_CTI          0x0c /* character time-out */
#define UART_IIR_ID           0x0f
#define UART_IIR_FIFO_ENABLED 0xc0

#define UART_FCR_ENABLE     0x01
#define UART_FCR_CLEAR_RCVR 0x02
#define UART_FCR_CLEAR_XMIT 0x04
#define UART_FCR_DMA        0x08
#define UART_FCR_TRIGGER    0xc0
#define UART_FCR_TRIGGER_1  0x00
#define UART_FCR_TRIGGER_4  0x40
#define UART_FCR_TRIGGER_8  0x80
#define UART_FCR_TRIGGER_14 0xc0

#define UART_LCR_WLS   0x03 /* word length select */
#define UART_LCR_WLS_5 0x00
#define UART_LCR_WLS_6 0x01
#define UART_LCR_WLS_7 0x02
#define UART_LCR_WLS_8 0x03
#define UART_LCR_STB   0x04 /* two stop bits; one and a half with five data bits */
#define UART_LCR_PEN   0x08 /* parity enable */
#define UART_LCR_EPS   0x10 /* even parity select */
#define UART_LCR_STICK 0x20 /* stick parity: the complement of EPS */
#define UART_LCR_BREAK 0x40 /* set break */
#define UART_LCR_DLAB  0x80 /* divisor latch access */

#define UART_MCR_DTR  0x01
#define UART_MCR_RTS  0x02
#define UART_MCR_OUT1 0x04
#define UART_MCR_OUT2 0x08 /* on a PC: connects the interrupt to the bus */
#define UART_MCR_LOOP 0x10
#define UART_MCR_ALL  0x1f

#define UART_LSR_DR   0x01 /* data ready */
#define UART_LSR_OE   0x02 /* overrun error */
#define UART_LSR_PE   0x04 /* parity error */
#define UART_LSR_FE   0x08 /* framing error */
#define UART_LSR_BI   0x10 /* break interrupt */
#define UART_LSR_THRE 0x20 /* transmitter holding register empty */
#define UART_LSR_TEMT 0x40 /* transmitter empty */
#define UART_LSR_ERR  0x80 /* error in the receiver FIFO */

#define UART_MSR_DCTS 0x01
#define UART_MSR_DDSR 0x02
#define UART_MSR_TERI 0x04 /* trailing edge of ring indicator */
#define UART_MSR_DDCD 0x08
#define UART_MSR_CTS  0x10
#define UART_MSR_DSR  0x20
#define UART_MSR_RI   0x40
#define UART_MSR_DCD  0x80

#define UART_FIFO_SIZE 16

/* Every PC's serial port has this crystal.  A bit takes 16 * divisor of its cycles. */
#define UART_CLOCK_HZ         1843200
#define UART_CLOCKS_PER_BIT   16
#define UART_BAUD_BASE        115200
#define UART_DIVISOR_POWER_ON 12 /* 9600 bit/s */
/* The sheet allows divisors from 1.  With 0 the 16-bit counter takes 0x10000 steps. */
#define UART_DIVISOR_OF_ZERO 0x10000

#endif
