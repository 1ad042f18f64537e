/*
 * The implementations of a scheduler: threads (scheduler_threads.c), slices
 * (scheduler_slices.c) and the slices of a replay (scheduler_replay.c).
 */
#ifndef PIOEMU_VM_SCHEDULER_INTERNAL_H
#define PIOEMU_VM_SCHEDULER_INTERNAL_H

#include "src/vm/scheduler.h"

/* Each function is what scheduler.h says of the public one with its name. */
typedef struct SchedulerClass {
    void (*init)(CpuScheduler *scheduler);
    void (*clear)(CpuScheduler *scheduler);
    /* A vCPU was made. */
    bool (*add)(CpuScheduler *scheduler, Vcpu *vcpu, GError **error);
    /* Runs the vCPUs until the loop is asked to quit, unless they run by themselves. */
    void (*run)(CpuScheduler *scheduler);
    void (*resume)(CpuScheduler *scheduler);
    void (*sleep)(CpuScheduler *scheduler);
    void (*ask_pause)(CpuScheduler *scheduler);
    /* Asks and waits. */
    void (*pause)(CpuScheduler *scheduler);
    void (*interrupt)(CpuScheduler *scheduler, unsigned index);
    bool (*halted)(const CpuScheduler *scheduler, unsigned index);
    void (*reset)(CpuScheduler *scheduler);
} SchedulerClass;

extern const SchedulerClass THREAD_SCHEDULER, SLICE_SCHEDULER, REPLAY_SCHEDULER;

typedef struct Slices {
    bool sleeping;        /* the CPUs have halted, and no interrupt can change that */
    bool in_run;          /* a CPU is running in a slice */
    bool time_up;         /* the slice has used its time on the host's clock */
    bool realtime;        /* while the CPUs sleep machine time follows the host's */
    uint64_t skip_work;   /* the instruction count at the last skip */
    unsigned fruitless;   /* how many skips in a row led to no instruction */
    guint turn;           /* the index of the CPU that has the turn */
    uint64_t turn_left;   /* in instructions */
    uint64_t real_origin; /* the host's time at machine time 0 */
    uint64_t began;       /* the host's time when the slice began */
    Clock *host;          /* the clock of the host's time */
    LoopTimer *wake;
    void (*skipped)(void *opaque, uint64_t ns); /* NULL: the skips are not recorded */
    void *skipped_opaque;
} Slices;

typedef struct ReplaySource {
    bool (*deliver)(void *opaque);
    uint64_t (*until)(void *opaque);
    void (*stuck)(void *opaque);
    void *opaque;
} ReplaySource;

struct CpuScheduler {
    const SchedulerClass *class;
    Accel *accel;
    Loop *loop;
    Clock *clock;
    VcpuStopped *stopped;
    void *opaque;
    GPtrArray *vcpus;
    GByteArray *parked; /* by CPU: whether it stays where it is */
    bool running;
    GPtrArray *threads;  /* of VcpuThread; THREAD_SCHEDULER */
    Slices slices;       /* SLICE_SCHEDULER and REPLAY_SCHEDULER */
    ReplaySource source; /* REPLAY_SCHEDULER */
};

/* ---- for the two kinds with slices ---- */

/* Calls `next` until the loop is asked to quit. */
void slices_run(CpuScheduler *scheduler, void (*next)(CpuScheduler *scheduler));
/* Runs CPUs by turns to the end of a slice, and for at most `budget` instructions. */
void slices_run_one(CpuScheduler *scheduler, uint64_t (*budget)(const CpuScheduler *scheduler));
bool slices_asleep(const CpuScheduler *scheduler);
/* The `run` of a replay. */
void replay_slices_run(CpuScheduler *scheduler);
/* All CPUs have halted for good, which the machine has been told. */
bool slices_over(CpuScheduler *scheduler);

#endif
