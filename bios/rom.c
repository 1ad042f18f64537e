/*
 * Option ROMs, after the PCI Local Bus Specification 2.1, chapter 6.3, the Plug and
 * Play BIOS Specification 1.0A, chapter 3, and the BIOS Boot Specification 1.01.
 *
 * The ROMs that the board has between C000:0 and the BIOS are run where they are.
 */
#include "bios/rom.h"

#include "bios/services.h"

#define ROMS_START 0xc000u /* segments */
#define ROMS_END   BIOS_DATA_SEGMENT
#define ROMS_STEP  (2048u >> 4)
#define UNIT       (512u >> 4) /* of the size in the header, in paragraphs */

/* The header. */
#define ROM_SIGNATURE 0xaa55
#define ROM_SIZE      2u
#define ROM_INIT      3u

static uint16_t next_free = ROMS_START; /* the segment after the last ROM that was run */

static uint16_t size_of(uint16_t segment)
{
    return (uint16_t)(far_read8(segment, ROM_SIZE) * UNIT);
}

static uint8_t sum_of(uint16_t segment)
{
    uint8_t sum = 0;
    for (unsigned units = far_read8(segment, ROM_SIZE); units; units--) {
        far_select(segment);
        for (uint32_t at = 0; at < UNIT << 4; at++) {
            sum = (uint8_t)(sum + *(const volatile __seg_gs uint8_t *)at);
        }
        segment = (uint16_t)(segment + UNIT);
    }
    return sum;
}

static bool is_rom(uint16_t segment)
{
    if (far_read16(segment, 0) != ROM_SIGNATURE) {
        return false;
    }
    uint16_t size = size_of(segment);
    return size && size <= ROMS_END - segment && !sum_of(segment);
}

static uint16_t round_up(unsigned segment)
{
    return (uint16_t)((segment + ROMS_STEP - 1) / ROMS_STEP * ROMS_STEP);
}

static void run(uint16_t segment, uint16_t function)
{
    bios_call_rom((uint32_t)segment << 16 | ROM_INIT, function);
    next_free = round_up(segment + size_of(segment));
}

/*
 * RAM keeps its contents when the machine is reset, so there may be ROMs that an
 * earlier boot has copied.  A signature that can be changed is not in a ROM.
 */
static void forget_copies(void)
{
    for (uint16_t segment = ROMS_START; segment < ROMS_END; segment += ROMS_STEP) {
        if (far_read16(segment, 0) == ROM_SIGNATURE) {
            far_write16(segment, 0, 0);
        }
    }
}

/* The structure is in the segment of the code, where DS does not reach. */
static void set_plug_and_play_sum(void)
{
    uint8_t sum = 0;
    for (const uint8_t *at = bios_plug_and_play; at < bios_plug_and_play_end; at++) {
        sum = (uint8_t)(sum + far_read8(BIOS_SEGMENT, (uint16_t)(uint32_t)at));
    }
    far_write8(BIOS_SEGMENT, (uint16_t)(uint32_t)bios_plug_and_play_sum, (uint8_t)-sum);
}

void rom_setup_display(void)
{
    set_plug_and_play_sum();
    forget_copies();
    if (is_rom(ROMS_START)) {
        run(ROMS_START, 0);
    }
}

void rom_setup(void)
{
    for (uint16_t segment = next_free; segment < ROMS_END; segment += ROMS_STEP) {
        if (is_rom(segment)) {
            run(segment, 0);
            segment = (uint16_t)(next_free - ROMS_STEP);
        }
    }
}
