#include "src/block/block.h"

#include "src/base/error.h"
#include "src/block/image.h"
#include "src/device/device_services.h"

#include <errno.h>
#include <string.h>

/* Repeatable runs: how long a request takes, of machine time. */
#define REQUEST_NS UINT64_C(20000)
#define SECTOR_NS  UINT64_C(1000)

/* What may wait for the disk before a device that asks for more waits, too. */
#define BACKLOG_MAX ((size_t)8 << 20)
#define WAITING_MAX 256u

typedef struct Request {
    BlockRequest asked;
    uint8_t *data;  /* read, or to be written */
    uint64_t due;   /* repeatable runs: when it is done */
    bool ok;        /* the worker's, until `finished` */
    bool finished;  /* under the port's lock */
    bool cancelled; /* under the port's lock: nobody is told, and the worker frees it */
} Request;

struct BlockPort {
    BlockPortEnd end;
    BlockSet *set;
    char *id, *file, *placeholder;
    bool cdrom;
    Image *image;
    const BlockClient *client;
    GThread *worker;
    GMutex lock; /* taken after the device's */
    GCond work, finished;
    GQueue requests;             /* in their order until they are told, under the lock */
    GQueue todo;                 /* those the worker has not begun, under the lock */
    size_t bytes;                /* of all buffers, under the lock */
    bool stop;                   /* under the lock */
    bool reported[BLOCK_CANCEL]; /* by kind, the worker's */
    LoopTask told;
    Timer *timer; /* repeatable runs; else NULL */
    uint64_t last_due;
};

struct BlockSet {
    Loop *loop;
    Clock *clock;
    void (*message)(void *opaque, const char *text);
    void *opaque;
    GPtrArray *ports;
    GHashTable *blanks; /* id to sectors */
};

static size_t buffer_size(const Request *request)
{
    const BlockRequest *asked = &request->asked;
    return asked->kind <= BLOCK_WRITE ? (size_t)asked->count * BLOCK_SECTOR_SIZE : 0;
}

static void free_request(Request *request)
{
    g_free(request->data);
    g_free(request);
}

/* With the port's lock held. */
static void release(BlockPort *port, Request *request)
{
    port->bytes -= buffer_size(request);
    free_request(request);
}

/* ---- the worker ---- */

/* One line for each kind of failure: the guest sees every one of them. */
static void report_failure(BlockPort *port, const Request *request)
{
    static const char *const VERBS[] = {"read", "write", "flush"};
    int code = errno;
    if (port->reported[request->asked.kind]) {
        return;
    }
    port->reported[request->asked.kind] = true;
    const char *why = code == ENODATA ? "the file has become shorter"
                      : code == ENXIO ? "the file ends before it (a longer one has room)"
                                      : g_strerror(code);
    g_autofree char *sector =
        request->asked.kind == BLOCK_FLUSH
            ? g_strdup("")
            : g_strdup_printf(", sector %" G_GUINT64_FORMAT, request->asked.lba);
    g_autofree char *text =
        g_strdup_printf("drive %s: cannot %s %s%s: %s; the guest sees an error", port->id,
                        VERBS[request->asked.kind], port->file, sector, why);
    port->set->message(port->set->opaque, text);
}

static bool carry_out(BlockPort *port, const Request *request)
{
    switch (request->asked.kind) {
    case BLOCK_READ:
        return image_read(port->image, request->asked.lba, request->data, request->asked.count);
    case BLOCK_WRITE:
        return image_write(port->image, request->asked.lba, request->data, request->asked.count);
    default:
        return image_flush(port->image);
    }
}

static void finish(BlockPort *port, Request *request)
{
    g_mutex_lock(&port->lock);
    bool cancelled = request->cancelled;
    if (cancelled) {
        release(port, request);
    } else {
        request->finished = true;
    }
    g_cond_broadcast(&port->finished);
    g_mutex_unlock(&port->lock);
    if (!port->timer && !cancelled) {
        loop_post(port->set->loop, &port->told);
    }
}

static Request *next_request(BlockPort *port)
{
    g_mutex_lock(&port->lock);
    while (!port->stop && g_queue_is_empty(&port->todo)) {
        g_cond_wait(&port->work, &port->lock);
    }
    Request *request = g_queue_pop_head(&port->todo);
    g_mutex_unlock(&port->lock);
    return request;
}

static gpointer work(gpointer data)
{
    BlockPort *port = data;
    Request *request;
    while ((request = next_request(port))) {
        request->ok = carry_out(port, request);
        if (!request->ok) {
            report_failure(port, request);
        }
        finish(port, request);
    }
    return NULL;
}

/* ---- telling the device ---- */

static void tell(BlockPort *port, Request *request)
{
    const BlockRequest *asked = &request->asked;
    BlockResult result = {.port = port->end.number, .tag = asked->tag, .ok = request->ok};
    if (request->ok && asked->kind == BLOCK_READ) {
        result.buffer = asked->buffer;
        result.data = request->data;
        result.size = buffer_size(request);
    }
    device_call_block_done(port->end.dev, &result);
    g_mutex_lock(&port->lock);
    release(port, request);
    g_mutex_unlock(&port->lock);
}

/* The oldest request if it is finished; `wait`: until it is. */
static Request *take_finished(BlockPort *port, bool wait)
{
    g_mutex_lock(&port->lock);
    Request *request = g_queue_peek_head(&port->requests);
    while (wait && request && !request->finished) {
        g_cond_wait(&port->finished, &port->lock);
    }
    if (request && request->finished) {
        g_queue_pop_head(&port->requests);
    } else {
        request = NULL;
    }
    g_mutex_unlock(&port->lock);
    return request;
}

/* The loop's thread; each is taken and told under one hold of the device's lock. */
static void tell_finished(void *opaque)
{
    BlockPort *port = opaque;
    Request *request;
    do {
        g_mutex_lock(device_mutex(port->end.dev));
        request = take_finished(port, false);
        if (request) {
            tell(port, request);
        }
        g_mutex_unlock(device_mutex(port->end.dev));
    } while (request);
}

/* Zero if there is none. */
static uint64_t next_due(BlockPort *port)
{
    g_mutex_lock(&port->lock);
    const Request *request = g_queue_peek_head(&port->requests);
    uint64_t due = request ? request->due : 0;
    g_mutex_unlock(&port->lock);
    return due;
}

/* Repeatable runs: nobody else holds or awaits the device's lock. */
static void tell_due(void *opaque, uint64_t deadline)
{
    BlockPort *port = opaque;
    uint64_t due;
    g_mutex_lock(device_mutex(port->end.dev));
    while ((due = next_due(port)) && due <= deadline) {
        tell(port, take_finished(port, true));
    }
    if (due) {
        pio_timer_arm(port->timer, due);
    }
    g_mutex_unlock(device_mutex(port->end.dev));
}

/* ---- requests ---- */

/* Each after the one before it, as a disk works. */
static void set_due(BlockPort *port, Request *request)
{
    uint64_t start = MAX(clock_now(port->set->clock), port->last_due);
    request->due = port->last_due = start + REQUEST_NS + request->asked.count * SECTOR_NS;
    if (!pio_timer_armed(port->timer)) {
        pio_timer_arm(port->timer, request->due);
    }
}

static void check_range(const BlockPort *port, const BlockRequest *asked)
{
    uint64_t sectors = pio_block_sectors(port);
    g_assert(asked->count && asked->count <= sectors && asked->lba <= sectors - asked->count);
}

static void make_buffer(Request *request)
{
    const BlockRequest *asked = &request->asked;
    size_t size = buffer_size(request);
    if (asked->kind == BLOCK_READ) {
        request->data = g_malloc(size);
    } else if (asked->kind == BLOCK_WRITE) {
        request->data = g_memdup2(asked->data, size);
    }
}

/*
 * A device has one request or a few under way: more wait only where it was
 * reset again and again and has left writes behind, faster than they are done.
 */
static void wait_for_room(BlockPort *port)
{
    while (!g_queue_is_empty(&port->todo) &&
           (port->bytes > BACKLOG_MAX || port->todo.length >= WAITING_MAX)) {
        g_cond_wait(&port->finished, &port->lock);
    }
}

static void submit(BlockPort *port, const BlockRequest *asked)
{
    Request *request = g_new0(Request, 1);
    request->asked = *asked;
    make_buffer(request);
    if (port->timer) {
        set_due(port, request);
    }
    g_mutex_lock(&port->lock);
    wait_for_room(port);
    port->bytes += buffer_size(request);
    g_queue_push_tail(&port->requests, request);
    g_queue_push_tail(&port->todo, request);
    g_cond_signal(&port->work);
    g_mutex_unlock(&port->lock);
}

/* Reads that nobody began are not; writes and flushes are carried out all the same. */
static void drop_reads(BlockPort *port)
{
    for (GList *item = port->todo.head, *next; item; item = next) {
        Request *request = item->data;
        next = item->next;
        if (request->asked.kind == BLOCK_READ) {
            g_queue_delete_link(&port->todo, item);
            release(port, request);
        }
    }
}

/*
 * All that the device asked for: what is done is freed, and the rest is the
 * worker's alone.  The drive is idle then, and does not first have to come to
 * an end of it.
 */
static void cancel(BlockPort *port)
{
    Request *request;
    g_mutex_lock(&port->lock);
    while ((request = g_queue_pop_head(&port->requests))) {
        if (request->finished) {
            release(port, request);
        } else {
            request->cancelled = true;
        }
    }
    drop_reads(port);
    g_mutex_unlock(&port->lock);
    if (port->timer) {
        pio_timer_disarm(port->timer);
        port->last_due = 0;
    }
}

void block_port_pad(BlockPort *port, uint64_t sectors)
{
    image_pad(port->image, sectors);
}

uint64_t block_port_file_size(const BlockPort *port)
{
    return image_bytes(port->image);
}

size_t block_port_backlog(BlockPort *port)
{
    g_mutex_lock(&port->lock);
    size_t bytes = port->bytes;
    g_mutex_unlock(&port->lock);
    return bytes;
}

static void serve_request(BlockPort *port, const BlockRequest *asked)
{
    if (asked->kind == BLOCK_CANCEL) {
        cancel(port);
        return;
    }
    if (asked->kind <= BLOCK_WRITE) {
        check_range(port, asked);
    }
    submit(port, asked);
}

static uint64_t sectors(const BlockPort *port)
{
    return image_sectors(port->image);
}

static bool is_read_only(const BlockPort *port)
{
    return image_is_read_only(port->image);
}

static bool is_cdrom(const BlockPort *port)
{
    return port->cdrom;
}

static const BlockPortOps OPS = {
    .request = serve_request,
    .sectors = sectors,
    .read_only = is_read_only,
    .is_cdrom = is_cdrom,
};

/* ---- ports ---- */

static void free_port(BlockPort *port)
{
    if (port->worker) {
        g_mutex_lock(&port->lock);
        port->stop = true;
        g_cond_signal(&port->work);
        g_mutex_unlock(&port->lock);
        g_thread_join(port->worker);
    }
    loop_cancel(port->set->loop, &port->told);
    timer_free(port->timer);
    g_queue_clear_full(&port->requests, (GDestroyNotify)free_request);
    g_queue_clear(&port->todo);
    image_free(port->image);
    g_cond_clear(&port->work);
    g_cond_clear(&port->finished);
    g_mutex_clear(&port->lock);
    g_free(port->id);
    g_free(port->file);
    g_free(port->placeholder);
    g_free(port);
}

static BlockPort *find_port(const BlockSet *set, const char *id)
{
    for (guint i = 0; i < set->ports->len; i++) {
        BlockPort *port = set->ports->pdata[i];
        if (!strcmp(port->id, id)) {
            return port;
        }
    }
    return NULL;
}

static bool start_worker(BlockPort *port, const Drive *drive, GError **error)
{
    g_autoptr(GError) failure = NULL;
    port->worker = g_thread_try_new("block", work, port, &failure);
    if (!port->worker) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "%s: the host gives no thread for the drive: %s (ulimit -u and -v limit them)",
                    drive->name, failure->message);
    }
    return port->worker != NULL;
}

BlockPort *blockset_add(BlockSet *set, const char *id, const Drive *drive, GError **error)
{
    if (find_port(set, id)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "%s: there is a drive %s already (give another with -drive's id=NAME)",
                    drive->name, id);
        return NULL;
    }
    const uint64_t *blank = g_hash_table_lookup(set->blanks, id);
    Image *image = blank ? image_new_blank(*blank, drive->read_only) : image_open(drive, error);
    if (!image) {
        return NULL;
    }
    BlockPort *port = g_new0(BlockPort, 1);
    port->set = set;
    port->id = g_strdup(id);
    port->file = g_strdup(drive->file);
    port->placeholder = drive_placeholder(drive, id);
    port->end.ops = &OPS;
    port->cdrom = drive->cdrom;
    port->image = image;
    g_mutex_init(&port->lock);
    g_cond_init(&port->work);
    g_cond_init(&port->finished);
    g_queue_init(&port->requests);
    g_queue_init(&port->todo);
    port->told = (LoopTask){.run = tell_finished, .opaque = port};
    port->timer = set->clock ? timer_new(set->clock, NULL, tell_due, port) : NULL;
    g_ptr_array_add(set->ports, port);
    if (!start_worker(port, drive, error)) {
        g_ptr_array_remove(set->ports, port);
        return NULL;
    }
    return port;
}

BlockPort *blockset_connect(BlockSet *set, Device *dev, const char *id, GError **error)
{
    BlockPort *port = find_port(set, id);
    if (!port || port->end.dev) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: drive %s %s", device_id(dev), id,
                    port ? "is in another device"
                         : "does not exist (-drive file=PATH,if=none,id=ID)");
        return NULL;
    }
    port->end.dev = dev;
    port->client = device_class(dev)->block_client;
    g_assert(port->client);
    return port;
}

BlockSet *blockset_new(Loop *loop, Clock *clock, void (*message)(void *opaque, const char *text),
                       void *opaque)
{
    BlockSet *set = g_new0(BlockSet, 1);
    set->loop = loop;
    set->clock = clock;
    set->message = message;
    set->opaque = opaque;
    set->ports = g_ptr_array_new_with_free_func((GDestroyNotify)free_port);
    set->blanks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return set;
}

void blockset_blank(BlockSet *set, const char *id, uint64_t sectors)
{
    g_hash_table_insert(set->blanks, g_strdup(id), g_memdup2(&sectors, sizeof(sectors)));
}

const char *blockset_placeholder(const BlockSet *set, unsigned n, uint64_t *sectors)
{
    if (n >= set->ports->len) {
        return NULL;
    }
    const BlockPort *port = set->ports->pdata[n];
    *sectors = pio_block_sectors(port);
    return port->placeholder;
}

void blockset_free(BlockSet *set)
{
    g_ptr_array_unref(set->ports);
    g_hash_table_unref(set->blanks);
    g_free(set);
}
