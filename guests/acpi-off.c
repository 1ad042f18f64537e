/*
 * Powers the machine off through ACPI, as a kernel does: it finds the RSDP, the
 * RSDT, the FADT, and the package _S5_ in the DSDT.
 */
#include "devices/misc/acpi_pm_regs.h"
#include "guests/kernel/kernel.h"

#define ROM     0xf0000u
#define ROM_END 0x100000u

#define AML_NAME    0x08
#define AML_PACKAGE 0x12
#define AML_BYTE    0x0a

typedef struct __attribute__((packed)) Header {
    uint32_t signature, length;
    uint8_t rest[28];
} Header;

#define SIGNATURE(a, b, c, d)                                                                      \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

void kernel_main(uint32_t magic, uint32_t info);

static void fail(const char *what)
{
    put("no ");
    put(what);
    put("\n");
    halt_forever();
}

static uint32_t word_at(uint32_t address)
{
    uint32_t value;
    __builtin_memcpy(&value, at(address), sizeof(value));
    return value;
}

static int sums_to_0(uint32_t address, uint32_t size)
{
    const uint8_t *bytes = at(address);
    uint8_t sum = 0;
    while (size--) {
        sum = (uint8_t)(sum + *bytes++);
    }
    return sum == 0;
}

static uint32_t find_rsdp(void)
{
    for (uint32_t p = ROM; p < ROM_END; p += 16) {
        if (word_at(p) == SIGNATURE('R', 'S', 'D', ' ') &&
            word_at(p + 4) == SIGNATURE('P', 'T', 'R', ' ') && sums_to_0(p, 20)) {
            return p;
        }
    }
    fail("RSDP");
    return 0;
}

static uint32_t find_table(uint32_t rsdt, uint32_t signature, const char *name)
{
    const Header *root = at(rsdt);
    for (uint32_t p = sizeof(*root); p < root->length; p += 4) {
        const Header *table = at(word_at(rsdt + p));
        if (table->signature == signature && sums_to_0(word_at(rsdt + p), table->length)) {
            return word_at(rsdt + p);
        }
    }
    fail(name);
    return 0;
}

/*
 * Looks for NameOp, an optional root character, _S5_, PackageOp, length and count,
 * and returns the first number.
 */
static uint8_t find_sleep_type(uint32_t dsdt)
{
    const Header *header = at(dsdt);
    for (uint32_t p = dsdt + sizeof(*header); p + 10 < dsdt + header->length; p++) {
        const uint8_t *code = at(p);
        if (word_at(p) == SIGNATURE('_', 'S', '5', '_') && code[4] == AML_PACKAGE &&
            (code[-1] == AML_NAME || (code[-1] == '\\' && code[-2] == AML_NAME))) {
            return code[7] == AML_BYTE ? code[8] : code[7];
        }
    }
    fail("_S5_");
    return 0;
}

void kernel_main(uint32_t magic, uint32_t info)
{
    (void)magic;
    (void)info;
    uint32_t fadt = find_table(word_at(find_rsdp() + 16), SIGNATURE('F', 'A', 'C', 'P'), "FADT");
    uint8_t type = find_sleep_type(word_at(fadt + 40));
    uint16_t port = (uint16_t)word_at(fadt + 64);
    put("PM1a_CNT is at port 0x");
    put_hex(port, 4);
    put(", _S5_ is ");
    put_decimal(type);
    put("\n");
    outw(port, (uint16_t)(type << ACPI_PM1_SLP_TYP_SHIFT | ACPI_PM1_SLP_EN));
    fail("power-off");
}
