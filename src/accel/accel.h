/*
 * The accelerator seam: what runs the guest's instructions.
 *
 * There are three backends.  `kvm` runs each vCPU in a thread of its own.  The
 * software CPU runs in the loop's thread, a slice at a time.  `qtest` has no CPU at
 * all.  An access that leaves the CPU calls one of the two access functions of the
 * bus from inside run().  So a vCPU stops only for something that the bus cannot
 * do.
 */
#ifndef PIOEMU_ACCEL_H
#define PIOEMU_ACCEL_H

#include "src/board/bus.h"
#include "src/board/irq.h"
#include "src/board/memory.h"
#include "src/cpu/cpu_model.h"
#include "src/cpu/cpu_state.h"
#include "src/cpu/cpu_topology.h"
#include "src/cpu/cpu_trace.h"

#include <stdatomic.h>

typedef struct Accel Accel;
typedef struct Vcpu Vcpu;

typedef enum VcpuStop {
    VCPU_KICKED,       /* vcpu_kick(): the caller looks at what was asked and calls run() again */
    VCPU_SLICE_DONE,   /* not threaded: the budget is used up, or a deadline is due */
    VCPU_YIELDED,      /* not threaded: waits for what another CPU does (PAUSE) */
    VCPU_HALTED,       /* HLT, interrupts enabled: wait for an interrupt */
    VCPU_HALTED_DEAD,  /* HLT, interrupts disabled: no device can end it */
    VCPU_TRIPLE_FAULT, /* shutdown cycle */
    VCPU_RESET,        /* the CPU or the firmware asked for a reset */
    VCPU_POWEROFF,
    VCPU_DEBUG, /* for a debugger; Vcpu.debug_stop says why */
    VCPU_FAILED /* the accelerator cannot continue; Vcpu.failure says why */
} VcpuStop;

/* What run() would do. */
typedef enum VcpuActivity {
    VCPU_ACTIVE,
    VCPU_WAITING, /* for an interrupt */
    VCPU_DEAD     /* HLT with interrupts disabled, or never started: needs another CPU or an NMI */
} VcpuActivity;

typedef enum DebugKind { DEBUG_EXECUTE, DEBUG_WRITE, DEBUG_READ, DEBUG_ACCESS } DebugKind;

/*
 * Where a CPU stops for a debugger: before the instruction at `address`, or
 * after one that accessed any of the `size` bytes there.  Addresses are linear.
 */
typedef struct DebugPoint {
    DebugKind kind;
    bool hardware; /* DEBUG_EXECUTE: the guest's memory may not be changed for it */
    uint64_t address, size;
} DebugPoint;

/* Why run() returned VCPU_DEBUG. */
typedef struct DebugStop {
    bool stepped;     /* Vcpu.step was set and an instruction was done; else: */
    DebugPoint point; /* what the CPU reached */
    bool halted;      /* threaded: it waits for an interrupt, as after VCPU_HALTED */
} DebugStop;

/* A position in a repeatable run. */
typedef struct VcpuPosition {
    uint64_t instructions; /* executed by all CPUs */
    unsigned cpu;          /* the one that runs, or ran last */
    uint16_t cs;
    uint32_t eip;
} VcpuPosition;

/* What is known about the registers of a CPU that died, if the host did not keep them. */
typedef struct VcpuRemains {
    bool seen;       /* the other fields are valid */
    uint64_t age_ms; /* the registers are at most this much older than the CPU's end */
    CpuState state;  /* general, segment and control registers; the rest is 0 */
} VcpuRemains;

/* What an accelerator needs from the machine. */
typedef struct AccelHost {
    Bus *bus;
    Memory *memory;
    /* The interrupt acknowledge cycle of a CPU.  Returns the vector. */
    uint8_t (*acknowledge)(void *opaque, unsigned cpu);
    /*
     * Not threaded: true if run() has used the loop's thread long enough. run()
     * asks now and then, and returns VCPU_SLICE_DONE at the next instruction.
     * NULL: it never has.
     */
    bool (*time_is_up)(void *opaque);
    /*
     * Not threaded: machine time in ns, which is the CPUs' work and what they
     * slept.  NULL: they never sleep.
     */
    uint64_t (*now)(void *opaque);
    /* IRQCHIP_SPLIT: a local APIC has ended the interrupt of a level message. */
    void (*end_of_interrupt)(void *opaque, BusInitiator *by, uint8_t vector);
    void *opaque;
    Irqchip irqchip;
    unsigned cpu_count;
    CpuTopology topology; /* all 0: one socket with a core for each CPU */
    bool pic_is_set_up;   /* IRQCHIP_KERNEL: the PIC starts as a BIOS leaves it, and not masked */
    bool local_apic;      /* the machine has local APICs, and CPUID says so */
    CpuModel model;
    /* A line about a mistake of the guest.  Any thread may call it; may be NULL. */
    void (*guest_error)(void *opaque, const char *message);
    /* A line for the user while the accelerator is opened; may be NULL. */
    void (*warn)(void *opaque, const char *message);
    CpuTrace *trace;     /* what AccelClass.traces logs to; NULL: nothing */
    GHashTable *options; /* the options of -accel NAME,key=value: char * to char * */
} AccelHost;

typedef enum SplitSupport {
    SPLIT_NONE,
    SPLIT_LOSES_ENDS, /* a level interrupt may come only once if the CPU halts after it */
    SPLIT_WORKS
} SplitSupport;

typedef struct AccelClass {
    const char *name;
    const char *const *aliases; /* other names that -accel takes; NULL if none */
    const char *description;
    bool threaded;               /* run() is called in a separate thread for each vCPU */
    bool has_cpu;                /* false: there are no vCPUs, and only open() and close() are
                                    called */
    bool traces;                 /* it sees the guest's instructions: AccelHost.trace */
    bool has_irqchip;            /* it has IRQCHIP_KERNEL */
    bool (*has_long_mode)(void); /* NULL: its CPUs never have long mode, on any host */
    size_t accel_size, vcpu_size;
    const char *const *options; /* keys of -accel NAME,key=value; NULL if none */
    /* True if this host can run it.  The check is quick and leaves nothing behind. */
    bool (*probe)(GHashTable *options, GError **error);
    /* Whether this host has IRQCHIP_SPLIT.  Called after probe().  NULL: no host has it. */
    SplitSupport (*probe_split)(GHashTable *options);
    /*
     * Called in this order.  Each one fails with a message for the user.  After a
     * failure its counterpart is called, which undoes what has been done.
     */
    bool (*open)(Accel *accel, GError **error);
    bool (*create_vcpu)(Vcpu *vcpu, GError **error);
    void (*destroy_vcpu)(Vcpu *vcpu);
    void (*close)(Accel *accel);

    /*
     * Not threaded: the CPUs take turns, and their work is the machine's clock.
     * work_time() is their work in ns. instructions_in() is the number of
     * instructions in `ns`, rounded up. set_budget() says how many instructions the
     * next run() may execute.
     */
    uint64_t (*work_time)(const Accel *accel);
    uint64_t (*instructions_in)(const Accel *accel, uint64_t ns);
    void (*set_budget)(Vcpu *vcpu, uint64_t instructions);
    /* The position of the CPUs; may be called inside run(). */
    void (*position)(const Accel *accel, VcpuPosition *position);
    VcpuActivity (*activity)(const Vcpu *vcpu);

    /* Runs until something happens that the caller must decide. */
    VcpuStop (*run)(Vcpu *vcpu);
    /* Makes run() return soon.  Any thread and any signal handler may call it. */
    void (*kick)(Vcpu *vcpu);
    /* Vcpu.intr, nmi, init or start has changed.  Any thread may call it. */
    void (*interrupt_changed)(Vcpu *vcpu);
    /*
     * True if posted writes are waiting.  A kick makes the vCPU deliver them.  Any
     * thread may call it.  NULL: there are no posted writes.
     */
    bool (*posted_waiting)(Accel *accel);
    /* Sets whether posted writes may be late.  No vCPU runs.  NULL: they never are late. */
    void (*set_posting)(Accel *accel, bool on);
    void (*set_a20)(Accel *accel, bool on);
    /* Called only while the vCPU does not run. */
    bool (*get_state)(Vcpu *vcpu, CpuState *state, GError **error);
    bool (*set_state)(Vcpu *vcpu, const CpuState *state, GError **error);
    /*
     * Called only while the vCPU does not run.  True if it died and get_state()
     * returns other registers than those at its death.  NULL: they are always kept.
     */
    bool (*remains)(Vcpu *vcpu, VcpuRemains *remains);
    /*
     * Called while the vCPU does not run: machine time stops (true) or continues.
     * NULL: the accelerator has no clock.
     */
    void (*stand_still)(Vcpu *vcpu, bool on);
    /* A device or loader has written to guest memory. */
    void (*memory_written)(Accel *accel, uint64_t address, size_t size);
    /* The memory at these addresses of AccelHost.memory was replaced or removed. */
    void (*memory_changed)(Accel *accel, uint64_t address, uint64_t size);
    /*
     * Accel.debug_points has changed.  No vCPU runs.  False: this host cannot
     * stop at all of them.  NULL: the accelerator cannot be debugged.
     */
    bool (*debug_changed)(Accel *accel, GError **error);
    /* The items of AccelHost.trace have changed, while no vCPU runs.  NULL if !traces. */
    void (*trace_changed)(Accel *accel);
    /* Appends lines about its translator of code.  NULL: it never has one. */
    void (*describe_translator)(const Accel *accel, GString *text);
    /* Resets the vCPU and its interrupt controllers to power-on.  set_state() follows. */
    bool (*reset_vcpu)(Vcpu *vcpu, GError **error);

    /* IRQCHIP_KERNEL: drives ISA line `irq`; returns whether its last edge is still pending. */
    void (*irq_set)(Accel *accel, unsigned irq, bool level);
    bool (*irq_pending)(Accel *accel, unsigned irq);
    /*
     * IRQCHIP_SPLIT: a device writes to `address`.  If a local APIC owns it, the
     * write is a message.  Any thread may call it.
     */
    void (*send_message)(Accel *accel, uint64_t address, uint32_t data);
    /*
     * For other controllers than IRQCHIP_USER, while the vCPU does not run: true if
     * it has halted or was never started, and nothing here can wake it.
     */
    bool (*is_dead)(Vcpu *vcpu);
} AccelClass;

/* The size of a cache line. */
#define VCPU_ALIGNMENT 64u

/* The number of MSRs that are reported.  A guest can try four billion. */
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
    DebugPoint *debug_points; /* owned */
    size_t debug_point_count;
};

struct Vcpu {
    BusInitiator initiator; /* must be first */
    Accel *accel;
    unsigned index;
    atomic_bool intr; /* the level of the INTR pin */
    atomic_bool nmi;  /* an NMI edge is pending */
    /* Not threaded: requests of vcpu_ask_*().  INIT is done before the start. */
    bool init;
    bool start;
    uint8_t start_vector;
    atomic_int thread_id; /* of the thread that runs it; 0: the loop's */
    char *failure;        /* why run() returned VCPU_FAILED; owned */
    bool step; /* run() does one instruction or takes one interrupt; set while it does not run */
    DebugStop debug_stop;
};

extern const AccelClass accel_kvm_class;
extern const AccelClass accel_qtest_class;

/* All accelerators; the list ends with NULL.  The default tries them in this order. */
const AccelClass *const *accel_classes(void);

/* The class of "name,key=value", or NULL. */
const AccelClass *accel_find_class(const char *text);
/* Parses "name,key=value".  The caller frees the options. */
bool accel_parse(const char *text, const AccelClass **class, GHashTable **options, GError **error);

/*
 * Reports that a guest used an MSR that does not exist, once for each MSR.  Any
 * thread may call it.
 */
void accel_unknown_msr(Vcpu *vcpu, uint32_t index, bool write, uint64_t value);

/* `host` is copied.  What it points to must outlive the accelerator. */
Accel *accel_new(const AccelClass *class, const AccelHost *host, GError **error);
/* To be called after its vCPUs are freed. */
void accel_free(Accel *accel);

/*
 * No vCPU runs: these points, which are copied, take the place of those before.
 * On failure the ones before stay.
 */
bool accel_set_debug_points(Accel *accel, const DebugPoint *points, size_t count, GError **error);

Vcpu *vcpu_new(Accel *accel, unsigned index, GError **error);
void vcpu_free(Vcpu *vcpu);
/*
 * Not threaded; to be called between two instructions of this CPU, or in an access
 * of another one.  An INIT cancels an earlier start.  A start begins at `vector` <<
 * 12 if the CPU waits for one; only the first start counts.  The caller then calls
 * interrupt_changed().
 */
void vcpu_ask_init(Vcpu *vcpu);
void vcpu_ask_start(Vcpu *vcpu, uint8_t vector);

#endif
