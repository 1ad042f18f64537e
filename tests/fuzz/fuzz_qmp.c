/*
 * QMP and a machine: two clients send any bytes in pieces of any size.
 *
 * Everything that comes back must be JSON, with a line for each object.
 */
#include "src/control/command.h"
#include "src/control/qmp.h"

#include "tests/fuzz/fuzz_vm.h"

#include <string.h>

#define CLIENTS 2u

typedef struct Target {
    FuzzVm machine;
    Qmp *clients[CLIENTS];
    unsigned current;
} Target;

static void check_answer(void *opaque, const char *data, size_t size)
{
    static const char *const KINDS[] = {"QMP", "return", "error", "event"};
    (void)opaque;
    g_assert_cmpuint(size, >, 2);
    g_assert_cmpint(data[size - 1], ==, '\n');
    g_assert_null(memchr(data, '\n', size - 1));
    g_autoptr(JsonNode) node = json_from_string(data, NULL);
    g_assert_true(node && JSON_NODE_HOLDS_OBJECT(node));
    unsigned found = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        found += json_object_has_member(json_node_get_object(node), KINDS[i]);
    }
    g_assert_cmpuint(found, ==, 1);
}

static void feed(void *opaque, const char *data, size_t size)
{
    Target *t = opaque;
    qmp_input(t->clients[t->current], data, size);
}

static void happen(void *opaque, unsigned number)
{
    Target *t = opaque;
    switch (number) {
    case 0:
        t->current = (t->current + 1) % CLIENTS;
        break;
    case 1:
        qmp_disconnected(t->clients[t->current]);
        qmp_connected(t->clients[t->current]);
        break;
    default:
        loop_step(t->machine.vm->loop, false);
    }
}

static void tell_clients(void *opaque, const VmEvent *event)
{
    Target *t = opaque;
    for (unsigned i = 0; i < CLIENTS; i++) {
        qmp_event(t->clients[i], event);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

/* Commands that write to a file of the client's choice are not for a fuzzer. */
static bool writes_files(const uint8_t *data, size_t size)
{
    static const char *const WORDS[] = {"memsave", "dump-guest-memory", "logfile"};
    bool found = false;
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        found |= memmem(data, size, WORDS[i], strlen(WORDS[i])) != NULL;
    }
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = {data, size};
    if (writes_files(data, size)) {
        return 0;
    }
    uint64_t how = fuzz_take(&in, 1);
    Target t = {0};
    fuzz_vm_init(&t.machine, how & 0x80);
    t.machine.config->name = g_strdup("fuzz");
    g_assert_true(fuzz_vm_open(&t.machine));
    for (unsigned i = 0; i < CLIENTS; i++) {
        t.clients[i] = qmp_new(t.machine.vm, check_answer, &t);
    }
    vm_set_listener(t.machine.vm, &(VmListener){.event = tell_clients, .opaque = &t});
    qmp_connected(t.clients[0]);
    fuzz_feed(&in, how % 0x40 ? how % 0x40 : SIZE_MAX,
              &(FuzzPeer){.input = feed, .event = happen, .opaque = &t});
    vm_set_listener(t.machine.vm, NULL);
    for (unsigned i = 0; i < CLIENTS; i++) {
        qmp_free(t.clients[i]);
    }
    fuzz_vm_clear(&t.machine);
    return 0;
}
