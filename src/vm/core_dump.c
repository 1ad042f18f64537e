#include "src/vm/core_dump.h"

#include "src/base/error.h"
#include "src/cpu/page_walk.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The 16 bits of e_phnum limit the number of ranges.  Further ranges are not written. */
#define RANGES_MAX 0xfff0u
#define NAME_SIZE  8u /* the size of "CORE" with padding */

/* Offsets of the parts of Linux's struct elf_prstatus, and the number of registers in it. */
enum {
    PRSTATUS64_SIZE = 336,
    PRSTATUS64_PID = 32,
    PRSTATUS64_REGISTERS = 112,
    PRSTATUS32_SIZE = 144,
    PRSTATUS32_PID = 24,
    PRSTATUS32_REGISTERS = 72
};

typedef struct Range {
    uint64_t linear, physical, size;
} Range;

typedef struct Writer {
    const CoreDump *dump;
    int fd;
    bool wide; /* a 64-bit file, for x86-64 */
    GArray *ranges;
    GByteArray *notes;
} Writer;

/* ---- registers ---- */

static void put_wide_registers(uint8_t *at, const CpuState *s)
{
    const uint64_t registers[] = {
        s->gpr[15],
        s->gpr[14],
        s->gpr[13],
        s->gpr[12],
        s->gpr[CPU_BP],
        s->gpr[CPU_BX],
        s->gpr[11],
        s->gpr[10],
        s->gpr[9],
        s->gpr[8],
        s->gpr[CPU_AX],
        s->gpr[CPU_CX],
        s->gpr[CPU_DX],
        s->gpr[CPU_SI],
        s->gpr[CPU_DI],
        UINT64_MAX,
        s->rip,
        s->segment[CPU_CS].selector,
        s->rflags,
        s->gpr[CPU_SP],
        s->segment[CPU_SS].selector,
        s->segment[CPU_FS].base,
        s->segment[CPU_GS].base,
        s->segment[CPU_DS].selector,
        s->segment[CPU_ES].selector,
        s->segment[CPU_FS].selector,
        s->segment[CPU_GS].selector,
    };
    memcpy(at, registers, sizeof(registers));
}

static void put_narrow_registers(uint8_t *at, const CpuState *s)
{
    const uint32_t registers[] = {
        (uint32_t)s->gpr[CPU_BX],
        (uint32_t)s->gpr[CPU_CX],
        (uint32_t)s->gpr[CPU_DX],
        (uint32_t)s->gpr[CPU_SI],
        (uint32_t)s->gpr[CPU_DI],
        (uint32_t)s->gpr[CPU_BP],
        (uint32_t)s->gpr[CPU_AX],
        s->segment[CPU_DS].selector,
        s->segment[CPU_ES].selector,
        s->segment[CPU_FS].selector,
        s->segment[CPU_GS].selector,
        UINT32_MAX,
        (uint32_t)s->rip,
        s->segment[CPU_CS].selector,
        (uint32_t)s->rflags,
        (uint32_t)s->gpr[CPU_SP],
        s->segment[CPU_SS].selector,
    };
    memcpy(at, registers, sizeof(registers));
}

static void add_note(Writer *w, unsigned cpu)
{
    static const char NAME[NAME_SIZE] = "CORE";
    uint8_t status[PRSTATUS64_SIZE] = {0};
    const Elf64_Nhdr header = {
        .n_namesz = sizeof("CORE"),
        .n_descsz = w->wide ? PRSTATUS64_SIZE : PRSTATUS32_SIZE,
        .n_type = NT_PRSTATUS,
    };
    uint32_t pid = cpu + 1;
    memcpy(status + (w->wide ? PRSTATUS64_PID : PRSTATUS32_PID), &pid, sizeof(pid));
    if (w->wide) {
        put_wide_registers(status + PRSTATUS64_REGISTERS, &w->dump->states[cpu]);
    } else {
        put_narrow_registers(status + PRSTATUS32_REGISTERS, &w->dump->states[cpu]);
    }
    g_byte_array_append(w->notes, (const guint8 *)&header, sizeof(header));
    g_byte_array_append(w->notes, (const guint8 *)NAME, sizeof(NAME));
    g_byte_array_append(w->notes, status, header.n_descsz);
}

/* ---- memory ---- */

static void add_range(Writer *w, uint64_t linear, uint64_t physical, uint64_t size)
{
    Range *last = w->ranges->len ? &g_array_index(w->ranges, Range, w->ranges->len - 1) : NULL;
    if (last && last->linear + last->size == linear && last->physical + last->size == physical) {
        last->size += size;
    } else if (w->ranges->len < RANGES_MAX) {
        g_array_append_val(w->ranges, ((Range){linear, physical, size}));
    }
}

/* Adds a page if memory backs it.  The registers of devices are not read. */
static void add_page(void *opaque, const PageMapping *mapping)
{
    Writer *w = opaque;
    const MemoryRegion *region = memory_find(w->dump->memory, mapping->physical);
    if (region && mapping->physical + mapping->size <= region->base + region->size) {
        add_range(w, mapping->linear, mapping->physical, mapping->size);
    }
}

static void find_ranges(Writer *w)
{
    const CoreDump *dump = w->dump;
    if (dump->paging && dump->count && dump->states[0].cr0 & CPU_CR0_PG) {
        page_walk(&dump->states[0], dump->memory, add_page, w);
        return;
    }
    for (unsigned i = 0; i < memory_region_count(dump->memory); i++) {
        const MemoryRegion *region = memory_region(dump->memory, i);
        add_range(w, region->base, region->base, region->size);
    }
}

/* ---- the file ---- */

static bool put(const Writer *w, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size) {
        ssize_t done = write(w->fd, at, size);
        if (done < 0 && errno != EINTR) {
            return false;
        }
        at += MAX(done, 0);
        size -= (size_t)MAX(done, 0);
    }
    return true;
}

static bool put_header(const Writer *w)
{
    Elf64_Ehdr wide = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(wide),
        .e_ehsize = sizeof(wide),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (uint16_t)(w->ranges->len + 1),
    };
    Elf32_Ehdr narrow = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_386,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(narrow),
        .e_ehsize = sizeof(narrow),
        .e_phentsize = sizeof(Elf32_Phdr),
        .e_phnum = wide.e_phnum,
    };
    return w->wide ? put(w, &wide, sizeof(wide)) : put(w, &narrow, sizeof(narrow));
}

static bool put_segment(const Writer *w, uint32_t type, uint64_t offset, const Range *range)
{
    uint32_t flags = type == PT_LOAD ? PF_R | PF_W | PF_X : 0;
    Elf64_Phdr wide = {type,        flags,       offset, range->linear, range->physical,
                       range->size, range->size, 0};
    Elf32_Phdr narrow = {type,
                         (uint32_t)offset,
                         (uint32_t)range->linear,
                         (uint32_t)range->physical,
                         (uint32_t)range->size,
                         (uint32_t)range->size,
                         flags,
                         0};
    return w->wide ? put(w, &wide, sizeof(wide)) : put(w, &narrow, sizeof(narrow));
}

static uint64_t notes_offset(const Writer *w)
{
    size_t header = w->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    size_t segment = w->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    return header + segment * (w->ranges->len + 1);
}

static bool put_segments(const Writer *w)
{
    uint64_t offset = notes_offset(w);
    Range notes = {.size = w->notes->len};
    bool ok = put_segment(w, PT_NOTE, offset, &notes);
    offset += w->notes->len;
    for (guint i = 0; ok && i < w->ranges->len; i++) {
        const Range *range = &g_array_index(w->ranges, Range, i);
        ok = put_segment(w, PT_LOAD, offset, range);
        offset += range->size;
    }
    return ok && put(w, w->notes->data, w->notes->len);
}

/* Pages that the guest never wrote become holes in the file. */
static bool put_page(const Writer *w, uint64_t physical)
{
    static const uint8_t ZEROS[PAGE_SIZE];
    uint8_t page[PAGE_SIZE];
    if (!memory_read(w->dump->memory, physical, page, sizeof(page)) ||
        !memcmp(page, ZEROS, sizeof(page))) {
        return lseek(w->fd, PAGE_SIZE, SEEK_CUR) >= 0;
    }
    return put(w, page, sizeof(page));
}

static bool put_memory(const Writer *w)
{
    for (guint i = 0; i < w->ranges->len; i++) {
        const Range *range = &g_array_index(w->ranges, Range, i);
        for (uint64_t done = 0; done < range->size; done += PAGE_SIZE) {
            if (!put_page(w, range->physical + done)) {
                return false;
            }
        }
    }
    off_t end = lseek(w->fd, 0, SEEK_CUR);
    return end >= 0 && ftruncate(w->fd, end) == 0;
}

/*
 * If something needs more than 32 bits, the file is a 64-bit one, and 32-bit
 * registers are extended.
 */
static bool needs_wide(const CoreDump *dump)
{
    for (unsigned i = 0; i < memory_region_count(dump->memory); i++) {
        const MemoryRegion *region = memory_region(dump->memory, i);
        if (region->base + region->size > UINT64_C(1) << 32) {
            return true;
        }
    }
    return dump->count && dump->states[0].msr.efer & CPU_EFER_LMA;
}

bool core_dump_write(const CoreDump *dump, const char *path, GError **error)
{
    Writer w = {.dump = dump, .wide = needs_wide(dump)};
    w.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
    if (w.fd < 0) {
        return error_refuse(error, "'%s': %s", path, g_strerror(errno));
    }
    w.ranges = g_array_new(false, false, sizeof(Range));
    w.notes = g_byte_array_new();
    for (unsigned i = 0; i < dump->count; i++) {
        add_note(&w, i);
    }
    find_ranges(&w);
    bool ok = put_header(&w) && put_segments(&w) && put_memory(&w);
    ok = close(w.fd) == 0 && ok;
    g_array_unref(w.ranges);
    g_byte_array_unref(w.notes);
    return ok || error_refuse(error, "'%s': %s", path, g_strerror(errno));
}
