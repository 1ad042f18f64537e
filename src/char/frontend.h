/*
 * The connection of a chardev to the monitor instead of a device.
 *
 * A chardev has at most one front end of this kind.  With mux=on, it shares
 * the output with devices, and the escape key followed by `c` switches the
 * input between them.  A device has the input first.  Everything runs in the
 * loop's thread.
 */
#ifndef PIOEMU_CHAR_FRONTEND_H
#define PIOEMU_CHAR_FRONTEND_H

#include "src/char/char.h"

typedef struct CharFrontendClient {
    void (*receive)(void *opaque, const uint8_t *data, size_t size);
    /* The input comes here from now on (`on`), or goes to a device. */
    void (*focus)(void *opaque, bool on);
    void *opaque;
} CharFrontendClient;

/*
 * Connects to the chardev `id`.  `what` names the option in messages.  If no
 * device takes input, the front end has the input, and `focus` is not called
 * for that.
 */
CharFrontend *char_frontend_new(ChardevSet *set, const char *what, const char *id,
                                const CharFrontendClient *client, GError **error);
void char_frontend_free(CharFrontend *frontend);

/* Output that the chardev does not take at once is buffered here. */
void char_frontend_write(CharFrontend *frontend, const char *data, size_t size);
bool char_frontend_has_focus(const CharFrontend *frontend);
/* Whether a user may be typing, who wants to see an echo. */
bool char_frontend_is_typed_at(const CharFrontend *frontend);
/* Returns the terminal on which the user types, or -1. */
int char_frontend_terminal(const CharFrontend *frontend);

#endif
