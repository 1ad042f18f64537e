/*
 * A drive's requests: their queue, the worker that carries them out, and how the
 * device learns that they are done.
 */
#include "src/block/block_internal.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>

/* In repeatable runs: the machine time that a request takes. */
#define REQUEST_NS UINT64_C(20000)
#define SECTOR_NS  UINT64_C(1000)

/* The limits for what waits for the disk.  A device that asks for more has to wait itself. */
#define BACKLOG_MAX ((size_t)8 << 20)
#define WAITING_MAX 256u

/* The block layer's own request to change the medium. */
#define BLOCK_INSERT BLOCK_KINDS

typedef struct Request {
    BlockKind kind;
    uint64_t lba, tag;
    uint32_t count; /* sectors */
    void *buffer;   /* for a read: the device's buffer; NULL: the data goes to the spans */
    BlockSpan *spans;
    size_t span_count;
    uint8_t *data;   /* data that was read or will be written */
    size_t bytes;    /* the size of `data` */
    size_t room;     /* how large its buffer is if it may be kept; else 0 */
    Image *image;    /* to be put in; afterwards, the one that was taken out */
    char *file;      /* the same */
    BlockMedium own; /* the properties of the new medium */
    unsigned medium; /* the number of the medium that the device means */
    bool wrong;      /* impossible, through the device's fault */
    uint64_t due;    /* in repeatable runs: when it is done */
    bool ok;         /* written by the worker, before `finished` is set */
    bool finished;   /* protected by the port's lock */
    bool cancelled;  /* protected by the port's lock: the device is not told, and the worker
                        frees it */
} Request;

static void free_request(Request *request)
{
    image_free(request->image);
    g_free(request->file);
    g_free(request->data);
    g_free(request->spans);
    g_free(request);
}

/* Called with the port's lock held. */
static void keep_buffer(BlockPort *port, Request *request)
{
    for (unsigned i = 0; i < BLOCK_SPARES && request->room; i++) {
        if (!port->spare[i].data) {
            port->spare[i] = (BlockSpare){g_steal_pointer(&request->data), request->room};
            return;
        }
    }
}

/* A buffer of at least `size` bytes, which is `room` bytes large if it can be kept. */
static uint8_t *take_buffer(BlockPort *port, size_t size, size_t *room)
{
    uint8_t *data = NULL;
    g_mutex_lock(&port->lock);
    for (unsigned i = 0; i < BLOCK_SPARES && !data; i++) {
        if (port->spare[i].size >= size) {
            data = port->spare[i].data;
            *room = port->spare[i].size;
            port->spare[i] = (BlockSpare){NULL, 0};
        }
    }
    g_mutex_unlock(&port->lock);
    if (!data) {
        *room = size <= BLOCK_SPARE_MAX ? size : 0;
        data = g_malloc(size);
    }
    return data;
}

/* Called with the port's lock held. */
static void release(BlockPort *port, Request *request)
{
    keep_buffer(port, request);
    port->bytes -= request->bytes;
    free_request(request);
}

/* ---- the worker ---- */

static const char *explain(int code)
{
    return code == ENODATA ? "the file has become shorter"
           : code == ENXIO ? "the file ends before it (a longer one has room)"
           : code == EPERM ? "the file would begin like another format (format=raw allows that)"
                           : g_strerror(code);
}

/* A failure that the loop is to be told about. */
typedef struct Failure {
    int code;
    bool write;
    DriveError action;
} Failure;

static const char *consequence(DriveError action)
{
    return action == DRIVE_STOP     ? "the machine is paused until it is told to continue"
           : action == DRIVE_IGNORE ? "the guest does not see it"
                                    : "the guest sees an error";
}

/* Prints one line for each kind of request that fails. */
static void report_failure(BlockPort *port, const Request *request, const Failure *failure)
{
    static const char *const VERBS[BLOCK_KINDS] = {
        [BLOCK_READ] = "read",       [BLOCK_WRITE] = "write",       [BLOCK_FLUSH] = "flush",
        [BLOCK_DISCARD] = "discard", [BLOCK_WRITE_ZEROES] = "zero", [BLOCK_UNMAP_ZEROES] = "zero",
    };
    if (port->reported[request->kind]) {
        return;
    }
    port->reported[request->kind] = true;
    g_autofree char *sector = request->kind == BLOCK_FLUSH
                                  ? g_strdup("")
                                  : g_strdup_printf(", sector %" G_GUINT64_FORMAT, request->lba);
    g_autofree char *text =
        g_strdup_printf("drive %s: cannot %s %s%s: %s; %s", port->id, VERBS[request->kind],
                        port->file, sector, explain(failure->code), consequence(failure->action));
    blockset_say(port->set, text);
}

static bool is_no_space(int code)
{
    return code == ENOSPC || code == EDQUOT;
}

static DriveError action_for(const BlockPort *port, bool write, int code)
{
    DriveError action = write ? port->write_error : port->read_error;
    if (action != DRIVE_ENOSPC) {
        return action;
    }
    return is_no_space(code) ? DRIVE_STOP : DRIVE_REPORT;
}

static DriveError note_failure(BlockPort *port, const Request *request, int code)
{
    bool write = request->kind != BLOCK_READ;
    Failure failure = {.code = code, .write = write, .action = action_for(port, write, code)};
    report_failure(port, request, &failure);
    g_mutex_lock(&port->lock);
    g_queue_push_tail(&port->failures, g_memdup2(&failure, sizeof(failure)));
    /* Before anybody can be told, and ask for a retry. */
    port->stalled = failure.action == DRIVE_STOP && !request->cancelled;
    g_mutex_unlock(&port->lock);
    loop_post(port->set->loop, &port->failed);
    return failure.action;
}

/* Waits while the machine is paused.  Returns false if the request is not to be tried again. */
static bool wait_for_retry(BlockPort *port, const Request *request)
{
    g_mutex_lock(&port->lock);
    g_cond_broadcast(&port->finished);
    while (port->stalled && !port->stop) {
        g_cond_wait(&port->work, &port->lock);
    }
    bool again = !port->stop && !request->cancelled;
    port->stalled = false;
    g_mutex_unlock(&port->lock);
    return again;
}

/* Makes what was written safe before the user gets the medium. */
static void insert(BlockPort *port, Request *request)
{
    Image *old = port->image;
    char *file = port->file;
    if (old && !image_flush(old)) {
        const Failure failure = {.code = errno, .write = true, .action = DRIVE_REPORT};
        report_failure(port, &(Request){.kind = BLOCK_FLUSH}, &failure);
    }
    port->image = request->image;
    port->file = request->file;
    request->image = old;
    request->file = file;
    port->medium_held++;
}

static bool carry_out(BlockPort *port, Request *request)
{
    Image *image = port->image;
    if (request->wrong || !image || request->medium != port->medium_held) {
        errno = request->wrong ? EINVAL : ENOMEDIUM;
        return false;
    }
    switch (request->kind) {
    case BLOCK_READ:
        return image_read(image, request->lba, request->data, request->count);
    case BLOCK_WRITE:
        return image_write(image, request->lba, request->data, request->count);
    case BLOCK_DISCARD:
        return image_discard(image, request->lba, request->count);
    case BLOCK_WRITE_ZEROES:
    case BLOCK_UNMAP_ZEROES:
        return image_zero(image, request->lba, request->count, request->kind == BLOCK_UNMAP_ZEROES);
    default:
        return image_flush(image);
    }
}

/* The guest sees zeros where nothing could be read. */
static void ignore_failure(Request *request, bool ignored)
{
    request->ok = ignored;
    if (ignored && request->kind == BLOCK_READ) {
        memset(request->data, 0, request->bytes);
    }
}

static void serve(BlockPort *port, Request *request)
{
    if (request->kind == BLOCK_INSERT) {
        insert(port, request);
        return;
    }
    while (!(request->ok = carry_out(port, request)) && !request->wrong && errno != ENOMEDIUM) {
        DriveError action = note_failure(port, request, errno);
        if (action != DRIVE_STOP || !wait_for_retry(port, request)) {
            ignore_failure(request, action == DRIVE_IGNORE);
            return;
        }
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
        serve(port, request);
        finish(port, request);
    }
    return NULL;
}

/* ---- telling the device ---- */

static void tell_inserted(BlockPort *port, const Request *request)
{
    port->medium_known++;
    if (port->end.dev) {
        device_call_medium(port->end.dev, port->end.number, &request->own);
    } else {
        port->end.medium = request->own;
    }
}

static void tell_done(BlockPort *port, const Request *request)
{
    BlockResult result = {.port = port->end.number, .tag = request->tag, .ok = request->ok};
    if (request->kind == BLOCK_READ) {
        result.buffer = request->buffer;
        result.spans = request->spans;
        result.span_count = request->span_count;
        result.data = request->data;
        result.size = request->ok ? request->bytes : 0;
        result.room = request->bytes;
    }
    device_call_block_done(port->end.dev, &result);
}

static void tell(BlockPort *port, Request *request)
{
    if (request->kind == BLOCK_INSERT) {
        tell_inserted(port, request);
    } else {
        tell_done(port, request);
    }
    g_mutex_lock(&port->lock);
    release(port, request);
    g_mutex_unlock(&port->lock);
}

/*
 * The oldest request if it is finished, else NULL.  With `wait`, waits until it is
 * finished, or until the machine has to be paused because it failed.
 */
static Request *take_finished(BlockPort *port, bool wait)
{
    g_mutex_lock(&port->lock);
    Request *request = g_queue_peek_head(&port->requests);
    while (wait && request && !request->finished && !port->stalled) {
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

static void lock_device(const BlockPort *port, bool on)
{
    if (port->end.dev && on) {
        g_mutex_lock(device_mutex(port->end.dev));
    } else if (port->end.dev) {
        g_mutex_unlock(device_mutex(port->end.dev));
    }
}

/*
 * Called in the loop's thread.  Each request is taken and reported under one hold
 * of the device's lock.
 */
static void tell_finished(void *opaque)
{
    BlockPort *port = opaque;
    Request *request;
    do {
        lock_device(port, true);
        request = take_finished(port, false);
        if (request) {
            tell(port, request);
        }
        lock_device(port, false);
    } while (request);
}

/* Zero if there is no request. */
static uint64_t next_due(BlockPort *port)
{
    g_mutex_lock(&port->lock);
    const Request *request = g_queue_peek_head(&port->requests);
    uint64_t due = request ? request->due : 0;
    g_mutex_unlock(&port->lock);
    return due;
}

/*
 * In repeatable runs no other thread holds or awaits the device's lock.  A request
 * that failed and waits is told when it was tried again.
 */
static void tell_due(void *opaque, uint64_t deadline)
{
    BlockPort *port = opaque;
    Request *request;
    uint64_t due;
    lock_device(port, true);
    while ((due = next_due(port)) && due <= deadline && (request = take_finished(port, true))) {
        tell(port, request);
    }
    if (due > deadline) {
        pio_timer_arm(port->timer, due);
    }
    lock_device(port, false);
}

/* ---- requests ---- */

/* A request takes its time after the one before it, as on a real disk. */
static void set_due(BlockPort *port, Request *request)
{
    uint64_t start = MAX(clock_now(port->set->clock), port->last_due);
    request->due = port->last_due = start + REQUEST_NS + request->count * SECTOR_NS;
    if (!pio_timer_armed(port->timer)) {
        pio_timer_arm(port->timer, request->due);
    }
}

/*
 * A device knows which sectors it may ask for.  A guest's list of spans, in
 * contrast, can be wrong.
 */
static bool is_possible(const BlockPort *port, const BlockRequest *asked)
{
    uint64_t sectors = port->end.medium.sectors, count = asked->size / BLOCK_SECTOR_SIZE;
    bool possible = asked->size % BLOCK_SECTOR_SIZE == 0 && count && count <= sectors &&
                    asked->lba <= sectors - count;
    g_assert(possible || asked->spans);
    return possible && (!asked->spans || asked->size <= BLOCK_REQUEST_MAX);
}

static void make_buffer(BlockPort *port, Request *request, const BlockRequest *asked)
{
    if (request->wrong || asked->kind > BLOCK_WRITE) {
        return;
    }
    request->bytes = asked->size;
    request->data = take_buffer(port, request->bytes, &request->room);
    if (asked->data) {
        memcpy(request->data, asked->data, request->bytes);
    } else if (asked->kind == BLOCK_WRITE) {
        request->wrong =
            !block_spans_read(port->end.dev, asked->spans, asked->span_count, request->data);
    }
}

static Request *new_request(BlockPort *port, const BlockRequest *asked)
{
    Request *request = g_new0(Request, 1);
    request->kind = asked->kind;
    request->lba = asked->lba;
    request->tag = asked->tag;
    request->medium = port->medium_known;
    request->wrong = asked->kind != BLOCK_FLUSH && !is_possible(port, asked);
    if (!request->wrong) {
        request->count = (uint32_t)(asked->size / BLOCK_SECTOR_SIZE);
    }
    request->buffer = asked->buffer;
    request->span_count = asked->span_count;
    request->spans = g_memdup2(asked->spans, asked->span_count * sizeof(BlockSpan));
    make_buffer(port, request, asked);
    return request;
}

/*
 * A device usually has one or a few requests under way.  More wait only if it was
 * reset several times and has left behind more writes than the disk can carry out
 * in that time.
 */
static void wait_for_room(BlockPort *port)
{
    while (!g_queue_is_empty(&port->todo) &&
           (port->bytes > BACKLOG_MAX || port->todo.length >= WAITING_MAX)) {
        g_cond_wait(&port->finished, &port->lock);
    }
}

static void submit(BlockPort *port, Request *request)
{
    if (port->timer) {
        set_due(port, request);
    }
    g_mutex_lock(&port->lock);
    wait_for_room(port);
    port->bytes += request->bytes;
    g_queue_push_tail(&port->requests, request);
    g_queue_push_tail(&port->todo, request);
    g_cond_signal(&port->work);
    g_mutex_unlock(&port->lock);
}

/* Drops reads that have not begun.  Requests that change the disk are still carried out. */
static void drop_reads(BlockPort *port)
{
    for (GList *item = port->todo.head, *next; item; item = next) {
        Request *request = item->data;
        next = item->next;
        if (request->kind == BLOCK_READ) {
            g_queue_delete_link(&port->todo, item);
            release(port, request);
        }
    }
}

void block_port_retry(BlockPort *port)
{
    uint64_t due = port->timer ? next_due(port) : 0;
    g_mutex_lock(&port->lock);
    bool stalled = port->stalled;
    port->stalled = false;
    g_cond_signal(&port->work);
    g_mutex_unlock(&port->lock);
    if (stalled && due) {
        pio_timer_arm(port->timer, due);
    }
}

/* Runs in the loop's thread. */
static void tell_failures(void *opaque)
{
    BlockPort *port = opaque;
    Failure *noted;
    do {
        g_mutex_lock(&port->lock);
        noted = g_queue_pop_head(&port->failures);
        g_mutex_unlock(&port->lock);
        if (noted && port->set->failed) {
            const BlockFailure failure = {
                .drive = port->id,
                .reason = explain(noted->code),
                .write = noted->write,
                .no_space = is_no_space(noted->code),
                .action = noted->action,
            };
            port->set->failed(port->set->opaque, &failure);
        }
        g_free(noted);
    } while (noted);
}

static void forget(BlockPort *port, GList *item)
{
    Request *request = item->data;
    g_queue_delete_link(&port->requests, item);
    if (request->finished) {
        release(port, request);
    } else {
        request->cancelled = true;
    }
}

/*
 * Cancels all that the device asked for.  Finished requests are freed, and the
 * worker alone deals with the rest.  The drive counts as idle at once and need not
 * wait for their end.  A change of the medium stays, because it comes from the
 * user.
 */
static void cancel(BlockPort *port)
{
    bool idle = true;
    g_mutex_lock(&port->lock);
    for (GList *item = port->requests.head, *next; item; item = next) {
        next = item->next;
        if (((Request *)item->data)->kind == BLOCK_INSERT) {
            idle = false;
        } else {
            forget(port, item);
        }
    }
    drop_reads(port);
    port->stalled = false; /* a cancelled request is not tried again */
    g_cond_signal(&port->work);
    g_mutex_unlock(&port->lock);
    if (port->timer && idle) {
        pio_timer_disarm(port->timer);
        port->last_due = 0;
    }
}

static void serve_device(BlockPort *port, const BlockRequest *asked)
{
    if (asked->kind == BLOCK_CANCEL) {
        cancel(port);
    } else {
        submit(port, new_request(port, asked));
    }
}

/* ---- media ---- */

static BlockMedium medium_of(const Image *image)
{
    return image ? (BlockMedium){image->sectors, image->read_only} : (BlockMedium){0, false};
}

void block_port_insert(BlockPort *port, Image *image, const char *file)
{
    Request *request = g_new0(Request, 1);
    request->kind = BLOCK_INSERT;
    request->image = image;
    request->file = g_strdup(file);
    request->own = medium_of(image);
    lock_device(port, true);
    submit(port, request);
    lock_device(port, false);
}

bool block_port_ask(BlockPort *port)
{
    lock_device(port, true);
    bool given = !port->end.dev || device_call_eject(port->end.dev, port->end.number);
    lock_device(port, false);
    return given;
}

size_t block_port_backlog(BlockPort *port)
{
    g_mutex_lock(&port->lock);
    size_t bytes = port->bytes;
    g_mutex_unlock(&port->lock);
    return bytes;
}

/* ---- life ---- */

BlockPort *block_port_new(BlockSet *set, Image *image)
{
    BlockPort *port = g_new0(BlockPort, 1);
    port->set = set;
    port->end.request = serve_device;
    port->end.medium = medium_of(image);
    port->image = image;
    g_mutex_init(&port->lock);
    g_cond_init(&port->work);
    g_cond_init(&port->finished);
    g_queue_init(&port->requests);
    g_queue_init(&port->todo);
    g_queue_init(&port->failures);
    port->told = (LoopTask){.run = tell_finished, .opaque = port};
    port->failed = (LoopTask){.run = tell_failures, .opaque = port};
    port->timer = set->clock ? timer_new(set->clock, NULL, tell_due, port) : NULL;
    return port;
}

bool block_port_start(BlockPort *port, const char *name, GError **error)
{
    g_autoptr(GError) failure = NULL;
    port->worker = g_thread_try_new("block", work, port, &failure);
    if (!port->worker) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "%s: the host gives no thread for the drive: %s (ulimit -u and -v limit them)",
                    name, failure->message);
    }
    return port->worker != NULL;
}

void block_port_free(BlockPort *port)
{
    if (port->worker) {
        g_mutex_lock(&port->lock);
        port->stop = true;
        g_cond_signal(&port->work);
        g_mutex_unlock(&port->lock);
        g_thread_join(port->worker);
    }
    loop_cancel(port->set->loop, &port->told);
    loop_cancel(port->set->loop, &port->failed);
    g_queue_clear_full(&port->failures, g_free);
    timer_free(port->timer);
    g_queue_clear_full(&port->requests, (GDestroyNotify)free_request);
    g_queue_clear(&port->todo);
    for (unsigned i = 0; i < BLOCK_SPARES; i++) {
        g_free(port->spare[i].data);
    }
    image_free(port->image);
    g_cond_clear(&port->work);
    g_cond_clear(&port->finished);
    g_mutex_clear(&port->lock);
    g_free(port->id);
    g_free(port->file);
    g_clear_pointer(&port->drive, drive_free);
    g_free(port->placeholder);
    g_free(port);
}
