/*
 * The real debuggers: gdb and lldb each run a script, and the test checks
 * their output.
 */
#include "tests/control/control_rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Run {
    const char *debugger;
    const char *guest;       /* the options that select the guest; %s is the build directory */
    const char *symbols;     /* a file with symbols, in the build directory; or NULL */
    const char *script;      /* the commands after the connection; SOCKET stands for the address */
    const char *const *sees; /* texts that its output must contain, in this order */
} Run;

static void be_a_child(gpointer data)
{
    (void)data;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* The errors go to the same place as the output. */
static void be_a_debugger(gpointer data)
{
    be_a_child(data);
    dup2(STDOUT_FILENO, STDERR_FILENO);
}

static GPid start_program(const Run *run, const char *path)
{
    GPid pid;
    g_autofree char *program = control_rig_program();
    g_autoptr(GString) line = g_string_new(run->guest);
    g_string_replace(line, "%s", g_getenv("PIOEMU_BUILD"), 0);
    g_string_append_printf(line, " -accel soft -serial null -S -gdb unix:%s -timeout 60", path);
    g_autofree char *whole = g_strdup_printf("%s %s", program, line->str);
    g_auto(GStrv) argv = g_strsplit(whole, " ", -1);
    g_assert_true(g_spawn_async(NULL, argv, NULL,
                                G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
                                    G_SPAWN_STDERR_TO_DEV_NULL,
                                be_a_child, NULL, &pid, NULL));
    return pid;
}

static char *run_debugger(const Run *run, const char *path, const char *script_path)
{
    bool is_gdb = !strcmp(run->debugger, "gdb");
    g_autoptr(GString) steps = g_string_new(run->script);
    g_string_replace(steps, "SOCKET", path, 0);
    g_autofree char *script =
        g_strdup_printf(is_gdb ? "set pagination off\nset confirm off\ntarget remote %s\n%s"
                               : "process connect unix-connect://%s\n%s",
                        path, steps->str);
    g_autofree char *symbols =
        run->symbols ? g_build_filename(g_getenv("PIOEMU_BUILD"), run->symbols, NULL) : NULL;
    const char *gdb[] = {"gdb", "-nx", "-batch", "-x", script_path, symbols, NULL};
    const char *lldb[] = {"lldb", "-x", "-b", "-s", script_path, symbols, NULL};
    char *output = NULL;
    g_assert_true(g_file_set_contents(script_path, script, -1, NULL));
    g_assert_true(g_spawn_sync(NULL, (char **)(is_gdb ? gdb : lldb), NULL, G_SPAWN_SEARCH_PATH,
                               be_a_debugger, NULL, &output, NULL, NULL, NULL));
    return output;
}

/* The socket exists once the program listens. */
static void wait_for(const char *path)
{
    close(control_connect(path));
}

static void debug(gconstpointer data)
{
    const Run *run = data;
    g_autofree char *found = g_find_program_in_path(run->debugger);
    if (!found) {
        g_autofree char *reason = g_strdup_printf("%s is not installed", run->debugger);
        g_test_skip(reason);
        return;
    }
    g_autofree char *directory = g_dir_make_tmp("gdb-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "socket", NULL);
    g_autofree char *script_path = g_build_filename(directory, "script", NULL);
    GPid pid = start_program(run, path);
    wait_for(path);
    g_autofree char *output = run_debugger(run, path, script_path);
    const char *at = output;
    for (const char *const *text = run->sees; *text; text++) {
        const char *next = strstr(at, *text);
        if (!next) {
            g_error("%s does not say \"%s\" in its place:\n%s", run->debugger, *text, output);
        }
        at = next + strlen(*text);
    }
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    unlink(script_path);
    unlink(path);
    rmdir(directory);
}

/* ---- the scripts ---- */

#define SEES(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static const Run BOOT_SECTOR = {
    .debugger = "gdb",
    .guest = "-drive file=%s/guests/bootsect.img,format=raw,if=floppy",
    .script = "break *0x7c00\ncontinue\nx/2i $pc\nstepi\nstepi\nx/i $pc\n"
              "p/x $cs_base + $eip\ninfo registers\nx/2xb 0x7dfe\nkill\n",
    .sees =
        SEES("Breakpoint 1, 0x00007c00 in", "=> 0x7c00:\txor    %ax,%ax", "0x7c02:\tmov    %ax,%ds",
             "0x00007c02 in", "=> 0x7c04:", "= 0x7c04", "eax  ", "cs_base        0x0",
             "cr0            0x60000010          [ ET NW CD ]", "0x7dfe:\t0x55\t0xaa"),
};

#define GDB_DEBUGGED                                                                               \
    .debugger = "gdb", .guest = "-kernel %s/tests/control/debugged.bin",                           \
    .symbols = "tests/control/debugged.elf"

static const Run REAL_MODE = {
    GDB_DEBUGGED,
    .script = "set architecture i8086\nbreak divide\ncontinue\nx/i $pc\nstepi\nx/2i $pc\ndelete\n"
              "watch *(short *)&counter\nset $eip = _start\ncontinue\n"
              "monitor pc linear\nset $cs = 0x100\nset $eip = 0x1040\nx/i $pc\nkill\n",
    .sees = SEES("Breakpoint 1, 0x", "in divide ()", "<divide>:\tdiv    %bx", "in divided ()",
                 "<divided>:\tmov    %sp,%bp", "Hardware watchpoint 2: *(short *)&counter",
                 "Old value = 3", "New value = 4", "in count ()", "pc linear", "=> 0x1040"),
};

static const Run MODES = {
    GDB_DEBUGGED,
    .script = "break protected\ncontinue\nx/i $pc\np $cr0\nbreak paged\ncontinue\np $cr0\nstepi\n"
              "x/hx (char *)&counter + 0x400000\ninfo threads\nmonitor info status\nkill\n",
    .sees =
        SEES("in protected ()", "<protected>:\tmov    $0x10,%eax", "[ PE", "in paged ()", "PG ]",
             "in alias ()", "0x1234", "CPU 0, protected mode, paging", "VM status: paused"),
};

/* The guest writes its page tables at 0x8000, and is in long mode a few steps later. */
static const Run LONG_MODE = {
    .debugger = "gdb",
    .guest = "-kernel %s/guests/long.bin",
    .script = "watch *(char *)0x8000\ncontinue\ndelete\nset $n = 0\n"
              "while $n < 40\nstepi\nset $n = $n + 1\nend\np $eip == $cs_base + $eip\np $efer\n"
              "disconnect\ntarget remote SOCKET\np $efer\np $rip != 0\np $r15 != 0\nkill\n",
    .sees = SEES("Hardware watchpoint 1", "New value = 3", "the CPU is in long mode now", "$1 = 1",
                 "[ LME LMA ]", "[ LME LMA ]", "$4 = 1", "$5 = 1"),
};

static const Run KERNEL = {
    .debugger = "gdb",
    .guest = "-kernel %s/guests/multiboot.elf",
    .symbols = "guests/multiboot.elf",
    .script = "break kernel_main\nbreak put\ncontinue\nbacktrace\ndelete 1\ncontinue\nfinish\n"
              "detach\n",
    .sees = SEES("in _start ()", "Breakpoint 1, 0x", "in kernel_main ()", "#0  0x",
                 "Breakpoint 2, 0x", "in put ()", "in kernel_main ()", "detached"),
};

static const Run CRASH = {
    .debugger = "gdb",
    .guest = "-no-shutdown -kernel %s/tests/control/debugged.bin",
    .symbols = "tests/control/debugged.elf",
    .script = "set *(char *)&go_on = 2\ncontinue\ninfo registers eip idt_limit\nx/i $pc\n"
              "monitor system_reset\nbreak begin\ncontinue\nkill\n",
    .sees = SEES("pioemu: triple fault", "Program received signal SIGABRT", "in crash ()",
                 "idt_limit      0x0", "ud2", "Breakpoint 1, 0x", "in begin ()"),
};

static const Run LLDB_KERNEL = {
    .debugger = "lldb",
    .guest = "-kernel %s/guests/multiboot.elf",
    .symbols = "guests/multiboot.elf",
    .script = "breakpoint set -n kernel_main\ncontinue\nregister read eip\nthread step-inst\n"
              "memory read -c 4 0x100970\nkill\nquit\n",
    .sees = SEES("_start", "stop reason = breakpoint 1.1", "kernel_main", "eip = 0x", "kernel_main",
                 "stop reason = instruction step into", "kernel_main + 1", "exited"),
};

static const Run LLDB_REAL_MODE = {
    .debugger = "lldb",
    .guest = "-kernel %s/tests/control/debugged.bin",
    .script = "register read eip\nbreakpoint set -a 0x1044\ncontinue\nthread step-inst\n"
              "register read eip\nkill\nquit\n",
    .sees = SEES("eip = 0x00001000", "stop reason = breakpoint 1.1",
                 "stop reason = instruction step into", "eip = 0x00001045"),
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/gdb_client/gdb/boot_sector_in_16_bits", &BOOT_SECTOR, debug);
    g_test_add_data_func("/gdb_client/gdb/symbols_and_watchpoints_in_real_mode", &REAL_MODE, debug);
    g_test_add_data_func("/gdb_client/gdb/protected_mode_and_paging", &MODES, debug);
    g_test_add_data_func("/gdb_client/gdb/from_real_to_long_mode", &LONG_MODE, debug);
    g_test_add_data_func("/gdb_client/gdb/elf_kernel_of_32_bits", &KERNEL, debug);
    g_test_add_data_func("/gdb_client/gdb/crash_is_looked_at_and_started_again", &CRASH, debug);
    g_test_add_data_func("/gdb_client/lldb/elf_kernel_of_32_bits", &LLDB_KERNEL, debug);
    g_test_add_data_func("/gdb_client/lldb/real_mode", &LLDB_REAL_MODE, debug);
    return g_test_run();
}
