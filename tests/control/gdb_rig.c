#include "tests/control/gdb_rig.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The number of the register in the i386 description. */
#define EIP 8u

/* The status of a guest that died, which happens where KVM does not support paging. */
#define DIED 4

static bool kvm_pages(void)
{
    static int answer = -1;
    if (answer < 0) {
        g_autofree char *program = control_rig_program();
        g_autofree char *guest =
            g_build_filename(g_getenv("PIOEMU_BUILD"), "tests", "control", "debugged.bin", NULL);
        const char *argv[] = {program,   "-accel", "kvm",      "-kernel", guest,
                              "-serial", "null",   "-timeout", "1",       NULL};
        int status = 0;
        g_spawn_sync(NULL, (char **)argv, NULL,
                     G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                     NULL, &status, NULL);
        answer = !(WIFEXITED(status) && WEXITSTATUS(status) == DIED);
    }
    return answer;
}

bool gdb_rig_can(const char *accel, bool paging)
{
    if (strcmp(accel, "kvm") != 0) {
        return true;
    }
    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("/dev/kvm cannot be opened here");
        return false;
    }
    if (paging && !kvm_pages()) {
        g_test_skip("this host's KVM has no 32-bit paging");
        return false;
    }
    return true;
}

/* ---- the program ---- */

void gdb_rig_start(GdbRig *rig, const char *accel, const char *options)
{
    g_autofree char *program = control_rig_program();
    *rig = (GdbRig){0};
    rig->directory = g_dir_make_tmp("gdb-XXXXXX", NULL);
    rig->path = g_build_filename(rig->directory, "gdb", NULL);
    g_autofree char *line = g_strdup_printf(
        "%s -accel %s -kernel %s/tests/control/debugged.bin -serial null -S -gdb unix:%s %s",
        program, accel, g_getenv("PIOEMU_BUILD"), rig->path, options);
    g_auto(GStrv) argv = g_strsplit(g_strchomp(line), " ", -1);
    rig->pid = control_spawn(argv, &rig->log);
}

static char *read_all(int fd)
{
    GString *text = g_string_new(NULL);
    char data[4096];
    ssize_t got;
    while ((got = read(fd, data, sizeof(data))) > 0) {
        g_string_append_len(text, data, got);
    }
    return g_string_free(text, false);
}

char *gdb_rig_wait(GdbRig *rig, int *status)
{
    char *said = read_all(rig->log);
    g_assert_cmpint(waitpid(rig->pid, status, 0), ==, rig->pid);
    gdb_rig_disconnect(rig);
    close(rig->log);
    unlink(rig->path);
    rmdir(rig->directory);
    g_free(rig->path);
    g_free(rig->directory);
    return said;
}

void gdb_rig_end(GdbRig *rig)
{
    int status;
    kill(rig->pid, SIGTERM);
    g_free(gdb_rig_wait(rig, &status));
}

/* ---- packets ---- */

void gdb_rig_disconnect(GdbRig *rig)
{
    control_line_close(&rig->line);
}

static void send_packet(GdbRig *rig, const char *text)
{
    unsigned sum = 0;
    for (const char *c = text; *c; c++) {
        sum += (unsigned char)*c;
    }
    g_autofree char *packet = g_strdup_printf("$%s#%02x", text, sum & 0xff);
    control_line_write(&rig->line, packet, strlen(packet));
}

void gdb_send(GdbRig *rig, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    send_packet(rig, text);
}

static char *unescape(const char *text, gsize size)
{
    GString *plain = g_string_new(NULL);
    for (gsize i = 0; i < size; i++) {
        bool escaped = text[i] == '}';
        i += escaped;
        g_string_append_c(plain, (char)(text[i] ^ (escaped ? 0x20 : 0)));
    }
    return g_string_free(plain, false);
}

char *gdb_next(GdbRig *rig)
{
    const char *begin, *end = NULL;
    while (!(begin = memchr(rig->line.input->str, '$', rig->line.input->len)) ||
           !(end = strchr(begin, '#')) || !end[1] || !end[2]) {
        if (!control_line_more(&rig->line)) {
            return NULL;
        }
    }
    char *text = unescape(begin + 1, (gsize)(end - begin - 1));
    g_string_erase(rig->line.input, 0, end + 3 - rig->line.input->str);
    return text;
}

static void say(GString *console, const char *hex)
{
    for (; hex[0] && hex[1]; hex += 2) {
        g_string_append_c(console,
                          (char)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1])));
    }
}

static char *answer(GdbRig *rig, GString *console)
{
    char *text = gdb_next(rig);
    while (console && text && text[0] == 'O' && text[1] != 'K') {
        say(console, text + 1);
        g_free(text);
        text = gdb_next(rig);
    }
    return text;
}

char *gdb_ask(GdbRig *rig, GString *console, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    send_packet(rig, text);
    return answer(rig, console);
}

void gdb_ask_is(GdbRig *rig, const char *packet, const char *expected)
{
    g_autofree char *text = gdb_ask(rig, NULL, "%s", packet);
    g_assert_cmpstr(text, ==, expected);
}

char *gdb_monitor(GdbRig *rig, const char *command)
{
    g_autoptr(GString) hex = g_string_new(NULL);
    GString *console = g_string_new(NULL);
    for (; *command; command++) {
        g_string_append_printf(hex, "%02x", (unsigned char)*command);
    }
    g_autofree char *end = gdb_ask(rig, console, "qRcmd,%s", hex->str);
    g_assert_cmpstr(end, ==, "OK");
    return g_string_free(console, false);
}

/* ---- the actions of a debugger ---- */

uint32_t gdb_load(GdbRig *rig, uint32_t address, unsigned size)
{
    g_autofree char *hex = gdb_ask(rig, NULL, "m%x,%x", address, size);
    g_assert_cmpuint(strlen(hex), ==, size * 2);
    uint32_t value = (uint32_t)g_ascii_strtoull(hex, NULL, 16);
    return size == 4   ? GUINT32_FROM_BE(value)
           : size == 2 ? GUINT16_FROM_BE((uint16_t)value)
                       : value;
}

void gdb_rig_connect(GdbRig *rig)
{
    control_line_open(&rig->line, control_connect(rig->path));
    g_autofree char *able = gdb_ask(rig, NULL, "qSupported:swbreak+;hwbreak+;xmlRegisters=i386");
    g_assert_true(strstr(able, "qXfer:features:read+") && strstr(able, "QStartNoAckMode+"));
    gdb_ask_is(rig, "QStartNoAckMode", "OK");
    gdb_send(rig, "?");
    g_autofree char *stop = gdb_next(rig);
    g_assert_true(g_str_has_prefix(stop, "T05thread:1;"));
    for (unsigned i = 0; i < PLACE_COUNT; i++) {
        rig->place[i] = gdb_load(rig, PLACES_AT + i * 4, 4);
    }
}

void gdb_until(GdbRig *rig, const char *packet, const char *part)
{
    g_autoptr(GString) console = g_string_new(NULL);
    g_autofree char *stop = gdb_ask(rig, console, "%s", packet);
    if (!stop || !strstr(stop, part)) {
        g_error("%s stopped with %s, not with %s (%s)", packet, stop, part, console->str);
    }
}

uint32_t gdb_eip(GdbRig *rig)
{
    g_autofree char *hex = gdb_ask(rig, NULL, "p%x", EIP);
    return GUINT32_FROM_BE((uint32_t)g_ascii_strtoull(hex, NULL, 16));
}

void gdb_run_to(GdbRig *rig, uint32_t address)
{
    g_autofree char *set = g_strdup_printf("Z0,%x,1", address);
    g_autofree char *clear = g_strdup_printf("z0,%x,1", address);
    gdb_ask_is(rig, set, "OK");
    gdb_until(rig, "vCont;c", "swbreak:");
    gdb_ask_is(rig, clear, "OK");
    g_assert_cmphex(gdb_eip(rig), ==, address);
}
