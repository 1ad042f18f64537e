/*
 * The engine's half of devices/device.h: making instances, setting their
 * properties, wiring them, resetting, saving and loading them.
 *
 * A device is made, given its properties, realized (which fills in its
 * collaborators, claims its regions and resets it) and freed, all in the main
 * thread while no vCPU runs.
 */
#ifndef PIOEMU_DEVICE_DEVICE_CORE_H
#define PIOEMU_DEVICE_DEVICE_CORE_H

#include "devices/device.h"
#include "devices/pci.h"
#include "src/board/bus.h"
#include "src/board/clock.h"
#include "src/board/memory.h"
#include "src/device/device_class.h"

#include <glib.h>

/* src/device/pci.h */
typedef struct PciBus PciBus;
/* src/device/device_services.h */
typedef struct DeviceServices DeviceServices;
typedef struct ServicesSource ServicesSource;

typedef enum DeviceRequestKind {
    DEVICE_EXIT,
    DEVICE_POWEROFF,
    DEVICE_RESET,
    DEVICE_CPU_INIT,
    DEVICE_CPU_START,
    DEVICE_REQUESTS
} DeviceRequestKind;

/* What a device asks of the machine. */
typedef struct DeviceRequest {
    DeviceRequestKind kind;
    int status;     /* DEVICE_EXIT: 0 to 255 */
    unsigned cpu;   /* DEVICE_CPU_INIT and DEVICE_CPU_START */
    uint8_t vector; /* DEVICE_CPU_START */
} DeviceRequest;

/* What the machine offers its devices.  Members may be NULL where noted. */
typedef struct DeviceHost {
    Bus *bus;
    Clock *clock;
    Memory *memory; /* NULL: device_memory_*() refuse */
    void *opaque;
    /* A line to ISA IRQ `irq`; NULL: IRQs are not connected. */
    IrqLine *(*irq_line)(void *opaque, unsigned irq);
    /* The device's end of chardev `id`; owned by the character core. */
    CharPort *(*char_port)(void *opaque, Device *dev, const char *id, GError **error);
    /* The device's end of drive `id`; owned by the block layer. */
    BlockPort *(*block_port)(void *opaque, Device *dev, const char *id, GError **error);
    /* ISA DMA channel `channel`; NULL: it is not connected. */
    DmaLine *(*dma_line)(void *opaque, unsigned channel);
    /* The data called `id`; it outlives the device. */
    const DataTable *(*data_table)(void *opaque, const char *id, GError **error);
    PciBus *pci; /* NULL: there is none */
    /* What the CPUs find at addresses below 1 MiB; NULL: the board decides. */
    void (*shadow)(void *opaque, uint32_t address, uint32_t size, ShadowMode mode);
    /* NULL: requests are ignored.  Called with the device's lock held; must not block. */
    void (*request)(void *opaque, const DeviceRequest *request);
    /* Local APICs elsewhere take messages: every write of a device's; NULL: the bus has them. */
    void (*message)(void *opaque, uint64_t address, uint32_t data);
    /* The guest did something forbidden, for the first time of its kind; NULL: not told. */
    void (*guest_error)(void *opaque, const Device *dev, const char *message);
    /* Where the board says what a property is unless it is set; NULL: nowhere. */
    DeviceDefault *board_default;
    ServicesSource *services; /* NULL: the machine's own */
} DeviceHost;

/*
 * `class` is one that device_class_check() lets pass; `host` outlives the device;
 * `id` is copied and names it in messages.
 */
Device *device_new(const DeviceClass *class, const char *id, const DeviceHost *host);
/* What is in its `number`th property for a drive; NULL: nothing, or it has no such property. */
BlockPort *device_block_port(const Device *dev, uint64_t number);
void device_free(Device *dev);

bool device_set_property(Device *dev, const char *name, const char *value, GError **error);
/* `text` is "name=value,name=value"; NULL or empty sets nothing. */
bool device_set_properties(Device *dev, const char *text, GError **error);
bool device_realize(Device *dev, GError **error);

const char *device_id(const Device *dev);
const DeviceClass *device_class(const Device *dev);
void *device_state(Device *dev);
GMutex *device_mutex(Device *dev);

/* Wires the output `name` (a DeviceOutput), before realize; false: the class has no such output. */
bool device_connect(Device *dev, const char *name, IrqLine *line, GError **error);

/* Each takes the device's lock. */
void device_reset(Device *dev);
void device_set_input(Device *dev, unsigned pin, bool level);
uint8_t device_acknowledge(Device *dev);
/* The user's keys and pointer; false when the device has none or takes no more. */
bool device_key(Device *dev, unsigned code, bool pressed);
bool device_pointer(Device *dev, int dx, int dy, unsigned buttons);
/* Answers pio_irq_pending() of a line that leads to `pin` of this controller. */
bool device_input_pending(Device *dev, unsigned pin);
/* One line, or an empty string; the caller frees it. */
char *device_describe(Device *dev);
/* Each property with its value as QEMU writes it: 1016 (0x3f8), true, "text". */
void device_foreach_property(const Device *dev,
                             void (*visit)(void *opaque, const char *name, const char *text),
                             void *opaque);
/* An element of a field of the saved state; false: the class has no such field. */
bool device_field_value(Device *dev, const char *name, unsigned index, uint64_t *value);

bool device_busy(Device *dev);
/* How often each kind of guest error came; "kind: n, ..." or NULL. */
char *device_guest_errors(Device *dev);

/* The saved state: self-describing, independent of the host's layout. */
GBytes *device_save(Device *dev);
/* On failure the device is reset. */
bool device_load(Device *dev, GBytes *saved, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Device, device_free)

#endif
