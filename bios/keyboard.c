/* The keyboard: IRQ 1, the buffer, and INT 16h, which also takes what is typed on the console. */
#include "bios/console_keys.h"
#include "bios/keys.h"
#include "bios/services.h"

#include "devices/input/i8042_regs.h"
#include "src/machine/pc_board.h"

#define VECTOR_SYSTEM 0x15
#define VECTOR_BREAK  0x1b
#define VECTOR_PRINT  0x05

/* Bits of 40:17h. */
#define SHIFT_RIGHT  0x01
#define SHIFT_LEFT   0x02
#define SHIFT_CTRL   0x04
#define SHIFT_ALT    0x08
#define SHIFT_SCROLL 0x10
#define SHIFT_NUM    0x20
#define SHIFT_CAPS   0x40
#define SHIFT_INSERT 0x80
/* Bits of 40:18h.  The locks have the same bits here as there. */
#define SHIFT2_LEFT_CTRL 0x01
#define SHIFT2_LEFT_ALT  0x02
#define SHIFT2_SYSREQ    0x04
#define SHIFT2_PAUSE     0x08
#define SHIFT2_LOCKS     0xf0
/* Bits of 40:96h. */
#define STATE_E1         0x01
#define STATE_E0         0x02
#define STATE_RIGHT_CTRL 0x04
#define STATE_RIGHT_ALT  0x08
#define STATE_ENHANCED   0x10

#define KEY_SYSREQ   0x54
#define KEY_PRINT    0x37 /* with a prefix */
#define KEY_LAST_OLD 0x84 /* higher codes came with the enhanced keyboard */

/* ---- the controller ---- */

bool keyboard_setup(void)
{
    controller_flush();
    controller_send(I8042_COMMAND, I8042_CMD_SELF_TEST);
    if (controller_answer() != I8042_SELF_TEST_OK) {
        return false;
    }
    controller_send(I8042_COMMAND, I8042_CMD_WRITE_RAM);
    controller_send(I8042_DATA, I8042_CB_INT | I8042_CB_SYS | I8042_CB_AUX_OFF | I8042_CB_XLATE);
    controller_send(I8042_COMMAND, I8042_CMD_KBD_ENABLE);
    controller_send(I8042_DATA, PS2_ENABLE);
    if (controller_answer() == PS2_ACK) {
        BDA->shift_extended = STATE_ENHANCED;
    }
    return true;
}

/* ---- the buffer ---- */

static uint16_t after(uint16_t place)
{
    uint16_t next = place + 2;
    return next >= BDA->key_end ? BDA->key_start : next;
}

bool keyboard_store(uint16_t key)
{
    uint16_t tail = BDA->key_tail, next = after(tail);
    if (next == BDA->key_head) {
        return false;
    }
    *(volatile __seg_fs uint16_t *)(uint32_t)(BDA_ADDRESS + tail) = key;
    BDA->key_tail = next;
    return true;
}

static bool is_empty(void)
{
    return BDA->key_head == BDA->key_tail;
}

static uint16_t first_key(void)
{
    return *(volatile __seg_fs uint16_t *)(uint32_t)(BDA_ADDRESS + BDA->key_head);
}

void keyboard_drop(void)
{
    BDA->key_head = after(BDA->key_head);
}

/* ---- what a key does ---- */

static void set_bits(volatile __seg_fs uint8_t *byte, uint8_t bits, bool on)
{
    *byte = (uint8_t)(on ? *byte | bits : *byte & ~bits);
}

/* Ctrl or Alt is down if at least one of its two keys is. */
static void update_pair(uint8_t shift, uint8_t left, uint8_t right)
{
    set_bits(&BDA->shift[0], shift, BDA->shift[1] & left || BDA->shift_extended & right);
}

static void shift_pair(bool extended, uint8_t shift, uint8_t left, uint8_t right, bool pressed)
{
    set_bits(extended ? &BDA->shift_extended : &BDA->shift[1], extended ? right : left, pressed);
    update_pair(shift, left, right);
}

/* A lock changes when its key is pressed, but not when the key repeats. */
static void lock_key(uint8_t lock, bool pressed)
{
    if (pressed && !(BDA->shift[1] & lock)) {
        BDA->shift[0] ^= lock;
    }
    set_bits(&BDA->shift[1], lock, pressed);
}

/* Returns true if it is one of those keys. */
static bool shift_key(uint8_t scan, bool extended, bool pressed)
{
    switch (scan) {
    case KEY_LEFT_SHIFT:
    case KEY_RIGHT_SHIFT:
        if (!extended) { /* with the prefix it only accompanies a cursor key */
            set_bits(&BDA->shift[0], scan == KEY_LEFT_SHIFT ? SHIFT_LEFT : SHIFT_RIGHT, pressed);
        }
        return true;
    case KEY_CTRL:
        shift_pair(extended, SHIFT_CTRL, SHIFT2_LEFT_CTRL, STATE_RIGHT_CTRL, pressed);
        return true;
    case KEY_ALT:
        shift_pair(extended, SHIFT_ALT, SHIFT2_LEFT_ALT, STATE_RIGHT_ALT, pressed);
        return true;
    case KEY_CAPS_LOCK:
        lock_key(SHIFT_CAPS, pressed);
        return true;
    case KEY_NUM_LOCK:
        lock_key(SHIFT_NUM, pressed);
        return true;
    case KEY_SCROLL_LOCK:
        if (!extended) { /* with the prefix it is Break */
            lock_key(SHIFT_SCROLL, pressed);
        }
        return !extended;
    default:
        return false;
    }
}

static bool is_letter(uint16_t code)
{
    uint8_t character = (uint8_t)code | 0x20;
    return character >= 'a' && character <= 'z';
}

static bool is_keypad(uint8_t scan)
{
    return scan >= KEY_HOME && scan <= KEY_DELETE && scan != KEY_KEYPAD_MINUS &&
           scan != KEY_KEYPAD_PLUS;
}

static KeyPlane plane_of(uint8_t scan)
{
    uint8_t shift = BDA->shift[0];
    bool shifted = shift & (SHIFT_LEFT | SHIFT_RIGHT);
    if (shift & SHIFT_ALT) {
        return KEYS_ALT;
    }
    if (shift & SHIFT_CTRL) {
        return KEYS_CTRL;
    }
    bool caps = (shift & SHIFT_CAPS) && is_letter(KEY_CODES[scan][KEYS_PLAIN]);
    bool num = (shift & SHIFT_NUM) && is_keypad(scan);
    return shifted != (caps || num) ? KEYS_SHIFT : KEYS_PLAIN;
}

/* Alt and digits of the keypad give the character with that number. */
static bool alt_number_key(uint8_t scan)
{
    static const uint8_t DIGITS[] = {7, 8, 9, 0, 4, 5, 6, 0, 1, 2, 3, 0};
    if (!is_keypad(scan) || scan == KEY_DELETE) {
        return false;
    }
    BDA->alt_number = (uint8_t)(BDA->alt_number * 10 + DIGITS[scan - KEY_HOME]);
    return true;
}

static void alt_released(void)
{
    if (!(BDA->shift[0] & SHIFT_ALT) && BDA->alt_number) {
        keyboard_store(BDA->alt_number);
        BDA->alt_number = 0;
    }
}

static void break_key(void)
{
    CallRegs call = {.eax = 0};
    BDA->key_head = BDA->key_tail = BDA->key_start;
    BDA->break_flag = 0x80;
    bios_call_interrupt(VECTOR_BREAK, &call, false);
    keyboard_store(0);
}

/* Ctrl-Alt-Del resets the machine. */
static void reboot(void)
{
    for (;;) {
        controller_send(I8042_COMMAND, I8042_CMD_RESET);
        bios_wait();
    }
}

static void extended_key(uint8_t scan)
{
    CallRegs call = {.eax = 0};
    if (scan == KEY_SCROLL_LOCK) {
        break_key();
    } else if (scan == KEY_PRINT) {
        bios_call_interrupt(VECTOR_PRINT, &call, false);
    } else {
        uint16_t code = key_extended(scan, plane_of(scan));
        if (code) {
            keyboard_store(code);
        }
    }
}

static void plain_key(uint8_t scan)
{
    KeyPlane plane = plane_of(scan);
    if (plane == KEYS_ALT && alt_number_key(scan)) {
        return;
    }
    uint16_t code = KEY_CODES[scan][plane];
    if (code) {
        keyboard_store(code);
    }
}

static void sysreq_key(bool pressed)
{
    CallRegs call = {.eax = pressed ? 0x8500 : 0x8501};
    set_bits(&BDA->shift[1], SHIFT2_SYSREQ, pressed);
    bios_call_interrupt(VECTOR_SYSTEM, &call, false);
}

static void key_event(uint8_t scan, bool extended, bool pressed)
{
    uint8_t reset = SHIFT_CTRL | SHIFT_ALT;
    if (shift_key(scan, extended, pressed)) {
        alt_released();
    } else if (scan == KEY_SYSREQ) {
        sysreq_key(pressed);
    } else if (!pressed) {
        if (scan == KEY_INSERT) {
            set_bits(&BDA->shift[1], SHIFT_INSERT, false);
        }
    } else if (scan == KEY_DELETE && (BDA->shift[0] & reset) == reset) {
        reboot();
    } else if (scan < KEYS) {
        if (scan == KEY_INSERT) {
            lock_key(SHIFT_INSERT, true);
        }
        (extended ? extended_key : plain_key)(scan);
    }
}

/* ---- IRQ 1 ---- */

static void scan_code(uint8_t code)
{
    uint8_t state = BDA->shift_extended;
    if (code == KBD_PREFIX || code == KBD_PREFIX_PAUSE) {
        BDA->shift_extended = state | (code == KBD_PREFIX ? STATE_E0 : STATE_E1);
        return;
    }
    if (state & STATE_E1) { /* Pause: E1 1D 45, and the same when it is released */
        if ((code & ~KBD_BREAK_BIT) == KEY_NUM_LOCK) {
            BDA->shift_extended = state & (uint8_t)~STATE_E1;
        }
        return;
    }
    BDA->shift_extended = state & (uint8_t)~STATE_E0;
    key_event(code & (uint8_t)~KBD_BREAK_BIT, state & STATE_E0, !(code & KBD_BREAK_BIT));
}

static bool is_answer(uint8_t code)
{
    return code == PS2_ACK || code == PS2_RESEND || code == 0 || code == 0xff;
}

/* A program can change the code in INT 15h, AH = 4Fh, or clear carry, which drops the key. */
void keyboard_irq1(Regs *regs)
{
    (void)regs;
    if ((in8(I8042_STATUS) & (I8042_ST_OBF | I8042_ST_AUXB)) == I8042_ST_OBF) {
        CallRegs call = {.eax = 0x4f00u | in8(I8042_DATA)};
        uint16_t flags = bios_call_interrupt(VECTOR_SYSTEM, &call, true);
        if ((flags & FLAG_CF) && !is_answer((uint8_t)call.eax)) {
            scan_code((uint8_t)call.eax);
        }
    }
    irq_end(IRQ_KEYBOARD);
}

/* ---- INT 16h ---- */

/* The key as a program for the old keyboard expects it, or 0 if that keyboard did not have it. */
static uint16_t old_code(uint16_t key)
{
    uint8_t character = (uint8_t)key, scan = (uint8_t)(key >> 8);
    if (scan == 0xe0) { /* Enter and slash of the keypad */
        return (uint16_t)((character == '/' ? 0x3500 : 0x1c00) | character);
    }
    if (scan > KEY_LAST_OLD) {
        return 0;
    }
    return character == 0xe0 && scan ? key & 0xff00 : key;
}

/* Drops keys that the old keyboard does not have. */
static bool look(bool enhanced, uint16_t *key)
{
    console_keys_poll();
    while (!is_empty()) {
        *key = enhanced ? first_key() : old_code(first_key());
        if (*key || !first_key()) {
            return true;
        }
        keyboard_drop();
    }
    return false;
}

bool keyboard_look(uint16_t *key)
{
    return look(true, key);
}

static void service_read(Regs *regs, bool enhanced)
{
    uint16_t key;
    if (!look(enhanced, &key)) {
        video_show_cursor();
        do {
            serial_console_wait();
        } while (!look(enhanced, &key));
    }
    keyboard_drop();
    regs->ax = key;
}

static void service_look(Regs *regs, bool enhanced)
{
    uint16_t key;
    bool there = look(enhanced, &key);
    if (there) {
        regs->ax = key;
    } else {
        bios_window();
    }
    regs_set_zero(regs, !there);
}

static void service_shift(Regs *regs, bool enhanced)
{
    regs->al = BDA->shift[0];
    if (enhanced) {
        uint8_t second = BDA->shift[1];
        regs->ah = (uint8_t)((second & ~(SHIFT2_SYSREQ | SHIFT2_PAUSE | SHIFT_INSERT)) |
                             (second & SHIFT2_SYSREQ ? 0x80 : 0) |
                             (BDA->shift_extended & (STATE_RIGHT_CTRL | STATE_RIGHT_ALT)));
    }
}

/* AL = 5: sets delay and rate of the repetition, which BH and BL have as the keyboard's codes. */
static void service_typematic(const Regs *regs)
{
    if (regs->al == 5) {
        controller_send(I8042_DATA, PS2_SET_RATE);
        controller_send(I8042_DATA, (uint8_t)((regs->bh & 3) << 5 | (regs->bl & 0x1f)));
    }
}

void keyboard_service(Regs *regs)
{
    switch (regs->ah) {
    case 0x00:
    case 0x10:
        service_read(regs, regs->ah == 0x10);
        break;
    case 0x01:
    case 0x11:
        service_look(regs, regs->ah == 0x11);
        break;
    case 0x02:
    case 0x12:
        service_shift(regs, regs->ah == 0x12);
        break;
    case 0x03:
        service_typematic(regs);
        break;
    case 0x05:
        regs->al = keyboard_store(regs->cx) ? 0 : 1;
        break;
    case 0x09: /* supported functions: reading and writing, AH = 10h to 12h */
        regs->al = 0x30;
        break;
    default:
        break;
    }
}
