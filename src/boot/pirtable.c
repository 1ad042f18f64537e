/*
 * The PCI IRQ routing table, after Microsoft's PCI IRQ Routing Table Specification
 * 1.0: which link each pin of a slot leads to.  A link is named by the register of
 * the PIIX3 that routes it.
 */
#include "devices/pci/i440fx_regs.h"
#include "src/boot/load.h"

#define VERSION     0x0100u
#define ROUTER      0x08u       /* slot 1, function 0 */
#define ROUTER_ID   0x70008086u /* PIIX3 */
#define PINS        4u
#define IRQS_CHOICE 0x0c20u /* 5, 10 and 11, as the links of the DSDT have them */

typedef struct __attribute__((packed)) Link {
    uint8_t link;
    uint16_t irqs;
} Link;

typedef struct __attribute__((packed)) Slot {
    uint8_t bus, function;
    Link pins[PINS];
    uint8_t number, reserved;
} Slot;

typedef struct __attribute__((packed)) Header {
    char signature[4];
    uint16_t version, size;
    uint8_t router_bus, router;
    uint16_t exclusive;
    uint32_t compatible, miniport;
    uint8_t reserved[11], checksum;
} Header;

G_STATIC_ASSERT(sizeof(Slot) == 16);
G_STATIC_ASSERT(sizeof(Header) == 32);

/* The pins of a slot follow each other. */
static void add_slots(GByteArray *table, const BootBoard *board)
{
    for (unsigned i = 0; i < board->pci_pin_count;) {
        Slot slot = {.function = (uint8_t)(board->pci_pins[i].slot << 3)};
        const uint8_t number = board->pci_pins[i].slot;
        for (; i < board->pci_pin_count && board->pci_pins[i].slot == number; i++) {
            const BootPciPin *pin = &board->pci_pins[i];
            slot.pins[pin->pin - 1] = (Link){(uint8_t)(PIIX3_PIRQA + pin->pirq), IRQS_CHOICE};
        }
        g_byte_array_append(table, (const uint8_t *)&slot, sizeof(slot));
    }
}

void boot_add_pir_table(BootTables *tables)
{
    Header header = {
        .signature = "$PIR", .version = VERSION, .router = ROUTER, .compatible = ROUTER_ID};
    g_autoptr(GByteArray) table = g_byte_array_new();
    g_byte_array_append(table, (const uint8_t *)&header, sizeof(header));
    add_slots(table, tables->board);
    header.size = (uint16_t)table->len;
    memcpy(table->data, &header, sizeof(header));
    header.checksum = boot_checksum(table->data, table->len);
    memcpy(table->data, &header, sizeof(header));
    boot_tables_add(tables, table->data, table->len, 16);
}
