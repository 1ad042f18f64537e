/*
 * Segment registers: descriptors, the checks for loading them, and the values that
 * the fast paths derive from them.
 */
#include "src/accel/soft/x86/access.h"

#define ATTRIBUTES_REAL_DATA (CPU_SEGMENT_P | CPU_SEGMENT_S | 3u)
#define ATTRIBUTES_V86       (ATTRIBUTES_REAL_DATA | CPU_SEGMENT_DPL)

static void derive_ends(const Cpu *cpu, Segment *s)
{
    bool code = s->attributes & 8, bit1 = s->attributes & 2;
    uint64_t end = (uint64_t)s->limit + 1;

    s->read_end = s->write_end = 0;
    if (s->attributes & SEGMENT_UNUSABLE || segment_expands_down(s)) {
        return;
    }
    if (!cpu_protected(cpu)) {
        s->read_end = s->write_end = end;
        return;
    }
    s->read_end = !code || bit1 ? end : 0;
    s->write_end = !code && bit1 ? end : 0;
}

/* In long mode the bit L means 64-bit code, which has no limit. */
static void set_mode(Cpu *cpu, const Segment *cs)
{
    bool wide = cpu_long_mode(cpu) && cs->attributes & CPU_SEGMENT_L;

    cpu->cs_end = wide ? UINT64_MAX : (uint64_t)cs->limit + 1;
    cpu->mode = wide ? 64 : cs->attributes & CPU_SEGMENT_DB ? 32 : 16;
    cpu_place_changed(cpu);
}

void segment_changed(Cpu *cpu, unsigned segment)
{
    Segment *s = &cpu->segment[segment];
    bool big = s->attributes & CPU_SEGMENT_DB;

    derive_ends(cpu, s);
    if (segment == CPU_CS) {
        set_mode(cpu, s);
    } else if (segment == CPU_SS) {
        cpu->stack_mask = big ? UINT32_MAX : 0xffff;
    } else if (segment >= CPU_FS) {
        cpu->wide_base[segment] = s->base;
    }
}

void segment_set_flat(Cpu *cpu, unsigned segment, uint16_t selector, unsigned dpl, bool wide)
{
    bool code = segment == CPU_CS;
    uint32_t size = code && wide ? CPU_SEGMENT_L : CPU_SEGMENT_DB;

    cpu->segment[segment] = (Segment){
        .selector = selector,
        .limit = UINT32_MAX,
        .attributes = (uint16_t)(CPU_SEGMENT_P | CPU_SEGMENT_S | CPU_SEGMENT_G | size | dpl << 5 |
                                 (code ? 0xb : 3)),
    };
    cpu->cs_descriptor = code ? 0 : cpu->cs_descriptor;
    segment_changed(cpu, segment);
}

void segment_set_base(Cpu *cpu, unsigned segment, LinearAddr base)
{
    cpu->segment[segment].base = cpu->wide_base[segment] = base;
}

/* In real mode the limit and the rights stay as protected mode set them. */
void segment_set_real(Cpu *cpu, unsigned segment, uint16_t selector)
{
    Segment *s = &cpu->segment[segment];

    s->selector = selector;
    s->base = (LinearAddr)selector << 4;
    cpu->cs_descriptor = 0;
    if (!cpu_v86(cpu) && !(s->attributes & SEGMENT_UNUSABLE)) {
        return;
    }
    if (cpu_v86(cpu)) {
        s->limit = 0xffff;
        s->attributes = ATTRIBUTES_V86;
    } else if (s->attributes & SEGMENT_UNUSABLE) {
        s->attributes = ATTRIBUTES_REAL_DATA;
        s->limit = 0xffff;
    }
    segment_changed(cpu, segment);
}

uint32_t selector_error(const Cpu *cpu, uint16_t selector)
{
    return (selector & ~3u) | cpu->external;
}

/* ---- descriptors ---- */

bool descriptor_read(Cpu *cpu, uint16_t selector, Descriptor *descriptor)
{
    const Segment *ldt = &cpu->segment[CPU_LDTR];
    uint32_t offset = selector & ~7u;
    bool local = selector & 4;
    uint32_t limit = local ? ldt->limit : cpu->gdtr.limit;

    if ((local && ldt->attributes & SEGMENT_UNUSABLE) || offset + 7 > limit) {
        return false;
    }
    descriptor->address = linear_wrap(cpu, (local ? ldt->base : cpu->gdtr.base) + offset);
    uint64_t raw = system_read_descriptor(cpu, descriptor->address);
    descriptor->low = (uint32_t)raw;
    descriptor->high = (uint32_t)(raw >> 32);
    return true;
}

void descriptor_need(Cpu *cpu, uint16_t selector, uint8_t vector, Descriptor *descriptor)
{
    if (!descriptor_read(cpu, selector, descriptor)) {
        cpu_raise_error(cpu, vector, selector_error(cpu, selector));
    }
}

void descriptor_set_accessed(Cpu *cpu, Descriptor *descriptor)
{
    if (!(descriptor->high & 0x100)) {
        descriptor->high |= 0x100;
        linear_write(cpu, descriptor->address + 5, 1, descriptor->high >> 8 & 0xff, RIGHTS_SYSTEM);
    }
}

Segment descriptor_segment(const Descriptor *d, uint16_t selector)
{
    uint32_t limit = (d->low & 0xffff) | (d->high & 0xf0000);

    return (Segment){
        .selector = selector,
        .base = d->low >> 16 | (d->high & 0xff) << 16 | (d->high & 0xff000000),
        .limit = d->high & 1u << 23 ? limit << 12 | 0xfff : limit,
        .attributes = (uint16_t)(d->high >> 8 & 0xf0ff),
    };
}

static void set_null(Cpu *cpu, unsigned segment, uint16_t selector)
{
    Segment *s = &cpu->segment[segment];

    s->selector = selector;
    s->attributes |= SEGMENT_UNUSABLE;
    if (cpu_long_mode(cpu)) {
        s->base = 0;
    }
    segment_changed(cpu, segment);
}

bool segment_null_stack_allowed(const Cpu *cpu, uint16_t selector, unsigned cpl,
                                const Descriptor *code)
{
    return selector_is_null(selector) && cpu_long_mode(cpu) && descriptor_is_long(code) &&
           cpl < 3 && (selector & 3u) == cpl;
}

void segment_set_null_ss(Cpu *cpu, uint16_t selector, unsigned cpl)
{
    Segment *ss = &cpu->segment[CPU_SS];

    *ss = (Segment){
        .selector = selector,
        .attributes = (uint16_t)(SEGMENT_UNUSABLE | CPU_SEGMENT_DB | cpl << 5),
    };
    segment_changed(cpu, CPU_SS);
}

uint32_t descriptor_upper(Cpu *cpu, uint16_t selector, const Descriptor *descriptor, uint8_t vector)
{
    const Segment *ldt = &cpu->segment[CPU_LDTR];
    uint32_t limit = selector & 4 ? ldt->limit : cpu->gdtr.limit;

    if ((selector & ~7u) + 15 > limit) {
        cpu_raise_error(cpu, vector, selector_error(cpu, selector));
    }
    uint64_t upper = system_read(cpu, descriptor->address + 8, 8);
    /* The type field at the position of a following descriptor must be 0. */
    if (upper >> 40 & 0x1f) {
        cpu_raise_error(cpu, vector, selector_error(cpu, selector));
    }
    return (uint32_t)upper;
}

/* ---- loading ---- */

void segment_need_stack(Cpu *cpu, uint16_t selector, unsigned cpl, uint8_t vector,
                        Descriptor *descriptor)
{
    uint32_t error = selector_error(cpu, selector);

    if (selector_is_null(selector)) {
        cpu_raise_error(cpu, vector, vector == VECTOR_TS ? error : 0);
    }
    descriptor_need(cpu, selector, vector, descriptor);
    bool writable_data = !descriptor_is_system(descriptor) && !descriptor_is_code(descriptor) &&
                         descriptor_type(descriptor) & 2;
    if ((selector & 3u) != cpl || !writable_data || descriptor_dpl(descriptor) != cpl) {
        cpu_raise_error(cpu, vector, error);
    }
    if (!descriptor_present(descriptor)) {
        cpu_raise_error(cpu, VECTOR_SS, error);
    }
}

void segment_set_ss(Cpu *cpu, Descriptor *descriptor, uint16_t selector)
{
    descriptor_set_accessed(cpu, descriptor);
    cpu->segment[CPU_SS] = descriptor_segment(descriptor, selector);
    segment_changed(cpu, CPU_SS);
}

void segment_set_cs(Cpu *cpu, Descriptor *descriptor, uint16_t selector, unsigned cpl)
{
    descriptor_set_accessed(cpu, descriptor);
    cpu->segment[CPU_CS] = descriptor_segment(descriptor, (uint16_t)((selector & ~3u) | cpl));
    cpu->cs_descriptor = (uint64_t)descriptor->high << 32 | descriptor->low;
    segment_changed(cpu, CPU_CS);
    if (cpu->cpl != cpl) {
        cpu->cpl = (uint8_t)cpl;
        cpu_mode_changed(cpu);
    }
}

/* In long mode L and D must not both be set. */
bool descriptor_mode_is_valid(const Cpu *cpu, const Descriptor *code)
{
    return !cpu_long_mode(cpu) || !descriptor_is_long(code) || !(code->high & 1u << 22);
}

void segment_need_offset(Cpu *cpu, const Descriptor *code, uint64_t offset, uint32_t error)
{
    bool wide = cpu_long_mode(cpu) && descriptor_is_long(code);

    if (wide ? !linear_is_canonical(offset) : offset > descriptor_segment(code, 0).limit) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
}

void segment_need_return_code(Cpu *cpu, uint16_t selector, uint64_t offset, Descriptor *code)
{
    uint32_t error = selector & ~3u;
    unsigned rpl = selector & 3;

    if (selector_is_null(selector)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    descriptor_need(cpu, selector, VECTOR_GP, code);
    bool dpl_fits =
        descriptor_is_conforming(code) ? descriptor_dpl(code) <= rpl : descriptor_dpl(code) == rpl;
    if (!descriptor_is_code(code) || rpl < cpu->cpl || !dpl_fits ||
        !descriptor_mode_is_valid(cpu, code)) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (!descriptor_present(code)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
    segment_need_offset(cpu, code, offset, 0);
}

bool segment_is_cs(Cpu *cpu, uint32_t selector)
{
    uint32_t offset = selector & ~7u;

    if (selector != cpu->segment[CPU_CS].selector || selector & 4 || !cpu->cs_descriptor ||
        offset + 7 > cpu->gdtr.limit) {
        return false;
    }
    return system_read_descriptor(cpu, cpu->gdtr.base + offset) == cpu->cs_descriptor;
}

static void need_data(Cpu *cpu, uint16_t selector, Descriptor *descriptor)
{
    uint32_t error = selector_error(cpu, selector);

    descriptor_need(cpu, selector, VECTOR_GP, descriptor);
    bool code = descriptor_is_code(descriptor);
    bool conforming = code && descriptor_is_conforming(descriptor);
    unsigned dpl = descriptor_dpl(descriptor);

    if (descriptor_is_system(descriptor) || (code && !(descriptor_type(descriptor) & 2)) ||
        (!conforming && ((selector & 3u) > dpl || cpu->cpl > dpl))) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (!descriptor_present(descriptor)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
}

void segment_load(Cpu *cpu, unsigned segment, uint16_t selector)
{
    Descriptor descriptor;

    if (!cpu_protected(cpu)) {
        segment_set_real(cpu, segment, selector);
        return;
    }
    if (segment == CPU_SS && cpu->mode == 64 && selector_is_null(selector) && cpu->cpl < 3 &&
        (selector & 3u) == cpu->cpl) {
        segment_set_null_ss(cpu, selector, cpu->cpl);
        return;
    }
    if (segment == CPU_SS) {
        segment_need_stack(cpu, selector, cpu->cpl, VECTOR_GP, &descriptor);
        segment_set_ss(cpu, &descriptor, selector);
        return;
    }
    if (selector_is_null(selector)) {
        set_null(cpu, segment, selector);
        return;
    }
    need_data(cpu, selector, &descriptor);
    descriptor_set_accessed(cpu, &descriptor);
    cpu->segment[segment] = descriptor_segment(&descriptor, selector);
    segment_changed(cpu, segment);
}

/* The base stays, because an MSR may have set it. */
static void drop_segment(Cpu *cpu, unsigned segment)
{
    cpu->segment[segment].selector = 0;
    cpu->segment[segment].attributes |= SEGMENT_UNUSABLE;
    segment_changed(cpu, segment);
}

void segment_drop_inner(Cpu *cpu)
{
    static const uint8_t DATA[] = {CPU_ES, CPU_DS, CPU_FS, CPU_GS};

    for (unsigned i = 0; i < G_N_ELEMENTS(DATA); i++) {
        const Segment *s = &cpu->segment[DATA[i]];
        bool conforming = (s->attributes & 0x1c) == 0x1c;

        if (!conforming && (s->attributes >> 5 & 3) < cpu->cpl) {
            drop_segment(cpu, DATA[i]);
        }
    }
}

/* ---- system segments ---- */

static void need_canonical_base(Cpu *cpu, const Segment *s)
{
    if (!linear_is_canonical(s->base)) {
        cpu_raise_error(cpu, VECTOR_GP, selector_error(cpu, s->selector));
    }
}

void segment_load_ldtr(Cpu *cpu, uint16_t selector, uint8_t vector)
{
    uint32_t error = selector_error(cpu, selector);
    Descriptor descriptor;

    if (selector_is_null(selector)) {
        set_null(cpu, CPU_LDTR, selector);
        return;
    }
    if (selector & 4) {
        cpu_raise_error(cpu, vector, error);
    }
    descriptor_need(cpu, selector, vector, &descriptor);
    if (!descriptor_is_system(&descriptor) || descriptor_type(&descriptor) != TYPE_LDT) {
        cpu_raise_error(cpu, vector, error);
    }
    if (!descriptor_present(&descriptor)) {
        cpu_raise_error(cpu, vector == VECTOR_TS ? VECTOR_TS : VECTOR_NP, error);
    }
    uint32_t upper =
        cpu_long_mode(cpu) ? descriptor_upper(cpu, selector, &descriptor, VECTOR_GP) : 0;
    Segment ldtr = descriptor_segment(&descriptor, selector);
    ldtr.base |= (LinearAddr)upper << 32;
    need_canonical_base(cpu, &ldtr);
    cpu->segment[CPU_LDTR] = ldtr;
}

void segment_load_tr(Cpu *cpu, uint16_t selector)
{
    uint32_t error = selector_error(cpu, selector);
    Descriptor descriptor;

    if (selector_is_null(selector) || selector & 4) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    descriptor_need(cpu, selector, VECTOR_GP, &descriptor);
    unsigned type = descriptor_type(&descriptor);
    bool wide = cpu_long_mode(cpu);
    if (!descriptor_is_system(&descriptor) ||
        (wide ? type != TYPE_TSS64 : (type & 7) != TYPE_TSS16)) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (!descriptor_present(&descriptor)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
    uint32_t upper = wide ? descriptor_upper(cpu, selector, &descriptor, VECTOR_GP) : 0;
    Segment tr = descriptor_segment(&descriptor, selector);
    tr.base |= (LinearAddr)upper << 32;
    need_canonical_base(cpu, &tr);
    linear_write(cpu, descriptor.address + 4, 4, descriptor.high | 0x200, RIGHTS_SYSTEM);
    tr.attributes |= 2u;
    cpu->segment[CPU_TR] = tr;
}
