/*
 * The decoder: what the bytes of one instruction say, before anything is made
 * of it.  Each engine starts from here.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_DECODE_H
#define PIOEMU_ACCEL_SOFT_X86_DECODE_H

#include "src/accel/soft/x86/opcode_map.h"

/* A base or index that is not there; the base of a RIP-relative operand. */
#define DECODED_NO_REGISTER CPU_GPR_COUNT
#define DECODED_RIP         (CPU_GPR_COUNT + 1)

/* Bits of Decoded.rex. */
#define REX_B 0x1u
#define REX_X 0x2u
#define REX_R 0x4u
#define REX_W 0x8u

typedef struct Decoded {
    const Opcode *opcode;
    uint8_t mode;         /* 16, 32 or 64 */
    uint8_t operand_size; /* 1, 2, 3: 16, 32 or 64 bits */
    uint8_t address_size; /* the same */
    uint8_t prefix;       /* INSN_REP, INSN_REPNE, INSN_LOCK; INSN_MEMORY */
    uint8_t rex;          /* the prefix, or 0 */
    bool operand_prefix;  /* 66, as long as it says something of the operand size */
    bool address_prefix;  /* 67 */
    uint8_t byte;         /* the last one of the opcode */
    uint8_t vvvv;         /* the register that a VEX prefix names */
    bool vex;             /* there is one; its other bits are in rex */
    uint8_t modrm;
    bool has_modrm;
    int8_t override; /* a segment, or -1 */
    /* Memory: the registers' numbers, or the above. */
    uint8_t segment, base, index, scale;
    uint32_t disp;
    /* Registers' places: byte offsets into Cpu.gpr, or what the operand's letter says. */
    uint8_t dst, src;
    uint64_t imm;
    uint32_t second;   /* immediate */
    uint8_t immediate; /* how it is stored: IMMEDIATE_SIZE and IMMEDIATE_SIGNED */
    uint8_t length;    /* in bytes */
    bool undefined;
    bool too_long;
} Decoded;

/* Decodes from `size` bytes; false if they are not all of the instruction. */
bool decode(const uint8_t *bytes, size_t size, unsigned mode, const CpuFeatures *features,
            Decoded *decoded);

/* What the interpreter does for it, at `start` of a block; true if it ends the block. */
bool make_insn(const Decoded *decoded, uint16_t start, Insn *insn);

#endif
