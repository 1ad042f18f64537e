/*
 * Linked only for the thread sanitizer, which cannot see into GLib's own
 * locks.  It tells the sanitizer the order that each of them establishes.
 */
#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void g_mutex_lock(GMutex *mutex)
{
    static __typeof__(&g_mutex_lock) real;
    if (!g_atomic_pointer_get(&real)) {
        g_atomic_pointer_set(&real, REAL(g_mutex_lock));
    }
    real(mutex);
    __tsan_acquire(mutex);
}

void g_mutex_unlock(GMutex *mutex)
{
    static __typeof__(&g_mutex_unlock) real;
    if (!g_atomic_pointer_get(&real)) {
        g_atomic_pointer_set(&real, REAL(g_mutex_unlock));
    }
    __tsan_release(mutex);
    real(mutex);
}

gboolean g_mutex_trylock(GMutex *mutex)
{
    gboolean locked = REAL(g_mutex_trylock)(mutex);
    if (locked) {
        __tsan_acquire(mutex);
    }
    return locked;
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_cond_wait)(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
    __tsan_release(mutex);
    gboolean signalled = REAL(g_cond_wait_until)(cond, mutex, end_time);
    __tsan_acquire(mutex);
    return signalled;
}

/* The thread that pops an item sees everything that was done before the item was pushed. */
void g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
    __tsan_release(queue);
    REAL(g_async_queue_push)(queue, data);
}

gpointer g_async_queue_try_pop(GAsyncQueue *queue)
{
    gpointer data = REAL(g_async_queue_try_pop)(queue);
    __tsan_acquire(queue);
    return data;
}
