/*
 * Split virtqueues without a guest: chains that are allowed, each way to break one,
 * and when the driver is told (VIRTIO 1.2, section 2.7).
 */
#include "src/board/memory.h"
#include "tests/unit/virtio_rig.h"

#include <string.h>

#define SIZE 8u

typedef struct Owner {
    Device *dev;
} Owner;

static const DeviceClass OWNER = {
    .head = DEVICE_CLASS_HEAD("owner", Owner),
    .description = "the owner of a queue",
};

typedef struct Fixture {
    Rig *rig;
    Device *dev;
    Virtqueue q;
    VirtqFeatures features;
    VirtqChain chain;
    const char *why;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    *f = (Fixture){.rig = rig_new()};
    rig_memory(f->rig);
    f->dev = rig_device_of(f->rig, &OWNER);
    g_assert_true(rig_realize(f->rig, f->dev, NULL));
    f->q =
        (Virtqueue){.descriptors = TABLE, .driver_ring = AVAIL, .device_ring = USED, .size = SIZE};
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_free(f->rig);
}

static VirtqResult take(Fixture *f)
{
    return virtq_take(f->dev, &f->q, &f->features, &f->chain, &f->why);
}

static void expect_broken(Fixture *f, const char *why)
{
    g_assert_cmpint(take(f), ==, VIRTQ_BROKEN);
    g_assert_cmpstr(f->why, ==, why);
}

static void describe(Fixture *f, unsigned at, uint64_t address, uint32_t size, unsigned flags,
                     unsigned next)
{
    put_descriptor(f->rig, TABLE, at, address, size, flags, next);
}

static void test_empty_until_a_chain_is_offered(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(take(f), ==, VIRTQ_EMPTY);
    describe(f, 3, BUFFER, 16, NEXT, 5);
    describe(f, 5, BUFFER + 0x100, 32, WRITE, 0);
    offer(f->rig, SIZE, 3);
    g_assert_cmpint(take(f), ==, VIRTQ_CHAIN);
    g_assert_cmpuint(f->chain.head, ==, 3);
    g_assert_cmpuint(f->chain.readable, ==, 1);
    g_assert_cmpuint(f->chain.writable, ==, 1);
    g_assert_cmpuint(f->chain.readable_bytes, ==, 16);
    g_assert_cmpuint(f->chain.writable_bytes, ==, 32);
    g_assert_cmpint(take(f), ==, VIRTQ_EMPTY);
}

static void test_returned_chain_is_in_the_used_ring(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_true(virtq_return(f->dev, &f->q, 3, 77));
    g_assert_cmpuint(peek(f->rig, USED + 4, 4), ==, 3);
    g_assert_cmpuint(peek(f->rig, USED + 8, 4), ==, 77);
    g_assert_cmpuint(peek(f->rig, USED + 2, 2), ==, 1);
}

/* The positions count to 65535 and on from 0. */
static void test_positions_wrap(Fixture *f, gconstpointer data)
{
    (void)data;
    f->q.taken = f->q.returned = 0xffff;
    poke(f->rig, AVAIL + 2, 0xffff, 2);
    describe(f, 1, BUFFER, 1, 0, 0);
    offer(f->rig, SIZE, 1);
    g_assert_cmpint(take(f), ==, VIRTQ_CHAIN);
    g_assert_cmpuint(f->q.taken, ==, 0);
    g_assert_true(virtq_return(f->dev, &f->q, 1, 0));
    g_assert_cmpuint(peek(f->rig, USED + 2, 2), ==, 0);
    g_assert_cmpuint(peek(f->rig, USED + 4 + 7 * 8, 4), ==, 1);
}

static void test_more_chains_than_entries(Fixture *f, gconstpointer data)
{
    (void)data;
    poke(f->rig, AVAIL + 2, SIZE + 1, 2);
    expect_broken(f, "more chains than the ring has room for");
}

static void test_head_outside_of_the_table(Fixture *f, gconstpointer data)
{
    (void)data;
    offer(f->rig, SIZE, SIZE);
    expect_broken(f, "a descriptor outside of the table");
}

static void test_loop(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, BUFFER, 16, NEXT, 1);
    describe(f, 1, BUFFER, 16, NEXT, 0);
    offer(f->rig, SIZE, 0);
    expect_broken(f, "a chain that is a loop");
}

static void test_readable_behind_writable(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, BUFFER, 16, WRITE | NEXT, 1);
    describe(f, 1, BUFFER, 16, 0, 0);
    offer(f->rig, SIZE, 0);
    expect_broken(f, "a descriptor to be read behind one to be written");
}

static void test_empty_descriptor(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, BUFFER, 0, 0, 0);
    offer(f->rig, SIZE, 0);
    expect_broken(f, "an empty descriptor");
}

static void test_address_that_wraps(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, UINT64_MAX - 3, 16, 0, 0);
    offer(f->rig, SIZE, 0);
    expect_broken(f, "a descriptor that wraps around");
}

static void test_more_than_4_gib(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, 0, UINT32_MAX, NEXT, 1);
    describe(f, 1, 0, 1, 0, 0);
    offer(f->rig, SIZE, 0);
    expect_broken(f, "a chain of more than 4 GiB");
}

static void test_rings_outside_of_the_memory(Fixture *f, gconstpointer data)
{
    (void)data;
    f->q.driver_ring = RIG_MEMORY_SIZE;
    expect_broken(f, "a ring outside of the memory");
    f->q.driver_ring = AVAIL;
    f->q.descriptors = RIG_MEMORY_SIZE;
    offer(f->rig, SIZE, 0);
    expect_broken(f, "a table outside of the memory");
    f->q.device_ring = RIG_MEMORY_SIZE;
    g_assert_false(virtq_return(f->dev, &f->q, 0, 0));
}

static void test_indirect_table(Fixture *f, gconstpointer data)
{
    (void)data;
    f->features.indirect = true;
    describe(f, 0, OTHER, 2 * 16, INDIRECT, 0);
    put_descriptor(f->rig, OTHER, 0, BUFFER, 8, NEXT, 1);
    put_descriptor(f->rig, OTHER, 1, BUFFER + 8, 4, WRITE, 0);
    offer(f->rig, SIZE, 0);
    g_assert_cmpint(take(f), ==, VIRTQ_CHAIN);
    g_assert_cmpuint(f->chain.head, ==, 0);
    g_assert_cmpuint(f->chain.readable_bytes, ==, 8);
    g_assert_cmpuint(f->chain.writable_bytes, ==, 4);
}

static void test_indirect_was_not_negotiated(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, OTHER, 16, INDIRECT, 0);
    offer(f->rig, SIZE, 0);
    expect_broken(f, "an indirect descriptor that was not negotiated");
}

static void test_indirect_within_indirect(Fixture *f, gconstpointer data)
{
    (void)data;
    f->features.indirect = true;
    describe(f, 0, OTHER, 16, INDIRECT, 0);
    put_descriptor(f->rig, OTHER, 0, OTHER, 16, INDIRECT, 0);
    offer(f->rig, SIZE, 0);
    expect_broken(f, "an indirect descriptor within a chain");
}

static void test_indirect_with_a_next_one(Fixture *f, gconstpointer data)
{
    (void)data;
    f->features.indirect = true;
    describe(f, 0, OTHER, 16, INDIRECT | NEXT, 1);
    offer(f->rig, SIZE, 0);
    expect_broken(f, "an indirect descriptor within a chain");
}

static void test_indirect_table_of_an_impossible_size(Fixture *f, gconstpointer data)
{
    static const uint32_t SIZES[] = {0, 15, 17, 16 * (VIRTQ_SIZE_MAX + 1)};
    (void)data;
    f->features.indirect = true;
    for (size_t i = 0; i < G_N_ELEMENTS(SIZES); i++) {
        describe(f, 0, OTHER, SIZES[i], INDIRECT, 0);
        poke(f->rig, AVAIL + 2, 0, 2);
        offer(f->rig, SIZE, 0);
        expect_broken(f, "an indirect table of an impossible size");
    }
}

static void test_driver_without_event_index(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_true(virtq_wants_interrupt(f->dev, &f->q, &f->features));
    poke(f->rig, AVAIL, 1, 2);
    g_assert_false(virtq_wants_interrupt(f->dev, &f->q, &f->features));
}

/* An interrupt comes for the entry after used_event, and for no other. */
static void test_event_index(Fixture *f, gconstpointer data)
{
    (void)data;
    f->features.event_index = true;
    g_assert_true(virtq_return(f->dev, &f->q, 0, 0));
    g_assert_true(virtq_wants_interrupt(f->dev, &f->q, &f->features));
    poke(f->rig, AVAIL + 4 + SIZE * 2, 2, 2);
    g_assert_true(virtq_return(f->dev, &f->q, 0, 0));
    g_assert_false(virtq_wants_interrupt(f->dev, &f->q, &f->features));
    g_assert_true(virtq_return(f->dev, &f->q, 0, 0));
    g_assert_true(virtq_wants_interrupt(f->dev, &f->q, &f->features));
    g_assert_true(virtq_return(f->dev, &f->q, 0, 0));
    g_assert_false(virtq_wants_interrupt(f->dev, &f->q, &f->features));
}

static void test_wait_says_where_and_looks_again(Fixture *f, gconstpointer data)
{
    (void)data;
    f->features.event_index = true;
    f->q.taken = 5;
    poke(f->rig, AVAIL + 2, 5, 2);
    g_assert_false(virtq_wait(f->dev, &f->q, &f->features));
    g_assert_cmpuint(peek(f->rig, USED + 4 + SIZE * 8, 2), ==, 5);
    offer(f->rig, SIZE, 0);
    g_assert_true(virtq_wait(f->dev, &f->q, &f->features));
}

static void test_bytes_over_several_spans(Fixture *f, gconstpointer data)
{
    char bytes[8] = "";
    BlockSpan pieces[VIRTQ_SIZE_MAX];
    (void)data;
    describe(f, 0, BUFFER, 3, NEXT, 1);
    describe(f, 1, BUFFER + 0x100, 5, NEXT, 2);
    describe(f, 2, BUFFER + 0x200, 2, WRITE | NEXT, 3);
    describe(f, 3, BUFFER + 0x300, 9, WRITE, 0);
    memory_write(rig_memory(f->rig), BUFFER, "abc", 3);
    memory_write(rig_memory(f->rig), BUFFER + 0x100, "defgh", 5);
    offer(f->rig, SIZE, 0);
    g_assert_cmpint(take(f), ==, VIRTQ_CHAIN);
    g_assert_cmpuint(virtq_read(f->dev, &f->chain, 2, bytes, 4), ==, 4);
    g_assert_cmpstr(bytes, ==, "cdef");
    g_assert_cmpuint(virtq_write(f->dev, &f->chain, 1, "xyz", 3), ==, 3);
    g_assert_cmpuint(peek(f->rig, BUFFER + 0x201, 1), ==, 'x');
    g_assert_cmpuint(peek(f->rig, BUFFER + 0x301, 1), ==, 'z');
    g_assert_cmpuint(virtq_slice(&f->chain, true, 1, 4, pieces), ==, 2);
    g_assert_cmpuint(pieces[1].address, ==, BUFFER + 0x300);
    g_assert_cmpuint(pieces[1].size, ==, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/virtqueue/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(empty_until_a_chain_is_offered);
    TEST(returned_chain_is_in_the_used_ring);
    TEST(positions_wrap);
    TEST(more_chains_than_entries);
    TEST(head_outside_of_the_table);
    TEST(loop);
    TEST(readable_behind_writable);
    TEST(empty_descriptor);
    TEST(address_that_wraps);
    TEST(more_than_4_gib);
    TEST(rings_outside_of_the_memory);
    TEST(indirect_table);
    TEST(indirect_was_not_negotiated);
    TEST(indirect_within_indirect);
    TEST(indirect_with_a_next_one);
    TEST(indirect_table_of_an_impossible_size);
    TEST(driver_without_event_index);
    TEST(event_index);
    TEST(wait_says_where_and_looks_again);
    TEST(bytes_over_several_spans);
    return g_test_run();
}
