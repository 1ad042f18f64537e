/*
 * Errors for the user.  Every message ends with the value that was wrong and with
 * what would be right.  The code is the exit status.
 */
#ifndef PIOEMU_BASE_ERROR_H
#define PIOEMU_BASE_ERROR_H

#include <glib.h>
#include <stdbool.h>

typedef enum PioemuError {
    PIOEMU_ERROR_CONFIG = 2, /* the user asked for something impossible */
    PIOEMU_ERROR_HOST = 3    /* the host could not give what we need */
} PioemuError;

#define PIOEMU_ERROR (pioemu_error_quark())
GQuark pioemu_error_quark(void);

/*
 * Sets an error for something impossible that the user asked for.  Always returns
 * false, for the caller to return.
 */
bool error_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
