/*
 * Ending the run on a signal.
 */
#include "src/base/signals.h"

#include <signal.h>
#include <unistd.h>

static const int ENDING[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

typedef struct Source {
    Signals *signals;
    int number;
    LoopSignal *watch;
} Source;

struct Signals {
    Source sources[G_N_ELEMENTS(ENDING)];
    void (*ending)(void *opaque, int number);
    void *opaque;
    int received;
};

static void drop_sources(Signals *signals)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ENDING); i++) {
        g_clear_pointer(&signals->sources[i].watch, loop_signal_free);
    }
}

/* Removes the handlers, so that the next signal ends the process at once. */
static void received(void *opaque)
{
    const Source *source = opaque;
    Signals *signals = source->signals;
    signals->received = source->number;
    drop_sources(signals);
    signals->ending(signals->opaque, signals->received);
}

static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

Signals *signals_new(Loop *loop, void (*ending)(void *opaque, int number), void *opaque)
{
    Signals *signals = g_new0(Signals, 1);
    signals->ending = ending;
    signals->opaque = opaque;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < G_N_ELEMENTS(ENDING); i++) {
        Source *source = &signals->sources[i];
        *source = (Source){.signals = signals, .number = ENDING[i]};
        if (!is_ignored(ENDING[i])) {
            source->watch = loop_signal_new(loop, ENDING[i], received, source);
        }
    }
    return signals;
}

void signals_free(Signals *signals)
{
    if (signals) {
        drop_sources(signals);
        g_free(signals);
    }
}

int signals_received(const Signals *signals)
{
    return signals->received;
}

void signals_die(int number)
{
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    raise(number);
    _exit(128 + number);
}
