/*
 * The MP table, after Intel's MultiProcessor Specification 1.4, chapter 4:
 * the CPUs, the buses, the I/O APIC and the interrupts on its inputs.
 */
#include "src/boot/apic_regs.h"
#include "src/boot/load.h"

#define SPECIFICATION_1_4  4u
#define LOCAL_APIC_VERSION 0x14u
#define IO_APIC_VERSION    0x11u

enum { ENTRY_PROCESSOR, ENTRY_BUS, ENTRY_IO_APIC, ENTRY_IO_INTERRUPT, ENTRY_LOCAL_INTERRUPT };
enum { INTERRUPT_VECTORED = 0, INTERRUPT_NMI = 1, INTERRUPT_EXTERNAL = 3 };

#define CPU_ENABLED    0x01u
#define CPU_BOOT       0x02u
#define IO_APIC_USABLE 0x01u
#define FLAGS_OF_BUS   0x0000u
#define FLAGS_LEVEL    0x000du /* active high, level */
#define ALL_APICS      0xffu
#define PCI_BUS        0u

/* A Pentium with an FPU and an APIC.  Kernels ask CPUID instead. */
#define CPU_SIGNATURE 0x00000520u
#define CPU_FEATURES  0x00000201u

typedef struct __attribute__((packed)) Pointer {
    char signature[4];
    uint32_t config;
    uint8_t length, revision, checksum;
    uint8_t features[5]; /* all 0: this table describes the configuration, and the PIC is
                            connected to LINT0 */
} Pointer;

typedef struct __attribute__((packed)) ConfigHeader {
    char signature[4];
    uint16_t length;
    uint8_t revision, checksum;
    char oem[8], product[12];
    uint32_t oem_table;
    uint16_t oem_size, entry_count;
    uint32_t local_apic;
    uint16_t extended_size;
    uint8_t extended_checksum, reserved;
} ConfigHeader;

typedef struct __attribute__((packed)) Processor {
    uint8_t type, apic_id, apic_version, flags;
    uint32_t signature, features, reserved[2];
} Processor;

typedef struct __attribute__((packed)) NamedBus {
    uint8_t type, id;
    char name[6];
} NamedBus;

typedef struct __attribute__((packed)) IoApic {
    uint8_t type, id, version, flags;
    uint32_t address;
} IoApic;

typedef struct __attribute__((packed)) Interrupt {
    uint8_t type, kind;
    uint16_t flags;
    uint8_t bus, irq, apic, input;
} Interrupt;

typedef struct Config {
    GByteArray *bytes;
    uint16_t count;
} Config;

static void add_entry(Config *config, const void *entry, size_t size)
{
    g_byte_array_append(config->bytes, entry, (guint)size);
    config->count++;
}

static void add_processors(Config *config, const CpuTopology *topology)
{
    for (unsigned i = 0; i < topology->cpus; i++) {
        const Processor processor = {
            .type = ENTRY_PROCESSOR,
            .apic_id = (uint8_t)cpu_topology_apic_id(topology, i),
            .apic_version = LOCAL_APIC_VERSION,
            .flags = i ? CPU_ENABLED : CPU_ENABLED | CPU_BOOT,
            .signature = CPU_SIGNATURE,
            .features = CPU_FEATURES,
        };
        add_entry(config, &processor, sizeof(processor));
    }
}

/* Kernels take the number of a PCI bus for that of its configuration space. */
static uint8_t isa_bus(const BootBoard *board)
{
    return board->has_pci ? PCI_BUS + 1 : 0;
}

static bool is_of_pci(const BootBoard *board, uint8_t irq)
{
    bool is_it = false;
    for (unsigned i = 0; board->has_pci && i < BOOT_PIRQS; i++) {
        is_it = is_it || board->pirq_irq[i] == irq;
    }
    return is_it;
}

/*
 * ISA IRQ n is connected to input n, except that the timer may have another input.
 * IRQ 2 is the cascade and is not connected.
 */
static void add_io_interrupts(Config *config, const BootBoard *board)
{
    for (uint8_t irq = 0; irq < ISA_IRQS; irq++) {
        const Interrupt interrupt = {
            .type = ENTRY_IO_INTERRUPT,
            .kind = INTERRUPT_VECTORED,
            .flags = irq == board->acpi_irq ? FLAGS_LEVEL : FLAGS_OF_BUS,
            .bus = isa_bus(board),
            .irq = irq,
            .apic = IO_APIC_ID,
            .input = irq ? irq : board->timer_input,
        };
        if (irq != ISA_CASCADE && !is_of_pci(board, irq)) {
            add_entry(config, &interrupt, sizeof(interrupt));
        }
    }
}

/* Of a PCI bus the source is the slot and the pin. */
static void add_pci_interrupts(Config *config, const BootBoard *board)
{
    for (unsigned i = 0; i < board->pci_pin_count; i++) {
        const BootPciPin *pin = &board->pci_pins[i];
        const Interrupt interrupt = {
            .type = ENTRY_IO_INTERRUPT,
            .kind = INTERRUPT_VECTORED,
            .flags = FLAGS_LEVEL,
            .bus = PCI_BUS,
            .irq = (uint8_t)(pin->slot << 2 | (pin->pin - 1)),
            .apic = IO_APIC_ID,
            .input = board->pirq_irq[pin->pirq],
        };
        add_entry(config, &interrupt, sizeof(interrupt));
    }
}

static void add_local_interrupts(Config *config, const BootBoard *board)
{
    const uint8_t bus = isa_bus(board);
    const Interrupt external = {ENTRY_LOCAL_INTERRUPT, INTERRUPT_EXTERNAL, 0, bus, 0, ALL_APICS, 0};
    const Interrupt nmi = {ENTRY_LOCAL_INTERRUPT, INTERRUPT_NMI, 0, bus, 0, ALL_APICS, 1};
    add_entry(config, &external, sizeof(external));
    add_entry(config, &nmi, sizeof(nmi));
}

static void add_entries(Config *config, const BootBoard *board)
{
    const NamedBus pci = {ENTRY_BUS, PCI_BUS, "PCI   "};
    const NamedBus isa = {ENTRY_BUS, isa_bus(board), "ISA   "};
    const IoApic chip = {ENTRY_IO_APIC, IO_APIC_ID, IO_APIC_VERSION, IO_APIC_USABLE,
                         board->ioapic_base};
    add_processors(config, &board->topology);
    if (board->has_pci) {
        add_entry(config, &pci, sizeof(pci));
    }
    add_entry(config, &isa, sizeof(isa));
    add_entry(config, &chip, sizeof(chip));
    add_io_interrupts(config, board);
    add_pci_interrupts(config, board);
    add_local_interrupts(config, board);
}

void boot_add_mp_table(BootTables *tables)
{
    ConfigHeader header = {
        .signature = "PCMP",
        .revision = SPECIFICATION_1_4,
        .oem = "PIOEMU  ",
        .product = "ISA PC      ",
        .local_apic = tables->board->lapic_base,
    };
    Config config = {g_byte_array_new(), 0};
    g_byte_array_append(config.bytes, (const uint8_t *)&header, sizeof(header));
    add_entries(&config, tables->board);
    header.entry_count = config.count;
    header.length = (uint16_t)config.bytes->len;
    memcpy(config.bytes->data, &header, sizeof(header));
    header.checksum = boot_checksum(config.bytes->data, config.bytes->len);
    memcpy(config.bytes->data, &header, sizeof(header));

    Pointer pointer = {.signature = "_MP_", .length = 1, .revision = SPECIFICATION_1_4};
    pointer.config = boot_tables_add(tables, config.bytes->data, config.bytes->len, 16);
    pointer.checksum = boot_checksum(&pointer, sizeof(pointer));
    boot_tables_add(tables, &pointer, sizeof(pointer), 16);
    g_byte_array_unref(config.bytes);
}
