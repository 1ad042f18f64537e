#include "src/display/vnc_spec.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"

#include <string.h>

#define PORT_MAX 65535u

/*
 * The keys after `websocket` change nothing here: they are for encodings that
 * lose quality, for lamps of keyboards and for sound.
 */
static const char *const KNOWN[] = {"vnc",          "to",       "password",      "share",
                                    "id",           "lossy",    "non-adaptive",  "lock-key-sync",
                                    "key-delay-ms", "audiodev", "power-control", NULL};

static const char *const SHARES[] = {
    [VNC_ALLOW_EXCLUSIVE] = "allow-exclusive",
    [VNC_FORCE_SHARED] = "force-shared",
    [VNC_IGNORE] = "ignore",
};

static bool parse_share(VncSpec *spec, const char *text, GError **error)
{
    for (unsigned i = 0; text && i < G_N_ELEMENTS(SHARES); i++) {
        if (!strcmp(SHARES[i], text)) {
            spec->share = (VncShare)i;
            return true;
        }
    }
    return !text || error_refuse(error,
                                 "there is no share=%s (allow-exclusive, force-shared or "
                                 "ignore)",
                                 text);
}

static bool parse_port(const char *what, const char *text, unsigned *port, GError **error)
{
    uint64_t number;
    if (!number_parse(what, text, PORT_MAX - VNC_PORT_BASE, &number, error)) {
        return false;
    }
    *port = VNC_PORT_BASE + (unsigned)number;
    return true;
}

static bool parse_place(VncSpec *spec, const char *place, const char *to, GError **error)
{
    if (g_str_has_prefix(place, "unix:")) {
        spec->path = g_strdup(place + strlen("unix:"));
        return *spec->path || error_refuse(error, "a path follows unix:");
    }
    const char *colon = strrchr(place, ':');
    if (!colon) {
        return error_refuse(error, "write HOST:N for port %u + N, unix:PATH or none",
                            VNC_PORT_BASE);
    }
    spec->host = g_strndup(place, (gsize)(colon - place));
    if (!parse_port("the number of the display", colon + 1, &spec->first, error)) {
        return false;
    }
    spec->last = spec->first;
    return !to || parse_port("to", to, &spec->last, error);
}

bool vnc_spec_parse(VncSpec *spec, const char *text, GError **error)
{
    g_autoptr(GHashTable) keys = keyval_parse("-vnc", text, "vnc", KNOWN, error);
    g_autoptr(GError) failure = NULL;
    *spec = (VncSpec){.path = NULL};
    if (!keys) {
        return false;
    }
    const char *place = g_hash_table_lookup(keys, "vnc");
    const char *password = g_hash_table_lookup(keys, "password");
    bool good = parse_place(spec, place ? place : "", g_hash_table_lookup(keys, "to"), &failure) &&
                parse_share(spec, g_hash_table_lookup(keys, "share"), &failure) &&
                (!password || number_parse_bool("password", password, &spec->password, &failure));
    if (!good) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "-vnc %s: ", text);
        vnc_spec_clear(spec);
    }
    return good;
}

void vnc_spec_clear(VncSpec *spec)
{
    g_clear_pointer(&spec->path, g_free);
    g_clear_pointer(&spec->host, g_free);
}
