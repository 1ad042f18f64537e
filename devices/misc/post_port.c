/*
 * The POST port of a PC, 0x80.  Firmware writes a code there for each stage of the
 * power-on self-test.  On a PC a card displays the last code; here a crash report
 * does.
 */
#include "devices/device.h"

#include <stdio.h>

typedef struct PostPort {
    Device *dev;
    uint8_t code; /* the last code */
    uint16_t iobase;
} PostPort;

static void post_port_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    PostPort *p = state;
    (void)offset;
    (void)size;
    p->code = (uint8_t)value;
}

static uint64_t post_port_read(void *state, uint64_t offset, unsigned size)
{
    const PostPort *p = state;
    (void)offset;
    (void)size;
    return p->code;
}

static void post_port_reset(void *state)
{
    PostPort *p = state;
    p->code = 0;
}

static void post_port_describe(const void *state, char *text, size_t size)
{
    const PostPort *p = state;
    snprintf(text, size, "POST code 0x%02x", p->code);
}

static const IoOps POST_PORT_OPS = {
    .read = post_port_read,
    .write = post_port_write,
    .max_size = 1,
};

const DeviceClass post_port_class = {
    .head = DEVICE_CLASS_HEAD("post-port", PostPort),
    .description = "keeps the last POST code",
    .properties = DEVICE_PROPERTIES(DEVICE_PORT(PostPort, iobase, "iobase", "port")),
    .regions = DEVICE_REGIONS({
        DEVICE_PORTS("port", 1, &POST_PORT_OPS, "iobase"),
        .posted = true,
    }),
    .reset = post_port_reset,
    .fields = DEVICE_FIELDS(DEVICE_FIELD(PostPort, code)),
    .describe = post_port_describe,
};
