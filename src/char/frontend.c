#include "src/char/frontend.h"

#include "src/base/error.h"
#include "src/char/backends.h"
#include "src/char/char_internal.h"

#include <unistd.h>

struct CharFrontend {
    Chardev *chardev;
    CharFrontendClient client;
    GByteArray *waiting; /* output that the chardev has not taken */
    bool focused;
};

static bool refuse(GError **error, const char *what, const char *id, const char *why)
{
    return error_refuse(error, "%s: chardev '%s' %s", what, id, why);
}

static bool check(const ChardevSet *set, const char *what, const char *id, GError **error)
{
    const Chardev *chardev = chardev_set_find(set, id);
    if (!chardev) {
        return error_refuse(error, "%s: no such chardev '%s' (-chardev BACKEND,id=%s makes one)",
                            what, id, id);
    }
    if (chardev->front) {
        return refuse(error, what, id, "has a monitor already");
    }
    if (chardev->ports->len && !chardev->mux) {
        const CharPort *port = chardev->ports->pdata[0];
        g_autofree char *why =
            g_strdup_printf("is used by %s (mux=on lets both share it)", device_id(port->end.dev));
        return refuse(error, what, id, why);
    }
    return chardev->class->rx_size || refuse(error, what, id, "gives no input");
}

CharFrontend *char_frontend_new(ChardevSet *set, const char *what, const char *id,
                                const CharFrontendClient *client, GError **error)
{
    if (!check(set, what, id, error)) {
        return NULL;
    }
    CharFrontend *frontend = g_new0(CharFrontend, 1);
    frontend->chardev = chardev_set_find(set, id);
    frontend->client = *client;
    frontend->waiting = g_byte_array_new();
    frontend->chardev->front = frontend;
    frontend->focused = !chardev_focus(frontend->chardev);
    chardev_update_reading(frontend->chardev);
    return frontend;
}

void char_frontend_free(CharFrontend *frontend)
{
    if (frontend) {
        frontend->chardev->front = NULL;
        g_byte_array_unref(frontend->waiting);
        g_free(frontend);
    }
}

bool char_frontend_has_focus(const CharFrontend *frontend)
{
    return frontend && frontend->focused;
}

/* Standard input may come from a script, and the files of a pipe do. */
bool char_frontend_is_typed_at(const CharFrontend *frontend)
{
    const ChardevClass *class = frontend->chardev->class;
    bool standard = class == &chardev_stdio_class;
    return class != &chardev_pipe_class && (!standard || isatty(STDIN_FILENO));
}

int char_frontend_terminal(const CharFrontend *frontend)
{
    bool standard = frontend->chardev->class == &chardev_stdio_class;
    return standard && isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
}

void char_frontend_set_focus(CharFrontend *frontend, bool on)
{
    if (frontend->focused != on) {
        frontend->focused = on;
        frontend->client.focus(frontend->client.opaque, on);
    }
}

void char_frontend_receive(CharFrontend *frontend, const uint8_t *data, size_t size)
{
    frontend->client.receive(frontend->client.opaque, data, size);
}

/* ---- output ---- */

void char_frontend_resume(CharFrontend *frontend)
{
    GByteArray *waiting = frontend->waiting;
    size_t taken =
        waiting->len ? chardev_output(frontend->chardev, waiting->data, waiting->len) : 0;
    if (taken) {
        g_byte_array_remove_range(waiting, 0, (guint)taken);
        chardev_pump(frontend->chardev);
    }
}

size_t char_frontend_waiting(const CharFrontend *frontend)
{
    return frontend ? frontend->waiting->len : 0;
}

/* If the reader takes nothing more, the oldest output is dropped first. */
void char_frontend_write(CharFrontend *frontend, const char *data, size_t size)
{
    bool idle = !frontend->waiting->len;
    if (size > CHAR_FRONTEND_MAX - MIN(CHAR_FRONTEND_MAX, frontend->waiting->len)) {
        frontend->chardev->gap += frontend->waiting->len;
        g_byte_array_set_size(frontend->waiting, 0);
    }
    g_byte_array_append(frontend->waiting, (const guint8 *)data, (guint)size);
    if (idle) {
        char_frontend_resume(frontend);
    }
}
