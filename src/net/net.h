/*
 * The networks: devices on one side, what -netdev names on the other.
 *
 *   device ── NetPort ──► ring ──► loop ──► back end
 *   device ◄── receive() ◄── loop ◄── ring ◄── back end
 *
 * A frame that finds its ring full is dropped and counted, so a slow network delays no
 * device.  The loop's thread does everything except the device's half of sending.
 */
#ifndef PIOEMU_NET_NET_H
#define PIOEMU_NET_NET_H

#include "src/base/loop.h"
#include "src/board/clock.h"
#include "src/device/device_core.h"

#include <glib.h>

typedef struct NetSet NetSet;

/* What the networks need.  `message` gets a line for the user, in the loop's thread; it may be
 * NULL. */
typedef struct NetHost {
    Loop *loop;
    Clock *clock; /* machine time */
    bool idle;    /* nothing is opened: the networks lead nowhere, as in a replay */
    void (*message)(void *opaque, const char *text);
    void *opaque;
} NetHost;

NetSet *net_set_new(const NetHost *host);
/* Devices send nothing after this. */
void net_set_free(NetSet *set);

/* What -netdev says: "TYPE,id=ID,key=value". */
bool net_set_add(NetSet *set, const char *text, GError **error);
/* A network that leads nowhere; nothing happens if there is one with this id. */
void net_set_add_idle(NetSet *set, const char *id);
/* Refused while a device has it. */
bool net_set_remove(NetSet *set, const char *id, GError **error);
/* Implements DeviceHost.net_port: refuses an id that does not exist or is in use. */
NetPort *net_set_connect(NetSet *set, Device *dev, const char *id, GError **error);
/* Pulls out the cable of a netdev or of a device, or plugs it in. */
bool net_set_link(NetSet *set, const char *name, bool up, GError **error);

/* What -object filter-dump says: "filter-dump,id=ID,netdev=ID,file=PATH". */
bool net_set_add_filter(NetSet *set, const char *text, GError **error);

/* As `info network` shows them: the devices, and the netdev of each. */
void net_set_describe(const NetSet *set, GString *text);
/* As `info usernet` shows the connections of each netdev that is `user`. */
void net_set_describe_user(const NetSet *set, GString *text);
/*
 * Opens a port of the host, or closes it.  `rule` is "tcp:HOST:PORT-GUEST:PORT".
 * Without an id it is the first netdev that is `user`.
 */
bool net_set_forward(NetSet *set, const char *id, const char *rule, bool add, GError **error);
/* The types of -netdev, a line each; the caller frees it. */
char *net_types(void);

#endif
