/*
 * The Intel 82540EM, a gigabit Ethernet card (PCI/PCI-X Family of Gigabit Ethernet
 * Controllers Software Developer's Manual, revision 4.0).
 *
 * Modelled: the registers in memory and behind IOADDR and IODATA, the EEPROM, the
 * PHY, both rings with all kinds of descriptors, checksums both ways, TCP
 * segmentation, address and VLAN filters, statistics, interrupts and their throttle.
 *
 * DEVIATION: there is no flash memory, no wake-up and no management.  The registers
 * for them, for flow control and for LEDs hold what is written, without effect.
 * The files of this device name their own deviations.
 */
#include "devices/net/e1000_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- interrupts ---- */

static bool interrupt_pending(const E1000 *s)
{
    return s->icr & s->ims;
}

/* The line rises at most once in an interval of ITR. */
static void e1000_update(E1000 *s)
{
    bool pending = interrupt_pending(s);
    if (pending && !s->asserted) {
        uint64_t now = pio_now(s->dev);
        if (now < s->next_at) {
            pio_timer_arm(s->throttle, s->next_at);
            return;
        }
        s->next_at = now + (uint64_t)(s->itr & 0xffff) * E1000_ITR_NS;
    }
    s->asserted = pending;
    pio_irq_set(s->intx, pending);
}

void e1000_raise(E1000 *s, uint32_t causes)
{
    s->icr |= causes;
    e1000_update(s);
}

static void throttle_fired(void *state, uint64_t deadline)
{
    (void)deadline;
    e1000_update(state);
}

static uint32_t read_icr(E1000 *s)
{
    uint32_t causes = s->icr;
    s->icr = 0;
    e1000_update(s);
    return causes;
}

/* ---- statistics ---- */

void e1000_count(E1000 *s, unsigned stat, uint32_t number)
{
    s->stats[stat] = number > UINT32_MAX - s->stats[stat] ? UINT32_MAX : s->stats[stat] + number;
}

void e1000_count_octets(E1000 *s, unsigned stat, uint32_t number)
{
    uint64_t sum = (uint64_t)s->stats[stat + 1] << 32 | s->stats[stat];
    sum = number > UINT64_MAX - sum ? UINT64_MAX : sum + number;
    s->stats[stat] = (uint32_t)sum;
    s->stats[stat + 1] = (uint32_t)(sum >> 32);
}

void e1000_count_size(E1000 *s, unsigned stat, size_t size)
{
    static const size_t LIMITS[] = {64, 127, 255, 511, 1023};
    unsigned i = 0;
    while (i < 5 && size > LIMITS[i]) {
        i++;
    }
    e1000_count(s, stat + i, 1);
}

static bool is_stat(uint32_t offset)
{
    return offset >= E1000_STATS && offset < E1000_STATS + 4 * E1000_STATS_COUNT;
}

/* A read clears them; those of octets are cleared by the read of the upper half. */
static uint32_t read_stat(E1000 *s, unsigned stat)
{
    uint32_t value = s->stats[stat];
    bool lower = stat == E1000_STAT_GORCL || stat == E1000_STAT_GOTCL || stat == E1000_STAT_TORL ||
                 stat == E1000_STAT_TOTL;
    s->stats[stat] = lower ? value : 0;
    if (stat && (stat - 1 == E1000_STAT_GORCL || stat - 1 == E1000_STAT_GOTCL ||
                 stat - 1 == E1000_STAT_TORL || stat - 1 == E1000_STAT_TOTL)) {
        s->stats[stat - 1] = 0;
    }
    return value;
}

/* ---- checksums ---- */

uint32_t e1000_sum(const uint8_t *data, size_t size)
{
    uint64_t sum = 0;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t part;
        memcpy(&part, data + i, 8);
        sum += (part & UINT32_MAX) + (part >> 32);
    }
    for (; i < size; i++) {
        sum += (uint64_t)data[i] << (i & 1 ? 8 : 0);
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return __builtin_bswap16((uint16_t)sum);
}

uint16_t e1000_fold(uint32_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

/* ---- registers that hold what is written ---- */

typedef struct Register {
    uint32_t offset, writable;
    size_t field;
    const char *name;
} Register;

#define REGISTER(register_offset, member, mask, register_name)                                     \
    {                                                                                              \
        register_offset, mask, offsetof(E1000, member), register_name                              \
    }

static const Register REGISTERS[] = {
    REGISTER(E1000_CTRL, ctrl, UINT32_MAX, "CTRL"),
    REGISTER(E1000_EERD, eerd, 0, "EERD"),
    REGISTER(E1000_CTRL_EXT, ctrl_ext, UINT32_MAX, "CTRL_EXT"),
    REGISTER(E1000_MDIC, mdic, 0, "MDIC"),
    REGISTER(E1000_FCAL, fcal, UINT32_MAX, "FCAL"),
    REGISTER(E1000_FCAH, fcah, 0xffff, "FCAH"),
    REGISTER(E1000_FCT, fct, 0xffff, "FCT"),
    REGISTER(E1000_VET, vet, 0xffff, "VET"),
    REGISTER(E1000_ITR, itr, 0xffff, "ITR"),
    REGISTER(E1000_IMS, ims, 0, "IMS"),
    REGISTER(E1000_RCTL, rctl, UINT32_MAX, "RCTL"),
    REGISTER(E1000_FCTTV, fcttv, 0xffff, "FCTTV"),
    REGISTER(E1000_TXCW, txcw, UINT32_MAX, "TXCW"),
    REGISTER(E1000_TCTL, tctl, UINT32_MAX, "TCTL"),
    REGISTER(E1000_TIPG, tipg, UINT32_MAX, "TIPG"),
    REGISTER(E1000_AIFS, aifs, 0xffff, "AIFS"),
    REGISTER(E1000_LEDCTL, ledctl, UINT32_MAX, "LEDCTL"),
    REGISTER(E1000_PBA, pba, 0xffff, "PBA"),
    REGISTER(E1000_FCRTL, fcrtl, 0x8000fff8, "FCRTL"),
    REGISTER(E1000_FCRTH, fcrth, 0xfff8, "FCRTH"),
    REGISTER(E1000_RDBAL, rx.base_low, 0xfffffff0, "RDBAL"),
    REGISTER(E1000_RDBAH, rx.base_high, UINT32_MAX, "RDBAH"),
    REGISTER(E1000_RDLEN, rx.length, 0xfff80, "RDLEN"),
    REGISTER(E1000_RDH, rx.head, 0xffff, "RDH"),
    REGISTER(E1000_RDT, rx.tail, 0xffff, "RDT"),
    REGISTER(E1000_RDTR, rdtr, 0xffff, "RDTR"),
    REGISTER(E1000_RXDCTL, rxdctl, UINT32_MAX, "RXDCTL"),
    REGISTER(E1000_RADV, radv, 0xffff, "RADV"),
    REGISTER(E1000_RSRPD, rsrpd, 0xfff, "RSRPD"),
    REGISTER(E1000_TDBAL, tx.base_low, 0xfffffff0, "TDBAL"),
    REGISTER(E1000_TDBAH, tx.base_high, UINT32_MAX, "TDBAH"),
    REGISTER(E1000_TDLEN, tx.length, 0xfff80, "TDLEN"),
    REGISTER(E1000_TDH, tx.head, 0xffff, "TDH"),
    REGISTER(E1000_TDT, tx.tail, 0xffff, "TDT"),
    REGISTER(E1000_TIDV, tidv, 0xffff, "TIDV"),
    REGISTER(E1000_TXDCTL, txdctl, UINT32_MAX, "TXDCTL"),
    REGISTER(E1000_TADV, tadv, 0xffff, "TADV"),
    REGISTER(E1000_TSPMT, tspmt, UINT32_MAX, "TSPMT"),
    REGISTER(E1000_RXCSUM, rxcsum, 0x7ff, "RXCSUM"),
    REGISTER(E1000_WUC, wuc, 0xf, "WUC"),
    REGISTER(E1000_WUFC, wufc, 0xffff, "WUFC"),
    REGISTER(E1000_MANC, manc, UINT32_MAX, "MANC"),
};

#define REGISTER_COUNT (sizeof(REGISTERS) / sizeof(REGISTERS[0]))

static const Register *find_register(uint32_t offset)
{
    for (size_t i = 0; i < REGISTER_COUNT; i++) {
        if (REGISTERS[i].offset == offset) {
            return &REGISTERS[i];
        }
    }
    return NULL;
}

static uint32_t *field_of(E1000 *s, const Register *r)
{
    return (uint32_t *)(void *)((uint8_t *)s + r->field);
}

/* A word of the tables of addresses and VLANs. */
static uint32_t *table_word(E1000 *s, uint32_t offset)
{
    if (offset >= E1000_MTA && offset < E1000_MTA + 4 * E1000_MTA_COUNT) {
        return &s->mta[(offset - E1000_MTA) / 4];
    }
    if (offset >= E1000_RA && offset < E1000_RA + 4 * E1000_RA_COUNT) {
        return &s->ra[(offset - E1000_RA) / 4];
    }
    return offset >= E1000_VFTA && offset < E1000_VFTA + 4 * E1000_VFTA_COUNT
               ? &s->vfta[(offset - E1000_VFTA) / 4]
               : NULL;
}

/* ---- registers with effects ---- */

static void reset_registers(E1000 *s)
{
    const bool line = s->asserted;
    for (size_t i = 0; i < REGISTER_COUNT; i++) {
        *field_of(s, &REGISTERS[i]) = 0;
    }
    memset(s->stats, 0, sizeof(s->stats));
    memset(s->mta, 0, sizeof(s->mta));
    memset(s->ra, 0, sizeof(s->ra));
    memset(s->vfta, 0, sizeof(s->vfta));
    s->ctrl = E1000_CTRL_FD;
    s->vet = 0x8100;
    s->ledctl = 0x07068302;
    s->pba = 0x00100030;
    s->icr = s->ims = 0;
    s->context = s->segment = (E1000Context){0};
    s->tx_stopped = false;
    s->next_at = 0;
    s->asserted = line;
    memcpy(&s->ra[0], s->mac, 4);
    memcpy(&s->ra[1], s->mac + 4, 2);
    s->ra[1] |= E1000_RAH_AV;
    pio_timer_disarm(s->throttle);
    pio_timer_disarm(s->tx_timer);
    e1000_write_eecd(s, 0);
    e1000_update(s);
}

static void write_ctrl(E1000 *s, uint32_t value)
{
    bool before = e1000_link(s);
    if (value & E1000_CTRL_RST) {
        reset_registers(s);
        return;
    }
    s->ctrl = value & ~E1000_CTRL_PHY_RST;
    if (value & E1000_CTRL_PHY_RST) {
        e1000_phy_reset(s);
    }
    if (e1000_link(s) != before) {
        e1000_raise(s, E1000_ICR_LSC);
    }
}

static uint32_t read_status(const E1000 *s)
{
    return E1000_STATUS_1000 | (s->ctrl & E1000_CTRL_FD ? E1000_STATUS_FD : 0) |
           (e1000_link(s) ? E1000_STATUS_LU : 0);
}

/* Of what follows from the value of a register that holds it. */
static void register_written(E1000 *s, uint32_t offset)
{
    switch (offset) {
    case E1000_RCTL:
    case E1000_RDT:
    case E1000_RDLEN:
        pio_net_rx_ready(s->net);
        break;
    case E1000_TCTL:
    case E1000_TDT:
        e1000_transmit(s);
        break;
    default:
        break;
    }
}

static void write_stored(E1000 *s, uint32_t offset, uint32_t value)
{
    const Register *r = find_register(offset);
    uint32_t *word = table_word(s, offset);
    if (word) {
        *word = value;
    } else if (r && r->writable) {
        *field_of(s, r) = value & r->writable;
        register_written(s, offset);
    }
}

static void write_register(E1000 *s, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case E1000_CTRL:
        write_ctrl(s, value);
        break;
    case E1000_EECD:
        e1000_write_eecd(s, value);
        break;
    case E1000_EERD:
        e1000_write_eerd(s, value);
        break;
    case E1000_CTRL_EXT:
        s->ctrl_ext = value & ~E1000_CTRL_EXT_EERST;
        break;
    case E1000_MDIC:
        e1000_write_mdic(s, value);
        break;
    case E1000_ICR:
        s->icr &= ~value;
        e1000_update(s);
        break;
    case E1000_ICS:
        e1000_raise(s, value & E1000_ICR_ALL);
        break;
    case E1000_IMS:
        s->ims |= value & E1000_ICR_ALL;
        e1000_update(s);
        break;
    case E1000_IMC:
        s->ims &= ~value;
        e1000_update(s);
        break;
    default:
        write_stored(s, offset, value);
    }
}

static uint32_t read_register(E1000 *s, uint32_t offset)
{
    const Register *r;
    const uint32_t *word;
    switch (offset) {
    case E1000_STATUS:
        return read_status(s);
    case E1000_EECD:
        return e1000_read_eecd(s);
    case E1000_ICR:
        return read_icr(s);
    default:
        if (is_stat(offset)) {
            return read_stat(s, (offset - E1000_STATS) / 4);
        }
        word = table_word(s, offset);
        r = find_register(offset);
        return word ? *word : r ? *field_of(s, r) : 0;
    }
}

static uint64_t memory_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    return read_register(state, (uint32_t)offset);
}

static void memory_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    write_register(state, (uint32_t)offset, (uint32_t)value);
}

static uint64_t port_read(void *state, uint64_t offset, unsigned size)
{
    E1000 *s = state;
    (void)size;
    if (offset == E1000_IODATA) {
        return read_register(s, s->io_address);
    }
    return offset == E1000_IOADDR ? s->io_address : 0;
}

static void port_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    E1000 *s = state;
    (void)size;
    if (offset == E1000_IOADDR) {
        s->io_address = (uint32_t)value & (E1000_MEMORY_SIZE - 4);
    } else if (offset == E1000_IODATA) {
        write_register(s, s->io_address, (uint32_t)value);
    }
}

static const char *register_name(const void *state, uint64_t offset, bool write)
{
    const Register *r = find_register((uint32_t)offset & ~3u);
    (void)state, (void)write;
    return offset == E1000_STATUS ? "STATUS"
           : offset == E1000_EECD ? "EECD"
           : offset == E1000_ICR  ? "ICR"
           : offset == E1000_ICS  ? "ICS"
           : offset == E1000_IMC  ? "IMC"
           : r                    ? r->name
                                  : NULL;
}

/* ---- the host side ---- */

static void room_again(void *state, unsigned port)
{
    E1000 *s = state;
    (void)port;
    s->tx_stopped = false;
    e1000_transmit(s);
}

static void link_changed(void *state, unsigned port)
{
    (void)port;
    e1000_phy_update(state);
}

static void transmit_on(void *state, uint64_t deadline)
{
    (void)deadline;
    e1000_transmit(state);
}

static bool e1000_realize(void *state, char *error, size_t size)
{
    E1000 *s = state;
    (void)error, (void)size;
    s->packet = malloc(E1000_PACKET_ROOM);
    return s->packet != NULL;
}

static void e1000_finalize(void *state)
{
    free(((E1000 *)state)->packet);
}

static void e1000_reset(void *state)
{
    E1000 *s = state;
    s->io_address = 0;
    s->asserted = false;
    e1000_phy_reset(s);
    reset_registers(s);
}

/* What the network had to say is lost: it takes frames again, and the link may be another. */
static bool e1000_post_load(void *state)
{
    E1000 *s = state;
    s->tx_stopped = false;
    s->ee_count = s->ee_count > 9 ? 0 : s->ee_count;
    s->ee_out %= E1000_EEPROM_WORDS * 16;
    s->io_address &= E1000_MEMORY_SIZE - 4;
    pio_irq_set(s->intx, s->asserted);
    e1000_phy_update(s);
    e1000_update(s);
    pio_timer_arm(s->tx_timer, pio_now(s->dev));
    return true;
}

static const NetClient NET_CLIENT = {
    .struct_size = sizeof(NetClient),
    .can_receive = e1000_can_receive,
    .receive = e1000_receive,
    .tx_room = room_again,
    .link_changed = link_changed,
};

/* ---- tables ---- */

static const IoOps MEMORY_OPS = {
    .read = memory_read, .write = memory_write, .max_size = 4, .min_read = 4, .min_write = 4};
static const IoOps PORT_OPS = {
    .read = port_read, .write = port_write, .max_size = 4, .min_read = 4, .min_write = 4};

static const DeviceRegion REGIONS[] = {
    {.name = "registers",
     .space = IO_MEMORY,
     .size = E1000_MEMORY_SIZE,
     .ops = &MEMORY_OPS,
     .register_name = register_name,
     .bar = 1},
    {.name = "ports", .space = IO_PORTS, .size = E1000_PORTS, .ops = &PORT_OPS, .bar = 2},
    DEVICE_REGION_END,
};

static const PciBar BARS[] = {
    {.number = 0, .size = E1000_MEMORY_SIZE},
    {.number = 1, .ports = true, .size = E1000_PORTS},
    PCI_BAR_END,
};

static const PciIdentity IDENTITY = {
    .struct_size = sizeof(PciIdentity),
    .vendor = E1000_VENDOR,
    .device = E1000_DEVICE,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = 0x020000,
    .revision = 3,
    .pin = 1,
    .bus_master = true,
    .bars = BARS,
    .rom = "efi-e1000.rom",
};

#define FIELD(member)       DEVICE_FIELD(E1000, member)
#define FIELD_ARRAY(member) DEVICE_FIELD_ARRAY(E1000, member)
#define FIELD_BOOL(member)  DEVICE_FIELD_BOOL(E1000, member)
#define FIELD_RING(ring)                                                                           \
    FIELD(ring.base_low), FIELD(ring.base_high), FIELD(ring.length), FIELD(ring.head),             \
        FIELD(ring.tail)
#define FIELD_CONTEXT(c)                                                                           \
    FIELD(c.ip_start), FIELD(c.ip_offset), FIELD(c.tu_start), FIELD(c.tu_offset), FIELD(c.header), \
        FIELD(c.ip_end), FIELD(c.tu_end), FIELD(c.mss), FIELD_BOOL(c.tcp), FIELD_BOOL(c.ipv4)

static const DeviceField FIELDS[] = {
    FIELD(ctrl),
    FIELD(eecd),
    FIELD(eerd),
    FIELD(ctrl_ext),
    FIELD(mdic),
    FIELD(fcal),
    FIELD(fcah),
    FIELD(fct),
    FIELD(vet),
    FIELD(icr),
    FIELD(itr),
    FIELD(ims),
    FIELD(rctl),
    FIELD(fcttv),
    FIELD(txcw),
    FIELD(tctl),
    FIELD(tipg),
    FIELD(aifs),
    FIELD(ledctl),
    FIELD(pba),
    FIELD(fcrtl),
    FIELD(fcrth),
    FIELD(rdtr),
    FIELD(rxdctl),
    FIELD(radv),
    FIELD(rsrpd),
    FIELD(tidv),
    FIELD(txdctl),
    FIELD(tadv),
    FIELD(tspmt),
    FIELD(rxcsum),
    FIELD(wuc),
    FIELD(wufc),
    FIELD(manc),
    FIELD_RING(rx),
    FIELD_RING(tx),
    FIELD_ARRAY(stats),
    FIELD_ARRAY(mta),
    FIELD_ARRAY(ra),
    FIELD_ARRAY(vfta),
    FIELD_ARRAY(phy),
    FIELD(io_address),
    FIELD(ee_in),
    FIELD(ee_count),
    FIELD_BOOL(ee_reads),
    FIELD(ee_out),
    FIELD_BOOL(ee_bit),
    FIELD_BOOL(link),
    FIELD(next_at),
    FIELD_BOOL(asserted),
    FIELD_BOOL(tx_stopped),
    FIELD_CONTEXT(context),
    FIELD_CONTEXT(segment),
    DEVICE_FIELD_END,
};

extern const DeviceClass e1000_class;
const DeviceClass e1000_class = {
    .head = DEVICE_CLASS_HEAD("e1000", E1000),
    .description = "gigabit Ethernet card Intel 82540EM",
    .properties =
        DEVICE_PROPERTIES(DEVICE_PROPERTY(E1000, net, "netdev", PROPERTY_NET, NULL, "network"),
                          DEVICE_PROPERTY(E1000, mac, "mac", PROPERTY_MAC, "52:54:00:12:34:56",
                                          "address of the card")),
    .regions = REGIONS,
    .outputs = DEVICE_OUTPUTS(DEVICE_OUTPUT(E1000, intx, "intx")),
    .timers = DEVICE_TIMERS(DEVICE_TIMER(E1000, throttle, "throttle", throttle_fired),
                            DEVICE_TIMER(E1000, tx_timer, "transmit", transmit_on)),
    .net_client = &NET_CLIENT,
    .pci = &IDENTITY,
    .realize = e1000_realize,
    .finalize = e1000_finalize,
    .reset = e1000_reset,
    .fields = FIELDS,
    .post_load = e1000_post_load,
};
