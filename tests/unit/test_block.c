/*
 * Drives, images and what the block layer promises to a device.
 */
#include "src/base/error.h"
#include "tests/unit/block_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TIB (UINT64_C(1) << 40)

/* ---- requests ---- */

static void read_yields_the_sectors(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t buffer[3 * IMAGE_SECTOR] = {0};
    Probe *p = make_probe(b, "d", "if=none");
    g_assert_cmpuint(pio_block_sectors(p->port), ==, SECTORS);
    g_assert_false(pio_block_read_only(p->port));
    pio_block_read(p->port, 5, buffer, 3, 77);
    g_assert_cmpuint(p->done, ==, 0);
    g_assert_cmpuint(buffer[0], ==, 0);
    wait_for(p, 1);
    g_assert_cmpuint(p->tags[0], ==, 77);
    g_assert_true(p->ok[0]);
    g_assert_cmpuint(buffer[0], ==, 6);
    g_assert_cmpuint(buffer[sizeof(buffer) - 1], ==, 8);
}

static void requests_are_done_in_their_order(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t out[IMAGE_SECTOR], in[IMAGE_SECTOR];
    Probe *p = make_probe(b, "d", "if=none");
    memset(out, 0xaa, sizeof(out));
    pio_block_write(p->port, 9, out, 1, 1);
    memset(out, 0xbb, sizeof(out));
    pio_block_write(p->port, 9, out, 1, 2);
    pio_block_read(p->port, 9, in, 1, 3);
    pio_block_flush(p->port, 4);
    wait_for(p, 4);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpuint(p->tags[i], ==, i + 1);
        g_assert_true(p->ok[i]);
    }
    g_assert_cmpuint(in[0], ==, 0xbb);
}

static void cancelled_requests_are_not_told_but_written(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t out[IMAGE_SECTOR], in[IMAGE_SECTOR] = {0};
    Probe *p = make_probe(b, "d", "if=none");
    memset(out, 0xcc, sizeof(out));
    pio_block_write(p->port, 1, out, 1, 1);
    pio_block_read(p->port, 2, in, 1, 2);
    pio_block_cancel(p->port);
    pio_block_flush(p->port, 3);
    wait_for(p, 1);
    g_assert_cmpuint(p->tags[0], ==, 3);
    g_assert_cmpuint(in[0], ==, 0);
    pio_block_read(p->port, 1, in, 1, 4);
    wait_for(p, 2);
    g_assert_cmpuint(in[0], ==, 0xcc);
}

/*
 * This is like a guest that keeps resetting its disk: cancelled requests must
 * use no memory and no time.
 */
static void what_is_cancelled_is_gone(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t buffer[SECTORS * IMAGE_SECTOR] = {0};
    Probe *p = make_probe(b, "d", "if=none");
    for (unsigned i = 0; i < 20000; i++) {
        pio_block_read(p->port, 0, buffer, SECTORS, 1);
        pio_block_read(p->port, 0, buffer, SECTORS, 2);
        pio_block_cancel(p->port);
        /* One request may still be with the worker thread. */
        g_assert_cmpuint(block_port_backlog(p->port), <=, sizeof(buffer));
    }
    uint64_t start = clock_now(b->clock);
    pio_block_read(p->port, 3, buffer, 1, 3);
    if (data) {
        clock_step(b->clock, 1000000);
        g_assert_cmpuint(p->done_at - start, ==, 21000);
    }
    wait_for(p, 1);
    g_assert_cmpuint(p->tags[0], ==, 3);
    g_assert_cmpuint(buffer[0], ==, 4);
}

#define BACKLOG_LIMIT (9u << 20)

static void writes_that_are_cancelled_are_bounded(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t buffer[SECTORS * IMAGE_SECTOR] = {0};
    Probe *p = make_probe(b, "d", "if=none");
    for (unsigned i = 0; i < 5000; i++) {
        memset(buffer, (int)i, sizeof(buffer));
        pio_block_write(p->port, 0, buffer, SECTORS, 1);
        pio_block_cancel(p->port);
        g_assert_cmpuint(block_port_backlog(p->port), <=, BACKLOG_LIMIT);
    }
    g_clear_pointer(&b->set, blockset_free);
    g_autofree char *file = NULL;
    g_assert_true(g_file_get_contents(b->path, &file, NULL, NULL));
    g_assert_cmpuint((uint8_t)file[0], ==, (uint8_t)(5000 - 1));
    b->set = blockset_new(b->loop, NULL, take_message, b);
}

static void closing_writes_what_waits(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t out[IMAGE_SECTOR];
    Probe *p = make_probe(b, "d", "if=none");
    for (unsigned i = 0; i < SECTORS; i++) {
        memset(out, (int)(0x80 + i), sizeof(out));
        pio_block_write(p->port, i, out, 1, i);
    }
    g_clear_pointer(&b->set, blockset_free);
    g_autofree char *file = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(b->path, &file, &size, NULL));
    for (unsigned i = 0; i < SECTORS; i++) {
        g_assert_cmpuint((uint8_t)file[i * IMAGE_SECTOR], ==, 0x80 + i);
    }
    b->set = blockset_new(b->loop, NULL, take_message, b);
}

static void on_machine_time_a_request_takes_the_same_each_run(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t buffer[2 * IMAGE_SECTOR];
    Probe *p = make_probe(b, "d", "if=none");
    pio_block_read(p->port, 0, buffer, 2, 1);
    pio_block_flush(p->port, 2);
    clock_step(b->clock, 21999);
    g_assert_cmpuint(p->done, ==, 0);
    clock_step(b->clock, 1);
    g_assert_cmpuint(p->done, ==, 1);
    g_assert_cmpuint(p->done_at, ==, 22000);
    clock_step(b->clock, 100000);
    g_assert_cmpuint(p->done, ==, 2);
    g_assert_cmpuint(p->done_at, ==, 42000);
}

/* ---- failures ---- */

static void file_that_shrinks_is_an_error_and_one_line(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t buffer[IMAGE_SECTOR];
    Probe *p = make_probe(b, "d", "if=none");
    g_assert_cmpint(truncate(b->path, 10 * IMAGE_SECTOR), ==, 0);
    pio_block_read(p->port, 9, buffer, 1, 1);
    pio_block_read(p->port, 10, buffer, 1, 2);
    pio_block_read(p->port, 11, buffer, 1, 3);
    wait_for(p, 3);
    g_assert_true(p->ok[0]);
    g_assert_false(p->ok[1]);
    g_assert_false(p->ok[2]);
    g_assert_nonnull(strstr(b->messages->str, "sector 10: the file has become shorter"));
    g_assert_cmpint(strchr(b->messages->str, '\n')[1], ==, '\0');
}

static void full_disk_is_an_error_and_one_line(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t buffer[IMAGE_SECTOR] = {0};
    struct rlimit before, small;
    Probe *p = make_probe(b, "d", "if=none");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){.rlim_cur = 8 * IMAGE_SECTOR, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    pio_block_write(p->port, 7, buffer, 1, 1);
    pio_block_write(p->port, 8, buffer, 1, 2);
    wait_for(p, 2);
    setrlimit(RLIMIT_FSIZE, &before);
    g_assert_true(p->ok[0]);
    g_assert_false(p->ok[1]);
    g_assert_nonnull(strstr(b->messages->str, "cannot write"));
}

/* Makes these system calls fail with EIO from now on, in all threads that start later. */
static bool break_host_disk(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pread64, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fdatasync, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
    };
    struct sock_fprog filter = {.len = G_N_ELEMENTS(program), .filter = program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* Runs in a process of its own, because this cannot be undone. */
static void use_broken_disks(Bench *b)
{
    uint8_t buffer[IMAGE_SECTOR] = {0};
    g_assert_true(break_host_disk());
    Probe *p = make_probe(b, "d", "if=none,format=raw");
    for (unsigned i = 0; i < 2; i++) {
        pio_block_read(p->port, 5, buffer, 1, 1);
        pio_block_write(p->port, 6, buffer, 1, 2);
        pio_block_flush(p->port, 3);
    }
    wait_for(p, 6);
    for (unsigned i = 0; i < 6; i++) {
        g_assert_false(p->ok[i]);
    }
    printf("%s", b->messages->str);
    g_clear_pointer(&b->set, blockset_free);
    b->set = blockset_new(b->loop, NULL, take_message, b);
    Probe *unsafe = make_probe(b, "u", "if=none,format=raw,cache=unsafe");
    pio_block_flush(unsafe->port, 1);
    wait_for(unsafe, 1);
    g_assert_true(unsafe->ok[0]);
}

static void host_that_fails_is_an_error_and_a_line_for_each_kind(Bench *b, gconstpointer data)
{
    (void)data;
    if (g_test_subprocess()) {
        use_broken_disks(b);
        return;
    }
    if (prctl(PR_GET_SECCOMP) < 0) {
        g_test_skip("the kernel has no seccomp filters");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stdout("*d: cannot read */disk, sector 5: Input/output error; the guest*\n"
                              "*d: cannot write */disk, sector 6: Input/output error; the guest*\n"
                              "*d: cannot flush */disk: Input/output error; the guest*");
    g_test_trap_assert_stdout_unmatched("*cannot read*cannot read*");
}

static void read_only_image_takes_no_writes(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t buffer[IMAGE_SECTOR] = {0};
    g_assert_cmpint(g_chmod(b->path, 0400), ==, 0);
    Probe *p = make_probe(b, "d", "if=none,readonly=on");
    g_assert_true(pio_block_read_only(p->port));
    pio_block_write(p->port, 0, buffer, 1, 1);
    pio_block_flush(p->port, 2);
    wait_for(p, 2);
    g_assert_false(p->ok[0]);
    g_assert_true(p->ok[1]);
}

/* ---- images ---- */

static void snapshot_leaves_the_file_alone(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t out[2 * IMAGE_SECTOR], in[4 * IMAGE_SECTOR];
    g_autofree char *before = NULL, *after = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(b->path, &before, NULL, NULL));
    Probe *p = make_probe(b, "d", "if=none,snapshot=on");
    memset(out, 0xdd, sizeof(out));
    pio_block_write(p->port, 62, out, 2, 1);
    pio_block_write(p->port, 1, out, 1, 2);
    pio_block_flush(p->port, 3);
    pio_block_read(p->port, 60, in, 4, 4);
    wait_for(p, 4);
    g_assert_cmpuint(in[IMAGE_SECTOR], ==, 62);
    g_assert_cmpuint(in[2 * IMAGE_SECTOR], ==, 0xdd);
    pio_block_read(p->port, 0, in, 3, 5);
    wait_for(p, 5);
    g_assert_cmpuint(in[0], ==, 1);
    g_assert_cmpuint(in[IMAGE_SECTOR], ==, 0xdd);
    g_assert_cmpuint(in[2 * IMAGE_SECTOR], ==, 3);
    g_assert_true(g_file_get_contents(b->path, &after, &size, NULL));
    g_assert_cmpmem(before, (int)size, after, (int)size);
}

/* The host's next run would open it by the header that the guest has made. */
static void probed_image_does_not_become_one_of_another_format(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t sector[IMAGE_SECTOR] = "QFI\xfb", in[IMAGE_SECTOR];
    g_autoptr(Drive) probed = bench_drive(b, "if=none");
    g_autoptr(Image) image = image_open(probed, NULL);
    g_assert_false(image_write(image, 0, sector, 1));
    g_assert_cmpint(errno, ==, EPERM);
    g_assert_true(image_read(image, 0, in, 1));
    g_assert_cmpuint(in[0], ==, 1);
    g_assert_true(image_write(image, 1, sector, 1));
    sector[3] = 0;
    g_assert_true(image_write(image, 0, sector, 1));
    sector[3] = 0xfb;
    g_clear_pointer(&image, image_free);
    g_autoptr(Drive) raw = bench_drive(b, "if=none,format=raw");
    image = image_open(raw, NULL);
    g_assert_true(image_write(image, 0, sector, 1));
}

static void directory_is_refused_with_what_makes_an_image_of_it(void)
{
    static const char *const FILES[] = {"file=fat:/tmp,if=none", "file=fat:rw:/tmp,if=none"};
    for (size_t i = 0; i < G_N_ELEMENTS(FILES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Drive) drive = drive_parse(FILES[i], NULL);
        g_assert_null(image_open(drive, &error));
        g_assert_true(g_error_matches(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG));
        g_assert_nonnull(strstr(error->message, "mtools"));
    }
}

static void second_writer_is_refused(Bench *b, gconstpointer data)
{
    (void)data;
    g_autoptr(Drive) drive = bench_drive(b, "if=none");
    g_autoptr(Image) image = image_open(drive, NULL);
    g_assert_nonnull(image);
    g_assert_true(refused(b, "if=none", "in use by another program"));
    g_assert_true(refused(b, "if=none,readonly=on", "another program or drive writes it"));
    g_assert_true(refused(b, "if=none,snapshot=on", "another program or drive writes it"));
    g_clear_pointer(&image, image_free);
    g_assert_false(refused(b, "if=none", ""));
}

static void readers_share(Bench *b, gconstpointer data)
{
    (void)data;
    g_autoptr(Drive) drive = bench_drive(b, "if=none,snapshot=on");
    g_autoptr(Image) image = image_open(drive, NULL);
    g_assert_nonnull(image);
    g_assert_false(refused(b, "if=none,readonly=on", ""));
    g_assert_true(refused(b, "if=none", "in use"));
}

static void odd_size_reads_zeros_behind_its_end(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t sector[IMAGE_SECTOR];
    fill_file(b->path, 700);
    g_autoptr(Drive) drive = bench_drive(b, "if=none");
    g_autoptr(Image) image = image_open(drive, NULL);
    g_assert_cmpuint(image->sectors, ==, 2);
    g_assert_true(image_read(image, 1, sector, 1));
    g_assert_cmpuint(sector[700 - IMAGE_SECTOR - 1], ==, 2);
    g_assert_cmpuint(sector[700 - IMAGE_SECTOR], ==, 0);
    sector[511] = 0x77;
    g_assert_true(image_write(image, 1, sector, 1));
    g_assert_true(image_read(image, 1, sector, 1));
    g_assert_cmpuint(sector[511], ==, 0x77);
    g_assert_true(image_flush(image));
}

static void image_over_2_tib_is_reached_to_its_end(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t sector[IMAGE_SECTOR];
    if (truncate(b->path, (off_t)(3 * TIB)) < 0) {
        g_test_skip("the file system has no files of 3 TiB");
        return;
    }
    g_autoptr(Drive) drive = bench_drive(b, "if=none");
    g_autoptr(Image) image = image_open(drive, NULL);
    g_assert_cmpuint(image->sectors, ==, 3 * TIB / IMAGE_SECTOR);
    memset(sector, 0x3b, sizeof(sector));
    g_assert_true(image_write(image, 3 * TIB / IMAGE_SECTOR - 1, sector, 1));
    memset(sector, 0, sizeof(sector));
    g_assert_true(image_read(image, 3 * TIB / IMAGE_SECTOR - 1, sector, 1));
    g_assert_cmpuint(sector[0], ==, 0x3b);
}

static void what_is_no_raw_image_is_refused(Bench *b, gconstpointer data)
{
    (void)data;
    g_assert_true(g_file_set_contents(b->path, "QFI\xfb and so on", -1, NULL));
    g_assert_true(refused(b, "if=none", "needs "));
    g_assert_false(refused(b, "if=none,format=raw", ""));
    g_assert_true(g_file_set_contents(b->path, "", 0, NULL));
    g_assert_true(refused(b, "if=none", "empty"));
    g_remove(b->path);
    g_assert_true(refused(b, "if=none", "No such file"));
    g_mkdir(b->path, 0700);
    g_assert_true(refused(b, "if=none,readonly=on", "neither a file nor a block device"));
    g_rmdir(b->path);
    g_assert_cmpint(mkfifo(b->path, 0600), ==, 0);
    g_assert_true(refused(b, "if=none", "neither a file nor a block device"));
}

/* ---- the texts of a user ---- */

static void drive_text_is_parsed(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Drive) drive = drive_parse("file=a,,b.img,format=raw,if=none,index=1,readonly=on,"
                                         "snapshot=on,cache=unsafe,id=x",
                                         &error);
    g_assert_no_error(error);
    g_assert_cmpstr(drive->file, ==, "a,b.img");
    g_assert_cmpstr(drive->id, ==, "x");
    g_assert_cmpint(drive->interface, ==, DRIVE_NONE);
    g_assert_cmpint(drive->index, ==, 1);
    g_assert_true(drive->read_only && drive->snapshot && drive->unsafe);
    g_assert_cmpstr(drive->format, ==, "raw");
    g_assert_cmpstr(drive->name, ==, "-drive file=a,b.img");
    g_autoptr(Drive) cdrom = drive_parse("file=a,if=ide,media=cdrom", &error);
    g_assert_true(cdrom->cdrom && cdrom->read_only);
    g_assert_cmpint(cdrom->index, ==, -1);
}

static void short_forms_say_where_and_what(void)
{
    static const struct {
        const char *option;
        DriveInterface interface;
        int index;
    } FORMS[] = {{"fda", DRIVE_FLOPPY, 0}, {"fdb", DRIVE_FLOPPY, 1}, {"hda", DRIVE_IDE, 0},
                 {"hdb", DRIVE_IDE, 1},    {"hdc", DRIVE_IDE, 2},    {"hdd", DRIVE_IDE, 3},
                 {"cdrom", DRIVE_IDE, 2}};
    for (size_t i = 0; i < G_N_ELEMENTS(FORMS); i++) {
        g_autoptr(Drive) drive = drive_new_short(FORMS[i].option, "a,id=b");
        g_autofree char *name = g_strdup_printf("-%s a,id=b", FORMS[i].option);
        g_assert_cmpstr(drive->name, ==, name);
        g_assert_cmpstr(drive->file, ==, "a,id=b");
        g_assert_null(drive->id);
        g_assert_cmpint(drive->interface, ==, FORMS[i].interface);
        g_assert_cmpint(drive->index, ==, FORMS[i].index);
        bool cdrom = !strcmp(FORMS[i].option, "cdrom");
        g_assert_true(drive->cdrom == cdrom && drive->read_only == cdrom);
        g_assert_cmpint(drive->write_error, ==, DRIVE_ENOSPC);
        g_assert_cmpint(drive->read_error, ==, DRIVE_REPORT);
    }
}

/* The defaults are QEMU's. */
static void a_full_disk_stops_the_machine_by_default(void)
{
    static const struct {
        const char *text;
        DriveError write;
    } CASES[] = {{"file=x", DRIVE_ENOSPC}, {"file=x,werror=report", DRIVE_REPORT}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(Drive) drive = drive_parse(CASES[i].text, NULL);
        g_assert_cmpint(drive->write_error, ==, CASES[i].write);
        g_assert_cmpint(drive->read_error, ==, DRIVE_REPORT);
    }
    g_autoptr(Drive) node = drive_new_node("-blockdev", "d", "x");
    g_assert_cmpint(node->write_error, ==, DRIVE_ENOSPC);
}

static void wrong_drive_text_is_refused(void)
{
    static const struct {
        const char *text, *part;
    } CASES[] = {
        {"format=raw", "names no file"},
        {"file=x,format=tape", "not one of raw, qcow2"},
        {"file=x,if=scsi", "there is no SCSI (if=ide)"},
        {"file=x,if=tape", "not one of ide, floppy, none"},
        {"file=x,index=4", "index 4"},
        {"file=x,if=floppy,index=2", "index 2"},
        {"file=x,if=floppy,media=cdrom", "if=floppy has no media=cdrom"},
        {"file=x,media=tape", "not one of disk, cdrom"},
        {"file=x,cache=some", "not one of writeback, unsafe, writethrough, none, directsync"},
        {"file=x,werror=maybe", "not one of report, ignore, stop, enospc"},
        {"file=x,rerror=enospc", "not one of report, ignore, stop"},
        {"file=x,discard=yes", "not one of ignore, off, unmap, on"},
        {"file=x,aio=fast", "not one of threads, native, io_uring"},
        {"file=x,readonly=maybe", "readonly maybe"},
        {"file=x,snapshoot=on", "did you mean 'snapshot'"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(drive_parse(CASES[i].text, &error));
        if (!strstr(error->message, CASES[i].part)) {
            g_error("%s", error->message);
        }
    }
}

static void drive_is_in_one_device_only(Bench *b, gconstpointer data)
{
    (void)data;
    make_probe(b, "d", "if=none");
    g_autoptr(GError) error = NULL;
    Device *dev = device_new(&PROBE_CLASS, "second", &b->host);
    g_ptr_array_add(b->devices, dev);
    g_assert_false(device_set_property(dev, "drive", "d", &error));
    g_assert_nonnull(strstr(error->message, "is in another device"));
    g_clear_error(&error);
    g_assert_false(device_set_property(dev, "drive", "e", &error));
    g_assert_nonnull(strstr(error->message, "does not exist"));
    g_assert_true(device_set_property(dev, "drive", "", NULL));
}

#define SENTENCE(group, name)                                                                      \
    g_test_add("/block/" group "/" #name, Bench, NULL, setup, name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SENTENCE("requests", read_yields_the_sectors);
    SENTENCE("requests", requests_are_done_in_their_order);
    SENTENCE("requests", cancelled_requests_are_not_told_but_written);
    SENTENCE("requests", closing_writes_what_waits);
    SENTENCE("requests", what_is_cancelled_is_gone);
    g_test_add("/block/requests/what_is_cancelled_is_gone_on_machine_time", Bench, "clock", setup,
               what_is_cancelled_is_gone, teardown);
    SENTENCE("requests", writes_that_are_cancelled_are_bounded);
    g_test_add("/block/requests/on_machine_time_a_request_takes_the_same_each_run", Bench, "clock",
               setup, on_machine_time_a_request_takes_the_same_each_run, teardown);
    SENTENCE("failures", file_that_shrinks_is_an_error_and_one_line);
    SENTENCE("failures", full_disk_is_an_error_and_one_line);
    SENTENCE("failures", host_that_fails_is_an_error_and_a_line_for_each_kind);
    SENTENCE("failures", read_only_image_takes_no_writes);
    SENTENCE("images", snapshot_leaves_the_file_alone);
    SENTENCE("images", probed_image_does_not_become_one_of_another_format);
    g_test_add_func("/block/images/directory_is_refused_with_what_makes_an_image_of_it",
                    directory_is_refused_with_what_makes_an_image_of_it);
    SENTENCE("images", second_writer_is_refused);
    SENTENCE("images", readers_share);
    SENTENCE("images", odd_size_reads_zeros_behind_its_end);
    SENTENCE("images", image_over_2_tib_is_reached_to_its_end);
    SENTENCE("images", what_is_no_raw_image_is_refused);
    SENTENCE("images", drive_is_in_one_device_only);
    g_test_add_func("/block/drive/text_is_parsed", drive_text_is_parsed);
    g_test_add_func("/block/drive/short_forms_say_where_and_what", short_forms_say_where_and_what);
    g_test_add_func("/block/drive/a_full_disk_stops_the_machine_by_default",
                    a_full_disk_stops_the_machine_by_default);
    g_test_add_func("/block/drive/wrong_text_is_refused", wrong_drive_text_is_refused);
    return g_test_run();
}
