/*
 * -replay: gives a recording to newly built devices, without a guest and a CPU, and
 * compares what they answer and do with the recording.
 *
 * Each device gets exactly the recorded calls, at the recorded machine time.
 * Everything outside the device answers as it did in the recording.  So a
 * difference in one device does not cause differences in others.
 */
#ifndef PIOEMU_RECORD_REPLAY_H
#define PIOEMU_RECORD_REPLAY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ReplayResult {
    char *difference; /* the first difference, which the caller frees; NULL: there is none */
    uint64_t records; /* the number of records that were replayed */
    uint64_t time;    /* the machine time of the last record, in ns */
} ReplayResult;

/* The status of a replay that found a difference.  Other failures have the error's code. */
#define REPLAY_DIFFERS 1

/* Returns false if it is no recording, is damaged, or needs a machine that cannot be built here. */
bool replay_data(const void *data, size_t size, ReplayResult *result, GError **error);

/* Replays a file, prints the result on stdout, and returns the exit status. */
int replay_run(const char *path, GError **error);
/* Maps a recording.  The caller keeps the mapping as long as it uses the data. */
GMappedFile *replay_map_file(const char *path, GError **error);

#endif
