#include "src/display/keymap.h"

#include "src/base/error.h"
#include "src/device/key_names.h"

#include <string.h>

typedef enum Level { PLAIN, SHIFT, ALTGR, LEVEL_COUNT } Level;

struct Keymap {
    const char *name;
    /* The characters of the keys CODES, in UTF-8.  A space means that there is none. */
    const char *level[LEVEL_COUNT];
};

/* The keys with characters, row by row; in each row from left to right. */
static const uint8_t CODES[] = {
    0x29, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, /* digits */
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,       /* Q */
    0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x2b,       /* A */
    0x56, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35,             /* Z */
};

static const Keymap KEYMAPS[] = {
    {"en-us",
     {"`1234567890-="
      "qwertyuiop[]"
      "asdfghjkl;'\\"
      " zxcvbnm,./",
      "~!@#$%^&*()_+"
      "QWERTYUIOP{}"
      "ASDFGHJKL:\"|"
      " ZXCVBNM<>?",
      ""}},
    {"en-gb",
     {"`1234567890-="
      "qwertyuiop[]"
      "asdfghjkl;'#"
      "\\zxcvbnm,./",
      "¬!\"£$%^&*()_+"
      "QWERTYUIOP{}"
      "ASDFGHJKL:@~"
      "|ZXCVBNM<>?",
      "¦   €        "}},
    {"de",
     {"^1234567890ß´"
      "qwertzuiopü+"
      "asdfghjklöä#"
      "<yxcvbnm,.-",
      "°!\"§$%&/()=?`"
      "QWERTZUIOPÜ*"
      "ASDFGHJKLÖÄ'"
      ">YXCVBNM;:_",
      "  ²³   {[]}\\ "
      "@ €        ~"
      "            "
      "|      µ   "}},
    {"fr",
     {"²&é\"'(-è_çà)="
      "azertyuiop^$"
      "qsdfghjklmù*"
      "<wxcvbn,;:!",
      " 1234567890°+"
      "AZERTYUIOP¨£"
      "QSDFGHJKLM%µ"
      ">WXCVBN?./§",
      "  ~#{[|`\\^@]}"
      "  €        ¤"}},
    {"es",
     {"º1234567890'¡"
      "qwertyuiop`+"
      "asdfghjklñ´ç"
      "<zxcvbnm,.-",
      "ª!\"·$%&/()=?¿"
      "QWERTYUIOP^*"
      "ASDFGHJKLÑ¨Ç"
      ">ZXCVBNM;:_",
      "\\|@#~€¬      "
      "          []"
      "          {}"}},
    {"it",
     {"\\1234567890'ì"
      "qwertyuiopè+"
      "asdfghjklòàù"
      "<zxcvbnm,.-",
      "|!\"£$%&/()=?^"
      "QWERTYUIOPé*"
      "ASDFGHJKLç°§"
      ">ZXCVBNM;:_",
      "             "
      "  €       []"
      "         @# "}},
};

/* The keysyms of X11 that are no characters, with QEMU's names of their keys. */
static const struct {
    uint32_t keysym;
    const char *name;
} SPECIAL[] = {
    {0xff08, "backspace"}, {0xff09, "tab"},        {0xfe20, "tab"},         {0xff0a, "ret"},
    {0xff0d, "ret"},       {0xff13, "pause"},      {0xff6b, "pause"},       {0xff14, "scroll_lock"},
    {0xff15, "sysrq"},     {0xff61, "print"},      {0xff1b, "esc"},         {0xffff, "delete"},
    {0xff50, "home"},      {0xff51, "left"},       {0xff52, "up"},          {0xff53, "right"},
    {0xff54, "down"},      {0xff55, "pgup"},       {0xff56, "pgdn"},        {0xff57, "end"},
    {0xff63, "insert"},    {0xff67, "menu"},       {0xff7f, "num_lock"},    {0xff8d, "kp_enter"},
    {0xff95, "kp_7"},      {0xff96, "kp_4"},       {0xff97, "kp_8"},        {0xff98, "kp_6"},
    {0xff99, "kp_2"},      {0xff9a, "kp_9"},       {0xff9b, "kp_3"},        {0xff9c, "kp_1"},
    {0xff9d, "kp_5"},      {0xff9e, "kp_0"},       {0xff9f, "kp_decimal"},  {0xffaa, "kp_multiply"},
    {0xffab, "kp_add"},    {0xffac, "kp_decimal"}, {0xffad, "kp_subtract"}, {0xffae, "kp_decimal"},
    {0xffaf, "kp_divide"}, {0xffb0, "kp_0"},       {0xffb1, "kp_1"},        {0xffb2, "kp_2"},
    {0xffb3, "kp_3"},      {0xffb4, "kp_4"},       {0xffb5, "kp_5"},        {0xffb6, "kp_6"},
    {0xffb7, "kp_7"},      {0xffb8, "kp_8"},       {0xffb9, "kp_9"},        {0xffbe, "f1"},
    {0xffbf, "f2"},        {0xffc0, "f3"},         {0xffc1, "f4"},          {0xffc2, "f5"},
    {0xffc3, "f6"},        {0xffc4, "f7"},         {0xffc5, "f8"},          {0xffc6, "f9"},
    {0xffc7, "f10"},       {0xffc8, "f11"},        {0xffc9, "f12"},         {0xffe1, "shift"},
    {0xffe2, "shift_r"},   {0xffe3, "ctrl"},       {0xffe4, "ctrl_r"},      {0xffe5, "caps_lock"},
    {0xffe7, "meta_l"},    {0xffe8, "meta_r"},     {0xffe9, "alt"},         {0xffea, "alt_r"},
    {0xffeb, "meta_l"},    {0xffec, "meta_r"},     {0xfe03, "alt_r"},       {0xff7e, "alt_r"},
};

/* Keysyms whose characters are not in Latin-1, from the time before Unicode. */
static const struct {
    uint32_t keysym, character;
} OLD_CHARACTERS[] = {
    {0x20ac, 0x20ac}, /* the euro */
    {0xfe50, '`'},    {0xfe51, 0xb4}, {0xfe52, '^'}, {0xfe53, '~'}, {0xfe57, 0xa8},
};

#define KEYSYM_UNICODE 0x01000000u

const Keymap *keymap_find(const char *name, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(KEYMAPS); i++) {
        if (!strcmp(KEYMAPS[i].name, name)) {
            return &KEYMAPS[i];
        }
    }
    g_autofree char *list = keymap_list();
    error_refuse(error, "there is no layout of this name (there are %s)",
                 g_strdelimit(g_strchomp(list), "\n", ' '));
    return NULL;
}

char *keymap_list(void)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(KEYMAPS); i++) {
        g_string_append_printf(text, "%s\n", KEYMAPS[i].name);
    }
    return g_string_free(text, false);
}

static unsigned find_at_level(const char *text, uint32_t character)
{
    for (size_t i = 0; *text && i < G_N_ELEMENTS(CODES); i++, text = g_utf8_next_char(text)) {
        if (g_utf8_get_char(text) == character) {
            return CODES[i];
        }
    }
    return 0;
}

static bool find_printable(const Keymap *keymap, uint32_t character, KeyStroke *stroke)
{
    for (unsigned level = PLAIN; level < LEVEL_COUNT; level++) {
        unsigned code = find_at_level(keymap->level[level], character);
        if (code) {
            *stroke = (KeyStroke){.code = code, .shift = level == SHIFT, .altgr = level == ALTGR};
            return true;
        }
    }
    return false;
}

bool keymap_character(const Keymap *keymap, uint32_t character, KeyStroke *stroke)
{
    static const struct {
        uint32_t character;
        const char *name;
    } KEYS[] = {{' ', "spc"},        {'\r', "ret"},       {'\n', "ret"}, {'\t', "tab"},
                {'\b', "backspace"}, {0x7f, "backspace"}, {0x1b, "esc"}};
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        if (KEYS[i].character == character) {
            *stroke = (KeyStroke){.code = key_name_find(KEYS[i].name)};
            return true;
        }
    }
    if (character < 0x20) {
        bool letter = character >= 1 && character <= 26;
        bool found = find_printable(keymap, letter ? character | 0x60 : character | 0x40, stroke);
        stroke->ctrl = true;
        return found;
    }
    return find_printable(keymap, character, stroke);
}

unsigned keymap_keysym(const Keymap *keymap, uint32_t keysym)
{
    for (size_t i = 0; i < G_N_ELEMENTS(SPECIAL); i++) {
        if (SPECIAL[i].keysym == keysym) {
            return key_name_find(SPECIAL[i].name);
        }
    }
    uint32_t character = keysym >= KEYSYM_UNICODE ? keysym - KEYSYM_UNICODE : keysym;
    for (size_t i = 0; i < G_N_ELEMENTS(OLD_CHARACTERS); i++) {
        character = OLD_CHARACTERS[i].keysym == keysym ? OLD_CHARACTERS[i].character : character;
    }
    KeyStroke stroke;
    bool found = character >= ' ' && keymap_character(keymap, character, &stroke);
    return found ? stroke.code : 0;
}
