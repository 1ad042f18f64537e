/*
 * A network card on the test rig, with its driver, its network, and what happens to both:
 * accesses to its registers, rings in memory, frames, the cable, time, resets, saving and
 * loading.  FUZZ_CLASS selects the card.
 *
 * The card is set up before the script begins, with rings of which the script changes
 * what it likes.
 */
#include "devices/net.h"
#include "devices/net/e1000_regs.h"
#include "devices/pci/pci_regs.h"
#include "devices/virtio/virtio.h"
#include "src/device/pci.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/rig.h"

#define OPS_MAX   400u
#define SAVES_MAX 8u
#define BYTES_MAX 64u
#define BASE      UINT64_C(0xe0000000)
#define PORTS     0xc000u

/* The places of the rings: descriptors, and what virtio has beside them. */
#define RX_RING    0x1000u
#define TX_RING    0x2000u
#define RX_AVAIL   0x3000u
#define RX_USED    0x4000u
#define TX_AVAIL   0x5000u
#define TX_USED    0x6000u
#define BUFFERS    0x8000u
#define RING_SIZE  16u
#define DESCRIPTOR 16u

typedef struct Target {
    Rig *rig;
    RigNet *net;
    Device *dev;
    bool virtio;
    uint64_t range; /* bytes of registers */
    unsigned saves; /* how many so far; they are limited because they take the longest */
} Target;

/* ---- setting it up ---- */

static void set_up_queue(Target *t, unsigned queue, uint64_t table, uint64_t avail, uint64_t used)
{
    rig_write(t->rig, BASE + 0x16, queue, 2);
    rig_write(t->rig, BASE + 0x18, RING_SIZE, 2);
    rig_write(t->rig, BASE + 0x20, table, 8);
    rig_write(t->rig, BASE + 0x28, avail, 8);
    rig_write(t->rig, BASE + 0x30, used, 8);
    rig_write(t->rig, BASE + 0x1c, 1, 2);
}

static void start_virtio(Target *t, uint64_t features)
{
    rig_write(t->rig, BASE + 0x14, 3, 1);
    rig_write(t->rig, BASE + 0x0c, (uint32_t)features, 4);
    rig_write(t->rig, BASE + 0x08, 1, 4);
    rig_write(t->rig, BASE + 0x0c, VIRTIO_F_VERSION_1 >> 32, 4);
    rig_write(t->rig, BASE + 0x14, 3 | 8, 1);
    set_up_queue(t, 0, RX_RING, RX_AVAIL, RX_USED);
    set_up_queue(t, 1, TX_RING, TX_AVAIL, TX_USED);
    rig_write(t->rig, BASE + 0x14, 3 | 8 | 4, 1);
}

static void start_e1000(Target *t)
{
    const struct {
        uint32_t offset, value;
    } VALUES[] = {
        {E1000_CTRL, E1000_CTRL_FD | E1000_CTRL_SLU},
        {E1000_RDBAL, RX_RING},
        {E1000_RDLEN, RING_SIZE * DESCRIPTOR},
        {E1000_RDT, RING_SIZE - 1},
        {E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_MPE | E1000_RCTL_BAM},
        {E1000_TDBAL, TX_RING},
        {E1000_TDLEN, RING_SIZE * DESCRIPTOR},
        {E1000_TCTL, E1000_TCTL_EN},
        {E1000_IMS, UINT32_MAX},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(VALUES); i++) {
        rig_write(t->rig, BASE + VALUES[i].offset, VALUES[i].value, 4);
    }
}

static void set_up(Target *t, FuzzInput *in)
{
    uint64_t how = fuzz_take(in, 1);
    t->rig = rig_new_unlocked();
    rig_memory(t->rig);
    t->net = rig_net(t->rig, "n0");
    t->dev = rig_device_new(t->rig, FUZZ_CLASS);
    t->virtio = !strcmp(FUZZ_CLASS, "virtio-net-pci");
    t->range = t->virtio ? 0x4000 : E1000_MEMORY_SIZE;
    device_pci_connect_intx(t->dev, rig_line(t->rig, ISA_IRQ_COUNT));
    device_connect(t->dev, "intx", rig_line(t->rig, ISA_IRQ_COUNT), NULL);
    if (!rig_realize(t->rig, t->dev, "netdev=n0")) {
        g_error("%s", rig_error(t->rig));
    }
    device_pci_write(t->dev, PCI_BAR0 + (t->virtio ? 4 * VIRTIO_BAR : 0), (uint32_t)BASE, 4);
    if (!t->virtio) {
        device_pci_write(t->dev, PCI_BAR0 + 4, PORTS, 4);
    }
    device_pci_write(t->dev, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
                     2);
    if (t->virtio) {
        start_virtio(t, how << 24);
    } else {
        start_e1000(t);
    }
}

/* ---- what the script does ---- */

static void do_access(Target *t, FuzzInput *in, bool write)
{
    uint64_t what = fuzz_take(in, 3);
    unsigned size = t->virtio ? 1u << (what >> 20 & 3) : 4;
    uint64_t address = BASE + what % t->range / size * size;
    if (!t->virtio && what >> 23) {
        rig_out(t->rig, (uint16_t)(PORTS + (what & 4)), (uint32_t)fuzz_take(in, 4), 4);
    } else if (write) {
        rig_write(t->rig, address, fuzz_take(in, size), size);
    } else {
        rig_read(t->rig, address, size);
    }
}

static void write_memory(Target *t, FuzzInput *in)
{
    uint64_t address = fuzz_take(in, 2);
    size_t size;
    const uint8_t *bytes = fuzz_take_bytes(in, BYTES_MAX, &size);
    memory_write(rig_memory(t->rig), address, bytes, size);
}

/* A descriptor whose address and length may be right; the rest is the script's. */
static void put_descriptor(Target *t, FuzzInput *in)
{
    uint64_t what = fuzz_take(in, 1);
    uint64_t ring = what & 0x80 ? TX_RING : RX_RING, at = ring + what % RING_SIZE * DESCRIPTOR;
    uint64_t address = BUFFERS + fuzz_take(in, 1) * 256;
    uint64_t rest = fuzz_take(in, 8);
    memory_write(rig_memory(t->rig), at, &address, sizeof(address));
    memory_write(rig_memory(t->rig), at + 8, &rest, sizeof(rest));
}

/* Tells the card of descriptors: a chain in a ring of virtio's, or a tail of e1000's. */
static void offer(Target *t, FuzzInput *in)
{
    uint64_t what = fuzz_take(in, 1), avail = what & 0x80 ? TX_AVAIL : RX_AVAIL;
    uint16_t head = (uint16_t)(what % RING_SIZE), position = 0;
    if (!t->virtio) {
        rig_write(t->rig, BASE + (what & 0x80 ? E1000_TDT : E1000_RDT), head, 4);
        return;
    }
    memory_read(rig_memory(t->rig), avail + 2, &position, sizeof(position));
    memory_write(rig_memory(t->rig), avail + 4 + position % RING_SIZE * 2u, &head, sizeof(head));
    position++;
    memory_write(rig_memory(t->rig), avail + 2, &position, sizeof(position));
    rig_write(t->rig, BASE + 0x3000 + (what & 0x80 ? 4 : 0), 0, 2);
}

static void receive(Target *t, FuzzInput *in)
{
    static uint8_t frame[NET_FRAME_MAX];
    size_t size = NET_FRAME_MIN + fuzz_take(in, 2) % (NET_FRAME_MAX - NET_FRAME_MIN + 1), count;
    const uint8_t *bytes = fuzz_take_bytes(in, BYTES_MAX, &count);
    for (size_t i = 0; i < size; i++) {
        frame[i] = count ? bytes[i % count] : 0xff;
    }
    rig_net_send(t->net, frame, size);
}

static void change_network(Target *t, FuzzInput *in)
{
    uint64_t what = fuzz_take(in, 1);
    if (what & 1) {
        rig_net_link(t->net, what & 2);
    } else {
        rig_net_set_room(t->net, what & 2 ? UINT_MAX : t->net->sent->len + (unsigned)(what >> 2));
    }
}

/* A card must accept its own state; it may refuse a changed one, and is then loaded again. */
static void save_and_load(Target *t, FuzzInput *in)
{
    const DeviceField *fields = device_class(t->dev)->fields;
    unsigned count = 0;
    if (t->saves++ >= SAVES_MAX) {
        return;
    }
    while (fields[count].kind != FIELD_END) {
        count++;
    }
    g_autoptr(GBytes) saved = device_save(t->dev);
    uint64_t what = fuzz_take(in, 2);
    const DeviceField *field = &fields[(what & 0xff) % count];
    if (what & 0x100) {
        uint64_t value = fuzz_take(in, 8);
        g_autoptr(GBytes) patched =
            rig_patch(saved, field->name, (unsigned)(what >> 9) % field->count, value);
        if (rig_load(t->dev, patched)) {
            return;
        }
    }
    g_assert_true(rig_load(t->dev, saved));
}

static void do_rare(Target *t, FuzzInput *in)
{
    uint64_t what = fuzz_take(in, 1);
    if (what < 0x20) {
        device_reset(t->dev);
    } else if (what < 0x40) {
        device_pci_write(t->dev, PCI_COMMAND,
                         what & 1 ? PCI_COMMAND_MEMORY
                                  : PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
                         2);
    } else {
        save_and_load(t, in);
    }
}

static void do_one(Target *t, FuzzInput *in)
{
    uint64_t op = fuzz_take(in, 1) % 10;
    if (op < 3) {
        do_access(t, in, op < 2);
    } else if (op == 3) {
        write_memory(t, in);
    } else if (op == 4) {
        put_descriptor(t, in);
    } else if (op == 5) {
        offer(t, in);
    } else if (op == 6) {
        receive(t, in);
    } else if (op == 7) {
        change_network(t, in);
    } else if (op == 8) {
        rig_step(t->rig, fuzz_take_step(in));
    } else {
        do_rare(t, in);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = {data, size};
    Target t = {0};
    set_up(&t, &in);
    for (unsigned i = 0; in.size && i < OPS_MAX; i++) {
        do_one(&t, &in);
    }
    rig_free(t.rig);
    return 0;
}
