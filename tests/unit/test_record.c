/*
 * -record and -replay: a machine without a CPU is recorded and replayed, and the
 * recordings of guests in tests/replay still replay.
 */
#include "devices/pci/pci_regs.h"
#include "devices/storage/ata_regs.h"
#include "tests/unit/record_rig.h"

/* ---- the sentences ---- */

static void test_a_recording_replays_without_a_difference(void)
{
    Recording r = make_recording();
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_assert_cmpuint(result.records, >, 30);
    g_assert_cmpuint(result.time, ==, NS_PER_SECOND / 100);
    g_free(r.data);
}

/* The last record is the read of 0x5a, followed by an end. */
static void test_a_difference_is_reported_with_time_port_and_values(void)
{
    Recording r = make_recording();
    g_assert_cmphex(r.data[r.size - 2], ==, 0x5a);
    r.data[r.size - 2] = 0x5b;
    ReplayResult result = replay(&r);
    g_assert_nonnull(strstr(result.difference, "at 0.010000000 s"));
    g_assert_nonnull(strstr(result.difference, "POST read (port 0x80): expected 0x5b, got 0x5a"));
    g_free(result.difference);
    g_free(r.data);
}

/* Lines, output and deadlines are compared too, and not only what is read. */
static void test_a_changed_byte_is_noticed(void)
{
    Recording r = make_recording();
    size_t body = (size_t)((uint8_t *)memmem(r.data, r.size, "\n\n", 2) - r.data) + 2;
    unsigned unnoticed = 0;
    for (size_t i = body; i < r.size; i++) {
        ReplayResult result;
        g_autoptr(GError) error = NULL;
        r.data[i] ^= 1;
        bool ok = replay_data(r.data, r.size, &result, &error);
        unnoticed += ok && !result.difference;
        g_free(result.difference);
        r.data[i] ^= 1;
    }
    /* A fifth of the recording is times, and few answers depend on a nanosecond. */
    g_test_message("%u of %zu", unnoticed, r.size - body);
    g_assert_cmpuint(unnoticed, <, (r.size - body) / 2);
    g_free(r.data);
}

static void test_a_register_has_its_name(void)
{
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    inb(s, 0x3fd);
    session_end(s);
    Recording r;
    read_file(path, &r);
    g_unlink(path);
    r.data[r.size - 2] ^= 0x20;
    ReplayResult result = replay(&r);
    g_assert_nonnull(strstr(result.difference, "isa-serial read LSR (port 0x3fd): expected 0x40, "
                                               "got 0x60"));
    g_free(result.difference);
    g_free(r.data);
}

static void test_a_shortened_recording_is_refused(void)
{
    Recording r = make_recording();
    for (size_t size = 0; size < r.size; size++) {
        assert_refused(r.data, size, NULL);
    }
    assert_refused(r.data, r.size - 1, "cut short");
    g_free(r.data);
}

static Device *find_device(const Session *s, const char *id)
{
    for (guint i = 0; i < s->machine->devices->len; i++) {
        Device *dev = s->machine->devices->pdata[i];
        if (!strcmp(device_id(dev), id)) {
            return dev;
        }
    }
    g_assert_not_reached();
}

/* Ends the session and takes its recording. */
static Recording session_take(Session *s)
{
    Recording r;
    g_autofree char *path = g_strdup(s->path);
    g_assert_cmpuint(session_end(s), ==, 0);
    read_file(path, &r);
    g_unlink(path);
    return r;
}

/* Takes a key after the time that the controller needs to send it. */
static uint8_t take_key(Session *s)
{
    clock_step(s->clock, NS_PER_SECOND / 100);
    return inb(s, 0x60);
}

static void test_keys_and_pointers_are_recorded(void)
{
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    Device *keyboard = find_device(s, "KBC");
    g_assert_true(device_key(keyboard, 0x1e, true));
    g_assert_cmphex(take_key(s), ==, 0x1e);
    g_assert_false(device_key(keyboard, 0x55, true));
    g_assert_true(device_key(keyboard, 0x1e, false));
    g_assert_cmphex(take_key(s), ==, 0x9e);
    outb(s, 0x64, 0xd4);
    outb(s, 0x60, 0xf4);
    g_assert_cmphex(take_key(s), ==, 0xfa);
    g_assert_true(device_pointer(keyboard, -3, 5, POINTER_LEFT));
    g_assert_cmphex(take_key(s), ==, 0x19);
    g_assert_cmphex(take_key(s), ==, 0xfd);
    g_assert_cmphex(take_key(s), ==, 0x05);
    Recording r = session_take(s);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_assert_cmphex(r.data[r.size - 2], ==, 0x05);
    r.data[r.size - 2] = 0x06;
    result = replay(&r);
    g_assert_nonnull(strstr(result.difference, "expected 0x06, got 0x05"));
    g_free(result.difference);
    g_free(r.data);
}

static void test_modem_lines_are_recorded(void)
{
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    chardev_set_lines(s->line, CHAR_LINE_RI | CHAR_LINE_CTS);
    g_assert_cmphex(inb(s, 0x3fe) & 0xf0, ==, CHAR_LINE_RI | CHAR_LINE_CTS);
    Recording r = session_take(s);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_free(r.data);
}

static void outsb(Session *s, uint16_t port, const void *items, size_t count)
{
    g_autofree uint8_t *copy = g_memdup2(items, count);
    bus_port_access(s->bus, &s->initiator, port, true, 1, copy, count);
}

/* REP OUTS to the FCR: each item empties the receiver, which then takes as much as it holds. */
static Recording record_several_questions(void)
{
    static const uint8_t FCR[] = {UART_FCR_ENABLE, 0, UART_FCR_ENABLE};
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    chardev_receive(s->line, (const uint8_t *)"abcdefghijklmnopqrstuvwx", 24);
    outsb(s, 0x3fa, FCR, sizeof(FCR));
    for (const char *rest = "stuvwx"; *rest; rest++) {
        g_assert_cmphex(inb(s, 0x3f8), ==, (uint8_t)*rest);
    }
    return session_take(s);
}

static void test_input_comes_at_the_question_that_it_came_at(void)
{
    Recording r = record_several_questions();
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_free(r.data);
}

static void test_a_question_that_is_missing_is_a_difference(void)
{
    /* Port 0, the third request of the call, six bytes. */
    static const uint8_t THIRD[] = {ITEM_SERVICES + SERVICE_INPUT, 9, 0, 3, 6, 's'};
    Recording r = record_several_questions();
    uint8_t *at = memmem(r.data, r.size, THIRD, sizeof(THIRD));
    g_assert_nonnull(at);
    at[3] = 4;
    ReplayResult result = replay(&r);
    g_assert_nonnull(strstr(result.difference, "expected a request for input, got nothing"));
    g_free(result.difference);
    g_free(r.data);
}

static void write32(Session *s, uint64_t address, uint32_t value)
{
    bus_memory_access(s->bus, &s->initiator, address, true, 4, &value);
}

/* When an interrupt ends whose line is still high, the next one comes in the same access. */
static void test_apic_calls_that_nest_are_recorded(void)
{
    static const uint64_t LAPIC = UINT64_C(0xfee00000), IOAPIC = UINT64_C(0xfec00000);
    g_autofree char *path = temporary_file();
    Session *s = session_new_on(path, false);
    write32(s, LAPIC + APIC_SVR, APIC_SVR_ENABLE | 0xff);
    write32(s, IOAPIC + IOAPIC_IOREGSEL, IOAPIC_REDTBL + 2 * 5);
    write32(s, IOAPIC + IOAPIC_IOWIN, IOAPIC_TRIGGER | 0x55);
    device_set_input(s->machine->ioapic, 5, true);
    g_assert_cmphex(device_acknowledge(s->machine->lapics->pdata[0]), ==, 0x55);
    write32(s, LAPIC + APIC_EOI, 0);
    g_assert_cmphex(device_acknowledge(s->machine->lapics->pdata[0]), ==, 0x55);
    Recording r = session_take(s);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_free(r.data);
}

/* Inserts a line before the one that the recording has, so that the numbers differ. */
/* ---- a disk that reads into guest memory by itself ---- */

#define IDE_FUNCTION (1u << 31 | 1u << 11 | 1u << 8)
#define MASTER       0xc000u
#define DISK         0x1f0u
#define TABLE        0x1000u
#define BUFFER       0x8000u
#define DISK_SIZE    (16u * ATA_SECTOR_SIZE)

static void out32(Session *s, uint16_t port, uint32_t value)
{
    bus_port_access(s->bus, &s->initiator, port, true, 4, (uint8_t *)&value, 1);
}

static void write_pci(Session *s, unsigned offset, uint32_t value)
{
    out32(s, 0xcf8, IDE_FUNCTION | offset);
    out32(s, 0xcfc, value);
}

/* Reads sectors 2 and 3 into two pieces of memory. */
static void read_by_dma(Session *s)
{
    static const uint32_t PIECES[] = {BUFFER, 24, BUFFER + 0x1000, 1000 | BM_PRD_LAST};
    static const uint8_t COMMAND[] = {2, 2, 0, 0, ATA_DEV_ONES | ATA_DEV_LBA, ATA_CMD_READ_DMA};
    write_pci(s, PCI_BAR0 + 16, MASTER);
    write_pci(s, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    g_assert_true(memory_write(s->memory, TABLE, PIECES, sizeof(PIECES)));
    out32(s, MASTER + BM_TABLE, TABLE);
    for (unsigned i = 0; i < sizeof(COMMAND); i++) {
        outb(s, (uint16_t)(DISK + ATA_COUNT + i), COMMAND[i]);
    }
    outb(s, MASTER + BM_COMMAND, BM_CMD_START | BM_CMD_READ);
    clock_step(s->clock, NS_PER_SECOND / 100);
    g_assert_cmphex(inb(s, MASTER + BM_STATUS), ==, BM_ST_IRQ);
}

/* The request has a list of pieces, and its data do not pass through the device. */
static void test_requests_with_pieces_of_memory_are_recorded(void)
{
    uint8_t image[DISK_SIZE], piece[1000];
    for (unsigned i = 0; i < DISK_SIZE; i++) {
        image[i] = (uint8_t)(i ^ i >> 8);
    }
    g_autofree char *path = temporary_file(), *disk = temporary_file();
    g_assert_true(g_file_set_contents(disk, (const char *)image, DISK_SIZE, NULL));
    Session *s = session_new_with(path, true, disk);
    read_by_dma(s);
    g_assert_true(memory_read(s->memory, BUFFER, piece, 24));
    g_assert_cmpmem(piece, 24, image + 2 * ATA_SECTOR_SIZE, 24);
    g_assert_true(memory_read(s->memory, BUFFER + 0x1000, piece, sizeof(piece)));
    g_assert_cmpmem(piece, sizeof(piece), image + 2 * ATA_SECTOR_SIZE + 24, sizeof(piece));
    Recording r = session_take(s);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_unlink(disk);
    g_free(r.data);
}

static void add_to_header(Recording *r, const char *line)
{
    uint8_t *at = memmem(r->data, r->size, "device ", 7);
    size_t before = (size_t)(at - r->data), size = strlen(line);
    r->data = g_realloc(r->data, r->size + size);
    memmove(r->data + before + size, r->data + before, r->size - before);
    memcpy(r->data + before, line, size);
    r->size += size;
}

static void test_a_machine_may_have_more_devices(void)
{
    Recording r = make_recording();
    add_to_header(&r, "device isa-debugcon\ndevice isa-serial,id=more,iobase=0x1230,irq=4\n");
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_free(r.data);
}

#define MANY            200000u
#define THREAD_ACCESSES 5000u

/* Records more than the buffer holds, while the loop works in between and at the end. */
static void test_nothing_is_lost(void)
{
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    for (unsigned i = 0; i < MANY; i++) {
        outb(s, 0x3ff, (uint8_t)i);
        if (i % 50000 == 0) {
            loop_step(s->loop, false);
        }
    }
    g_assert_cmpuint(session_end(s), ==, 0);
    Recording r;
    read_file(path, &r);
    g_unlink(path);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_assert_cmpuint(result.records, >, MANY);
    g_free(r.data);
}

/* Each vCPU writes in its own thread, while the loop writes the file. */
static gpointer write_scratch(gpointer data)
{
    Session *s = data;
    BusInitiator by = {0};
    for (unsigned i = 0; i < THREAD_ACCESSES; i++) {
        uint8_t value = (uint8_t)i;
        bus_port_access(s->bus, &by, 0x3ff, true, 1, &value, 1);
        bus_port_access(s->bus, &by, 0x4321, false, 1, &value, 1);
    }
    return NULL;
}

static gpointer write_post(gpointer data)
{
    Session *s = data;
    BusInitiator by = {0};
    for (unsigned i = 0; i < THREAD_ACCESSES; i++) {
        uint8_t value = (uint8_t)(i >> 8);
        bus_port_access(s->bus, &by, 0x80, true, 1, &value, 1);
        bus_port_access(s->bus, &by, 0x3ff, false, 1, &value, 1);
    }
    return NULL;
}

static void test_threads_are_recorded(void)
{
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    GThread *threads[] = {g_thread_new("scratch", write_scratch, s),
                          g_thread_new("post", write_post, s)};
    static const uint8_t TEXT[] = "input";
    for (unsigned i = 0; i < 50; i++) {
        chardev_receive(s->line, TEXT, MIN(sizeof(TEXT), chardev_rx_room(s->line)));
        loop_step(s->loop, false);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    Recording r = session_take(s);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_assert_cmpuint(result.records, >, 4 * THREAD_ACCESSES);
    g_free(r.data);
}

static void test_a_full_disk_is_reported_once(void)
{
    Session *s = session_new("/dev/full");
    for (unsigned i = 0; i < MANY; i++) {
        outb(s, 0x3ff, (uint8_t)i);
        if (i % 10000 == 0) {
            loop_step(s->loop, false);
        }
    }
    g_assert_cmpuint(session_end(s), ==, 1);
}

static void test_a_file_that_cannot_be_made_is_an_error(void)
{
    g_autoptr(Config) config = config_new();
    config->record = g_strdup("/nonexistent/x.rec");
    g_autoptr(GError) error = NULL;
    g_assert_null(recorder_new(config, &(RecorderHost){0}, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, "-record /nonexistent/x.rec: "));
}

static void test_the_date_is_fixed(void)
{
    g_autoptr(Config) config = config_new();
    g_assert_true(recorder_fix_date(config, NULL));
    g_assert_true(g_str_has_prefix(config->rtc, "base=2"));
    g_assert_true(g_str_has_suffix(config->rtc, ",clock=host"));
    g_free(config->rtc);
    config->rtc = g_strdup("base=2000-02-29T01:02:03,clock=vm");
    g_assert_true(recorder_fix_date(config, NULL));
    g_assert_cmpstr(config->rtc, ==, "base=2000-02-29T01:02:03,clock=vm");
}

/* ---- recordings of guests, made on KVM, and of port accesses ---- */

static void test_a_recorded_guest(gconstpointer name)
{
    g_autofree char *path =
        g_strdup_printf("%s/%s.rec", g_getenv("PIOEMU_RECORDINGS"), (const char *)name);
    Recording r;
    read_file(path, &r);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_assert_cmpuint(result.records, >, 100);
    g_free(r.data);
}

/* ---- the program ---- */

static int run_program(const char *const *args, char **output)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    int status;
    g_ptr_array_add(words, (gpointer)g_getenv("PIOEMU"));
    for (; *args; args++) {
        g_ptr_array_add(words, (gpointer)*args);
    }
    g_ptr_array_add(words, NULL);
    g_assert_true(g_spawn_sync(NULL, (char **)words->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                               output, NULL, &status, &error));
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run_replay(const char *path, char **output)
{
    return run_program((const char *const[]){"-replay", path, NULL}, output);
}

static void test_the_program_says_0_1_or_2(void)
{
    Recording r = make_recording();
    g_autofree char *path = temporary_file();
    g_autofree char *same = NULL, *other = NULL, *bad = NULL;
    g_file_set_contents(path, (char *)r.data, (gssize)r.size, NULL);
    g_assert_cmpint(run_replay(path, &same), ==, 0);
    g_assert_nonnull(strstr(same, "no difference"));
    r.data[r.size - 2] = 0;
    g_file_set_contents(path, (char *)r.data, (gssize)r.size, NULL);
    g_assert_cmpint(run_replay(path, &other), ==, REPLAY_DIFFERS);
    g_assert_nonnull(strstr(other, "expected 0x00, got 0x5a"));
    g_assert_cmpint(run_replay("/dev/null", &bad), ==, 2);
    g_unlink(path);
    g_free(r.data);
}

static void test_a_guest_is_recorded_and_replayed(void)
{
    if (g_access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("no /dev/kvm");
        return;
    }
    g_autofree char *path = temporary_file();
    g_autofree char *printed = NULL, *same = NULL;
    const char *const args[] = {"-kernel", g_getenv("HELLO_BIN"), "-serial", "stdio",
                                "-device", "exit-port",           "-record", path,
                                NULL};
    g_assert_cmpint(run_program(args, &printed), ==, 0);
    g_assert_cmpint(run_replay(path, &same), ==, 0);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    static const char *const GUESTS[] = {"timer",  "uart-irq", "shell",
                                         "portio", "diskread", "floppy"};
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/record/replays_without_a_difference",
                    test_a_recording_replays_without_a_difference);
    g_test_add_func("/record/a_difference_is_reported_with_time_port_and_values",
                    test_a_difference_is_reported_with_time_port_and_values);
    g_test_add_func("/record/a_register_has_its_name", test_a_register_has_its_name);
    g_test_add_func("/record/a_changed_byte_is_noticed", test_a_changed_byte_is_noticed);
    g_test_add_func("/record/a_shortened_recording_is_refused",
                    test_a_shortened_recording_is_refused);
    g_test_add_func("/record/a_machine_may_have_more_devices",
                    test_a_machine_may_have_more_devices);
    g_test_add_func("/record/keys_and_pointers_are_recorded", test_keys_and_pointers_are_recorded);
    g_test_add_func("/record/modem_lines_are_recorded", test_modem_lines_are_recorded);
    g_test_add_func("/record/input_comes_at_the_question_that_it_came_at",
                    test_input_comes_at_the_question_that_it_came_at);
    g_test_add_func("/record/a_question_that_is_missing_is_a_difference",
                    test_a_question_that_is_missing_is_a_difference);
    g_test_add_func("/record/apic/calls_that_nest_are_recorded",
                    test_apic_calls_that_nest_are_recorded);
    g_test_add_func("/record/nothing_is_lost", test_nothing_is_lost);
    g_test_add_func("/record/threads_are_recorded", test_threads_are_recorded);
    g_test_add_func("/record/a_full_disk_is_reported_once", test_a_full_disk_is_reported_once);
    g_test_add_func("/record/a_file_that_cannot_be_made_is_an_error",
                    test_a_file_that_cannot_be_made_is_an_error);
    g_test_add_func("/record/requests_with_pieces_of_memory_are_recorded",
                    test_requests_with_pieces_of_memory_are_recorded);
    g_test_add_func("/record/the_date_is_fixed", test_the_date_is_fixed);
    for (size_t i = 0; i < G_N_ELEMENTS(GUESTS); i++) {
        g_autofree char *name = g_strdup_printf("/record/guest/%s", GUESTS[i]);
        g_test_add_data_func(name, GUESTS[i], test_a_recorded_guest);
    }
    g_test_add_func("/record/program/says_0_1_or_2", test_the_program_says_0_1_or_2);
    g_test_add_func("/record/program/a_guest_is_recorded_and_replayed",
                    test_a_guest_is_recorded_and_replayed);
    return g_test_run();
}
