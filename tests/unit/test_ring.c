/*
 * The byte ring: order, wrapping, and two threads.
 */
#include "src/char/ring.h"

static void test_keeps_order_over_the_edge(void)
{
    Ring ring;
    ring_init(&ring, 8);
    uint8_t next_in = 0, next_out = 0;
    for (int round = 0; round < 100; round++) {
        uint8_t in[5];
        for (size_t i = 0; i < sizeof(in); i++) {
            in[i] = next_in++;
        }
        g_assert_cmpuint(ring_put(&ring, in, sizeof(in)), ==, sizeof(in));
        const uint8_t *out;
        size_t size;
        while ((size = ring_peek(&ring, &out)) > 0) {
            for (size_t i = 0; i < size; i++) {
                g_assert_cmpuint(out[i], ==, next_out++);
            }
            ring_skip(&ring, size);
        }
    }
    g_assert_cmpuint(next_in, ==, next_out);
    ring_clear(&ring);
}

static void test_takes_no_more_than_fits(void)
{
    Ring ring;
    ring_init(&ring, 8);
    const uint8_t data[12] = "abcdefghijkl";
    g_assert_cmpuint(ring_put(&ring, data, 12), ==, 8);
    g_assert_cmpuint(ring_put(&ring, data, 1), ==, 0);
    g_assert_cmpuint(ring_room(&ring), ==, 0);
    ring_skip(&ring, 3);
    g_assert_cmpuint(ring_put(&ring, data + 8, 4), ==, 3);
    g_assert_cmpuint(ring_used(&ring), ==, 8);
    ring_clear(&ring);
}

/* The positions continue past 2^32. */
static void test_positions_wrap_at_two_to_the_32(void)
{
    Ring ring;
    ring_init(&ring, 16);
    ring.head = ring.tail = UINT32_MAX - 2;
    g_assert_cmpuint(ring_put(&ring, (const uint8_t *)"0123456789", 10), ==, 10);
    g_assert_cmpuint(ring_used(&ring), ==, 10);
    g_assert_cmpuint(ring_room(&ring), ==, 6);
    const uint8_t *out;
    g_autoptr(GString) got = g_string_new(NULL);
    for (size_t size; (size = ring_peek(&ring, &out)) > 0; ring_skip(&ring, size)) {
        g_string_append_len(got, (const char *)out, (gssize)size);
    }
    g_assert_cmpstr(got->str, ==, "0123456789");
    ring_clear(&ring);
}

#define THREADED_BYTES 1000000u

static gpointer produce(gpointer opaque)
{
    Ring *ring = opaque;
    for (uint32_t sent = 0; sent < THREADED_BYTES;) {
        uint8_t data[61];
        for (uint32_t i = 0; i < sizeof(data); i++) {
            data[i] = (uint8_t)((sent + i) * 7);
        }
        size_t put = ring_put(ring, data, MIN(sizeof(data), THREADED_BYTES - sent));
        sent += (uint32_t)put;
        if (!put) {
            g_thread_yield();
        }
    }
    return NULL;
}

static void test_one_producer_and_one_consumer_need_no_lock(void)
{
    Ring ring;
    ring_init(&ring, 256);
    GThread *thread = g_thread_new("producer", produce, &ring);
    for (uint32_t got = 0; got < THREADED_BYTES;) {
        const uint8_t *data;
        size_t size = ring_peek(&ring, &data);
        for (size_t i = 0; i < size; i++, got++) {
            g_assert_cmpuint(data[i], ==, (uint8_t)(got * 7));
        }
        ring_skip(&ring, size);
        if (!size) {
            g_thread_yield();
        }
    }
    g_thread_join(thread);
    ring_clear(&ring);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ring/keeps_order_over_the_edge", test_keeps_order_over_the_edge);
    g_test_add_func("/ring/takes_no_more_than_fits", test_takes_no_more_than_fits);
    g_test_add_func("/ring/positions_wrap_at_two_to_the_32", test_positions_wrap_at_two_to_the_32);
    g_test_add_func("/ring/one_producer_and_one_consumer_need_no_lock",
                    test_one_producer_and_one_consumer_need_no_lock);
    return g_test_run();
}
