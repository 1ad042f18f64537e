#include "src/vm/vm_input.h"

#include "src/base/error.h"
#include "src/vm/vm_internal.h"

#define WAITING_MAX 1024u

/* A key event, and the time after it in which no other key follows. */
typedef struct KeyEvent {
    unsigned code;
    bool pressed;
    uint64_t hold;
} KeyEvent;

struct VmInput {
    Vm *vm;
    GMutex lock; /* needed because the timer may fire in the thread of a vCPU */
    GQueue waiting;
    Timer *timer; /* armed as long as the last key is held */
    uint64_t next;
    bool held;
    unsigned buttons;
};

static Device *find_device(const Vm *vm, bool pointer)
{
    for (guint i = 0; i < vm->machine->devices->len; i++) {
        Device *dev = vm->machine->devices->pdata[i];
        const InputClient *client = device_class(dev)->input_client;
        if (client && (pointer ? client->pointer != NULL : client->key != NULL)) {
            return dev;
        }
    }
    return NULL;
}

/* Sends the guest the keys whose waiting time is over.  Call it with the lock held. */
static void send_waiting(VmInput *input)
{
    while (!input->held && !g_queue_is_empty(&input->waiting)) {
        g_autofree KeyEvent *event = g_queue_pop_head(&input->waiting);
        device_key(find_device(input->vm, false), event->code, event->pressed);
        if (event->hold) {
            input->held = true;
            pio_timer_arm(input->timer, clock_now(input->vm->clock) + event->hold);
        }
    }
}

static void hold_is_over(void *opaque, uint64_t deadline)
{
    VmInput *input = opaque;
    (void)deadline;
    input->held = false;
    send_waiting(input);
}

static VmInput *get_input(Vm *vm)
{
    if (!vm->input) {
        vm->input = g_new0(VmInput, 1);
        vm->input->vm = vm;
        g_mutex_init(&vm->input->lock);
        g_queue_init(&vm->input->waiting);
        vm->input->timer = timer_new(vm->clock, &vm->input->lock, hold_is_over, vm->input);
    }
    return vm->input;
}

void vm_input_free(Vm *vm)
{
    VmInput *input = vm->input;
    if (input) {
        timer_free(input->timer);
        g_queue_clear_full(&input->waiting, g_free);
        g_mutex_clear(&input->lock);
        g_clear_pointer(&vm->input, g_free);
    }
}

static void add(VmInput *input, unsigned code, bool pressed, uint64_t hold)
{
    KeyEvent *event = g_new(KeyEvent, 1);
    *event = (KeyEvent){code, pressed, hold};
    g_queue_push_tail(&input->waiting, event);
}

static bool check(Vm *vm, unsigned count, GError **error)
{
    if (!find_device(vm, false)) {
        return error_refuse(error, "the machine has no keyboard");
    }
    return g_queue_get_length(&get_input(vm)->waiting) + count <= WAITING_MAX ||
           error_refuse(error, "more than %u keys wait for the guest", WAITING_MAX);
}

bool vm_type_keys(Vm *vm, const unsigned *codes, unsigned count, uint64_t hold, GError **error)
{
    if (!check(vm, 2 * count, error)) {
        return false;
    }
    VmInput *input = get_input(vm);
    g_mutex_lock(&input->lock);
    for (unsigned i = 0; i < count; i++) {
        add(input, codes[i], true, hold);
    }
    for (unsigned i = count; i-- > 0;) {
        add(input, codes[i], false, hold);
    }
    send_waiting(input);
    g_mutex_unlock(&input->lock);
    return true;
}

bool vm_key(Vm *vm, unsigned code, bool pressed, GError **error)
{
    if (!check(vm, 1, error)) {
        return false;
    }
    VmInput *input = get_input(vm);
    g_mutex_lock(&input->lock);
    add(input, code, pressed, 0);
    send_waiting(input);
    g_mutex_unlock(&input->lock);
    return true;
}

bool vm_pointer(Vm *vm, int dx, int dy, unsigned buttons, GError **error)
{
    Device *dev = find_device(vm, true);
    if (!dev || !device_pointer(dev, dx, dy, buttons)) {
        return error_refuse(error, "the machine has no mouse");
    }
    get_input(vm)->buttons = buttons & (POINTER_LEFT | POINTER_RIGHT | POINTER_MIDDLE);
    return true;
}

unsigned vm_pointer_buttons(const Vm *vm)
{
    return vm->input ? vm->input->buttons : 0;
}
