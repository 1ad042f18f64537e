/*
 * The table of vendor rules.  See the header.
 *
 * A rule says "this instruction acts like that one".  The software CPU runs the
 * other instruction to find out what the vendor's processor should have done.  So a
 * rule predicts registers, memory, vector, error code and CR2.  It cannot hide
 * another fault of the software CPU in the same instruction.
 */
#include "tests/unit/interp/oracle_vendor.h"

#include "tests/unit/interp/oracle_maker.h"

#include "src/cpu/cpu_state.h"

#include <glib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define AMD                 "AuthenticAMD"
#define PREFIX_HARMLESS     0x3e /* DS, for an instruction that ignores it */
#define OPCODE_PUSH_EAX     0x50
#define OPCODE_POP_EAX      0x58
#define OPCODE_RETF         0xcb
#define OPCODE_RETF_IMM     0xca
#define OPCODE_LOOPE        0xe1
#define OPCODE_LOOPNE       0xe0
#define PREFIX_LOCK         0xf0
#define PREFIX_REPE         0xf3
#define PREFIX_REPNE        0xf2
#define OPCODE_GROUP_6      0x0f00
#define OPCODE_MOV_FROM_CR  0x0f20
#define OPCODE_MOV_TO_CR    0x0f22
#define VERW_REG            5
#define WIDE_SELECTOR_BYTES 4

/* ---- reading the bytes of a case ---- */

/* Opcodes of the second map are 0x0fXX. */
static unsigned opcode_of(const OracleCase *item)
{
    unsigned at = oracle_case_opcode(item);
    uint8_t first = item->bytes[at];
    return first == 0x0f ? 0x0f00u | item->bytes[at + 1] : first;
}

/* The last one of F2 and F3 counts. 0: there is neither. */
static uint8_t repeat_prefix(const OracleCase *item)
{
    uint8_t repeat = 0;
    for (unsigned i = 0; i < oracle_case_opcode(item); i++) {
        uint8_t byte = item->bytes[i];
        repeat = byte == PREFIX_REPE || byte == PREFIX_REPNE ? byte : repeat;
    }
    return repeat;
}

static uint32_t stack_mask(const OracleCase *item)
{
    return maker_segment(item->before.segment[CPU_SS]).wide ? 0xffffffffu : 0xffffu;
}

static uint32_t moved_stack(const OracleCase *item, uint32_t bytes)
{
    uint32_t mask = stack_mask(item), esp = item->before.gpr[CPU_SP];
    return (esp & ~mask) | ((esp + bytes) & mask);
}

/* Replaces the whole opcode by a one-byte instruction and keeps the immediate. */
static void replace_opcode(const OracleCase *item, uint8_t opcode, OracleCase *as)
{
    *as = *item;
    unsigned at = oracle_case_opcode(item);
    memset(&as->bytes[at], PREFIX_HARMLESS, item->length - at);
    as->bytes[item->length - 1] = opcode;
}

/* ---- segment registers on a 32-bit stack operand ---- */

static bool rewrite_push(const OracleCase *item, OracleCase *as)
{
    static const uint16_t PUSHES[] = {0x06, 0x0e, 0x16, 0x1e, 0x0fa0, 0x0fa8};
    unsigned opcode = opcode_of(item);
    for (unsigned i = 0; i < G_N_ELEMENTS(PUSHES); i++) {
        if (opcode == PUSHES[i] && item->operand_bits == 32) {
            replace_opcode(item, OPCODE_PUSH_EAX, as);
            return true;
        }
    }
    return false;
}

static uint16_t pushed_selector(const OracleCase *item)
{
    unsigned opcode = opcode_of(item);
    return item->before.segment[opcode >> 3 & 7]; /* 06 0e 16 1e, and 0fa0 0fa8 as 4 and 5 */
}

static void finish_push(const OracleCase *item, const OracleOutcome *ours, OracleOutcome *expected,
                        uint8_t *data)
{
    (void)ours;
    OracleSegment stack = maker_segment(item->before.segment[CPU_SS]);
    uint32_t linear = stack.base + (expected->after.gpr[CPU_SP] & stack_mask(item));
    uint32_t offset = linear - ORACLE_DATA;
    uint32_t selector = pushed_selector(item);
    if (!oracle_unfinished(item, expected) && offset <= ORACLE_DATA_SIZE - sizeof(selector)) {
        memcpy(&data[offset], &selector, sizeof(selector));
    }
}

static bool rewrite_pop(const OracleCase *item, OracleCase *as)
{
    static const uint16_t POPS[] = {0x07, 0x17, 0x1f, 0x0fa1, 0x0fa9};
    unsigned opcode = opcode_of(item);
    for (unsigned i = 0; i < G_N_ELEMENTS(POPS); i++) {
        if (opcode == POPS[i] && item->operand_bits == 32) {
            replace_opcode(item, OPCODE_POP_EAX, as);
            return true;
        }
    }
    return false;
}

/* The selector is in the second slot. */
static bool rewrite_far_return(const OracleCase *item, OracleCase *as)
{
    unsigned opcode = opcode_of(item);
    if ((opcode != OPCODE_RETF && opcode != OPCODE_RETF_IMM) || item->operand_bits != 32) {
        return false;
    }
    replace_opcode(item, OPCODE_POP_EAX, as);
    as->before.gpr[CPU_SP] = moved_stack(item, WIDE_SELECTOR_BYTES);
    return true;
}

/*
 * If a read of four bytes faults, that is the outcome.  Otherwise the selector is
 * loaded as on the software CPU.
 */
static void finish_pop(const OracleCase *item, const OracleOutcome *ours, OracleOutcome *expected,
                       uint8_t *data)
{
    if (!oracle_unfinished(item, expected)) {
        *expected = *ours;
        return;
    }
    expected->after.gpr[CPU_SP] = item->before.gpr[CPU_SP];
    (void)data;
}

/* ---- prefixes ---- */

/*
 * Makes the same instruction without LOCK.  It begins later by as many bytes, so
 * that it ends at the same address.
 */
static bool without_lock(const OracleCase *item, OracleCase *as)
{
    unsigned at = oracle_case_opcode(item);
    if (memchr(item->bytes, PREFIX_LOCK, at) == NULL) {
        return false;
    }
    *as = *item;
    as->length = 0;
    for (unsigned i = 0; i < item->length; i++) {
        if (i >= at || item->bytes[i] != PREFIX_LOCK) {
            as->bytes[as->length++] = item->bytes[i];
        }
    }
    as->code_offset += item->length - as->length;
    as->before.eip += item->length - as->length;
    return true;
}

static unsigned modrm_reg(const OracleCase *item)
{
    return item->bytes[oracle_case_opcode(item) + 2] >> 3 & 7;
}

static bool rewrite_locked_verw(const OracleCase *item, OracleCase *as)
{
    return opcode_of(item) == OPCODE_GROUP_6 && modrm_reg(item) == VERW_REG &&
           without_lock(item, as);
}

/* CR8.  Ring 3 may access it no more than CR0. */
static bool rewrite_locked_mov_cr0(const OracleCase *item, OracleCase *as)
{
    unsigned opcode = opcode_of(item);
    return (opcode == OPCODE_MOV_FROM_CR || opcode == OPCODE_MOV_TO_CR) && modrm_reg(item) == 0 &&
           without_lock(item, as);
}

static void finish_without_lock(const OracleCase *item, const OracleOutcome *ours,
                                OracleOutcome *expected, uint8_t *data)
{
    (void)ours;
    (void)data;
    if (expected->after.eip - item->before.eip < item->length) {
        expected->after.eip = item->before.eip;
    }
}

/* The prefix selects the condition, as in the string instructions that compare. */
static bool rewrite_repeated_loop(const OracleCase *item, OracleCase *as)
{
    unsigned opcode = opcode_of(item), repeat = repeat_prefix(item);
    if ((opcode != OPCODE_LOOPNE && opcode != OPCODE_LOOPE) || repeat == 0) {
        return false;
    }
    *as = *item;
    as->bytes[oracle_case_opcode(item)] = repeat == PREFIX_REPE ? OPCODE_LOOPE : OPCODE_LOOPNE;
    return true;
}

static void finish_nothing(const OracleCase *item, const OracleOutcome *ours,
                           OracleOutcome *expected, uint8_t *data)
{
    (void)item;
    (void)ours;
    (void)expected;
    (void)data;
}

/* ---- the table ---- */

#define MEASURED "measured on AMD families 25 and 26 (vendor-facts.tsv); "

const OracleVendorRule ORACLE_VENDOR_RULES[] = {
    {AMD, "PUSH Sreg of 32 bits writes and checks 4 bytes",
     MEASURED "Intel SDM volume 2, PUSH: either the zero-extended value is pushed or the selector "
              "is written with a 16-bit move, as recent Intel processors do; volume 3, Selector "
              "Pushes and Pops",
     rewrite_push, finish_push},
    {AMD, "POP Sreg of 32 bits reads and checks 4 bytes",
     MEASURED "Intel SDM volume 3, Selector Pushes and Pops: processors from the P6 on read 2 "
              "bytes, the Pentium as many as the operand has",
     rewrite_pop, finish_pop},
    {AMD, "far RET of 32 bits reads and checks 4 bytes for the selector", MEASURED "as POP Sreg",
     rewrite_far_return, finish_pop},
    {AMD, "LOCK VERW is not #UD",
     MEASURED "both manuals' LOCK lists the instructions that may have it, and VERW is none",
     rewrite_locked_verw, finish_without_lock},
    {AMD, "LOCK MOV CR0 is MOV CR8",
     "AMD APM volume 3, MOV CRn: where CPUID 80000001h has ECX.AltMovCr8, a LOCK prefix on a move "
     "of CR0 makes it one of CR8",
     rewrite_locked_mov_cr0, finish_without_lock},
    {AMD, "LOOPE and LOOPNE with F3 are LOOPE, with F2 LOOPNE",
     MEASURED "both manuals' REP prefixes are reserved with all but string instructions",
     rewrite_repeated_loop, finish_nothing},
};

const unsigned ORACLE_VENDOR_RULE_COUNT = G_N_ELEMENTS(ORACLE_VENDOR_RULES);

/* The vendors that the table knows, with or without rules. */
static bool is_known(const char *vendor)
{
    return g_str_equal(vendor, AMD) || g_str_equal(vendor, "GenuineIntel");
}

void oracle_vendor(char vendor[ORACLE_VENDOR_LENGTH + 1])
{
    const char *wish = g_getenv("PIOEMU_ORACLE_VENDOR");
    memset(vendor, 0, ORACLE_VENDOR_LENGTH + 1);
#if defined(__x86_64__)
    unsigned largest, text[3];
    if (__get_cpuid(0, &largest, &text[0], &text[2], &text[1])) {
        memcpy(vendor, text, sizeof(text));
    }
#endif
    if (wish != NULL) {
        g_strlcpy(vendor, wish, ORACLE_VENDOR_LENGTH + 1);
    }
}

/* ---- judging ---- */

static void write_code(OracleMachine *machine, const OracleCase *item)
{
    if (item->code_offset < ORACLE_CODE_SIZE) {
        oracle_machine_write_code(machine, item->code_offset, item->bytes,
                                  MIN(item->length, ORACLE_CODE_SIZE - item->code_offset));
    }
}

static bool explains(const OracleVendorRule *rule, const OracleDifference *difference,
                     OracleMachine *machine, const OracleCase *as)
{
    oracle_machine_write_data(machine, 0, difference->data, ORACLE_DATA_SIZE);
    write_code(machine, as);
    OracleRun run = oracle_machine_run(machine, &as->before, as->length);
    write_code(machine, difference->item);
    if (run.end != END_FAULT) {
        return false;
    }
    g_autofree uint8_t *data = g_malloc(ORACLE_DATA_SIZE);
    memcpy(data, oracle_machine_data(machine), ORACLE_DATA_SIZE);
    OracleOutcome expected = {.after = run.after, .fault = run.fault, .data = data};
    rule->finish(difference->item, difference->ours, &expected, data);
    return oracle_compare(difference->item, difference->stack_top, difference->host, &expected) ==
           NULL;
}

OracleVerdict oracle_vendor_judge(const OracleDifference *difference, OracleMachine *machine,
                                  const OracleVendorRule **rule)
{
    for (unsigned i = 0; i < ORACLE_VENDOR_RULE_COUNT; i++) {
        const OracleVendorRule *one = &ORACLE_VENDOR_RULES[i];
        OracleCase as;
        if (!one->rewrite(difference->item, &as)) {
            continue;
        }
        *rule = one;
        if (!is_known(difference->vendor)) {
            return VERDICT_VENDOR_UNKNOWN;
        }
        if (g_str_equal(one->vendor, difference->vendor) &&
            explains(one, difference, machine, &as)) {
            return VERDICT_EXPLAINED;
        }
    }
    return VERDICT_DIFFERS;
}
