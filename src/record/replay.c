#include "src/record/replay.h"

#include "src/base/error.h"
#include "src/base/file_io.h"
#include "src/base/keyval.h"
#include "src/device/pci.h"
#include "src/machine/machine.h"
#include "src/record/replay_device.h"
#include "src/record/replay_header.h"

#include <inttypes.h>
#include <stdio.h>

/* The surroundings of the devices.  Nothing in them acts by itself. */
typedef struct Board {
    Replay replay; /* must be first */
    ReplayHeader header;
    Loop *loop;
    Clock *clock; /* stores armed timers and never calls them */
    Bus *bus;
    Memory *memory;
    ChardevSet *chars;
    BlockSet *blocks;
    NetSet *nets;
    BootOrder boot;
    Machine *machine;
    BusInitiator initiator;
} Board;

/* ---- the machine ---- */

static bool make_parts(Board *board, GError **error)
{
    uint64_t memory = board->header.config->memory;
    if (!memory || memory % PAGE_SIZE) {
        return error_refuse(error, "memory %" PRIu64 ": not a multiple of 4 KiB", memory);
    }
    board->memory = memory_new(memory, error);
    if (!board->memory) {
        return false;
    }
    board->clock = clock_new_stepped();
    board->bus = bus_new(false);
    board->initiator.paced = true;
    board->replay.bus = board->bus;
    board->chars = chardev_set_new(board->loop, &(CharEvents){0}, 0);
    board->nets = net_set_new(&(NetHost){.loop = board->loop, .clock = board->clock});
    return true;
}

/* Adds the chardevs and netdevs that a -device option names and that another had defined. */
static bool add_lines(Board *board, GError **error)
{
    const GPtrArray *devices = board->header.config->devices;
    for (guint i = 0; i < devices->len; i++) {
        g_autoptr(GHashTable) table =
            keyval_parse("-device", devices->pdata[i], "driver", NULL, error);
        const char *id = table ? g_hash_table_lookup(table, "chardev") : NULL;
        const char *net = table ? g_hash_table_lookup(table, "netdev") : NULL;
        if (net) {
            net_set_add_idle(board->nets, net);
        }
        if (!table || (id && !chardev_set_find(board->chars, id) &&
                       !chardev_set_add(board->chars, "-device", id, "null", error))) {
            return false;
        }
    }
    return true;
}

/* What a firmware is told about booting.  In old recordings it was not told about a kernel. */
static bool parse_boot(Board *board, GError **error)
{
    if (board->header.boots_kernel) {
        return error_refuse(error, "a firmware read a kernel, which is not in the recording "
                                   "(replay the whole run of a software CPU, with -kernel FILE)");
    }
    return !board->header.boot_order ||
           boot_order_parse(board->header.config->boot, &board->boot, error);
}

/* The board pc had no PCI once, and its channels of IDE were on the ISA bus. */
static const char *machine_name(Board *board)
{
    const ReplayStream *ide = replay_find_stream(&board->replay, "IDE0");
    bool is_old = ide && !strcmp(ide->class_name, "isa-ide");
    return is_old ? "isapc" : board->header.config->machine;
}

static bool build(Board *board, GError **error)
{
    const MachineClass *class = machine_find(machine_name(board), error);
    if (!class || !make_parts(board, error) || !add_lines(board, error) ||
        !parse_boot(board, error)) {
        return false;
    }
    MachineParts parts = {
        .bus = board->bus,
        .clock = board->clock,
        .host_clock = board->clock,
        .memory = board->memory,
        .chars = board->chars,
        .blocks = board->blocks,
        .nets = board->nets,
        .started_by = board->header.started_by,
        .boot = &board->boot,
        .own_bios = board->header.own_bios,
        .services = &board->replay.source,
    };
    MachineCpu cpu = {
        .has_apics = board->header.apics,
        .has_controllers = board->header.kernel_irqchip,
        .has_local_apics = board->header.split_irqchip,
    };
    board->machine = machine_new(class, board->header.config, &parts, &cpu);
    return machine_build(board->machine, error) && replay_has_all(&board->replay, error);
}

static void board_clear(Board *board)
{
    g_clear_pointer(&board->chars, chardev_set_free);
    g_clear_pointer(&board->blocks, blockset_free);
    g_clear_pointer(&board->nets, net_set_free);
    g_clear_pointer(&board->machine, machine_free);
    g_clear_pointer(&board->bus, bus_free);
    g_clear_pointer(&board->clock, clock_free);
    g_clear_pointer(&board->memory, memory_free);
    g_clear_pointer(&board->loop, loop_free);
    replay_header_clear(&board->header);
    replay_clear(&board->replay);
}

/* ---- one record ---- */

typedef struct Owner {
    const ReplayDevice *device;
    unsigned cpu;
} Owner;

static void look_for_owner(const BusMapping *mapping, void *opaque)
{
    const BusClaim *claim = mapping->claim;
    Owner *owner = opaque;
    if (claim->per_cpu && claim->lock == device_mutex(owner->device->services.dev)) {
        owner->cpu = claim->cpu;
    }
}

/* The number of the CPU that alone can reach the device. */
static unsigned owner_of(const Board *board, const ReplayDevice *device)
{
    Owner owner = {.device = device};
    bus_foreach_mapping(board->bus, look_for_owner, &owner);
    return owner.cpu;
}

static void make_access(Board *board, BusInitiator *by, const ReplayDevice *device,
                        const DeviceCall *e)
{
    bool write = e->kind == CALL_WRITE || e->kind == CALL_WRITE_BLOCK;
    bool block = e->kind == CALL_READ_BLOCK || e->kind == CALL_WRITE_BLOCK;
    size_t count = block ? e->count : 1;
    g_autofree uint8_t *data = g_malloc0((count + 1) * e->size);
    if (write) {
        memcpy(data, block ? e->data : &e->value, count * e->size);
    }
    if (e->space == IO_MEMORY) {
        by->cpu = owner_of(board, device);
        bus_memory_access(board->bus, by, e->address, write, e->size, data);
    } else if (e->address <= UINT16_MAX && e->size <= 4) {
        bus_port_access(board->bus, by, (uint16_t)e->address, write, e->size, data, count);
    }
}

static void go_on(Board *board, const ReplayDevice *device, const DeviceCall *e)
{
    const BusMapping *mapping = bus_find(board->bus, IO_PORTS, e->address);
    const BusClaim *claim = mapping ? mapping->claim : NULL;
    if (claim && claim->lock == device_mutex(device->services.dev) && claim->ops->go_on) {
        board->initiator.unfinished = claim;
        bus_go_on(board->bus, &board->initiator);
    }
}

static void fire_timer(ReplayDevice *device)
{
    Device *dev = device->services.dev;
    const DeviceCall *e = &device->event;
    const DeviceTimer *timers = device_class(dev)->timers;
    uint64_t count = 0;
    while (timers && timers[count].name && count <= e->address) {
        count++;
    }
    if (e->address >= count) {
        replay_damaged(device->replay, "a timer that does not exist");
        return;
    }
    Timer *timer = *(Timer **)((uint8_t *)device_state(dev) + timers[e->address].offset);
    uint64_t deadline;
    if (!timer_take(timer, &deadline)) {
        replay_differs(device, "expected a deadline at %" PRIu64 " ns, got none", e->value);
    } else if (deadline != e->value) {
        replay_differs(device, "expected a deadline at %" PRIu64 " ns, got %" PRIu64 " ns",
                       e->value, deadline);
    } else {
        device_call_fire(dev, (unsigned)e->address, deadline);
    }
}

/* What comes from outside during a call comes through an interrupt line or the bus. */
static void call_again(Replay *replay, ReplayDevice *device, const DeviceCall *event)
{
    Device *dev = device->services.dev;
    unsigned depth = device->depth;
    if (event->kind == CALL_SET_PIN && event->address < device_class(dev)->input_count) {
        device_call_set_pin(dev, (unsigned)event->address, event->value);
    } else if (event->kind == CALL_READ || event->kind == CALL_WRITE) {
        BusInitiator by = {.never_collects = true};
        make_access((Board *)replay, &by, device, event);
    } else {
        replay_damaged(replay, "a call that is impossible during another");
    }
    g_assert(device->depth == depth);
}

static void use_dma(ReplayDevice *device)
{
    Device *dev = device->services.dev;
    const DeviceCall *e = &device->event;
    const DmaServer *server = device_class(dev)->dma_server;
    uint64_t channel = e->kind == CALL_DMA ? e->address >> 1 : e->address;
    bool to_memory = e->address & 1, ended = false;
    if (!server || channel >= server->channel_count) {
        return;
    }
    if (e->kind == CALL_DMA_REQUEST) {
        device_call_dma_request(dev, (unsigned)channel, e->value);
        return;
    }
    g_autofree uint8_t *space = to_memory ? NULL : g_malloc0(e->count + 1);
    const DmaTransfer transfer = {
        .from = to_memory ? e->data : NULL, .to = space, .size = e->count, .ended = &ended};
    device_call_dma(dev, (unsigned)channel, &transfer);
}

static void write_config(ReplayDevice *device)
{
    Device *dev = device->services.dev;
    const DeviceCall *e = &device->event;
    uint64_t offset = e->address >> 3, size = e->address & 7;
    bool is_access =
        (size == 1 || size == 2 || size == 4) && offset < PCI_CONFIG_SIZE && !(offset & (size - 1));
    if (device_class(dev)->pci && is_access) {
        device_pci_write(dev, (unsigned)offset, (uint32_t)e->value, (unsigned)size);
    }
}

static void call_device(Board *board, ReplayDevice *device)
{
    Device *dev = device->services.dev;
    const DeviceClass *class = device_class(dev);
    const DeviceCall *e = &device->event;
    switch (e->kind) {
    case CALL_READ:
    case CALL_WRITE:
    case CALL_READ_BLOCK:
    case CALL_WRITE_BLOCK:
        make_access(board, &board->initiator, device, e);
        break;
    case CALL_GO_ON:
        go_on(board, device, e);
        break;
    case CALL_RESET:
        device_reset(dev);
        break;
    case CALL_PCI_WRITE:
        write_config(device);
        break;
    case CALL_SET_PIN:
        if (e->address < class->input_count) {
            device_set_input(dev, (unsigned)e->address, e->value);
        }
        break;
    case CALL_DMA_REQUEST:
    case CALL_DMA:
        use_dma(device);
        break;
    case CALL_ACKNOWLEDGE:
        if (class->acknowledge) {
            device_acknowledge(dev);
        }
        break;
    case CALL_TIMER:
        fire_timer(device);
        break;
    default:
        replay_bring_input(device);
    }
    if (device->waiting) {
        replay_damaged(&board->replay, "does not fit the machine");
    }
}

/* True if the device with this range is not in the recording. */
static bool is_newcomers(const Replay *replay, const BusClaim *claim)
{
    for (guint i = 0; i < replay->devices->len; i++) {
        const ReplayDevice *device = replay->devices->pdata[i];
        if (!device->stream && claim->lock == device_mutex(device->services.dev)) {
            return true;
        }
    }
    return false;
}

/*
 * The recorded access reached no device.  If it reaches one now, that is a
 * difference, unless the recording does not have the device.
 */
static void check_unclaimed(Replay *replay, const ReplayRecord *record)
{
    const DeviceCall *e = &record->event;
    const BusMapping *mapping = bus_find(((Board *)replay)->bus, e->space, e->address);
    bool write = record->kind != RECORD_UNCLAIMED_READ;
    replay_take_unclaimed(replay, record);
    if (mapping && bus_mapping_decodes(mapping, e->address, e->size, write) &&
        !replay_stopped(replay) && !is_newcomers(replay, mapping->claim)) {
        replay->difference = g_strdup_printf(
            "record %" PRIu64 ": %s 0x%" PRIx64 ": expected no device, got %s", replay->records + 1,
            e->space == IO_PORTS ? "port" : "address", e->address, mapping->name);
    }
    replay->records++;
}

/* Frees the record. */
static void dispatch(Board *board, ReplayRecord *record)
{
    Replay *replay = &board->replay;
    if (record->kind >= RECORD_UNCLAIMED_READ) {
        check_unclaimed(replay, record);
        g_free(record);
        return;
    }
    const ReplayStream *stream = replay->streams->pdata[record->number];
    replay_take(replay, record);
    if (!replay->damage) {
        call_device(board, stream->device);
    }
}

/*
 * Makes the calls that were read while the machine was built.  Devices do not
 * depend on each other there.
 */
static void dispatch_waiting(Board *board, GQueue *waiting)
{
    ReplayRecord *record;
    while (!replay_stopped(&board->replay) && (record = g_queue_pop_head(waiting))) {
        dispatch(board, record);
    }
}

static bool run(Board *board, GError **error)
{
    Replay *replay = &board->replay;
    ReplayRecord *record;
    for (guint i = 0; i < replay->streams->len; i++) {
        dispatch_waiting(board, &((ReplayStream *)replay->streams->pdata[i])->waiting);
    }
    dispatch_waiting(board, &replay->unclaimed);
    while (!replay_stopped(replay) && (record = replay_read(replay))) {
        dispatch(board, record);
    }
    return !replay->damage || error_refuse(error, "the recording is damaged: %s", replay->damage);
}

static bool start(Board *board, GError **error)
{
    g_autoptr(GError) failure = NULL;
    Replay *replay = &board->replay;
    board->loop = loop_new(error);
    if (!board->loop) {
        return false;
    }
    board->blocks = blockset_new(board->loop, NULL, NULL, NULL);
    replay->names = &board->header.names;
    if (!replay_header_read(&board->header, &replay->in, error)) {
        return false;
    }
    replay_header_add_drives(&board->header, board->blocks);
    replay_read_devices(replay);
    if (replay->damage) {
        return error_refuse(error, "the recording is damaged: %s", replay->damage);
    }
    if (!build(board, &failure)) {
        return error_refuse(error, "its machine cannot be built: %s", failure->message);
    }
    return true;
}

bool replay_data(const void *data, size_t size, ReplayResult *result, GError **error)
{
    Board board = {
        .replay = {.source = {.make = replay_make_services}, .call = call_again},
    };
    replay_init(&board.replay, data, size);
    bool ok = start(&board, error) && run(&board, error);
    *result = (ReplayResult){
        .difference = ok ? g_steal_pointer(&board.replay.difference) : NULL,
        .records = board.replay.records,
        .time = board.replay.time,
    };
    board_clear(&board);
    return ok;
}

GMappedFile *replay_map_file(const char *path, GError **error)
{
    g_auto(InputFile) file;
    if (!input_file_open(&file, "-replay", path, error)) {
        return NULL;
    }
    g_autoptr(GError) failure = NULL;
    GMappedFile *mapped = g_mapped_file_new_from_fd(file.fd, false, &failure);
    if (!mapped) {
        input_file_refuse(&file, error, "%s", failure->message);
    }
    return mapped;
}

int replay_run(const char *path, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(GMappedFile) file = replay_map_file(path, error);
    ReplayResult result = {0};
    if (!file) {
        return PIOEMU_ERROR_CONFIG;
    }
    if (!replay_data(g_mapped_file_get_contents(file), g_mapped_file_get_length(file), &result,
                     &failure)) {
        error_refuse(error, "-replay %s: %s", path, failure->message);
        return PIOEMU_ERROR_CONFIG;
    }
    g_autofree char *difference = result.difference;
    if (difference) {
        printf("%s\n", difference);
    } else {
        printf("%" PRIu64 " records, %" PRIu64 ".%09" PRIu64 " s: no difference\n", result.records,
               result.time / NS_PER_SECOND, result.time % NS_PER_SECOND);
    }
    return difference ? REPLAY_DIFFERS : 0;
}
