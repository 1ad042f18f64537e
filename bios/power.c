/*
 * INT 15h, AH = 53h: Advanced Power Management, after the APM BIOS Interface
 * Specification 1.2, chapter 4.  There is only the real-mode interface.  Nothing
 * can save power, and there is no battery.  The machine can be switched off.
 */
#include "bios/services.h"

#include "devices/misc/acpi_pm_regs.h"
#include "src/machine/pc_board.h"

#define VERSION_BCD 0x0102
#define SIGNATURE   0x504d /* "PM" */

#define FLAG_IDLE_SLOWS 0x04

#define DEVICE_BIOS 0x0000
#define DEVICE_ALL  0x0001
#define STATE_READY 0x0000
#define STATE_OFF   0x0003

#define ON_LINE    0x01
#define NO_BATTERY 0x80

typedef enum ApmError {
    APM_OK = 0,
    APM_CONNECTED = 0x02,
    APM_NOT_CONNECTED = 0x03,
    APM_NO_16_BITS = 0x06,
    APM_NO_32_BITS = 0x08,
    APM_UNKNOWN_DEVICE = 0x09,
    APM_OUT_OF_RANGE = 0x0a,
    APM_CANNOT = 0x60,
    APM_NO_EVENT = 0x80,
    APM_UNSUPPORTED = 0x86,
} ApmError;

static bool connected;

static ApmError check(Regs *regs)
{
    if (regs->bx != DEVICE_BIOS) {
        return APM_UNKNOWN_DEVICE;
    }
    regs->ax = VERSION_BCD;
    regs->bx = SIGNATURE;
    regs->cx = FLAG_IDLE_SLOWS;
    return APM_OK;
}

static ApmError connect(const Regs *regs)
{
    if (regs->bx != DEVICE_BIOS) {
        return APM_UNKNOWN_DEVICE;
    }
    if (connected) {
        return APM_CONNECTED;
    }
    connected = true;
    return APM_OK;
}

static ApmError disconnect(const Regs *regs)
{
    if (regs->bx != DEVICE_BIOS) {
        return APM_UNKNOWN_DEVICE;
    }
    if (!connected) {
        return APM_NOT_CONNECTED;
    }
    connected = false;
    return APM_OK;
}

/*
 * Switches off even if the program has not connected, as many do not.  If the write
 * returns, the machine has no such hardware.
 */
static ApmError set_state(const Regs *regs)
{
    if (regs->bx != DEVICE_ALL) {
        return APM_UNKNOWN_DEVICE;
    }
    if (regs->cx == STATE_OFF) {
        out16(PORT_ACPI_PM + ACPI_PM1_CNT,
              ACPI_PM1_SLP_EN | ACPI_SLP_TYP_S5 << ACPI_PM1_SLP_TYP_SHIFT);
        return APM_CANNOT;
    }
    return regs->cx == STATE_READY ? APM_OK : regs->cx < STATE_OFF ? APM_CANNOT : APM_OUT_OF_RANGE;
}

static ApmError get_state(Regs *regs)
{
    if (regs->bx != DEVICE_ALL) {
        return APM_UNKNOWN_DEVICE;
    }
    regs->cx = STATE_READY;
    return APM_OK;
}

/* Mains power and no battery, so the remaining time is unknown. */
static ApmError power_status(Regs *regs)
{
    if (regs->bx != DEVICE_ALL) {
        return APM_UNKNOWN_DEVICE;
    }
    regs->bx = ON_LINE << 8 | 0xff;
    regs->cx = NO_BATTERY << 8 | 0xff;
    regs->dx = 0xffff;
    return APM_OK;
}

/* The lower one of the program's version and ours. */
static ApmError driver_version(Regs *regs)
{
    if (!connected) {
        return APM_NOT_CONNECTED;
    }
    regs->ax = regs->cx < VERSION_BCD ? regs->cx : VERSION_BCD;
    return APM_OK;
}

static ApmError idle(void)
{
    bios_wait();
    return APM_OK;
}

static ApmError serve(Regs *regs)
{
    switch (regs->al) {
    case 0x00:
        return check(regs);
    case 0x01:
        return connect(regs);
    case 0x02:
        return APM_NO_16_BITS;
    case 0x03:
        return APM_NO_32_BITS;
    case 0x04:
        return disconnect(regs);
    case 0x05:
        return idle();
    case 0x06: /* the CPU is busy */
    case 0x08: /* power management on and off */
    case 0x09: /* restore the defaults */
    case 0x0d: /* the same for a device */
    case 0x0f: /* the driver's participation */
        return APM_OK;
    case 0x07:
        return set_state(regs);
    case 0x0a:
        return power_status(regs);
    case 0x0b:
        return APM_NO_EVENT;
    case 0x0c:
        return get_state(regs);
    case 0x0e:
        return driver_version(regs);
    default:
        return APM_UNSUPPORTED;
    }
}

bool power_service(Regs *regs)
{
    ApmError error = serve(regs);
    if (error) {
        regs->ah = (uint8_t)error;
    }
    return !error;
}
