/* Shared by chardev_set.c and chardev_spec.c. */
#ifndef PIOEMU_CHAR_CHARDEV_SET_INTERNAL_H
#define PIOEMU_CHAR_CHARDEV_SET_INTERNAL_H

#include "src/char/char.h"

/* in=X,out=Y: a name for two chardevs. */
typedef struct CharRoute {
    char *id;
    Chardev *in, *out;
} CharRoute;

struct ChardevSet {
    Loop *loop;
    CharEvents events;
    int escape;
    GPtrArray *chardevs, *routes;
    GPtrArray *ports; /* the ports of every device */
    bool stop_draining;
};

#endif
