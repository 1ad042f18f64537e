/*
 * Hard disks on virtio's PCI transport.
 */
#ifndef PIOEMU_BIOS_VIRTIO_DISK_H
#define PIOEMU_BIOS_VIRTIO_DISK_H

/* Adds them in the order of their PCI functions. */
void virtio_disk_setup(void);

#endif
