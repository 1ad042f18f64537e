/*
 * The protocol of VNC, RFB 3.3 to 3.8 (RFC 6143), with one client.  It knows
 * neither sockets nor the machine: bytes go in, calls and bytes come out.
 *
 * Its output has a bound.  The owner sends what is in the queue, and asks for
 * the next update only when the client has taken all of it.  Of a client's
 * message no more than RFB_INPUT_MAX bytes are kept.
 *
 * It also speaks the extensions of QEMU that a machine with a PS/2 mouse and a
 * keyboard needs: the codes of keys, and the movement of the pointer.
 */
#ifndef PIOEMU_DISPLAY_RFB_H
#define PIOEMU_DISPLAY_RFB_H

#include "src/display/rfb_pixels.h"

#define RFB_INPUT_MAX      4096u
#define RFB_CHALLENGE_SIZE 16u

typedef struct Rfb Rfb;

typedef struct RfbHost {
    const char *name; /* of the desktop */
    bool password;    /* a client must know it */
    /*
     * Whether this is the answer to the challenge, both RFB_CHALLENGE_SIZE
     * bytes.  Only called with `password`.
     */
    bool (*verify)(void *opaque, const uint8_t *challenge, const uint8_t *response);
    /* The client is about to see the screen.  Returns false to turn it away. */
    bool (*admit)(void *opaque, bool shared);
    void (*keysym)(void *opaque, uint32_t keysym, bool pressed);
    void (*key)(void *opaque, unsigned code, bool pressed);
    /* The buttons are POINTER_*. */
    void (*place)(void *opaque, int x, int y, unsigned buttons);
    void (*move)(void *opaque, int dx, int dy, unsigned buttons);
    void *opaque;
} RfbHost;

/* `host` is copied.  The output begins with our version. */
Rfb *rfb_new(const RfbHost *host);
void rfb_free(Rfb *rfb);

/*
 * What goes to the client.  The owner removes from its beginning what it has
 * sent.
 */
GByteArray *rfb_output(Rfb *rfb);
/*
 * Takes bytes of the client.  Returns false if the connection must end after
 * what is in the output has been sent.
 */
bool rfb_input(Rfb *rfb, const uint8_t *data, size_t size);
/* True when the client has been admitted, and sees the screen. */
bool rfb_is_open(const Rfb *rfb);

/* The picture that the client sees from now on.  It stays the caller's. */
void rfb_set_picture(Rfb *rfb, const SurfacePicture *picture);
/* Some rows of the picture have changed.  Without a picture nothing happens. */
void rfb_change(Rfb *rfb, unsigned first, unsigned count);
/* Appends an update to the output if the client wants one and something has changed. */
void rfb_update(Rfb *rfb);

#endif
