/*
 * A stock Linux on the user network: it gets an address, reaches the host, fetches a file
 * from a server there, and is called by the host.
 */
#include "tests/guest/guest_linux.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAYLOAD      "payload"
#define PAYLOAD_SIZE 300000u
#define GUEST_PORT   80
#define HOST_PORT    8080 /* ports below 1024 are not for every user */

/* The kernel has more than ten million bytes, so it needs at least so many frames. */
#define KERNEL_FRAMES_MIN 5000u
/* Bytes of a file of libpcap. */
#define PCAP_HEADER 24u
#define PCAP_RECORD 16u

static const Need SLIRP_NEED = NEED_OF_USER_NETWORK;
static const Need SEABIOS_NEED = {"/usr/share/seabios/bios.bin", "seabios"};
static const Need IPXE_NEED = {"/usr/lib/ipxe/ipxe.lkrn", "ipxe"};

/* ---- a server of the host ---- */

typedef struct Server {
    int socket;
    unsigned port;
    const char *directory; /* with the files that it has */
    GThread *thread;
} Server;

static void write_all(int fd, const void *data, size_t size)
{
    for (const char *at = data; size;) {
        ssize_t done = send(fd, at, size, MSG_NOSIGNAL);
        if (done <= 0) {
            return;
        }
        at += done;
        size -= (size_t)done;
    }
}

/* Reads "GET /NAME HTTP..." up to the empty line, and returns the name (free). */
static char *read_request(int fd)
{
    char request[4096];
    size_t size = 0;
    ssize_t done = 1;
    while (done > 0 && size < sizeof(request) && !g_strstr_len(request, (gssize)size, "\r\n\r\n")) {
        done = read(fd, request + size, sizeof(request) - size);
        size += done > 0 ? (size_t)done : 0;
    }
    const char *slash = memchr(request, '/', size);
    const char *end = slash ? memchr(slash, ' ', size - (size_t)(slash - request)) : NULL;
    return end ? g_strndup(slash + 1, (size_t)(end - slash) - 1) : g_strdup("");
}

static void answer(const Server *server, int fd)
{
    g_autofree char *name = read_request(fd);
    g_autofree char *path = g_build_filename(server->directory, name, NULL);
    g_autofree char *file = NULL;
    size_t size = 0;
    bool found = g_file_get_contents(path, &file, &size, NULL);
    g_autofree char *head = g_strdup_printf("HTTP/1.0 %s\r\nContent-Length: %zu\r\n\r\n",
                                            found ? "200 OK" : "404 Not found", size);
    write_all(fd, head, strlen(head));
    write_all(fd, file, size);
    close(fd);
}

static gpointer serve(gpointer data)
{
    const Server *server = data;
    int fd;
    while ((fd = accept(server->socket, NULL, NULL)) >= 0) {
        answer(server, fd);
    }
    return NULL;
}

static void server_start(Server *server, const char *directory)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    server->directory = directory;
    server->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(server->socket, (struct sockaddr *)&address, size), ==, 0);
    g_assert_cmpint(listen(server->socket, 4), ==, 0);
    g_assert_cmpint(getsockname(server->socket, (struct sockaddr *)&address, &size), ==, 0);
    server->port = ntohs(address.sin_port);
    server->thread = g_thread_new("server", serve, server);
}

static void server_stop(Server *server)
{
    shutdown(server->socket, SHUT_RDWR);
    g_thread_join(server->thread);
    close(server->socket);
}

/* Makes the file PAYLOAD for the guest to fetch, and returns its SHA-1 (free). */
static char *make_payload(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    g_autofree char *file = g_malloc(PAYLOAD_SIZE);
    g_autofree char *path = guest_path(PAYLOAD);
    for (size_t i = 0; i < PAYLOAD_SIZE; i++) {
        file[i] = (char)g_rand_int(random);
    }
    g_assert_true(g_file_set_contents(path, file, PAYLOAD_SIZE, NULL));
    return g_compute_checksum_for_data(G_CHECKSUM_SHA1, (const guchar *)file, PAYLOAD_SIZE);
}

/* ---- the guest ---- */

#define GET_ADDRESS                                                                                \
    "mkdir -p /dev; mount -t devtmpfs dev /dev; sh /load\n"                                        \
    "cat >/got <<'END'\n"                                                                          \
    "#!/bin/busybox sh\n"                                                                          \
    "[ $1 = bound ] || exit 0\n"                                                                   \
    "ifconfig $interface $ip netmask $subnet; route add default gw $router\n"                      \
    "echo lease $ip gateway $router name server $dns\n"                                            \
    "END\n"                                                                                        \
    "chmod +x /got; ifconfig lo up; ifconfig eth0 up; udhcpc -q -n -f -i eth0 -s /got\n"           \
    "ping -c 2 10.0.2.2\n"

/* It says that it can be called once it listens. */
#define BE_CALLED                                                                                  \
    "echo from the guest | nc -l -p 80 &\n"                                                        \
    "until netstat -ltn | grep -q :80; do sleep 1; done; echo call me; wait\n"

static char *make_network_initrd(const char *name, const char *kernel, const char *more)
{
    g_autofree char *init = g_strdup_printf(GET_ADDRESS "%s\npoweroff -f", more);
    return guest_linux_initrd(name, kernel, "virtio_pci virtio_net", init);
}

static Guest *start_linux(const GuestTarget *target, const char *kernel, const char *initrd,
                          const char *options)
{
    return guest_start(target, &GUEST_ON_PIPES,
                       "-m 256 -kernel %s -initrd %s -append 'console=ttyS0 quiet' %s", kernel,
                       initrd, options);
}

static void expect_network(Guest *guest)
{
    guest_expect(guest, GUEST_OUT, "lease 10.0.2.15 gateway 10.0.2.2 name server 10.0.2.3");
    guest_expect(guest, GUEST_OUT, "2 packets received, 0% packet loss");
}

/* An address of this process alone, so that no other program has the port. */
static char *own_address(void)
{
    unsigned pid = (unsigned)getpid();
    return g_strdup_printf("127.%u.%u.%u", 1 + (pid >> 16) % 250, pid >> 8 & 0xff,
                           1 + (pid & 0xff) % 250);
}

/* Says `text` to the port, and returns what comes until the end. */
static char *call(const char *host, const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(HOST_PORT)};
    GString *heard = g_string_new(NULL);
    char part[256];
    ssize_t size;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(inet_aton(host, &address.sin_addr), ==, 1);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    write_all(fd, text, strlen(text));
    shutdown(fd, SHUT_WR);
    while ((size = read(fd, part, sizeof(part))) > 0) {
        g_string_append_len(heard, part, size);
    }
    close(fd);
    return g_string_free(heard, false);
}

static void test_linux_and_the_host_reach_each_other(const GuestTarget *target)
{
    g_autofree char *kernel = guest_linux_kernel();
    if (!guest_linux_can_run(target, kernel) || !guest_has_all(NEEDS(&SLIRP_NEED))) {
        return;
    }
    Server server;
    server_start(&server, guest_directory());
    g_autofree char *sum = make_payload();
    g_autofree char *more = g_strdup_printf(
        "wget -q -O - http://10.0.2.2:%u/" PAYLOAD " | sha1sum\n" BE_CALLED, server.port);
    g_autofree char *initrd = make_network_initrd("both", kernel, more);
    g_autofree char *host = own_address();
    g_autofree char *options = g_strdup_printf("-nic user,model=virtio,hostfwd=tcp:%s:%u-:%u", host,
                                               HOST_PORT, GUEST_PORT);
    g_autoptr(Guest) guest = start_linux(target, kernel, initrd, options);
    guest_be_patient(guest, 2);
    expect_network(guest);
    guest_expect(guest, GUEST_OUT, sum);
    guest_expect(guest, GUEST_OUT, "call me");
    g_autofree char *heard = call(host, "from the host\n");
    g_assert_cmpstr(heard, ==, "from the guest\n");
    guest_expect(guest, GUEST_OUT, "from the host");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    server_stop(&server);
}

/* ---- two machines ---- */

/* The address ends in what the command line says.  It ends when something is typed. */
#define MEET_THE_OTHER                                                                             \
    "mkdir -p /dev; mount -t devtmpfs dev /dev; sh /load\n"                                        \
    "me=$(sed 's/.*me=\\([12]\\).*/\\1/' /proc/cmdline)\n"                                         \
    "ifconfig eth0 10.0.0.$me up\n"                                                                \
    "until ping -c 1 -W 1 10.0.0.$((3 - me)) >/dev/null; do :; done\n"                             \
    "echo $me has reached the other; read line </dev/ttyS0; poweroff -f"

static Guest *start_machine(const GuestTarget *target, unsigned number, const char *kernel,
                            const char *initrd, const char *network)
{
    Guest *guest = guest_start(
        target, &GUEST_ON_PIPES,
        "-m 256 -kernel %s -initrd %s -append 'console=ttyS0 quiet me=%u' "
        "-netdev stream,id=n,addr.type=unix,addr.path=%s -device virtio-net-pci,netdev=n",
        kernel, initrd, number, network);
    guest_be_patient(guest, 4);
    return guest;
}

static void test_two_machines_reach_each_other(const GuestTarget *target)
{
    g_autofree char *kernel = guest_linux_kernel();
    if (!guest_linux_can_run(target, kernel)) {
        return;
    }
    g_autofree char *initrd =
        guest_linux_initrd("two", kernel, "virtio_pci virtio_net", MEET_THE_OTHER);
    g_autofree char *path = guest_path("wire");
    g_autofree char *server = g_strconcat(path, ",server=on", NULL);
    g_autofree char *client = g_strconcat(path, ",reconnect=1", NULL);
    g_autoptr(Guest) first = start_machine(target, 1, kernel, initrd, server);
    g_autoptr(Guest) second = start_machine(target, 2, kernel, initrd, client);
    guest_expect(first, GUEST_OUT, "1 has reached the other");
    guest_expect(second, GUEST_OUT, "2 has reached the other");
    guest_type(first, "\n");
    guest_type(second, "\n");
    g_assert_cmpint(guest_wait_exit(first), ==, 0);
    g_assert_cmpint(guest_wait_exit(second), ==, 0);
}

/* ---- frames in a file and in a recording ---- */

/* A recording has the frames, so the same guest runs again and finds no network but them. */
static void test_linux_runs_again_from_a_recording(const GuestTarget *target)
{
    g_autofree char *kernel = guest_linux_kernel();
    if (!guest_linux_can_run(target, kernel) || !guest_has_all(NEEDS(&SLIRP_NEED))) {
        return;
    }
    g_autofree char *initrd = make_network_initrd("again", kernel, "");
    g_autofree char *file = guest_path("network.rec");
    g_autofree char *record = g_strdup_printf("-nic user,model=virtio -record %s", file);
    g_autofree char *replay = g_strdup_printf("-nic user,model=virtio -replay %s", file);
    g_autoptr(Guest) first = start_linux(target, kernel, initrd, record);
    expect_network(first);
    g_assert_cmpint(guest_wait_exit(first), ==, 0);
    g_autoptr(Guest) second = start_linux(target, kernel, initrd, replay);
    expect_network(second);
    g_assert_cmpint(guest_wait_exit(second), ==, 0);
    guest_assert_says(second, "no difference");
    g_assert_cmpstr(guest_output(second, GUEST_OUT)->str, ==, guest_output(first, GUEST_OUT)->str);
}

/* ---- iPXE, which has a driver of its own for each card ---- */

/* A file as libpcap writes it, with whole records. */
static unsigned count_frames(const char *path)
{
    g_autofree char *file = NULL;
    size_t size, at = PCAP_HEADER;
    unsigned count = 0;
    uint32_t kept;
    g_assert_true(g_file_get_contents(path, &file, &size, NULL));
    for (; at + PCAP_RECORD <= size; at += PCAP_RECORD + kept) {
        memcpy(&kept, file + at + 8, sizeof(kept));
        count++;
    }
    g_assert_cmpuint(at, ==, size);
    return count;
}

/* It loads a script by TFTP, and Linux with its initial file system from `where`. */
static void boot_by_ipxe(const GuestTarget *target, const char *model, const char *where)
{
    g_autofree char *kernel = guest_linux_kernel();
    g_autofree char *dump = guest_path("frames.pcap");
    g_autofree char *first = guest_path("first.ipxe");
    g_autofree char *second = g_strdup_printf("#!ipxe\nkernel %s/kernel console=ttyS0 quiet\n"
                                              "initrd %s/%s.gz\nboot\n",
                                              where, where, model);
    /* The script names the file that this makes. */
    g_free(guest_linux_initrd(model, kernel, "", "poweroff -f"));
    guest_write_file("first.ipxe", "#!ipxe\ndhcp\nchain tftp://10.0.2.2/second.ipxe\n");
    guest_write_file("second.ipxe", second);
    guest_run_tool("cp '%s' kernel", kernel);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES,
                    "-bios %s -m 256 -kernel %s -initrd %s "
                    "-nic user,model=%s,tftp=%s "
                    "-object filter-dump,id=f,netdev=net0,file=%s",
                    SEABIOS_NEED.what, IPXE_NEED.what, first, model, guest_directory(), dump);
    guest_be_patient(guest, 4);
    guest_expect(guest, GUEST_OUT, "user space");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpuint(count_frames(dump), >, KERNEL_FRAMES_MIN);
}

static bool can_boot_by_ipxe(const GuestTarget *target)
{
    g_autofree char *kernel = guest_linux_kernel();
    return guest_linux_can_run(target, kernel) &&
           guest_has_all(NEEDS(&SLIRP_NEED, &SEABIOS_NEED, &IPXE_NEED));
}

static void test_ipxe_boots_by_tftp_and_virtio(const GuestTarget *target)
{
    if (can_boot_by_ipxe(target)) {
        boot_by_ipxe(target, "virtio", "tftp://10.0.2.2");
    }
}

static void test_ipxe_boots_by_http_and_e1000(const GuestTarget *target)
{
    if (can_boot_by_ipxe(target)) {
        Server server;
        server_start(&server, guest_directory());
        g_autofree char *where = g_strdup_printf("http://10.0.2.2:%u", server.port);
        boot_by_ipxe(target, "e1000", where);
        server_stop(&server);
    }
}

#define NETWORK(name) guest_tests_add("network/" #name, test_##name, GUEST_DEFAULT_IRQCHIP)

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    NETWORK(linux_and_the_host_reach_each_other);
    NETWORK(two_machines_reach_each_other);
    NETWORK(linux_runs_again_from_a_recording);
    NETWORK(ipxe_boots_by_tftp_and_virtio);
    NETWORK(ipxe_boots_by_http_and_e1000);
    return guest_tests_run();
}
