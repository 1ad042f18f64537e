/*
 * Protected mode for the tests of the software CPU: descriptor tables, a TSS, an
 * IDT whose handlers all halt, and flat segments for rings 0 and 3.
 *
 * A test adds its own descriptors and code, enters the code, and examines the frame
 * that the exception left.  An INT3 ends code that was successful.
 */
#ifndef PIOEMU_INTERP_PROTECTED_H
#define PIOEMU_INTERP_PROTECTED_H

#include "tests/unit/interp/interp_rig.h"

/* Physical addresses.  They are also the linear ones until a test turns paging on. */
#define PM_RAM       0x400000u
#define PM_GDT       0x1000u
#define PM_LDT       0x1800u
#define PM_IDT       0x2000u
#define PM_TSS       0x3000u
#define PM_TSS2      0x4000u
#define PM_STACK0    0x6000u /* the tops of the stacks */
#define PM_STACK1    0x6800u
#define PM_STACK3    0x7000u
#define PM_HANDLERS  0x8000u
#define PM_CODE      0x10000u
#define PM_USER_CODE 0x20000u
#define PM_DATA      0x30000u
#define PM_DIRECTORY 0x40000u
#define PM_TABLES    0x41000u

#define PM_GDT_ENTRIES  64u
#define PM_LDT_ENTRIES  16u
#define PM_HANDLER_SIZE 16u
#define PM_TSS_SIZE     0x68u

#define PM_CODE0         0x08
#define PM_DATA0         0x10
#define PM_CODE3         0x1b
#define PM_DATA3         0x23
#define PM_TSS_SELECTOR  0x28
#define PM_LDT_SELECTOR  0x30
#define PM_CODE1         0x39
#define PM_DATA1         0x41
#define PM_TSS2_SELECTOR 0x48
#define PM_FREE          0x80 /* this selector and the following ones are free for the test */

/* Access bytes.  The DPL is added. */
#define PM_READ_ONLY  0x91u
#define PM_WRITABLE   0x93u
#define PM_DOWN       0x97u
#define PM_EXECUTE    0x99u
#define PM_READABLE   0x9bu
#define PM_CONFORMING 0x9fu
#define PM_ABSENT     0x80u /* is subtracted from the others */
#define PM_DPL(ring)  ((uint32_t)(ring) << 5)
#define PM_WIDE       CPU_SEGMENT_DB
#define PM_PAGES      CPU_SEGMENT_G
#define PM_FLAT       (CPU_SEGMENT_DB | CPU_SEGMENT_G)

#define PM_TSS16_FREE  0x81u
#define PM_LDT_TYPE    0x82u
#define PM_TSS16_BUSY  0x83u
#define PM_CALL_GATE16 0x84u
#define PM_TASK_GATE   0x85u
#define PM_INT_GATE16  0x86u
#define PM_TRAP_GATE16 0x87u
#define PM_TSS_FREE    0x89u
#define PM_TSS_BUSY    0x8bu
#define PM_CALL_GATE   0x8cu
#define PM_INT_GATE    0x8eu
#define PM_TRAP_GATE   0x8fu

/* Fields of a 32-bit TSS. */
#define TSS_LINK   0x00u
#define TSS_ESP0   0x04u
#define TSS_SS0    0x08u
#define TSS_ESP1   0x0cu
#define TSS_SS1    0x10u
#define TSS_CR3    0x1cu
#define TSS_EIP    0x20u
#define TSS_EFLAGS 0x24u
#define TSS_GPR    0x28u
#define TSS_ES     0x48u /* followed by CS SS DS FS GS, 4 bytes each */
#define TSS_LDTR   0x60u
#define TSS_TRAP   0x64u
#define TSS_IOMAP  0x66u

enum {
    VECTOR_DE,
    VECTOR_DB,
    VECTOR_NMI,
    VECTOR_BP,
    VECTOR_OF,
    VECTOR_BR,
    VECTOR_UD,
    VECTOR_NM,
    VECTOR_DF,
    VECTOR_TS = 10,
    VECTOR_NP,
    VECTOR_SS,
    VECTOR_GP,
    VECTOR_PF,
    VECTOR_AC = 17
};

/* What the handler found on its stack. */
typedef struct PmFault {
    unsigned vector;
    uint32_t error; /* 0 if the vector has no error code */
    uint32_t eip, cs, eflags, esp, ss;
    CpuState state; /* in the handler */
} PmFault;

/*
 * Assembly in this file, for a code size of 16 or 32 bits.  `name` and `name_end`
 * enclose its bytes.
 */
#define SNIPPET(name, bits, text)                                                                  \
    __asm__(".pushsection .rodata\n.code" #bits "\n" #name ":\n" text "\n" #name                   \
            "_end:\n.code64\n.popsection\n");                                                      \
    extern const uint8_t name[] __attribute__((visibility("hidden")));                             \
    extern const uint8_t name##_end[] __attribute__((visibility("hidden")))

#define PM_LOAD(rig, address, name) rig_write(rig, address, name, (size_t)(name##_end - name))
#define PM_BYTES(rig, address, ...)                                                                \
    rig_write(rig, address, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

Rig *pm_new(void);
/* Sets up the tables in a Rig that the caller made. */
void pm_fill(Rig *rig);
/* A state in ring `cpl` (0, 1 or 3) with EIP `eip`, interrupts off and IOPL 0. */
CpuState pm_state(unsigned cpl, uint32_t eip);
/* An entry of the GDT, by selector. */
void pm_set_gdt(Rig *rig, uint16_t selector, uint64_t descriptor);
uint64_t pm_get_gdt(Rig *rig, uint16_t selector);
void pm_set_ldt(Rig *rig, uint16_t selector, uint64_t descriptor);
void pm_set_idt(Rig *rig, unsigned vector, uint64_t gate);
/* Defines a segment with a base and a limit in bytes. */
void pm_set_segment(Rig *rig, uint16_t selector, uint32_t base, uint32_t limit,
                    uint32_t attributes);
uint32_t pm_handler(unsigned vector);

/* Runs until a handler halts.  Its frame is on the 32-bit stack. */
PmFault pm_run(Rig *rig);
/* Sets the state and calls pm_run(). */
PmFault pm_go(Rig *rig, const CpuState *state);
/* Likewise, and requires this vector and error code. */
PmFault pm_expect(Rig *rig, const CpuState *state, unsigned vector, uint32_t error);

/* Maps the first 4 MiB one to one with pages of 4 KiB, all user and writable. */
void pm_identity_pages(Rig *rig);
/* The address of the page-table entry for `linear`. */
uint64_t pm_pte(uint32_t linear);
/* Turns on paging in a state. */
void pm_paging_on(CpuState *state);

/* The page that tests of paging change. */
#define PM_TARGET (PM_DATA + 0x1000)

/* A Rig with pages mapped one to one, and a pm_state() with paging on and EBX at PM_TARGET. */
Rig *pm_new_paged(void);
CpuState pm_paged_state(unsigned cpl, uint32_t eip);
void pm_set_pte(Rig *rig, uint32_t linear, uint32_t entry);

#endif
