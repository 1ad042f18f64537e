/*
 * The machine without a CPU.  Accesses come from the socket of -qtest, and machine
 * time advances only when a command on that socket says so.
 */
#include "src/accel/accel.h"

static bool qtest_probe(GHashTable *options, GError **error)
{
    (void)options;
    (void)error;
    return true;
}

static bool qtest_open(Accel *accel, GError **error)
{
    (void)accel;
    (void)error;
    return true;
}

static void qtest_close(Accel *accel)
{
    (void)accel;
}

const AccelClass accel_qtest_class = {
    .name = "qtest",
    .description = "no CPU: accesses and time come from the socket of -qtest",
    .accel_size = sizeof(Accel),
    .probe = qtest_probe,
    .open = qtest_open,
    .close = qtest_close,
};
