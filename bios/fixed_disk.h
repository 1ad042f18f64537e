/*
 * What all hard disks have in common, whatever their controller: a geometry, and the
 * tables of the first two.
 */
#ifndef PIOEMU_BIOS_FIXED_DISK_H
#define PIOEMU_BIOS_FIXED_DISK_H

#include "bios/disk.h"

/* Adds a hard disk with the next number, and gives it a geometry. */
void fixed_disk_add(Drive *drive);
/* Lets vectors 41h and 46h point to the parameters of disks 80h and 81h. */
void fixed_disk_publish(void);

#endif
