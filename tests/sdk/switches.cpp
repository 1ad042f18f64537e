/*
 * A module in C++ with two devices: a switch that remembers, and a pair of them.
 */
#include "devices/device.h"
#include "devices/net.h"
#include "devices/pci.h"
#include "devices/surface.h"

namespace
{

struct Switch {
    Device *dev;
    uint16_t iobase;
    uint8_t value;
};

uint64_t switch_read(void *state, uint64_t, unsigned)
{
    return static_cast<Switch *>(state)->value;
}

void switch_write(void *state, uint64_t, uint64_t value, unsigned)
{
    static_cast<Switch *>(state)->value = static_cast<uint8_t>(value);
}

void switch_reset(void *state)
{
    static_cast<Switch *>(state)->value = 0;
}

const IoOps OPS = {.read = switch_read, .write = switch_write, .max_size = 1};
const DeviceProperty PROPERTIES[] = {DEVICE_PORT(Switch, iobase, "iobase", "first port"),
                                     DEVICE_PROPERTY_END};
const DeviceRegion ONE[] = {{DEVICE_PORTS("port", 1, &OPS, "iobase")}, DEVICE_REGION_END};
const DeviceRegion TWO[] = {{DEVICE_PORTS("ports", 2, &OPS, "iobase")}, DEVICE_REGION_END};
const DeviceField FIELDS[] = {DEVICE_FIELD(Switch, value), DEVICE_FIELD_END};

constexpr DeviceClass make_class(const DeviceClassHead &head, const char *description,
                                 const DeviceRegion *regions)
{
    DeviceClass made = {};
    made.head = head;
    made.description = description;
    made.properties = PROPERTIES;
    made.regions = regions;
    made.reset = switch_reset;
    made.fields = FIELDS;
    return made;
}

const DeviceClass SWITCH = make_class(DEVICE_CLASS_HEAD("switch", Switch), "remembers", ONE);
const DeviceClass PAIR = make_class(DEVICE_CLASS_HEAD("switches", Switch), "remember", TWO);

} // namespace

DEVICE_MODULE("switches in C++", &SWITCH, &PAIR)
