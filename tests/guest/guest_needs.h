/*
 * Software from other packages that a test boots, and modules of pioemu that are built only
 * with a library.  If something is missing, the test is skipped.
 */
#ifndef PIOEMU_GUEST_NEEDS_H
#define PIOEMU_GUEST_NEEDS_H

#include "tests/guest/guest_rig.h"

typedef struct Need {
    const char *what; /* a path, the name of a program, or a module as in "pioemu-x.so" */
    const char *package;
} Need;

/* The module of -netdev user. */
#define NEED_OF_USER_NETWORK                                                                       \
    {                                                                                              \
        "pioemu-slirp.so", "libslirp-dev"                                                          \
    }

/* A list of pointers to needs. */
#define NEEDS(...) ((const Need *const[]){__VA_ARGS__, NULL})

/* Skips the test and returns false if one is missing. */
bool guest_has_all(const Need *const *needs);
/* The same, and skips the test on every accelerator except the software CPU. */
bool guest_can_boot(const GuestTarget *target, const Need *const *needs);
/* Runs a command, written as for a shell, in guest_directory(). */
void guest_run_tool(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Writes a file below guest_directory(). */
void guest_write_file(const char *name, const char *text);
/* The path of an image, which `make` makes when it is first used (free). */
char *guest_image(const char *name, void (*make)(void));

#endif
