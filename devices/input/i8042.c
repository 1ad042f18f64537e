/*
 * 8042 keyboard controller with a keyboard and a mouse.
 *
 * After the IBM PS/2 Hardware Interface Technical Reference, "Keyboard and
 * auxiliary device controller".  Modelled: both ports, the command byte and the
 * controller's memory, code translation, input and output port, A20 and reset, the
 * handshake of the buffers, both device interfaces.  Not modelled: the password,
 * parity errors.
 *
 * The controller has one output buffer for three sources.  While it is empty, the
 * next byte is taken from the first source that has one: the controller's own
 * replies, the keyboard, the mouse.  A read of the data port empties it:
 *
 *     OBF    = the output buffer holds a byte; AUXB = it is from the mouse
 *     IRQ 1  = OBF and not AUXB and command byte bit 0
 *     IRQ 12 = OBF and AUXB and command byte bit 1
 *     A20    = output port bit 1; a write with bit 0 clear resets the machine
 *
 * A byte reaches the output buffer I8042_BYTE_NS after the previous one was read.
 * The next access or the timer, whichever comes first, puts it there.
 *
 * DEVIATION: a byte takes 20 us on the wire and not 1 ms, so that a BIOS need not
 * wait.  The input buffer is never seen full.
 * DEVIATION: after a reset the controller is as a BIOS leaves it: the self-test is
 * done, the keyboard is on with translation and IRQ 1, and the mouse is off.
 */
#include "devices/device.h"
#include "devices/input/i8042_regs.h"
#include "devices/input/ps2_keyboard.h"
#include "devices/input/ps2_mouse.h"

#include <stdio.h>

#define I8042_BYTE_NS UINT64_C(20000)

#define RESET_COMMAND_BYTE (I8042_CB_INT | I8042_CB_AUX_OFF | I8042_CB_XLATE)
#define RESET_OUTPUT_PORT  (I8042_OUT_RESET | I8042_OUT_A20)
#define OUTPUT_PORT_KEPT   (I8042_OUT_RESET | I8042_OUT_A20)

/* The device that a byte in a buffer came from. */
enum { FROM_KEYBOARD, FROM_MOUSE };

typedef struct I8042 {
    Device *dev;
    uint8_t data;                /* output buffer; a read does not change the byte */
    bool full;                   /* ST_OBF: set with a new byte, cleared by a read */
    bool from_mouse;             /* ST_AUXB of that byte */
    bool timed_out;              /* ST_TO of that byte */
    bool last_was_command;       /* ST_A2 */
    uint8_t ram[I8042_RAM_SIZE]; /* byte 0 is the command byte */
    uint8_t output_port;         /* OUT_RESET and OUT_A20 as written */

    uint8_t command;       /* the command that waits for a parameter at the data port; 0 if none */
    bool reply_waits;      /* a reply of the controller waits until the output buffer is empty */
    bool reply_from_mouse; /* ST_AUXB of the reply */
    bool reply_timed_out;  /* ST_TO of the reply */
    uint8_t reply;
    bool break_prefix; /* translation has dropped an F0 prefix */
    uint64_t ready_at; /* when the output buffer can get the next byte */
    Ps2Keyboard keyboard;
    Ps2Mouse mouse;

    uint16_t data_port, command_port;
    bool has_mouse;
    bool after_bios;
    IrqLine *irq, *irq_mouse, *a20;
    Timer *timer;
} I8042;

/* ---- translation of code set 2 to set 1 ---- */

/* The controller's translation of codes 00 to 7F.  Of the codes above, only two change. */
static const uint8_t TRANSLATION[128] = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
    0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
    0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
    0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
    0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
    0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
    0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
    0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
};

static uint8_t translate_code(uint8_t code)
{
    switch (code) {
    case 0x83:
        return 0x41;
    case 0x84:
        return 0x54;
    default:
        return code < 0x80 ? TRANSLATION[code] : code;
    }
}

/* ---- predicates ---- */

static uint8_t command_byte(const I8042 *s)
{
    return s->ram[0];
}

static bool keyboard_sends(const I8042 *s)
{
    return !(command_byte(s) & I8042_CB_KBD_OFF) && ps2_keyboard_has_byte(&s->keyboard);
}

static bool mouse_sends(const I8042 *s)
{
    return s->has_mouse && !(command_byte(s) & I8042_CB_AUX_OFF) && ps2_mouse_has_byte(&s->mouse);
}

static bool byte_waits(const I8042 *s)
{
    return s->reply_waits || keyboard_sends(s) || mouse_sends(s);
}

static bool irq_level(const I8042 *s)
{
    return s->full && !s->from_mouse && command_byte(s) & I8042_CB_INT;
}

static bool mouse_irq_level(const I8042 *s)
{
    return s->full && s->from_mouse && command_byte(s) & I8042_CB_AUX_INT;
}

/* ---- filling the output buffer ---- */

static void fill(I8042 *s, uint8_t byte, bool from_mouse, bool timed_out)
{
    s->data = byte;
    s->full = true;
    s->from_mouse = from_mouse;
    s->timed_out = timed_out;
}

/* A translated break code is a single byte, so its prefix is kept back. */
static void fill_from_keyboard(I8042 *s)
{
    uint8_t byte = ps2_keyboard_take(&s->keyboard);
    if (!(command_byte(s) & I8042_CB_XLATE)) {
        fill(s, byte, FROM_KEYBOARD, false);
        return;
    }
    if (byte == KBD_BREAK) {
        s->break_prefix = true;
        return;
    }
    byte = translate_code(byte);
    fill(s, s->break_prefix ? byte | KBD_BREAK_BIT : byte, FROM_KEYBOARD, false);
    s->break_prefix = false;
}

static void fill_from_somewhere(I8042 *s)
{
    if (s->reply_waits) {
        s->reply_waits = false;
        fill(s, s->reply, s->reply_from_mouse, s->reply_timed_out);
    } else if (keyboard_sends(s)) {
        fill_from_keyboard(s);
    } else {
        fill(s, ps2_mouse_take(&s->mouse), FROM_MOUSE, false);
    }
}

static uint64_t next_event(const I8042 *s)
{
    uint64_t repeat = ps2_keyboard_deadline(&s->keyboard);
    uint64_t byte = !s->full && byte_waits(s) ? s->ready_at : UINT64_MAX;
    return repeat < byte ? repeat : byte;
}

/* Brings the output buffer, the lines and the timer up to date. */
static void i8042_update(I8042 *s)
{
    uint64_t now = pio_now(s->dev);
    ps2_keyboard_repeat(&s->keyboard, now);
    while (!s->full && byte_waits(s) && s->ready_at <= now) {
        fill_from_somewhere(s);
    }
    pio_irq_set(s->irq, irq_level(s));
    pio_irq_set(s->irq_mouse, mouse_irq_level(s));
    pio_irq_set(s->a20, s->output_port & I8042_OUT_A20);
    uint64_t event = next_event(s);
    if (event == UINT64_MAX) {
        pio_timer_disarm(s->timer);
    } else {
        pio_timer_arm(s->timer, event);
    }
}

static void delay_next_byte(I8042 *s)
{
    s->ready_at = pio_now(s->dev) + I8042_BYTE_NS;
}

static void reply(I8042 *s, uint8_t byte)
{
    s->reply = byte;
    s->reply_waits = true;
    s->reply_from_mouse = s->reply_timed_out = false;
}

/* ---- controller commands ---- */

static uint8_t read_output_port(const I8042 *s)
{
    return (uint8_t)(s->output_port | (irq_level(s) ? I8042_OUT_OBF : 0) |
                     (mouse_irq_level(s) ? I8042_OUT_AUX_OBF : 0) | I8042_OUT_CLOCK |
                     I8042_OUT_DATA);
}

static void write_output_port(I8042 *s, uint8_t value)
{
    s->output_port = value & OUTPUT_PORT_KEPT;
    if (!(value & I8042_OUT_RESET)) {
        pio_request_reset(s->dev);
    }
}

static void write_ram(I8042 *s, unsigned index, uint8_t value)
{
    s->ram[index] = index == 0 ? value & (uint8_t)~I8042_CB_RESERVED : value;
}

static void change_command_byte(I8042 *s, uint8_t clear, uint8_t set)
{
    s->ram[0] = (uint8_t)((s->ram[0] & ~clear) | set);
}

/* The device that the byte is for does not exist: "the controller times out". */
static void reply_no_mouse(I8042 *s)
{
    reply(s, PS2_NACK);
    s->reply_from_mouse = s->reply_timed_out = true;
}

/* Handles the commands that answer with a byte. */
static bool answer_command(I8042 *s, uint8_t command)
{
    switch (command) {
    case I8042_CMD_TEST_PASSWD:
        reply(s, I8042_NO_PASSWD);
        return true;
    case I8042_CMD_AUX_TEST:
    case I8042_CMD_KBD_TEST:
        reply(s, I8042_PORT_TEST_OK);
        return true;
    case I8042_CMD_SELF_TEST:
        change_command_byte(s, 0, I8042_CB_SYS);
        reply(s, I8042_SELF_TEST_OK);
        return true;
    case I8042_CMD_READ_INPUT:
        reply(s, I8042_IN_UNLOCKED | I8042_IN_JUMPER);
        return true;
    case I8042_CMD_READ_OUTPUT:
        reply(s, read_output_port(s));
        return true;
    case I8042_CMD_READ_TEST:
        reply(s, 0);
        return true;
    default:
        return false;
    }
}

static bool change_interface(I8042 *s, uint8_t command)
{
    switch (command) {
    case I8042_CMD_AUX_DISABLE:
        change_command_byte(s, 0, I8042_CB_AUX_OFF);
        return true;
    case I8042_CMD_AUX_ENABLE:
        change_command_byte(s, I8042_CB_AUX_OFF, 0);
        return true;
    case I8042_CMD_KBD_DISABLE:
        change_command_byte(s, 0, I8042_CB_KBD_OFF);
        return true;
    case I8042_CMD_KBD_ENABLE:
        change_command_byte(s, I8042_CB_KBD_OFF, 0);
        return true;
    default:
        return false;
    }
}

static bool takes_parameter(uint8_t command)
{
    return (command >= I8042_CMD_WRITE_RAM && command < I8042_CMD_WRITE_RAM + I8042_RAM_SIZE) ||
           (command >= I8042_CMD_WRITE_OUTPUT && command <= I8042_CMD_WRITE_AUX);
}

static void pulse(I8042 *s, uint8_t command)
{
    if (!(command & I8042_OUT_RESET)) {
        pio_request_reset(s->dev);
    }
}

static void write_command(I8042 *s, uint8_t command)
{
    s->last_was_command = true;
    s->command = takes_parameter(command) ? command : 0;
    if (s->command || answer_command(s, command) || change_interface(s, command)) {
        return;
    }
    if (command >= I8042_CMD_PULSE) {
        pulse(s, command);
    } else if (command >= I8042_CMD_READ_RAM && command < I8042_CMD_READ_RAM + I8042_RAM_SIZE) {
        reply(s, s->ram[command - I8042_CMD_READ_RAM]);
    } else if (command != I8042_CMD_POLL_LOW && command != I8042_CMD_POLL_HIGH) {
        pio_guest_error(s->dev, "unknown controller command",
                        "keyboard controller command 0x%02x is unknown and ignored", command);
    }
}

/* ---- the data port ---- */

/* "Data written to port 60 [...] enables the keyboard interface." */
static void write_keyboard(I8042 *s, uint8_t byte)
{
    change_command_byte(s, I8042_CB_KBD_OFF, 0);
    s->break_prefix = false;
    ps2_keyboard_write(&s->keyboard, byte);
    delay_next_byte(s);
}

static void write_mouse(I8042 *s, uint8_t byte)
{
    if (s->has_mouse) {
        change_command_byte(s, I8042_CB_AUX_OFF, 0);
        ps2_mouse_write(&s->mouse, byte);
        delay_next_byte(s);
    } else {
        reply_no_mouse(s);
    }
}

static void write_parameter(I8042 *s, uint8_t command, uint8_t value)
{
    switch (command) {
    case I8042_CMD_WRITE_OUTPUT:
        write_output_port(s, value);
        break;
    case I8042_CMD_WRITE_KBD_OB:
        reply(s, value);
        break;
    case I8042_CMD_WRITE_AUX_OB:
        reply(s, value);
        s->reply_from_mouse = true;
        break;
    case I8042_CMD_WRITE_AUX:
        write_mouse(s, value);
        break;
    default:
        write_ram(s, command - I8042_CMD_WRITE_RAM, value);
    }
}

static void write_data(I8042 *s, uint8_t value)
{
    uint8_t command = s->command;
    s->last_was_command = false;
    s->command = 0;
    if (command) {
        write_parameter(s, command, value);
    } else {
        write_keyboard(s, value);
    }
}

static uint8_t read_data(I8042 *s)
{
    if (s->full) {
        s->full = false;
        s->timed_out = false;
        delay_next_byte(s);
    }
    return s->data;
}

static uint8_t read_status(const I8042 *s)
{
    uint8_t status = I8042_ST_INH;
    status |= s->full ? I8042_ST_OBF : 0;
    status |= command_byte(s) & I8042_CB_SYS ? I8042_ST_SYS : 0;
    status |= s->last_was_command ? I8042_ST_A2 : 0;
    status |= s->full && s->from_mouse ? I8042_ST_AUXB : 0;
    status |= s->timed_out ? I8042_ST_TO : 0;
    return status;
}

/* ---- reads and writes: two regions of one port each ---- */

static uint64_t i8042_read_data(void *state, uint64_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    I8042 *s = state;
    i8042_update(s);
    uint8_t value = read_data(s);
    i8042_update(s);
    return value;
}

static void i8042_write_data(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)offset;
    (void)size;
    I8042 *s = state;
    write_data(s, (uint8_t)value);
    i8042_update(s);
}

static uint64_t i8042_read_status(void *state, uint64_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    I8042 *s = state;
    i8042_update(s);
    return read_status(s);
}

static void i8042_write_command(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)offset;
    (void)size;
    I8042 *s = state;
    write_command(s, (uint8_t)value);
    i8042_update(s);
}

static const char *data_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    (void)offset;
    (void)write;
    return "DATA";
}

static const char *command_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    (void)offset;
    return write ? "COMMAND" : "STATUS";
}

/* ---- the host side ---- */

static void i8042_fire(void *state, uint64_t deadline)
{
    (void)deadline;
    i8042_update(state);
}

static bool i8042_key(void *state, unsigned code, bool pressed)
{
    I8042 *s = state;
    bool taken = ps2_keyboard_key(&s->keyboard, code, pressed, pio_now(s->dev));
    i8042_update(s);
    return taken;
}

static bool i8042_pointer(void *state, int dx, int dy, unsigned buttons)
{
    I8042 *s = state;
    bool taken = s->has_mouse && ps2_mouse_move(&s->mouse, dx, dy, buttons);
    i8042_update(s);
    return taken;
}

static void i8042_describe(const void *state, char *text, size_t size)
{
    const I8042 *s = state;
    snprintf(text, size, "status=%02x data=%02x command byte=%02x A20=%s, keyboard %s set %u%s",
             read_status(s), s->data, command_byte(s),
             s->output_port & I8042_OUT_A20 ? "on" : "off", s->keyboard.scanning ? "on" : "off",
             s->keyboard.code_set, s->mouse.reporting ? ", mouse on" : "");
}

/* ---- reset and state ---- */

static void i8042_reset(void *state)
{
    I8042 *s = state;
    s->data = 0;
    s->full = s->from_mouse = s->timed_out = false;
    s->last_was_command = false;
    for (unsigned i = 0; i < I8042_RAM_SIZE; i++) {
        s->ram[i] = 0;
    }
    s->ram[0] = s->after_bios ? RESET_COMMAND_BYTE | I8042_CB_SYS : RESET_COMMAND_BYTE;
    s->output_port = RESET_OUTPUT_PORT;
    s->command = 0;
    s->reply_waits = s->reply_from_mouse = s->reply_timed_out = false;
    s->reply = 0;
    s->break_prefix = false;
    s->ready_at = 0;
    ps2_keyboard_reset(&s->keyboard);
    ps2_mouse_reset(&s->mouse);
    i8042_update(s);
}

static bool i8042_post_load(void *state)
{
    I8042 *s = state;
    uint64_t now = pio_now(s->dev);
    if ((s->command && !takes_parameter(s->command)) || s->ram[0] & I8042_CB_RESERVED ||
        s->output_port & ~OUTPUT_PORT_KEPT || s->ready_at > now + I8042_BYTE_NS ||
        !ps2_keyboard_is_possible(&s->keyboard) || !ps2_mouse_is_possible(&s->mouse)) {
        return false;
    }
    i8042_update(s);
    return true;
}

static const DeviceField i8042_fields[] = {
    DEVICE_FIELD(I8042, data),
    DEVICE_FIELD_BOOL(I8042, full),
    DEVICE_FIELD_BOOL(I8042, from_mouse),
    DEVICE_FIELD_BOOL(I8042, timed_out),
    DEVICE_FIELD_BOOL(I8042, last_was_command),
    DEVICE_FIELD_ARRAY(I8042, ram),
    DEVICE_FIELD(I8042, output_port),
    DEVICE_FIELD(I8042, command),
    DEVICE_FIELD_BOOL(I8042, reply_waits),
    DEVICE_FIELD_BOOL(I8042, reply_from_mouse),
    DEVICE_FIELD_BOOL(I8042, reply_timed_out),
    DEVICE_FIELD(I8042, reply),
    DEVICE_FIELD_BOOL(I8042, break_prefix),
    DEVICE_FIELD(I8042, ready_at),
    DEVICE_FIELD_BOOL(I8042, keyboard.scanning),
    DEVICE_FIELD(I8042, keyboard.code_set),
    DEVICE_FIELD(I8042, keyboard.leds),
    DEVICE_FIELD(I8042, keyboard.typematic),
    DEVICE_FIELD(I8042, keyboard.command),
    DEVICE_FIELD(I8042, keyboard.last),
    DEVICE_FIELD_BOOL(I8042, keyboard.overrun),
    DEVICE_FIELD_ARRAY(I8042, keyboard.answers.bytes),
    DEVICE_FIELD(I8042, keyboard.answers.count),
    DEVICE_FIELD_ARRAY(I8042, keyboard.codes.bytes),
    DEVICE_FIELD(I8042, keyboard.codes.count),
    DEVICE_FIELD(I8042, keyboard.held),
    DEVICE_FIELD(I8042, keyboard.repeat_at),
    DEVICE_FIELD_BOOL(I8042, mouse.reporting),
    DEVICE_FIELD_BOOL(I8042, mouse.remote),
    DEVICE_FIELD_BOOL(I8042, mouse.wrap),
    DEVICE_FIELD_BOOL(I8042, mouse.doubled),
    DEVICE_FIELD(I8042, mouse.rate),
    DEVICE_FIELD(I8042, mouse.resolution),
    DEVICE_FIELD(I8042, mouse.knocks),
    DEVICE_FIELD_BOOL(I8042, mouse.wheel),
    DEVICE_FIELD(I8042, mouse.command),
    DEVICE_FIELD(I8042, mouse.last),
    DEVICE_FIELD_ARRAY(I8042, mouse.out.bytes),
    DEVICE_FIELD(I8042, mouse.out.count),
    DEVICE_FIELD(I8042, mouse.dx),
    DEVICE_FIELD(I8042, mouse.dy),
    DEVICE_FIELD(I8042, mouse.dz),
    DEVICE_FIELD(I8042, mouse.buttons),
    DEVICE_FIELD(I8042, mouse.reported_buttons),
    DEVICE_FIELD_END,
};

/* ---- the class ---- */

static const IoOps i8042_data_ops = {
    .read = i8042_read_data, .write = i8042_write_data, .max_size = 1};
static const IoOps i8042_command_ops = {
    .read = i8042_read_status, .write = i8042_write_command, .max_size = 1};

static const DeviceRegion i8042_regions[] = {
    {.name = "data",
     .space = IO_PORTS,
     .size = 1,
     .ops = &i8042_data_ops,
     .base_property = "data-port",
     .register_name = data_name},
    {.name = "command",
     .space = IO_PORTS,
     .size = 1,
     .ops = &i8042_command_ops,
     .base_property = "command-port",
     .register_name = command_name},
    DEVICE_REGION_END,
};

static const DeviceProperty i8042_properties[] = {
    DEVICE_PROPERTY(I8042, after_bios, "after-bios", PROPERTY_BOOL, "off",
                    "a reset leaves the system flag set, as a BIOS would"),
    DEVICE_PORT(I8042, data_port, "data-port", "data port"),
    DEVICE_PORT(I8042, command_port, "command-port", "status and command port"),
    DEVICE_IRQ(I8042, irq, "irq", "the keyboard's interrupt line"),
    DEVICE_IRQ(I8042, irq_mouse, "mouse-irq", "the mouse's interrupt line"),
    DEVICE_PROPERTY(I8042, has_mouse, "mouse", PROPERTY_BOOL, "on", "a mouse is plugged in"),
    DEVICE_PROPERTY_END,
};

static const DeviceOutput i8042_outputs[] = {
    {.name = "a20", .offset = offsetof(I8042, a20)},
    DEVICE_OUTPUT_END,
};

static const DeviceTimer i8042_timers[] = {
    {.name = "event", .offset = offsetof(I8042, timer), .fire = i8042_fire},
    DEVICE_TIMER_END,
};

static const InputClient i8042_input_client = {.key = i8042_key, .pointer = i8042_pointer};

extern const DeviceClass i8042_class;
const DeviceClass i8042_class = {
    .head = DEVICE_CLASS_HEAD("i8042", I8042),
    .description = "8042 keyboard controller with keyboard and PS/2 mouse",
    .properties = i8042_properties,
    .regions = i8042_regions,
    .outputs = i8042_outputs,
    .timers = i8042_timers,
    .input_client = &i8042_input_client,
    .reset = i8042_reset,
    .fields = i8042_fields,
    .post_load = i8042_post_load,
    .describe = i8042_describe,
};
