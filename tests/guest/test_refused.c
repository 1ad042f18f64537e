/*
 * Requests that cannot be fulfilled: nothing is started, one line says which option
 * is wrong and what would be right, and no file is left behind.
 */
#include "tests/guest/guest_rig.h"

#include <string.h>
#include <unistd.h>

enum { CONFIGURATION = 2, HOST = 3 };

typedef struct Refusal {
    const char *name;
    const char *options;
    int status;
    const char *message; /* a part of it */
} Refusal;

#define TEN       "xxxxxxxxxx"
#define HUNDRED   TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONG_NAME HUNDRED HUNDRED HUNDRED

static const Refusal REFUSALS[] = {
    {"no_guest", "", CONFIGURATION, "-kernel FILE"},
    {"unknown_option", "-kernl hello.bin", CONFIGURATION, "did you mean -kernel?"},
    {"image_is_missing", "hello.img", HOST, "-hda hello.img: No such file"},
    {"missing_argument", "-kernel", CONFIGURATION, "-kernel: needs FILE"},
    {"memory_suffix", "-kernel hello.bin -m 5Q", CONFIGURATION, "5Q"},
    {"memory_too_small", "-kernel hello.bin -m 4K", CONFIGURATION, "from 64K on"},
    {"joined_option", "-kernel=hello.bin", CONFIGURATION, "two words: -kernel hello.bin"},
    {"no_guest_for_append", "-hda nowhere -append x", CONFIGURATION,
     "-append x: goes with -kernel FILE"},
    {"speed_of_the_software_CPU", "-kernel hello.bin -accel soft,ips=fast", CONFIGURATION,
     "-accel soft,ips fast: not a number"},
    {"translation", "-kernel hello.bin -accel soft,translate=maybe", CONFIGURATION,
     "-accel soft,translate=maybe: neither on nor off nor auto"},
    {"translation_after_nothing", "-kernel hello.bin -accel soft,translate-after=0", CONFIGURATION,
     "-accel soft,translate-after=0: at least 1 entry"},
    {"virtio_disk_without_a_drive", "-kernel hello.bin -device virtio-blk-pci", CONFIGURATION,
     "-device virtio-blk-pci: drive=ID is missing"},
    {"virtio_disk_without_a_PCI_bus",
     "-M isapc -kernel hello.bin -drive file=demo.img,format=raw,if=virtio", CONFIGURATION,
     "virtio-blk-pci: machine isapc has no PCI bus"},
    {"drive_id", "-kernel hello.bin -drive file=x,id=", CONFIGURATION,
     "-drive file=x,id=: the id '' is not a letter followed by"},
    {"drive_id_with_a_comma", "-kernel hello.bin -drive file=x,id=a,,b", CONFIGURATION, "'a,b'"},
    {"drive_key", "-kernel hello.bin -drive hd.img", CONFIGURATION,
     "-drive hd.img: unknown key 'hd.img'"},
    {"nameless_accelerator", "-kernel hello.bin -accel kvm:", CONFIGURATION, "-accel kvm:: "},
    {"network_without_a_card", "-kernel hello.bin -net user", CONFIGURATION,
     "-net user: goes with -net nic"},
    {"firmware_is_a_directory", "-bios %s", CONFIGURATION, "is a directory (name a file)"},
    {"firmware_has_an_odd_size", "-bios %s/small", CONFIGURATION, "small: has 5 bytes"},
    {"module_is_missing", "-kernel multiboot.elf -initrd hello.bin,", CONFIGURATION,
     "-initrd: names no file"},
    {"recording_is_missing", "-replay nowhere", CONFIGURATION, "-replay nowhere: No such file"},
    {"recording_is_a_directory", "-replay %s", CONFIGURATION, "is a directory (name a file)"},
    {"recording_is_a_device", "-replay /dev/zero", CONFIGURATION, "is not a regular file"},
    {"recording_is_none", "-replay %s/large", CONFIGURATION, "not a recording of pioemu"},
    {"recording_is_none_either", "-kernel hello.bin -replay %s/large", CONFIGURATION,
     "not a recording of pioemu"},
    {"guest_is_missing", "-kernel nowhere.bin", CONFIGURATION, "No such file"},
    {"guest_with_an_odd_name", "-kernel 'a\nb\033c'", CONFIGURATION, "-kernel a?b?c: No such file"},
    {"guest_is_a_directory", "-kernel /", CONFIGURATION, "is a directory"},
    {"guest_is_empty", "-kernel %s/empty", CONFIGURATION, "is empty"},
    {"guest_is_a_text", "-kernel %s/text", CONFIGURATION, "a text file: a source has to be"},
    {"guest_is_compressed", "-kernel %s/text.gz", CONFIGURATION, "text.gz: a gzip file: unpack it"},
    {"guest_is_too_large", "-kernel %s/large -m 64K", CONFIGURATION, "give it more with -m"},
    {"flat_key", "-kernel hello.bin -flat adr=0", CONFIGURATION, "adr"},
    {"unknown_accelerator", "-kernel hello.bin -accel hvf", CONFIGURATION, "hvf"},
    {"escape_key", "-kernel hello.bin -echr 32", CONFIGURATION, "-echr"},
    {"log_item", "-kernel hello.bin -d everything", CONFIGURATION, "everything"},
    {"timeout_of_0", "-kernel hello.bin -timeout 0", CONFIGURATION, "more than 0"},
    {"log_file", "-kernel hello.bin -D %s/no/log", CONFIGURATION, "-D "},
    {"pid_file", "-kernel hello.bin -pidfile %s/no/pid", CONFIGURATION, "no/pid: No such file"},
    {"result_file", "-kernel hello.bin -result %s/no/result", CONFIGURATION,
     "no/result: No such file"},
    {"result_is_a_directory", "-kernel hello.bin -result %s", CONFIGURATION, "Is a directory"},
    {"result_with_a_long_name", "-kernel hello.bin -result " LONG_NAME, CONFIGURATION,
     "x: File name too long"},
    {"pid_file_with_a_long_name", "-kernel hello.bin -pidfile " LONG_NAME, CONFIGURATION,
     "x: File name too long"},
    {"result_in_the_pid_file", "-kernel hello.bin -result %s/x -pidfile %s/x", CONFIGURATION,
     "/x: is the file of -pidfile"},
    {"no_kvm", "-kernel hello.bin -accel kvm,device=/nonexistent", HOST,
     "there is no /nonexistent"},
    {"not_kvm", "-kernel hello.bin -accel kvm,device=/dev/null", HOST, "not a KVM device"},
};

/* These are found when the accelerator exists. */
static const Refusal LATE_REFUSALS[] = {
    {"expect_of_a_device", "-kernel hello.bin -expect /dev/zero", CONFIGURATION, "is a device"},
    {"fw_cfg_of_a_device", "-kernel hello.bin -fw_cfg opt/x,file=/dev/zero", CONFIGURATION,
     "/dev/zero: is not a regular file"},
    {"fw_cfg_is_missing", "-kernel hello.bin -fw_cfg opt/x,file=nowhere", CONFIGURATION,
     "-fw_cfg opt/x,file=nowhere: nowhere: No such file"},
    {"expect_is_missing", "-kernel hello.bin -expect nowhere", CONFIGURATION,
     "-expect nowhere: No such file"},
    {"expect_is_a_directory", "-kernel hello.bin -expect %s", CONFIGURATION, "is a directory"},
    {"expect_without_a_port", "-kernel hello.bin -serial none -expect %s/empty", CONFIGURATION,
     "no chardev 'serial0' to talk to"},
    {"unknown_machine", "-kernel hello.bin -machine q53", CONFIGURATION, "-machine help"},
    {"unknown_backend", "-kernel hello.bin -serial stdoi", CONFIGURATION, "stdio"},
    {"unknown_backend_with_mon", "-kernel hello.bin -serial mon:stdoi", CONFIGURATION,
     "-serial mon:stdoi: no such backend (did you mean 'stdio'?"},
    {"no_such_chardev", "-kernel hello.bin -debugport chardev:serial3", CONFIGURATION,
     "-debugport chardev:serial3: no such chardev"},
    {"its_own_chardev", "-kernel hello.bin -serial chardev:serial0", CONFIGURATION,
     "-serial chardev:serial0: no such chardev"},
    {"shared_chardev_without_mux", "-kernel hello.bin -debugport chardev:serial0", CONFIGURATION,
     "-serial stdio: COM1: chardev 'serial0' is used by debug-port (mux=on lets"},
    {"input_that_is_none", "-kernel hello.bin -serial in=file:%s/x", CONFIGURATION,
     "x: file gives no input"},
    {"half_a_line", "-kernel hello.bin -serial in=stdio,out=x", CONFIGURATION,
     "-serial in=stdio,out=x: out x: no such backend"},
    {"chardev_without_a_path", "-kernel hello.bin -chardev file,id=a", CONFIGURATION,
     "-chardev file,id=a: needs path="},
    {"chardev_id_of_a_port", "-kernel hello.bin -chardev null,id=serial0", CONFIGURATION,
     "-serial stdio: its id 'serial0' is that of a -chardev"},
    {"chardev_id", "-kernel hello.bin -chardev null,id=a,,b", CONFIGURATION, "the id 'a,b' is not"},
    {"log_without_a_file", "-kernel hello.bin -serial null,logmax=1K", CONFIGURATION,
     "-serial null,logmax=1K: logmax goes with logfile=PATH"},
    {"old_logs", "-kernel hello.bin -serial null,logfile=%s/x,logkeep=1000", CONFIGURATION,
     "logkeep 1000: too large (at most 999)"},
    {"log_of_a_protocol", "-kernel hello.bin -qtest-log %s/x", CONFIGURATION,
     "/x: goes with -qtest DEV"},
    {"port_number", "-kernel hello.bin -serial tcp:localhost:65537,server=on", CONFIGURATION,
     "port 65537: too large (at most 65535)"},
    {"unknown_device", "-kernel hello.bin -device exit-prot", CONFIGURATION, "exit-port"},
    {"unknown_property", "-kernel hello.bin -device exit-port,x=1", CONFIGURATION, "'x'"},
    {"overlapping_devices", "-kernel hello.bin -device exit-port -device exit-port", CONFIGURATION,
     "exit-port"},
    {"irqchip", "-kernel hello.bin -M pc,irqchip=mine", CONFIGURATION,
     "irqchip=mine: not one of auto, user, split, kernel"},
    {"cpus_without_an_apic", "-accel kvm -kernel hello.bin -smp 2 -M pc,irqchip=user",
     CONFIGURATION, "-smp 2: "},
    {"fifth_serial_port",
     "-kernel hello.bin -serial null -serial null -serial null -serial null -serial file:x",
     CONFIGURATION, "-serial file:x: the machine has only COM1 to COM4"},
    {"two_ports_on_stdio", "-kernel hello.bin -serial stdio -serial stdio", CONFIGURATION,
     "only one stdio is possible"},
    {"device_of_a_recorded_run", "-kernel hello.bin -record %s/x -device nope", CONFIGURATION,
     "-device nope: no such device"},
    {"device_id", "-kernel hello.bin -device exit-port,id=", CONFIGURATION, "the id '' is not"},
    {"device_id_of_the_board", "-kernel hello.bin -device exit-port,id=COM1", CONFIGURATION,
     "-device exit-port,id=COM1: there is a device 'COM1' already"},
    {"global_without_a_class", "-kernel hello.bin -global .x=1", CONFIGURATION,
     "-global .x=1: write CLASS.PROPERTY=VALUE"},
    {"global_property_of_an_absent_device", "-kernel hello.bin -global exit-port.x=1",
     CONFIGURATION, "-global exit-port.x=1: no property 'x'"},
    {"global_property", "-kernel hello.bin -global isa-serial.x=1", CONFIGURATION,
     "-global isa-serial.x=1: "},
    {"output_file", "-kernel hello.bin -serial file:%s/no/out", HOST, "-serial file:"},
    {"hda_is_missing", "-kernel hello.bin -hda nowhere", HOST, "-hda nowhere: No such file"},
    {"hdb_is_a_directory", "-kernel hello.bin -hdb %s", HOST, "Is a directory"},
    {"hdc_is_empty", "-kernel hello.bin -hdc %s/empty", CONFIGURATION, "/empty: empty"},
    {"hdd_is_a_device", "-kernel hello.bin -hdd /dev/null", CONFIGURATION,
     "-hdd /dev/null: neither a file nor a block device"},
    {"hdd_is_in_use", "-kernel hello.bin -hda %s/large -hdd %s/large", HOST,
     "in use by another program or drive (-snapshot, or"},
    {"hda_twice", "-kernel hello.bin -hda %s/large -drive file=nowhere,index=0", CONFIGURATION,
     "-drive file=nowhere: another drive has this index"},
    {"fda_is_missing", "-kernel hello.bin -fda nowhere", HOST, "-fda nowhere: No such file"},
    {"fdb_has_a_wrong_size", "-kernel hello.bin -fdb %s/large", CONFIGURATION,
     "large: 4000001 bytes are too many for a diskette"},
    {"cdrom_is_missing", "-kernel hello.bin -cdrom nowhere", HOST, "-cdrom nowhere: No such file"},
    {"cdrom_is_too_small", "-kernel hello.bin -cdrom %s/small", CONFIGURATION,
     "small: a CD-ROM has at least 2048 bytes"},
};

static char *expand(const char *options)
{
    g_auto(GStrv) parts = g_strsplit(options, "%s", -1);
    return g_strjoinv(guest_directory(), parts);
}

static unsigned count_files(void)
{
    GDir *dir = g_dir_open(guest_directory(), 0, NULL);
    unsigned count = 0;
    while (g_dir_read_name(dir)) {
        count++;
    }
    g_dir_close(dir);
    return count;
}

/* Where KVM cannot be used, a line would say that the software CPU runs instead. */
static const char *accelerator_for(const char *options)
{
    return strstr(options, "accel") ? "" : "-accel soft";
}

static void test_refusal(gconstpointer data)
{
    const Refusal *refusal = data;
    g_autofree char *result = guest_path("refused.json");
    g_autofree char *options = expand(refusal->options);
    unsigned files = count_files();
    g_autoptr(Guest) guest = guest_start(NULL, &GUEST_ON_PIPES, "%s -result %s %s",
                                         accelerator_for(options), result, options);
    g_assert_cmpint(guest_wait_exit(guest), ==, refusal->status);
    guest_assert_one_line(guest);
    guest_assert_says(guest, refusal->message);
    g_assert_true(g_str_has_prefix(guest_messages(guest), "pioemu: "));
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, "");
    g_assert_cmpuint(count_files(), ==, files);
}

static void test_late_refusal(gconstpointer data)
{
    const Refusal *refusal = data;
    if (strstr(refusal->options, "-accel kvm ") && !guest_tests_can_run("kvm")) {
        g_test_skip("KVM cannot be used here");
    } else {
        test_refusal(data);
    }
}

/* The old recording is unchanged. */
static void test_old_recording(void)
{
    g_autofree char *path = guest_path("small");
    g_autoptr(Guest) guest =
        guest_start(NULL, &GUEST_ON_PIPES, "-kernel hello.bin -record %s -device nope", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, CONFIGURATION);
    g_autofree char *text = guest_read_file(path);
    g_assert_cmpstr(text, ==, "small");
}

/* Files that the run would have written are not truncated. */
static void test_old_files(void)
{
    static const char *const NAMES[] = {"out", "log", "trace", "protocol"};
    g_autofree char *directory = guest_path("");
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        g_autofree char *path = guest_path(NAMES[i]);
        g_assert_true(g_file_set_contents(path, "old", -1, NULL));
    }
    g_autoptr(Guest) guest = guest_start(
        NULL, &GUEST_ON_PIPES,
        "-kernel hello.bin -serial file:%s/out,logfile=%s/log -serial file:%s/fresh -D %s/trace "
        "-qtest unix:%s/q,server=on,wait=off -qtest-log %s/protocol -qmp unix:%s/no/such",
        directory, directory, directory, directory, directory, directory, directory);
    g_assert_cmpint(guest_wait_exit(guest), ==, HOST);
    guest_expect(guest, GUEST_ERR, "no/such: No such file");
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        g_autofree char *path = guest_path(NAMES[i]);
        g_autofree char *text = guest_read_file(path);
        g_assert_cmpstr(text, ==, "old");
        unlink(path);
    }
    g_autofree char *fresh = guest_path("fresh");
    g_assert_false(g_file_test(fresh, G_FILE_TEST_EXISTS));
}

static void add_refusals(const Refusal *refusals, size_t count, GTestDataFunc test)
{
    for (size_t i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf("/guest/refused/%s", refusals[i].name);
        g_test_add_data_func(path, &refusals[i], test);
    }
}

/* ---- what the options name ---- */

static void make_file(const char *name, const char *contents)
{
    g_autofree char *path = guest_path(name);
    g_assert_true(g_file_set_contents(path, contents, -1, NULL));
}

static void make_files(void)
{
    g_autofree char *large = guest_path("large");
    make_file("empty", "");
    make_file("small", "small");
    make_file("text", "main:\n    hlt\n");
    make_file("text.gz", "\x1f\x8b\x08");
    make_file("large", "");
    g_assert_cmpint(truncate(large, 4000001), ==, 0);
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    make_files();
    add_refusals(REFUSALS, G_N_ELEMENTS(REFUSALS), test_refusal);
    add_refusals(LATE_REFUSALS, G_N_ELEMENTS(LATE_REFUSALS), test_late_refusal);
    g_test_add_func("/guest/refused/old_recording_stays", test_old_recording);
    g_test_add_func("/guest/refused/old_files_stay", test_old_files);
    return guest_tests_run();
}
