/*
 * The fixed hardware of ACPI, after the ACPI Specification 2.0, section 4.7: PM1a
 * events and control, and the 24-bit power management timer.
 *
 * Modelled: the timer with its status and interrupt, and power-off (S5), also
 * through the ports at which other machines have PM1_CNT.  Not modelled: buttons,
 * general purpose events, other sleep states, legacy mode.
 *
 *     PM_TMR  = now * 3.579545 MHz, modulo 2^24
 *     TMR_STS = bit 23 of PM_TMR has changed since TMR_STS was cleared
 *     SCI     = TMR_STS and TMR_EN
 *
 * A write of PM1_CNT with SLP_EN set and the S5 value in SLP_TYP powers the machine
 * off.
 */
#include "devices/device.h"
#include "devices/misc/acpi_pm_regs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* TMR_STS is set when bit 23 of the timer changes, once in this number of ticks. */
#define HALF_TICKS (UINT64_C(1) << (ACPI_PM_TMR_BITS - 1))
#define EN_MASK    (ACPI_PM1_TMR | ACPI_PM1_GBL | ACPI_PM1_PWRBTN | ACPI_PM1_SLPBTN | ACPI_PM1_RTC)
#define CNT_MASK   (ACPI_PM1_BM_RLD | ACPI_PM1_SLP_TYP)

typedef struct AcpiPm {
    Device *dev;
    uint16_t enable;  /* PM1_EN as it was written */
    uint16_t control; /* PM1_CNT as it was written, without SLP_EN */

    uint64_t seen; /* the half periods of the timer up to the last clear of TMR_STS */

    IrqLine *sci;
    Timer *timer; /* armed for the next TMR_STS, if that interrupts */
    uint16_t iobase, bochs_port, virtualbox_port;
    bool old_ports;
} AcpiPm;

/* ---- time ---- */

static uint64_t ticks_now(const AcpiPm *pm)
{
    uint64_t now = pio_now(pm->dev);
    return now / NS_PER_SECOND * ACPI_PM_TMR_HZ +
           now % NS_PER_SECOND * ACPI_PM_TMR_HZ / NS_PER_SECOND;
}

/* The first nanosecond at which ticks_now() returns `ticks`. */
static uint64_t time_of(uint64_t ticks)
{
    uint64_t rest = ticks % ACPI_PM_TMR_HZ;
    return ticks / ACPI_PM_TMR_HZ * NS_PER_SECOND +
           (rest * NS_PER_SECOND + ACPI_PM_TMR_HZ - 1) / ACPI_PM_TMR_HZ;
}

static uint64_t halves_now(const AcpiPm *pm)
{
    return ticks_now(pm) / HALF_TICKS;
}

/* ---- status and interrupt ---- */

static uint16_t acpi_pm_status(const AcpiPm *pm)
{
    return halves_now(pm) != pm->seen ? ACPI_PM1_TMR : 0;
}

static void acpi_pm_update(AcpiPm *pm)
{
    bool pending = (acpi_pm_status(pm) & pm->enable) != 0;
    pio_irq_set(pm->sci, pending);
    if (pm->enable & ACPI_PM1_TMR && !pending) {
        pio_timer_arm(pm->timer, time_of((halves_now(pm) + 1) * HALF_TICKS));
    } else {
        pio_timer_disarm(pm->timer);
    }
}

static void acpi_pm_fire(void *state, uint64_t deadline)
{
    (void)deadline;
    acpi_pm_update(state);
}

/* ---- registers ---- */

static void write_status(AcpiPm *pm, uint8_t value)
{
    if (value & ACPI_PM1_TMR) {
        pm->seen = halves_now(pm);
    }
}

static void sleep_now(AcpiPm *pm, unsigned control)
{
    unsigned type = (control & ACPI_PM1_SLP_TYP) >> ACPI_PM1_SLP_TYP_SHIFT;
    if (type == ACPI_SLP_TYP_S5 || type == ACPI_SLP_TYP_S5_OTHER) {
        pio_request_poweroff(pm->dev);
    } else {
        pio_guest_error(pm->dev, "SLP_TYP", "SLP_TYP %u is no sleep state; only %u and %u (S5) are",
                        type, ACPI_SLP_TYP_S5, ACPI_SLP_TYP_S5_OTHER);
    }
}

static uint16_t replace_byte(uint16_t old, unsigned byte, uint8_t value, uint16_t mask)
{
    uint16_t kept = (uint16_t)(old & ~(0xffu << byte * 8));
    return (uint16_t)((kept | (unsigned)value << byte * 8) & mask);
}

static void write_control(AcpiPm *pm, unsigned byte, uint8_t value)
{
    pm->control = replace_byte(pm->control, byte, value, CNT_MASK);
    if (byte == 1 && value & ACPI_PM1_SLP_EN >> 8) {
        sleep_now(pm, pm->control);
    }
}

static void write_byte(AcpiPm *pm, uint64_t offset, uint8_t value)
{
    switch (offset) {
    case ACPI_PM1_STS:
        write_status(pm, value);
        break;
    case ACPI_PM1_EN:
    case ACPI_PM1_EN + 1:
        pm->enable = replace_byte(pm->enable, (unsigned)offset - ACPI_PM1_EN, value, EN_MASK);
        break;
    case ACPI_PM1_CNT:
    case ACPI_PM1_CNT + 1:
        write_control(pm, (unsigned)offset - ACPI_PM1_CNT, value);
        break;
    default:
        break; /* the timer and the upper half of PM1_STS are read-only */
    }
}

static void acpi_pm_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    AcpiPm *pm = state;
    for (unsigned i = 0; i < size; i++) {
        write_byte(pm, offset + i, (uint8_t)(value >> i * 8));
    }
    acpi_pm_update(pm);
}

/* Takes all registers at one instant, so that a wide read of the timer is consistent. */
static uint64_t acpi_pm_read(void *state, uint64_t offset, unsigned size)
{
    const AcpiPm *pm = state;
    uint8_t bytes[ACPI_PM_SIZE + sizeof(uint64_t)] = {0};
    const uint16_t status = acpi_pm_status(pm), control = pm->control | ACPI_PM1_SCI_EN;
    const uint32_t ticks = (uint32_t)(ticks_now(pm) % (2 * HALF_TICKS));
    memcpy(bytes + ACPI_PM1_STS, &status, sizeof(status));
    memcpy(bytes + ACPI_PM1_EN, &pm->enable, sizeof(pm->enable));
    memcpy(bytes + ACPI_PM1_CNT, &control, sizeof(control));
    memcpy(bytes + ACPI_PM_TMR, &ticks, sizeof(ticks));
    uint64_t value = 0;
    memcpy(&value, bytes + offset, size);
    return value;
}

/*
 * Other machines have PM1_CNT at these ports.  Some guests write there to power
 * off, without looking for the real one.  UEFI firmware keeps the bits that it reads.
 */
static uint64_t old_port_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    return acpi_pm_read(state, ACPI_PM1_CNT + offset, 2 - (unsigned)offset);
}

static void old_port_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)offset;
    (void)size;
    if (value & ACPI_PM1_SLP_EN) {
        sleep_now(state, (unsigned)value);
    }
}

static const char *old_port_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    (void)offset;
    (void)write;
    return "PM1_CNT";
}

static const char *acpi_pm_register_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    (void)write;
    static const char *const NAMES[ACPI_PM_SIZE] = {
        [ACPI_PM1_STS] = "PM1_STS",
        [ACPI_PM1_EN] = "PM1_EN",
        [ACPI_PM1_CNT] = "PM1_CNT",
        [ACPI_PM_TMR] = "PM_TMR",
    };
    return offset < ACPI_PM_SIZE ? NAMES[offset] : NULL;
}

/* ---- reset, state, class ---- */

/* A base of 0 leaves the region out. */
static bool acpi_pm_realize(void *state, char *error, size_t size)
{
    AcpiPm *pm = state;
    (void)error;
    (void)size;
    if (!pm->old_ports) {
        pm->bochs_port = pm->virtualbox_port = 0;
    }
    return true;
}

static void acpi_pm_reset(void *state)
{
    AcpiPm *pm = state;
    pm->enable = 0;
    pm->control = 0;
    pm->seen = halves_now(pm);
    acpi_pm_update(pm);
}

static const DeviceField ACPI_PM_FIELDS[] = {
    DEVICE_FIELD(AcpiPm, enable),
    DEVICE_FIELD(AcpiPm, control),
    DEVICE_FIELD(AcpiPm, seen),
    DEVICE_FIELD_END,
};

static bool acpi_pm_post_load(void *state)
{
    AcpiPm *pm = state;
    if (pm->enable & ~EN_MASK || pm->control & ~CNT_MASK || pm->seen > halves_now(pm)) {
        return false;
    }
    acpi_pm_update(pm);
    return true;
}

static void acpi_pm_describe(const void *state, char *text, size_t size)
{
    const AcpiPm *pm = state;
    snprintf(text, size, "PM1_STS=0x%04x PM1_EN=0x%04x PM1_CNT=0x%04x", acpi_pm_status(pm),
             pm->enable, pm->control | ACPI_PM1_SCI_EN);
}

static const DeviceProperty ACPI_PM_PROPERTIES[] = {
    DEVICE_PORT(AcpiPm, iobase, "iobase", "first port"),
    DEVICE_IRQ(AcpiPm, sci, "irq", "the system control interrupt"),
    DEVICE_PROPERTY(AcpiPm, old_ports, "old-ports", PROPERTY_BOOL, "on",
                    "power off also at the ports of older Bochs and QEMU, and of VirtualBox"),
    DEVICE_PORT(AcpiPm, bochs_port, "bochs-port", "the former, 0 for none"),
    DEVICE_PORT(AcpiPm, virtualbox_port, "virtualbox-port", "the latter, 0 for none"),
    DEVICE_PROPERTY_END,
};

static const DeviceTimer ACPI_PM_TIMERS[] = {
    {"half-period", offsetof(AcpiPm, timer), acpi_pm_fire},
    DEVICE_TIMER_END,
};

static const IoOps ACPI_PM_OPS = {
    .read = acpi_pm_read,
    .write = acpi_pm_write,
    .max_size = 4,
};

static const IoOps OLD_PORT_OPS = {
    .read = old_port_read,
    .write = old_port_write,
    .max_size = 2,
    .min_write = 2,
};

static const DeviceRegion ACPI_PM_REGIONS[] = {
    {
        .name = "pm1a",
        .space = IO_PORTS,
        .size = ACPI_PM_SIZE,
        .ops = &ACPI_PM_OPS,
        .base_property = "iobase",
        .register_name = acpi_pm_register_name,
    },
    {
        .name = "bochs",
        .space = IO_PORTS,
        .size = ACPI_PM1_CNT_LEN,
        .ops = &OLD_PORT_OPS,
        .base_property = "bochs-port",
        .register_name = old_port_name,
    },
    {
        .name = "virtualbox",
        .space = IO_PORTS,
        .size = ACPI_PM1_CNT_LEN,
        .ops = &OLD_PORT_OPS,
        .base_property = "virtualbox-port",
        .register_name = old_port_name,
    },
    DEVICE_REGION_END,
};

const DeviceClass acpi_pm_class = {
    .head = DEVICE_CLASS_HEAD("acpi-pm", AcpiPm),
    .description = "ACPI power management: timer and power-off",
    .properties = ACPI_PM_PROPERTIES,
    .regions = ACPI_PM_REGIONS,
    .timers = ACPI_PM_TIMERS,
    .realize = acpi_pm_realize,
    .reset = acpi_pm_reset,
    .fields = ACPI_PM_FIELDS,
    .post_load = acpi_pm_post_load,
    .describe = acpi_pm_describe,
};
