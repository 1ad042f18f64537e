/* ELF files and PVH kernels: what is checked, where the parts are put, how the CPU starts. */
#include "tests/unit/boot_rig.h"

#include <elf.h>

#define TEXT_OFFSET  0x1000u
#define TEXT_ADDRESS 0x100000u
#define ENTRY        (TEXT_ADDRESS + 4)
#define NOTE_OFFSET  0x800u

typedef struct Layout {
    guint header_size, entry, segment_size;
    guint type, offset, virtual, physical, file_size, memory_size, width;
} Layout;

#define FIELD(bits, member) offsetof(Elf##bits##_Phdr, member)
#define LAYOUT(bits)                                                                               \
    {                                                                                              \
        sizeof(Elf##bits##_Ehdr), offsetof(Elf##bits##_Ehdr, e_entry), sizeof(Elf##bits##_Phdr),   \
            FIELD(bits, p_type), FIELD(bits, p_offset), FIELD(bits, p_vaddr),                      \
            FIELD(bits, p_paddr), FIELD(bits, p_filesz), FIELD(bits, p_memsz), bits / 8            \
    }

static const Layout ELF32 = LAYOUT(32), ELF64 = LAYOUT(64);

static void set_segment(BootRig *rig, const Layout *l, guint index, uint32_t type, uint64_t offset,
                        uint64_t address, uint64_t file_size, uint64_t memory_size)
{
    guint at = l->header_size + index * l->segment_size;
    boot_rig_grow(rig, at + l->segment_size);
    boot_rig_set(rig, at + l->type, type, 4);
    boot_rig_set(rig, at + l->offset, offset, l->width);
    boot_rig_set(rig, at + l->virtual, address, l->width);
    boot_rig_set(rig, at + l->physical, address, l->width);
    boot_rig_set(rig, at + l->file_size, file_size, l->width);
    boot_rig_set(rig, at + l->memory_size, memory_size, l->width);
}

/* Eight bytes of text and eight bytes of bss. */
static void make_elf(BootRig *rig, const Layout *l)
{
    g_byte_array_set_size(rig->file, 0);
    if (l == &ELF64) {
        const Elf64_Ehdr header = {
            .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
            .e_type = ET_EXEC,
            .e_machine = EM_X86_64,
            .e_entry = ENTRY,
            .e_phoff = sizeof(header),
            .e_phentsize = sizeof(Elf64_Phdr),
            .e_phnum = 1,
        };
        boot_rig_bytes(rig, 0, &header, sizeof(header));
    } else {
        const Elf32_Ehdr header = {
            .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
            .e_type = ET_EXEC,
            .e_machine = EM_386,
            .e_entry = ENTRY,
            .e_phoff = sizeof(header),
            .e_phentsize = sizeof(Elf32_Phdr),
            .e_phnum = 1,
        };
        boot_rig_bytes(rig, 0, &header, sizeof(header));
    }
    set_segment(rig, l, 0, PT_LOAD, TEXT_OFFSET, TEXT_ADDRESS, 8, 16);
    boot_rig_bytes(rig, TEXT_OFFSET, "\x90\x90\x90\x90\xfa\xf4\xeb\xfd", 8);
}

static void set_header(BootRig *rig, guint offset, uint64_t value, guint size)
{
    make_elf(rig, &ELF32);
    boot_rig_set(rig, offset, value, size);
}

/* ---- plain executables ---- */

static void test_elf32_starts_in_flat_protected_mode(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_elf(rig, &ELF32);
    rig->options.append = "one two";
    memory_fill(rig->memory, TEXT_ADDRESS, 0xcc, 32);
    boot_rig_load(rig);
    boot_rig_is_flat_protected(rig);
    g_assert_cmphex(rig->state.rip, ==, ENTRY);
    g_assert_cmphex(boot_rig_peek(rig, TEXT_ADDRESS, 8), ==, UINT64_C(0xfdebf4fa90909090));
    g_assert_cmphex(boot_rig_peek(rig, TEXT_ADDRESS + 8, 8), ==, 0);
    g_assert_cmphex(boot_rig_peek(rig, TEXT_ADDRESS + 16, 1), ==, 0xcc);
    boot_rig_text_is(rig, rig->state.gpr[CPU_DI], "one two");
    g_assert_cmphex(rig->state.gpr[CPU_SP] % 16, ==, 0);
    g_assert_cmphex(rig->state.gpr[CPU_SP], >, 0x4000);
}

/* The physical address that the page tables give for `address`. */
static uint64_t walk(const BootRig *rig, uint64_t address)
{
    uint64_t entry = rig->state.cr3;
    for (int shift = 39; shift >= 21; shift -= 9) {
        uint64_t index = address >> shift & 511;
        entry = boot_rig_peek(rig, (entry & ~UINT64_C(0xfff)) + index * 8, 8);
        g_assert_cmphex(entry & 3, ==, 3);
    }
    g_assert_cmphex(entry & 0x80, ==, 0x80);
    return (entry & ~UINT64_C(0x1fffff)) | (address & 0x1fffff);
}

static void test_elf64_starts_in_long_mode_with_identity_paging(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_elf(rig, &ELF64);
    boot_rig_load(rig);
    const CpuState *s = &rig->state;
    g_assert_cmphex(s->cr0 & (CPU_CR0_PE | CPU_CR0_PG), ==, CPU_CR0_PE | CPU_CR0_PG);
    g_assert_cmphex(s->cr4, ==, 0x20);
    g_assert_cmphex(s->msr.efer, ==, CPU_EFER_LME | CPU_EFER_LMA);
    g_assert_cmphex(s->segment[CPU_CS].attributes, ==, 0xa09b);
    g_assert_cmphex(s->rip, ==, ENTRY);
    boot_rig_text_is(rig, s->gpr[CPU_DI], "");
    static const uint64_t ADDRESSES[] = {0,          0x1234,     TEXT_ADDRESS,
                                         0x3fffffff, 0xfee00020, 0xffffffff};
    for (unsigned i = 0; i < G_N_ELEMENTS(ADDRESSES); i++) {
        g_assert_cmphex(walk(rig, ADDRESSES[i]), ==, ADDRESSES[i]);
    }
}

static void test_virtual_entry_is_made_physical(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_elf(rig, &ELF64);
    boot_rig_set(rig, ELF64.entry, UINT64_C(0xffffffff80000004), 8);
    boot_rig_set(rig, ELF64.header_size + ELF64.virtual, UINT64_C(0xffffffff80000000), 8);
    boot_rig_load(rig);
    g_assert_cmphex(rig->state.rip, ==, ENTRY);
}

static void test_every_reset_zeroes_the_bss_again(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_elf(rig, &ELF32);
    boot_rig_load(rig);
    memory_fill(rig->memory, TEXT_ADDRESS, 0xcc, 16);
    boot_rig_load(rig);
    g_assert_cmphex(boot_rig_peek(rig, TEXT_ADDRESS + 8, 8), ==, 0);
}

/* ---- refusals ---- */

static void test_header_is_checked(BootRig *rig, gconstpointer data)
{
    (void)data;
    boot_rig_bytes(rig, 0, "\177ELF\1", 5);
    boot_rig_refused(rig, "the ELF header is cut short: the file has 5 bytes of 52");
    set_header(rig, EI_CLASS, 3, 1);
    boot_rig_refused(rig, "ELF class 3 at 0x4: not 1 (32 bits) or 2 (64 bits)");
    set_header(rig, EI_DATA, 2, 1);
    boot_rig_refused(rig, "ELF byte order 2 at 0x5: not 1 (little-endian)");
    set_header(rig, offsetof(Elf32_Ehdr, e_type), ET_DYN, 2);
    boot_rig_refused(rig, "ELF type 3 at 0x10 is not an executable (2): link it with -no-pie");
    set_header(rig, offsetof(Elf32_Ehdr, e_type), ET_REL, 2);
    boot_rig_refused(rig, "ELF type 1 at 0x10 is not an executable (2): link it with ld");
    set_header(rig, offsetof(Elf32_Ehdr, e_machine), EM_ARM, 2);
    boot_rig_refused(rig, "ELF machine 40 at 0x12: not 3 (i386)");
}

static void test_program_headers_are_checked(BootRig *rig, gconstpointer data)
{
    (void)data;
    set_header(rig, offsetof(Elf32_Ehdr, e_phnum), 0, 2);
    boot_rig_refused(rig, "ELF file without program headers");
    set_header(rig, offsetof(Elf32_Ehdr, e_phnum), 0xffff, 2);
    boot_rig_refused(rig, "65535 ELF program headers: at most 1024");
    set_header(rig, offsetof(Elf32_Ehdr, e_phentsize), 31, 2);
    boot_rig_refused(rig, "ELF program headers of 31 bytes: at least 32");
    set_header(rig, offsetof(Elf32_Ehdr, e_phoff), 0xfffffff0, 4);
    boot_rig_refused(rig, "1 ELF program headers of 32 bytes at 0xfffffff0 go beyond the file's "
                          "4104 bytes");
    set_header(rig, ELF32.header_size + ELF32.type, PT_NULL, 4);
    boot_rig_refused(rig, "ELF file with nothing to load");
}

static void test_segments_are_checked(BootRig *rig, gconstpointer data)
{
    (void)data;
    guint at = ELF32.header_size;
    set_header(rig, at + ELF32.offset, 0xfffffffc, 4);
    boot_rig_refused(rig,
                     "ELF segment 0: 0x8 bytes at 0xfffffffc of the file go beyond its 0x1008");
    set_header(rig, at + ELF32.file_size, 17, 4);
    boot_rig_refused(rig, "ELF segment 0: 0x11 bytes at 0x1000 of the file go beyond its 0x1008");
    set_header(rig, at + ELF32.memory_size, 7, 4);
    boot_rig_refused(rig, "ELF segment 0: has 0x8 bytes in the file, only 0x7 in memory");
    set_header(rig, at + ELF32.physical, 0xfffff0, 4);
    boot_rig_load(rig);
}

static void test_segments_have_to_fit_into_memory(BootRig *rig, gconstpointer data)
{
    (void)data;
    guint at = ELF32.header_size;
    set_header(rig, at + ELF32.physical, 0xfffff1, 4);
    boot_rig_refused(rig, "ELF segment 0: 0x10 bytes at 0xfffff1 do not fit into 16384 KiB of "
                          "memory (-m)");
    set_header(rig, at + ELF32.physical, 0xfffffff8, 4);
    boot_rig_refused(rig, "ELF segment 0: 0x10 bytes at 0xfffffff8 do not fit into 16384 KiB of "
                          "memory (-m)");
    make_elf(rig, &ELF64);
    boot_rig_set(rig, ELF64.header_size + ELF64.physical, UINT64_MAX - 3, 8);
    boot_rig_refused(rig, "ELF segment 0: 0x10 bytes at 0xfffffffffffffffc do not fit into 16384 "
                          "KiB of memory (-m)");
    make_elf(rig, &ELF64);
    boot_rig_set(rig, ELF64.header_size + ELF64.memory_size, UINT64_MAX, 8);
    boot_rig_refused(rig, "ELF segment 0: 0xffffffffffffffff bytes at 0x100000 do not fit into "
                          "16384 KiB of memory (-m)");
}

static void test_segments_may_not_overlap(BootRig *rig, gconstpointer data)
{
    (void)data;
    set_header(rig, offsetof(Elf32_Ehdr, e_phnum), 2, 2);
    set_segment(rig, &ELF32, 1, PT_LOAD, TEXT_OFFSET, TEXT_ADDRESS + 15, 1, 1);
    boot_rig_refused(
        rig, "ELF segment 1: 0x1 bytes at 0x10000f overlap what is at 0x100000 to 0x10000f");
    set_segment(rig, &ELF32, 1, PT_LOAD, TEXT_OFFSET, TEXT_ADDRESS + 16, 1, 1);
    boot_rig_load(rig);
}

static void test_options_it_cannot_be_given_are_refused(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_elf(rig, &ELF32);
    rig->options.initrd = rig->module_path;
    boot_rig_refused(rig, "a plain ELF file takes no -initrd");
    rig->options.initrd = NULL;
    rig->options.flat = "addr=0";
    boot_rig_refused(rig, "a plain ELF file takes no -flat");
    rig->options.flat = NULL;
    rig->options.entry = "64";
    boot_rig_refused(rig, "a plain ELF file has one entry (-machine kernel-entry=64)");
}

static void test_garbled_elf_files_do_no_harm(BootRig *rig, gconstpointer data)
{
    (void)data;
    static const Layout *const LAYOUTS[] = {&ELF32, &ELF64};
    for (unsigned i = 0; i < 2; i++) {
        make_elf(rig, LAYOUTS[i]);
        boot_rig_garble(rig, 256, 4, LAYOUTS[i]->header_size + LAYOUTS[i]->segment_size);
    }
}

/* ---- PVH ---- */

static void make_pvh(BootRig *rig, const Layout *l, guint value_size)
{
    make_elf(rig, l);
    boot_rig_set(rig, l == &ELF64 ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf32_Ehdr, e_phnum),
                 2, 2);
    set_segment(rig, l, 1, PT_NOTE, NOTE_OFFSET, 0, 36 + value_size, 0);
    const uint32_t other[] = {4, 4, 1, 0x00554e47, 0x12345678};
    const uint32_t entry[] = {4, value_size, 18, 0x006e6558, ENTRY + 2, 0};
    boot_rig_bytes(rig, NOTE_OFFSET, other, sizeof(other));
    boot_rig_bytes(rig, NOTE_OFFSET + sizeof(other), entry, 16 + value_size);
}

static void test_pvh_note_gives_the_entry(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_pvh(rig, &ELF32, 4);
    boot_rig_load(rig);
    boot_rig_is_flat_protected(rig);
    g_assert_cmphex(rig->state.rip, ==, ENTRY + 2);
    make_pvh(rig, &ELF64, 8);
    boot_rig_load(rig);
    boot_rig_is_flat_protected(rig);
    g_assert_cmphex(rig->state.rip, ==, ENTRY + 2);
    g_assert_cmphex(rig->state.segment[CPU_TR].limit, ==, 0x67);
}

static void test_pvh_notes_that_do_not_count_are_shown(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_pvh(rig, &ELF32, 4);
    boot_rig_set(rig, NOTE_OFFSET + 24, 2, 4);
    boot_rig_refused(rig, "ELF note at 0x814 (Xen, type 18): has 2 bytes, not 4 or 8");
    make_pvh(rig, &ELF32, 4);
    boot_rig_set(rig, NOTE_OFFSET + 24, 0x100, 4);
    boot_rig_refused(rig, "ELF note at 0x814 (Xen, type 18): its 0x100 bytes go beyond 0x828, "
                          "where the notes or the file end");
    make_pvh(rig, &ELF32, 4);
    boot_rig_set(rig, NOTE_OFFSET + 32, 'x', 1);
    boot_rig_refused(rig, "ELF note at 0x814 (type 18): its owner should be 'Xen' and a NUL, 4 "
                          "bytes, not 'xen', 4 bytes");
    make_pvh(rig, &ELF32, 4);
    boot_rig_set(rig, NOTE_OFFSET + 20, 3, 4);
    boot_rig_refused(rig, "ELF note at 0x814 (type 18): its owner should be 'Xen' and a NUL, 4 "
                          "bytes, not 'Xen', 3 bytes");
    make_pvh(rig, &ELF32, 4);
    boot_rig_set(rig, ELF32.header_size + ELF32.segment_size + ELF32.file_size, 0x10000, 4);
    boot_rig_refused(rig, "ELF note at 0x814 (Xen, type 18): its segment 1 goes beyond the file's "
                          "end");
}

static void test_pvh_note_without_a_program_header_is_shown(BootRig *rig, gconstpointer data)
{
    (void)data;
    const Elf32_Shdr section = {
        .sh_type = SHT_NOTE, .sh_offset = NOTE_OFFSET, .sh_size = 40, .sh_addralign = 4};
    make_pvh(rig, &ELF32, 4);
    boot_rig_set(rig, offsetof(Elf32_Ehdr, e_phnum), 1, 2);
    boot_rig_load(rig);
    boot_rig_set(rig, offsetof(Elf32_Ehdr, e_shoff), 0x900, 4);
    boot_rig_set(rig, offsetof(Elf32_Ehdr, e_shentsize), sizeof(section), 2);
    boot_rig_set(rig, offsetof(Elf32_Ehdr, e_shnum), 2, 2);
    boot_rig_bytes(rig, 0x900 + sizeof(section), &section, sizeof(section));
    boot_rig_refused(rig, "ELF note at 0x814 (Xen, type 18): it is in section 1, but in no program "
                          "header of type PT_NOTE (4)");
}

static void test_unpacked_linux_kernel_needs_the_note(BootRig *rig, gconstpointer data)
{
    (void)data;
    const uint32_t note[] = {6, 4, 0x100, 0x756e694c, 0x00000078, 0};
    make_pvh(rig, &ELF64, 8);
    boot_rig_bytes(rig, NOTE_OFFSET, note, sizeof(note));
    boot_rig_set(rig, ELF64.header_size + ELF64.segment_size + ELF64.file_size, sizeof(note), 8);
    boot_rig_refused(rig, "an unpacked Linux kernel without a PVH entry (ELF note Xen, type 18): "
                          "give its bzImage, or set CONFIG_PVH");
}

static void test_entry_has_to_be_loaded(BootRig *rig, gconstpointer data)
{
    (void)data;
    set_header(rig, ELF32.entry, TEXT_ADDRESS + 16, 4);
    boot_rig_refused(rig, "its entry 0x100010 is in nothing that the file loads");
    make_elf(rig, &ELF64);
    boot_rig_set(rig, ELF64.entry, 0, 8);
    boot_rig_refused(rig, "its entry 0x0 is in nothing that the file loads");
}

static void check_no_long(BootRig *rig, const char *why)
{
    g_autoptr(GError) error = NULL;
    boot_rig_write(rig);
    g_autoptr(BootImage) image = boot_image_new(&rig->options, BOOT_RIG_MEMORY, &error);
    g_assert_no_error(error);
    g_assert_cmpint(boot_image_check_no_long(image, "soft", &error), ==, !why);
    g_assert_cmpint(why && strstr(error->message, why), ==, why != NULL);
}

static void test_64_bit_kernels_need_a_64_bit_cpu(BootRig *rig, gconstpointer data)
{
    (void)data;
    static const char WHY[] = "ELF machine 62 (x86-64) at 0x12: it needs a 64-bit CPU, and that of "
                              "-accel soft has no long mode";
    make_elf(rig, &ELF32);
    check_no_long(rig, NULL);
    make_elf(rig, &ELF64);
    check_no_long(rig, WHY);
    make_pvh(rig, &ELF32, 4);
    check_no_long(rig, NULL);
    make_pvh(rig, &ELF64, 8);
    check_no_long(rig, WHY);
}

static void test_pvh_start_info_is_complete(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_pvh(rig, &ELF32, 4);
    boot_rig_module(rig, "the module");
    g_autofree char *initrd =
        g_strdup_printf("%s some words,%s", rig->module_path, rig->module_path);
    rig->options.initrd = initrd;
    rig->options.append = "quiet";
    boot_rig_load(rig);
    uint64_t info = rig->state.gpr[CPU_BX];
    g_assert_cmphex(boot_rig_peek32(rig, info), ==, 0x336ec578);
    g_assert_cmpuint(boot_rig_peek32(rig, info + 4), ==, 1);
    g_assert_cmpuint(boot_rig_peek32(rig, info + 12), ==, 2);
    uint64_t list = boot_rig_peek(rig, info + 16, 8);
    boot_rig_text_is(rig, boot_rig_peek(rig, list, 8), "the module");
    g_assert_cmpuint(boot_rig_peek(rig, list + 8, 8), ==, 10);
    boot_rig_text_is(rig, boot_rig_peek(rig, list + 16, 8), "some words");
    boot_rig_text_is(rig, boot_rig_peek(rig, list + 32 + 16, 8), "");
    boot_rig_text_is(rig, boot_rig_peek(rig, info + 24, 8), "quiet");
    boot_rig_begins_with(rig, boot_rig_peek(rig, info + 32, 8), "RSD PTR ");
    uint64_t map = boot_rig_peek(rig, info + 40, 8);
    g_assert_cmpuint(boot_rig_peek32(rig, info + 48), ==, 4);
    g_assert_cmphex(boot_rig_peek(rig, map + 3 * 24, 8), ==, 0x100000);
    g_assert_cmphex(boot_rig_peek(rig, map + 3 * 24 + 8, 8), ==, BOOT_RIG_MEMORY - 0x100000);
    g_assert_cmpuint(boot_rig_peek32(rig, map + 3 * 24 + 16), ==, 1);
}

static void test_pvh_entry_above_4_gib_is_refused(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_pvh(rig, &ELF64, 8);
    boot_rig_set(rig, NOTE_OFFSET + 40, 1, 4);
    boot_rig_refused(rig, "the PVH note's entry is not below 4 GiB");
}

static void test_garbled_pvh_notes_do_no_harm(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_pvh(rig, &ELF32, 4);
    boot_rig_garble(rig, 0, NOTE_OFFSET, NOTE_OFFSET + 40);
}

#define TEST(name)                                                                                 \
    g_test_add("/boot/elf/" #name, BootRig, NULL, boot_rig_set_up, test_##name, boot_rig_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(elf32_starts_in_flat_protected_mode);
    TEST(elf64_starts_in_long_mode_with_identity_paging);
    TEST(virtual_entry_is_made_physical);
    TEST(every_reset_zeroes_the_bss_again);
    TEST(header_is_checked);
    TEST(program_headers_are_checked);
    TEST(segments_are_checked);
    TEST(segments_have_to_fit_into_memory);
    TEST(segments_may_not_overlap);
    TEST(options_it_cannot_be_given_are_refused);
    TEST(garbled_elf_files_do_no_harm);
    TEST(pvh_note_gives_the_entry);
    TEST(pvh_notes_that_do_not_count_are_shown);
    TEST(pvh_note_without_a_program_header_is_shown);
    TEST(unpacked_linux_kernel_needs_the_note);
    TEST(entry_has_to_be_loaded);
    TEST(64_bit_kernels_need_a_64_bit_cpu);
    TEST(pvh_start_info_is_complete);
    TEST(pvh_entry_above_4_gib_is_refused);
    TEST(garbled_pvh_notes_do_no_harm);
    return g_test_run();
}
