#include "src/display/rfb_pixels.h"

#include <string.h>

/* ZRLE cuts a rectangle into tiles of this side. */
#define TILE 64u
/* The most colours of a tile that is sent as numbers of colours. */
#define TILE_COLOURS 16u

const RfbFormat RFB_FORMAT_OURS = {
    .bits = 32, .depth = 24, .true_colour = true, .max = {255, 255, 255}, .shift = {16, 8, 0}};

/* What a client with a palette gets. */
static const RfbFormat FORMAT_332 = {.bits = 8, .depth = 8, .max = {7, 7, 3}, .shift = {5, 2, 0}};

/* ---- bytes ---- */

void rfb_put8(GByteArray *out, unsigned value)
{
    const uint8_t byte = (uint8_t)value;
    g_byte_array_append(out, &byte, 1);
}

void rfb_put16(GByteArray *out, unsigned value)
{
    rfb_put8(out, value >> 8);
    rfb_put8(out, value);
}

void rfb_put32(GByteArray *out, uint32_t value)
{
    rfb_put16(out, value >> 16);
    rfb_put16(out, value);
}

unsigned rfb_get16(const uint8_t *data)
{
    return (unsigned)data[0] << 8 | data[1];
}

uint32_t rfb_get32(const uint8_t *data)
{
    return (uint32_t)rfb_get16(data) << 16 | rfb_get16(data + 2);
}

/* ---- formats ---- */

void rfb_format_put(GByteArray *out, const RfbFormat *format)
{
    static const uint8_t PADDING[3];
    rfb_put8(out, format->bits);
    rfb_put8(out, format->depth);
    rfb_put8(out, format->big_endian);
    rfb_put8(out, format->true_colour);
    for (unsigned i = 0; i < 3; i++) {
        rfb_put16(out, format->max[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        rfb_put8(out, format->shift[i]);
    }
    g_byte_array_append(out, PADDING, sizeof(PADDING));
}

bool rfb_format_parse(const uint8_t *data, RfbFormat *format)
{
    *format = (RfbFormat){
        .bits = data[0], .depth = data[1], .big_endian = data[2], .true_colour = data[3]};
    bool good = format->bits == 8 || format->bits == 16 || format->bits == 32;
    for (unsigned i = 0; i < 3; i++) {
        format->max[i] = rfb_get16(data + 4 + 2 * i);
        format->shift[i] = data[10 + i];
        good = good && format->shift[i] < format->bits;
    }
    if (good && !format->true_colour) {
        good = format->bits == 8;
        *format = FORMAT_332;
    }
    return good;
}

void rfb_format_put_palette(GByteArray *out)
{
    enum { SET_COLOUR_MAP_ENTRIES = 1, COLOURS = 256 };
    rfb_put8(out, SET_COLOUR_MAP_ENTRIES);
    rfb_put8(out, 0);
    rfb_put16(out, 0);
    rfb_put16(out, COLOURS);
    for (unsigned pixel = 0; pixel < COLOURS; pixel++) {
        for (unsigned i = 0; i < 3; i++) {
            unsigned value = pixel >> FORMAT_332.shift[i] & FORMAT_332.max[i];
            rfb_put16(out, value * 0xffff / FORMAT_332.max[i]);
        }
    }
}

static uint32_t convert(const RfbFormat *format, uint32_t pixel)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t part = pixel >> RFB_FORMAT_OURS.shift[i] & 0xff;
        value |= (part * format->max[i] + 127) / 255 << format->shift[i];
    }
    return value;
}

/* ZRLE leaves out the byte of a 32-bit pixel that has no colour. */
static unsigned compressed_bytes(const RfbFormat *format, bool *low)
{
    uint32_t used = 0;
    for (unsigned i = 0; i < 3; i++) {
        used |= (uint32_t)format->max[i] << format->shift[i];
    }
    const bool fits_low = !(used >> 24), fits_high = !(used & 0xff);
    *low = fits_low;
    return format->bits == 32 && format->depth <= 24 && (fits_low || fits_high) ? 3
                                                                                : format->bits / 8;
}

/* Writes `count` bytes of the pixel, without its lowest byte if `skip`. */
static uint8_t *put_pixel(uint8_t *to, uint32_t value, unsigned count, bool big_endian, bool skip)
{
    value >>= skip ? 8 : 0;
    for (unsigned i = 0; i < count; i++) {
        *to++ = (uint8_t)(value >> 8 * (big_endian ? count - 1 - i : i));
    }
    return to;
}

/* ---- raw ---- */

static bool same_format(const RfbFormat *format)
{
    bool same = format->bits == 32 && G_BYTE_ORDER == G_LITTLE_ENDIAN && !format->big_endian;
    return same && !memcmp(format->max, RFB_FORMAT_OURS.max, sizeof(format->max)) &&
           !memcmp(format->shift, RFB_FORMAT_OURS.shift, sizeof(format->shift));
}

static void encode_raw(GByteArray *out, const RfbFormat *format, const uint32_t *pixels,
                       unsigned stride, const RfbRect *rect)
{
    const unsigned bytes = format->bits / 8;
    const guint start = out->len;
    g_byte_array_set_size(out, start + rect->width * rect->height * bytes);
    uint8_t *to = out->data + start;
    for (unsigned y = 0; y < rect->height; y++) {
        const uint32_t *row = pixels + (size_t)(rect->y + y) * stride + rect->x;
        if (same_format(format)) {
            to =
                (uint8_t *)memcpy(to, row, sizeof(*row) * rect->width) + sizeof(*row) * rect->width;
            continue;
        }
        for (unsigned x = 0; x < rect->width; x++) {
            to = put_pixel(to, convert(format, row[x]), bytes, format->big_endian, false);
        }
    }
}

/* ---- ZRLE ---- */

typedef struct Tile {
    uint32_t pixels[TILE * TILE];
    unsigned width, height;
    uint32_t colours[TILE_COLOURS];
    unsigned colour_count; /* more than TILE_COLOURS if there are too many */
} Tile;

static unsigned find_colour(const Tile *tile, uint32_t pixel)
{
    unsigned i = 0;
    while (i < tile->colour_count && tile->colours[i] != pixel) {
        i++;
    }
    return i;
}

static void count_colours(Tile *tile)
{
    tile->colour_count = 0;
    for (unsigned i = 0; i < tile->width * tile->height; i++) {
        if (find_colour(tile, tile->pixels[i]) == tile->colour_count) {
            if (tile->colour_count == TILE_COLOURS) {
                tile->colour_count++;
                return;
            }
            tile->colours[tile->colour_count++] = tile->pixels[i];
        }
    }
}

/* Puts the pixels as numbers of colours.  Each row begins with a whole byte. */
static uint8_t *pack_tile(const Tile *tile, uint8_t *to)
{
    const unsigned bits = tile->colour_count <= 2 ? 1 : tile->colour_count <= 4 ? 2 : 4;
    for (unsigned y = 0; y < tile->height; y++) {
        const uint32_t *row = tile->pixels + y * tile->width;
        memset(to, 0, (tile->width * bits + 7) / 8);
        for (unsigned x = 0; x < tile->width; x++) {
            unsigned at = x * bits;
            to[at / 8] |= (uint8_t)(find_colour(tile, row[x]) << (8 - bits - at % 8));
        }
        to += (tile->width * bits + 7) / 8;
    }
    return to;
}

static void put_tile(GByteArray *out, const RfbFormat *format, Tile *tile)
{
    bool low;
    const unsigned bytes = compressed_bytes(format, &low);
    const bool skip = bytes < format->bits / 8 && !low;
    uint8_t data[1 + TILE * TILE * sizeof(uint32_t)], *to = data;
    count_colours(tile);
    const bool packed = tile->colour_count <= TILE_COLOURS;
    const uint32_t *values = packed ? tile->colours : tile->pixels;
    const unsigned count = packed ? tile->colour_count : tile->width * tile->height;
    *to++ = packed ? (uint8_t)tile->colour_count : 0;
    for (unsigned i = 0; i < count; i++) {
        to = put_pixel(to, convert(format, values[i]), bytes, format->big_endian, skip);
    }
    if (packed && tile->colour_count > 1) {
        to = pack_tile(tile, to);
    }
    g_byte_array_append(out, data, (guint)(to - data));
}

static void take_tile(Tile *tile, const uint32_t *pixels, unsigned stride, const RfbRect *rect,
                      unsigned x, unsigned y)
{
    tile->width = MIN(TILE, rect->width - x);
    tile->height = MIN(TILE, rect->height - y);
    for (unsigned row = 0; row < tile->height; row++) {
        memcpy(tile->pixels + row * tile->width,
               pixels + (size_t)(rect->y + y + row) * stride + rect->x + x,
               sizeof(uint32_t) * tile->width);
    }
}

/* Compresses the bytes and flushes the stream, so that the client can read all of them. */
static void compress(GByteArray *out, RfbStream *stream, const GByteArray *plain)
{
    uint8_t data[16384];
    gsize done = 0, read, written;
    GConverterResult result;
    if (!stream->zlib) {
        stream->zlib = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB, 1);
    }
    do {
        result =
            g_converter_convert(G_CONVERTER(stream->zlib), plain->data + done, plain->len - done,
                                data, sizeof(data), G_CONVERTER_FLUSH, &read, &written, NULL);
        done += result == G_CONVERTER_ERROR ? 0 : read;
        g_byte_array_append(out, data, result == G_CONVERTER_ERROR ? 0 : (guint)written);
    } while (result == G_CONVERTER_CONVERTED);
}

static void encode_zrle(GByteArray *out, RfbStream *stream, const RfbFormat *format,
                        const uint32_t *pixels, unsigned stride, const RfbRect *rect)
{
    g_autoptr(GByteArray) plain = g_byte_array_new();
    g_autofree Tile *tile = g_new(Tile, 1);
    for (unsigned y = 0; y < rect->height; y += TILE) {
        for (unsigned x = 0; x < rect->width; x += TILE) {
            take_tile(tile, pixels, stride, rect, x, y);
            put_tile(plain, format, tile);
        }
    }
    const guint start = out->len;
    rfb_put32(out, 0);
    compress(out, stream, plain);
    const uint32_t length = GUINT32_TO_BE(out->len - start - (guint)sizeof(uint32_t));
    memcpy(out->data + start, &length, sizeof(length));
}

void rfb_encode(GByteArray *out, RfbEncoding encoding, RfbStream *stream, const RfbFormat *format,
                const uint32_t *pixels, unsigned stride, const RfbRect *rect)
{
    if (encoding == RFB_ZRLE) {
        encode_zrle(out, stream, format, pixels, stride, rect);
    } else {
        encode_raw(out, format, pixels, stride, rect);
    }
}

void rfb_stream_clear(RfbStream *stream)
{
    g_clear_object(&stream->zlib);
}
