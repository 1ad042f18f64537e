/*
 * The screen for clients of VNC, as -vnc asks for it.
 *
 * All clients share one viewer of the display.  A client that does not take
 * what it is sent gets no further updates until it has; then it sees the screen
 * as it is at that moment.  So it holds up nothing, and little memory waits.
 *
 * Everything is called in the loop's thread.
 */
#ifndef PIOEMU_DISPLAY_VNC_H
#define PIOEMU_DISPLAY_VNC_H

#include "src/display/display.h"
#include "src/display/seat.h"

/* As many clients may be connected. */
#define VNC_CLIENTS_MAX 32u

typedef struct VncServer VncServer;

typedef struct VncHost {
    Loop *loop;
    Display *display;
    const SeatHost *seat;
    const char *name; /* of the desktop */
} VncHost;

/*
 * Listens as the argument of -vnc says: "[HOST]:N" or "unix:PATH", and keys.
 * What `host` points to outlives the server.
 */
VncServer *vnc_server_new(const VncHost *host, const char *spec, GError **error);
/* Ends all connections. */
void vnc_server_free(VncServer *server);

/*
 * The password that new clients must know; it counts up to 8 characters.  An
 * empty one lets no client in.  Fails without password=on.
 */
bool vnc_server_set_password(VncServer *server, const char *password, GError **error);
/* When the password ends, in seconds since 1970.  INT64_MAX: never. */
void vnc_server_expire_password(VncServer *server, int64_t when);

/* ---- for reports ---- */

typedef struct VncAddress {
    char *host, *service; /* service is the port, or empty; host is then the path */
    const char *family;   /* "ipv4", "ipv6" or "unix" */
    bool websocket;
} VncAddress;

typedef struct VncReport {
    bool password;
    GArray *listens; /* VncAddress */
    GArray *clients; /* VncAddress */
} VncReport;

VncReport *vnc_server_report(const VncServer *server);
void vnc_report_free(VncReport *report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VncReport, vnc_report_free)

#endif
