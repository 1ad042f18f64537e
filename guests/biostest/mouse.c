/*
 * Tests of the pointing device: INT 15h, AH = C2h, and the calls of the handler.
 * The packets are put into the controller as if the mouse had sent them.
 */
#include "guests/biostest/biostest.h"

#include "devices/input/i8042_regs.h"

#define EBDA_INDEX 0x26
#define EBDA_FLAGS 0x27
#define EBDA_DATA  0x28

#define EQUIPMENT_MOUSE 0x0004

static Regs mouse(uint8_t function, uint8_t bh)
{
    return interrupt_abcd(0x15, (uint16_t)(0xc200 | function), (uint16_t)(bh << 8), 0, 0);
}

static bool is_status(Regs regs, uint8_t status)
{
    if (regs.ah != status) {
        note("AH", regs.ah);
    }
    return carry(&regs) == (status != 0) && regs.ah == status;
}

static uint8_t ebda(uint16_t at)
{
    return far_read8(BDA->ebda_segment, at);
}

static Regs set_mouse_handler(uint16_t offset)
{
    Regs regs = {.ax = 0xc207, .bx = offset};
    interrupt(0x15, &regs);
    return regs;
}

static void controller(uint8_t command, uint8_t byte)
{
    while (in8(I8042_STATUS) & (I8042_ST_IBF | I8042_ST_OBF)) {
    }
    out8(I8042_COMMAND, command);
    out8(I8042_DATA, byte);
}

static void await_bytes(uint32_t until)
{
    while (mouse_irqs != until) {
    }
}

static void send_byte(uint8_t byte)
{
    uint32_t before = mouse_irqs;
    controller(I8042_CMD_WRITE_AUX_OB, byte);
    await_bytes(before + 1);
}

static void send_packet(uint8_t status, uint8_t x, uint8_t y)
{
    send_byte(status);
    send_byte(x);
    send_byte(y);
}

static bool handler_got(uint16_t status, uint16_t x, uint16_t y, uint16_t z)
{
    bool same = mouse_words[0] == z && mouse_words[1] == y && mouse_words[2] == x &&
                mouse_words[3] == status;
    if (!same) {
        note("status", mouse_words[3]);
        note("x", mouse_words[2]);
        note("y", mouse_words[1]);
        note("z", mouse_words[0]);
    }
    return same;
}

static void test_presence(void)
{
    about("INT 11h, mouse");
    check_is(interrupt_ax(0x11, 0).ax & EQUIPMENT_MOUSE, EQUIPMENT_MOUSE);
    check_is(ebda(EBDA_FLAGS), 2);
    Regs table = interrupt_ax(0x15, 0xc000);
    check_is(far_read8(table.es, (uint16_t)(table.bx + 5)) & 0x04, 0x04); /* there is an extended
                                                                             data area */
}

/* ---- settings ---- */

static void test_reset(void)
{
    about("INT 15h, AX = C201h, C204h and C205h");
    Regs first = mouse(0x05, 3);
    check(is_status(first, 0), "it is initialised");
    Regs reset = mouse(0x01, 0);
    check(is_status(reset, 0), "it is reset");
    check_is(reset.bx, 0x00aa);
    Regs type = mouse(0x04, 0xff);
    check(is_status(type, 0), "it has a type");
    check_is(type.bh, 0x00);
    check(is_status(mouse(0x05, 0), 0x02), "a packet has a byte");
    check(is_status(mouse(0x05, 9), 0x02), "it has no 9");
    check(is_status(mouse(0x08, 0), 0x01), "there are no more functions");
}

static void test_settings(void)
{
    about("INT 15h, AX = C202h, C203h and C206h");
    Regs status = mouse(0x06, 0);
    check(is_status(status, 0), "it has a status");
    check(status.bl == 0 && status.cl == 2 && status.dl == 100, "that of a reset");
    check(is_status(mouse(0x02, 6), 0), "a rate is set");
    check(is_status(mouse(0x03, 3), 0), "so is a resolution");
    check(is_status(mouse(0x06, 2), 0), "so is scaling 2:1");
    status = mouse(0x06, 0);
    check(status.bl == 0x10 && status.cl == 3 && status.dl == 200, "they are told");
    check(is_status(mouse(0x02, 0), 0) && is_status(mouse(0x06, 1), 0), "others are set");
    status = mouse(0x06, 0);
    check(status.bl == 0 && status.cl == 3 && status.dl == 10, "and told");
    check(is_status(mouse(0x02, 7), 0x02), "there are 7 rates");
    check(is_status(mouse(0x03, 4), 0x02), "and 4 resolutions");
    check(is_status(mouse(0x06, 3), 0x02), "and 2 scalings");
    mouse(0x01, 0);
    status = mouse(0x06, 0);
    check(status.bl == 0 && status.cl == 2 && status.dl == 100, "a reset takes them back");
}

/* ---- packets ---- */

static void test_handler(void)
{
    about("INT 15h, AX = C200h and C207h");
    check(is_status(mouse(0x00, 1), 0x05), "without a handler it is not switched on");
    check(is_status(set_mouse_handler((uint16_t)(uint32_t)mouse_handler), 0), "there is one");
    check_is(far_read16(BDA->ebda_segment, 0x22), (uint16_t)(uint32_t)mouse_handler);
    check_is(ebda(EBDA_FLAGS), 0x82);
    check(is_status(mouse(0x00, 2), 0x02), "it is on or off");
    check(is_status(mouse(0x00, 1), 0), "it is switched on");
    check_is(mouse(0x06, 0).bl, 0x20);
}

static void test_packets(void)
{
    about("IRQ 12");
    send_byte(0x29);
    send_byte(0x05);
    check_is(ebda(EBDA_INDEX), 2);
    check_is(mouse_calls, 0);
    send_byte(0xfb);
    check_is(mouse_calls, 1);
    check(handler_got(0x29, 0x05, 0xfb, 0), "the handler has its four words");
    check_is(ebda(EBDA_INDEX), 0);
    check_is(ebda(EBDA_DATA) | ebda(EBDA_DATA + 1) << 8 | ebda(EBDA_DATA + 2) << 16, 0xfb0529);
    for (unsigned i = 0; i < 100; i++) {
        send_packet(0x08, (uint8_t)i, 0xff);
    }
    check_is(mouse_calls, 101);
    check(handler_got(0x08, 99, 0xff, 0), "many follow each other");
}

/* A byte of a key comes between those of the mouse. */
static void test_keys(void)
{
    about("IRQ 12 and IRQ 1");
    uint32_t calls = mouse_calls;
    send_byte(0x0a);
    controller(I8042_CMD_WRITE_KBD_OB, 0x1e);
    while (BDA->key_head == BDA->key_tail) {
    }
    send_byte(0x01);
    send_byte(0x02);
    check_is(mouse_calls, calls + 1);
    check(handler_got(0x0a, 1, 2, 0), "the packet is whole");
    Regs key = interrupt_ax(0x16, 0x0100);
    check(!zero(&key) && interrupt_ax(0x16, 0).ax == 0x1e61, "so is the key");
}

/* A command comes in the middle of a packet.  After it a new packet begins. */
static void test_commands_between(void)
{
    about("INT 15h, AH = C2h between packets");
    uint32_t calls = mouse_calls;
    send_byte(0x0f);
    check_is(mouse(0x06, 0).bl, 0x20);
    send_packet(0x0c, 7, 8);
    check_is(mouse_calls, calls + 1);
    check(handler_got(0x0c, 7, 8, 0), "the packet is whole");
    __asm__ volatile("cli");
    controller(I8042_CMD_WRITE_KBD_OB, 0x30);
    while (!(in8(I8042_STATUS) & I8042_ST_OBF)) {
    }
    check_is(mouse(0x06, 0).bl, 0x20);
    Regs key = interrupt_ax(0x16, 0x0100);
    check(!zero(&key) && interrupt_ax(0x16, 0).ax == 0x3062, "no key is lost by it");
}

/* The answer to READ DATA looks like a packet: an acknowledgement and three bytes. */
static void test_sizes(void)
{
    about("INT 15h, AX = C205h, sizes");
    uint32_t irqs = mouse_irqs, calls = mouse_calls;
    check(is_status(mouse(0x05, 4), 0), "packets have four bytes");
    check_is(ebda(EBDA_FLAGS), 0x83);
    check_is(mouse(0x06, 0).bl, 0x00);
    check(is_status(mouse(0x00, 1), 0), "the handler is still there");
    controller(I8042_CMD_WRITE_AUX, MOUSE_READ);
    await_bytes(irqs + 4);
    check_is(mouse_calls, calls + 1);
    check(handler_got(PS2_ACK, MOUSE_PACKET_ONE, 0, 0), "what the mouse sends comes to it");
    mouse(0x05, 1);
    mouse(0x00, 1);
    send_byte(0x55);
    check_is(mouse_calls, calls + 2);
    check(handler_got(0x55, 0, 0, 0), "a packet may be a byte");
    mouse(0x05, 8);
    mouse(0x00, 1);
    for (uint8_t i = 0; i < 8; i++) {
        send_byte(0x40 + i);
    }
    check_is(mouse_calls, calls + 3);
    check(handler_got(0x40, 0x41, 0x42, 0x43), "or eight");
    check_is(ebda(EBDA_DATA + 7), 0x47);
}

static void test_off(void)
{
    about("INT 15h, AX = C200h, off");
    uint32_t calls = mouse_calls;
    mouse(0x05, 3);
    mouse(0x00, 1);
    check(is_status(set_mouse_handler(0), 0), "the handler is taken back");
    send_packet(0x08, 1, 1);
    check_is(mouse_calls, calls);
    check(is_status(mouse(0x00, 0), 0), "the mouse is switched off");
    check_is(mouse(0x06, 0).bl, 0x00);
    check(is_status(mouse(0x00, 1), 0x05), "and not on again");
}

void test_mouse(void)
{
    mouse_vector.offset = IVT[0x74].offset;
    mouse_vector.segment = IVT[0x74].segment;
    set_handler(0x74, 0, (uint16_t)(uint32_t)mouse_irq_handler);
    test_presence();
    test_reset();
    test_settings();
    test_handler();
    test_packets();
    test_keys();
    test_commands_between();
    test_sizes();
    test_off();
    set_handler(0x74, mouse_vector.segment, mouse_vector.offset);
}
