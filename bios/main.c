/* From the reset to the boot: vectors, variables, devices, and a line of greeting. */
#include "bios/boot_order.h"
#include "bios/pci.h"
#include "bios/rom.h"
#include "bios/services.h"

#include "devices/timer/mc146818_regs.h"
#include "src/machine/pc_board.h"

#define EBDA_SIZE_KB 1
#define EBDA_SEGMENT 0x9fc0

#define VECTORS        256u
#define VECTOR_USER    0x60u /* to 0x67: for programs, so they are empty */
#define VECTORS_USER   8u
#define VECTOR_TABLES  0x1d /* the tables of the screen, which do not exist */
#define VECTOR_FONT    0x1f
#define VECTOR_FONT_LO 0x43

#define KEY_BUFFER_START 0x1e
#define KEY_BUFFER_END   0x3e

#define EQUIPMENT_VIDEO_80_COLOR 0x20

void bios_start(void);

typedef void Entry(void);

extern Entry entry_nothing, entry_divide, entry_step, entry_nmi, entry_breakpoint, entry_overflow,
    entry_bound, entry_opcode, entry_no_fpu, entry_irq0, entry_irq1, entry_irq_cascade, entry_irq3,
    entry_irq4, entry_irq5, entry_irq6, entry_irq7, entry_irq8, entry_irq_slave, entry_irq12,
    entry_10, entry_11, entry_12, entry_13, entry_14, entry_15, entry_16, entry_17, entry_18,
    entry_19, entry_1a;

static const struct {
    uint8_t vector;
    Entry *entry;
} ENTRIES[] = {
    {0x00, entry_divide},     {0x01, entry_step},        {0x02, entry_nmi},
    {0x03, entry_breakpoint}, {0x04, entry_overflow},    {0x05, entry_bound},
    {0x06, entry_opcode},     {0x07, entry_no_fpu},      {0x08, entry_irq0},
    {0x09, entry_irq1},       {0x0a, entry_irq_cascade}, {0x0b, entry_irq3},
    {0x0c, entry_irq4},       {0x0d, entry_irq5},        {0x0e, entry_irq6},
    {0x0f, entry_irq7},       {0x10, entry_10},          {0x11, entry_11},
    {0x12, entry_12},         {0x13, entry_13},          {0x14, entry_14},
    {0x15, entry_15},         {0x16, entry_16},          {0x17, entry_17},
    {0x18, entry_18},         {0x19, entry_19},          {0x1a, entry_1a},
    {0x70, entry_irq8},       {0x71, entry_irq_slave},   {0x72, entry_irq_slave},
    {0x73, entry_irq_slave},  {0x74, entry_irq12},       {0x75, entry_irq_slave},
    {0x76, entry_irq_slave},  {0x77, entry_irq_slave},
};

static void set_vector(unsigned vector, uint16_t offset, uint16_t segment)
{
    IVT[vector].offset = offset;
    IVT[vector].segment = segment;
}

static void setup_vectors(void)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        set_vector(i, (uint16_t)(uint32_t)entry_nothing, BIOS_SEGMENT);
    }
    for (unsigned i = 0; i < sizeof(ENTRIES) / sizeof(ENTRIES[0]); i++) {
        set_vector(ENTRIES[i].vector, (uint16_t)(uint32_t)ENTRIES[i].entry, BIOS_SEGMENT);
    }
    for (unsigned i = 0; i < VECTORS_USER; i++) {
        set_vector(VECTOR_USER + i, 0, 0);
    }
    set_vector(VECTOR_TABLES, 0, 0);
    set_vector(VECTOR_FONT, 0, 0);
    set_vector(VECTOR_FONT_LO, 0, 0);
}

/* The sum of its bytes becomes 0.  It is in the segment of the code, which DS does not reach. */
static void set_checksum(const uint8_t *structure, const uint8_t *end, const uint8_t *checksum)
{
    uint8_t sum = 0;
    far_write8(BIOS_SEGMENT, (uint16_t)(uint32_t)checksum, 0);
    for (const uint8_t *at = structure; at < end; at++) {
        sum = (uint8_t)(sum + far_read8(BIOS_SEGMENT, (uint16_t)(uint32_t)at));
    }
    far_write8(BIOS_SEGMENT, (uint16_t)(uint32_t)checksum, (uint8_t)-sum);
}

static void setup_structures(void)
{
    set_checksum(bios_plug_and_play, bios_plug_and_play_end, bios_plug_and_play_sum);
    set_checksum(bios_directory, bios_directory_end, bios_directory_sum);
}

static void setup_variables(void)
{
    for (uint32_t i = BDA_ADDRESS; i < BDA_ADDRESS + 0x100; i += 4) {
        *(volatile __seg_fs uint32_t *)i = 0;
    }
    BDA->base_memory = (uint16_t)(cmos_read16(CMOS_BASE_KB) - EBDA_SIZE_KB);
    BDA->ebda_segment = (uint16_t)(BDA->base_memory << 6);
    far_write8(BDA->ebda_segment, 0, EBDA_SIZE_KB);
    BDA->equipment =
        (cmos_read(CMOS_EQUIPMENT) & (uint8_t)~EQUIPMENT_MOUSE) | EQUIPMENT_VIDEO_80_COLOR;
    BDA->key_start = BDA->key_head = BDA->key_tail = KEY_BUFFER_START;
    BDA->key_end = KEY_BUFFER_END;
}

static void greet(void)
{
    uint32_t extended = cmos_read16(CMOS_EXTENDED_KB);
    uint32_t above_16m = cmos_read16(CMOS_ABOVE_16M);
    uint32_t above_4g = cmos_read16(CMOS_ABOVE_4G) | (uint32_t)cmos_read(CMOS_ABOVE_4G + 2) << 16;
    uint32_t kib = above_16m ? 15 * 1024 + above_16m * 64 : extended;
    print("pioemu BIOS " PIOEMU_VERSION ": %u KiB low and %u KiB extended memory\n",
          (unsigned)BDA->base_memory, (unsigned)(kib + above_4g * 64));
}

void bios_start(void)
{
    out8(PORT_POST, 0x01);
    setup_vectors();
    setup_variables();
    setup_structures();
    irq_setup();
    out8(PORT_POST, 0x02);
    serial_setup();
    video_setup();
    clock_setup();
    if (keyboard_setup()) {
        mouse_setup();
    }
    pci_setup();
    rom_setup_display();
    greet();
    out8(PORT_POST, 0x03);
    disk_setup();
    rom_setup();
    boot_order_setup();
    menu_offer();
    boot_first();
}

_Noreturn void bios_give_up(void)
{
    out8(PORT_BIOS_EXIT, 1);
    bios_halt();
}
