/* Shows pixels as characters, with chafa.  It is a module (curses_driver.h). */
#include "src/display/curses_driver.h"

#include <chafa.h>

static ChafaCanvas *new_canvas(unsigned columns, unsigned rows)
{
    ChafaSymbolMap *symbols = chafa_symbol_map_new();
    ChafaCanvasConfig *config = chafa_canvas_config_new();
    chafa_symbol_map_add_by_tags(symbols, CHAFA_SYMBOL_TAG_BLOCK | CHAFA_SYMBOL_TAG_SPACE);
    chafa_canvas_config_set_symbol_map(config, symbols);
    chafa_canvas_config_set_geometry(config, (gint)columns, (gint)rows);
    chafa_canvas_config_set_canvas_mode(config, CHAFA_CANVAS_MODE_TRUECOLOR);
    ChafaCanvas *canvas = chafa_canvas_new(config);
    chafa_canvas_config_unref(config);
    chafa_symbol_map_unref(symbols);
    return canvas;
}

static uint8_t *to_rgb(const uint32_t *pixels, size_t count)
{
    uint8_t *rgb = g_malloc(3 * count);
    for (size_t i = 0; i < count; i++) {
        rgb[3 * i] = (uint8_t)(pixels[i] >> 16);
        rgb[3 * i + 1] = (uint8_t)(pixels[i] >> 8);
        rgb[3 * i + 2] = (uint8_t)pixels[i];
    }
    return rgb;
}

static void draw(const uint32_t *pixels, unsigned width, unsigned height, CursesCell *cells,
                 unsigned columns, unsigned rows)
{
    ChafaCanvas *canvas = new_canvas(columns, rows);
    g_autofree uint8_t *rgb = to_rgb(pixels, (size_t)width * height);
    chafa_canvas_draw_all_pixels(canvas, CHAFA_PIXEL_RGB8, rgb, (gint)width, (gint)height,
                                 (gint)(3 * width));
    for (unsigned i = 0; i < columns * rows; i++) {
        const gint x = (gint)(i % columns), y = (gint)(i / columns);
        gint front, back;
        chafa_canvas_get_colors_at(canvas, x, y, &front, &back);
        cells[i] = (CursesCell){
            .character = chafa_canvas_get_char_at(canvas, x, y),
            .foreground = front < 0 ? 0xaaaaaa : (uint32_t)front & 0xffffff,
            .background = back < 0 ? 0 : (uint32_t)back & 0xffffff,
        };
        cells[i].character = cells[i].character ? cells[i].character : ' ';
    }
    chafa_canvas_unref(canvas);
}

extern const ChafaDriver PIOEMU_CHAFA;
const ChafaDriver PIOEMU_CHAFA = {.draw = draw};
