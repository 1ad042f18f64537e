/*
 * The network core without a network: the ring of frames, options, links and dumps.
 */
#include "src/net/frame_ring.h"
#include "src/net/net.h"

#include <glib/gstdio.h>

/* ---- the ring ---- */

static void test_ring_keeps_order_across_its_end(void)
{
    FrameRing ring;
    uint8_t frame[60] = {0};
    const uint8_t *found = NULL;
    frame_ring_init(&ring, 256);
    for (unsigned i = 0; i < 100; i++) {
        size_t size = 1 + i * 7 % 60;
        frame[0] = (uint8_t)i;
        g_assert_true(frame_ring_put(&ring, frame, size));
        g_assert_cmpuint(frame_ring_peek(&ring, &found), ==, size);
        g_assert_cmpuint(found[0], ==, i);
        frame_ring_skip(&ring, size);
        g_assert_cmpuint(frame_ring_peek(&ring, &found), ==, 0);
    }
    frame_ring_clear(&ring);
}

static void test_full_ring_takes_no_more(void)
{
    FrameRing ring;
    const uint8_t frame[300] = {0}, *found = NULL;
    frame_ring_init(&ring, 256);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_true(frame_ring_put(&ring, frame, 60));
    }
    g_assert_false(frame_ring_put(&ring, frame, 1));
    frame_ring_skip(&ring, frame_ring_peek(&ring, &found));
    g_assert_true(frame_ring_put(&ring, frame, 60));
    g_assert_false(frame_ring_put(&ring, frame, sizeof(frame)));
    frame_ring_clear(&ring);
}

/* ---- the set ---- */

typedef struct Fixture {
    Loop *loop;
    Clock *clock;
    NetSet *set;
} Fixture;

static void ignore_message(void *opaque, const char *text)
{
    (void)opaque, (void)text;
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->loop = loop_new(NULL);
    f->clock = clock_new_stepped();
    f->set = net_set_new(&(NetHost){.loop = f->loop, .clock = f->clock, .message = ignore_message});
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    net_set_free(f->set);
    clock_free(f->clock);
    loop_free(f->loop);
}

static void refuse(Fixture *f, const char *text, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(net_set_add(f->set, text, &error));
    g_assert_nonnull(strstr(error->message, why));
}

static void test_wrong_netdevs_are_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    refuse(f, "user", "id=ID");
    refuse(f, "tulip,id=a", "no network of the type 'tulip'");
    refuse(f, "user,id=a,colour=red", "colour");
    refuse(f, "user,id=a,net=10.0.2.0/99", "not a network");
    refuse(f, "user,id=a,dhcpstart=10.9.9.9", "not in the network");
    refuse(f, "user,id=a,tftp=/no/such", "not a directory");
    g_assert_true(net_set_add(f->set, "idle,id=a", NULL));
    refuse(f, "idle,id=a", "already");
}

static void test_link_is_found_by_the_netdev(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    (void)data;
    g_assert_true(net_set_add(f->set, "idle,id=a", NULL));
    g_assert_true(net_set_link(f->set, "a", false, NULL));
    net_set_describe(f->set, text);
    g_assert_nonnull(strstr(text->str, "link=off"));
    g_assert_false(net_set_link(f->set, "b", false, &error));
    g_assert_true(net_set_remove(f->set, "a", NULL));
    g_assert_false(net_set_link(f->set, "a", true, NULL));
}

static void test_dump_begins_as_libpcap_says(Fixture *f, gconstpointer data)
{
    g_autofree char *directory = g_dir_make_tmp("pioemu-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "net.pcap", NULL);
    g_autofree char *option = g_strdup_printf("filter-dump,id=d,netdev=a,file=%s", path);
    g_autofree char *bytes = NULL;
    gsize size;
    uint32_t magic;
    (void)data;
    g_assert_false(net_set_add_filter(f->set, option, NULL));
    g_assert_true(net_set_add(f->set, "idle,id=a", NULL));
    g_assert_true(net_set_add_filter(f->set, option, NULL));
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    g_assert_cmpuint(size, ==, 24);
    memcpy(&magic, bytes, 4);
    g_assert_cmphex(magic, ==, 0xa1b2c3d4);
    g_unlink(path);
    g_rmdir(directory);
}

#define ADD(path, test) g_test_add("/net/" path, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/ring/keeps_order_across_its_end", test_ring_keeps_order_across_its_end);
    g_test_add_func("/net/ring/full_one_takes_no_more", test_full_ring_takes_no_more);
    ADD("wrong_netdevs_are_refused", test_wrong_netdevs_are_refused);
    ADD("link_is_found_by_the_netdev", test_link_is_found_by_the_netdev);
    ADD("dump/begins_as_libpcap_says", test_dump_begins_as_libpcap_says);
    return g_test_run();
}
