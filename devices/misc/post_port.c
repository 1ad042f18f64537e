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

static const DeviceField POST_PORT_FIELDS[] = {
    DEVICE_FIELD(PostPort, code),
    DEVICE_FIELD_END,
};

static const DeviceProperty POST_PORT_PROPERTIES[] = {
    {"iobase", PROPERTY_UINT16, offsetof(PostPort, iobase), "0x80", "port", NULL},
    {.name = NULL},
};

static const IoOps POST_PORT_OPS = {
    .read = post_port_read,
    .write = post_port_write,
    .max_size = 1,
};

static const DeviceRegion POST_PORT_REGIONS[] = {
    {
        .name = "port",
        .space = IO_PORTS,
        .size = 1,
        .ops = &POST_PORT_OPS,
        .base_property = "iobase",
        .posted = true,
    },
    {.name = NULL},
};

const DeviceClass post_port_class = {
    .abi = DEVICE_ABI,
    .name = "post-port",
    .description = "keeps the last POST code",
    .state_size = sizeof(PostPort),
    .properties = POST_PORT_PROPERTIES,
    .regions = POST_PORT_REGIONS,
    .reset = post_port_reset,
    .fields = POST_PORT_FIELDS,
    .describe = post_port_describe,
};
