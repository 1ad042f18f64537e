/*
 * See the header.
 *
 * GLib cannot say that it has no memory once even the text of that has none,
 * and recurses until the stack is full.  So the heap gets a reserve at the
 * start, out of which all the small allocations come; large ones are asked for
 * where they are made, and refused with a message of their own.  What has to be said is said
 * without memory: on standard error and by write().  A terminal comes back by its guardian.
 */
#include "src/base/host_failure.h"

#include "src/base/error.h"

#include <glib.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_MEMORY "pioemu: the host has no more memory\n"
/* Several times what a machine takes in small pieces; no page of it is touched. */
#define RESERVE     (4 << 20)
#define USUAL_PAD   (128 << 10)
#define BELOW_A_MAP (120 << 10) /* larger ones are mapped, not taken from the heap */
#define NO_THREAD   "pioemu: the host gives no more threads (ulimit -u and -v limit them)\n"

static G_NORETURN void end(const char *message)
{
    ssize_t written = write(STDERR_FILENO, message, strlen(message));
    (void)written;
    _exit(PIOEMU_ERROR_HOST);
}

/* An error of GLib's own is one of these two; without memory it has no text. */
static void glib_failed(const gchar *domain, GLogLevelFlags level, const gchar *message,
                        gpointer opaque)
{
    if (level & G_LOG_LEVEL_ERROR) {
        if (!message || strstr(message, "failed to allocate") ||
            strstr(message, "overflow allocating")) {
            end(NO_MEMORY);
        }
        if (strstr(message, "creating thread")) {
            end(NO_THREAD);
        }
    }
    g_log_default_handler(domain, level, message, opaque);
}

/* The heap grows once, and does not shrink again when the piece is given back. */
static void make_reserve(void)
{
#if defined(__GLIBC__)
    /* A thread's own heap would have no reserve, and GLib aborts when a thread's first piece fails.
     */
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 2 * RESERVE);
    mallopt(M_TOP_PAD, RESERVE);
    void *first = malloc(BELOW_A_MAP), *second = malloc(BELOW_A_MAP);
    if (!first || !second) {
        end(NO_MEMORY);
    }
    free(first);
    free(second);
    mallopt(M_TOP_PAD, USUAL_PAD);
#endif
}

void host_failure_install(void)
{
    make_reserve();
    g_log_set_handler("GLib", G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION,
                      glib_failed, NULL);
}
