/*
 * PS/2 keyboard, after the IBM PS/2 Hardware Interface Technical Reference,
 * "Keyboards (101- and 102-key)".
 *
 * Modelled: the three code sets, the commands with their answers, typematic delay
 * and rate, LEDs, resend, overrun.
 *
 * A key sends its make code when it is pressed, again while it is held, and its
 * break code when it is released.  The break code is the make code with bit 7 set
 * (set 1) or with F0 before it (sets 2 and 3).  With T as the typematic byte:
 *
 *     delay  = (T[6:5] + 1) * 250 ms
 *     period = (8 + T[2:0]) * 2^T[4:3] * 4.17 ms
 *
 * DEVIATION: in set 3 every key is typematic with make and break codes.  Commands
 * F7 to FD are acknowledged and change nothing.
 * DEVIATION: the cursor keys add no shift codes for Num Lock and Shift.  Every
 * driver ignores those codes.
 */
#include "devices/input/ps2_keyboard.h"

#include "devices/input/i8042_regs.h"

#define CODE_SET_DEFAULT  2
#define TYPEMATIC_DEFAULT 0x2b /* 10.9 characters per second after 500 ms */
#define TYPEMATIC_MASK    0x7f
#define LEDS_MASK         0x07
#define KEY_PRINT_SCREEN  0xe037u
/* The technical reference: "a 16-byte first-in-first-out buffer". */
#define CODES_MAX 16u

/* The codes in sets 2 and 3, indexed by the code in set 1.  0: there is no such key. */
typedef struct KeyCodes {
    uint8_t set2, set3;
} KeyCodes;

static const KeyCodes PLAIN[] = {
    [0x01] = {0x76, 0x08}, [0x02] = {0x16, 0x16}, [0x03] = {0x1e, 0x1e}, [0x04] = {0x26, 0x26},
    [0x05] = {0x25, 0x25}, [0x06] = {0x2e, 0x2e}, [0x07] = {0x36, 0x36}, [0x08] = {0x3d, 0x3d},
    [0x09] = {0x3e, 0x3e}, [0x0a] = {0x46, 0x46}, [0x0b] = {0x45, 0x45}, [0x0c] = {0x4e, 0x4e},
    [0x0d] = {0x55, 0x55}, [0x0e] = {0x66, 0x66}, [0x0f] = {0x0d, 0x0d}, [0x10] = {0x15, 0x15},
    [0x11] = {0x1d, 0x1d}, [0x12] = {0x24, 0x24}, [0x13] = {0x2d, 0x2d}, [0x14] = {0x2c, 0x2c},
    [0x15] = {0x35, 0x35}, [0x16] = {0x3c, 0x3c}, [0x17] = {0x43, 0x43}, [0x18] = {0x44, 0x44},
    [0x19] = {0x4d, 0x4d}, [0x1a] = {0x54, 0x54}, [0x1b] = {0x5b, 0x5b}, [0x1c] = {0x5a, 0x5a},
    [0x1d] = {0x14, 0x11}, [0x1e] = {0x1c, 0x1c}, [0x1f] = {0x1b, 0x1b}, [0x20] = {0x23, 0x23},
    [0x21] = {0x2b, 0x2b}, [0x22] = {0x34, 0x34}, [0x23] = {0x33, 0x33}, [0x24] = {0x3b, 0x3b},
    [0x25] = {0x42, 0x42}, [0x26] = {0x4b, 0x4b}, [0x27] = {0x4c, 0x4c}, [0x28] = {0x52, 0x52},
    [0x29] = {0x0e, 0x0e}, [0x2a] = {0x12, 0x12}, [0x2b] = {0x5d, 0x5c}, [0x2c] = {0x1a, 0x1a},
    [0x2d] = {0x22, 0x22}, [0x2e] = {0x21, 0x21}, [0x2f] = {0x2a, 0x2a}, [0x30] = {0x32, 0x32},
    [0x31] = {0x31, 0x31}, [0x32] = {0x3a, 0x3a}, [0x33] = {0x41, 0x41}, [0x34] = {0x49, 0x49},
    [0x35] = {0x4a, 0x4a}, [0x36] = {0x59, 0x59}, [0x37] = {0x7c, 0x7e}, [0x38] = {0x11, 0x19},
    [0x39] = {0x29, 0x29}, [0x3a] = {0x58, 0x14}, [0x3b] = {0x05, 0x07}, [0x3c] = {0x06, 0x0f},
    [0x3d] = {0x04, 0x17}, [0x3e] = {0x0c, 0x1f}, [0x3f] = {0x03, 0x27}, [0x40] = {0x0b, 0x2f},
    [0x41] = {0x83, 0x37}, [0x42] = {0x0a, 0x3f}, [0x43] = {0x01, 0x47}, [0x44] = {0x09, 0x4f},
    [0x45] = {0x77, 0x76}, [0x46] = {0x7e, 0x5f}, [0x47] = {0x6c, 0x6c}, [0x48] = {0x75, 0x75},
    [0x49] = {0x7d, 0x7d}, [0x4a] = {0x7b, 0x84}, [0x4b] = {0x6b, 0x6b}, [0x4c] = {0x73, 0x73},
    [0x4d] = {0x74, 0x74}, [0x4e] = {0x79, 0x7c}, [0x4f] = {0x69, 0x69}, [0x50] = {0x72, 0x72},
    [0x51] = {0x7a, 0x7a}, [0x52] = {0x70, 0x70}, [0x53] = {0x71, 0x71}, [0x54] = {0x84, 0x57},
    [0x56] = {0x61, 0x13}, [0x57] = {0x78, 0x56}, [0x58] = {0x07, 0x5e},
};

/* The keys whose code has the prefix E0 in sets 1 and 2. */
static const KeyCodes EXTENDED[] = {
    [0x1c] = {0x5a, 0x79}, [0x1d] = {0x14, 0x58}, [0x35] = {0x4a, 0x77}, [0x37] = {0x7c, 0x57},
    [0x38] = {0x11, 0x39}, [0x46] = {0x77, 0x62}, [0x47] = {0x6c, 0x6e}, [0x48] = {0x75, 0x63},
    [0x49] = {0x7d, 0x6f}, [0x4b] = {0x6b, 0x61}, [0x4d] = {0x74, 0x6a}, [0x4f] = {0x69, 0x65},
    [0x50] = {0x72, 0x60}, [0x51] = {0x7a, 0x6d}, [0x52] = {0x70, 0x67}, [0x53] = {0x71, 0x64},
    [0x5b] = {0x1f, 0x8b}, [0x5c] = {0x27, 0x8c}, [0x5d] = {0x2f, 0x8d},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const KeyCodes *find_key(unsigned code)
{
    bool extended = (code & ~0xffu) == KEY_EXTENDED;
    unsigned index = extended ? code & 0xff : code;
    size_t count = extended ? COUNT(EXTENDED) : COUNT(PLAIN);
    const KeyCodes *table = extended ? EXTENDED : PLAIN;
    return index < count && table[index].set2 ? &table[index] : NULL;
}

/* ---- codes ---- */

typedef struct Sequence {
    uint8_t bytes[8];
    unsigned count;
} Sequence;

static void add(Sequence *s, uint8_t byte)
{
    s->bytes[s->count++] = byte;
}

/* Adds the code of a single key, without regard to other keys. */
static void add_code(Sequence *s, uint8_t set, unsigned set1, uint8_t set2, bool extended,
                     bool pressed)
{
    if (extended) {
        add(s, KBD_PREFIX);
    }
    if (set == 1) {
        add(s, (uint8_t)(set1 | (pressed ? 0 : KBD_BREAK_BIT)));
        return;
    }
    if (!pressed) {
        add(s, KBD_BREAK);
    }
    add(s, set2);
}

/* "Print Screen": a shift code comes before its make code, and after its break code. */
static void add_print_screen(Sequence *s, uint8_t set, bool pressed)
{
    if (pressed) {
        add_code(s, set, 0x2a, 0x12, true, true);
    }
    add_code(s, set, 0x37, 0x7c, true, pressed);
    if (!pressed) {
        add_code(s, set, 0x2a, 0x12, true, false);
    }
}

/* "Pause": make and break codes are sent when it is pressed, nothing when it is released. */
static void add_pause(Sequence *s, uint8_t set)
{
    static const uint8_t SET1[] = {0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5};
    static const uint8_t SET2[] = {0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77};
    const uint8_t *bytes = set == 1 ? SET1 : SET2;
    size_t count = set == 1 ? sizeof(SET1) : sizeof(SET2);
    for (size_t i = 0; i < count; i++) {
        add(s, bytes[i]);
    }
}

static Sequence key_sequence(uint8_t set, unsigned code, bool pressed)
{
    const KeyCodes *key = find_key(code);
    Sequence s = {.count = 0};
    if (set == 3) {
        add_code(&s, 3, 0, key->set3, false, pressed);
    } else if (code == KEY_PAUSE) {
        if (pressed) {
            add_pause(&s, set);
        }
    } else if (code == KEY_PRINT_SCREEN) {
        add_print_screen(&s, set, pressed);
    } else {
        add_code(&s, set, code & 0xff, key->set2, code >= KEY_EXTENDED, pressed);
    }
    return s;
}

/* "The overrun code replaces the last code in the buffer." */
static bool put_sequence(Ps2Keyboard *k, const Sequence *s)
{
    if (k->codes.count + s->count > CODES_MAX) {
        if (!k->overrun) {
            k->overrun = true;
            ps2_queue_put(&k->codes, k->code_set == 1 ? 0xff : 0x00);
        }
        return false;
    }
    for (unsigned i = 0; i < s->count; i++) {
        ps2_queue_put(&k->codes, s->bytes[i]);
    }
    return true;
}

/* ---- typematic ---- */

/* The delay in bits 6 and 5, in units of 250 ms, less one. */
static uint64_t repeat_delay(const Ps2Keyboard *k)
{
    return ((k->typematic >> 5) + 1u) * (NS_PER_SECOND / 4);
}

/* "(8 + A) x (2 ^ B) x 0.00417 seconds", A in bits 2-0, B in bits 4-3. */
static uint64_t repeat_period(const Ps2Keyboard *k)
{
    return ((8u + (k->typematic & 7u)) << (k->typematic >> 3 & 3)) * UINT64_C(4170000);
}

static void release_held(Ps2Keyboard *k)
{
    k->held = 0;
    k->repeat_at = 0;
}

void ps2_keyboard_repeat(Ps2Keyboard *k, uint64_t now)
{
    while (k->held && k->repeat_at <= now) {
        Sequence s = key_sequence(k->code_set, k->held, true);
        k->repeat_at += repeat_period(k);
        if (k->codes.count == 0 && k->scanning) {
            put_sequence(k, &s);
        }
    }
}

uint64_t ps2_keyboard_deadline(const Ps2Keyboard *k)
{
    return k->held ? k->repeat_at : UINT64_MAX;
}

bool ps2_keyboard_key(Ps2Keyboard *k, unsigned code, bool pressed, uint64_t now)
{
    if (!find_key(code)) {
        return false;
    }
    if (pressed && code != KEY_PAUSE) {
        k->held = (uint16_t)code;
        k->repeat_at = now + repeat_delay(k);
    } else if (k->held == code) {
        release_held(k);
    }
    if (!k->scanning) {
        return false;
    }
    Sequence s = key_sequence(k->code_set, code, pressed);
    return put_sequence(k, &s);
}

/* ---- bytes to the controller ---- */

bool ps2_keyboard_has_byte(const Ps2Keyboard *k)
{
    return k->answers.count || k->codes.count;
}

uint8_t ps2_keyboard_take(Ps2Keyboard *k)
{
    if (k->answers.count) {
        k->last = ps2_queue_take(&k->answers);
    } else {
        k->last = ps2_queue_take(&k->codes);
        k->overrun &= k->codes.count != 0;
    }
    return k->last;
}

static void answer(Ps2Keyboard *k, uint8_t byte)
{
    ps2_queue_put(&k->answers, byte);
}

/* ---- commands ---- */

static void set_defaults(Ps2Keyboard *k)
{
    k->code_set = CODE_SET_DEFAULT;
    k->typematic = TYPEMATIC_DEFAULT;
    ps2_queue_clear(&k->codes);
    k->overrun = false;
    release_held(k);
}

void ps2_keyboard_reset(Ps2Keyboard *k)
{
    set_defaults(k);
    ps2_queue_clear(&k->answers);
    k->scanning = true;
    k->leds = 0;
    k->command = 0;
    k->last = PS2_BAT_OK;
}

static void take_code_set(Ps2Keyboard *k, uint8_t byte)
{
    if (byte > 3) {
        answer(k, PS2_NACK);
        return;
    }
    answer(k, PS2_ACK);
    if (byte == 0) {
        answer(k, k->code_set);
    } else {
        k->code_set = byte;
        ps2_queue_clear(&k->codes);
    }
}

static void take_parameter(Ps2Keyboard *k, uint8_t command, uint8_t byte)
{
    switch (command) {
    case KBD_SET_LEDS:
        k->leds = byte & LEDS_MASK;
        answer(k, PS2_ACK);
        break;
    case KBD_SET_CODES:
        take_code_set(k, byte);
        break;
    case PS2_SET_RATE:
        if (byte > TYPEMATIC_MASK) {
            answer(k, PS2_NACK);
            break;
        }
        k->typematic = byte;
        answer(k, PS2_ACK);
        break;
    default: /* FB to FD: the kind of one key */
        answer(k, PS2_ACK);
    }
}

static bool has_parameter(uint8_t command)
{
    return command == KBD_SET_LEDS || command == KBD_SET_CODES || command == PS2_SET_RATE ||
           (command >= KBD_KEY_FIRST && command <= KBD_KEY_LAST);
}

static void take_command(Ps2Keyboard *k, uint8_t command)
{
    if (has_parameter(command)) {
        k->command = command;
        answer(k, PS2_ACK);
        return;
    }
    switch (command) {
    case KBD_ECHO:
        answer(k, KBD_ECHO);
        break;
    case PS2_GET_ID:
        answer(k, PS2_ACK);
        answer(k, KBD_ID1);
        answer(k, KBD_ID2);
        break;
    case PS2_ENABLE:
        ps2_queue_clear(&k->codes);
        k->scanning = true;
        answer(k, PS2_ACK);
        break;
    case PS2_DISABLE:
    case PS2_SET_DEFAULTS:
        set_defaults(k);
        k->scanning = command == PS2_SET_DEFAULTS && k->scanning;
        answer(k, PS2_ACK);
        break;
    case PS2_RESEND:
        answer(k, k->last);
        break;
    case PS2_RESET:
        ps2_keyboard_reset(k);
        answer(k, PS2_ACK);
        answer(k, PS2_BAT_OK);
        break;
    default:
        answer(k, command >= KBD_ALL_FIRST && command <= KBD_ALL_LAST ? PS2_ACK : PS2_NACK);
    }
}

/* A command that comes instead of a parameter cancels the command that waits for it. */
void ps2_keyboard_write(Ps2Keyboard *k, uint8_t byte)
{
    uint8_t command = k->command;
    k->command = 0;
    ps2_queue_clear(&k->answers);
    if (command && byte < KBD_SET_LEDS) {
        take_parameter(k, command, byte);
    } else {
        take_command(k, byte);
    }
}

bool ps2_keyboard_is_possible(const Ps2Keyboard *k)
{
    return k->code_set >= 1 && k->code_set <= 3 && k->leds <= LEDS_MASK &&
           k->typematic <= TYPEMATIC_MASK && (!k->command || has_parameter(k->command)) &&
           k->answers.count <= PS2_QUEUE_SIZE && k->codes.count <= PS2_QUEUE_SIZE &&
           (!k->held || find_key(k->held));
}
