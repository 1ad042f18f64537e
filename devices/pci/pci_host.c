/*
 * The ports of PCI configuration mechanism 1 (PCI Local Bus Specification 2.1,
 * section 3.7.4.1; Intel 82441FX data sheet, section 3.1).
 *
 * CONFADD, at 0xcf8, holds the address: an enable bit, the bus, the function
 * and the register.  Only a 32-bit access reaches it.  A narrower access goes
 * to the ordinary ports at these numbers, one of which is the reset control
 * register.  An access to CONFDATA, at 0xcfc, reads or writes the bytes of the
 * register that the access covers.  While the enable bit is clear, the access
 * goes to ordinary ports, where nothing answers.
 *
 * There is one bus.  A function on another bus does not exist.
 */
#include "devices/pci.h"
#include "devices/pci/pci_regs.h"

#define CONFADD_WRITABLE (PCI_CONFIG_ENABLE | 0x00fffffcu)

typedef struct PciHost {
    Device *dev;
    uint32_t address; /* CONFADD */

    uint16_t address_port, data_port;
} PciHost;

static unsigned bus_of(const PciHost *s)
{
    return s->address >> 16 & 0xff;
}

static unsigned function_of(const PciHost *s)
{
    return s->address >> 8 & 0xff;
}

static unsigned register_of(const PciHost *s, uint64_t byte)
{
    return (s->address & 0xfc) + (unsigned)byte;
}

static bool reaches_a_function(const PciHost *s)
{
    return s->address & PCI_CONFIG_ENABLE && bus_of(s) == 0;
}

static uint64_t address_read(void *state, uint64_t offset, unsigned size)
{
    const PciHost *s = state;
    (void)offset;
    (void)size;
    return s->address;
}

static void address_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    PciHost *s = state;
    (void)offset;
    (void)size;
    s->address = (uint32_t)value & CONFADD_WRITABLE;
}

/* An access may cover bytes in the middle of the register, so it is handled in pieces. */
static uint64_t data_read(void *state, uint64_t offset, unsigned size)
{
    PciHost *s = state;
    if (!reaches_a_function(s)) {
        return UINT64_MAX;
    }
    if (size > 1 && offset & (size - 1)) {
        return data_read(s, offset, size / 2) | data_read(s, offset + size / 2, size / 2)
                                                    << (size * 4);
    }
    return pio_pci_config_read(s->dev, function_of(s), register_of(s, offset), size);
}

static void data_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    PciHost *s = state;
    if (!reaches_a_function(s)) {
        return;
    }
    if (size > 1 && offset & (size - 1)) {
        data_write(s, offset, value, size / 2);
        data_write(s, offset + size / 2, value >> (size * 4), size / 2);
        return;
    }
    uint32_t bits = size == 4 ? (uint32_t)value : (uint32_t)value & ((1u << size * 8) - 1);
    pio_pci_config_write(s->dev, function_of(s), register_of(s, offset), bits, size);
}

static const char *address_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    (void)offset;
    (void)write;
    return "CONFADD";
}

static const char *data_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    (void)offset;
    (void)write;
    return "CONFDATA";
}

static void pci_host_reset(void *state)
{
    PciHost *s = state;
    s->address = 0;
}

static bool pci_host_post_load(void *state)
{
    const PciHost *s = state;
    return !(s->address & ~CONFADD_WRITABLE);
}

static const IoOps ADDRESS_OPS = {
    .read = address_read,
    .write = address_write,
    .max_size = 4,
    .min_read = 4,
    .min_write = 4,
    .wider = IO_WIDER_IS_IGNORED,
};

static const IoOps DATA_OPS = {.read = data_read, .write = data_write, .max_size = 4};

extern const DeviceClass pci_host_class;
const DeviceClass pci_host_class = {
    .head = DEVICE_CLASS_HEAD("pci-host", PciHost),
    .description = "ports of PCI configuration mechanism 1",
    .properties =
        DEVICE_PROPERTIES(DEVICE_PORT(PciHost, address_port, "address-port", "port of CONFADD"),
                          DEVICE_PORT(PciHost, data_port, "data-port", "first port of CONFDATA")),
    .regions = DEVICE_REGIONS(
        {DEVICE_PORTS("address", 1, &ADDRESS_OPS, "address-port"), .reach = 4,
         .register_name = address_name},
        {DEVICE_PORTS("data", 4, &DATA_OPS, "data-port"), .register_name = data_name}),
    .reset = pci_host_reset,
    .fields = DEVICE_FIELDS(DEVICE_FIELD(PciHost, address)),
    .post_load = pci_host_post_load,
};
