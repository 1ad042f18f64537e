/*
 * A debugger's breakpoints and watchpoints.  They cost nothing if there are none.
 *
 * A block ends before an instruction with a breakpoint.  The block that begins
 * there is never linked, so the run loop gets to see it.  Blocks are found by
 * physical address, but breakpoints are linear addresses.  Therefore every page of
 * code is cut at the offsets of the breakpoints.
 *
 * A page with a watchpoint has TLB_WATCH in its tags, which sends each access to
 * the slow path.  An access that the debugger waits for must stop the CPU right
 * after its instruction.  If other instructions follow in the block, the
 * instruction is abandoned as for a page fault and then runs once more, alone.
 */
#include "src/accel/soft/x86/debug.h"

static const DebugPoint *find_breakpoint(const Cpu *cpu, uint64_t address, uint64_t mask)
{
    const Accel *accel = cpu->vcpu.accel;

    for (size_t i = 0; i < accel->debug_point_count; i++) {
        const DebugPoint *point = &accel->debug_points[i];

        if (point->kind == DEBUG_EXECUTE && !((point->address ^ address) & mask)) {
            return point;
        }
    }
    return NULL;
}

bool debug_at_breakpoint(const Cpu *cpu)
{
    return find_breakpoint(cpu, cpu_code_linear(cpu), UINT64_MAX) != NULL;
}

bool debug_cuts_before(const Cpu *cpu, PhysAddr address)
{
    return find_breakpoint(cpu, address, PAGE_SIZE - 1) != NULL;
}

/*
 * A step executes its instruction even at a breakpoint.  A repeated instruction
 * that paused has already begun.
 */
bool debug_stops_before(Cpu *cpu)
{
    LinearAddr address = cpu_code_linear(cpu);
    bool passed = cpu->debug.passes && cpu->debug.passed == address;

    cpu->debug.passes = false;
    if (passed || cpu->vcpu.step || cpu->repeating) {
        return false;
    }
    const DebugPoint *point = find_breakpoint(cpu, address, UINT64_MAX);
    if (point) {
        cpu->vcpu.debug_stop = (DebugStop){.point = *point};
        cpu->debug.passes = true;
        cpu->debug.passed = address;
    }
    return point != NULL;
}

static bool is_watched(const DebugPoint *point, LinearAddr linear, uint64_t size)
{
    return point->kind != DEBUG_EXECUTE &&
           (linear - point->address < point->size || point->address - linear < size);
}

bool debug_watches_page(const Cpu *cpu, LinearAddr linear)
{
    const Accel *accel = cpu->vcpu.accel;

    for (size_t i = 0; i < accel->debug_point_count; i++) {
        if (is_watched(&accel->debug_points[i], linear & PAGE_MASK, PAGE_SIZE)) {
            return true;
        }
    }
    return false;
}

static const DebugPoint *find_watchpoint(const Cpu *cpu, LinearAddr linear, unsigned size,
                                         MemoryAccess access)
{
    const Accel *accel = cpu->vcpu.accel;
    DebugKind other = access == ACCESS_READ ? DEBUG_WRITE : DEBUG_READ;

    for (size_t i = 0; i < accel->debug_point_count; i++) {
        const DebugPoint *point = &accel->debug_points[i];

        if (point->kind != other && is_watched(point, linear, size)) {
            return point;
        }
    }
    return NULL;
}

void debug_access(Cpu *cpu, LinearAddr linear, unsigned size, MemoryAccess access)
{
    const DebugPoint *point = find_watchpoint(cpu, linear, size, access);

    if (!point || cpu->debug.hit) {
        return;
    }
    if (cpu->current->after) {
        cpu_do_alone(cpu);
    }
    cpu->vcpu.debug_stop = (DebugStop){.point = *point};
    cpu->debug.hit = true;
    /* A repeated instruction reacts to a kick, and the end of a block to the fuel. */
    atomic_store(&cpu->kicked, true);
    cpu_leave_soon(cpu);
}

static void take_points(Cpu *cpu)
{
    const Accel *accel = cpu->vcpu.accel;

    cpu->debug.breaks = cpu->debug.watches = false;
    for (size_t i = 0; i < accel->debug_point_count; i++) {
        bool breaks = accel->debug_points[i].kind == DEBUG_EXECUTE;

        cpu->debug.breaks |= breaks;
        cpu->debug.watches |= !breaks;
    }
    tlb_flush(cpu);
}

bool debug_changed(Accel *accel, GError **error G_GNUC_UNUSED)
{
    InterpAccel *interp = (InterpAccel *)accel;

    for (guint i = 0; i < interp->cpus->len; i++) {
        take_points(g_ptr_array_index(interp->cpus, i));
    }
    if (interp->cpus->len) {
        code_cache_flush(g_ptr_array_index(interp->cpus, 0));
    }
    return true;
}
