/*
 * The serial half of the 16550A: interrupt, receiver, transmitter and modem lines.
 * uart16550.c has the registers and the equations, and says what "DS" is.
 */
#include "devices/serial/uart16550_internal.h"

#define FORMAT_BITS        (UART_LCR_WLS | UART_LCR_STB | UART_LCR_PEN | UART_LCR_EPS | UART_LCR_STICK)
#define TIMEOUT_CHARACTERS 4

/* No interrupt handler takes this long for one character. */
#define LEFT_NS NS_PER_SECOND

/* ---- predicates ---- */

static unsigned uart_trigger(const Uart *u)
{
    static const uint8_t LEVELS[] = {1, 4, 8, 14};
    return uart_has_fifos(u) ? LEVELS[u->fcr >> 6] : 1;
}

static bool uart_looped_break(const Uart *u)
{
    return uart_looped(u) && (u->lcr & UART_LCR_BREAK);
}

/* The length of start, data, parity and stop bits, in half bits. */
static unsigned uart_half_bits(const Uart *u)
{
    unsigned data = uart_data_bits(u);
    unsigned parity = u->lcr & UART_LCR_PEN ? 1 : 0;
    unsigned stop_halves = !(u->lcr & UART_LCR_STB) ? 2 : data == 5 ? 3 : 4;
    return 2 * (1 + data + parity) + stop_halves;
}

static uint64_t uart_character_ns(const Uart *u)
{
    uint64_t divisor = (uint64_t)u->dlm << 8 | u->dll;
    return uart_half_bits(u) * (divisor ? divisor : UART_DIVISOR_OF_ZERO) *
           (UART_CLOCKS_PER_BIT / 2 * NS_PER_SECOND) / UART_CLOCK_HZ;
}

/*
 * A break holds the line at zero, up to and including the stop bit.  That is a
 * framing error.  It is a parity error too if the parity is odd, because then the
 * parity bit of a zero is one.
 */
static uint8_t uart_break_errors(const Uart *u)
{
    bool odd = (u->lcr & UART_LCR_PEN) && !(u->lcr & UART_LCR_EPS);
    return (uint8_t)(UART_LSR_BI | UART_LSR_FE | (odd ? UART_LSR_PE : 0));
}

/* In loopback the outputs are tied to the inputs (DS, Modem Control Register, bit 4). */
uint8_t uart_modem(const Uart *u)
{
    if (!uart_looped(u)) {
        return u->modem_pins;
    }
    return (uint8_t)((u->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
                     (u->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
                     (u->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
                     (u->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0));
}

/* ---- interrupt ---- */

uint8_t uart_pending(const Uart *u)
{
    if ((u->ier & UART_IER_RLSI) && u->line_errors) {
        return UART_IIR_RLSI;
    }
    if ((u->ier & UART_IER_RDI) && u->rx.count >= uart_trigger(u)) {
        return UART_IIR_RDI;
    }
    if ((u->ier & UART_IER_RDI) && u->timed_out) {
        return UART_IIR_CTI;
    }
    if ((u->ier & UART_IER_THRI) && u->thre_latched) {
        return UART_IIR_THRI;
    }
    if ((u->ier & UART_IER_MSI) && u->modem_deltas) {
        return UART_IIR_MSI;
    }
    return UART_IIR_NO_INT;
}

static bool uart_awaits_timeout(const Uart *u)
{
    return (u->ier & UART_IER_RDI) && u->rx.count > 0 && !u->timed_out &&
           u->rx.count < uart_trigger(u);
}

static uint64_t uart_timeout_due(const Uart *u)
{
    return u->rx_active + TIMEOUT_CHARACTERS * uart_character_ns(u);
}

/*
 * A PC's serial port passes INTR to the bus only while OUT2 is set.
 * DEVIATION: with out2=ignore INTR always reaches the bus, as in other emulators.
 * Kernels that were written on those depend on it.
 * DEVIATION: with out2=strict the MCR bit alone decides, even in loopback, as in
 * Super I/O chips.  A discrete 16550 forces its OUT2 pin inactive in loopback (DS,
 * Modem Control Register), so a self-test in loopback would get no interrupt.
 */
static bool uart_reaches_bus(const Uart *u)
{
    return (u->mcr & UART_MCR_OUT2) || u->out2 == UART_OUT2_IGNORE;
}

/*
 * If a deadline moves to a later time, the timer stays armed.  Its function looks
 * at the state again.
 */
void uart_update(Uart *u)
{
    pio_irq_set(u->irq, uart_reaches_bus(u) && uart_pending(u) != UART_IIR_NO_INT);
    if (u->rx_left && !pio_timer_armed(u->left_timer)) {
        pio_timer_arm(u->left_timer, u->rx_active + LEFT_NS);
    }
    if (uart_awaits_timeout(u) && !pio_timer_armed(u->timeout_timer)) {
        pio_timer_arm(u->timeout_timer, uart_timeout_due(u));
    }
}

static void uart_timeout_fire(void *state, uint64_t deadline)
{
    Uart *u = state;
    if (uart_awaits_timeout(u) && deadline >= uart_timeout_due(u)) {
        u->timed_out = true;
    }
    uart_update(u);
}

/*
 * The interrupt line has stayed high since the CPU took one character and left the
 * others.  With a level-triggered controller the CPU would have been interrupted
 * again long ago.
 */
static void uart_complain_of_left(Uart *u)
{
    pio_guest_error(u->dev, "characters left",
                    "the guest took one character and left %u in the FIFO, so the interrupt "
                    "line stays high and an edge-triggered interrupt controller sees no new "
                    "edge: read RBR until LSR.DR is clear",
                    u->rx.count);
    u->rx_left = false;
}

static void uart_left_fire(void *state, uint64_t deadline)
{
    Uart *u = state;
    const uint64_t due = u->rx_active + LEFT_NS;
    u->rx_left = u->rx_left && uart_pending(u) == UART_IIR_RDI && uart_reaches_bus(u);
    if (!u->rx_left) {
        return;
    }
    if (deadline < due) {
        pio_timer_arm(u->left_timer, due);
    } else if (pio_irq_pending(u->irq)) {
        pio_timer_arm(u->left_timer,
                      deadline + LEFT_NS); /* the CPU has not taken the interrupt yet */
    } else {
        uart_complain_of_left(u);
    }
}

/* ---- receiver ---- */

/*
 * An error shows in the LSR when its character reaches the top of the FIFO (DS,
 * Line Status Register).
 */
static void uart_reveal_errors(Uart *u)
{
    uint16_t *top = &u->rx.entry[u->rx.head];
    u->line_errors |= (uint8_t)(*top >> 8);
    *top &= 0xff;
}

/*
 * After an overrun the FIFO loses the new character.  Without FIFOs the RBR loses
 * the old one (DS, Line Status Register).
 */
static void uart_receive_character(Uart *u, uint8_t byte, uint8_t errors)
{
    if (u->rx.count == uart_capacity(u)) {
        u->line_errors |= UART_LSR_OE;
        if (uart_has_fifos(u)) {
            return;
        }
        u->rx.count = 0;
    }
    uart_fifo_push(&u->rx, (uint16_t)(errors << 8 | (byte & uart_word_mask(u))));
    if (u->rx.count == 1) {
        uart_reveal_errors(u);
    }
}

/*
 * Starts the time-out again.  Only FIFOs have a time-out.  Once it has occurred, it
 * stays pending until the CPU reads a character (DS, FIFO Interrupt Mode
 * Operation).
 */
static void uart_receiver_active(Uart *u)
{
    if (uart_has_fifos(u)) {
        u->rx_active = pio_now(u->dev);
    }
}

/*
 * DEVIATION: a break waits until the receiver has room.  On a wire it would cause
 * an overrun.  Here the host holds back the characters that came before the break,
 * so it holds back the break too.
 */
static void uart_accept_break(Uart *u)
{
    if (u->break_held && !u->rx_busy && u->rx.count < uart_capacity(u)) {
        u->break_held = false;
        uart_receive_character(u, 0, uart_break_errors(u));
        uart_receiver_active(u);
    }
}

/* If this character caused an interrupt, a real PC would not have delivered it. */
static void uart_check_gate(Uart *u)
{
    const uint8_t id = uart_pending(u);
    if (u->out2 == UART_OUT2_IGNORE && (id == UART_IIR_RDI || id == UART_IIR_CTI)) {
        pio_guest_error(u->dev, "OUT2 clear",
                        "the guest gets interrupts with MCR.OUT2 clear; a real PC would not "
                        "deliver them (out2=strict behaves like a PC)");
    }
}

uint8_t uart_rx_take(Uart *u)
{
    if (!(u->mcr & (UART_MCR_OUT2 | UART_MCR_LOOP))) {
        uart_check_gate(u);
    }
    uint8_t byte = uart_fifo_pop(&u->rx);
    u->timed_out = false;
    if (u->rx.count > 0) {
        uart_reveal_errors(u);
    }
    uart_receiver_active(u);
    uart_accept_break(u);
    u->rx_left = uart_has_fifos(u) && (u->ier & UART_IER_RDI) && u->rx.count >= uart_trigger(u) &&
                 uart_reaches_bus(u);
    return byte;
}

void uart_rx_clear(Uart *u)
{
    u->rx = (UartFifo){.count = 0};
    u->timed_out = u->rx_left = false;
    uart_accept_break(u);
}

static size_t uart_rx_room(void *state, unsigned port)
{
    (void)port;
    Uart *u = state;
    if (uart_looped(u) || u->rx_busy) {
        return 0;
    }
    size_t room = uart_capacity(u) - u->rx.count;
    return u->pace == UART_PACE_BAUD && room ? 1 : room;
}

/*
 * A character that arrives shortly after the last one is taken to have begun when
 * that one ended.  So a stream keeps the programmed rate, even if the backend
 * delivers it late.
 */
static uint64_t uart_rx_start(const Uart *u)
{
    uint64_t now = pio_now(u->dev);
    return now - u->rx_due < uart_character_ns(u) ? u->rx_due : now;
}

static void uart_receive(void *state, unsigned port, const uint8_t *data, size_t size)
{
    (void)port;
    Uart *u = state;
    if (u->pace == UART_PACE_BAUD) {
        u->rx_shift = data[0];
        u->rx_due = uart_rx_start(u) + uart_character_ns(u);
        u->rx_busy = true;
        pio_timer_arm(u->rx_timer, u->rx_due);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        uart_receive_character(u, data[i], 0);
    }
    uart_receiver_active(u);
    uart_update(u);
}

static void uart_shifted_in(Uart *u)
{
    u->rx_busy = false;
    uart_receive_character(u, u->rx_shift, 0);
    uart_receiver_active(u);
    uart_accept_break(u);
}

static void uart_rx_fire(void *state, uint64_t deadline)
{
    Uart *u = state;
    (void)deadline;
    if (u->rx_busy) {
        uart_shifted_in(u);
    }
    uart_update(u);
    pio_char_rx_ready(u->port);
}

static void uart_receive_break(void *state, unsigned port)
{
    (void)port;
    Uart *u = state;
    if (!uart_looped(u)) {
        u->break_held = true;
        uart_accept_break(u);
        uart_update(u);
    }
}

/* ---- transmitter ---- */

/*
 * Returns false if the line is full.  While the UART sends a break, the break
 * replaces all characters.
 */
static bool uart_send(Uart *u, uint8_t byte)
{
    byte &= uart_word_mask(u);
    if (u->lcr & UART_LCR_BREAK) {
        return true;
    }
    if (uart_looped(u)) {
        uart_receive_character(u, byte, 0);
        uart_receiver_active(u);
        return true;
    }
    return pio_char_write(u->port, &byte, 1) == 1;
}

/*
 * `start` is the time when the next character would begin.
 * DEVIATION: with pace=baud and a single character in the FIFO, the THRE interrupt
 * comes when that character moves to the shift register.  The sheet delays it by
 * one character time less the stop bit (DS, FIFO Interrupt Mode Operation).
 */
static void uart_transmit_from(Uart *u, uint64_t start)
{
    if (u->tx.count == 0) {
        return;
    }
    if (u->pace == UART_PACE_NONE) {
        while (u->tx.count > 0 && uart_send(u, (uint8_t)u->tx.entry[u->tx.head])) {
            uart_fifo_pop(&u->tx);
        }
    } else if (!u->tx_busy) {
        u->tx_shift = uart_fifo_pop(&u->tx);
        u->tx_busy = true;
        u->tx_due = start + uart_character_ns(u);
        pio_timer_arm(u->tx_timer, u->tx_due);
    }
    if (u->tx.count == 0) {
        u->thre_latched = true;
    }
}

/* The last stop bit has left.  If the line is full, the character stays in the shift register. */
static void uart_shifted_out(Uart *u, uint64_t now)
{
    if (uart_send(u, u->tx_shift)) {
        u->tx_busy = false;
        uart_transmit_from(u, now);
    }
}

void uart_transmit(Uart *u)
{
    if (u->pace == UART_PACE_NONE) {
        uart_transmit_from(u, 0);
    } else if (!u->tx_busy) {
        uart_transmit_from(u, pio_now(u->dev));
    } else if (!pio_timer_armed(u->tx_timer)) {
        uart_shifted_out(u, pio_now(u->dev));
    }
}

/*
 * In loopback both shift registers may finish at the same instant.  The order must
 * not depend on which timer was armed first, because loading a state arms them
 * again.  The receiver's timer then only fetches the next character.
 */
static void uart_tx_fire(void *state, uint64_t deadline)
{
    Uart *u = state;
    if (u->rx_busy && u->rx_due <= deadline) {
        uart_shifted_in(u);
    }
    uart_shifted_out(u, deadline);
    uart_update(u);
}

static void uart_tx_room(void *state, unsigned port)
{
    (void)port;
    Uart *u = state;
    uart_transmit(u);
    uart_update(u);
}

void uart_tx_clear(Uart *u)
{
    if (u->tx.count > 0) {
        u->thre_latched = true;
    }
    u->tx = (UartFifo){.count = 0};
}

/* ---- modem and line control ---- */

/* Any change sets DCTS, DDSR or DDCD.  The end of RI sets TERI (DS, Modem Status Register). */
static void uart_note_modem_change(Uart *u, uint8_t before)
{
    unsigned changed = before ^ uart_modem(u);
    unsigned events = (changed & ~UART_MSR_RI) | (changed & before & UART_MSR_RI);
    u->modem_deltas |= (uint8_t)(events >> 4);
}

void uart_set_modem_pins(Uart *u, uint8_t pins)
{
    uint8_t before = uart_modem(u);
    u->modem_pins = pins & UART_MODEM_INPUTS;
    uart_note_modem_change(u, before);
    uart_update(u);
}

static void uart_lines_changed(void *state, unsigned port, unsigned lines)
{
    (void)port;
    uart_set_modem_pins(state, (uint8_t)lines);
}

void uart_format_changed(Uart *u)
{
    static const char PARITY[] = {'O', 'E', 'M', 'S'};
    CharFormat format = {
        .baud = uart_baud(u),
        .data_bits = (uint8_t)uart_data_bits(u),
        .stop_bits = u->lcr & UART_LCR_STB ? 2 : 1,
        .parity = u->lcr & UART_LCR_PEN ? PARITY[(u->lcr >> 4) & 3] : 'N',
    };
    pio_char_set_format(u->port, &format);
    pio_timer_disarm(u->timeout_timer);
}

/* In loopback the outputs are inactive and SOUT is marking, so no break leaves the chip. */
void uart_drive_outputs(Uart *u)
{
    unsigned lines =
        (u->mcr & UART_MCR_DTR ? CHAR_LINE_DTR : 0) | (u->mcr & UART_MCR_RTS ? CHAR_LINE_RTS : 0);
    pio_char_set_lines(u->port, uart_looped(u) ? 0 : lines);
    pio_char_set_break(u->port, !uart_looped(u) && (u->lcr & UART_LCR_BREAK));
}

void uart_set_control(Uart *u, uint8_t lcr, uint8_t mcr)
{
    uint8_t modem = uart_modem(u);
    bool looped = uart_looped(u);
    bool looped_break = uart_looped_break(u);
    bool new_format = (lcr ^ u->lcr) & FORMAT_BITS;
    bool new_outputs = mcr != u->mcr || ((lcr ^ u->lcr) & UART_LCR_BREAK);
    u->lcr = lcr;
    u->mcr = mcr;
    uart_note_modem_change(u, modem);
    if (!looped_break && uart_looped_break(u)) {
        uart_receive_character(u, 0, uart_break_errors(u));
        uart_receiver_active(u);
    }
    if (new_format) {
        uart_format_changed(u);
    }
    if (new_outputs) {
        uart_drive_outputs(u);
        uart_transmit(u);
    }
    uart_update(u);
    if (looped && !uart_looped(u)) {
        pio_char_rx_ready(u->port);
    }
}

/* ---- for the class ---- */

void uart_rearm_timers(Uart *u)
{
    pio_timer_disarm(u->timeout_timer);
    pio_timer_disarm(u->tx_timer);
    pio_timer_disarm(u->rx_timer);
    pio_timer_disarm(u->left_timer);
    /* A transmission that is overdue waits for room in the line. */
    if (u->tx_busy && u->tx_due > pio_now(u->dev)) {
        pio_timer_arm(u->tx_timer, u->tx_due);
    }
    if (u->rx_busy) {
        pio_timer_arm(u->rx_timer, u->rx_due);
    }
}

const DeviceTimer uart_timers[] = {
    {"time-out", offsetof(Uart, timeout_timer), uart_timeout_fire},
    {"transmitter", offsetof(Uart, tx_timer), uart_tx_fire},
    {"receiver", offsetof(Uart, rx_timer), uart_rx_fire},
    {"left characters", offsetof(Uart, left_timer), uart_left_fire},
    DEVICE_TIMER_END,
};

/* Empties the shift register and the FIFO, so that nothing is sent twice. */
static size_t uart_unsent(void *state, unsigned port, uint8_t *data)
{
    (void)port;
    Uart *u = state;
    size_t size = 0;
    if (uart_looped(u) || u->lcr & UART_LCR_BREAK) {
        return 0;
    }
    if (u->tx_busy) {
        data[size++] = u->tx_shift & uart_word_mask(u);
        u->tx_busy = false;
        pio_timer_disarm(u->tx_timer);
    }
    while (u->tx.count > 0) {
        data[size++] = uart_fifo_pop(&u->tx) & uart_word_mask(u);
    }
    return size;
}

const CharClient uart_char_client = {
    .rx_room = uart_rx_room,
    .receive = uart_receive,
    .tx_room = uart_tx_room,
    .receive_break = uart_receive_break,
    .lines_changed = uart_lines_changed,
    .unsent = uart_unsent,
};
