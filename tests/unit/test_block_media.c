/* Requests with guest memory, sectors that are discarded, and media that are changed. */
#include "tests/unit/block_rig.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- guest memory ---- */

static void fill(Bench *b, uint64_t address, uint8_t value, size_t size)
{
    g_assert_true(memory_fill(b->memory, address, value, size));
}

static uint8_t byte_at(const Bench *b, uint64_t address)
{
    uint8_t byte;
    g_assert_true(memory_read(b->memory, address, &byte, 1));
    return byte;
}

static void let_pass(Bench *b, Probe *p, gconstpointer clocked, unsigned count)
{
    if (clocked) {
        clock_step(b->clock, 10000000);
    }
    wait_for(p, count);
}

static void read_goes_to_each_piece_of_memory(Bench *b, gconstpointer data)
{
    static const BlockSpan SPANS[] = {{0x1000, 512}, {0x5100, 100}, {0x3000, 412}};
    Probe *p = make_probe(b, "d", "if=none");
    fill(b, 0, 0xee, 0x8000);
    pio_block_readv(p->port, 5, SPANS, 3, 7);
    g_assert_cmpuint(byte_at(b, 0x1000), ==, 0xee);
    let_pass(b, p, data, 1);
    g_assert_true(p->ok[0]);
    g_assert_cmpuint(p->tags[0], ==, 7);
    g_assert_cmpuint(byte_at(b, 0x0fff), ==, 0xee);
    g_assert_cmpuint(byte_at(b, 0x1000), ==, 6);
    g_assert_cmpuint(byte_at(b, 0x11ff), ==, 6);
    g_assert_cmpuint(byte_at(b, 0x1200), ==, 0xee);
    g_assert_cmpuint(byte_at(b, 0x5100), ==, 7);
    g_assert_cmpuint(byte_at(b, 0x5163), ==, 7);
    g_assert_cmpuint(byte_at(b, 0x5164), ==, 0xee);
    g_assert_cmpuint(byte_at(b, 0x3000), ==, 7);
    g_assert_cmpuint(byte_at(b, 0x319b), ==, 7);
    g_assert_cmpuint(byte_at(b, 0x319c), ==, 0xee);
}

static void write_takes_memory_as_it_is_at_the_call(Bench *b, gconstpointer data)
{
    static const BlockSpan SPANS[] = {{0x1000, 256}, {0x2000, 256}};
    Probe *p = make_probe(b, "d", "if=none");
    fill(b, 0x1000, 0x21, 256);
    fill(b, 0x2000, 0x43, 256);
    pio_block_writev(p->port, 9, SPANS, 2, 1);
    fill(b, 0x1000, 0xff, 0x2000);
    let_pass(b, p, data, 1);
    g_assert_true(p->ok[0]);
    g_autofree char *file = NULL;
    g_assert_true(g_file_get_contents(b->path, &file, NULL, NULL));
    g_assert_cmpuint((uint8_t)file[9 * IMAGE_SECTOR], ==, 0x21);
    g_assert_cmpuint((uint8_t)file[9 * IMAGE_SECTOR + 255], ==, 0x21);
    g_assert_cmpuint((uint8_t)file[9 * IMAGE_SECTOR + 256], ==, 0x43);
    g_assert_cmpuint((uint8_t)file[10 * IMAGE_SECTOR - 1], ==, 0x43);
    g_assert_cmpuint((uint8_t)file[10 * IMAGE_SECTOR], ==, 11);
}

static void what_a_guest_cannot_mean_fails(Bench *b, gconstpointer data)
{
    static const struct {
        BlockSpan span;
        uint64_t lba;
    } WRONG[] = {
        {{0x1000, 511}, 0},           {{0x1000, 0}, 0},
        {{0x1000, 512}, SECTORS},     {{0x1000, 1024}, SECTORS - 1},
        {{0x1000, 512}, UINT64_MAX},  {{MEMORY_SIZE - 256, 512}, 0},
        {{UINT64_MAX - 255, 512}, 0}, {{0, UINT64_MAX - 511}, 0},
        {{0, UINT64_C(64) << 20}, 0},
    };
    for (unsigned write = 0; write < 2; write++) {
        g_autofree char *id = g_strdup_printf("d%u", write);
        Probe *p = make_probe(b, id, write ? "if=none,snapshot=on" : "if=none,readonly=on");
        for (unsigned i = 0; i < G_N_ELEMENTS(WRONG); i++) {
            (write ? pio_block_writev : pio_block_readv)(p->port, WRONG[i].lba, &WRONG[i].span, 1,
                                                         i);
        }
        let_pass(b, p, data, G_N_ELEMENTS(WRONG));
        for (unsigned i = 0; i < G_N_ELEMENTS(WRONG); i++) {
            g_assert_false(p->ok[i]);
        }
        g_assert_cmpuint(block_port_backlog(p->port), ==, 0);
    }
    g_assert_cmpstr(b->messages->str, ==, "");
}

/* ---- sectors that are given back ---- */

static blkcnt_t blocks(const Bench *b)
{
    struct stat st;
    g_assert_cmpint(stat(b->path, &st), ==, 0);
    return st.st_blocks;
}

static void zeroed_sectors_read_as_zeros(Bench *b, gconstpointer data)
{
    (void)data;
    static const char *const DRIVES[] = {"if=none", "if=none,snapshot=on"};
    uint8_t in[4 * IMAGE_SECTOR];
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *id = g_strdup_printf("d%u", i);
        Probe *p = make_probe(b, id, DRIVES[1 - i]);
        pio_block_write_zeroes(p->port, 10, 2, false, 1);
        pio_block_write_zeroes(p->port, 12, 1, true, 2);
        pio_block_read(p->port, 9, in, 4, 3);
        wait_for(p, 3);
        g_assert_true(p->ok[0] && p->ok[1] && p->ok[2]);
        g_assert_cmpuint(in[0], ==, 10);
        g_assert_cmpuint(in[1 * IMAGE_SECTOR] | in[2 * IMAGE_SECTOR] | in[4 * IMAGE_SECTOR - 1], ==,
                         0);
        pio_block_read(p->port, 13, in, 1, 4);
        wait_for(p, 4);
        g_assert_cmpuint(in[0], ==, 14);
        g_clear_pointer(&b->set, blockset_free);
        b->set = blockset_new(b->loop, NULL, take_message, b);
    }
}

static void discarded_sectors_stay_unless_they_may_go(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t in[IMAGE_SECTOR];
    Probe *p = make_probe(b, "d", "if=none");
    blkcnt_t before = blocks(b);
    pio_block_discard(p->port, 0, SECTORS, 1);
    pio_block_read(p->port, 5, in, 1, 2);
    wait_for(p, 2);
    g_assert_true(p->ok[0] && p->ok[1]);
    g_assert_cmpuint(in[0], ==, 6);
    g_assert_cmpint(blocks(b), ==, before);
}

static void read_only_drive_gives_nothing_back(Bench *b, gconstpointer data)
{
    (void)data;
    Probe *p = make_probe(b, "d", "if=none,readonly=on");
    pio_block_discard(p->port, 0, SECTORS, 1);
    pio_block_write_zeroes(p->port, 0, SECTORS, true, 2);
    wait_for(p, 2);
    g_assert_false(p->ok[0] || p->ok[1]);
}

/* ---- what follows when the host fails ---- */

static void note_failure(void *opaque, const BlockFailure *failure)
{
    Bench *b = opaque;
    b->failures++;
    b->failure = *failure;
}

static void wait_for_failure(Bench *b, gconstpointer clocked)
{
    if (clocked) {
        clock_step(b->clock, 10000000);
    }
    while (!b->failures) {
        loop_step(b->loop, true);
    }
}

static void stopped_read_is_tried_again(Bench *b, gconstpointer data)
{
    uint8_t in[2][IMAGE_SECTOR] = {{0}};
    Probe *p = make_probe(b, "d", "if=none,rerror=stop");
    blockset_set_failed(b->set, note_failure);
    g_assert_cmpint(truncate(b->path, 10 * IMAGE_SECTOR), ==, 0);
    pio_block_read(p->port, 20, in[0], 1, 1);
    pio_block_read(p->port, 2, in[1], 1, 2);
    wait_for_failure(b, data);
    g_assert_cmpint(b->failure.action, ==, DRIVE_STOP);
    g_assert_false(b->failure.write || b->failure.no_space);
    g_assert_cmpstr(b->failure.drive, ==, "d");
    g_assert_cmpuint(p->done, ==, 0);
    g_assert_nonnull(strstr(b->messages->str, "the machine is paused"));
    g_assert_cmpint(truncate(b->path, SECTORS * IMAGE_SECTOR), ==, 0);
    blockset_retry(b->set);
    let_pass(b, p, data, 2);
    g_assert_cmpuint(p->tags[0], ==, 1);
    g_assert_true(p->ok[0] && p->ok[1]);
    g_assert_cmpuint(in[1][0], ==, 3);
    g_assert_cmpuint(b->failures, ==, 1);
}

static void stopped_request_can_be_cancelled(Bench *b, gconstpointer data)
{
    uint8_t in[IMAGE_SECTOR];
    Probe *p = make_probe(b, "d", "if=none,rerror=stop");
    blockset_set_failed(b->set, note_failure);
    g_assert_cmpint(truncate(b->path, 10 * IMAGE_SECTOR), ==, 0);
    pio_block_read(p->port, 20, in, 1, 1);
    wait_for_failure(b, data);
    pio_block_cancel(p->port);
    pio_block_read(p->port, 2, in, 1, 2);
    let_pass(b, p, data, 1);
    g_assert_cmpuint(p->tags[0], ==, 2);
    g_assert_true(p->ok[0]);
    g_assert_cmpuint(in[0], ==, 3);
}

static void machine_ends_with_a_stopped_request(Bench *b, gconstpointer data)
{
    uint8_t in[IMAGE_SECTOR];
    Probe *p = make_probe(b, "d", "if=none,rerror=stop");
    blockset_set_failed(b->set, note_failure);
    g_assert_cmpint(truncate(b->path, 10 * IMAGE_SECTOR), ==, 0);
    pio_block_read(p->port, 20, in, 1, 1);
    wait_for_failure(b, data);
    g_assert_cmpuint(p->done, ==, 0);
}

static void ignored_read_yields_zeros(Bench *b, gconstpointer data)
{
    uint8_t in[IMAGE_SECTOR];
    Probe *p = make_probe(b, "d", "if=none,rerror=ignore");
    blockset_set_failed(b->set, note_failure);
    memset(in, 0xff, sizeof(in));
    g_assert_cmpint(truncate(b->path, 10 * IMAGE_SECTOR), ==, 0);
    pio_block_read(p->port, 20, in, 1, 1);
    let_pass(b, p, data, 1);
    wait_for_failure(b, data);
    g_assert_true(p->ok[0]);
    g_assert_cmpuint(in[0] | in[IMAGE_SECTOR - 1], ==, 0);
    g_assert_cmpint(b->failure.action, ==, DRIVE_IGNORE);
}

/* A file that grows too large is not a disk that is full. */
static void enospc_stops_for_want_of_space_only(Bench *b, gconstpointer data)
{
    uint8_t out[IMAGE_SECTOR] = {0};
    struct rlimit before, small;
    Probe *p = make_probe(b, "d", "if=none,werror=enospc");
    blockset_set_failed(b->set, note_failure);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){.rlim_cur = 8 * IMAGE_SECTOR, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    pio_block_write(p->port, 8, out, 1, 1);
    let_pass(b, p, data, 1);
    setrlimit(RLIMIT_FSIZE, &before);
    wait_for_failure(b, data);
    g_assert_false(p->ok[0]);
    g_assert_cmpint(b->failure.action, ==, DRIVE_REPORT);
    g_assert_true(b->failure.write);
}

static void caches_are_what_they_say(Bench *b, gconstpointer data)
{
    (void)data;
    static const char *const CACHES[] = {"none", "directsync", "writethrough", "writeback"};
    g_autofree uint8_t *out = g_malloc(8 * IMAGE_SECTOR), *in = g_malloc0(8 * IMAGE_SECTOR);
    for (size_t i = 0; i < G_N_ELEMENTS(CACHES); i++) {
        g_autofree char *rest = g_strdup_printf("if=none,cache=%s,aio=native", CACHES[i]);
        Probe *p = make_probe(b, "d", rest);
        memset(out, (int)i + 0x60, 8 * IMAGE_SECTOR);
        pio_block_write(p->port, 8, out, 8, 1);
        pio_block_read(p->port, 8, in, 8, 2);
        pio_block_read(p->port, 7, in, 1, 3);
        wait_for(p, 2);
        g_assert_true(p->ok[0] && p->ok[1]);
        g_assert_cmpuint(in[8 * IMAGE_SECTOR - 1], ==, i + 0x60);
        wait_for(p, 3);
        g_assert_cmpuint(in[0], ==, 8);
        g_clear_pointer(&b->set, blockset_free);
        b->set = blockset_new(b->loop, NULL, take_message, b);
    }
}

static void discarded_sectors_are_given_back(Bench *b, gconstpointer data)
{
    (void)data;
    uint8_t in[IMAGE_SECTOR];
    blkcnt_t before = blocks(b);
    Probe *p = make_probe(b, "d", "if=none,discard=unmap");
    pio_block_discard(p->port, 0, SECTORS, 1);
    pio_block_read(p->port, 5, in, 1, 2);
    wait_for(p, 2);
    g_assert_true(p->ok[0] && p->ok[1]);
    if (in[0]) {
        g_test_skip("the file system of the temporary files cannot punch holes");
        return;
    }
    g_assert_cmpint(blocks(b), <, before);
}

/* ---- media ---- */

/* Puts an image of two sectors with this value into the drive. */
static void change(Bench *b, uint8_t value)
{
    g_autofree char *path = g_build_filename(b->directory, "other", NULL);
    g_autofree char *content = g_malloc(2 * IMAGE_SECTOR);
    const BlockChange other = {.file = path, .mode = BLOCK_MODE_READ_ONLY};
    g_autoptr(GError) error = NULL;
    memset(content, value, 2 * IMAGE_SECTOR);
    g_assert_true(g_file_set_contents(path, content, 2 * IMAGE_SECTOR, NULL));
    blockset_change(b->set, "d", &other, NULL, &error);
    g_assert_no_error(error);
    g_remove(path);
}

static void wait_for_change(Bench *b, Probe *p, gconstpointer clocked, unsigned count)
{
    if (clocked) {
        clock_step(b->clock, 10000000);
    }
    while (p->changes < count) {
        loop_step(p->loop, true);
    }
}

static void another_medium_comes_behind_what_was_asked(Bench *b, gconstpointer data)
{
    uint8_t old[IMAGE_SECTOR], late[IMAGE_SECTOR] = {0}, new[IMAGE_SECTOR];
    Probe *p = make_probe(b, "d", "if=none");
    pio_block_read(p->port, 1, old, 1, 1);
    change(b, 0x77);
    g_assert_cmpuint(pio_block_sectors(p->port), ==, SECTORS);
    /* The request is for the medium that the device knows. */
    pio_block_read(p->port, 1, late, 1, 2);
    wait_for_change(b, p, data, 1);
    let_pass(b, p, data, 2);
    g_assert_cmpuint(p->tags[0], ==, 1);
    g_assert_true(p->ok[0]);
    g_assert_cmpuint(old[0], ==, 2);
    g_assert_false(p->ok[1]);
    g_assert_cmpuint(late[0], ==, 0);
    g_assert_cmpuint(pio_block_sectors(p->port), ==, 2);
    g_assert_true(pio_block_read_only(p->port));
    pio_block_read(p->port, 1, new, 1, 3);
    let_pass(b, p, data, 3);
    g_assert_true(p->ok[2]);
    g_assert_cmpuint(new[0], ==, 0x77);
    g_assert_cmpstr(b->messages->str, ==, "");
}

static void an_ejected_drive_is_empty_and_its_file_free(Bench *b, gconstpointer data)
{
    Probe *p = make_probe(b, "d", "if=none");
    g_assert_true(refused(b, "if=none", "in use"));
    g_assert_true(blockset_eject(b->set, "d", false, NULL));
    wait_for_change(b, p, data, 1);
    g_assert_cmpuint(pio_block_sectors(p->port), ==, 0);
    g_assert_false(refused(b, "if=none", "in use"));
    pio_block_flush(p->port, 1);
    let_pass(b, p, data, 1);
    g_assert_false(p->ok[0]);
}

static void a_reset_does_not_bring_the_old_medium_back(Bench *b, gconstpointer data)
{
    uint8_t buffer[IMAGE_SECTOR];
    Probe *p = make_probe(b, "d", "if=none");
    pio_block_read(p->port, 1, buffer, 1, 1);
    change(b, 0x77);
    pio_block_cancel(p->port);
    wait_for_change(b, p, data, 1);
    pio_block_read(p->port, 0, buffer, 1, 2);
    let_pass(b, p, data, 1);
    g_assert_cmpuint(p->tags[0], ==, 2);
    g_assert_cmpuint(buffer[0], ==, 0x77);
}

static void a_locked_drive_opens_by_force_only(Bench *b, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Probe *p = make_probe(b, "d", "if=none");
    p->locked = true;
    g_assert_false(blockset_eject(b->set, "d", false, &error));
    g_assert_nonnull(strstr(error->message, "is locked"));
    g_assert_true(blockset_eject(b->set, "d", true, NULL));
    wait_for_change(b, p, data, 1);
    g_clear_error(&error);
    g_assert_false(blockset_eject(b->set, "e", true, &error));
    g_assert_nonnull(strstr(error->message, "not found"));
}

#define SENTENCE(group, name)                                                                      \
    g_test_add("/block/" group "/" #name, Bench, NULL, setup, name, teardown);                     \
    g_test_add("/block/" group "/on_machine_time/" #name, Bench, "clock", setup, name, teardown)

#define SENTENCE_OF_IMAGES(name)                                                                   \
    g_test_add("/block/unmap/" #name, Bench, NULL, setup, name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SENTENCE("memory", read_goes_to_each_piece_of_memory);
    SENTENCE("memory", write_takes_memory_as_it_is_at_the_call);
    SENTENCE("memory", what_a_guest_cannot_mean_fails);
    SENTENCE_OF_IMAGES(zeroed_sectors_read_as_zeros);
    SENTENCE_OF_IMAGES(discarded_sectors_stay_unless_they_may_go);
    SENTENCE_OF_IMAGES(read_only_drive_gives_nothing_back);
    SENTENCE_OF_IMAGES(discarded_sectors_are_given_back);
    SENTENCE_OF_IMAGES(caches_are_what_they_say);
    SENTENCE("failures", stopped_read_is_tried_again);
    SENTENCE("failures", stopped_request_can_be_cancelled);
    SENTENCE("failures", machine_ends_with_a_stopped_request);
    SENTENCE("failures", ignored_read_yields_zeros);
    SENTENCE("failures", enospc_stops_for_want_of_space_only);
    SENTENCE("media", another_medium_comes_behind_what_was_asked);
    SENTENCE("media", an_ejected_drive_is_empty_and_its_file_free);
    SENTENCE("media", a_reset_does_not_bring_the_old_medium_back);
    SENTENCE("media", a_locked_drive_opens_by_force_only);
    return g_test_run();
}
