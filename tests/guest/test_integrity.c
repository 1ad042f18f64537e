/*
 * The disk image after a kill of the program during a guest's writes: everything
 * that was flushed is there, in the guest's order, with no sector half written;
 * with a snapshot nothing is there.  The moments are random, and `--seed` repeats
 * them.  `-m slow` has 200 of them for each accelerator.
 */
#include "devices/storage/ata_regs.h"
#include "tests/guest/guest_rig.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SECTORS     300u
#define SECTOR_SIZE ((size_t)ATA_SECTOR_SIZE)
#define PAIRS       (SECTOR_SIZE / 8)
#define STEP        7u /* of guests/diskwrite.S */

#define KILLS      10u
#define KILLS_SLOW 200u
/* The program is killed at most this long after the guest said that this many flushes were done. */
#define MOST_FLUSHES 5
#define MOST_WAIT_US 4000

typedef enum Mode { WRITEBACK, UNSAFE, SNAPSHOT, MODES } Mode;

static const char *const MODE_OPTIONS[MODES] = {
    [WRITEBACK] = "cache=writeback", [UNSAFE] = "cache=unsafe", [SNAPSHOT] = "snapshot=on"};

/* What a run of the guest writes. */
typedef struct Run {
    const char *image;
    Mode mode;
    unsigned sectors, commands; /* in a command, between flushes */
    uint32_t first;             /* the number before the first command */
    uint32_t flushed;           /* everything up to this command is flushed, according to the
                                   guest's last message */
} Run;

/* ---- what must be on the disk ---- */

static uint32_t first_sector(const Run *run, uint32_t number)
{
    return (uint32_t)((uint64_t)number * STEP % (SECTORS / run->sectors)) * run->sectors;
}

static void fill_sector(uint8_t *data, uint32_t sector, uint32_t number)
{
    const uint32_t pair[] = {GUINT32_TO_LE(number), GUINT32_TO_LE(sector)};
    for (size_t i = 0; i < PAIRS; i++) {
        memcpy(data + i * sizeof(pair), pair, sizeof(pair));
    }
}

/* Does to `disk` what command `number` does, up to `count` sectors. */
static void write_run(uint8_t *disk, const Run *run, uint32_t number, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t sector = first_sector(run, number) + i;
        fill_sector(disk + sector * SECTOR_SIZE, sector, number);
    }
}

/* The number in a complete sector.  0: it was never written. */
static uint32_t sector_number(const uint8_t *disk, uint32_t sector)
{
    const uint8_t *data = disk + sector * SECTOR_SIZE;
    uint8_t whole[SECTOR_SIZE] = {0};
    uint32_t number;
    memcpy(&number, data, sizeof(number));
    number = GUINT32_FROM_LE(number);
    if (number) {
        fill_sector(whole, sector, number);
    }
    if (memcmp(data, whole, sizeof(whole)) != 0) {
        g_error("sector %u is torn; it starts with %u", sector, number);
    }
    return number;
}

static uint32_t newest_number(const uint8_t *disk)
{
    uint32_t newest = 0;
    for (uint32_t i = 0; i < SECTORS; i++) {
        uint32_t number = sector_number(disk, i);
        newest = MAX(newest, number);
    }
    return newest;
}

/*
 * The disk must be the result of the guest's commands, one after another.  Of the
 * last command there may be only the first sectors.
 */
static void check_written(const Run *run, const uint8_t *before, const uint8_t *after)
{
    uint32_t newest = MAX(newest_number(after), run->first);
    g_autofree uint8_t *expected = g_memdup2(before, SECTORS * SECTOR_SIZE);
    g_assert_cmpuint(newest, >=, run->flushed);
    for (uint32_t number = run->first + 1; number < newest; number++) {
        write_run(expected, run, number, run->sectors);
    }
    uint32_t start = newest > run->first ? first_sector(run, newest) : 0, there = 0;
    while (newest > run->first && there < run->sectors &&
           sector_number(after, start + there) == newest) {
        there++;
    }
    write_run(expected, run, newest, there);
    g_assert_true(there == run->sectors || newest > run->flushed || newest == run->first);
    for (uint32_t i = 0; i < SECTORS; i++) {
        if (sector_number(after, i) != sector_number(expected, i)) {
            g_error("sector %u is of command %u, not %u; killed in %u, flushed up to %u", i,
                    sector_number(after, i), sector_number(expected, i), newest, run->flushed);
        }
    }
}

/* ---- a run that is killed ---- */

static uint32_t last_flushed(const Run *run, const Guest *guest)
{
    uint32_t flushed = run->first;
    g_auto(GStrv) lines = g_strsplit(guest_output(guest, GUEST_OUT)->str, "\n", -1);
    /* An incomplete last line may contain half of a number. */
    for (char **line = lines; *line && line[1]; line++) {
        if (g_str_has_prefix(*line, "flushed ")) {
            flushed = (uint32_t)strtoul(*line + strlen("flushed "), NULL, 10);
        }
    }
    return flushed;
}

static void spin(gint64 us)
{
    gint64 end = g_get_monotonic_time() + us;
    while (g_get_monotonic_time() < end) {
    }
}

static void run_and_kill(const GuestTarget *target, Run *run)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES,
                    "-kernel diskwrite.bin -serial stdio -drive file=%s,%s -flat cx=%u,dx=%u,bp=%u",
                    run->image, MODE_OPTIONS[run->mode], run->sectors, run->commands, run->first);
    guest_expect(guest, GUEST_OUT, "disk: 300 sectors\n");
    for (int i = g_test_rand_int_range(0, MOST_FLUSHES); i > 0; i--) {
        guest_expect(guest, GUEST_OUT, "flushed ");
    }
    spin(g_test_rand_int_range(0, MOST_WAIT_US));
    guest_signal(guest, SIGKILL);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGKILL);
    run->flushed = last_flushed(run, guest);
}

static uint8_t *read_image(const char *path)
{
    char *data;
    gsize size;
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    g_assert_cmpuint(size, ==, SECTORS * SECTOR_SIZE);
    return (uint8_t *)data;
}

/* Each guest continues where the one before was killed. */
static void test_kills(const GuestTarget *target)
{
    static const unsigned LENGTHS[] = {1, 3, 8, 16, 24};
    g_autofree char *image = guest_path("disk.img");
    g_autofree uint8_t *disk = g_malloc0(SECTORS * SECTOR_SIZE);
    g_assert_true(
        g_file_set_contents(image, (const char *)disk, (gssize)(SECTORS * SECTOR_SIZE), NULL));
    unsigned kills = g_test_slow() ? KILLS_SLOW : KILLS, flushes = 0;
    for (unsigned i = 0; i < kills; i++) {
        Run run = {.image = image,
                   .mode = i % MODES,
                   .sectors = LENGTHS[g_test_rand_int_range(0, G_N_ELEMENTS(LENGTHS))],
                   .commands = (unsigned)g_test_rand_int_range(1, 7),
                   .first = newest_number(disk)};
        run_and_kill(target, &run);
        g_autofree uint8_t *after = read_image(image);
        if (run.mode == SNAPSHOT) {
            g_assert_cmpmem(after, SECTORS * SECTOR_SIZE, disk, SECTORS * SECTOR_SIZE);
        } else {
            check_written(&run, disk, after);
            flushes += (run.flushed - run.first) / run.commands;
        }
        memcpy(disk, after, SECTORS * SECTOR_SIZE);
    }
    g_test_message("%u kills, %u flushes, %u commands", kills, flushes, newest_number(disk));
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("disk/a_kill_leaves_what_was_flushed_and_no_half_sectors", test_kills,
                    GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
