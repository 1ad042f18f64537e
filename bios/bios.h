/*
 * Shared by all of the BIOS: the caller's registers, the memory below 64 KiB,
 * ports, and the routines in assembly.
 *
 * While the C code of the BIOS runs, CS is BIOS_SEGMENT, and DS, ES and SS are
 * BIOS_DATA_SEGMENT, which has its data and stack.  FS is 0, and GS is the segment
 * of the last far access.  Interrupts are off, except in bios_wait(), bios_window(),
 * bios_call_interrupt() and bios_call_far().
 */
#ifndef PIOEMU_BIOS_BIOS_H
#define PIOEMU_BIOS_BIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bios/segments.h"

#define FLAG_CF 0x0001
#define FLAG_ZF 0x0040
#define FLAG_TF 0x0100
#define FLAG_IF 0x0200

#define REG_ABCD(name)                                                                             \
    union {                                                                                        \
        uint32_t e##name##x;                                                                       \
        uint16_t name##x;                                                                          \
        struct {                                                                                   \
            uint8_t name##l, name##h;                                                              \
        };                                                                                         \
    }
#define REG_INDEX(name)                                                                            \
    union {                                                                                        \
        uint32_t e##name;                                                                          \
        uint16_t name;                                                                             \
    }

/*
 * The caller's registers, as entry.S pushes them.  When the handler returns,
 * entry.S restores all of them except `ss` and `sp`, which point to 4 bytes of
 * entry.S and to IP, CS and FLAGS of the INT.
 */
typedef struct Regs {
    uint16_t ds, flags;
    REG_INDEX(di);
    REG_INDEX(si);
    REG_INDEX(bp);
    REG_ABCD(b);
    REG_ABCD(d);
    REG_ABCD(c);
    REG_ABCD(a);
    uint16_t gs, fs, es, ss;
    REG_INDEX(sp);
} Regs;

#define REGS_IP 4
#define REGS_CS 6

static inline void regs_set_carry(Regs *regs, bool carry)
{
    regs->flags = (uint16_t)((regs->flags & ~FLAG_CF) | (carry ? FLAG_CF : 0));
}

static inline void regs_set_zero(Regs *regs, bool zero)
{
    regs->flags = (uint16_t)((regs->flags & ~FLAG_ZF) | (zero ? FLAG_ZF : 0));
}

/* ---- memory ---- */

typedef struct FarPointer {
    uint16_t offset, segment;
} FarPointer;

/* The BIOS data area, after the IBM PC/AT's technical reference. */
typedef struct __attribute__((packed)) Bda {
    uint16_t com[4], lpt[3];
    uint16_t ebda_segment;
    uint16_t equipment;
    uint8_t post_flag;
    uint16_t base_memory;
    uint16_t reserved_15;
    uint8_t shift[2];
    uint8_t alt_number;
    uint16_t key_head, key_tail;
    uint16_t keys[16];
    uint8_t floppy_seek, floppy_motor, floppy_timeout, floppy_status;
    uint8_t floppy_result[7];
    uint8_t video_mode;
    uint16_t video_columns, video_page_size, video_page_start;
    uint16_t cursor[8]; /* the row is in the upper byte */
    uint16_t cursor_shape;
    uint8_t video_page;
    uint16_t crtc_port;
    uint8_t crtc_mode, crtc_palette;
    uint32_t rom_init;
    uint8_t last_interrupt;
    uint32_t ticks;
    uint8_t midnight;
    uint8_t break_flag;
    uint16_t reset_flag;
    uint8_t disk_status, disk_count, disk_control, disk_port;
    uint8_t lpt_timeout[4], com_timeout[4];
    uint16_t key_start, key_end;
    uint8_t video_rows; /* the number of the last row */
    uint16_t character_height;
    uint8_t ega_info[4];
    uint8_t floppy_rate;
    uint8_t disk_task[3];
    uint8_t floppy_features;
    uint8_t floppy_state[4];
    uint8_t floppy_cylinder[2];
    uint8_t shift_extended, key_leds;
    FarPointer wait_flag;
    uint32_t wait_us;
    uint8_t wait_active;
} Bda;

_Static_assert(offsetof(Bda, ticks) == 0x6c, "the BIOS data area");
_Static_assert(offsetof(Bda, wait_active) == 0xa0, "the BIOS data area");

#define BDA_ADDRESS 0x400
#define BDA         ((volatile __seg_fs Bda *)BDA_ADDRESS)
#define IVT         ((volatile __seg_fs FarPointer *)0)

static inline void far_select(uint16_t segment)
{
    __asm__ volatile("movw %0, %%gs" : : "r"(segment));
}

static inline uint8_t far_read8(uint16_t segment, uint16_t offset)
{
    far_select(segment);
    return *(const volatile __seg_gs uint8_t *)(uint32_t)offset;
}

static inline uint16_t far_read16(uint16_t segment, uint16_t offset)
{
    far_select(segment);
    return *(const volatile __seg_gs uint16_t *)(uint32_t)offset;
}

static inline uint32_t far_read32(uint16_t segment, uint16_t offset)
{
    far_select(segment);
    return *(const volatile __seg_gs uint32_t *)(uint32_t)offset;
}

static inline void far_write8(uint16_t segment, uint16_t offset, uint8_t value)
{
    far_select(segment);
    *(volatile __seg_gs uint8_t *)(uint32_t)offset = value;
}

static inline void far_write16(uint16_t segment, uint16_t offset, uint16_t value)
{
    far_select(segment);
    *(volatile __seg_gs uint16_t *)(uint32_t)offset = value;
}

static inline void far_write32(uint16_t segment, uint16_t offset, uint32_t value)
{
    far_select(segment);
    *(volatile __seg_gs uint32_t *)(uint32_t)offset = value;
}

/* ---- ports ---- */

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %w1" : : "a"(value), "Nd"(port));
}

static inline uint16_t in16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %w1" : : "a"(value), "Nd"(port));
}

static inline uint32_t in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
}

/* Transfers words between a port and memory below 1 MiB, at most 32767. */
void port_read_words(uint16_t port, uint32_t address, uint16_t words);
void port_write_words(uint16_t port, uint32_t address, uint16_t words);

/* The linear address of data of the BIOS. */
static inline uint32_t linear_address(const void *pointer)
{
    return ((uint32_t)BIOS_DATA_SEGMENT << 4) + (uint32_t)pointer;
}

/* ---- in entry.S ---- */

/* bios_window() lets pending interrupts in.  bios_wait() waits for one. */
void bios_window(void);
void bios_wait(void);

typedef struct CallRegs {
    uint32_t eax, edx;
} CallRegs;

/*
 * Calls the handler of the vector with these registers and this carry.  Returns its
 * flags, and EAX in `regs`.
 */
uint16_t bios_call_interrupt(unsigned vector, CallRegs *regs, bool carry);

/*
 * Calls a routine of a program.  `address` has the segment in its upper half; four
 * words are pushed on the stack.
 */
void bios_call_far(uint32_t address, const uint16_t *words);

/* Calls an option ROM with this value in AX.  `address` has the segment in its upper half. */
void bios_call_rom(uint32_t address, uint16_t ax);
/*
 * Structures in the segment of the code, which programs look for: of the Plug and
 * Play BIOS and of the BIOS32 directory.
 */
extern const uint8_t bios_plug_and_play[], bios_plug_and_play_sum[], bios_plug_and_play_end[],
    bios_directory[], bios_directory_sum[], bios_directory_end[];

/* Jumps to 0:7C00h with the drive in DL and the stack below that address. */
_Noreturn void bios_jump_to_boot_sector(uint8_t drive, uint16_t segment);
/* Starts again at `where` with an empty stack. */
_Noreturn void bios_restart(void (*where)(void));
_Noreturn void bios_halt(void);

/* An NMI has interrupted the BIOS, at this address. */
extern volatile uint8_t bios_nmi_noted;
extern volatile uint16_t bios_nmi_ip;

/* Copies units of 1, 2 or 4 bytes in protected mode.  `gdt` has six entries. */
void bios_move(uint32_t gdt, uint16_t count, unsigned size);

#endif
