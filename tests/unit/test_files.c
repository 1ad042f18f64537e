/*
 * Files that are created, replaced and removed: their names cannot be guessed,
 * links of other users are not followed, and a run that never began changes
 * nothing.
 */
#include "src/base/file_io.h"
#include "src/base/file_place.h"
#include "src/base/output_file.h"
#include "src/base/pidfile.h"
#include "src/char/pty_link.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Fixture {
    char *directory, *path, *secret;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->directory = g_dir_make_tmp("pioemu-files-XXXXXX", NULL);
    f->path = g_build_filename(f->directory, "file", NULL);
    f->secret = g_build_filename(f->directory, "secret", NULL);
    g_assert_true(g_file_set_contents(f->secret, "secret", -1, NULL));
}

static void remove_all(const char *directory)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_unlink(path);
    }
    g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    remove_all(f->directory);
    g_free(f->directory);
    g_free(f->path);
    g_free(f->secret);
}

static void assert_holds(const char *path, const char *expected)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

static unsigned count_files(const Fixture *f)
{
    g_autoptr(GDir) dir = g_dir_open(f->directory, 0, NULL);
    unsigned count = 0;
    while (g_dir_read_name(dir)) {
        count++;
    }
    return count;
}

static void link_to_secret(const Fixture *f, const char *path)
{
    g_assert_cmpint(symlink(f->secret, path), ==, 0);
}

/* ---- names ---- */

static void test_names_cannot_be_guessed(Fixture *f, gconstpointer data)
{
    (void)data;
    FilePlace place;
    g_autofree char *one = NULL, *two = NULL;
    g_assert_true(file_place_open(&place, f->path));
    close(file_place_make(&place, &one));
    close(file_place_make(&place, &two));
    g_assert_cmpuint(strlen(one), ==, strlen(".pioemu-") + 16);
    g_assert_cmpstr(one, !=, two);
    g_assert_cmpuint(count_files(f), ==, 3);
    file_place_clear(&place);
}

/* In this way root once overwrote the target of a link. */
static void test_links_of_others_are_not_followed(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autofree char *old = g_strdup_printf("%s/.pioemu-%ld", f->directory, (long)getpid());
    link_to_secret(f, old);
    link_to_secret(f, f->path);
    g_assert_true(file_io_replace("-result", f->path, "text", NULL));
    assert_holds(f->secret, "secret");
    assert_holds(f->path, "text");
    g_assert_false(g_file_test(f->path, G_FILE_TEST_IS_SYMLINK));
    g_assert_cmpuint(count_files(f), ==, 3);
}

/* The directory is the one that was at the path at first. */
static void test_a_place_stays_where_it_was(Fixture *f, gconstpointer data)
{
    (void)data;
    FilePlace place;
    g_autofree char *name = NULL;
    g_autofree char *elsewhere = g_strconcat(f->directory, "-moved", NULL);
    g_assert_true(file_place_open(&place, f->path));
    int fd = file_place_make(&place, &name);
    g_assert_cmpint(rename(f->directory, elsewhere), ==, 0);
    g_assert_cmpint(g_mkdir(f->directory, 0700), ==, 0);
    g_assert_true(file_place_put(&place, name, true));
    g_assert_true(file_place_holds(&place, fd));
    g_assert_cmpuint(count_files(f), ==, 0);
    file_place_remove(&place, fd);
    close(fd);
    file_place_clear(&place);
    remove_all(elsewhere);
}

static void test_put_can_keep_from_replacing(Fixture *f, gconstpointer data)
{
    (void)data;
    FilePlace place;
    g_autofree char *name = NULL;
    g_assert_true(file_place_open(&place, f->secret));
    int fd = file_place_make(&place, &name);
    g_assert_false(file_place_put(&place, name, false));
    g_assert_false(file_place_holds(&place, fd));
    file_place_remove(&place, fd);
    assert_holds(f->secret, "secret");
    file_place_discard(&place, name);
    g_assert_cmpuint(count_files(f), ==, 1);
    close(fd);
    file_place_clear(&place);
}

static void test_a_terminals_link_takes_no_file_beside_it(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autofree char *beside = g_strdup_printf("%s.%ld", f->path, (long)getpid());
    g_assert_true(g_file_set_contents(beside, "theirs", -1, NULL));
    PtyLink *link = pty_link_new(f->path, "/dev/pts/999", NULL);
    g_assert_nonnull(link);
    assert_holds(beside, "theirs");
    g_autofree char *target = g_file_read_link(f->path, NULL);
    g_assert_cmpstr(target, ==, "/dev/pts/999");
    pty_link_free(link);
    g_assert_cmpuint(count_files(f), ==, 2);
}

/* ---- the file of -pidfile ---- */

static Pidfile *claim(const Fixture *f)
{
    return pidfile_claim(f->path, NULL);
}

static void assert_ours(const Fixture *f)
{
    g_autofree char *text = g_strdup_printf("%ld\n", (long)getpid());
    assert_holds(f->path, text);
}

static void test_pidfile_has_one_owner(Fixture *f, gconstpointer data)
{
    (void)data;
    Pidfile *first = claim(f);
    g_assert_true(pidfile_write(first, NULL));
    assert_ours(f);
    g_autoptr(GError) error = NULL;
    g_assert_null(pidfile_claim(f->path, &error));
    g_assert_nonnull(strstr(error->message, "another process has it"));
    assert_ours(f);
    pidfile_free(first);
    g_assert_cmpuint(count_files(f), ==, 1);
}

/* Both find no file at first.  When they write, one of them finds it taken. */
static void test_pidfile_of_two_at_once_goes_to_one(Fixture *f, gconstpointer data)
{
    (void)data;
    Pidfile *first = claim(f), *second = claim(f);
    g_assert_true(pidfile_write(second, NULL));
    g_assert_false(pidfile_write(first, NULL));
    pidfile_free(first);
    assert_ours(f);
    pidfile_free(second);
    g_assert_cmpuint(count_files(f), ==, 1);
}

/* The process of the file was killed, so no process holds the lock. */
static void test_stale_pidfile_is_replaced(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_true(g_file_set_contents(f->path, "12345678\n", -1, NULL));
    Pidfile *first = claim(f);
    g_assert_nonnull(first);
    g_assert_null(claim(f));
    assert_holds(f->path, "12345678\n");
    g_assert_true(pidfile_write(first, NULL));
    assert_ours(f);
    g_assert_null(claim(f));
    pidfile_free(first);
    g_assert_cmpuint(count_files(f), ==, 1);
}

static void test_pidfile_replaces_a_link(Fixture *f, gconstpointer data)
{
    (void)data;
    link_to_secret(f, f->path);
    Pidfile *file = claim(f);
    g_assert_true(pidfile_write(file, NULL));
    assert_ours(f);
    assert_holds(f->secret, "secret");
    pidfile_free(file);
    g_assert_cmpuint(count_files(f), ==, 1);
}

/* Another process's file was put there. */
static void test_only_our_own_pidfile_is_removed(Fixture *f, gconstpointer data)
{
    (void)data;
    Pidfile *file = claim(f);
    g_assert_true(pidfile_write(file, NULL));
    g_assert_true(g_file_set_contents(f->path, "1\n", -1, NULL));
    pidfile_free(file);
    assert_holds(f->path, "1\n");
}

static void test_pidfile_of_a_run_that_never_began_is_untouched(Fixture *f, gconstpointer data)
{
    (void)data;
    pidfile_free(claim(f));
    g_assert_cmpuint(count_files(f), ==, 1);
    g_assert_true(g_file_set_contents(f->path, "1\n", -1, NULL));
    pidfile_free(claim(f));
    assert_holds(f->path, "1\n");
}

/* ---- output ---- */

static void test_output_is_emptied_when_the_run_begins(Fixture *f, gconstpointer data)
{
    (void)data;
    OutputFile file;
    g_assert_true(output_file_open(&file, f->secret, 0, false));
    assert_holds(f->secret, "secret");
    g_assert_true(output_file_begin(&file));
    assert_holds(f->secret, "");
    g_assert_true(output_file_close(&file));
    g_assert_true(output_file_close(&file));
    assert_holds(f->secret, "");
}

static void test_output_of_a_run_that_never_began_is_as_before(Fixture *f, gconstpointer data)
{
    (void)data;
    OutputFile old, fresh;
    g_assert_true(output_file_open(&old, f->secret, 0, false));
    g_assert_true(output_file_open(&fresh, f->path, 0, false));
    output_file_close(&old);
    output_file_close(&fresh);
    assert_holds(f->secret, "secret");
    g_assert_cmpuint(count_files(f), ==, 1);
}

static void test_continuing_output_is_kept(Fixture *f, gconstpointer data)
{
    (void)data;
    OutputFile file;
    g_assert_true(output_file_open(&file, f->secret, O_APPEND, true));
    g_assert_true(output_file_begin(&file));
    output_file_close(&file);
    assert_holds(f->secret, "secret");
}

/* Opening it would have waited for ever. */
static void test_output_to_a_pipe_without_a_reader_is_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    OutputFile file;
    g_assert_cmpint(mkfifo(f->path, 0600), ==, 0);
    g_assert_false(output_file_open(&file, f->path, 0, false));
    g_assert_cmpint(errno, ==, ENXIO);
}

#define TEST(name) g_test_add("/files/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(names_cannot_be_guessed);
    TEST(links_of_others_are_not_followed);
    TEST(a_place_stays_where_it_was);
    TEST(put_can_keep_from_replacing);
    TEST(a_terminals_link_takes_no_file_beside_it);
    TEST(pidfile_has_one_owner);
    TEST(pidfile_of_two_at_once_goes_to_one);
    TEST(stale_pidfile_is_replaced);
    TEST(pidfile_replaces_a_link);
    TEST(only_our_own_pidfile_is_removed);
    TEST(pidfile_of_a_run_that_never_began_is_untouched);
    TEST(output_is_emptied_when_the_run_begins);
    TEST(output_of_a_run_that_never_began_is_as_before);
    TEST(continuing_output_is_kept);
    TEST(output_to_a_pipe_without_a_reader_is_refused);
    return g_test_run();
}
