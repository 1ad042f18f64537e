/*
 * Multiboot 1 and 2: headers that are refused and why, and what a kernel is told.
 */
#include "tests/unit/boot_rig.h"

#define HEADER       0x40u
#define LOAD_ADDRESS 0x200000u
#define ENTRY        (LOAD_ADDRESS + 0x80)
#define FILE_SIZE    0x100u

#define MAGIC1 0x1badb002u
#define MAGIC2 0xe85250d6u

/* ---- version 1 ---- */

static void set_checksum1(BootRig *rig)
{
    uint32_t flags = (uint32_t)boot_rig_get(rig, HEADER + 4, 4);
    boot_rig_set(rig, HEADER + 8, (uint32_t) - (MAGIC1 + flags), 4);
}

/* A kernel that gives its load address in its header. */
static void make_kernel1(BootRig *rig, uint32_t flags)
{
    const uint32_t header[] = {
        MAGIC1,
        flags,
        0,
        LOAD_ADDRESS + HEADER,
        LOAD_ADDRESS,
        LOAD_ADDRESS + FILE_SIZE,
        LOAD_ADDRESS + 0x1000,
        ENTRY,
    };
    g_byte_array_set_size(rig->file, 0);
    boot_rig_grow(rig, FILE_SIZE);
    boot_rig_bytes(rig, HEADER, header, sizeof(header));
    boot_rig_set(rig, 0x80, 0xf4, 1);
    set_checksum1(rig);
}

static void set_address1(BootRig *rig, guint index, uint32_t value)
{
    make_kernel1(rig, 0x10003);
    boot_rig_set(rig, HEADER + index * 4, value, 4);
}

static void test_addresses_place_the_kernel(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel1(rig, 0x10007);
    memory_fill(rig->memory, LOAD_ADDRESS, 0xcc, 0x1001);
    boot_rig_load(rig);
    boot_rig_is_flat_protected(rig);
    g_assert_cmphex(rig->state.rip, ==, ENTRY);
    g_assert_cmphex(rig->state.gpr[CPU_AX], ==, 0x2badb002);
    g_assert_cmphex(boot_rig_peek32(rig, LOAD_ADDRESS + HEADER), ==, MAGIC1);
    g_assert_cmphex(boot_rig_peek32(rig, LOAD_ADDRESS + FILE_SIZE), ==, 0);
    g_assert_cmphex(boot_rig_peek(rig, LOAD_ADDRESS + 0xfff, 1), ==, 0);
    g_assert_cmphex(boot_rig_peek(rig, LOAD_ADDRESS + 0x1000, 1), ==, 0xcc);
}

static void test_ends_of_0_mean_the_whole_file(BootRig *rig, gconstpointer data)
{
    (void)data;
    set_address1(rig, 5, 0);
    boot_rig_set(rig, HEADER + 24, 0, 4);
    boot_rig_load(rig);
    g_assert_cmphex(boot_rig_peek32(rig, LOAD_ADDRESS + HEADER), ==, MAGIC1);
}

static void test_information_is_complete(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel1(rig, 0x10003);
    boot_rig_module(rig, "0123456789");
    g_autofree char *initrd = g_strdup_printf("%s a b,%s c,,d", rig->module_path, rig->module_path);
    rig->options.initrd = initrd;
    rig->options.append = "debug=1";
    boot_rig_load(rig);
    uint64_t info = rig->state.gpr[CPU_BX];
    g_assert_cmphex(boot_rig_peek32(rig, info), ==, 0x24d);
    g_assert_cmpuint(boot_rig_peek32(rig, info + 4), ==, 639);
    g_assert_cmpuint(boot_rig_peek32(rig, info + 8), ==, 15 * 1024);
    g_autofree char *line = g_strdup_printf("%s debug=1", rig->path);
    boot_rig_text_is(rig, boot_rig_peek32(rig, info + 16), line);
    boot_rig_text_is(rig, boot_rig_peek32(rig, info + 64), "pioemu");
    g_assert_cmpuint(boot_rig_peek32(rig, info + 20), ==, 2);
    uint32_t list = boot_rig_peek32(rig, info + 24);
    uint32_t start = boot_rig_peek32(rig, list);
    g_assert_cmphex(start % 4096, ==, 0);
    g_assert_cmphex(start, >=, 0x100000);
    g_assert_cmpuint(boot_rig_peek32(rig, list + 4) - start, ==, 10);
    boot_rig_text_is(rig, start, "0123456789");
    g_autofree char *first = g_strdup_printf("%s a b", rig->module_path);
    g_autofree char *second = g_strdup_printf("%s c,d", rig->module_path);
    boot_rig_text_is(rig, boot_rig_peek32(rig, list + 8), first);
    boot_rig_text_is(rig, boot_rig_peek32(rig, list + 24), second);
    g_assert_cmphex(boot_rig_peek32(rig, list + 16), !=, start);
}

static void test_memory_map_lists_the_ram(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel1(rig, 0x10003);
    boot_rig_load(rig);
    uint64_t info = rig->state.gpr[CPU_BX], map = boot_rig_peek32(rig, info + 48);
    static const struct {
        uint64_t base, size;
        uint32_t type;
    } EXPECTED[] = {
        {0, 0x9fc00, 1}, {0x9fc00, 0x400, 2}, {0xf0000, 0x10000, 2}, {0x100000, 0xf00000, 1}};
    g_assert_cmpuint(boot_rig_peek32(rig, info + 44), ==, sizeof(EXPECTED) / 24 * 24);
    for (unsigned i = 0; i < G_N_ELEMENTS(EXPECTED); i++, map += 24) {
        g_assert_cmpuint(boot_rig_peek32(rig, map), ==, 20);
        g_assert_cmphex(boot_rig_peek(rig, map + 4, 8), ==, EXPECTED[i].base);
        g_assert_cmphex(boot_rig_peek(rig, map + 12, 8), ==, EXPECTED[i].size);
        g_assert_cmpuint(boot_rig_peek32(rig, map + 20), ==, EXPECTED[i].type);
    }
}

/* Modules are placed around a kernel that is in their way. */
static void test_nothing_lies_over_the_kernel(BootRig *rig, gconstpointer data)
{
    (void)data;
    set_address1(rig, 4, 0x100000);
    boot_rig_set(rig, HEADER + 12, 0x100000 + HEADER, 4);
    boot_rig_set(rig, HEADER + 20, 0, 4);
    boot_rig_set(rig, HEADER + 24, 0x101001, 4);
    boot_rig_set(rig, HEADER + 28, 0x100080, 4);
    boot_rig_module(rig, "x");
    rig->options.initrd = rig->module_path;
    boot_rig_load(rig);
    uint32_t list = boot_rig_peek32(rig, rig->state.gpr[CPU_BX] + 24);
    g_assert_cmphex(boot_rig_peek32(rig, list), ==, 0x102000);
}

static void test_header_is_searched_in_8_kib(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel1(rig, 0x10003);
    g_autofree uint8_t *header = g_memdup2(rig->file->data + HEADER, 32);
    g_byte_array_set_size(rig->file, 0);
    boot_rig_bytes(rig, 8184, header, 32);
    boot_rig_refused(rig, "multiboot header at 0x1ff8: it must be in the first 8192 bytes of "
                          "the file (link it first)" BOOT_RIG_FLAT_HINT);
    g_byte_array_set_size(rig->file, 0);
    boot_rig_bytes(rig, 8180, header, 32);
    boot_rig_set(rig, 8180 + 12, LOAD_ADDRESS + 8180, 4);
    boot_rig_set(rig, 8180 + 20, 0, 4);
    boot_rig_set(rig, 8180 + 24, 0, 4);
    boot_rig_load(rig);
}

static void test_bad_headers_are_refused_with_the_reason(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel1(rig, 0x10023);
    boot_rig_refused(rig, "the multiboot header at 0x40 requires bit 5 of its flags 0x00010023, "
                          "which is unknown");
    make_kernel1(rig, 3);
    boot_rig_refused(rig, "the multiboot header has no addresses and the file is not ELF");
    make_kernel1(rig, 0x10003);
    g_byte_array_set_size(rig->file, HEADER + 28);
    boot_rig_refused(rig, "the multiboot header at 0x40 is cut short");
    set_address1(rig, 4, LOAD_ADDRESS + HEADER + 1);
    boot_rig_refused(rig, "the multiboot header at 0x40 of the file says it is at 0x200040 of an "
                          "image that begins at 0x200041");
    set_address1(rig, 4, LOAD_ADDRESS - 1);
    boot_rig_refused(rig, "the multiboot header at 0x40 of the file says it is at 0x200040 of an "
                          "image that begins at 0x1fffff");
    set_address1(rig, 5, LOAD_ADDRESS - 1);
    boot_rig_refused(rig, "the multiboot header's addresses 0x200000 to 0x1fffff do not fit the "
                          "file of 0x100 bytes");
    set_address1(rig, 5, LOAD_ADDRESS + FILE_SIZE + 1);
    boot_rig_refused(rig, "the multiboot header's addresses 0x200000 to 0x200101 do not fit the "
                          "file of 0x100 bytes");
    set_address1(rig, 6, LOAD_ADDRESS + FILE_SIZE - 1);
    boot_rig_refused(rig, "the multiboot header's bss ends at 0x2000ff, before the data's end at "
                          "0x200100");
    set_address1(rig, 6, 0xffffffff);
    boot_rig_refused(rig, "the kernel: 0xffdfffff bytes at 0x200000 do not fit into 16384 KiB of "
                          "memory (-m)");
}

static void test_wrong_checksum_is_shown(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel1(rig, 0x10003);
    boot_rig_set(rig, HEADER + 8, 0, 4);
    boot_rig_refused(rig, "multiboot header at 0x40: checksum 0x00000000 at 0x48 should be "
                          "0xe4514ffb" BOOT_RIG_FLAT_HINT);
    rig->options.flat = "addr=0x2000";
    boot_rig_load(rig);
    g_assert_cmphex(boot_rig_peek32(rig, 0x2000 + HEADER), ==, MAGIC1);
}

static void test_header_that_is_misplaced_is_shown(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel1(rig, 0x10003);
    g_byte_array_prepend(rig->file, (const uint8_t *)"\xf4\xf4", 2);
    boot_rig_refused(rig, "multiboot header at 0x42: not on a multiple of 4" BOOT_RIG_FLAT_HINT);
    make_kernel1(rig, 0x10003);
    g_byte_array_set_size(rig->file, HEADER + 10);
    boot_rig_refused(rig, "multiboot header at 0x40: cut short, the file ends at "
                          "0x4a" BOOT_RIG_FLAT_HINT);
}

/* Where no loader searches, the four bytes may be code and are not a header. */
static void test_magic_outside_the_searched_range_is_ignored(BootRig *rig, gconstpointer data)
{
    (void)data;
    boot_rig_set(rig, 0, 0xf4, 1);
    boot_rig_set(rig, 0x42, MAGIC1, 4);
    boot_rig_set(rig, 0x2000, MAGIC1, 4);
    boot_rig_set(rig, 0x3004, MAGIC2, 4);
    boot_rig_set(rig, 0x8000, MAGIC2, 4);
    boot_rig_set(rig, 0x9000, 1, 4);
    boot_rig_load(rig);
    g_assert_cmphex(rig->state.rip, ==, 0x1000);
}

static void test_entry_has_to_be_loaded(BootRig *rig, gconstpointer data)
{
    (void)data;
    set_address1(rig, 7, LOAD_ADDRESS + 0xfff);
    boot_rig_load(rig);
    set_address1(rig, 7, LOAD_ADDRESS + 0x1000);
    boot_rig_refused(rig, "its entry 0x201000 is in nothing that the file loads");
    set_address1(rig, 7, 0);
    boot_rig_refused(rig, "its entry 0x0 is in nothing that the file loads");
}

static void test_missing_module_is_refused(BootRig *rig, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    make_kernel1(rig, 0x10003);
    rig->options.initrd = "/nonexistent with arguments";
    g_assert_false(boot_rig_try(rig, &error));
    g_assert_cmpstr(error->message, ==, "-initrd /nonexistent: No such file or directory");
}

static void test_garbled_headers_do_no_harm(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_kernel1(rig, 0x10003);
    boot_rig_garble(rig, FILE_SIZE, HEADER + 12, HEADER + 32);
}

/* ---- version 2 ---- */

/* `tags` are 32-bit words.  The header of the tags is put before them. */
static void make_kernel2(BootRig *rig, uint32_t architecture, const uint32_t *tags, guint count)
{
    uint32_t size = 16 + count * 4;
    const uint32_t header[] = {MAGIC2, architecture, size, -(MAGIC2 + architecture + size)};
    g_byte_array_set_size(rig->file, 0);
    boot_rig_bytes(rig, HEADER, header, sizeof(header));
    boot_rig_bytes(rig, HEADER + 16, tags, count * 4);
    boot_rig_grow(rig, FILE_SIZE);
}

#define ADDRESS_TAG                                                                                \
    2, 24, LOAD_ADDRESS + HEADER, LOAD_ADDRESS, LOAD_ADDRESS + FILE_SIZE, LOAD_ADDRESS + 0x1000
#define ENTRY_TAG 3, 12, ENTRY, 0
#define END_TAG   0, 8
#define MAKE2(rig, ...)                                                                            \
    make_kernel2((rig), 0, (const uint32_t[]){__VA_ARGS__},                                        \
                 sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

/* The address of the first tag of a type in the boot information, or 0. */
static uint64_t find_tag(const BootRig *rig, uint32_t type)
{
    uint64_t info = rig->state.gpr[CPU_BX], end = info + boot_rig_peek32(rig, info);
    g_assert_cmphex(info % 8, ==, 0);
    for (uint64_t at = info + 8; at < end;) {
        if (boot_rig_peek32(rig, at) == type) {
            return at;
        }
        uint32_t size = boot_rig_peek32(rig, at + 4);
        g_assert_cmpuint(size, >=, 8);
        at += (size + 7) & ~7u;
    }
    return 0;
}

static void test_v2_tags_place_the_kernel_and_tell_everything(BootRig *rig, gconstpointer data)
{
    (void)data;
    MAKE2(rig, ADDRESS_TAG, ENTRY_TAG, 1, 28, 1, 2, 3, 6, 14, 0, 6, 8, END_TAG);
    boot_rig_module(rig, "abc");
    g_autofree char *initrd = g_strdup_printf("%s x=1", rig->module_path);
    rig->options.initrd = initrd;
    rig->options.append = "hello";
    boot_rig_load(rig);
    boot_rig_is_flat_protected(rig);
    g_assert_cmphex(rig->state.rip, ==, ENTRY);
    g_assert_cmphex(rig->state.gpr[CPU_AX], ==, 0x36d76289);
    boot_rig_text_is(rig, find_tag(rig, 1) + 8, "hello");
    boot_rig_text_is(rig, find_tag(rig, 2) + 8, "pioemu");
    uint64_t module = find_tag(rig, 3);
    boot_rig_text_is(rig, boot_rig_peek32(rig, module + 8), "abc");
    g_assert_cmpuint(boot_rig_peek32(rig, module + 12) - boot_rig_peek32(rig, module + 8), ==, 3);
    boot_rig_text_is(rig, module + 16, "x=1");
    g_assert_cmpuint(boot_rig_peek32(rig, find_tag(rig, 4) + 8), ==, 639);
    g_assert_cmpuint(boot_rig_peek32(rig, find_tag(rig, 4) + 12), ==, 15 * 1024);
    uint64_t map = find_tag(rig, 6);
    g_assert_cmpuint(boot_rig_peek32(rig, map + 4), ==, 16 + 4 * 24);
    g_assert_cmpuint(boot_rig_peek32(rig, map + 8), ==, 24);
    g_assert_cmphex(boot_rig_peek(rig, map + 16 + 3 * 24, 8), ==, 0x100000);
    boot_rig_begins_with(rig, find_tag(rig, 14) + 8, "RSD PTR ");
    boot_rig_sum_is_zero(rig, find_tag(rig, 15) + 8, 36);
    uint64_t info = rig->state.gpr[CPU_BX];
    g_assert_cmphex(find_tag(rig, 0), ==, info + boot_rig_peek32(rig, info) - 8);
}

static void test_v2_optional_tags_may_be_unknown(BootRig *rig, gconstpointer data)
{
    (void)data;
    MAKE2(rig, ADDRESS_TAG, ENTRY_TAG, 0x10000 | 77, 8, 0x10001, 12, 99, 0, 0x10004, 12, 1, 0,
          END_TAG);
    boot_rig_load(rig);
}

static void test_v2_required_tags_have_to_be_known(BootRig *rig, gconstpointer data)
{
    (void)data;
    MAKE2(rig, ADDRESS_TAG, ENTRY_TAG, 77, 8, END_TAG);
    boot_rig_refused(rig, "the multiboot2 header requires tag 77 at 0x78, which is unknown");
    MAKE2(rig, ADDRESS_TAG, ENTRY_TAG, 1, 12, 8, 0, END_TAG);
    boot_rig_refused(rig, "the multiboot2 header requires information 8, which does not exist");
    MAKE2(rig, ADDRESS_TAG, ENTRY_TAG, 4, 12, 1, 0, END_TAG);
    boot_rig_refused(rig, "multiboot2 tag 4 requires a text or graphics console; there is only the "
                          "serial port");
}

static void test_v2_bad_headers_are_refused_with_the_reason(BootRig *rig, gconstpointer data)
{
    (void)data;
    static const uint32_t END[] = {END_TAG};
    make_kernel2(rig, 4, END, 2);
    boot_rig_refused(rig, "multiboot2 architecture 4 at 0x44: not 0 (i386)");
    MAKE2(rig, END_TAG);
    boot_rig_refused(rig, "the multiboot header has no addresses and the file is not ELF");
    MAKE2(rig, ADDRESS_TAG, END_TAG);
    boot_rig_refused(rig, "the multiboot2 header has addresses (tag 2) but no entry (tag 3)");
    MAKE2(rig, ADDRESS_TAG, ENTRY_TAG);
    boot_rig_refused(rig, "the multiboot2 header at 0x40 has no end tag in its 56 bytes");
    MAKE2(rig, 2, 16, 0, 0, END_TAG);
    boot_rig_refused(rig, "multiboot2 tag 2 at 0x50: has 16 bytes, not 24");
    MAKE2(rig, 6, 7, END_TAG);
    boot_rig_refused(rig, "multiboot2 tag 6 at 0x50: its 7 bytes go beyond the header's end");
    MAKE2(rig, 6, 24, END_TAG);
    boot_rig_refused(rig, "multiboot2 tag 6 at 0x50: its 24 bytes go beyond the header's end");
    MAKE2(rig, END_TAG);
    g_byte_array_set_size(rig->file, HEADER + 20);
    boot_rig_refused(rig, "the multiboot2 header at 0x40 has 24 bytes, the file 0x54");
}

static void test_v2_near_misses_are_shown(BootRig *rig, gconstpointer data)
{
    (void)data;
    MAKE2(rig, ADDRESS_TAG, ENTRY_TAG, END_TAG);
    uint32_t right = (uint32_t)boot_rig_get(rig, HEADER + 12, 4);
    boot_rig_set(rig, HEADER + 12, right - 1, 4);
    g_autofree char *sum = g_strdup_printf("multiboot2 header at 0x40: checksum 0x%08x at 0x4c "
                                           "should be 0x%08x" BOOT_RIG_FLAT_HINT,
                                           right - 1, right);
    boot_rig_refused(rig, sum);
    MAKE2(rig, ADDRESS_TAG, ENTRY_TAG, END_TAG);
    g_byte_array_prepend(rig->file, (const uint8_t *)"\xf4\xf4\xf4\xf4", 4);
    boot_rig_refused(rig, "multiboot2 header at 0x44: not on a multiple of 8" BOOT_RIG_FLAT_HINT);
    MAKE2(rig, ADDRESS_TAG, ENTRY_TAG, END_TAG);
    g_autoptr(GByteArray) kernel = g_steal_pointer(&rig->file);
    rig->file = g_byte_array_new();
    boot_rig_bytes(rig, 0x8000 - HEADER - 8, kernel->data, kernel->len);
    boot_rig_refused(rig, "multiboot2 header at 0x7ff8: it must be in the first 32768 bytes of "
                          "the file (link it first)" BOOT_RIG_FLAT_HINT);
}

/* Without the check of the header it would be a plain ELF file, which starts in another way. */
static void test_v2_near_miss_does_not_start_as_a_plain_elf_file(BootRig *rig, gconstpointer data)
{
    (void)data;
    static const uint8_t ELF[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
    MAKE2(rig, END_TAG);
    boot_rig_bytes(rig, 0, ELF, sizeof(ELF));
    uint32_t right = (uint32_t)boot_rig_get(rig, HEADER + 12, 4);
    boot_rig_set(rig, HEADER + 12, right ^ 4, 4);
    g_autofree char *sum = g_strdup_printf(
        "multiboot2 header at 0x40: checksum 0x%08x at 0x4c should be 0x%08x", right ^ 4, right);
    boot_rig_refused(rig, sum);
}

static void test_v2_garbled_headers_do_no_harm(BootRig *rig, gconstpointer data)
{
    (void)data;
    MAKE2(rig, ADDRESS_TAG, ENTRY_TAG, 1, 12, 1, 0, END_TAG);
    boot_rig_garble(rig, FILE_SIZE, HEADER + 16, HEADER + 16 + 72);
}

#define TEST(name)                                                                                 \
    g_test_add("/boot/multiboot/" #name, BootRig, NULL, boot_rig_set_up, test_##name,              \
               boot_rig_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(addresses_place_the_kernel);
    TEST(ends_of_0_mean_the_whole_file);
    TEST(information_is_complete);
    TEST(memory_map_lists_the_ram);
    TEST(nothing_lies_over_the_kernel);
    TEST(header_is_searched_in_8_kib);
    TEST(bad_headers_are_refused_with_the_reason);
    TEST(wrong_checksum_is_shown);
    TEST(header_that_is_misplaced_is_shown);
    TEST(magic_outside_the_searched_range_is_ignored);
    TEST(entry_has_to_be_loaded);
    TEST(missing_module_is_refused);
    TEST(garbled_headers_do_no_harm);
    TEST(v2_tags_place_the_kernel_and_tell_everything);
    TEST(v2_optional_tags_may_be_unknown);
    TEST(v2_required_tags_have_to_be_known);
    TEST(v2_bad_headers_are_refused_with_the_reason);
    TEST(v2_near_misses_are_shown);
    TEST(v2_near_miss_does_not_start_as_a_plain_elf_file);
    TEST(v2_garbled_headers_do_no_harm);
    return g_test_run();
}
