/*
 * Pixels in the form that a client of RFB wants (RFC 6143, sections 7.4 and 7.7).
 */
#ifndef PIOEMU_DISPLAY_RFB_PIXELS_H
#define PIOEMU_DISPLAY_RFB_PIXELS_H

#include "src/device/surface.h"

#include <gio/gio.h>

#define RFB_FORMAT_SIZE 16u

/* A client's PIXEL_FORMAT. */
typedef struct RfbFormat {
    unsigned bits, depth; /* 8, 16 or 32 bits */
    bool big_endian, true_colour;
    unsigned max[3], shift[3]; /* red, green, blue */
} RfbFormat;

/* A rectangle of the screen. */
typedef struct RfbRect {
    unsigned x, y, width, height;
} RfbRect;

typedef enum RfbEncoding { RFB_RAW = 0, RFB_ZRLE = 16 } RfbEncoding;

/* Bytes that go to a client, and numbers with their first byte first. */
void rfb_put8(GByteArray *out, unsigned value);
void rfb_put16(GByteArray *out, unsigned value);
void rfb_put32(GByteArray *out, uint32_t value);
unsigned rfb_get16(const uint8_t *data);
uint32_t rfb_get32(const uint8_t *data);

/* The format that needs no conversion: 32 bits with 0xRRGGBB. */
extern const RfbFormat RFB_FORMAT_OURS;

void rfb_format_put(GByteArray *out, const RfbFormat *format);
/*
 * Parses the RFB_FORMAT_SIZE bytes.  A format with a palette becomes one of 8
 * bits, three for red and green each and two for blue.  Returns false if RFB
 * knows no such format.
 */
bool rfb_format_parse(const uint8_t *data, RfbFormat *format);
/* The palette for a format without true_colour: a message for the client. */
void rfb_format_put_palette(GByteArray *out);

/* ZRLE's stream, which lasts as long as the connection. */
typedef struct RfbStream {
    GZlibCompressor *zlib;
} RfbStream;

void rfb_stream_clear(RfbStream *stream);

/*
 * Appends the rectangle without its head.  `pixels` is the whole picture with
 * `stride` pixels a row.
 */
void rfb_encode(GByteArray *out, RfbEncoding encoding, RfbStream *stream, const RfbFormat *format,
                const uint32_t *pixels, unsigned stride, const RfbRect *rect);

#endif
