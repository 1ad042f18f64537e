/*
 * What the tests of the block layer share: a device that has only a drive, and
 * a machine with it and one image, whose sectors are filled with 1, 2, 3 and
 * so on.
 */
#ifndef PIOEMU_TEST_BLOCK_RIG_H
#define PIOEMU_TEST_BLOCK_RIG_H

#include "src/block/block.h"
#include "src/block/image.h"

#include <glib/gstdio.h>
#include <string.h>

#define SECTORS     64u
#define MEMORY_SIZE (UINT64_C(1) << 20)

/* ---- a device that has only a drive ---- */

typedef struct Probe {
    Device *dev;
    BlockPort *port;
    uint64_t tags[16];
    bool ok[16];
    unsigned done;
    uint64_t done_at;
    unsigned changes; /* how often the medium changed */
    bool locked;
    Loop *loop;
} Probe;

static inline void probe_done(void *state, unsigned port, uint64_t tag, bool ok)
{
    (void)port;
    Probe *p = state;
    p->tags[p->done] = tag;
    p->ok[p->done] = ok;
    p->done++;
    p->done_at = pio_now(p->dev);
}

static inline void probe_medium_changed(void *state, unsigned port)
{
    (void)port;
    ((Probe *)state)->changes++;
}

static inline bool probe_eject_asked(void *state, unsigned port)
{
    (void)port;
    return !((Probe *)state)->locked;
}

static inline bool probe_removable(const void *state, unsigned port)
{
    (void)state;
    return port == 0;
}

static const BlockClient PROBE_CLIENT = {
    .removable = probe_removable,
    .done = probe_done,
    .medium_changed = probe_medium_changed,
    .eject_asked = probe_eject_asked,
};

static const DeviceProperty PROBE_PROPERTIES[] = {
    {.name = "drive", .kind = PROPERTY_DRIVE, .offset = offsetof(Probe, port), .help = "drive"},
    DEVICE_PROPERTY_END,
};

static const DeviceClass PROBE_CLASS = {
    .head = DEVICE_CLASS_HEAD("probe", Probe),
    .description = "test",
    .properties = PROBE_PROPERTIES,
    .block_client = &PROBE_CLIENT,
};

/* ---- the machine ---- */

typedef struct Bench {
    char *directory, *path;
    Loop *loop;
    Clock *clock;
    Memory *memory;
    BlockSet *set;
    DeviceHost host;
    GPtrArray *devices;
    GString *messages;
    GMutex lock;
    unsigned failures; /* how many failures the loop reported */
    BlockFailure failure;
} Bench;

static inline void take_message(void *opaque, const char *text)
{
    Bench *b = opaque;
    g_mutex_lock(&b->lock);
    g_string_append_printf(b->messages, "%s\n", text);
    g_mutex_unlock(&b->lock);
}

static inline BlockPort *connect_drive(void *opaque, Device *dev, const char *id, GError **error)
{
    Bench *b = opaque;
    return blockset_connect(b->set, dev, id, error);
}

static inline void fill_file(const char *path, size_t size)
{
    g_autofree char *data = g_malloc(size);
    for (size_t i = 0; i < size; i++) {
        data[i] = (char)(i / IMAGE_SECTOR + 1);
    }
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

static inline void setup(Bench *b, gconstpointer data)
{
    b->directory = g_dir_make_tmp("pioemu-block-XXXXXX", NULL);
    b->path = g_build_filename(b->directory, "disk", NULL);
    fill_file(b->path, SECTORS * IMAGE_SECTOR);
    b->loop = loop_new(NULL);
    b->clock = clock_new_stepped();
    b->memory = memory_new(MEMORY_SIZE, NULL);
    b->messages = g_string_new(NULL);
    g_mutex_init(&b->lock);
    b->set = blockset_new(b->loop, data ? b->clock : NULL, take_message, b);
    b->host = (DeviceHost){
        .clock = b->clock, .memory = b->memory, .opaque = b, .block_port = connect_drive};
    b->devices = g_ptr_array_new_with_free_func((GDestroyNotify)device_free);
}

static inline void teardown(Bench *b, gconstpointer data)
{
    (void)data;
    g_clear_pointer(&b->set, blockset_free);
    g_ptr_array_unref(b->devices);
    clock_free(b->clock);
    memory_free(b->memory);
    loop_free(b->loop);
    g_string_free(b->messages, true);
    g_remove(b->path);
    g_rmdir(b->directory);
    g_free(b->path);
    g_free(b->directory);
    g_mutex_clear(&b->lock);
}

static inline Drive *bench_drive(const Bench *b, const char *rest)
{
    g_autofree char *text = g_strdup_printf("file=%s,%s", b->path, rest);
    g_autoptr(GError) error = NULL;
    Drive *drive = drive_parse(text, &error);
    g_assert_no_error(error);
    return drive;
}

static inline Probe *make_probe(Bench *b, const char *id, const char *rest)
{
    g_autoptr(Drive) drive = bench_drive(b, rest);
    g_autoptr(GError) error = NULL;
    blockset_add(b->set, id, drive, NULL, &error);
    g_assert_no_error(error);
    Device *dev = device_new(&PROBE_CLASS, "probe", &b->host);
    g_ptr_array_add(b->devices, dev);
    device_set_property(dev, "drive", id, &error);
    g_assert_no_error(error);
    Probe *p = device_state(dev);
    p->loop = b->loop;
    return p;
}

static inline void wait_for(Probe *p, unsigned count)
{
    while (p->done < count) {
        loop_step(p->loop, true);
    }
}

static inline bool refused(const Bench *b, const char *rest, const char *part)
{
    g_autoptr(Drive) drive = bench_drive(b, rest);
    g_autoptr(GError) error = NULL;
    g_autoptr(Image) image = image_open(drive, &error);
    if (!image && !strstr(error->message, part)) {
        g_error("%s", error->message);
    }
    return !image;
}

#endif
