/* -kernel and -flat: which files are refused and why, and the state in which the machine starts. */
#include "src/base/error.h"
#include "src/boot/boot.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_SIZE (UINT64_C(128) << 10)

typedef struct Fixture {
    char *directory, *path;
    Memory *memory;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    f->directory = g_dir_make_tmp("pioemu-boot-XXXXXX", &error);
    g_assert_no_error(error);
    f->path = g_build_filename(f->directory, "guest.bin", NULL);
    f->memory = memory_new(MEMORY_SIZE, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    g_unlink(f->path);
    g_rmdir(f->directory);
    g_free(f->path);
    g_free(f->directory);
    memory_free(f->memory);
}

static void write_guest(Fixture *f, const void *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_file_set_contents(f->path, data, (gssize)size, &error);
    g_assert_no_error(error);
}

static BootImage *new_image(const char *path, const char *flat, GError **error)
{
    const BootOptions options = {.kernel = path, .flat = flat};
    return boot_image_new(&options, MEMORY_SIZE, error);
}

static bool load_image(Fixture *f, const BootImage *image, CpuState *state, GError **error)
{
    static const BootBoard BOARD = {.topology = {1, 1, 1, 1, 1}};
    return boot_image_load(image, &BOARD, f->memory, state, error);
}

/* `why` follows "-kernel PATH: ". */
static void assert_refused(const char *path, const char *flat, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(new_image(path, flat, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_autofree char *message = g_strdup_printf("-kernel %s: %s", path, why);
    g_assert_cmpstr(error->message, ==, message);
}

/* ---- files ---- */

static void test_missing_file(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_refused(f->path, NULL, "No such file or directory");
}

static void test_empty_file(Fixture *f, gconstpointer data)
{
    (void)data;
    write_guest(f, "", 0);
    assert_refused(f->path, NULL, "is empty");
}

static void test_directory(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_refused(f->directory, NULL, "is a directory (name a file)");
}

/* Opening a FIFO would wait for a writer. */
static void test_fifo(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(mkfifo(f->path, 0600), ==, 0);
    assert_refused(f->path, NULL, "is not a regular file");
}

static void test_device_file(Fixture *f, gconstpointer data)
{
    (void)f;
    (void)data;
    assert_refused("/dev/zero", NULL, "is not a regular file");
}

static void test_unreadable_file(Fixture *f, gconstpointer data)
{
    (void)data;
    if (geteuid() == 0) {
        g_test_skip("root can read every file");
        return;
    }
    write_guest(f, "x", 1);
    g_assert_cmpint(g_chmod(f->path, 0), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(new_image(f->path, NULL, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_true(g_str_has_prefix(error->message, "-kernel "));
    g_assert_true(g_str_has_suffix(error->message, "Permission denied"));
}

static void test_file_larger_than_memory(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autofree char *bytes = g_malloc0(MEMORY_SIZE + 1024);
    write_guest(f, bytes, MEMORY_SIZE + 1024);
    assert_refused(f->path, NULL,
                   "has 129 KiB, the guest only 128 KiB of memory (give it more with -m)");
}

static void test_short_files_are_flat(Fixture *f, gconstpointer data)
{
    (void)data;
    static const char *const TEXTS[] = {"\xf4", "\177EL"};
    for (unsigned i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        write_guest(f, TEXTS[i], strlen(TEXTS[i]));
        g_autoptr(GError) error = NULL;
        g_autoptr(BootImage) image = new_image(f->path, NULL, &error);
        g_assert_no_error(error);
        g_assert_nonnull(image);
    }
}

/* ---- -flat ---- */

static CpuState load(Fixture *f, const char *flat)
{
    CpuState state;
    memset(&state, 0xaa, sizeof(state));
    g_autoptr(GError) error = NULL;
    g_autoptr(BootImage) image = new_image(f->path, flat, &error);
    g_assert_no_error(error);
    g_assert_true(load_image(f, image, &state, &error));
    g_assert_no_error(error);
    return state;
}

static void test_defaults_run_the_guest_add(Fixture *f, gconstpointer data)
{
    (void)data;
    write_guest(f, "\x01\xd8\xf4", 3);
    CpuState state = load(f, NULL);
    uint8_t bytes[4];
    g_assert_true(memory_read(f->memory, 0x1000, bytes, 4));
    g_assert_cmpmem(bytes, 4, "\x01\xd8\xf4\0", 4);
    g_assert_cmphex(state.rip, ==, 0x1000);
    g_assert_cmphex(state.rflags, ==, CPU_FLAG_ONE);
    g_assert_cmphex(state.segment[CPU_CS].base, ==, 0);
    g_assert_cmphex(state.segment[CPU_CS].selector, ==, 0);
    g_assert_cmphex(state.cr0 & (CPU_CR0_PE | CPU_CR0_PG), ==, 0);
    g_assert_cmpuint(state.gpr[CPU_AX], ==, 2);
    g_assert_cmpuint(state.gpr[CPU_BX], ==, 2);
    g_assert_cmphex(state.gpr[CPU_SP], ==, 0x1000);
    g_assert_cmpuint(state.gpr[CPU_CX] | state.gpr[CPU_DX] | state.gpr[CPU_SI] | state.gpr[CPU_DI] |
                         state.gpr[CPU_BP],
                     ==, 0);
    g_assert_true(state.a20);
    g_assert_false(state.halted);
}

static void test_every_register_can_be_given(Fixture *f, gconstpointer data)
{
    (void)data;
    write_guest(f, "\xf4", 1);
    CpuState state = load(f, "addr=0x7c00,ip=0x7c00,flags=0x200,ax=1,bx=0xffffffff,cx=3,dx=4,sp=5,"
                             "bp=6,si=7,di=8,cs=0x10,ds=0x20,es=0x30,ss=0x40,fs=0x50,gs=0xffff");
    static const unsigned GPRS[] = {CPU_AX, CPU_BX, CPU_CX, CPU_DX, CPU_SP, CPU_BP, CPU_SI, CPU_DI};
    static const uint64_t VALUES[] = {1, 0xffffffff, 3, 4, 5, 6, 7, 8};
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(state.gpr[GPRS[i]], ==, VALUES[i]);
    }
    static const unsigned SEGMENTS[] = {CPU_CS, CPU_DS, CPU_ES, CPU_SS, CPU_FS, CPU_GS};
    static const uint16_t SELECTORS[] = {0x10, 0x20, 0x30, 0x40, 0x50, 0xffff};
    for (unsigned i = 0; i < 6; i++) {
        g_assert_cmphex(state.segment[SEGMENTS[i]].selector, ==, SELECTORS[i]);
        g_assert_cmphex(state.segment[SEGMENTS[i]].base, ==, (uint64_t)SELECTORS[i] << 4);
    }
    g_assert_cmphex(state.rip, ==, 0x7c00);
    g_assert_cmphex(state.rflags, ==, CPU_FLAG_IF | CPU_FLAG_ONE);
    uint8_t byte;
    g_assert_true(memory_read(f->memory, 0x7c00, &byte, 1));
    g_assert_cmphex(byte, ==, 0xf4);
}

static void assert_flat_refused(Fixture *f, const char *flat, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(new_image(f->path, flat, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_bad_flat_values_are_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    write_guest(f, "\xf4", 1);
    assert_flat_refused(f, "ax=x", "-flat ax x: not a number (decimal or 0x...)");
    assert_flat_refused(f, "ip=0x10000", "-flat ip 0x10000: too large (at most 65535)");
    assert_flat_refused(f, "cs=65536", "-flat cs 65536: too large (at most 65535)");
    assert_flat_refused(f, "ax=0x100000000",
                        "-flat ax 0x100000000: too large (at most 4294967295)");
    assert_flat_refused(
        f, "adr=0",
        "-flat: unknown key 'adr' (did you mean 'addr'? known: addr, ip, flags, ax, "
        "bx, cx, dx, sp, bp, si, di, cs, ds, es, ss, fs, gs)");
}

static void test_image_has_to_fit_where_it_goes(Fixture *f, gconstpointer data)
{
    (void)data;
    write_guest(f, "\x90\x90\xf4", 3);
    g_autoptr(GError) error = NULL;
    g_autoptr(BootImage) image = new_image(f->path, "addr=0x1fffe", &error);
    g_assert_no_error(error);
    CpuState state;
    g_assert_false(load_image(f, image, &state, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_autofree char *message = g_strdup_printf(
        "-kernel %s: 3 bytes at 0x1fffe do not fit into 128 KiB of memory (-m)", f->path);
    g_assert_cmpstr(error->message, ==, message);
    load(f, "addr=0x1fffd");
}

/* A reset loads the image that was read at the start. */
static void test_image_can_be_loaded_again_after_the_file_is_gone(Fixture *f, gconstpointer data)
{
    (void)data;
    write_guest(f, "\x90\xf4", 2);
    g_autoptr(BootImage) image = new_image(f->path, NULL, NULL);
    CpuState state;
    g_assert_true(load_image(f, image, &state, NULL));
    g_unlink(f->path);
    g_assert_true(memory_fill(f->memory, 0x1000, 0, 2));
    g_assert_true(load_image(f, image, &state, NULL));
    uint8_t bytes[2];
    g_assert_true(memory_read(f->memory, 0x1000, bytes, 2));
    g_assert_cmpmem(bytes, 2, "\x90\xf4", 2);
}

#define TEST(name) g_test_add("/boot/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(missing_file);
    TEST(empty_file);
    TEST(directory);
    TEST(fifo);
    TEST(device_file);
    TEST(unreadable_file);
    TEST(file_larger_than_memory);
    TEST(short_files_are_flat);
    TEST(defaults_run_the_guest_add);
    TEST(every_register_can_be_given);
    TEST(bad_flat_values_are_refused);
    TEST(image_has_to_fit_where_it_goes);
    TEST(image_can_be_loaded_again_after_the_file_is_gone);
    return g_test_run();
}
