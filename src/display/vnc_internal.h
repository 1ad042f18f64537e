/* A server of VNC and its clients. */
#ifndef PIOEMU_DISPLAY_VNC_INTERNAL_H
#define PIOEMU_DISPLAY_VNC_INTERNAL_H

#include "src/base/socket_address.h"
#include "src/display/link.h"
#include "src/display/rfb.h"
#include "src/display/vnc.h"
#include "src/display/vnc_password.h"
#include "src/display/vnc_spec.h"

typedef struct VncClient {
    VncServer *server;
    Link *link;
    Rfb *rfb;
    Seat *seat;
    bool shared; /* it did not want to be alone */
} VncClient;

struct VncServer {
    VncHost host;
    VncSpec spec;
    VncPassword password; /* has no cipher without password=on */
    SocketAddress address;
    int listener; /* -1: none */
    LoopFd *watch;
    GPtrArray *clients; /* VncClient, the oldest first */
    DisplayViewer viewer;
    bool viewing; /* the viewer has been added, because a client is open */
};

/* ---- vnc_client.c ---- */

/* Takes over `fd`, and adds the client to the server's. */
void vnc_client_new(VncServer *server, int fd);
/* Removes the client from the server's, and closes the connection. */
void vnc_client_free(VncClient *client);
/* Sends an update if the client wants one and has taken what was sent before. */
void vnc_client_update(VncClient *client);

/* ---- vnc.c ---- */

/* Whether a client that is about to see the screen may.  It may drop others. */
bool vnc_admit(VncServer *server, VncClient *client);
/* A client has gone. */
void vnc_client_gone(VncServer *server);

#endif
