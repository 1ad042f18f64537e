/*
 * What a user says of a drive: -drive and its short forms, in plain data.
 */
#ifndef PIOEMU_BLOCK_DRIVE_H
#define PIOEMU_BLOCK_DRIVE_H

#include <glib.h>
#include <stdbool.h>

typedef enum DriveInterface { DRIVE_IDE, DRIVE_FLOPPY, DRIVE_NONE } DriveInterface;

#define DRIVE_IDE_MAX    4
#define DRIVE_FLOPPY_MAX 2

typedef struct Drive {
    char *name; /* the option and the file, for messages: "-hda disk.img" */
    char *id;   /* NULL: the machine chooses */
    char *file; /* NULL: there is no medium in it yet */
    DriveInterface interface;
    int index; /* of the interface; -1: the first that is free */
    bool cdrom;
    bool read_only;
    bool snapshot;  /* writes go to a file that nobody keeps */
    bool unsafe;    /* a flush does nothing */
    bool raw_asked; /* format=raw: whatever the file looks like */
} Drive;

/* "file=PATH,if=ide,..."; the message names what is wrong. */
Drive *drive_parse(const char *text, GError **error);
/* What one of the short forms asks for: `option` is hda to hdd, fda, fdb or cdrom. */
Drive *drive_new_short(const char *option, const char *file);
Drive *drive_copy(const Drive *drive);
void drive_free(Drive *drive);
/* What drive_parse() takes, for a drive like this one, called `id`, whose file is not there. */
char *drive_placeholder(const Drive *drive, const char *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Drive, drive_free)

#endif
