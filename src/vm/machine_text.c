#include "src/vm/machine_text.h"

#include "devices/intc/ioapic_regs.h"
#include "devices/intc/lapic_regs.h"

#include <inttypes.h>

/* ---- devices ---- */

static void put_property(void *opaque, const char *name, const char *value)
{
    g_string_append_printf(opaque, "    %s = %s\n", name, value);
}

static void put_device(GString *text, Device *dev)
{
    const DeviceClass *class = device_class(dev);
    g_string_append_printf(text, "  dev: %s, id \"%s\"\n", class->head.name, device_id(dev));
    if (class->input_count) {
        g_string_append_printf(text, "    gpio-in \"\" %u\n", class->input_count);
    }
    for (const DeviceOutput *o = class->outputs; o && o->name; o++) {
        g_string_append_printf(text, "    gpio-out \"%s\" 1\n", o->name);
    }
    device_foreach_property(dev, put_property, text);
}

void machine_text_qtree(GString *text, const Machine *machine)
{
    g_string_append(text, "bus: main-system-bus\n  type System\n");
    for (guint i = 0; i < machine->devices->len; i++) {
        put_device(text, machine->devices->pdata[i]);
    }
}

/* ---- address spaces ---- */

typedef struct Place {
    uint64_t base, size;
    const char *kind, *name; /* the bus or the memory frees them */
} Place;

typedef struct Places {
    GArray *array;
    IoSpace space;
} Places;

static void add_mapping(const BusMapping *mapping, void *opaque)
{
    Places *places = opaque;
    if (mapping->claim->space == places->space) {
        Place place = {mapping->base, mapping->size, "i/o", mapping->name};
        g_array_append_val(places->array, place);
    }
}

static void add_regions(Places *places, const Memory *memory)
{
    for (unsigned i = 0; i < memory_region_count(memory); i++) {
        const MemoryRegion *region = memory_region(memory, i);
        Place place = {region->base, region->size, region->read_only ? "rom" : "ram", region->name};
        g_array_append_val(places->array, place);
    }
}

static gint by_base(gconstpointer a, gconstpointer b)
{
    uint64_t first = ((const Place *)a)->base, second = ((const Place *)b)->base;
    return first < second ? -1 : first > second;
}

static void put_places(GString *text, const Places *places)
{
    g_array_sort(places->array, by_base);
    for (guint i = 0; i < places->array->len; i++) {
        const Place *place = &g_array_index(places->array, Place, i);
        g_string_append_printf(text, "  %016" PRIx64 "-%016" PRIx64 " (prio 0, %s): %s\n",
                               place->base, place->base + place->size - 1, place->kind,
                               place->name);
    }
    g_string_append_c(text, '\n');
}

void machine_text_mtree(GString *text, const Memory *memory, const Bus *bus)
{
    Places places = {g_array_new(false, false, sizeof(Place)), IO_MEMORY};
    add_regions(&places, memory);
    bus_foreach_mapping(bus, add_mapping, &places);
    g_string_append(text, "FlatView #0\n AS \"memory\", root: system\n"
                          " Root memory region: system\n");
    put_places(text, &places);
    g_array_set_size(places.array, 0);
    places.space = IO_PORTS;
    bus_foreach_mapping(bus, add_mapping, &places);
    g_string_append(text, "FlatView #1\n AS \"I/O\", root: io\n Root memory region: io\n");
    put_places(text, &places);
    g_array_unref(places.array);
}

void machine_text_roms(GString *text, const Memory *memory)
{
    for (unsigned i = 0; i < memory_region_count(memory); i++) {
        const MemoryRegion *region = memory_region(memory, i);
        if (region->read_only) {
            g_string_append_printf(text,
                                   "addr=%016" PRIx64 " size=0x%06" PRIx64 " mem=rom name=\"%s\"\n",
                                   region->base, region->size, region->name);
        }
    }
}

/* ---- the 8259A pair ---- */

static unsigned field(Device *dev, const char *name, unsigned index)
{
    uint64_t value = 0;
    device_field_value(dev, name, index, &value);
    return (unsigned)value;
}

static unsigned chip_field(Device *pic, unsigned chip, const char *name)
{
    g_autofree char *full = g_strdup_printf("chip[%u].%s", chip, name);
    return field(pic, full, 0);
}

/* The level of a line counts if ELCR or ICW1's LTIM says so.  Otherwise its edge latch counts. */
static void put_chip(GString *text, Device *pic, unsigned chip)
{
    static const unsigned LTIM = 0x08, SFNM = 0x10;
    unsigned elcr = chip_field(pic, chip, "elcr");
    unsigned level = chip_field(pic, chip, "icw1") & LTIM ? 0xff : elcr;
    unsigned irr = chip_field(pic, chip, "lines") & (chip_field(pic, chip, "edge_latch") | level);
    g_string_append_printf(text,
                           "pic%u: irr=%02x imr=%02x isr=%02x hprio=%u irq_base=%02x rr_sel=%u "
                           "elcr=%02x fnm=%u\n",
                           chip, irr, chip_field(pic, chip, "imr"), chip_field(pic, chip, "isr"),
                           (chip_field(pic, chip, "lowest") + 1) & 7,
                           chip_field(pic, chip, "icw2") & 0xf8, chip_field(pic, chip, "read_isr"),
                           elcr, chip_field(pic, chip, "icw4") & SFNM ? 1 : 0);
}

/* ---- redirection entries and local vectors, which have the same bit layout ---- */

enum {
    VECTOR_LOGICAL = 0x800,
    VECTOR_LOW = 0x2000,
    VECTOR_REMOTE_IRR = 0x4000,
    VECTOR_LEVEL = 0x8000,
    VECTOR_MASKED = 0x10000
};

static unsigned delivery(uint32_t low)
{
    return low >> 8 & 7;
}

static void put_pin(GString *text, Device *ioapic, unsigned pin)
{
    static const char *const MODES[] = {"fixed", "lowest", "SMI", "...",
                                        "NMI",   "INIT",   "...", "extINT"};
    uint32_t low = field(ioapic, "low", pin), high = field(ioapic, "high", pin);
    g_string_append_printf(text, "  pin %-2u 0x%016" PRIx64 " dest=%x vec=%-3u %s %s %s %-6s %s\n",
                           pin, (uint64_t)high << 32 | low, high >> 24, low & 0xff,
                           low & VECTOR_LOW ? "active-lo" : "active-hi",
                           low & VECTOR_LEVEL ? "level" : "edge ",
                           low & VECTOR_MASKED ? "masked" : "      ", MODES[delivery(low)],
                           low & VECTOR_LOGICAL ? "logical" : "physical");
}

/* Appends the numbers of the bits that are set. */
static void put_bits(GString *text, const char *name, const uint32_t *words, unsigned count)
{
    bool any = false;
    g_string_append(text, name);
    for (unsigned i = 0; i < count * 32; i++) {
        if (words[i / 32] >> (i % 32) & 1) {
            g_string_append_printf(text, " %u", i);
            any = true;
        }
    }
    g_string_append(text, any ? "\n" : " (none)\n");
}

static void put_ioapic(GString *text, Device *ioapic)
{
    uint32_t inputs = field(ioapic, "inputs", 0), waiting = 0, remote = 0;
    g_string_append_printf(text, "ioapic0: ver=0x%x id=0x%02x sel=0x%02x\n", 0x20,
                           field(ioapic, "id", 0) >> 24, field(ioapic, "select", 0));
    for (unsigned pin = 0; pin < IOAPIC_INPUTS; pin++) {
        uint32_t low = field(ioapic, "low", pin);
        bool high = inputs >> pin & 1;
        waiting |= high != !!(low & VECTOR_LOW) ? 1u << pin : 0;
        remote |= low & VECTOR_REMOTE_IRR ? 1u << pin : 0;
        put_pin(text, ioapic, pin);
    }
    put_bits(text, "  IRR     ", &waiting, 1);
    put_bits(text, "  Remote IRR", &remote, 1);
}

void machine_text_pic(GString *text, const Machine *machine)
{
    if (machine->ioapic) {
        put_ioapic(text, machine->ioapic);
    }
    if (machine->pic) {
        put_chip(text, machine->pic, 1);
        put_chip(text, machine->pic, 0);
    } else {
        g_string_append(
            text, machine->cpu.has_controllers ? "the interrupt controllers are in KVM\n" : "");
    }
}

static void put_vector(GString *text, const char *name, uint32_t lvt, const char *timer)
{
    static const char *const MODES[] = {"Fixed", "...",  "SMI", "...",
                                        "NMI",   "INIT", "...", "ExtINT"};
    unsigned mode = delivery(lvt);
    g_string_append_printf(text, "%s\t 0x%08x %s %s %-6s %-7s %-12s %-6s", name, lvt,
                           lvt & VECTOR_LOW ? "active-lo" : "active-hi",
                           lvt & VECTOR_LEVEL ? "level" : "edge ",
                           lvt & VECTOR_MASKED ? "masked" : "", "", timer, MODES[mode]);
    if (mode == 4) {
        g_string_append_c(text, '\n');
    } else {
        g_string_append_printf(text, " (vec %u)\n", lvt & 0xff);
    }
}

static void put_vectors(GString *text, Device *lapic)
{
    static const struct {
        const char *name;
        unsigned offset;
    } VECTORS[] = {
        {"LVT0", APIC_LVT_LINT0},   {"LVT1", APIC_LVT_LINT1},    {"LVTPC", APIC_LVT_PERF},
        {"LVTERR", APIC_LVT_ERROR}, {"LVTTHMR", APIC_LVT_THERM}, {"LVTT", APIC_LVT_TIMER},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(VECTORS); i++) {
        uint32_t lvt = field(lapic, "lvt", (VECTORS[i].offset - APIC_LVT_TIMER) >> 4);
        bool is_timer = VECTORS[i].offset == APIC_LVT_TIMER;
        const char *timer = !is_timer ? "" : lvt & APIC_LVT_PERIODIC ? "periodic" : "one-shot";
        put_vector(text, VECTORS[i].name, lvt, timer);
    }
}

/* The highest bit of the divider's code is separate from the others.  The code 7 divides by 1. */
static unsigned divider(unsigned code)
{
    unsigned value = (code & 3) | (code >> 1 & 4);
    return value == 7 ? 1 : 2u << value;
}

static void put_words(GString *text, Device *lapic, const char *title, const char *name)
{
    uint32_t words[8];
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        words[i] = field(lapic, name, i);
    }
    put_bits(text, title, words, G_N_ELEMENTS(words));
}

bool machine_text_lapic(GString *text, const Machine *machine, unsigned cpu)
{
    if (cpu >= machine->lapics->len) {
        return false;
    }
    Device *lapic = machine->lapics->pdata[cpu];
    uint32_t svr = field(lapic, "svr", 0), divide = field(lapic, "divide", 0);
    uint32_t low = field(lapic, "icr_low", 0);
    g_string_append_printf(text, "dumping local APIC state for CPU %-2u\n\n", cpu);
    put_vectors(text, lapic);
    g_string_append_printf(text, "Timer\t DCR=0x%x (divide by %u) initial_count = %u\n", divide,
                           divider(divide), field(lapic, "initial_count", 0));
    g_string_append_printf(text, "SPIV\t 0x%08x APIC %s, focus=%s, spurious vec %u\n", svr,
                           svr & 0x100 ? "enabled" : "disabled", svr & 0x200 ? "on" : "off",
                           svr & 0xff);
    static const char *const SHORTHANDS[] = {"no-shorthand", "self", "all-self", "all"};
    g_string_append_printf(
        text, "ICR\t 0x%08x %s %s %s %s\n", low, low & VECTOR_LOGICAL ? "logical" : "physical",
        low & VECTOR_LEVEL ? "level" : "edge", low & VECTOR_REMOTE_IRR ? "assert" : "de-assert",
        SHORTHANDS[low >> 18 & 3]);
    g_string_append_printf(text, "ICR2\t 0x%08x\nESR\t 0x%08x\n", field(lapic, "icr_high", 0),
                           field(lapic, "esr", 0));
    put_words(text, lapic, "ISR\t", "isr");
    put_words(text, lapic, "IRR\t", "irr");
    g_string_append_printf(text, "\nTPR 0x%02x DFR 0x%02x LDR 0x%02x\n", field(lapic, "tpr", 0),
                           field(lapic, "dfr", 0) >> 28, field(lapic, "ldr", 0) >> 24);
    return true;
}
