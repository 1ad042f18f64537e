#include "src/display/rfb.h"

#include "devices/device.h"

#include <string.h>
#include <sys/random.h>

#define VERSION_SIZE 12u

/* What a client sends, and how many bytes its beginning has. */
typedef enum Phase {
    PHASE_VERSION,
    PHASE_SECURITY, /* the client chooses how it proves itself */
    PHASE_RESPONSE, /* to the challenge */
    PHASE_INIT,
    PHASE_OPEN,
    PHASE_CLOSED
} Phase;

enum { SECURITY_NONE = 1, SECURITY_PASSWORD = 2 };

enum {
    SET_PIXEL_FORMAT = 0,
    SET_ENCODINGS = 2,
    UPDATE_REQUEST = 3,
    KEY_EVENT = 4,
    POINTER_EVENT = 5,
    CUT_TEXT = 6,
    QEMU_MESSAGE = 255
};

enum { FRAMEBUFFER_UPDATE = 0 };

/* Encodings that are no encodings, but say what else the client can do. */
#define PSEUDO_DESKTOP_SIZE  (-223)
#define PSEUDO_POINTER_MOVES (-257)
#define PSEUDO_KEY_CODES     (-258)

/* A movement of the pointer that is none. */
#define POINTER_CENTRE 0x7fff

struct Rfb {
    RfbHost host;
    Phase phase;
    unsigned version; /* the last digit: 3, 7 or 8 */
    GByteArray *in, *out;
    uint32_t skip;     /* bytes of a message that do not matter */
    unsigned listing;  /* encodings of SET_ENCODINGS that follow */
    bool listed_first; /* one of them was an encoding that we can send */
    uint8_t challenge[RFB_CHALLENGE_SIZE];

    RfbFormat format;
    RfbEncoding encoding;
    RfbStream stream;
    bool resizes, moves, codes; /* what the client can do */
    bool tell_moves, tell_codes;

    const SurfacePicture *picture;
    unsigned width, height; /* that the client knows */
    uint8_t *dirty;         /* whether the row has changed since it was sent */
    bool wants, wants_all;  /* the client waits for an update; of unchanged rows, too */
};

/* ---- the beginning ---- */

Rfb *rfb_new(const RfbHost *host)
{
    static const char VERSION[] = "RFB 003.008\n";
    Rfb *rfb = g_new0(Rfb, 1);
    rfb->host = *host;
    rfb->in = g_byte_array_new();
    rfb->out = g_byte_array_new();
    rfb->format = RFB_FORMAT_OURS;
    g_byte_array_append(rfb->out, (const guint8 *)VERSION, VERSION_SIZE);
    return rfb;
}

void rfb_free(Rfb *rfb)
{
    g_byte_array_unref(rfb->in);
    g_byte_array_unref(rfb->out);
    rfb_stream_clear(&rfb->stream);
    g_free(rfb->dirty);
    g_free(rfb);
}

GByteArray *rfb_output(Rfb *rfb)
{
    return rfb->out;
}

bool rfb_is_open(const Rfb *rfb)
{
    return rfb->phase == PHASE_OPEN;
}

static void put_text(Rfb *rfb, const char *text)
{
    rfb_put32(rfb->out, (uint32_t)strlen(text));
    g_byte_array_append(rfb->out, (const guint8 *)text, (guint)strlen(text));
}

/* The result of a proof.  Before version 3.8 a refusal has no reason. */
static void put_result(Rfb *rfb, const char *refusal)
{
    rfb_put32(rfb->out, refusal != NULL);
    if (refusal && rfb->version >= 8) {
        put_text(rfb, refusal);
    }
    rfb->phase = refusal ? PHASE_CLOSED : PHASE_INIT;
}

static void challenge(Rfb *rfb)
{
    const ssize_t got = getrandom(rfb->challenge, RFB_CHALLENGE_SIZE, 0);
    g_assert(got == RFB_CHALLENGE_SIZE); /* so few bytes are never refused */
    g_byte_array_append(rfb->out, rfb->challenge, RFB_CHALLENGE_SIZE);
    rfb->phase = PHASE_RESPONSE;
}

/* In version 3.3 the server decides how the client proves itself. */
static void take_version(Rfb *rfb, const uint8_t *data)
{
    const unsigned security = rfb->host.password ? SECURITY_PASSWORD : SECURITY_NONE;
    if (memcmp(data, "RFB 003.00", 10) != 0 || data[11] != '\n') {
        rfb->phase = PHASE_CLOSED;
        return;
    }
    rfb->version = data[10] >= '8' ? 8 : data[10] == '7' ? 7 : 3;
    if (rfb->version >= 7) {
        rfb_put8(rfb->out, 1);
        rfb_put8(rfb->out, security);
        rfb->phase = PHASE_SECURITY;
        return;
    }
    rfb_put32(rfb->out, security);
    rfb->phase = PHASE_INIT;
    if (rfb->host.password) {
        challenge(rfb);
    }
}

static void take_security(Rfb *rfb, const uint8_t *data)
{
    const unsigned security = rfb->host.password ? SECURITY_PASSWORD : SECURITY_NONE;
    if (*data != security) {
        put_result(rfb, "no such security type was offered");
    } else if (rfb->host.password) {
        challenge(rfb);
    } else if (rfb->version >= 8) {
        put_result(rfb, NULL);
    } else {
        rfb->phase = PHASE_INIT;
    }
}

static void take_response(Rfb *rfb, const uint8_t *data)
{
    bool good = rfb->host.verify(rfb->host.opaque, rfb->challenge, data);
    put_result(rfb, good ? NULL : "the password is wrong");
}

static void take_init(Rfb *rfb, const uint8_t *data)
{
    if (!rfb->host.admit(rfb->host.opaque, *data != 0)) {
        rfb->phase = PHASE_CLOSED;
        return;
    }
    rfb->phase = PHASE_OPEN;
    rfb_put16(rfb->out, rfb->width);
    rfb_put16(rfb->out, rfb->height);
    rfb_format_put(rfb->out, &RFB_FORMAT_OURS);
    put_text(rfb, rfb->host.name);
}

/* ---- messages ---- */

static void take_format(Rfb *rfb, const uint8_t *data)
{
    if (!rfb_format_parse(data + 4, &rfb->format)) {
        rfb->phase = PHASE_CLOSED;
    } else if (!rfb->format.true_colour) {
        rfb_format_put_palette(rfb->out);
    }
}

/* The list follows the message.  Its order is the order in which the client likes them. */
static void take_encodings(Rfb *rfb, const uint8_t *data)
{
    rfb->listing = rfb_get16(data + 2);
    rfb->listed_first = false;
    rfb->encoding = RFB_RAW;
    rfb->resizes = rfb->moves = rfb->codes = false;
}

static void take_encoding(Rfb *rfb, const uint8_t *data)
{
    const int32_t encoding = (int32_t)rfb_get32(data);
    rfb->listing--;
    if (encoding == RFB_RAW || encoding == RFB_ZRLE) {
        rfb->encoding = rfb->listed_first ? rfb->encoding : (RfbEncoding)encoding;
        rfb->listed_first = true;
    } else if (encoding == PSEUDO_DESKTOP_SIZE) {
        rfb->resizes = true;
    } else if (encoding == PSEUDO_POINTER_MOVES) {
        rfb->moves = rfb->tell_moves = true;
    } else if (encoding == PSEUDO_KEY_CODES) {
        rfb->codes = rfb->tell_codes = true;
    }
}

static void take_request(Rfb *rfb, const uint8_t *data)
{
    rfb->wants = true;
    rfb->wants_all |= !data[1];
}

static void take_key(Rfb *rfb, const uint8_t *data)
{
    rfb->host.keysym(rfb->host.opaque, rfb_get32(data + 4), data[1] != 0);
}

/* RFB's buttons from bit 0: left, middle, right, wheel up, wheel down. */
static unsigned buttons_of(unsigned mask)
{
    static const unsigned BUTTONS[] = {POINTER_LEFT, POINTER_MIDDLE, POINTER_RIGHT,
                                       POINTER_WHEEL_UP, POINTER_WHEEL_DOWN};
    unsigned buttons = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(BUTTONS); i++) {
        buttons |= mask >> i & 1 ? BUTTONS[i] : 0;
    }
    return buttons;
}

static void take_pointer(Rfb *rfb, const uint8_t *data)
{
    const int x = (int)rfb_get16(data + 2), y = (int)rfb_get16(data + 4);
    const unsigned buttons = buttons_of(data[1]);
    if (rfb->moves) {
        rfb->host.move(rfb->host.opaque, x - POINTER_CENTRE, y - POINTER_CENTRE, buttons);
    } else {
        rfb->host.place(rfb->host.opaque, x, y, buttons);
    }
}

/* A negative length means a message of an extension that we have not offered. */
static void take_cut_text(Rfb *rfb, const uint8_t *data)
{
    const int32_t length = (int32_t)rfb_get32(data + 4);
    rfb->skip = length < 0 ? (uint32_t) - (int64_t)length : (uint32_t)length;
}

/* QEMU's only message to a machine without sound: a key with its code in set 1. */
static void take_key_code(Rfb *rfb, const uint8_t *data)
{
    const uint32_t code = rfb_get32(data + 8);
    if (data[1]) {
        rfb->phase = PHASE_CLOSED;
        return;
    }
    if (code == 0xc6) {
        rfb->host.key(rfb->host.opaque, KEY_PAUSE, rfb_get16(data + 2) != 0);
    } else if (code & 0x7f) {
        rfb->host.key(rfb->host.opaque, (code & 0x80 ? KEY_EXTENDED : 0) | (code & 0x7f),
                      rfb_get16(data + 2) != 0);
    }
}

typedef struct Message {
    uint8_t type;
    unsigned size;
    void (*take)(Rfb *rfb, const uint8_t *data);
} Message;

static const Message MESSAGES[] = {
    {SET_PIXEL_FORMAT, 4 + RFB_FORMAT_SIZE, take_format},
    {SET_ENCODINGS, 4, take_encodings},
    {UPDATE_REQUEST, 10, take_request},
    {KEY_EVENT, 8, take_key},
    {POINTER_EVENT, 6, take_pointer},
    {CUT_TEXT, 8, take_cut_text},
    {QEMU_MESSAGE, 12, take_key_code},
};

static const Message BEGINNINGS[] = {
    [PHASE_VERSION] = {.size = VERSION_SIZE, .take = take_version},
    [PHASE_SECURITY] = {.size = 1, .take = take_security},
    [PHASE_RESPONSE] = {.size = RFB_CHALLENGE_SIZE, .take = take_response},
    [PHASE_INIT] = {.size = 1, .take = take_init},
};

/* What the byte begins, or NULL if it begins no message. */
static const Message *find_message(const Rfb *rfb, uint8_t first)
{
    static const Message ENCODING = {.size = 4, .take = take_encoding};
    if (rfb->phase < PHASE_OPEN) {
        return &BEGINNINGS[rfb->phase];
    }
    if (rfb->listing) {
        return &ENCODING;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(MESSAGES); i++) {
        if (MESSAGES[i].type == first) {
            return &MESSAGES[i];
        }
    }
    return NULL;
}

/* Takes a whole message from the data, and returns its size; 0 if it is not whole. */
static size_t take_message(Rfb *rfb, const uint8_t *data, size_t size)
{
    if (rfb->skip) {
        const size_t skipped = MIN(rfb->skip, size);
        rfb->skip -= (uint32_t)skipped;
        return skipped;
    }
    const Message *message = find_message(rfb, *data);
    if (!message) {
        rfb->phase = PHASE_CLOSED;
        return 0;
    }
    if (message->size > size) {
        return 0;
    }
    message->take(rfb, data);
    return message->size;
}

static void take_messages(Rfb *rfb)
{
    size_t done = 0, taken = 1;
    while (taken && done < rfb->in->len && rfb->phase != PHASE_CLOSED) {
        taken = take_message(rfb, rfb->in->data + done, rfb->in->len - done);
        done += taken;
    }
    g_byte_array_remove_range(rfb->in, 0, (guint)done);
}

bool rfb_input(Rfb *rfb, const uint8_t *data, size_t size)
{
    while (size && rfb->phase != PHASE_CLOSED) {
        const size_t piece = MIN(size, RFB_INPUT_MAX - rfb->in->len);
        g_byte_array_append(rfb->in, data, (guint)piece);
        data += piece;
        size -= piece;
        take_messages(rfb);
    }
    return rfb->phase != PHASE_CLOSED;
}

/* ---- updates ---- */

void rfb_set_picture(Rfb *rfb, const SurfacePicture *picture)
{
    rfb->picture = picture;
    g_free(rfb->dirty);
    rfb->dirty = g_malloc(picture->shape.height);
    memset(rfb->dirty, true, picture->shape.height);
    if (rfb->phase < PHASE_OPEN) {
        rfb->width = picture->shape.width;
        rfb->height = picture->shape.height;
    }
}

void rfb_change(Rfb *rfb, unsigned first, unsigned count)
{
    if (rfb->dirty) {
        memset(rfb->dirty + first, true, count);
    }
}

static void put_head(Rfb *rfb, const RfbRect *rect, int32_t encoding)
{
    rfb_put16(rfb->out, rect->x);
    rfb_put16(rfb->out, rect->y);
    rfb_put16(rfb->out, rect->width);
    rfb_put16(rfb->out, rect->height);
    rfb_put32(rfb->out, (uint32_t)encoding);
}

/* Finds the next rows that have changed, from `first` on.  Returns false if there are none. */
static bool next_rows(const Rfb *rfb, unsigned height, unsigned *first, unsigned *count)
{
    while (*first < height && !rfb->dirty[*first]) {
        ++*first;
    }
    *count = 0;
    while (*first + *count < height && rfb->dirty[*first + *count]) {
        ++*count;
    }
    return *count != 0;
}

static unsigned put_pixels(Rfb *rfb, unsigned width, unsigned height)
{
    unsigned rects = 0, count;
    for (unsigned first = 0; next_rows(rfb, height, &first, &count); first += count) {
        const RfbRect rect = {0, first, width, count};
        put_head(rfb, &rect, (int32_t)rfb->encoding);
        rfb_encode(rfb->out, rfb->encoding, &rfb->stream, &rfb->format, rfb->picture->pixels,
                   rfb->picture->shape.width, &rect);
        memset(rfb->dirty + first, false, count);
        rects++;
    }
    return rects;
}

/* Tells the client of the new size, and what it has asked us to tell it. */
static unsigned put_pseudo(Rfb *rfb)
{
    const SurfaceShape *shape = &rfb->picture->shape;
    const bool resized = shape->width != rfb->width || shape->height != rfb->height;
    unsigned rects = 0;
    if (resized && rfb->resizes) {
        rfb->width = shape->width;
        rfb->height = shape->height;
        put_head(rfb, &(RfbRect){0, 0, rfb->width, rfb->height}, PSEUDO_DESKTOP_SIZE);
        rects++;
    }
    if (rfb->tell_moves) {
        put_head(rfb, &(RfbRect){0, 0, rfb->width, rfb->height}, PSEUDO_POINTER_MOVES);
        rects++;
    }
    if (rfb->tell_codes) {
        put_head(rfb, &(RfbRect){0, 0, 0, 0}, PSEUDO_KEY_CODES);
        rects++;
    }
    rfb->tell_moves = rfb->tell_codes = false;
    return rects;
}

/*
 * A client that cannot change its size sees the part of the picture that fits
 * into the size with which it began.
 */
static unsigned put_rects(Rfb *rfb)
{
    unsigned rects = put_pseudo(rfb);
    const unsigned width = MIN(rfb->width, rfb->picture->shape.width);
    const unsigned height = MIN(rfb->height, rfb->picture->shape.height);
    if (rfb->wants_all) {
        memset(rfb->dirty, true, height);
    }
    return rects + put_pixels(rfb, width, height);
}

void rfb_update(Rfb *rfb)
{
    if (rfb->phase != PHASE_OPEN || !rfb->wants || rfb->listing) {
        return;
    }
    const guint start = rfb->out->len;
    rfb_put8(rfb->out, FRAMEBUFFER_UPDATE);
    rfb_put8(rfb->out, 0);
    rfb_put16(rfb->out, 0);
    const unsigned rects = put_rects(rfb);
    if (!rects) {
        g_byte_array_set_size(rfb->out, start);
        return;
    }
    rfb->out->data[start + 2] = (uint8_t)(rects >> 8);
    rfb->out->data[start + 3] = (uint8_t)rects;
    rfb->wants = rfb->wants_all = false;
}
