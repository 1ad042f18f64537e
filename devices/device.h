/*
 * The device interface: everything that a device model needs to know.
 *
 * A device is one file: a state struct, I/O operations, a reset function, a
 * state table and one `const DeviceClass` that ties them together.  The
 * framework creates the instance, fills in its collaborators from the
 * properties, and calls its functions.  It holds the device's lock around
 * every call, so a device file has no lock, no thread, no file descriptor and
 * no clock of its own.  Absolute port numbers and IRQ numbers belong to the
 * machine: a device sees offsets and lines.
 *
 * This header is installed.  It needs only the C library.
 */
#ifndef PIOEMU_DEVICE_H
#define PIOEMU_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when a class that was built for an older header would no longer work. */
#define DEVICE_ABI 12

#define NS_PER_SECOND UINT64_C(1000000000)

/* The framework's part of an instance. */
typedef struct Device Device;
/* An output pin.  NULL is a pin that is not connected. */
typedef struct IrqLine IrqLine;
/* The device's end of a character line.  On a NULL line output is lost, and there is no input. */
typedef struct CharPort CharPort;
/* The device's end of a drive.  NULL is a drive that does not exist or has no medium. */
typedef struct BlockPort BlockPort;
/* The device's end of a network.  Without a network (NULL) what is sent is lost. */
typedef struct NetPort NetPort;
/* The device's end of a channel of the DMA controller.  NULL is a channel that is not connected. */
typedef struct DmaLine DmaLine;
/* A one-shot deadline on machine time. */
typedef struct Timer Timer;
/* Parts of a class, which pci.h, net.h, surface.h and ram.h in this folder describe. */
typedef struct PciIdentity PciIdentity;
typedef struct NetClient NetClient;
typedef struct SurfaceClient SurfaceClient;
typedef struct DeviceRam DeviceRam;

/* ---- accesses ---- */

/* How the bus handles an access that is wider than the chip decodes. */
typedef enum IoWider {
    /*
     * The bus splits it into pieces, lowest address first, as the bus
     * converter of an ISA PC does.
     */
    IO_WIDER_IS_CUT,
    /* The chip does not answer: a read gives all ones, and a write is lost. */
    IO_WIDER_IS_IGNORED
} IoWider;

/*
 * The operations behind one region.  `offset` counts from the region's first
 * port or byte.  `size` is 1, 2, 4 or 8, and a size that the region decodes.
 * Values are in the low bits.  The bus ignores the bits of a read value above
 * `size`.
 */
typedef struct IoOps {
    /* NULL means that reads give all ones, as on a floating bus. */
    uint64_t (*read)(void *state, uint64_t offset, unsigned size);
    /* NULL means that writes are ignored. */
    void (*write)(void *state, uint64_t offset, uint64_t value, unsigned size);
    /* The widest access that is passed in one piece: 1, 2, 4 or 8. */
    unsigned max_size;
    /*
     * Optional: moves `count` items of `size` bytes to or from one offset, for
     * REP INS and REP OUTS.  If it is NULL, the bus calls read or write for
     * each item.
     */
    void (*read_block)(void *state, uint64_t offset, void *items, size_t count, unsigned size);
    void (*write_block)(void *state, uint64_t offset, const void *items, size_t count,
                        unsigned size);
    /*
     * The narrowest access that the chip decodes: 1, 2, 4 or 8; 0 means 1.
     * The access must begin at a multiple of that size.  The chip does not
     * answer a narrower one.
     */
    unsigned min_read, min_write;
    IoWider wider;
    /*
     * Optional, for ports only, and both or neither: a write can start an
     * operation that takes long, such as a transfer of memory.  While
     * `unfinished` returns true, the CPU that wrote is held, as a CPU is while
     * a bus master has the bus.  `go_on` performs a piece of the operation
     * that takes about ten microseconds.  It returns the number of
     * instructions that the piece counts as, or 0 if nothing was left to do.
     */
    bool (*unfinished)(const void *state);
    unsigned (*go_on)(void *state);
} IoOps;

typedef enum IoSpace { IO_PORTS, IO_MEMORY } IoSpace;

/* One range of ports or memory of the device.  The last entry of a table has a NULL name. */
typedef struct DeviceRegion {
    const char *name;
    IoSpace space;
    uint64_t size;
    const IoOps *ops;
    /* The property that holds the base; a base of 0 leaves the region out. NULL: it is at 0. */
    const char *base_property;
    /*
     * A write has no effect that the guest can observe at once.  It may
     * therefore be delivered late, in order, without an exit of its own.
     */
    bool posted;
    /* Optional: returns a register's name for traces, or NULL. */
    const char *(*register_name)(const void *state, uint64_t offset, bool write);
    /* Optional: the property that holds the size.  It replaces `size`. */
    const char *size_property;
    /*
     * Optional, for memory only: each CPU has a device of its own at the same
     * addresses, and this property holds the number of the CPU.  An access of
     * a CPU reaches the device of that CPU.  For a write by a device,
     * `arbitrate` decides which of them takes it.
     */
    const char *cpu_property;
    /*
     * Optional, with cpu_property: returns DEVICE_ARBITRATE_NONE,
     * DEVICE_ARBITRATE_SURE, or a rank between them.  The device with the
     * lowest rank takes the write; of equal ranks, the CPU with the lowest
     * number does.  NULL counts as DEVICE_ARBITRATE_SURE.
     */
    int (*arbitrate)(const void *state, uint64_t offset, uint64_t value);
    /*
     * Optional, for ports only: an access that begins in the region may extend
     * this far from the region's first port, over ports of other devices.
     */
    unsigned reach;
    /* For a PCI device, instead of base_property: 1 + the base address register's number. */
    unsigned bar;
    uint64_t bar_offset; /* the region's offset within the register's range */
    /* The offset of the part of the state that the operations and register_name get. */
    size_t state_offset;
    /* For memory: the machine's RAM at these addresses, if there is any, cannot be reached. */
    bool hides_ram;
} DeviceRegion;

/* A range of ports at the property `base`.  Further members may follow. */
#define DEVICE_PORTS(range_name, count, operations, base)                                          \
    .name = range_name, .space = IO_PORTS, .size = count, .ops = operations, .base_property = base
#define DEVICE_REGION_END                                                                          \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define DEVICE_REGIONS(...) ((const DeviceRegion[]){__VA_ARGS__, DEVICE_REGION_END})

#define DEVICE_ARBITRATE_NONE (-1)
#define DEVICE_ARBITRATE_SURE 256

/* ---- properties ---- */

typedef enum PropertyKind {
    PROPERTY_BOOL,   /* bool, written "on" or "off" */
    PROPERTY_UINT8,  /* uint8_t, written in decimal or with 0x */
    PROPERTY_UINT16, /* uint16_t */
    PROPERTY_UINT32, /* uint32_t */
    PROPERTY_UINT64, /* uint64_t, written with K, M or G if wanted */
    PROPERTY_STRING, /* char *, which the framework frees */
    PROPERTY_CHOICE, /* unsigned, the index into `choices` */
    PROPERTY_IRQ,    /* IrqLine *, written as an ISA IRQ number or "none" */
    PROPERTY_CHAR,   /* CharPort *, written as the id of a chardev */
    PROPERTY_DRIVE,  /* BlockPort *, written as the id of a drive */
    PROPERTY_DMA,    /* DmaLine *, written as an ISA DMA channel or "none" */
    PROPERTY_DATA,   /* const DataTable *, written as the id of the data */
    PROPERTY_NET,    /* NetPort *, written as the id of a netdev */
    PROPERTY_MAC     /* uint8_t[6], written as 52:54:00:12:34:56 */
} PropertyKind;

/* One property that can be set.  The last entry of a table has a NULL name. */
typedef struct DeviceProperty {
    const char *name;
    PropertyKind kind;
    size_t offset; /* of the field in the state struct */
    const char
        *default_value; /* the text that a user would write; NULL means zero or not connected */
    const char *help;
    const char *const *choices; /* for PROPERTY_CHOICE: the names; the last is NULL */
} DeviceProperty;

/*
 * A property that fills `member` of the state struct `type`.  The board
 * decides where a device is, so a base, an interrupt and a DMA channel have no
 * default.
 */
#define DEVICE_PROPERTY(type, member, name, kind, value, help)                                     \
    {                                                                                              \
        name, kind, offsetof(type, member), value, help, NULL                                      \
    }
#define DEVICE_CHOICE(type, member, name, choices, value, help)                                    \
    {                                                                                              \
        name, PROPERTY_CHOICE, offsetof(type, member), value, help, choices                        \
    }
#define DEVICE_PORT(type, member, name, help)                                                      \
    DEVICE_PROPERTY(type, member, name, PROPERTY_UINT16, NULL, help)
#define DEVICE_IRQ(type, member, name, help)                                                       \
    DEVICE_PROPERTY(type, member, name, PROPERTY_IRQ, NULL, help)
#define DEVICE_CHAR(type, member, help)                                                            \
    DEVICE_PROPERTY(type, member, "chardev", PROPERTY_CHAR, NULL, help)
#define DEVICE_PROPERTY_END                                                                        \
    {                                                                                              \
        NULL, PROPERTY_BOOL, 0, NULL, NULL, NULL                                                   \
    }
#define DEVICE_PROPERTIES(...) ((const DeviceProperty[]){__VA_ARGS__, DEVICE_PROPERTY_END})

/* ---- lines ---- */

/*
 * Drives an output pin.  If the pin has the level already, nothing happens.
 * Call it with the device's lock held, as in any callback.
 */
void pio_irq_set(IrqLine *line, bool level);

/*
 * Whether an earlier edge of this line is still pending at the interrupt
 * controller, so that another edge would merge with it.  It is false if the
 * answer is not known, and while the controller masks the line.  Call it with
 * the device's lock held.
 */
bool pio_irq_pending(const IrqLine *line);

/* An output other than an ISA IRQ.  The machine wires it by its name. */
typedef struct DeviceOutput {
    const char *name;
    size_t offset; /* of an IrqLine * in the state struct */
} DeviceOutput;

#define DEVICE_OUTPUT(type, member, name)                                                          \
    {                                                                                              \
        name, offsetof(type, member)                                                               \
    }
#define DEVICE_OUTPUT_END                                                                          \
    {                                                                                              \
        NULL, 0                                                                                    \
    }
#define DEVICE_OUTPUTS(...) ((const DeviceOutput[]){__VA_ARGS__, DEVICE_OUTPUT_END})

/* ---- time ---- */

/* Machine time in nanoseconds.  It stands still while the machine is paused. */
uint64_t pio_now(const Device *dev);

/*
 * A one-shot deadline.  `fire` is called with the lock held, at or after
 * `deadline` and never before.  It gets the deadline for which the timer was
 * armed, so that a periodic device can compute the next deadline from it and
 * does not drift.
 */
typedef struct DeviceTimer {
    const char *name;
    size_t offset; /* of a Timer * in the state struct */
    void (*fire)(void *state, uint64_t deadline);
} DeviceTimer;

#define DEVICE_TIMER(type, member, name, fire)                                                     \
    {                                                                                              \
        name, offsetof(type, member), fire                                                         \
    }
#define DEVICE_TIMER_END                                                                           \
    {                                                                                              \
        NULL, 0, NULL                                                                              \
    }
#define DEVICE_TIMERS(...) ((const DeviceTimer[]){__VA_ARGS__, DEVICE_TIMER_END})

/* Arms or moves the deadline (ns of machine time).  One in the past fires at once. */
void pio_timer_arm(Timer *timer, uint64_t deadline);
void pio_timer_disarm(Timer *timer);
bool pio_timer_armed(const Timer *timer);

/* ---- character lines ---- */

#define CHAR_LINE_DTR 0x01u /* outputs of the device */
#define CHAR_LINE_RTS 0x02u
#define CHAR_LINE_CTS 0x10u /* inputs of the device, in the order of the MSR */
#define CHAR_LINE_DSR 0x20u
#define CHAR_LINE_RI  0x40u
#define CHAR_LINE_DCD 0x80u

typedef struct CharFormat {
    uint32_t baud; /* bits per second */
    uint8_t data_bits, stop_bits;
    char parity; /* 'N', 'O', 'E', 'M', 'S' */
} CharFormat;

/*
 * Passes bytes to the line and returns how many it took.  It takes fewer than
 * `size` only when it is full.  `tx_room` is called when there is space again.
 * The call never blocks.
 */
size_t pio_char_write(CharPort *port, const uint8_t *data, size_t size);
/*
 * Tells the line that the receiver has room again.  Waiting input is delivered
 * at once: `receive` may be called before this returns, so call it last.
 */
void pio_char_rx_ready(CharPort *port);
void pio_char_set_break(CharPort *port, bool on);
/* Sets DTR and RTS to what the device drives now. */
void pio_char_set_lines(CharPort *port, unsigned lines);
/* Returns CTS, DSR, RI and DCD as the other side drives them now. */
unsigned pio_char_lines(const CharPort *port);
void pio_char_set_format(CharPort *port, const CharFormat *format);

/*
 * The callbacks of a device with a PROPERTY_CHAR.  Every member may be NULL.
 * `port` is the number of the line: 0 for the first PROPERTY_CHAR among the
 * properties.
 */
typedef struct CharClient {
    /* Returns how many bytes `receive` would take now. */
    size_t (*rx_room)(void *state, unsigned port);
    /* Takes input.  `size` is at most what rx_room() has just returned. */
    void (*receive)(void *state, unsigned port, const uint8_t *data, size_t size);
    /* The line has room again after pio_char_write() took fewer bytes than it was given. */
    void (*tx_room)(void *state, unsigned port);
    void (*receive_break)(void *state, unsigned port);
    void (*lines_changed)(void *state, unsigned port, unsigned lines);
    /*
     * Called at the end of the run.  Stores the bytes that the guest has
     * written and the line has not got yet, at most CHAR_UNSENT_MAX, and
     * returns how many.  The bytes are sent without regard to the time that
     * they would take.
     */
    size_t (*unsent)(void *state, unsigned port, uint8_t *data);
    /*
     * How much output the line buffers, a power of two, for a device that
     * cannot make its guest wait.  0 stands for the size that suits a
     * transmitter.
     */
    unsigned tx_size;
} CharClient;

#define CHAR_TX_SIZE_UNPACED 262144u
#define CHAR_UNSENT_MAX      32u

/* ---- drives ---- */

#define BLOCK_SECTOR_SIZE 512u

/* The size of the medium in the drive.  0 means that the drive is empty. */
uint64_t pio_block_sectors(const BlockPort *port);
bool pio_block_read_only(const BlockPort *port);
bool pio_block_is_cdrom(const BlockPort *port);

/*
 * Starts a request and returns at once.  `done` is called for each request,
 * never before the call returns.  Requests may be carried out at the same time
 * and complete in any order.  A flush completes after all requests that were
 * made before it.  After a cancel, the requests that it left behind are
 * carried out before any later one.  A device that needs another order must
 * wait for `done`.
 *
 * The sectors must exist.  The `buffer` of a read is filled immediately before
 * `done` and belongs to the port until then.  The data of a write are copied.
 */
void pio_block_read(BlockPort *port, uint64_t lba, void *buffer, uint32_t count, uint64_t tag);
void pio_block_write(BlockPort *port, uint64_t lba, const void *buffer, uint32_t count,
                     uint64_t tag);

/*
 * A piece of guest memory.  The pieces of a request may lie anywhere.  Their
 * total is a whole number of sectors.
 */
typedef struct BlockSpan {
    uint64_t address, size;
} BlockSpan;

#define BLOCK_SPANS_MAX   1024u
#define BLOCK_REQUEST_MAX (UINT64_C(32) << 20)

/*
 * The same requests with guest memory, without a copy in the device.  The
 * memory of a read changes immediately before `done`.  The memory of a write
 * is read before the call returns.  A request fails if part of it is not RAM,
 * if it is not whole sectors, or if it is larger than BLOCK_REQUEST_MAX.
 */
void pio_block_readv(BlockPort *port, uint64_t lba, const BlockSpan *spans, size_t count,
                     uint64_t tag);
void pio_block_writev(BlockPort *port, uint64_t lba, const BlockSpan *spans, size_t count,
                      uint64_t tag);

/* When it is done, all data that were written before are on the host's disk. */
void pio_block_flush(BlockPort *port, uint64_t tag);
/* The guest no longer needs the sectors.  The host may free their space or keep it. */
void pio_block_discard(BlockPort *port, uint64_t lba, uint32_t count, uint64_t tag);
/* The sectors read as zeros afterwards.  With `unmap` the host may free their space. */
void pio_block_write_zeroes(BlockPort *port, uint64_t lba, uint32_t count, bool unmap,
                            uint64_t tag);
/* `done` is not called for earlier requests.  Those that change the disk are carried out anyway. */
void pio_block_cancel(BlockPort *port);

/*
 * The callbacks of a device with a PROPERTY_DRIVE.  `port` is the number of
 * the drive, which is 0 for the first PROPERTY_DRIVE among the properties.
 */
typedef struct BlockClient {
    void (*done)(void *state, unsigned port, uint64_t tag, bool ok);
    /* Whether the medium of the drive can change.  NULL means that no medium can. */
    bool (*removable)(const void *state, unsigned port);
    /*
     * The medium was removed, or another one was inserted; pio_block_sectors()
     * tells which.  Requests that are in progress fail.
     */
    void (*medium_changed)(void *state, unsigned port);
    /*
     * The user wants to eject the medium.  Returns false if the guest has
     * locked the drive; the device then tells the guest of the wish if it can.
     * NULL means that nothing can lock the drive.
     */
    bool (*eject_asked)(void *state, unsigned port);
} BlockClient;

/* ---- direct memory access ---- */

/* Drives DREQ: the device has bytes for the memory, or wants some. */
void pio_dma_request(DmaLine *line, bool level);
/*
 * Moves up to `size` bytes to or from guest memory, as the channel is
 * programmed, and returns how many it moved.  Call it while the device drives
 * DREQ. It moves fewer bytes if the channel's count ends, or if the channel is
 * masked or not ready; the device may then try again later.  `ended` is set to
 * whether the count ended (TC).  A 16-bit channel moves whole words.
 */
size_t pio_dma_to_memory(DmaLine *line, const void *data, size_t size, bool *ended);
size_t pio_dma_from_memory(DmaLine *line, void *data, size_t size, bool *ended);

/* The callbacks of a DMA controller for its channels. */
typedef struct DmaServer {
    void (*request)(void *state, unsigned channel, bool level);
    /* Exactly one of `from` and `to` is not NULL. */
    size_t (*transfer)(void *state, unsigned channel, const uint8_t *from, uint8_t *to, size_t size,
                       bool *ended);
    unsigned channel_count;
} DmaServer;

/* ---- data that the machine has ready for a device ---- */

/* One item, which has a number.  All items outlive the device and never change. */
typedef struct DataItem {
    unsigned key;
    const char *name; /* the name of a file; NULL if the item is not a file */
    const uint8_t *data;
    uint32_t size;
} DataItem;

typedef struct DataTable {
    const DataItem *items; /* each key occurs once */
    size_t count;
} DataTable;

/* ---- keys and pointers ---- */

/*
 * Keys are named by the code that they make in scan code set 1.  A key with
 * the prefix E0 is 0xe000 + code.  The Pause key is 0xe046.
 */
#define KEY_EXTENDED 0xe000u
#define KEY_PAUSE    0xe046u

#define POINTER_LEFT   0x1u
#define POINTER_RIGHT  0x2u
#define POINTER_MIDDLE 0x4u
/* One notch of the wheel, away from the user or towards the user, in one call only. */
#define POINTER_WHEEL_UP   0x8u
#define POINTER_WHEEL_DOWN 0x10u

/* The callbacks of a device with keys or a pointer.  Members may be NULL. */
typedef struct InputClient {
    /* Returns false if there is no such key, or no room to remember it. */
    bool (*key)(void *state, unsigned code, bool pressed);
    /* The distance of the movement (right and up are positive), and the buttons that are held. */
    bool (*pointer)(void *state, int dx, int dy, unsigned buttons);
} InputClient;

/* ---- guest memory (for devices that master the bus) ---- */

/* Return false if any byte is outside RAM.  Nothing is copied then. */
bool pio_memory_read(Device *dev, uint64_t address, void *data, size_t size);
bool pio_memory_write(Device *dev, uint64_t address, const void *data, size_t size);

/*
 * Fills `data` with random numbers of the host.  Returns false, with nothing
 * filled, on a machine that repeats its runs; the device then makes numbers
 * from a generator in its saved state.
 */
bool pio_random(Device *dev, void *data, size_t size);

/*
 * A write of 1, 2, 4 or 8 bytes by the device itself, to another device at
 * that address; it is used for interrupt messages.  The other device is called
 * before this returns and may call back, so the registers must be up to date
 * before the call.  If the accelerator has local APICs of its own, they take
 * the write if it is a message.  On a machine with threads and without such
 * APICs nothing happens.
 */
void pio_bus_write(Device *dev, uint64_t address, uint64_t value, unsigned size);

/* ---- the machine ---- */

/* Ends the run with a status of the guest's, 0 to 255. */
void pio_request_exit(Device *dev, int status);
void pio_request_poweroff(Device *dev);
void pio_request_reset(Device *dev);
/*
 * Concern one CPU.  The first function initializes it; all CPUs but the first
 * one then wait.  The second starts a waiting CPU in real mode at `vector` <<
 * 12.
 */
void pio_request_cpu_init(Device *dev, unsigned cpu);
void pio_request_cpu_start(Device *dev, unsigned cpu, uint8_t vector);

/*
 * Reports that the guest did something that the data sheet forbids.  The first
 * error of each `kind` (a string literal) is logged, and further ones are
 * counted.
 */
void pio_guest_error(Device *dev, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- saved state ---- */

typedef enum FieldKind { FIELD_BOOL, FIELD_UINT, FIELD_END } FieldKind;

/*
 * One saved field or array of fields.  A table of them ends with FIELD_END.
 *
 * A class that gets a new field raises its `state_version` and writes the new
 * number in `since`.  A state that was saved before does not have the field,
 * so each element gets `default_value`.  A field that the class no longer has
 * is removed from the table.  Its value in an older state is skipped.
 */
typedef struct DeviceField {
    const char *name;
    size_t offset;
    unsigned size; /* size of one element: 1, 2, 4 or 8 */
    unsigned count;
    FieldKind kind;
    unsigned since;         /* the DeviceClass.state_version that added it; 0 is the first */
    uint64_t default_value; /* value of each element when a state from before `since` is loaded */
} DeviceField;

#define DEVICE_FIELD(type, member)                                                                 \
    {                                                                                              \
#member, offsetof(type, member), sizeof(((type *)0)->member), 1, FIELD_UINT, 0, 0          \
    }
#define DEVICE_FIELD_BOOL(type, member)                                                            \
    {                                                                                              \
#member, offsetof(type, member), sizeof(((type *)0)->member), 1, FIELD_BOOL, 0, 0          \
    }
#define DEVICE_FIELD_ARRAY(type, member)                                                           \
    {                                                                                              \
#member, offsetof(type, member), sizeof(((type *)0)->member[0]),                           \
            sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]), FIELD_UINT, 0, 0         \
    }
/* A number that was added in `version` of the state and had the fixed value `value` before. */
#define DEVICE_FIELD_SINCE(type, member, version, value)                                           \
    {                                                                                              \
#member, offsetof(type, member), sizeof(((type *)0)->member), 1, FIELD_UINT, version,      \
            value                                                                                  \
    }
#define DEVICE_FIELD_END                                                                           \
    {                                                                                              \
        NULL, 0, 0, 0, FIELD_END, 0, 0                                                             \
    }
#define DEVICE_FIELDS(...) ((const DeviceField[]){__VA_ARGS__, DEVICE_FIELD_END})

/* ---- the class ---- */

/* The structs of this header to whose tables a class points, in the order of their sizes. */
typedef enum DeviceTable {
    DEVICE_TABLE_PROPERTY,
    DEVICE_TABLE_REGION,
    DEVICE_TABLE_IO_OPS,
    DEVICE_TABLE_OUTPUT,
    DEVICE_TABLE_TIMER,
    DEVICE_TABLE_FIELD,
    DEVICE_TABLE_CHAR_CLIENT,
    DEVICE_TABLE_INPUT_CLIENT,
    DEVICE_TABLE_BLOCK_CLIENT,
    DEVICE_TABLE_DMA_SERVER,
    DEVICE_TABLE_COUNT,
    DEVICE_TABLE_MAX = 24
} DeviceTable;

/*
 * The beginning of each class: the version of the header that it was built
 * with, and the size of each struct in that header.  pioemu compares both
 * before it reads anything else, and refuses a class that it would misread.
 */
typedef struct DeviceClassHead {
    uint32_t abi;         /* DEVICE_ABI */
    uint32_t struct_size; /* size of DeviceClass */
    const char *name;
    size_t state_size;
    uint16_t table_size[DEVICE_TABLE_MAX];
} DeviceClassHead;

#define DEVICE_CLASS_HEAD(class_name, state_type)                                                  \
    {                                                                                              \
        .abi = DEVICE_ABI, .struct_size = sizeof(DeviceClass), .name = class_name,                 \
        .state_size = sizeof(state_type),                                                          \
        .table_size = {sizeof(DeviceProperty), sizeof(DeviceRegion), sizeof(IoOps),                \
                       sizeof(DeviceOutput),   sizeof(DeviceTimer),  sizeof(DeviceField),          \
                       sizeof(CharClient),     sizeof(InputClient),  sizeof(BlockClient),          \
                       sizeof(DmaServer)},                                                         \
    }

/*
 * The state struct begins with `Device *dev`, which the framework sets.  A new
 * state is zeroed, then properties, lines, ports and timers are filled in,
 * then `realize` runs, and then `reset`.
 */
typedef struct DeviceClass {
    DeviceClassHead head;    /* DEVICE_CLASS_HEAD(); it is at the same place in every version */
    const char *description; /* one line of text */
    const DeviceProperty *properties;
    const DeviceRegion *regions;
    const DeviceRam *rams; /* see devices/ram.h */
    const DeviceOutput *outputs;
    const DeviceTimer *timers;
    const CharClient *char_client;
    const InputClient *input_client;
    const BlockClient *block_client;
    const NetClient *net_client;         /* see devices/net.h */
    const DmaServer *dma_server;         /* for DMA controllers */
    const PciIdentity *pci;              /* see devices/pci.h; NULL if the device is not on PCI */
    const SurfaceClient *surface_client; /* see devices/surface.h; NULL if there is no screen */
    /* Checks the properties.  Returns false with a message in `error` (`size` bytes). */
    bool (*realize)(void *state, char *error, size_t size);
    /* Gives every register and latch its power-on value, and drives the lines. */
    void (*reset)(void *state);
    /* An input pin has changed its level. */
    void (*set_pin)(void *state, unsigned pin, bool level);
    unsigned input_count;
    /* For interrupt controllers: the CPU's acknowledge cycle, which returns the vector. */
    uint8_t (*acknowledge)(void *state);
    /* For interrupt controllers: the answer of pio_irq_pending() for the line at `pin`. */
    bool (*input_pending)(const void *state, unsigned pin);
    /* Everything that a saved state needs. */
    const DeviceField *fields;
    /* The version of `fields`.  0 counts as 1. */
    unsigned state_version;
    /* After a load: returns false if a field is impossible; else computes lines and timers. */
    bool (*post_load)(void *state);
    /* Writes one line about the state, for crash reports: at most `size` bytes. */
    void (*describe)(const void *state, char *text, size_t size);
    /* Whether output for the outside remains.  While it does, a halted CPU does not end the run. */
    bool (*busy)(const void *state);
    void (*finalize)(void *state);
} DeviceClass;

/* ---- the entry point ---- */

/* The contents of a file with devices. */
typedef struct DeviceModule {
    uint32_t abi;         /* DEVICE_ABI */
    uint32_t struct_size; /* size of DeviceModule */
    const char *name;
    const DeviceClass *const *classes; /* the last is NULL */
} DeviceModule;

/* A module may be built with -fvisibility=hidden. */
#define DEVICE_MODULE_ENTRY __attribute__((visibility("default")))

/* The function that such a file defines.  Its devices are found through it only. */
DEVICE_MODULE_ENTRY const DeviceModule *pioemu_device_module(void);

/* Defines the function.  The arguments after the name are pointers to classes. */
#define DEVICE_MODULE(module_name, ...)                                                            \
    DEVICE_MODULE_ENTRY const DeviceModule *pioemu_device_module(void)                             \
    {                                                                                              \
        static const DeviceClass *const classes[] = {__VA_ARGS__, NULL};                           \
        static const DeviceModule module = {                                                       \
            .abi = DEVICE_ABI,                                                                     \
            .struct_size = sizeof(DeviceModule),                                                   \
            .name = module_name,                                                                   \
            .classes = classes,                                                                    \
        };                                                                                         \
        return &module;                                                                            \
    }

#ifdef __cplusplus
}
#endif

#endif
