/*
 * Long mode for the tests of the software CPU: four levels of page tables that map
 * the RAM one to one, 64-bit segments for levels 0 and 3, a TSS with an interrupt
 * stack table, and an IDT whose handlers all halt.
 */
#ifndef PIOEMU_INTERP_LONG_H
#define PIOEMU_INTERP_LONG_H

#include "tests/unit/interp/interp_rig.h"

/* Physical addresses.  They are also the linear ones unless a test changes the tables. */
#define LM_RAM       0x400000u
#define LM_PML4      0x1000u
#define LM_PDPT      0x2000u
#define LM_PD        0x3000u
#define LM_PT        0x4000u /* two tables, for 4 MiB */
#define LM_GDT       0x6000u
#define LM_IDT       0x7000u
#define LM_TSS       0x8000u
#define LM_STACK0    0xa000u /* the tops of the stacks */
#define LM_IST1      0xb000u
#define LM_STACK3    0x38000u
#define LM_HANDLERS  0xc000u
#define LM_CODE      0x10000u
#define LM_USER_CODE 0x20000u
#define LM_DATA      0x30000u

#define LM_CODE0    0x08 /* 64-bit code of level 0, followed by its data */
#define LM_DATA0    0x10
#define LM_CODE3_32 0x1b /* in SYSRET's order: 32-bit code, data, 64-bit code of level 3 */
#define LM_DATA3    0x23
#define LM_CODE3    0x2b
#define LM_TSS_SEL  0x30 /* 16 bytes */
#define LM_CODE0_32 0x40
#define LM_FREE     0x48 /* this selector and the following ones are free for the test */

#define LM_PTE_P  UINT64_C(0x001)
#define LM_PTE_W  UINT64_C(0x002)
#define LM_PTE_U  UINT64_C(0x004)
#define LM_PTE_A  UINT64_C(0x020)
#define LM_PTE_D  UINT64_C(0x040)
#define LM_PTE_PS UINT64_C(0x080)
#define LM_PTE_NX UINT64_C(0x8000000000000000)

/* Fields of a 64-bit TSS. */
#define LM_TSS_RSP0 0x04u
#define LM_TSS_IST1 0x24u

#define LM_INT_GATE  0x8eu
#define LM_TRAP_GATE 0x8fu

/* What the handler found on its stack. */
typedef struct LmFault {
    unsigned vector;
    uint64_t error; /* 0 if the vector has no error code */
    uint64_t rip, cs, rflags, rsp, ss;
    CpuState state; /* in the handler */
} LmFault;

/* 64-bit assembly in the file of a test.  `name` and `name_end` enclose its bytes. */
#define LM_SNIPPET(name, text)                                                                     \
    __asm__(".pushsection .rodata\n" #name ":\n" text "\n" #name "_end:\n.popsection\n");          \
    extern const uint8_t name[] __attribute__((visibility("hidden")));                             \
    extern const uint8_t name##_end[] __attribute__((visibility("hidden")))

#define LM_LOAD(rig, address, name) rig_write(rig, address, name, (size_t)(name##_end - name))
#define LM_BYTES(rig, address, ...)                                                                \
    rig_write(rig, address, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

Rig *lm_new(void);
/* Tables for a Rig that the caller made. */
void lm_fill(Rig *rig);
/* A state at level `cpl` (0 or 3) with RIP `rip` and interrupts off. */
CpuState lm_state(unsigned cpl, uint64_t rip);
void lm_set_gdt(Rig *rig, uint16_t selector, uint64_t descriptor);
/* A gate of 16 bytes.  `access` contains its type, DPL and P. */
void lm_set_idt(Rig *rig, unsigned vector, uint16_t selector, uint64_t offset, uint8_t access,
                unsigned ist);
uint64_t lm_handler(unsigned vector);
/* The address of the last-level entry for an address below 4 MiB. */
uint64_t lm_pte(uint64_t linear);

/* Runs until a handler halts, and reads the handler's frame. */
LmFault lm_run(Rig *rig);
/* Sets the state and calls lm_run(). */
LmFault lm_go(Rig *rig, const CpuState *state);
/* Likewise, and requires this vector and error code. */
LmFault lm_expect(Rig *rig, const CpuState *state, unsigned vector, uint64_t error);

#endif
