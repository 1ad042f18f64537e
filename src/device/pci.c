/*
 * PCI configuration space: writes, sizing and mapping of base address
 * registers, and the gate of the interrupt line.
 */
#include "src/device/pci_internal.h"

#include "devices/pci/pci_regs.h"
#include "src/base/error.h"
#include "src/board/irq.h"
#include "src/device/device_internal.h"
#include "src/device/pci_rom.h"

#include <inttypes.h>
#include <string.h>

#define REGIONS_MAX 8u
#define NOWHERE     UINT64_MAX

struct PciBus {
    GMutex lock;
    Bus *bus;
    Memory *memory;
    Device *devices[PCI_FUNCTIONS];
};

typedef struct BarRegion {
    const DeviceRegion *region;
    const BusClaim *claim;
} BarRegion;

typedef struct Bar {
    const PciBar *class; /* NULL if there is no such register */
    uint64_t base;       /* the address at which it is mapped, or NOWHERE */
    BarRegion regions[REGIONS_MAX];
    unsigned region_count;
} Bar;

struct PciFunction {
    Device *dev;
    PciBus *bus; /* NULL if it is on no bus */
    unsigned place;
    uint8_t bytes[PCI_CONFIG_SIZE];
    uint8_t writable[PCI_CONFIG_SIZE];  /* the bits that a write changes */
    uint8_t clearable[PCI_CONFIG_SIZE]; /* the bits that are cleared by writing 1 */
    Bar bars[PCI_BARS];
    PciRom *rom;   /* NULL if there is none */
    IrqLine *intx; /* the line behind the gate; NULL if there is none */
    bool asserted; /* the level that the device drives */
};

static void lock(const PciFunction *f)
{
    if (f->bus) {
        g_mutex_lock(&f->bus->lock);
    }
}

static void unlock(const PciFunction *f)
{
    if (f->bus) {
        g_mutex_unlock(&f->bus->lock);
    }
}

static uint64_t get(const PciFunction *f, unsigned offset, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, f->bytes + offset, size);
    return value;
}

static void put(uint8_t *bytes, unsigned offset, uint64_t value, unsigned size)
{
    memcpy(bytes + offset, &value, size);
}

static uint16_t command(const PciFunction *f)
{
    return (uint16_t)get(f, PCI_COMMAND, 2);
}

/* ---- what the class says ---- */

static unsigned bar_offset(const PciBar *bar)
{
    return PCI_BAR0 + 4u * bar->number;
}

static uint32_t bar_type(const PciBar *bar)
{
    return bar->ports ? PCI_BAR_IO
                      : (bar->wide ? PCI_BAR_WIDE : 0) | (bar->prefetch ? PCI_BAR_PREFETCH : 0);
}

static void set_power_on(PciFunction *f)
{
    const PciIdentity *pci = f->dev->class->pci;
    memset(f->bytes, 0, sizeof(f->bytes));
    put(f->bytes, PCI_VENDOR_ID, pci->vendor, 2);
    put(f->bytes, PCI_DEVICE_ID, pci->device, 2);
    put(f->bytes, PCI_STATUS, PCI_STATUS_MEDIUM | (pci->capabilities ? PCI_STATUS_LIST : 0), 2);
    put(f->bytes, PCI_CAPABILITIES, pci->capabilities, 1);
    put(f->bytes, PCI_REVISION, pci->revision, 1);
    put(f->bytes, PCI_CLASS_CODE, pci->class_code, 3);
    put(f->bytes, PCI_HEADER_TYPE, pci->multi_function ? PCI_MULTI_FUNCTION : 0, 1);
    put(f->bytes, PCI_SUBSYSTEM_VENDOR_ID, pci->subsystem_vendor, 2);
    put(f->bytes, PCI_SUBSYSTEM_ID, pci->subsystem, 2);
    put(f->bytes, PCI_INTERRUPT_PIN, pci->pin, 1);
    if (pci->always_on) {
        put(f->bytes, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    }
    for (const PciBar *bar = pci->bars; bar && bar->size; bar++) {
        put(f->bytes, bar_offset(bar), bar_type(bar), 4);
    }
    for (const PciRegister *r = pci->registers; r && r->offset; r++) {
        f->bytes[r->offset] = r->value;
    }
}

static uint16_t writable_command(const PciIdentity *pci)
{
    unsigned bits = pci->always_on ? 0 : PCI_COMMAND_PARITY | PCI_COMMAND_SERR;
    for (const PciBar *bar = pci->bars; bar && bar->size; bar++) {
        bits |= bar->ports ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
    }
    bits |= pci->bus_master ? PCI_COMMAND_MASTER : 0;
    /* A VGA also has ports that no register places. */
    bits |= pci->class_code == PCI_CLASS_VGA ? PCI_COMMAND_IO : 0;
    return (uint16_t)(bits | (pci->pin ? PCI_COMMAND_INTX_OFF : 0));
}

static void set_masks(PciFunction *f)
{
    const PciIdentity *pci = f->dev->class->pci;
    put(f->writable, PCI_COMMAND, writable_command(pci), 2);
    put(f->clearable, PCI_STATUS, PCI_STATUS_CLEARABLE, 2);
    put(f->writable, PCI_CACHE_LINE, 0xff, 1);
    put(f->writable, PCI_LATENCY, pci->bus_master ? 0xf8 : 0, 1);
    put(f->writable, PCI_INTERRUPT_LINE, pci->pin ? 0xff : 0, 1);
    for (const PciBar *bar = pci->bars; bar && bar->size; bar++) {
        put(f->writable, bar_offset(bar), ~(bar->size - 1), bar->wide ? 8 : 4);
        f->bars[bar->number].class = bar;
    }
    for (const PciRegister *r = pci->registers; r && r->offset; r++) {
        f->writable[r->offset] = r->writable;
    }
}

PciFunction *pci_function_new(Device *dev)
{
    PciFunction *f = g_new0(PciFunction, 1);
    f->dev = dev;
    set_masks(f);
    set_power_on(f);
    for (unsigned i = 0; i < PCI_BARS; i++) {
        f->bars[i].base = NOWHERE;
    }
    return f;
}

void pci_function_free(PciFunction *f)
{
    if (f->bus) {
        f->bus->devices[f->place] = NULL;
    }
    g_clear_pointer(&f->rom, pci_rom_free);
    g_free(f);
}

void pci_function_add_region(PciFunction *f, const DeviceRegion *region, const BusClaim *claim)
{
    Bar *bar = &f->bars[region->bar - 1];
    g_assert(bar->class && bar->region_count < REGIONS_MAX);
    bar->regions[bar->region_count++] = (BarRegion){region, claim};
}

/* ---- where base address registers are mapped ---- */

static void map_regions(PciFunction *f, Bar *bar, uint64_t base)
{
    bar->base = base;
    device_ram_map(f->dev, bar->class->number, base != NOWHERE, base);
    for (unsigned i = 0; i < bar->region_count; i++) {
        const BarRegion *r = &bar->regions[i];
        if (base == NOWHERE) {
            bus_unmap(f->dev->host->bus, r->claim);
        } else {
            device_calls_move(f->dev, r->claim, base + r->region->bar_offset);
            bus_map(f->dev->host->bus, r->claim, base + r->region->bar_offset);
        }
    }
}

/*
 * Returns the base that the guest has chosen, or NOWHERE if decoding is off or
 * the base is impossible.
 */
static uint64_t wanted_base(const PciFunction *f, const PciBar *bar)
{
    uint16_t enable = bar->ports ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
    uint64_t base = get(f, bar_offset(bar), bar->wide ? 8 : 4) & ~(bar->size - 1);
    uint64_t end = bar->ports ? 0x10000 : bar->wide ? UINT64_MAX : UINT64_C(1) << 32;
    bool fits = base && base <= end && bar->size <= end - base;
    /*
     * While a register is being sized it holds all ones, so its range would
     * end at the end of the space.
     */
    return command(f) & enable && fits && base + (bar->size - 1) != end - 1 ? base : NOWHERE;
}

static bool is_free(const PciFunction *f, const Bar *bar, uint64_t base)
{
    const Memory *memory = f->bus ? f->bus->memory : NULL;
    if (!bar->class->ports && memory && memory_overlaps(memory, base, bar->class->size)) {
        return false;
    }
    for (unsigned i = 0; i < bar->region_count; i++) {
        const BarRegion *r = &bar->regions[i];
        if (bus_obstacle(f->dev->host->bus, r->claim, base + r->region->bar_offset)) {
            return false;
        }
    }
    return true;
}

static uint64_t wanted_rom_base(const PciFunction *f)
{
    uint64_t reg = get(f, PCI_ROM_BASE, 4), base = reg & ~(pci_rom_size(f->rom) - 1);
    bool is_sized = base == (UINT32_MAX & ~(pci_rom_size(f->rom) - 1));
    bool enabled = command(f) & PCI_COMMAND_MEMORY && reg & PCI_ROM_ENABLE;
    return enabled && base && !is_sized ? base : PCI_ROM_NOWHERE;
}

static bool update_rom(PciFunction *f, bool *freed)
{
    uint64_t before = pci_rom_base(f->rom);
    bool fits = pci_rom_move(f->rom, wanted_rom_base(f));
    *freed = *freed || (before != PCI_ROM_NOWHERE && before != pci_rom_base(f->rom));
    return fits;
}

/* Maps each range, or nowhere if it conflicts.  Returns false if there is a conflict. */
static bool update_bars(PciFunction *f, bool *freed)
{
    bool all = true;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        Bar *bar = &f->bars[i];
        uint64_t wanted = bar->class ? wanted_base(f, bar->class) : NOWHERE;
        if (wanted == bar->base) {
            continue;
        }
        *freed = *freed || bar->base != NOWHERE;
        bool fits = wanted == NOWHERE || is_free(f, bar, wanted);
        all = all && fits;
        if (fits || bar->base != NOWHERE) {
            map_regions(f, bar, fits ? wanted : NOWHERE);
        }
    }
    return (!f->rom || update_rom(f, freed)) && all;
}

/* Updates the other functions: this one may have given up addresses that they need. */
static void update_others(const PciFunction *f)
{
    bool freed = false;
    for (unsigned i = 0; f->bus && i < PCI_FUNCTIONS; i++) {
        Device *dev = f->bus->devices[i];
        if (dev && dev->pci != f) {
            update_bars(dev->pci, &freed);
        }
    }
}

/* Updates with the bus's lock held.  Returns false if a range conflicts and is mapped nowhere. */
static bool update(PciFunction *f)
{
    bool freed = false, all = update_bars(f, &freed);
    if (freed) {
        update_others(f);
    }
    return all;
}

/* ---- the interrupt line ---- */

/* Call it with the device's lock held. */
static void update_intx(PciFunction *f)
{
    lock(f);
    bool out = f->asserted && !(command(f) & PCI_COMMAND_INTX_OFF);
    uint8_t status = f->bytes[PCI_STATUS] & (uint8_t)~PCI_STATUS_INTX;
    f->bytes[PCI_STATUS] = status | (f->asserted ? PCI_STATUS_INTX : 0);
    unlock(f);
    if (f->intx) {
        pio_irq_set(f->intx, out);
    }
}

static void intx_changed(void *opaque, unsigned irq, bool level)
{
    PciFunction *f = opaque;
    (void)irq;
    f->asserted = level;
    update_intx(f);
}

void device_pci_connect_intx(Device *dev, IrqLine *to)
{
    PciFunction *f = dev->pci;
    IrqLine *line = irq_line_new(intx_changed, f, 0);
    g_ptr_array_add(dev->own.lines, line);
    f->intx = to;
    g_assert(device_connect(dev, "intx", line, NULL));
}

/* ---- one function ---- */

static void hook(const PciFunction *f)
{
    const PciIdentity *pci = f->dev->class->pci;
    if (pci->registers_changed) {
        pci->registers_changed(f->dev->state);
    }
}

void pci_function_reset(PciFunction *f)
{
    lock(f);
    set_power_on(f);
    update(f);
    unlock(f);
}

void pci_function_write(PciFunction *f, unsigned offset, uint32_t value, unsigned size)
{
    lock(f);
    for (unsigned i = 0; i < size; i++, value >>= 8) {
        uint8_t *byte = &f->bytes[offset + i], mask = f->writable[offset + i];
        *byte = (uint8_t)((*byte & ~mask) | (value & mask));
        *byte &= (uint8_t) ~(value & f->clearable[offset + i]);
    }
    bool all = update(f);
    unlock(f);
    if (!all) {
        pio_guest_error(f->dev, "base address",
                        "a base address register is where something else is, and is not mapped");
    }
    update_intx(f);
    hook(f);
}

const uint8_t *pci_function_bytes(const PciFunction *f)
{
    return f->bytes;
}

static bool is_possible(const PciFunction *f, const uint8_t *bytes)
{
    for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++) {
        uint8_t may_differ = f->writable[i] | f->clearable[i];
        may_differ |= i == PCI_STATUS ? PCI_STATUS_INTX : 0;
        if ((bytes[i] ^ f->bytes[i]) & ~may_differ) {
            return false;
        }
    }
    return true;
}

bool pci_function_load(PciFunction *f, const uint8_t *bytes)
{
    if (!is_possible(f, bytes)) {
        return false;
    }
    lock(f);
    memcpy(f->bytes, bytes, sizeof(f->bytes));
    update(f);
    unlock(f);
    update_intx(f);
    return true;
}

void pci_function_loaded(const PciFunction *f)
{
    hook(f);
}

uint32_t device_pci_read(Device *dev, unsigned offset, unsigned size)
{
    lock(dev->pci);
    uint32_t value = (uint32_t)get(dev->pci, offset, size);
    unlock(dev->pci);
    return value;
}

void device_pci_write(Device *dev, unsigned offset, uint32_t value, unsigned size)
{
    g_mutex_lock(&dev->lock);
    device_call_pci_write(dev, offset, value, size);
    g_mutex_unlock(&dev->lock);
}

bool device_pci_bar(Device *dev, unsigned number, uint64_t *base)
{
    lock(dev->pci);
    *base = dev->pci->bars[number].base;
    unlock(dev->pci);
    return *base != NOWHERE;
}

bool device_pci_set_rom(Device *dev, GBytes *image, GError **error)
{
    PciFunction *f = dev->pci;
    f->rom = pci_rom_new(dev->host->bus, f->bus->memory, image, error);
    if (f->rom) {
        put(f->writable, PCI_ROM_BASE, (uint32_t) ~(pci_rom_size(f->rom) - 1) | PCI_ROM_ENABLE, 4);
    }
    return f->rom;
}

uint64_t device_pci_rom_size(const Device *dev)
{
    return dev->pci->rom ? pci_rom_size(dev->pci->rom) : 0;
}

bool device_pci_rom(Device *dev, uint64_t *base)
{
    lock(dev->pci);
    *base = pci_rom_base(dev->pci->rom);
    unlock(dev->pci);
    return *base != PCI_ROM_NOWHERE;
}

uint8_t pio_pci_register(const Device *dev, unsigned offset)
{
    return (uint8_t)device_pci_read((Device *)dev, offset, 1);
}

bool pio_pci_is_master(const Device *dev)
{
    return device_pci_read((Device *)dev, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

/* ---- the bus ---- */

PciBus *pci_bus_new(Bus *bus, Memory *memory)
{
    PciBus *pci = g_new0(PciBus, 1);
    g_mutex_init(&pci->lock);
    pci->bus = bus;
    pci->memory = memory;
    return pci;
}

void pci_bus_free(PciBus *pci)
{
    g_mutex_clear(&pci->lock);
    g_free(pci);
}

bool pci_bus_add(PciBus *pci, Device *dev, unsigned function, GError **error)
{
    const Device *other = pci->devices[function];
    if (other) {
        return error_refuse(error, "%s: PCI address %02x.%x has %s already", dev->id, function >> 3,
                            function & 7, other->id);
    }
    pci->devices[function] = dev;
    dev->pci->bus = pci;
    dev->pci->place = function;
    return true;
}

Device *pci_bus_device(PciBus *pci, unsigned function)
{
    return pci->devices[function];
}

static bool is_access(unsigned offset, unsigned size)
{
    return (size == 1 || size == 2 || size == 4) && offset < PCI_CONFIG_SIZE &&
           !(offset & (size - 1));
}

uint32_t pci_config_read(PciBus *pci, unsigned function, unsigned offset, unsigned size)
{
    Device *dev = function < PCI_FUNCTIONS ? pci->devices[function] : NULL;
    return dev && is_access(offset, size) ? device_pci_read(dev, offset, size)
                                          : UINT32_MAX >> (32 - size * 8);
}

void pci_config_write(PciBus *pci, unsigned function, unsigned offset, uint32_t value,
                      unsigned size)
{
    Device *dev = function < PCI_FUNCTIONS ? pci->devices[function] : NULL;
    if (dev && is_access(offset, size)) {
        device_pci_write(dev, offset, value, size);
    }
}
