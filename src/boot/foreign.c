#include "src/boot/foreign.h"

#include <inttypes.h>

#define SECTOR 512u

typedef struct ForeignMark {
    uint32_t offset;
    uint8_t size; /* the size of the mark */
    const char *mark;
    const char *name;
    const char *remedy; /* follows "name: "; %s in it stands for the file's path */
} ForeignMark;

#define MARK(offset, mark, name, remedy)                                                           \
    {                                                                                              \
        offset, sizeof(mark) - 1, mark, name, remedy                                               \
    }

#define MARK_AS_CD "boot it with -cdrom %s"
#define MARK_TO_RAW                                                                                \
    "make a raw image of it: qemu-img convert -O raw %s disk.img; boot -hda disk.img"
#define MARK_INITRD  "give it as -initrd %s, beside a -kernel"
#define MARK_NOT_X86 "build it for x86: ARCH=i386 or ARCH=x86_64"

/* The first mark that matches names the file, so longer marks come before shorter ones. */
static const ForeignMark MARKS[] = {
    MARK(0, "\x1f\x8b\x08", "a gzip file", "unpack it: gunzip -c %s >kernel"),
    MARK(0, "\x1f\x9d", "a compress (.Z) file", "unpack it: gunzip -c %s >kernel"),
    MARK(0, "\xfd\x37zXZ\0", "an xz file", "unpack it: xz -dc %s >kernel"),
    MARK(0, "\x28\xb5\x2f\xfd", "a zstd file", "unpack it: zstd -dc %s >kernel"),
    MARK(0, "BZh", "a bzip2 file", "unpack it: bunzip2 -c %s >kernel"),
    MARK(0, "\x04\x22\x4d\x18", "an lz4 file", "unpack it: lz4 -dc %s >kernel"),
    MARK(0, "\x02\x21\x4c\x18", "an lz4 file (old format)", "unpack it: lz4 -dc %s >kernel"),
    MARK(0, "\x5d\0\0", "an lzma file", "unpack it: xz --format=lzma -dc %s >kernel"),
    MARK(0, "LZIP", "an lzip file", "unpack it: lzip -dc %s >kernel"),
    MARK(0, "\x89LZO\0\r\n\x1a\n", "an lzop file", "unpack it: lzop -dc %s >kernel"),
    MARK(0, "PK\3\4", "a zip archive", "unpack it: unzip %s"),
    MARK(0, "7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it: 7z x %s"),
    MARK(0, "Rar!\x1a\7", "a rar archive", "unpack it: unrar x %s"),
    MARK(257, "ustar", "a tar archive", "unpack it: tar -xf %s"),
    MARK(0, "!<arch>\n", "an archive of object files or a Debian package",
         "link it, or unpack it with ar x %s"),
    MARK(0, "\xed\xab\xee\xdb", "an RPM package", "unpack it: rpm2cpio %s | cpio -id"),
    MARK(0, "070701", "a cpio archive", MARK_INITRD),
    MARK(0, "070702", "a cpio archive", MARK_INITRD),
    MARK(0, "070707", "a cpio archive", MARK_INITRD),
    MARK(0, "hsqs", "a squashfs file system", MARK_INITRD),
    MARK(0x8001, "CD001", "an ISO 9660 image", MARK_AS_CD),
    MARK(0x8001, "BEA01", "a UDF image", MARK_AS_CD),
    MARK(0, "QFI\xfb", "a qcow image", MARK_TO_RAW),
    MARK(0, "KDMV", "a VMDK image", MARK_TO_RAW),
    MARK(0, "# Disk DescriptorFile", "a VMDK image", MARK_TO_RAW),
    MARK(0, "vhdxfile", "a VHDX image", MARK_TO_RAW),
    MARK(0, "conectix", "a VHD image", MARK_TO_RAW),
    MARK(0x40, "\x7f\x10\xda\xbe", "a VDI image", MARK_TO_RAW),
    MARK(SECTOR, "EFI PART", "a disk image with a GUID partition table", "boot it with -hda %s"),
    MARK(0, "\x27\x05\x19\x56", "a U-Boot image (uImage)",
         "cut off its header of 64 bytes: tail -c +65 %s >kernel"),
    MARK(0, "\xd0\x0d\xfe\xed", "a device tree or FIT image",
         "take the kernel out of it: dumpimage -T flat_dt -p 0 -o kernel %s"),
    MARK(0, "ANDROID!", "an Android boot image",
         "take the kernel out of it: unpack_bootimg --boot_img %s"),
    MARK(56, "ARM\x64", "a kernel for 64-bit ARM", MARK_NOT_X86),
    MARK(36, "\x18\x28\x6f\x01", "a kernel for 32-bit ARM", MARK_NOT_X86),
    MARK(56, "RSC\5", "a kernel for RISC-V", MARK_NOT_X86),
    MARK(0, "\xce\xfa\xed\xfe", "a Mach-O file", "link it as ELF: clang -target i386-elf"),
    MARK(0, "\xcf\xfa\xed\xfe", "a Mach-O file", "link it as ELF: clang -target x86_64-elf"),
    MARK(0, "\xca\xfe\xba\xbe", "a Mach-O or Java class file",
         "link it as ELF: clang -target i386-elf"),
    MARK(0, "\xde\xc0\x17\x0b", "LLVM bitcode", "compile it: clang -target i386-elf"),
    MARK(0, "\0asm", "a WebAssembly module", "there is no x86 code in it"),
    MARK(0, "%PDF-", "a PDF file", "name the kernel's file"),
    MARK(0, "\x89PNG\r\n\x1a\n", "a picture", "name the kernel's file"),
    MARK(0, "\xff\xd8\xff", "a picture", "name the kernel's file"),
};

/* ---- those whose mark is more than some bytes in a place ---- */

#define PE_POINTER     0x3cu
#define PE_MARK        0x00004550u
#define PE_SUBSYSTEM   92u /* counted from the mark */
#define PE_MACHINE     4u
#define PE_EFI_FIRST   10u
#define PE_EFI_LAST    13u
#define PE_MACHINE_386 0x014cu
#define PE_MACHINE_64  0x8664u

static const char *pe_machine(unsigned machine)
{
    return machine == PE_MACHINE_386  ? "i386"
           : machine == PE_MACHINE_64 ? "x86-64"
                                      : "another machine";
}

/* A Linux kernel that is also an EFI program has already been recognized by its own mark. */
static char *find_pe(const BootBytes *file, const char *path)
{
    if (boot_u16(file, 0) != 0x5a4d) {
        return NULL;
    }
    if (!boot_get(file, 2, 2) && boot_u32(file, 4) == 0x676d697a) {
        return g_strdup("an EFI zboot image, a kernel for another machine: " MARK_NOT_X86);
    }
    uint64_t at = boot_u32(file, PE_POINTER);
    if (boot_u32(file, at) != PE_MARK) {
        return g_strdup("a DOS program (MZ): boot a DOS from a disk image (-fda, -hda) and start "
                        "it there");
    }
    const char *machine = pe_machine(boot_u16(file, at + PE_MACHINE));
    unsigned subsystem = boot_u16(file, at + PE_SUBSYSTEM);
    return subsystem >= PE_EFI_FIRST && subsystem <= PE_EFI_LAST
               ? g_strdup_printf("an EFI program for %s (PE, subsystem %u at 0x%" PRIx64
                                 "): it needs UEFI firmware (-bios FILE); link the kernel as ELF "
                                 "for -kernel",
                                 machine, subsystem, at + PE_SUBSYSTEM)
               : g_strdup_printf("a Windows program for %s (PE): link the kernel as ELF, or make a "
                                 "flat binary of it: objcopy -O binary %s kernel.bin",
                                 machine, path);
}

#define PARTITION_TABLE 446u
#define PARTITIONS      4u
#define PARTITION_SIZE  16u

/* A master boot record followed by partitions with plausible bounds. */
static char *find_disk(const BootBytes *file, const char *path)
{
    unsigned used = 0;
    if (file->size < BOOT_FOREIGN_HEAD || boot_u16(file, SECTOR - 2) != 0xaa55) {
        return NULL;
    }
    for (unsigned i = 0; i < PARTITIONS; i++) {
        uint64_t at = PARTITION_TABLE + i * PARTITION_SIZE;
        bool type = boot_get(file, at + 4, 1);
        uint32_t start = boot_u32(file, at + 8), count = boot_u32(file, at + 12);
        if (boot_get(file, at, 1) & 0x7f || type != (start && count)) {
            return NULL;
        }
        used += type;
    }
    return used ? g_strdup_printf("a disk image with %u partition%s: boot it with -hda %s", used,
                                  used > 1 ? "s" : "", path)
                : NULL;
}

/* The text of the remedy contains at most one %s. */
static char *find_mark(const BootBytes *file, const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(MARKS); i++) {
        const ForeignMark *mark = &MARKS[i];
        if (boot_has(file, mark->offset, mark->size) &&
            !memcmp(file->data + mark->offset, mark->mark, mark->size)) {
            g_auto(GStrv) parts = g_strsplit(mark->remedy, "%s", 2);
            g_autofree char *remedy = g_strjoinv(path, parts);
            return g_strdup_printf("%s: %s", mark->name, remedy);
        }
    }
    return NULL;
}

char *boot_foreign(const BootBytes *file, const char *path)
{
    static char *(*const FINDERS[])(const BootBytes *, const char *) = {find_mark, find_pe,
                                                                        find_disk};
    char *found = NULL;
    for (size_t i = 0; !found && i < G_N_ELEMENTS(FINDERS); i++) {
        found = FINDERS[i](file, path);
    }
    return found;
}

/* ---- no mark at all ---- */

#define RESET_VECTOR    16u
#define ROM_UNIT        0x10000u
#define FIRMWARE_VOLUME 40u

/* A BIOS: 64 KiB or more, with a far jump into segment F000h at the end. */
static char *find_firmware(const BootBytes *file, const char *path)
{
    uint64_t at = file->size - RESET_VECTOR;
    if (boot_u32(file, FIRMWARE_VOLUME) == 0x4856465f) {
        return g_strdup_printf("a UEFI firmware volume: start it with -bios %s", path);
    }
    return file->size && file->size % ROM_UNIT == 0 && boot_get(file, at, 1) == 0xea &&
                   boot_u16(file, at + 3) == 0xf000
               ? g_strdup_printf("a BIOS image (its reset vector at 0x%" PRIx64
                                 " jumps to F000:%04X): start it with -bios %s",
                                 at, boot_u16(file, at + 1), path)
               : NULL;
}

/* A shorter text may be code that happens to be printable. */
#define TEXT_LEAST 32u

static bool is_text(const BootBytes *file)
{
    for (uint64_t i = 0; i < file->size; i++) {
        uint8_t c = file->data[i];
        bool blank = (c >= '\t' && c <= '\r') || c == 0x1b;
        if ((c < ' ' && !blank) || c == 0x7f) {
            return false;
        }
    }
    bool line = file->size > 1 && file->data[file->size - 1] == '\n';
    return (line || file->size >= TEXT_LEAST) &&
           g_utf8_validate((const char *)file->data, (gssize)file->size, NULL);
}

static bool begins(const BootBytes *file, const char *text)
{
    return boot_has(file, 0, strlen(text)) && !memcmp(file->data, text, strlen(text));
}

static char *name_text(const BootBytes *file)
{
    const struct {
        const char *begin, *what;
    } KINDS[] = {
        {"#!", "a script: run it in the host's shell"},
        {":0", "an Intel HEX file: make a binary of it with objcopy -I ihex -O binary"},
        {"S0", "a file of S-records: make a binary of it with objcopy -I srec -O binary"},
        {"version https://git-lfs", "a pointer to a file in Git LFS: fetch it with git lfs pull"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        if (begins(file, KINDS[i].begin)) {
            return g_strdup(KINDS[i].what);
        }
    }
    return g_strdup("a text file: a source has to be assembled or compiled first");
}

/* The file may be sparse and large.  The first byte that differs ends the search. */
static bool is_uniform(const BootBytes *file, uint8_t value)
{
    return file->size > 1 && file->data[0] == value &&
           !memcmp(file->data, file->data + 1, file->size - 1);
}

char *boot_no_code(const BootBytes *file, const char *path)
{
    if (is_uniform(file, 0) || is_uniform(file, 0xff)) {
        return g_strdup_printf("has nothing but bytes of 0x%02x", file->data[0]);
    }
    if (boot_u16(file, 0) == 0xfeff && file->size % 2 == 0) {
        return g_strdup("a text file (UTF-16): a source has to be assembled or compiled first");
    }
    return is_text(file) ? name_text(file) : find_firmware(file, path);
}
