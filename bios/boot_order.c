#include "bios/boot_order.h"

#include "bios/disk.h"
#include "bios/services.h"

#define FILE_NAME "bootorder"
#define LINE_SIZE 64u /* including the NUL; nothing after it distinguishes devices */
#define LIST_MAX  16u

static struct {
    uint16_t places[LIST_MAX];
    uint8_t count;
    bool strict;
} order;

/* ---- names ---- */

/* Returns what follows the prefix, or NULL. */
static const char *after(const char *text, const char *prefix)
{
    while (text && *prefix) {
        if (*text++ != *prefix++) {
            return NULL;
        }
    }
    return text;
}

/* What follows the next '@'. */
static const char *after_at(const char *text)
{
    while (text && *text && *text != '@') {
        text++;
    }
    return text && *text ? text + 1 : NULL;
}

/* Reads a hexadecimal number, and moves behind it. */
static unsigned number(const char **text)
{
    unsigned value = 0;
    for (; **text; (*text)++) {
        unsigned digit = (unsigned char)**text;
        digit = digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : digit - '0';
        if (digit > 15) {
            break;
        }
        value = value << 4 | digit;
    }
    return value;
}

/* The channel and the unit of "drive@0/disk@1". */
static uint16_t ata_place(const char *rest, unsigned channel)
{
    const char *drive = after_at(rest), *disk = after_at(drive);
    return disk ? PLACE_ATA((channel + number(&drive)) * 2 + number(&disk)) : PLACE_NONE;
}

/* SLOT or SLOT,FUNCTION. */
static uint16_t pci_place(const char *address)
{
    unsigned slot = number(&address);
    const char *in_slot = after(address, ",");
    return PLACE_PCI(slot << 3 | (in_slot ? number(&in_slot) : 0));
}

static uint16_t place_of(const char *line)
{
    const char *rest;
    if ((rest = after(line, "/pci@i0cf8/ide@1,1/"))) {
        return ata_place(rest, 0);
    }
    if ((rest = after(line, "/pci@i0cf8/")) && (rest = after_at(rest))) {
        return pci_place(rest);
    }
    if ((rest = after(line, "/isa/ide@01f0/"))) {
        return ata_place(rest, 0);
    }
    if ((rest = after(line, "/isa/ide@0170/"))) {
        return ata_place(rest, 1);
    }
    if ((rest = after(line, "/isa/fdc@03f0/")) && (rest = after_at(rest))) {
        return PLACE_FLOPPY(number(&rest));
    }
    return PLACE_NONE;
}

/* ---- the file ---- */

static void take_line(const char *line)
{
    uint16_t place = place_of(line);
    if (after(line, "HALT")) {
        order.strict = true;
    } else if (place != PLACE_NONE && order.count < LIST_MAX) {
        order.places[order.count++] = place;
    }
}

/* The file ends with a NUL. */
static void read_file(void)
{
    char line[LINE_SIZE];
    unsigned length = 0;
    for (uint32_t left = fw_cfg_open(FILE_NAME); left; left--) {
        char character = (char)fw_cfg_next();
        if (character && character != '\n') {
            line[length] = character;
            length += length < LINE_SIZE - 1;
            continue;
        }
        line[length] = '\0';
        take_line(line);
        length = 0;
    }
}

/* From the last to the first, because each one comes before all others. */
void boot_order_setup(void)
{
    read_file();
    for (unsigned i = order.count; i--;) {
        Drive *drive = disk_at(order.places[i]);
        if (drive) {
            disk_make_first(drive);
        }
    }
}

unsigned boot_order_count(void)
{
    return order.count;
}

uint16_t boot_order_place(unsigned index)
{
    return order.places[index];
}

bool boot_order_has(uint16_t place)
{
    for (unsigned i = 0; i < order.count; i++) {
        if (order.places[i] == place) {
            return true;
        }
    }
    return false;
}

bool boot_order_is_strict(void)
{
    return order.strict && order.count;
}
