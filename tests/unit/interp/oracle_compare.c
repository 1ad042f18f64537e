/* Compares outcomes.  See the header. */
#include "tests/unit/interp/oracle_compare.h"

#include "src/cpu/cpu_state.h"

#include <string.h>

#define OPCODE_POPA 0x61
#define FETCH       0x10u /* a bit of the page-fault error code that exists only if NX is on */
#define PUSHED_MAX  256u  /* bytes that an unfinished ENTER may have pushed */
#define ARITHMETIC_FLAGS                                                                           \
    (CPU_FLAG_CF | CPU_FLAG_PF | CPU_FLAG_AF | CPU_FLAG_ZF | CPU_FLAG_SF | CPU_FLAG_OF)
#define ERROR_PRESENT 1u

bool oracle_unfinished(const OracleCase *item, const OracleOutcome *outcome)
{
    return outcome->after.eip == item->before.eip && outcome->fault.vector != 3;
}

/*
 * "If a page fault occurs during CMPS or SCAS with REPNE, EFLAGS is restored to the
 * state before" (SDM SCAS, CMPS with REP).  Processors differ in whether a
 * repetition that was cut short has changed the flags.
 */
static bool compares_strings(const OracleCase *item)
{
    return item->form->first == 0xa6 || item->form->first == 0xae;
}

static uint32_t undefined_flags(const OracleCase *item, const OracleOutcome *host)
{
    if (oracle_unfinished(item, host) && (compares_strings(item) || item->form->undefined != 0)) {
        return ARITHMETIC_FLAGS;
    }
    return oracle_undefined_flags(item->form->undefined, item->shift_count, item->operand_bits);
}

/*
 * The result is undefined for a double shift by more than the operand's size, a bit
 * scan of 0, and a POPA that faults halfway.
 */
static bool undefined_result(const OracleCase *item, const OracleOutcome *host)
{
    switch ((OracleUndefined)item->form->undefined) {
    case UNDEFINED_DOUBLE_SHIFT:
        return item->shift_count > item->operand_bits;
    case UNDEFINED_BIT_SCAN:
        return host->after.eflags & CPU_FLAG_ZF;
    case UNDEFINED_SWAP:
        return item->operand_bits == 16;
    default:
        return item->form->first == OPCODE_POPA && oracle_unfinished(item, host);
    }
}

/* A mask of general registers. */
static unsigned undefined_registers(const OracleCase *item, const OracleOutcome *host)
{
    if (!undefined_result(item, host)) {
        return 0;
    }
    switch ((OracleUndefined)item->form->undefined) {
    case UNDEFINED_DOUBLE_SHIFT:
        return 1u << (item->modrm & 7);
    case UNDEFINED_BIT_SCAN:
        return 1u << (item->modrm >> 3 & 7);
    case UNDEFINED_SWAP:
        return 1u << (item->bytes[item->length - 1] & 7);
    default:
        return 0xff & ~(1u << CPU_SP);
    }
}

/* The host kernel's IRET replaces every null selector in a data register by 0. */
static bool same_selectors(const OracleState *host, const OracleState *emulated)
{
    for (unsigned i = 0; i < 6; i++) {
        uint16_t selector = emulated->segment[i];
        bool null = (selector & ~3u) == 0;
        if (host->segment[i] != (null ? 0 : selector) && host->segment[i] != selector) {
            return false;
        }
    }
    return true;
}

static bool same_registers(const OracleCase *item, const OracleOutcome *host,
                           const OracleOutcome *emulated)
{
    unsigned ignored = undefined_registers(item, host);
    for (unsigned i = 0; i < 8; i++) {
        if (!(ignored >> i & 1) && host->after.gpr[i] != emulated->after.gpr[i]) {
            return false;
        }
    }
    return host->after.eip == emulated->after.eip && same_selectors(&host->after, &emulated->after);
}

static uint32_t flag_difference(const OracleOutcome *host, const OracleOutcome *emulated)
{
    return (host->after.eflags ^ emulated->after.eflags) & ~(uint32_t)CPU_FLAG_RF;
}

uint32_t oracle_undefined_difference(const OracleCase *item, const OracleOutcome *host,
                                     const OracleOutcome *emulated)
{
    bool finished = !oracle_unfinished(item, host);
    return finished ? flag_difference(host, emulated) & undefined_flags(item, host) : 0;
}

/* Whether an access to memory may raise this fault, or BOUND between its two accesses. */
static bool is_access_fault(const OracleFault *fault)
{
    return fault->vector == 5 ||
           (fault->vector >= 11 && fault->vector <= 17 && fault->vector != 16);
}

/*
 * The host kernel may not yet have mapped a page of the sandbox, so "present" is
 * set for these pages.
 */
static uint32_t page_fault_error(const OracleFault *fault)
{
    bool mapped =
        fault->cr2 - ORACLE_CODE < ORACLE_CODE_SIZE || fault->cr2 - ORACLE_DATA < ORACLE_DATA_SIZE;
    return (fault->error & ~FETCH) | (mapped ? ERROR_PRESENT : 0);
}

static bool same_fault(const OracleCase *item, const OracleOutcome *host_outcome,
                       const OracleOutcome *emulated_outcome)
{
    const OracleFault *host = &host_outcome->fault, *emulated = &emulated_outcome->fault;
    if (item->form->shape & FORM_SEVERAL && oracle_unfinished(item, host_outcome) &&
        is_access_fault(host) && is_access_fault(emulated)) {
        return true;
    }
    if (host->vector != emulated->vector) {
        return false;
    }
    if (host->vector == 14) {
        return host->cr2 == emulated->cr2 && page_fault_error(host) == page_fault_error(emulated);
    }
    return host->error == emulated->error;
}

static bool below_the_stack(uint32_t stack_top, uint32_t offset)
{
    uint32_t below = stack_top - (ORACLE_DATA + offset);
    return below - 1 < PUSHED_MAX;
}

static bool same_memory(const OracleCase *item, uint32_t stack_top, const OracleOutcome *host,
                        const OracleOutcome *emulated)
{
    if (memcmp(host->data, emulated->data, ORACLE_WRITABLE_SIZE) == 0) {
        return true;
    }
    if (item->form->undefined == UNDEFINED_DOUBLE_SHIFT) {
        return undefined_result(item, host);
    }
    bool pushes = item->form->shape & FORM_PUSHES && oracle_unfinished(item, host);
    for (uint32_t i = 0; i < ORACLE_WRITABLE_SIZE; i++) {
        if (host->data[i] != emulated->data[i] && !(pushes && below_the_stack(stack_top, i))) {
            return false;
        }
    }
    return true;
}

const char *oracle_compare(const OracleCase *item, uint32_t stack_top, const OracleOutcome *host,
                           const OracleOutcome *emulated)
{
    if (!same_fault(item, host, emulated)) {
        return "faults";
    }
    if (!same_registers(item, host, emulated)) {
        return "registers";
    }
    if ((flag_difference(host, emulated) & ~undefined_flags(item, host)) != 0) {
        return "flags";
    }
    return same_memory(item, stack_top, host, emulated) ? NULL : "memories";
}
