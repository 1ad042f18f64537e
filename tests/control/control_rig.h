/*
 * Starts a program as QEMU's own device tests start QEMU: the test listens at
 * two Unix sockets, and the program connects to them, one for qtest and one
 * for QMP.  Answers are waited for, never slept for.
 */
#ifndef PIOEMU_CONTROL_RIG_H
#define PIOEMU_CONTROL_RIG_H

#include <glib.h>
#include <stdbool.h>

#define CONTROL_IRQS 16u

/* One end of a line-wise protocol. */
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
 * `options` come after those that make the connections (NULL-terminated).
 * False: the program did not connect.
 */
bool control_rig_start(ControlRig *rig, const char *program, const char *const *options);
/* Ends it with SIGTERM; returns what waitpid() says. */
int control_rig_end(ControlRig *rig);
/* Waits for it to end by itself. */
int control_rig_wait(ControlRig *rig);

/* The next line without its end, or NULL when the peer closed; the caller frees it. */
char *control_line_read(ControlLine *line);
void control_line_write(ControlLine *line, const char *text, gsize size);
/* A client's connection, with its buffer. */
void control_line_open(ControlLine *line, int fd);
void control_line_close(ControlLine *line);
/* Connects to a program that listens; waits until it does. */
int control_connect(const char *path);

/* Sends a qtest command; returns the answer, and keeps book of IRQ lines before it. */
char *control_ask(ControlRig *rig, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Sends a QMP command; returns the next line. */
char *control_qmp(ControlRig *rig, const char *json);

#endif
