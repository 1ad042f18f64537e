/*
 * Linux kernels: setup headers that are refused and why, the three entries, and
 * what the kernel is told.
 */
#include "tests/unit/boot_rig.h"

#include "devices/misc/fw_cfg_regs.h"
#include "src/boot/linux_regs.h"

#define SETUP_SECTORS 2u
#define SETUP_SIZE    ((1 + SETUP_SECTORS) * 512u)
#define KERNEL_SIZE   0x1000u
#define INIT_SIZE     0x200000u

static void make_kernel(BootRig *rig, uint16_t version)
{
    g_byte_array_set_size(rig->file, 0);
    boot_rig_grow(rig, SETUP_SIZE + KERNEL_SIZE);
    boot_rig_set(rig, LINUX_SETUP_SECTS, SETUP_SECTORS, 1);
    boot_rig_set(rig, LINUX_BOOT_FLAG, LINUX_BOOT_FLAG_MAGIC, 2);
    boot_rig_set(rig, LINUX_JUMP, 0x66eb, 2);
    boot_rig_set(rig, LINUX_HEADER, LINUX_HEADER_MAGIC, 4);
    boot_rig_set(rig, LINUX_VERSION, version, 2);
    boot_rig_set(rig, LINUX_LOADFLAGS, LINUX_LOADED_HIGH, 1);
    boot_rig_set(rig, LINUX_CODE32_START, 0x100000, 4);
    boot_rig_set(rig, LINUX_INITRD_ADDR_MAX, 0x7fffffff, 4);
    boot_rig_set(rig, LINUX_XLOADFLAGS, LINUX_XLF_KERNEL_64, 2);
    boot_rig_set(rig, LINUX_CMDLINE_SIZE, 20, 4);
    boot_rig_set(rig, LINUX_PREF_ADDRESS, 0x200000, 8);
    boot_rig_set(rig, LINUX_INIT_SIZE, INIT_SIZE, 4);
    boot_rig_set(rig, SETUP_SIZE, 0xf4fa, 2);
}

static void make_with(BootRig *rig, guint offset, uint64_t value, guint size)
{
    make_kernel(rig, 0x20f);
    boot_rig_set(rig, offset, value, size);
}

/* ---- entries ---- */

static void test_entry_of_32_bits_has_a_zero_page(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel(rig, 0x20f);
    rig->options.append = "console=ttyS0";
    boot_rig_load(rig);
    boot_rig_is_flat_protected(rig);
    const CpuState *s = &rig->state;
    g_assert_cmphex(s->rip, ==, 0x100000);
    g_assert_cmphex(s->segment[CPU_CS].selector, ==, 0x10);
    g_assert_cmphex(s->segment[CPU_DS].selector, ==, 0x18);
    g_assert_cmphex(s->gpr[CPU_BX] | s->gpr[CPU_BP] | s->gpr[CPU_DI], ==, 0);
    g_assert_cmphex(boot_rig_peek(rig, 0x100000, 2), ==, 0xf4fa);
    uint64_t page = s->gpr[CPU_SI];
    g_assert_cmphex(boot_rig_peek(rig, page + LINUX_TYPE_OF_LOADER, 1), ==, 0xff);
    g_assert_cmphex(boot_rig_peek32(rig, page + LINUX_HEADER), ==, LINUX_HEADER_MAGIC);
    g_assert_cmphex(boot_rig_peek32(rig, page + LINUX_INIT_SIZE), ==, INIT_SIZE);
    boot_rig_text_is(rig, boot_rig_peek32(rig, page + LINUX_CMD_LINE_PTR), "console=ttyS0");
    boot_rig_begins_with(rig, boot_rig_peek(rig, page + LINUX_ACPI_RSDP, 8), "RSD PTR ");
    g_assert_cmpuint(boot_rig_peek32(rig, page + LINUX_ALT_MEM_K), ==, 15 * 1024);
    g_assert_cmpuint(boot_rig_peek(rig, page + LINUX_E820_ENTRIES, 1), ==, 4);
    uint64_t last = page + LINUX_E820_TABLE + 3 * LINUX_E820_SIZE;
    g_assert_cmphex(boot_rig_peek(rig, last, 8), ==, 0x100000);
    g_assert_cmphex(boot_rig_peek(rig, last + 8, 8), ==, 0xf00000);
    g_assert_cmphex(boot_rig_peek32(rig, last + 16), ==, 1);
}

static void test_header_ends_where_it_says(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_with(rig, 0x262, 0x99, 1);
    boot_rig_set(rig, 0x280, 0x77, 1);
    boot_rig_set(rig, LINUX_JUMP + 1, 0x61, 1); /* to 0x263 */
    boot_rig_load(rig);
    g_assert_cmphex(boot_rig_peek(rig, rig->state.gpr[CPU_SI] + 0x262, 1), ==, 0x99);
    g_assert_cmphex(boot_rig_peek(rig, rig->state.gpr[CPU_SI] + 0x280, 1), ==, 0);
}

static void test_entry_of_64_bits_is_0x200_further(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel(rig, 0x20f);
    rig->options.entry = "64";
    boot_rig_load(rig);
    g_assert_cmphex(rig->state.rip, ==, 0x100200);
    g_assert_cmphex(rig->state.msr.efer, ==, CPU_EFER_LME | CPU_EFER_LMA);
    g_assert_cmphex(rig->state.segment[CPU_CS].attributes, ==, 0xa09b);
    g_assert_cmphex(rig->state.segment[CPU_CS].selector, ==, 0x10);
    g_assert_cmphex(boot_rig_peek32(rig, rig->state.gpr[CPU_SI] + LINUX_HEADER), ==,
                    LINUX_HEADER_MAGIC);
}

static uint64_t setup_value(const BootRig *rig, unsigned offset, unsigned size)
{
    uint64_t value = 0;
    const DataItem *setup = boot_rig_item(rig, FW_CFG_SETUP_DATA);
    g_assert_cmpuint(offset + size, <=, setup->size);
    memcpy(&value, setup->data + offset, size);
    return value;
}

/*
 * Checks the items for a firmware: what it must copy to which address, with the
 * setup code at `setup`.
 */
static void check_items(const BootRig *rig, uint32_t setup, uint32_t kernel)
{
    const DataItem *command = boot_rig_item(rig, FW_CFG_CMDLINE_DATA);
    const DataItem *code = boot_rig_item(rig, FW_CFG_KERNEL_DATA);
    g_assert_cmphex(boot_rig_number(rig, FW_CFG_SETUP_ADDR), ==, setup);
    g_assert_cmphex(boot_rig_number(rig, FW_CFG_SETUP_SIZE), ==, SETUP_SIZE);
    g_assert_cmphex(boot_rig_number(rig, FW_CFG_KERNEL_ADDR), ==, kernel);
    g_assert_cmphex(boot_rig_number(rig, FW_CFG_KERNEL_SIZE), ==, KERNEL_SIZE);
    g_assert_cmphex(boot_rig_number(rig, FW_CFG_CMDLINE_ADDR), ==, setup + 0xe000);
    g_assert_cmphex(boot_rig_number(rig, FW_CFG_CMDLINE_SIZE), ==, 13);
    g_assert_cmpmem(command->data, command->size, "init=/bin/sh", 13);
    g_assert_cmphex(code->data[0], ==, 0xfa);
    g_assert_cmphex(setup_value(rig, LINUX_HEADER, 4), ==, LINUX_HEADER_MAGIC);
    g_assert_cmphex(setup_value(rig, LINUX_TYPE_OF_LOADER, 1), ==, 0xff);
    g_assert_cmphex(setup_value(rig, LINUX_LOADFLAGS, 1) & LINUX_CAN_USE_HEAP, ==,
                    LINUX_CAN_USE_HEAP);
    g_assert_cmphex(setup_value(rig, LINUX_HEAP_END_PTR, 2), ==, 0xde00);
    g_assert_cmphex(setup_value(rig, LINUX_CMD_LINE_PTR, 4), ==, setup + 0xe000);
}

static void test_entry_of_16_bits_is_for_a_firmware(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel(rig, 0x202);
    rig->options.entry = "16";
    rig->options.append = "init=/bin/sh";
    boot_rig_load(rig);
    check_items(rig, 0x10000, 0x100000);
}

static void test_zimage_goes_below_its_setup(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_with(rig, LINUX_LOADFLAGS, 0, 1);
    rig->options.entry = "16";
    rig->options.append = "init=/bin/sh";
    boot_rig_load(rig);
    check_items(rig, 0x90000, 0x10000);
}

static void test_firmware_finds_an_option_rom(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel(rig, 0x20f);
    rig->options.entry = "16";
    boot_rig_load(rig);
    const DataItem *rom = boot_rig_item(rig, FW_CFG_FILE_FIRST);
    uint8_t sum = 0;
    for (unsigned i = 0; i < rom->size; i++) {
        sum = (uint8_t)(sum + rom->data[i]);
    }
    g_assert_cmphex(sum, ==, 0);
    g_assert_cmpuint(rom->size, ==, rom->data[2] * 512u);
    g_assert_cmpmem(rom->data, 2, "\x55\xaa", 2);
    g_assert_cmpmem(rom->data + (rom->data[0x1a] | rom->data[0x1b] << 8), 4, "$PnP", 4);
}

static void test_initrd_for_a_firmware_is_below_its_own(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel(rig, 0x20f);
    boot_rig_module(rig, "initial, RAM disk");
    rig->options.initrd = rig->module_path;
    rig->options.entry = "16";
    boot_rig_load(rig);
    const DataItem *initrd = boot_rig_item(rig, FW_CFG_INITRD_DATA);
    uint32_t at = boot_rig_number(rig, FW_CFG_INITRD_ADDR);
    g_assert_cmphex(at, ==, BOOT_RIG_MEMORY - 0x28000 - 0x1000);
    g_assert_cmphex(boot_rig_number(rig, FW_CFG_INITRD_SIZE), ==, 17);
    g_assert_cmpmem(initrd->data, initrd->size, "initial, RAM disk", 17);
    g_assert_cmphex(setup_value(rig, LINUX_RAMDISK_IMAGE, 4), ==, at);
    g_assert_cmphex(setup_value(rig, LINUX_RAMDISK_SIZE, 4), ==, 17);
    make_with(rig, LINUX_INITRD_ADDR_MAX, 0x3fffff, 4);
    boot_rig_refused(rig, "-initrd: no room for 0x11 bytes between 0x400000 and 0x400000 (-m)");
}

/* ---- initrd ---- */

static uint64_t load_initrd(BootRig *rig)
{
    boot_rig_module(rig, "initial, RAM disk");
    rig->options.initrd = rig->module_path;
    boot_rig_load(rig);
    uint64_t page = rig->state.gpr[CPU_SI];
    uint32_t at = boot_rig_peek32(rig, page + LINUX_RAMDISK_IMAGE);
    g_assert_cmpuint(boot_rig_peek32(rig, page + LINUX_RAMDISK_SIZE), ==, 17);
    boot_rig_text_is(rig, at, "initial, RAM disk");
    return at;
}

static void test_initrd_is_at_the_top_of_memory(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel(rig, 0x20f);
    g_assert_cmphex(load_initrd(rig), ==, BOOT_RIG_MEMORY - 0x1000);
}

static void test_initrd_is_below_the_limit_of_the_kernel(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_with(rig, LINUX_INITRD_ADDR_MAX, 0x7fffff, 4);
    g_assert_cmphex(load_initrd(rig), ==, 0x7ff000);
}

static void test_initrd_is_not_where_the_kernel_unpacks(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_with(rig, LINUX_INITRD_ADDR_MAX, 0x3fffff, 4);
    boot_rig_module(rig, "x");
    rig->options.initrd = rig->module_path;
    boot_rig_refused(rig, "-initrd: no room for 0x1 bytes in 16384 KiB of memory (-m)");
}

/* ---- refusals ---- */

static void test_bad_headers_are_refused_with_the_reason(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel(rig, 0x201);
    boot_rig_refused(rig, "Linux boot protocol 2.01 at 0x206: at least 2.02 is needed");
    make_with(rig, LINUX_BOOT_FLAG, 0x1234, 2);
    boot_rig_refused(rig, "Linux header without 0xaa55 at 0x1fe (it has 0x1234)");
    make_with(rig, LINUX_SETUP_SECTS, 10, 1);
    boot_rig_refused(rig,
                     "the Linux header counts 10 setup sectors, the file has only 0x1600 bytes");
    make_with(rig, LINUX_SETUP_SECTS, 64, 1);
    boot_rig_grow(rig, 0x9000);
    boot_rig_refused(rig, "64 Linux setup sectors: at most 63");
    make_with(rig, LINUX_LOADFLAGS, 0, 1);
    boot_rig_grow(rig, 0x90000);
    boot_rig_refused(rig, "a zImage of 0x8fa00 bytes: at most 0x80000 fit below its setup");
    make_with(rig, LINUX_INIT_SIZE, 0xe00001, 4);
    boot_rig_refused(rig, "the kernel unpacks itself up to 0x1000001, memory ends at 0x1000000 "
                          "(-m)");
    make_with(rig, LINUX_PREF_ADDRESS, UINT64_MAX, 8);
    boot_rig_refused(rig, "the kernel unpacks itself up to 0x100200000, memory ends at 0x1000000 "
                          "(-m)");
}

static void test_header_that_is_displaced_is_shown(BootRig *rig, gconstpointer data)
{
    (void)data;
    static const uint8_t BEFORE[64] = {0xf4};
    make_kernel(rig, 0x20f);
    g_byte_array_prepend(rig->file, BEFORE, sizeof(BEFORE));
    boot_rig_refused(rig, "Linux header at 0x242: it belongs at 0x202, 64 bytes before the kernel "
                          "are too many (tail -c +65)" BOOT_RIG_FLAT_HINT);
}

static void test_64_bit_kernel_needs_a_64_bit_cpu(BootRig *rig, gconstpointer data)
{
    (void)data;
    static const struct {
        uint16_t version, xloadflags;
        bool needs;
    } CASES[] = {{0x20f, 1, true}, {0x20c, 0x3f, true}, {0x20b, 1, false}, {0x20f, 0x3e, false}};
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        make_kernel(rig, CASES[i].version);
        boot_rig_set(rig, LINUX_XLOADFLAGS, CASES[i].xloadflags, 2);
        boot_rig_write(rig);
        g_autoptr(BootImage) image = boot_image_new(&rig->options, BOOT_RIG_MEMORY, &error);
        g_assert_no_error(error);
        g_assert_cmpint(boot_image_check_no_long(image, "soft", &error), !=, CASES[i].needs);
        g_assert_cmpint(error && strstr(error->message, "64-bit Linux kernel (xloadflags 0x"), ==,
                        CASES[i].needs);
    }
}

static void test_entries_that_are_not_there_are_refused(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel(rig, 0x205);
    boot_rig_refused(rig, "Linux bzImage, boot protocol 2.05: has only the 16-bit entry, which "
                          "needs a firmware (-machine kernel-entry=16)");
    rig->options.entry = "32";
    boot_rig_refused(rig, "Linux bzImage, boot protocol 2.05: has no 32-bit entry (a bzImage of "
                          "2.06 has)");
    rig->options.entry = NULL;
    make_with(rig, LINUX_CODE32_START, 0, 4);
    boot_rig_refused(rig, "Linux bzImage, boot protocol 2.15: has only the 16-bit entry, which "
                          "needs a firmware (-machine kernel-entry=16)");
    make_with(rig, LINUX_XLOADFLAGS, 0, 2);
    rig->options.entry = "64";
    boot_rig_refused(rig, "Linux bzImage, boot protocol 2.15: has no 64-bit entry (XLF_KERNEL_64 "
                          "of 2.12)");
}

static void test_unknown_entry_is_refused(BootRig *rig, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    make_kernel(rig, 0x20f);
    rig->options.entry = "17";
    g_assert_false(boot_rig_try(rig, &error));
    g_assert_cmpstr(error->message, ==, "-machine kernel-entry=17: not one of auto, 16, 32, 64");
}

static void test_long_command_lines_are_refused(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel(rig, 0x20f);
    rig->options.append = "01234567890123456789";
    boot_rig_load(rig);
    rig->options.append = "012345678901234567890";
    boot_rig_refused(rig, "-append has 21 characters, the kernel takes 20");
}

static void test_garbled_kernels_do_no_harm(BootRig *rig, gconstpointer data)
{
    (void)data;
    static const char *const ENTRIES[] = {"16", "32", "64"};
    for (unsigned i = 0; i < G_N_ELEMENTS(ENTRIES); i++) {
        make_kernel(rig, 0x20f);
        rig->options.entry = ENTRIES[i];
        boot_rig_garble(rig, 0, LINUX_SETUP_SECTS, LINUX_INIT_SIZE + 4);
    }
    make_kernel(rig, 0x20f);
    boot_rig_garble(rig, 0x270, 0, 0);
}

#define TEST(name)                                                                                 \
    g_test_add("/boot/linux/" #name, BootRig, NULL, boot_rig_set_up, test_##name,                  \
               boot_rig_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(entry_of_32_bits_has_a_zero_page);
    TEST(header_ends_where_it_says);
    TEST(entry_of_64_bits_is_0x200_further);
    TEST(entry_of_16_bits_is_for_a_firmware);
    TEST(firmware_finds_an_option_rom);
    TEST(initrd_for_a_firmware_is_below_its_own);
    TEST(zimage_goes_below_its_setup);
    TEST(initrd_is_at_the_top_of_memory);
    TEST(initrd_is_below_the_limit_of_the_kernel);
    TEST(initrd_is_not_where_the_kernel_unpacks);
    TEST(bad_headers_are_refused_with_the_reason);
    TEST(header_that_is_displaced_is_shown);
    TEST(64_bit_kernel_needs_a_64_bit_cpu);
    TEST(entries_that_are_not_there_are_refused);
    TEST(unknown_entry_is_refused);
    TEST(long_command_lines_are_refused);
    TEST(garbled_kernels_do_no_harm);
    return g_test_run();
}
