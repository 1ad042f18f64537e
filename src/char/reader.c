/* Readers: which of them gets what of a chardev's history, and when. */
#include "src/char/char_internal.h"

#include <inttypes.h>

/*
 * Among several readers the one that has got the most counts.  A slow reader must
 * not harm the others; it is told later what it missed.
 */
size_t chardev_room(const Chardev *chardev)
{
    uint64_t taken = chardev->readers->len ? 0 : chardev->history.head;
    for (guint i = 0; i < chardev->readers->len; i++) {
        const CharReader *reader = chardev->readers->pdata[i];
        taken = MAX(taken, reader->position);
    }
    uint64_t used = chardev->history.head - taken;
    return used < chardev->history.size ? chardev->history.size - used : 0;
}

size_t chardev_backlog(const Chardev *chardev)
{
    size_t left = 0;
    for (guint i = 0; i < chardev->readers->len; i++) {
        const CharReader *reader = chardev->readers->pdata[i];
        left += chardev->history.head - reader->position;
    }
    return left;
}

static void append_notice(CharReader *reader, const char *text)
{
    if (!reader->notice) {
        reader->notice = g_string_new(NULL);
    }
    g_string_append(reader->notice, text);
}

/* The bytes before `position` have been overwritten, or are more than a new reader is shown. */
static void skip_to(CharReader *reader, uint64_t position)
{
    g_autofree char *text =
        g_strdup_printf("[%" PRIu64 " bytes dropped]\r\n", position - reader->position);
    append_notice(reader, text);
    reader->position = position;
}

static void write_notice(CharReader *reader)
{
    GString *notice = reader->notice;
    size_t taken = reader->write(reader, (const uint8_t *)notice->str, notice->len);
    reader->blocked = taken < notice->len;
    g_string_erase(notice, 0, (gssize)taken);
    if (!notice->len) {
        g_string_free(notice, true);
        reader->notice = NULL;
    }
}

static void write_history(CharReader *reader, const History *history)
{
    const uint8_t *data;
    size_t size = history_peek(history, reader->position, &data);
    size_t taken = reader->write(reader, data, size);
    reader->position += taken;
    reader->chardev->seen = MAX(reader->chardev->seen, reader->position);
    reader->blocked = taken < size;
}

static void pump(CharReader *reader)
{
    Chardev *chardev = reader->chardev;
    const History *history = &chardev->history;
    while (!reader->blocked) {
        if (reader->position < history_tail(history)) {
            chardev->count.dropped += history_tail(history) - reader->position;
            skip_to(reader, history_tail(history));
        } else if (reader->notice) {
            write_notice(reader);
        } else if (reader->position < history->head) {
            write_history(reader, history);
        } else {
            return;
        }
    }
}

void chardev_pump(Chardev *chardev)
{
    for (guint i = 0; i < chardev->readers->len; i++) {
        pump(chardev->readers->pdata[i]);
    }
}

void chardev_resume_ports(Chardev *chardev)
{
    for (guint i = 0; i < chardev->ports->len && chardev_room(chardev); i++) {
        CharPort *port = chardev->ports->pdata[i];
        if (port->out == chardev) {
            char_port_resume(port);
        }
    }
    if (chardev->front) {
        char_frontend_resume(chardev->front);
    }
}

void char_reader_attach(CharReader *reader, Chardev *chardev, CharStart start)
{
    reader->chardev = chardev;
    reader->blocked = false;
    g_ptr_array_add(chardev->readers, reader);
    chardev->count.attached++;
    if (start == CHAR_REPLAY) {
        uint64_t head = chardev->history.head;
        uint64_t seen = chardev->unread ? chardev->seen : 0;
        uint64_t from = MAX(history_tail(&chardev->history), head - MIN(head, chardev->replay));
        from = MAX(from, seen);
        reader->position = chardev->replay ? seen : from;
        if (from > reader->position) {
            skip_to(reader, from);
        }
    }
    pump(reader);
}

void char_reader_detach(CharReader *reader)
{
    Chardev *chardev = reader->chardev;
    if (!chardev) {
        return;
    }
    reader->chardev = NULL;
    if (reader->notice) {
        g_string_free(reader->notice, true);
        reader->notice = NULL;
    }
    g_ptr_array_remove(chardev->readers, reader);
    chardev_resume_ports(chardev);
}

void char_reader_writable(CharReader *reader)
{
    if (reader->chardev && reader->blocked) {
        reader->blocked = false;
        pump(reader);
        chardev_resume_ports(reader->chardev);
    }
}

void char_reader_notice(CharReader *reader, const char *text)
{
    if (reader->chardev) {
        append_notice(reader, text);
        append_notice(reader, "\r\n");
        pump(reader);
    }
}
