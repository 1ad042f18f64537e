/*
 * How instructions are counted, handed out and turned into machine time.
 *
 * Each CPU has been granted a number of instructions.  `fuel` is the portion of them
 * that the blocks may use before the run loop's next turn, and `reserve` is the rest.
 * The machine's time is the count of all CPUs' instructions, at a fixed rate.
 */
#include "src/accel/soft/run.h"

/* Instructions between two looks at what other threads may have set, and at the host's time. */
#define PORTION 16384

void cpu_leave_soon(Cpu *cpu)
{
    if (cpu->fuel > 0) {
        cpu->reserve += (uint64_t)cpu->fuel;
        cpu->fuel = 0;
    }
}

void cpu_refuel(Cpu *cpu)
{
    uint64_t portion = MIN(cpu->reserve, PORTION - (uint64_t)cpu->fuel);

    cpu->reserve -= portion;
    cpu->fuel += (int64_t)portion;
}

uint64_t cpu_instructions(const Cpu *cpu)
{
    uint64_t charged = cpu->granted - cpu->reserve - (uint64_t)cpu->fuel;

    return cpu->in_bus_access ? charged - cpu->current->after : charged;
}

uint64_t accel_instructions(const InterpAccel *accel)
{
    const Cpu *cpu = accel->running;

    return cpu ? accel->others + cpu_instructions(cpu) : 0;
}

static uint64_t scale(uint64_t value, uint64_t numerator, uint64_t denominator, bool up)
{
    unsigned __int128 product = (unsigned __int128)value * numerator;

    if (likely(!(product >> 64) && !up)) {
        return (uint64_t)product / denominator;
    }
    return (uint64_t)((product + (up ? denominator - 1 : 0)) / denominator);
}

uint64_t pace_work_time(const Accel *accel)
{
    const InterpAccel *interp = (const InterpAccel *)accel;

    return scale(accel_instructions(interp), NS_PER_SECOND, interp->ips, false);
}

/*
 * The time stamp counters count the instructions of all CPUs, so that they
 * agree, and go on at the same rate while all of them sleep.
 */
uint64_t cpu_tsc(const Cpu *cpu)
{
    const InterpAccel *accel = cpu_accel(cpu);
    const AccelHost *host = cpu_host(cpu);
    uint64_t slept = host->now ? host->now(host->opaque) - pace_work_time(&accel->accel) : 0;

    return accel_instructions(accel) + scale(slept, accel->ips, NS_PER_SECOND, false) +
           cpu->tsc_offset;
}

void pace_position(const Accel *accel, VcpuPosition *position)
{
    const InterpAccel *interp = (const InterpAccel *)accel;
    const Cpu *cpu = interp->running ? interp->running : g_ptr_array_index(interp->cpus, 0);

    *position = (VcpuPosition){
        .instructions = accel_instructions(interp),
        .cpu = cpu->vcpu.index,
        .cs = cpu->segment[CPU_CS].selector,
        .eip = (uint32_t)cpu->rip + cpu->current->start,
    };
}

uint64_t pace_instructions_in(const Accel *accel, uint64_t ns)
{
    const InterpAccel *interp = (const InterpAccel *)accel;

    return scale(MIN(ns, NS_PER_SECOND), interp->ips, NS_PER_SECOND, true);
}
