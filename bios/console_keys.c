#include "bios/console_keys.h"

#include "bios/keys.h"
#include "bios/services.h"
#include "bios/terminal.h"

#define ESCAPE       0x1b
#define ESCAPE_TICKS 2u /* after this time an ESC alone is the key Esc */
#define PARAMETERS   2u

typedef enum State {
    TEXT,
    AFTER_ESCAPE,
    AFTER_BRACKET,  /* after ESC [ */
    AFTER_LETTER_O, /* after ESC O */
    LINUX_FUNCTION, /* after ESC [ [ */
    UTF8,
} State;

typedef struct ConsoleKeys {
    State state;
    uint32_t since; /* the tick at which the sequence began */
    uint8_t parameters[PARAMETERS];
    uint8_t parameter; /* the index of the parameter that is being read */
    uint8_t continued; /* UTF-8: the number of bytes that must follow */
    uint32_t code_point;
    bool after_return;
} ConsoleKeys;

static ConsoleKeys input;

static const uint8_t FINALS[] = {
    ['A'] = KEY_UP,   ['B'] = KEY_DOWN, ['C'] = KEY_RIGHT,  ['D'] = KEY_LEFT,   ['F'] = KEY_END,
    ['H'] = KEY_HOME, ['P'] = KEY_F1,   ['Q'] = KEY_F1 + 1, ['R'] = KEY_F1 + 2, ['S'] = KEY_F1 + 3,
};
/* ESC [ number ~ */
static const uint8_t NUMBERS[] = {
    [1] = KEY_HOME,      [2] = KEY_INSERT,  [3] = KEY_DELETE,  [4] = KEY_END,     [5] = KEY_PAGE_UP,
    [6] = KEY_PAGE_DOWN, [7] = KEY_HOME,    [8] = KEY_END,     [11] = KEY_F1,     [12] = KEY_F1 + 1,
    [13] = KEY_F1 + 2,   [14] = KEY_F1 + 3, [15] = KEY_F1 + 4, [17] = KEY_F1 + 5, [18] = KEY_F1 + 6,
    [19] = KEY_F1 + 7,   [20] = KEY_F1 + 8, [21] = KEY_F1 + 9, [23] = KEY_F11,    [24] = KEY_F12,
};

static bool buffer_has_room(void)
{
    uint16_t next = BDA->key_tail + 2;
    return (next >= BDA->key_end ? BDA->key_start : next) != BDA->key_head;
}

/* The second parameter less 1: bit 0 is Shift, bit 1 Alt, bit 2 Ctrl. */
static KeyPlane modifiers(void)
{
    unsigned bits = input.parameters[1] ? input.parameters[1] - 1u : 0;
    return bits & 2 ? KEYS_ALT : bits & 4 ? KEYS_CTRL : bits & 1 ? KEYS_SHIFT : KEYS_PLAIN;
}

static void store(uint8_t scan)
{
    if (scan) {
        uint16_t code = key_extended(scan, modifiers());
        keyboard_store(code ? code : KEY_CODES[scan][modifiers()]);
    }
}

static void begin(State state)
{
    input.state = state;
    input.since = BDA->ticks;
    input.parameter = 0;
    input.parameters[0] = input.parameters[1] = 0;
}

/* A pipe ends its lines with a line feed, a terminal with the code of Enter. */
static void text(uint8_t byte)
{
    bool after_return = input.after_return;
    input.after_return = byte == '\r';
    if (byte == ESCAPE) {
        begin(AFTER_ESCAPE);
    } else if (byte == '\n') {
        if (!after_return) {
            keyboard_store(key_of_character('\r'));
        }
    } else if (byte == 0x7f) {
        keyboard_store(key_of_character('\b'));
    } else if (byte < 0x80) {
        keyboard_store(key_of_character(byte));
    } else if (byte >= 0xc0 && byte < 0xf0) {
        begin(UTF8);
        input.continued = byte < 0xe0 ? 1 : 2;
        input.code_point = byte & (byte < 0xe0 ? 0x1f : 0x0f);
    }
}

/* ESC followed by a character stands for that character with Alt. */
static void after_escape(uint8_t byte)
{
    input.state = TEXT;
    if (byte == '[') {
        input.state = AFTER_BRACKET;
    } else if (byte == 'O') {
        input.state = AFTER_LETTER_O;
    } else if (byte == ESCAPE) {
        keyboard_store(key_of_character(ESCAPE));
        begin(AFTER_ESCAPE);
    } else {
        uint8_t scan = (uint8_t)(key_of_character(byte) >> 8);
        keyboard_store(scan < KEYS ? KEY_CODES[scan][KEYS_ALT] : 0);
    }
}

static void after_bracket(uint8_t byte)
{
    uint8_t *parameter = &input.parameters[input.parameter];
    if (byte >= '0' && byte <= '9') {
        *parameter = (uint8_t)(*parameter * 10 + byte - '0');
        return;
    }
    if (byte == ';') {
        input.parameter = PARAMETERS - 1;
        return;
    }
    if (byte == '[') {
        input.state = LINUX_FUNCTION;
        return;
    }
    input.state = TEXT;
    if (byte == '~') {
        store(input.parameters[0] < sizeof(NUMBERS) ? NUMBERS[input.parameters[0]] : 0);
    } else if (byte == 'Z') { /* Shift-Tab */
        keyboard_store(KEY_CODES[0x0f][KEYS_SHIFT]);
    } else if (byte < sizeof(FINALS)) {
        store(FINALS[byte]);
    }
}

static void linux_function(uint8_t byte)
{
    input.state = TEXT;
    if (byte >= 'A' && byte <= 'E') {
        store((uint8_t)(KEY_F1 + byte - 'A'));
    }
}

static void after_letter_o(uint8_t byte)
{
    input.state = TEXT;
    if (byte < sizeof(FINALS)) {
        store(FINALS[byte]);
    }
}

/* A character that the screen has becomes what Alt and its number would give. */
static void utf8(uint8_t byte)
{
    if ((byte & 0xc0) != 0x80) {
        input.state = TEXT;
        text(byte);
        return;
    }
    input.code_point = input.code_point << 6 | (byte & 0x3f);
    if (!--input.continued) {
        input.state = TEXT;
        int character = terminal_from_unicode(input.code_point);
        if (character >= 0) {
            keyboard_store((uint16_t)character);
        }
    }
}

/* An ESC that is followed by nothing was the key Esc. */
static void give_up_waiting(void)
{
    if (input.state != TEXT && clock_ticks_since(input.since) > ESCAPE_TICKS) {
        if (input.state == AFTER_ESCAPE) {
            keyboard_store(key_of_character(ESCAPE));
        }
        input.state = TEXT;
    }
}

void console_keys_poll(void)
{
    static void (*const TAKE[])(uint8_t) = {
        [TEXT] = text,
        [AFTER_ESCAPE] = after_escape,
        [AFTER_BRACKET] = after_bracket,
        [AFTER_LETTER_O] = after_letter_o,
        [LINUX_FUNCTION] = linux_function,
        [UTF8] = utf8,
    };
    int byte;
    while (buffer_has_room() && (byte = serial_console_get()) >= 0) {
        TAKE[input.state]((uint8_t)byte);
    }
    give_up_waiting();
}
