/*
 * The program as the host sees it: how it is linked, which descriptors it keeps,
 * and what it shows of itself while it runs.
 */
#include "tests/control/control_rig.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the file ---- */

typedef struct Program {
    char *bytes;
    const Elf64_Ehdr *header;
} Program;

static void load_program(Program *program)
{
    g_autofree char *path = control_rig_program();
    gsize size;
    g_assert_true(g_file_get_contents(path, &program->bytes, &size, NULL));
    program->header = (const Elf64_Ehdr *)(void *)program->bytes;
    g_assert_cmpint(memcmp(program->header->e_ident, ELFMAG, SELFMAG), ==, 0);
}

static const Elf64_Phdr *find_segment(const Program *program, Elf64_Word type)
{
    const Elf64_Phdr *segments =
        (const Elf64_Phdr *)(void *)(program->bytes + program->header->e_phoff);
    for (unsigned i = 0; i < program->header->e_phnum; i++) {
        if (segments[i].p_type == type) {
            return &segments[i];
        }
    }
    return NULL;
}

static guint64 find_dynamic(const Program *program, Elf64_Sxword tag)
{
    const Elf64_Phdr *segment = find_segment(program, PT_DYNAMIC);
    g_assert_nonnull(segment);
    const Elf64_Dyn *entry = (const Elf64_Dyn *)(void *)(program->bytes + segment->p_offset);
    for (; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == tag) {
            return entry->d_un.d_val;
        }
    }
    return 0;
}

static const Elf64_Shdr *find_section(const Program *program, Elf64_Word type)
{
    const Elf64_Shdr *sections =
        (const Elf64_Shdr *)(void *)(program->bytes + program->header->e_shoff);
    for (unsigned i = 0; i < program->header->e_shnum; i++) {
        if (sections[i].sh_type == type) {
            return &sections[i];
        }
    }
    return NULL;
}

static bool imports(const Program *program, const char *suffix)
{
    const Elf64_Shdr *symbols = find_section(program, SHT_DYNSYM);
    g_assert_nonnull(symbols);
    const Elf64_Shdr *sections =
        (const Elf64_Shdr *)(void *)(program->bytes + program->header->e_shoff);
    const char *names = program->bytes + sections[symbols->sh_link].sh_offset;
    const Elf64_Sym *symbol = (const Elf64_Sym *)(void *)(program->bytes + symbols->sh_offset);
    for (gsize i = 0; i < symbols->sh_size / sizeof(*symbol); i++) {
        if (g_str_has_suffix(names + symbol[i].st_name, suffix)) {
            return true;
        }
    }
    return false;
}

/* Data that could turn a write to a wrong address into a jump are read-only before main(). */
static void test_nothing_that_leads_to_code_can_be_written(void)
{
    Program program;
    load_program(&program);
    g_assert_nonnull(find_segment(&program, PT_GNU_RELRO));
    g_assert_true(find_dynamic(&program, DT_FLAGS) & DF_BIND_NOW ||
                  find_dynamic(&program, DT_FLAGS_1) & DF_1_NOW);
    const Elf64_Phdr *stack = find_segment(&program, PT_GNU_STACK);
    g_assert_nonnull(stack);
    g_assert_false(stack->p_flags & PF_X);
    g_free(program.bytes);
}

/* It is loaded at an unpredictable address. */
static void test_position_independent(void)
{
    Program program;
    load_program(&program);
    if (program.header->e_type == ET_DYN) {
        g_assert_true(find_dynamic(&program, DT_FLAGS_1) & DF_1_PIE);
    } else {
        g_test_skip("built with -Db_pie=false");
    }
    g_free(program.bytes);
}

static void test_overruns_are_noticed(void)
{
    Program program;
    load_program(&program);
    g_assert_true(imports(&program, "__stack_chk_fail"));
    if (g_getenv("PIOEMU_UNFORTIFIED")) {
        g_test_skip("built with a sanitizer or without optimization");
    } else {
        g_assert_true(imports(&program, "printf_chk"));
    }
    g_free(program.bytes);
}

/* ---- the process ---- */

static char *read_proc(const ControlRig *rig, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)rig->pid, name);
    char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

/* True if the process has the file of our `fd` under the same number. */
static bool shares(const ControlRig *rig, int fd)
{
    struct stat ours, theirs;
    g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", (int)rig->pid, fd);
    g_assert_cmpint(fstat(fd, &ours), ==, 0);
    return stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static void start(ControlRig *rig, const char *const *options)
{
    g_autofree char *program = control_rig_program();
    g_assert_true(control_rig_start(rig, program, options));
    g_autofree char *greeting = control_line_read(&rig->qmp);
    g_assert_nonnull(greeting);
}

/* A pipe that stays open in the program keeps its reader waiting. */
static void test_only_descriptors_that_are_named_are_kept(void)
{
    enum { PIPES = 3 };
    int ends[PIPES][2];
    for (unsigned i = 0; i < PIPES; i++) {
        g_assert_cmpint(pipe(ends[i]), ==, 0);
    }
    g_autofree char *file = g_strdup_printf("file:/dev/fd/%d", ends[0][1]);
    g_autofree char *log = g_strdup_printf("null,logfile=/proc/self/fd/%d", ends[1][1]);
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", "-serial", file, "-serial", log, NULL});
    g_assert_true(shares(&rig, ends[0][1]));
    g_assert_true(shares(&rig, ends[1][1]));
    g_assert_false(shares(&rig, ends[0][0]));
    g_assert_false(shares(&rig, ends[1][0]));
    g_assert_false(shares(&rig, ends[2][0]));
    g_assert_false(shares(&rig, ends[2][1]));
    control_rig_end(&rig);
    for (unsigned i = 0; i < PIPES; i++) {
        close(ends[i][0]);
        close(ends[i][1]);
    }
}

/* The "VmFlags:" line of the mapping that has this size. */
static char *find_flags(const char *smaps, unsigned kilobytes)
{
    g_auto(GStrv) lines = g_strsplit(smaps, "\n", -1);
    bool wanted = false;
    for (char **line = lines; *line; line++) {
        unsigned size;
        if (sscanf(*line, "Size: %u kB", &size) == 1) {
            wanted = size == kilobytes;
        } else if (wanted && g_str_has_prefix(*line, "VmFlags:")) {
            return g_strdup(*line);
        }
    }
    return NULL;
}

/*
 * The kernel may merge mappings.  If no mapping has exactly the guest's size, the
 * test is skipped.
 */
static void test_guests_memory_is_not_in_a_core_file(void)
{
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", "-m", "77M", NULL});
    g_autofree char *smaps = read_proc(&rig, "smaps");
    g_autofree char *flags = find_flags(smaps, 77 * 1024);
    if (flags) {
        g_assert_nonnull(strstr(flags, " dd"));
    } else {
        g_test_skip("the host shows no flags of a mapping of the guest's size");
    }
    control_rig_end(&rig);
}

static void test_limits_of_core_files_are_the_users(void)
{
    struct rlimit ours, theirs;
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", NULL});
    g_assert_cmpint(getrlimit(RLIMIT_CORE, &ours), ==, 0);
    g_assert_cmpint(prlimit(rig.pid, RLIMIT_CORE, NULL, &theirs), ==, 0);
    g_assert_cmpuint(theirs.rlim_cur, ==, ours.rlim_cur);
    g_assert_cmpuint(theirs.rlim_max, ==, ours.rlim_max);
    control_rig_end(&rig);
}

#define TEST(name) g_test_add_func("/process/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(nothing_that_leads_to_code_can_be_written);
    TEST(position_independent);
    TEST(overruns_are_noticed);
    TEST(only_descriptors_that_are_named_are_kept);
    TEST(guests_memory_is_not_in_a_core_file);
    TEST(limits_of_core_files_are_the_users);
    return g_test_run();
}
