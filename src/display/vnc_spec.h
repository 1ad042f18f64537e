/* The argument of -vnc. */
#ifndef PIOEMU_DISPLAY_VNC_SPEC_H
#define PIOEMU_DISPLAY_VNC_SPEC_H

#include <glib.h>
#include <stdbool.h>

#define VNC_PORT_BASE 5900u

typedef enum VncShare {
    VNC_ALLOW_EXCLUSIVE, /* a client that wants to be alone is: the others are dropped */
    VNC_FORCE_SHARED,    /* a client that wants to be alone is turned away */
    VNC_IGNORE           /* what clients want makes no difference */
} VncShare;

typedef struct VncSpec {
    char *path;           /* of a Unix socket; NULL for TCP */
    char *host;           /* empty: this host only */
    unsigned first, last; /* TCP: the ports to try */
    VncShare share;
    bool password;
} VncSpec;

/* The messages begin with -vnc and the argument. */
bool vnc_spec_parse(VncSpec *spec, const char *text, GError **error);
void vnc_spec_clear(VncSpec *spec);

#endif
