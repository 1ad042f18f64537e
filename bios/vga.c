/*
 * INT 10h on a VGA: text in text and graphics modes, after the IBM PS/2 and Personal
 * Computer BIOS Interface Technical Reference.
 */
#include "bios/vga.h"

#include "devices/display/crtc_regs.h"
#include "devices/display/vga_regs.h"
#include "src/machine/pc_board.h"

#define PAGES             8u
#define MODE_KEEP         0x80
#define STRING_MOVES      0x01
#define STRING_ATTRIBUTES 0x02
#define FUNCTION_DONE     0x1a
#define DISPLAY_VGA_COLOR 8
#define DEFAULT_ATTRIBUTE 0x07

static bool is_text(void)
{
    return vga_current()->layout == VGA_TEXT;
}

static unsigned columns(void)
{
    return BDA->video_columns;
}

static unsigned rows(void)
{
    return BDA->video_rows + 1u;
}

static unsigned at_most(unsigned value, unsigned most)
{
    return value < most ? value : most;
}

static uint16_t cell_address(unsigned page, unsigned row, unsigned column)
{
    return (uint16_t)(page * BDA->video_page_size + 2 * (row * columns() + column));
}

static uint16_t read_cell(unsigned page, unsigned row, unsigned column)
{
    return is_text() ? far_read16(vga_current()->segment, cell_address(page, row, column)) : 0;
}

/* In graphics modes the attribute is the colour of the character. */
static void write_cell(unsigned page, unsigned row, unsigned column, uint16_t cell)
{
    if (is_text()) {
        far_write16(vga_current()->segment, cell_address(page, row, column), cell);
    } else {
        vga_draw_character(row, column, (uint8_t)cell, (uint8_t)(cell >> 8));
    }
}

/* ---- the cursor ---- */

static unsigned cursor_row(unsigned page)
{
    return at_most(BDA->cursor[page] >> 8, rows() - 1);
}

static unsigned cursor_column(unsigned page)
{
    return at_most(BDA->cursor[page] & 0xff, columns() - 1);
}

static void set_cursor(unsigned page, unsigned row, unsigned column)
{
    BDA->cursor[page] = (uint16_t)(row << 8 | column);
    if (page == BDA->video_page && is_text()) {
        vga_show_cursor_at((uint16_t)(cell_address(page, row, column) / 2));
    }
}

static void service_set_cursor(const Regs *regs)
{
    if (regs->bh < PAGES) {
        set_cursor(regs->bh, regs->dh, regs->dl);
    }
}

static void service_get_cursor(Regs *regs)
{
    regs->dx = regs->bh < PAGES ? BDA->cursor[regs->bh] : 0;
    regs->cx = BDA->cursor_shape;
}

/* Programs give lines of a cell of eight; they become those of the real cell. */
static void service_cursor_shape(const Regs *regs)
{
    const unsigned height = BDA->character_height;
    unsigned first = regs->ch & 0x3f, last = regs->cl & 0x1f;
    BDA->cursor_shape = regs->cx;
    if (height > 8 && last < 8 && first < 0x20) {
        first = last == first + 1 ? (last + 1) * height / 8 - 3 : (first + 1) * height / 8 - 1;
        last = (last + 1) * height / 8 - 2;
    }
    vga_register(vga_crtc_port(), CRTC_CURSOR_START, (uint8_t)first);
    vga_register(vga_crtc_port(), CRTC_CURSOR_END, (uint8_t)last);
}

static void service_page(const Regs *regs)
{
    if (regs->al >= PAGES) {
        return;
    }
    const uint16_t start = (uint16_t)(regs->al * BDA->video_page_size);
    const uint16_t address = is_text() ? start / 2 : start;
    BDA->video_page = regs->al;
    BDA->video_page_start = start;
    vga_register(vga_crtc_port(), CRTC_START_HIGH, (uint8_t)(address >> 8));
    vga_register(vga_crtc_port(), CRTC_START_LOW, (uint8_t)address);
    set_cursor(regs->al, cursor_row(regs->al), cursor_column(regs->al));
}

/* ---- scrolling ---- */

typedef struct Window {
    unsigned top, left, bottom, right, lines;
    uint8_t attribute;
    bool down;
} Window;

static void copy_row(const Window *w, unsigned to, unsigned from)
{
    if (!is_text()) {
        vga_copy_cells(to, from, w->left, w->right - w->left + 1);
        return;
    }
    for (unsigned column = w->left; column <= w->right; column++) {
        write_cell(BDA->video_page, to, column, read_cell(BDA->video_page, from, column));
    }
}

static void blank_row(const Window *w, unsigned row)
{
    if (!is_text()) {
        vga_clear_cells(row, w->left, w->right - w->left + 1, w->attribute);
        return;
    }
    for (unsigned column = w->left; column <= w->right; column++) {
        write_cell(BDA->video_page, row, column, (uint16_t)(w->attribute << 8 | ' '));
    }
}

static void scroll(const Window *w)
{
    const unsigned count = w->bottom - w->top + 1;
    for (unsigned i = 0; i < count - w->lines; i++) {
        const unsigned to = w->down ? w->bottom - i : w->top + i;
        copy_row(w, to, w->down ? to - w->lines : to + w->lines);
    }
    for (unsigned i = 0; i < w->lines; i++) {
        blank_row(w, w->down ? w->top + i : w->bottom - i);
    }
}

/* 0 lines means all of them. */
static void service_scroll(const Regs *regs)
{
    Window w = {
        .top = regs->ch,
        .left = regs->cl,
        .bottom = at_most(regs->dh, rows() - 1),
        .right = at_most(regs->dl, columns() - 1),
        .lines = regs->al,
        .attribute = regs->bh,
        .down = regs->ah == 0x07,
    };
    if (w.top <= w.bottom && w.left <= w.right) {
        const unsigned count = w.bottom - w.top + 1;
        w.lines = w.lines && w.lines < count ? w.lines : count;
        scroll(&w);
    }
}

/* ---- characters ---- */

static void new_line(unsigned page, unsigned row, unsigned column)
{
    if (row + 1 < rows()) {
        set_cursor(page, row + 1, column);
        return;
    }
    const uint8_t attribute = is_text() ? (uint8_t)(read_cell(page, row, column) >> 8) : 0;
    const Window w = {0, 0, rows() - 1, columns() - 1, 1, attribute, false};
    set_cursor(page, row, column);
    scroll(&w);
}

/* Prints like a teletype.  An `attribute` of -1 keeps the attribute of the cell. */
static void type(unsigned page, uint8_t character, int attribute)
{
    const unsigned row = cursor_row(page), column = cursor_column(page);
    switch (character) {
    case '\a':
        return;
    case '\b':
        set_cursor(page, row, column ? column - 1 : 0);
        return;
    case '\n':
        new_line(page, row, column);
        return;
    case '\r':
        set_cursor(page, row, 0);
        return;
    default:
        break;
    }
    if (attribute < 0) {
        attribute = read_cell(page, row, column) >> 8;
    }
    write_cell(page, row, column, (uint16_t)(attribute << 8 | character));
    if (column + 1 < columns()) {
        set_cursor(page, row, column + 1);
    } else {
        new_line(page, row, 0);
    }
}

static void service_write(const Regs *regs)
{
    const unsigned page = regs->bh % PAGES;
    unsigned row = cursor_row(page), column = cursor_column(page);
    for (unsigned i = 0; i < regs->cx && row < rows(); i++) {
        const bool keeps = regs->ah == 0x0a && is_text();
        const uint8_t attribute = keeps ? (uint8_t)(read_cell(page, row, column) >> 8) : regs->bl;
        write_cell(page, row, column, (uint16_t)(attribute << 8 | regs->al));
        column++;
        if (column == columns()) {
            column = 0;
            row++;
        }
    }
}

static void service_read(Regs *regs)
{
    const unsigned page = regs->bh % PAGES;
    regs->ax = read_cell(page, cursor_row(page), cursor_column(page));
}

void vga_teletype(uint8_t character)
{
    type(BDA->video_page, character, is_text() ? -1 : DEFAULT_ATTRIBUTE);
}

static void service_teletype(const Regs *regs)
{
    type(BDA->video_page, regs->al, is_text() ? -1 : regs->bl);
}

static void service_string(const Regs *regs)
{
    const unsigned page = regs->bh % PAGES;
    const uint16_t before = BDA->cursor[page];
    uint16_t at = regs->bp;
    set_cursor(page, at_most(regs->dh, rows() - 1), at_most(regs->dl, columns() - 1));
    for (unsigned i = 0; i < regs->cx; i++) {
        const uint8_t character = far_read8(regs->es, at++);
        const uint8_t attribute =
            regs->al & STRING_ATTRIBUTES ? far_read8(regs->es, at++) : regs->bl;
        type(page, character, attribute);
    }
    if (!(regs->al & STRING_MOVES)) {
        set_cursor(page, before >> 8, before & 0xff);
    }
}

/* ---- modes and fonts ---- */

static void service_set_mode(Regs *regs)
{
    const VgaMode *mode = vga_mode(regs->al & (uint8_t)~MODE_KEEP);
    if (!mode) {
        return;
    }
    vga_set_mode(mode, !(regs->al & MODE_KEEP));
    const uint8_t number = regs->al & (uint8_t)~MODE_KEEP;
    regs->al = number == 6 ? 0x3f : number > 7 ? 0x20 : 0x30;
}

static void service_get_mode(Regs *regs)
{
    regs->al = BDA->video_mode;
    regs->ah = (uint8_t)columns();
    regs->bh = BDA->video_page;
}

static unsigned rom_height(unsigned function)
{
    return (function & 0x0f) == 1 ? 14 : (function & 0x0f) == 2 ? 8 : 16;
}

/* AL = 0xh and 1xh: fonts of text modes; the latter also set the height of the rows. */
static void load_text_font(const Regs *regs)
{
    const unsigned function = regs->al & 0x0f;
    if (function == 3) {
        vga_register(PORT_VGA + VGA_SEQUENCER_INDEX, VGA_SEQ_FONT, regs->bl);
        return;
    }
    VgaFont font = {regs->es, regs->bp, regs->bh};
    unsigned first = regs->dx & 0xff, count = regs->cx;
    if (function) {
        font = vga_font(rom_height(function));
        first = 0;
        count = 256;
    }
    vga_load_font(&font, regs->bl & 7, first, at_most(count, 256 - first));
    if (regs->al & 0x10 && font.height) {
        vga_set_height(font.height);
    }
}

/* AL = 2xh: fonts of graphics modes, and how many rows they make. */
static void set_graphics_font(const Regs *regs)
{
    static const uint8_t ROWS[] = {0, 14, 25, 43};
    const unsigned function = regs->al & 0x0f;
    const unsigned vector = function ? 0x43 : 0x1f;
    const VgaFont font = function < 2    ? (VgaFont){regs->es, regs->bp, (uint8_t)regs->cx}
                         : function == 2 ? vga_font(14)
                         : function == 3 ? vga_font(8)
                                         : vga_font(16);
    IVT[vector].segment = font.segment;
    IVT[vector].offset = font.offset;
    if (function) {
        BDA->character_height = font.height;
        BDA->video_rows = (uint8_t)((regs->bl && regs->bl < 4 ? ROWS[regs->bl] : regs->dl) - 1);
    }
}

static void font_information(Regs *regs)
{
    const uint8_t which = regs->bh;
    const VgaFont font = vga_font(which == 2 || which == 5 ? 14 : which >= 6 ? 16 : 8);
    regs->es = font.segment;
    regs->bp = (uint16_t)(font.offset + (which == 4 ? 128 * 8 : 0));
    if (which < 2) {
        const unsigned vector = which ? 0x43 : 0x1f;
        regs->es = IVT[vector].segment;
        regs->bp = IVT[vector].offset;
    }
    regs->cx = BDA->character_height;
    regs->dl = BDA->video_rows;
}

static void service_font(Regs *regs)
{
    if (regs->al < 0x20) {
        load_text_font(regs);
    } else if (regs->al < 0x30) {
        set_graphics_font(regs);
    } else if (regs->al == 0x30) {
        font_information(regs);
    }
}

/* BL = 10h: what the adapter has.  Others choose what this one always does. */
static void service_alternate(Regs *regs)
{
    if (regs->bl == 0x10) {
        regs->bx = 0x0003; /* colour, 256 KiB */
        regs->cx = 0x0009;
    } else if (regs->bl >= 0x30 && regs->bl <= 0x36) {
        regs->al = 0x12;
    }
}

static void service_combination(Regs *regs)
{
    if (!regs->al) {
        regs->bx = DISPLAY_VGA_COLOR;
    }
    regs->al = FUNCTION_DONE;
}

/* The 64 bytes of the state: the first ones point to what the hardware can do. */
static void service_state(Regs *regs)
{
    static const uint8_t ABILITIES[16] = {0xff, 0xe0, 0x0f, 0, 0, 0, 0, 0x07, 2, 8, 0xff, 0x0e};
    const uint16_t at = regs->di;
    for (unsigned i = 0; i < 64; i++) {
        far_write8(regs->es, (uint16_t)(at + i), 0);
    }
    far_write16(regs->es, at, (uint16_t)(uint32_t)ABILITIES);
    far_write16(regs->es, (uint16_t)(at + 2), BIOS_DATA_SEGMENT);
    for (unsigned i = 0; i < 30; i++) {
        const uint8_t byte = ((volatile __seg_fs uint8_t *)BDA_ADDRESS)[0x49 + i];
        far_write8(regs->es, (uint16_t)(at + 4 + i), byte);
    }
    far_write8(regs->es, (uint16_t)(at + 0x22), (uint8_t)rows());
    far_write16(regs->es, (uint16_t)(at + 0x23), BDA->character_height);
    far_write8(regs->es, (uint16_t)(at + 0x25), DISPLAY_VGA_COLOR);
    far_write16(regs->es, (uint16_t)(at + 0x27), 16);
    far_write8(regs->es, (uint16_t)(at + 0x29), PAGES);
    far_write8(regs->es, (uint16_t)(at + 0x2a), 2);
    far_write8(regs->es, (uint16_t)(at + 0x31), 3);
    regs->al = 0x1b;
}

static void service_pixel(Regs *regs)
{
    if (regs->ah == 0x0c) {
        vga_write_pixel(regs->cx, regs->dx, regs->al);
    } else {
        regs->al = vga_read_pixel(regs->cx, regs->dx);
    }
}

static void more_services(Regs *regs)
{
    switch (regs->ah) {
    case 0x0b:
    case 0x10:
    case 0x4f:
        vga_palette_service(regs);
        break;
    case 0x0c:
    case 0x0d:
        service_pixel(regs);
        break;
    case 0x11:
        service_font(regs);
        break;
    case 0x12:
        service_alternate(regs);
        break;
    case 0x13:
        service_string(regs);
        break;
    case 0x1a:
        service_combination(regs);
        break;
    case 0x1b:
        service_state(regs);
        break;
    default:
        break;
    }
}

void vga_service(Regs *regs)
{
    switch (regs->ah) {
    case 0x00:
        service_set_mode(regs);
        break;
    case 0x01:
        service_cursor_shape(regs);
        break;
    case 0x02:
        service_set_cursor(regs);
        break;
    case 0x03:
        service_get_cursor(regs);
        break;
    case 0x05:
        service_page(regs);
        break;
    case 0x06:
    case 0x07:
        service_scroll(regs);
        break;
    case 0x08:
        service_read(regs);
        break;
    case 0x09:
    case 0x0a:
        service_write(regs);
        break;
    case 0x0e:
        service_teletype(regs);
        break;
    case 0x0f:
        service_get_mode(regs);
        break;
    default:
        more_services(regs);
        break;
    }
}
