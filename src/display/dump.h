/*
 * Pictures of a screen for files: as pixels (PPM, PNG), as lines of text in UTF-8, and as
 * JSON with the attributes of each cell.
 */
#ifndef PIOEMU_DISPLAY_DUMP_H
#define PIOEMU_DISPLAY_DUMP_H

#include "src/device/surface.h"

typedef enum DumpFormat { DUMP_PPM, DUMP_PNG, DUMP_TEXT, DUMP_JSON, DUMP_FORMATS } DumpFormat;

/* Finds a format by its name: ppm, png, text or json. */
bool dump_format_parse(const char *name, DumpFormat *format, GError **error);
/*
 * Appends the picture, whose pixels must be there, in a format.  Fails if the screen shows no
 * text and the format needs some, or if PNG is not available.
 */
bool dump_picture(const SurfacePicture *picture, DumpFormat format, GString *to, GError **error);
/* Appends a row of cells in UTF-8, without spaces at its end. */
void dump_row(const SurfacePicture *picture, unsigned row, GString *to);
/* Appends all rows, without empty ones at the end.  Each ends with a newline. */
void dump_rows(const SurfacePicture *picture, GString *to);

#endif
