/*
 * The link, and the claim on it.  The claim is a socket in the abstract namespace.
 * It disappears with its process, however that ends.
 */
#include "src/char/pty_link.h"

#include "src/base/error.h"
#include "src/base/file_place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct PtyLink {
    char *path, *target;
    int claim;
};

static bool refuse(GError **error, const char *path, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "link '%s': %s", path, why);
    return false;
}

/* The name is a checksum, because an abstract name has no room for a long path. */
static bool claim(PtyLink *link, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(link->path);
    g_autofree char *real = realpath(directory, NULL);
    if (!real) {
        return refuse(error, link->path, g_strerror(errno));
    }
    g_autofree char *name = g_path_get_basename(link->path);
    g_autofree char *full = g_build_filename(real, name, NULL);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA1, full, -1);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int size =
        g_snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "pioemu-link-%s", sum);
    link->claim = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
    if (link->claim < 0 || bind(link->claim, (struct sockaddr *)&address, length) < 0) {
        return refuse(error, link->path,
                      errno == EADDRINUSE ? "a running pioemu has it" : g_strerror(errno));
    }
    return true;
}

/* The target of the link now, or NULL with errno. */
static char *read_link(const char *path)
{
    char target[4096];
    ssize_t size = readlink(path, target, sizeof(target) - 1);
    return size < 0 ? NULL : g_strndup(target, (gsize)size);
}

/* A path can be replaced if it does not exist, or is a link to a terminal or a dangling link. */
static bool check_replaceable(const char *path, GError **error)
{
    struct stat st;
    if (lstat(path, &st) < 0) {
        return errno == ENOENT || refuse(error, path, g_strerror(errno));
    }
    g_autofree char *target = S_ISLNK(st.st_mode) ? read_link(path) : NULL;
    bool stale = target && (g_str_has_prefix(target, "/dev/pts/") || stat(path, &st) < 0);
    return stale || refuse(error, path, "exists and is no link to a pseudo-terminal");
}

static bool put_at(const FilePlace *place, const char *target)
{
    g_autofree char *fresh = NULL;
    bool done = file_place_make_link(place, target, &fresh);
    if (done && !file_place_put(place, fresh, true)) {
        file_place_discard(place, fresh);
        done = false;
    }
    return done;
}

static bool put(const PtyLink *link, GError **error)
{
    FilePlace place;
    if (!file_place_open(&place, link->path)) {
        return refuse(error, link->path, g_strerror(errno));
    }
    bool done = put_at(&place, link->target);
    int failure = errno;
    file_place_clear(&place);
    return done || refuse(error, link->path, g_strerror(failure));
}

static void link_free(PtyLink *link)
{
    if (link->claim >= 0) {
        close(link->claim);
    }
    g_free(link->path);
    g_free(link->target);
    g_free(link);
}

PtyLink *pty_link_new(const char *path, const char *target, GError **error)
{
    PtyLink *link = g_new0(PtyLink, 1);
    *link = (PtyLink){.path = g_strdup(path), .target = g_strdup(target), .claim = -1};
    if (!claim(link, error) || !check_replaceable(path, error) || !put(link, error)) {
        link_free(link);
        return NULL;
    }
    return link;
}

void pty_link_free(PtyLink *link)
{
    if (link) {
        g_autofree char *target = read_link(link->path);
        if (target && !strcmp(target, link->target)) {
            unlink(link->path);
        }
        link_free(link);
    }
}
