/*
 * Media that are changed while the machine runs, by QMP and the monitor, and
 * what a recording contains of the changes.
 */
#include "tests/control/qmp_rig.h"

#include "devices/storage/ata_regs.h"

#include <glib/gstdio.h>
#include <stdint.h>
#include <unistd.h>

typedef struct Discs {
    char *directory, *first, *second, *recording;
} Discs;

static char *make_disc(const char *directory, const char *name, size_t sectors)
{
    char *path = g_build_filename(directory, name, NULL);
    g_autofree char *content = g_malloc0(sectors * ATAPI_SECTOR_SIZE);
    g_assert_true(g_file_set_contents(path, content, (gssize)(sectors * ATAPI_SECTOR_SIZE), NULL));
    return path;
}

static void setup(Discs *discs, gconstpointer data)
{
    (void)data;
    discs->directory = g_dir_make_tmp("pioemu-media-XXXXXX", NULL);
    discs->first = make_disc(discs->directory, "first.iso", 16);
    discs->second = make_disc(discs->directory, "second.iso", 5);
    discs->recording = g_build_filename(discs->directory, "recording", NULL);
}

static void teardown(Discs *discs, gconstpointer data)
{
    (void)data;
    char *const paths[] = {discs->first, discs->second, discs->recording};
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_unlink(paths[i]);
        g_free(paths[i]);
    }
    g_rmdir(discs->directory);
    g_free(discs->directory);
}

static unsigned status_of(ControlRig *rig)
{
    g_autofree char *answer = control_ask(rig, "inb 0x177");
    return (unsigned)g_ascii_strtoull(answer + strlen("OK "), NULL, 0);
}

/*
 * Sends a packet to the drive on the second channel.  Returns the error
 * register, or 0 after a success.
 */
static unsigned packet(ControlRig *rig, uint8_t operation, uint8_t fourth)
{
    const uint8_t bytes[ATAPI_PACKET_SIZE] = {operation, [4] = fourth};
    g_free(control_ask(rig, "outb 0x176 0xa0"));
    g_free(control_ask(rig, "outb 0x174 0xfe"));
    g_free(control_ask(rig, "outb 0x175 0xff"));
    g_free(control_ask(rig, "outb 0x177 0x%x", ATA_CMD_PACKET));
    for (unsigned i = 0; i < ATAPI_PACKET_SIZE; i += 2) {
        g_free(control_ask(rig, "outw 0x170 0x%x", bytes[i] | bytes[i + 1] << 8));
    }
    if (!(status_of(rig) & ATA_ST_ERR)) {
        return 0;
    }
    g_autofree char *answer = control_ask(rig, "inb 0x171");
    return (unsigned)g_ascii_strtoull(answer + strlen("OK "), NULL, 0);
}

#define ERROR_OF(sense) ((sense) << 4 | ATA_ER_ABRT)

/* Returns the last word of the last sector's number. */
static unsigned capacity(ControlRig *rig)
{
    g_assert_cmphex(packet(rig, ATAPI_READ_CAPACITY, 0), ==, 0);
    unsigned words[4];
    for (unsigned i = 0; i < 4; i++) {
        g_autofree char *answer = control_ask(rig, "inw 0x170");
        words[i] = (unsigned)g_ascii_strtoull(answer + strlen("OK "), NULL, 0);
    }
    return (words[1] >> 8 | words[1] << 8) & 0xffff;
}

/* Advances machine time to the moment at which the device learns of the change. */
static void let_it_happen(ControlRig *rig)
{
    g_free(control_ask(rig, "clock_step 1000000"));
}

static void change(ControlRig *rig, const char *file, const char *expected)
{
    g_autofree char *json = g_strdup_printf("{\"execute\":\"blockdev-change-medium\",\"arguments\":"
                                            "{\"device\":\"ide1-cd0\",\"filename\":\"%s\"}}",
                                            file);
    ask(rig, json, expected);
    let_it_happen(rig);
}

#define EJECT(arguments) "{\"execute\":\"eject\",\"arguments\":{" arguments "}}"
#define DONE             "{\"return\":{}}"

static void run_through(ControlRig *rig, const Discs *discs)
{
    packet(rig, ATAPI_TEST_UNIT_READY, 0);
    g_assert_cmpuint(capacity(rig), ==, 15);
    ask(rig, EJECT("\"device\":\"ide1-cd0\""), DONE);
    let_it_happen(rig);
    g_assert_cmphex(packet(rig, ATAPI_TEST_UNIT_READY, 0), ==, ERROR_OF(SENSE_NOT_READY));
    change(rig, discs->second, DONE);
    g_assert_cmphex(packet(rig, ATAPI_TEST_UNIT_READY, 0), ==, ERROR_OF(SENSE_UNIT_ATTENTION));
    g_assert_cmpuint(capacity(rig), ==, 4);
    g_assert_cmphex(packet(rig, ATAPI_PREVENT_ALLOW, 1), ==, 0);
    ask(rig, EJECT("\"id\":\"ide1-cd0\""),
        GENERIC("Device 'ide1-cd0' is locked and force was not specified"));
    ask(rig, EJECT("\"device\":\"ide1-cd0\",\"force\":true"), DONE);
    let_it_happen(rig);
    g_assert_cmphex(packet(rig, ATAPI_TEST_UNIT_READY, 0), ==, ERROR_OF(SENSE_NOT_READY));
}

static void test_media_change(Discs *discs, gconstpointer data)
{
    (void)data;
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", "-cdrom", discs->first, NULL});
    ask(&rig, NEGOTIATE, DONE);
    run_through(&rig, discs);
    end(&rig);
}

static void test_a_recording_has_the_changes(Discs *discs, gconstpointer data)
{
    (void)data;
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", "-cdrom", discs->first, "-record",
                                      discs->recording, NULL});
    ask(&rig, NEGOTIATE, DONE);
    run_through(&rig, discs);
    end(&rig);
    g_autofree char *program = control_rig_program();
    const char *argv[] = {program, "-replay", discs->recording, NULL};
    int status;
    g_autofree char *said = NULL;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                               NULL, &said, &status, NULL));
    if (status) {
        g_error("%s", said);
    }
}

/* Sends READ(10) for one sector. */
static void read_sector(ControlRig *rig, uint8_t lba)
{
    const uint8_t bytes[ATAPI_PACKET_SIZE] = {ATAPI_READ_10, [5] = lba, [8] = 1};
    g_free(control_ask(rig, "outb 0x175 0x08"));
    g_free(control_ask(rig, "outb 0x177 0x%x", ATA_CMD_PACKET));
    for (unsigned i = 0; i < ATAPI_PACKET_SIZE; i += 2) {
        g_free(control_ask(rig, "outw 0x170 0x%x", bytes[i] | bytes[i + 1] << 8));
    }
}

/* A read that fails pauses the machine, and cont tries it again. */
static void test_rerror_stop(Discs *discs, gconstpointer data)
{
    (void)data;
    ControlRig rig;
    g_autofree char *drive =
        g_strdup_printf("file=%s,media=cdrom,index=2,rerror=stop", discs->first);
    start(&rig, (const char *const[]){"-accel", "qtest", "-drive", drive, NULL});
    ask(&rig, NEGOTIATE, DONE);
    packet(&rig, ATAPI_TEST_UNIT_READY, 0);
    g_assert_cmpint(truncate(discs->first, 8 * ATAPI_SECTOR_SIZE), ==, 0);
    g_free(control_ask(&rig, "outb 0x176 0xa0"));
    read_sector(&rig, 12);
    g_free(control_ask(&rig, "clock_step 1000000"));
    g_autofree char *failed = control_line_read(&rig.qmp);
    g_assert_nonnull(strstr(failed,
                            "\"event\":\"BLOCK_IO_ERROR\",\"data\":{\"device\":\"ide1-cd0\","
                            "\"operation\":\"read\",\"action\":\"stop\",\"nospace\":false"));
    g_autofree char *stopped = control_line_read(&rig.qmp);
    g_assert_nonnull(strstr(stopped, "\"event\":\"STOP\""));
    ask(&rig, EXECUTE("query-status"), STATUS("io-error", "false"));
    g_assert_cmphex(status_of(&rig) & ATA_ST_BSY, ==, ATA_ST_BSY);
    g_assert_cmpint(truncate(discs->first, 16 * ATAPI_SECTOR_SIZE), ==, 0);
    g_autofree char *resumed = control_qmp(&rig, EXECUTE("cont"));
    g_assert_nonnull(strstr(resumed, "\"event\":\"RESUME\""));
    next_is(&rig, DONE);
    let_it_happen(&rig);
    g_assert_cmphex(status_of(&rig) & (ATA_ST_BSY | ATA_ST_DRQ | ATA_ST_ERR), ==, ATA_ST_DRQ);
    end(&rig);
}

/* ---- formats that qemu-nbd reads ---- */

static bool run_program(const char *const *argv)
{
    int status;
    return g_spawn_sync(NULL, (char **)argv, NULL,
                        G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                            G_SPAWN_STDERR_TO_DEV_NULL,
                        NULL, NULL, NULL, NULL, &status, NULL) &&
           status == 0;
}

static bool has_nbd(void)
{
    g_autofree char *program = g_find_program_in_path("qemu-nbd");
    g_autofree char *module =
        g_build_filename(g_getenv("PIOEMU_BUILD"), "src", "pioemu-nbd.so", NULL);
    if (!program || !g_file_test(module, G_FILE_TEST_EXISTS)) {
        g_test_skip("no qemu-nbd (package qemu-utils), or built without libnbd");
        return false;
    }
    return true;
}

static void write_sector_3(ControlRig *rig)
{
    static const uint8_t TASK[] = {1, 3, 0, 0, 0xe0, ATA_CMD_WRITE};
    for (unsigned i = 0; i < sizeof(TASK); i++) {
        g_free(control_ask(rig, "outb 0x%x 0x%x", 0x1f2 + i, TASK[i]));
    }
    for (unsigned i = 0; i < 256; i++) {
        g_free(control_ask(rig, "outw 0x1f0 0x5a5a"));
    }
    let_it_happen(rig);
    g_free(control_ask(rig, "outb 0x1f7 0x%x", ATA_CMD_FLUSH));
    let_it_happen(rig);
    g_autofree char *status = control_ask(rig, "inb 0x1f7");
    g_assert_cmpstr(status, ==, "OK 0x0050");
}

/* Checks that the image, read back through a copy, contains the sector. */
static void assert_written(const char *image, const char *raw, uint8_t value)
{
    g_autofree char *content = NULL;
    g_assert_true(
        run_program((const char *const[]){"qemu-img", "convert", "-O", "raw", image, raw, NULL}));
    g_assert_true(g_file_get_contents(raw, &content, NULL, NULL));
    g_assert_cmphex((uint8_t)content[3 * 512], ==, value);
    g_assert_cmphex((uint8_t)content[4 * 512 - 1], ==, value);
    g_assert_cmphex((uint8_t)content[4 * 512], ==, 0);
    g_unlink(raw);
}

static void test_qcow2(Discs *discs, gconstpointer data)
{
    (void)data;
    ControlRig rig;
    g_autofree char *image = g_build_filename(discs->directory, "disk.qcow2", NULL);
    g_autofree char *raw = g_build_filename(discs->directory, "raw", NULL);
    if (!has_nbd()) {
        return;
    }
    g_assert_true(
        run_program((const char *const[]){"qemu-img", "create", "-f", "qcow2", image, "1M", NULL}));
    start(&rig, (const char *const[]){"-accel", "qtest", "-hda", image, "-snapshot", NULL});
    write_sector_3(&rig);
    end(&rig);
    assert_written(image, raw, 0);
    start(&rig, (const char *const[]){"-accel", "qtest", "-hda", image, NULL});
    write_sector_3(&rig);
    end(&rig);
    assert_written(image, raw, 0x5a);
    g_unlink(image);
}

static void test_what_cannot_be_is_refused(Discs *discs, gconstpointer data)
{
    ControlRig rig;
    (void)data;
    start(&rig, (const char *const[]){"-accel", "qtest", "-cdrom", discs->first, "-hda",
                                      discs->second, NULL});
    ask(&rig, NEGOTIATE, DONE);
    ask(&rig, EJECT("\"device\":\"ide0-hd0\""), GENERIC("Device 'ide0-hd0' is not removable"));
    ask(&rig, EJECT("\"device\":\"none\""), GENERIC("Device 'none' not found"));
    ask(&rig, EJECT(""), GENERIC("Need exactly one of 'device' and 'id'"));
    change(&rig, "/nonexistent/file",
           GENERIC("ide1-cd0, /nonexistent/file: No such file or directory"));
    g_autofree char *tiny = make_disc(discs->directory, "tiny", 0);
    g_autofree char *expected =
        g_strdup_printf(GENERIC("ide1-cd0, %s: empty: a disk has at least one sector"), tiny);
    change(&rig, tiny, expected);
    g_unlink(tiny);
    packet(&rig, ATAPI_TEST_UNIT_READY, 0);
    g_assert_cmpuint(capacity(&rig), ==, 15);
    end(&rig);
}

static char *monitor(ControlRig *rig, const char *line)
{
    g_autofree char *json = g_strdup_printf(
        "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}", line);
    return control_qmp(rig, json);
}

static void test_the_monitor_shows_and_changes_them(Discs *discs, gconstpointer data)
{
    (void)data;
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", "-cdrom", discs->first, NULL});
    ask(&rig, NEGOTIATE, DONE);
    g_autofree char *line = g_strdup_printf("change ide1-cd0 %s raw", discs->second);
    g_autofree char *changed = monitor(&rig, line);
    g_assert_cmpstr(changed, ==, "{\"return\":\"\"}");
    let_it_happen(&rig);
    g_autofree char *shown = monitor(&rig, "info block");
    g_autofree char *expected = g_strdup_printf(
        "{\"return\":\"ide1-cd0: %s (raw, read-only)\\r\\n    Removable device\\r\\n\"}",
        discs->second);
    g_assert_cmpstr(shown, ==, expected);
    g_autofree char *ejected = monitor(&rig, "eject -f ide1-cd0");
    g_assert_cmpstr(ejected, ==, "{\"return\":\"\"}");
    let_it_happen(&rig);
    g_autofree char *empty = monitor(&rig, "info block");
    g_assert_cmpstr(empty, ==,
                    "{\"return\":\"ide1-cd0: [not inserted]\\r\\n    Removable device\\r\\n\"}");
    end(&rig);
}

#define SENTENCE(name, test) g_test_add("/media/" name, Discs, NULL, setup, test, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SENTENCE("change_while_the_machine_runs", test_media_change);
    SENTENCE("a_recording_has_the_changes", test_a_recording_has_the_changes);
    SENTENCE("a_read_that_stops_the_machine_is_tried_again", test_rerror_stop);
    SENTENCE("qcow2_is_read_and_written", test_qcow2);
    SENTENCE("what_cannot_be_is_refused", test_what_cannot_be_is_refused);
    SENTENCE("the_monitor_shows_and_changes_them", test_the_monitor_shows_and_changes_them);
    return g_test_run();
}
