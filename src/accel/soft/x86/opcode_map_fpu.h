/*
 * The tables of opcode_map_fpu.c, which opcode_map.c puts into the maps.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_OPCODE_MAP_FPU_H
#define PIOEMU_ACCEL_SOFT_X86_OPCODE_MAP_FPU_H

#include "src/accel/soft/x86/opcode_map.h"

/* By the last byte of the opcode and the prefix: none, 66, F3, F2. */
extern const Opcode MAP_NAME(opcodes_fpu_0f)[256][4];
extern const Opcode MAP_NAME(opcodes_fpu_0f38)[256][4];
extern const Opcode MAP_NAME(opcodes_fpu_0f3a)[256][4];
/* 0F 71 to 0F 73, shifts by an immediate: the same. */
extern const Opcode MAP_NAME(opcodes_fpu_shifts)[3][4];
/* 0F AE with memory and without a prefix, by ModRM.reg. */
extern const Opcode MAP_NAME(opcodes_fpu_0fae)[8];
/* D8 to DF: memory, registers. */
extern const Opcode MAP_NAME(opcodes_x87)[8][2];

/* POPCNT; BSF and TZCNT; BSR and LZCNT: none, F3, F2. */
extern const Opcode MAP_NAME(opcodes_0fb8)[3];
extern const Opcode MAP_NAME(opcodes_0fbc)[3];
extern const Opcode MAP_NAME(opcodes_0fbd)[3];
/* MOVBE and CRC32: none, F3, F2. */
extern const Opcode MAP_NAME(opcodes_0f38f0)[2][3];
/* ADCX and ADOX: none, 66, F3. */
extern const Opcode MAP_NAME(opcodes_0f38f6)[4];

/*
 * Finds the entry for an opcode after a VEX prefix: by its map, the opcode,
 * and the prefix (none, 66, F3, F2).  Undefined opcodes have an entry without
 * handlers.
 */
const Opcode *opcode_vex(unsigned map, uint8_t byte, unsigned prefix);
const Opcode *opcode_vex64(unsigned map, uint8_t byte, unsigned prefix);

#define FPU_OPCODE(map, byte)                                                                      \
    [byte] = OPCODE_SELECT(SELECT_PREFIX, MAP_NAME(opcodes_fpu_##map)[byte])

#define FPU_SHIFTS(byte)                                                                           \
    [byte] = OPCODE_SELECT(SELECT_PREFIX, MAP_NAME(opcodes_fpu_shifts)[(byte)-0x71])

/* Designators for the places of the maps. */
#define FPU_OPCODES_0F                                                                             \
    FPU_OPCODE(0f, 0x10), FPU_OPCODE(0f, 0x11), FPU_OPCODE(0f, 0x12), FPU_OPCODE(0f, 0x13),        \
        FPU_OPCODE(0f, 0x14), FPU_OPCODE(0f, 0x15), FPU_OPCODE(0f, 0x16), FPU_OPCODE(0f, 0x17),    \
        FPU_OPCODE(0f, 0x28), FPU_OPCODE(0f, 0x29), FPU_OPCODE(0f, 0x2a), FPU_OPCODE(0f, 0x2b),    \
        FPU_OPCODE(0f, 0x2c), FPU_OPCODE(0f, 0x2d), FPU_OPCODE(0f, 0x2e), FPU_OPCODE(0f, 0x2f),    \
        FPU_OPCODE(0f, 0x50), FPU_OPCODE(0f, 0x51), FPU_OPCODE(0f, 0x52), FPU_OPCODE(0f, 0x53),    \
        FPU_OPCODE(0f, 0x54), FPU_OPCODE(0f, 0x55), FPU_OPCODE(0f, 0x56), FPU_OPCODE(0f, 0x57),    \
        FPU_OPCODE(0f, 0x58), FPU_OPCODE(0f, 0x59), FPU_OPCODE(0f, 0x5a), FPU_OPCODE(0f, 0x5b),    \
        FPU_OPCODE(0f, 0x5c), FPU_OPCODE(0f, 0x5d), FPU_OPCODE(0f, 0x5e), FPU_OPCODE(0f, 0x5f),    \
        FPU_OPCODE(0f, 0x60), FPU_OPCODE(0f, 0x61), FPU_OPCODE(0f, 0x62), FPU_OPCODE(0f, 0x63),    \
        FPU_OPCODE(0f, 0x64), FPU_OPCODE(0f, 0x65), FPU_OPCODE(0f, 0x66), FPU_OPCODE(0f, 0x67),    \
        FPU_OPCODE(0f, 0x68), FPU_OPCODE(0f, 0x69), FPU_OPCODE(0f, 0x6a), FPU_OPCODE(0f, 0x6b),    \
        FPU_OPCODE(0f, 0x6c), FPU_OPCODE(0f, 0x6d), FPU_OPCODE(0f, 0x6e), FPU_OPCODE(0f, 0x6f),    \
        FPU_OPCODE(0f, 0x70), FPU_SHIFTS(0x71), FPU_SHIFTS(0x72), FPU_SHIFTS(0x73),                \
        FPU_OPCODE(0f, 0x74), FPU_OPCODE(0f, 0x75), FPU_OPCODE(0f, 0x76), FPU_OPCODE(0f, 0x77),    \
        FPU_OPCODE(0f, 0x7c), FPU_OPCODE(0f, 0x7d), FPU_OPCODE(0f, 0x7e), FPU_OPCODE(0f, 0x7f),    \
        FPU_OPCODE(0f, 0xc2), FPU_OPCODE(0f, 0xc3), FPU_OPCODE(0f, 0xc4), FPU_OPCODE(0f, 0xc5),    \
        FPU_OPCODE(0f, 0xc6), FPU_OPCODE(0f, 0xd0), FPU_OPCODE(0f, 0xd1), FPU_OPCODE(0f, 0xd2),    \
        FPU_OPCODE(0f, 0xd3), FPU_OPCODE(0f, 0xd4), FPU_OPCODE(0f, 0xd5), FPU_OPCODE(0f, 0xd6),    \
        FPU_OPCODE(0f, 0xd7), FPU_OPCODE(0f, 0xd8), FPU_OPCODE(0f, 0xd9), FPU_OPCODE(0f, 0xda),    \
        FPU_OPCODE(0f, 0xdb), FPU_OPCODE(0f, 0xdc), FPU_OPCODE(0f, 0xdd), FPU_OPCODE(0f, 0xde),    \
        FPU_OPCODE(0f, 0xdf), FPU_OPCODE(0f, 0xe0), FPU_OPCODE(0f, 0xe1), FPU_OPCODE(0f, 0xe2),    \
        FPU_OPCODE(0f, 0xe3), FPU_OPCODE(0f, 0xe4), FPU_OPCODE(0f, 0xe5), FPU_OPCODE(0f, 0xe6),    \
        FPU_OPCODE(0f, 0xe7), FPU_OPCODE(0f, 0xe8), FPU_OPCODE(0f, 0xe9), FPU_OPCODE(0f, 0xea),    \
        FPU_OPCODE(0f, 0xeb), FPU_OPCODE(0f, 0xec), FPU_OPCODE(0f, 0xed), FPU_OPCODE(0f, 0xee),    \
        FPU_OPCODE(0f, 0xef), FPU_OPCODE(0f, 0xf0), FPU_OPCODE(0f, 0xf1), FPU_OPCODE(0f, 0xf2),    \
        FPU_OPCODE(0f, 0xf3), FPU_OPCODE(0f, 0xf4), FPU_OPCODE(0f, 0xf5), FPU_OPCODE(0f, 0xf6),    \
        FPU_OPCODE(0f, 0xf7), FPU_OPCODE(0f, 0xf8), FPU_OPCODE(0f, 0xf9), FPU_OPCODE(0f, 0xfa),    \
        FPU_OPCODE(0f, 0xfb), FPU_OPCODE(0f, 0xfc), FPU_OPCODE(0f, 0xfd), FPU_OPCODE(0f, 0xfe)
#define FPU_OPCODES_0F38                                                                           \
    FPU_OPCODE(0f38, 0x00), FPU_OPCODE(0f38, 0x01), FPU_OPCODE(0f38, 0x02),                        \
        FPU_OPCODE(0f38, 0x03), FPU_OPCODE(0f38, 0x04), FPU_OPCODE(0f38, 0x05),                    \
        FPU_OPCODE(0f38, 0x06), FPU_OPCODE(0f38, 0x07), FPU_OPCODE(0f38, 0x08),                    \
        FPU_OPCODE(0f38, 0x09), FPU_OPCODE(0f38, 0x0a), FPU_OPCODE(0f38, 0x0b),                    \
        FPU_OPCODE(0f38, 0x10), FPU_OPCODE(0f38, 0x14), FPU_OPCODE(0f38, 0x15),                    \
        FPU_OPCODE(0f38, 0x17), FPU_OPCODE(0f38, 0x1c), FPU_OPCODE(0f38, 0x1d),                    \
        FPU_OPCODE(0f38, 0x1e), FPU_OPCODE(0f38, 0x20), FPU_OPCODE(0f38, 0x21),                    \
        FPU_OPCODE(0f38, 0x22), FPU_OPCODE(0f38, 0x23), FPU_OPCODE(0f38, 0x24),                    \
        FPU_OPCODE(0f38, 0x25), FPU_OPCODE(0f38, 0x28), FPU_OPCODE(0f38, 0x29),                    \
        FPU_OPCODE(0f38, 0x2a), FPU_OPCODE(0f38, 0x2b), FPU_OPCODE(0f38, 0x30),                    \
        FPU_OPCODE(0f38, 0x31), FPU_OPCODE(0f38, 0x32), FPU_OPCODE(0f38, 0x33),                    \
        FPU_OPCODE(0f38, 0x34), FPU_OPCODE(0f38, 0x35), FPU_OPCODE(0f38, 0x37),                    \
        FPU_OPCODE(0f38, 0x38), FPU_OPCODE(0f38, 0x39), FPU_OPCODE(0f38, 0x3a),                    \
        FPU_OPCODE(0f38, 0x3b), FPU_OPCODE(0f38, 0x3c), FPU_OPCODE(0f38, 0x3d),                    \
        FPU_OPCODE(0f38, 0x3e), FPU_OPCODE(0f38, 0x3f), FPU_OPCODE(0f38, 0x40),                    \
        FPU_OPCODE(0f38, 0x41), FPU_OPCODE(0f38, 0xc8), FPU_OPCODE(0f38, 0xc9),                    \
        FPU_OPCODE(0f38, 0xca), FPU_OPCODE(0f38, 0xcb), FPU_OPCODE(0f38, 0xcc),                    \
        FPU_OPCODE(0f38, 0xcd), FPU_OPCODE(0f38, 0xdb), FPU_OPCODE(0f38, 0xdc),                    \
        FPU_OPCODE(0f38, 0xdd), FPU_OPCODE(0f38, 0xde), FPU_OPCODE(0f38, 0xdf)
#define FPU_OPCODES_0F3A                                                                           \
    FPU_OPCODE(0f3a, 0x08), FPU_OPCODE(0f3a, 0x09), FPU_OPCODE(0f3a, 0x0a),                        \
        FPU_OPCODE(0f3a, 0x0b), FPU_OPCODE(0f3a, 0x0c), FPU_OPCODE(0f3a, 0x0d),                    \
        FPU_OPCODE(0f3a, 0x0e), FPU_OPCODE(0f3a, 0x0f), FPU_OPCODE(0f3a, 0x14),                    \
        FPU_OPCODE(0f3a, 0x15), FPU_OPCODE(0f3a, 0x16), FPU_OPCODE(0f3a, 0x17),                    \
        FPU_OPCODE(0f3a, 0x20), FPU_OPCODE(0f3a, 0x21), FPU_OPCODE(0f3a, 0x22),                    \
        FPU_OPCODE(0f3a, 0x40), FPU_OPCODE(0f3a, 0x41), FPU_OPCODE(0f3a, 0x42),                    \
        FPU_OPCODE(0f3a, 0x44), FPU_OPCODE(0f3a, 0x60), FPU_OPCODE(0f3a, 0x61),                    \
        FPU_OPCODE(0f3a, 0x62), FPU_OPCODE(0f3a, 0x63), FPU_OPCODE(0f3a, 0xcc),                    \
        FPU_OPCODE(0f3a, 0xdf)

#endif
