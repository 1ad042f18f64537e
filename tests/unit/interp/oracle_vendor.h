/*
 * What processors of different vendors do differently, where the manuals leave
 * it open or a vendor departs from its own.
 *
 * The software CPU follows one rule on every host, which docs/cpu.md states.
 * A host of a vendor in the table may do what its rule says instead, and
 * nothing else.
 */
#ifndef PIOEMU_ORACLE_VENDOR_H
#define PIOEMU_ORACLE_VENDOR_H

#include "tests/unit/interp/oracle_compare.h"
#include "tests/unit/interp/oracle_emulated.h"

#define ORACLE_VENDOR_LENGTH 12u

typedef struct OracleVendorRule {
    const char *vendor; /* as CPUID leaf 0 spells it */
    const char *name;   /* what that vendor's processors do */
    const char *reference;
    /* Makes the instruction that this one acts as; false: the rule is not about it. */
    bool (*rewrite)(const OracleCase *item, OracleCase *as);
    /* Turns the outcome of that instruction into the vendor's; `data` is the outcome's. */
    void (*finish)(const OracleCase *item, const OracleOutcome *ours, OracleOutcome *expected,
                   uint8_t *data);
} OracleVendorRule;

extern const OracleVendorRule ORACLE_VENDOR_RULES[];
extern const unsigned ORACLE_VENDOR_RULE_COUNT;

typedef enum OracleVerdict {
    VERDICT_DIFFERS,       /* no rule allows it */
    VERDICT_EXPLAINED,     /* exactly what the vendor's rule says */
    VERDICT_VENDOR_UNKNOWN /* a rule of another vendor is about this instruction */
} OracleVerdict;

/* One difference that is to be judged. */
typedef struct OracleDifference {
    const char *vendor;
    const OracleCase *item;
    const uint8_t *data; /* the data area before the case, with its patches */
    const OracleOutcome *host, *ours;
    uint32_t stack_top;
} OracleDifference;

/* The vendor of the host, or what PIOEMU_ORACLE_VENDOR says. */
void oracle_vendor(char vendor[ORACLE_VENDOR_LENGTH + 1]);

/*
 * Judges by the rules, which run other instructions on `machine`.  `*rule` is
 * set unless the verdict is VERDICT_DIFFERS.  The machine's data is undefined
 * after it, its code as before.
 */
OracleVerdict oracle_vendor_judge(const OracleDifference *difference, OracleMachine *machine,
                                  const OracleVendorRule **rule);

#endif
