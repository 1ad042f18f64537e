/*
 * pioemu: the program.
 */
#include "src/char/fd_io.h"
#include "src/config.h"
#include "src/options.h"
#include "src/record/recorder.h"
#include "src/record/replay.h"
#include "src/signals.h"
#include "src/vm.h"

#include <stdio.h>
#include <unistd.h>

static int complain(const GError *error)
{
    fprintf(stderr, "pioemu: %s\n", error->message);
    return error->code;
}

static bool write_pidfile(const char *path)
{
    g_autofree char *text = g_strdup_printf("%ld\n", (long)getpid());
    g_autoptr(GError) error = NULL;
    if (path && !g_file_set_contents(path, text, -1, &error)) {
        fprintf(stderr, "pioemu: -pidfile %s: %s\n", path, error->message);
        return false;
    }
    return true;
}

static int run(const Config *config, int *ended_by_signal)
{
    g_autoptr(GError) error = NULL;
    Vm *vm = vm_new(config, &error);
    if (!vm) {
        return complain(error);
    }
    int status = VM_EXIT_CONFIG;
    if (write_pidfile(config->pidfile)) {
        status = vm_run(vm);
        *ended_by_signal = vm_signal(vm);
        if (config->pidfile) {
            unlink(config->pidfile);
        }
    }
    vm_free(vm);
    return status;
}

static int print(const char *text)
{
    bool ok = fputs(text, stdout) >= 0 && fflush(stdout) == 0;
    return ok ? VM_EXIT_OK : VM_EXIT_HOST;
}

int main(int argc, char **argv)
{
    fd_io_keep_standard();
    g_autoptr(Config) config = config_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    if (!options_parse(config, argc, argv, &text, &error)) {
        return text ? print(text) : complain(error);
    }
    if (config->replay) {
        int status = replay_run(config->replay, &error);
        return error ? complain(error) : status;
    }
    if (config->record && !recorder_fix_date(config, &error)) {
        return complain(error);
    }
    int ended_by_signal = 0;
    int status = run(config, &ended_by_signal);
    if (ended_by_signal) {
        /* So that a shell or a CI system sees how it ended. */
        signals_die(ended_by_signal);
    }
    return status;
}
