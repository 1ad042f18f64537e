/*
 * Option ROMs, after the PCI Local Bus Specification 2.1, chapter 6.3, the Plug and
 * Play BIOS Specification 1.0A, chapter 3, and the BIOS Boot Specification 1.01.
 *
 * The ROMs that the board has between C000:0 and the BIOS are run where they are.
 * Those of PCI functions are copied there (rom_pci.c).
 */
#include "bios/rom.h"

#include "bios/rom_pci.h"
#include "bios/services.h"

#define ROMS_START 0xc000u /* segments */
#define ROMS_END   BIOS_DATA_SEGMENT
#define ROMS_STEP  (2048u >> 4)
#define UNIT       (512u >> 4) /* of the size in the header, in paragraphs */

/* The header. */
#define ROM_SIGNATURE 0xaa55
#define ROM_SIZE      2u
#define ROM_INIT      3u
#define ROM_EXPANSION 0x1au

/* The expansion header, which may be the first of several. */
#define PNP_SIGNATURE 0x506e5024u /* "$PnP" */
#define PNP_NEXT      6u
#define PNP_PRODUCT   0x10u
#define PNP_BCV       0x16u /* the boot connection vector, which adds drives to INT 13h */
#define PNP_BEV       0x1au

#define BOOTS_MAX 8u

static uint16_t next_free = ROMS_START; /* the segment after the last ROM that was run */

static RomBoot boots[BOOTS_MAX];
static uint8_t boot_count;

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

/* ---- running ---- */

static uint16_t round_up(unsigned segment)
{
    return (uint16_t)((segment + ROMS_STEP - 1) / ROMS_STEP * ROMS_STEP);
}

static void note_boot(uint16_t segment, uint16_t header, uint8_t function)
{
    if (boot_count < BOOTS_MAX) {
        boots[boot_count++] = (RomBoot){
            .segment = segment,
            .entry = far_read16(segment, header + PNP_BEV),
            .name = far_read16(segment, header + PNP_PRODUCT),
            .function = function,
        };
    }
}

/* The number of headers is bounded, because they may be in a circle. */
static void read_expansion(uint16_t segment, uint8_t function)
{
    uint16_t header = far_read16(segment, ROM_EXPANSION);
    for (unsigned left = BOOTS_MAX; left && header; left--) {
        if (far_read32(segment, header) != PNP_SIGNATURE) {
            return;
        }
        uint16_t connection = far_read16(segment, header + PNP_BCV);
        if (far_read16(segment, header + PNP_BEV)) {
            note_boot(segment, header, function);
        } else if (connection) {
            bios_call_rom((uint32_t)segment << 16 | connection, function);
        }
        header = far_read16(segment, header + PNP_NEXT);
    }
}

/* The initialization may make the ROM smaller, or remove it with a size of 0. */
static void run(uint16_t segment, uint8_t function)
{
    bios_call_rom((uint32_t)segment << 16 | ROM_INIT, function);
    next_free = round_up(segment + size_of(segment));
    if (size_of(segment)) {
        read_expansion(segment, function);
    }
}

/* ---- finding them ---- */

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

static void run_pci(bool displays)
{
    uint8_t function;
    for (unsigned from = 0; rom_pci_find(&from, displays, &function); from++) {
        if (!rom_pci_copy(function, next_free, ROMS_END)) {
            print("No room for the option ROM of PCI function %x.%x\n", (unsigned)function >> 3,
                  (unsigned)function & 7);
        } else if (is_rom(next_free)) {
            run(next_free, function);
        }
    }
}

void rom_setup_display(void)
{
    forget_copies();
    if (is_rom(ROMS_START)) {
        run(ROMS_START, 0);
    }
    run_pci(true);
}

void rom_setup(void)
{
    for (uint16_t segment = next_free; segment < ROMS_END; segment += ROMS_STEP) {
        if (is_rom(segment)) {
            run(segment, 0);
            segment = (uint16_t)(next_free - ROMS_STEP);
        }
    }
    run_pci(false);
}

/* ---- booting ---- */

const RomBoot *rom_boot(unsigned index)
{
    return index < boot_count ? &boots[index] : NULL;
}

void rom_get_name(const RomBoot *rom, char *name)
{
    unsigned length = 0;
    while (rom->name && length < ROM_NAME_SIZE - 1) {
        char character = (char)far_read8(rom->segment, (uint16_t)(rom->name + length));
        if (!character) {
            break;
        }
        name[length++] = character;
    }
    name[length] = '\0';
}

void rom_start(const RomBoot *rom)
{
    bios_call_rom((uint32_t)rom->segment << 16 | rom->entry, rom->function);
}
