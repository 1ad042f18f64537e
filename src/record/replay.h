/*
 * -replay: gives a recording to freshly built devices, with no guest and no
 * CPU, and compares what they answer and do with what they did then.
 *
 * Each device gets exactly the calls that it got, at the machine time of the
 * recording, and what lies outside of it answers as it did: so one device's
 * difference does not make others.
 */
#ifndef PIOEMU_RECORD_REPLAY_H
#define PIOEMU_RECORD_REPLAY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ReplayResult {
    char *difference; /* the first one, owned; NULL: there is none */
    uint64_t records; /* that were replayed */
    uint64_t time;    /* machine time of the last, in ns */
} ReplayResult;

/* Status of a replay that found a difference; another failure has the error's code. */
#define REPLAY_DIFFERS 1

/* False: it is no recording, damaged, or of a machine that cannot be built here. */
bool replay_data(const void *data, size_t size, ReplayResult *result, GError **error);

/* Replays a file, says on stdout what came of it, and returns the exit status. */
int replay_run(const char *path, GError **error);
/* A recording, for as long as the caller needs it. */
GMappedFile *replay_map_file(const char *path, GError **error);

#endif
