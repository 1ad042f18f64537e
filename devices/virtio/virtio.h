/*
 * Virtio over PCI, without the interface of before 1.0 (Virtual I/O Device 1.2,
 * section 4.1): the registers through which a driver finds out what a device is,
 * chooses features, and says where its queues are.
 *
 * A device puts a Virtio first in its state, gives it a VirtioType in realize(), and
 * uses VIRTIO_REGIONS and the like in its class.
 */
#ifndef PIOEMU_VIRTIO_VIRTIO_H
#define PIOEMU_VIRTIO_VIRTIO_H

#include "devices/pci.h"
#include "devices/virtio/virtqueue.h"

#define VIRTIO_VENDOR       0x1af4
#define VIRTIO_DEVICE(type) (0x1040 + (type)) /* PCI device id of a device type [4.1.2] */
#define VIRTIO_QUEUES_MAX   8u
#define VIRTIO_BAR          4

/* Feature bits of every device [6]. */
#define VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX     (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1     (UINT64_C(1) << 32)

typedef struct VirtioType {
    uint16_t queue_size;
    /* The features that the device offers beside those above. */
    uint64_t (*features)(const void *state);
    unsigned (*queue_count)(const void *state);
    /* The device's own configuration: fills `bytes`, and says how many there are. */
    unsigned (*config)(const void *state, uint8_t bytes[64]);
    /* NULL: no byte of it can be written. */
    void (*config_written)(void *state, unsigned offset, uint8_t value);
    /* The driver has put something into the queue. */
    void (*notified)(void *state, unsigned queue);
    /* The driver has reset the device, or broken a rule: no request may go on. */
    void (*stop)(void *state);
} VirtioType;

typedef struct Virtio {
    Device *dev; /* must be first */
    const VirtioType *type;
    IrqLine *intx;
    uint32_t device_feature_select, driver_feature_select;
    uint64_t features; /* that the driver has accepted */
    uint16_t queue_select;
    uint8_t status;
    uint8_t interrupt_status;
    uint8_t generation; /* of the device's configuration */
    uint8_t enabled[VIRTIO_QUEUES_MAX];
    uint16_t size[VIRTIO_QUEUES_MAX];
    uint16_t taken[VIRTIO_QUEUES_MAX], returned[VIRTIO_QUEUES_MAX], told[VIRTIO_QUEUES_MAX];
    uint8_t has_told[VIRTIO_QUEUES_MAX];
    uint64_t descriptors[VIRTIO_QUEUES_MAX], driver_ring[VIRTIO_QUEUES_MAX],
        device_ring[VIRTIO_QUEUES_MAX];
} Virtio;

/* ---- for the class of a device ---- */

extern const DeviceRegion virtio_regions[];
extern const DeviceOutput virtio_outputs[];
extern const PciBar virtio_bars[];
extern const PciRegister virtio_registers[];

/* What follows the class code are further members. */
#define VIRTIO_IDENTITY(number, class_code_, ...)                                                  \
    {                                                                                              \
        .struct_size = sizeof(PciIdentity), .vendor = VIRTIO_VENDOR,                               \
        .device = VIRTIO_DEVICE(number), .subsystem_vendor = VIRTIO_VENDOR, .subsystem = 0x1100,   \
        .class_code = class_code_, .revision = 1, .pin = 1, .bus_master = true,                    \
        .bars = virtio_bars, .registers = virtio_registers, .capabilities = VIRTIO_CAPABILITIES,   \
        __VA_ARGS__                                                                                \
    }
#define VIRTIO_CAPABILITIES 0x40

#define VIRTIO_FIELDS(type)                                                                        \
    DEVICE_FIELD(type, virtio.device_feature_select),                                              \
        DEVICE_FIELD(type, virtio.driver_feature_select), DEVICE_FIELD(type, virtio.features),     \
        DEVICE_FIELD(type, virtio.queue_select), DEVICE_FIELD(type, virtio.status),                \
        DEVICE_FIELD(type, virtio.interrupt_status), DEVICE_FIELD(type, virtio.generation),        \
        DEVICE_FIELD_ARRAY(type, virtio.enabled), DEVICE_FIELD_ARRAY(type, virtio.size),           \
        DEVICE_FIELD_ARRAY(type, virtio.taken), DEVICE_FIELD_ARRAY(type, virtio.returned),         \
        DEVICE_FIELD_ARRAY(type, virtio.told), DEVICE_FIELD_ARRAY(type, virtio.has_told),          \
        DEVICE_FIELD_ARRAY(type, virtio.descriptors),                                              \
        DEVICE_FIELD_ARRAY(type, virtio.driver_ring), DEVICE_FIELD_ARRAY(type, virtio.device_ring)

void virtio_reset(Virtio *v);
/* Returns false if the loaded state is impossible. */
bool virtio_post_load(Virtio *v);

/* ---- for a device at work ---- */

/* Whether the driver has set the device up and it is not broken. */
bool virtio_runs(const Virtio *v);
bool virtio_queue_runs(const Virtio *v, unsigned queue);
/*
 * Takes the next chain.  Returns false if there is none; the driver then notifies
 * for the next one.  A chain that is not allowed breaks the device.
 */
bool virtio_take(Virtio *v, unsigned queue, VirtqChain *chain);
/* Reads a chain that was taken earlier once more.  Returns false if it is not allowed. */
bool virtio_look_at(Virtio *v, unsigned queue, uint16_t head, VirtqChain *chain);
/* Gives a chain back and interrupts if the driver wants to know. */
void virtio_return(Virtio *v, unsigned queue, uint16_t head, uint32_t written);
/* The device's configuration has changed. */
void virtio_config_changed(Virtio *v);
/* The driver has broken a rule: nothing works until it resets the device [2.1.2]. */
void virtio_break(Virtio *v, const char *why);

#endif
