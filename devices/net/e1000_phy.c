/*
 * The EEPROM of the 82540EM, a 93C46 of 64 words behind EECD and EERD (manual,
 * section 5), and its PHY, whose registers are those of the Marvell 88E1011
 * (section 13.4.7 and IEEE 802.3, clause 22).
 *
 * The EEPROM's words follow from the card's address, so they are not stored.
 *
 * DEVIATION: the EEPROM cannot be written.  Auto-negotiation is complete at once,
 * with 1000 Mb/s and full duplex, whatever the guest advertises.
 */
#include "devices/net/e1000_internal.h"

#include <string.h>

#define COMMAND_BITS 9u
#define ADDRESS_MASK (E1000_EEPROM_WORDS - 1)
#define WORD_BITS    16u

#define PHY_CTRL        0u
#define PHY_STATUS      1u
#define PHY_ID1         2u
#define PHY_ID2         3u
#define PHY_ADVERTISE   4u
#define PHY_PARTNER     5u
#define PHY_EXPANSION   6u
#define PHY_1000_CTRL   9u
#define PHY_1000_STATUS 10u
#define PHY_EXT_STATUS  15u
#define PHY_SPEC_CTRL   16u
#define PHY_SPEC_STATUS 17u
#define PHY_EXT_CTRL    20u

#define PHY_CTRL_RESET      0x8000u
#define PHY_CTRL_RESTART    0x0200u
#define PHY_STATUS_LINK     0x0004u
#define PHY_STATUS_COMPLETE 0x0020u
#define PHY_SPEC_LINK       0x0c00u /* link, and speed and duplex resolved */

/* ---- the EEPROM ---- */

static uint16_t stored_word(const E1000 *s, unsigned index)
{
    static const uint16_t WORDS[E1000_EEPROM_WORDS] = {
        [0x05] = 0xffff,       [0x08] = 0x3000,       [0x09] = 0x1000,       [0x0a] = 0x6403,
        [0x0b] = E1000_DEVICE, [0x0c] = E1000_VENDOR, [0x0d] = E1000_DEVICE, [0x0e] = E1000_VENDOR,
        [0x0f] = 0x3040,       [0x10] = 0x0008,       [0x11] = 0x2000,       [0x12] = 0x7e14,
        [0x13] = 0x0048,       [0x14] = 0x1000,       [0x15] = 0x00d8,       [0x17] = 0x2700,
        [0x18] = 0x6cc9,       [0x19] = 0x3150,       [0x1a] = 0x0722,       [0x1b] = 0x040b,
        [0x1c] = 0x0984,       [0x1e] = 0xc000,       [0x1f] = 0x0706,       [0x20] = 0x1008,
        [0x22] = 0x0f04,       [0x23] = 0x7fff,       [0x24] = 0x4d01,
    };
    if (index < 3) {
        unsigned low = s->mac[2 * index], high = s->mac[2 * index + 1];

        return (uint16_t)(low | high << 8);
    }
    return WORDS[index];
}

/* The last word makes the sum what the manual says. */
uint16_t e1000_eeprom_word(const E1000 *s, unsigned index)
{
    uint16_t sum = 0;
    index &= ADDRESS_MASK;
    if (index + 1 < E1000_EEPROM_WORDS) {
        return stored_word(s, index);
    }
    for (unsigned i = 0; i + 1 < E1000_EEPROM_WORDS; i++) {
        sum = (uint16_t)(sum + stored_word(s, i));
    }
    return (uint16_t)(E1000_EEPROM_SUM - sum);
}

/* A start bit, two bits of command, six of address; then words come, the highest bit first. */
static void eeprom_clock(E1000 *s, bool in)
{
    if (s->ee_reads) {
        uint16_t word = e1000_eeprom_word(s, s->ee_out / WORD_BITS);
        s->ee_bit = word >> (WORD_BITS - 1 - s->ee_out % WORD_BITS) & 1;
        s->ee_out = (uint16_t)((s->ee_out + 1) % (E1000_EEPROM_WORDS * WORD_BITS));
        return;
    }
    if ((!s->ee_count && !in) || s->ee_count == COMMAND_BITS) {
        return;
    }
    s->ee_in = s->ee_in << 1 | in;
    if (++s->ee_count == COMMAND_BITS && (s->ee_in >> 6 & 3) == E1000_EEPROM_READ) {
        s->ee_reads = true;
        s->ee_out = (uint16_t)((s->ee_in & ADDRESS_MASK) * WORD_BITS);
        s->ee_bit = false;
    }
}

static void eeprom_deselect(E1000 *s)
{
    s->ee_in = 0;
    s->ee_count = 0;
    s->ee_reads = false;
    s->ee_out = 0;
    s->ee_bit = true;
}

void e1000_write_eecd(E1000 *s, uint32_t value)
{
    uint32_t old = s->eecd;
    s->eecd = value & (E1000_EECD_SK | E1000_EECD_CS | E1000_EECD_DI | E1000_EECD_REQ);
    if (!(s->eecd & E1000_EECD_CS)) {
        eeprom_deselect(s);
    } else if (s->eecd & ~old & E1000_EECD_SK) {
        eeprom_clock(s, s->eecd & E1000_EECD_DI);
    }
}

uint32_t e1000_read_eecd(const E1000 *s)
{
    return s->eecd | E1000_EECD_PRES | (s->ee_bit ? E1000_EECD_DO : 0) |
           (s->eecd & E1000_EECD_REQ ? E1000_EECD_GNT : 0);
}

/* The word is there at once. */
void e1000_write_eerd(E1000 *s, uint32_t value)
{
    unsigned index = value >> 8 & 0xff;
    s->eerd = value & 0xff00;
    if (value & E1000_EERD_START && index < E1000_EEPROM_WORDS) {
        s->eerd |= E1000_EERD_DONE | (uint32_t)e1000_eeprom_word(s, index) << 16;
    }
}

/* ---- the PHY ---- */

/* Bits that a write changes. */
static const uint16_t PHY_WRITABLE[E1000_PHY_REGISTERS] = {
    [PHY_CTRL] = 0x7dc0,
    [PHY_ADVERTISE] = 0xffff,
    [PHY_1000_CTRL] = 0xff00,
    [PHY_SPEC_CTRL] = 0xffff,
    [18] = 0xffff,
    [PHY_EXT_CTRL] = 0xffff,
    [24] = 0xffff,
    [29] = 0xffff,
    [30] = 0xffff,
};

static void set_link_bits(E1000 *s)
{
    uint16_t status = s->phy[PHY_STATUS] & (uint16_t) ~(PHY_STATUS_LINK | PHY_STATUS_COMPLETE);
    s->phy[PHY_STATUS] = status | (s->link ? PHY_STATUS_LINK | PHY_STATUS_COMPLETE : 0);
    s->phy[PHY_PARTNER] = s->link ? 0x45e1 : 0;
    s->phy[PHY_1000_STATUS] = s->link ? 0x7c00 : 0;
    s->phy[PHY_SPEC_STATUS] = s->link ? 0xa000 | PHY_SPEC_LINK : 0;
}

void e1000_phy_reset(E1000 *s)
{
    static const uint16_t POWER_ON[E1000_PHY_REGISTERS] = {
        [PHY_CTRL] = 0x1140,      [PHY_STATUS] = 0x7949,     [PHY_ID1] = 0x0141,
        [PHY_ID2] = 0x0c20,       [PHY_ADVERTISE] = 0x0de1,  [PHY_EXPANSION] = 0x0007,
        [PHY_1000_CTRL] = 0x0e00, [PHY_EXT_STATUS] = 0x3000, [PHY_SPEC_CTRL] = 0x0360,
        [PHY_EXT_CTRL] = 0x0d60,
    };
    memcpy(s->phy, POWER_ON, sizeof(s->phy));
    s->link = pio_net_link(s->net);
    set_link_bits(s);
}

void e1000_phy_update(E1000 *s)
{
    bool before = e1000_link(s);
    s->link = pio_net_link(s->net);
    set_link_bits(s);
    if (e1000_link(s) != before) {
        e1000_raise(s, E1000_ICR_LSC);
    }
}

bool e1000_link(const E1000 *s)
{
    return s->link && s->ctrl & E1000_CTRL_SLU;
}

static void phy_write(E1000 *s, unsigned index, uint16_t value)
{
    uint16_t mask = PHY_WRITABLE[index];
    if (index == PHY_CTRL && value & PHY_CTRL_RESET) {
        e1000_phy_reset(s);
        return;
    }
    s->phy[index] = (uint16_t)((s->phy[index] & ~mask) | (value & mask));
    if (index == PHY_CTRL && value & PHY_CTRL_RESTART && e1000_link(s)) {
        e1000_raise(s, E1000_ICR_LSC);
    }
}

void e1000_write_mdic(E1000 *s, uint32_t value)
{
    unsigned index = value >> 16 & 0x1f, address = value >> 21 & 0x1f, command = value >> 26 & 3;
    s->mdic = (value & 0x2fffffff) | E1000_MDIC_READY;
    if (address != E1000_PHY_ADDRESS) {
        s->mdic |= E1000_MDIC_ERROR;
    } else if (command == E1000_MDIC_READ) {
        s->mdic = (s->mdic & 0xffff0000) | s->phy[index];
    } else if (command == E1000_MDIC_WRITE) {
        phy_write(s, index, (uint16_t)value);
    }
    if (value & E1000_MDIC_INT) {
        e1000_raise(s, E1000_ICR_MDAC);
    }
}
