/* null and ringbuf: lines without a listener.  The history keeps what was printed. */
#include "src/char/backends.h"

const ChardevClass chardev_null_class = {
    .name = "null",
    .usage = "null",
    .help = "output is discarded; there is no input",
    .size = sizeof(Chardev),
};

/* Accepts QEMU's name for the size of the history. */
static bool ringbuf_open(Chardev *chardev, GError **error)
{
    uint64_t size = chardev->history.size;
    if (!chardev_option_size(chardev, "size", 1u << 30, &size, error)) {
        return false;
    }
    history_clear(&chardev->history);
    history_init(&chardev->history, MAX(size, 1));
    chardev->replay = size;
    return true;
}

static const char *const RINGBUF_OPTIONS[] = {"size", NULL};

const ChardevClass chardev_ringbuf_class = {
    .name = "ringbuf",
    .usage = "ringbuf[,size=SIZE]",
    .help = "the last output stays in memory, for reports; there is no input",
    .options = RINGBUF_OPTIONS,
    .size = sizeof(Chardev),
    .open = ringbuf_open,
};
