/*
 * Starts the program as QEMU's own device tests start QEMU.  The test listens at
 * two Unix sockets, and the program connects to them, to one for qtest and to the
 * other for QMP.  The test waits for answers and never sleeps.
 */
#ifndef PIOEMU_CONTROL_RIG_H
#define PIOEMU_CONTROL_RIG_H

#include <glib.h>
#include <stdbool.h>

#define CONTROL_IRQS 16u

/* One end of a protocol of lines. */
typedef struct ControlLine {
    int fd;
    GString *input;
} ControlLine;

typedef struct ControlRig {
    GPid pid;
    char *directory, *qtest_path, *qmp_path;
    ControlLine qtest, qmp;
    bool irq[CONTROL_IRQS];        /* as the program reported them */
    unsigned raises[CONTROL_IRQS]; /* how often each was raised */
} ControlRig;

/* The program under test, with the build's path in PIOEMU_BUILD. */
char *control_rig_program(void);

/*
 * `options` (NULL-terminated) follow those that make the connections.  Returns
 * false if the program did not connect.
 */
bool control_rig_start(ControlRig *rig, const char *program, const char *const *options);
/* Ends it with SIGTERM and returns the status of waitpid(). */
int control_rig_end(ControlRig *rig);
/* Waits until it ends by itself. */
int control_rig_wait(ControlRig *rig);

/*
 * Starts a program that is killed when this one ends.  Its input and output are
 * /dev/null.  `errors` takes a descriptor to read its standard error from; NULL: it is ours.
 */
GPid control_spawn(char *const *argv, int *errors);

/* Waits for more input.  Returns false when the peer closed. */
bool control_line_more(ControlLine *line);
/* The next line without its end, or NULL when the peer closed; the caller frees it. */
char *control_line_read(ControlLine *line);
void control_line_write(ControlLine *line, const char *text, gsize size);
/* Takes a connection and gives it a buffer. */
void control_line_open(ControlLine *line, int fd);
void control_line_close(ControlLine *line);
/* Connects to a program that listens; waits until it does. */
int control_connect(const char *path);

/* Sends a qtest command and returns the answer.  Notes the IRQ lines before it. */
char *control_ask(ControlRig *rig, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Sends a QMP command; returns the next line. */
char *control_qmp(ControlRig *rig, const char *json);

#endif
