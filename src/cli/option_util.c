#include "src/cli/option_util.h"

#include "src/base/error.h"

#include <stdarg.h>
#include <string.h>

bool option_wants_help(const char *value)
{
    return !strcmp(value, "help") || !strcmp(value, "?");
}

bool option_error(GError **error, const char *option, const char *value, const char *why)
{
    return error_refuse(error, "-%s %s: %s", option, value, why);
}

void option_replace(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

void option_note(Parse *parse, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(parse->config->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

void option_tell(Parse *parse, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(parse->config->messages, g_strdup_vprintf(format, args));
    va_end(args);
}
