#include "devices/serial/char_spill.h"

#include <stdio.h>
#include <string.h>

static bool append(CharSpill *spill, const void *data, size_t size)
{
    if (size > CHAR_SPILL_SIZE - spill->count) {
        return false;
    }
    memcpy(&spill->data[spill->count], data, size);
    spill->count = (uint16_t)(spill->count + size);
    return true;
}

static void write_out(CharSpill *spill, CharPort *port)
{
    size_t taken = pio_char_write(port, spill->data, spill->count);
    spill->count = (uint16_t)(spill->count - taken);
    memmove(spill->data, &spill->data[taken], spill->count);
}

static void report_dropped(CharSpill *spill, const char *unit)
{
    char text[64];
    if (spill->dropped > 0) {
        int size = snprintf(text, sizeof(text), "[%u %s dropped]\n", spill->dropped, unit);
        if (append(spill, text, (size_t)size)) {
            spill->dropped = 0;
        }
    }
}

void char_spill_put(CharSpill *spill, CharPort *port, const char *unit, const void *record,
                    size_t size)
{
    if (char_spill_is_empty(spill)) {
        size_t taken = pio_char_write(port, record, size);
        append(spill, (const uint8_t *)record + taken, size - taken);
        return;
    }
    report_dropped(spill, unit);
    if (spill->dropped > 0 || !append(spill, record, size)) {
        spill->dropped += spill->dropped < UINT32_MAX;
    }
}

void char_spill_flush(CharSpill *spill, CharPort *port, const char *unit)
{
    write_out(spill, port);
    if (spill->dropped > 0) {
        report_dropped(spill, unit);
        write_out(spill, port);
    }
}
