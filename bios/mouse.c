/*
 * INT 15h, AH = C2h: the pointing device, after the IBM PS/2 and PC BIOS Interface
 * Technical Reference.  Its packets come with IRQ 12 and go to the program's
 * handler.
 *
 * During a command to the mouse the keyboard waits, and the controller is polled.
 */
#include "bios/services.h"

#include "devices/input/i8042_regs.h"
#include "src/machine/pc_board.h"

/* Offsets in the extended data area. */
#define EBDA_HANDLER 0x22 /* offset and segment */
#define EBDA_FLAGS_1 0x26
#define EBDA_FLAGS_2 0x27
#define EBDA_DATA    0x28 /* up to 8 bytes */

#define FLAGS_1_INDEX   0x07 /* the index of the next byte */
#define FLAGS_2_LAST    0x07 /* the index of the last byte of a packet */
#define FLAGS_2_HANDLER 0x80 /* there is a handler */

#define PACKET_MAX   8u
#define PACKET_BYTES 3u /* the default */
#define WORDS        4u
#define RESOLUTIONS  4u

typedef enum MouseStatus {
    MOUSE_OK,
    MOUSE_INVALID_FUNCTION,
    MOUSE_INVALID_INPUT,
    MOUSE_INTERFACE_ERROR,
    MOUSE_RESEND,
    MOUSE_NO_HANDLER,
} MouseStatus;

static bool enabled;

static uint8_t ebda_read(uint16_t offset)
{
    return far_read8(BDA->ebda_segment, offset);
}

static void ebda_write(uint16_t offset, uint8_t value)
{
    far_write8(BDA->ebda_segment, offset, value);
}

/* ---- talking to it ---- */

static void write_command_byte(uint8_t value)
{
    controller_send(I8042_COMMAND, I8042_CMD_WRITE_RAM);
    controller_send(I8042_DATA, value);
}

/* Returns the previous command byte.  -1: the controller does not answer. */
static int open_interface(void)
{
    controller_send(I8042_COMMAND, I8042_CMD_KBD_DISABLE);
    controller_empty();
    controller_send(I8042_COMMAND, I8042_CMD_READ_RAM);
    int before = controller_answer();
    if (before >= 0) {
        write_command_byte(
            (uint8_t)((before | I8042_CB_KBD_OFF) & ~(I8042_CB_AUX_INT | I8042_CB_AUX_OFF)));
    }
    ebda_write(EBDA_FLAGS_1, 0);
    return before;
}

static void close_interface(uint8_t before)
{
    before &= (uint8_t) ~(I8042_CB_KBD_OFF | I8042_CB_AUX_INT | I8042_CB_AUX_OFF);
    write_command_byte(before | (enabled ? I8042_CB_AUX_INT : I8042_CB_AUX_OFF));
}

static MouseStatus send(uint8_t byte)
{
    controller_send(I8042_COMMAND, I8042_CMD_WRITE_AUX);
    controller_send(I8042_DATA, byte);
    int answer = controller_answer();
    return answer == PS2_ACK ? MOUSE_OK : answer == PS2_NACK ? MOUSE_RESEND : MOUSE_INTERFACE_ERROR;
}

static MouseStatus receive(uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        int byte = controller_answer();
        if (byte < 0) {
            return MOUSE_INTERFACE_ERROR;
        }
        bytes[i] = (uint8_t)byte;
    }
    return MOUSE_OK;
}

/* Sends a command of `size` bytes and reads an answer of `count` bytes. */
static MouseStatus command(const uint8_t *bytes, unsigned size, uint8_t *answer, unsigned count)
{
    int before = open_interface();
    MouseStatus status = before < 0 ? MOUSE_INTERFACE_ERROR : MOUSE_OK;
    for (unsigned i = 0; i < size && !status; i++) {
        status = send(bytes[i]);
    }
    if (!status) {
        status = receive(answer, count);
    }
    if (before >= 0) {
        close_interface((uint8_t)before);
    }
    return status;
}

static MouseStatus simple_command(uint8_t byte)
{
    return command(&byte, 1, NULL, 0);
}

void mouse_setup(void)
{
    for (uint16_t i = EBDA_HANDLER; i < EBDA_DATA + PACKET_MAX; i++) {
        ebda_write(i, 0);
    }
    ebda_write(EBDA_FLAGS_2, PACKET_BYTES - 1);
    if (simple_command(PS2_DISABLE) == MOUSE_OK) {
        BDA->equipment |= EQUIPMENT_MOUSE;
    }
}

/* ---- IRQ 12 ---- */

/* Passes status, X, Y and Z.  A longer packet's other bytes are only in the extended data area. */
static void call_handler(void)
{
    uint16_t words[WORDS], last = ebda_read(EBDA_FLAGS_2) & FLAGS_2_LAST;
    for (uint16_t i = 0; i < WORDS; i++) {
        words[i] = i <= last ? ebda_read(EBDA_DATA + i) : 0;
    }
    bios_call_far(far_read32(BDA->ebda_segment, EBDA_HANDLER), words);
}

static void take_byte(uint8_t byte)
{
    uint8_t flags = ebda_read(EBDA_FLAGS_2), index = ebda_read(EBDA_FLAGS_1) & FLAGS_1_INDEX;
    if (!(flags & FLAGS_2_HANDLER)) {
        return;
    }
    bool is_last = index >= (flags & FLAGS_2_LAST);
    ebda_write(EBDA_DATA + index, byte);
    ebda_write(EBDA_FLAGS_1, is_last ? 0 : index + 1);
    if (is_last) {
        call_handler();
    }
}

void mouse_irq12(Regs *regs)
{
    const uint8_t mine = I8042_ST_OBF | I8042_ST_AUXB;
    (void)regs;
    if ((in8(I8042_STATUS) & mine) == mine) {
        take_byte(in8(I8042_DATA));
    }
    irq_end(IRQ_MOUSE);
}

/* ---- INT 15h, AH = C2h ---- */

/* BH: 0 off, 1 on. */
static MouseStatus service_enable(const Regs *regs)
{
    if (regs->bh > 1) {
        return MOUSE_INVALID_INPUT;
    }
    if (regs->bh && !(ebda_read(EBDA_FLAGS_2) & FLAGS_2_HANDLER)) {
        return MOUSE_NO_HANDLER;
    }
    enabled = regs->bh;
    if (enabled) {
        irq_unmask(IRQ_MOUSE);
    }
    return simple_command(enabled ? PS2_ENABLE : PS2_DISABLE);
}

static MouseStatus service_reset(Regs *regs)
{
    static const uint8_t RESET = PS2_RESET;
    uint8_t answer[2];
    enabled = false;
    MouseStatus status = command(&RESET, 1, answer, sizeof(answer));
    if (!status) {
        regs->bl = answer[0];
        regs->bh = answer[1];
    }
    return status;
}

static MouseStatus service_rate(const Regs *regs)
{
    static const uint8_t RATES[] = {10, 20, 40, 60, 80, 100, 200};
    if (regs->bh >= sizeof(RATES)) {
        return MOUSE_INVALID_INPUT;
    }
    const uint8_t bytes[] = {PS2_SET_RATE, RATES[regs->bh]};
    return command(bytes, sizeof(bytes), NULL, 0);
}

static MouseStatus service_resolution(const Regs *regs)
{
    const uint8_t bytes[] = {MOUSE_SET_RESOLUTION, regs->bh};
    return regs->bh < RESOLUTIONS ? command(bytes, sizeof(bytes), NULL, 0) : MOUSE_INVALID_INPUT;
}

static MouseStatus service_type(Regs *regs)
{
    static const uint8_t GET_ID = PS2_GET_ID;
    uint8_t id;
    MouseStatus status = command(&GET_ID, 1, &id, 1);
    if (!status) {
        regs->bh = id;
    }
    return status;
}

/* BH: the number of bytes in a packet.  The other settings are those after a reset. */
static MouseStatus service_initialise(const Regs *regs)
{
    Regs reset;
    if (!regs->bh || regs->bh > PACKET_MAX) {
        return MOUSE_INVALID_INPUT;
    }
    uint8_t handler = ebda_read(EBDA_FLAGS_2) & FLAGS_2_HANDLER;
    ebda_write(EBDA_FLAGS_2, handler | (uint8_t)(regs->bh - 1));
    return service_reset(&reset);
}

static MouseStatus get_status(Regs *regs)
{
    static const uint8_t STATUS = MOUSE_STATUS;
    uint8_t answer[3];
    MouseStatus status = command(&STATUS, 1, answer, sizeof(answer));
    if (!status) {
        regs->bl = answer[0];
        regs->cl = answer[1];
        regs->dl = answer[2];
    }
    return status;
}

static MouseStatus service_extended(Regs *regs)
{
    switch (regs->bh) {
    case 0:
        return get_status(regs);
    case 1:
        return simple_command(MOUSE_SCALING_1_1);
    case 2:
        return simple_command(MOUSE_SCALING_2_1);
    default:
        return MOUSE_INVALID_INPUT;
    }
}

/* ES:BX is the handler; 0:0 removes it. */
static MouseStatus service_handler(const Regs *regs)
{
    uint8_t flags = ebda_read(EBDA_FLAGS_2) & (uint8_t)~FLAGS_2_HANDLER;
    far_write16(BDA->ebda_segment, EBDA_HANDLER, regs->bx);
    far_write16(BDA->ebda_segment, EBDA_HANDLER + 2, regs->es);
    ebda_write(EBDA_FLAGS_2, flags | (regs->es || regs->bx ? FLAGS_2_HANDLER : 0));
    return MOUSE_OK;
}

static MouseStatus serve(Regs *regs)
{
    switch (regs->al) {
    case 0x00:
        return service_enable(regs);
    case 0x01:
        return service_reset(regs);
    case 0x02:
        return service_rate(regs);
    case 0x03:
        return service_resolution(regs);
    case 0x04:
        return service_type(regs);
    case 0x05:
        return service_initialise(regs);
    case 0x06:
        return service_extended(regs);
    case 0x07:
        return service_handler(regs);
    default:
        return MOUSE_INVALID_FUNCTION;
    }
}

bool mouse_service(Regs *regs)
{
    regs->ah = (uint8_t)serve(regs);
    return !regs->ah;
}
