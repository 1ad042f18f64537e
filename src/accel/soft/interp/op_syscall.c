/*
 * The fast ways into the system and back, SYSCALL and SYSENTER, and SWAPGS, which
 * exchanges the base of GS on the way.
 */
#include "src/accel/soft/interp/handlers.h"

static void need_ring0(Cpu *cpu)
{
    if (cpu->cpl != 0) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

static void need_canonical_target(Cpu *cpu, u64 rip)
{
    if (!linear_is_canonical(rip)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

/* Loads flat segments without reading their descriptors. */
static void enter_flat(Cpu *cpu, u16 cs, u16 ss, unsigned cpl, bool wide)
{
    segment_set_flat(cpu, CPU_CS, (u16)((cs & ~3u) | cpl), cpl, wide);
    segment_set_flat(cpu, CPU_SS, (u16)((ss & ~3u) | cpl), cpl, wide);
    cpu->cpl = (u8)cpl;
    cpu_mode_changed(cpu);
}

/* STAR contains the selectors of CS for the system and for programs.  SS has the next selector. */
#define STAR_SYSTEM_CS(star)  ((u16)((star) >> 32))
#define STAR_PROGRAM_CS(star) ((u16)((star) >> 48))

static void need_syscall(Cpu *cpu, const Insn *insn)
{
    insn_begin(cpu, insn);
    if (!(cpu->msr.efer & CPU_EFER_SCE)) {
        cpu_raise(cpu, VECTOR_UD);
    }
}

/*
 * Unlike other instructions, SYSCALL and SYSRET are trapped if the new flags have
 * TF, so that the system call as a whole is one step of the program.
 */
static void put_flags_and_trap(Cpu *cpu, u32 flags)
{
    flags_put(cpu, flags);
    cpu->stepping = false;
    if (flags & CPU_FLAG_TF) {
        cpu->debug_pending |= DR6_BS;
    }
    cpu_mode_changed(cpu);
}

static void enter_system(Cpu *cpu, u64 target, u32 cleared, bool wide)
{
    u16 cs = STAR_SYSTEM_CS(cpu->msr.star);
    u32 flags = flags_get(cpu) & ~(cleared | CPU_FLAG_RF | CPU_FLAG_VM);

    cpu->rip = target;
    enter_flat(cpu, cs, (u16)(cs + 8), 0, wide);
    put_flags_and_trap(cpu, flags);
}

/* Long mode: programs of 32 and of 64 bits have a target each. */
static void enter_long_system(Cpu *cpu, u64 return_rip, u64 target)
{
    GPR64(cpu, CPU_CX) = return_rip;
    cpu->gpr[11] = flags_get(cpu) & ~CPU_FLAG_RF;
    enter_system(cpu, target, (u32)cpu->msr.sfmask, true);
}

static void return_to_program(Cpu *cpu, u64 rip, u32 flags, bool wide)
{
    u16 base = STAR_PROGRAM_CS(cpu->msr.star);

    cpu->rip = rip;
    enter_flat(cpu, (u16)(base + (wide ? 16 : 0)), (u16)(base + 8), 3, wide);
    put_flags_and_trap(cpu, flags);
}

#if !INTERP_WIDE

/*
 * 32-bit code has SYSCALL on AMD's processors, and a kernel that finds their vendor
 * in CPUID offers it to its programs.  Without long mode, STAR has the target.
 */
OP(syscall)
{
    need_syscall(cpu, insn);
    if (!cpu_protected(cpu)) {
        cpu_raise(cpu, VECTOR_UD);
    }
    u32 next = (u32)insn_next_rip(cpu, insn);
    if (cpu_long_mode(cpu)) {
        enter_long_system(cpu, next, cpu->msr.cstar);
    } else {
        GPR(cpu, CPU_CX) = next;
        enter_system(cpu, (u32)cpu->msr.star, CPU_FLAG_IF, false);
    }
    return NULL;
}

OP(sysret32)
{
    need_syscall(cpu, insn);
    if (!cpu_protected(cpu)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    need_ring0(cpu);
    return_to_program(cpu, GPR(cpu, CPU_CX), flags_get(cpu) | CPU_FLAG_IF, false);
    return NULL;
}

#else

OP(syscall)
{
    need_syscall(cpu, insn);
    enter_long_system(cpu, insn_next_rip(cpu, insn), cpu->msr.lstar);
    JUMP_ATTENTIVE();
}

#define SYSRET_FLAGS 0x3c7fd7u

static void sysret(Cpu *cpu, const Insn *insn, bool wide)
{
    need_syscall(cpu, insn);
    need_ring0(cpu);
    u64 rip = wide ? GPR64(cpu, CPU_CX) : GPR(cpu, CPU_CX);
    need_canonical_target(cpu, rip);
    return_to_program(cpu, rip, (u32)cpu->gpr[11] & SYSRET_FLAGS, wide);
}

/* Returns to 32-bit code.  The next block is looked up for that mode. */
OP(sysret32)
{
    sysret(cpu, insn, false);
    return NULL;
}

OP(sysret64)
{
    sysret(cpu, insn, true);
    JUMP_ATTENTIVE();
}

OP(swapgs)
{
    insn_begin(cpu, insn);
    need_ring0(cpu);
    LinearAddr base = cpu->segment[CPU_GS].base;
    segment_set_base(cpu, CPU_GS, cpu->msr.kernel_gs_base);
    cpu->msr.kernel_gs_base = base;
    NEXT();
}

static void need_fsgsbase(Cpu *cpu, const Insn *insn)
{
    insn_begin(cpu, insn);
    if (!(cpu->cr4 & CR4_FSGSBASE)) {
        cpu_raise(cpu, VECTOR_UD);
    }
}

#define DEFINE_SEGMENT_BASE(name, SEGMENT, N)                                                      \
    OP(rd##name##base##N)                                                                          \
    {                                                                                              \
        need_fsgsbase(cpu, insn);                                                                  \
        reg_put##N(cpu, insn->dst, (u##N)cpu->segment[SEGMENT].base);                              \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(wr##name##base##N)                                                                          \
    {                                                                                              \
        need_fsgsbase(cpu, insn);                                                                  \
        need_canonical_target(cpu, *reg##N(cpu, insn->dst));                                       \
        segment_set_base(cpu, SEGMENT, *reg##N(cpu, insn->dst));                                   \
        NEXT();                                                                                    \
    }

DEFINE_SEGMENT_BASE(fs, CPU_FS, 32)
DEFINE_SEGMENT_BASE(fs, CPU_FS, 64)
DEFINE_SEGMENT_BASE(gs, CPU_GS, 32)
DEFINE_SEGMENT_BASE(gs, CPU_GS, 64)

#endif

/* ---- SYSENTER ---- */

static void need_sysenter(Cpu *cpu, const Insn *insn)
{
    insn_begin(cpu, insn);
    if (!cpu_protected(cpu) || !(cpu->msr.sysenter_cs & 0xfffc)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

/* In long mode it leads to 64-bit code. */
OP(sysenter)
{
    need_sysenter(cpu, insn);
    bool wide = cpu_long_mode(cpu);
    u16 cs = (u16)cpu->msr.sysenter_cs & 0xfffc;

    flags_put(cpu, flags_get(cpu) & ~(CPU_FLAG_VM | CPU_FLAG_IF | CPU_FLAG_RF));
    enter_flat(cpu, cs, (u16)(cs + 8), 0, wide);
    GPR64(cpu, CPU_SP) = wide ? cpu->msr.sysenter_esp : (u32)cpu->msr.sysenter_esp;
    cpu->rip = wide ? cpu->msr.sysenter_eip : (u32)cpu->msr.sysenter_eip;
    return NULL;
}

/*
 * RCX is the new stack pointer and RDX the new instruction pointer.  With REX.W it
 * leads to 64-bit code.
 */
static void exit_system(Cpu *cpu, const Insn *insn, bool wide)
{
    need_sysenter(cpu, insn);
    need_ring0(cpu);
    u64 rip = wide ? GPR64(cpu, CPU_DX) : GPR(cpu, CPU_DX);
    u64 rsp = wide ? GPR64(cpu, CPU_CX) : GPR(cpu, CPU_CX);
    u16 cs = (u16)((cpu->msr.sysenter_cs & 0xfffc) + (wide ? 32 : 16));
    if (wide) {
        need_canonical_target(cpu, rip);
        need_canonical_target(cpu, rsp);
    }
    enter_flat(cpu, cs, (u16)(cs + 8), 3, wide);
    GPR64(cpu, CPU_SP) = rsp;
    cpu->rip = rip;
}

OP(sysexit32)
{
    exit_system(cpu, insn, false);
    return NULL;
}

#if INTERP_WIDE
OP(sysexit64)
{
    exit_system(cpu, insn, true);
    return NULL;
}
#endif

/* ---- SMAP ---- */

/* This changes which table of translations is used, but no translation. */
static void set_ac(Cpu *cpu, const Insn *insn, bool on)
{
    insn_begin(cpu, insn);
    if (cpu->cpl != 0) {
        cpu_raise(cpu, VECTOR_UD);
    }
    cpu->eflags = on ? cpu->eflags | CPU_FLAG_AC : cpu->eflags & ~CPU_FLAG_AC;
    cpu_mode_changed(cpu);
}

OP(clac)
{
    set_ac(cpu, insn, false);
    NEXT();
}

OP(stac)
{
    set_ac(cpu, insn, true);
    NEXT();
}
