/*
 * PS/2 mouse, after the IBM PS/2 Hardware Interface Technical Reference, "Mouse",
 * with the wheel of Microsoft's IntelliMouse.
 *
 * Modelled: stream, remote and wrap mode, the commands with their answers, scaling,
 * packets of three bytes.  If the guest sets the sampling rates 200, 100 and 80 in
 * a row, the wheel is turned on: the ID becomes 3, and packets get a fourth byte.
 *
 * A packet has the buttons and the signs of the movements, then the counts since
 * the last packet, as two's complement:
 *
 *     byte 0   0 0 YS XS 1 M R L
 *     byte 1   X, to the right
 *     byte 2   Y, upwards
 *     byte 3   Z, the wheel towards the user (only with the wheel on)
 *
 * DEVIATION: in stream mode a packet is made as soon as the one before it has been
 * read.  The sampling rate is stored but does not limit the packets.
 * DEVIATION: movement that does not fit in a packet comes in the next one, so the
 * overflow bits stay clear.
 */
#include "devices/input/ps2_mouse.h"

#include "devices/device.h"
#include "devices/input/i8042_regs.h"

#define RATE_DEFAULT       100
#define RESOLUTION_DEFAULT 2
#define RESOLUTION_MAX     3
#define BUTTONS_MASK       (POINTER_LEFT | POINTER_RIGHT | POINTER_MIDDLE)
#define DELTA_MIN          (-256)
#define DELTA_MAX          255
#define MOVEMENT_MAX       0xffff
/* The wheel's count has four bits, because drivers of later mice read only those. */
#define WHEEL_MIN (-8)
#define WHEEL_MAX 7

static const uint8_t KNOCK[] = {200, 100, 80};

static void put(Ps2Mouse *m, uint8_t byte)
{
    ps2_queue_put(&m->out, byte);
}

/* ---- packets ---- */

/* "Scaling 2:1": small counts are reported as the table says, larger ones doubled. */
static int scale(const Ps2Mouse *m, int delta)
{
    static const uint8_t SCALED[] = {0, 1, 1, 3, 6, 9};
    if (!m->doubled || m->remote) {
        return delta;
    }
    int size = delta < 0 ? -delta : delta;
    int scaled = size < (int)sizeof(SCALED) ? SCALED[size] : 2 * size;
    return delta < 0 ? -scaled : scaled;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* The largest part of `delta` whose scaled value fits nine bits. */
static int take_delta(const Ps2Mouse *m, int32_t *delta)
{
    int limit = m->doubled && !m->remote ? 2 : 1;
    int part = clamp(*delta, DELTA_MIN / limit, DELTA_MAX / limit);
    *delta -= part;
    return scale(m, part);
}

static void put_packet(Ps2Mouse *m)
{
    int dx = take_delta(m, &m->dx);
    int dy = take_delta(m, &m->dy);
    m->reported_buttons = m->buttons;
    put(m, (uint8_t)(MOUSE_PACKET_ONE | m->buttons | (dx < 0 ? MOUSE_PACKET_XS : 0) |
                     (dy < 0 ? MOUSE_PACKET_YS : 0)));
    put(m, (uint8_t)dx);
    put(m, (uint8_t)dy);
    if (m->wheel) {
        int dz = clamp(m->dz, WHEEL_MIN, WHEEL_MAX);
        m->dz -= dz;
        put(m, (uint8_t)dz);
    }
}

static void report_changes(Ps2Mouse *m)
{
    bool changed = m->dx || m->dy || m->dz || m->buttons != m->reported_buttons;
    if (changed && m->reporting && !m->remote && !m->wrap && !m->command && !m->out.count) {
        put_packet(m);
    }
}

static void forget_movement(Ps2Mouse *m)
{
    m->dx = m->dy = m->dz = 0;
}

/* The wheel's count is positive when it turns towards the user. */
static void turn_wheel(Ps2Mouse *m, unsigned buttons)
{
    int notches = (buttons & POINTER_WHEEL_DOWN ? 1 : 0) - (buttons & POINTER_WHEEL_UP ? 1 : 0);
    if (m->wheel) {
        m->dz = clamp(m->dz + notches, -MOVEMENT_MAX, MOVEMENT_MAX);
    }
}

bool ps2_mouse_move(Ps2Mouse *m, int dx, int dy, unsigned buttons)
{
    m->dx = clamp(m->dx + clamp(dx, -MOVEMENT_MAX, MOVEMENT_MAX), -MOVEMENT_MAX, MOVEMENT_MAX);
    m->dy = clamp(m->dy + clamp(dy, -MOVEMENT_MAX, MOVEMENT_MAX), -MOVEMENT_MAX, MOVEMENT_MAX);
    m->buttons = buttons & BUTTONS_MASK;
    turn_wheel(m, buttons);
    report_changes(m);
    return true;
}

bool ps2_mouse_has_byte(const Ps2Mouse *m)
{
    return m->out.count != 0;
}

uint8_t ps2_mouse_take(Ps2Mouse *m)
{
    m->last = ps2_queue_take(&m->out);
    report_changes(m);
    return m->last;
}

/* ---- commands ---- */

static void set_defaults(Ps2Mouse *m)
{
    m->rate = RATE_DEFAULT;
    m->resolution = RESOLUTION_DEFAULT;
    m->doubled = m->reporting = m->remote = false;
    forget_movement(m);
}

void ps2_mouse_reset(Ps2Mouse *m)
{
    set_defaults(m);
    m->wrap = m->wheel = false;
    m->knocks = 0;
    m->command = 0;
    m->last = PS2_BAT_OK;
    m->buttons = m->reported_buttons = 0;
    ps2_queue_clear(&m->out);
}

/* A rate that does not continue the sequence may start a new one. */
static void count_knock(Ps2Mouse *m, uint8_t rate)
{
    m->knocks = rate == KNOCK[m->knocks] ? m->knocks + 1 : rate == KNOCK[0];
    if (m->knocks == sizeof(KNOCK)) {
        m->knocks = 0;
        m->wheel = true;
    }
}

static void take_parameter(Ps2Mouse *m, uint8_t command, uint8_t byte)
{
    if (command == PS2_SET_RATE) {
        m->rate = byte;
        count_knock(m, byte);
    } else if (byte > RESOLUTION_MAX) {
        put(m, PS2_NACK);
        return;
    } else {
        m->resolution = byte;
    }
    put(m, PS2_ACK);
}

/* The three bytes of "Status request". */
static void put_status(Ps2Mouse *m)
{
    uint8_t status = 0;
    status |= m->buttons & POINTER_RIGHT ? MOUSE_STATUS_RIGHT : 0;
    status |= m->buttons & POINTER_MIDDLE ? MOUSE_STATUS_MIDDLE : 0;
    status |= m->buttons & POINTER_LEFT ? MOUSE_STATUS_LEFT : 0;
    status |= m->doubled ? MOUSE_STATUS_SCALING : 0;
    status |= m->reporting ? MOUSE_STATUS_ENABLED : 0;
    status |= m->remote ? MOUSE_STATUS_REMOTE : 0;
    put(m, status);
    put(m, m->resolution);
    put(m, m->rate);
}

/* Handles the commands that change a setting and are answered with an acknowledgement only. */
static bool change_setting(Ps2Mouse *m, uint8_t command)
{
    switch (command) {
    case MOUSE_SCALING_1_1:
    case MOUSE_SCALING_2_1:
        m->doubled = command == MOUSE_SCALING_2_1;
        return true;
    case MOUSE_STREAM:
    case MOUSE_REMOTE:
        m->remote = command == MOUSE_REMOTE;
        forget_movement(m);
        return true;
    case PS2_ENABLE:
    case PS2_DISABLE:
        m->reporting = command == PS2_ENABLE;
        forget_movement(m);
        m->reported_buttons = m->buttons;
        return true;
    case PS2_SET_DEFAULTS:
        set_defaults(m);
        return true;
    case MOUSE_WRAP:
        m->wrap = true;
        return true;
    case MOUSE_WRAP_END:
        m->wrap = false;
        return true;
    case PS2_SET_RATE:
    case MOUSE_SET_RESOLUTION:
        m->command = command;
        return true;
    default:
        return false;
    }
}

static void take_command(Ps2Mouse *m, uint8_t command)
{
    if (change_setting(m, command)) {
        put(m, PS2_ACK);
        return;
    }
    switch (command) {
    case MOUSE_STATUS:
        put(m, PS2_ACK);
        put_status(m);
        break;
    case MOUSE_READ:
        put(m, PS2_ACK);
        put_packet(m);
        break;
    case PS2_GET_ID:
        put(m, PS2_ACK);
        put(m, m->wheel ? MOUSE_ID_WHEEL : MOUSE_ID);
        break;
    case PS2_RESEND:
        put(m, m->last);
        break;
    case PS2_RESET:
        ps2_mouse_reset(m);
        put(m, PS2_ACK);
        put(m, PS2_BAT_OK);
        put(m, MOUSE_ID);
        break;
    default:
        put(m, PS2_NACK);
    }
}

void ps2_mouse_write(Ps2Mouse *m, uint8_t byte)
{
    uint8_t command = m->command;
    m->command = 0;
    ps2_queue_clear(&m->out);
    if (m->wrap && byte != PS2_RESET && byte != MOUSE_WRAP_END) {
        put(m, byte);
    } else if (command) {
        take_parameter(m, command, byte);
    } else {
        take_command(m, byte);
    }
}

bool ps2_mouse_is_possible(const Ps2Mouse *m)
{
    return m->resolution <= RESOLUTION_MAX && m->out.count <= PS2_QUEUE_SIZE &&
           (m->command == 0 || m->command == PS2_SET_RATE || m->command == MOUSE_SET_RESOLUTION) &&
           m->buttons <= BUTTONS_MASK && m->reported_buttons <= BUTTONS_MASK &&
           m->dx >= -MOVEMENT_MAX && m->dx <= MOVEMENT_MAX && m->dy >= -MOVEMENT_MAX &&
           m->dy <= MOVEMENT_MAX && m->dz >= -MOVEMENT_MAX && m->dz <= MOVEMENT_MAX &&
           (m->wheel || !m->dz) && m->knocks < sizeof(KNOCK);
}
