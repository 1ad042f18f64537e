/*
 * Packets of gdb's remote protocol, and the registers that it describes.
 */
#include "src/control/gdb_packet.h"
#include "src/control/gdb_registers.h"

#include <glib.h>
#include <string.h>

typedef struct Fixture {
    GdbPackets *packets;
    GString *sent, *got; /* packets, each followed by a | */
    unsigned interrupts, overlong;
} Fixture;

static void take_packet(void *opaque, const char *data, size_t size)
{
    Fixture *f = opaque;
    g_assert_cmpint(data[size], ==, '\0');
    g_string_append_len(f->got, data, (gssize)size);
    g_string_append_c(f->got, '|');
}

static void take_interrupt(void *opaque)
{
    ((Fixture *)opaque)->interrupts++;
}

static void take_overlong(void *opaque)
{
    ((Fixture *)opaque)->overlong++;
}

static void take_sent(void *opaque, const char *data, size_t size)
{
    g_string_append_len(((Fixture *)opaque)->sent, data, (gssize)size);
}

static void setup(Fixture *f, gconstpointer data)
{
    (void)data;
    f->sent = g_string_new(NULL);
    f->got = g_string_new(NULL);
    f->packets = gdb_packets_new(&(GdbPacketEvents){
        .packet = take_packet,
        .interrupt = take_interrupt,
        .overlong = take_overlong,
        .send = take_sent,
        .opaque = f,
    });
}

static void teardown(Fixture *f, gconstpointer data)
{
    (void)data;
    gdb_packets_free(f->packets);
    g_string_free(f->sent, true);
    g_string_free(f->got, true);
}

static void input(Fixture *f, const char *text)
{
    gdb_packets_input(f->packets, text, strlen(text));
}

static void test_right_packet_is_acknowledged(Fixture *f, gconstpointer data)
{
    (void)data;
    input(f, "+$m1,2#fc");
    g_assert_cmpstr(f->got->str, ==, "m1,2|");
    g_assert_cmpstr(f->sent->str, ==, "+");
}

static void test_wrong_checksum_is_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    input(f, "$m1,2#fd$g#zz$g#");
    input(f, "67");
    g_assert_cmpstr(f->got->str, ==, "g|");
    g_assert_cmpstr(f->sent->str, ==, "--+");
}

static void test_packet_may_come_byte_by_byte(Fixture *f, gconstpointer data)
{
    (void)data;
    for (const char *c = "$g#67$p1#a1"; *c; c++) {
        gdb_packets_input(f->packets, c, 1);
    }
    g_assert_cmpstr(f->got->str, ==, "g|p1|");
}

static void test_escapes_are_undone_and_summed_as_sent(Fixture *f, gconstpointer data)
{
    (void)data;
    input(f, "$X}\x03}\x04}]#33");
    g_assert_cmpstr(f->got->str, ==, "X#$}|");
    g_assert_cmpuint(f->interrupts, ==, 0);
}

static void test_what_is_sent_is_escaped(Fixture *f, gconstpointer data)
{
    (void)data;
    gdb_packets_send(f->packets, "a#$}*", 5);
    g_assert_cmpstr(f->sent->str, ==, "$a}\x03}\x04}]}\x0a#c3");
}

static void test_packet_that_was_missed_is_sent_again(Fixture *f, gconstpointer data)
{
    (void)data;
    input(f, "-");
    g_assert_cmpstr(f->sent->str, ==, "");
    gdb_packets_send(f->packets, "OK", 2);
    input(f, "-");
    g_assert_cmpstr(f->sent->str, ==, "$OK#9a$OK#9a");
    gdb_packets_trust(f->packets);
    input(f, "-");
    g_assert_cmpstr(f->sent->str, ==, "$OK#9a$OK#9a");
}

static void test_trusting_ends_acknowledgements(Fixture *f, gconstpointer data)
{
    (void)data;
    gdb_packets_trust(f->packets);
    input(f, "$g#00");
    g_assert_cmpstr(f->got->str, ==, "g|");
    g_assert_cmpstr(f->sent->str, ==, "");
    gdb_packets_reset(f->packets);
    input(f, "$g#00");
    g_assert_cmpstr(f->sent->str, ==, "-");
}

static void test_interrupt_is_one_between_packets_only(Fixture *f, gconstpointer data)
{
    (void)data;
    input(f, "\x03$\x03g#6a\x03");
    g_assert_cmpuint(f->interrupts, ==, 2);
    g_assert_cmpstr(f->got->str, ==, "\x03g|");
}

static void test_beginning_in_a_packet_begins_another(Fixture *f, gconstpointer data)
{
    (void)data;
    input(f, "$m1$g#67");
    g_assert_cmpstr(f->got->str, ==, "g|");
}

static void test_longest_packet_passes_and_a_longer_one_does_not(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autofree char *longest = g_strnfill(GDB_PACKET_MAX, 'a');
    gdb_packets_trust(f->packets);
    input(f, "$");
    input(f, longest);
    input(f, "#00");
    g_assert_cmpuint(f->got->len, ==, GDB_PACKET_MAX + 1);
    g_string_truncate(f->got, 0);
    input(f, "$b");
    input(f, longest);
    input(f, "#00$g#67");
    g_assert_cmpuint(f->overlong, ==, 1);
    g_assert_cmpstr(f->got->str, ==, "g|");
}

/* ---- registers ---- */

static unsigned offset_of(GdbArch arch, unsigned number)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < number; i++) {
        sum += gdb_register_size(arch, i);
    }
    return sum;
}

/* gdb numbers the registers of the description in their order. */
static unsigned number_of(GdbArch arch, const char *name)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    g_autofree char *wanted = g_strdup_printf("<reg name=\"%s\"", name);
    gdb_describe(arch, xml);
    const char *end = strstr(xml->str, wanted);
    g_assert_nonnull(end);
    unsigned number = 0;
    for (const char *c = xml->str; (c = strstr(c, "<reg ")) && c < end; c++) {
        number++;
    }
    return number;
}

static void test_each_description_has_the_registers_that_gdb_wants(void)
{
    g_assert_cmpuint(number_of(GDB_I386, "eip"), ==, 8);
    g_assert_cmpuint(number_of(GDB_I386, "st0"), ==, 16);
    g_assert_cmpuint(number_of(GDB_I386, "mxcsr"), ==, 40);
    g_assert_cmpuint(offset_of(GDB_I386, 41), ==, 16 * 4 + 8 * 10 + 8 * 4 + 8 * 16 + 4);
    g_assert_cmpuint(number_of(GDB_X86_64, "rip"), ==, 16);
    g_assert_cmpuint(number_of(GDB_X86_64, "st0"), ==, 24);
    g_assert_cmpuint(number_of(GDB_X86_64, "mxcsr"), ==, 56);
    for (GdbArch arch = 0; arch < GDB_ARCH_COUNT; arch++) {
        g_autoptr(GString) xml = g_string_new(NULL);
        gdb_describe(arch, xml);
        unsigned count = 0;
        for (const char *c = xml->str; (c = strstr(c, "<reg ")); c++) {
            count++;
        }
        g_assert_cmpuint(count, ==, gdb_register_count(arch));
    }
}

static void test_mode_chooses_the_description(void)
{
    CpuState state;
    cpu_state_reset(&state);
    g_assert_cmpint(gdb_arch_of(&state), ==, GDB_I8086);
    state.cr0 |= CPU_CR0_PE;
    g_assert_cmpint(gdb_arch_of(&state), ==, GDB_I386);
    state.msr.efer = CPU_EFER_LMA;
    g_assert_cmpint(gdb_arch_of(&state), ==, GDB_X86_64);
    g_assert_cmpint(gdb_arch_find("x86-64"), ==, GDB_X86_64);
    g_assert_cmpint(gdb_arch_find("i386:x86-64"), ==, GDB_X86_64);
    g_assert_cmpint(gdb_arch_find("arm"), ==, GDB_ARCH_COUNT);
}

static void test_description_without_room_leaves_the_upper_half(void)
{
    CpuState state = {.gpr[CPU_AX] = UINT64_C(0x1122334455667788)};
    uint8_t value[16];
    gdb_register_get(GDB_I386, 0, &state, value);
    g_assert_cmpmem(value, 4, "\x88\x77\x66\x55", 4);
    gdb_register_set(GDB_I386, 0, &state, (const uint8_t *)"\1\2\3\4");
    g_assert_cmphex(state.gpr[CPU_AX], ==, UINT64_C(0x1122334404030201));
}

static void test_selector_takes_its_base_along_in_real_mode_only(void)
{
    CpuState state;
    unsigned ds = number_of(GDB_I386, "ds");
    cpu_state_reset(&state);
    gdb_register_set(GDB_I386, ds, &state, (const uint8_t *)"\x34\x12\0\0");
    g_assert_cmphex(state.segment[CPU_DS].selector, ==, 0x1234);
    g_assert_cmphex(state.segment[CPU_DS].base, ==, 0x12340);
    state.cr0 |= CPU_CR0_PE;
    gdb_register_set(GDB_I386, ds, &state, (const uint8_t *)"\x10\0\0\0");
    g_assert_cmphex(state.segment[CPU_DS].selector, ==, 0x10);
    g_assert_cmphex(state.segment[CPU_DS].base, ==, 0x12340);
}

/*
 * If a selector is written with its old value, the segment keeps its base,
 * like CS after a reset.
 */
static void test_equal_selector_keeps_its_base(void)
{
    CpuState state;
    cpu_state_reset(&state);
    gdb_register_set(GDB_I386, number_of(GDB_I386, "cs"), &state, (const uint8_t *)"\0\xf0\0\0");
    g_assert_cmphex(state.segment[CPU_CS].base, ==, 0xffff0000);
}

/* TOP is 6: ST0 is R6 and holds 1.0, ST1 is R7 and holds 0. */
static void test_tag_word_is_that_of_fsave(void)
{
    CpuState state = {0};
    uint8_t value[16];
    unsigned tag = number_of(GDB_I386, "ftag");
    state.fxsave[3] = 6 << 3;
    state.fxsave[4] = 0xc0;
    memcpy(&state.fxsave[32], "\0\0\0\0\0\0\0\x80\xff\x3f", 10);
    gdb_register_get(GDB_I386, tag, &state, value);
    g_assert_cmpmem(value, 4, "\xff\x4f\0\0", 4);
    gdb_register_set(GDB_I386, tag, &state, (const uint8_t *)"\xff\x3f\0\0");
    g_assert_cmphex(state.fxsave[4], ==, 0x80);
}

#define ADD(name)       g_test_add("/gdb/packet/" #name, Fixture, NULL, setup, test_##name, teardown)
#define ADD_PLAIN(name) g_test_add_func("/gdb/registers/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(right_packet_is_acknowledged);
    ADD(wrong_checksum_is_refused);
    ADD(packet_may_come_byte_by_byte);
    ADD(escapes_are_undone_and_summed_as_sent);
    ADD(what_is_sent_is_escaped);
    ADD(packet_that_was_missed_is_sent_again);
    ADD(trusting_ends_acknowledgements);
    ADD(interrupt_is_one_between_packets_only);
    ADD(beginning_in_a_packet_begins_another);
    ADD(longest_packet_passes_and_a_longer_one_does_not);
    ADD_PLAIN(each_description_has_the_registers_that_gdb_wants);
    ADD_PLAIN(mode_chooses_the_description);
    ADD_PLAIN(description_without_room_leaves_the_upper_half);
    ADD_PLAIN(selector_takes_its_base_along_in_real_mode_only);
    ADD_PLAIN(equal_selector_keeps_its_base);
    ADD_PLAIN(tag_word_is_that_of_fsave);
    return g_test_run();
}
