/*
 * The accelerator seam: what runs the guest's instructions.
 *
 * Three backends fit it.  `kvm` runs each vCPU in a thread of its own; the
 * software CPU runs in the loop's thread, a slice at a time; `qtest` has no
 * CPU at all.  Accesses that leave the CPU go to the two access functions of
 * the bus from inside run(), so a vCPU only stops for what the bus cannot
 * serve.
 */
#ifndef PIOEMU_ACCEL_H
#define PIOEMU_ACCEL_H

#include "src/board/bus.h"
#include "src/board/irq.h"
#include "src/board/memory.h"
#include "src/cpu/cpu_model.h"
#include "src/cpu/cpu_state.h"
#include "src/cpu/cpu_trace.h"

#include <stdatomic.h>

typedef struct Accel Accel;
typedef struct Vcpu Vcpu;

typedef enum VcpuStop {
    VCPU_KICKED,       /* vcpu_kick(): look at what was asked and run again */
    VCPU_SLICE_DONE,   /* not threaded: the budget is used up or a deadline is due */
    VCPU_YIELDED,      /* not threaded: waits for what another CPU does (PAUSE) */
    VCPU_HALTED,       /* HLT, interrupts enabled: wait for an interrupt */
    VCPU_HALTED_DEAD,  /* HLT, interrupts disabled: nothing that the machine does ends it */
    VCPU_TRIPLE_FAULT, /* shutdown cycle */
    VCPU_RESET,        /* the CPU or the firmware asked for a reset */
    VCPU_POWEROFF,
    VCPU_FAILED /* the accelerator cannot go on; Vcpu.failure says why */
} VcpuStop;

/* Whether run() would do anything. */
typedef enum VcpuActivity {
    VCPU_ACTIVE,
    VCPU_WAITING, /* for an interrupt */
    VCPU_DEAD     /* HLT with interrupts disabled, or never started: for another CPU or an NMI */
} VcpuActivity;

/* What tells one moment of a repeatable run from another. */
typedef struct VcpuPosition {
    uint64_t instructions; /* executed by all CPUs */
    unsigned cpu;          /* that runs, or ran last */
    uint16_t cs;
    uint32_t eip;
} VcpuPosition;

/* What is known of the registers of a CPU that died, where the host did not keep them. */
typedef struct VcpuRemains {
    bool seen;       /* whether the rest says anything */
    uint64_t age_ms; /* at most so long before its end */
    CpuState state;  /* the general, segment and control registers of then; the rest is 0 */
} VcpuRemains;

/* What an accelerator needs of the machine. */
typedef struct AccelHost {
    Bus *bus;
    Memory *memory;
    /* The interrupt acknowledge cycle of a CPU; yields the vector. */
    uint8_t (*acknowledge)(void *opaque, unsigned cpu);
    /*
     * Not threaded: whether run() has had the loop's thread long enough.  It is
     * asked every so often, and then returns VCPU_SLICE_DONE between any two
     * instructions.  NULL: there is time.
     */
    bool (*time_is_up)(void *opaque);
    /* IRQCHIP_SPLIT: a local APIC ends the interrupt of a level message. */
    void (*end_of_interrupt)(void *opaque, BusInitiator *by, uint8_t vector);
    void *opaque;
    Irqchip irqchip;
    unsigned cpu_count;
    bool pic_is_set_up; /* IRQCHIP_KERNEL: as a BIOS leaves it, not masked */
    bool local_apic;    /* the machine has one: CPUID says so */
    CpuModel model;
    /* What the guest did wrong, in a line; any thread; NULL: nobody wants to know. */
    void (*guest_error)(void *opaque, const char *message);
    CpuTrace *trace;     /* what AccelClass.traces logs; NULL: nothing */
    GHashTable *options; /* of -accel NAME,key=value: char * to char * */
} AccelHost;

typedef enum SplitSupport {
    SPLIT_NONE,
    SPLIT_LOSES_ENDS, /* a level interrupt may come only once if the CPU halts after it */
    SPLIT_WORKS
} SplitSupport;

typedef struct AccelClass {
    const char *name;
    const char *const *aliases; /* other names that -accel takes; NULL: none */
    const char *description;
    bool threaded;               /* run() is called in a thread per vCPU */
    bool has_cpu;                /* false: there are no vCPUs, and only open() and close() */
    bool traces;                 /* sees the guest's instructions: AccelHost.trace */
    bool has_irqchip;            /* IRQCHIP_KERNEL can be asked for */
    bool (*has_long_mode)(void); /* NULL: its CPUs have none, here or anywhere */
    size_t accel_size, vcpu_size;
    const char *const *options; /* keys of -accel NAME,key=value; NULL: none */
    /* Whether this host can do it at all; cheap, leaves nothing behind. */
    bool (*probe)(GHashTable *options, GError **error);
    /* Whether this host has IRQCHIP_SPLIT, after probe(); NULL: no host has. */
    SplitSupport (*probe_split)(GHashTable *options);
    /*
     * Called in this order; each fails with a message for the user, and is
     * then followed by its counterpart, which undoes what there is.
     */
    bool (*open)(Accel *accel, GError **error);
    bool (*create_vcpu)(Vcpu *vcpu, GError **error);
    void (*destroy_vcpu)(Vcpu *vcpu);
    void (*close)(Accel *accel);

    /*
     * Not threaded: the CPUs take turns, and their work is the machine's clock.
     * How long they have worked in ns; how many instructions take `ns`,
     * rounded up; how many the next run() may execute.
     */
    uint64_t (*work_time)(const Accel *accel);
    uint64_t (*instructions_in)(const Accel *accel, uint64_t ns);
    void (*set_budget)(Vcpu *vcpu, uint64_t instructions);
    /* Where they are, also from inside run(). */
    void (*position)(const Accel *accel, VcpuPosition *position);
    VcpuActivity (*activity)(const Vcpu *vcpu);

    /* Runs until something only the caller can decide. */
    VcpuStop (*run)(Vcpu *vcpu);
    /* Makes run() return soon.  Any thread, and signal handlers. */
    void (*kick)(Vcpu *vcpu);
    /* Vcpu.intr, nmi, init or start changed.  Any thread. */
    void (*interrupt_changed)(Vcpu *vcpu);
    /*
     * Posted writes wait: a kick makes the vCPU deliver them.  Any thread;
     * NULL: writes are never late.
     */
    bool (*posted_waiting)(Accel *accel);
    void (*set_a20)(Accel *accel, bool on);
    /* Only while the vCPU is not running. */
    bool (*get_state)(Vcpu *vcpu, CpuState *state, GError **error);
    bool (*set_state)(Vcpu *vcpu, const CpuState *state, GError **error);
    /*
     * Only while the vCPU is not running: true if it died and get_state() gives
     * other registers than those of its death.  NULL: they are always kept.
     */
    bool (*remains)(Vcpu *vcpu, VcpuRemains *remains);
    /* Not running: machine time stands still from now on, or goes on; NULL: it has no clock. */
    void (*stand_still)(Vcpu *vcpu, bool on);
    /* A device or loader wrote guest memory. */
    void (*memory_written)(Accel *accel, uint64_t address, size_t size);
    /* Back to power-on, its interrupt controllers included; set_state() follows. */
    bool (*reset_vcpu)(Vcpu *vcpu, GError **error);

    /* IRQCHIP_KERNEL: drives ISA line `irq`; whether its last edge still waits. */
    void (*irq_set)(Accel *accel, unsigned irq, bool level);
    bool (*irq_pending)(Accel *accel, unsigned irq);
    /* IRQCHIP_SPLIT: a device's write to `address`, a message if a local APIC has it.  Any thread.
     */
    void (*send_message)(Accel *accel, uint64_t address, uint32_t data);
    /*
     * Not IRQCHIP_USER, and not running: halted, or never started, and nothing
     * here can wake it.
     */
    bool (*is_dead)(Vcpu *vcpu);
} AccelClass;

/* Of a Vcpu: a cache line. */
#define VCPU_ALIGNMENT 64u

/* More than these are not told apart: a guest can try four billion. */
#define ACCEL_UNKNOWN_MSRS 64u

/* Backends begin their own structs with these. */
struct Accel {
    const AccelClass *class;
    AccelHost host;
    struct {
        GMutex lock;
        unsigned count;
        uint32_t told[ACCEL_UNKNOWN_MSRS];
    } unknown_msrs;
};

struct Vcpu {
    BusInitiator initiator; /* first */
    Accel *accel;
    unsigned index;
    atomic_bool intr; /* level of the INTR pin */
    atomic_bool nmi;  /* an NMI edge waits */
    /* Not threaded: asked for by vcpu_ask_*(); INIT comes before the start. */
    bool init;
    bool start;
    uint8_t start_vector;
    char *failure; /* owned; why run() returned VCPU_FAILED */
};

extern const AccelClass accel_kvm_class;
extern const AccelClass accel_qtest_class;

/* NULL-terminated, in the order in which they are tried. */
const AccelClass *const *accel_classes(void);

/* The class that "name,key=value" names, or NULL. */
const AccelClass *accel_find_class(const char *text);
/* "name,key=value"; the caller frees the options. */
bool accel_parse(const char *text, const AccelClass **class, GHashTable **options, GError **error);

/* A guest used a model specific register that is not there: said once for each.  Any thread. */
void accel_unknown_msr(Vcpu *vcpu, uint32_t index, bool write, uint64_t value);

/* `host` is copied; what it points to outlives the accelerator. */
Accel *accel_new(const AccelClass *class, const AccelHost *host, GError **error);
/* After its vCPUs. */
void accel_free(Accel *accel);

Vcpu *vcpu_new(Accel *accel, unsigned index, GError **error);
void vcpu_free(Vcpu *vcpu);
/*
 * Not threaded, between two instructions of this CPU or in an access of
 * another's: an INIT, which makes a start before it moot, and a start at
 * `vector` << 12 if it waits for one; of several the first counts.
 * interrupt_changed() follows.
 */
void vcpu_ask_init(Vcpu *vcpu);
void vcpu_ask_start(Vcpu *vcpu, uint8_t vector);

#endif
