#include "src/control/gdb_server.h"

#include "src/base/error.h"
#include "src/control/gdb.h"
#include "src/control/stream.h"

#include <string.h>

typedef struct GdbServer {
    Vm *vm;
    Gdb *gdb;
    Stream *stream;
    bool busy; /* handles input from its client */
} GdbServer;

static void send_bytes(void *opaque, const char *data, size_t size)
{
    GdbServer *server = opaque;
    if (server->stream) {
        stream_write(server->stream, data, size);
    }
}

static void client_came(void *opaque)
{
    gdb_connected(((GdbServer *)opaque)->gdb);
}

static void bytes_came(void *opaque, const char *data, size_t size)
{
    GdbServer *server = opaque;
    server->busy = true;
    gdb_input(server->gdb, data, size);
    server->busy = false;
}

static void client_went(void *opaque, bool final)
{
    (void) final;
    gdb_disconnected(((GdbServer *)opaque)->gdb);
}

static void machine_stopped(void *opaque, const VmStop *stop)
{
    gdb_stopped(((GdbServer *)opaque)->gdb, stop);
}

/* ---- the place ---- */

/* Without other words "tcp:" and "unix:" listen, and the guest does not wait for a client. */
static char *complete_spec(const char *spec)
{
    bool is_socket = g_str_has_prefix(spec, "tcp:") || g_str_has_prefix(spec, "unix:");
    return g_strdup_printf("%s%s", spec,
                           is_socket && !strstr(spec, ",server") ? ",server=on,wait=off" : "");
}

/* Removes ",arch=NAME" from the text. */
static bool take_arch(char *spec, const char *what, GdbArch *arch, GError **error)
{
    static const char KEY[] = ",arch=";
    char *key = strstr(spec, KEY);
    *arch = GDB_ARCH_COUNT;
    if (!key) {
        return true;
    }
    const char *value = key + strlen(KEY);
    g_autofree char *name = g_strndup(value, strcspn(value, ","));
    *arch = gdb_arch_find(name);
    if (*arch == GDB_ARCH_COUNT) {
        return error_refuse(error, "%s %s: no such architecture as %s (i8086, i386, x86-64)", what,
                            spec, name);
    }
    memmove(key, value + strlen(name), strlen(value + strlen(name)) + 1);
    return true;
}

static bool open_stream(GdbServer *server, const char *what, const char *spec, GError **error)
{
    StreamAddress address;
    g_autofree char *whole = complete_spec(spec);
    StreamEvents events = {
        .opened = client_came,
        .received = bytes_came,
        .closed = client_went,
        .opaque = server,
    };
    if (!stream_address_parse(&address, what, whole, error)) {
        return false;
    }
    if (address.kind == STREAM_STDIO && vm_uses_stdio(server->vm)) {
        stream_address_clear(&address);
        return error_refuse(error, "%s stdio: standard input is taken (only one may have it)",
                            what);
    }
    g_autoptr(GError) failure = NULL;
    server->stream = stream_new(vm_parts(server->vm).loop, &address, &events, &failure);
    stream_address_clear(&address);
    if (!server->stream) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s %s: ", what, spec);
    }
    return server->stream != NULL;
}

static void free_server(GdbServer *server)
{
    if (server->stream) {
        stream_free(server->stream);
        server->stream = NULL;
    }
    gdb_disconnected(server->gdb);
    gdb_free(server->gdb);
    g_free(server);
}

static bool open_server(Vm *vm, const char *what, const char *spec, GdbArch arch, GError **error)
{
    g_autoptr(GError) failure = NULL;
    if (!vm_can_debug(vm, &failure)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s %s: ", what, spec);
        return false;
    }
    GdbServer *server = g_new0(GdbServer, 1);
    server->vm = vm;
    server->gdb = gdb_new(vm, arch, send_bytes, server);
    if (!open_stream(server, what, spec, error)) {
        free_server(server);
        return false;
    }
    vm_set_debugger(vm, &(VmDebugger){.stopped = machine_stopped, .opaque = server});
    return true;
}

bool gdb_server_open(Vm *vm, const char *what, const char *spec, GError **error)
{
    g_autofree char *place = g_strdup(spec);
    const GdbServer *before = vm_debugger(vm);
    GdbArch arch;
    if (before && before->busy) {
        return error_refuse(error, "%s %s: the debugger that asks for it is connected", what, spec);
    }
    if (!take_arch(place, what, &arch, error)) {
        return false;
    }
    gdb_server_close(vm);
    return !strcmp(place, "none") || open_server(vm, what, place, arch, error);
}

void gdb_server_close(Vm *vm)
{
    GdbServer *server = vm_debugger(vm);
    if (server) {
        vm_set_debugger(vm, NULL);
        gdb_ended(server->gdb);
        free_server(server);
    }
}
