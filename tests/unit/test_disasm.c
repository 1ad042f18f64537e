/* The text of the disassembler: the effect of the code size, and bytes that are no instruction. */
#include "src/cpu/disasm.h"

#include <string.h>

static const struct {
    unsigned bits;
    uint64_t address;
    const char *bytes; /* two digits for each byte */
    const char *text;
} CASES[] = {
    {16, 0x100, "b83412", "mov ax, 0x1234"},
    {32, 0x100, "b878563412", "mov eax, 0x12345678"},
    {16, 0x100, "66b878563412", "mov eax, 0x12345678"},
    {32, 0x100, "66b83412", "mov ax, 0x1234"},
    {16, 0x100, "8b07", "mov ax, [bx]"},
    {32, 0x100, "8b07", "mov eax, [edi]"},
    {64, 0x100, "488b07", "mov rax, [rdi]"},
    {16, 0x100, "eaf0ff00f0", "jmp far 0xf000:0xfff0"},
    {16, 0x7c00, "ebfe", "jmp 0x7c00"},
    {16, 0xfff0, "eb10", "jmp 0x2"},
    {32, 0x100000, "e8fbffffff", "call 0x100000"},
    {16, 0x100, "ee", "out dx, al"},
    {32, 0x100, "cd80", "int 0x80"},
    {32, 0x100, "0f20c0", "mov eax, cr0"},
};

static size_t read_bytes(const char *digits, uint8_t *bytes)
{
    size_t count = strlen(digits) / 2;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(g_ascii_xdigit_value(digits[i * 2]) << 4 |
                             g_ascii_xdigit_value(digits[i * 2 + 1]));
    }
    return count;
}

static bool skipped(void)
{
    if (!disasm_available()) {
        g_test_skip("built without a disassembler");
    }
    return !disasm_available();
}

static void test_text_follows_the_size_of_the_code(void)
{
    if (skipped()) {
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GString) text = g_string_new("> ");
        uint8_t bytes[16] = {0};
        size_t size = read_bytes(CASES[i].bytes, bytes);
        /* The bytes after the instruction do not matter. */
        size_t length = disasm_insn(text, CASES[i].bits, CASES[i].address, bytes, sizeof(bytes));
        g_assert_cmpuint(length, ==, size);
        g_assert_cmpstr(text->str + 2, ==, CASES[i].text);
    }
}

static void test_an_invalid_instruction_adds_no_text(void)
{
    static const char *const NONE[] = {"", "b8", "0f", "0fff", "c4c1", "8ec8", "f0"};
    for (unsigned i = 0; i < G_N_ELEMENTS(NONE); i++) {
        g_autoptr(GString) text = g_string_new("> ");
        uint8_t bytes[16];
        size_t size = read_bytes(NONE[i], bytes);
        g_assert_cmpuint(disasm_insn(text, 32, 0x100, bytes, size), ==, 0);
        g_assert_cmpstr(text->str, ==, "> ");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/disasm/text_follows_the_size_of_the_code",
                    test_text_follows_the_size_of_the_code);
    g_test_add_func("/disasm/an_invalid_instruction_adds_no_text",
                    test_an_invalid_instruction_adds_no_text);
    return g_test_run();
}
