/*
 * The ATAPI CD-ROM drive through the ports of its channel.
 */
#include "tests/unit/ata_rig.h"

#define DISC_SECTORS 200u

static void send_packet(Channel *t, const uint8_t *packet, uint16_t limit)
{
    ata_put(t, ATA_FEATURES, 0);
    ata_put(t, ATA_LBA_MID, (uint8_t)limit);
    ata_put(t, ATA_LBA_HIGH, (uint8_t)(limit >> 8));
    ata_put(t, ATA_COMMAND, ATA_CMD_PACKET);
    g_assert_false(ata_irq(t));
    g_assert_cmphex(ata_alt(t) & ATA_ST_DRQ, ==, ATA_ST_DRQ);
    g_assert_cmphex(ata_get(t, ATA_COUNT), ==, ATAPI_REASON_COD);
    ata_out(t, packet, ATAPI_PACKET_SIZE);
    ata_run(t);
    g_assert_true(ata_irq(t));
}

/* Takes blocks as they are announced and returns how many bytes came. */
static size_t take_data(Channel *t, uint8_t *data, size_t room)
{
    size_t size = 0;
    while (ata_get(t, ATA_STATUS) & ATA_ST_DRQ) {
        size_t part = (size_t)(ata_get(t, ATA_LBA_MID) | ata_get(t, ATA_LBA_HIGH) << 8);
        g_assert_cmphex(ata_get(t, ATA_COUNT), ==, ATAPI_REASON_IO);
        g_assert_cmpuint(size + part, <=, room);
        ata_in(t, data + size, (part + 1) & ~(size_t)1);
        size += part;
        ata_run(t);
        g_assert_true(ata_irq(t));
    }
    g_assert_cmphex(ata_get(t, ATA_COUNT), ==, ATAPI_REASON_IO | ATAPI_REASON_COD);
    return size;
}

static size_t run(Channel *t, const uint8_t *packet, uint8_t *data, size_t room)
{
    send_packet(t, packet, 0xfffe);
    return take_data(t, data, room);
}

static void expect_good(Channel *t, const uint8_t *packet)
{
    uint8_t none[1];
    g_assert_cmpuint(run(t, packet, none, 0), ==, 0);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY);
}

static void expect_sense(Channel *t, uint8_t key, uint8_t asc)
{
    static const uint8_t REQUEST[ATAPI_PACKET_SIZE] = {ATAPI_REQUEST_SENSE, 0, 0, 0, 18};
    uint8_t data[18];
    g_assert_cmpuint(run(t, REQUEST, data, sizeof(data)), ==, 18);
    g_assert_cmphex(data[0], ==, 0x70);
    g_assert_cmphex(data[2], ==, key);
    g_assert_cmphex(data[12], ==, asc);
}

static void expect_check(Channel *t, const uint8_t *packet, uint8_t key, uint8_t asc)
{
    send_packet(t, packet, 0xfffe);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY | ATA_ST_ERR);
    g_assert_cmphex(ata_get(t, ATA_ERROR), ==, key << 4 | ATA_ER_ABRT);
    expect_sense(t, key, asc);
}

static const uint8_t TEST_UNIT_READY[ATAPI_PACKET_SIZE] = {ATAPI_TEST_UNIT_READY};

static void setup(Channel *t, gconstpointer data)
{
    (void)data;
    channel_setup(t, DISC_SECTORS * 4 + 3, true, 0);
    expect_check(t, TEST_UNIT_READY, SENSE_UNIT_ATTENTION, ASC_RESET);
}

static void make_read(uint8_t *packet, uint32_t lba, uint16_t count)
{
    memset(packet, 0, ATAPI_PACKET_SIZE);
    packet[0] = ATAPI_READ_10;
    packet[4] = (uint8_t)(lba >> 8);
    packet[5] = (uint8_t)lba;
    packet[7] = (uint8_t)(count >> 8);
    packet[8] = (uint8_t)count;
}

static void reset_shows_the_signature(Channel *t, gconstpointer data)
{
    (void)data;
    rig_outb(t->rig, CONTROL, ATA_DC_SRST);
    rig_outb(t->rig, CONTROL, 0);
    g_assert_cmphex(ata_get(t, ATA_LBA_MID), ==, 0x14);
    g_assert_cmphex(ata_get(t, ATA_LBA_HIGH), ==, 0xeb);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, 0);
    expect_check(t, TEST_UNIT_READY, SENSE_UNIT_ATTENTION, ASC_RESET);
    expect_good(t, TEST_UNIT_READY);
}

static void power_on_without_attention_is_as_a_firmware_leaves_it(void)
{
    Channel t = {.rig = rig_new()};
    t.drive[0] = rig_drive(t.rig, "a", DISC_SECTORS * 4 + 3);
    t.drive[0]->cdrom = true;
    t.dev = rig_device(t.rig, "isa-ide", "drive0=a,power-on-attention=off");
    expect_good(&t, TEST_UNIT_READY);
    device_reset(t.dev);
    expect_good(&t, TEST_UNIT_READY);
    /* A reset by the guest does leave a unit attention. */
    rig_outb(t.rig, CONTROL, ATA_DC_SRST);
    rig_outb(t.rig, CONTROL, 0);
    expect_check(&t, TEST_UNIT_READY, SENSE_UNIT_ATTENTION, ASC_RESET);
    channel_teardown(&t, NULL);
}

static void commands_for_disks_are_aborted_with_the_signature(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t COMMANDS[] = {ATA_CMD_IDENTIFY, ATA_CMD_READ};
    for (size_t i = 0; i < sizeof(COMMANDS); i++) {
        ata_put(t, ATA_LBA_MID, 0);
        ata_put(t, ATA_COMMAND, COMMANDS[i]);
        g_assert_true(ata_irq(t));
        g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY | ATA_ST_ERR);
        g_assert_cmphex(ata_get(t, ATA_ERROR), ==, ATA_ER_ABRT);
        g_assert_cmphex(ata_get(t, ATA_LBA_MID), ==, 0x14);
        g_assert_cmphex(ata_get(t, ATA_LBA_HIGH), ==, 0xeb);
    }
    ata_put(t, ATA_COMMAND, ATA_CMD_WRITE);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY | ATA_ST_ERR);
}

static void identify_packet_tells_of_a_cdrom(Channel *t, gconstpointer data)
{
    (void)data;
    uint16_t w[256];
    ata_put(t, ATA_COMMAND, ATA_CMD_IDENTIFY_PACKET);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, DATA);
    ata_in(t, w, sizeof(w));
    g_assert_cmphex(w[0], ==, 0x8580);
    g_assert_cmphex(w[27], ==, 'p' << 8 | 'i');
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY);
}

static void device_reset_works_while_busy(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t packet[ATAPI_PACKET_SIZE];
    make_read(packet, 0, 1);
    ata_put(t, ATA_FEATURES, 0);
    ata_put(t, ATA_COMMAND, ATA_CMD_PACKET);
    ata_out(t, packet, sizeof(packet));
    g_assert_cmphex(ata_alt(t) & ATA_ST_BSY, ==, ATA_ST_BSY);
    ata_put(t, ATA_COMMAND, ATA_CMD_DEVICE_RESET);
    ata_run(t);
    g_assert_cmphex(ata_alt(t), ==, 0);
    g_assert_cmphex(ata_get(t, ATA_LBA_MID), ==, 0x14);
}

static void inquiry_tells_the_kind_of_device(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t PACKET[ATAPI_PACKET_SIZE] = {ATAPI_INQUIRY, 0, 0, 0, 36};
    static const uint8_t SHORT[ATAPI_PACKET_SIZE] = {ATAPI_INQUIRY, 0, 0, 0, 5};
    static const uint8_t PAGE[ATAPI_PACKET_SIZE] = {ATAPI_INQUIRY, 1, 0x80, 0, 36};
    uint8_t answer[36];
    g_assert_cmpuint(run(t, PACKET, answer, sizeof(answer)), ==, 36);
    g_assert_cmphex(answer[0], ==, 0x05);
    g_assert_cmphex(answer[1], ==, 0x80);
    g_assert_cmpmem(answer + 8, 6, "PIOEMU", 6);
    g_assert_cmpuint(run(t, SHORT, answer, sizeof(answer)), ==, 5);
    expect_check(t, PAGE, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
}

static void capacity_is_the_last_sector_and_2048(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t PACKET[ATAPI_PACKET_SIZE] = {ATAPI_READ_CAPACITY};
    static const uint8_t EXPECTED[] = {0, 0, 0, DISC_SECTORS - 1, 0, 0, 8, 0};
    uint8_t answer[8];
    g_assert_cmpuint(run(t, PACKET, answer, sizeof(answer)), ==, 8);
    g_assert_cmpmem(answer, 8, EXPECTED, 8);
}

static void read_yields_sectors_in_blocks_of_the_limit(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint16_t LIMITS[] = {2048, 0xfffe, 0, 4096, 1000, 512};
    uint8_t packet[ATAPI_PACKET_SIZE];
    g_autofree uint8_t *sectors = g_malloc(11 * ATAPI_SECTOR_SIZE);
    make_read(packet, 30, 11);
    for (size_t i = 0; i < G_N_ELEMENTS(LIMITS); i++) {
        send_packet(t, packet, LIMITS[i]);
        uint32_t limit = LIMITS[i] ? LIMITS[i] : 0xfffe;
        g_assert_cmpuint(ata_get(t, ATA_LBA_MID) | ata_get(t, ATA_LBA_HIGH) << 8, ==,
                         MIN(limit, 8192));
        g_assert_cmpuint(take_data(t, sectors, 11 * ATAPI_SECTOR_SIZE), ==, 11 * ATAPI_SECTOR_SIZE);
        g_assert_cmpmem(sectors, 11 * ATAPI_SECTOR_SIZE, t->drive[0]->data + 30 * ATAPI_SECTOR_SIZE,
                        11 * ATAPI_SECTOR_SIZE);
    }
    packet[0] = ATAPI_READ_12;
    packet[7] = packet[8] = 0;
    packet[9] = 2;
    g_assert_cmpuint(run(t, packet, sectors, 2 * ATAPI_SECTOR_SIZE), ==, 2 * ATAPI_SECTOR_SIZE);
    make_read(packet, 30, 0);
    expect_good(t, packet);
}

static void reads_that_cannot_be_say_why(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t packet[ATAPI_PACKET_SIZE];
    make_read(packet, DISC_SECTORS, 1);
    expect_check(t, packet, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
    make_read(packet, DISC_SECTORS - 1, 2);
    expect_check(t, packet, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
    t->drive[0]->bad = 9;
    make_read(packet, 2, 1);
    expect_check(t, packet, SENSE_MEDIUM_ERROR, ASC_UNRECOVERED_READ);
    expect_good(t, TEST_UNIT_READY);
    expect_sense(t, SENSE_NONE, 0);
}

static void read_of_more_than_2_tib_is_refused(void)
{
    Channel t;
    static const uint8_t PACKET[ATAPI_PACKET_SIZE] = {ATAPI_READ_12, [6] = 0x40};
    channel_setup(&t, UINT64_C(0x200000000), true, 0);
    expect_check(&t, TEST_UNIT_READY, SENSE_UNIT_ATTENTION, ASC_RESET);
    expect_check(&t, PACKET, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
    channel_teardown(&t, NULL);
}

static void toc_is_one_track_and_the_lead_out(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t PACKET[ATAPI_PACKET_SIZE] = {ATAPI_READ_TOC, [8] = 100};
    static const uint8_t MSF[ATAPI_PACKET_SIZE] = {ATAPI_READ_TOC, 2, [6] = 0xaa, [8] = 100};
    static const uint8_t SESSION[ATAPI_PACKET_SIZE] = {ATAPI_READ_TOC, 0, 1, [8] = 100};
    static const uint8_t TRACK2[ATAPI_PACKET_SIZE] = {ATAPI_READ_TOC, [6] = 2, [8] = 100};
    static const uint8_t FULL[ATAPI_PACKET_SIZE] = {ATAPI_READ_TOC, 0, 2, [8] = 100};
    static const uint8_t EXPECTED[] = {0, 18, 1, 1,    0,    0x14, 1, 0, 0, 0,
                                       0, 0,  0, 0x14, 0xaa, 0,    0, 0, 0, DISC_SECTORS};
    uint8_t answer[100];
    g_assert_cmpuint(run(t, PACKET, answer, sizeof(answer)), ==, 20);
    g_assert_cmpmem(answer, 20, EXPECTED, 20);
    g_assert_cmpuint(run(t, MSF, answer, sizeof(answer)), ==, 12);
    g_assert_cmpuint(answer[10], ==, (DISC_SECTORS + 150) / 75);
    g_assert_cmpuint(answer[11], ==, (DISC_SECTORS + 150) % 75);
    g_assert_cmpuint(run(t, SESSION, answer, sizeof(answer)), ==, 12);
    expect_check(t, TRACK2, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
    expect_check(t, FULL, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
}

static void tray_opens_closes_and_locks(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t EJECT[ATAPI_PACKET_SIZE] = {ATAPI_START_STOP, 0, 0, 0, 2};
    static const uint8_t LOAD[ATAPI_PACKET_SIZE] = {ATAPI_START_STOP, 0, 0, 0, 3};
    static const uint8_t LOCK[ATAPI_PACKET_SIZE] = {ATAPI_PREVENT_ALLOW, 0, 0, 0, 1};
    static const uint8_t UNLOCK[ATAPI_PACKET_SIZE] = {ATAPI_PREVENT_ALLOW};
    static const uint8_t EVENT[ATAPI_PACKET_SIZE] = {ATAPI_GET_EVENT, 1, [4] = 0x10, [8] = 8};
    uint8_t answer[8];
    expect_good(t, LOCK);
    expect_check(t, EJECT, SENSE_ILLEGAL_REQUEST, ASC_REMOVAL_PREVENTED);
    expect_good(t, UNLOCK);
    expect_good(t, EJECT);
    expect_check(t, TEST_UNIT_READY, SENSE_NOT_READY, ASC_NO_MEDIUM);
    g_assert_cmpuint(run(t, EVENT, answer, sizeof(answer)), ==, 8);
    g_assert_cmphex(answer[4], ==, 3); /* removed */
    g_assert_cmphex(answer[5], ==, 1);
    g_assert_cmpuint(run(t, EVENT, answer, sizeof(answer)), ==, 8);
    g_assert_cmphex(answer[4], ==, 0); /* which is reported once */
    expect_good(t, LOAD);
    expect_check(t, TEST_UNIT_READY, SENSE_UNIT_ATTENTION, ASC_MEDIUM_CHANGED);
    expect_good(t, TEST_UNIT_READY);
    g_assert_cmpuint(run(t, EVENT, answer, sizeof(answer)), ==, 8);
    g_assert_cmphex(answer[4], ==, 2);
    g_assert_cmphex(answer[5], ==, 2);
}

static void start_needs_a_disc(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t START[ATAPI_PACKET_SIZE] = {ATAPI_START_STOP, 0, 0, 0, 1};
    static const uint8_t STOP[ATAPI_PACKET_SIZE] = {ATAPI_START_STOP};
    static const uint8_t EJECT[ATAPI_PACKET_SIZE] = {ATAPI_START_STOP, 0, 0, 0, 2};
    static const uint8_t STANDBY[ATAPI_PACKET_SIZE] = {ATAPI_START_STOP, 0, 0, 0, 0x32};
    expect_good(t, STOP);
    expect_good(t, START);
    expect_good(t, STANDBY); /* this does not eject */
    expect_good(t, TEST_UNIT_READY);
    expect_good(t, EJECT);
    expect_good(t, STOP);
    expect_check(t, START, SENSE_NOT_READY, ASC_NO_MEDIUM);
}

/* An open tray can be locked, remains open, and can be closed. */
static void lock_holds_a_tray_that_is_closed(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t EJECT[ATAPI_PACKET_SIZE] = {ATAPI_START_STOP, 0, 0, 0, 2};
    static const uint8_t LOAD[ATAPI_PACKET_SIZE] = {ATAPI_START_STOP, 0, 0, 0, 3};
    static const uint8_t LOCK[ATAPI_PACKET_SIZE] = {ATAPI_PREVENT_ALLOW, 0, 0, 0, 1};
    expect_good(t, EJECT);
    expect_good(t, LOCK);
    expect_good(t, EJECT);
    expect_good(t, LOAD);
    expect_check(t, TEST_UNIT_READY, SENSE_UNIT_ATTENTION, ASC_MEDIUM_CHANGED);
    expect_check(t, EJECT, SENSE_ILLEGAL_REQUEST, ASC_REMOVAL_PREVENTED);
    expect_good(t, TEST_UNIT_READY);
    ata_put(t, ATA_COMMAND, ATA_CMD_DEVICE_RESET);
    expect_check(t, TEST_UNIT_READY, SENSE_UNIT_ATTENTION, ASC_RESET);
    expect_good(t, EJECT); /* a reset has unlocked it */
}

static void mode_pages_and_configuration(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t ALL[ATAPI_PACKET_SIZE] = {ATAPI_MODE_SENSE_10, 0, 0x3f, [8] = 100};
    static const uint8_t CAPABILITIES[ATAPI_PACKET_SIZE] = {ATAPI_MODE_SENSE_10, 0,
                                                            0x2a, [8] = 100};
    static const uint8_t AUDIO[ATAPI_PACKET_SIZE] = {ATAPI_MODE_SENSE_10, 0, 0x0e, [8] = 100};
    static const uint8_t CONFIGURATION[ATAPI_PACKET_SIZE] = {ATAPI_GET_CONFIGURATION, [8] = 100};
    uint8_t answer[100];
    g_assert_cmpuint(run(t, ALL, answer, sizeof(answer)), ==, 36);
    g_assert_cmpuint(answer[1], ==, 34);
    g_assert_cmpuint(run(t, CAPABILITIES, answer, sizeof(answer)), ==, 28);
    g_assert_cmphex(answer[8], ==, 0x2a);
    expect_check(t, AUDIO, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
    g_assert_cmpuint(run(t, CONFIGURATION, answer, sizeof(answer)), ==, 16);
    g_assert_cmpuint(answer[7], ==, 8);
}

static void unknown_packets_and_dma_are_refused(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t WRITE_10[ATAPI_PACKET_SIZE] = {0x2a};
    expect_check(t, WRITE_10, SENSE_ILLEGAL_REQUEST, ASC_INVALID_COMMAND);
    ata_put(t, ATA_FEATURES, 1);
    ata_put(t, ATA_COMMAND, ATA_CMD_PACKET);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY | ATA_ST_ERR);
    g_assert_cmphex(ata_get(t, ATA_ERROR), ==, ATA_ER_ABRT);
}

static void disc_of_no_sector_is_refused(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_drive(rig, "a", 3)->cdrom = true;
    Device *dev = rig_device_new(rig, "isa-ide");
    g_assert_false(rig_realize(rig, dev, "drive0=a"));
    g_assert_nonnull(strstr(rig_error(rig), "2048"));
}

static void seek_goes_where_there_is_a_sector(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t packet[ATAPI_PACKET_SIZE] = {ATAPI_SEEK, [5] = DISC_SECTORS - 1};
    expect_good(t, packet);
    packet[5] = DISC_SECTORS;
    expect_check(t, packet, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
}

static void events_are_polled_and_of_the_medium(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t QUEUED[ATAPI_PACKET_SIZE] = {ATAPI_GET_EVENT, [4] = 0x10, [8] = 8};
    static const uint8_t OTHER[ATAPI_PACKET_SIZE] = {ATAPI_GET_EVENT, 1, [4] = 0x04, [8] = 8};
    uint8_t answer[8];
    expect_check(t, QUEUED, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
    g_assert_cmpuint(run(t, OTHER, answer, sizeof(answer)), ==, 4);
    g_assert_cmphex(answer[2], ==, 0x80); /* no such class */
}

/* ---- discs that the user takes out and puts in ---- */

static void expect_event(Channel *t, uint8_t event, uint8_t there)
{
    static const uint8_t EVENT[ATAPI_PACKET_SIZE] = {ATAPI_GET_EVENT, 1, [4] = 0x10, [8] = 8};
    uint8_t answer[8];
    g_assert_cmpuint(run(t, EVENT, answer, sizeof(answer)), ==, 8);
    g_assert_cmphex(answer[4], ==, event);
    g_assert_cmphex(answer[5], ==, there);
}

static void disc_that_the_user_takes_is_gone(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t CAPACITY[ATAPI_PACKET_SIZE] = {ATAPI_READ_CAPACITY};
    static const uint8_t START[ATAPI_PACKET_SIZE] = {ATAPI_START_STOP, 0, 0, 0, 1};
    g_assert_true(rig_drive_eject(t->drive[0]));
    rig_drive_change(t->drive[0], 0);
    expect_check(t, TEST_UNIT_READY, SENSE_NOT_READY, ASC_NO_MEDIUM);
    expect_check(t, CAPACITY, SENSE_NOT_READY, ASC_NO_MEDIUM);
    expect_check(t, START, SENSE_NOT_READY, ASC_NO_MEDIUM);
    expect_event(t, 3, 1);
}

/* The tray is closed over nothing after a reset, as it is in a drive that never had a disc. */
static void closed_tray_may_be_empty(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t LOAD[ATAPI_PACKET_SIZE] = {ATAPI_START_STOP, 0, 0, 0, 3};
    static const uint8_t CONFIGURATION[ATAPI_PACKET_SIZE] = {ATAPI_GET_CONFIGURATION, [8] = 16};
    static const uint8_t MODE[ATAPI_PACKET_SIZE] = {ATAPI_MODE_SENSE_10, [2] = 0x3f, [8] = 8};
    uint8_t answer[16];
    rig_drive_change(t->drive[0], 0);
    expect_event(t, 3, 1);
    expect_good(t, LOAD);
    expect_check(t, TEST_UNIT_READY, SENSE_NOT_READY, ASC_NO_MEDIUM);
    expect_event(t, 0, 0);
    g_assert_cmpuint(run(t, CONFIGURATION, answer, sizeof(answer)), ==, 16);
    g_assert_cmphex(answer[7], ==, 0);
    g_assert_cmphex(answer[14], ==, 0);
    g_assert_cmpuint(run(t, MODE, answer, sizeof(answer)), ==, 8);
    g_assert_cmphex(answer[2], ==, 0x70);
}

static void another_disc_is_told_of_once_and_read(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t CAPACITY[ATAPI_PACKET_SIZE] = {ATAPI_READ_CAPACITY};
    uint8_t answer[8];
    rig_drive_change(t->drive[0], 40);
    expect_check(t, TEST_UNIT_READY, SENSE_UNIT_ATTENTION, ASC_MEDIUM_CHANGED);
    expect_good(t, TEST_UNIT_READY);
    expect_event(t, 2, 2);
    g_assert_cmpuint(run(t, CAPACITY, answer, sizeof(answer)), ==, 8);
    g_assert_cmphex(answer[3], ==, 40 / 4 - 1);
}

static void locked_drive_tells_its_guest_of_the_wish(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t LOCK[ATAPI_PACKET_SIZE] = {ATAPI_PREVENT_ALLOW, 0, 0, 0, 1};
    static const uint8_t UNLOCK[ATAPI_PACKET_SIZE] = {ATAPI_PREVENT_ALLOW};
    expect_good(t, LOCK);
    g_assert_false(rig_drive_eject(t->drive[0]));
    expect_event(t, 1, 2);
    expect_event(t, 0, 2);
    expect_good(t, UNLOCK);
    g_assert_true(rig_drive_eject(t->drive[0]));
}

/* With what was asked of the host, or with data for the guest. */
static void read_that_a_change_overtakes_fails(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t packet[ATAPI_PACKET_SIZE];
    for (unsigned asked = 0; asked < 2; asked++) {
        make_read(packet, 100, 90);
        ata_put(t, ATA_LBA_HIGH, 0x80);
        ata_put(t, ATA_COMMAND, ATA_CMD_PACKET);
        ata_out(t, packet, ATAPI_PACKET_SIZE);
        if (!asked) {
            ata_run(t);
            g_assert_cmphex(ata_alt(t) & ATA_ST_DRQ, ==, ATA_ST_DRQ);
        }
        rig_drive_change(t->drive[0], 40);
        g_assert_true(ata_irq(t));
        g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY | ATA_ST_ERR);
        g_assert_cmphex(ata_get(t, ATA_ERROR), ==, SENSE_UNIT_ATTENTION << 4 | ATA_ER_ABRT);
        ata_run(t);
        g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY | ATA_ST_ERR);
        rig_drive_change(t->drive[0], DISC_SECTORS * 4);
        expect_check(t, TEST_UNIT_READY, SENSE_UNIT_ATTENTION, ASC_MEDIUM_CHANGED);
    }
}

static void state_is_saved_with_a_smaller_disc(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t packet[ATAPI_PACKET_SIZE], sector[ATAPI_SECTOR_SIZE];
    make_read(packet, 150, 1);
    g_assert_cmpuint(run(t, packet, sector, sizeof(sector)), ==, sizeof(sector));
    rig_drive_change(t->drive[0], 40);
    g_autoptr(GBytes) state = device_save(t->dev);
    g_assert_true(device_load(t->dev, state, NULL));
}

static void empty_drive_is_made(void)
{
    Channel t = {.rig = rig_new()};
    t.drive[0] = rig_drive(t.rig, "a", 0);
    t.drive[0]->cdrom = true;
    t.dev = rig_device(t.rig, "isa-ide", "drive0=a,power-on-attention=off");
    expect_check(&t, TEST_UNIT_READY, SENSE_NOT_READY, ASC_NO_MEDIUM);
    expect_event(&t, 0, 0);
    channel_teardown(&t, NULL);
}

/* If the packet allows no byte of an answer, none is sent, and that is no error. */
static void allocation_of_0_is_no_error(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t INQUIRY[ATAPI_PACKET_SIZE] = {ATAPI_INQUIRY};
    expect_good(t, INQUIRY);
}

static void power_commands_end_well(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t COMMANDS[] = {ATA_CMD_STANDBY_NOW, ATA_CMD_IDLE_NOW, ATA_CMD_CHECK_POWER};
    for (size_t i = 0; i < sizeof(COMMANDS); i++) {
        ata_put(t, ATA_COMMAND, COMMANDS[i]);
        g_assert_true(ata_irq(t));
        g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY);
    }
    g_assert_cmphex(ata_get(t, ATA_COUNT), ==, ATA_POWER_ACTIVE);
}

#define SENTENCE(name) g_test_add("/atapi/" #name, Channel, NULL, setup, name, channel_teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SENTENCE(reset_shows_the_signature);
    SENTENCE(commands_for_disks_are_aborted_with_the_signature);
    SENTENCE(identify_packet_tells_of_a_cdrom);
    SENTENCE(device_reset_works_while_busy);
    SENTENCE(inquiry_tells_the_kind_of_device);
    SENTENCE(capacity_is_the_last_sector_and_2048);
    SENTENCE(read_yields_sectors_in_blocks_of_the_limit);
    SENTENCE(reads_that_cannot_be_say_why);
    SENTENCE(toc_is_one_track_and_the_lead_out);
    SENTENCE(tray_opens_closes_and_locks);
    SENTENCE(start_needs_a_disc);
    SENTENCE(lock_holds_a_tray_that_is_closed);
    SENTENCE(mode_pages_and_configuration);
    SENTENCE(seek_goes_where_there_is_a_sector);
    SENTENCE(events_are_polled_and_of_the_medium);
    SENTENCE(disc_that_the_user_takes_is_gone);
    SENTENCE(closed_tray_may_be_empty);
    SENTENCE(another_disc_is_told_of_once_and_read);
    SENTENCE(locked_drive_tells_its_guest_of_the_wish);
    SENTENCE(read_that_a_change_overtakes_fails);
    SENTENCE(state_is_saved_with_a_smaller_disc);
    SENTENCE(allocation_of_0_is_no_error);
    SENTENCE(power_commands_end_well);
    SENTENCE(unknown_packets_and_dma_are_refused);
    g_test_add_func("/atapi/power_on_without_attention_is_as_a_firmware_leaves_it",
                    power_on_without_attention_is_as_a_firmware_leaves_it);
    g_test_add_func("/atapi/empty_drive_is_made", empty_drive_is_made);
    g_test_add_func("/atapi/disc_of_no_sector_is_refused", disc_of_no_sector_is_refused);
    g_test_add_func("/atapi/read_of_more_than_2_tib_is_refused",
                    read_of_more_than_2_tib_is_refused);
    return g_test_run();
}
