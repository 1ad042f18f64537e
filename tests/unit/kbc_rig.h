/*
 * Shared by the tests of the 8042: the controller with its keyboard and mouse, and
 * accesses to its two ports.
 */
#ifndef PIOEMU_TEST_KBC_RIG_H
#define PIOEMU_TEST_KBC_RIG_H

#include "devices/input/i8042_regs.h"
#include "tests/unit/rig.h"

#include <string.h>

#define IRQ_KEYBOARD 1u
#define IRQ_MOUSE    12u
#define A20_LINE     20u
#define BYTE_NS      UINT64_C(20000)

typedef struct Kbc {
    Rig *rig;
    Device *dev;
} Kbc;

static inline void kbc_setup(Kbc *t, gconstpointer data)
{
    t->rig = rig_new();
    t->dev = rig_device_new(t->rig, "i8042");
    device_connect(t->dev, "a20", rig_line(t->rig, A20_LINE), NULL);
    g_assert_true(rig_realize(t->rig, t->dev, data));
}

static inline void kbc_teardown(Kbc *t, gconstpointer data)
{
    (void)data;
    rig_free(t->rig);
}

static inline uint8_t kbc_status(Kbc *t)
{
    return rig_inb(t->rig, I8042_STATUS);
}

static inline void kbc_command(Kbc *t, uint8_t value)
{
    rig_outb(t->rig, I8042_COMMAND, value);
}

static inline void kbc_command2(Kbc *t, uint8_t value, uint8_t parameter)
{
    kbc_command(t, value);
    rig_outb(t->rig, I8042_DATA, parameter);
}

/* Takes the next byte, which must be there after the time of one byte. */
static inline uint8_t kbc_take(Kbc *t)
{
    rig_step(t->rig, BYTE_NS);
    g_assert_cmphex(kbc_status(t) & I8042_ST_OBF, ==, I8042_ST_OBF);
    return rig_inb(t->rig, I8042_DATA);
}

static inline void kbc_expect_empty(Kbc *t)
{
    rig_step(t->rig, BYTE_NS);
    g_assert_cmphex(kbc_status(t) & I8042_ST_OBF, ==, 0);
}

/* Checks that exactly these bytes come: "1c f0 1c". */
static inline void kbc_expect(Kbc *t, const char *bytes)
{
    g_auto(GStrv) words = g_strsplit(bytes, " ", -1);
    for (char **word = words; *word && **word; word++) {
        g_assert_cmphex(kbc_take(t), ==, g_ascii_strtoull(*word, NULL, 16));
    }
    kbc_expect_empty(t);
}

static inline void kbc_set_command_byte(Kbc *t, uint8_t value)
{
    kbc_command2(t, I8042_CMD_WRITE_RAM, value);
}

static inline void kbc_keyboard(Kbc *t, uint8_t byte, const char *answer)
{
    rig_outb(t->rig, I8042_DATA, byte);
    kbc_expect(t, answer);
}

static inline void kbc_mouse(Kbc *t, uint8_t byte, const char *answer)
{
    kbc_command2(t, I8042_CMD_WRITE_AUX, byte);
    kbc_expect(t, answer);
}

static inline void kbc_press(Kbc *t, unsigned code)
{
    g_assert_true(device_key(t->dev, code, true));
    g_assert_true(device_key(t->dev, code, false));
}

static inline void kbc_no_translation(Kbc *t)
{
    kbc_set_command_byte(t, I8042_CB_INT);
}

#define KBC_SENTENCE(group, name, properties)                                                      \
    g_test_add("/i8042/" group "/" #name, Kbc, properties, kbc_setup, name, kbc_teardown)

#endif
