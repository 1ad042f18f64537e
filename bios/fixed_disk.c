/* The geometry of hard disks, and the fixed disk parameter tables. */
#include "bios/fixed_disk.h"

#define HARD_DISK 0x80

#define HEADS_MIN 16u
#define HEADS_MAX 255u
#define TRACK     63u
#define CYLINDERS 1024u

/* The table that vectors 41h and 46h point to, for the first two disks. */
typedef struct __attribute__((packed)) FixedDisk {
    uint16_t cylinders;
    uint8_t heads, reserved_3[2];
    uint16_t precompensation; /* ffffh if none */
    uint8_t reserved_7, control, reserved_9[3];
    uint16_t landing_zone;
    uint8_t sectors_track, reserved_15;
} FixedDisk;

_Static_assert(sizeof(FixedDisk) == 16, "the fixed disk parameter table");

#define FIXED_DISKS      2u
#define FIXED_DISK_HEADS 0x08 /* in `control`: more than eight heads */

static FixedDisk tables[FIXED_DISKS];

/* The quotient must fit 32 bits. */
static uint32_t divide(uint64_t value, uint32_t by)
{
    uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
    if (high >= by) {
        return UINT32_MAX;
    }
    __asm__("divl %2" : "+a"(low), "+d"(high) : "r"(by) : "cc");
    return low;
}

/* Takes as many heads as are needed to keep the number of cylinders in range. */
static void set_geometry(Drive *drive)
{
    uint32_t tracks = divide(drive->sectors, TRACK);
    uint32_t heads = HEADS_MIN;
    while (heads < 128 && tracks > CYLINDERS * heads) {
        heads *= 2;
    }
    heads = tracks > CYLINDERS * heads ? HEADS_MAX : heads;
    uint32_t cylinders = tracks / heads;
    drive->heads = (uint16_t)heads;
    drive->sectors_track = TRACK;
    drive->cylinders = (uint16_t)(cylinders > CYLINDERS ? CYLINDERS : cylinders ? cylinders : 1);
}

void fixed_disk_add(Drive *drive)
{
    drive->number = HARD_DISK + BDA->disk_count;
    drive->sector_size = DISK_SECTOR_SIZE;
    set_geometry(drive);
    disk_add(drive);
}

void fixed_disk_publish(void)
{
    static const uint8_t VECTORS[FIXED_DISKS] = {0x41, 0x46};
    for (uint8_t i = 0; i < FIXED_DISKS; i++) {
        const Drive *drive = disk_find(HARD_DISK + i);
        if (!drive) {
            continue;
        }
        tables[i] = (FixedDisk){
            .cylinders = drive->cylinders,
            .heads = (uint8_t)drive->heads,
            .precompensation = 0xffff,
            .control = FIXED_DISK_HEADS,
            .landing_zone = drive->cylinders,
            .sectors_track = (uint8_t)drive->sectors_track,
        };
        IVT[VECTORS[i]].segment = BIOS_DATA_SEGMENT;
        IVT[VECTORS[i]].offset = (uint16_t)(uint32_t)&tables[i];
    }
}
