/*
 * The kvm accelerator: the virtual machine, its memory and its vCPUs.
 */
#include "src/accel/kvm/kvm.h"

#include "src/base/error.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_DEVICE "/dev/kvm"
/* VMX without "unrestricted guest" needs three pages for a TSS and one for its page table. */
#define TSS_ADDRESS      0xfeffd000u
#define IDENTITY_ADDRESS UINT64_C(0xfeffc000)

void kvm_fail(GError **error, const char *what, int error_number)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "-accel kvm: %s: %s", what,
                g_strerror(error_number));
}

/* ---- opening ---- */

static void no_permission(const char *device, GError **error)
{
    struct stat st = {.st_mode = S_IRGRP | S_IWGRP};
    struct group *group = stat(device, &st) == 0 ? getgrgid(st.st_gid) : NULL;
    if (!(st.st_mode & S_IRGRP) || !(st.st_mode & S_IWGRP)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "-accel kvm: no permission to open %s: its mode, 0%o, lets no group in "
                    "(sudo chgrp kvm %s, then sudo chmod 660 %s)",
                    device, (unsigned)(st.st_mode & 0777), device, device);
        return;
    }
    const char *name = group ? group->gr_name : "kvm";
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                "-accel kvm: no permission to open %s: join group '%s' (sudo usermod -aG %s %s, "
                "then log in again)",
                device, name, name, g_get_user_name());
}

static bool open_failed(const char *device, int error_number, GError **error)
{
    if (error_number == ENOENT || error_number == ENXIO || error_number == ENODEV) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "-accel kvm: there is no %s: load the kvm_intel or kvm_amd module, and enable "
                    "virtualization in the firmware or the outer hypervisor",
                    device);
    } else if (error_number == EACCES || error_number == EPERM) {
        no_permission(device, error);
    } else {
        kvm_fail(error, device, error_number);
    }
    return false;
}

static bool check_capabilities(int fd, GError **error)
{
    static const struct {
        int number;
        const char *name;
    } NEEDED[] = {
        {KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY"},
        {KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR"},
        {KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID"},
        {KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS"},
        {KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT (Linux 4.11)"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(NEEDED); i++) {
        if (ioctl(fd, KVM_CHECK_EXTENSION, NEEDED[i].number) <= 0) {
            g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                        "-accel kvm: this host's KVM lacks %s", NEEDED[i].name);
            return false;
        }
    }
    return true;
}

static bool check_device(int fd, const char *device, GError **error)
{
    int version = ioctl(fd, KVM_GET_API_VERSION, 0);
    if (version < 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "-accel kvm: %s is not a KVM device: %s", device, g_strerror(errno));
        return false;
    }
    if (version != KVM_API_VERSION) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "-accel kvm: %s speaks API version %d, not %d", device, version,
                    KVM_API_VERSION);
        return false;
    }
    return check_capabilities(fd, error);
}

/* An open descriptor that has been checked, or -1. */
static int open_device(GHashTable *options, GError **error)
{
    const char *device = g_hash_table_lookup(options, "device");
    device = device ? device : DEFAULT_DEVICE;
    int fd = open(device, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        open_failed(device, errno, error);
        return -1;
    }
    if (!check_device(fd, device, error)) {
        close(fd);
        return -1;
    }
    return fd;
}

#define CPUID_EXTENDED  0x80000001u
#define CPUID_LONG_MODE 0x20000000u /* bit in EDX */

/* A guest has long mode if the host's CPU has it. */
static bool kvm_has_long_mode(void)
{
    unsigned a, b, c, d = 0;
    return __get_cpuid(CPUID_EXTENDED, &a, &b, &c, &d) && d & CPUID_LONG_MODE;
}

static bool kvm_probe(GHashTable *options, GError **error)
{
    int fd = open_device(options, error);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static SplitSupport kvm_probe_split(GHashTable *options)
{
    int fd = open_device(options, NULL);
    SplitSupport found = fd >= 0 ? kvm_irqchip_probe_split(fd) : SPLIT_NONE;
    if (fd >= 0) {
        close(fd);
    }
    return found;
}

/* ---- the virtual machine ---- */

static bool set_slot(KvmAccel *kvm, unsigned slot, const MemoryRegion *region)
{
    struct kvm_userspace_memory_region wanted = {
        .slot = slot,
        .flags = region->read_only && kvm->read_only_works ? KVM_MEM_READONLY : 0,
        .guest_phys_addr = region->base,
        .memory_size = region->size,
        .userspace_addr = (uintptr_t)region->host,
    };
    return ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &wanted) == 0;
}

static bool is_same(const MemoryRegion *a, const MemoryRegion *b)
{
    return a->base == b->base && a->size == b->size && a->host == b->host &&
           a->read_only == b->read_only;
}

/* KVM changes nothing about a slot, so one whose region is another now is emptied first. */
static void empty_slots(KvmAccel *kvm, const MemoryRegion wanted[MEMORY_SLOTS])
{
    for (unsigned slot = 0; slot < MEMORY_SLOTS; slot++) {
        MemoryRegion *now = &kvm->regions[slot];
        if (now->size && !is_same(now, &wanted[slot])) {
            now->size = 0;
            set_slot(kvm, slot, now);
        }
    }
}

static bool map_memory(KvmAccel *kvm, GError **error)
{
    const Memory *memory = kvm->accel.host.memory;
    MemoryRegion wanted[MEMORY_SLOTS] = {0};
    for (unsigned i = 0; i < memory_region_count(memory); i++) {
        const MemoryRegion *region = memory_region(memory, i);
        wanted[region->slot] = *region;
    }
    empty_slots(kvm, wanted);
    for (unsigned slot = 0; slot < MEMORY_SLOTS; slot++) {
        const MemoryRegion *region = &wanted[slot];
        if (region->size && !kvm->regions[slot].size && !set_slot(kvm, slot, region)) {
            int why = errno;
            g_autofree char *what =
                g_strdup_printf("cannot give the guest %s, %" G_GUINT64_FORMAT " KiB at 0x%" PRIx64,
                                region->name, region->size >> 10, region->base);
            kvm_fail(error, what, why);
            return false;
        }
        kvm->regions[slot] = *region;
    }
    return true;
}

/*
 * A CPU that reaches a region while its slot is empty leaves the guest, and
 * finds it in the memory (see handle_mmio()).
 */
static void kvm_memory_changed(Accel *accel, uint64_t address, uint64_t size)
{
    KvmAccel *kvm = (KvmAccel *)accel;
    g_autoptr(GError) error = NULL;
    (void)address, (void)size;
    if (!map_memory(kvm, &error)) {
        g_mutex_lock(&kvm->routes_lock);
        if (!kvm->memory_failure) {
            kvm->memory_failure = g_strdup(error->message);
        }
        g_mutex_unlock(&kvm->routes_lock);
        atomic_store(&kvm->memory_failed, true);
    }
}

/*
 * Asks KVM to pass accesses to unknown MSRs to us.  By itself KVM raises #GP, or
 * ignores them if the host's administrator chose that.  A KVM without the
 * capability (Linux before 5.10) continues to do so.
 */
static void take_unknown_msrs(KvmAccel *kvm)
{
    struct kvm_enable_cap exits = {
        .cap = KVM_CAP_X86_USER_SPACE_MSR,
        .args = {KVM_MSR_EXIT_REASON_UNKNOWN},
    };
    if (ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_USER_SPACE_MSR) > 0) {
        ioctl(kvm->vm_fd, KVM_ENABLE_CAP, &exits);
    }
}

static bool create_vm(KvmAccel *kvm, GError **error)
{
    do {
        kvm->vm_fd = ioctl(kvm->fd, KVM_CREATE_VM, 0);
    } while (kvm->vm_fd < 0 && errno == EINTR);
    if (kvm->vm_fd < 0) {
        kvm_fail(error, "cannot create a virtual machine", errno);
        return false;
    }
    uint64_t identity = IDENTITY_ADDRESS;
    if (ioctl(kvm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0 ||
        ioctl(kvm->vm_fd, KVM_SET_TSS_ADDR, TSS_ADDRESS) < 0) {
        kvm_fail(error, "KVM_SET_TSS_ADDR", errno);
        return false;
    }
    kvm->read_only_works = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM) > 0;
    take_unknown_msrs(kvm);
    return kvm_irqchip_create(kvm, error) && map_memory(kvm, error) && kvm_load_cpuid(kvm, error);
}

/* Tells KVM which writes it may queue.  If the host refuses, each write is an exit. */
static void change_posted(KvmAccel *kvm, const BusMapping *mapping, unsigned long request)
{
    if (mapping->claim->posted) {
        struct kvm_coalesced_mmio_zone zone = {
            .addr = mapping->base,
            .size = (uint32_t)mapping->size,
            .pio = mapping->claim->space == IO_PORTS,
        };
        ioctl(kvm->vm_fd, request, &zone);
    }
}

static void register_posted(void *opaque, const BusMapping *mapping)
{
    change_posted(opaque, mapping, KVM_REGISTER_COALESCED_MMIO);
}

static void unregister_posted(void *opaque, const BusMapping *mapping)
{
    change_posted(opaque, mapping, KVM_UNREGISTER_COALESCED_MMIO);
}

static const BusListener POSTED_LISTENER = {.map = register_posted, .unmap = unregister_posted};

static const BusListener UNPOSTED_LISTENER = {.map = unregister_posted, .unmap = unregister_posted};

/* Setting a listener tells it of all mappings. */
static void kvm_set_posting(Accel *accel, bool on)
{
    KvmAccel *kvm = (KvmAccel *)accel;
    if (kvm->posted_page) {
        bus_set_listener(accel->host.bus, on ? &POSTED_LISTENER : &UNPOSTED_LISTENER, kvm);
    }
}

static void set_up_posted(KvmAccel *kvm)
{
    int page = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);
    if (page > 0 && ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_PIO) > 0) {
        kvm->posted_page = (unsigned)page;
        bus_set_listener(kvm->accel.host.bus, &POSTED_LISTENER, kvm);
    }
}

/* The signal only interrupts KVM_RUN. */
static void kick_arrived(int signal)
{
    (void)signal;
}

static bool kvm_open(Accel *accel, GError **error)
{
    KvmAccel *kvm = (KvmAccel *)accel;
    kvm->fd = kvm->vm_fd = -1;
    g_mutex_init(&kvm->posted_lock);
    g_mutex_init(&kvm->routes_lock);
    struct sigaction action = {.sa_handler = kick_arrived};
    sigaction(SIGUSR1, &action, NULL);
    kvm->fd = open_device(accel->host.options, error);
    if (kvm->fd < 0 || !create_vm(kvm, error)) {
        return false;
    }
    int size = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (size < (int)sizeof(struct kvm_run)) {
        kvm_fail(error, "KVM_GET_VCPU_MMAP_SIZE", size < 0 ? errno : EINVAL);
        return false;
    }
    kvm->run_size = (size_t)size;
    kvm_debug_open(kvm);
    set_up_posted(kvm);
    return true;
}

static void kvm_close(Accel *accel)
{
    KvmAccel *kvm = (KvmAccel *)accel;
    g_clear_pointer(&kvm->cpuid, g_free);
    if (kvm->posted_page) {
        bus_set_listener(accel->host.bus, NULL, NULL);
    }
    if (kvm->vm_fd >= 0) {
        close(kvm->vm_fd);
    }
    if (kvm->fd >= 0) {
        close(kvm->fd);
    }
    g_mutex_clear(&kvm->posted_lock);
    g_mutex_clear(&kvm->routes_lock);
    g_free(kvm->routes);
    g_free(kvm->memory_failure);
}

/* ---- vCPUs ---- */

/*
 * "The VMCB is undefined after a SHUTDOWN intercept", so KVM resets the vCPU (AMD64
 * APM volume 2, 15.14.3 Shutdown Intercept).  Intel's VMX keeps the registers.
 */
static bool host_forgets_the_dead(void)
{
    static const char *const VENDORS[] = {"AuthenticAMD", "HygonGenuine"};
    unsigned max;
    uint32_t name[3];
    if (!__get_cpuid(0, &max, &name[0], &name[2], &name[1])) {
        return false;
    }
    return !memcmp(name, VENDORS[0], sizeof(name)) || !memcmp(name, VENDORS[1], sizeof(name));
}

/* Makes KVM store the registers in the shared page at each exit. */
static void keep_registers(KvmVcpu *kv)
{
    const uint64_t wanted = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
    const KvmAccel *kvm = (KvmAccel *)kv->vcpu.accel;
    int can = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS);
    if (can > 0 && ((unsigned)can & wanted) == wanted && host_forgets_the_dead()) {
        kv->run->kvm_valid_regs = wanted;
    }
}

static bool kvm_create_vcpu(Vcpu *vcpu, GError **error)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    KvmAccel *kvm = (KvmAccel *)vcpu->accel;
    vcpu->initiator.program_counter = kvm_program_counter;
    kv->debug.seen = g_byte_array_new();
    kv->debug.interrupt = -1;
    vcpu->initiator.paced = true;
    /* KVM takes the number for the ID of the local APIC. */
    kv->fd = ioctl(kvm->vm_fd, KVM_CREATE_VCPU,
                   cpu_topology_apic_id(&kvm->accel.host.topology, vcpu->index));
    if (kv->fd < 0) {
        int why = errno;
        g_autofree char *what = g_strdup_printf("cannot create vCPU %u", vcpu->index);
        kvm_fail(error, what, why);
        return false;
    }
    void *run = mmap(NULL, kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, kv->fd, 0);
    if (run == MAP_FAILED) {
        kvm_fail(error, "cannot map the vCPU's shared page", errno);
        return false;
    }
    kv->run = run;
    keep_registers(kv);
    if (kvm->posted_page && !kvm->posted) {
        kvm->posted = (void *)((uint8_t *)run + kvm->posted_page * PAGE_SIZE);
    }
    if (kvm_has_apics(kvm) && ioctl(kv->fd, KVM_GET_LAPIC, &kv->power_on_apic) < 0) {
        kvm_fail(error, "KVM_GET_LAPIC", errno);
        return false;
    }
    return kvm_set_cpuid(kv, error);
}

static void kvm_destroy_vcpu(Vcpu *vcpu)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    g_clear_pointer(&kv->debug.seen, g_byte_array_unref);
    KvmAccel *kvm = (KvmAccel *)vcpu->accel;
    if (kv->run) {
        if (vcpu->index == 0) {
            kvm->posted = NULL;
        }
        munmap(kv->run, kvm->run_size);
    }
    if (kv->fd >= 0) {
        close(kv->fd);
    }
}

const AccelClass accel_kvm_class = {
    .name = "kvm",
    .description = "the host's CPU through /dev/kvm",
    .threaded = true,
    .has_cpu = true,
    .has_irqchip = true,
    .has_long_mode = kvm_has_long_mode,
    .accel_size = sizeof(KvmAccel),
    .vcpu_size = sizeof(KvmVcpu),
    .options = (const char *const[]){"device", NULL},
    .probe = kvm_probe,
    .probe_split = kvm_probe_split,
    .open = kvm_open,
    .create_vcpu = kvm_create_vcpu,
    .destroy_vcpu = kvm_destroy_vcpu,
    .close = kvm_close,
    .run = kvm_vcpu_run,
    .kick = kvm_vcpu_kick,
    .interrupt_changed = kvm_vcpu_interrupt_changed,
    .posted_waiting = kvm_posted_waiting,
    .memory_changed = kvm_memory_changed,
    .set_posting = kvm_set_posting,
    .debug_changed = kvm_debug_changed,
    .get_state = kvm_vcpu_get_state,
    .set_state = kvm_vcpu_set_state,
    .remains = kvm_vcpu_remains,
    .reset_vcpu = kvm_reset_vcpu,
    .stand_still = kvm_stand_still,
    .irq_set = kvm_irq_set,
    .irq_pending = kvm_irq_pending,
    .send_message = kvm_send_message,
    .is_dead = kvm_is_dead,
};
