/*
 * The test rig: a host for devices with no machine around it.
 *
 * It has a bus, a stepped clock, recording interrupt lines and character
 * lines that a test fills, drains and blocks by hand.  Nothing happens but
 * what the test does: no threads, no loop, no host time.
 *
 * rig_char.c takes the place of the character core: it defines what
 * devices/device.h declares of it.
 */
#ifndef PIOEMU_TEST_RIG_H
#define PIOEMU_TEST_RIG_H

#include "src/board/irq.h"
#include "src/device/device_core.h"

#include <glib.h>

/* ISA IRQs, and as many more for outputs that a test wires with rig_line(). */
#define RIG_LINES 32u

typedef struct Rig Rig;

Rig *rig_new(void);
/* With a bus as for a CPU in the loop's thread: devices may write to one another. */
Rig *rig_new_unlocked(void);
/* Frees the devices too. */
void rig_free(Rig *rig);

/* ---- devices: `class_name` as in devices/, "name=value,..." may be NULL ---- */

Device *rig_device(Rig *rig, const char *class_name, const char *properties);
/* In two steps, for device_connect() in between; the message of a refusal is rig_error(). */
Device *rig_device_new(Rig *rig, const char *class_name);
/* The same of a class of the test's own. */
Device *rig_device_of(Rig *rig, const DeviceClass *class);
bool rig_realize(Rig *rig, Device *dev, const char *properties);
const char *rig_error(const Rig *rig);

const DeviceClass *rig_class(const char *class_name);

/* Loads what device_save() gave; false when the device refuses it. */
bool rig_load(Device *dev, GBytes *saved);
/* A saved state with element `index` of one field replaced. */
GBytes *rig_patch(GBytes *saved, const char *field, unsigned index, uint64_t value);

/* ---- accesses of 1, 2 or 4 bytes ---- */

uint32_t rig_in(Rig *rig, uint16_t port, unsigned size);
void rig_out(Rig *rig, uint16_t port, uint32_t value, unsigned size);
uint8_t rig_inb(Rig *rig, uint16_t port);
void rig_outb(Rig *rig, uint16_t port, uint8_t value);
/* Which CPU makes the accesses from now on: at first 0. */
void rig_set_cpu(Rig *rig, unsigned cpu);
/* 32 bits at a memory address that a device claims. */
uint32_t rig_read32(Rig *rig, uint64_t address);
void rig_write32(Rig *rig, uint64_t address, uint32_t value);
/* 1, 2, 4 or 8 bytes there. */
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
/* Time passes and no deadline is served until its end, as when the host is late. */
void rig_late(Rig *rig, uint64_t ns);

/* ---- interrupt lines ---- */

bool rig_irq(const Rig *rig, unsigned line);
/* How often it rose, and when it last changed. */
unsigned rig_irq_edges(const Rig *rig, unsigned line);
uint64_t rig_irq_changed_at(const Rig *rig, unsigned line);
/* The ISA IRQs also drive the inputs of this interrupt controller. */
void rig_wire_irqs(Rig *rig, Device *controller);
/* What pio_irq_pending() says of a line without a controller. */
void rig_set_pending(Rig *rig, unsigned line, bool pending);
/* To wire an output: another driver of the recorder `line`. */
IrqLine *rig_line(Rig *rig, unsigned line);

/* ---- requests and complaints ---- */

/* The status of the first exit that was requested, or -1. */
int rig_exit_status(const Rig *rig);
/* How often a request of this kind came, and what the last one was. */
unsigned rig_requests(const Rig *rig, DeviceRequestKind kind);
const DeviceRequest *rig_request(const Rig *rig, DeviceRequestKind kind);
/* The first complaints of each kind that devices made about the guest. */
unsigned rig_guest_error_count(const Rig *rig);

/* ---- character lines: chardev=ID in the properties ---- */

typedef struct RigChar {
    GString *output;    /* what the device wrote */
    size_t tx_room;     /* how much more it takes; G_MAXSIZE: no limit */
    unsigned lines_out; /* CHAR_LINE_DTR and CHAR_LINE_RTS */
    bool break_out;
    unsigned breaks; /* how often it began */
    CharFormat format;
    GString *input;   /* what waits for the device */
    unsigned lines;   /* what the other side drives */
    CharPort *port;   /* NULL: no device yet */
    size_t largest;   /* receive() that there was */
    unsigned refills; /* pio_char_rx_ready() calls */
} RigChar;

/* Made at its first mention. */
RigChar *rig_char(Rig *rig, const char *id);
/* What was written since the last call; the caller frees it. */
char *rig_char_take(RigChar *line);
void rig_char_input(RigChar *line, const char *text);
void rig_char_input_bytes(RigChar *line, const void *data, size_t size);
void rig_char_break(RigChar *line);
void rig_char_set_lines(RigChar *line, unsigned lines);
/* Takes `room` bytes more, and says so to the device. */
void rig_char_set_room(RigChar *line, size_t room);

/* ---- data: of whatever name a property of PROPERTY_DATA has ---- */

/* For the devices to come; it stays the test's. */
void rig_set_data(Rig *rig, const DataTable *data);

/* ---- memory ---- */

#define RIG_MEMORY_SIZE 0x40000u

/* That of all devices from the first call on; without one there is no memory. */
Memory *rig_memory(Rig *rig);
/* The DMA controllers, with memory: made for the first device that has a channel. */
Device *rig_dma(Rig *rig);

/* ---- drives: a property of PROPERTY_DRIVE names one ---- */

/* Of larger drives only the first sectors keep what is written. */
#define RIG_DRIVE_STORED 1024u

typedef struct RigDrive {
    uint64_t sectors, stored;
    bool read_only, cdrom;
    uint8_t *data; /* byte i of the disk starts as i / 512 + i */
    uint64_t bad;  /* this sector cannot be read or written, nor anything flushed */
    unsigned flushes;
    BlockPort *port; /* NULL: no device yet */
} RigDrive;

/* Made before a device is given it. */
RigDrive *rig_drive(Rig *rig, const char *id, uint64_t sectors);
/* One that keeps fewer of its sectors, and is made faster. */
RigDrive *rig_drive_sparse(Rig *rig, const char *id, uint64_t sectors, uint64_t stored);
/* Nothing can be written from now on. */
void rig_drive_protect(RigDrive *drive);
/* Another medium is in it, of the drive's first sectors; none: it is empty. */
void rig_drive_change(RigDrive *drive, uint64_t sectors);
/* Asks the device for the medium; whether it gives it. */
bool rig_drive_eject(RigDrive *drive);
/* Carries out and tells the oldest request; false: there is none. */
bool rig_drive_step(RigDrive *drive);

/* ---- between rig.c, rig_block.c and rig_char.c ---- */

RigDrive *rig_drive_new(uint64_t sectors, uint64_t stored);
void rig_drive_free(RigDrive *drive);
BlockPort *rig_drive_connect(RigDrive *drive, Device *dev);

RigChar *rig_char_new(void);
void rig_char_free(RigChar *line);
CharPort *rig_char_connect(RigChar *line, Device *dev);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

#endif
