/*
 * Code that changes its own immediates does so repeatedly.  The immediate that was
 * patched last is patched without a look at the blocks.
 */
#ifndef PIOEMU_ACCEL_SOFT_INTERP_PATCH_H
#define PIOEMU_ACCEL_SOFT_INTERP_PATCH_H

#include "src/accel/soft/x86/access.h"

/* `end` is the address after the immediate's bytes.  `how` comes from decode_insn(). */
static inline void patch_immediate(Insn *insn, const uint8_t *end, uint8_t how)
{
    switch (how) {
    case 1:
        insn->imm = end[-1];
        break;
    case 1 | IMMEDIATE_SIGNED:
        insn->imm = (uint32_t)(int8_t)end[-1];
        break;
    case 2:
        insn->imm = *(const mem16 *)(end - 2);
        break;
    case 2 | IMMEDIATE_SIGNED:
        insn->imm = (uint32_t)(int16_t)(*(const mem16 *)(end - 2));
        break;
    default:
        insn->imm = *(const mem32 *)(end - 4);
        break;
    }
}

static inline bool patched_by(const Patched *patched, const Insn *by)
{
    for (unsigned i = 0; i < patched->count; i++) {
        if (patched->insn[i] == by) {
            return true;
        }
    }
    return false;
}

/*
 * Returns false if [address, address + size) is not what was patched last, or
 * belongs to `by` itself.
 */
static inline bool patch_again(const Patched *patched, uint64_t address, const uint8_t *host,
                               size_t size, const Insn *by)
{
    if (patched->size != size || patched->at != (address & (PAGE_SIZE - 1)) ||
        patched_by(patched, by)) {
        return false;
    }
    const uint8_t *end = host - patched->from + (patched->how & IMMEDIATE_SIZE);

    for (unsigned i = 0; i < patched->count; i++) {
        patch_immediate(patched->insn[i], end, patched->how);
    }
    return true;
}

#endif
