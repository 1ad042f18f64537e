/*
 * The machine's side of devices/device.h.  It makes instances, sets their
 * properties, and wires, resets, saves and loads them.
 *
 * A device is made, given its properties, realized (which fills in its
 * collaborators, claims its regions and resets it) and freed.  All of this is
 * done in the main thread while no vCPU runs.
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

/* A request of a device to the machine. */
typedef struct DeviceRequest {
    DeviceRequestKind kind;
    int status;     /* DEVICE_EXIT: 0 to 255 */
    unsigned cpu;   /* DEVICE_CPU_INIT and DEVICE_CPU_START */
    uint8_t vector; /* DEVICE_CPU_START */
} DeviceRequest;

/* What the machine provides to its devices.  Members may be NULL where noted. */
typedef struct DeviceHost {
    Bus *bus;
    Clock *clock;
    Memory *memory; /* if it is NULL, accesses to guest memory fail */
    void *opaque;
    /* Returns a line to ISA IRQ `irq`.  NULL if IRQs are not connected. */
    IrqLine *(*irq_line)(void *opaque, unsigned irq);
    /* Returns the device's end of chardev `id`, which the character core frees. */
    CharPort *(*char_port)(void *opaque, Device *dev, const char *id, GError **error);
    /* Returns the device's end of drive `id`, which the block layer frees. */
    BlockPort *(*block_port)(void *opaque, Device *dev, const char *id, GError **error);
    /* Returns the device's end of netdev `id`, which the network core frees. */
    NetPort *(*net_port)(void *opaque, Device *dev, const char *id, GError **error);
    /* Returns the line to ISA DMA channel `channel`.  NULL if it is not connected. */
    DmaLine *(*dma_line)(void *opaque, unsigned channel);
    /* Returns the data called `id`, which outlive the device. */
    const DataTable *(*data_table)(void *opaque, const char *id, GError **error);
    PciBus *pci; /* NULL if there is no PCI bus */
    /* Selects what the CPUs see at addresses below 1 MiB.  NULL if only the board decides. */
    void (*shadow)(void *opaque, uint32_t address, uint32_t size, ShadowMode mode);
    /*
     * Passes a request on.  NULL ignores requests.  It is called with the
     * device's lock held and must not block.
     */
    void (*request)(void *opaque, const DeviceRequest *request);
    /*
     * Takes every write by a device, if the accelerator has local APICs of its
     * own.  NULL if they are on the bus.
     */
    void (*message)(void *opaque, uint64_t address, uint32_t data);
    /* Reports the first guest error of each kind.  NULL if it need not know. */
    void (*guest_error)(void *opaque, const Device *dev, const char *message);
    /* Returns the board's value for a property that is not set.  NULL if the board has none. */
    DeviceDefault *board_default;
    ServicesSource *services; /* NULL for the machine's own services */
} DeviceHost;

/*
 * `class` must have passed device_class_check(), and `host` must outlive the
 * device. `id` is copied.  Messages use it as the device's name.
 */
Device *device_new(const DeviceClass *class, const char *id, const DeviceHost *host);
/*
 * Returns the drive of the `number`th drive property, or NULL if it is empty
 * or there is no such property.
 */
BlockPort *device_block_port(const Device *dev, uint64_t number);
/* The same for a network. */
NetPort *device_net_port(const Device *dev, uint64_t number);
void device_free(Device *dev);

bool device_set_property(Device *dev, const char *name, const char *value, GError **error);
/* Sets properties from "name=value,name=value".  NULL or an empty text sets nothing. */
bool device_set_properties(Device *dev, const char *text, GError **error);
bool device_realize(Device *dev, GError **error);

const char *device_id(const Device *dev);
const DeviceClass *device_class(const Device *dev);
void *device_state(Device *dev);
GMutex *device_mutex(Device *dev);

/*
 * Wires the output `name` (a DeviceOutput).  Call it before realize.  Returns
 * false if the class has no such output.
 */
bool device_connect(Device *dev, const char *name, IrqLine *line, GError **error);

/* These take the device's lock. */
void device_reset(Device *dev);
void device_set_input(Device *dev, unsigned pin, bool level);
uint8_t device_acknowledge(Device *dev);
/*
 * Pass the user's keys and pointer on.  They return false if the device has
 * none or takes no more.
 */
bool device_key(Device *dev, unsigned code, bool pressed);
bool device_pointer(Device *dev, int dx, int dy, unsigned buttons);
/* Answers pio_irq_pending() for a line that leads to `pin` of this controller. */
bool device_input_pending(Device *dev, unsigned pin);
/* Returns one line or an empty string.  The caller frees it. */
char *device_describe(Device *dev);
/* Calls back for each property, with its value in QEMU's form: 1016 (0x3f8), true, "text". */
void device_foreach_property(const Device *dev,
                             void (*visit)(void *opaque, const char *name, const char *text),
                             void *opaque);
/* Reads an element of a field of the saved state.  Returns false if the class has no such field. */
bool device_field_value(Device *dev, const char *name, unsigned index, uint64_t *value);

bool device_busy(Device *dev);
/* Returns how often each kind of guest error occurred, as "kind: n, ...", or NULL. */
char *device_guest_errors(Device *dev);

/* Returns the saved state.  It describes itself and does not depend on the layout of structs. */
GBytes *device_save(Device *dev);
/* If it fails, the device is reset. */
bool device_load(Device *dev, GBytes *saved, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Device, device_free)

#endif
