/* What a user says about a drive with -drive and its short forms, as plain data. */
#ifndef PIOEMU_BLOCK_DRIVE_H
#define PIOEMU_BLOCK_DRIVE_H

#include <glib.h>
#include <stdbool.h>

typedef enum DriveInterface { DRIVE_IDE, DRIVE_FLOPPY, DRIVE_NONE, DRIVE_VIRTIO } DriveInterface;

/* What follows when the host fails; QEMU's werror= and rerror=. */
typedef enum DriveError {
    DRIVE_REPORT, /* the guest sees an error */
    DRIVE_IGNORE, /* the guest sees nothing of it */
    DRIVE_STOP,   /* the machine is paused, and the request tried again when it goes on */
    DRIVE_ENOSPC  /* the same if the host's disk is full; else the guest sees an error */
} DriveError;

#define DRIVE_IDE_MAX    4
#define DRIVE_FLOPPY_MAX 2

typedef struct Drive {
    char *name; /* the option and the file, for messages: "-hda disk.img" */
    char *id;   /* NULL: the machine chooses */
    char *file; /* NULL: it has no medium yet */
    DriveInterface interface;
    int index;     /* on the interface; -1: the first that is free */
    int bootindex; /* its place in the order of booting; -1: none */
    bool cdrom;
    bool read_only;
    bool snapshot; /* writes go to a temporary file that is deleted at the end */
    bool unsafe;   /* a flush does nothing */
    bool sync;     /* each write is flushed before the guest hears that it is done */
    bool direct;   /* past the host's page cache, as far as requests are aligned for it */
    bool discards; /* what the guest discards is given back to the host */
    DriveError write_error, read_error;
    const char *format; /* a static text; NULL: it is found out from the file */
    char *ignored;      /* keys of QEMU's that were given and change nothing, or NULL */
} Drive;

/* Parses "file=PATH,if=ide,...".  The message names what is wrong. */
Drive *drive_parse(const char *text, GError **error);
/* "?" or "help": the keys, for the caller to free. */
char *drive_help(void);
/* A drive without an interface, for -device; `what` names the option in messages. */
Drive *drive_new_node(const char *what, const char *id, const char *file);
/* The drive of a short form.  `option` is hda to hdd, fda, fdb or cdrom. */
Drive *drive_new_short(const char *option, const char *file);
Drive *drive_copy(const Drive *drive);
void drive_free(Drive *drive);
/*
 * The text for drive_parse() that makes a drive like this one, with the name `id`
 * and without the file.
 */
char *drive_placeholder(const Drive *drive, const char *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Drive, drive_free)

#endif
