#include "src/control/hmp.h"

#include <string.h>

typedef struct HmpCommand {
    const char *line; /* the words, with one space between them */
    const char *help;
    void (*run)(Vm *vm, GString *text);
} HmpCommand;

static const char *const STATE_NAMES[] = {
    [VM_PRELAUNCH] = "prelaunch",
    [VM_RUNNING] = "running",
    [VM_PAUSED] = "paused",
    [VM_SHUTDOWN] = "shutdown",
};

const char *hmp_state_name(VmState state)
{
    return STATE_NAMES[state];
}

static void info_status(Vm *vm, GString *text)
{
    VmState state = vm_state(vm);
    bool special = state == VM_PRELAUNCH || state == VM_SHUTDOWN;
    g_string_append_printf(text, "VM status: %s%s%s%s\n",
                           state == VM_RUNNING ? "running" : "paused", special ? " (" : "",
                           special ? hmp_state_name(state) : "", special ? ")" : "");
}

static void info_name(Vm *vm, GString *text)
{
    const char *name = vm_config(vm)->name;
    g_string_append_printf(text, "%s%s", name ? name : "", name ? "\n" : "");
}

static void info_version(Vm *vm, GString *text)
{
    (void)vm;
    g_string_append(text, PIOEMU_VERSION "\n");
}

static void stop(Vm *vm, GString *text)
{
    (void)text;
    vm_pause(vm);
}

static void tell(GString *text, const GError *error)
{
    if (error) {
        g_string_append_printf(text, "Error: %s\n", error->message);
    }
}

static void cont(Vm *vm, GString *text)
{
    g_autoptr(GError) error = NULL;
    vm_resume(vm, &error);
    tell(text, error);
}

static void system_reset(Vm *vm, GString *text)
{
    g_autoptr(GError) error = NULL;
    vm_reset(vm, &error);
    tell(text, error);
}

static void nmi(Vm *vm, GString *text)
{
    g_autoptr(GError) error = NULL;
    vm_inject_nmi(vm, &error);
    tell(text, error);
}

static void system_powerdown(Vm *vm, GString *text)
{
    (void)text;
    vm_powerdown(vm);
}

static void quit(Vm *vm, GString *text)
{
    (void)text;
    vm_quit(vm, "host-qmp-quit", "quit in the monitor");
}

static void help(Vm *vm, GString *text);

static const HmpCommand COMMANDS[] = {
    {"help", "this text", help},
    {"info registers", "the CPUs: registers, code, last accesses", vm_report_registers},
    {"info status", "whether the machine runs", info_status},
    {"info irq", "interrupt lines and the interrupt controller", vm_report_interrupts},
    {"info devices", "one line for each device", vm_report_devices},
    {"info name", "the machine's name", info_name},
    {"info version", "the program's version", info_version},
    {"stop", "pause the machine", stop},
    {"cont", "let it run", cont},
    {"system_reset", "reset it", system_reset},
    {"system_powerdown", "press the power button", system_powerdown},
    {"nmi", "inject a non-maskable interrupt", nmi},
    {"quit", "end the program", quit},
};

static void help(Vm *vm, GString *text)
{
    (void)vm;
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        g_string_append_printf(text, "%s -- %s\n", COMMANDS[i].line, COMMANDS[i].help);
    }
}

/* Words with one space between them. */
static char *squeeze(const char *line)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t\r\n", -1);
    GString *text = g_string_new(NULL);
    for (char **word = words; *word; word++) {
        if (**word) {
            g_string_append_printf(text, "%s%s", text->len ? " " : "", *word);
        }
    }
    return g_string_free(text, false);
}

char *hmp_run(Vm *vm, const char *line)
{
    g_autofree char *wanted = squeeze(line);
    GString *text = g_string_new(NULL);
    const HmpCommand *command = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        if (!strcmp(COMMANDS[i].line, wanted)) {
            command = &COMMANDS[i];
        }
    }
    if (command) {
        command->run(vm, text);
    } else if (*wanted) {
        g_string_append_printf(text, "unknown command: '%s'\n", wanted);
    }
    g_string_replace(text, "\n", "\r\n", 0);
    return g_string_free(text, false);
}
