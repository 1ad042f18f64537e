#include "src/display/seat.h"

#include "devices/device.h"
#include "src/device/key_names.h"

struct Seat {
    const SeatHost *host;
    GArray *held; /* unsigned: the codes of the keys that are down */
    unsigned buttons;
    bool placed; /* the pointer has been at x, y */
    int x, y;
};

Seat *seat_new(const SeatHost *host)
{
    Seat *seat = g_new0(Seat, 1);
    seat->host = host;
    seat->held = g_array_new(false, false, sizeof(unsigned));
    return seat;
}

void seat_free(Seat *seat)
{
    while (seat->held->len) {
        seat_key(seat, g_array_index(seat->held, unsigned, seat->held->len - 1), false);
    }
    if (seat->buttons) {
        seat_move(seat, 0, 0, 0);
    }
    g_array_unref(seat->held);
    g_free(seat);
}

static guint find_held(const Seat *seat, unsigned code)
{
    guint i = 0;
    while (i < seat->held->len && g_array_index(seat->held, unsigned, i) != code) {
        i++;
    }
    return i;
}

void seat_key(Seat *seat, unsigned code, bool pressed)
{
    guint place = find_held(seat, code);
    const bool held = place < seat->held->len;
    if (!code || held == pressed) {
        return;
    }
    if (pressed) {
        g_array_append_val(seat->held, code);
    } else {
        g_array_remove_index(seat->held, place);
    }
    seat->host->key(seat->host->opaque, code, pressed);
}

void seat_keysym(Seat *seat, uint32_t keysym, bool pressed)
{
    seat_key(seat, keymap_keysym(seat->host->keymap, keysym), pressed);
}

void seat_stroke(Seat *seat, const KeyStroke *stroke, bool alt)
{
    const struct {
        bool wanted;
        const char *name;
    } modifiers[] = {
        {stroke->ctrl, "ctrl"}, {stroke->shift, "shift"}, {stroke->altgr, "alt_r"}, {alt, "alt"}};
    unsigned codes[G_N_ELEMENTS(modifiers) + 1], count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(modifiers); i++) {
        if (modifiers[i].wanted) {
            codes[count++] = key_name_find(modifiers[i].name);
        }
    }
    codes[count++] = stroke->code;
    seat->host->chord(seat->host->opaque, codes, count);
}

bool seat_type(Seat *seat, uint32_t character, bool alt)
{
    KeyStroke stroke;
    bool found = keymap_character(seat->host->keymap, character, &stroke);
    if (found) {
        seat_stroke(seat, &stroke, alt);
    }
    return found;
}

void seat_move(Seat *seat, int dx, int dy, unsigned buttons)
{
    seat->buttons = buttons & (POINTER_LEFT | POINTER_MIDDLE | POINTER_RIGHT);
    seat->host->pointer(seat->host->opaque, dx, dy, buttons);
}

void seat_place(Seat *seat, int x, int y, unsigned buttons)
{
    int dx = seat->placed ? x - seat->x : 0, dy = seat->placed ? y - seat->y : 0;
    seat->placed = true;
    seat->x = x;
    seat->y = y;
    if (dx || dy || buttons != seat->buttons) {
        seat_move(seat, dx, dy, buttons);
    }
}
