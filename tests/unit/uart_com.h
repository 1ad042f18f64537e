/* A serial port on the test rig, for the tests of the 16550A. */
#ifndef PIOEMU_TEST_UART_COM_H
#define PIOEMU_TEST_UART_COM_H

#include "devices/serial/uart16550_regs.h"
#include "tests/unit/rig.h"

#define COM_BASE 0x3f8
#define COM_IRQ  4

#define COM_8N1  UART_LCR_WLS_8
#define COM_FIFO (UART_FCR_ENABLE | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT)

/* Ten bits at 9600 bit/s, the rate after power-on, rounded down to whole nanoseconds. */
#define COM_CHARACTER_NS UINT64_C(1041666)

typedef struct Com {
    Rig *rig;
    Device *dev;
    RigChar *line;
} Com;

/* A test is named for the sentence that it proves. */
typedef struct ComTest {
    const char *sentence;
    void (*run)(Com *com);
    const char *properties; /* in addition to the line, or NULL */
} ComTest;

static inline uint8_t com_in(Com *com, unsigned offset)
{
    return rig_inb(com->rig, (uint16_t)(COM_BASE + offset));
}

static inline void com_out(Com *com, unsigned offset, unsigned value)
{
    rig_outb(com->rig, (uint16_t)(COM_BASE + offset), (uint8_t)value);
}

static inline bool com_irq(const Com *com)
{
    return rig_irq(com->rig, COM_IRQ);
}

static inline unsigned com_edges(const Com *com)
{
    return rig_irq_edges(com->rig, COM_IRQ);
}

static inline void com_set_divisor(Com *com, unsigned divisor)
{
    uint8_t lcr = com_in(com, UART_LCR);
    com_out(com, UART_LCR, lcr | UART_LCR_DLAB);
    com_out(com, UART_DLL, divisor & 0xff);
    com_out(com, UART_DLM, divisor >> 8);
    com_out(com, UART_LCR, lcr);
}

/* Sets eight data bits, lets the interrupt through, and enables these causes. */
static inline void com_enable(Com *com, unsigned ier)
{
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_MCR, UART_MCR_OUT2);
    com_out(com, UART_IER, ier);
}

static inline void com_type(Com *com, const char *text)
{
    rig_char_input(com->line, text);
}

static inline void com_expect(Com *com, const char *text)
{
    for (; *text; text++) {
        g_assert_cmphex(com_in(com, UART_RBR), ==, *text);
    }
}

static inline void com_expect_output(Com *com, const char *text)
{
    g_autofree char *output = rig_char_take(com->line);
    g_assert_cmpstr(output, ==, text);
}

static inline Com com_open(const char *properties)
{
    Com com = {.rig = rig_new()};
    g_autofree char *all =
        g_strdup_printf("chardev=com1%s%s", properties ? "," : "", properties ? properties : "");
    com.line = rig_char(com.rig, "com1");
    com.dev = rig_device(com.rig, "isa-serial", all);
    return com;
}

static inline void com_close(Com *com)
{
    rig_free(com->rig);
}

static inline void com_run(gconstpointer data)
{
    const ComTest *test = data;
    Com com = com_open(test->properties);
    test->run(&com);
    com_close(&com);
}

static inline void com_add_tests(const char *subject, const ComTest *tests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf("/uart16550/%s/%s", subject, tests[i].sentence);
        g_test_add_data_func(path, &tests[i], com_run);
    }
}

#endif
