/*
 * The MP table and the ACPI tables that a kernel finds in the BIOS's segment.
 */
#include "src/boot/acpi_loader.h"
#include "tests/unit/boot_rig.h"

#define ROM     0xf0000u
#define ROM_END 0x100000u

/* Any kernel will do, because the tables do not depend on the format. */
static void load_with(BootRig *rig, unsigned cpus, bool apic)
{
    const uint32_t header[] = {0x1badb002, 0x10000, -(0x1badb002u + 0x10000), 0x200000, 0x200000, 0,
                               0,          0x200000};
    g_byte_array_set_size(rig->file, 0);
    boot_rig_bytes(rig, 0, header, sizeof(header));
    rig->board.topology = cpu_topology_flat(cpus);
    rig->board.apic = apic;
    boot_rig_load(rig);
}

/* Searches like a kernel: by signature, on 16-byte boundaries.  0: it is not there. */
static uint32_t find(const BootRig *rig, const char *signature)
{
    for (uint32_t at = ROM; at < ROM_END; at += 16) {
        uint8_t bytes[8];
        memory_read(rig->memory, at, bytes, 8);
        if (!memcmp(bytes, signature, strlen(signature))) {
            return at;
        }
    }
    return 0;
}

static void signature_is(const BootRig *rig, uint64_t at, const char *signature)
{
    char got[5] = "";
    g_assert_true(memory_read(rig->memory, at, got, 4));
    g_assert_cmpstr(got, ==, signature);
}

/* ---- ACPI ---- */

/* An entry of the RSDT.  The XSDT must agree. */
static uint32_t root_entry(const BootRig *rig, unsigned index)
{
    uint32_t rsdp = find(rig, "RSD PTR ");
    g_assert_cmphex(rsdp, !=, 0);
    boot_rig_sum_is_zero(rig, rsdp, 20);
    boot_rig_sum_is_zero(rig, rsdp, 36);
    uint32_t rsdt = boot_rig_peek32(rig, rsdp + 16);
    uint64_t xsdt = boot_rig_peek(rig, rsdp + 24, 8);
    signature_is(rig, rsdt, "RSDT");
    signature_is(rig, xsdt, "XSDT");
    boot_rig_sum_is_zero(rig, rsdt, boot_rig_peek32(rig, rsdt + 4));
    boot_rig_sum_is_zero(rig, xsdt, boot_rig_peek32(rig, xsdt + 4));
    g_assert_cmpuint((boot_rig_peek32(rig, rsdt + 4) - 36) / 4, ==,
                     (boot_rig_peek32(rig, xsdt + 4) - 36) / 8);
    if (36 + index * 4 >= boot_rig_peek32(rig, rsdt + 4)) {
        return 0;
    }
    uint32_t table = boot_rig_peek32(rig, rsdt + 36 + index * 4);
    g_assert_cmphex(boot_rig_peek(rig, xsdt + 36 + index * 8, 8), ==, table);
    boot_rig_sum_is_zero(rig, table, boot_rig_peek32(rig, table + 4));
    return table;
}

static void test_fadt_names_the_registers(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with(rig, 1, true);
    uint32_t fadt = root_entry(rig, 0);
    signature_is(rig, fadt, "FACP");
    g_assert_cmpuint(boot_rig_peek32(rig, fadt + 4), ==, 244);
    g_assert_cmpuint(boot_rig_peek(rig, fadt + 46, 2), ==, 9);
    g_assert_cmphex(boot_rig_peek32(rig, fadt + 48), ==, 0); /* SMI_CMD */
    g_assert_cmphex(boot_rig_peek32(rig, fadt + 56), ==, 0x600);
    g_assert_cmphex(boot_rig_peek32(rig, fadt + 64), ==, 0x604);
    g_assert_cmphex(boot_rig_peek32(rig, fadt + 76), ==, 0x608);
    g_assert_cmpuint(boot_rig_peek(rig, fadt + 88, 1), ==, 4);
    g_assert_cmpuint(boot_rig_peek(rig, fadt + 89, 1), ==, 2);
    g_assert_cmpuint(boot_rig_peek(rig, fadt + 91, 1), ==, 4);
    g_assert_cmphex(boot_rig_peek(rig, fadt + 148 + 4, 8), ==, 0x600); /* X_PM1a_EVT_BLK */
    uint32_t facs = boot_rig_peek32(rig, fadt + 36);
    signature_is(rig, facs, "FACS");
    g_assert_cmphex(facs % 64, ==, 0);
}

static void test_dsdt_has_the_power_off_state(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with(rig, 1, true);
    uint32_t fadt = root_entry(rig, 0), dsdt = boot_rig_peek32(rig, fadt + 40);
    g_assert_cmphex(boot_rig_peek(rig, fadt + 140, 8), ==, dsdt);
    signature_is(rig, dsdt, "DSDT");
    boot_rig_sum_is_zero(rig, dsdt, boot_rig_peek32(rig, dsdt + 4));
    static const uint8_t CODE[] = {8, '\\', '_', 'S', '5', '_', 0x12, 8, 4, 10, 0, 10, 0, 0, 0};
    g_assert_cmpuint(boot_rig_peek32(rig, dsdt + 4), ==, 36 + sizeof(CODE));
    boot_rig_bytes_are(rig, dsdt + 36, CODE, sizeof(CODE));
}

static void test_madt_lists_the_cpus(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with(rig, 3, true);
    uint32_t madt = root_entry(rig, 1);
    signature_is(rig, madt, "APIC");
    g_assert_cmphex(boot_rig_peek32(rig, madt + 36), ==, 0xfee00000);
    uint32_t at = madt + 44;
    for (unsigned i = 0; i < 3; i++, at += 8) {
        g_assert_cmphex(boot_rig_peek(rig, at, 8), ==,
                        UINT64_C(0x100000800) | (uint64_t)i << 16 | (uint64_t)i << 24);
    }
    g_assert_cmphex(boot_rig_peek(rig, at, 8), ==, UINT64_C(0xfec0000000000c01));
    g_assert_cmphex(boot_rig_peek32(rig, at + 8), ==, 0);
    g_assert_cmphex(boot_rig_peek(rig, at + 12, 8), ==, UINT64_C(0x0000000909000a02));
    g_assert_cmphex(boot_rig_peek(rig, at + 20, 2), ==, 0x000d);
    g_assert_cmphex(boot_rig_peek(rig, at + 22, 6), ==, UINT64_C(0x010000ff0604));
    g_assert_cmpuint(at + 28 - madt, ==, boot_rig_peek32(rig, madt + 4));
}

static void test_madt_says_where_the_timer_is(BootRig *rig, gconstpointer data)
{
    (void)data;
    rig->board.timer_input = 2;
    load_with(rig, 1, true);
    uint32_t at = root_entry(rig, 1) + 44 + 8 + 12;
    g_assert_cmphex(boot_rig_peek(rig, at, 8), ==, UINT64_C(0x0000000200000a02));
    g_assert_cmphex(boot_rig_peek(rig, at + 8, 2), ==, 0);
    g_assert_cmphex(boot_rig_peek(rig, at + 10, 4), ==, 0x09000a02);
}

static void test_fadt_names_the_reset_register(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with(rig, 1, false);
    g_assert_cmphex(boot_rig_peek32(rig, root_entry(rig, 0) + 112) & 0x400, ==, 0);
    rig->board.reset_port = 0xcf9;
    load_with(rig, 1, false);
    uint32_t fadt = root_entry(rig, 0);
    g_assert_cmphex(boot_rig_peek32(rig, fadt + 112) & 0x400, ==, 0x400);
    g_assert_cmphex(boot_rig_peek32(rig, fadt + 116), ==, 0x00000801);
    g_assert_cmphex(boot_rig_peek(rig, fadt + 120, 8), ==, 0xcf9);
    g_assert_cmphex(boot_rig_peek(rig, fadt + 128, 1), ==, 6);
}

static void test_without_an_apic_there_is_no_madt(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with(rig, 1, false);
    g_assert_cmphex(root_entry(rig, 0), !=, 0);
    g_assert_cmphex(root_entry(rig, 1), ==, 0);
    g_assert_cmphex(find(rig, "_MP_"), ==, 0);
}

static void load_flat(BootRig *rig, unsigned cpus)
{
    boot_rig_set(rig, 0, 0xf4, 1);
    rig->board.topology = cpu_topology_flat(cpus);
    rig->board.apic = true;
    boot_rig_load(rig);
}

/* With a single CPU a flat binary finds no tables in its memory. */
static void test_flat_binaries_have_tables_with_several_cpus(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_flat(rig, 1);
    g_assert_cmphex(find(rig, "RSD PTR "), ==, 0);
    g_assert_cmphex(find(rig, "_MP_"), ==, 0);
    load_flat(rig, 2);
    g_assert_cmphex(find(rig, "RSD PTR "), !=, 0);
    g_assert_cmphex(find(rig, "_MP_"), !=, 0);
}

/* ---- MP table ---- */

static unsigned entry_size(unsigned type)
{
    return type == 0 ? 20 : 8;
}

static void test_mp_table_is_sound(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with(rig, 255, true);
    uint32_t pointer = find(rig, "_MP_"), config = boot_rig_peek32(rig, pointer + 4);
    boot_rig_sum_is_zero(rig, pointer, 16);
    g_assert_cmpuint(boot_rig_peek(rig, pointer + 8, 2), ==, 0x0401);
    signature_is(rig, config, "PCMP");
    uint32_t length = (uint32_t)boot_rig_peek(rig, config + 4, 2);
    boot_rig_sum_is_zero(rig, config, length);
    g_assert_cmphex(boot_rig_peek32(rig, config + 36), ==, 0xfee00000);
    unsigned counts[5] = {0}, entries = (unsigned)boot_rig_peek(rig, config + 34, 2);
    uint32_t at = config + 44;
    for (unsigned i = 0; i < entries; i++) {
        unsigned type = (unsigned)boot_rig_peek(rig, at, 1);
        g_assert_cmpuint(type, <, 5);
        counts[type]++;
        at += entry_size(type);
    }
    g_assert_cmpuint(at - config, ==, length);
    g_assert_cmpuint(counts[0], ==, 255);
    g_assert_cmpuint(counts[1], ==, 1);
    g_assert_cmpuint(counts[2], ==, 1);
    g_assert_cmpuint(counts[3], ==, 15);
    g_assert_cmpuint(counts[4], ==, 2);
}

static void test_mp_table_names_the_boot_cpu_and_the_addresses(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with(rig, 2, true);
    uint32_t at = boot_rig_peek32(rig, find(rig, "_MP_") + 4) + 44;
    g_assert_cmphex(boot_rig_peek32(rig, at), ==, 0x03140000);
    g_assert_cmphex(boot_rig_peek32(rig, at + 20), ==, 0x01140100);
    at += 40;
    boot_rig_begins_with(rig, at + 2, "ISA   \2");
    g_assert_cmphex(boot_rig_peek(rig, at + 8, 8), ==, UINT64_C(0xfec0000001110002));
    g_assert_cmphex(boot_rig_peek(rig, at + 16, 8), ==, UINT64_C(0x0000000000000003));
    g_assert_cmphex(boot_rig_peek(rig, at + 16 + 8 * 8, 8), ==, UINT64_C(0x09000900000d0003));
    rig->board.timer_input = 2;
    load_with(rig, 2, true);
    at = boot_rig_peek32(rig, find(rig, "_MP_") + 4) + 44 + 40;
    g_assert_cmphex(boot_rig_peek(rig, at + 16, 8), ==, UINT64_C(0x0200000000000003));
}

static void test_bios_variables_say_where_low_memory_ends(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with(rig, 1, true);
    g_assert_cmphex(boot_rig_peek(rig, 0x40e, 2), ==, 0x9fc0);
    g_assert_cmpuint(boot_rig_peek(rig, 0x413, 2), ==, 639);
    g_assert_cmpuint(boot_rig_peek(rig, 0x9fc00, 1), ==, 1);
}

static void test_firmware_that_is_built_in_has_room_for_them(BootRig *rig, gconstpointer data)
{
    (void)data;
    rig->board.topology = cpu_topology_flat(255);
    rig->board.apic = true;
    boot_put_tables(&rig->board, rig->memory);
    g_assert_cmphex(find(rig, "RSD PTR "), <, ROM + BOOT_TABLES_MAX);
    g_assert_cmphex(find(rig, "_MP_"), <, ROM + BOOT_TABLES_MAX);
    signature_is(rig, root_entry(rig, 0), "FACP");
    g_assert_cmphex(boot_rig_peek(rig, ROM + BOOT_TABLES_MAX, 8), ==, 0);
}

/* ---- as items, with a script for the firmware ---- */

typedef struct Script {
    FwItems *items;
    uint32_t tables_at, rsdp_at;
} Script;

static const DataItem *file(const Script *script, const char *name)
{
    const DataTable *table = fw_items_table(script->items);
    for (size_t i = 0; i < table->count; i++) {
        if (!strcmp(table->items[i].name, name)) {
            return &table->items[i];
        }
    }
    g_error("no file %s", name);
}

static uint64_t value_at(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, bytes, size);
    return value;
}

static uint32_t place_of(const Script *script, const uint8_t *name)
{
    return strcmp((const char *)name, "etc/acpi/rsdp") ? script->tables_at : script->rsdp_at;
}

static void allocate(BootRig *rig, Script *script, const uint8_t *c)
{
    const DataItem *item = file(script, (const char *)c);
    bool high = c[60] == 1;
    uint32_t *at = high ? &script->tables_at : &script->rsdp_at;
    *at = high ? 0x300000 + (uint32_t)value_at(c + 56, 4) : 0xf0100;
    g_assert_cmphex(*at % (uint32_t)value_at(c + 56, 4), ==, 0);
    g_assert_true(memory_write(rig->memory, *at, item->data, item->size));
}

static void add_pointer(BootRig *rig, const Script *script, const uint8_t *c)
{
    uint64_t at = place_of(script, c) + value_at(c + 112, 4);
    uint64_t value = boot_rig_peek(rig, at, c[116]) + place_of(script, c + 56);
    g_assert_true(memory_write(rig->memory, at, &value, c[116]));
}

static void add_checksum(BootRig *rig, const Script *script, const uint8_t *c)
{
    uint64_t at = place_of(script, c) + value_at(c + 56, 4);
    uint64_t start = place_of(script, c) + value_at(c + 60, 4);
    uint8_t sum = (uint8_t)boot_rig_peek(rig, at, 1);
    for (uint64_t i = 0; i < value_at(c + 64, 4); i++) {
        sum = (uint8_t)(sum - boot_rig_peek(rig, start + i, 1));
    }
    g_assert_true(memory_write(rig->memory, at, &sum, 1));
}

/* Executes the script of the files, as SeaBIOS does. */
static void run_script(BootRig *rig, Script *script)
{
    const DataItem *loader = file(script, "etc/table-loader");
    g_assert_cmpuint(loader->size % 128, ==, 0);
    for (uint32_t at = 0; at < loader->size; at += 128) {
        const uint8_t *c = loader->data + at;
        switch (value_at(c, 4)) {
        case 1:
            allocate(rig, script, c + 4);
            break;
        case 2:
            add_pointer(rig, script, c + 4);
            break;
        default:
            g_assert_cmpuint(value_at(c, 4), ==, 3);
            add_checksum(rig, script, c + 4);
        }
    }
}

static void test_script_puts_sound_tables_anywhere(BootRig *rig, gconstpointer data)
{
    (void)data;
    rig->board.topology = cpu_topology_flat(2);
    rig->board.apic = true;
    Script script = {.items = fw_items_new()};
    acpi_loader_add(script.items, &rig->board);
    run_script(rig, &script);
    uint32_t fadt = root_entry(rig, 0);
    signature_is(rig, fadt, "FACP");
    signature_is(rig, root_entry(rig, 1), "APIC");
    boot_rig_sum_is_zero(rig, fadt, boot_rig_peek32(rig, fadt + 4));
    g_assert_cmphex(fadt, >, script.tables_at);
    signature_is(rig, boot_rig_peek32(rig, fadt + 36), "FACS");
    signature_is(rig, boot_rig_peek32(rig, fadt + 40), "DSDT");
    signature_is(rig, boot_rig_peek(rig, fadt + 132, 8), "FACS");
    signature_is(rig, boot_rig_peek(rig, fadt + 140, 8), "DSDT");
    fw_items_free(script.items);
}

static void test_without_registers_there_is_no_script(BootRig *rig, gconstpointer data)
{
    (void)data;
    g_autoptr(FwItems) items = fw_items_new();
    rig->board.acpi_port = 0;
    acpi_loader_add(items, &rig->board);
    g_assert_cmpuint(fw_items_table(items)->count, ==, 0);
}

/* ---- PCI: what the three tables say of each pin ---- */

static const BootPciPin PINS[] = {{1, 1, 0}, {3, 1, 2}, {3, 2, 3}, {31, 4, 1}};
static const uint8_t PIRQ_IRQS[BOOT_PIRQS] = {10, 10, 11, 5};

static void load_with_pci(BootRig *rig)
{
    rig->board.has_pci = true;
    rig->board.pci_pin_count = G_N_ELEMENTS(PINS);
    memcpy(rig->board.pci_pins, PINS, sizeof(PINS));
    memcpy(rig->board.pirq_irq, PIRQ_IRQS, sizeof(PIRQ_IRQS));
    load_with(rig, 2, true);
}

/* The PCI interrupt that _PRT names for a pin: its link is called LNKA to LNKD. */
static unsigned pirq_of_prt(const BootRig *rig, unsigned slot, unsigned pin)
{
    const uint32_t fadt = root_entry(rig, 0), dsdt = boot_rig_peek32(rig, fadt + 40);
    const uint32_t end = dsdt + boot_rig_peek32(rig, dsdt + 4);
    for (uint32_t at = dsdt; at < end; at++) {
        if (boot_rig_peek32(rig, at) == (slot << 16 | 0xffff) &&
            boot_rig_peek(rig, at + 4, 2) == (0x0a | (pin - 1) << 8)) {
            boot_rig_begins_with(rig, at + 6, ".ISA_LNK");
            return (unsigned)boot_rig_peek(rig, at + 14, 1) - (unsigned)'A';
        }
    }
    return UINT_MAX;
}

static unsigned pirq_of_pir(const BootRig *rig, unsigned slot, unsigned pin)
{
    const uint32_t pir = find(rig, "$PIR"), size = (uint32_t)boot_rig_peek(rig, pir + 6, 2);
    boot_rig_sum_is_zero(rig, pir, size);
    g_assert_cmphex(boot_rig_peek(rig, pir + 8, 2), ==, 0x0800); /* the router's bus and function */
    g_assert_cmphex(boot_rig_peek32(rig, pir + 12), ==, 0x70008086);
    for (uint32_t at = pir + 32; at < pir + size; at += 16) {
        if (boot_rig_peek(rig, at + 1, 1) == slot << 3) {
            return (unsigned)boot_rig_peek(rig, at + 2 + 3 * (pin - 1), 1) - 0x60;
        }
    }
    return UINT_MAX;
}

/* The input of the I/O APIC, where the interrupt is a level from PCI bus 0; 0: it is not there. */
static unsigned input_of_mp(const BootRig *rig, unsigned slot, unsigned pin)
{
    const uint32_t config = boot_rig_peek32(rig, find(rig, "_MP_") + 4);
    const uint32_t end = config + (uint32_t)boot_rig_peek(rig, config + 4, 2);
    for (uint32_t at = config + 44; at < end;
         at += entry_size((unsigned)boot_rig_peek(rig, at, 1))) {
        if (boot_rig_peek32(rig, at) == 0x000d0003 &&
            boot_rig_peek(rig, at + 4, 2) == (slot << 2 | (pin - 1)) << 8) {
            return (unsigned)boot_rig_peek(rig, at + 7, 1);
        }
    }
    return 0;
}

static void test_three_tables_agree_on_pci_interrupts(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with_pci(rig);
    for (size_t i = 0; i < G_N_ELEMENTS(PINS); i++) {
        const BootPciPin *p = &PINS[i];
        g_assert_cmpuint(pirq_of_prt(rig, p->slot, p->pin), ==, p->pirq);
        g_assert_cmpuint(pirq_of_pir(rig, p->slot, p->pin), ==, p->pirq);
        g_assert_cmpuint(input_of_mp(rig, p->slot, p->pin), ==, PIRQ_IRQS[p->pirq]);
    }
    g_assert_cmpuint(pirq_of_prt(rig, 2, 1), ==, UINT_MAX);
    g_assert_cmpuint(pirq_of_pir(rig, 2, 1), ==, UINT_MAX);
    g_assert_cmpuint(input_of_mp(rig, 2, 1), ==, 0);
}

static void test_without_pci_there_is_no_table_of_it(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with(rig, 2, true);
    g_assert_cmphex(find(rig, "$PIR"), ==, 0);
    g_assert_cmpuint(input_of_mp(rig, 1, 1), ==, 0);
    const uint32_t fadt = root_entry(rig, 0), dsdt = boot_rig_peek32(rig, fadt + 40);
    g_assert_cmpuint(boot_rig_peek32(rig, dsdt + 4), <, 64);
}

/* With so many CPUs that not all of the tables have room, that without ACPI is left out. */
static void test_built_in_firmware_has_room_for_pci_too(BootRig *rig, gconstpointer data)
{
    (void)data;
    load_with_pci(rig);
    rig->board.topology = cpu_topology_flat(255);
    boot_put_tables(&rig->board, rig->memory);
    g_assert_cmphex(find(rig, "RSD PTR "), !=, 0);
    g_assert_cmphex(find(rig, "$PIR"), !=, 0);
    g_assert_cmphex(find(rig, "_MP_"), ==, 0);
    rig->board.topology = cpu_topology_flat(64);
    boot_put_tables(&rig->board, rig->memory);
    g_assert_cmphex(find(rig, "_MP_"), !=, 0);
}

#define TEST(name)                                                                                 \
    g_test_add("/boot/tables/" #name, BootRig, NULL, boot_rig_set_up, test_##name,                 \
               boot_rig_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(fadt_names_the_registers);
    TEST(dsdt_has_the_power_off_state);
    TEST(madt_lists_the_cpus);
    TEST(without_an_apic_there_is_no_madt);
    TEST(madt_says_where_the_timer_is);
    TEST(fadt_names_the_reset_register);
    TEST(flat_binaries_have_tables_with_several_cpus);
    TEST(bios_variables_say_where_low_memory_ends);
    TEST(firmware_that_is_built_in_has_room_for_them);
    TEST(script_puts_sound_tables_anywhere);
    TEST(without_registers_there_is_no_script);
    TEST(mp_table_is_sound);
    TEST(mp_table_names_the_boot_cpu_and_the_addresses);
    TEST(three_tables_agree_on_pci_interrupts);
    TEST(without_pci_there_is_no_table_of_it);
    TEST(built_in_firmware_has_room_for_pci_too);
    return g_test_run();
}
