/*
 * The state of the decoder, for decode.c and decode_operands.c only.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_DECODER_H
#define PIOEMU_ACCEL_SOFT_X86_DECODER_H

#include "src/accel/soft/x86/decode.h"

#include <glib.h>

typedef struct Decoder {
    const uint8_t *bytes;
    size_t size, at;
    bool short_of_bytes; /* the instruction needs more bytes than there are */
    bool rm_taken;
    unsigned places;     /* the number of operands so far that name a register or memory */
    unsigned immediates; /* the number of immediates so far */
    Decoded *d;
} Decoder;

static inline uint8_t take8(Decoder *r)
{
    if (r->at >= r->size) {
        r->short_of_bytes = true;
        return 0;
    }
    return r->bytes[r->at++];
}

static inline uint16_t take16(Decoder *r)
{
    uint16_t low = take8(r);

    return (uint16_t)(low | take8(r) << 8);
}

static inline uint32_t take32(Decoder *r)
{
    uint32_t low = take16(r);

    return low | (uint32_t)take16(r) << 16;
}

static inline uint64_t take64(Decoder *r)
{
    uint64_t low = take32(r);

    return low | (uint64_t)take32(r) << 32;
}

static inline void take_modrm(Decoder *r)
{
    if (!r->d->has_modrm) {
        r->d->has_modrm = true;
        r->d->modrm = take8(r);
    }
}

static inline bool modrm_is_register(const Decoded *d)
{
    return d->modrm >> 6 == 3;
}

/* ---- decode_operands.c ---- */

/* Decodes one operand of the opcode, after the sizes are known. */
void decode_operand(Decoder *r, Operand operand);
/* Decodes the memory operand that ModRM names. */
void decode_memory(Decoder *r);
bool operand_needs_modrm(Operand operand);

#endif
