/*
 * Privileged and system instructions.  They end their blocks unless they only
 * read.
 */
#include "src/accel/soft/interp/handlers.h"

static void need_ring0(Cpu *cpu)
{
    if (cpu->cpl != 0) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

/* Instructions that exist in protected mode only. */
static void need_protected(Cpu *cpu)
{
    if (!cpu_protected(cpu)) {
        cpu_raise(cpu, VECTOR_UD);
    }
}

/* ---- interrupts and flags ----------------------------------------------- */

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

OP(pushf32)
{
    need_pushf(cpu, insn);
    push32(cpu, insn, flags_get(cpu) & ~(CPU_FLAG_VM | CPU_FLAG_RF));
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

#define POPF_MASK (FLAGS_ARITHMETIC | CPU_FLAG_TF | CPU_FLAG_DF | CPU_FLAG_NT)

OP(popf16)
{
    need_pushf(cpu, insn);
    u32 flags = stack_top16(cpu, insn);
    stack_set_pointer(cpu, stack_offset(cpu, 2));
    pop_flags(cpu, flags, POPF_MASK);
    FINISH();
}

OP(popf32)
{
    need_pushf(cpu, insn);
    u32 flags = stack_top32(cpu, insn) & ~CPU_FLAG_RF;
    stack_set_pointer(cpu, stack_offset(cpu, 4));
    pop_flags(cpu, flags, POPF_MASK | CPU_FLAG_AC | CPU_FLAG_ID | CPU_FLAG_RF);
    FINISH();
}

OP(hlt)
{
    insn_begin(cpu, insn);
    need_ring0(cpu);
    cpu->rip = insn_next_rip(cpu, insn);
    cpu->halted = true;
    return NULL;
}

/* A CPU that waits for another lets it go on, at once: whose turn it is must not hang on blocks. */
OP(pause)
{
    cpu->yielded = cpu->yields;
    if (cpu->yielded) {
        cpu->rip = insn_next_rip(cpu, insn);
        return NULL;
    }
    FINISH();
}

/* ---- control and debug registers: dst or src is the general one --------- */

static u32 *general(Cpu *cpu, const Insn *insn)
{
    return reg32(cpu, insn->dst);
}

static void need_control_register(Cpu *cpu, unsigned n)
{
    if (n == 1 || n > 4) {
        cpu_raise(cpu, VECTOR_UD);
    }
    need_ring0(cpu);
}

/* imm is the number of the register. */
OP(mov_r_control)
{
    insn_begin(cpu, insn);
    need_control_register(cpu, insn->imm);
    switch (insn->imm) {
    case 0:
        *general(cpu, insn) = (u32)cpu->cr0;
        break;
    case 2:
        *general(cpu, insn) = (u32)cpu->cr2;
        break;
    case 3:
        *general(cpu, insn) = (u32)cpu->cr3;
        break;
    default:
        *general(cpu, insn) = (u32)cpu->cr4;
        break;
    }
    NEXT();
}

OP(mov_control_r)
{
    u32 value = *general(cpu, insn);

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
    default:
        control_set_cr4(cpu, value);
        break;
    }
    FINISH();
}

#define DR6_FIXED 0xffff0ff0u
#define DR7_FIXED 0x400u
#define DR7_GD    0x2000u
#define DR6_BD    0x2000u

/* DR4 and DR5 are DR6 and DR7 unless CR4.DE says they do not exist. */
static unsigned debug_register(Cpu *cpu, const Insn *insn)
{
    unsigned n = insn->imm;

    if ((n == 4 || n == 5) && cpu->cr4 & CR4_DE) {
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
    *general(cpu, insn) = (u32)cpu->dr[debug_register(cpu, insn)];
    NEXT();
}

OP(mov_debug_r)
{
    u32 value = *general(cpu, insn);

    insn_begin(cpu, insn);
    unsigned n = debug_register(cpu, insn);
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

OP(smsw_r16)
{
    *reg16(cpu, insn->dst) = (u16)cpu->cr0;
    NEXT();
}

OP(smsw_r32)
{
    *reg32(cpu, insn->dst) = (u32)cpu->cr0;
    NEXT();
}

OP(smsw_m)
{
    operand_write16(cpu, insn, (u16)cpu->cr0);
    NEXT();
}

/* LMSW sets PE and never clears it. */
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
    tlb_flush_page(cpu, cpu->segment[insn->segment].base + insn_address(cpu, insn));
    FINISH();
}

/* INVD, WBINVD: there is no cache that the guest could see. */
OP(wbinvd)
{
    insn_begin(cpu, insn);
    need_ring0(cpu);
    NEXT();
}

/* ---- descriptor tables -------------------------------------------------- */

static void store_table(Cpu *cpu, const Insn *insn, const CpuTable *table)
{
    u32 address = insn_address(cpu, insn);

    insn_begin(cpu, insn);
    mem_write16(cpu, insn, insn->segment, address, table->limit);
    mem_write32(cpu, insn, insn->segment, (address + 2) & insn->address_mask, (u32)table->base);
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

/* With 16-bit operands the base has 24 bits. */
static void load_table(Cpu *cpu, const Insn *insn, CpuTable *table)
{
    u32 address = insn_address(cpu, insn);

    insn_begin(cpu, insn);
    need_ring0(cpu);
    u16 limit = mem_read16(cpu, insn, insn->segment, address);
    u32 base = mem_read32(cpu, insn, insn->segment, (address + 2) & insn->address_mask);
    table->limit = limit;
    table->base = insn->prefix & INSN_OP32 ? base : base & 0xffffff;
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

/* SLDT and STR: imm is CPU_LDTR or CPU_TR. */
OP(store_system_r16)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    *reg16(cpu, insn->dst) = system_selector(cpu, insn);
    NEXT();
}

OP(store_system_r32)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    *reg32(cpu, insn->dst) = system_selector(cpu, insn);
    NEXT();
}

OP(store_system_m)
{
    insn_begin(cpu, insn);
    need_protected(cpu);
    operand_write16(cpu, insn, system_selector(cpu, insn));
    NEXT();
}

/* The 16-bit operand of these, wherever it is. */
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

/* ---- looking at descriptors --------------------------------------------- */

/* Whether the current level may know of the segment at all. */
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
 * Kept out of their handlers, which could not be left by a tail call with the
 * address of a local variable given away.
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

/* System descriptors that LAR and LSL answer for, a bit per type. */
#define LAR_TYPES 0x1a3eu /* TSS, LDT, call and task gates */
#define LSL_TYPES 0x0a0eu /* TSS, LDT */

static void put_result(Cpu *cpu, const Insn *insn, u32 value)
{
    if (insn->prefix & INSN_OP32) {
        *reg32(cpu, insn->dst) = value;
    } else {
        *reg16(cpu, insn->dst) = (u16)value;
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

/* The operand is written only when it changes. */
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

/* ---- identification, time, model specific registers --------------------- */

#define CPUID_SIGNATURE 0x611u /* family 6 for CMOV, model 1, stepping 1 */

static void set_cpuid(Cpu *cpu, u32 a, u32 b, u32 c, u32 d)
{
    GPR(cpu, CPU_AX) = a;
    GPR(cpu, CPU_BX) = b;
    GPR(cpu, CPU_CX) = c;
    GPR(cpu, CPU_DX) = d;
}

#define FOUR(a, b, c, d) ((u32)(a) | (u32)(b) << 8 | (u32)(c) << 16 | (u32)(d) << 24)

OP(cpuid)
{
    const CpuFeatures *features = &cpu_accel(cpu)->features;

    switch (GPR(cpu, CPU_AX)) {
    case 0:
        set_cpuid(cpu, 1, FOUR('P', 'i', 'o', 'e'), FOUR('6', 'C', 'P', 'U'),
                  FOUR('m', 'u', 'X', '8'));
        break;
    case 1:
        set_cpuid(cpu, CPUID_SIGNATURE, cpu->vcpu.index << 24,
                  cpu_features_word(features, 1, 0, CPUID_ECX),
                  cpu_features_word(features, 1, 0, CPUID_EDX));
        break;
    default:
        set_cpuid(cpu, 0, 0, 0, 0);
        break;
    }
    NEXT();
}

OP(rdtsc)
{
    insn_begin(cpu, insn);
    if (cpu->cr4 & CR4_TSD) {
        need_ring0(cpu);
    }
    u64 tsc = cpu_tsc(cpu);
    GPR(cpu, CPU_AX) = (u32)tsc;
    GPR(cpu, CPU_DX) = (u32)(tsc >> 32);
    FINISH();
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
    GPR(cpu, CPU_AX) = (u32)*place;
    GPR(cpu, CPU_DX) = (u32)(*place >> 32);
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

/* ---- the coprocessor that is not there ---------------------------------- */

/* ESC: #NM when the system asks for it; otherwise nobody answers. */
OP(escape)
{
    insn_begin(cpu, insn);
    if (cpu->cr0 & (CPU_CR0_EM | CPU_CR0_TS)) {
        cpu_raise(cpu, VECTOR_NM);
    }
    NEXT();
}

OP(wait)
{
    insn_begin(cpu, insn);
    if ((cpu->cr0 & (CPU_CR0_MP | CPU_CR0_TS)) == (CPU_CR0_MP | CPU_CR0_TS)) {
        cpu_raise(cpu, VECTOR_NM);
    }
    NEXT();
}
