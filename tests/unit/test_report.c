/* The code at the instruction pointer in a report. */
#include "src/cpu/cpu_text.h"
#include "src/cpu/disasm.h"
#include "src/vm/report.h"

#include <string.h>

#define CODE_AT 0x1000u

/*
 * These bytes are different instructions for each code size.  Then come bytes that
 * are no instruction for any.
 */
static const uint8_t CODE[] = {0x8b, 0x07, 0x0f, 0x0a};

static char *report(uint32_t attributes, bool long_mode, uint64_t rip)
{
    g_autoptr(Memory) memory = memory_new(0x10000, NULL);
    g_assert_true(memory_write(memory, CODE_AT, CODE, sizeof(CODE)));
    CpuState state;
    cpu_state_reset(&state);
    state.segment[CPU_CS].base = 0;
    state.segment[CPU_CS].attributes |= attributes;
    state.msr.efer = long_mode ? CPU_EFER_LMA : 0;
    state.rip = rip;
    GString *text = g_string_new(NULL);
    cpu_text(text, &state, memory);
    return g_string_free(text, false);
}

static void assert_code(const char *text, const char *bytes, const char *insn)
{
    g_autofree char *expected = insn && disasm_available()
                                    ? g_strdup_printf("Code at %s\nInstruction: %s\n", bytes, insn)
                                    : g_strdup_printf("Code at %s\n", bytes);
    if (!g_str_has_suffix(text, expected)) {
        g_assert_cmpstr(text, ==, expected);
    }
}

#define BYTES "00001000: 8b 07 0f 0a 00 00 00 00 00 00 00 00 00 00 00 00"

static void test_the_instruction_is_read_in_the_size_of_its_code(void)
{
    g_autofree char *real = report(0, false, CODE_AT);
    assert_code(real, BYTES, "mov ax, [bx]");
    g_autofree char *wide = report(CPU_SEGMENT_DB, false, CODE_AT);
    assert_code(wide, BYTES, "mov eax, [edi]");
    g_autofree char *compatible = report(CPU_SEGMENT_DB, true, CODE_AT);
    assert_code(compatible, BYTES, "mov eax, [edi]");
}

static void test_an_invalid_instruction_is_called_bad(void)
{
    g_autofree char *text = report(CPU_SEGMENT_DB, false, CODE_AT + 2);
    assert_code(text, "00001002: 0f 0a 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "(bad)");
}

static void test_an_address_without_memory_has_no_instruction(void)
{
    g_autofree char *text = report(CPU_SEGMENT_DB, false, 0x20000);
    assert_code(text, "00020000: (no memory there)", NULL);
}

/* In long mode registers have sixteen digits, and the base of the segment is ignored. */
static void test_long_mode(void)
{
    g_autofree char *text = report(CPU_SEGMENT_L, true, CODE_AT);
    g_assert_nonnull(strstr(text, "RIP=0000000000001000 "));
    assert_code(text, BYTES, "mov eax, [rdi]");
}

/* The registers are of an earlier moment, and the report says how much earlier. */
static void test_lost_registers(void)
{
    g_autoptr(Memory) memory = memory_new(0x10000, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    VcpuRemains remains = {.seen = true, .age_ms = 7, .state.rip = CODE_AT};
    report_remains(text, &remains, memory);
    g_assert_true(g_str_has_prefix(text->str,
                                   "This host's CPU does not keep the registers of a guest that "
                                   "dies in this way.\n"
                                   "Its registers at its last exit, at most 7 ms before it died:\n"
                                   "EAX="));
    g_assert_nonnull(strstr(text->str, "\nEIP=00001000 "));
    g_assert_nonnull(strstr(text->str, "\nCode at 00001000: "));
}

static void test_nothing_is_known(void)
{
    g_autoptr(Memory) memory = memory_new(0x10000, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    report_remains(text, &(VcpuRemains){.seen = false}, memory);
    g_assert_cmpstr(
        text->str, ==,
        "This host's CPU does not keep the registers of a guest that dies in this way.\n"
        "Those of an earlier exit are not known either.\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/the_instruction_is_read_in_the_size_of_its_code",
                    test_the_instruction_is_read_in_the_size_of_its_code);
    g_test_add_func("/report/an_invalid_instruction_is_called_bad",
                    test_an_invalid_instruction_is_called_bad);
    g_test_add_func("/report/an_address_without_memory_has_no_instruction",
                    test_an_address_without_memory_has_no_instruction);
    g_test_add_func("/report/long_mode", test_long_mode);
    g_test_add_func("/report/lost_registers", test_lost_registers);
    g_test_add_func("/report/nothing_is_known_of_lost_registers", test_nothing_is_known);
    return g_test_run();
}
