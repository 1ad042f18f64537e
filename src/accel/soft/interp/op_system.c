/* Privileged and system instructions.  They end their blocks unless they only read. */
#include "src/accel/soft/interp/handlers.h"

static void need_ring0(Cpu *cpu)
{
    if (cpu->cpl != 0) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

/* For instructions that exist only in protected mode. */
static void need_protected(Cpu *cpu)
{
    if (!cpu_protected(cpu)) {
        cpu_raise(cpu, VECTOR_UD);
    }
}

/* ---- interrupts and flags ---- */

static void need_iopl(Cpu *cpu)
{
    if (cpu->cpl > cpu_iopl(cpu)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

OP(cli)
{
    insn_begin(cpu, insn);
    need_iopl(cpu);
    cpu->eflags &= ~CPU_FLAG_IF;
    NEXT();
}

OP(sti)
{
    insn_begin(cpu, insn);
    need_iopl(cpu);
    if (!(cpu->eflags & CPU_FLAG_IF)) {
        cpu->eflags |= CPU_FLAG_IF;
        cpu->shadow = true;
    }
    FINISH();
}

static void need_pushf(Cpu *cpu, const Insn *insn)
{
    insn_begin(cpu, insn);
    if (cpu_v86(cpu) && cpu_iopl(cpu) < 3) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

OP(pushf16)
{
    need_pushf(cpu, insn);
    push16(cpu, insn, (u16)flags_get(cpu));
    NEXT();
}

static void pop_flags(Cpu *cpu, u32 flags, u32 mask)
{
    if (cpu->cpl <= cpu_iopl(cpu)) {
        mask |= CPU_FLAG_IF;
    }
    if (cpu->cpl == 0) {
        mask |= CPU_FLAG_IOPL;
    }
    flags_put(cpu, (flags_get(cpu) & ~mask) | (flags & mask));
    cpu_mode_changed(cpu);
}

#define POPF_MASK   (FLAGS_ARITHMETIC | CPU_FLAG_TF | CPU_FLAG_DF | CPU_FLAG_NT)
#define POPF32_MASK (POPF_MASK | CPU_FLAG_AC | CPU_FLAG_ID | CPU_FLAG_RF)

OP(popf16)
{
    need_pushf(cpu, insn);
    u32 flags = stack_top16(cpu, insn);
    stack_set_pointer(cpu, stack_offset(cpu, 2));
    pop_flags(cpu, flags, POPF_MASK);
    FINISH();
}

#define DEFINE_FLAGS_STACK(N)                                                                      \
    OP(pushf##N)                                                                                   \
    {                                                                                              \
        need_pushf(cpu, insn);                                                                     \
        push##N(cpu, insn, flags_get(cpu) & ~(CPU_FLAG_VM | CPU_FLAG_RF));                         \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(popf##N)                                                                                    \
    {                                                                                              \
        need_pushf(cpu, insn);                                                                     \
        u32 flags = (u32)stack_top##N(cpu, insn) & ~CPU_FLAG_RF;                                   \
        stack_set_pointer(cpu, stack_offset(cpu, N / 8));                                          \
        pop_flags(cpu, flags, POPF32_MASK);                                                        \
        FINISH();                                                                                  \
    }

NARROW_ONLY(DEFINE_FLAGS_STACK(32))
WIDE_ONLY(DEFINE_FLAGS_STACK(64))

OP(hlt)
{
    insn_begin(cpu, insn);
    need_ring0(cpu);
    cpu->rip = insn_next_rip(cpu, insn);
    cpu->halted = true;
    return NULL;
}

/*
 * A CPU that waits for another one gives up its turn at once.  The order of turns
 * must not depend on where blocks end.
 */
OP(pause)
{
    cpu->yielded = cpu->yields;
    if (cpu->yielded) {
        cpu->rip = insn_next_rip(cpu, insn);
        return NULL;
    }
    FINISH();
}

/* ---- control and debug registers: dst or src is the general one ---- */

/* The register with as many bits as the mode has, whatever the operand size. */
static EffAddr general(Cpu *cpu, const Insn *insn)
{
    return (EffAddr)*reg64(cpu, insn->dst);
}

static void put_general(Cpu *cpu, const Insn *insn, u64 value)
{
#if INTERP_WIDE
    reg_put64(cpu, insn->dst, value);
#else
    reg_put32(cpu, insn->dst, (u32)value);
#endif
}

/* CR8 is the priority of the local APIC.  It exists only in long mode. */
static void need_control_register(Cpu *cpu, unsigned n)
{
    if (n == 1 || (n > 4 && !(INTERP_WIDE && n == 8))) {
        cpu_raise(cpu, VECTOR_UD);
    }
    need_ring0(cpu);
}

/* The immediate is the number of the control register. */
OP(mov_r_control)
{
    insn_begin(cpu, insn);
    need_control_register(cpu, insn->imm);
    switch (insn->imm) {
    case 0:
        put_general(cpu, insn, cpu->cr0);
        break;
    case 2:
        put_general(cpu, insn, cpu->cr2);
        break;
    case 3:
        put_general(cpu, insn, cpu->cr3);
        break;
    case 4:
        put_general(cpu, insn, cpu->cr4);
        break;
    default:
        put_general(cpu, insn, control_get_cr8(cpu));
        break;
    }
    FINISH();
}

OP(mov_control_r)
{
    u64 value = general(cpu, insn);

    insn_begin(cpu, insn);
    need_control_register(cpu, insn->imm);
    switch (insn->imm) {
    case 0:
        control_set_cr0(cpu, value);
        break;
    case 2:
        cpu->cr2 = value;
        break;
    case 3:
        control_set_cr3(cpu, value);
        break;
    case 4:
        control_set_cr4(cpu, value);
        break;
    default:
        control_set_cr8(cpu, value);
        break;
    }
    FINISH();
}

#define DR6_FIXED 0xffff0ff0u
#define DR7_FIXED 0x400u
#define DR7_GD    0x2000u
#define DR6_BD    0x2000u

/* DR4 and DR5 stand for DR6 and DR7, unless CR4.DE makes them invalid. */
static unsigned debug_register(Cpu *cpu, const Insn *insn)
{
    unsigned n = insn->imm;

    if (n > 7 || ((n == 4 || n == 5) && cpu->cr4 & CR4_DE)) {
        cpu_raise(cpu, VECTOR_UD);
    }
    need_ring0(cpu);
    if (cpu->dr[7] & DR7_GD) {
        cpu->dr[7] &= ~(u64)DR7_GD;
        cpu->dr[6] |= DR6_BD;
        cpu_raise(cpu, VECTOR_DB);
    }
    return n == 4 || n == 5 ? n + 2 : n;
}

OP(mov_r_debug)
{
    insn_begin(cpu, insn);
    put_general(cpu, insn, cpu->dr[debug_register(cpu, insn)]);
    NEXT();
}

OP(mov_debug_r)
{
    u64 value = general(cpu, insn);

    insn_begin(cpu, insn);
    unsigned n = debug_register(cpu, insn);
    if (n >= 6 && value >> 32) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    if (n == 6) {
        value = (value & 0xe00f) | DR6_FIXED;
    } else if (n == 7) {
        value = (value & 0xffff2bff) | DR7_FIXED;
    }
    cpu->dr[n] = value;
    cpu_mode_changed(cpu);
    FINISH();
}

OP(clts)
{
    insn_begin(cpu, insn);
    need_ring0(cpu);
    cpu->cr0 &= ~(u64)CPU_CR0_TS;
    NEXT();
}

/* With CR4.UMIP, only level 0 may read where the system's tables are. */
static void need_umip(Cpu *cpu, const Insn *insn)
{
    insn_begin(cpu, insn);
    if (cpu->cr4 & CR4_UMIP && cpu->cpl != 0) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

OP(smsw_r16)
{
    need_umip(cpu, insn);
    reg_put16(cpu, insn->dst, (u16)cpu->cr0);
    NEXT();
}

OP(smsw_r32)
{
    need_umip(cpu, insn);
    reg_put32(cpu, insn->dst, (u32)cpu->cr0);
    NEXT();
}

#if INTERP_WIDE
OP(smsw_r64)
{
    need_umip(cpu, insn);
    reg_put64(cpu, insn->dst, cpu->cr0);
    NEXT();
}
#endif

OP(smsw_m)
{
    need_umip(cpu, insn);
    operand_write16(cpu, insn, (u16)cpu->cr0);
    NEXT();
}

/* LMSW can set PE but not clear it. */
static void load_msw(Cpu *cpu, u16 value)
{
    need_ring0(cpu);
    control_set_cr0(cpu, (cpu->cr0 & ~UINT64_C(0xe)) | (value & 0xf));
}

OP(lmsw_r)
{
    insn_begin(cpu, insn);
    load_msw(cpu, *reg16(cpu, insn->dst));
    FINISH();
}

OP(lmsw_m)
{
    insn_begin(cpu, insn);
    need_ring0(cpu);
    load_msw(cpu, operand_read16(cpu, insn));
    FINISH();
}

OP(invlpg)
{
    insn_begin(cpu, insn);
    need_ring0(cpu);
#if INTERP_WIDE
    LinearAddr base = segment_base(cpu, insn->segment);
#else
    LinearAddr base = cpu->segment[insn->segment].base;
#endif
    tlb_flush_page(cpu, base + insn_address(cpu, insn));
    FINISH();
}

/* INVD and WBINVD have no effect, because there is no cache that the guest could see. */
OP(wbinvd)
{
    insn_begin(cpu, insn);
    need_ring0(cpu);
    NEXT();
}

/* ---- descriptor tables ---- */

static void store_table(Cpu *cpu, const Insn *insn, const CpuTable *table)
{
    EffAddr address = insn_address(cpu, insn);

    need_umip(cpu, insn);
    mem_write16(cpu, insn, insn->segment, address, table->limit);
#if INTERP_WIDE
    mem_write64(cpu, insn, insn->segment, offset_behind(insn, address, 2), table->base);
#else
    mem_write32(cpu, insn, insn->segment, offset_behind(insn, address, 2), (u32)table->base);
#endif
}

OP(sgdt)
{
    store_table(cpu, insn, &cpu->gdtr);
    NEXT();
}

OP(sidt)
{
    store_table(cpu, insn, &cpu->idtr);
    NEXT();
}

/* With 16-bit operands the base has 24 bits.  In 64-bit code it always has 64. */
static u64 load_base(Cpu *cpu, const Insn *insn, EffAddr address)
{
#if INTERP_WIDE
    return mem_read64(cpu, insn, insn->segment, address);
#else
    u32 base = mem_read32(cpu, insn, insn->segment, address);

    return insn->prefix & INSN_OP32 ? base : base & 0xffffff;
#endif
}

static void load_table(Cpu *cpu, const Insn *insn, CpuTable *table)
{
    EffAddr address = insn_address(cpu, insn);

    insn_begin(cpu, insn);
    need_ring0(cpu);
    u16 limit = mem_read16(cpu, insn, insn->segment, address);
    u64 base = load_base(cpu, insn, offset_behind(insn, address, 2));
    if (!linear_is_canonical(base)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    table->limit = limit;
    table->base = base;
}

OP(lgdt)
{
    load_table(cpu, insn, &cpu->gdtr);
    NEXT();
}

OP(lidt)
{
    load_table(cpu, insn, &cpu->idtr);
    NEXT();
}

static u16 system_selector(const Cpu *cpu, const Insn *insn)
{
    return cpu->segment[insn->imm].selector;
}

/* For SLDT and STR.  The immediate is CPU_LDTR or CPU_TR. */
OP(store_system_r16)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    need_umip(cpu, insn);
    reg_put16(cpu, insn->dst, system_selector(cpu, insn));
    NEXT();
}

OP(store_system_r32)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    need_umip(cpu, insn);
    reg_put32(cpu, insn->dst, system_selector(cpu, insn));
    NEXT();
}

#if INTERP_WIDE
OP(store_system_r64)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    need_umip(cpu, insn);
    reg_put64(cpu, insn->dst, system_selector(cpu, insn));
    NEXT();
}
#endif

OP(store_system_m)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    need_umip(cpu, insn);
    operand_write16(cpu, insn, system_selector(cpu, insn));
    NEXT();
}

/* The 16-bit operand of these instructions, in a register or in memory. */
static u16 operand16(Cpu *cpu, const Insn *insn)
{
    return insn->prefix & INSN_MEMORY ? operand_read16(cpu, insn) : *reg16(cpu, insn->src);
}

OP(lldt)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    need_ring0(cpu);
    segment_load_ldtr(cpu, operand16(cpu, insn), VECTOR_GP);
    NEXT();
}

OP(ltr)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    need_ring0(cpu);
    segment_load_tr(cpu, operand16(cpu, insn));
    NEXT();
}

/* ---- looking at descriptors ---- */

/* Whether the current level may access the segment at all. */
static bool descriptor_visible(const Cpu *cpu, u16 selector, const Descriptor *d)
{
    if (descriptor_is_code(d) && descriptor_is_conforming(d)) {
        return true;
    }
    return descriptor_dpl(d) >= cpu->cpl && descriptor_dpl(d) >= (selector & 3u);
}

static bool find_visible(Cpu *cpu, u16 selector, Descriptor *d)
{
    return !selector_is_null(selector) && descriptor_read(cpu, selector, d) &&
           descriptor_visible(cpu, selector, d);
}

/*
 * These are functions of their own, because a handler that passes on the address of
 * a local variable could not end with a tail call.
 */
static __attribute__((noinline)) bool may_read(Cpu *cpu, const Insn *insn)
{
    Descriptor d;

    return find_visible(cpu, operand16(cpu, insn), &d) && !descriptor_is_system(&d) &&
           (!descriptor_is_code(&d) || descriptor_type(&d) & 2);
}

static __attribute__((noinline)) bool may_write(Cpu *cpu, const Insn *insn)
{
    Descriptor d;

    return find_visible(cpu, operand16(cpu, insn), &d) && !descriptor_is_system(&d) &&
           !descriptor_is_code(&d) && descriptor_type(&d) & 2;
}

OP(verr)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    flag_set_zf(cpu, may_read(cpu, insn));
    NEXT();
}

OP(verw)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    flag_set_zf(cpu, may_write(cpu, insn));
    NEXT();
}

/* The system descriptors that LAR and LSL accept, with a bit for each type. */
#define LAR_TYPES 0x1a3eu /* TSS, LDT, call and task gates */
#define LSL_TYPES 0x0a0eu /* TSS, LDT */

static void put_result(Cpu *cpu, const Insn *insn, u32 value)
{
    if (insn->prefix & INSN_OP64) {
        reg_put64(cpu, insn->dst, value);
    } else if (insn->prefix & INSN_OP32) {
        reg_put32(cpu, insn->dst, value);
    } else {
        reg_put16(cpu, insn->dst, (u16)value);
    }
}

static bool find_of_type(Cpu *cpu, u16 selector, u32 types, Descriptor *d)
{
    return find_visible(cpu, selector, d) &&
           (!descriptor_is_system(d) || types >> descriptor_type(d) & 1);
}

static __attribute__((noinline)) bool load_rights(Cpu *cpu, const Insn *insn)
{
    Descriptor d;
    bool ok = find_of_type(cpu, operand16(cpu, insn), LAR_TYPES, &d);

    if (ok) {
        put_result(cpu, insn, d.high & 0x00ffff00);
    }
    return ok;
}

static __attribute__((noinline)) bool load_limit(Cpu *cpu, const Insn *insn)
{
    Descriptor d;
    bool ok = find_of_type(cpu, operand16(cpu, insn), LSL_TYPES, &d);

    if (ok) {
        put_result(cpu, insn, descriptor_segment(&d, 0).limit);
    }
    return ok;
}

OP(lar)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    flag_set_zf(cpu, load_rights(cpu, insn));
    NEXT();
}

OP(lsl)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    flag_set_zf(cpu, load_limit(cpu, insn));
    NEXT();
}

#if !INTERP_WIDE
OP(arpl_r)
{
    u16 *place = reg16(cpu, insn->dst), rpl = *reg16(cpu, insn->src) & 3;

    insn_begin(cpu, insn);
    need_protected(cpu);
    bool lower = (*place & 3) < rpl;
    if (lower) {
        *place = (u16)((*place & ~3u) | rpl);
    }
    flag_set_zf(cpu, lower);
    NEXT();
}

/* The operand is written only if it changes. */
OP(arpl_m)
{
    u16 rpl = *reg16(cpu, insn->src) & 3;

    insn_begin(cpu, insn);
    need_protected(cpu);
    u16 selector = operand_read16(cpu, insn);
    bool lower = (selector & 3) < rpl;
    if (lower) {
        operand_write16(cpu, insn, (u16)((selector & ~3u) | rpl));
    }
    flag_set_zf(cpu, lower);
    NEXT();
}
#endif

/* ---- identification, time, model specific registers ---- */

OP(cpuid)
{
    CpuidAnswer answer = cpuid_answer(cpu, GPR(cpu, CPU_AX), GPR(cpu, CPU_CX));

    GPR_PUT32(cpu, CPU_AX, answer.eax);
    GPR_PUT32(cpu, CPU_BX, answer.ebx);
    GPR_PUT32(cpu, CPU_CX, answer.ecx);
    GPR_PUT32(cpu, CPU_DX, answer.edx);
    NEXT();
}

static void read_tsc(Cpu *cpu, const Insn *insn)
{
    insn_begin(cpu, insn);
    if (cpu->cr4 & CR4_TSD) {
        need_ring0(cpu);
    }
    u64 tsc = cpu_tsc(cpu);
    GPR_PUT32(cpu, CPU_AX, (u32)tsc);
    GPR_PUT32(cpu, CPU_DX, (u32)(tsc >> 32));
}

OP(rdtsc)
{
    read_tsc(cpu, insn);
    FINISH();
}

OP(rdtscp)
{
    read_tsc(cpu, insn);
    GPR_PUT32(cpu, CPU_CX, (u32)cpu->msr.tsc_aux);
    FINISH();
}

OP(rdpid)
{
    put_general(cpu, insn, cpu->msr.tsc_aux);
    NEXT();
}

OP(rdmsr)
{
    insn_begin(cpu, insn);
    need_ring0(cpu);
    u32 index = GPR(cpu, CPU_CX);
    u64 *place = &cpu->rmw.value;
    if (!msr_read(cpu, index, place)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    GPR_PUT32(cpu, CPU_AX, (u32)*place);
    GPR_PUT32(cpu, CPU_DX, (u32)(*place >> 32));
    FINISH();
}

OP(wrmsr)
{
    insn_begin(cpu, insn);
    need_ring0(cpu);
    if (!msr_write(cpu, GPR(cpu, CPU_CX), (u64)GPR(cpu, CPU_DX) << 32 | GPR(cpu, CPU_AX))) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    FINISH();
}
