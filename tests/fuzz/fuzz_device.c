/*
 * One device on the test rig, with everything that can happen to it: accesses to
 * its registers, timers, its line, its drives, its pins, resets, saving and
 * loading.
 *
 * FUZZ_CLASS and FUZZ_PROPERTIES select the device.  FUZZ_COMPANION is another
 * class that it communicates with over the bus, or "".
 */
#include "src/device/dma.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/rig.h"

#define OPS_MAX   400u
#define SAVES_MAX 8u
#define BLOCK_MAX 64u
#define DRIVES    5u

/* The number of sectors.  With more of them, most of the time of a run would be spent here. */
#define DRIVE_STORED 8u

/* The distance of memory-mapped registers.  After the first page there are fewer. */
#define MEMORY_STRIDE 16u
#define MEMORY_PAGE   4096u

typedef struct Place {
    IoSpace space;
    uint64_t address;
} Place;

typedef struct Target {
    Rig *rig;
    BusInitiator initiator;
    Device *dev;
    RigChar *line;
    RigDrive *drives[DRIVES];
    GArray *places; /* of Place: everything that can be accessed */
    unsigned saves; /* how many so far; they are limited because they take the longest */
    Memory *memory; /* for a device that reads orders from memory; otherwise NULL */
} Target;

static void note_places(const BusMapping *mapping, void *opaque)
{
    Target *t = opaque;
    uint64_t i = 0;
    while (i < mapping->size) {
        Place place = {mapping->claim->space, mapping->base + i};
        g_array_append_val(t->places, place);
        i += mapping->claim->space == IO_PORTS ? 1 : i < MEMORY_PAGE ? MEMORY_STRIDE : MEMORY_PAGE;
    }
}

static Place take_place(Target *t, FuzzInput *in)
{
    unsigned bytes = t->places->len > 0x100 ? 2 : 1;
    return g_array_index(t->places, Place, fuzz_take(in, bytes) % t->places->len);
}

static void access_memory(Target *t, FuzzInput *in, uint64_t address, uint64_t op, bool write)
{
    static const uint8_t SIZES[] = {4, 1, 2, 8};
    unsigned size = SIZES[op >> 3 & 3];
    uint64_t offset = op & 0x20 ? fuzz_take(in, 1) % MEMORY_STRIDE : 0;
    uint64_t value = write ? fuzz_take(in, size) : 0;
    bus_memory_access(rig_bus(t->rig), &t->initiator, address + offset, write, size, &value);
}

static void do_access(Target *t, FuzzInput *in, uint64_t op, bool write)
{
    Place place = take_place(t, in);
    unsigned size = op & 0x10 ? op & 0x08 ? 4 : 2 : 1;
    if (place.space == IO_MEMORY) {
        access_memory(t, in, place.address, op, write);
    } else if (write) {
        rig_out(t->rig, (uint16_t)place.address, (uint32_t)fuzz_take(in, size), size);
    } else {
        rig_in(t->rig, (uint16_t)place.address, size);
    }
}

/* A drive's data comes in sectors, filled by repeating the bytes of the input. */
static void do_block(Target *t, FuzzInput *in)
{
    uint64_t how = fuzz_take(in, 1);
    unsigned size = 1u << how % 3;
    Place place = take_place(t, in);
    uint8_t items[BLOCK_SECTOR_SIZE] = {0};
    size_t count;
    const uint8_t *bytes = fuzz_take_bytes(in, BLOCK_MAX, &count);
    bool sector = device_class(t->dev)->block_client && how & 0x40;
    for (size_t i = 0; i < (sector && count ? sizeof(items) : count); i++) {
        items[i] = bytes[i % count];
    }
    count = sector ? sizeof(items) : count;
    if (place.space == IO_MEMORY) {
        return;
    }
    if (how & 0x80) {
        rig_out_block(t->rig, (uint16_t)place.address, items, count / size, size);
    } else {
        rig_in_block(t->rig, (uint16_t)place.address, items, count / size, size);
    }
}

static void do_drive(Target *t, FuzzInput *in)
{
    uint64_t what = fuzz_take(in, 1);
    RigDrive none = {0}, *drive = t->drives[what % DRIVES] ?: &none;
    if (what >= 0xf0) {
        drive->bad = what & 1 ? UINT64_MAX : fuzz_take(in, 2);
        return;
    }
    unsigned most = what & 0x80 ? G_MAXUINT : (unsigned)what >> 2 & 7;
    for (unsigned i = 0; i < most && rig_drive_step(drive); i++) {
    }
}

/* A device moves data on some DMA channel, whether or not it requested that. */
static void do_dma(Target *t, FuzzInput *in)
{
    uint64_t what = fuzz_take(in, 1);
    unsigned channel = (unsigned)what % device_class(t->dev)->dma_server->channel_count;
    DmaLine *line = dma_line_new(t->dev, channel);
    dma_line_connect(line, t->dev, channel);
    size_t size;
    uint8_t data[BLOCK_MAX];
    const uint8_t *bytes = fuzz_take_bytes(in, BLOCK_MAX, &size);
    bool ended;
    pio_dma_request(line, what & 0x10);
    if (what & 0x20) {
        g_assert_cmpuint(pio_dma_to_memory(line, bytes, size, &ended), <=, size);
    } else {
        g_assert_cmpuint(pio_dma_from_memory(line, data, size, &ended), <=, size);
    }
    pio_dma_request(line, what & 0x40);
    dma_line_free(line);
}

/* The peer of the device's line. */
static void do_line(Target *t, FuzzInput *in)
{
    if (device_class(t->dev)->block_client) {
        do_drive(t, in);
        return;
    }
    if (device_class(t->dev)->dma_server) {
        do_dma(t, in);
        return;
    }
    if (!t->line || !t->line->port || !device_class(t->dev)->char_client) {
        return;
    }
    const CharClient *client = device_class(t->dev)->char_client;
    uint64_t what = fuzz_take(in, 1);
    size_t size;
    if (what < 0x80 && client->receive) {
        const uint8_t *bytes = fuzz_take_bytes(in, BLOCK_MAX, &size);
        rig_char_input_bytes(t->line, bytes, size);
    } else if (what < 0xa0 && client->receive_break) {
        rig_char_break(t->line);
    } else if (what < 0xd0 && client->lines_changed) {
        rig_char_set_lines(t->line, (unsigned)fuzz_take(in, 1) & 0xf0);
    } else if (client->tx_room) {
        rig_char_set_room(t->line, what == 0xff ? G_MAXSIZE : what & 0xf);
    }
}

static void do_pin(Target *t, FuzzInput *in)
{
    const DeviceClass *class = device_class(t->dev);
    uint64_t what = fuzz_take(in, 1);
    if (class->input_count) {
        device_set_input(t->dev, (unsigned)what % class->input_count, what & 0x80);
        device_input_pending(t->dev, (unsigned)what % class->input_count);
    }
    if (class->acknowledge && what & 0x40) {
        device_acknowledge(t->dev);
    }
    for (unsigned i = 0; i < ISA_IRQ_COUNT; i++) {
        rig_set_pending(t->rig, i, what & 1);
    }
}

/* A device must accept its own state. */
static void save_and_load(Target *t)
{
    g_autoptr(GBytes) saved = device_save(t->dev);
    g_assert_true(rig_load(t->dev, saved));
}

/* A device may refuse a changed state.  It is then reset. */
static void load_changed(Target *t, FuzzInput *in)
{
    const DeviceField *fields = device_class(t->dev)->fields;
    unsigned count = 0;
    while (fields && fields[count].kind != FIELD_END) {
        count++;
    }
    if (!count) {
        return;
    }
    const DeviceField *field = &fields[fuzz_take(in, 1) % count];
    unsigned index = (unsigned)fuzz_take(in, 1) % field->count;
    unsigned bytes = (unsigned)fuzz_take(in, 1) % 8 + 1;
    uint64_t value = fuzz_take(in, bytes);
    g_autoptr(GBytes) saved = device_save(t->dev);
    g_autoptr(GBytes) patched = rig_patch(saved, field->name, index, value);
    if (!rig_load(t->dev, patched)) {
        save_and_load(t);
    }
}

static bool may_save(Target *t)
{
    return t->saves++ < SAVES_MAX;
}

/* Writes to the memory in which a device may be told to look for an order. */
static void write_memory(Target *t, FuzzInput *in)
{
    uint64_t address = fuzz_take(in, 2);
    size_t size;
    const uint8_t *bytes = fuzz_take_bytes(in, BLOCK_MAX, &size);
    memory_write(t->memory, address, bytes, size);
}

static void do_rare(Target *t, FuzzInput *in)
{
    switch (fuzz_take(in, 1) % 8) {
    case 0:
        device_reset(t->dev);
        break;
    case 1:
        rig_late(t->rig, fuzz_take_time(in));
        break;
    case 2:
        if (may_save(t)) {
            load_changed(t, in);
        }
        break;
    case 3:
        clock_skip(rig_clock(t->rig), fuzz_take(in, 7));
        clock_run_due(rig_clock(t->rig));
        break;
    case 4:
        g_free(device_describe(t->dev));
        break;
    case 5:
        if (t->memory) {
            write_memory(t, in);
            break;
        }
        G_GNUC_FALLTHROUGH;
    default:
        if (may_save(t)) {
            save_and_load(t);
        }
    }
}

static void do_one(Target *t, FuzzInput *in)
{
    uint64_t op = fuzz_take(in, 1);
    switch (op % 8) {
    case 0:
    case 1:
        do_access(t, in, op, true);
        break;
    case 2:
    case 3:
        do_access(t, in, op, false);
        break;
    case 4:
        rig_step(t->rig, fuzz_take_step(in));
        break;
    case 5:
        do_line(t, in);
        break;
    case 6:
        if (op & 0x40) {
            do_block(t, in);
        } else {
            do_pin(t, in);
        }
        break;
    default:
        do_rare(t, in);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

/*
 * The device is given a disk, a read-only disk that needs 48 bits of sector number,
 * a CD-ROM, and two diskettes, one of them write-protected.
 */
static void add_drives(Target *t)
{
    static const struct {
        const char *id;
        uint64_t sectors;
        bool read_only, cdrom;
    } DRIVE[DRIVES] = {
        {"disk", 1000, false, false}, {"large", (UINT64_C(1) << 28) + 1, true, false},
        {"cd", 400, false, true},     {"floppy", 2880, false, false},
        {"small", 720, true, false},
    };
    for (size_t i = 0; i < DRIVES; i++) {
        if (strstr(FUZZ_PROPERTIES, DRIVE[i].id)) {
            t->drives[i] = rig_drive_sparse(t->rig, DRIVE[i].id, DRIVE[i].sectors, DRIVE_STORED);
            t->drives[i]->read_only = DRIVE[i].read_only;
            t->drives[i]->cdrom = DRIVE[i].cdrom;
        }
    }
}

static bool has_data(const DeviceClass *class)
{
    const DeviceProperty *p = class->properties;
    while (p && p->name && p->kind != PROPERTY_DATA) {
        p++;
    }
    return p && p->name;
}

/* The data for a device: a number, two files, and memory. */
static void add_data(Target *t)
{
    static const uint8_t BYTES[5000];
    static const DataItem ITEMS[] = {
        {5, NULL, BYTES, 2},
        {0x20, "etc/long", BYTES, sizeof(BYTES)},
        {0x21, "opt/empty", BYTES, 0},
        {0x8002, NULL, BYTES, 1},
    };
    static const DataTable TABLE = {ITEMS, G_N_ELEMENTS(ITEMS)};
    rig_set_data(t->rig, &TABLE);
    t->memory = rig_memory(t->rig);
}

static Device *add_device(Target *t, const char *class_name, const char *properties)
{
    Device *dev = rig_device_new(t->rig, class_name);
    unsigned line = ISA_IRQ_COUNT;
    for (const DeviceOutput *o = device_class(dev)->outputs; o && o->name; o++) {
        device_connect(dev, o->name, rig_line(t->rig, line++), NULL);
    }
    if (!rig_realize(t->rig, dev, properties)) {
        g_error("%s", rig_error(t->rig));
    }
    return dev;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = {data, size};
    Target t = {.rig = FUZZ_COMPANION[0] ? rig_new_unlocked() : rig_new(),
                .places = g_array_new(false, false, sizeof(Place))};
    if (rig_class(FUZZ_CLASS)->block_client) {
        add_drives(&t);
    }
    if (rig_class(FUZZ_CLASS)->dma_server) {
        rig_memory(t.rig);
    }
    if (has_data(rig_class(FUZZ_CLASS))) {
        add_data(&t);
    }
    t.dev = add_device(&t, FUZZ_CLASS, FUZZ_PROPERTIES);
    if (FUZZ_COMPANION[0]) {
        add_device(&t, FUZZ_COMPANION, "");
    }
    t.line = rig_char(t.rig, "line");
    bus_foreach_mapping(rig_bus(t.rig), note_places, &t);
    for (unsigned i = 0; in.size && i < OPS_MAX; i++) {
        do_one(&t, &in);
    }
    g_array_unref(t.places);
    rig_free(t.rig);
    return 0;
}
