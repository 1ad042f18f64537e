#include "src/base/error.h"

G_DEFINE_QUARK(pioemu - error - quark, pioemu_error)

bool error_refuse(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, message);
    return false;
}
