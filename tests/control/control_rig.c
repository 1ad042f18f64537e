#include "tests/control/control_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000

char *control_rig_program(void)
{
    return g_build_filename(g_getenv("PIOEMU_BUILD"), "src", "pioemu", NULL);
}

/* ---- lines ---- */

void control_line_open(ControlLine *line, int fd)
{
    line->fd = fd;
    line->input = g_string_new(NULL);
}

void control_line_close(ControlLine *line)
{
    if (line->input) {
        close(line->fd);
        g_string_free(line->input, true);
        line->input = NULL;
    }
}

static bool wait_for_input(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    return poll(&pfd, 1, PATIENCE_MS) == 1;
}

bool control_line_more(ControlLine *line)
{
    char data[4096];
    g_assert_true(wait_for_input(line->fd));
    ssize_t got = read(line->fd, data, sizeof(data));
    if (got > 0) {
        g_string_append_len(line->input, data, got);
    }
    return got > 0;
}

char *control_line_read(ControlLine *line)
{
    char *end;
    while (!(end = memchr(line->input->str, '\n', line->input->len))) {
        if (!control_line_more(line)) {
            return NULL;
        }
    }
    gsize size = (gsize)(end - line->input->str);
    char *text = g_strndup(line->input->str, size);
    g_string_erase(line->input, 0, (gssize)size + 1);
    return g_strchomp(text);
}

void control_line_write(ControlLine *line, const char *text, gsize size)
{
    while (size) {
        ssize_t put = send(line->fd, text, size, MSG_NOSIGNAL);
        g_assert_cmpint(put, >, 0);
        text += put;
        size -= (gsize)put;
    }
}

/* ---- sockets ---- */

static struct sockaddr_un unix_name(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    g_assert_cmpuint(strlen(path), <, sizeof(name.sun_path));
    g_strlcpy(name.sun_path, path, sizeof(name.sun_path));
    return name;
}

static int listen_at(const char *path)
{
    struct sockaddr_un name = unix_name(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

int control_connect(const char *path)
{
    struct sockaddr_un name = unix_name(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    gint64 deadline = g_get_monotonic_time() + PATIENCE_MS * 1000;
    while (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0) {
        g_assert_true(errno == ENOENT || errno == ECONNREFUSED);
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        poll(NULL, 0, 1);
    }
    return fd;
}

/* Returns false if the program ends without a connection. */
static bool accept_peer(int listener, GPid pid, ControlLine *line)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += 50) {
        struct pollfd pfd = {.fd = listener, .events = POLLIN};
        if (poll(&pfd, 1, 50) == 1) {
            control_line_open(line, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
            return true;
        }
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
            return false;
        }
    }
    return false;
}

/* ---- the program ---- */

GPid control_spawn(char *const *argv, int *errors)
{
    int ends[2] = {-1, -1};
    pid_t parent = getpid();
    g_assert_true(!errors || pipe2(ends, O_CLOEXEC) == 0);
    pid_t pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
            (errors && dup2(ends[1], STDERR_FILENO) < 0)) {
            _exit(127);
        }
        execvp(argv[0], argv);
        _exit(127);
    }
    if (errors) {
        close(ends[1]);
        *errors = ends[0];
    }
    return pid;
}

static GPtrArray *command_line(ControlRig *rig, const char *program, const char *const *options)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    const char *const head[] = {program,
                                "-qtest-log",
                                "/dev/null",
                                "-display",
                                "none",
                                "-mon",
                                "chardev=char0,mode=control"};
    for (gsize i = 0; i < G_N_ELEMENTS(head); i++) {
        g_ptr_array_add(argv, g_strdup(head[i]));
    }
    g_ptr_array_add(argv, g_strdup("-qtest"));
    g_ptr_array_add(argv, g_strdup_printf("unix:%s", rig->qtest_path));
    g_ptr_array_add(argv, g_strdup("-chardev"));
    g_ptr_array_add(argv, g_strdup_printf("socket,path=%s,id=char0", rig->qmp_path));
    for (; *options; options++) {
        g_ptr_array_add(argv, g_strdup(*options));
    }
    g_ptr_array_add(argv, NULL);
    return argv;
}

static void remove_files(ControlRig *rig)
{
    unlink(rig->qtest_path);
    unlink(rig->qmp_path);
    rmdir(rig->directory);
    g_clear_pointer(&rig->directory, g_free);
    g_clear_pointer(&rig->qtest_path, g_free);
    g_clear_pointer(&rig->qmp_path, g_free);
}

bool control_rig_start(ControlRig *rig, const char *program, const char *const *options)
{
    *rig = (ControlRig){0};
    rig->directory = g_dir_make_tmp("control-XXXXXX", NULL);
    rig->qtest_path = g_build_filename(rig->directory, "qtest", NULL);
    rig->qmp_path = g_build_filename(rig->directory, "qmp", NULL);
    int qtest = listen_at(rig->qtest_path);
    int qmp = listen_at(rig->qmp_path);
    g_autoptr(GPtrArray) argv = command_line(rig, program, options);
    rig->pid = control_spawn((char *const *)argv->pdata, NULL);
    bool connected =
        accept_peer(qtest, rig->pid, &rig->qtest) && accept_peer(qmp, rig->pid, &rig->qmp);
    close(qtest);
    close(qmp);
    return connected;
}

int control_rig_wait(ControlRig *rig)
{
    int status = 0;
    waitpid(rig->pid, &status, 0);
    control_line_close(&rig->qtest);
    control_line_close(&rig->qmp);
    remove_files(rig);
    return status;
}

int control_rig_end(ControlRig *rig)
{
    kill(rig->pid, SIGTERM);
    return control_rig_wait(rig);
}

/* ---- talking ---- */

/* Notes a line such as "IRQ raise 4". */
static bool note_irq(ControlRig *rig, const char *text)
{
    unsigned irq;
    bool raise = sscanf(text, "IRQ raise %u", &irq) == 1;
    if (!raise && sscanf(text, "IRQ lower %u", &irq) != 1) {
        return false;
    }
    if (irq < CONTROL_IRQS) {
        rig->irq[irq] = raise;
        rig->raises[irq] += raise;
    }
    return true;
}

char *control_ask(ControlRig *rig, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    control_line_write(&rig->qtest, line, strlen(line));
    char *answer = control_line_read(&rig->qtest);
    while (answer && note_irq(rig, answer)) {
        g_free(answer);
        answer = control_line_read(&rig->qtest);
    }
    return answer;
}

char *control_qmp(ControlRig *rig, const char *json)
{
    control_line_write(&rig->qmp, json, strlen(json));
    return control_line_read(&rig->qmp);
}
