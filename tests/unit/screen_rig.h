/* A screen for tests of viewers: a device that shows the text and the pixels of its state. */
#ifndef PIOEMU_TESTS_SCREEN_RIG_H
#define PIOEMU_TESTS_SCREEN_RIG_H

#include "src/display/display.h"
#include "src/display/seat.h"

#define SHEET_COLUMNS 40u
#define SHEET_ROWS    12u
#define SHEET_WIDTH   (8 * SHEET_COLUMNS)
#define SHEET_HEIGHT  (16 * SHEET_ROWS)

typedef struct Sheet {
    Device *dev;
    SurfaceShape form;
    SurfaceCell cells[SHEET_ROWS * SHEET_COLUMNS];
    uint32_t pixels[SHEET_WIDTH * SHEET_HEIGHT];
} Sheet;

static inline void sheet_shape(const void *state, uint64_t now, SurfaceShape *shape)
{
    (void)now;
    *shape = ((const Sheet *)state)->form;
}

static inline void sheet_cells(const void *state, const SurfaceShape *shape, SurfaceCell *cells)
{
    memcpy(cells, ((const Sheet *)state)->cells, sizeof(*cells) * shape->rows * shape->columns);
}

static inline void sheet_pixels(const void *state, uint64_t now, const SurfaceShape *shape,
                                uint32_t *pixels)
{
    (void)now;
    memcpy(pixels, ((const Sheet *)state)->pixels, sizeof(*pixels) * shape->width * shape->height);
}

static const SurfaceClient SHEET_SURFACE = {.struct_size = sizeof(SurfaceClient),
                                            .shape = sheet_shape,
                                            .cells = sheet_cells,
                                            .pixels = sheet_pixels};
static const DeviceClass SHEET = {.head = DEVICE_CLASS_HEAD("sheet", Sheet),
                                  .description = "a screen",
                                  .surface_client = &SHEET_SURFACE};

/* The screen, and a keyboard and a mouse that write down what they are told. */
typedef struct ScreenRig {
    Loop *loop;
    DeviceHost host;
    Device *dev;
    Sheet *sheet;
    Display *display;
    SeatHost seat;
    GString *typed;
} ScreenRig;

static inline void rig_key(void *opaque, unsigned code, bool pressed)
{
    g_string_append_printf(opaque, "%c%x ", pressed ? '+' : '-', code);
}

static inline void rig_pointer(void *opaque, int dx, int dy, unsigned buttons)
{
    g_string_append_printf(opaque, "%d,%d,%x ", dx, dy, buttons);
}

static inline void rig_chord(void *opaque, const unsigned *codes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(opaque, "%x%c", codes[i], i + 1 < count ? '-' : ' ');
    }
}

static inline void screen_rig_set_up(ScreenRig *rig)
{
    rig->loop = loop_new(NULL);
    rig->host = (DeviceHost){.bus = bus_new(false), .clock = clock_new_stepped()};
    rig->dev = device_new(&SHEET, "sheet", &rig->host);
    rig->sheet = device_state(rig->dev);
    rig->sheet->form = (SurfaceShape){.kind = SURFACE_TEXT,
                                      .width = SHEET_WIDTH,
                                      .height = SHEET_HEIGHT,
                                      .columns = SHEET_COLUMNS,
                                      .rows = SHEET_ROWS,
                                      .cell_width = 8,
                                      .cell_height = 16};
    rig->display = display_new(rig->loop, rig->dev);
    rig->typed = g_string_new(NULL);
    rig->seat =
        (SeatHost){rig_key, rig_pointer, rig_chord, keymap_find(KEYMAP_DEFAULT, NULL), rig->typed};
}

/* All viewers must have gone. */
static inline void screen_rig_tear_down(ScreenRig *rig)
{
    display_free(rig->display);
    device_free(rig->dev);
    bus_free(rig->host.bus);
    clock_free(rig->host.clock);
    loop_free(rig->loop);
    g_string_free(rig->typed, true);
}

#endif
