/*
 * Diskettes: the controller, DMA channel 2 and IRQ 6, after the IBM PC/AT's BIOS.
 *
 * The format of a medium is determined when it is first used, and again after the
 * disk change line has reported that it may be another one.  The motor keeps
 * running for two seconds.  There is no wait for it to start.
 */
#include "bios/boot_order.h"
#include "bios/disk.h"
#include "bios/services.h"

#include "devices/misc/i8237_regs.h"
#include "devices/storage/i82077aa_regs.h"
#include "devices/timer/mc146818_regs.h"
#include "src/machine/pc_board.h"

#define UNITS 2u

#define TIMEOUT_TICKS (18u * 2u)
#define RESET_TICKS   3u
#define MOTOR_TICKS   37
#define RETRIES       3u

#define CAME     0x80 /* in 40:3Eh: an interrupt has come */
#define RESULTS  7u
#define SIZE     2 /* the code of 512 bytes */
#define GAP      0x1b
#define BOUNDARY 0x10000u

#define TABLE_VECTOR 0x1e

/* The upper bits of 40:90h and 40:91h. */
#define STATE_RATE_SHIFT  6
#define STATE_DOUBLE_STEP 0x20
#define STATE_ESTABLISHED 0x10

#define TYPE_3_5_INCHES 3u
#define TYPE_LAST       5u

#define TRACK_SECTORS_MAX 48u
#define CYLINDERS_MAX     83u

typedef enum Rate { RATE_500, RATE_300, RATE_250, RATE_1000 } Rate;

/*
 * What a drive of each type in the CMOS supports, the largest format first.  0
 * tracks end the list.
 */
typedef struct Format {
    uint8_t cylinders, track, rate, state;
} Format;

static const Format FORMATS[TYPE_LAST + 1][4] = {
    [1] = {{40, 9, RATE_250, 0x03}},
    [2] = {{80, 15, RATE_500, 0x05}, {40, 9, RATE_300, 0x04 | STATE_DOUBLE_STEP}},
    [3] = {{80, 9, RATE_250, 0x07}},
    [4] = {{80, 18, RATE_500, 0x07}, {80, 9, RATE_250, 0x07}},
    [5] = {{80, 36, RATE_1000, 0x07}, {80, 18, RATE_500, 0x07}, {80, 9, RATE_250, 0x07}},
};

/* The table that vector 1Eh points to. */
typedef struct __attribute__((packed)) Table {
    uint8_t specify[2], motor_off_ticks, size, track, gap, length, format_gap, fill, settle,
        motor_start;
} Table;

typedef struct Unit {
    uint8_t number, type;
    const Format *format; /* of the medium; NULL: not known yet */
    bool calibrated;
    bool had_medium;
} Unit;

typedef struct Floppy {
    Unit units[UNITS];
    bool ready; /* the controller has been set up */
    uint8_t result[RESULTS];
    uint8_t bounce[DISK_SECTOR_SIZE];
} Floppy;

static Floppy floppy;

static const Table TABLE = {
    .specify = {0xdf, 0x02},
    .motor_off_ticks = MOTOR_TICKS,
    .size = SIZE,
    .track = 18,
    .gap = GAP,
    .length = 0xff,
    .format_gap = 0x6c,
    .fill = 0xf6,
    .settle = 15,
    .motor_start = 8,
};

/* ---- the controller ---- */

static uint8_t main_status(void)
{
    return in8(PORT_FDC + FDC_MSR);
}

/* Waits until the FIFO accepts or has a byte. */
static bool await_fifo(uint8_t direction)
{
    uint32_t start = BDA->ticks;
    while ((main_status() & (FDC_MSR_RQM | FDC_MSR_DIO)) != (FDC_MSR_RQM | direction)) {
        if (clock_ticks_since(start) > TIMEOUT_TICKS) {
            return false;
        }
        bios_window();
    }
    return true;
}

static bool send(const uint8_t *bytes, unsigned count)
{
    BDA->floppy_seek &= (uint8_t)~CAME;
    for (unsigned i = 0; i < count; i++) {
        if (!await_fifo(0)) {
            return false;
        }
        out8(PORT_FDC + FDC_FIFO, bytes[i]);
    }
    return true;
}

/* Takes all bytes of the result. */
static unsigned receive(void)
{
    unsigned count = 0;
    while (await_fifo(FDC_MSR_DIO) && count < RESULTS) {
        floppy.result[count] = in8(PORT_FDC + FDC_FIFO);
        BDA->floppy_result[count] = floppy.result[count];
        count++;
        if (!(main_status() & FDC_MSR_CB)) {
            break;
        }
    }
    return count;
}

/* A program that has taken the vector may not have set the bit.  A result in the FIFO is enough. */
static bool await_interrupt(uint32_t ticks)
{
    uint32_t start = BDA->ticks;
    const uint8_t result = FDC_MSR_RQM | FDC_MSR_DIO | FDC_MSR_CB;
    while (!(BDA->floppy_seek & CAME)) {
        if ((main_status() & result) == result) {
            bios_window(); /* the pending interrupt must not remain for others */
            break;
        }
        if (BDA->ticks - start > ticks) {
            return false;
        }
        bios_wait();
    }
    BDA->floppy_seek &= (uint8_t)~CAME;
    return true;
}

/* ST0 of the drive's seek.  The results of other drives are dropped. */
static uint8_t seek_status(void)
{
    static const uint8_t SENSE[] = {FDC_CMD_SENSE_INTERRUPT};
    for (unsigned i = 0; i <= 4; i++) {
        if (!send(SENSE, sizeof(SENSE)) || !receive() || floppy.result[0] == FDC_INVALID) {
            break;
        }
        if (floppy.result[0] & FDC_ST0_SE) {
            return floppy.result[0];
        }
    }
    return FDC_ST0_ABNORMAL;
}

static uint8_t selection(const Unit *unit)
{
    uint8_t motors = BDA->floppy_motor & ((1u << UNITS) - 1);
    return (uint8_t)(unit->number | FDC_DOR_RESET | FDC_DOR_DMA | motors * FDC_DOR_MOTOR);
}

static void reset_controller(const Unit *unit)
{
    static const uint8_t SENSE[] = {FDC_CMD_SENSE_INTERRUPT};
    const uint8_t specify[] = {FDC_CMD_SPECIFY, TABLE.specify[0], TABLE.specify[1]};
    BDA->floppy_seek = 0;
    out8(PORT_FDC + FDC_DOR, selection(unit) & (uint8_t)~FDC_DOR_RESET);
    out8(PORT_FDC + FDC_DOR, selection(unit));
    await_interrupt(RESET_TICKS);
    for (unsigned i = 0; i < 4; i++) {
        send(SENSE, sizeof(SENSE));
        receive();
    }
    send(specify, sizeof(specify));
    for (unsigned i = 0; i < UNITS; i++) {
        floppy.units[i].calibrated = false;
    }
    floppy.ready = true;
}

static void select(const Unit *unit)
{
    BDA->floppy_timeout = 0xff;
    BDA->floppy_motor |= (uint8_t)(1u << unit->number);
    irq_unmask(6);
    if (!floppy.ready) {
        reset_controller(unit);
    }
    out8(PORT_FDC + FDC_DOR, selection(unit));
    if (unit->format) {
        out8(PORT_FDC + FDC_CCR, unit->format->rate);
    }
}

static void release(void)
{
    BDA->floppy_timeout = MOTOR_TICKS;
}

/* ---- heads ---- */

/* Recalibrates twice, because one command steps 79 tracks at most. */
static bool recalibrate(Unit *unit)
{
    const uint8_t command[] = {FDC_CMD_RECALIBRATE, unit->number};
    for (unsigned i = 0; i < 2 && !unit->calibrated; i++) {
        unit->calibrated = send(command, sizeof(command)) && await_interrupt(TIMEOUT_TICKS) &&
                           !(seek_status() & (FDC_ST0_IC | FDC_ST0_EC));
    }
    return unit->calibrated;
}

static bool seek(Unit *unit, uint8_t track)
{
    const uint8_t command[] = {FDC_CMD_SEEK, unit->number, track};
    return recalibrate(unit) && send(command, sizeof(command)) && await_interrupt(TIMEOUT_TICKS) &&
           !(seek_status() & FDC_ST0_IC);
}

/* ---- the medium ---- */

static bool changed(void)
{
    return in8(PORT_FDC + FDC_DIR) & FDC_DIR_CHANGED;
}

static DiskStatus result_status(void)
{
    uint8_t st1 = floppy.result[1];
    return !(floppy.result[0] & FDC_ST0_IC)  ? DISK_OK
           : st1 & FDC_ST1_NW                ? DISK_WRITE_PROTECTED
           : st1 & FDC_ST1_DE                ? DISK_CRC
           : st1 & FDC_ST1_OR                ? DISK_OVERRUN
           : st1 & (FDC_ST1_ND | FDC_ST1_EN) ? DISK_SECTOR_NOT_FOUND
           : st1 & FDC_ST1_MA                ? DISK_ADDRESS_MARK
                                             : DISK_CONTROLLER;
}

/* Executes a command with a result of seven bytes. */
static DiskStatus execute(const uint8_t *command, unsigned count)
{
    if (!send(command, count) || !await_interrupt(TIMEOUT_TICKS) || receive() != RESULTS) {
        floppy.ready = false;
        return DISK_TIMEOUT;
    }
    return result_status();
}

static bool read_id(const Unit *unit, uint8_t head)
{
    const uint8_t command[] = {FDC_CMD_READ_ID | FDC_CMD_MFM, (uint8_t)(unit->number | head << 2)};
    return execute(command, sizeof(command)) == DISK_OK;
}

/* True if a track of side 0 has this sector. */
static bool has_sector(const Unit *unit, uint8_t sector)
{
    const uint8_t command[] = {FDC_CMD_VERIFY | FDC_CMD_MFM,
                               (uint8_t)(unit->number | FDC_EC),
                               0,
                               0,
                               sector,
                               SIZE,
                               sector,
                               GAP,
                               1};
    return execute(command, sizeof(command)) == DISK_OK;
}

static void set_geometry(Drive *drive, const Format *format, uint8_t heads, uint8_t track)
{
    drive->cylinders = format->cylinders;
    drive->heads = heads;
    drive->sectors_track = track;
    drive->sectors = (uint32_t)format->cylinders * heads * track;
}

/* A 3.5" medium may have more sectors or tracks than the drive was made for. */
static void measure_more(Drive *drive, const Unit *unit)
{
    uint8_t track = unit->format->track;
    while (track < TRACK_SECTORS_MAX && has_sector(unit, track + 1)) {
        track++;
    }
    if (track > unit->format->track) {
        set_geometry(drive, unit->format, 2, track);
        drive->cylinders = CYLINDERS_MAX;
        drive->sectors = (uint32_t)CYLINDERS_MAX * 2 * track;
    }
}

/* A medium of 40 tracks can have 8 or 9 sectors and one or two sides. */
static void measure(Drive *drive, const Unit *unit)
{
    const Format *format = unit->format;
    bool small = format->cylinders == 40;
    uint8_t heads = small && !read_id(unit, 1) ? 1 : 2;
    set_geometry(drive, format, heads,
                 small && !has_sector(unit, format->track) ? format->track - 1 : format->track);
    if (unit->type >= TYPE_3_5_INCHES) {
        measure_more(drive, unit);
    }
    BDA->floppy_state[unit->number] =
        (uint8_t)(format->rate << STATE_RATE_SHIFT | STATE_ESTABLISHED | format->state);
}

/* A step clears the change line.  Without a medium the line remains active. */
static bool clear_change(Unit *unit)
{
    return !changed() || (seek(unit, 1) && seek(unit, 0) && !changed());
}

static DiskStatus find_medium(Drive *drive, Unit *unit)
{
    unit->format = NULL;
    BDA->floppy_state[unit->number] = 0;
    if (!clear_change(unit) || !seek(unit, 0)) {
        return DISK_TIMEOUT;
    }
    for (const Format *f = FORMATS[unit->type]; f->cylinders; f++) {
        out8(PORT_FDC + FDC_CCR, f->rate);
        if (read_id(unit, 0)) {
            unit->format = f;
            measure(drive, unit);
            return DISK_OK;
        }
    }
    return DISK_ADDRESS_MARK;
}

/* Selects the drive, starts its motor, and determines its medium. */
static DiskStatus begin(Drive *drive, Unit *unit)
{
    select(unit);
    if (unit->format && !changed()) {
        return DISK_OK;
    }
    DiskStatus status = find_medium(drive, unit);
    if (!status && unit->had_medium) {
        return DISK_CHANGED;
    }
    unit->had_medium |= !status;
    return status;
}

static Unit *unit_of(const Drive *drive)
{
    return &floppy.units[(const Unit *)drive->unit - floppy.units];
}

/* ---- transfers ---- */

static void program_dma(uint32_t address, uint32_t size, uint8_t mode)
{
    out8(PORT_DMA + DMA_MASK, DMA_SET | 2);
    out8(PORT_DMA + DMA_CLEAR_FLIP_FLOP, 0);
    out8(PORT_DMA + DMA_MODE, (uint8_t)(DMA_MODE_SINGLE | mode | 2));
    out8(PORT_DMA + DMA_ADDRESS(2), (uint8_t)address);
    out8(PORT_DMA + DMA_ADDRESS(2), (uint8_t)(address >> 8));
    out8(PORT_DMA + DMA_COUNT(2), (uint8_t)(size - 1));
    out8(PORT_DMA + DMA_COUNT(2), (uint8_t)((size - 1) >> 8));
    out8(DMA_PAGE_2, (uint8_t)(address >> 16));
    out8(PORT_DMA + DMA_MASK, 2);
}

typedef struct Place {
    uint8_t cylinder, head, sector;
} Place;

static Place place_of(const Drive *drive, uint32_t sector)
{
    uint32_t track = sector / drive->sectors_track;
    return (Place){(uint8_t)(track / drive->heads), (uint8_t)(track % drive->heads),
                   (uint8_t)(sector % drive->sectors_track + 1)};
}

static bool seek_cylinder(Unit *unit, uint8_t cylinder)
{
    bool doubled = unit->format->state & STATE_DOUBLE_STEP;
    uint8_t track = (uint8_t)(doubled ? cylinder * 2 : cylinder);
    if (unit->calibrated && BDA->floppy_cylinder[unit->number] == track) {
        return true;
    }
    BDA->floppy_cylinder[unit->number] = track;
    return seek(unit, track);
}

static DiskStatus run_once(Unit *unit, DiskVerb verb, Place place, uint32_t address, unsigned count)
{
    static const uint8_t CODES[] = {FDC_CMD_READ, FDC_CMD_WRITE, FDC_CMD_READ};
    static const uint8_t MODES[] = {DMA_MODE_WRITE, DMA_MODE_READ, DMA_MODE_VERIFY};
    const uint8_t command[] = {(uint8_t)(CODES[verb] | FDC_CMD_MFM),
                               (uint8_t)(unit->number | place.head << 2),
                               place.cylinder,
                               place.head,
                               place.sector,
                               SIZE,
                               (uint8_t)(place.sector + count - 1),
                               GAP,
                               0xff};
    if (!seek_cylinder(unit, place.cylinder)) {
        return DISK_SEEK;
    }
    program_dma(address, count * DISK_SECTOR_SIZE, MODES[verb]);
    return execute(command, sizeof(command));
}

static DiskStatus run(Unit *unit, DiskVerb verb, Place place, uint32_t address, unsigned count)
{
    DiskStatus status = DISK_OK;
    for (unsigned i = 0; i < RETRIES; i++) {
        status = run_once(unit, verb, place, address, count);
        if (!status || status == DISK_WRITE_PROTECTED) {
            break;
        }
        reset_controller(unit);
    }
    return status;
}

/* Transfers a sector that crosses a boundary of 64 KiB, which the DMA channel cannot do. */
static DiskStatus run_bounced(Unit *unit, DiskVerb verb, Place place, uint32_t address)
{
    uint16_t segment = (uint16_t)(address >> 4), offset = address & 0xf;
    if (address >= 0x100000u) {
        segment = 0xffff;
        offset = (uint16_t)(address - 0xffff0);
    }
    for (unsigned i = 0; verb == DISK_WRITE && i < DISK_SECTOR_SIZE; i++) {
        floppy.bounce[i] = far_read8(segment, (uint16_t)(offset + i));
    }
    DiskStatus status = run(unit, verb, place, linear_address(floppy.bounce), 1);
    for (unsigned i = 0; !status && verb == DISK_READ && i < DISK_SECTOR_SIZE; i++) {
        far_write8(segment, (uint16_t)(offset + i), floppy.bounce[i]);
    }
    return status;
}

/* The number of sectors up to the end of the track or of the 64 KiB. */
static unsigned run_length(const Drive *drive, const DiskRequest *request, Place place)
{
    unsigned count = request->count - request->done;
    unsigned track = drive->sectors_track - place.sector + 1u;
    unsigned room = (BOUNDARY - (request->address & (BOUNDARY - 1))) / DISK_SECTOR_SIZE;
    count = count < track ? count : track;
    return request->verb == DISK_VERIFY || count < room ? count : room;
}

static DiskStatus transfer_part(const Drive *drive, Unit *unit, DiskRequest *request)
{
    Place place = place_of(drive, (uint32_t)request->sector + request->done);
    unsigned count = run_length(drive, request, place);
    DiskStatus status = count ? run(unit, request->verb, place, request->address, count)
                              : run_bounced(unit, request->verb, place, request->address);
    count = count ? count : 1;
    if (!status) {
        request->done = (uint16_t)(request->done + count);
        request->address += count * DISK_SECTOR_SIZE;
    }
    return status;
}

static DiskStatus transfer(Drive *drive, DiskRequest *request)
{
    Unit *unit = unit_of(drive);
    DiskStatus status = begin(drive, unit);
    if (!status && request->sector + request->count > drive->sectors) {
        status = DISK_SECTOR_NOT_FOUND;
    }
    while (!status && request->done < request->count) {
        status = transfer_part(drive, unit, request);
    }
    release();
    return status;
}

/* ---- INT 13h ---- */

static DiskStatus reset(Drive *drive)
{
    Unit *unit = unit_of(drive);
    floppy.ready = false;
    select(unit);
    release();
    return DISK_OK;
}

/* ES:BX has cylinder, head, sector and size for each of AL sectors. */
static DiskStatus format_track(Drive *drive, const Regs *regs)
{
    Unit *unit = unit_of(drive);
    uint32_t address = ((uint32_t)regs->es << 4) + regs->bx;
    const uint8_t command[] = {FDC_CMD_FORMAT | FDC_CMD_MFM,
                               (uint8_t)(unit->number | (regs->dh & 1) << 2),
                               SIZE,
                               regs->al,
                               TABLE.format_gap,
                               TABLE.fill};
    DiskStatus status = begin(drive, unit);
    if (!status && (!regs->al || regs->dh >= drive->heads || regs->ch >= drive->cylinders)) {
        status = DISK_INVALID;
    }
    if (!status && (address & (BOUNDARY - 1)) + regs->al * 4u > BOUNDARY) {
        status = DISK_BOUNDARY;
    }
    if (!status) {
        status = seek_cylinder(unit, regs->ch) ? DISK_OK : DISK_SEEK;
    }
    if (!status) {
        program_dma(address, regs->al * 4u, DMA_MODE_READ);
        status = execute(command, sizeof(command));
    }
    release();
    return status;
}

void floppy_point_to_table(Regs *regs)
{
    regs->es = IVT[TABLE_VECTOR].segment;
    regs->di = IVT[TABLE_VECTOR].offset;
}

/* The parameters of the drive, not of the medium in it. */
static DiskStatus get_parameters(const Drive *drive, Regs *regs)
{
    const Unit *unit = drive->unit;
    const Format *format = FORMATS[unit->type];
    regs->ax = 0;
    regs->bx = unit->type;
    regs->ch = (uint8_t)(format->cylinders - 1);
    regs->cl = format->track;
    regs->dh = 1;
    regs->dl = disk_count_like(drive->number);
    floppy_point_to_table(regs);
    return DISK_OK;
}

static DiskStatus change_line(Drive *drive)
{
    Unit *unit = unit_of(drive);
    select(unit);
    DiskStatus status = !changed() ? DISK_OK : unit->had_medium ? DISK_CHANGED : DISK_OK;
    if (!unit->format) {
        status = begin(drive, unit);
    }
    release();
    return status;
}

/* CH and CL: the last cylinder, and the number of sectors in a track that will be formatted. */
static DiskStatus set_media(Drive *drive, Regs *regs)
{
    Unit *unit = unit_of(drive);
    for (const Format *f = FORMATS[unit->type]; f->cylinders; f++) {
        if (f->cylinders - 1 == regs->ch && f->track == (regs->cl & 0x3f)) {
            floppy_point_to_table(regs);
            DiskStatus status = begin(drive, unit);
            release();
            return status ? status : unit->format == f ? DISK_OK : DISK_UNKNOWN_MEDIUM;
        }
    }
    return DISK_UNKNOWN_MEDIUM;
}

/* The types of AH = 17h: 360 KB, 360 KB in 1.2 MB, 1.2 MB, 720 KB. */
static DiskStatus set_type(const Drive *drive, const Regs *regs)
{
    const Unit *unit = drive->unit;
    static const uint8_t DRIVES[] = {0, 0x02, 0x04, 0x04, 0x38};
    bool fits = regs->al < sizeof(DRIVES) && DRIVES[regs->al] & 1u << unit->type;
    return fits ? DISK_OK : DISK_INVALID;
}

/* Determines the medium before cylinder, head and sector are converted into a number. */
static bool serve_sectors(Drive *drive, Regs *regs, DiskStatus *status)
{
    *status = begin(drive, unit_of(drive));
    if (*status) {
        regs->al = 0;
        release();
    }
    return *status != DISK_OK;
}

static bool service(Drive *drive, Regs *regs, DiskStatus *status)
{
    switch (regs->ah) {
    case 0x02:
    case 0x03:
    case 0x04:
        return serve_sectors(drive, regs, status);
    case 0x05:
        *status = format_track(drive, regs);
        return true;
    case 0x08:
        *status = get_parameters(drive, regs);
        return true;
    case 0x16:
        *status = change_line(drive);
        return true;
    case 0x17:
        *status = set_type(drive, regs);
        return true;
    case 0x18:
        *status = set_media(drive, regs);
        return true;
    default:
        return false;
    }
}

/* ---- what there is ---- */

static bool get_name(const Drive *drive, char *name)
{
    static const char *const NAMES[TYPE_LAST + 1] = {
        [1] = "5.25\" 360 KB", [2] = "5.25\" 1.2 MB", [3] = "3.5\" 720 KB",
        [4] = "3.5\" 1.44 MB", [5] = "3.5\" 2.88 MB",
    };
    const Unit *unit = drive->unit;
    const char *text = NAMES[unit->type];
    while ((*name++ = *text++)) {
    }
    return true;
}

static const DriveOps FLOPPY_OPS = {
    .name = "floppy",
    .reset = reset,
    .transfer = transfer,
    .service = service,
    .get_name = get_name,
};

static void add_unit(uint8_t number, uint8_t type)
{
    Unit *unit = &floppy.units[number];
    Drive drive = {
        .ops = &FLOPPY_OPS,
        .number = number,
        .removable = true,
        .sector_size = DISK_SECTOR_SIZE,
        .unit = unit,
        .place = PLACE_FLOPPY(number),
    };
    *unit = (Unit){.number = number, .type = type};
    if (type && type <= TYPE_LAST) {
        set_geometry(&drive, FORMATS[type], 2, FORMATS[type]->track);
        disk_add(&drive);
    }
}

/* Channel 4 of the second controller passes the requests of the first one. */
static void setup_dma(void)
{
    out8(PORT_DMA + DMA_MASTER_CLEAR, 0);
    out8(PORT_DMA_WORDS + DMA_MASTER_CLEAR * 2, 0);
    out8(PORT_DMA_WORDS + DMA_MODE * 2, DMA_MODE_CASCADE);
    out8(PORT_DMA_WORDS + DMA_MASK * 2, 0);
}

void floppy_setup(void)
{
    uint8_t types = cmos_read(CMOS_FLOPPY_TYPES);
    IVT[TABLE_VECTOR].segment = BIOS_DATA_SEGMENT;
    IVT[TABLE_VECTOR].offset = (uint16_t)(uint32_t)&TABLE;
    setup_dma();
    add_unit(0, types >> 4);
    add_unit(1, types & 0x0f);
}
