/*
 * Boots CD-ROMs, after "El Torito" Bootable CD-ROM Format Specification 1.0.  The
 * image is either loaded as it is, or emulates a diskette or a hard disk.  An
 * emulated drive gets the first number of its kind, and the numbers of the others
 * move up.
 */
#include "bios/cdrom.h"

#include "bios/services.h"

#define RECORD_BLOCK   17u /* the block of the boot record volume descriptor */
#define RECORD_ID      1
#define RECORD_SYSTEM  7
#define RECORD_CATALOG 0x47

#define CATALOG_WORDS   16u /* words of the validation entry; their sum is 0 */
#define CATALOG_INITIAL 0x20
#define CATALOG_ENTRY   0x20
#define PLATFORM_X86    0
#define BOOTABLE        0x88
#define HEADER          0x90 /* of a section; that of the last one is 91h */
#define HEADER_LAST     0x91

#define MEDIA_MASK 0x0f

#define NO_EMULATION_SECTORS 4u
#define LOAD_DEFAULT         0x07c0
#define LOAD_END             0x9fc00u
#define LOAD_START           0x500u

#define PARTITION_TABLE 446
#define PARTITION_END   5 /* head, then sector and cylinder */

#define FLOPPY_NUMBER 0x00
#define DISK_NUMBER   0x80

#define EQUIPMENT_FLOPPY 0x0001

#define SPECIFICATION_SIZE 0x13
#define TERMINATE          0x00
#define GET_STATUS         0x01

typedef enum Media { MEDIA_NONE, MEDIA_1200, MEDIA_1440, MEDIA_2880, MEDIA_DISK, MEDIAS } Media;

/* The disc that was booted. */
typedef struct ElTorito {
    const Drive *cdrom; /* NULL: none was booted */
    const Drive *emulated;
    uint8_t media, number, index;
    uint32_t block;
    uint16_t segment, sectors;
    uint8_t geometry[3]; /* CH, CL and DH of AH = 08h */
} ElTorito;

static ElTorito booted;

static uint16_t get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t get32(const uint8_t *bytes)
{
    return get16(bytes) | (uint32_t)get16(bytes + 2) << 16;
}

static bool same(const uint8_t *bytes, const char *text)
{
    while (*text && *bytes == (uint8_t)*text) {
        bytes++;
        text++;
    }
    return !*text;
}

/* ---- the emulated drive ---- */

static DiskStatus emulated_transfer(Drive *drive, DiskRequest *request)
{
    if (request->verb == DISK_WRITE) {
        return DISK_WRITE_PROTECTED;
    }
    if (request->verb == DISK_READ) {
        DiskStatus status = cdrom_read_sectors(drive->unit, booted.block, (uint32_t)request->sector,
                                               request->count, request->address);
        if (status) {
            return status;
        }
    }
    request->done = request->count;
    return DISK_OK;
}

/* AH = 08h, with the type that the CMOS would have. */
static void get_floppy_parameters(const Drive *drive, Regs *regs)
{
    static const uint8_t TYPES[] = {[MEDIA_1200] = 2, [MEDIA_1440] = 4, [MEDIA_2880] = 5};
    regs->ax = 0;
    regs->bx = TYPES[booted.media];
    regs->ch = booted.geometry[0];
    regs->cl = booted.geometry[1];
    regs->dh = booted.geometry[2];
    regs->dl = disk_count_like(drive->number);
    floppy_point_to_table(regs);
}

static bool emulated_service(Drive *drive, Regs *regs, DiskStatus *status)
{
    *status = DISK_OK;
    if (regs->ah == 0x4b) {
        *status = eltorito_service(drive, regs);
        return true;
    }
    if (regs->ah == 0x08 && drive->number < DISK_NUMBER) {
        get_floppy_parameters(drive, regs);
        return true;
    }
    return false;
}

static const DriveOps EMULATED_OPS = {
    .name = "CD-ROM",
    .transfer = emulated_transfer,
    .service = emulated_service,
};

static void set_geometry(Drive *drive, uint16_t cylinders, uint16_t heads, uint16_t track)
{
    drive->cylinders = cylinders;
    drive->heads = heads;
    drive->sectors_track = track;
    drive->sectors = (uint32_t)cylinders * heads * track;
}

/* "The end of the first partition" gives the geometry of a hard disk. */
static bool find_disk_geometry(Drive *drive, const uint8_t *sector)
{
    const uint8_t *end = sector + PARTITION_TABLE + PARTITION_END;
    uint16_t track = end[1] & 0x3f;
    uint16_t cylinders = (uint16_t)((end[2] | (end[1] & 0xc0) << 2) + 1);
    if (!track) {
        return false;
    }
    set_geometry(drive, cylinders, (uint16_t)(end[0] + 1), track);
    return true;
}

static bool find_geometry(Drive *drive, const AtaUnit *unit)
{
    static const uint8_t TRACKS[] = {[MEDIA_1200] = 15, [MEDIA_1440] = 18, [MEDIA_2880] = 36};
    if (booted.media != MEDIA_DISK) {
        set_geometry(drive, 80, 2, TRACKS[booted.media]);
        return true;
    }
    const uint8_t *sector = cdrom_block(unit, booted.block);
    return sector && find_disk_geometry(drive, sector);
}

static bool add_emulated(const Drive *cdrom)
{
    Drive drive = {
        .ops = &EMULATED_OPS,
        .number = booted.media == MEDIA_DISK ? DISK_NUMBER : FLOPPY_NUMBER,
        .sector_size = DISK_SECTOR_SIZE,
        .unit = cdrom->unit,
    };
    if (!find_geometry(&drive, cdrom->unit)) {
        return false;
    }
    disk_make_room(drive.number);
    booted.emulated = disk_add(&drive);
    BDA->equipment |= drive.number == FLOPPY_NUMBER ? EQUIPMENT_FLOPPY : 0;
    booted.number = drive.number;
    booted.geometry[0] = (uint8_t)(drive.cylinders - 1);
    booted.geometry[1] = (uint8_t)(((drive.cylinders - 1u) >> 2 & 0xc0) | drive.sectors_track);
    booted.geometry[2] = (uint8_t)(drive.heads - 1);
    return booted.emulated;
}

/* ---- the catalog ---- */

static bool is_valid(const uint8_t *catalog)
{
    uint16_t sum = 0;
    for (unsigned i = 0; i < CATALOG_WORDS; i++) {
        sum = (uint16_t)(sum + get16(catalog + 2 * i));
    }
    return catalog[0] == 1 && catalog[30] == 0x55 && catalog[31] == 0xaa && !sum;
}

/* Finds the first bootable entry of the section whose header is at `at`. */
static const uint8_t *find_in_section(const uint8_t *catalog, unsigned at, unsigned entries)
{
    for (unsigned i = 0; i < entries; i++) {
        at += CATALOG_ENTRY;
        if (at >= CDROM_BLOCK) {
            break;
        }
        if (catalog[at] == BOOTABLE) {
            return catalog + at;
        }
    }
    return NULL;
}

/* The initial entry, or else one of a section.  NULL: there is none for a PC. */
static const uint8_t *find_entry(const uint8_t *catalog)
{
    unsigned at = CATALOG_INITIAL;
    if (catalog[1] == PLATFORM_X86 && catalog[at] == BOOTABLE) {
        return catalog + at;
    }
    at += CATALOG_ENTRY;
    while (at < CDROM_BLOCK && (catalog[at] == HEADER || catalog[at] == HEADER_LAST)) {
        unsigned entries = get16(catalog + at + 2);
        const uint8_t *entry =
            catalog[at + 1] == PLATFORM_X86 ? find_in_section(catalog, at, entries) : NULL;
        if (entry || catalog[at] == HEADER_LAST) {
            return entry;
        }
        at += (entries < CDROM_BLOCK / CATALOG_ENTRY ? entries + 1 : CDROM_BLOCK) * CATALOG_ENTRY;
    }
    return NULL;
}

static void note_entry(const Drive *drive, const uint8_t *entry)
{
    booted = (ElTorito){
        .media = entry[1] & MEDIA_MASK,
        .number = drive->number,
        .index = (uint8_t)(drive->number & 0x0f),
        .segment = get16(entry + 2),
        .sectors = get16(entry + 6),
        .block = get32(entry + 8),
        .cdrom = drive,
    };
    booted.segment = booted.segment ? booted.segment : LOAD_DEFAULT;
    booted.sectors = booted.sectors ? booted.sectors : NO_EMULATION_SECTORS;
}

/* ---- booting ---- */

/* The image must not overwrite the BIOS's variables, and must fit below the end of memory. */
static const char *load(const Drive *drive)
{
    uint32_t address = (uint32_t)booted.segment << 4;
    uint32_t size = (uint32_t)booted.sectors * DISK_SECTOR_SIZE;
    if (address < LOAD_START || address >= LOAD_END || size > LOAD_END - address) {
        return "its boot image does not fit into memory";
    }
    if (cdrom_read_sectors(drive->unit, booted.block, 0, booted.sectors, address)) {
        return "its boot image cannot be read";
    }
    return NULL;
}

static const char *start(Drive *drive)
{
    if (booted.media >= MEDIAS) {
        return "its boot image is of an unknown kind";
    }
    const char *why = load(drive);
    if (why) {
        return why;
    }
    if (booted.media != MEDIA_NONE && !add_emulated(drive)) {
        return "its boot image has no geometry";
    }
    bios_jump_to_boot_sector(booted.number, booted.segment == LOAD_DEFAULT ? 0 : booted.segment);
}

const char *eltorito_boot(Drive *drive)
{
    const uint8_t *block = cdrom_block(drive->unit, RECORD_BLOCK);
    if (!block) {
        return "its boot record cannot be read";
    }
    if (block[0] || !same(block + RECORD_ID, "CD001") ||
        !same(block + RECORD_SYSTEM, "EL TORITO SPECIFICATION")) {
        return "the disc has no boot record";
    }
    block = cdrom_block(drive->unit, get32(block + RECORD_CATALOG));
    if (!block) {
        return "its boot catalog cannot be read";
    }
    if (!is_valid(block)) {
        return "its boot catalog is damaged";
    }
    const uint8_t *entry = find_entry(block);
    if (!entry) {
        return "its boot catalog has nothing for a PC";
    }
    note_entry(drive, entry);
    return start(drive);
}

/* ---- INT 13h, AH = 4Bh ---- */

static void put_specification(uint16_t ds, uint16_t si)
{
    far_write8(ds, si, SPECIFICATION_SIZE);
    far_write8(ds, si + 1, booted.media);
    far_write8(ds, si + 2, booted.number);
    far_write8(ds, si + 3, booted.index >> 1);
    far_write32(ds, si + 4, booted.block);
    far_write16(ds, si + 8, booted.index & 1);
    far_write16(ds, si + 10, 0);
    far_write16(ds, si + 12, booted.segment);
    far_write16(ds, si + 14, booted.sectors);
    for (unsigned i = 0; i < sizeof(booted.geometry); i++) {
        far_write8(ds, (uint16_t)(si + 16 + i), booted.geometry[i]);
    }
}

DiskStatus eltorito_service(const Drive *drive, Regs *regs)
{
    if (!booted.cdrom || (drive != booted.cdrom && drive != booted.emulated) ||
        regs->al > GET_STATUS) {
        return DISK_INVALID;
    }
    put_specification(regs->ds, regs->si);
    if (regs->al == TERMINATE && booted.emulated) {
        disk_close_room(booted.number);
        booted.emulated = NULL;
    }
    return DISK_OK;
}
