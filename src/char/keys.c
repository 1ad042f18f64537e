/* The escape key: the commands of a user who types at a chardev. */
#include "src/char/keys.h"

#include "src/char/char_internal.h"

#include <string.h>

char *char_key_name(int key)
{
    if (key < 0x20 || key == 0x7f) {
        return g_strdup_printf("Ctrl-%c", key ^ 0x40);
    }
    return key < 0x7f ? g_strdup_printf("%c", key) : g_strdup_printf("key 0x%02x", key);
}

static int escape_key(const Chardev *chardev)
{
    return chardev_set_escape(chardev->set);
}

void chardev_announce_keys(Chardev *chardev)
{
    if (escape_key(chardev)) {
        g_autofree char *key = char_key_name(escape_key(chardev));
        chardev_say(chardev, "%s x quits, %s h helps", key, key);
    }
}

/* ---- commands ---- */

static void quit(Chardev *chardev)
{
    const CharEvents *events = chardev_set_events(chardev->set);
    if (events->quit) {
        events->quit(events->opaque);
    }
}

static void send_break(Chardev *chardev)
{
    chardev_receive_break(chardev);
}

static void toggle_stamps(Chardev *chardev)
{
    const History *history = &chardev->history;
    const uint8_t *last;
    chardev->stamping = !chardev->stamping;
    chardev->line_start =
        !history->head || (history_peek(history, history->head - 1, &last), *last == '\n');
    chardev_say(chardev, "time stamps are %s", chardev->stamping ? "on" : "off");
}

static void switch_focus(Chardev *chardev)
{
    const CharPort *port = chardev_move_focus(chardev);
    if (port) {
        chardev_say(chardev, "input goes to %s", device_id(port->end.dev));
    }
}

static bool has_several(const Chardev *chardev)
{
    return chardev_receivers(chardev) > 1;
}

static void help(Chardev *chardev);

static const struct {
    char key;
    const char *what;
    void (*run)(Chardev *chardev);
    bool (*available)(const Chardev *chardev);
} COMMANDS[] = {
    {'x', "quits", quit, NULL},
    {'h', "shows this help", help, NULL},
    {'b', "sends a break", send_break, chardev_has_receiver},
    {'t', "turns time stamps on and off", toggle_stamps, NULL},
    {'c', "switches the input to the next device, or the monitor", switch_focus, has_several},
};

static void help(Chardev *chardev)
{
    g_autofree char *key = char_key_name(escape_key(chardev));
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        if (!COMMANDS[i].available || COMMANDS[i].available(chardev)) {
            chardev_say(chardev, "%s %-7c %s", key, COMMANDS[i].key, COMMANDS[i].what);
        }
    }
    chardev_say(chardev, "%s %-7s sends %s to the guest", key, key, key);
}

static void run_command(Chardev *chardev, uint8_t key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        if (COMMANDS[i].key == key) {
            COMMANDS[i].run(chardev);
            return;
        }
    }
    help(chardev);
}

/* ---- the filter ---- */

/* Handles the key after the escape key.  Returns true if the guest gets it. */
static bool take_command(Chardev *chardev, uint8_t key)
{
    chardev->escaped = false;
    if (key == escape_key(chardev)) {
        return true;
    }
    run_command(chardev, key);
    return false;
}

/*
 * Delivers the input in order, so that a switch of the focus or a break comes where
 * it was typed.
 */
void chardev_filter_keys(Chardev *chardev, const uint8_t *data, size_t size)
{
    size_t start = 0;
    for (size_t i = 0; i < size; i++) {
        if (chardev->escaped) {
            start = take_command(chardev, data[i]) ? i : i + 1;
        } else if (escape_key(chardev) && data[i] == escape_key(chardev)) {
            chardev_deliver(chardev, data + start, i - start);
            chardev->escaped = true;
            start = i + 1;
        }
    }
    if (start < size) {
        chardev_deliver(chardev, data + start, size - start);
    }
}
