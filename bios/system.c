/* INT 11h, 12h, 15h and 17h: the machine's equipment and other services. */
#include "bios/services.h"

#include "devices/input/i8042_regs.h"
#include "devices/misc/port92_regs.h"
#include "devices/timer/mc146818_regs.h"
#include "src/machine/pc_board.h"

#define UNSUPPORTED 0x86

#define PRINTER_TIMEOUT 0x01

#define MOVE_WORDS_MAX 0x8000u
#define MOVE_TOO_LONG  0x02

#define ACCESS_CODE 0x9b
#define ACCESS_DATA 0x93
#define LIMIT_4G    0x8f /* in units of 4 KiB, with the upper bits of the limit */

#define A20_GATES 0x03  /* keyboard controller and port 92h */
#define A20_TEST  0x4f0 /* in the area where programs can leave messages for each other */

void system_equipment(Regs *regs)
{
    regs->ax = BDA->equipment;
}

void system_base_memory(Regs *regs)
{
    regs->ax = BDA->base_memory;
}

/* There is no printer, so it times out. */
void system_printer(Regs *regs)
{
    regs->ah = PRINTER_TIMEOUT;
}

/* ---- address line 20 ---- */

static void keyboard_controller(uint16_t port, uint8_t byte)
{
    while (in8(I8042_STATUS) & I8042_ST_IBF) {
        bios_window();
    }
    out8(port, byte);
}

/* Writes the output port with the usual bits of a PC and address line 20. */
static void set_a20(bool on)
{
    uint8_t control = in8(PORT_CONTROL_A) & (uint8_t) ~(PORT92_A20 | PORT92_RESET);
    keyboard_controller(I8042_COMMAND, I8042_CMD_WRITE_OUTPUT);
    keyboard_controller(I8042_DATA, (uint8_t)(0xdd | (on ? I8042_OUT_A20 : 0)));
    out8(PORT_CONTROL_A, control | (on ? PORT92_A20 : 0));
}

/* Either gate may be open, and some CPUs have none.  Only a test with memory tells. */
static bool a20_is_on(void)
{
    uint16_t before = far_read16(0, A20_TEST);
    far_write16(0, A20_TEST, (uint16_t)~far_read16(0xffff, A20_TEST + 0x10));
    bool on = far_read16(0, A20_TEST) != far_read16(0xffff, A20_TEST + 0x10);
    far_write16(0, A20_TEST, before);
    return on;
}

static bool service_a20(Regs *regs)
{
    switch (regs->al) {
    case 0x00:
    case 0x01:
        set_a20(regs->al);
        break;
    case 0x02:
        regs->al = a20_is_on();
        break;
    case 0x03:
        regs->bx = A20_GATES;
        break;
    default:
        return false;
    }
    regs->ah = 0;
    return true;
}

/* ---- block move ---- */

typedef struct __attribute__((packed)) Descriptor {
    uint16_t limit, base_low;
    uint8_t base_mid, access, limit_high, base_high;
} Descriptor;

_Static_assert(sizeof(Descriptor) == 8, "a segment descriptor");

static Descriptor descriptor(uint32_t base, uint8_t access, uint8_t limit_high)
{
    return (Descriptor){
        .limit = 0xffff,
        .base_low = (uint16_t)base,
        .base_mid = (uint8_t)(base >> 16),
        .access = access,
        .limit_high = limit_high,
        .base_high = (uint8_t)(base >> 24),
    };
}

/* The base of a descriptor in the caller's table at ES:SI. */
static uint32_t caller_base(const Regs *regs, unsigned index)
{
    uint16_t at = (uint16_t)(regs->si + index * sizeof(Descriptor));
    return (far_read32(regs->es, at + 2) & 0xffffff) | (uint32_t)far_read8(regs->es, at + 7) << 24;
}

/* In protected mode there is no handler for an NMI. */
void memory_move_units(uint32_t to, uint32_t from, uint16_t count, unsigned size)
{
    static Descriptor gdt[6];
    gdt[2] = descriptor(from, ACCESS_DATA, LIMIT_4G);
    gdt[3] = descriptor(to, ACCESS_DATA, LIMIT_4G);
    gdt[4] = descriptor(BIOS_SEGMENT << 4, ACCESS_CODE, 0);
    gdt[5] = descriptor(BIOS_DATA_SEGMENT << 4, ACCESS_DATA, 0);
    bool on = a20_is_on();
    if (!on) {
        set_a20(true);
    }
    out8(PORT_RTC + RTC_INDEX, RTC_INDEX_NMI_MASK | CMOS_SHUTDOWN);
    bios_move(linear_address(gdt), count, size);
    out8(PORT_RTC + RTC_INDEX, CMOS_SHUTDOWN);
    if (!on) {
        set_a20(false);
    }
}

void memory_move(uint32_t to, uint32_t from, uint16_t words)
{
    memory_move_units(to, from, words, 2);
}

/* The caller's count is used, and its limits are ignored. */
static bool service_move(Regs *regs)
{
    if (regs->cx > MOVE_WORDS_MAX) {
        regs->ah = MOVE_TOO_LONG;
        return false;
    }
    memory_move(caller_base(regs, 3), caller_base(regs, 2), regs->cx);
    regs->ah = 0;
    return true;
}

/* ---- memory sizes ---- */

static bool service_extended_memory(Regs *regs)
{
    regs->ax = cmos_read16(CMOS_EXTENDED_KB);
    return true;
}

/* KiB up to 16 MiB, and blocks of 64 KiB above. */
static bool service_big_memory(Regs *regs)
{
    uint16_t kib = cmos_read16(CMOS_EXTENDED_KB);
    regs->ax = regs->cx = kib > 15 * 1024 ? 15 * 1024 : kib;
    regs->bx = regs->dx = cmos_read16(CMOS_ABOVE_16M);
    return true;
}

/* ---- the configuration ---- */

#define FEATURE_SLAVE_PIC 0x40
#define FEATURE_RTC       0x20
#define FEATURE_KEY_HOOK  0x10
#define FEATURE_EBDA      0x04

static const uint8_t CONFIGURATION[] = {
    8,
    0, /* the number of bytes that follow */
    0xfc,
    0x01,
    0x00, /* the PC/AT */
    FEATURE_SLAVE_PIC | FEATURE_RTC | FEATURE_KEY_HOOK | FEATURE_EBDA,
    0x40, /* INT 16h, AH = 09h */
    0,
    0,
    0,
};

static bool service_configuration(Regs *regs)
{
    regs->es = BIOS_DATA_SEGMENT;
    regs->bx = (uint16_t)(uint32_t)CONFIGURATION;
    regs->ah = 0;
    return true;
}

static bool service_ebda(Regs *regs)
{
    regs->es = BDA->ebda_segment;
    return true;
}

/* ---- INT 15h ---- */

/*
 * Device open, wait and close, and a question whether a disc may be ejected: there
 * is nothing to do.
 */
static bool service_nothing(Regs *regs)
{
    regs->ah = 0;
    return true;
}

static bool service_memory(Regs *regs)
{
    switch (regs->al) {
    case 0x01:
        return service_big_memory(regs);
    case 0x20:
        return memory_map_service(regs);
    default:
        return false;
    }
}

static bool serve(Regs *regs)
{
    switch (regs->ah) {
    case 0x24:
        return service_a20(regs);
    case 0x53:
        return power_service(regs);
    case 0x83:
        return clock_wait_event(regs);
    case 0x86:
        return clock_wait(regs);
    case 0x87:
        return service_move(regs);
    case 0x88:
        return service_extended_memory(regs);
    case 0x52:
    case 0x80:
    case 0x81:
    case 0x82:
    case 0x85:
    case 0x90:
    case 0x91:
        return service_nothing(regs);
    case 0xc0:
        return service_configuration(regs);
    case 0xc1:
        return service_ebda(regs);
    case 0xc2:
        return mouse_service(regs);
    case 0xe8:
        return service_memory(regs);
    default:
        return false;
    }
}

/* AH = 4Fh leaves carry set, so the key does not change. */
void system_service(Regs *regs)
{
    uint8_t function = regs->ah;
    bool done = function != 0x4f && serve(regs);
    if (!done && function != 0x4f && regs->ah == function) {
        regs->ah = UNSUPPORTED;
    }
    regs_set_carry(regs, !done);
}
