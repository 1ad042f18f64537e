/*
 * What happens when the host has no memory or no thread left.
 *
 * Without memory GLib cannot even format its message, and recurses until the stack
 * is full.  So the heap gets a reserve at the start, and all small allocations come
 * from it.  Large ones are made where their failure can be reported with a message
 * of its own.  The final message is a constant and is written with write().  If the
 * terminal is raw, its guardian restores it.
 */
#include "src/base/host_failure.h"

#include "src/base/error.h"

#include <glib.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_MEMORY "pioemu: the host has no more memory\n"
/* Several times what a machine needs in small pieces.  Pages that are not used cost nothing. */
#define RESERVE     (4 << 20)
#define USUAL_PAD   (128 << 10)
#define BELOW_A_MAP (120 << 10) /* larger pieces are mapped and do not come from the heap */
#define NO_THREAD   "pioemu: the host gives no more threads (ulimit -u and -v limit them)\n"

static G_NORETURN void end(const char *message)
{
    ssize_t written = write(STDERR_FILENO, message, strlen(message));
    (void)written;
    _exit(PIOEMU_ERROR_HOST);
}

/* GLib's own fatal errors are these two.  Without memory it passes no text. */
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

/* The heap grows once, and does not shrink when the piece is freed. */
static void make_reserve(void)
{
#if defined(__GLIBC__)
    /*
     * Other heaps have no reserve, and GLib aborts if a thread's first allocation
     * fails.  So all threads share one heap.
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
