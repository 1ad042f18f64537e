/*
 * The device interface: everything a device model may know.
 *
 * A device is one file: a state struct, I/O operations, a reset function, a
 * state table and one `const DeviceClass` that ties them together.  The
 * framework creates the instance, fills the collaborators in from the
 * properties, and calls the device back; it holds the device's lock around
 * every callback, so a device file has no lock, no thread, no file descriptor
 * and no clock of its own.  Absolute port numbers and IRQ numbers belong to
 * the machine: a device sees offsets and lines.
 *
 * This header is installed; it needs nothing but the C library.
 */
#ifndef PIOEMU_DEVICE_H
#define PIOEMU_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when a class built for an older header would no longer work. */
#define DEVICE_ABI 7

#define NS_PER_SECOND UINT64_C(1000000000)

/* The framework's half of an instance. */
typedef struct Device Device;
/* An output pin.  NULL is a pin that is not connected. */
typedef struct IrqLine IrqLine;
/* The device's end of a character line.  NULL has no listener and no input. */
typedef struct CharPort CharPort;
/* The device's end of a drive.  NULL: no drive, or no medium. */
typedef struct BlockPort BlockPort;
/* The device's end of a channel of the DMA controller.  NULL: not connected. */
typedef struct DmaLine DmaLine;
/* A one-shot deadline on machine time. */
typedef struct Timer Timer;
/* What a PCI device is: devices/pci.h. */
typedef struct PciIdentity PciIdentity;

/* ---- accesses ---- */

/* What an access is that is wider than the chip decodes. */
typedef enum IoWider {
    /* Pieces, lowest address first, as the bus converter of an ISA PC makes them. */
    IO_WIDER_IS_CUT,
    /* Not the chip's: a read gives all ones, a write goes nowhere. */
    IO_WIDER_IS_NOBODYS
} IoWider;

/*
 * The operations behind one region.  `offset` counts from the region's first
 * port or byte; `size` is 1, 2, 4 or 8 and one that the region decodes.  Values
 * are in the low bits; whatever a read returns above `size` is cut off.
 */
typedef struct IoOps {
    /* NULL: the region floats (all ones). */
    uint64_t (*read)(void *state, uint64_t offset, unsigned size);
    /* NULL: writes are ignored. */
    void (*write)(void *state, uint64_t offset, uint64_t value, unsigned size);
    /* Widest access handed over whole: 1, 2, 4 or 8. */
    unsigned max_size;
    /*
     * Optional: `count` items of `size` bytes to or from one offset, for
     * REP INS and REP OUTS.  NULL: the bus calls read or write per item.
     */
    void (*read_block)(void *state, uint64_t offset, void *items, size_t count, unsigned size);
    void (*write_block)(void *state, uint64_t offset, const void *items, size_t count,
                        unsigned size);
    /*
     * Narrowest access that the chip decodes: 1, 2, 4 or 8, or 0 for 1.  It
     * begins at a multiple of that.  What is narrower is not the chip's.
     */
    unsigned min_read, min_write;
    IoWider wider;
    /*
     * Optional, ports only, and both or neither: a write begins something that
     * takes long, as a transfer of memory does.  For as long as `unfinished`
     * says so the CPU that wrote is held, as by a bus master that has the bus;
     * `go_on` is called to do a piece of some ten microseconds, and answers
     * how many instructions that counts as: 0 if nothing was left to do.
     */
    bool (*unfinished)(const void *state);
    unsigned (*go_on)(void *state);
} IoOps;

typedef enum IoSpace { IO_PORTS, IO_MEMORY } IoSpace;

/* One range of the device.  A table of them ends with a NULL name. */
typedef struct DeviceRegion {
    const char *name;
    IoSpace space;
    uint64_t size;
    const IoOps *ops;
    /* The property that holds the base; a base of 0 leaves the region out.  NULL: it is at 0. */
    const char *base_property;
    /*
     * Write-only in effect: a write changes nothing the guest can observe at
     * once, so it may be delivered late, in order, with no exit of its own.
     */
    bool posted;
    /* Optional: a register's name for traces, or NULL. */
    const char *(*register_name)(const void *state, uint64_t offset, bool write);
    /* Optional: the property that holds the size, in place of `size`. */
    const char *size_property;
    /*
     * Optional, memory only: each CPU has such a device of its own, all at the
     * same addresses; the property holds whose this one is.  A CPU's accesses
     * reach its own; `arbitrate` settles which of them takes a device's write.
     */
    const char *cpu_property;
    /*
     * Optional, with cpu_property: DEVICE_ARBITRATE_NONE, DEVICE_ARBITRATE_SURE, or a
     * rank between them; of several the lowest takes the write (of equals:
     * the CPU with the lowest number).  NULL: always sure.
     */
    int (*arbitrate)(const void *state, uint64_t offset, uint64_t value);
    /*
     * Optional, ports only: an access that begins in the region may reach so far
     * from its first port, over ports that are others'.
     */
    unsigned reach;
    /* Of a PCI device, in place of base_property: 1 + the number of the base address register. */
    unsigned bar;
    uint64_t bar_offset; /* where in its range the region is */
} DeviceRegion;

/* A range of ports at the property `base`; more members may follow. */
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
    PROPERTY_BOOL,   /* bool, "on" or "off" */
    PROPERTY_UINT8,  /* uint8_t, decimal or 0x */
    PROPERTY_UINT16, /* uint16_t */
    PROPERTY_UINT32, /* uint32_t */
    PROPERTY_UINT64, /* uint64_t, with K, M or G */
    PROPERTY_STRING, /* char *, owned by the framework */
    PROPERTY_CHOICE, /* unsigned, the index into `choices` */
    PROPERTY_IRQ,    /* IrqLine *, named by an ISA IRQ number or "none" */
    PROPERTY_CHAR,   /* CharPort *, named by a chardev id */
    PROPERTY_DRIVE,  /* BlockPort *, named by a drive id */
    PROPERTY_DMA,    /* DmaLine *, named by an ISA DMA channel or "none" */
    PROPERTY_DATA    /* const DataTable *, named by its id */
} PropertyKind;

/* One settable property.  A table of them ends with a NULL name. */
typedef struct DeviceProperty {
    const char *name;
    PropertyKind kind;
    size_t offset;             /* of the field in the state struct */
    const char *default_value; /* as a user would write it; NULL: zero, not connected */
    const char *help;
    const char *const *choices; /* PROPERTY_CHOICE: names, NULL at the end */
} DeviceProperty;

/*
 * A property that fills `member` of the state struct `type`.  Where a device is
 * is for the board to say: a base, an interrupt and a DMA channel have no default.
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
 * Drives an output pin.  Setting the level it already has costs nothing and
 * does nothing.  Call with the device's lock held (any callback).
 */
void pio_irq_set(IrqLine *line, bool level);

/*
 * Whether an earlier edge of this line still waits for the CPU at the
 * interrupt controller, so that another would merge with it.  False where
 * the answer is not known, and while the controller masks the line.  Call with the
 * device's lock held.
 */
bool pio_irq_pending(const IrqLine *line);

/* An output other than an ISA IRQ, wired by the machine by its name. */
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
 * A one-shot deadline.  `fire` is called at or after `deadline` (never
 * before), with the lock held and the deadline it was armed for, so that a
 * periodic device computes the next one from it and does not drift.
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

/* Arms or moves the deadline (ns of machine time; the past means at once). */
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
 * Hands bytes to the line and returns how many it took: fewer than `size` only
 * when the line is full, in which case `tx_room` is called when there is space
 * again.  Never blocks.
 */
size_t pio_char_write(CharPort *port, const uint8_t *data, size_t size);
/*
 * Tells the line that the receiver has room again.  Input that waits is handed
 * over at once: `receive` may be called before this returns, so call it last.
 */
void pio_char_rx_ready(CharPort *port);
void pio_char_set_break(CharPort *port, bool on);
/* DTR and RTS as the device drives them now. */
void pio_char_set_lines(CharPort *port, unsigned lines);
/* CTS, DSR, RI and DCD as the other side drives them now. */
unsigned pio_char_lines(const CharPort *port);
void pio_char_set_format(CharPort *port, const CharFormat *format);

/*
 * What a device with a PROPERTY_CHAR is told.  Every member may be NULL.  `port`
 * says which of its lines: 0 for the first PROPERTY_CHAR of its properties.
 */
typedef struct CharClient {
    /* How many bytes `receive` would take now. */
    size_t (*rx_room)(void *state, unsigned port);
    /* Input; `size` is never more than rx_room() just returned. */
    void (*receive)(void *state, unsigned port, const uint8_t *data, size_t size);
    /* The line takes bytes again after pio_char_write() fell short. */
    void (*tx_room)(void *state, unsigned port);
    void (*receive_break)(void *state, unsigned port);
    void (*lines_changed)(void *state, unsigned port, unsigned lines);
    /*
     * The run is over: hands over what the guest has given and the line not got yet, at most
     * CHAR_UNSENT_MAX bytes, and returns how many.  No time is left that they could take.
     */
    size_t (*unsent)(void *state, unsigned port, uint8_t *data);
    /* Output that the line holds, a power of two; for a device that has no way to
       make its guest wait.  0: what suits a transmitter. */
    unsigned tx_size;
} CharClient;

#define CHAR_TX_SIZE_UNPACED 262144u
#define CHAR_UNSENT_MAX      32u

/* ---- drives ---- */

#define BLOCK_SECTOR_SIZE 512u

/* Of the medium that is in the drive; 0: the drive is empty. */
uint64_t pio_block_sectors(const BlockPort *port);
bool pio_block_read_only(const BlockPort *port);
bool pio_block_is_cdrom(const BlockPort *port);

/*
 * Requests return at once; `done` tells of each, never before the call
 * returns.  They may be carried out side by side and done in any order.  A
 * flush is done after everything that was asked for before it, and what a
 * cancel left behind is carried out before anything that is asked for later.
 * A device that needs another order waits for `done`.
 *
 * The sectors have to exist.  `buffer` of a read is filled right before `done`
 * and belongs to the port until then; that of a write is copied.
 */
void pio_block_read(BlockPort *port, uint64_t lba, void *buffer, uint32_t count, uint64_t tag);
void pio_block_write(BlockPort *port, uint64_t lba, const void *buffer, uint32_t count,
                     uint64_t tag);

/*
 * A piece of guest memory.  The pieces of a request may lie anywhere; together
 * they have whole sectors, as many as the request reads or writes.
 */
typedef struct BlockSpan {
    uint64_t address, size;
} BlockSpan;

#define BLOCK_SPANS_MAX   1024u
#define BLOCK_REQUEST_MAX (UINT64_C(32) << 20)

/*
 * The same from and to guest memory, without a copy in the device.  The memory
 * of a read changes right before `done`; that of a write is read before the
 * call returns.  A request that is not all in RAM, has no whole sectors or is
 * larger than BLOCK_REQUEST_MAX is done as one that failed.
 */
void pio_block_readv(BlockPort *port, uint64_t lba, const BlockSpan *spans, size_t count,
                     uint64_t tag);
void pio_block_writev(BlockPort *port, uint64_t lba, const BlockSpan *spans, size_t count,
                      uint64_t tag);

/* What was written is on the host's disk when it is done. */
void pio_block_flush(BlockPort *port, uint64_t tag);
/* The guest no longer needs the sectors: the host may give up their space, or keep them. */
void pio_block_discard(BlockPort *port, uint64_t lba, uint32_t count, uint64_t tag);
/* The sectors read as zeros; `unmap`: the host may give up their space. */
void pio_block_write_zeroes(BlockPort *port, uint64_t lba, uint32_t count, bool unmap,
                            uint64_t tag);
/* `done` is not called for what was asked so far; whatever changes the disk happens all the same.
 */
void pio_block_cancel(BlockPort *port);

/*
 * What a device with a PROPERTY_DRIVE is told.  `port` says which of its drives:
 * 0 for the first PROPERTY_DRIVE of its properties.
 */
typedef struct BlockClient {
    void (*done)(void *state, unsigned port, uint64_t tag, bool ok);
    /* Whether the medium of the drive can change.  NULL: that of no drive can. */
    bool (*removable)(const void *state, unsigned port);
    /*
     * The medium was taken out, or another one put in: pio_block_sectors() tells.
     * Requests that are under way fail.
     */
    void (*medium_changed)(void *state, unsigned port);
    /*
     * The user asks for the medium.  False: the guest has locked the drive, and
     * is told of the wish if there is a way.  NULL: nothing can lock it.
     */
    bool (*eject_asked)(void *state, unsigned port);
} BlockClient;

/* ---- direct memory access ---- */

/* Drives DREQ: the device has bytes for the memory, or wants some. */
void pio_dma_request(DmaLine *line, bool level);
/*
 * While it requests: moves up to `size` bytes to or from guest memory, as the
 * channel was programmed, and returns how many it moved: fewer when the
 * channel is masked or otherwise unwilling (the device may try again later),
 * or when its count ended.  `ended` is set to whether it did (TC).  A channel
 * for words moves whole ones.
 */
size_t pio_dma_to_memory(DmaLine *line, const void *data, size_t size, bool *ended);
size_t pio_dma_from_memory(DmaLine *line, void *data, size_t size, bool *ended);

/* What a DMA controller is told of its channels. */
typedef struct DmaServer {
    void (*request)(void *state, unsigned channel, bool level);
    /* Exactly one of `from` and `to` is not NULL. */
    size_t (*transfer)(void *state, unsigned channel, const uint8_t *from, uint8_t *to, size_t size,
                       bool *ended);
    unsigned channel_count;
} DmaServer;

/* ---- data that the machine has ready for a device ---- */

/* One piece of it, by its number; all of it outlives the device and never changes. */
typedef struct DataItem {
    unsigned key;
    const char *name; /* of a file; NULL: it is none */
    const uint8_t *data;
    uint32_t size;
} DataItem;

typedef struct DataTable {
    const DataItem *items; /* each key is there once */
    size_t count;
} DataTable;

/* ---- keys and pointers ---- */

/*
 * Keys are named by the code they make in scan code set 1, those with a prefix
 * as 0xe000 + code; that of the Pause key is 0xe046.
 */
#define KEY_EXTENDED 0xe000u
#define KEY_PAUSE    0xe046u

#define POINTER_LEFT   0x1u
#define POINTER_RIGHT  0x2u
#define POINTER_MIDDLE 0x4u
/* One notch of the wheel, in the call that has the bit: away from the hand, or towards it. */
#define POINTER_WHEEL_UP   0x8u
#define POINTER_WHEEL_DOWN 0x10u

/* What a device with keys or a pointer is told.  Members may be NULL. */
typedef struct InputClient {
    /* False: there is no such key, or no room to remember it. */
    bool (*key)(void *state, unsigned code, bool pressed);
    /* By how much it moved (right and up are positive), and the buttons held now. */
    bool (*pointer)(void *state, int dx, int dy, unsigned buttons);
} InputClient;

/* ---- guest memory (for devices that master the bus) ---- */

/* False when any byte is outside RAM; nothing is copied then. */
bool pio_memory_read(Device *dev, uint64_t address, void *data, size_t size);
bool pio_memory_write(Device *dev, uint64_t address, const void *data, size_t size);

/*
 * A write of 1, 2, 4 or 8 bytes by the device itself, to whatever device is at
 * that address: an interrupt message.  The other device is called before this
 * returns and may call back, so the registers have to be right by then.  Where
 * the accelerator has local APICs of its own they take it if it is a message;
 * on a machine with threads and without those nothing happens.
 */
void pio_bus_write(Device *dev, uint64_t address, uint64_t value, unsigned size);

/* ---- the machine ---- */

/* The guest ends the run with a status, 0 to 255. */
void pio_request_exit(Device *dev, int status);
void pio_request_poweroff(Device *dev);
void pio_request_reset(Device *dev);
/*
 * For CPU `cpu` alone: it is initialized and, but for the first one, waits; a
 * CPU that waits starts in real mode at `vector` << 12.
 */
void pio_request_cpu_init(Device *dev, unsigned cpu);
void pio_request_cpu_start(Device *dev, unsigned cpu, uint8_t vector);

/*
 * The guest did something the data sheet forbids.  Logged once per `kind` (a
 * string literal) and counted after that.
 */
void pio_guest_error(Device *dev, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- saved state ---- */

typedef enum FieldKind { FIELD_BOOL, FIELD_UINT, FIELD_END } FieldKind;

/*
 * One saved field or array of fields.  A table of them ends with FIELD_END.
 *
 * A class that gains a field raises its `state_version` and writes the new
 * number in `since`.  A state that was saved before does not have the field,
 * which then gets `default_value` in each element.  A field that a class no
 * longer has is left out of the table: what an older state has of it is passed
 * over.
 */
typedef struct DeviceField {
    const char *name;
    size_t offset;
    unsigned size; /* of one element: 1, 2, 4 or 8 */
    unsigned count;
    FieldKind kind;
    unsigned since;         /* DeviceClass.state_version that it came with; 0: the first */
    uint64_t default_value; /* of an element, in a state of a version before `since` */
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
/* A number that came with `version` of the state, and was `value` before. */
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

/* The structs of this header whose tables a class points to. */
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
 * What each class begins with: the version of the header that it was built
 * with, and the size that each struct had in it.  pioemu compares both before
 * it looks at anything else, and refuses a class that it would misread.
 */
typedef struct DeviceClassHead {
    uint32_t abi;         /* DEVICE_ABI */
    uint32_t struct_size; /* of DeviceClass */
    const char *name;
    size_t state_size;
    uint16_t table_size[DEVICE_TABLE_MAX];
} DeviceClassHead;

#define DEVICE_CLASS_HEAD(class_name, state_type)                                                  \
    {                                                                                              \
        .abi = DEVICE_ABI, .struct_size = sizeof(DeviceClass), .name = class_name,                 \
        .state_size = sizeof(state_type),                                                          \
        .table_size = {                                                                            \
            [DEVICE_TABLE_PROPERTY] = sizeof(DeviceProperty),                                      \
            [DEVICE_TABLE_REGION] = sizeof(DeviceRegion),                                          \
            [DEVICE_TABLE_IO_OPS] = sizeof(IoOps),                                                 \
            [DEVICE_TABLE_OUTPUT] = sizeof(DeviceOutput),                                          \
            [DEVICE_TABLE_TIMER] = sizeof(DeviceTimer),                                            \
            [DEVICE_TABLE_FIELD] = sizeof(DeviceField),                                            \
            [DEVICE_TABLE_CHAR_CLIENT] = sizeof(CharClient),                                       \
            [DEVICE_TABLE_INPUT_CLIENT] = sizeof(InputClient),                                     \
            [DEVICE_TABLE_BLOCK_CLIENT] = sizeof(BlockClient),                                     \
            [DEVICE_TABLE_DMA_SERVER] = sizeof(DmaServer),                                         \
        },                                                                                         \
    }

/*
 * The state struct begins with `Device *dev`, which the framework sets.  It is
 * zeroed, then properties, lines, ports and timers are filled in, then
 * `realize` runs, then `reset`.
 */
typedef struct DeviceClass {
    DeviceClassHead head;    /* DEVICE_CLASS_HEAD(), which has the same place in every version */
    const char *description; /* one line */
    const DeviceProperty *properties;
    const DeviceRegion *regions;
    const DeviceOutput *outputs;
    const DeviceTimer *timers;
    const CharClient *char_client;
    const InputClient *input_client;
    const BlockClient *block_client;
    const DmaServer *dma_server; /* DMA controllers */
    const PciIdentity *pci;      /* devices/pci.h; NULL: the device is not on PCI */
    /* Checks the properties; false with a message in `error` (size bytes). */
    bool (*realize)(void *state, char *error, size_t size);
    /* Assigns every register and latch its power-on value; drives its lines. */
    void (*reset)(void *state);
    /* An input pin changed. */
    void (*set_pin)(void *state, unsigned pin, bool level);
    unsigned input_count;
    /*
     * Interrupt controllers: the CPU acknowledges; returns the vector.
     */
    uint8_t (*acknowledge)(void *state);
    /* Interrupt controllers: what pio_irq_pending() says of the line at `pin`. */
    bool (*input_pending)(const void *state, unsigned pin);
    /* Everything a snapshot needs. */
    const DeviceField *fields;
    /* Of `fields`; 0 counts as 1. */
    unsigned state_version;
    /* After a load: false if a field is impossible; else re-derives lines and timers. */
    bool (*post_load)(void *state);
    /* One line about the state, for crash reports: writes at most `size` bytes. */
    void (*describe)(const void *state, char *text, size_t size);
    /* Still busy with output that the outside will see: a halted CPU does not end that. */
    bool (*busy)(const void *state);
    void (*finalize)(void *state);
} DeviceClass;

/* ---- the entry point ---- */

/* What a file with devices offers. */
typedef struct DeviceModule {
    uint32_t abi;         /* DEVICE_ABI */
    uint32_t struct_size; /* of DeviceModule */
    const char *name;
    const DeviceClass *const *classes; /* NULL at the end */
} DeviceModule;

/* The function that such a file defines; its devices are looked up through it alone. */
const DeviceModule *pio_device_module(void);

#define DEVICE_MODULE(module_name, ...)                                                            \
    const DeviceModule *pio_device_module(void)                                                    \
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
