/*
 * MC146818A real-time clock with the 128 bytes of CMOS memory of the PC/AT.
 *
 * Data sheet: Motorola MC146818A (ADI-1073R1), with a 32.768 kHz crystal.
 * Modelled: clock, calendar, alarm, the three interrupts, the update cycle's
 * timing, the divider chain.  Not modelled: daylight saving (DSE can be set and has
 * no effect), the square wave pin, the other crystals.
 *
 * A divider counts the crystal's 32768 Hz.  Once a second an update cycle adds a
 * second to time and date: UIP is set 244 us before the cycle, and the cycle takes
 * 1984 us.  The divider's first update begins half a second after its reset.  Three
 * flags in register C record what happened:
 *
 *     UF  at the end of each update cycle
 *     AF  at the end of an update cycle whose time matches the alarm
 *     PF  every 2^(RS-1) divider counts, RS being bits 3-0 of register A
 *         (RS = 1 or 2: every 2^(RS+6); RS = 0: never)
 *
 *     IRQF = (UF and UIE) or (AF and AIE) or (PF and PIE)
 *     IRQ8 = IRQF
 *
 * A read of register C clears the flags and with them the interrupt.
 *
 * No code runs for each count.  An access first brings the registers up to date,
 * and a timer is armed only while an enabled interrupt will come.
 */
#include "devices/device.h"
#include "devices/timer/cmos_bytes.h"
#include "devices/timer/mc146818_regs.h"
#include "devices/timer/mc146818_time.h"

#include <stdio.h>

#define RTC_BATTERY_A (RTC_A_DV_32K | 0x06)
#define RTC_BATTERY_B RTC_B_24H

/* The time from UIP to the update, and the length of an update, at 32.768 kHz (tBUC, tUC). */
#define RTC_UIP_NS    UINT64_C(244000)
#define RTC_UPDATE_NS UINT64_C(1984000)
/* "The first update cycle begins one-half second" after the divider was reset. */
#define RTC_FIRST_UPDATE_NS (NS_PER_SECOND / 2)

/* The divider counts at 32768 Hz, so 64 counts take exactly 1953125 ns. */
#define RTC_COUNTS_PER_BLOCK 64u
#define RTC_NS_PER_BLOCK     1953125u

#define RTC_FLAGS    (RTC_C_PF | RTC_C_AF | RTC_C_UF)
#define RTC_OWED_MAX 65536u
/*
 * How long after a read of register C the next owed interrupt comes: two counts of
 * the divider, half of the shortest period that a PC uses.
 */
#define RTC_OWED_NS  UINT64_C(61036)
#define RTC_NEVER    UINT64_MAX
#define RTC_BASE_MAX UINT64_C(253402300799) /* the last second of 9999 */

enum { POLICY_CATCHUP, POLICY_DROP, POLICY_MERGE };

typedef struct Mc146818 {
    Device *dev;
    uint8_t index; /* the byte that the data port accesses */
    /*
     * All registers at the time `synced`; A without UIP, C without IRQF.  They have
     * a battery: a reset clears only the interrupt enables and flags.
     */
    uint8_t cmos[CMOS_SIZE];

    bool nmi_masked;
    uint64_t synced;   /* the machine time at which the registers are up to date */
    uint64_t phase;    /* when the divider was last at 0, modulo one second */
    uint32_t owed;     /* periodic interrupts that register C has not shown yet */
    uint64_t owed_due; /* when the next of them comes, if PF is clear */
    bool boot_read;    /* the guest has read the boot order, so an order for one boot ends at the
                          reset */

    uint16_t base_port;
    uint8_t equipment;
    unsigned floppy[2];
    uint64_t base_seconds, ram_size;
    char *disk[2]; /* "cylinders/heads/sectors"; empty if none */
    char *boot_order, *boot_once;
    uint8_t cpus;
    unsigned policy;
    IrqLine *irq, *nmi_mask;
    Timer *timer;
} Mc146818;

/* ---- the divider ---- */

/*
 * DEVIATION: every time base is treated as the 32.768 kHz one that a PC has.  The
 * settings for factory tests hold the divider, as its reset does.
 */
static bool divider_runs(const Mc146818 *s)
{
    return (s->cmos[RTC_A] & RTC_A_DV_MASK) <= RTC_A_DV_32K;
}

static bool updates_run(const Mc146818 *s)
{
    return divider_runs(s) && !(s->cmos[RTC_B] & RTC_B_SET);
}

/* The counts since the divider was at 0 in the second before machine time 0. */
static uint64_t divider_count(const Mc146818 *s, uint64_t ns)
{
    uint64_t run = ns + NS_PER_SECOND - s->phase;
    return run / RTC_NS_PER_BLOCK * RTC_COUNTS_PER_BLOCK +
           run % RTC_NS_PER_BLOCK * RTC_COUNTS_PER_BLOCK / RTC_NS_PER_BLOCK;
}

/* The first nanosecond at which the divider is at `count`. */
static uint64_t divider_time(const Mc146818 *s, uint64_t count)
{
    uint64_t rest = count % RTC_COUNTS_PER_BLOCK * RTC_NS_PER_BLOCK;
    return count / RTC_COUNTS_PER_BLOCK * RTC_NS_PER_BLOCK +
           (rest + RTC_COUNTS_PER_BLOCK - 1) / RTC_COUNTS_PER_BLOCK + s->phase - NS_PER_SECOND;
}

/* The divider counts between periodic interrupts, or 0 for none (data sheet, table of rates). */
static uint64_t period_counts(const Mc146818 *s)
{
    unsigned rate = s->cmos[RTC_A] & RTC_A_RS_MASK;
    if (rate == 0) {
        return 0;
    }
    return UINT64_C(1) << (rate < 3 ? rate + 6 : rate - 1);
}

/* When an update cycle ends, modulo one second. */
static uint64_t update_phase(const Mc146818 *s)
{
    return (s->phase + RTC_FIRST_UPDATE_NS + RTC_UPDATE_NS) % NS_PER_SECOND;
}

/* The number of update cycles that have ended by `ns`, counted from a fixed start. */
static uint64_t updates_until(const Mc146818 *s, uint64_t ns)
{
    return (ns + NS_PER_SECOND - update_phase(s)) / NS_PER_SECOND;
}

static uint64_t next_update(const Mc146818 *s, uint64_t ns)
{
    return ns + NS_PER_SECOND - (ns + NS_PER_SECOND - update_phase(s)) % NS_PER_SECOND;
}

static bool update_in_progress(const Mc146818 *s, uint64_t ns)
{
    return updates_run(s) && next_update(s, ns) - ns <= RTC_UIP_NS + RTC_UPDATE_NS;
}

/* ---- pending and update ---- */

static bool irq_flag(const Mc146818 *s)
{
    return s->cmos[RTC_B] & s->cmos[RTC_C] & RTC_FLAGS;
}

/*
 * The time of the next enabled interrupt.  There is none while IRQF is set, because
 * the guest must read register C first.
 */
static uint64_t next_event(const Mc146818 *s, uint64_t now)
{
    uint64_t event = RTC_NEVER;
    uint8_t enabled = s->cmos[RTC_B];
    if (irq_flag(s)) {
        return RTC_NEVER;
    }
    if (enabled & RTC_B_PIE && divider_runs(s) && period_counts(s)) {
        uint64_t period = period_counts(s);
        event = divider_time(s, (divider_count(s, now) / period + 1) * period);
    }
    if (enabled & RTC_B_PIE && s->owed && s->owed_due < event) {
        event = s->owed_due;
    }
    uint64_t updates = enabled & RTC_B_UIE   ? 1
                       : enabled & RTC_B_AIE ? rtc_time_until_alarm(s->cmos)
                                             : 0;
    if (updates && updates_run(s)) {
        uint64_t update = next_update(s, now) + (updates - 1) * NS_PER_SECOND;
        event = update < event ? update : event;
    }
    return event;
}

static void mc146818_update(Mc146818 *s)
{
    pio_irq_set(s->irq, irq_flag(s));
    pio_irq_set(s->nmi_mask, s->nmi_masked);
    uint64_t event = next_event(s, s->synced);
    if (event == RTC_NEVER) {
        pio_timer_disarm(s->timer);
    } else {
        pio_timer_arm(s->timer, event);
    }
}

/* ---- bringing the registers up to date ---- */

/*
 * A periodic interrupt is overdue when the next one is due as well.  With the
 * policy "catchup", the interrupts that came before register C was read follow some
 * time after the read.  A guest that reads C again at once must find it clear.
 */
static void take_periods(Mc146818 *s, uint64_t periods)
{
    bool enabled = s->cmos[RTC_B] & RTC_B_PIE;
    if (enabled && s->policy == POLICY_DROP && periods > 1 && !irq_flag(s)) {
        return;
    }
    if (enabled && s->policy == POLICY_CATCHUP) {
        uint64_t more = s->cmos[RTC_C] & RTC_C_PF ? periods : periods - 1;
        s->owed = (uint32_t)(more > RTC_OWED_MAX - s->owed ? RTC_OWED_MAX : s->owed + more);
    }
    s->cmos[RTC_C] |= RTC_C_PF;
}

static void take_owed(Mc146818 *s, uint64_t now)
{
    if (s->owed && !(s->cmos[RTC_C] & RTC_C_PF) && s->owed_due <= now) {
        s->owed--;
        s->cmos[RTC_C] |= RTC_C_PF;
    }
}

static void take_updates(Mc146818 *s, uint64_t updates)
{
    uint64_t alarm = rtc_time_until_alarm(s->cmos);
    if (alarm && alarm <= updates) {
        s->cmos[RTC_C] |= RTC_C_AF;
    }
    s->cmos[RTC_C] |= RTC_C_UF;
    rtc_time_add(s->cmos, updates);
}

static void mc146818_sync(Mc146818 *s)
{
    uint64_t now = pio_now(s->dev);
    uint64_t period = period_counts(s);
    if (divider_runs(s) && period) {
        uint64_t periods = divider_count(s, now) / period - divider_count(s, s->synced) / period;
        if (periods) {
            take_periods(s, periods);
        }
    }
    take_owed(s, now);
    if (updates_run(s)) {
        uint64_t updates = updates_until(s, now) - updates_until(s, s->synced);
        if (updates) {
            take_updates(s, updates);
        }
    }
    s->synced = now;
}

/* ---- registers ---- */

static uint8_t read_c(Mc146818 *s)
{
    uint8_t value = s->cmos[RTC_C] | (irq_flag(s) ? RTC_C_IRQF : 0);
    s->cmos[RTC_C] = 0;
    s->owed_due = s->synced + RTC_OWED_NS;
    return value;
}

static void write_a(Mc146818 *s, uint8_t value)
{
    bool ran = divider_runs(s);
    if ((value ^ s->cmos[RTC_A]) & (RTC_A_DV_MASK | RTC_A_RS_MASK)) {
        s->owed = 0;
    }
    s->cmos[RTC_A] = value & (uint8_t)~RTC_A_UIP;
    if (!ran && divider_runs(s)) {
        s->phase = s->synced % NS_PER_SECOND;
    }
}

/* "UIE is cleared by the SET bit going high." */
static void write_b(Mc146818 *s, uint8_t value)
{
    if (value & ~s->cmos[RTC_B] & RTC_B_SET) {
        value &= (uint8_t)~RTC_B_UIE;
    }
    if (!(value & RTC_B_PIE)) {
        s->owed = 0;
    }
    s->cmos[RTC_B] = value;
}

static void write_index(Mc146818 *s, uint8_t value)
{
    s->index = value & RTC_INDEX_MASK;
    s->nmi_masked = value & RTC_INDEX_NMI_MASK;
    pio_irq_set(s->nmi_mask, s->nmi_masked);
}

static uint8_t read_register(Mc146818 *s)
{
    switch (s->index) {
    case RTC_A:
        return s->cmos[RTC_A] | (update_in_progress(s, s->synced) ? RTC_A_UIP : 0);
    case RTC_C:
        return read_c(s);
    case CMOS_BOOT:
        s->boot_read = true;
        return s->cmos[CMOS_BOOT];
    default:
        return s->cmos[s->index];
    }
}

static void write_register(Mc146818 *s, uint8_t value)
{
    switch (s->index) {
    case RTC_SECONDS:
        s->cmos[RTC_SECONDS] = value & RTC_SECONDS_WRITABLE;
        break;
    case RTC_A:
        write_a(s, value);
        break;
    case RTC_B:
        write_b(s, value);
        break;
    case RTC_C:
    case RTC_D:
        pio_guest_error(s->dev, "write to a read-only register",
                        "RTC register %c is read only, 0x%02x ignored",
                        s->index == RTC_C ? 'C' : 'D', value);
        break;
    default:
        s->cmos[s->index] = value;
    }
}

/* ---- reads and writes ---- */

/* The index port is write only. */
static uint64_t mc146818_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    Mc146818 *s = state;
    if (offset == RTC_INDEX) {
        return UINT64_MAX;
    }
    mc146818_sync(s);
    uint8_t value = read_register(s);
    mc146818_update(s);
    return value;
}

static void mc146818_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    Mc146818 *s = state;
    if (offset == RTC_INDEX) {
        write_index(s, (uint8_t)value);
        return;
    }
    mc146818_sync(s);
    write_register(s, (uint8_t)value);
    mc146818_update(s);
}

static const char *mc146818_register_name(const void *state, uint64_t offset, bool write)
{
    static const char *const NAMES[] = {"SEC",     "SECALM", "MIN",  "MINALM", "HOUR",
                                        "HOURALM", "DOW",    "DATE", "MONTH",  "YEAR",
                                        "A",       "B",      "C",    "D"};
    (void)write;
    const Mc146818 *s = state;
    if (offset == RTC_INDEX) {
        return "INDEX";
    }
    return s->index < RTC_RAM ? NAMES[s->index] : "CMOS";
}

/* ---- time and description ---- */

static void mc146818_fire(void *state, uint64_t deadline)
{
    (void)deadline;
    Mc146818 *s = state;
    mc146818_sync(s);
    mc146818_update(s);
}

static void mc146818_describe(const void *state, char *text, size_t size)
{
    const Mc146818 *s = state;
    const uint8_t *r = s->cmos;
    snprintf(text, size,
             "%02x%02x-%02x-%02x %02x:%02x:%02x at %llu ns, A=%02x B=%02x C=%02x "
             "alarm %02x:%02x:%02x owed=%u%s",
             r[CMOS_CENTURY], r[RTC_YEAR], r[RTC_MONTH], r[RTC_DATE], r[RTC_HOURS], r[RTC_MINUTES],
             r[RTC_SECONDS], (unsigned long long)s->synced, r[RTC_A], r[RTC_B], r[RTC_C],
             r[RTC_HOURS_ALARM], r[RTC_MINUTES_ALARM], r[RTC_SECONDS_ALARM], s->owed,
             s->nmi_masked ? " NMI masked" : "");
}

/* ---- the battery's memory ---- */

/*
 * The battery has kept the divider running: an update ends with each whole second
 * of machine time.
 */
static bool mc146818_realize(void *state, char *error, size_t size)
{
    Mc146818 *s = state;
    if (s->base_seconds > RTC_BASE_MAX) {
        snprintf(error, size, "base=%llu: after the year 9999 (at most %llu)",
                 (unsigned long long)s->base_seconds, (unsigned long long)RTC_BASE_MAX);
        return false;
    }
    s->cmos[RTC_A] = RTC_BATTERY_A;
    s->cmos[RTC_B] = RTC_BATTERY_B;
    s->cmos[RTC_D] = RTC_D_VRT;
    s->cmos[CMOS_EQUIPMENT] = s->equipment;
    rtc_time_store(s->cmos, s->base_seconds);
    cmos_store_floppies(s->cmos, (uint8_t)s->floppy[0], (uint8_t)s->floppy[1]);
    cmos_store_memory(s->cmos, s->ram_size);
    for (unsigned i = 0; i < 2; i++) {
        if (!cmos_store_disk(s->cmos, i, s->disk[i])) {
            snprintf(error, size, "disk%u=%s: not CYLINDERS/HEADS/SECTORS", i, s->disk[i]);
            return false;
        }
    }
    cmos_store_boot_order(s->cmos, *s->boot_once ? s->boot_once : s->boot_order);
    s->cmos[CMOS_MORE_CPUS] = (uint8_t)(s->cpus - 1);
    cmos_store_checksum(s->cmos);
    s->phase = NS_PER_SECOND - RTC_FIRST_UPDATE_NS - RTC_UPDATE_NS;
    s->synced = pio_now(s->dev);
    return true;
}

/* ---- reset and state ---- */

/*
 * "RESET does not affect the clock, calendar, or RAM functions."
 * DEVIATION: if the boot order was meant for one boot, the reset restores the
 * permanent order.
 */
static void mc146818_reset(void *state)
{
    Mc146818 *s = state;
    mc146818_sync(s);
    s->index = 0;
    s->nmi_masked = false;
    s->owed = 0;
    s->owed_due = 0;
    if (s->boot_read && *s->boot_once) {
        cmos_store_boot_order(s->cmos, s->boot_order);
    }
    s->boot_read = false;
    s->cmos[RTC_B] &= (uint8_t) ~(RTC_B_PIE | RTC_B_AIE | RTC_B_UIE | RTC_B_SQWE);
    s->cmos[RTC_C] = 0;
    mc146818_update(s);
}

static bool mc146818_post_load(void *state)
{
    Mc146818 *s = state;
    if (s->index >= CMOS_SIZE || s->phase >= NS_PER_SECOND || s->owed > RTC_OWED_MAX ||
        s->owed_due > s->synced + RTC_OWED_NS || s->synced > pio_now(s->dev) ||
        s->cmos[RTC_A] & RTC_A_UIP || s->cmos[RTC_C] & ~RTC_FLAGS || s->cmos[RTC_D] != RTC_D_VRT) {
        return false;
    }
    mc146818_update(s);
    return true;
}

static const DeviceField mc146818_fields[] = {
    DEVICE_FIELD(Mc146818, index),
    DEVICE_FIELD_ARRAY(Mc146818, cmos),
    DEVICE_FIELD_BOOL(Mc146818, nmi_masked),
    DEVICE_FIELD(Mc146818, synced),
    DEVICE_FIELD(Mc146818, phase),
    DEVICE_FIELD(Mc146818, owed),
    DEVICE_FIELD(Mc146818, owed_due),
    DEVICE_FIELD_BOOL(Mc146818, boot_read),
    DEVICE_FIELD_END,
};

/* ---- the class ---- */

static const IoOps mc146818_ops = {.read = mc146818_read, .write = mc146818_write, .max_size = 1};

static const DeviceRegion mc146818_regions[] = {
    {.name = "rtc",
     .space = IO_PORTS,
     .size = 2,
     .ops = &mc146818_ops,
     .base_property = "iobase",
     .register_name = mc146818_register_name},
    DEVICE_REGION_END,
};

/* Drives by their capacity in KiB.  The index is the type in CMOS. */
static const char *const floppy_names[] = {"none", "360", "1200", "720", "1440", "2880", NULL};

static const char *const policy_names[] = {"catchup", "drop", "merge", NULL};

static const DeviceProperty mc146818_properties[] = {
    DEVICE_PORT(Mc146818, base_port, "iobase", "first of the two ports"),
    DEVICE_IRQ(Mc146818, irq, "irq", "interrupt line"),
    DEVICE_PROPERTY(Mc146818, base_seconds, "base", PROPERTY_UINT64, "0",
                    "date at machine time 0, in seconds since 1970 as the registers show it"),
    DEVICE_PROPERTY(Mc146818, ram_size, "ram-size", PROPERTY_UINT64, "0",
                    "memory size in bytes, for the CMOS bytes that contain it"),
    DEVICE_PROPERTY(Mc146818, equipment, "equipment", PROPERTY_UINT8, "0x06",
                    "CMOS byte 0x14: coprocessor, pointing device, display, diskettes"),
    DEVICE_PROPERTY(Mc146818, disk[0], "disk0", PROPERTY_STRING, "",
                    "CYLINDERS/HEADS/SECTORS of the first hard disk, for its CMOS bytes"),
    DEVICE_PROPERTY(Mc146818, disk[1], "disk1", PROPERTY_STRING, "", "the same for the second"),
    DEVICE_CHOICE(
        Mc146818, floppy[0], "floppy0", floppy_names, "none",
        "the first floppy drive, by the KiB it was made for, for CMOS bytes 0x10 and 0x14"),
    DEVICE_CHOICE(Mc146818, floppy[1], "floppy1", floppy_names, "none", "the same for the second"),
    DEVICE_PROPERTY(Mc146818, boot_order, "boot-order", PROPERTY_STRING, "",
                    "the boot order (a floppy, c disk, d CD-ROM), for CMOS 0x3d and 0x38"),
    DEVICE_PROPERTY(Mc146818, boot_once, "boot-once", PROPERTY_STRING, "",
                    "the same until the first reset after a firmware has read it"),
    DEVICE_PROPERTY(Mc146818, cpus, "cpus", PROPERTY_UINT8, "1",
                    "the number of CPUs, for CMOS byte 0x5f"),
    DEVICE_CHOICE(Mc146818, policy, "lost-ticks", policy_names, "catchup",
                  "what happens to periodic interrupts that are due together"),
    DEVICE_PROPERTY_END,
};

static const DeviceOutput mc146818_outputs[] = {
    {.name = "nmi-mask", .offset = offsetof(Mc146818, nmi_mask)},
    DEVICE_OUTPUT_END,
};

static const DeviceTimer mc146818_timers[] = {
    {.name = "event", .offset = offsetof(Mc146818, timer), .fire = mc146818_fire},
    DEVICE_TIMER_END,
};

extern const DeviceClass mc146818_class;
const DeviceClass mc146818_class = {
    .head = DEVICE_CLASS_HEAD("mc146818rtc", Mc146818),
    .description = "MC146818A real-time clock and CMOS memory",
    .properties = mc146818_properties,
    .regions = mc146818_regions,
    .outputs = mc146818_outputs,
    .timers = mc146818_timers,
    .realize = mc146818_realize,
    .reset = mc146818_reset,
    .fields = mc146818_fields,
    .post_load = mc146818_post_load,
    .describe = mc146818_describe,
};
