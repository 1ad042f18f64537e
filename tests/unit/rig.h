/*
 * The test rig: a host for devices without a machine around it.
 *
 * It has a bus, a stepped clock, interrupt lines that record, and character lines
 * that a test fills, drains and blocks.  Nothing happens that the test does not do:
 * there are no threads, no loop and no host time.
 *
 * rig_char.c replaces the character core: it defines what devices/device.h declares
 * of it.
 */
#ifndef PIOEMU_TEST_RIG_H
#define PIOEMU_TEST_RIG_H

#include "src/board/irq.h"
#include "src/device/device_core.h"

#include <glib.h>

/* The ISA IRQs, and as many lines for outputs that a test connects with rig_line(). */
#define RIG_LINES 32u

typedef struct Rig Rig;

Rig *rig_new(void);
/* The bus is as for a CPU in the loop's thread, so devices may write to each other. */
Rig *rig_new_unlocked(void);
/* Frees the devices too. */
void rig_free(Rig *rig);

/* ---- devices: `class_name` as in devices/, "name=value,..." may be NULL ---- */

Device *rig_device(Rig *rig, const char *class_name, const char *properties);
/*
 * Makes a device in two steps, so that device_connect() can be called in between.
 * The message of a refusal is rig_error().
 */
Device *rig_device_new(Rig *rig, const char *class_name);
/* The same for a class of the test. */
Device *rig_device_of(Rig *rig, const DeviceClass *class);
bool rig_realize(Rig *rig, Device *dev, const char *properties);
const char *rig_error(const Rig *rig);

const DeviceClass *rig_class(const char *class_name);

/* Loads the result of device_save().  Returns false if the device refuses it. */
bool rig_load(Device *dev, GBytes *saved);
/* A saved state with element `index` of one field replaced. */
GBytes *rig_patch(GBytes *saved, const char *field, unsigned index, uint64_t value);

/* ---- accesses of 1, 2 or 4 bytes ---- */

uint32_t rig_in(Rig *rig, uint16_t port, unsigned size);
void rig_out(Rig *rig, uint16_t port, uint32_t value, unsigned size);
uint8_t rig_inb(Rig *rig, uint16_t port);
void rig_outb(Rig *rig, uint16_t port, uint8_t value);
/* Selects the CPU that makes the following accesses; at first 0. */
void rig_set_cpu(Rig *rig, unsigned cpu);
/* Accesses 32 bits at a memory address that a device has claimed. */
uint32_t rig_read32(Rig *rig, uint64_t address);
void rig_write32(Rig *rig, uint64_t address, uint32_t value);
/* The same for 1, 2, 4 or 8 bytes. */
uint64_t rig_read(Rig *rig, uint64_t address, unsigned size);
void rig_write(Rig *rig, uint64_t address, uint64_t value, unsigned size);
/* REP OUTS and REP INS. */
void rig_out_block(Rig *rig, uint16_t port, const void *items, size_t count, unsigned size);
void rig_in_block(Rig *rig, uint16_t port, void *items, size_t count, unsigned size);

/* ---- time ---- */

void rig_step(Rig *rig, uint64_t ns);
uint64_t rig_now(const Rig *rig);
Clock *rig_clock(Rig *rig);
Bus *rig_bus(Rig *rig);
/* Lets time pass without serving any deadline until its end, as when the host is late. */
void rig_late(Rig *rig, uint64_t ns);

/* ---- interrupt lines ---- */

bool rig_irq(const Rig *rig, unsigned line);
/* How often the line rose, and when it last changed. */
unsigned rig_irq_edges(const Rig *rig, unsigned line);
uint64_t rig_irq_changed_at(const Rig *rig, unsigned line);
/* Connects the ISA IRQs to the inputs of this interrupt controller. */
void rig_wire_irqs(Rig *rig, Device *controller);
/* Sets the answer of pio_irq_pending() for a line without a controller. */
void rig_set_pending(Rig *rig, unsigned line, bool pending);
/* Makes another driver of the recorder `line`, to connect an output. */
IrqLine *rig_line(Rig *rig, unsigned line);

/* ---- requests and complaints ---- */

/* The status of the first exit that was requested, or -1. */
int rig_exit_status(const Rig *rig);
/* How often a request of this kind came, and the number in the last one. */
unsigned rig_requests(const Rig *rig, DeviceRequestKind kind);
const DeviceRequest *rig_request(const Rig *rig, DeviceRequestKind kind);
/* The number of guest errors, each kind counted once. */
unsigned rig_guest_error_count(const Rig *rig);

/* ---- character lines: chardev=ID in the properties ---- */

typedef struct RigChar {
    GString *output;    /* the output of the device */
    size_t tx_room;     /* how much more the line accepts; G_MAXSIZE: no limit */
    unsigned lines_out; /* CHAR_LINE_DTR and CHAR_LINE_RTS */
    bool break_out;
    unsigned breaks; /* how many breaks began */
    CharFormat format;
    GString *input;   /* input that waits for the device */
    unsigned lines;   /* the lines that the other side drives */
    CharPort *port;   /* NULL: no device yet */
    size_t largest;   /* the largest receive() so far */
    unsigned refills; /* how often pio_char_rx_ready() was called */
} RigChar;

/* Makes the line when it is first mentioned. */
RigChar *rig_char(Rig *rig, const char *id);
/* Returns the output since the last call; the caller frees it. */
char *rig_char_take(RigChar *line);
void rig_char_input(RigChar *line, const char *text);
void rig_char_input_bytes(RigChar *line, const void *data, size_t size);
void rig_char_break(RigChar *line);
void rig_char_set_lines(RigChar *line, unsigned lines);
/* Accepts `room` bytes more, and tells the device. */
void rig_char_set_room(RigChar *line, size_t room);

/* ---- data: of whatever name a property of PROPERTY_DATA has ---- */

/* Sets the items for devices that are made later.  The test keeps them. */
void rig_set_data(Rig *rig, const DataTable *data);

/* ---- memory ---- */

#define RIG_MEMORY_SIZE 0x40000u

/* The memory of all devices, which exists from the first call on. */
Memory *rig_memory(Rig *rig);
/* The DMA controllers, with memory.  They are made for the first device that has a channel. */
Device *rig_dma(Rig *rig);

/* ---- drives: a property of PROPERTY_DRIVE names one ---- */

/* Of a larger drive only the first sectors can be written. */
#define RIG_DRIVE_STORED 1024u

typedef struct RigDrive {
    uint64_t sectors, stored;
    bool read_only, cdrom;
    uint8_t *data; /* byte i of the disk starts as i / 512 + i */
    uint64_t bad;  /* this sector cannot be read or written, and nothing can be flushed */
    unsigned flushes;
    BlockPort *port; /* NULL: no device yet */
} RigDrive;

/* Makes a drive.  It must be called before a device gets the drive. */
RigDrive *rig_drive(Rig *rig, const char *id, uint64_t sectors);
/* Makes a drive that stores fewer sectors, which is quicker. */
RigDrive *rig_drive_sparse(Rig *rig, const char *id, uint64_t sectors, uint64_t stored);
/* From now on the drive is write-protected. */
void rig_drive_protect(RigDrive *drive);
/* Inserts another medium, with the first sectors of the drive.  0: the drive is empty. */
void rig_drive_change(RigDrive *drive, uint64_t sectors);
/* Asks the device to release the medium, and returns whether it does. */
bool rig_drive_eject(RigDrive *drive);
/* Performs the oldest request and reports it.  False: there is none. */
bool rig_drive_step(RigDrive *drive);

/* ---- networks: a property of PROPERTY_NET names one ---- */

typedef struct RigNet {
    GPtrArray *sent; /* of GBytes: the frames that the device sent */
    unsigned room;   /* how many it may send before it has to wait */
    unsigned ready;  /* how often the device said that it can receive */
    NetPort *port;   /* NULL: no device yet */
} RigNet;

/* Makes the network when it is first mentioned. */
RigNet *rig_net(Rig *rig, const char *id);
/* Returns false if the device cannot receive now. */
bool rig_net_send(RigNet *net, const void *frame, size_t size);
void rig_net_link(RigNet *net, bool up);
/* Lets the device send up to that many frames in all, and tells it. */
void rig_net_set_room(RigNet *net, unsigned room);

RigNet *rig_net_new(void);
void rig_net_free(RigNet *net);
NetPort *rig_net_connect(RigNet *net, Device *dev);

/* ---- between rig.c, rig_block.c and rig_char.c ---- */

RigDrive *rig_drive_new(uint64_t sectors, uint64_t stored);
void rig_drive_free(RigDrive *drive);
BlockPort *rig_drive_connect(RigDrive *drive, Device *dev);

RigChar *rig_char_new(void);
void rig_char_free(RigChar *line);
CharPort *rig_char_connect(RigChar *line, Device *dev);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

#endif
