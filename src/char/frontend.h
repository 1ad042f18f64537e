/*
 * The other end of a chardev where it is not a device: the monitor.
 *
 * A chardev has at most one.  Beside devices (mux=on) it shares their output,
 * and takes the input in turn with them, as the escape key and `c` say; a
 * device has the input first.  Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CHAR_FRONTEND_H
#define PIOEMU_CHAR_FRONTEND_H

#include "src/char/char.h"

typedef struct CharFrontendClient {
    void (*receive)(void *opaque, const uint8_t *data, size_t size);
    /* The input comes here from now on, or goes to a device. */
    void (*focus)(void *opaque, bool on);
    void *opaque;
} CharFrontendClient;

/*
 * Takes the chardev `id`; `what` names the option in messages.  It has the
 * input if no device takes any, and the client is not told of that.
 */
CharFrontend *char_frontend_new(ChardevSet *set, const char *what, const char *id,
                                const CharFrontendClient *client, GError **error);
void char_frontend_free(CharFrontend *frontend);

/* What the chardev does not take at once waits here. */
void char_frontend_write(CharFrontend *frontend, const char *data, size_t size);
bool char_frontend_has_focus(const CharFrontend *frontend);
/* Whether somebody may sit there, who wants to see what is typed. */
bool char_frontend_is_typed_at(const CharFrontend *frontend);
/* The terminal on which the input is typed, or -1. */
int char_frontend_terminal(const CharFrontend *frontend);

#endif
