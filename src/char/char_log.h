/*
 * A log file of a chardev: what the devices print, line by line.  It can have time
 * stamps, it can leave out escape sequences, and it stays within the size that the
 * user allows.
 */
#ifndef PIOEMU_CHAR_LOG_H
#define PIOEMU_CHAR_LOG_H

#include "src/char/char.h"

#define CHAR_LOG_KEEP_MAX 999u

typedef enum CharLogStamp { CHAR_STAMP_NONE, CHAR_STAMP_HOST, CHAR_STAMP_GUEST } CharLogStamp;

typedef struct CharLogConfig {
    const char *path;
    bool append;
    uint64_t max;  /* the size in bytes at which the file becomes PATH.1; 0: no limit */
    uint64_t keep; /* how many old files are kept; 0: one */
    CharLogStamp stamp;
    bool strip; /* remove escape sequences */
} CharLogConfig;

CharLog *char_log_new(Chardev *chardev, const CharLogConfig *config, GError **error);
/* The run begins: the file's old contents are removed, unless the log appends. */
void char_log_begin(CharLog *log);
/* NULL is allowed: there is no log. */
void char_log_free(CharLog *log);
/* Never fails.  If the disk is full, bytes are lost, and one message says so. */
void char_log_write(CharLog *log, const uint8_t *data, size_t size);

#endif
