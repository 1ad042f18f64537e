#include "src/display/vnc_internal.h"

#include "src/base/error.h"

#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the screen ---- */

static void reshaped(void *opaque, const SurfacePicture *picture)
{
    VncServer *server = opaque;
    for (guint i = 0; i < server->clients->len; i++) {
        VncClient *client = server->clients->pdata[i];
        rfb_set_picture(client->rfb, picture);
        vnc_client_update(client);
    }
}

static void changed(void *opaque, const SurfacePicture *picture, unsigned first, unsigned count)
{
    VncServer *server = opaque;
    (void)picture;
    for (guint i = 0; i < server->clients->len; i++) {
        VncClient *client = server->clients->pdata[i];
        rfb_change(client->rfb, first, count);
        vnc_client_update(client);
    }
}

static bool any_open(const VncServer *server)
{
    for (guint i = 0; i < server->clients->len; i++) {
        if (rfb_is_open(((VncClient *)server->clients->pdata[i])->rfb)) {
            return true;
        }
    }
    return false;
}

void vnc_client_gone(VncServer *server)
{
    if (server->viewing && !any_open(server)) {
        display_remove_viewer(server->host.display, &server->viewer);
        server->viewing = false;
    }
}

/* ---- who may look ---- */

static void drop_others(VncServer *server, const VncClient *client)
{
    for (guint i = server->clients->len; i-- > 0;) {
        VncClient *other = server->clients->pdata[i];
        if (other != client && rfb_is_open(other->rfb)) {
            vnc_client_free(other);
        }
    }
}

static bool one_is_exclusive(const VncServer *server)
{
    for (guint i = 0; i < server->clients->len; i++) {
        const VncClient *client = server->clients->pdata[i];
        if (rfb_is_open(client->rfb) && !client->shared) {
            return true;
        }
    }
    return false;
}

static bool may_look(VncServer *server, const VncClient *client)
{
    if (server->spec.share == VNC_IGNORE) {
        return true;
    }
    if (client->shared) {
        return server->spec.share == VNC_FORCE_SHARED || !one_is_exclusive(server);
    }
    if (server->spec.share == VNC_ALLOW_EXCLUSIVE) {
        drop_others(server, client);
    }
    return server->spec.share == VNC_ALLOW_EXCLUSIVE;
}

/* The first client has the viewer added, and is told of the picture like all others. */
bool vnc_admit(VncServer *server, VncClient *client)
{
    if (!may_look(server, client)) {
        return false;
    }
    if (!server->viewing) {
        server->viewing = true;
        display_add_viewer(server->host.display, &server->viewer);
    }
    rfb_set_picture(client->rfb, display_picture(server->host.display));
    return true;
}

/* ---- new clients ---- */

/* When there are too many, the one that has waited longest for its admission goes. */
static bool make_room(VncServer *server)
{
    for (guint i = 0; i < server->clients->len && server->clients->len >= VNC_CLIENTS_MAX; i++) {
        VncClient *client = server->clients->pdata[i];
        if (!rfb_is_open(client->rfb)) {
            vnc_client_free(client);
        }
    }
    return server->clients->len < VNC_CLIENTS_MAX;
}

static void client_came(void *opaque, unsigned events)
{
    VncServer *server = opaque;
    (void)events;
    const int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    if (make_room(server)) {
        vnc_client_new(server, fd);
    } else {
        close(fd);
    }
}

/* ---- the listener ---- */

static bool listen_once(VncServer *server, unsigned port, GError **error)
{
    const VncSpec *spec = &server->spec;
    g_autofree char *number = g_strdup_printf("%u", port);
    g_autofree char *text = spec->path ? NULL : socket_address_join(spec->host, number);
    bool known = spec->path ? socket_address_unix(&server->address, spec->path, error)
                            : socket_address_tcp(&server->address, text, error);
    if (known) {
        server->listener = socket_address_listen(&server->address, error);
    }
    return server->listener >= 0;
}

static bool open_listener(VncServer *server, GError **error)
{
    g_autoptr(GError) failure = NULL;
    for (unsigned port = server->spec.first; server->listener < 0 && port <= server->spec.last;
         port++) {
        g_clear_error(&failure);
        socket_address_clear(&server->address);
        listen_once(server, port, &failure);
    }
    if (server->listener < 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "%s",
                    failure ? failure->message : "to= is less than the display");
        return false;
    }
    server->watch = loop_fd_new(server->host.loop, server->listener, client_came, server);
    loop_fd_watch(server->watch, LOOP_READ);
    return true;
}

VncServer *vnc_server_new(const VncHost *host, const char *text, GError **error)
{
    VncSpec spec;
    g_autoptr(GError) failure = NULL;
    if (!vnc_spec_parse(&spec, text, error)) {
        return NULL;
    }
    VncServer *server = g_new0(VncServer, 1);
    server->host = *host;
    server->spec = spec;
    server->listener = -1;
    server->clients = g_ptr_array_new();
    server->viewer = (DisplayViewer){true, reshaped, changed, server};
    if ((spec.password && !vnc_password_init(&server->password, &failure)) ||
        !open_listener(server, &failure)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "-vnc %s: ", text);
        vnc_server_free(server);
        return NULL;
    }
    return server;
}

void vnc_server_free(VncServer *server)
{
    while (server->clients->len) {
        vnc_client_free(server->clients->pdata[0]);
    }
    loop_fd_free(server->watch);
    if (server->listener >= 0) {
        close(server->listener);
        socket_address_unlink(&server->address);
    }
    socket_address_clear(&server->address);
    vnc_password_clear(&server->password);
    vnc_spec_clear(&server->spec);
    g_ptr_array_unref(server->clients);
    g_free(server);
}

/* ---- passwords ---- */

bool vnc_server_set_password(VncServer *server, const char *password, GError **error)
{
    if (!server->spec.password) {
        return error_refuse(error, "VNC has no password here (-vnc ...,password=on)");
    }
    g_free(server->password.text);
    server->password.text = g_strdup(password);
    return true;
}

void vnc_server_expire_password(VncServer *server, int64_t when)
{
    server->password.expires = when;
}

/* ---- reports ---- */

static void clear_address(void *data)
{
    VncAddress *address = data;
    g_free(address->host);
    g_free(address->service);
}

static GArray *new_addresses(void)
{
    GArray *addresses = g_array_new(false, false, sizeof(VncAddress));
    g_array_set_clear_func(addresses, clear_address);
    return addresses;
}

/* Adds our own address, which getsockname() knows even if the user gave a name. */
static void add_listener(const VncServer *server, GArray *addresses)
{
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof(own);
    char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "";
    getsockname(server->listener, (struct sockaddr *)&own, &size);
    if (!server->spec.path) {
        getnameinfo((struct sockaddr *)&own, size, host, sizeof(host), service, sizeof(service),
                    NI_NUMERICHOST | NI_NUMERICSERV);
    }
    const VncAddress address = {
        .host = g_strdup(server->spec.path ? server->spec.path : host),
        .service = g_strdup(service),
        .family = server->spec.path           ? "unix"
                  : own.ss_family == AF_INET6 ? "ipv6"
                                              : "ipv4",
    };
    g_array_append_val(addresses, address);
}

static void add_client(const VncServer *server, const VncClient *client, GArray *addresses)
{
    VncAddress address = {.family = server->spec.path ? "unix" : "ipv4"};
    link_peer(client->link, &address.host, &address.service);
    if (strchr(address.host, ':')) {
        address.family = "ipv6";
    }
    g_array_append_val(addresses, address);
}

VncReport *vnc_server_report(const VncServer *server)
{
    VncReport *report = g_new0(VncReport, 1);
    report->password = server->spec.password;
    report->listens = new_addresses();
    report->clients = new_addresses();
    add_listener(server, report->listens);
    for (guint i = 0; i < server->clients->len; i++) {
        const VncClient *client = server->clients->pdata[i];
        if (rfb_is_open(client->rfb)) {
            add_client(server, client, report->clients);
        }
    }
    return report;
}

void vnc_report_free(VncReport *report)
{
    g_array_unref(report->listens);
    g_array_unref(report->clients);
    g_free(report);
}
