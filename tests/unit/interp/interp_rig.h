/*
 * A machine for the tests of the software CPU: RAM, a bus with a range of ports and
 * a page of memory-mapped registers that record all accesses, and one or several
 * vCPUs.
 *
 * Nothing runs by itself: a test sets a state, writes code, and steps.
 */
#ifndef PIOEMU_INTERP_RIG_H
#define PIOEMU_INTERP_RIG_H

#include "src/accel/soft/soft.h"

/* With a sanitizer the tests do less, and do not touch its shadow memory. */
#if defined(__SANITIZE_ADDRESS__)
#define RIG_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RIG_SANITIZED 1
#endif
#endif
#ifndef RIG_SANITIZED
#define RIG_SANITIZED 0
#endif

/* The sanitizer's own memory begins above this.  An access to it by the host does not fault. */
#define RIG_SHADOW_START UINT64_C(0x7ff00000)

static inline bool rig_is_sanitizers(uint64_t address)
{
    return RIG_SANITIZED && address >= RIG_SHADOW_START;
}

/* The ports RIG_PORT to RIG_PORT + RIG_PORT_COUNT - 1 belong to the recorder. */
#define RIG_PORT       0x200u
#define RIG_PORT_COUNT 0x100u
/* A write of n begins n pieces of work, each of which counts as RIG_SLOW_COST. */
#define RIG_SLOW_PORT 0x400u
#define RIG_SLOW_COST 10u
/* One page of memory-mapped registers, backed by Rig.mmio. */
#define RIG_MMIO       UINT64_C(0xf0000000)
#define RIG_MMIO_SIZE  0x1000u
#define RIG_ACCESS_MAX 64u
#define RIG_CPUS_MAX   4u

typedef struct RigAccess {
    uint32_t offset; /* from RIG_PORT or RIG_MMIO */
    uint32_t value;
    uint8_t size;
    bool write;
    bool memory;
} RigAccess;

typedef struct Rig Rig;
struct Rig {
    Memory *memory;
    Bus *bus;
    Accel *accel;
    Vcpu *vcpu; /* the first one */
    Vcpu *vcpus[RIG_CPUS_MAX];
    unsigned cpus;
    GHashTable *options;
    CpuTrace *trace;
    RigAccess access[RIG_ACCESS_MAX]; /* as many as fit, from the first one on */
    unsigned access_count;
    uint8_t mmio[RIG_MMIO_SIZE];
    uint32_t port_input; /* what a read of the ports returns */
    uint8_t irq_vector;  /* what the acknowledge cycle returns; the cycle deasserts INTR */
    unsigned acknowledged;
    unsigned slow_left, slow_done;
    bool slow_overrun; /* a write came before the work of an earlier one had finished */
    /* Optional.  Called inside each recorded access, after it has been recorded. */
    void (*on_access)(Rig *rig, const RigAccess *access);
    /*
     * How often a run asked for the host's time.  After every `looks_between` of
     * them the run ends (0: never).
     */
    unsigned looks, looks_between, looks_left, cuts;
    void *opaque; /* for the test */
};

/* Makes a machine with `ram_size` bytes at 0.  `paranoid` stands for -accel soft,paranoid=on. */
Rig *rig_new(uint64_t ram_size, bool paranoid);
/* Likewise with several CPUs.  The functions rig_*() are for the first. */
Rig *rig_new_cpus(uint64_t ram_size, unsigned cpus, bool paranoid);
/* Likewise with the trace of -d.  It belongs to the caller and must outlive the rig. */
Rig *rig_new_traced(uint64_t ram_size, CpuTrace *trace);
void rig_free(Rig *rig);
/* NULL: this host does not let a program make code. */
const struct TranslatorCounts *rig_translator_counts(const Rig *rig);

void rig_set(Rig *rig, const CpuState *state);
CpuState rig_get(Rig *rig);

/* Writes as a device does: the CPU is told. */
void rig_write(Rig *rig, uint64_t address, const void *data, size_t size);
void rig_write16(Rig *rig, uint64_t address, uint16_t value);
void rig_write32(Rig *rig, uint64_t address, uint32_t value);
void rig_write64(Rig *rig, uint64_t address, uint64_t value);
void rig_fill(Rig *rig, uint64_t address, uint8_t value, size_t size);
void rig_read(Rig *rig, uint64_t address, void *data, size_t size);
uint8_t rig_read8(Rig *rig, uint64_t address);
uint16_t rig_read16(Rig *rig, uint64_t address);
uint32_t rig_read32(Rig *rig, uint64_t address);

/*
 * Executes `count` instructions, or fewer if the CPU stops, and returns the reason.
 * There may be more if items of a repetition reach a device together.
 */
VcpuStop rig_step(Rig *rig, uint64_t count);
/* Runs until HLT or another stop.  Fails the test after `limit` instructions. */
VcpuStop rig_run(Rig *rig, uint64_t limit);

void rig_set_intr(Rig *rig, bool level);
void rig_pulse_nmi(Rig *rig);

/* The 8-byte descriptor of a segment.  `limit` is in bytes, or with G in pages. */
uint64_t rig_descriptor(uint32_t base, uint32_t limit, uint32_t attributes);
/* A gate.  `access` has type, DPL and P as in a descriptor. */
uint64_t rig_gate(uint16_t selector, uint32_t offset, uint8_t access, uint8_t count);
/* The contents of a segment register after `selector` with `descriptor` was loaded. */
CpuSegment rig_segment(uint16_t selector, uint64_t descriptor);
/* The contents of a segment register in real or virtual-8086 mode. */
CpuSegment rig_real_segment(uint16_t selector);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

#endif
