#include "src/display/dump.h"

#include "src/base/error.h"
#include "src/base/json_text.h"
#include "src/base/module.h"
#include "src/display/png/driver.h"

#include <string.h>

static const char *const NAMES[DUMP_FORMATS] = {
    [DUMP_PPM] = "ppm", [DUMP_PNG] = "png", [DUMP_TEXT] = "text", [DUMP_JSON] = "json"};

bool dump_format_parse(const char *name, DumpFormat *format, GError **error)
{
    for (unsigned i = 0; i < DUMP_FORMATS; i++) {
        if (!strcmp(NAMES[i], name)) {
            *format = i;
            return true;
        }
    }
    return error_refuse(error, "format %s: there are ppm, png, text and json", name);
}

/* ---- pixels ---- */

/* Returns three bytes for each pixel. */
static uint8_t *rgb_of(const SurfacePicture *picture)
{
    const size_t count = (size_t)picture->shape.width * picture->shape.height;
    uint8_t *bytes = g_malloc(3 * count), *at = bytes;
    for (size_t i = 0; i < count; i++) {
        *at++ = (uint8_t)(picture->pixels[i] >> 16);
        *at++ = (uint8_t)(picture->pixels[i] >> 8);
        *at++ = (uint8_t)picture->pixels[i];
    }
    return bytes;
}

static bool add_ppm(const SurfacePicture *picture, GString *to)
{
    const SurfaceShape *shape = &picture->shape;
    g_autofree uint8_t *rgb = rgb_of(picture);
    g_string_append_printf(to, "P6\n%u %u\n255\n", shape->width, shape->height);
    g_string_append_len(to, (const char *)rgb, (gssize)(3 * shape->width * shape->height));
    return true;
}

static bool add_png(const SurfacePicture *picture, GString *to, GError **error)
{
    const PngDriver *driver = module_symbol("pioemu-png", PNG_DRIVER_SYMBOL, NULL);
    if (!driver) {
        return error_refuse(error, "png: the module pioemu-png cannot be loaded; it needs libpng "
                                   "(Debian: libpng16-16)");
    }
    g_autofree uint8_t *rgb = rgb_of(picture);
    return driver->encode(rgb, picture->shape.width, picture->shape.height, to) ||
           error_refuse(error, "png: libpng failed");
}

/* ---- cells ---- */

void dump_row(const SurfacePicture *picture, unsigned row, GString *to)
{
    const SurfaceCell *cells = &picture->cells[(size_t)row * picture->shape.columns];
    unsigned end = picture->shape.columns;
    while (end && (cells[end - 1].character == ' ' || !cells[end - 1].character)) {
        end--;
    }
    for (unsigned column = 0; column < end; column++) {
        g_string_append_unichar(to, surface_unicode(cells[column].character));
    }
}

void dump_rows(const SurfacePicture *picture, GString *to)
{
    gsize end = to->len;
    for (unsigned row = 0; row < picture->shape.rows; row++) {
        const gsize start = to->len;
        dump_row(picture, row, to);
        const bool filled = to->len > start;
        g_string_append_c(to, '\n');
        end = filled ? to->len : end;
    }
    g_string_truncate(to, end);
}

static JsonArray *attributes_of(const SurfacePicture *picture, unsigned row)
{
    JsonArray *array = json_array_new();
    for (unsigned column = 0; column < picture->shape.columns; column++) {
        const SurfaceCell *cell = &picture->cells[(size_t)row * picture->shape.columns + column];
        json_array_add_int_element(array, cell->attribute);
    }
    return array;
}

static JsonObject *cursor_of(const SurfaceCursor *cursor)
{
    JsonObject *object = json_object_new();
    json_object_set_boolean_member(object, "shown", cursor->shown);
    json_object_set_int_member(object, "row", cursor->row);
    json_object_set_int_member(object, "column", cursor->column);
    return object;
}

static JsonArray *palette_of(const SurfaceShape *shape)
{
    JsonArray *array = json_array_new();
    for (unsigned i = 0; i < SURFACE_COLOURS; i++) {
        g_autofree char *colour = g_strdup_printf("#%06x", shape->palette[i]);
        json_array_add_string_element(array, colour);
    }
    return array;
}

static JsonObject *object_of(const SurfacePicture *picture)
{
    const SurfaceShape *shape = &picture->shape;
    JsonObject *object = json_object_new();
    JsonArray *lines = json_array_new(), *attributes = json_array_new();
    for (unsigned row = 0; row < shape->rows; row++) {
        g_autoptr(GString) text = g_string_new(NULL);
        dump_row(picture, row, text);
        json_array_add_string_element(lines, text->str);
        json_array_add_array_element(attributes, attributes_of(picture, row));
    }
    json_object_set_int_member(object, "columns", shape->columns);
    json_object_set_int_member(object, "rows", shape->rows);
    json_object_set_object_member(object, "cursor", cursor_of(&shape->cursor));
    json_object_set_boolean_member(object, "blinks", shape->blinks);
    json_object_set_array_member(object, "palette", palette_of(shape));
    json_object_set_array_member(object, "lines", lines);
    json_object_set_array_member(object, "attributes", attributes);
    return object;
}

static bool add_json(const SurfacePicture *picture, GString *to)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(node, object_of(picture));
    g_autofree char *text = json_text(node);
    json_node_unref(node);
    g_string_append(to, text);
    g_string_append_c(to, '\n');
    return true;
}

bool dump_picture(const SurfacePicture *picture, DumpFormat format, GString *to, GError **error)
{
    if (format == DUMP_PPM) {
        return add_ppm(picture, to);
    }
    if (format == DUMP_PNG) {
        return add_png(picture, to, error);
    }
    if (picture->shape.kind != SURFACE_TEXT) {
        return error_refuse(error, "format %s: the screen shows %s, and no text", NAMES[format],
                            picture->shape.kind == SURFACE_BLANK ? "nothing" : "a picture");
    }
    if (format == DUMP_JSON) {
        return add_json(picture, to);
    }
    dump_rows(picture, to);
    return true;
}
