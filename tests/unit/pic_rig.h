/* Shared by the tests of the 8259A pair: the chips as they are in a PC. */
#ifndef PIOEMU_TEST_PIC_RIG_H
#define PIOEMU_TEST_PIC_RIG_H

#include "devices/intc/i8259_regs.h"
#include "tests/unit/rig.h"

#define MASTER_CMD  0x20
#define MASTER_DATA 0x21
#define SLAVE_CMD   0xa0
#define SLAVE_DATA  0xa1
#define ELCR        0x4d0

#define INTR_LINE 20u

#define MASTER_BASE 0x30
#define SLAVE_BASE  0x70

typedef struct Pair {
    Rig *rig;
    Device *pic;
} Pair;

static inline void pic_icw(Pair *p, uint16_t command, uint8_t icw1, const uint8_t *rest,
                           unsigned count)
{
    rig_outb(p->rig, command, PIC_ICW1_SELECT | icw1);
    for (unsigned i = 0; i < count; i++) {
        rig_outb(p->rig, command + 1, rest[i]);
    }
}

static inline void pic_init_chips(Pair *p, uint8_t icw1, uint8_t master_icw4, uint8_t slave_icw4)
{
    pic_icw(p, MASTER_CMD, PIC_ICW1_IC4 | icw1,
            (uint8_t[]){MASTER_BASE, 1 << PIC_CASCADE, PIC_ICW4_UPM | master_icw4}, 3);
    pic_icw(p, SLAVE_CMD, PIC_ICW1_IC4 | icw1,
            (uint8_t[]){SLAVE_BASE, PIC_CASCADE, PIC_ICW4_UPM | slave_icw4}, 3);
}

static inline void pic_pair_setup(Pair *p, gconstpointer data)
{
    (void)data;
    p->rig = rig_new();
    p->pic = rig_device_new(p->rig, "isa-pic");
    device_connect(p->pic, "intr", rig_line(p->rig, INTR_LINE), NULL);
    g_assert_true(rig_realize(p->rig, p->pic, NULL));
}

static inline void pic_programmed_setup(Pair *p, gconstpointer data)
{
    pic_pair_setup(p, data);
    pic_init_chips(p, 0, 0, 0);
}

static inline void pic_pair_teardown(Pair *p, gconstpointer data)
{
    (void)data;
    rig_free(p->rig);
}

static inline void pic_set_pin(Pair *p, unsigned irq, bool level)
{
    device_set_input(p->pic, irq, level);
}

static inline void pic_edge(Pair *p, unsigned irq)
{
    pic_set_pin(p, irq, false);
    pic_set_pin(p, irq, true);
}

static inline bool pic_intr(Pair *p)
{
    return rig_irq(p->rig, INTR_LINE);
}

static inline uint8_t pic_ack(Pair *p)
{
    return device_acknowledge(p->pic);
}

static inline void pic_command(Pair *p, uint16_t port, uint8_t value)
{
    rig_outb(p->rig, port, value);
}

static inline uint8_t pic_read_ocw3(Pair *p, uint16_t port, uint8_t which)
{
    pic_command(p, port, PIC_OCW3_SELECT | PIC_OCW3_RR | which);
    return rig_inb(p->rig, port);
}

static inline uint8_t pic_irr(Pair *p, uint16_t port)
{
    return pic_read_ocw3(p, port, 0);
}

static inline uint8_t pic_isr(Pair *p, uint16_t port)
{
    return pic_read_ocw3(p, port, PIC_OCW3_RIS);
}

static inline uint8_t pic_poll(Pair *p, uint16_t port)
{
    pic_command(p, port, PIC_OCW3_SELECT | PIC_OCW3_P);
    return rig_inb(p->rig, port);
}

/* Takes the vectors of all requests, and ends each interrupt at once. */
static inline void pic_expect_order(Pair *p, const char *expected)
{
    GString *got = g_string_new(NULL);
    while (pic_intr(p)) {
        unsigned vector = pic_ack(p);
        g_string_append_printf(got, "%s%02x", got->len ? " " : "", vector);
        if (vector >= SLAVE_BASE) {
            pic_command(p, SLAVE_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
        }
        pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    }
    g_assert_cmpstr(got->str, ==, expected);
    g_string_free(got, true);
}

#define SENTENCE(path, name)                                                                       \
    g_test_add("/i8259/" path "/" #name, Pair, NULL, pic_programmed_setup, name, pic_pair_teardown)

#endif
