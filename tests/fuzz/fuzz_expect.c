/*
 * -expect: any script, with any output of a guest for it to examine.
 *
 * The script ends at the first event byte.  The rest of the input goes to COM1.
 */
#include "tests/fuzz/fuzz_vm.h"

#define COM1 0x3f8u

typedef struct Target {
    FuzzVm machine;
    BusInitiator initiator;
} Target;

static void print(void *opaque, const char *data, size_t size)
{
    Target *t = opaque;
    g_autofree char *copy = g_memdup2(data, size);
    bus_port_access(t->machine.vm->bus, &t->initiator, COM1, true, 1, copy, size);
    loop_step(t->machine.vm->loop, false);
}

/* The guest reads what the script typed, or does not. */
static void happen(void *opaque, unsigned number)
{
    Target *t = opaque;
    uint8_t typed[16];
    if (number == 0) {
        bus_port_access(t->machine.vm->bus, &t->initiator, COM1, false, 1, typed, sizeof(typed));
    }
    loop_step(t->machine.vm->loop, false);
}

static size_t script_size(const FuzzInput *in)
{
    size_t size = 0;
    while (size < in->size && in->data[size] < FUZZ_FIRST_EVENT) {
        size++;
    }
    return size;
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
    Target t = {0};
    size_t script = script_size(&in);
    fuzz_vm_init(&t.machine, false);
    fuzz_vm_set_script(&t.machine, (const char *)in.data, script);
    in.data += script;
    in.size -= script;
    if (fuzz_vm_open(&t.machine)) {
        expect_start(t.machine.vm->expect);
        fuzz_feed(&in, 64, &(FuzzPeer){.input = print, .event = happen, .opaque = &t});
        ExpectVerdict verdict = expect_conclude(t.machine.vm->expect);
        g_assert_nonnull(verdict.reason);
        g_assert_true(verdict.failed ? verdict.status == EXPECT_FAILED : verdict.status <= 255);
    }
    fuzz_vm_clear(&t.machine);
    return 0;
}
