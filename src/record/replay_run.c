#include "src/record/replay_run.h"

#include "src/base/error.h"
#include "src/record/replay.h"
#include "src/record/replay_adopt.h"
#include "src/record/replay_live.h"

#include <inttypes.h>
#include <stdio.h>

struct ReplayRun {
    Replay replay; /* must be first */
    ReplayHeader header;
    GMappedFile *file;
    char *path;
    ReplayRunHost host;
    uint64_t count;   /* the instruction count at the host's last action */
    GArray *counts;   /* uint64_t: for each of the host's actions, the instructions since the one
                         before */
    guint done;       /* how many of the host's actions have been done */
    VcpuPosition at;  /* the position of the first difference, or of the end */
    bool ending;      /* the recording has ended the run */
    bool ended_early; /* the user ended the run before the recording did */
};

static VcpuPosition position(const ReplayRun *run)
{
    return run->host.position(run->host.opaque);
}

/* ---- opening ---- */

bool replay_run_wanted(const Config *config)
{
    const AccelClass *accel = config_first_accel(config);
    bool counted = accel && accel->has_cpu && !accel->threaded;
    return config->replay && (config->kernel || config->bios || counted);
}

static bool read_file(ReplayRun *run, GError **error)
{
    replay_init(&run->replay, g_mapped_file_get_contents(run->file),
                g_mapped_file_get_length(run->file));
    run->replay.names = &run->header.names;
    if (!replay_header_read(&run->header, &run->replay.in, error)) {
        return false;
    }
    return run->header.whole ||
           error_refuse(error,
                        "it contains devices only, because it was made without the software CPU "
                        "(-replay without a guest accepts it)");
}

/*
 * Checks at the start that the recording is not damaged, because a replay up to the
 * damage would be of no use.
 */
static bool check_records(ReplayRun *run, GError **error)
{
    Replay *replay = &run->replay;
    size_t start = replay->in.at;
    replay->host_counts = run->counts = g_array_new(false, false, sizeof(uint64_t));
    replay_read_devices(replay);
    while (!replay->damage) {
        g_autofree ReplayRecord *record = replay_read(replay);
        if (!record) {
            break;
        }
    }
    replay->in.at = start;
    replay->host_counts = NULL;
    replay->whole = true;
    return !replay->damage || error_refuse(error, "the recording is damaged: %s", replay->damage);
}

static void differs(Replay *replay)
{
    ReplayRun *run = (ReplayRun *)replay;
    run->at = position(run);
    run->host.differs(run->host.opaque);
}

ReplayRun *replay_run_new(Config *config, GError **error)
{
    g_autoptr(GError) failure = NULL;
    ReplayRun *run = g_new0(ReplayRun, 1);
    run->path = g_strdup(config->replay);
    run->replay.source.make = replay_make_live_services;
    run->file = replay_map_file(run->path, error);
    if (!run->file) {
        replay_run_free(run);
        return NULL;
    }
    if (read_file(run, &failure) && check_records(run, &failure) &&
        replay_adopt(config, &run->header, &failure)) {
        return run;
    }
    error_refuse(error, "-replay %s: %s", run->path, failure->message);
    replay_run_free(run);
    return NULL;
}

void replay_run_free(ReplayRun *run)
{
    if (run->replay.streams) {
        replay_clear(&run->replay);
    }
    replay_header_clear(&run->header);
    g_clear_pointer(&run->file, g_mapped_file_unref);
    g_clear_pointer(&run->counts, g_array_unref);
    g_free(run->path);
    g_free(run);
}

/* ---- for the machine ---- */

ServicesSource *replay_run_services(ReplayRun *run)
{
    return &run->replay.source;
}

void replay_run_add_drives(const ReplayRun *run, BlockSet *blocks)
{
    replay_header_add_drives(&run->header, blocks);
}

bool replay_run_is_complete(ReplayRun *run, GError **error)
{
    const Replay *replay = &run->replay;
    g_autoptr(GError) failure = NULL;
    if (!replay_has_all(replay, &failure)) {
        return error_refuse(error, "-replay %s: %s", run->path, failure->message);
    }
    return !replay_stopped(replay) ||
           error_refuse(error, "-replay %s: the machine differs: %s", run->path,
                        replay->difference ? replay->difference : replay->damage);
}

void replay_run_start(ReplayRun *run, const ReplayRunHost *host)
{
    run->host = *host;
    run->replay.clock = host->clock;
    run->replay.bus = host->bus;
    run->replay.stopped = differs;
}

/* ---- what the host does ---- */

static void call_device(ReplayRun *run, const ReplayHost *host)
{
    Replay *replay = &run->replay;
    ReplayStream *stream =
        host->number < replay->streams->len ? replay->streams->pdata[host->number] : NULL;
    ReplayRecord *record = stream && stream->device ? replay_find(replay, stream) : NULL;
    if (!record) {
        replay_damaged(replay, "input that is missing");
        return;
    }
    ReplayDevice *device = stream->device;
    replay_take(replay, record);
    if (!replay->damage) {
        replay_inject(device);
    }
}

static void end(ReplayRun *run, const ReplayHost *host)
{
    const VmResult result = {
        .by = (VmEndedBy)host->number, .status = host->status, .reason = host->reason};
    run->ending = true;
    run->at = position(run);
    run->replay.over = true;
    run->host.end(run->host.opaque, &result);
}

static void do_again(ReplayRun *run, const ReplayHost *host)
{
    switch (host->what) {
    case HOST_CALL:
        call_device(run, host);
        break;
    case HOST_SKIP:
        clock_skip(run->host.clock, host->number);
        break;
    case HOST_RESET:
        run->host.reset(run->host.opaque);
        break;
    case HOST_NMI:
        run->host.nmi(run->host.opaque);
        break;
    default:
        end(run, host);
    }
}

/* The guest ends the run itself, so the replay must not. */
static bool comes_by_itself(const ReplayRun *run, const ReplayHost *host)
{
    return host->what == HOST_END && host->number <= VM_ENDED_BY_DEATH &&
           !run->host.halted_for_good(run->host.opaque);
}

/*
 * True if the host acts now.  What follows in the file has not happened yet, and
 * everything before it must have happened.
 */
static bool is_due(ReplayRun *run, const ReplayHost *host)
{
    Replay *replay = &run->replay;
    uint64_t count = position(run).instructions;
    const ReplayRecord *waiting = replay_first_waiting(replay);
    if (count < run->count + host->count) {
        return false;
    }
    if (count > run->count + host->count) {
        replay_differs_at(replay, "the host was expected after %" PRIu64 " instructions",
                          run->count + host->count);
    } else if (waiting && waiting->kind >= RECORD_UNCLAIMED_READ) {
        replay_differs_at(replay, "expected an access to 0x%" PRIx64 " without a device",
                          waiting->event.address);
    } else if (waiting) {
        const ReplayStream *stream = replay->streams->pdata[waiting->number];
        g_autofree char *call = replay_describe(stream->device, &waiting->event);
        replay_differs_at(replay, "expected %s, got nothing", call);
    }
    return !replay_stopped(replay) && !comes_by_itself(run, host);
}

static bool deliver_one(ReplayRun *run)
{
    Replay *replay = &run->replay;
    ReplayHost host;
    if (replay_stopped(replay) || !replay_peek_host(replay, &host)) {
        return false;
    }
    g_autofree char *reason G_GNUC_UNUSED = host.reason;
    if (!is_due(run, &host)) {
        return false;
    }
    run->count += host.count;
    run->done++;
    replay_skip_host(replay);
    do_again(run, &host);
    return true;
}

bool replay_run_deliver(ReplayRun *run)
{
    bool any = false;
    replay_run_flush(run);
    while (deliver_one(run)) {
        any = true;
    }
    return any;
}

uint64_t replay_run_until(const ReplayRun *run)
{
    uint64_t now = position(run).instructions;
    if (run->done >= run->counts->len) {
        return UINT64_MAX;
    }
    uint64_t next = run->count + g_array_index(run->counts, uint64_t, run->done);
    return next >= now ? next - now : UINT64_MAX;
}

void replay_run_stuck(ReplayRun *run)
{
    replay_differs_at(&run->replay, "the CPU sleeps, but in the recording something woke it");
}

/* ---- what the machine does ---- */

void replay_run_unclaimed(ReplayRun *run, const BusAccess *access)
{
    Replay *replay = &run->replay;
    if (replay_stopped(replay)) {
        return;
    }
    g_autofree ReplayRecord *record = replay_find(replay, NULL);
    const DeviceCall *e = record ? &record->event : NULL;
    bool write = record && record->kind == RECORD_UNCLAIMED_WRITE;
    if (record) {
        replay_take_unclaimed(replay, record);
    }
    if (!record || write != access->write || e->address != access->address ||
        e->value != access->value || e->count != access->count || e->size != access->size) {
        replay_differs_at(replay,
                          "expected no such access: %s 0x%" PRIx64 " of 0x%" PRIx64
                          ", which reached no device",
                          access->write ? "write" : "read", access->address, access->value);
    }
    replay->records++;
}

/* Either the guest ended the run, and must do so as it did then.  Or the user ended it now. */
void replay_run_ended(ReplayRun *run, const VmResult *result)
{
    Replay *replay = &run->replay;
    ReplayHost host;
    if (run->ending || replay_stopped(replay)) {
        return;
    }
    run->at = position(run);
    run->ended_early = result->by > VM_ENDED_BY_DEATH;
    if (!run->ended_early) {
        g_autofree char *reason = NULL;
        bool same = replay_peek_host(replay, &host);
        if (same) {
            reason = host.reason;
            same = host.what == HOST_END && host.number == result->by &&
                   host.status == result->status && run->count + host.count == run->at.instructions;
        }
        if (!same) {
            replay_differs_at(replay, "the run ends with status %d (%s), but not in the recording",
                              result->status, result->reason);
        }
    }
    replay->over = true;
}

bool replay_run_flush(ReplayRun *run)
{
    bool any = false;
    for (guint i = 0; i < run->replay.devices->len; i++) {
        any |= replay_flush_output(run->replay.devices->pdata[i]);
    }
    return any;
}

/* ---- afterwards ---- */

int replay_run_conclude(const ReplayRun *run)
{
    const Replay *replay = &run->replay;
    const char *what = replay->difference ? replay->difference : replay->damage;
    if (what) {
        g_autofree char *cpu = run->header.config->cpus > 1
                                   ? g_strdup_printf(" of CPU %u", run->at.cpu)
                                   : g_strdup("");
        fprintf(stderr, "pioemu: replay: at instruction %" PRIu64 ", CS:EIP %04x:%08x%s, %s\n",
                run->at.instructions, run->at.cs, run->at.eip, cpu, what);
        return REPLAY_DIFFERS;
    }
    fprintf(stderr,
            "pioemu: replay: %" PRIu64 " records, %" PRIu64 ".%09" PRIu64 " s, %" PRIu64
            " instructions: no difference%s\n",
            replay->records, replay->time / NS_PER_SECOND, replay->time % NS_PER_SECOND,
            run->at.instructions, run->ended_early ? " until it was ended" : "");
    return run->ended_early ? PIOEMU_ERROR_CONFIG : 0;
}
