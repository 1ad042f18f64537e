#include "src/control/gdb_registers.h"

#include <string.h>

/* Offsets in the FXSAVE image ("FXSAVE" in volume 2 of Intel's manual). */
#define FXSAVE_STATUS 2u
#define FXSAVE_TAG    4u
#define FXSAVE_OPCODE 6u
#define FXSAVE_IP     8u
#define FXSAVE_DP     16u
#define FXSAVE_MXCSR  24u
#define FXSAVE_ST     32u
#define FXSAVE_XMM    160u
#define FXSAVE_STEP   16u

typedef struct Register {
    const char *name;
    const char *type;
    uint16_t offset; /* in CpuState */
    uint8_t stored;  /* how many bytes CpuState has */
    uint8_t size;    /* how many bytes gdb sees */
} Register;

/* A group of registers. gdb looks for some groups by their names. */
typedef struct Feature {
    const char *name;
    const char *types; /* the types of its registers, in XML; NULL: gdb knows the types */
    const char *group; /* for "info registers GROUP"; NULL: gdb knows the group by the feature's
                          name */
    const Register *registers;
    unsigned count;
} Feature;

#define FIELD(member) (uint16_t) offsetof(CpuState, member), sizeof(((CpuState *)NULL)->member)
#define FX(at)        (uint16_t)(offsetof(CpuState, fxsave) + (at))

#define GPR(name_, index, size_)                                                                   \
    {                                                                                              \
        name_, size_ == 8 ? "int64" : "int32", FIELD(gpr[index]), size_                            \
    }
#define POINTER(name_, type_, member, size_)                                                       \
    {                                                                                              \
        name_, type_, FIELD(member), size_                                                         \
    }
#define SELECTOR(name_, index)                                                                     \
    {                                                                                              \
        name_, "int32", FIELD(segment[index].selector), 4                                          \
    }
#define SELECTORS                                                                                  \
    SELECTOR("cs", CPU_CS), SELECTOR("ss", CPU_SS), SELECTOR("ds", CPU_DS),                        \
        SELECTOR("es", CPU_ES), SELECTOR("fs", CPU_FS), SELECTOR("gs", CPU_GS)
#define ST(n)                                                                                      \
    {                                                                                              \
        "st" #n, "i387_ext", FX(FXSAVE_ST + n * FXSAVE_STEP), 10, 10                               \
    }
#define XMM(n)                                                                                     \
    {                                                                                              \
        "xmm" #n, "vec128", FX(FXSAVE_XMM + n * FXSAVE_STEP), 16, 16                               \
    }
#define FPU(name_, at, stored_)                                                                    \
    {                                                                                              \
        name_, "int", FX(at), stored_, 4                                                           \
    }
#define X87                                                                                        \
    ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7), FPU("fctrl", 0, 2),                    \
        FPU("fstat", FXSAVE_STATUS, 2), FPU("ftag", FXSAVE_TAG, 1),                                \
        FPU("fiseg", FXSAVE_IP + 4, 2), FPU("fioff", FXSAVE_IP, 4),                                \
        FPU("foseg", FXSAVE_DP + 4, 2), FPU("fooff", FXSAVE_DP, 4), FPU("fop", FXSAVE_OPCODE, 2)
#define MXCSR                                                                                      \
    {                                                                                              \
        "mxcsr", "i386_mxcsr", FX(FXSAVE_MXCSR), 4, 4                                              \
    }
#define XMM_LOW XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7)

static const Register CORE32[] = {
    GPR("eax", CPU_AX, 4),
    GPR("ecx", CPU_CX, 4),
    GPR("edx", CPU_DX, 4),
    GPR("ebx", CPU_BX, 4),
    POINTER("esp", "data_ptr", gpr[CPU_SP], 4),
    POINTER("ebp", "data_ptr", gpr[CPU_BP], 4),
    GPR("esi", CPU_SI, 4),
    GPR("edi", CPU_DI, 4),
    POINTER("eip", "code_ptr", rip, 4),
    POINTER("eflags", "i386_eflags", rflags, 4),
    SELECTORS,
    X87,
};

static const Register CORE64[] = {
    GPR("rax", CPU_AX, 8),
    GPR("rbx", CPU_BX, 8),
    GPR("rcx", CPU_CX, 8),
    GPR("rdx", CPU_DX, 8),
    GPR("rsi", CPU_SI, 8),
    GPR("rdi", CPU_DI, 8),
    POINTER("rbp", "data_ptr", gpr[CPU_BP], 8),
    POINTER("rsp", "data_ptr", gpr[CPU_SP], 8),
    GPR("r8", 8, 8),
    GPR("r9", 9, 8),
    GPR("r10", 10, 8),
    GPR("r11", 11, 8),
    GPR("r12", 12, 8),
    GPR("r13", 13, 8),
    GPR("r14", 14, 8),
    GPR("r15", 15, 8),
    POINTER("rip", "code_ptr", rip, 8),
    POINTER("eflags", "i386_eflags", rflags, 4),
    SELECTORS,
    X87,
};

static const Register SSE32[] = {XMM_LOW, MXCSR};
static const Register SSE64[] = {XMM_LOW, XMM(8),  XMM(9),  XMM(10), XMM(11),
                                 XMM(12), XMM(13), XMM(14), XMM(15), MXCSR};

/* Addresses are plain numbers for gdb, so that they can be added to pointers. */
#define LINEAR(name_, member, size_)                                                               \
    {                                                                                              \
        name_, size_ == 8 ? "uint64" : "uint32", FIELD(member), size_                              \
    }
#define BASE(name_, index, size_) LINEAR(name_, segment[index].base, size_)

static const Register SEGMENTS64[] = {BASE("fs_base", CPU_FS, 8), BASE("gs_base", CPU_GS, 8)};

#define SYSTEM(size_)                                                                              \
    BASE("cs_base", CPU_CS, size_), BASE("ss_base", CPU_SS, size_),                                \
        BASE("ds_base", CPU_DS, size_), BASE("es_base", CPU_ES, size_),                            \
        POINTER("cr0", "x86_cr0", cr0, 4), LINEAR("cr2", cr2, size_), LINEAR("cr3", cr3, size_),   \
        POINTER("cr4", "x86_cr4", cr4, 4), POINTER("efer", "x86_efer", msr.efer, 4),               \
        LINEAR("gdt_base", gdtr.base, size_), POINTER("gdt_limit", "int32", gdtr.limit, 4),        \
        LINEAR("idt_base", idtr.base, size_), POINTER("idt_limit", "int32", idtr.limit, 4),        \
        POINTER("ldt", "int32", segment[CPU_LDTR].selector, 4), BASE("ldt_base", CPU_LDTR, size_), \
        POINTER("tr", "int32", segment[CPU_TR].selector, 4), BASE("tr_base", CPU_TR, size_)

static const Register SYSTEM32[] = {SYSTEM(4), BASE("fs_base", CPU_FS, 4),
                                    BASE("gs_base", CPU_GS, 4)};
static const Register SYSTEM64[] = {SYSTEM(8), POINTER("cr8", "int64", cr8, 8),
                                    LINEAR("k_gs_base", msr.kernel_gs_base, 8)};

static const char CORE_TYPES[] =
    "<flags id=\"i386_eflags\" size=\"4\">"
    "<field name=\"CF\" start=\"0\" end=\"0\"/><field name=\"\" start=\"1\" end=\"1\"/>"
    "<field name=\"PF\" start=\"2\" end=\"2\"/><field name=\"AF\" start=\"4\" end=\"4\"/>"
    "<field name=\"ZF\" start=\"6\" end=\"6\"/><field name=\"SF\" start=\"7\" end=\"7\"/>"
    "<field name=\"TF\" start=\"8\" end=\"8\"/><field name=\"IF\" start=\"9\" end=\"9\"/>"
    "<field name=\"DF\" start=\"10\" end=\"10\"/><field name=\"OF\" start=\"11\" end=\"11\"/>"
    "<field name=\"NT\" start=\"14\" end=\"14\"/><field name=\"RF\" start=\"16\" end=\"16\"/>"
    "<field name=\"VM\" start=\"17\" end=\"17\"/><field name=\"AC\" start=\"18\" end=\"18\"/>"
    "<field name=\"VIF\" start=\"19\" end=\"19\"/><field name=\"VIP\" start=\"20\" end=\"20\"/>"
    "<field name=\"ID\" start=\"21\" end=\"21\"/></flags>";

static const char SSE_TYPES[] =
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
    "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
    "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
    "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
    "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
    "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
    "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
    "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
    "<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
    "<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" type=\"uint128\"/></union>"
    "<flags id=\"i386_mxcsr\" size=\"4\">"
    "<field name=\"IE\" start=\"0\" end=\"0\"/><field name=\"DE\" start=\"1\" end=\"1\"/>"
    "<field name=\"ZE\" start=\"2\" end=\"2\"/><field name=\"OE\" start=\"3\" end=\"3\"/>"
    "<field name=\"UE\" start=\"4\" end=\"4\"/><field name=\"PE\" start=\"5\" end=\"5\"/>"
    "<field name=\"DAZ\" start=\"6\" end=\"6\"/><field name=\"IM\" start=\"7\" end=\"7\"/>"
    "<field name=\"DM\" start=\"8\" end=\"8\"/><field name=\"ZM\" start=\"9\" end=\"9\"/>"
    "<field name=\"OM\" start=\"10\" end=\"10\"/><field name=\"UM\" start=\"11\" end=\"11\"/>"
    "<field name=\"PM\" start=\"12\" end=\"12\"/><field name=\"FZ\" start=\"15\" end=\"15\"/>"
    "</flags>";

static const char SYSTEM_TYPES[] =
    "<flags id=\"x86_cr0\" size=\"4\">"
    "<field name=\"PE\" start=\"0\" end=\"0\"/><field name=\"MP\" start=\"1\" end=\"1\"/>"
    "<field name=\"EM\" start=\"2\" end=\"2\"/><field name=\"TS\" start=\"3\" end=\"3\"/>"
    "<field name=\"ET\" start=\"4\" end=\"4\"/><field name=\"NE\" start=\"5\" end=\"5\"/>"
    "<field name=\"WP\" start=\"16\" end=\"16\"/><field name=\"AM\" start=\"18\" end=\"18\"/>"
    "<field name=\"NW\" start=\"29\" end=\"29\"/><field name=\"CD\" start=\"30\" end=\"30\"/>"
    "<field name=\"PG\" start=\"31\" end=\"31\"/></flags>"
    "<flags id=\"x86_cr4\" size=\"4\">"
    "<field name=\"VME\" start=\"0\" end=\"0\"/><field name=\"PVI\" start=\"1\" end=\"1\"/>"
    "<field name=\"TSD\" start=\"2\" end=\"2\"/><field name=\"DE\" start=\"3\" end=\"3\"/>"
    "<field name=\"PSE\" start=\"4\" end=\"4\"/><field name=\"PAE\" start=\"5\" end=\"5\"/>"
    "<field name=\"MCE\" start=\"6\" end=\"6\"/><field name=\"PGE\" start=\"7\" end=\"7\"/>"
    "<field name=\"PCE\" start=\"8\" end=\"8\"/><field name=\"OSFXSR\" start=\"9\" end=\"9\"/>"
    "<field name=\"OSXMMEXCPT\" start=\"10\" end=\"10\"/>"
    "<field name=\"UMIP\" start=\"11\" end=\"11\"/><field name=\"LA57\" start=\"12\" end=\"12\"/>"
    "<field name=\"VMXE\" start=\"13\" end=\"13\"/><field name=\"SMXE\" start=\"14\" end=\"14\"/>"
    "<field name=\"FSGSBASE\" start=\"16\" end=\"16\"/>"
    "<field name=\"PCIDE\" start=\"17\" end=\"17\"/>"
    "<field name=\"OSXSAVE\" start=\"18\" end=\"18\"/>"
    "<field name=\"SMEP\" start=\"20\" end=\"20\"/><field name=\"SMAP\" start=\"21\" end=\"21\"/>"
    "<field name=\"PKE\" start=\"22\" end=\"22\"/></flags>"
    "<flags id=\"x86_efer\" size=\"4\">"
    "<field name=\"SCE\" start=\"0\" end=\"0\"/><field name=\"LME\" start=\"8\" end=\"8\"/>"
    "<field name=\"LMA\" start=\"10\" end=\"10\"/><field name=\"NXE\" start=\"11\" end=\"11\"/>"
    "<field name=\"SVME\" start=\"12\" end=\"12\"/></flags>";

#define CORE     "org.gnu.gdb.i386.core", CORE_TYPES, NULL
#define SSE      "org.gnu.gdb.i386.sse", SSE_TYPES, NULL
#define SYSTEMS  "org.pioemu.gdb.i386.system", SYSTEM_TYPES, "system"
#define OF(list) list, G_N_ELEMENTS(list)

#define FEATURES_MAX 4u

typedef struct Arch {
    const char *name;
    Feature features[FEATURES_MAX]; /* the first one without a name ends the list */
} Arch;

#define FEATURES32                                                                                 \
    {                                                                                              \
        {CORE, OF(CORE32)}, {SSE, OF(SSE32)}, {SYSTEMS, OF(SYSTEM32)},                             \
    }

static const Arch ARCHS[GDB_ARCH_COUNT] = {
    [GDB_I8086] = {"i8086", FEATURES32},
    [GDB_I386] = {"i386", FEATURES32},
    [GDB_X86_64] = {"i386:x86-64",
                    {{CORE, OF(CORE64)},
                     {SSE, OF(SSE64)},
                     {"org.gnu.gdb.i386.segments", NULL, NULL, OF(SEGMENTS64)},
                     {SYSTEMS, OF(SYSTEM64)}}},
};

/* ---- which ---- */

const char *gdb_arch_name(GdbArch arch)
{
    return ARCHS[arch].name;
}

GdbArch gdb_arch_find(const char *name)
{
    unsigned i = 0;
    while (i < GDB_ARCH_COUNT && strcmp(ARCHS[i].name, name) != 0) {
        i++;
    }
    return i == GDB_ARCH_COUNT && !strcmp(name, "x86-64") ? GDB_X86_64 : (GdbArch)i;
}

GdbArch gdb_arch_of(const CpuState *state)
{
    if (state->msr.efer & CPU_EFER_LMA) {
        return GDB_X86_64;
    }
    return state->cr0 & CPU_CR0_PE ? GDB_I386 : GDB_I8086;
}

/* ---- the description ---- */

static void describe_feature(const Feature *feature, GString *xml)
{
    g_string_append_printf(xml, "<feature name=\"%s\">%s", feature->name,
                           feature->types ? feature->types : "");
    for (unsigned i = 0; i < feature->count; i++) {
        const Register *r = &feature->registers[i];
        g_string_append_printf(xml, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"", r->name,
                               r->size * 8u, r->type);
        if (feature->group) {
            g_string_append_printf(xml, " group=\"%s\"", feature->group);
        } else if (!strcmp(r->type, "int")) {
            g_string_append(xml, " group=\"float\"");
        }
        g_string_append(xml, "/>");
    }
    g_string_append(xml, "</feature>");
}

void gdb_describe(GdbArch arch, GString *xml)
{
    g_string_append_printf(xml,
                           "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
                           "<target version=\"1.0\"><architecture>%s</architecture>",
                           ARCHS[arch].name);
    for (unsigned i = 0; i < FEATURES_MAX && ARCHS[arch].features[i].name; i++) {
        describe_feature(&ARCHS[arch].features[i], xml);
    }
    g_string_append(xml, "</target>");
}

/* ---- values ---- */

unsigned gdb_register_count(GdbArch arch)
{
    unsigned count = 0;
    for (unsigned i = 0; i < FEATURES_MAX; i++) {
        count += ARCHS[arch].features[i].count;
    }
    return count;
}

static const Register *find_register(GdbArch arch, unsigned number)
{
    const Feature *feature = ARCHS[arch].features;
    while (number >= feature->count) {
        number -= feature->count;
        feature++;
    }
    return &feature->registers[number];
}

unsigned gdb_register_size(GdbArch arch, unsigned number)
{
    return find_register(arch, number)->size;
}

static bool is_tag(const Register *r)
{
    return r->offset == FX(FXSAVE_TAG);
}

enum { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

/*
 * The tag that fits the value of an x87 register.  Sign and exponent are above the
 * 64 bits of the fraction.
 */
static unsigned tag_of(const uint8_t *value)
{
    uint64_t fraction;
    uint16_t exponent;
    memcpy(&fraction, value, sizeof(fraction));
    memcpy(&exponent, value + sizeof(fraction), sizeof(exponent));
    exponent &= 0x7fff;
    if (!exponent && !fraction) {
        return TAG_ZERO;
    }
    return exponent && exponent != 0x7fff && fraction >> 63 ? TAG_VALID : TAG_SPECIAL;
}

/* FXSAVE has one bit for each register. gdb wants the two bits of FSAVE. */
static uint16_t full_tag(const CpuState *state)
{
    unsigned top = state->fxsave[FXSAVE_STATUS + 1] >> 3 & 7, tag = 0;
    for (unsigned i = 0; i < 8; i++) {
        unsigned in_stack = (i - top) & 7;
        bool used = state->fxsave[FXSAVE_TAG] >> i & 1;
        const uint8_t *value = &state->fxsave[FXSAVE_ST + in_stack * FXSAVE_STEP];
        tag |= (used ? tag_of(value) : TAG_EMPTY) << i * 2;
    }
    return (uint16_t)tag;
}

static uint8_t short_tag(const uint8_t *full)
{
    unsigned tag = full[0] | (unsigned)full[1] << 8, bits = 0;
    for (unsigned i = 0; i < 8; i++) {
        bits |= (unsigned)((tag >> i * 2 & 3) != TAG_EMPTY) << i;
    }
    return (uint8_t)bits;
}

void gdb_register_get(GdbArch arch, unsigned number, const CpuState *state, uint8_t *value)
{
    const Register *r = find_register(arch, number);
    memset(value, 0, r->size);
    if (is_tag(r)) {
        uint16_t tag = full_tag(state);
        memcpy(value, &tag, sizeof(tag));
    } else {
        memcpy(value, (const uint8_t *)state + r->offset, MIN(r->stored, r->size));
    }
}

static void follow_selector(const Register *r, CpuState *state)
{
    bool real = !(state->cr0 & CPU_CR0_PE) || state->rflags & CPU_FLAG_VM;
    for (unsigned i = 0; real && i <= CPU_GS; i++) {
        if (r->offset == offsetof(CpuState, segment[i].selector)) {
            state->segment[i].base = (uint64_t)state->segment[i].selector << 4;
        }
    }
}

void gdb_register_set(GdbArch arch, unsigned number, CpuState *state, const uint8_t *value)
{
    const Register *r = find_register(arch, number);
    uint8_t *place = (uint8_t *)state + r->offset;
    if (is_tag(r)) {
        *place = short_tag(value);
    } else if (memcmp(place, value, MIN(r->stored, r->size)) != 0) {
        memcpy(place, value, MIN(r->stored, r->size));
        follow_selector(r, state);
    }
}
