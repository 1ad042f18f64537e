/*
 * What charset.c and charset_spec.c share.
 */
#ifndef PIOEMU_CHAR_CHARDEV_SET_INTERNAL_H
#define PIOEMU_CHAR_CHARDEV_SET_INTERNAL_H

#include "src/char/char.h"

/* in=X,out=Y: a name for two halves. */
typedef struct CharRoute {
    char *id;
    Chardev *in, *out;
} CharRoute;

struct CharSet {
    Loop *loop;
    CharEvents events;
    int escape;
    GPtrArray *chardevs, *routes;
    GPtrArray *ports; /* of every device */
    bool stop_draining;
};

#endif
