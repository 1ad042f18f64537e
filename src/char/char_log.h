/*
 * A log file beside a chardev: what the devices print, line by line, with time
 * stamps if wanted, without escape sequences if wanted, and never longer than
 * the user allows.
 */
#ifndef PIOEMU_CHAR_LOG_H
#define PIOEMU_CHAR_LOG_H

#include "src/char/char.h"

#define CHAR_LOG_KEEP_MAX 999u

typedef enum CharLogStamp { CHAR_STAMP_NONE, CHAR_STAMP_HOST, CHAR_STAMP_GUEST } CharLogStamp;

typedef struct CharLogConfig {
    const char *path;
    bool append;
    uint64_t max;  /* bytes before the file becomes PATH.1; 0: any */
    uint64_t keep; /* how many old ones stay; 0: one */
    CharLogStamp stamp;
    bool strip; /* escape sequences */
} CharLogConfig;

CharLog *char_log_new(Chardev *chardev, const CharLogConfig *config, GError **error);
/* The run begins: what the file held goes, unless the log goes on behind it. */
void char_log_begin(CharLog *log);
/* NULL is no log. */
void char_log_free(CharLog *log);
/* Never fails: what a full disk does not take is lost, and that is said once. */
void char_log_write(CharLog *log, const uint8_t *data, size_t size);

#endif
