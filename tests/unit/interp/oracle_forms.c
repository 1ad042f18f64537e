/*
 * The table of instruction forms.  See the header.
 *
 * Some instructions are left out because the host or its kernel answers for itself:
 * CPUID, RDTSC, SYSCALL, SYSENTER, INT 0x80, ICEBP.  SGDT, SIDT, SLDT, STR and SMSW
 * are left out because user-mode instruction prevention forbids them.  Others are
 * left out because newer processors gave them another meaning: register forms of
 * LES, LDS and BOUND (VEX, EVEX), and POP r/m with a reg field (XOP).
 */
#include "tests/unit/interp/oracle_forms.h"

#include "src/cpu/cpu_state.h"

#define M    FORM_MODRM
#define MM   (FORM_MODRM | FORM_MEMORY)
#define LOCK FORM_LOCKABLE

#define ARITHMETIC(name, base, undefined, lock)                                                    \
    {name, base, base + 1, -1, undefined, M | (lock)},                                             \
        {name, base + 2, base + 3, -1, undefined, M},                                              \
        {name, base + 4, base + 4, -1, undefined, FORM_IMM8},                                      \
    {                                                                                              \
        name, base + 5, base + 5, -1, undefined, FORM_IMMZ                                         \
    }

#define ARITHMETIC_IMMEDIATE(name, reg, undefined, lock)                                           \
    {name, 0x80, 0x80, reg, undefined, M | FORM_IMM8 | (lock)},                                    \
        {name, 0x81, 0x81, reg, undefined, M | FORM_IMMZ | (lock)},                                \
        {name, 0x82, 0x82, reg, undefined, M | FORM_IMM8 | (lock)},                                \
    {                                                                                              \
        name, 0x83, 0x83, reg, undefined, M | FORM_IMM8 | (lock)                                   \
    }

#define SHIFT(name, reg, undefined)                                                                \
    {name, 0xc0, 0xc0, reg, undefined, M | FORM_IMM8 | FORM_SHIFT | FORM_BYTE_COUNT},              \
        {name, 0xc1, 0xc1, reg, undefined, M | FORM_IMM8 | FORM_SHIFT},                            \
        {name, 0xd0, 0xd1, reg, undefined, M},                                                     \
        {name, 0xd2, 0xd2, reg, undefined, M | FORM_SHIFT | FORM_BYTE_COUNT},                      \
    {                                                                                              \
        name, 0xd3, 0xd3, reg, undefined, M | FORM_SHIFT                                           \
    }

const OracleForm ORACLE_FORMS[] = {
    ARITHMETIC("add", 0x00, UNDEFINED_NONE, LOCK),
    ARITHMETIC("or", 0x08, UNDEFINED_LOGIC, LOCK),
    ARITHMETIC("adc", 0x10, UNDEFINED_NONE, LOCK),
    ARITHMETIC("sbb", 0x18, UNDEFINED_NONE, LOCK),
    ARITHMETIC("and", 0x20, UNDEFINED_LOGIC, LOCK),
    ARITHMETIC("sub", 0x28, UNDEFINED_NONE, LOCK),
    ARITHMETIC("xor", 0x30, UNDEFINED_LOGIC, LOCK),
    ARITHMETIC("cmp", 0x38, UNDEFINED_NONE, 0),
    ARITHMETIC_IMMEDIATE("add", 0, UNDEFINED_NONE, LOCK),
    ARITHMETIC_IMMEDIATE("or", 1, UNDEFINED_LOGIC, LOCK),
    ARITHMETIC_IMMEDIATE("adc", 2, UNDEFINED_NONE, LOCK),
    ARITHMETIC_IMMEDIATE("sbb", 3, UNDEFINED_NONE, LOCK),
    ARITHMETIC_IMMEDIATE("and", 4, UNDEFINED_LOGIC, LOCK),
    ARITHMETIC_IMMEDIATE("sub", 5, UNDEFINED_NONE, LOCK),
    ARITHMETIC_IMMEDIATE("xor", 6, UNDEFINED_LOGIC, LOCK),
    ARITHMETIC_IMMEDIATE("cmp", 7, UNDEFINED_NONE, 0),
    SHIFT("rol", 0, UNDEFINED_ROTATE),
    SHIFT("ror", 1, UNDEFINED_ROTATE),
    SHIFT("rcl", 2, UNDEFINED_ROTATE),
    SHIFT("rcr", 3, UNDEFINED_ROTATE),
    SHIFT("shl", 4, UNDEFINED_SHIFT),
    SHIFT("shr", 5, UNDEFINED_SHIFT),
    SHIFT("sal", 6, UNDEFINED_SHIFT),
    SHIFT("sar", 7, UNDEFINED_SHIFT_SIGNED),
    {"push es", 0x06, 0x06, -1, 0, 0},
    {"pop es", 0x07, 0x07, -1, 0, FORM_POP_SELECTOR},
    {"push cs", 0x0e, 0x0e, -1, 0, 0},
    {"push ss", 0x16, 0x16, -1, 0, 0},
    {"pop ss", 0x17, 0x17, -1, 0, FORM_POP_SELECTOR},
    {"push ds", 0x1e, 0x1e, -1, 0, 0},
    {"pop ds", 0x1f, 0x1f, -1, 0, FORM_POP_SELECTOR},
    {"daa", 0x27, 0x27, -1, UNDEFINED_DECIMAL, 0},
    {"das", 0x2f, 0x2f, -1, UNDEFINED_DECIMAL, 0},
    {"aaa", 0x37, 0x37, -1, UNDEFINED_ASCII_ADD, 0},
    {"aas", 0x3f, 0x3f, -1, UNDEFINED_ASCII_ADD, 0},
    {"inc", 0x40, 0x47, -1, 0, 0},
    {"dec", 0x48, 0x4f, -1, 0, 0},
    {"push", 0x50, 0x57, -1, 0, 0},
    {"pop", 0x58, 0x5f, -1, 0, 0},
    {"pusha", 0x60, 0x60, -1, 0, FORM_SEVERAL | FORM_PUSHES},
    {"popa", 0x61, 0x61, -1, 0, FORM_SEVERAL},
    {"bound", 0x62, 0x62, -1, 0, MM | FORM_OPERAND_8 | FORM_SEVERAL},
    {"arpl", 0x63, 0x63, -1, 0, M | FORM_SELECTOR},
    {"push imm", 0x68, 0x68, -1, 0, FORM_IMMZ},
    {"imul", 0x69, 0x69, -1, UNDEFINED_MULTIPLY, M | FORM_IMMZ},
    {"push imm8", 0x6a, 0x6a, -1, 0, FORM_IMM8},
    {"imul", 0x6b, 0x6b, -1, UNDEFINED_MULTIPLY, M | FORM_IMM8},
    {"ins, outs", 0x6c, 0x6f, -1, 0, FORM_STRING},
    {"jcc", 0x70, 0x7f, -1, 0, FORM_REL8},
    {"test", 0x84, 0x85, -1, UNDEFINED_LOGIC, M},
    {"xchg", 0x86, 0x87, -1, 0, M | LOCK},
    {"mov", 0x88, 0x8b, -1, 0, M},
    {"mov r/m, sreg", 0x8c, 0x8c, -1, 0, M},
    {"lea", 0x8d, 0x8d, -1, 0, M},
    {"mov sreg, r/m", 0x8e, 0x8e, -1, 0, M | FORM_SELECTOR},
    {"pop r/m", 0x8f, 0x8f, 0, 0, M | FORM_SEVERAL},
    {"xchg", 0x90, 0x97, -1, 0, 0},
    {"cbw, cwd", 0x98, 0x99, -1, 0, 0},
    {"call far", 0x9a, 0x9a, -1, 0, FORM_FAR | FORM_SEVERAL | FORM_PUSHES},
    {"wait", 0x9b, 0x9b, -1, 0, 0},
    {"pushf", 0x9c, 0x9c, -1, 0, 0},
    {"popf", 0x9d, 0x9d, -1, 0, 0},
    {"sahf", 0x9e, 0x9e, -1, 0, 0},
    {"lahf", 0x9f, 0x9f, -1, 0, 0},
    {"mov moffs", 0xa0, 0xa3, -1, 0, FORM_MOFFS},
    {"movs", 0xa4, 0xa5, -1, 0, FORM_STRING | FORM_SEVERAL},
    {"cmps", 0xa6, 0xa7, -1, 0, FORM_STRING | FORM_SEVERAL},
    {"test", 0xa8, 0xa8, -1, UNDEFINED_LOGIC, FORM_IMM8},
    {"test", 0xa9, 0xa9, -1, UNDEFINED_LOGIC, FORM_IMMZ},
    {"stos", 0xaa, 0xab, -1, 0, FORM_STRING},
    {"lods", 0xac, 0xad, -1, 0, FORM_STRING},
    {"scas", 0xae, 0xaf, -1, 0, FORM_STRING},
    {"mov imm8", 0xb0, 0xb7, -1, 0, FORM_IMM8},
    {"mov imm", 0xb8, 0xbf, -1, 0, FORM_IMMZ},
    {"ret imm", 0xc2, 0xc2, -1, 0, FORM_IMM16 | FORM_POP_TARGET | FORM_SEVERAL},
    {"ret", 0xc3, 0xc3, -1, 0, FORM_POP_TARGET | FORM_SEVERAL},
    {"les", 0xc4, 0xc4, -1, 0, MM | FORM_FAR_POINTER | FORM_SEVERAL},
    {"lds", 0xc5, 0xc5, -1, 0, MM | FORM_FAR_POINTER | FORM_SEVERAL},
    {"mov imm8", 0xc6, 0xc6, 0, 0, M | FORM_IMM8},
    {"mov imm", 0xc7, 0xc7, 0, 0, M | FORM_IMMZ},
    {"enter", 0xc8, 0xc8, -1, 0, FORM_IMM16 | FORM_IMM8 | FORM_SEVERAL | FORM_PUSHES},
    {"leave", 0xc9, 0xc9, -1, 0, 0},
    {"retf imm", 0xca, 0xca, -1, 0, FORM_IMM16 | FORM_POP_FAR | FORM_SEVERAL},
    {"retf", 0xcb, 0xcb, -1, 0, FORM_POP_FAR | FORM_SEVERAL},
    {"int3", 0xcc, 0xcc, -1, 0, 0},
    {"int", 0xcd, 0xcd, -1, 0, FORM_INTERRUPT},
    {"into", 0xce, 0xce, -1, 0, 0},
    {"iret", 0xcf, 0xcf, -1, 0, FORM_POP_FAR | FORM_NOT_NESTED | FORM_SEVERAL},
    {"aam", 0xd4, 0xd4, -1, UNDEFINED_ASCII_MULTIPLY, FORM_IMM8},
    {"aad", 0xd5, 0xd5, -1, UNDEFINED_ASCII_MULTIPLY, FORM_IMM8},
    {"salc", 0xd6, 0xd6, -1, 0, 0},
    {"xlat", 0xd7, 0xd7, -1, 0, 0},
    {"loop, jcxz", 0xe0, 0xe3, -1, 0, FORM_REL8},
    {"in, out imm", 0xe4, 0xe7, -1, 0, FORM_IMM8},
    {"call", 0xe8, 0xe8, -1, 0, FORM_RELZ | FORM_SEVERAL | FORM_PUSHES},
    {"jmp", 0xe9, 0xe9, -1, 0, FORM_RELZ},
    {"jmp far", 0xea, 0xea, -1, 0, FORM_FAR},
    {"jmp short", 0xeb, 0xeb, -1, 0, FORM_REL8},
    {"in, out dx", 0xec, 0xef, -1, 0, 0},
    {"hlt", 0xf4, 0xf4, -1, 0, 0},
    {"cmc", 0xf5, 0xf5, -1, 0, 0},
    {"test", 0xf6, 0xf6, 0, UNDEFINED_LOGIC, M | FORM_IMM8},
    {"test", 0xf7, 0xf7, 0, UNDEFINED_LOGIC, M | FORM_IMMZ},
    {"test", 0xf6, 0xf6, 1, UNDEFINED_LOGIC, M | FORM_IMM8},
    {"test", 0xf7, 0xf7, 1, UNDEFINED_LOGIC, M | FORM_IMMZ},
    {"not", 0xf6, 0xf7, 2, 0, M | LOCK},
    {"neg", 0xf6, 0xf7, 3, 0, M | LOCK},
    {"mul", 0xf6, 0xf7, 4, UNDEFINED_MULTIPLY, M},
    {"imul", 0xf6, 0xf7, 5, UNDEFINED_MULTIPLY, M},
    {"div", 0xf6, 0xf7, 6, UNDEFINED_DIVIDE, M | FORM_DIVIDE},
    {"idiv", 0xf6, 0xf7, 7, UNDEFINED_DIVIDE, M | FORM_DIVIDE},
    {"clc, stc, cli, sti, cld, std", 0xf8, 0xfd, -1, 0, 0},
    {"inc", 0xfe, 0xff, 0, 0, M | LOCK},
    {"dec", 0xfe, 0xff, 1, 0, M | LOCK},
    {"group 4 undefined", 0xfe, 0xfe, 7, 0, M},
    {"call r/m", 0xff, 0xff, 2, 0, M | FORM_TARGET | FORM_SEVERAL | FORM_PUSHES},
    {"call far m", 0xff, 0xff, 3, 0, MM | FORM_FAR_POINTER | FORM_SEVERAL | FORM_PUSHES},
    {"jmp r/m", 0xff, 0xff, 4, 0, M | FORM_TARGET},
    {"jmp far m", 0xff, 0xff, 5, 0, MM | FORM_FAR_POINTER | FORM_SEVERAL},
    {"push r/m", 0xff, 0xff, 6, 0, M | FORM_SEVERAL},
    {"group 5 undefined", 0xff, 0xff, 7, 0, M},
    {"lldt", 0x0f00, 0x0f00, 2, 0, M},
    {"ltr", 0x0f00, 0x0f00, 3, 0, M},
    {"verr", 0x0f00, 0x0f00, 4, 0, M | FORM_SELECTOR},
    {"verw", 0x0f00, 0x0f00, 5, 0, M | FORM_SELECTOR},
    {"lgdt", 0x0f01, 0x0f01, 2, 0, MM},
    {"lidt", 0x0f01, 0x0f01, 3, 0, MM},
    {"lmsw", 0x0f01, 0x0f01, 6, 0, M},
    {"invlpg", 0x0f01, 0x0f01, 7, 0, MM},
    {"lar", 0x0f02, 0x0f02, -1, 0, M | FORM_SELECTOR},
    {"lsl", 0x0f03, 0x0f03, -1, 0, M | FORM_SELECTOR},
    {"clts", 0x0f06, 0x0f06, -1, 0, 0},
    {"invd, wbinvd", 0x0f08, 0x0f09, -1, 0, 0},
    {"ud2", 0x0f0b, 0x0f0b, -1, 0, 0},
    {"mov cr, dr", 0x0f20, 0x0f23, -1, 0, M},
    {"wrmsr", 0x0f30, 0x0f30, -1, 0, 0},
    {"rdmsr", 0x0f32, 0x0f32, -1, 0, 0},
    {"cmovcc", 0x0f40, 0x0f4f, -1, 0, M},
    {"jcc near", 0x0f80, 0x0f8f, -1, 0, FORM_RELZ},
    {"setcc", 0x0f90, 0x0f9f, -1, 0, M},
    {"push fs", 0x0fa0, 0x0fa0, -1, 0, 0},
    {"pop fs", 0x0fa1, 0x0fa1, -1, 0, FORM_POP_SELECTOR},
    {"bt", 0x0fa3, 0x0fa3, -1, UNDEFINED_BIT_TEST, M | FORM_BITS},
    {"shld imm", 0x0fa4, 0x0fa4, -1, UNDEFINED_DOUBLE_SHIFT,
     M | FORM_IMM8 | FORM_SHIFT | FORM_DOUBLE},
    {"shld cl", 0x0fa5, 0x0fa5, -1, UNDEFINED_DOUBLE_SHIFT, M | FORM_SHIFT | FORM_DOUBLE},
    {"push gs", 0x0fa8, 0x0fa8, -1, 0, 0},
    {"pop gs", 0x0fa9, 0x0fa9, -1, 0, FORM_POP_SELECTOR},
    {"bts", 0x0fab, 0x0fab, -1, UNDEFINED_BIT_TEST, M | LOCK | FORM_BITS},
    {"shrd imm", 0x0fac, 0x0fac, -1, UNDEFINED_DOUBLE_SHIFT,
     M | FORM_IMM8 | FORM_SHIFT | FORM_DOUBLE},
    {"shrd cl", 0x0fad, 0x0fad, -1, UNDEFINED_DOUBLE_SHIFT, M | FORM_SHIFT | FORM_DOUBLE},
    {"imul", 0x0faf, 0x0faf, -1, UNDEFINED_MULTIPLY, M},
    {"cmpxchg", 0x0fb0, 0x0fb1, -1, 0, M | LOCK | FORM_COMPARE},
    {"lss", 0x0fb2, 0x0fb2, -1, 0, MM | FORM_FAR_POINTER | FORM_SEVERAL},
    {"btr", 0x0fb3, 0x0fb3, -1, UNDEFINED_BIT_TEST, M | LOCK | FORM_BITS},
    {"lfs", 0x0fb4, 0x0fb4, -1, 0, MM | FORM_FAR_POINTER | FORM_SEVERAL},
    {"lgs", 0x0fb5, 0x0fb5, -1, 0, MM | FORM_FAR_POINTER | FORM_SEVERAL},
    {"movzx", 0x0fb6, 0x0fb7, -1, 0, M},
    {"group 8 undefined", 0x0fba, 0x0fba, 3, 0, M | FORM_IMM8},
    {"bt imm", 0x0fba, 0x0fba, 4, UNDEFINED_BIT_TEST, M | FORM_IMM8},
    {"bts imm", 0x0fba, 0x0fba, 5, UNDEFINED_BIT_TEST, M | LOCK | FORM_IMM8},
    {"btr imm", 0x0fba, 0x0fba, 6, UNDEFINED_BIT_TEST, M | LOCK | FORM_IMM8},
    {"btc imm", 0x0fba, 0x0fba, 7, UNDEFINED_BIT_TEST, M | LOCK | FORM_IMM8},
    {"btc", 0x0fbb, 0x0fbb, -1, UNDEFINED_BIT_TEST, M | LOCK | FORM_BITS},
    {"bsf, bsr", 0x0fbc, 0x0fbd, -1, UNDEFINED_BIT_SCAN, M},
    {"movsx", 0x0fbe, 0x0fbf, -1, 0, M},
    {"xadd", 0x0fc0, 0x0fc1, -1, 0, M | LOCK},
    {"cmpxchg8b", 0x0fc7, 0x0fc7, 1, 0, MM | LOCK | FORM_COMPARE | FORM_OPERAND_8},
    {"bswap", 0x0fc8, 0x0fcf, -1, UNDEFINED_SWAP, 0},
};

const unsigned ORACLE_FORM_COUNT = sizeof(ORACLE_FORMS) / sizeof(ORACLE_FORMS[0]);

#define CF CPU_FLAG_CF
#define PF CPU_FLAG_PF
#define AF CPU_FLAG_AF
#define ZF CPU_FLAG_ZF
#define SF CPU_FLAG_SF
#define OF CPU_FLAG_OF

/*
 * "SDM" is Intel's Software Developer's Manual, volume 2: section "Flags Affected"
 * of each instruction.
 */
static const struct {
    uint32_t flags;
    const char *reference;
} UNDEFINED[] = {
    [UNDEFINED_NONE] = {0, "none"},
    [UNDEFINED_LOGIC] = {AF, "SDM AND, OR, XOR, TEST: AF undefined"},
    [UNDEFINED_SHIFT] = {AF, "SDM SAL/SAR/SHL/SHR: AF undefined for a count other than 0; OF for "
                             "a count other than 1; CF of SHL and SHR for a count of the size "
                             "or more"},
    [UNDEFINED_SHIFT_SIGNED] = {AF, "SDM SAR: as SHR, but CF is a copy of the sign for any count"},
    [UNDEFINED_ROTATE] = {0, "SDM RCL/RCR/ROL/ROR: OF undefined for a count other than 1"},
    [UNDEFINED_DOUBLE_SHIFT] = {AF, "SDM SHLD, SHRD: AF undefined for a count other than 0, OF "
                                    "for one above 1; all flags and the destination for one "
                                    "above the size"},
    [UNDEFINED_MULTIPLY] = {SF | ZF | AF | PF, "SDM MUL, IMUL: SF, ZF, AF, PF undefined"},
    [UNDEFINED_DIVIDE] = {CF | OF | SF | ZF | AF | PF, "SDM DIV, IDIV: all six undefined"},
    [UNDEFINED_DECIMAL] = {OF, "SDM DAA, DAS: OF undefined"},
    [UNDEFINED_ASCII_ADD] = {OF | SF | ZF | PF, "SDM AAA, AAS: OF, SF, ZF, PF undefined"},
    [UNDEFINED_ASCII_MULTIPLY] = {OF | AF | CF, "SDM AAM, AAD: OF, AF, CF undefined"},
    [UNDEFINED_BIT_TEST] = {OF | SF | AF | PF, "SDM BT, BTS, BTR, BTC: OF, SF, AF, PF undefined"},
    [UNDEFINED_BIT_SCAN] = {CF | OF | SF | AF | PF, "SDM BSF, BSR: all but ZF undefined; the "
                                                    "destination if the source is 0"},
    [UNDEFINED_SWAP] = {0, "SDM BSWAP: a 16-bit destination is undefined"},
};

static uint32_t undefined_shift(unsigned count, unsigned bits)
{
    if (count == 0) {
        return 0;
    }
    return AF | (count != 1 ? OF : 0) | (count >= bits ? CF : 0);
}

static uint32_t undefined_double_shift(unsigned count, unsigned bits)
{
    if (count == 0) {
        return 0;
    }
    if (count > bits) {
        return CF | OF | SF | ZF | AF | PF;
    }
    return AF | (count != 1 ? OF : 0);
}

uint32_t oracle_undefined_flags(OracleUndefined undefined, unsigned count, unsigned bits)
{
    switch (undefined) {
    case UNDEFINED_SHIFT:
        return undefined_shift(count, bits);
    case UNDEFINED_SHIFT_SIGNED:
        return undefined_shift(count, bits) & ~CF;
    case UNDEFINED_ROTATE:
        return count > 1 ? OF : 0;
    case UNDEFINED_DOUBLE_SHIFT:
        return undefined_double_shift(count, bits);
    default:
        return UNDEFINED[undefined].flags;
    }
}

const char *oracle_undefined_reference(OracleUndefined undefined)
{
    return UNDEFINED[undefined].reference;
}
