/*
 * What viewers see of a machine's screen, such as a terminal, a VNC client or
 * a web page.
 *
 * While there are viewers, the display takes a picture of the screen at most
 * every DISPLAY_PERIOD_NS of the host's time, compares it with the last one,
 * and tells each viewer what has changed.  Without viewers it does nothing.
 * Nothing that a viewer does can be observed by the guest.
 *
 * Text is seen as cells or as pixels.  A viewer that cannot show characters
 * sets `text_as_pixels`, and sees every screen as pixels.  Any other viewer sees
 * text as cells, and all other screens as pixels.
 *
 * Everything is called in the loop's thread.  A viewer must not block.
 */
#ifndef PIOEMU_DISPLAY_DISPLAY_H
#define PIOEMU_DISPLAY_DISPLAY_H

#include "src/base/loop.h"
#include "src/device/surface.h"

#define DISPLAY_PERIOD_NS (33 * NS_PER_SECOND / 1000)

typedef struct Display Display;

/*
 * A viewer belongs to its owner, who fills it in, and removes it before it is
 * freed.  The picture belongs to the display and is valid during the call;
 * display_picture() returns it at other times.
 */
typedef struct DisplayViewer {
    bool text_as_pixels;
    /*
     * The kind of the screen or its size in cells or pixels has changed.  All
     * of the new picture is new.  Also called once when the viewer is added.
     */
    void (*reshaped)(void *opaque, const SurfacePicture *picture);
    /*
     * Some of these rows have changed: rows of cells if the viewer sees cells,
     * otherwise rows of pixels.  A movement of the cursor changes the rows
     * where it was and is.  A change of the palette changes all rows.
     */
    void (*changed)(void *opaque, const SurfacePicture *picture, unsigned first, unsigned count);
    void *opaque;
} DisplayViewer;

/* `screen` has a surface and outlives the display. */
Display *display_new(Loop *loop, Device *screen);
/* All viewers must have been removed. */
void display_free(Display *display);

/* Calls reshaped() before it returns. */
void display_add_viewer(Display *display, DisplayViewer *viewer);
void display_remove_viewer(Display *display, DisplayViewer *viewer);

/* The picture that the viewers saw last.  Without viewers it may be old. */
const SurfacePicture *display_picture(const Display *display);
/* Whether the viewer sees characters now. */
bool display_shows_cells(const DisplayViewer *viewer, const SurfacePicture *picture);

/* Takes a picture at once and tells the viewers what has changed. */
void display_refresh(Display *display);

#endif
