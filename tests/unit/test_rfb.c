/* The protocol of VNC with one client, without a connection. */
#include "devices/device.h"
#include "src/display/rfb.h"

#include <string.h>

#define WIDTH       70u
#define HEIGHT      66u
#define VERSION_3_8 "RFB 003.008\n"

typedef struct Fixture {
    Rfb *rfb;
    RfbHost host;
    SurfacePicture picture;
    GString *told;
    bool admits, knows;
} Fixture;

static bool note_verify(void *opaque, const uint8_t *challenge, const uint8_t *response)
{
    Fixture *f = opaque;
    g_string_append(f->told, "verify ");
    return !memcmp(challenge, response, RFB_CHALLENGE_SIZE) && f->knows;
}

static bool note_admit(void *opaque, bool shared)
{
    Fixture *f = opaque;
    g_string_append(f->told, shared ? "shared " : "alone ");
    rfb_set_picture(f->rfb, &f->picture);
    return f->admits;
}

static void note_keysym(void *opaque, uint32_t keysym, bool pressed)
{
    g_string_append_printf(((Fixture *)opaque)->told, "%c%x ", pressed ? '+' : '-', keysym);
}

static void note_key(void *opaque, unsigned code, bool pressed)
{
    g_string_append_printf(((Fixture *)opaque)->told, "%ccode%x ", pressed ? '+' : '-', code);
}

static void note_place(void *opaque, int x, int y, unsigned buttons)
{
    g_string_append_printf(((Fixture *)opaque)->told, "at%d,%d,%x ", x, y, buttons);
}

static void note_move(void *opaque, int dx, int dy, unsigned buttons)
{
    g_string_append_printf(((Fixture *)opaque)->told, "by%d,%d,%x ", dx, dy, buttons);
}

/* Each row has a colour of its own; the last one has many. */
static void paint(SurfacePicture *picture)
{
    const SurfaceShape *shape = &picture->shape;
    for (unsigned y = 0; y < shape->height; y++) {
        for (unsigned x = 0; x < shape->width; x++) {
            picture->pixels[y * shape->width + x] = y == shape->height - 1 ? x * 0x30201
                                                    : y % 3                ? 0x102030 * (y % 9)
                                                                           : 0xff8040;
        }
    }
}

static void set_up(Fixture *f, gconstpointer password)
{
    f->told = g_string_new(NULL);
    f->admits = f->knows = true;
    f->host = (RfbHost){.name = "test",
                        .password = password != NULL,
                        .verify = note_verify,
                        .admit = note_admit,
                        .keysym = note_keysym,
                        .key = note_key,
                        .place = note_place,
                        .move = note_move,
                        .opaque = f};
    f->picture.shape = (SurfaceShape){.kind = SURFACE_PIXELS, .width = WIDTH, .height = HEIGHT};
    f->picture.pixels = g_new0(uint32_t, 2 * WIDTH * HEIGHT);
    paint(&f->picture);
    f->rfb = rfb_new(&f->host);
}

static void tear_down(Fixture *f, gconstpointer password)
{
    (void)password;
    rfb_free(f->rfb);
    g_free(f->picture.pixels);
    g_string_free(f->told, true);
}

/* ---- the client's side ---- */

/* Checks that the output begins with these bytes, and removes them. */
static void expect(Fixture *f, const void *data, size_t size)
{
    GByteArray *out = rfb_output(f->rfb);
    g_assert_cmpuint(out->len, >=, size);
    g_assert_true(!memcmp(out->data, data, size));
    g_byte_array_remove_range(out, 0, (guint)size);
}

#define EXPECT(f, text) expect(f, text, sizeof(text) - 1)
#define SEND(f, text)   rfb_input((f)->rfb, (const uint8_t *)(text), sizeof(text) - 1)

#define FORMAT_OURS "\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"

static void open_client(Fixture *f)
{
    EXPECT(f, VERSION_3_8);
    g_assert_true(SEND(f, VERSION_3_8));
    EXPECT(f, "\x01\x01");
    g_assert_true(SEND(f, "\x01"));
    EXPECT(f, "\0\0\0\0");
    g_assert_true(SEND(f, "\x01"));
    EXPECT(f, "\0\x46\0\x42" FORMAT_OURS "\0\0\0\x04test");
    g_assert_cmpstr(f->told->str, ==, "shared ");
    g_string_truncate(f->told, 0);
    g_assert_true(rfb_is_open(f->rfb));
}

#define REQUEST_ALL     "\x03\0\0\0\0\0\0\x46\0\x42"
#define REQUEST_CHANGES "\x03\x01\0\0\0\0\0\x46\0\x42"

static void expect_pixels(Fixture *f, unsigned first, unsigned count)
{
    expect(f, f->picture.pixels + first * f->picture.shape.width,
           sizeof(uint32_t) * f->picture.shape.width * count);
}

/* ---- tests ---- */

static void a_client_sees_the_picture(Fixture *f, gconstpointer data)
{
    (void)data;
    open_client(f);
    SEND(f, REQUEST_ALL);
    rfb_update(f->rfb);
    EXPECT(f, "\0\0\0\x01"
              "\0\0\0\0\0\x46\0\x42"
              "\0\0\0\0");
    expect_pixels(f, 0, HEIGHT);
    g_assert_cmpuint(rfb_output(f->rfb)->len, ==, 0);
}

static void only_rows_that_have_changed_are_sent(Fixture *f, gconstpointer data)
{
    (void)data;
    a_client_sees_the_picture(f, NULL);
    rfb_change(f->rfb, 2, 1);
    rfb_update(f->rfb);
    g_assert_cmpuint(rfb_output(f->rfb)->len, ==, 0);
    SEND(f, REQUEST_CHANGES);
    rfb_change(f->rfb, 5, 2);
    rfb_update(f->rfb);
    EXPECT(f, "\0\0\0\x02"
              "\0\0\0\x02\0\x46\0\x01"
              "\0\0\0\0");
    expect_pixels(f, 2, 1);
    EXPECT(f, "\0\0\0\x05\0\x46\0\x02"
              "\0\0\0\0");
    expect_pixels(f, 5, 2);
    SEND(f, REQUEST_CHANGES);
    rfb_update(f->rfb);
    g_assert_cmpuint(rfb_output(f->rfb)->len, ==, 0);
}

static void pieces_of_messages_wait_for_the_rest(Fixture *f, gconstpointer data)
{
    static const char INPUT[] = VERSION_3_8 "\x01\x01"
                                            "\x04\x01\0\0\0\0\0\x41"
                                            "\x06\0\0\0\0\0\0\x03"
                                            "\x04\xff\xff"
                                            "\x05\x11\0\x07\0\x09"
                                            "\x06\0\0\0\xff\xff\xff\xfe"
                                            "\x04\x04"
                                            "\x04\0\0\0\0\0\xff\x0d";
    (void)data;
    for (size_t i = 0; i < sizeof(INPUT) - 1; i++) {
        g_assert_true(rfb_input(f->rfb, (const uint8_t *)INPUT + i, 1));
    }
    g_assert_cmpstr(f->told->str, ==, "shared +41 at7,9,11 -ff0d ");
}

static void a_client_can_name_keys_and_movements(Fixture *f, gconstpointer data)
{
    (void)data;
    open_client(f);
    SEND(f, "\x02\0\0\x02\xff\xff\xfe\xff\xff\xff\xfe\xfe" REQUEST_CHANGES);
    rfb_update(f->rfb);
    EXPECT(f, "\0\0\0\x03"
              "\0\0\0\0\0\x46\0\x42\xff\xff\xfe\xff"
              "\0\0\0\0\0\0\0\0\xff\xff\xfe\xfe");
    SEND(f, "\x05\x06\x80\x02\x7f\xfe");
    SEND(f, "\xff\0\0\x01\0\0\0\x61\0\0\0\x1e");
    SEND(f, "\xff\0\0\0\0\0\0\x61\0\0\0\xcb");
    SEND(f, "\xff\0\0\x01\0\0\xff\x13\0\0\0\xc6");
    g_assert_cmpstr(f->told->str, ==, "by3,-1,6 +code1e -codee04b +codee046 ");
}

static void the_password_decides(Fixture *f, gconstpointer data)
{
    (void)data;
    EXPECT(f, VERSION_3_8);
    SEND(f, VERSION_3_8);
    EXPECT(f, "\x01\x02");
    SEND(f, "\x02");
    g_autofree uint8_t *challenge = g_memdup2(rfb_output(f->rfb)->data, RFB_CHALLENGE_SIZE);
    g_assert_cmpuint(rfb_output(f->rfb)->len, ==, RFB_CHALLENGE_SIZE);
    g_byte_array_set_size(rfb_output(f->rfb), 0);
    g_assert_true(rfb_input(f->rfb, challenge, RFB_CHALLENGE_SIZE));
    EXPECT(f, "\0\0\0\0");
    SEND(f, "\0");
    g_assert_cmpstr(f->told->str, ==, "verify alone ");
    g_assert_true(rfb_is_open(f->rfb));
}

static void a_wrong_password_ends_the_connection(Fixture *f, gconstpointer data)
{
    (void)data;
    f->knows = false;
    SEND(f, VERSION_3_8 "\x02");
    g_byte_array_set_size(rfb_output(f->rfb), 0);
    g_assert_false(SEND(f, "0123456789abcdef\x01"));
    EXPECT(f, "\0\0\0\x01\0\0\0\x15the password is wrong");
    g_assert_cmpstr(f->told->str, ==, "verify ");
}

/* Otherwise a client could leave the proof out. */
static void no_other_proof_is_accepted(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_false(SEND(f, VERSION_3_8 "\x01\x01"));
    g_assert_false(rfb_is_open(f->rfb));
    g_assert_cmpstr(f->told->str, ==, "");
}

static void old_clients_are_told_what_they_expect(Fixture *f, gconstpointer data)
{
    (void)data;
    EXPECT(f, VERSION_3_8);
    g_assert_true(SEND(f, "RFB 003.003\n"));
    EXPECT(f, "\0\0\0\x01");
    g_assert_true(SEND(f, "\0"));
    EXPECT(f, "\0\x46\0\x42");
    rfb_free(f->rfb);
    f->rfb = rfb_new(&f->host);
    EXPECT(f, VERSION_3_8);
    g_assert_true(SEND(f, "RFB 003.007\n"
                          "\x01"));
    EXPECT(f, "\x01\x01");
    g_assert_true(SEND(f, "\0"));
    EXPECT(f, "\0\x46\0\x42");
}

static void what_is_no_message_ends_the_connection(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_false(SEND(f, "GET / HTTP/1.1\r\n"));
    rfb_free(f->rfb);
    f->rfb = rfb_new(&f->host);
    open_client(f);
    g_assert_false(SEND(f, "\x63"));
    rfb_free(f->rfb);
    f->rfb = rfb_new(&f->host);
    open_client(f);
    g_assert_false(SEND(f, "\0\0\0\0\x18\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"));
    rfb_free(f->rfb);
    f->admits = false;
    f->rfb = rfb_new(&f->host);
    g_assert_false(SEND(f, VERSION_3_8 "\x01\x01"));
}

static void a_new_size_is_told_to_clients_that_can_change_theirs(Fixture *f, gconstpointer data)
{
    (void)data;
    open_client(f);
    SEND(f, "\x02\0\0\x01\xff\xff\xff\x21" REQUEST_CHANGES);
    f->picture.shape.width = 4;
    f->picture.shape.height = 2;
    paint(&f->picture);
    rfb_set_picture(f->rfb, &f->picture);
    rfb_update(f->rfb);
    EXPECT(f, "\0\0\0\x02"
              "\0\0\0\0\0\x04\0\x02\xff\xff\xff\x21"
              "\0\0\0\0\0\x04\0\x02\0\0\0\0");
    expect_pixels(f, 0, 2);
}

/* A larger picture is cut to the size that the client knows. */
static void a_client_of_one_size_sees_what_fits(Fixture *f, gconstpointer data)
{
    (void)data;
    open_client(f);
    f->picture.shape.width = 2 * WIDTH;
    rfb_set_picture(f->rfb, &f->picture);
    SEND(f, REQUEST_ALL);
    rfb_update(f->rfb);
    EXPECT(f, "\0\0\0\x01"
              "\0\0\0\0\0\x46\0\x42"
              "\0\0\0\0");
    g_assert_cmpuint(rfb_output(f->rfb)->len, ==, sizeof(uint32_t) * WIDTH * HEIGHT);
}

static void pixels_have_the_form_that_the_client_wants(Fixture *f, gconstpointer data)
{
    (void)data;
    f->picture.shape.width = 2;
    f->picture.shape.height = 1;
    f->picture.pixels[0] = 0xff8000;
    f->picture.pixels[1] = 0x0000ff;
    SEND(f, VERSION_3_8 "\x01\x01");
    g_byte_array_set_size(rfb_output(f->rfb), 0);
    SEND(f, "\0\0\0\0\x10\x10\x01\x01\0\x1f\0\x3f\0\x1f\x0b\x05\0\0\0\0" REQUEST_ALL);
    rfb_update(f->rfb);
    EXPECT(f, "\0\0\0\x01\0\0\0\0\0\x02\0\x01\0\0\0\0"
              "\xfc\0\0\x1f");
    SEND(f, "\0\0\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0" REQUEST_ALL);
    EXPECT(f, "\x01\0\0\0\x01\0"
              "\0\0\0\0\0\0"
              "\0\0\0\0\x55\x55");
    g_byte_array_set_size(rfb_output(f->rfb), 0);
    rfb_update(f->rfb);
    EXPECT(f, "\0\0\0\x01\0\0\0\0\0\x02\0\x01\0\0\0\0"
              "\xf0\x03");
}

/* ---- ZRLE ---- */

/* Undoes a tile whose pixels have three bytes, blue first. */
static const uint8_t *undo_tile(const uint8_t *at, uint32_t *to, unsigned width, unsigned height)
{
    const unsigned colours = *at++;
    const unsigned bits = colours < 2 ? 0 : colours == 2 ? 1 : colours <= 4 ? 2 : 4;
    const uint8_t *palette = at;
    g_assert_cmpuint(colours, <=, 16);
    at += 3 * colours;
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++) {
            unsigned shift = bits ? 8 - bits - x * bits % 8 : 0;
            unsigned number = bits ? at[x * bits / 8] >> shift & ((1u << bits) - 1) : 0;
            const uint8_t *pixel = colours ? palette + 3 * number : at + 3 * x;
            to[y * WIDTH + x] = pixel[0] | (uint32_t)pixel[1] << 8 | (uint32_t)pixel[2] << 16;
        }
        at += colours ? (width * bits + 7) / 8 : 3 * width;
    }
    return at;
}

static void expect_zrle(Fixture *f, GConverter *zlib)
{
    uint32_t seen[WIDTH * HEIGHT];
    g_autofree uint8_t *plain = g_malloc(sizeof(seen) + 64);
    gsize read, written;
    GByteArray *out = rfb_output(f->rfb);
    EXPECT(f, "\0\0\0\x01"
              "\0\0\0\0\0\x46\0\x42"
              "\0\0\0\x10");
    g_assert_cmpuint(rfb_get32(out->data), ==, out->len - 4);
    g_assert_cmpint(g_converter_convert(zlib, out->data + 4, out->len - 4, plain, sizeof(seen) + 64,
                                        G_CONVERTER_NO_FLAGS, &read, &written, NULL),
                    ==, G_CONVERTER_CONVERTED);
    g_assert_cmpuint(read, ==, out->len - 4);
    const uint8_t *at = undo_tile(plain, seen, 64, 64);
    at = undo_tile(at, seen + 64, WIDTH - 64, 64);
    at = undo_tile(at, seen + 64 * WIDTH, 64, HEIGHT - 64);
    at = undo_tile(at, seen + 64 * WIDTH + 64, WIDTH - 64, HEIGHT - 64);
    g_assert_cmpuint((gsize)(at - plain), ==, written);
    g_assert_cmpmem(seen, sizeof(seen), f->picture.pixels, sizeof(seen));
    g_byte_array_set_size(out, 0);
}

/* The stream goes on from one update to the next. */
static void a_compressed_picture_is_the_same(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GZlibDecompressor) zlib = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB);
    open_client(f);
    SEND(f, "\x02\0\0\x03\0\0\0\x07\0\0\0\x10\0\0\0\0" REQUEST_ALL);
    rfb_update(f->rfb);
    expect_zrle(f, G_CONVERTER(zlib));
    for (unsigned i = 0; i < WIDTH * HEIGHT; i++) {
        f->picture.pixels[i] = 0x40 * (i % (i / WIDTH / 32 + 2));
    }
    SEND(f, REQUEST_ALL);
    rfb_update(f->rfb);
    expect_zrle(f, G_CONVERTER(zlib));
}

#define ADD(name, password) g_test_add("/rfb/" #name, Fixture, password, set_up, name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(a_client_sees_the_picture, NULL);
    ADD(only_rows_that_have_changed_are_sent, NULL);
    ADD(pieces_of_messages_wait_for_the_rest, NULL);
    ADD(a_client_can_name_keys_and_movements, NULL);
    ADD(the_password_decides, "password");
    ADD(a_wrong_password_ends_the_connection, "password");
    ADD(no_other_proof_is_accepted, "password");
    ADD(old_clients_are_told_what_they_expect, NULL);
    ADD(what_is_no_message_ends_the_connection, NULL);
    ADD(a_new_size_is_told_to_clients_that_can_change_theirs, NULL);
    ADD(a_client_of_one_size_sees_what_fits, NULL);
    ADD(pixels_have_the_form_that_the_client_wants, NULL);
    ADD(a_compressed_picture_is_the_same, NULL);
    return g_test_run();
}
