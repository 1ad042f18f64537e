/* One client of a server of VNC: between its connection, the protocol and the machine. */
#include "src/display/vnc_internal.h"

/* ---- what the protocol calls ---- */

static bool verify(void *opaque, const uint8_t *challenge, const uint8_t *response)
{
    const VncClient *client = opaque;
    return vnc_password_verify(&client->server->password, challenge, response);
}

static bool admit(void *opaque, bool shared)
{
    VncClient *client = opaque;
    client->shared = shared;
    return vnc_admit(client->server, client);
}

static void take_keysym(void *opaque, uint32_t keysym, bool pressed)
{
    seat_keysym(((VncClient *)opaque)->seat, keysym, pressed);
}

static void take_key(void *opaque, unsigned code, bool pressed)
{
    seat_key(((VncClient *)opaque)->seat, code, pressed);
}

static void take_place(void *opaque, int x, int y, unsigned buttons)
{
    seat_place(((VncClient *)opaque)->seat, x, y, buttons);
}

static void take_move(void *opaque, int dx, int dy, unsigned buttons)
{
    seat_move(((VncClient *)opaque)->seat, dx, dy, buttons);
}

/* ---- the connection ---- */

static void pass_output(VncClient *client)
{
    GByteArray *out = rfb_output(client->rfb);
    if (out->len) {
        link_write(client->link, out->data, out->len);
        g_byte_array_set_size(out, 0);
    }
}

void vnc_client_update(VncClient *client)
{
    if (!link_waiting(client->link)) {
        rfb_update(client->rfb);
        pass_output(client);
    }
}

static void received(void *opaque, const uint8_t *data, size_t size)
{
    VncClient *client = opaque;
    const bool goes_on = rfb_input(client->rfb, data, size);
    pass_output(client);
    if (goes_on) {
        vnc_client_update(client);
    } else {
        link_end(client->link);
    }
}

static void drained(void *opaque)
{
    vnc_client_update(opaque);
}

static void closed(void *opaque)
{
    vnc_client_free(opaque);
}

void vnc_client_new(VncServer *server, int fd)
{
    VncClient *client = g_new0(VncClient, 1);
    const LinkEvents events = {received, drained, closed, client};
    const RfbHost host = {
        .name = server->host.name,
        .password = server->spec.password,
        .verify = verify,
        .admit = admit,
        .keysym = take_keysym,
        .key = take_key,
        .place = take_place,
        .move = take_move,
        .opaque = client,
    };
    client->server = server;
    client->link = link_new(server->host.loop, fd, &events);
    client->rfb = rfb_new(&host);
    client->seat = seat_new(server->host.seat);
    g_ptr_array_add(server->clients, client);
    pass_output(client);
}

void vnc_client_free(VncClient *client)
{
    VncServer *server = client->server;
    g_ptr_array_remove(server->clients, client);
    link_free(client->link);
    rfb_free(client->rfb);
    seat_free(client->seat);
    g_free(client);
    vnc_client_gone(server);
}
