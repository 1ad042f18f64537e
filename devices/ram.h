/*
 * Memory of a device's own, which the guest accesses like RAM.
 *
 * This header is installed.  It needs only device.h.
 */
#ifndef PIOEMU_RAM_H
#define PIOEMU_RAM_H

#include "devices/device.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Bytes that a device has besides its state, and that the guest can access like RAM,
 * without a call of the device.  They are zero at first and keep their values in a
 * reset.  The last entry of a table has a NULL name.
 */
struct DeviceRam {
    uint32_t struct_size; /* DEVICE_RAM sets it */
    const char *name;
    uint64_t size; /* a multiple of 4 KiB */
    size_t offset; /* of a uint8_t * in the state struct, which points to the bytes */
    /* 1 + the number of the base address register that shows all of them; 0: none does. */
    unsigned bar;
    /* Optional: the property that holds the address at which all of them are. */
    const char *base_property;
};

#define DEVICE_RAM(...)                                                                            \
    {                                                                                              \
        .struct_size = sizeof(DeviceRam), __VA_ARGS__                                              \
    }
#define DEVICE_RAM_END                                                                             \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define DEVICE_RAMS(...) ((const DeviceRam[]){__VA_ARGS__, DEVICE_RAM_END})

/* What a part of a region shows.  All numbers of bytes are multiples of 4 KiB. */
typedef struct RamView {
    unsigned ram;          /* index of the DeviceRam */
    uint64_t from;         /* the first byte that is seen */
    uint64_t offset, size; /* the part of the region */
} RamView;

/*
 * Shows the device's own memory in a part of its memory region with the index
 * `region`.  Accesses there no longer reach the region's operations.  It replaces
 * what the region showed before; NULL shows nothing.
 */
void pio_ram_show(Device *dev, unsigned region, const RamView *view);

#ifdef __cplusplus
}
#endif

#endif
