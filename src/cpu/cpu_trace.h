/*
 * What -d in_asm, int, cpu, exec and mmu log.  An accelerator that sees the guest's
 * instructions calls the functions here, which make the lines of the log.
 *
 * The thread that runs the vCPU makes all calls.
 */
#ifndef PIOEMU_CPU_CPU_TRACE_H
#define PIOEMU_CPU_CPU_TRACE_H

#include "src/base/log.h"
#include "src/cpu/cpu_state.h"

typedef struct CpuTrace CpuTrace;

/* Takes a piece of the log: one event or several lines of one, without a newline at the end. */
typedef void CpuTraceSink(void *opaque, const char *text);

/*
 * `items` are LogItem bits; `filter` is what address_filter_new() takes, or
 * NULL.  Freed by the caller.
 */
CpuTrace *cpu_trace_new(unsigned items, const char *filter, CpuTraceSink *sink, void *opaque,
                        GError **error);
void cpu_trace_free(CpuTrace *trace);
/* Changes the items.  The accelerator has to be told (AccelClass.trace_changed). */
void cpu_trace_set(CpuTrace *trace, unsigned items);

/* Whether any of these items is logged; NULL logs nothing. */
bool cpu_trace_wants(const CpuTrace *trace, unsigned items);
/* Whether code at linear addresses first..last is to be logged. */
bool cpu_trace_covers(const CpuTrace *trace, uint64_t first, uint64_t last);

/* The CPU that the event belongs to.  The lines name it if there are others. */
typedef struct TracedCpu {
    bool has_others;
    unsigned number;
} TracedCpu;

/* Consecutive instructions, each with its length in bytes. */
typedef struct TracedCode {
    TracedCpu cpu;
    uint64_t address; /* the linear address of the first */
    uint16_t cs;
    uint64_t ip;   /* the instruction pointer for the first, as the guest has it */
    unsigned bits; /* 16, 32 or 64 */
    unsigned count;
    const uint8_t *bytes, *lengths;
} TracedCode;

/* in_asm */
void cpu_trace_decoded(CpuTrace *trace, const TracedCode *code);

/* Code that is about to run. */
typedef struct TracedEntry {
    TracedCpu cpu;
    uint64_t address, last; /* linear addresses of its first and last byte */
    uint64_t done;          /* instructions that all CPUs executed before: the number of the
                               first one here */
    unsigned bits, count, cpl;
} TracedEntry;

/* exec; and cpu if `state` is not NULL */
void cpu_trace_entered(CpuTrace *trace, const TracedEntry *entry, const CpuState *state);

/* mmu: a control register was changed. */
void cpu_trace_control(CpuTrace *trace, TracedCpu cpu, const char *name, uint64_t value);

typedef struct TracedPlace {
    uint16_t cs;
    uint64_t ip;
    unsigned cpl;
} TracedPlace;

typedef enum TracedCause { TRACED_EXCEPTION, TRACED_SOFTWARE, TRACED_HARDWARE } TracedCause;

typedef struct TracedInterrupt {
    TracedCpu cpu;
    uint8_t vector;
    TracedCause cause;
    bool has_error;
    uint32_t error;
    uint64_t cr2;         /* of a page fault */
    TracedPlace from, to; /* from: the instruction itself, or the next one for an event from
                             outside. to: the handler */
} TracedInterrupt;

/*
 * The first logs an interrupt or exception that was delivered (int).  The second
 * logs one that could not be delivered while `during` was being delivered, which
 * shuts the CPU down.
 */
void cpu_trace_interrupt(CpuTrace *trace, const TracedInterrupt *taken);
void cpu_trace_shutdown(CpuTrace *trace, const TracedInterrupt *lost, uint8_t during);

#endif
