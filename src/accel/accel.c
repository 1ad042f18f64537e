#include "src/accel/accel.h"

#include "src/accel/soft/soft.h"
#include "src/base/error.h"
#include "src/base/keyval.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const AccelClass *const ACCELS[] = {&accel_kvm_class, &accel_soft_class, &accel_qtest_class,
                                           NULL};

const AccelClass *const *accel_classes(void)
{
    return ACCELS;
}

static bool is_called(const AccelClass *class, const char *name)
{
    return !strcmp(class->name, name) || (class->aliases && g_strv_contains(class->aliases, name));
}

const AccelClass *accel_find_class(const char *text)
{
    g_autofree char *name = g_strndup(text, strcspn(text, ","));
    size_t i = 0;
    while (ACCELS[i] && !is_called(ACCELS[i], name)) {
        i++;
    }
    return ACCELS[i];
}

static const AccelClass *find_class(const char *name, GError **error)
{
    const AccelClass *class = accel_find_class(name);
    const char *names[G_N_ELEMENTS(ACCELS)] = {NULL};
    for (size_t i = 0; ACCELS[i]; i++) {
        names[i] = ACCELS[i]->name;
    }
    if (class) {
        return class;
    }
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-accel %s: no such accelerator (%s)",
                name, all);
    return NULL;
}

bool accel_parse(const char *text, const AccelClass **class, GHashTable **options, GError **error)
{
    g_autofree char *name = g_strndup(text, strcspn(text, ","));
    *class = find_class(name, error);
    if (!*class) {
        return false;
    }
    static const char *const NO_OPTIONS[] = {NULL};
    const char *rest = text + strlen(name);
    g_autofree char *what = g_strdup_printf("-accel %s", name);
    *options = keyval_parse(what, *rest ? rest + 1 : "", NULL,
                            (*class)->options ? (*class)->options : NO_OPTIONS, error);
    return *options != NULL;
}

Accel *accel_new(const AccelClass *class, const AccelHost *host, GError **error)
{
    Accel *accel = g_malloc0(class->accel_size);
    accel->class = class;
    accel->host = *host;
    if (!host->topology.cpus) {
        accel->host.topology = cpu_topology_flat(MAX(host->cpu_count, 1));
    }
    g_mutex_init(&accel->unknown_msrs.lock);
    if (!class->open(accel, error)) {
        accel_free(accel);
        return NULL;
    }
    return accel;
}

void accel_free(Accel *accel)
{
    accel->class->close(accel);
    g_free(accel->debug_points);
    g_mutex_clear(&accel->unknown_msrs.lock);
    g_free(accel);
}

bool accel_set_debug_points(Accel *accel, const DebugPoint *points, size_t count, GError **error)
{
    DebugPoint *before = accel->debug_points;
    size_t count_before = accel->debug_point_count;
    accel->debug_points = g_memdup2(points, count * sizeof(*points));
    accel->debug_point_count = count;
    if (accel->class->debug_changed(accel, error)) {
        g_free(before);
        return true;
    }
    g_free(accel->debug_points);
    accel->debug_points = before;
    accel->debug_point_count = count_before;
    accel->class->debug_changed(accel, NULL);
    return false;
}

static void destroy_vcpu(Vcpu *vcpu)
{
    vcpu->accel->class->destroy_vcpu(vcpu);
    g_free(vcpu->failure);
    munmap(vcpu, vcpu->accel->class->vcpu_size);
}

static void kick(BusInitiator *by)
{
    Vcpu *vcpu = (Vcpu *)by;
    vcpu->accel->class->kick(vcpu);
}

Vcpu *vcpu_new(Accel *accel, unsigned index, GError **error)
{
    /* Most of a CPU's tables stay empty, and memory that was never written costs nothing. */
    void *memory = mmap(NULL, accel->class->vcpu_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "-smp: the host has no memory for CPU %u", index);
        return NULL;
    }
    Vcpu *vcpu = memory;
    vcpu->accel = accel;
    vcpu->index = index;
    vcpu->initiator.cpu = index;
    vcpu->initiator.kick = kick;
    if (!accel->class->create_vcpu(vcpu, error)) {
        destroy_vcpu(vcpu);
        return NULL;
    }
    if (accel->host.bus) {
        bus_add_initiator(accel->host.bus, &vcpu->initiator);
    }
    return vcpu;
}

void vcpu_free(Vcpu *vcpu)
{
    if (vcpu->accel->host.bus) {
        bus_remove_initiator(vcpu->accel->host.bus, &vcpu->initiator);
    }
    destroy_vcpu(vcpu);
}

/*
 * Remembers the MSR.  Returns true if it must be reported; `*last` means that no
 * further one will be.
 */
static bool remember_msr(Accel *accel, uint32_t index, bool *last)
{
    g_mutex_lock(&accel->unknown_msrs.lock);
    bool found = false;
    unsigned count = accel->unknown_msrs.count;
    for (unsigned i = 0; i < count && !found; i++) {
        found = accel->unknown_msrs.told[i] == index;
    }
    bool fits = !found && count < ACCEL_UNKNOWN_MSRS;
    if (fits) {
        accel->unknown_msrs.told[accel->unknown_msrs.count++] = index;
    }
    g_mutex_unlock(&accel->unknown_msrs.lock);
    *last = count + 1 == ACCEL_UNKNOWN_MSRS;
    return fits;
}

void accel_unknown_msr(Vcpu *vcpu, uint32_t index, bool write, uint64_t value)
{
    const AccelHost *host = &vcpu->accel->host;
    bool last;
    if (!host->guest_error || !remember_msr(vcpu->accel, index, &last)) {
        return;
    }
    g_autofree char *what =
        write ? g_strdup_printf("write of 0x%" PRIx64, value) : g_strdup("read");
    const char *result = host->model.unknown_msr_faults ? "#GP" : write ? "ignored" : "0";
    g_autofree char *message = g_strdup_printf(
        "CPU %u: %s %s MSR 0x%x, which does not exist: %s%s", vcpu->index, what,
        write ? "to" : "of", index, result, last ? " (further MSRs are not reported)" : "");
    host->guest_error(host->opaque, message);
}

void vcpu_ask_init(Vcpu *vcpu)
{
    vcpu->init = true;
    vcpu->start = false;
}

void vcpu_ask_start(Vcpu *vcpu, uint8_t vector)
{
    if (!vcpu->start) {
        vcpu->start = true;
        vcpu->start_vector = vector;
    }
}
