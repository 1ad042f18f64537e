/*
 * ELF files, and the boot format of ELF files without further marks: 32-bit files
 * start in protected mode, 64-bit ones in long mode.
 *
 * After the System V ABI, edition 4.1, chapters 4 and 5, and its supplements for
 * the i386 and the AMD64.
 */
#include "src/boot/elf.h"

#include <elf.h>
#include <inttypes.h>

#define NOTE_HEADER 12u
/* More than any linker produces, so that a hostile file cannot keep us busy. */
#define HEADERS_MAX 1024u
#define NOTES_MAX   65536u

bool elf_is(const BootBytes *file)
{
    return boot_has(file, 0, SELFMAG) && !memcmp(file->data, ELFMAG, SELFMAG);
}

char *elf_needs_long(const BootBytes *file)
{
    unsigned machine = boot_u16(file, offsetof(Elf64_Ehdr, e_machine));
    return elf_is(file) && machine == EM_X86_64
               ? g_strdup_printf("ELF machine %u (x86-64) at 0x%zx: it", machine,
                                 offsetof(Elf64_Ehdr, e_machine))
               : NULL;
}

/* ---- the header ---- */

/* Reads a field whose width and offset depend on the file's class. */
#define ELF_GET(elf, base, type, member)                                                           \
    ((elf)->is64 ? boot_get(&(elf)->request->kernel, (base) + offsetof(Elf64_##type, member),      \
                            sizeof(((Elf64_##type *)0)->member))                                   \
                 : boot_get(&(elf)->request->kernel, (base) + offsetof(Elf32_##type, member),      \
                            sizeof(((Elf32_##type *)0)->member)))

static bool check_identity(const ElfFile *elf, GError **error)
{
    const BootRequest *request = elf->request;
    uint64_t size = elf->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    uint8_t class = (uint8_t)boot_get(&request->kernel, EI_CLASS, 1);
    uint8_t order = (uint8_t)boot_get(&request->kernel, EI_DATA, 1);
    if (!boot_has(&request->kernel, 0, size)) {
        return boot_refuse(request, error,
                           "the ELF header is cut short: the file has %" PRIu64
                           " bytes of %" PRIu64,
                           request->kernel.size, size);
    }
    if (class != ELFCLASS32 && class != ELFCLASS64) {
        return boot_refuse(request, error, "ELF class %u at 0x%x: not 1 (32 bits) or 2 (64 bits)",
                           class, EI_CLASS);
    }
    if (order != ELFDATA2LSB) {
        return boot_refuse(request, error, "ELF byte order %u at 0x%x: not 1 (little-endian)",
                           order, EI_DATA);
    }
    return true;
}

static bool check_kind(const ElfFile *elf, GError **error)
{
    uint64_t type = ELF_GET(elf, 0, Ehdr, e_type), machine = ELF_GET(elf, 0, Ehdr, e_machine);
    unsigned wanted = elf->is64 ? EM_X86_64 : EM_386;
    if (type != ET_EXEC) {
        return boot_refuse(elf->request, error,
                           "ELF type %" PRIu64 " at 0x%zx is not an executable (2)%s", type,
                           offsetof(Elf32_Ehdr, e_type),
                           type == ET_DYN   ? ": link it with -no-pie"
                           : type == ET_REL ? ": link it with ld"
                                            : "");
    }
    if (machine != wanted) {
        return boot_refuse(elf->request, error, "ELF machine %" PRIu64 " at 0x%zx: not %u (%s)",
                           machine, offsetof(Elf32_Ehdr, e_machine), wanted,
                           elf->is64 ? "x86-64" : "i386");
    }
    return true;
}

static bool check_headers(const ElfFile *elf, GError **error)
{
    unsigned least = elf->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    if (!elf->header_count) {
        return boot_refuse(elf->request, error, "ELF file without program headers");
    }
    if (elf->header_count > HEADERS_MAX) {
        return boot_refuse(elf->request, error, "%u ELF program headers: at most %u",
                           elf->header_count, HEADERS_MAX);
    }
    if (elf->header_size < least) {
        return boot_refuse(elf->request, error, "ELF program headers of %u bytes: at least %u",
                           elf->header_size, least);
    }
    if (!boot_has(&elf->request->kernel, elf->headers,
                  (uint64_t)elf->header_size * elf->header_count)) {
        return boot_refuse(elf->request, error,
                           "%u ELF program headers of %u bytes at 0x%" PRIx64
                           " go beyond the file's %" PRIu64 " bytes",
                           elf->header_count, elf->header_size, elf->headers,
                           elf->request->kernel.size);
    }
    return true;
}

bool elf_open(const BootRequest *request, ElfFile *elf, GError **error)
{
    *elf = (ElfFile){.request = request};
    elf->is64 = boot_get(&request->kernel, EI_CLASS, 1) == ELFCLASS64;
    if (!check_identity(elf, error) || !check_kind(elf, error)) {
        return false;
    }
    elf->entry = ELF_GET(elf, 0, Ehdr, e_entry);
    elf->headers = ELF_GET(elf, 0, Ehdr, e_phoff);
    elf->header_size = (unsigned)ELF_GET(elf, 0, Ehdr, e_phentsize);
    elf->header_count = (unsigned)ELF_GET(elf, 0, Ehdr, e_phnum);
    return check_headers(elf, error);
}

/* ---- segments ---- */

typedef struct ElfSegment {
    uint32_t type;
    uint64_t offset, virtual, physical, file_size, memory_size, align;
} ElfSegment;

static ElfSegment get_segment(const ElfFile *elf, unsigned index)
{
    uint64_t at = elf->headers + (uint64_t)index * elf->header_size;
    return (ElfSegment){
        .type = (uint32_t)ELF_GET(elf, at, Phdr, p_type),
        .offset = ELF_GET(elf, at, Phdr, p_offset),
        .virtual = ELF_GET(elf, at, Phdr, p_vaddr),
        .physical = ELF_GET(elf, at, Phdr, p_paddr),
        .file_size = ELF_GET(elf, at, Phdr, p_filesz),
        .memory_size = ELF_GET(elf, at, Phdr, p_memsz),
        .align = ELF_GET(elf, at, Phdr, p_align),
    };
}

static bool load_segment(BootLoad *load, unsigned index, const ElfSegment *segment, GError **error)
{
    const BootRequest *request = load->request;
    g_autofree char *what = g_strdup_printf("ELF segment %u", index);
    if (!boot_has(&request->kernel, segment->offset, segment->file_size)) {
        return boot_refuse(request, error,
                           "%s: 0x%" PRIx64 " bytes at 0x%" PRIx64 " of the file go beyond its "
                           "0x%" PRIx64,
                           what, segment->file_size, segment->offset, request->kernel.size);
    }
    if (segment->file_size > segment->memory_size) {
        return boot_refuse(request, error,
                           "%s: has 0x%" PRIx64 " bytes in the file, only 0x%" PRIx64 " in memory",
                           what, segment->file_size, segment->memory_size);
    }
    return boot_put(load, segment->physical, request->kernel.data + segment->offset,
                    segment->file_size, segment->memory_size, what, error);
}

bool elf_load(const ElfFile *elf, BootLoad *load, GError **error)
{
    bool any = false;
    for (unsigned i = 0; i < elf->header_count; i++) {
        ElfSegment segment = get_segment(elf, i);
        if (segment.type != PT_LOAD) {
            continue;
        }
        any |= segment.memory_size != 0;
        if (!load_segment(load, i, &segment, error)) {
            return false;
        }
    }
    return any || boot_refuse(elf->request, error, "ELF file with nothing to load");
}

/* A kernel that is linked at a high address gives a virtual address. */
uint64_t elf_entry(const ElfFile *elf)
{
    for (unsigned i = 0; i < elf->header_count; i++) {
        ElfSegment segment = get_segment(elf, i);
        if (segment.type == PT_LOAD && elf->entry - segment.virtual < segment.memory_size) {
            return segment.physical + (elf->entry - segment.virtual);
        }
    }
    return elf->entry;
}

bool elf_entry_32(const ElfFile *elf, uint64_t *entry, GError **error)
{
    *entry = elf_entry(elf);
    return *entry < BOOT_4GB ||
           boot_refuse(elf->request, error, "the entry 0x%" PRIx64 " is not below 4 GiB", *entry);
}

/* ---- notes ---- */

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

typedef struct ElfNote {
    uint64_t at, name_size, content, size;
    uint32_t type;
} ElfNote;

/* The bytes of the notes, which must be inside the file. */
typedef struct ElfNotes {
    const BootBytes *file;
    uint64_t offset, end, align;
} ElfNotes;

/* Returns false at the end.  The last note may extend beyond the end. */
static bool next_note(ElfNotes *notes, ElfNote *note)
{
    if (notes->end - notes->offset < NOTE_HEADER) {
        return false;
    }
    uint64_t at = notes->offset;
    *note = (ElfNote){
        .at = at,
        .name_size = boot_u32(notes->file, at),
        .size = boot_u32(notes->file, at + 4),
        .type = boot_u32(notes->file, at + 8),
    };
    note->content = at + NOTE_HEADER + align_up(note->name_size, notes->align);
    notes->offset = MIN(note->content + align_up(note->size, notes->align), notes->end);
    return true;
}

static bool is_inside(const ElfNotes *notes, const ElfNote *note)
{
    return note->content <= notes->end && note->size <= notes->end - note->content;
}

static bool is_by(const ElfNotes *notes, const ElfNote *note, const char *owner)
{
    size_t size = strlen(owner) + 1;
    return note->name_size == size && boot_has(notes->file, note->at + NOTE_HEADER, size) &&
           !memcmp(notes->file->data + note->at + NOTE_HEADER, owner, size);
}

static bool find_in_notes(ElfNotes notes, const char *owner, uint32_t type, ElfNote *note)
{
    while (next_note(&notes, note) && is_inside(&notes, note)) {
        if (note->type == type && is_by(&notes, note, owner) &&
            (note->size == 4 || note->size == 8)) {
            return true;
        }
    }
    return false;
}

static bool get_notes(const ElfFile *elf, unsigned index, ElfNotes *notes)
{
    const BootBytes *file = &elf->request->kernel;
    ElfSegment segment = get_segment(elf, index);
    *notes = (ElfNotes){file, segment.offset, segment.offset + MIN(segment.file_size, NOTES_MAX),
                        segment.align == 8 ? 8 : 4};
    return segment.type == PT_NOTE && boot_has(file, segment.offset, segment.file_size);
}

bool elf_find_note(const ElfFile *elf, const char *owner, uint32_t type, uint64_t *value)
{
    for (unsigned i = 0; i < elf->header_count; i++) {
        ElfNotes notes;
        ElfNote note;
        if (get_notes(elf, i, &notes) && find_in_notes(notes, owner, type, &note)) {
            *value = boot_get(notes.file, note.content, (unsigned)note.size);
            return true;
        }
    }
    return false;
}

bool elf_has_notes_of(const ElfFile *elf, const char *owner)
{
    for (unsigned i = 0; i < elf->header_count; i++) {
        ElfNotes notes;
        ElfNote note;
        bool more = get_notes(elf, i, &notes);
        while (more && next_note(&notes, &note) && is_inside(&notes, &note)) {
            if (is_by(&notes, &note, owner)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- notes that are almost there ---- */

/* True if the owner differs in upper and lower case only, or lacks its NUL. */
static bool is_almost_by(const ElfNotes *notes, const ElfNote *note, const char *owner)
{
    size_t length = strlen(owner);
    return (note->name_size == length || note->name_size == length + 1) &&
           boot_has(notes->file, note->at + NOTE_HEADER, length) &&
           !g_ascii_strncasecmp((const char *)notes->file->data + note->at + NOTE_HEADER, owner,
                                length);
}

static char *explain_one(const ElfNotes *notes, const ElfNote *note, const char *owner)
{
    if (!is_inside(notes, note)) {
        return g_strdup_printf("ELF note at 0x%" PRIx64 " (%s, type %u): its 0x%" PRIx64
                               " bytes go beyond 0x%" PRIx64 ", where the notes or the file end",
                               note->at, owner, note->type, note->size, notes->end);
    }
    if (!is_by(notes, note, owner)) {
        return g_strdup_printf(
            "ELF note at 0x%" PRIx64 " (type %u): its owner should be '%s' and a "
            "NUL, %zu bytes, not '%.*s', %" PRIu64 " bytes",
            note->at, note->type, owner, strlen(owner) + 1, (int)strlen(owner),
            (const char *)notes->file->data + note->at + NOTE_HEADER, note->name_size);
    }
    return g_strdup_printf("ELF note at 0x%" PRIx64 " (%s, type %u): has %" PRIu64
                           " bytes, not 4 or 8",
                           note->at, owner, note->type, note->size);
}

static char *explain_segment(const ElfFile *elf, unsigned index, const char *owner, uint32_t type)
{
    ElfNotes notes;
    ElfNote note;
    bool inside = get_notes(elf, index, &notes);
    if (get_segment(elf, index).type != PT_NOTE || notes.offset > notes.file->size) {
        return NULL;
    }
    notes.end = inside ? notes.end : notes.file->size;
    while (next_note(&notes, &note)) {
        if (note.type == type && is_almost_by(&notes, &note, owner)) {
            return is_inside(&notes, &note) && is_by(&notes, &note, owner) &&
                           (note.size == 4 || note.size == 8)
                       ? g_strdup_printf("ELF note at 0x%" PRIx64 " (%s, type %u): its segment %u "
                                         "goes beyond the file's end",
                                         note.at, owner, type, index)
                       : explain_one(&notes, &note, owner);
        }
    }
    return NULL;
}

/* A linker script with its own list of program headers often lacks the one for the notes. */
static char *explain_section(const ElfFile *elf, unsigned index, const char *owner, uint32_t type)
{
    const BootBytes *file = &elf->request->kernel;
    uint64_t at = ELF_GET(elf, 0, Ehdr, e_shoff) + index * ELF_GET(elf, 0, Ehdr, e_shentsize);
    uint64_t offset = ELF_GET(elf, at, Shdr, sh_offset), size = ELF_GET(elf, at, Shdr, sh_size);
    ElfNote note;
    if (ELF_GET(elf, at, Shdr, sh_type) != SHT_NOTE || !boot_has(file, offset, size)) {
        return NULL;
    }
    const ElfNotes notes = {file, offset, offset + MIN(size, NOTES_MAX),
                            ELF_GET(elf, at, Shdr, sh_addralign) == 8 ? 8 : 4};
    return find_in_notes(notes, owner, type, &note)
               ? g_strdup_printf("ELF note at 0x%" PRIx64
                                 " (%s, type %u): it is in section %u, but "
                                 "in no program header of type PT_NOTE (4)",
                                 note.at, owner, type, index)
               : NULL;
}

char *elf_explain_note(const ElfFile *elf, const char *owner, uint32_t type)
{
    char *why = NULL;
    for (unsigned i = 0; !why && i < elf->header_count; i++) {
        why = explain_segment(elf, i, owner, type);
    }
    unsigned sections = (unsigned)MIN(ELF_GET(elf, 0, Ehdr, e_shnum), HEADERS_MAX);
    for (unsigned i = 0; !why && i < sections; i++) {
        why = explain_section(elf, i, owner, type);
    }
    return why;
}

/* ---- plain executables ---- */

/* A stack for kernels that are linked like ordinary programs. */
#define STACK_SIZE 16384u

static bool start(BootLoad *load, const ElfFile *elf, GError **error)
{
    uint64_t entry;
    if (elf->is64) {
        return boot_start_long(load, elf_entry(elf), error);
    }
    return elf_entry_32(elf, &entry, error) && boot_start_protected(load, entry, error);
}

static bool elf_format_load(BootLoad *load, GError **error)
{
    ElfFile elf;
    if (!elf_open(load->request, &elf, error) || !elf_load(&elf, load, error) ||
        !start(load, &elf, error)) {
        return false;
    }
    uint64_t text = boot_place_text(load, load->request->append, "the command line", error);
    uint64_t stack =
        text ? boot_place(load, NULL, STACK_SIZE, &BOOT_AREA_LOW, "the stack", error) : 0;
    load->state->gpr[CPU_DI] = text;
    load->state->gpr[CPU_SP] = stack + STACK_SIZE;
    return stack != 0;
}

const BootFormat boot_elf = {
    .name = "a plain ELF file",
    .command_line = true,
    .tables = true,
    .probe = elf_is,
    .needs_long = elf_needs_long,
    .load = elf_format_load,
};
