/* Command lines that were written for QEMU: what they mean here, and what is refused. */
#include "tests/unit/options_rig.h"

#include <glib/gstdio.h>

static void test_a_word_that_is_no_option_is_a_disk(void)
{
    Parsed p = PARSE("-m", "64", "disk.img", "-snapshot");
    g_assert_true(p.ok);
    g_assert_cmpuint(p.config->drives->len, ==, 1);
    const Drive *drive = p.config->drives->pdata[0];
    g_assert_cmpstr(drive->file, ==, "disk.img");
    g_assert_cmpint(drive->index, ==, 0);
    parsed_clear(&p);
}

static void test_boards_of_qemu_are_the_pc(void)
{
    static const struct {
        const char *text, *machine;
        unsigned notes, messages;
    } CASES[] = {
        {"pc-i440fx-7.2", "pc", 1, 0},
        {"type=pc-i440fx-2.5,usb=off,dump-guest-core=off", "pc", 3, 0},
        {"q35,smm=off", "pc", 1, 1},
        {"pc,kernel-irqchip=off", "pc,irqchip=user", 0, 0},
        {"pc,kernel_irqchip=split", "pc,irqchip=split", 0, 0},
        {"isapc", "isapc", 0, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Parsed p = PARSE("-machine", CASES[i].text);
        g_assert_no_error(p.error);
        g_assert_cmpstr(p.config->machine, ==, CASES[i].machine);
        g_assert_cmpuint(p.config->notes->len, ==, CASES[i].notes);
        g_assert_cmpuint(p.config->messages->len, ==, CASES[i].messages);
        parsed_clear(&p);
    }
    REFUSED("-machine microvm: there is no microvm (-machine pc -kernel FILE -nodefaults is the "
            "smallest)",
            "-M", "microvm");
    Parsed p = PARSE("-machine", "acpi=off");
    g_assert_true(p.ok && p.config->no_acpi);
    parsed_clear(&p);
}

static void assert_accels(const char *const *words, const char *joined)
{
    Parsed p = parse(words);
    g_assert_no_error(p.error);
    g_ptr_array_add(p.config->accels, NULL);
    g_autofree char *text = g_strjoinv(" ", (char **)p.config->accels->pdata);
    g_assert_cmpstr(text, ==, joined);
    parsed_clear(&p);
}

static void test_accelerators_of_qemu(void)
{
#define ACCELS(joined, ...) assert_accels((const char *const[]){__VA_ARGS__, NULL}, joined)
    ACCELS("kvm", "-enable-kvm");
    ACCELS("tcg", "-accel", "tcg,thread=multi");
    ACCELS("kvm tcg", "-machine", "accel=kvm:tcg");
    ACCELS("kvm tcg", "-accel", "kvm:hvf:tcg");
    ACCELS("kvm tcg", "-accel", "kvm,dirty-ring-size=4096", "-accel", "tcg,tb-size=64");
    ACCELS("soft,ips=1M", "-accel", "accel=soft,ips=1M");
}

static void test_who_has_the_terminal(void)
{
    static const struct {
        const char *words[7];
        const char *serial;
        bool taken;
    } CASES[] = {
        {{"-nographic"}, "mon:stdio", false},
        {{"-nographic", "-serial", "file:x"}, "file:x", false},
        {{"-serial", "none", "-nographic"}, "none", false},
        {{"-serial", "mon:stdio", "-nographic"}, "mon:stdio", false},
        {{"-nographic", "-monitor", "none"}, NULL, false},
        {{"-nographic", "-serial", "null", "-qmp", "stdio"}, "null", true},
        {{"-debugcon", "stdio"}, NULL, true},
        {{"-monitor", "stdio"}, NULL, true},
        {{"-nographic", "-nodefaults"}, NULL, false},
        {{"-chardev", "stdio,mux=on,id=c", "-serial", "chardev:c", "-mon", "c"}, "chardev:c", true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Parsed p = parse(CASES[i].words);
        g_assert_no_error(p.error);
        g_assert_true(p.config->stdio_taken == CASES[i].taken);
        const char *serial = p.config->serials->len ? p.config->serials->pdata[0] : NULL;
        g_assert_cmpstr(serial, ==, CASES[i].serial);
        parsed_clear(&p);
    }
}

static void test_drives_are_plugged_in(void)
{
    Parsed p = PARSE("-drive", "file=a,if=none,id=x,aio=native,werror=stop", "-device",
                     "ide-cd,drive=x,bus=ide.1,unit=0,bootindex=0,serial=s", "-drive",
                     "if=none,id=y,file=b,cache=none,format=raw", "-device",
                     "ide-hd,drive=y,bootindex=2", "-device", "isa-debug-exit", "-blockdev",
                     "driver=file,filename=c,node-name=f,read-only=on", "-blockdev",
                     "raw,file=f,node-name=z", "-device", "floppy,drive=z,unit=1,bootindex=1");
    static const struct {
        const char *id, *file;
        DriveInterface interface;
        int index, bootindex;
        bool cdrom, read_only;
    } DRIVES[] = {
        {"x", "a", DRIVE_IDE, 2, 0, true, true},
        {"y", "b", DRIVE_IDE, -1, 2, false, false},
        {"z", "c", DRIVE_FLOPPY, 1, 1, false, true},
    };
    g_assert_no_error(p.error);
    g_assert_cmpuint(p.config->drives->len, ==, G_N_ELEMENTS(DRIVES));
    for (size_t i = 0; i < G_N_ELEMENTS(DRIVES); i++) {
        const Drive *drive = p.config->drives->pdata[i];
        g_assert_cmpstr(drive->id, ==, DRIVES[i].id);
        g_assert_cmpstr(drive->file, ==, DRIVES[i].file);
        g_assert_cmpuint(drive->interface, ==, DRIVES[i].interface);
        g_assert_cmpint(drive->index, ==, DRIVES[i].index);
        g_assert_cmpint(drive->bootindex, ==, DRIVES[i].bootindex);
        g_assert_true(drive->cdrom == DRIVES[i].cdrom);
        g_assert_true(drive->read_only == DRIVES[i].read_only);
    }
    g_assert_cmpuint(p.config->devices->len, ==, 1);
    parsed_clear(&p);
    REFUSED("-device ide-hd,drive=q: names no drive (-drive file=PATH,if=none,id=ID makes one for "
            "drive=ID)",
            "-device", "ide-hd,drive=q");
    REFUSED("-blockdev {}: \"driver\" is missing", "-blockdev", "{}");
    REFUSED("-drive bus 2: too large (at most 1)", "-drive", "file=a,bus=2");
}

/* Management programs write -blockdev, -device, -netdev and -object in JSON. */
static void test_json_means_the_same_as_keys(void)
{
    Parsed p = PARSE(
        "-blockdev",
        "{\"node-name\": \"f\", \"driver\": \"file\", \"filename\": \"a,b\", \"read-only\": true}",
        "-blockdev",
        "{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"c\"},"
        "\"node-name\":\"d\",\"cache\":{\"direct\":true,\"no-flush\":true}}",
        "-device", "{\"driver\":\"ide-hd\",\"drive\":\"d\",\"bus\":\"ide.1\",\"unit\":1}",
        "-device", "{\"driver\":\"isa-debug-exit\",\"iobase\":1281}", "-netdev",
        "{\"type\":\"user\",\"id\":\"n\",\"restrict\":true}");
    g_assert_no_error(p.error);
    const Drive *below = p.config->drives->pdata[0], *disk = p.config->drives->pdata[1];
    g_assert_cmpstr(below->file, ==, "a,b");
    g_assert_true(below->read_only);
    g_assert_cmpstr(disk->file, ==, "c");
    g_assert_true(disk->unsafe);
    g_assert_cmpint(disk->interface, ==, DRIVE_IDE);
    g_assert_cmpint(disk->index, ==, 3);
    g_assert_cmpstr(p.config->devices->pdata[0], ==, "isa-debug-exit,iobase=1281");
    g_assert_cmpstr(p.config->netdevs->pdata[0], ==, "user,id=n,restrict=on");
    parsed_clear(&p);
    REFUSED(
        "-device {\"driver\":\"x\",\"a\":[1]}: 'a' is not a string, a number, true, false or an "
        "object",
        "-device", "{\"driver\":\"x\",\"a\":[1]}");
    REFUSED("-device {\"driver\":1}: \"driver\" is missing", "-device", "{\"driver\":1}");
    Parsed broken = PARSE("-device", "{\"driver\":");
    g_assert_true(g_str_has_prefix(broken.error->message, "-device {\"driver\":: "));
    parsed_clear(&broken);
}

/* The random numbers of virtio-rng-pci may be given a source, as in QEMU. */
static void test_sources_of_random_numbers_are_accepted(void)
{
    Parsed p =
        PARSE("-device", "virtio-rng-pci,rng=r0,max-bytes=1024,period=1000,addr=5", "-object",
              "rng-random,id=r0,filename=/dev/urandom", "-object", "rng-builtin,id=r1");
    g_assert_no_error(p.error);
    g_assert_cmpstr(p.config->devices->pdata[0], ==, "virtio-rng-pci,addr=5");
    parsed_clear(&p);
    REFUSED("-device virtio-rng-pci,rng=r: there is no -object rng-random,id=r", "-device",
            "virtio-rng-pci,rng=r");
    REFUSED("-object rng-random: needs id=ID", "-object", "rng-random");
    REFUSED("-object rng-builtin,id=r: the id is taken", "-object", "rng-random,id=r", "-object",
            "rng-builtin,id=r");
    REFUSED(
        "-object iothread,id=i: no such object (there are filter-dump, rng-random, rng-builtin)",
        "-object", "iothread,id=i");
}

static void test_a_viewer_gets_a_screen(void)
{
    Parsed p = PARSE("-vnc", ":1");
    g_assert_true(p.config->vga && !p.config->curses && !p.config->stdio_taken);
    parsed_clear(&p);
    p = PARSE("-display", "curses");
    g_assert_true(p.config->vga && p.config->curses && p.config->stdio_taken);
    g_assert_cmpuint(p.config->serials->len, ==, 0);
    parsed_clear(&p);
    p = PARSE("-vga", "none", "-display", "vnc=:1");
    g_assert_cmpstr(p.config->vnc, ==, ":1");
    g_assert_false(p.config->vga);
    parsed_clear(&p);
    p = PARSE("-vnc", "none");
    g_assert_false(p.config->vga);
    parsed_clear(&p);
    p = PARSE("-device", "isa-vga", "-curses");
    g_assert_true(p.config->curses && !p.config->vga);
    parsed_clear(&p);
}

static void test_what_qemu_has_and_we_do_not(void)
{
    REFUSED("-k xx: there is no layout of this name (there are en-us en-gb de fr es it)", "-k",
            "xx");
    REFUSED("-tpmdev x: the board has no TPM", "-tpmdev", "x");
    REFUSED("-full-screen: the screen is on the terminal (-display curses) or over VNC (-vnc :N)",
            "-full-screen", "x");
    REFUSED("-parallel stdio: there is no parallel port (-parallel none; a port for text: "
            "-debugcon DEV)",
            "-parallel", "stdio");
    Parsed p = PARSE("-usb", "-no-user-config", "-k", "de", "-audiodev", "pa,id=a", "-soundhw",
                     "sb16", "-rtc", "driftfix=slew,base=localtime", "-parallel", "none",
                     "-no-hpet", "-overcommit", "mem-lock=off", "-d", "page,guest_errors,unimp");
    g_assert_no_error(p.error);
    g_assert_cmpuint(p.config->notes->len, ==, 10);
    g_assert_cmpstr(p.config->keymap, ==, "de");
    g_assert_cmpstr(p.config->rtc, ==, "base=localtime");
    g_assert_cmpstr(p.config->log_items, ==, "guest_errors");
    parsed_clear(&p);
}

static void test_options_come_from_a_file(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("pioemu-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    static const char TEXT[] = "# a comment\n\n[chardev \"c\"]\n  backend = \"file\"\n"
                               "  path = \"a,b\"\n[machine]\n  type = \"isapc\"\n"
                               "  accel = \"kvm:tcg\"\n";
    g_assert_true(g_file_set_contents(path, TEXT, -1, NULL));
    Parsed p = PARSE("-readconfig", path);
    g_assert_no_error(p.error);
    g_assert_cmpstr(p.config->chardevs->pdata[0], ==, "id=c,backend=file,path=a,,b");
    g_assert_cmpstr(p.config->machine, ==, "isapc");
    g_assert_cmpuint(p.config->accels->len, ==, 2);
    parsed_clear(&p);
    g_assert_true(g_file_set_contents(path, "[machine]\ntype = pc\n", -1, NULL));
    g_autofree char *message = g_strdup_printf(
        "-readconfig %s: line 2: 'type = pc': neither [option \"id\"] nor key = \"value\"", path);
    REFUSED(message, "-readconfig", path);
    g_remove(path);
}

static void test_events_are_chosen_by_patterns(void)
{
    Parsed p = PARSE("-trace", "in_*", "-trace", "enable=unclaimed,file=t.log");
    g_assert_no_error(p.error);
    g_assert_cmpstr(p.config->log_items, ==, "in_asm,unclaimed");
    g_assert_cmpstr(p.config->log_file, ==, "t.log");
    parsed_clear(&p);
    REFUSED("-trace usb_*: no such event of pioemu's (-trace help lists them)", "-trace", "usb_*");
}

static void test_a_machine_that_nobody_can_start_says_so(void)
{
    Parsed p = PARSE("-S");
    g_assert_cmpuint(p.config->messages->len, ==, 1);
    parsed_clear(&p);
    static const char *const WAYS[][3] = {{"-S", "-monitor", "stdio"},
                                          {"-S", "-qmp", "stdio"},
                                          {"-S", "-gdb", "tcp::1"},
                                          {"-S", "-nographic"}};
    for (size_t i = 0; i < G_N_ELEMENTS(WAYS); i++) {
        Parsed way = PARSE(WAYS[i][0], WAYS[i][1], WAYS[i][2]);
        g_assert_cmpuint(way.config->messages->len, ==, 0);
        parsed_clear(&way);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(a_word_that_is_no_option_is_a_disk);
    TEST(boards_of_qemu_are_the_pc);
    TEST(accelerators_of_qemu);
    TEST(who_has_the_terminal);
    TEST(drives_are_plugged_in);
    TEST(json_means_the_same_as_keys);
    TEST(sources_of_random_numbers_are_accepted);
    TEST(a_viewer_gets_a_screen);
    TEST(what_qemu_has_and_we_do_not);
    TEST(options_come_from_a_file);
    TEST(events_are_chosen_by_patterns);
    TEST(a_machine_that_nobody_can_start_says_so);
    return g_test_run();
}
