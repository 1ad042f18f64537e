/*
 * The main function: it reads the command line, builds the machine, runs it
 * and reports how it ended.
 */
#include "src/base/daemon.h"
#include "src/base/error.h"
#include "src/base/fd_io.h"
#include "src/base/file_io.h"
#include "src/base/host_failure.h"
#include "src/base/inherited.h"
#include "src/base/pidfile.h"
#include "src/base/signals.h"
#include "src/cli/options.h"
#include "src/control/control.h"
#include "src/machine/config.h"
#include "src/record/recorder.h"
#include "src/record/replay.h"
#include "src/record/replay_run.h"
#include "src/vm/vm.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

/*
 * Prints the error on one line.  A file's name could contain control
 * characters, which must not reach the terminal.
 */
static int complain(const GError *error)
{
    g_autofree char *line = g_strdup(error->message);
    for (char *c = line; *c; c++) {
        *c = g_ascii_iscntrl(*c) ? '?' : *c;
    }
    fprintf(stderr, "pioemu: %s\n", line);
    return error->code;
}

/* Checks the output files before the run: an error at the end would come too late. */
static bool check_files(const Config *config, GError **error)
{
    if (config->pidfile && !g_strcmp0(config->pidfile, config->result)) {
        return error_refuse(error,
                            "-result %s: is the file of -pidfile, which is removed at the end",
                            config->result);
    }
    return !config->result || file_io_check_replace("-result", config->result, error);
}

/* Sets the name that ps and top show. */
static void set_name(const char *name)
{
    if (name) {
        prctl(PR_SET_NAME, name);
    }
}

static bool claim_pidfile(const Config *config, Pidfile **pidfile, GError **error)
{
    *pidfile = config->pidfile ? pidfile_claim(config->pidfile, error) : NULL;
    return !config->pidfile || *pidfile;
}

/*
 * Runs the machine, from the writing of the pid file to the last answer of the
 * control protocols.
 */
static int run_built(Vm *vm, Control *control, Pidfile *pidfile, Daemon **daemon,
                     int *ended_by_signal, GError **error)
{
    if (pidfile && !pidfile_write(pidfile, error)) {
        return VM_EXIT_HOST;
    }
    if (*daemon) {
        daemon_ready(g_steal_pointer(daemon));
    }
    control_begin(control);
    int status = vm_run(vm);
    control_drain(control);
    *ended_by_signal = vm_signal(vm);
    return status;
}

/*
 * `replay` is NULL in an ordinary run.  The error is printed last, when
 * signals have their default actions again: a signal ends the process even if
 * the write blocks.
 */
static int run(const Config *config, ReplayRun *replay, bool *built, int *ended_by_signal)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Pidfile) pidfile = NULL;
    Daemon *daemon = config->daemonize ? daemon_fork(&error) : NULL;
    bool ready = !error && check_files(config, &error) && claim_pidfile(config, &pidfile, &error);
    Vm *vm = ready ? vm_new_replay(config, replay, &error) : NULL;
    Control *control = vm ? control_new(vm, &error) : NULL;
    *built = control != NULL;
    int status =
        control ? run_built(vm, control, pidfile, &daemon, ended_by_signal, &error) : VM_EXIT_HOST;
    g_clear_pointer(&pidfile, pidfile_free);
    g_clear_pointer(&control, control_free);
    g_clear_pointer(&vm, vm_free);
    status = error ? complain(error) : status;
    if (daemon) {
        daemon_failed(daemon, status);
    }
    return status;
}

static int print(const char *text)
{
    bool ok = fputs(text, stdout) >= 0 && fflush(stdout) == 0;
    return ok ? VM_EXIT_OK : VM_EXIT_HOST;
}

/* If the machine could not be built, run() has already printed why. */
static int run_again(Config *config, int *ended_by_signal)
{
    g_autoptr(GError) error = NULL;
    ReplayRun *replay = replay_run_new(config, &error);
    if (!replay) {
        return complain(error);
    }
    bool built = false;
    int status = run(config, replay, &built, ended_by_signal);
    if (built) {
        status = replay_run_conclude(replay);
    }
    replay_run_free(replay);
    return status;
}

int main(int argc, char **argv)
{
    host_failure_install();
    inherited_close(argc, argv);
    fd_io_keep_standard();
    g_autoptr(Config) config = config_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    if (!options_parse(config, argc, argv, &text, &error)) {
        return text ? print(text) : complain(error);
    }
    set_name(config->name);
    int ended_by_signal = 0;
    if (replay_run_wanted(config)) {
        int status = run_again(config, &ended_by_signal);
        if (ended_by_signal) {
            signals_die(ended_by_signal);
        }
        return status;
    }
    if (config->replay) {
        int status = replay_run(config->replay, &error);
        return error ? complain(error) : status;
    }
    if (config->record && !recorder_fix_date(config, &error)) {
        return complain(error);
    }
    bool built;
    int status = run(config, NULL, &built, &ended_by_signal);
    if (ended_by_signal) {
        /*
         * The process ends by the same signal, so that a shell or a CI system
         * sees why it ended.
         */
        signals_die(ended_by_signal);
    }
    return status;
}
