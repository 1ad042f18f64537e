/*
 * Hard disks on virtio's PCI transport (VIRTIO 1.2, sections 4.1 and 5.2; numbers
 * in brackets are sections).
 *
 * Each disk has a queue of its own with one request at a time, whose end is polled.
 * Other interrupts are served meanwhile.  The registers are above 1 MiB, so each
 * access to them goes through protected mode.
 */
#include "bios/virtio_disk.h"

#include "bios/boot_order.h"
#include "bios/fixed_disk.h"
#include "bios/pci.h"
#include "bios/services.h"

#include "devices/pci/pci_regs.h"

#define VENDOR        0x1af4u
#define DEVICE        0x1042u
#define DISKS_MAX     8u
#define TIMEOUT_TICKS (18u * 32u)

/* ---- registers ---- */

/* A vendor's capability, and where in it things are [4.1.4]. */
#define CAP_VENDOR     0x09
#define CAP_NEXT       1u
#define CAP_KIND       3u
#define CAP_BAR        4u
#define CAP_OFFSET     8u
#define CAP_MULTIPLIER 16u
#define CAPS_MAX       48u /* there is no room for more, so they are in a circle */

enum { KIND_COMMON = 1, KIND_NOTIFY = 2, KIND_DEVICE = 4, KINDS = 5 };

/* The common configuration [4.1.4.3]. */
#define DEVICE_FEATURE_SELECT 0x00
#define DEVICE_FEATURE        0x04
#define DRIVER_FEATURE_SELECT 0x08
#define DRIVER_FEATURE        0x0c
#define DEVICE_STATUS         0x14
#define QUEUE_SELECT          0x16
#define QUEUE_SIZE            0x18
#define QUEUE_ENABLE          0x1c
#define QUEUE_NOTIFY_OFFSET   0x1e
#define QUEUE_DESCRIPTORS     0x20
#define QUEUE_DRIVER          0x28
#define QUEUE_DEVICE          0x30

/* Device status [2.1]. */
#define STATUS_ACKNOWLEDGE 0x01
#define STATUS_DRIVER      0x02
#define STATUS_DRIVER_OK   0x04
#define STATUS_FEATURES_OK 0x08

#define FEATURE_READ_ONLY 0x20u /* in features 0 to 31 */
#define FEATURE_VERSION_1 0x01u /* in features 32 to 63 */

/* ---- the queue [2.7] ---- */

#define ENTRIES      4u
#define DESC_NEXT    1u
#define DESC_WRITE   2u
#define NO_INTERRUPT 1u
#define REQUEST_IN   0u
#define REQUEST_OUT  1u
#define REQUEST_OK   0u
#define STATUS_UNSET 0xffu

typedef struct Descriptor {
    uint32_t address, address_high, length;
    uint16_t flags, next;
} Descriptor;

typedef struct __attribute__((aligned(16))) Queue {
    Descriptor descriptors[ENTRIES];
    struct {
        uint16_t flags, index, ring[ENTRIES], used_event;
    } driver;
    uint16_t pad;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t id, length;
        } ring[ENTRIES];
        uint16_t available_event;
    } device;
    struct {
        uint32_t kind, reserved;
        uint64_t sector;
    } header;
    uint8_t status;
} Queue;

typedef struct VirtioDisk {
    volatile Queue queue;
    uint32_t parts[KINDS]; /* the addresses of the parts of its registers */
    uint32_t notify;       /* the address to which the queue's number is written */
    uint32_t notify_multiplier;
    bool read_only;
} VirtioDisk;

static VirtioDisk disks[DISKS_MAX];

/* ---- registers above 1 MiB ---- */

static uint32_t reg_read(uint32_t address, unsigned size)
{
    static uint32_t value;
    value = 0;
    memory_move_units(linear_address(&value), address, 1, size);
    return *(volatile uint32_t *)&value;
}

static void reg_write(uint32_t address, uint32_t value, unsigned size)
{
    static volatile uint32_t copy;
    copy = value;
    memory_move_units(address, linear_address((const void *)&copy), 1, size);
}

static uint32_t common(const VirtioDisk *disk, uint32_t offset)
{
    return disk->parts[KIND_COMMON] + offset;
}

static uint8_t add_status(const VirtioDisk *disk, uint8_t bits)
{
    uint32_t at = common(disk, DEVICE_STATUS);
    reg_write(at, reg_read(at, 1) | bits, 1);
    return (uint8_t)reg_read(at, 1);
}

/* Notes where the parts are.  Returns false if one is missing or above 4 GiB. */
static bool find_parts(VirtioDisk *disk, unsigned function)
{
    uint8_t at = pci_read8(function, PCI_CAPABILITIES);
    for (unsigned left = CAPS_MAX; at && left; left--) {
        uint8_t kind = pci_read8(function, at + CAP_KIND);
        if (pci_read8(function, at) == CAP_VENDOR && kind < KINDS && !disk->parts[kind]) {
            uint8_t bar = (uint8_t)(PCI_BAR0 + 4 * pci_read8(function, at + CAP_BAR));
            uint32_t base = pci_read32(function, bar);
            bool high = base & PCI_BAR_WIDE && pci_read32(function, bar + 4);
            base &= ~(uint32_t)(PCI_BAR_WIDE | PCI_BAR_PREFETCH);
            disk->parts[kind] = high || !base ? 0 : base + pci_read32(function, at + CAP_OFFSET);
            if (kind == KIND_NOTIFY) {
                disk->notify_multiplier = pci_read32(function, at + CAP_MULTIPLIER);
            }
        }
        at = pci_read8(function, at + CAP_NEXT);
    }
    return disk->parts[KIND_COMMON] && disk->parts[KIND_NOTIFY] && disk->parts[KIND_DEVICE];
}

/* ---- starting a disk [3.1.1] ---- */

static uint32_t features(const VirtioDisk *disk, uint32_t which)
{
    reg_write(common(disk, DEVICE_FEATURE_SELECT), which, 4);
    return reg_read(common(disk, DEVICE_FEATURE), 4);
}

static void accept(const VirtioDisk *disk, uint32_t which, uint32_t accepted)
{
    reg_write(common(disk, DRIVER_FEATURE_SELECT), which, 4);
    reg_write(common(disk, DRIVER_FEATURE), accepted, 4);
}

static void set_ring(const VirtioDisk *disk, uint32_t offset, const volatile void *ring)
{
    reg_write(common(disk, offset), linear_address((const void *)ring), 4);
    reg_write(common(disk, offset + 4), 0, 4);
}

static bool start_queue(VirtioDisk *disk)
{
    volatile Queue *queue = &disk->queue;
    reg_write(common(disk, QUEUE_SELECT), 0, 2);
    if (reg_read(common(disk, QUEUE_SIZE), 2) < ENTRIES) {
        return false;
    }
    queue->driver.index = queue->device.index = 0;
    queue->driver.flags = NO_INTERRUPT;
    reg_write(common(disk, QUEUE_SIZE), ENTRIES, 2);
    set_ring(disk, QUEUE_DESCRIPTORS, queue->descriptors);
    set_ring(disk, QUEUE_DRIVER, &queue->driver);
    set_ring(disk, QUEUE_DEVICE, &queue->device);
    disk->notify = disk->parts[KIND_NOTIFY] +
                   reg_read(common(disk, QUEUE_NOTIFY_OFFSET), 2) * disk->notify_multiplier;
    reg_write(common(disk, QUEUE_ENABLE), 1, 2);
    return true;
}

static bool start(VirtioDisk *disk)
{
    reg_write(common(disk, DEVICE_STATUS), 0, 1);
    add_status(disk, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    if (!(features(disk, 1) & FEATURE_VERSION_1)) {
        return false;
    }
    uint32_t accepted = features(disk, 0) & FEATURE_READ_ONLY;
    accept(disk, 0, accepted);
    accept(disk, 1, FEATURE_VERSION_1);
    disk->read_only = accepted;
    if (!(add_status(disk, STATUS_FEATURES_OK) & STATUS_FEATURES_OK) || !start_queue(disk)) {
        return false;
    }
    add_status(disk, STATUS_DRIVER_OK);
    return true;
}

/* ---- transfers ---- */

static void describe(volatile Queue *queue, unsigned index, uint32_t address, uint32_t length,
                     uint16_t flags)
{
    queue->descriptors[index].address = address;
    queue->descriptors[index].address_high = 0;
    queue->descriptors[index].length = length;
    queue->descriptors[index].flags = flags;
    queue->descriptors[index].next = (uint16_t)(index + 1);
}

/* Returns false if the device does not answer. */
static bool run(VirtioDisk *disk)
{
    volatile Queue *queue = &disk->queue;
    uint32_t start = BDA->ticks;
    queue->status = STATUS_UNSET;
    queue->driver.ring[queue->driver.index % ENTRIES] = 0;
    queue->driver.index++;
    reg_write(disk->notify, 0, 2);
    while (queue->device.index != queue->driver.index) {
        if (clock_ticks_since(start) >= TIMEOUT_TICKS) {
            return false;
        }
        bios_window();
    }
    return true;
}

static DiskStatus transfer(Drive *drive, DiskRequest *request)
{
    VirtioDisk *disk = (VirtioDisk *)drive->unit;
    volatile Queue *queue = &disk->queue;
    bool writes = request->verb == DISK_WRITE;
    if (request->verb == DISK_VERIFY) { /* there is no such request */
        request->done = request->count;
        return DISK_OK;
    }
    if (writes && disk->read_only) {
        return DISK_WRITE_PROTECTED;
    }
    queue->header.kind = writes ? REQUEST_OUT : REQUEST_IN;
    queue->header.sector = request->sector;
    describe(queue, 0, linear_address((const void *)&queue->header), sizeof(queue->header),
             DESC_NEXT);
    describe(queue, 1, request->address, request->count * DISK_SECTOR_SIZE,
             writes ? DESC_NEXT : DESC_NEXT | DESC_WRITE);
    describe(queue, 2, linear_address((const void *)&queue->status), sizeof(queue->status),
             DESC_WRITE);
    if (!run(disk)) {
        start(disk);
        return DISK_TIMEOUT;
    }
    if (queue->status != REQUEST_OK) {
        return DISK_CONTROLLER;
    }
    request->done = request->count;
    return DISK_OK;
}

static DiskStatus reset(Drive *drive)
{
    return start((VirtioDisk *)drive->unit) ? DISK_OK : DISK_CONTROLLER;
}

static bool get_name(const Drive *drive, char *name)
{
    static const char NAME[] = "virtio disk";
    (void)drive;
    for (unsigned i = 0; i < sizeof(NAME); i++) {
        name[i] = NAME[i];
    }
    return true;
}

static const DriveOps OPS = {
    .name = "hard disk",
    .reset = reset,
    .transfer = transfer,
    .get_name = get_name,
};

/* ---- finding them ---- */

static bool is_disk(unsigned function)
{
    return pci_read32(function, PCI_VENDOR_ID) == (DEVICE << 16 | VENDOR);
}

static bool add(VirtioDisk *disk, unsigned function)
{
    uint16_t command = pci_read16(function, PCI_COMMAND);
    if (!find_parts(disk, function)) {
        return false;
    }
    pci_write16(function, PCI_COMMAND, command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    if (!start(disk)) {
        return false;
    }
    Drive drive = {
        .ops = &OPS,
        .unit = disk,
        .place = PLACE_PCI(function),
        .sectors = reg_read(disk->parts[KIND_DEVICE], 4) |
                   (uint64_t)reg_read(disk->parts[KIND_DEVICE] + 4, 4) << 32,
    };
    fixed_disk_add(&drive);
    return true;
}

void virtio_disk_setup(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < pci_count() && count < DISKS_MAX; i++) {
        if (is_disk(pci_function(i))) {
            count += add(&disks[count], pci_function(i));
        }
    }
}
