/*
 * The decoder: it describes the bytes of one instruction and does not execute
 * or translate it.  Each engine begins with this description.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_DECODE_H
#define PIOEMU_ACCEL_SOFT_X86_DECODE_H

#include "src/accel/soft/x86/opcode_map.h"

/* There is no base or index.  It is also the base of a RIP-relative operand. */
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
    uint8_t address_size; /* in the same form */
    uint8_t prefix;       /* INSN_REP, INSN_REPNE, INSN_LOCK; INSN_MEMORY */
    uint8_t rex;          /* the REX prefix, or 0 */
    bool operand_prefix;  /* the prefix 66, if it changes the operand size */
    bool address_prefix;  /* the prefix 67 */
    uint8_t byte;         /* the last byte of the opcode */
    uint8_t vvvv;         /* the register that a VEX prefix names */
    bool vex;             /* there is a VEX prefix; its other bits are in rex */
    uint8_t modrm;
    bool has_modrm;
    int8_t override; /* the number of a segment, or -1 */
    /* For memory: the numbers of the registers, or DECODED_NO_REGISTER. */
    uint8_t segment, base, index, scale;
    uint32_t disp;
    /* The places of registers: byte offsets into Cpu.gpr, or what the operand's letter says. */
    uint8_t dst, src;
    uint64_t imm;
    uint32_t second;   /* the second immediate */
    uint8_t immediate; /* how it is stored: IMMEDIATE_SIZE and IMMEDIATE_SIGNED */
    uint8_t length;    /* in bytes */
    bool undefined;
    bool too_long;
} Decoded;

/* Decodes from `size` bytes.  Returns false if the instruction needs more bytes. */
bool decode(const uint8_t *bytes, size_t size, unsigned mode, const CpuFeatures *features,
            Decoded *decoded);

/*
 * Makes the interpreter's form of the instruction at offset `start` of a
 * block.  Returns true if it ends the block.
 */
bool make_insn(const Decoded *decoded, uint16_t start, Insn *insn);

#endif
