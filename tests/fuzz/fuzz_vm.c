#include "tests/fuzz/fuzz_vm.h"

#include <sys/mman.h>
#include <unistd.h>

#define FLOOD_EVENT (FUZZ_FIRST_EVENT)
#define FLOOD_BITS  21u
#define FLOOD_PIECE 65536u
/* The limit for floods in one input, because more would only take time. */
#define FLOOD_MOST (3u << 19)

static char *memory_file(int *fd, const void *data, size_t size)
{
    *fd = memfd_create("fuzz", MFD_CLOEXEC);
    g_assert_cmpint(write(*fd, data, size), ==, (ssize_t)size);
    return g_strdup_printf("/proc/self/fd/%d", *fd);
}

static void close_file(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

void fuzz_vm_init(FuzzVm *f, bool with_cpu)
{
    static const uint8_t GUEST[] = {0xf4, 0xeb, 0xfd}; /* hlt; jmp */
    *f = (FuzzVm){.config = config_new(), .guest = -1, .script = -1};
    f->config->memory = 1 << 20;
    f->config->no_shutdown = true;
    f->config->log_file = g_strdup("/dev/null");
    f->config->rtc = g_strdup("base=2026-01-31T23:59:58,clock=vm");
    f->config->debugport = g_strdup("null");
    g_ptr_array_add(f->config->serials, g_strdup("null"));
    g_ptr_array_add(f->config->accels, g_strdup(with_cpu ? "soft" : "qtest"));
    if (with_cpu) {
        f->config->kernel = memory_file(&f->guest, GUEST, sizeof(GUEST));
    }
}

void fuzz_vm_set_script(FuzzVm *f, const char *text, size_t size)
{
    f->config->expect = memory_file(&f->script, text, size);
}

bool fuzz_vm_open(FuzzVm *f)
{
    g_autoptr(GError) error = NULL;
    f->vm = vm_new(f->config, &error);
    g_assert_true(!f->vm == !!error);
    return f->vm != NULL;
}

void fuzz_vm_clear(FuzzVm *f)
{
    g_clear_pointer(&f->vm, vm_free);
    config_free(f->config);
    close_file(&f->guest);
    close_file(&f->script);
}

/* ---- text protocols ---- */

static void flood(FuzzInput *in, size_t *total, const FuzzPeer *peer)
{
    char data[FLOOD_PIECE];
    size_t left = (size_t)1 << fuzz_take(in, 1) % FLOOD_BITS;
    memset(data, (int)fuzz_take(in, 1), sizeof(data));
    *total += left;
    while (left && *total <= FLOOD_MOST) {
        size_t size = MIN(left, sizeof(data));
        peer->input(peer->opaque, data, size);
        left -= size;
    }
}

void fuzz_feed(FuzzInput *in, size_t piece, const FuzzPeer *peer)
{
    size_t flooded = 0;
    while (in->size) {
        size_t size = 0;
        while (size < in->size && size < piece && in->data[size] < FUZZ_FIRST_EVENT) {
            size++;
        }
        if (size) {
            peer->input(peer->opaque, (const char *)in->data, size);
            in->data += size;
            in->size -= size;
            continue;
        }
        unsigned event = (unsigned)fuzz_take(in, 1);
        if (event == FLOOD_EVENT) {
            flood(in, &flooded, peer);
        } else {
            peer->event(peer->opaque, event - FUZZ_FIRST_EVENT - 1);
        }
    }
}
