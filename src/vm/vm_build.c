/*
 * Builds the machine: chooses the accelerator, the interrupt controllers and the
 * clocks, and connects the parts.
 */
#include "src/vm/vm_internal.h"

#include "src/accel/irqchip.h"
#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"
#include "src/vm/vm_display.h"
#include "src/vm/vm_input.h"
#include "src/vm/vm_viewers.h"

#include <string.h>
#include <unistd.h>

/* ---- interrupts ---- */

static Vcpu *find_cpu(const Vm *vm, unsigned cpu)
{
    return vm->scheduler && cpu < scheduler_count(vm->scheduler)
               ? scheduler_vcpu(vm->scheduler, cpu)
               : NULL;
}

static void set_intr(void *opaque, unsigned cpu, bool level)
{
    Vm *vm = opaque;
    Vcpu *vcpu = find_cpu(vm, cpu);
    if (vcpu && atomic_exchange(&vcpu->intr, level) != level) {
        scheduler_interrupt(vm->scheduler, cpu);
    }
}

static void raise_nmi(void *opaque, unsigned cpu)
{
    Vm *vm = opaque;
    Vcpu *vcpu = find_cpu(vm, cpu);
    if (vcpu) {
        atomic_store(&vcpu->nmi, true);
        scheduler_interrupt(vm->scheduler, cpu);
    }
}

/* A CPU without the gate always lets the address line pass. */
static void set_a20(void *opaque, bool on)
{
    Vm *vm = opaque;
    if (vm->accel && vm->accel->class->set_a20) {
        vm->accel->class->set_a20(vm->accel, on);
    }
}

/* If a level changes before the accelerator exists, the reset passes it on. */
static void set_kernel_irq(void *opaque, unsigned irq, bool level)
{
    Vm *vm = opaque;
    if (vm->accel) {
        vm->accel->class->irq_set(vm->accel, irq, level);
    }
}

static bool kernel_irq_pending(void *opaque, unsigned irq)
{
    Vm *vm = opaque;
    return vm->accel->class->irq_pending(vm->accel, irq);
}

static uint8_t acknowledge(void *opaque, unsigned cpu)
{
    Vm *vm = opaque;
    return machine_acknowledge(vm->machine, cpu);
}

static bool time_is_up(void *opaque)
{
    Vm *vm = opaque;
    return scheduler_time_is_up(vm->scheduler);
}

static void end_of_interrupt(void *opaque, BusInitiator *by, uint8_t vector)
{
    Vm *vm = opaque;
    machine_end_of_interrupt(vm->machine, by, vector);
}

/* Devices that are reset before the accelerator exists send no messages. */
static void send_message(void *opaque, uint64_t address, uint32_t data)
{
    Vm *vm = opaque;
    if (vm->accel) {
        vm->accel->class->send_message(vm->accel, address, data);
    }
}

/* ---- building ---- */

static uint64_t instructions(void *opaque)
{
    const Vm *vm = opaque;
    return vm_position(vm).instructions;
}

static MachineStart who_starts(const Vm *vm)
{
    return !vm->image || vm->firmware      ? MACHINE_COLD
           : boot_image_is_flat(vm->image) ? MACHINE_FLAT
                                           : MACHINE_AFTER_BIOS;
}

static bool open_recorder(Vm *vm, const AccelClass *accel, GError **error)
{
    RecorderHost host = {
        .loop = vm->loop,
        .clock = vm->clock,
        .message = vm_message,
        .opaque = vm,
        .irqchip = vm->irqchip,
        .apics = !bus_is_locked(vm->bus),
        .instructions = accel->has_cpu && !accel->threaded ? instructions : NULL,
        .ips = g_hash_table_lookup(vm->accel_options, "ips"),
        .kernel_entry = g_hash_table_lookup(vm->machine_options, "kernel-entry"),
        .started_by = who_starts(vm),
        .firmware = vm->firmware != NULL,
        .own_bios = vm->firmware && firmware_is_builtin(vm->firmware),
    };
    if (vm->config->record) {
        vm->recorder = recorder_new(vm->config, &host, error);
    }
    return vm->recorder || !vm->config->record;
}

static void open_console(Vm *vm)
{
    vm->notices = notices_new(vm->loop, STDOUT_FILENO);
    vm->signals = signals_new(vm->loop, vm_signal_arrived, vm);
    CharEvents events = {
        .quit = vm_quit_asked,
        .message = vm_message,
        .print = vm_print,
        .machine_time = vm_machine_time,
        .opaque = vm,
    };
    vm->chars = chardev_set_new(vm->loop, &events, vm->config->escape);
}

/*
 * A firmware, Linux and several CPUs want APICs, even if the accelerator can only
 * have all controllers in the kernel.
 */
static bool choose_irqchip(Vm *vm, const AccelClass *class, GError **error)
{
    const IrqchipNeeds needs = {
        .class = class,
        .options = vm->accel_options,
        .cpus = vm->config->cpus,
        .wants_apic = vm->firmware || (vm->image && boot_image_wants_apic(vm->image)),
    };
    return irqchip_choose(g_hash_table_lookup(vm->machine_options, "irqchip"), &needs, &vm->irqchip,
                          error);
}

static bool parse_machine(Vm *vm, const MachineClass **class, GError **error)
{
    g_autofree char *name = g_strndup(vm->config->machine, strcspn(vm->config->machine, ","));
    *class = machine_find(name, error);
    if (!*class) {
        return false;
    }
    static const char *const KNOWN[] = {"irqchip", "kernel-entry", NULL};
    const char *rest = vm->config->machine + strlen(name);
    vm->machine_options = keyval_parse("-machine", *rest ? rest + 1 : "", NULL, KNOWN, error);
    return vm->machine_options != NULL;
}

static bool choose_realtime(const Vm *vm, bool otherwise)
{
    const char *wish = g_hash_table_lookup(vm->accel_options, "realtime");
    bool on;
    return wish && number_parse_bool("realtime", wish, &on, NULL) ? on : otherwise;
}

/* A user at a terminal expects a second to last a second. */
static bool wants_realtime(const Vm *vm)
{
    return choose_realtime(vm, isatty(STDIN_FILENO) || isatty(STDOUT_FILENO));
}

/* So does a peer on a network: a guest that waits for an answer must not skip the time. */
static bool keeps_pace(const Vm *vm)
{
    bool network = vm->config->netdevs->len && !vm->replay;
    return wants_realtime(vm) || choose_realtime(vm, network);
}

/*
 * If machine time does not follow the host's, reading the host's time would not be
 * repeatable.  It would not be in a replay either, of input from a user at a
 * terminal.
 */
static bool follows_host(const Vm *vm)
{
    return vm->clock_source || (wants_realtime(vm) && !vm->config->record && !vm->replay);
}

static ServicesSource *services(const Vm *vm)
{
    return vm->recorder ? recorder_services(vm->recorder)
           : vm->replay ? replay_run_services(vm->replay)
                        : NULL;
}

static bool build_machine(Vm *vm, const MachineClass *class, GError **error)
{
    bool in_kernel = vm->irqchip == IRQCHIP_KERNEL;
    MachineCpu cpu = {
        .set_intr = set_intr,
        .nmi = raise_nmi,
        .has_apics = !bus_is_locked(vm->bus),
        .has_controllers = in_kernel,
        .has_local_apics = vm->irqchip == IRQCHIP_SPLIT,
        .set_irq = in_kernel ? set_kernel_irq : NULL,
        .irq_pending = in_kernel ? kernel_irq_pending : NULL,
        .message = send_message,
        .set_a20 = set_a20,
        .request = vm_device_request,
        .guest_error = vm_guest_error,
        .opaque = vm,
    };
    vm->blocks = blockset_new(vm->loop, follows_host(vm) ? NULL : vm->clock, vm_message, vm);
    blockset_set_failed(vm->blocks, vm_block_failed);
    vm->nets = net_set_new(&(NetHost){.loop = vm->loop,
                                      .clock = vm->clock,
                                      .idle = vm->replay,
                                      .message = vm_message,
                                      .opaque = vm});
    if (vm->recorder) {
        recorder_set_drives(vm->recorder, vm->blocks);
    } else if (vm->replay) {
        vm_join_replay(vm);
    }
    MachineParts parts = {
        .bus = vm->bus,
        .clock = vm->clock,
        .host_clock = follows_host(vm) ? vm->host_clock : vm->clock,
        .memory = vm->memory,
        .chars = vm->chars,
        .services = services(vm),
        .blocks = vm->blocks,
        .nets = vm->nets,
        .started_by = who_starts(vm),
        .boot = &vm->boot,
        .kernel = vm->firmware ? vm->image : NULL,
        .own_bios = vm->firmware && firmware_is_builtin(vm->firmware),
    };
    vm->machine = machine_new(class, vm->config, &parts, &cpu);
    return machine_build(vm->machine, error) &&
           (!vm->replay || replay_run_is_complete(vm->replay, error));
}

static bool type_keys(void *opaque, const unsigned *codes, unsigned count, GError **error)
{
    return vm_type_keys(opaque, codes, count, VM_KEY_HOLD_NS, error);
}

static bool open_expect(Vm *vm, GError **error)
{
    const char *path = vm->config->expect;
    vm->expect = path ? expect_new(vm->chars, path, vm_expect_done, vm, error) : NULL;
    if (vm->expect) {
        expect_set_keyboard(vm->expect, &(ExpectKeyboard){type_keys, vm});
    }
    return !path || vm->expect;
}

/* Takes the first accelerator of -accel that works here, and says so if others did not. */
static const AccelClass *choose_accel(Vm *vm, const MachineClass *machine, GError **error)
{
    if (machine->has_no_cpu) {
        vm->accel_options = g_hash_table_new(g_str_hash, g_str_equal);
        return &accel_qtest_class;
    }
    g_autoptr(GString) failures = g_string_new(NULL);
    static const char *const DEFAULTS[] = {"kvm", "soft"};
    const GPtrArray *wishes = vm->config->accels;
    guint count = wishes->len ? wishes->len : G_N_ELEMENTS(DEFAULTS);
    for (guint i = 0; i < count; i++) {
        const AccelClass *class;
        g_clear_pointer(&vm->accel_options, g_hash_table_unref);
        if (!accel_parse(wishes->len ? wishes->pdata[i] : DEFAULTS[i], &class, &vm->accel_options,
                         error)) {
            return NULL;
        }
        g_autoptr(GError) failure = NULL;
        if (class->probe(vm->accel_options, &failure)) {
            if (failures->len) {
                log_line(vm->log, "pioemu: %s; using -accel %s", failures->str, class->name);
            }
            return class;
        }
        if (g_error_matches(failure, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return NULL;
        }
        g_string_append_printf(failures, "%s%s", failures->len ? "; " : "", failure->message);
    }
    g_set_error_literal(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, failures->str);
    return NULL;
}

static void memory_written(void *opaque, uint64_t address, size_t size)
{
    Vm *vm = opaque;
    vm->accel->class->memory_written(vm->accel, address, size);
}

static void memory_changed(void *opaque, uint64_t address, uint64_t size)
{
    Vm *vm = opaque;
    vm->accel->class->memory_changed(vm->accel, address, size);
}

static void cpu_guest_error(void *opaque, const char *message)
{
    Vm *vm = opaque;
    log_line(vm->log, "pioemu: guest error: %s", message);
}

static void cpu_warning(void *opaque, const char *message)
{
    Vm *vm = opaque;
    log_line(vm->log, "pioemu: %s", message);
}

static uint64_t machine_now(void *opaque)
{
    const Vm *vm = opaque;
    return clock_now(vm->clock);
}

static bool open_accel(Vm *vm, const AccelClass *class, GError **error)
{
    AccelHost host = {
        .bus = vm->bus,
        .memory = vm->memory,
        .acknowledge = acknowledge,
        .time_is_up = time_is_up,
        .now = machine_now,
        .pic_is_set_up = who_starts(vm) == MACHINE_AFTER_BIOS,
        .end_of_interrupt = end_of_interrupt,
        .opaque = vm,
        .irqchip = vm->irqchip,
        .cpu_count = vm->config->cpus,
        .topology = vm->config->topology,
        .local_apic = vm->machine->lapics->len != 0,
        .model = vm->config->cpu,
        .guest_error = vm->log_items & LOG_GUEST_ERRORS ? cpu_guest_error : NULL,
        .warn = cpu_warning,
        .trace = vm->trace,
        .options = vm->accel_options,
    };
    vm->accel = accel_new(class, &host, error);
    if (vm->accel && class->memory_written) {
        memory_set_written(vm->memory, memory_written, vm);
    }
    if (vm->accel && class->memory_changed) {
        memory_set_changed(vm->memory, memory_changed, vm);
    }
    if (class->threaded) {
        memory_set_shared(vm->memory);
    }
    return vm->accel != NULL;
}

static bool make_vcpus(Vm *vm, GError **error)
{
    vm->scheduler = scheduler_new(vm->accel, vm->loop, vm->clock, vm_vcpu_stopped, vm);
    scheduler_set_realtime(vm->scheduler, keeps_pace(vm));
    if (vm->recorder) {
        scheduler_set_skipped(vm->scheduler, vm_time_skipped, vm);
    } else if (vm->replay) {
        vm_follow_replay(vm);
    }
    for (unsigned i = 0; vm->accel->class->has_cpu && i < vm->config->cpus; i++) {
        if (!scheduler_add_vcpu(vm->scheduler, error)) {
            return false;
        }
    }
    return true;
}

static uint64_t work_time(void *opaque)
{
    const Vm *vm = opaque;
    return vm->scheduler && scheduler_count(vm->scheduler) ? vm->accel->class->work_time(vm->accel)
                                                           : 0;
}

static bool make_clocks(Vm *vm, const AccelClass *accel, GError **error)
{
    vm->host_clock = clock_new_monotonic();
    vm->host_clock_source = loop_clock_new(vm->loop, vm->host_clock, error);
    if (!vm->host_clock_source) {
        return false;
    }
    clock_resume(vm->host_clock);
    if (!accel->has_cpu) {
        vm->clock = clock_new_stepped();
        return true;
    }
    if (!accel->threaded) {
        vm->clock = clock_new_counted(work_time, vm);
        return true;
    }
    vm->clock = clock_new_monotonic();
    vm->clock_source = loop_clock_new(vm->loop, vm->clock, error);
    return vm->clock_source != NULL;
}

/* The firmware of -bios, or the built-in one if there is something to boot. */
static bool open_firmware(Vm *vm, GError **error)
{
    const Config *config = vm->config;
    if (config->bios || config->boot || config->drives->len || config->kernel) {
        vm->firmware = firmware_new(config->bios, error);
        return vm->firmware != NULL;
    }
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                "nothing to boot: name a guest with -kernel FILE (--help shows more)");
    return false;
}

static bool has_cpu(const Config *config)
{
    const AccelClass *accel = config_first_accel(config);
    return !accel || accel->has_cpu;
}

/* Refuses options that need a -kernel. */
static bool check_companions(const Config *config, GError **error)
{
    const struct {
        const char *option, *value;
    } COMPANIONS[] = {
        {"flat", config->flat}, {"initrd", config->initrd}, {"append", config->append}};
    for (size_t i = 0; i < G_N_ELEMENTS(COMPANIONS); i++) {
        if (COMPANIONS[i].value) {
            return error_refuse(error, "-%s %s: goes with -kernel FILE", COMPANIONS[i].option,
                                COMPANIONS[i].value);
        }
    }
    return true;
}

/* Opens what the CPU starts in.  A machine without a CPU needs nothing. */
static bool open_image(Vm *vm, const MachineClass *machine, GError **error)
{
    const Config *config = vm->config;
    if (machine->has_no_cpu) {
        return true;
    }
    if (!config->kernel) {
        if (!vm->replay && !check_companions(config, error)) {
            return false;
        }
        return (!config->bios && !has_cpu(config)) || open_firmware(vm, error);
    }
    const BootOptions options = {
        .kernel = config->kernel,
        .flat = config->flat,
        .initrd = config->initrd,
        .append = config->append,
        .entry = g_hash_table_lookup(vm->machine_options, "kernel-entry"),
    };
    vm->image = boot_image_new(&options, config->memory, error);
    bool firmware = config->bios || (vm->image && boot_image_wants_firmware(vm->image));
    return vm->image && (!firmware || open_firmware(vm, error));
}

static bool build_parts(Vm *vm, const AccelClass *accel, const MachineClass *machine,
                        GError **error)
{
    vm->memory = memory_new(vm->config->memory, error);
    if (!vm->memory || (vm->firmware && !firmware_map(vm->firmware, vm->memory, error)) ||
        !make_clocks(vm, accel, error)) {
        return false;
    }
    vm->bus = bus_new(accel->threaded);
    open_console(vm);
    return open_recorder(vm, accel, error) && build_machine(vm, machine, error) &&
           open_expect(vm, error) && vm_open_trace(vm, accel, error) &&
           open_accel(vm, accel, error) && make_vcpus(vm, error) && vm_reset_parts(vm, error);
}

static bool check_long_mode(const Vm *vm, const AccelClass *accel, GError **error)
{
    bool has = !accel->has_cpu || (accel->has_long_mode && accel->has_long_mode());
    return has || !vm->image || boot_image_check_no_long(vm->image, accel->name, error);
}

/* What reading the command line has found out. */
static void log_options(Vm *vm)
{
    const Config *config = vm->config;
    log_set_timestamps(vm->log, config->timestamps);
    for (guint i = 0; i < config->messages->len; i++) {
        log_line(vm->log, "pioemu: %s", (char *)config->messages->pdata[i]);
    }
    for (guint i = 0; vm->log_items & LOG_ACCEPTED && i < config->notes->len; i++) {
        log_line(vm->log, "pioemu: option without effect: -%s", (char *)config->notes->pdata[i]);
    }
}

bool vm_build(Vm *vm, GError **error)
{
    const MachineClass *machine;
    if (!parse_machine(vm, &machine, error) ||
        !boot_order_parse(vm->config->boot, &vm->boot, error) || !open_image(vm, machine, error)) {
        return false;
    }
    vm->loop = loop_new(error);
    vm->log = vm->loop ? log_new(vm->loop, "-D", vm->config->log_file, error) : NULL;
    if (vm->log) {
        log_options(vm);
    }
    const AccelClass *accel = vm->log ? choose_accel(vm, machine, error) : NULL;
    if (!accel || !check_long_mode(vm, accel, error) || !choose_irqchip(vm, accel, error) ||
        !vm_viewers_open(vm, error) || !build_parts(vm, accel, machine, error) ||
        !vm_viewers_show(vm, error)) {
        return false;
    }
    return !vm->expect || expect_set_display(vm->expect, vm_display(vm), error);
}
