/*
 * The serial lines: INT 14h, and COM1 as the console.
 */
#include "bios/services.h"

#include "devices/serial/uart16550_regs.h"
#include "src/machine/pc_board.h"

#define LINES          4u
#define EQUIPMENT_COMS 9 /* their number is at this bit of the equipment word */
#define TIMEOUT_TICKS  18u
#define STATUS_TIMEOUT 0x80

#define VECTOR_COM1    0x0c
#define DIVISOR_115200 1

#define TEST_PATTERN 0x5a

/* So many reads of the LSR take longer than a character at 115200 bit/s on any CPU. */
#define ECHO_PATIENCE 50000u

static bool console_present;

void entry_irq4(void);

/* ---- the lines ---- */

static bool is_there(uint16_t base)
{
    out8(base + UART_SCR, TEST_PATTERN);
    return in8(base + UART_SCR) == TEST_PATTERN;
}

static void set_line(uint16_t base, uint16_t divisor, uint8_t lcr)
{
    out8(base + UART_LCR, UART_LCR_DLAB);
    out8(base + UART_DLL, (uint8_t)divisor);
    out8(base + UART_DLM, (uint8_t)(divisor >> 8));
    out8(base + UART_LCR, lcr);
}

/*
 * Turning the FIFO on clears it.  In loopback no input arrives, so only a character
 * that has arrived already could be lost.  It is sent through the transmitter and
 * received again, because the booted program may read the line itself.
 */
static void start_fifo(void)
{
    out8(PORT_COM1 + UART_MCR, UART_MCR_LOOP);
    int early = serial_console_get();
    out8(PORT_COM1 + UART_FCR, UART_FCR_ENABLE);
    if (early >= 0) {
        out8(PORT_COM1 + UART_THR, (uint8_t)early);
        for (unsigned i = 0; i < ECHO_PATIENCE && !(in8(PORT_COM1 + UART_LSR) & UART_LSR_DR); i++) {
        }
    }
    out8(PORT_COM1 + UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
}

void serial_setup(void)
{
    static const uint16_t PORTS[LINES] = {PORT_COM1, PORT_COM2, PORT_COM3, PORT_COM4};
    unsigned count = 0;
    for (unsigned i = 0; i < LINES; i++) {
        if (is_there(PORTS[i])) {
            BDA->com_timeout[count] = 1;
            BDA->com[count++] = PORTS[i];
        }
    }
    BDA->equipment |= (uint16_t)(count << EQUIPMENT_COMS);
    console_present = BDA->com[0] == PORT_COM1;
    if (console_present) {
        set_line(PORT_COM1, DIVISOR_115200, UART_LCR_WLS_8);
        start_fifo();
        out8(PORT_COM1 + UART_IER, 0);
        in8(PORT_COM1 + UART_MSR);
    }
}

/* ---- the console ---- */

/*
 * The number of characters that fit when the transmitter is empty.  The IIR is not
 * read, because that would acknowledge the transmitter's interrupt, which a program
 * may be using.
 */
static unsigned transmitter_room(void)
{
    bool readable = !(in8(PORT_COM1 + UART_IER) & UART_IER_THRI);
    return readable && (in8(PORT_COM1 + UART_IIR) & UART_IIR_FIFO_ENABLED) ? UART_FIFO_SIZE : 1;
}

static bool transmitter_empty(void)
{
    return in8(PORT_COM1 + UART_LSR) & UART_LSR_THRE;
}

void serial_console_await(void)
{
    while (console_present && !transmitter_empty()) {
        bios_window();
    }
}

void serial_console_put(const char *bytes, unsigned count)
{
    unsigned room = count > 3 && console_present ? transmitter_room() : 1;
    for (unsigned i = 0; i < count && console_present; i++) {
        while (i && i % room == 0 && !transmitter_empty()) {
        }
        out8(PORT_COM1 + UART_THR, (uint8_t)bytes[i]);
    }
}

int serial_console_get(void)
{
    if (!console_present || !(in8(PORT_COM1 + UART_LSR) & UART_LSR_DR)) {
        return -1;
    }
    return in8(PORT_COM1 + UART_RBR);
}

/* Uses the line's interrupt for this time, unless the guest has taken it. */
void serial_console_wait(void)
{
    bool ours = console_present && IVT[VECTOR_COM1].segment == BIOS_SEGMENT &&
                IVT[VECTOR_COM1].offset == (uint16_t)(uint32_t)entry_irq4;
    uint8_t ier = ours ? in8(PORT_COM1 + UART_IER) : 0;
    if (!ours || ier) {
        bios_wait();
        return;
    }
    irq_unmask(IRQ_COM1);
    out8(PORT_COM1 + UART_IER, UART_IER_RDI);
    bios_wait();
    out8(PORT_COM1 + UART_IER, 0);
}

/* The code that waits reads the character. */
void serial_irq4(Regs *regs)
{
    (void)regs;
    out8(PORT_COM1 + UART_IER, 0);
    irq_end(IRQ_COM1);
}

/* ---- INT 14h ---- */

/* Waits until all of the bits are set.  False: they were not in time. */
static bool await_bits(uint16_t port, uint8_t bits, unsigned line)
{
    uint32_t start = BDA->ticks;
    unsigned patience = BDA->com_timeout[line] * TIMEOUT_TICKS;
    while ((in8(port) & bits) != bits) {
        if (clock_ticks_since(start) >= patience) {
            return false;
        }
        bios_window();
    }
    return true;
}

static void line_status(Regs *regs, uint16_t base)
{
    regs->ah = in8(base + UART_LSR);
    regs->al = in8(base + UART_MSR);
}

static void line_setup(Regs *regs, uint16_t base)
{
    static const uint16_t DIVISORS[] = {1047, 768, 384, 192, 96, 48, 24, 12};
    static const uint8_t PARITIES[] = {0, UART_LCR_PEN, 0, UART_LCR_PEN | UART_LCR_EPS};
    uint8_t lcr = PARITIES[regs->al >> 3 & 3] | (regs->al & (UART_LCR_STB | UART_LCR_WLS));
    set_line(base, DIVISORS[regs->al >> 5], lcr);
    out8(base + UART_IER, 0);
    line_status(regs, base);
}

static void line_send(Regs *regs, uint16_t base, unsigned line)
{
    out8(base + UART_MCR, in8(base + UART_MCR) | UART_MCR_DTR | UART_MCR_RTS);
    bool ready = await_bits(base + UART_MSR, UART_MSR_DSR | UART_MSR_CTS, line) &&
                 await_bits(base + UART_LSR, UART_LSR_THRE, line);
    if (ready) {
        out8(base + UART_THR, regs->al);
    }
    regs->ah = in8(base + UART_LSR);
    regs->ah = (uint8_t)((regs->ah & ~STATUS_TIMEOUT) | (ready ? 0 : STATUS_TIMEOUT));
}

static void line_receive(Regs *regs, uint16_t base, unsigned line)
{
    out8(base + UART_MCR, in8(base + UART_MCR) | UART_MCR_DTR);
    if (!await_bits(base + UART_MSR, UART_MSR_DSR, line) ||
        !await_bits(base + UART_LSR, UART_LSR_DR, line)) {
        regs->ah = in8(base + UART_LSR) | STATUS_TIMEOUT;
        return;
    }
    regs->ah = in8(base + UART_LSR) & (UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI);
    regs->al = in8(base + UART_RBR);
}

void serial_service(Regs *regs)
{
    unsigned line = regs->dx;
    uint16_t base = line < LINES ? BDA->com[line] : 0;
    if (!base) {
        return;
    }
    switch (regs->ah) {
    case 0x00:
        line_setup(regs, base);
        break;
    case 0x01:
        line_send(regs, base, line);
        break;
    case 0x02:
        line_receive(regs, base, line);
        break;
    case 0x03:
        line_status(regs, base);
        break;
    default:
        break;
    }
}
