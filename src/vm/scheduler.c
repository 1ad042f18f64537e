#include "src/vm/scheduler_internal.h"

CpuScheduler *scheduler_new(Accel *accel, Loop *loop, Clock *clock, VcpuStopped *stopped,
                            void *opaque)
{
    CpuScheduler *scheduler = g_new0(CpuScheduler, 1);
    scheduler->class = accel->class->threaded ? &THREAD_SCHEDULER : &SLICE_SCHEDULER;
    scheduler->accel = accel;
    scheduler->loop = loop;
    scheduler->clock = clock;
    scheduler->stopped = stopped;
    scheduler->opaque = opaque;
    scheduler->vcpus = g_ptr_array_new_with_free_func((GDestroyNotify)vcpu_free);
    scheduler->parked = g_byte_array_new();
    scheduler->class->init(scheduler);
    return scheduler;
}

void scheduler_free(CpuScheduler *scheduler)
{
    scheduler->class->clear(scheduler);
    g_ptr_array_unref(scheduler->vcpus);
    g_byte_array_unref(scheduler->parked);
    g_free(scheduler);
}

Vcpu *scheduler_add_vcpu(CpuScheduler *scheduler, GError **error)
{
    Vcpu *vcpu = vcpu_new(scheduler->accel, scheduler->vcpus->len, error);
    if (!vcpu) {
        return NULL;
    }
    g_ptr_array_add(scheduler->vcpus, vcpu);
    g_byte_array_append(scheduler->parked, &(guint8){false}, 1);
    return scheduler->class->add(scheduler, vcpu, error) ? vcpu : NULL;
}

unsigned scheduler_count(const CpuScheduler *scheduler)
{
    return scheduler->vcpus->len;
}

Vcpu *scheduler_vcpu(const CpuScheduler *scheduler, unsigned index)
{
    return scheduler->vcpus->pdata[index];
}

void scheduler_set_realtime(CpuScheduler *scheduler, bool on)
{
    scheduler->slices.realtime = on;
}

void scheduler_set_skipped(CpuScheduler *scheduler, void (*skipped)(void *opaque, uint64_t ns),
                           void *opaque)
{
    scheduler->slices.skipped = skipped;
    scheduler->slices.skipped_opaque = opaque;
}

void scheduler_set_replay(CpuScheduler *scheduler, bool (*deliver)(void *opaque),
                          uint64_t (*until)(void *opaque), void (*stuck)(void *opaque),
                          void *opaque)
{
    g_assert(scheduler->class == &SLICE_SCHEDULER);
    scheduler->class = &REPLAY_SCHEDULER;
    scheduler->source = (ReplaySource){deliver, until, stuck, opaque};
}

void scheduler_run(CpuScheduler *scheduler)
{
    scheduler->class->run(scheduler);
    loop_run(scheduler->loop);
}

void scheduler_resume(CpuScheduler *scheduler)
{
    scheduler->class->resume(scheduler);
    scheduler->running = true;
}

void scheduler_set_parked(CpuScheduler *scheduler, unsigned index, bool on)
{
    scheduler->parked->data[index] = on;
}

void scheduler_sleep(CpuScheduler *scheduler)
{
    scheduler->class->sleep(scheduler);
}

void scheduler_ask_pause(CpuScheduler *scheduler)
{
    scheduler->class->ask_pause(scheduler);
}

void scheduler_pause(CpuScheduler *scheduler)
{
    scheduler->class->pause(scheduler);
    scheduler->running = false;
}

void scheduler_interrupt(CpuScheduler *scheduler, unsigned index)
{
    scheduler->class->interrupt(scheduler, index);
}

bool scheduler_halted(const CpuScheduler *scheduler, unsigned index)
{
    return scheduler->class->halted(scheduler, index);
}

void scheduler_reset(CpuScheduler *scheduler)
{
    scheduler->class->reset(scheduler);
}
