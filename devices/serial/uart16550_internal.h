/*
 * What the two halves of the 16550A share. uart16550.c has the registers,
 * uart16550_line.c everything between the registers and the line.
 */
#ifndef PIOEMU_DEVICES_SERIAL_UART16550_INTERNAL_H
#define PIOEMU_DEVICES_SERIAL_UART16550_INTERNAL_H

#include "devices/device.h"
#include "devices/serial/uart16550_regs.h"

#define UART_CHARACTER_ERRORS (UART_LSR_PE | UART_LSR_FE | UART_LSR_BI)
#define UART_MODEM_INPUTS     (UART_MSR_CTS | UART_MSR_DSR | UART_MSR_RI | UART_MSR_DCD)

enum { UART_PACE_NONE, UART_PACE_BAUD };
enum { UART_OUT2_IGNORE, UART_OUT2_STRICT };

/* A character, with its LSR error bits in the high byte. */
typedef struct UartFifo {
    uint16_t entry[UART_FIFO_SIZE];
    uint8_t head, count;
} UartFifo;

typedef struct Uart {
    Device *dev;

    /* Registers that the guest sees. */
    uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
    UartFifo rx;          /* without FIFOs one entry is used: the RBR */
    UartFifo tx;          /* without FIFOs one entry is used: the THR */
    uint8_t line_errors;  /* LSR bits 1-4: set by events, cleared by reading the LSR */
    uint8_t modem_deltas; /* MSR bits 0-3: set by events, cleared by reading the MSR */

    /* Hidden latches. */
    bool format_set;    /* the LCR has been written since the reset */
    uint8_t modem_pins; /* CTS, DSR, RI and DCD as the line last drove them */
    bool thre_latched;  /* THRE interrupt: set when the THR becomes empty, or is enabled while
                           the THR is empty; cleared by a write to the THR, or when a read of the
                           IIR shows it */
    bool timed_out;     /* time-out interrupt: set by the timer, cleared when the CPU reads a
                           character */
    bool rx_left;       /* the CPU read a character but left enough to interrupt, and has not
                           accessed the port since */
    bool break_held;    /* a break has arrived, and the receiver has no room for it yet */
    bool tx_busy;       /* pace=baud: tx_shift is on the wire until tx_due */
    bool rx_busy;       /* pace=baud: rx_shift is on the wire until rx_due */
    uint8_t tx_shift, rx_shift;
    uint64_t tx_due, rx_due; /* the end of the last stop bit */
    uint64_t rx_active;      /* when the receiver FIFO was last filled or read */

    /* Collaborators. */
    uint16_t iobase;
    unsigned pace, out2;
    IrqLine *irq;
    CharPort *port;
    Timer *timeout_timer, *tx_timer, *rx_timer, *left_timer;
} Uart;

static inline bool uart_has_fifos(const Uart *u)
{
    return u->fcr & UART_FCR_ENABLE;
}

static inline unsigned uart_capacity(const Uart *u)
{
    return uart_has_fifos(u) ? UART_FIFO_SIZE : 1;
}

static inline bool uart_looped(const Uart *u)
{
    return u->mcr & UART_MCR_LOOP;
}

/*
 * DEVIATION: until the first write to the LCR a character has eight bits, as PC
 * firmware sets up a port.  The reset value of the LCR would mean five.  A guest
 * that starts without firmware and writes text without setting the LCR prints that
 * text.
 */
static inline unsigned uart_data_bits(const Uart *u)
{
    return u->format_set ? 5u + (u->lcr & UART_LCR_WLS) : 8u;
}

static inline uint8_t uart_word_mask(const Uart *u)
{
    return (uint8_t)(0xff >> (8 - uart_data_bits(u)));
}

static inline unsigned uart_baud(const Uart *u)
{
    unsigned divisor = (unsigned)u->dlm << 8 | u->dll;
    return UART_BAUD_BASE / (divisor ? divisor : UART_DIVISOR_OF_ZERO);
}

static inline void uart_fifo_push(UartFifo *fifo, uint16_t entry)
{
    fifo->entry[(fifo->head + fifo->count) % UART_FIFO_SIZE] = entry;
    fifo->count++;
}

static inline uint8_t uart_fifo_pop(UartFifo *fifo)
{
    uint8_t byte = (uint8_t)fifo->entry[fifo->head];
    fifo->head = (uint8_t)((fifo->head + 1) % UART_FIFO_SIZE);
    fifo->count--;
    return byte;
}

/* The enabled and pending cause with the highest priority, as the IIR encodes it. */
uint8_t uart_pending(const Uart *u);
/* Derives the interrupt line and the time-out from the state.  Every mutator ends with it. */
void uart_update(Uart *u);

/* The CPU reads the RBR, which must hold a character.  The next one moves to the top. */
uint8_t uart_rx_take(Uart *u);
void uart_rx_clear(Uart *u);
void uart_tx_clear(Uart *u);
/* Sends as many characters from the THR as can leave now. */
void uart_transmit(Uart *u);

/* The modem inputs as the MSR shows them. */
uint8_t uart_modem(const Uart *u);
void uart_set_modem_pins(Uart *u, uint8_t pins);
/* Sets LCR and MCR together, because loopback and break affect each other. */
void uart_set_control(Uart *u, uint8_t lcr, uint8_t mcr);
/* To be called after a change of the divisor or the LCR. */
void uart_format_changed(Uart *u);
/* Tells the backend DTR, RTS and break. */
void uart_drive_outputs(Uart *u);
/* Stops all timers, then starts those that the state requires. */
void uart_rearm_timers(Uart *u);

extern const CharClient uart_char_client;
extern const DeviceTimer uart_timers[];

#endif
