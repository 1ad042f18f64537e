/*
 * INT 13h: the drives, their sectors by cylinder, head and sector, and the
 * extensions (Enhanced Disk Drive specification 3.0).
 */
#include "bios/disk.h"

#include "bios/fixed_disk.h"
#include "bios/services.h"
#include "bios/virtio_disk.h"

#define DRIVES     16u
#define HARD_DISKS 0x80

#define CYLINDERS_MAX 1024u

/* The version of the extensions, and the subsets that are supported. */
#define EDD_VERSION     0x30
#define EDD_ACCESS      0x01
#define EDD_REMOVABLE   0x02
#define EDD_SIGNATURE   0x55aa
#define EDD_ANSWER      0xaa55
#define EDD_PACKET      0x10
#define EDD_PACKET_FLAT 0x18
#define EDD_COUNT_MAX   127u
#define EDD_FLAT        0xffffffffu

#define EDD_PARAMETERS      0x1a
#define EDD_PARAMETERS_DPTE 0x1e
#define EDD_INFO_DMA        0x01 /* buffers may cross a boundary of 64 KiB */
#define EDD_INFO_GEOMETRY   0x02
#define EDD_INFO_REMOVABLE  0x04
#define EDD_INFO_WRITE      0x08 /* write with verify */
#define EDD_INFO_CHANGE     0x10 /* reports when the medium was changed */
#define EDD_INFO_LOCKABLE   0x20
#define EDD_INFO_NO_MEDIUM  0x40 /* without a medium: the values are the drive's maximum */
#define EDD_INFO_CDROM      (EDD_INFO_REMOVABLE | EDD_INFO_CHANGE | EDD_INFO_LOCKABLE)

#define MEMORY_1M   0x100000u
#define MEMORY_END  0x10fff0u /* the end of what real mode can address */
#define BOUNCE_SIZE 2048u     /* bytes that are copied at a time, to or from memory above */

typedef struct Disks {
    Drive drives[DRIVES];
    uint8_t count;
} Disks;

static Disks disks;

/* ---- drives ---- */

Drive *disk_add(const Drive *drive)
{
    if (disks.count == DRIVES) {
        return NULL;
    }
    Drive *added = &disks.drives[disks.count++];
    *added = *drive;
    if (added->number >= HARD_DISKS && !added->removable) {
        BDA->disk_count++;
    }
    return added;
}

Drive *disk_find(uint8_t number)
{
    for (unsigned i = 0; i < disks.count; i++) {
        if (disks.drives[i].number == number) {
            return &disks.drives[i];
        }
    }
    return NULL;
}

Drive *disk_at(uint16_t place)
{
    for (unsigned i = 0; i < disks.count; i++) {
        if (disks.drives[i].place == place) {
            return &disks.drives[i];
        }
    }
    return NULL;
}

/* True for drives of the same kind, from this one on. */
static bool moves(const Drive *drive, uint8_t number)
{
    return !((drive->number ^ number) & HARD_DISKS) && drive->heads && drive->number >= number;
}

void disk_make_room(uint8_t number)
{
    for (unsigned i = 0; i < disks.count; i++) {
        disks.drives[i].number += moves(&disks.drives[i], number);
    }
}

void disk_close_room(uint8_t number)
{
    Drive *drive = disk_find(number);
    if (!drive) {
        return;
    }
    if (number >= HARD_DISKS) {
        BDA->disk_count--;
    }
    *drive = disks.drives[--disks.count];
    for (unsigned i = 0; i < disks.count; i++) {
        disks.drives[i].number -= moves(&disks.drives[i], number);
    }
}

void disk_make_first(Drive *drive)
{
    uint8_t number = drive->number, first = number & HARD_DISKS;
    if (!drive->heads) {
        return;
    }
    for (unsigned i = 0; i < disks.count; i++) {
        Drive *other = &disks.drives[i];
        if (other->number < number && moves(other, first)) {
            other->number++;
        }
    }
    drive->number = first;
    fixed_disk_publish();
}

void disk_setup(void)
{
    floppy_setup();
    ata_setup();
    virtio_disk_setup();
    fixed_disk_publish();
    cdrom_setup();
}

uint8_t disk_count_like(uint8_t number)
{
    uint8_t count = 0;
    for (unsigned i = 0; i < disks.count; i++) {
        if ((disks.drives[i].number ^ number) < HARD_DISKS && disks.drives[i].heads) {
            count++;
        }
    }
    return count;
}

/* ---- transfers ---- */

static DiskStatus check_sectors(const Drive *drive, const DiskRequest *request)
{
    if (!drive->sectors) {
        return DISK_NO_MEDIUM;
    }
    return request->sector >= drive->sectors || request->count > drive->sectors - request->sector
               ? DISK_SECTOR_NOT_FOUND
               : DISK_OK;
}

DiskStatus disk_transfer(Drive *drive, DiskRequest *request)
{
    uint32_t size = (uint32_t)request->count * drive->sector_size;
    DiskStatus status = check_sectors(drive, request);
    request->done = 0;
    if (status) {
        return status;
    }
    if (request->verb != DISK_VERIFY &&
        (request->address >= MEMORY_END || size > MEMORY_END - request->address)) {
        return DISK_INVALID;
    }
    return drive->ops->transfer(drive, request);
}

static uint32_t linear(uint16_t segment, uint16_t offset)
{
    return ((uint32_t)segment << 4) + offset;
}

static DiskStatus chs_transfer(Drive *drive, Regs *regs, DiskVerb verb)
{
    uint16_t cylinder = (uint16_t)(regs->ch | (regs->cl & 0xc0) << 2);
    uint8_t sector = regs->cl & 0x3f;
    DiskRequest request = {
        .verb = verb,
        .sector =
            ((uint32_t)cylinder * drive->heads + regs->dh) * drive->sectors_track + sector - 1,
        .count = regs->al,
        .address = linear(regs->es, regs->bx),
    };
    regs->al = 0;
    if (!drive->heads || !sector || !request.count) {
        return DISK_INVALID;
    }
    if (drive->sectors && (regs->dh >= drive->heads || sector > drive->sectors_track)) {
        return DISK_SECTOR_NOT_FOUND;
    }
    DiskStatus status = disk_transfer(drive, &request);
    regs->al = (uint8_t)request.done;
    return status;
}

/* ---- what a drive is ---- */

static DiskStatus get_parameters(const Drive *drive, Regs *regs)
{
    uint16_t last = drive->cylinders - 1;
    if (!drive->heads) {
        return DISK_INVALID;
    }
    regs->al = 0;
    regs->bl = 0;
    regs->ch = (uint8_t)last;
    regs->cl = (uint8_t)((last >> 2 & 0xc0) | drive->sectors_track);
    regs->dh = (uint8_t)(drive->heads - 1);
    regs->dl = disk_count_like(drive->number);
    return DISK_OK;
}

/* AH is the answer here, not a status. */
static void get_type(const Drive *drive, Regs *regs)
{
    if (drive->number < HARD_DISKS) {
        regs->ah = 2; /* a diskette drive with a change line */
        return;
    }
    regs->ah = 3;
    uint32_t sectors = (uint32_t)drive->cylinders * drive->heads * drive->sectors_track;
    regs->cx = (uint16_t)(sectors >> 16);
    regs->dx = (uint16_t)sectors;
}

/* ---- the extensions ---- */

static DiskStatus edd_check(const Drive *drive, Regs *regs)
{
    if (regs->bx != EDD_SIGNATURE || drive->number < HARD_DISKS) {
        return DISK_INVALID;
    }
    regs->bx = EDD_ANSWER;
    regs->cx = EDD_ACCESS | EDD_REMOVABLE;
    return DISK_OK;
}

/* Transfers through a buffer of the BIOS, so the address can be anywhere. */
static DiskStatus far_transfer(Drive *drive, DiskRequest *request)
{
    static uint8_t bounce[BOUNCE_SIZE];
    DiskStatus status = check_sectors(drive, request);
    request->done = 0;
    while (!status && request->done < request->count) {
        uint32_t left = (uint32_t)(request->count - request->done) * drive->sector_size;
        uint32_t size = left < BOUNCE_SIZE ? left : BOUNCE_SIZE;
        DiskRequest part = {
            .verb = request->verb,
            .sector = request->sector + request->done,
            .count = (uint16_t)(size / drive->sector_size),
            .address = linear_address(bounce),
        };
        if (request->verb == DISK_WRITE) {
            memory_move(linear_address(bounce), request->address, (uint16_t)(size / 2));
        }
        status = disk_transfer(drive, &part);
        size = (uint32_t)part.done * drive->sector_size;
        if (request->verb == DISK_READ) {
            memory_move(request->address, linear_address(bounce), (uint16_t)(size / 2));
        }
        request->address += size;
        request->done = (uint16_t)(request->done + part.done);
    }
    return status;
}

/* The buffer that a packet describes. */
typedef struct EddBuffer {
    uint32_t address, address_high;
    bool is_flat;
} EddBuffer;

static EddBuffer packet_buffer(const Regs *regs, uint8_t size)
{
    uint32_t far = far_read32(regs->ds, regs->si + 4);
    EddBuffer buffer = {.is_flat = far == EDD_FLAT && size >= EDD_PACKET_FLAT};
    if (buffer.is_flat) {
        buffer.address = far_read32(regs->ds, regs->si + 16);
        buffer.address_high = far_read32(regs->ds, regs->si + 20);
    } else {
        buffer.address = linear((uint16_t)(far >> 16), (uint16_t)far);
    }
    return buffer;
}

static DiskStatus packet_transfer(Drive *drive, DiskRequest *request, const EddBuffer *buffer)
{
    uint64_t end = (uint64_t)buffer->address + (uint32_t)request->count * drive->sector_size;
    bool is_far = buffer->is_flat && request->verb != DISK_VERIFY &&
                  (buffer->address_high || end > MEMORY_1M);
    if (is_far && (buffer->address_high || end > UINT32_MAX)) {
        return DISK_INVALID;
    }
    request->address = buffer->address;
    return (is_far ? far_transfer : disk_transfer)(drive, request);
}

static DiskStatus edd_transfer(Drive *drive, const Regs *regs, DiskVerb verb)
{
    uint8_t size = far_read8(regs->ds, regs->si);
    DiskRequest request = {
        .verb = verb,
        .sector = far_read32(regs->ds, regs->si + 8) | (uint64_t)far_read32(regs->ds, regs->si + 12)
                                                           << 32,
        .count = far_read16(regs->ds, regs->si + 2),
    };
    if (size < EDD_PACKET || request.count > EDD_COUNT_MAX) {
        return DISK_INVALID;
    }
    const EddBuffer buffer = packet_buffer(regs, size);
    DiskStatus status = request.count ? packet_transfer(drive, &request, &buffer) : DISK_OK;
    far_write16(regs->ds, regs->si + 2, request.done);
    return status;
}

static DiskStatus edd_write(Drive *drive, const Regs *regs)
{
    if (regs->al > 2) {
        return DISK_INVALID;
    }
    DiskStatus status = edd_transfer(drive, regs, DISK_WRITE);
    return status || regs->al < 2 ? status : edd_transfer(drive, regs, DISK_VERIFY);
}

static DiskStatus edd_seek(const Drive *drive, const Regs *regs)
{
    uint64_t sector =
        far_read32(regs->ds, regs->si + 8) | (uint64_t)far_read32(regs->ds, regs->si + 12) << 32;
    return !drive->sectors            ? DISK_NO_MEDIUM
           : sector >= drive->sectors ? DISK_SECTOR_NOT_FOUND
                                      : DISK_OK;
}

static uint16_t information(const Drive *drive)
{
    unsigned kind = drive->removable ? EDD_INFO_CDROM : EDD_INFO_WRITE;
    unsigned geometry = drive->heads ? EDD_INFO_GEOMETRY : 0;
    return (uint16_t)(EDD_INFO_DMA | kind | geometry | (drive->sectors ? 0 : EDD_INFO_NO_MEDIUM));
}

static DiskStatus edd_parameters(const Drive *drive, const Regs *regs)
{
    uint16_t ds = regs->ds, si = regs->si, room = far_read16(ds, si);
    bool has_dpte = room >= EDD_PARAMETERS_DPTE;
    uint64_t sectors = drive->sectors ? drive->sectors : UINT64_MAX;
    if (room < EDD_PARAMETERS) {
        return DISK_INVALID;
    }
    far_write16(ds, si, has_dpte ? EDD_PARAMETERS_DPTE : EDD_PARAMETERS);
    far_write16(ds, si + 2, information(drive));
    far_write32(ds, si + 4, drive->cylinders);
    far_write32(ds, si + 8, drive->heads);
    far_write32(ds, si + 12, drive->sectors_track);
    far_write32(ds, si + 16, (uint32_t)sectors);
    far_write32(ds, si + 20, (uint32_t)(sectors >> 32));
    far_write16(ds, si + 24, drive->sector_size);
    if (has_dpte) {
        far_write32(ds, si + 26, EDD_FLAT); /* there is no table */
    }
    return DISK_OK;
}

/* "If a non-removable device supports this subset, the function always succeeds." */
static DiskStatus edd_lock(Regs *regs)
{
    if (regs->al > 2) {
        return DISK_INVALID;
    }
    regs->al = 0;
    return DISK_OK;
}

static DiskStatus edd_service(Drive *drive, Regs *regs)
{
    switch (regs->ah) {
    case 0x41:
        return edd_check(drive, regs);
    case 0x42:
        return edd_transfer(drive, regs, DISK_READ);
    case 0x43:
        return edd_write(drive, regs);
    case 0x44:
        return edd_transfer(drive, regs, DISK_VERIFY);
    case 0x45:
        return edd_lock(regs);
    case 0x46:
        return DISK_NOT_REMOVABLE;
    case 0x47:
        return edd_seek(drive, regs);
    case 0x48:
        return edd_parameters(drive, regs);
    case 0x49:
        return DISK_OK; /* its medium never changes */
    default:
        return DISK_INVALID;
    }
}

/* ---- INT 13h ---- */

static volatile __seg_fs uint8_t *last_status(uint8_t number)
{
    return number < HARD_DISKS ? &BDA->floppy_status : &BDA->disk_status;
}

static void finish(Regs *regs, uint8_t number, DiskStatus status)
{
    *last_status(number) = (uint8_t)status;
    if (regs->ah != 0x41 || status) {
        regs->ah = (uint8_t)status;
    } else {
        regs->ah = EDD_VERSION;
    }
    regs_set_carry(regs, status != DISK_OK);
}

static DiskStatus serve(Drive *drive, Regs *regs)
{
    switch (regs->ah) {
    case 0x00: /* reset */
    case 0x0d:
        return drive->ops->reset ? drive->ops->reset(drive) : DISK_OK;
    case 0x02:
        return chs_transfer(drive, regs, DISK_READ);
    case 0x03:
        return chs_transfer(drive, regs, DISK_WRITE);
    case 0x04:
        return chs_transfer(drive, regs, DISK_VERIFY);
    case 0x08:
        return get_parameters(drive, regs);
    case 0x09: /* parameters, seek, ready, recalibrate, diagnose: there is nothing to do */
    case 0x0c:
    case 0x10:
    case 0x11:
    case 0x14:
        return drive->number >= HARD_DISKS ? DISK_OK : DISK_INVALID;
    default:
        return drive->number >= HARD_DISKS ? edd_service(drive, regs) : DISK_INVALID;
    }
}

/* These functions answer for drives that do not exist, so that programs can find that out. */
static DiskStatus serve_absent(Regs *regs)
{
    if (regs->ah == 0x08 && regs->dl < HARD_DISKS) {
        regs->ax = regs->bx = regs->cx = regs->es = regs->di = 0;
        regs->dx = disk_count_like(regs->dl);
        return DISK_OK;
    }
    if (regs->ah == 0x08) {
        regs->cx = regs->dx = 0;
        return DISK_NO_PARAMETERS;
    }
    return regs->ah == 0x00 && regs->dl < HARD_DISKS ? DISK_OK : DISK_INVALID;
}

static void serve_type(const Drive *drive, Regs *regs)
{
    if (drive) {
        get_type(drive, regs);
    } else {
        regs->ah = 0;
    }
    regs_set_carry(regs, false);
}

void disk_service(Regs *regs)
{
    uint8_t number = regs->dl;
    Drive *drive = disk_find(number);
    DiskStatus status;
    if (drive && drive->ops->service && drive->ops->service(drive, regs, &status)) {
        finish(regs, number, status);
    } else if (regs->ah == 0x01) {
        regs->ah = *last_status(number);
        regs_set_carry(regs, regs->ah != 0);
    } else if (regs->ah == 0x15) {
        serve_type(drive, regs);
    } else {
        finish(regs, number, drive ? serve(drive, regs) : serve_absent(regs));
    }
}
