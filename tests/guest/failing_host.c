/*
 * A library for LD_PRELOAD that makes the creation of one thread or process fail:
 * that of number PIOEMU_FAIL_THREAD, counted from 0.  (ulimit -u does not limit
 * root.)
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static bool fails(void)
{
    static atomic_long count;
    const char *text = getenv("PIOEMU_FAIL_THREAD");
    return text && atomic_fetch_add(&count, 1) == strtol(text, NULL, 10);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
        dlsym(RTLD_NEXT, "pthread_create");
    return fails() ? EAGAIN : real(thread, attributes, start, argument);
}

pid_t fork(void)
{
    pid_t (*real)(void) = dlsym(RTLD_NEXT, "fork");
    if (fails()) {
        errno = EAGAIN;
        return -1;
    }
    return real();
}
