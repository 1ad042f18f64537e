/* Reads QEMU's fw_cfg device, in which the machine gives a firmware items and files. */
#include "bios/services.h"

#include "devices/misc/fw_cfg_regs.h"
#include "src/machine/pc_board.h"

#define SIGNATURE 0x554d4551u /* "QEMU" */

static void select(uint16_t key)
{
    out16(PORT_FW_CFG + FW_CFG_SELECTOR, key);
}

uint8_t fw_cfg_next(void)
{
    return in8(PORT_FW_CFG + FW_CFG_DATA);
}

static void next_bytes(uint8_t *to, uint32_t count)
{
    __asm__ volatile("rep insb %%dx, %%es:(%%edi)"
                     : "+D"(to), "+c"(count)
                     : "d"(PORT_FW_CFG + FW_CFG_DATA)
                     : "memory");
}

static uint32_t next_number(unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)fw_cfg_next() << 8 * i;
    }
    return value;
}

static bool is_there(void)
{
    select(FW_CFG_SIGNATURE);
    return next_number(sizeof(SIGNATURE)) == SIGNATURE;
}

uint32_t fw_cfg_number(uint16_t key, unsigned size)
{
    if (!is_there()) {
        return 0;
    }
    select(key);
    return next_number(size);
}

/* ---- files ---- */

static bool same(const uint8_t *entry, const char *name)
{
    entry += FW_CFG_DIR_NAME;
    while (*name && *entry == (uint8_t)*name) {
        entry++;
        name++;
    }
    return *entry == (uint8_t)*name;
}

/* Returns 0, which is the number of the signature, if there is no file of this name. */
static uint16_t find_file(const char *name, uint32_t *size)
{
    uint8_t entry[FW_CFG_DIR_ENTRY_SIZE];
    unsigned count = 0;
    select(FW_CFG_FILE_DIR);
    for (unsigned i = 0; i < FW_CFG_DIR_COUNT_SIZE; i++) {
        count = count << 8 | fw_cfg_next();
    }
    while (count--) {
        next_bytes(entry, sizeof(entry));
        if (same(entry, name)) {
            *size = (uint32_t)entry[0] << 24 | entry[1] << 16 | entry[2] << 8 | entry[3];
            return (uint16_t)(entry[FW_CFG_DIR_KEY] << 8 | entry[FW_CFG_DIR_KEY + 1]);
        }
    }
    return FW_CFG_SIGNATURE;
}

uint32_t fw_cfg_open(const char *name)
{
    uint32_t size;
    uint16_t key = is_there() ? find_file(name, &size) : FW_CFG_SIGNATURE;
    select(key);
    return key == FW_CFG_SIGNATURE ? 0 : size;
}

uint32_t fw_cfg_file_number(const char *name, unsigned size, uint32_t otherwise)
{
    return fw_cfg_open(name) ? next_number(size) : otherwise;
}
