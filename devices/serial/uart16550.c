/*
 * The 16550A UART of a PC serial port: its registers.
 *
 * "DS" is the National Semiconductor PC16550D data sheet of June 1995 (TI's
 * SNLS378C), cited by its headings.  Modelled: every register, both FIFOs, all
 * interrupt causes, loopback, break, modem lines, the character time-out and, with
 * pace=baud, the time that a character takes on the wire.  Not modelled: the DMA
 * pins TXRDY and RXRDY, and noise on the line, so that only a break causes parity
 * and framing errors. docs/devices/uart16550.md lists the deviations.
 *
 * The UART turns bytes into characters on a wire and back.  A character has a start
 * bit, 5 to 8 data bits, perhaps a parity bit, and 1, 1.5 or 2 stop bits:
 *
 *     bit time       = 16 * divisor / 1.8432 MHz
 *     character time = bit time * (1 + data + parity + stop)
 *
 * It asserts INTR while at least one of five causes is enabled and pending.  The
 * IIR shows the pending cause with the highest priority.  From the highest to the
 * lowest:
 *
 *     RLSI  IER.2 and (OE or PE or FE or BI)              until the LSR is read
 *     RDI   IER.0 and receiver count >= trigger level     until characters are read
 *     CTI   IER.0 and FIFO not empty, and neither filled
 *           nor read for four character times             until a character is read
 *     THRI  IER.1 and the THR became empty                until a write to THR, or a read
 *                                                         of the IIR that shows THRI
 *     MSI   IER.3 and (DCTS or DDSR or TERI or DDCD)      until the MSR is read
 *
 * On a PC, MCR.OUT2 connects INTR to the bus.
 */
#include "devices/serial/uart16550_internal.h"

#include <stdio.h>

#define FCR_STORED (UART_FCR_ENABLE | UART_FCR_DMA | UART_FCR_TRIGGER)

/* ---- predicates ---- */

/* Bit 7 of the LSR is set while an error in the FIFO has not been read. */
static bool uart_error_in_fifo(const Uart *u)
{
    unsigned errors = u->line_errors & UART_CHARACTER_ERRORS;
    for (unsigned i = 0; i < u->rx.count; i++) {
        errors |= u->rx.entry[(u->rx.head + i) % UART_FIFO_SIZE] >> 8;
    }
    return errors;
}

/* True if each byte that the guest writes goes straight to the line, unchanged. */
static bool uart_passes_through(const Uart *u)
{
    return u->pace == UART_PACE_NONE && u->tx.count == 0 && !uart_looped(u) &&
           !(u->lcr & (UART_LCR_BREAK | UART_LCR_DLAB)) && uart_word_mask(u) == 0xff &&
           !(u->ier & UART_IER_THRI);
}

/* ---- registers with side effects ---- */

/* A read of an empty RBR returns the last character again. */
static uint8_t uart_read_rbr(Uart *u)
{
    if (u->rx.count == 0) {
        return (uint8_t)u->rx.entry[(u->rx.head - 1u) % UART_FIFO_SIZE];
    }
    uint8_t byte = uart_rx_take(u);
    uart_update(u);
    pio_char_rx_ready(u->port);
    return byte;
}

/*
 * The UART withdraws the interrupt before it sends the character.  The character
 * may leave at once and raise the interrupt again, and an edge-triggered interrupt
 * controller must see the line fall in between.
 */
static void uart_write_thr(Uart *u, uint8_t value)
{
    if (u->tx.count == uart_capacity(u)) {
        pio_guest_error(u->dev, "thr-overrun",
                        "THR write 0x%02x while the transmitter is full: a character is lost",
                        value);
        if (uart_has_fifos(u)) {
            return;
        }
        u->tx.count = 0;
    }
    uart_fifo_push(&u->tx, value);
    u->thre_latched = false;
    if (u->ier & UART_IER_THRI) {
        uart_update(u);
    }
    uart_transmit(u);
    uart_update(u);
}

static void uart_write_divisor(Uart *u, uint8_t dll, uint8_t dlm)
{
    u->dll = dll;
    u->dlm = dlm;
    uart_format_changed(u);
    uart_update(u);
}

/*
 * If the guest enables the THRE interrupt while the THR is empty, the interrupt is
 * raised at once.
 */
static void uart_write_ier(Uart *u, uint8_t value)
{
    if ((value & ~u->ier & UART_IER_THRI) && u->tx.count == 0) {
        u->thre_latched = true;
    }
    u->ier = value & UART_IER_ALL;
    uart_update(u);
}

/*
 * A read that returns the THRE code also acknowledges that interrupt.  The other
 * causes are acknowledged by accesses to other registers.
 */
static uint8_t uart_read_iir(Uart *u)
{
    uint8_t id = uart_pending(u);
    u->rx_left = false;
    if (id == UART_IIR_THRI) {
        u->thre_latched = false;
        uart_update(u);
    }
    return (uint8_t)(id | (uart_has_fifos(u) ? UART_IIR_FIFO_ENABLED : 0));
}

/*
 * The other bits take effect only if bit 0 of the value is set.  A change of bit 0
 * clears both FIFOs (DS, FIFO Control Register), and raises the transmitter's
 * interrupt at once (DS, FIFO Interrupt Mode Operation).
 */
static void uart_write_fcr(Uart *u, uint8_t value)
{
    bool switched = (value ^ u->fcr) & UART_FCR_ENABLE;
    bool enabled = value & UART_FCR_ENABLE;
    bool clear_rx = switched || (enabled && (value & UART_FCR_CLEAR_RCVR));
    u->fcr = enabled ? value & FCR_STORED : 0;
    if (clear_rx) {
        uart_rx_clear(u);
    }
    if (switched || (enabled && (value & UART_FCR_CLEAR_XMIT))) {
        uart_tx_clear(u);
    }
    if (switched) {
        u->thre_latched = true;
    }
    uart_update(u);
    if (clear_rx) {
        pio_char_rx_ready(u->port);
    }
}

static void uart_write_lcr(Uart *u, uint8_t value)
{
    bool first = !u->format_set;
    u->format_set = true;
    uart_set_control(u, value, u->mcr);
    if (first) {
        uart_format_changed(u);
        uart_update(u);
    }
}

static uint8_t uart_read_lsr(Uart *u)
{
    unsigned lsr = u->line_errors;
    u->rx_left = false;
    if (u->tx.count == 0) {
        lsr |= u->tx_busy ? UART_LSR_THRE : UART_LSR_THRE | UART_LSR_TEMT;
    }
    if (u->rx.count > 0) {
        lsr |= UART_LSR_DR;
    }
    if (uart_has_fifos(u) && uart_error_in_fifo(u)) {
        lsr |= UART_LSR_ERR;
    }
    if (u->line_errors) {
        u->line_errors = 0;
        uart_update(u);
    }
    return (uint8_t)lsr;
}

static uint8_t uart_read_msr(Uart *u)
{
    uint8_t msr = uart_modem(u) | u->modem_deltas;
    if (u->modem_deltas) {
        u->modem_deltas = 0;
        uart_update(u);
    }
    return msr;
}

/* ---- accesses ---- */

static uint64_t uart_read(void *state, uint64_t offset, unsigned size)
{
    Uart *u = state;
    bool dlab = u->lcr & UART_LCR_DLAB;
    (void)size;
    switch (offset) {
    case UART_RBR:
        return dlab ? u->dll : uart_read_rbr(u);
    case UART_IER:
        return dlab ? u->dlm : u->ier;
    case UART_IIR:
        return uart_read_iir(u);
    case UART_LCR:
        return u->lcr;
    case UART_MCR:
        return u->mcr;
    case UART_LSR:
        return uart_read_lsr(u);
    case UART_MSR:
        return uart_read_msr(u);
    default:
        return u->scr;
    }
}

static void uart_write_banked(Uart *u, uint64_t offset, uint8_t value)
{
    bool dlab = u->lcr & UART_LCR_DLAB;
    if (offset == UART_THR && !dlab) {
        uart_write_thr(u, value);
    } else if (offset == UART_THR) {
        uart_write_divisor(u, value, u->dlm);
    } else if (!dlab) {
        uart_write_ier(u, value);
    } else {
        uart_write_divisor(u, u->dll, value);
    }
}

/*
 * DEVIATION: writes to LSR and MSR do nothing.  The sheet reserves them for factory
 * tests.
 */
static void uart_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Uart *u = state;
    uint8_t byte = (uint8_t)value;
    (void)size;
    switch (offset) {
    case UART_THR:
    case UART_IER:
        uart_write_banked(u, offset, byte);
        break;
    case UART_FCR:
        uart_write_fcr(u, byte);
        break;
    case UART_LCR:
        uart_write_lcr(u, byte);
        break;
    case UART_MCR:
        uart_set_control(u, u->lcr, byte & UART_MCR_ALL);
        break;
    case UART_SCR:
        u->scr = byte;
        break;
    default:
        break;
    }
}

static void uart_write_block(void *state, uint64_t offset, const void *items, size_t count,
                             unsigned size)
{
    Uart *u = state;
    const uint8_t *bytes = items;
    size_t done = 0;
    if (offset == UART_THR && uart_passes_through(u)) {
        done = pio_char_write(u->port, bytes, count);
        u->thre_latched = true;
    }
    for (; done < count; done++) {
        uart_write(u, offset, bytes[done], size);
    }
}

static const char *uart_register_name(const void *state, uint64_t offset, bool write)
{
    static const char *const READ[] = {"RBR", "IER", "IIR", "LCR", "MCR", "LSR", "MSR", "SCR"};
    static const char *const WRITE[] = {"THR", "IER", "FCR", "LCR", "MCR", "LSR", "MSR", "SCR"};
    const Uart *u = state;
    if (offset >= UART_REGISTER_COUNT) {
        return NULL;
    }
    if ((u->lcr & UART_LCR_DLAB) && offset <= UART_DLM) {
        return offset == UART_DLL ? "DLL" : "DLM";
    }
    return write ? WRITE[offset] : READ[offset];
}

/* ---- reset and saved state ---- */

/* DS, Master Reset.  The sheet's reset does not change the divisor; this one sets 9600 bit/s. */
static void uart_reset(void *state)
{
    Uart *u = state;
    u->ier = u->fcr = u->lcr = u->mcr = u->scr = 0;
    u->dll = UART_DIVISOR_POWER_ON;
    u->dlm = 0;
    u->rx = (UartFifo){.count = 0};
    u->tx = (UartFifo){.count = 0};
    u->line_errors = u->modem_deltas = 0;
    u->modem_pins = pio_char_lines(u->port) & UART_MODEM_INPUTS;
    u->format_set = false;
    u->thre_latched = u->timed_out = u->rx_left = u->break_held = false;
    u->tx_busy = u->rx_busy = false;
    u->tx_shift = u->rx_shift = 0;
    u->tx_due = u->rx_due = u->rx_active = 0;
    uart_rearm_timers(u);
    uart_format_changed(u);
    uart_drive_outputs(u);
    uart_update(u);
    pio_char_rx_ready(u->port);
}

static const DeviceField UART_FIELDS[] = {
    DEVICE_FIELD(Uart, ier),
    DEVICE_FIELD(Uart, fcr),
    DEVICE_FIELD(Uart, lcr),
    DEVICE_FIELD(Uart, mcr),
    DEVICE_FIELD(Uart, scr),
    DEVICE_FIELD(Uart, dll),
    DEVICE_FIELD(Uart, dlm),
    DEVICE_FIELD_ARRAY(Uart, rx.entry),
    DEVICE_FIELD(Uart, rx.head),
    DEVICE_FIELD(Uart, rx.count),
    DEVICE_FIELD_ARRAY(Uart, tx.entry),
    DEVICE_FIELD(Uart, tx.head),
    DEVICE_FIELD(Uart, tx.count),
    DEVICE_FIELD(Uart, line_errors),
    DEVICE_FIELD(Uart, modem_deltas),
    DEVICE_FIELD(Uart, modem_pins),
    DEVICE_FIELD_BOOL(Uart, format_set),
    DEVICE_FIELD_BOOL(Uart, thre_latched),
    DEVICE_FIELD_BOOL(Uart, timed_out),
    DEVICE_FIELD_BOOL(Uart, rx_left),
    DEVICE_FIELD_BOOL(Uart, break_held),
    DEVICE_FIELD_BOOL(Uart, tx_busy),
    DEVICE_FIELD_BOOL(Uart, rx_busy),
    DEVICE_FIELD(Uart, tx_shift),
    DEVICE_FIELD(Uart, rx_shift),
    DEVICE_FIELD(Uart, tx_due),
    DEVICE_FIELD(Uart, rx_due),
    DEVICE_FIELD(Uart, rx_active),
    DEVICE_FIELD_END,
};

static bool uart_fifo_possible(const Uart *u, const UartFifo *fifo)
{
    for (unsigned i = 0; i < UART_FIFO_SIZE; i++) {
        if (fifo->entry[i] >> 8 & ~UART_CHARACTER_ERRORS) {
            return false;
        }
    }
    return fifo->head < UART_FIFO_SIZE && fifo->count <= uart_capacity(u);
}

static bool uart_registers_possible(const Uart *u)
{
    return !(u->ier & ~UART_IER_ALL) && !(u->fcr & ~FCR_STORED) && !(u->mcr & ~UART_MCR_ALL) &&
           (uart_has_fifos(u) || !u->fcr) &&
           !(u->line_errors & ~(UART_CHARACTER_ERRORS | UART_LSR_OE)) &&
           !(u->modem_deltas & ~(UART_MODEM_INPUTS >> 4)) && !(u->modem_pins & ~UART_MODEM_INPUTS);
}

static bool uart_latches_possible(const Uart *u)
{
    bool shifting = u->tx_busy || u->rx_busy;
    if (u->pace == UART_PACE_NONE && shifting) {
        return false;
    }
    if (u->pace == UART_PACE_BAUD && u->tx.count && !u->tx_busy) {
        return false;
    }
    return !(u->thre_latched && u->tx.count) &&
           !((u->timed_out || u->rx_left) && !(uart_has_fifos(u) && u->rx.count));
}

/*
 * The backend may have changed since the state was saved.  So the UART sends it the
 * settings again, and reads its modem lines again.
 */
static bool uart_post_load(void *state)
{
    Uart *u = state;
    if (!uart_registers_possible(u) || !uart_fifo_possible(u, &u->rx) ||
        !uart_fifo_possible(u, &u->tx) || !uart_latches_possible(u)) {
        return false;
    }
    uart_rearm_timers(u);
    uart_format_changed(u);
    uart_drive_outputs(u);
    uart_set_modem_pins(u, (uint8_t)pio_char_lines(u->port));
    uart_transmit(u);
    uart_update(u);
    pio_char_rx_ready(u->port);
    return true;
}

/* Only a paced port finishes by itself.  An unpaced port that is not empty waits for the host. */
static bool uart_busy(const void *state)
{
    const Uart *u = state;
    return u->pace == UART_PACE_BAUD && (u->tx_busy || u->tx.count > 0);
}

static void uart_describe(const void *state, char *text, size_t size)
{
    const Uart *u = state;
    snprintf(text, size,
             "IER=%02x IIR=%02x FCR=%02x LCR=%02x MCR=%02x MSR=%02x errors=%02x, %u bit/s, "
             "receiver holds %u, transmitter %u%s",
             u->ier, uart_pending(u), u->fcr, u->lcr, u->mcr, uart_modem(u) | u->modem_deltas,
             u->line_errors, uart_baud(u), u->rx.count, u->tx.count + (u->tx_busy ? 1u : 0u),
             u->break_held ? ", a break waits" : "");
}

/* ---- the class ---- */

static const char *const UART_PACES[] = {
    [UART_PACE_NONE] = "none", [UART_PACE_BAUD] = "baud", NULL};

static const char *const UART_OUT2_MODES[] = {
    [UART_OUT2_IGNORE] = "ignore", [UART_OUT2_STRICT] = "strict", NULL};

static const DeviceProperty UART_PROPERTIES[] = {
    DEVICE_PORT(Uart, iobase, "iobase", "first port"),
    DEVICE_IRQ(Uart, irq, "irq", "ISA interrupt"),
    DEVICE_CHAR(Uart, port, "the line"),
    DEVICE_CHOICE(Uart, pace, "pace", UART_PACES, "none",
                  "baud: characters take the programmed time"),
    DEVICE_CHOICE(Uart, out2, "out2", UART_OUT2_MODES, "ignore",
                  "strict: without MCR.OUT2 no interrupt reaches the bus, as on a PC"),
    DEVICE_PROPERTY_END,
};

static const IoOps UART_OPS = {
    .read = uart_read,
    .write = uart_write,
    .max_size = 1,
    .write_block = uart_write_block,
};

static const DeviceRegion UART_REGIONS[] = {
    {
        .name = "registers",
        .space = IO_PORTS,
        .size = UART_REGISTER_COUNT,
        .ops = &UART_OPS,
        .base_property = "iobase",
        .register_name = uart_register_name,
    },
    DEVICE_REGION_END,
};

const DeviceClass uart16550_class = {
    .head = DEVICE_CLASS_HEAD("isa-serial", Uart),
    .description = "16550A UART",
    .properties = UART_PROPERTIES,
    .regions = UART_REGIONS,
    .timers = uart_timers,
    .char_client = &uart_char_client,
    .reset = uart_reset,
    .fields = UART_FIELDS,
    .post_load = uart_post_load,
    .describe = uart_describe,
    .busy = uart_busy,
};
