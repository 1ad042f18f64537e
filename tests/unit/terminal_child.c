/*
 * A small machine for the tests of terminals and pipes: the loop, the signals and
 * one device that sends back what it receives, like a serial port with a FIFO of
 * 16.
 *
 *   --spec SPEC    a chardev (default stdio); the device is on the first one
 *   --echr N       the escape key
 *   --deaf         the device has no room for input
 *   --flood N      the device begins with N bytes of a pattern
 *   --commands     input 'q' ends with status 7, 'S' faults, 'A' aborts
 */
#include "src/base/fd_io.h"
#include "src/base/signals.h"
#include "src/char/char.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIFO_SIZE 16u

typedef struct Options {
    GPtrArray *specs;
    int escape;
    bool deaf, commands;
    size_t flood;
} Options;

typedef struct Machine {
    Options options;
    Loop *loop;
    ChardevSet *set;
    int status;
} Machine;

typedef struct Echo {
    Device *dev;
    CharPort *port;
    Machine *machine;
    uint8_t fifo[FIFO_SIZE];
    size_t used;
    size_t flooded;
    LoopTask turn; /* the "CPU": empties the FIFO */
} Echo;

static uint8_t flood_byte(size_t position)
{
    return (uint8_t)('a' + position % 23);
}

static void flood(Echo *echo)
{
    while (echo->flooded < echo->machine->options.flood) {
        uint8_t byte = flood_byte(echo->flooded);
        if (!pio_char_write(echo->port, &byte, 1)) {
            return;
        }
        echo->flooded++;
    }
}

static void run_command(Echo *echo, uint8_t byte)
{
    static volatile int *volatile nowhere;
    if (byte == 'S') {
        *nowhere = 1;
    } else if (byte == 'A') {
        abort();
    } else if (byte == 'q') {
        echo->machine->status = 7;
        loop_quit(echo->machine->loop);
    }
}

static void empty_fifo(Echo *echo)
{
    for (size_t i = 0; echo->machine->options.commands && i < echo->used; i++) {
        run_command(echo, echo->fifo[i]);
    }
    size_t taken = pio_char_write(echo->port, echo->fifo, echo->used);
    memmove(echo->fifo, echo->fifo + taken, echo->used - taken);
    echo->used -= taken;
    if (taken) {
        pio_char_rx_ready(echo->port);
    }
}

static void take_turn(void *opaque)
{
    Echo *echo = opaque;
    g_mutex_lock(device_mutex(echo->dev));
    empty_fifo(echo);
    g_mutex_unlock(device_mutex(echo->dev));
}

static size_t echo_rx_room(void *opaque, unsigned port)
{
    (void)port;
    Echo *echo = opaque;
    return echo->machine->options.deaf ? 0 : FIFO_SIZE - echo->used;
}

static void echo_receive(void *opaque, unsigned port, const uint8_t *data, size_t size)
{
    (void)port;
    Echo *echo = opaque;
    memcpy(echo->fifo + echo->used, data, size);
    echo->used += size;
    loop_post(echo->machine->loop, &echo->turn);
}

static void echo_tx_room(void *opaque, unsigned port)
{
    (void)port;
    Echo *echo = opaque;
    flood(echo);
    if (echo->used) {
        loop_post(echo->machine->loop, &echo->turn);
    }
}

static const DeviceProperty ECHO_PROPERTIES[] = {
    {.name = "chardev", .kind = PROPERTY_CHAR, .offset = offsetof(Echo, port)},
    DEVICE_PROPERTY_END,
};

static const CharClient ECHO_CLIENT = {
    .rx_room = echo_rx_room,
    .receive = echo_receive,
    .tx_room = echo_tx_room,
};

static const DeviceClass ECHO_CLASS = {
    .head = DEVICE_CLASS_HEAD("echo", Echo),
    .description = "sends back what it receives",
    .properties = ECHO_PROPERTIES,
    .char_client = &ECHO_CLIENT,
};

/* ---- the machine ---- */

static void user_quits(void *opaque)
{
    Machine *machine = opaque;
    machine->status = 0;
    loop_quit(machine->loop);
}

static void print_message(void *opaque, const char *text)
{
    (void)opaque;
    fprintf(stderr, "pioemu: %s\n", text);
}

static void signal_ends(void *opaque, int number)
{
    (void)number;
    loop_quit(((Machine *)opaque)->loop);
}

static CharPort *connect_port(void *opaque, Device *dev, const char *id, GError **error)
{
    return chardev_set_connect(((Machine *)opaque)->set, dev, id, error);
}

static void open_chardevs(Machine *machine)
{
    const CharEvents events = {
        .quit = user_quits,
        .message = print_message,
        .opaque = machine,
    };
    machine->set = chardev_set_new(machine->loop, &events, machine->options.escape);
    for (guint i = 0; i < machine->options.specs->len; i++) {
        g_autofree char *id = g_strdup_printf("serial%u", i);
        g_autoptr(GError) error = NULL;
        if (!chardev_set_add(machine->set, "-serial", id, machine->options.specs->pdata[i],
                             &error)) {
            fprintf(stderr, "pioemu: %s\n", error->message);
            chardev_set_free(machine->set);
            exit(error->code);
        }
    }
}

static void greet(Echo *echo)
{
    static const char READY[] = "READY\n";
    g_mutex_lock(device_mutex(echo->dev));
    pio_char_write(echo->port, (const uint8_t *)READY, strlen(READY));
    flood(echo);
    g_mutex_unlock(device_mutex(echo->dev));
}

static void run(Machine *machine)
{
    const DeviceHost host = {.opaque = machine, .char_port = connect_port};
    Device *dev = device_new(&ECHO_CLASS, "echo", &host);
    Echo *echo = device_state(dev);
    echo->machine = machine;
    echo->turn = (LoopTask){.run = take_turn, .opaque = echo};
    device_set_property(dev, "chardev", "serial0", NULL);
    device_realize(dev, NULL);
    greet(echo);
    loop_run(machine->loop);
    loop_cancel(machine->loop, &echo->turn);
    chardev_set_drain(machine->set, NS_PER_SECOND / 10);
    chardev_set_free(machine->set);
    device_free(dev);
}

static Options parse(char **argv)
{
    Options options = {.specs = g_ptr_array_new(), .escape = 1};
    for (char **arg = argv + 1; *arg; arg++) {
        if (!strcmp(*arg, "--deaf")) {
            options.deaf = true;
        } else if (!strcmp(*arg, "--commands")) {
            options.commands = true;
        } else if (!strcmp(*arg, "--spec") && arg[1]) {
            g_ptr_array_add(options.specs, *++arg);
        } else if (!strcmp(*arg, "--echr") && arg[1]) {
            options.escape = atoi(*++arg);
        } else if (!strcmp(*arg, "--flood") && arg[1]) {
            options.flood = (size_t)atol(*++arg);
        }
    }
    if (!options.specs->len) {
        g_ptr_array_add(options.specs, "stdio");
    }
    return options;
}

int main(int argc, char **argv)
{
    (void)argc;
    fd_io_keep_standard();
    Machine machine = {.options = parse(argv), .loop = loop_new(NULL)};
    Signals *signals = signals_new(machine.loop, signal_ends, &machine);
    open_chardevs(&machine);
    run(&machine);
    int received = signals_received(signals);
    signals_free(signals);
    loop_free(machine.loop);
    g_ptr_array_unref(machine.options.specs);
    if (received) {
        signals_die(received);
    }
    return machine.status;
}
