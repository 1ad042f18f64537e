/*
 * The smallest set of tables with which an ACPI kernel finds its CPUs and can power
 * off.
 *
 * After the ACPI Specification 2.0: RSDP (5.2.4), RSDT and XSDT (5.2.6, 5.2.7),
 * FADT (5.2.8), FACS (5.2.9), DSDT (5.2.10.1), MADT (5.2.10.4).
 */
#include "devices/misc/acpi_pm_regs.h"
#include "devices/misc/port92_regs.h"
#include "devices/timer/mc146818_regs.h"
#include "src/boot/apic_regs.h"
#include "src/boot/load.h"

#define OEM_ID    "PIOEMU"
#define OEM_TABLE "ISA PC  "
#define CREATOR   "PIOE"

#define PROFILE_DESKTOP  1u
#define LATENCY_NO_C2    101u  /* more than 100 us: not supported */
#define LATENCY_NO_C3    1001u /* more than 1000 us */
#define BOOT_LEGACY_8042 0x0003u
#define FLAG_WBINVD      (1u << 0)
#define FLAG_PROC_C1     (1u << 2)
#define FLAG_PWR_BUTTON  (1u << 4) /* there is no fixed power button */
#define FLAG_SLP_BUTTON  (1u << 5) /* there is no fixed sleep button */
#define FLAG_FIX_RTC     (1u << 6) /* the clock's wake status is not in PM1 */
#define FLAG_RESET       (1u << 10)
#define SPACE_IO         1u

enum { MADT_LOCAL_APIC, MADT_IO_APIC, MADT_OVERRIDE, MADT_LOCAL_NMI = 4 };
#define MADT_PC_AT      0x1u
#define MADT_ENABLED    0x1u
#define MADT_LEVEL_HIGH 0x000du
#define MADT_OF_BUS     0x0000u
#define MADT_ALL_CPUS   0xffu
#define MADT_NMI_INPUT  1u

typedef struct __attribute__((packed)) Rsdp {
    char signature[8];
    uint8_t checksum;
    char oem_id[6];
    uint8_t revision;
    uint32_t rsdt, length;
    uint64_t xsdt;
    uint8_t extended_checksum, reserved[3];
} Rsdp;

#define RSDP_OLD_SIZE 20u

typedef struct __attribute__((packed)) Header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem_id[6], oem_table[8];
    uint32_t oem_revision;
    char creator[4];
    uint32_t creator_revision;
} Header;

typedef struct __attribute__((packed)) Address {
    uint8_t space, bits, offset, reserved;
    uint64_t address;
} Address;

typedef struct __attribute__((packed)) Fadt {
    Header header;
    uint32_t facs, dsdt;
    uint8_t reserved, profile;
    uint16_t sci;
    uint32_t smi_command;
    uint8_t acpi_enable, acpi_disable, s4bios, pstate;
    uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer;
    uint32_t gpe0, gpe1;
    uint8_t pm1_event_size, pm1_control_size, pm2_control_size, pm_timer_size;
    uint8_t gpe0_size, gpe1_size, gpe1_base, cstate;
    uint16_t c2_latency, c3_latency, flush_size, flush_stride;
    uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
    uint16_t boot_flags;
    uint8_t reserved2;
    uint32_t flags;
    Address reset;
    uint8_t reset_value, reserved3[3];
    uint64_t x_facs, x_dsdt;
    Address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control;
    Address x_pm2_control, x_pm_timer, x_gpe0, x_gpe1;
} Fadt;

G_STATIC_ASSERT(sizeof(Rsdp) == 36);
G_STATIC_ASSERT(sizeof(Header) == 36);
G_STATIC_ASSERT(sizeof(Fadt) == 244);

typedef struct __attribute__((packed)) Facs {
    char signature[4];
    uint32_t length, hardware, waking_vector, lock, flags;
    uint64_t x_waking_vector;
    uint8_t version, reserved[31];
} Facs;

G_STATIC_ASSERT(sizeof(Facs) == 64);

typedef struct __attribute__((packed)) MadtCpu {
    uint8_t type, size, id, apic_id;
    uint32_t flags;
} MadtCpu;

typedef struct __attribute__((packed)) MadtIoApic {
    uint8_t type, size, id, reserved;
    uint32_t address, first_interrupt;
} MadtIoApic;

typedef struct __attribute__((packed)) MadtOverride {
    uint8_t type, size, bus, irq;
    uint32_t interrupt;
    uint16_t flags;
} MadtOverride;

typedef struct __attribute__((packed)) MadtNmi {
    uint8_t type, size, cpu;
    uint16_t flags;
    uint8_t input;
} MadtNmi;

/* ---- tables with a header ---- */

static void fill_header(Header *header, const char *signature, uint8_t revision, size_t size)
{
    *header = (Header){
        .length = (uint32_t)size,
        .revision = revision,
        .oem_id = OEM_ID,
        .oem_table = OEM_TABLE,
        .oem_revision = 1,
        .creator = CREATOR,
        .creator_revision = 1,
    };
    memcpy(header->signature, signature, sizeof(header->signature));
}

/* `table` begins with room for the header. */
static uint32_t add_table(BootTables *tables, void *table, size_t size, const char *signature,
                          uint8_t revision)
{
    Header header;
    fill_header(&header, signature, revision, size);
    memcpy(table, &header, sizeof(header));
    header.checksum = boot_checksum(table, size);
    memcpy(table, &header, sizeof(header));
    return boot_tables_add(tables, table, size, 16);
}

static uint32_t add_bytes(BootTables *tables, GByteArray *bytes, const char *signature,
                          uint8_t revision)
{
    uint32_t address = add_table(tables, bytes->data, bytes->len, signature, revision);
    g_byte_array_unref(bytes);
    return address;
}

static GByteArray *new_table(void)
{
    static const Header EMPTY;
    return g_byte_array_append(g_byte_array_new(), (const uint8_t *)&EMPTY, sizeof(EMPTY));
}

static void append(GByteArray *bytes, const void *data, size_t size)
{
    g_byte_array_append(bytes, data, (guint)size);
}

/* ---- FADT ---- */

static Address io_address(unsigned port, uint8_t bytes)
{
    return (Address){.space = SPACE_IO, .bits = (uint8_t)(bytes * 8), .address = port};
}

static void fill_registers(Fadt *fadt, uint16_t port)
{
    fadt->pm1a_event = port + ACPI_PM1_STS;
    fadt->pm1a_control = port + ACPI_PM1_CNT;
    fadt->pm_timer = port + ACPI_PM_TMR;
    fadt->pm1_event_size = ACPI_PM1_EVT_LEN;
    fadt->pm1_control_size = ACPI_PM1_CNT_LEN;
    fadt->pm_timer_size = ACPI_PM_TMR_LEN;
    fadt->x_pm1a_event = io_address(fadt->pm1a_event, ACPI_PM1_EVT_LEN);
    fadt->x_pm1a_control = io_address(fadt->pm1a_control, ACPI_PM1_CNT_LEN);
    fadt->x_pm_timer = io_address(fadt->pm_timer, ACPI_PM_TMR_LEN);
}

/* There is no SMI command: the machine is always in ACPI mode. */
static uint32_t add_fadt(BootTables *tables, uint32_t facs, uint32_t dsdt)
{
    Fadt fadt = {
        .facs = facs,
        .dsdt = dsdt,
        .profile = PROFILE_DESKTOP,
        .sci = tables->board->acpi_irq,
        .c2_latency = LATENCY_NO_C2,
        .c3_latency = LATENCY_NO_C3,
        .century = CMOS_CENTURY,
        .boot_flags = BOOT_LEGACY_8042,
        .flags = FLAG_WBINVD | FLAG_PROC_C1 | FLAG_PWR_BUTTON | FLAG_SLP_BUTTON | FLAG_FIX_RTC,
        .x_facs = facs,
        .x_dsdt = dsdt,
    };
    fill_registers(&fadt, tables->board->acpi_port);
    if (tables->board->reset_port) {
        fadt.flags |= FLAG_RESET;
        fadt.reset = io_address(tables->board->reset_port, 1);
        fadt.reset_value = RCR_HARD | RCR_RESET;
    }
    return add_table(tables, &fadt, sizeof(fadt), "FACP", 3);
}

/* ---- MADT ---- */

static uint32_t add_madt(BootTables *tables)
{
    const BootBoard *board = tables->board;
    const uint32_t head[2] = {board->lapic_base, MADT_PC_AT};
    GByteArray *madt = new_table();
    append(madt, head, sizeof(head));
    for (unsigned i = 0; i < cpu_topology_places(&board->topology); i++) {
        unsigned id = cpu_topology_apic_id(&board->topology, i);
        const MadtCpu cpu = {MADT_LOCAL_APIC, sizeof(cpu), (uint8_t)i, (uint8_t)id,
                             i < board->topology.cpus ? MADT_ENABLED : 0};
        append(madt, &cpu, sizeof(cpu));
    }
    const MadtIoApic chip = {
        MADT_IO_APIC, sizeof(chip), IO_APIC_ID, 0, board->ioapic_base, 0,
    };
    const MadtOverride sci = {MADT_OVERRIDE,   sizeof(sci),     0,
                              board->acpi_irq, board->acpi_irq, MADT_LEVEL_HIGH};
    const MadtNmi nmi = {MADT_LOCAL_NMI, sizeof(nmi), MADT_ALL_CPUS, MADT_OF_BUS, MADT_NMI_INPUT};
    append(madt, &chip, sizeof(chip));
    if (board->timer_input) {
        const MadtOverride timer = {MADT_OVERRIDE,      sizeof(timer), 0, 0,
                                    board->timer_input, MADT_OF_BUS};
        append(madt, &timer, sizeof(timer));
    }
    append(madt, &sci, sizeof(sci));
    for (unsigned i = 0; board->has_pci && i < BOOT_PIRQS; i++) {
        const uint8_t irq = board->pirq_irq[i];
        const MadtOverride level = {MADT_OVERRIDE, sizeof(level), 0, irq, irq, MADT_LEVEL_HIGH};
        if (i == 0 || irq != board->pirq_irq[i - 1]) {
            append(madt, &level, sizeof(level));
        }
    }
    append(madt, &nmi, sizeof(nmi));
    return add_bytes(tables, madt, "APIC", 1);
}

/* ---- the others ---- */

static uint32_t add_dsdt(BootTables *tables)
{
    GByteArray *dsdt = new_table();
    boot_put_dsdt(tables->board, dsdt);
    return add_bytes(tables, dsdt, "DSDT", 1);
}

static uint32_t add_facs(BootTables *tables)
{
    const Facs facs = {.signature = "FACS", .length = sizeof(facs), .version = 1};
    return boot_tables_add(tables, &facs, sizeof(facs), sizeof(facs));
}

/* Makes the RSDT or the XSDT: the same list, with 4 or 8 bytes for each entry. */
static uint32_t add_root(BootTables *tables, const uint64_t *list, size_t count, size_t size,
                         const char *signature)
{
    GByteArray *root = new_table();
    for (size_t i = 0; i < count; i++) {
        append(root, &list[i], size);
    }
    return add_bytes(tables, root, signature, 1);
}

uint32_t boot_add_acpi_tables(BootTables *tables)
{
    uint32_t facs = add_facs(tables), dsdt = add_dsdt(tables);
    uint64_t list[2] = {add_fadt(tables, facs, dsdt)};
    size_t count = 1;
    if (tables->board->apic) {
        list[count++] = add_madt(tables);
    }
    Rsdp rsdp = {
        .signature = "RSD PTR ",
        .oem_id = OEM_ID,
        .revision = 2,
        .rsdt = add_root(tables, list, count, sizeof(uint32_t), "RSDT"),
        .length = sizeof(rsdp),
        .xsdt = add_root(tables, list, count, sizeof(uint64_t), "XSDT"),
    };
    rsdp.checksum = boot_checksum(&rsdp, RSDP_OLD_SIZE);
    rsdp.extended_checksum = boot_checksum(&rsdp, sizeof(rsdp));
    return boot_tables_add(tables, &rsdp, sizeof(rsdp), 16);
}
