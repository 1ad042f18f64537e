/*
 * The oracle's machine on the software CPU.  See the header.
 *
 * Exceptions go through interrupt gates to ring 0.  The test compares the frame
 * that the delivery leaves on the stack there, which a kernel would see.
 */
#include "tests/unit/interp/oracle_emulated.h"

#include "tests/unit/interp/interp_rig.h"

#include <string.h>

/* Physical memory, and the addresses at which ring 0 sees its part. */
#define RAM_SIZE     0x100000u
#define DIRECTORY    0x1000u
#define TABLES       0x2000u /* one each for code, data and system */
#define SYSTEM       0x10000u
#define CODE         0x20000u
#define DATA         0x30000u
#define SYSTEM_AT    0x30000000u
#define SYSTEM_PAGES 16u

#define GDT       0x0000u
#define LDT       0x1000u
#define IDT       0x2000u
#define TSS       0x3000u
#define STACK_TOP 0x5000u
#define HANDLERS  0x6000u

#define GDT_ENTRIES    16u
#define IDT_ENTRIES    256u
#define HANDLER_SIZE   16u
#define TSS_SIZE       0x68u
#define TSS_ESP0       4u
#define TSS_SS0        8u
#define TSS_IOMAP      0x66u
#define KERNEL_CODE    0x08
#define KERNEL_DATA    0x18
#define USER_CODE      0x20
#define USER_DATA      0x28
#define LONG_MODE_CODE 0x30
#define TSS_SELECTOR   0x40
#define LDT_SELECTOR   0x50

#define PAGE_PRESENT 1u
#define PAGE_WRITE   2u
#define PAGE_USER    4u
#define PAGE_USED    0x20u /* accessed, so that the CPU need not set it */
#define PAGE_DIRTY   0x40u

#define FAULTS_WITH_ERROR                                                                          \
    (1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17)

struct OracleMachine {
    Rig *rig;
    uint64_t gdt[GDT_ENTRIES];
    uint64_t ldt[64];
    unsigned ldt_count;
    const uint8_t *ram;
    CpuState base;
};

static uint64_t oracle_descriptor(const OracleSegment *segment)
{
    static const OracleSegment EMPTY = {.sealed = true};
    if (memcmp(segment, &EMPTY, sizeof(EMPTY)) == 0) {
        return 0;
    }
    uint32_t attributes = CPU_SEGMENT_S | CPU_SEGMENT_DPL | 1u;
    attributes |= (uint32_t)segment->type << 2 | (segment->sealed ? 0 : 2u);
    attributes |= segment->present ? CPU_SEGMENT_P : 0;
    attributes |= segment->wide ? CPU_SEGMENT_DB : 0;
    attributes |= segment->in_pages ? CPU_SEGMENT_G : 0;
    return rig_descriptor(segment->base, segment->limit, attributes);
}

/* Lays out the GDT like the host kernel's, as far as ring 3 can notice. */
static void make_gdt(OracleMachine *machine)
{
    const uint32_t FLAT = CPU_SEGMENT_P | CPU_SEGMENT_S | CPU_SEGMENT_DB | CPU_SEGMENT_G;
    uint64_t *gdt = machine->gdt;
    gdt[KERNEL_CODE / 8] = rig_descriptor(0, 0xfffff, FLAT | 0xb);
    gdt[0x10 / 8] = rig_descriptor(0, 0xfffff, FLAT | 0xb);
    gdt[KERNEL_DATA / 8] = rig_descriptor(0, 0xfffff, FLAT | 0x3);
    gdt[USER_CODE / 8] = rig_descriptor(0, 0xfffff, FLAT | CPU_SEGMENT_DPL | 0xb);
    gdt[USER_DATA / 8] = rig_descriptor(0, 0xfffff, FLAT | CPU_SEGMENT_DPL | 0x3);
    gdt[LONG_MODE_CODE / 8] = rig_descriptor(0, 0xfffff, FLAT | CPU_SEGMENT_DPL | 0xb);
    gdt[TSS_SELECTOR / 8] = rig_descriptor(SYSTEM_AT + TSS, TSS_SIZE - 1, CPU_SEGMENT_P | 0xb);
    gdt[LDT_SELECTOR / 8] =
        rig_descriptor(SYSTEM_AT + LDT, machine->ldt_count * 8 - 1, CPU_SEGMENT_P | 0x2);
    rig_write(machine->rig, SYSTEM + GDT, gdt, sizeof(machine->gdt));
}

static void make_idt(Rig *rig)
{
    for (unsigned vector = 0; vector < IDT_ENTRIES; vector++) {
        uint8_t access = vector == 3 || vector == 4 ? 0xee : 0x8e;
        uint32_t handler = SYSTEM_AT + HANDLERS + vector * HANDLER_SIZE;
        rig_write64(rig, SYSTEM + IDT + vector * 8, rig_gate(KERNEL_CODE, handler, access, 0));
    }
    rig_fill(rig, SYSTEM + HANDLERS, 0xf4, IDT_ENTRIES * HANDLER_SIZE);
}

static void map_area(Rig *rig, unsigned table, uint32_t linear, uint32_t physical, unsigned pages,
                     uint32_t flags)
{
    uint32_t table_at = TABLES + table * PAGE_SIZE;
    rig_write32(rig, DIRECTORY + (linear >> 22) * 4,
                table_at | PAGE_PRESENT | PAGE_WRITE | PAGE_USER | PAGE_USED);
    for (unsigned i = 0; i < pages; i++) {
        rig_write32(rig, table_at + ((linear >> 12 & 0x3ff) + i) * 4,
                    (physical + i * PAGE_SIZE) | flags | PAGE_PRESENT | PAGE_USED);
    }
}

static void make_pages(Rig *rig)
{
    map_area(rig, 0, ORACLE_CODE, CODE, ORACLE_CODE_PAGES, PAGE_USER);
    map_area(rig, 1, ORACLE_DATA, DATA, ORACLE_DATA_PAGES - 1, PAGE_USER | PAGE_WRITE | PAGE_DIRTY);
    uint32_t last = (ORACLE_DATA_PAGES - 1) * PAGE_SIZE;
    rig_write32(rig, TABLES + PAGE_SIZE + (ORACLE_DATA_PAGES - 1) * 4,
                (DATA + last) | PAGE_USER | PAGE_PRESENT | PAGE_USED);
    map_area(rig, 2, SYSTEM_AT, SYSTEM, SYSTEM_PAGES, PAGE_WRITE | PAGE_DIRTY);
}

static void make_base_state(OracleMachine *machine)
{
    CpuState *state = &machine->base;
    cpu_state_reset(state);
    state->cr0 = CPU_CR0_PE | CPU_CR0_PG | CPU_CR0_WP | CPU_CR0_AM | CPU_CR0_NE | CPU_CR0_ET;
    state->cr3 = DIRECTORY;
    state->gdtr = (CpuTable){SYSTEM_AT + GDT, GDT_ENTRIES * 8 - 1};
    state->idtr = (CpuTable){SYSTEM_AT + IDT, IDT_ENTRIES * 8 - 1};
    state->segment[CPU_TR] = rig_segment(TSS_SELECTOR, machine->gdt[TSS_SELECTOR / 8]);
    state->segment[CPU_LDTR] = rig_segment(LDT_SELECTOR, machine->gdt[LDT_SELECTOR / 8]);
}

OracleMachine *oracle_machine_new(const OracleSegment *segments, unsigned count)
{
    OracleMachine *machine = g_new0(OracleMachine, 1);
    machine->rig = rig_new(RAM_SIZE, false);
    machine->ldt_count = count;
    g_assert_cmpuint(count, <=, G_N_ELEMENTS(machine->ldt));
    for (unsigned i = 0; i < count; i++) {
        machine->ldt[i] = oracle_descriptor(&segments[i]);
    }
    rig_write(machine->rig, SYSTEM + LDT, machine->ldt, count * 8);
    make_gdt(machine);
    make_idt(machine->rig);
    make_pages(machine->rig);
    rig_write32(machine->rig, SYSTEM + TSS + TSS_ESP0, SYSTEM_AT + STACK_TOP);
    rig_write32(machine->rig, SYSTEM + TSS + TSS_SS0, KERNEL_DATA);
    rig_write16(machine->rig, SYSTEM + TSS + TSS_IOMAP, TSS_SIZE);
    make_base_state(machine);
    machine->ram = memory_find(machine->rig->memory, 0)->host;
    return machine;
}

void oracle_machine_free(OracleMachine *machine)
{
    rig_free(machine->rig);
    g_free(machine);
}

void oracle_machine_write_code(OracleMachine *machine, uint32_t offset, const void *bytes,
                               unsigned size)
{
    rig_write(machine->rig, CODE + offset, bytes, size);
}

void oracle_machine_write_data(OracleMachine *machine, uint32_t offset, const void *bytes,
                               unsigned size)
{
    rig_write(machine->rig, DATA + offset, bytes, size);
}

const uint8_t *oracle_machine_data(const OracleMachine *machine)
{
    return machine->ram + DATA;
}

static CpuSegment load_segment(const OracleMachine *machine, uint16_t selector)
{
    const uint64_t *table = selector & 4 ? machine->ldt : machine->gdt;
    return rig_segment(selector, table[selector >> 3]);
}

static void enter(OracleMachine *machine, const OracleState *before)
{
    CpuState state = machine->base;
    for (unsigned i = 0; i < 8; i++) {
        state.gpr[i] = before->gpr[i];
    }
    state.rip = before->eip;
    state.rflags = before->eflags;
    for (unsigned i = 0; i < 6; i++) {
        state.segment[i] = load_segment(machine, before->segment[i]);
    }
    rig_set(machine->rig, &state);
}

/* The frame is the last thing on ring 0's stack: error code, EIP, CS, EFLAGS, ESP, SS. */
static void read_frame(OracleMachine *machine, const CpuState *state, OracleRun *run)
{
    uint32_t vector = (uint32_t)(state->rip - SYSTEM_AT - HANDLERS) / HANDLER_SIZE;
    uint32_t words[6] = {0};
    bool has_error = vector < 32 && (FAULTS_WITH_ERROR >> vector & 1);
    unsigned count = has_error ? 6 : 5;
    uint32_t esp = (uint32_t)state->gpr[CPU_SP] - SYSTEM_AT;
    if (vector >= IDT_ENTRIES || esp != STACK_TOP - 4 * count) {
        run->end = END_BROKEN;
        run->detail = "the exception frame is not where it should be";
        return;
    }
    rig_read(machine->rig, SYSTEM + esp, &words[6 - count], count * 4);
    run->fault = (OracleFault){.vector = (uint8_t)vector, .error = words[0]};
    run->fault.cr2 = vector == 14 ? (uint32_t)state->cr2 : 0;
    run->after.eip = words[1];
    run->after.segment[CPU_CS] = (uint16_t)words[2];
    run->after.eflags = words[3];
    run->after.gpr[CPU_SP] = words[4];
    run->after.segment[CPU_SS] = (uint16_t)words[5];
    if (run->fault.cr2 - SYSTEM_AT < SYSTEM_PAGES * PAGE_SIZE && vector == 14) {
        run->end = END_IN_SYSTEM;
    }
}

static void read_registers(const CpuState *state, OracleState *after)
{
    for (unsigned i = 0; i < 8; i++) {
        after->gpr[i] = (uint32_t)state->gpr[i];
    }
    after->eip = (uint32_t)state->rip;
    after->eflags = (uint32_t)state->rflags;
    for (unsigned i = 0; i < 6; i++) {
        after->segment[i] = state->segment[i].selector;
    }
}

/* Returns true if nothing more may run. */
static bool ended(OracleMachine *machine, const OracleState *before, unsigned length,
                  OracleRun *run)
{
    CpuState state = rig_get(machine->rig);
    uint32_t linear = (uint32_t)(state.segment[CPU_CS].base + state.rip);
    uint32_t start = before->eip + (uint32_t)load_segment(machine, before->segment[CPU_CS]).base;
    read_registers(&state, &run->after);
    run->end = END_FAULT;
    if ((state.segment[CPU_CS].selector & 3) == 0) {
        read_frame(machine, &state, run);
        return true;
    }
    if (linear - ORACLE_DATA < ORACLE_DATA_SIZE) {
        run->end = END_IN_DATA;
    } else if (linear - start < length) {
        run->end = END_IN_ITSELF;
    } else if ((state.segment[CPU_CS].selector & ~3u) == LONG_MODE_CODE) {
        run->end = END_IN_LONG_MODE;
    }
    return run->end != END_FAULT;
}

static uint32_t stack_top(const OracleMachine *machine, const OracleState *before)
{
    CpuSegment stack = load_segment(machine, before->segment[CPU_SS]);
    uint32_t mask = stack.attributes & CPU_SEGMENT_DB ? 0xffffffff : 0xffff;
    return (uint32_t)stack.base + (before->gpr[CPU_SP] & mask);
}

OracleRun oracle_machine_run(OracleMachine *machine, const OracleState *before, unsigned length)
{
    OracleRun run = {.end = END_BROKEN, .stack_top = stack_top(machine, before)};
    enter(machine, before);
    for (unsigned i = 0; i < 4; i++) {
        VcpuStop stop = rig_step(machine->rig, 1);
        if (stop != VCPU_SLICE_DONE) {
            run.detail = "it stopped instead of faulting";
            return run;
        }
        if (ended(machine, before, length, &run)) {
            return run;
        }
    }
    run.end = END_BROKEN;
    run.detail = "it ran on past the traps that follow it";
    return run;
}
