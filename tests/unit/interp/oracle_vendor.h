/*
 * What processors of different vendors do differently, where the manuals leave it
 * undefined or a vendor deviates from its own manual.
 *
 * The software CPU follows one rule on every host, which docs/cpu.md states.  The
 * host of a vendor in the table may instead do what the vendor's rule says, and
 * nothing else.
 */
#ifndef PIOEMU_ORACLE_VENDOR_H
#define PIOEMU_ORACLE_VENDOR_H

#include "tests/unit/interp/oracle_compare.h"
#include "tests/unit/interp/oracle_emulated.h"

#define ORACLE_VENDOR_LENGTH 12u

typedef struct OracleVendorRule {
    const char *vendor; /* in the form of CPUID leaf 0 */
    const char *name;   /* what that vendor's processors do */
    const char *reference;
    /* Makes the instruction that this one acts like.  Returns false if the rule does not apply. */
    bool (*rewrite)(const OracleCase *item, OracleCase *as);
    /*
     * Turns the outcome of that instruction into the vendor's outcome.  `data` is
     * the outcome's data.
     */
    void (*finish)(const OracleCase *item, const OracleOutcome *ours, OracleOutcome *expected,
                   uint8_t *data);
} OracleVendorRule;

extern const OracleVendorRule ORACLE_VENDOR_RULES[];
extern const unsigned ORACLE_VENDOR_RULE_COUNT;

typedef enum OracleVerdict {
    VERDICT_DIFFERS,       /* no rule allows it */
    VERDICT_EXPLAINED,     /* exactly what the rule of the vendor says */
    VERDICT_VENDOR_UNKNOWN /* another vendor has a rule for this instruction */
} OracleVerdict;

/* A difference to be judged. */
typedef struct OracleDifference {
    const char *vendor;
    const OracleCase *item;
    const uint8_t *data; /* the data area before the case, with its patches */
    const OracleOutcome *host, *ours;
    uint32_t stack_top;
} OracleDifference;

/* The vendor of the host, or the value of PIOEMU_ORACLE_VENDOR. */
void oracle_vendor(char vendor[ORACLE_VENDOR_LENGTH + 1]);

/*
 * Judges with the rules, which run other instructions on `machine`. Sets `*rule`
 * unless the verdict is VERDICT_DIFFERS.  Afterwards the machine's data is
 * undefined and its code unchanged.
 */
OracleVerdict oracle_vendor_judge(const OracleDifference *difference, OracleMachine *machine,
                                  const OracleVendorRule **rule);

#endif
