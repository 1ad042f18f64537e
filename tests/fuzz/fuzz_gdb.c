/*
 * A debugger's client and a machine.  The client sends any bytes in pieces of
 * any size, and the CPU runs a little whenever the client lets it.
 *
 * The check is that every answer is an acknowledgement or a packet with a
 * correct checksum.
 */
#include "src/control/gdb.h"

#include "tests/fuzz/fuzz_vm.h"

#define SOME_INSTRUCTIONS 200u

typedef struct Target {
    FuzzVm machine;
    Gdb *gdb;
} Target;

static void check_answer(void *opaque, const char *data, size_t size)
{
    (void)opaque;
    if (size == 1) {
        g_assert_true(*data == '+' || *data == '-');
        return;
    }
    unsigned sum = 0;
    g_assert_cmpuint(size, >=, 4);
    g_assert_cmpint(data[0], ==, '$');
    g_assert_cmpint(data[size - 3], ==, '#');
    for (size_t i = 1; i < size - 3; i++) {
        g_assert_true(data[i] != '$' && data[i] != '#');
        sum += (uint8_t)data[i];
    }
    g_assert_cmpint(g_ascii_xdigit_value(data[size - 2]), ==, sum >> 4 & 0xf);
    g_assert_cmpint(g_ascii_xdigit_value(data[size - 1]), ==, sum & 0xf);
}

static void machine_stopped(void *opaque, const VmStop *stop)
{
    gdb_stopped(((Target *)opaque)->gdb, stop);
}

static void feed(void *opaque, const char *data, size_t size)
{
    gdb_input(((Target *)opaque)->gdb, data, size);
}

/* Does what the scheduler would do. */
static void run_a_little(Vm *vm)
{
    Vcpu *vcpu = scheduler_vcpu(vm->scheduler, 0);
    if (vm->state == VM_RUNNING && vm->accel->class->activity(vcpu) == VCPU_ACTIVE) {
        vm->accel->class->set_budget(vcpu, SOME_INSTRUCTIONS);
        VcpuStop stop = vm->accel->class->run(vcpu);
        if (stop == VCPU_DEBUG || stop == VCPU_TRIPLE_FAULT) {
            vm_vcpu_stopped(vm, vcpu, stop);
        }
    }
}

static void happen(void *opaque, unsigned number)
{
    Target *t = opaque;
    switch (number) {
    case 0:
        run_a_little(t->machine.vm);
        break;
    case 1:
        gdb_disconnected(t->gdb);
        gdb_connected(t->gdb);
        break;
    default:
        loop_step(t->machine.vm->loop, false);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = {data, size};
    uint64_t how = fuzz_take(&in, 1);
    Target t = {0};
    fuzz_vm_init(&t.machine, true);
    t.machine.config->cpus = how & 0x40 ? 2 : 1;
    g_assert_true(fuzz_vm_open(&t.machine));
    Vm *vm = t.machine.vm;
    t.gdb = gdb_new(vm, how & 0x80 ? GDB_X86_64 : GDB_ARCH_COUNT, check_answer, &t);
    vm_set_debugger(vm, &(VmDebugger){.stopped = machine_stopped, .opaque = &t});
    gdb_connected(t.gdb);
    fuzz_feed(&in, how % 0x40 ? how % 0x40 : SIZE_MAX,
              &(FuzzPeer){.input = feed, .event = happen, .opaque = &t});
    vm_set_debugger(vm, NULL);
    gdb_disconnected(t.gdb);
    gdb_free(t.gdb);
    fuzz_vm_clear(&t.machine);
    return 0;
}
