/*
 * Networks of the test rig: they keep what a device sends, and a test sends what it likes.
 */
#include "src/device/device_services.h"
#include "tests/unit/rig.h"

struct NetPort {
    NetPortEnd end;
    RigNet *net;
};

RigNet *rig_net_new(void)
{
    RigNet *net = g_new0(RigNet, 1);
    net->sent = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    net->room = UINT_MAX;
    return net;
}

void rig_net_free(RigNet *net)
{
    g_ptr_array_unref(net->sent);
    g_free(net->port);
    g_free(net);
}

static bool take_frame(NetPort *port, const uint8_t *frame, size_t size)
{
    g_assert_cmpuint(size, >=, NET_FRAME_MIN);
    g_assert_cmpuint(size, <=, NET_FRAME_MAX);
    g_ptr_array_add(port->net->sent, g_bytes_new(frame, size));
    return port->net->sent->len < port->net->room;
}

static void note_ready(NetPort *port)
{
    port->net->ready++;
}

NetPort *rig_net_connect(RigNet *net, Device *dev)
{
    static const NetPortOps OPS = {.send = take_frame, .rx_ready = note_ready};
    g_assert_null(net->port);
    net->port = g_new0(NetPort, 1);
    net->port->end = (NetPortEnd){.ops = &OPS, .dev = dev, .link_up = true};
    net->port->net = net;
    return net->port;
}

bool rig_net_send(RigNet *net, const void *frame, size_t size)
{
    Device *dev = net->port->end.dev;
    const NetClient *client = device_class(dev)->net_client;
    unsigned port = net->port->end.number;
    g_mutex_lock(device_mutex(dev));
    bool takes = client->can_receive(device_state(dev), port);
    if (takes) {
        device_call_net_receive(dev, port, frame, size);
    }
    g_mutex_unlock(device_mutex(dev));
    return takes;
}

void rig_net_link(RigNet *net, bool up)
{
    g_mutex_lock(device_mutex(net->port->end.dev));
    device_call_net_link(net->port->end.dev, net->port->end.number, up);
    g_mutex_unlock(device_mutex(net->port->end.dev));
}

void rig_net_set_room(RigNet *net, unsigned room)
{
    net->room = room;
    g_mutex_lock(device_mutex(net->port->end.dev));
    device_call_net_room(net->port->end.dev, net->port->end.number);
    g_mutex_unlock(device_mutex(net->port->end.dev));
}
