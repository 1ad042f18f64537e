/* The machine for the tests of the software CPU.  See the header. */
#include "tests/unit/interp/interp_rig.h"

#include "src/accel/soft/translate/translate.h"
#include "src/accel/soft/x86/cpu.h"

#include <string.h>

static void rig_record(Rig *rig, RigAccess access)
{
    if (rig->access_count < RIG_ACCESS_MAX) {
        rig->access[rig->access_count] = access;
    }
    rig->access_count++;
    if (rig->on_access != NULL) {
        rig->on_access(rig, &access);
    }
}

static uint64_t port_read(void *state, uint64_t offset, unsigned size)
{
    Rig *rig = state;
    rig_record(rig, (RigAccess){(uint32_t)offset, rig->port_input, (uint8_t)size, false, false});
    return rig->port_input;
}

static void port_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    rig_record(state, (RigAccess){(uint32_t)offset, (uint32_t)value, (uint8_t)size, true, false});
}

static uint64_t mmio_read(void *state, uint64_t offset, unsigned size)
{
    Rig *rig = state;
    uint32_t value = 0;
    memcpy(&value, &rig->mmio[offset], size);
    rig_record(rig, (RigAccess){(uint32_t)offset, value, (uint8_t)size, false, true});
    return value;
}

static void mmio_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Rig *rig = state;
    uint32_t low = (uint32_t)value;
    memcpy(&rig->mmio[offset], &low, size);
    rig_record(rig, (RigAccess){(uint32_t)offset, low, (uint8_t)size, true, true});
}

static void slow_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Rig *rig = state;
    (void)offset, (void)size;
    rig->slow_overrun |= rig->slow_left != 0;
    rig->slow_left += (unsigned)value;
}

static bool slow_unfinished(const void *state)
{
    return ((const Rig *)state)->slow_left != 0;
}

static unsigned slow_go_on(void *state)
{
    Rig *rig = state;
    if (!rig->slow_left) {
        return 0;
    }
    rig->slow_left--;
    rig->slow_done++;
    return RIG_SLOW_COST;
}

static const IoOps SLOW_OPS = {
    .write = slow_write, .max_size = 1, .unfinished = slow_unfinished, .go_on = slow_go_on};
static const IoOps PORT_OPS = {.read = port_read, .write = port_write, .max_size = 4};
static const IoOps MMIO_OPS = {.read = mmio_read, .write = mmio_write, .max_size = 4};

static void rig_claim(Rig *rig)
{
    g_autoptr(GError) error = NULL;
    BusClaim ports = {.name = "recorder",
                      .space = IO_PORTS,
                      .base = RIG_PORT,
                      .size = RIG_PORT_COUNT,
                      .ops = &PORT_OPS,
                      .state = rig};
    BusClaim mmio = {.name = "recorder",
                     .space = IO_MEMORY,
                     .base = RIG_MMIO,
                     .size = RIG_MMIO_SIZE,
                     .ops = &MMIO_OPS,
                     .state = rig};
    BusClaim slow = {.name = "slow",
                     .space = IO_PORTS,
                     .base = RIG_SLOW_PORT,
                     .size = 1,
                     .ops = &SLOW_OPS,
                     .state = rig};
    bool claimed = bus_claim(rig->bus, &ports, &error) && bus_claim(rig->bus, &mmio, &error) &&
                   bus_claim(rig->bus, &slow, &error);
    g_assert_no_error(error);
    g_assert_true(claimed);
}

static uint8_t rig_acknowledge(void *opaque, unsigned cpu)
{
    Rig *rig = opaque;
    rig->acknowledged++;
    atomic_store(&rig->vcpus[cpu]->intr, false);
    rig->accel->class->interrupt_changed(rig->vcpus[cpu]);
    return rig->irq_vector;
}

/* A test that has set Rig.looks_left wants the run to end at this look. */
static bool rig_time_is_up(void *opaque)
{
    Rig *rig = opaque;
    rig->looks++;
    if (rig->looks_left && --rig->looks_left == 0) {
        rig->cuts++;
        rig->looks_left = rig->looks_between;
        return true;
    }
    return false;
}

static void rig_memory_written(void *opaque, uint64_t address, size_t size)
{
    Rig *rig = opaque;
    rig->accel->class->memory_written(rig->accel, address, size);
}

static void rig_memory_changed(void *opaque, uint64_t address, uint64_t size)
{
    Rig *rig = opaque;
    rig->accel->class->memory_changed(rig->accel, address, size);
}

static Vcpu *new_cpu(Rig *rig, unsigned index)
{
    g_autoptr(GError) error = NULL;
    Vcpu *vcpu = vcpu_new(rig->accel, index, &error);
    g_assert_no_error(error);
    return vcpu;
}

static void create_cpus(Rig *rig)
{
    g_autoptr(GError) error = NULL;
    const AccelClass *class = &accel_soft_class;
    rig->accel = g_malloc0(class->accel_size);
    rig->accel->class = class;
    rig->accel->host = (AccelHost){.bus = rig->bus,
                                   .topology = {1, 1, 1, 1, 1},
                                   .memory = rig->memory,
                                   .acknowledge = rig_acknowledge,
                                   .time_is_up = rig_time_is_up,
                                   .opaque = rig,
                                   .cpu_count = rig->cpus,
                                   .trace = rig->trace,
                                   .options = rig->options};
    bool opened = class->open(rig->accel, &error);
    g_assert_no_error(error);
    g_assert_true(opened);
    for (unsigned i = 0; i < rig->cpus; i++) {
        rig->vcpus[i] = new_cpu(rig, i);
    }
    rig->vcpu = rig->vcpus[0];
}

/* NULL: only the interpreter runs. */
static void use_translator(GHashTable *options, const char *after)
{
    g_hash_table_insert(options, g_strdup("translate"), g_strdup(after ? "on" : "off"));
    if (after) {
        g_hash_table_insert(options, g_strdup("translate-after"), g_strdup(after));
    }
}

static Rig *make(uint64_t ram_size, unsigned cpus, bool paranoid, CpuTrace *trace)
{
    g_autoptr(GError) error = NULL;
    Rig *rig = g_new0(Rig, 1);
    rig->memory = memory_new(ram_size, &error);
    g_assert_no_error(error);
    rig->bus = bus_new(false);
    rig_claim(rig);
    rig->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (paranoid) {
        g_hash_table_insert(rig->options, g_strdup("paranoid"), g_strdup("on"));
    }
    use_translator(rig->options, g_getenv("INTERP_TRANSLATE_AFTER"));
    rig->trace = trace;
    rig->cpus = cpus;
    create_cpus(rig);
    memory_set_written(rig->memory, rig_memory_written, rig);
    memory_set_changed(rig->memory, rig_memory_changed, rig);
    return rig;
}

Rig *rig_new(uint64_t ram_size, bool paranoid)
{
    return make(ram_size, 1, paranoid, NULL);
}

Rig *rig_new_cpus(uint64_t ram_size, unsigned cpus, bool paranoid)
{
    return make(ram_size, cpus, paranoid, NULL);
}

Rig *rig_new_traced(uint64_t ram_size, CpuTrace *trace)
{
    return make(ram_size, 1, false, trace);
}

const TranslatorCounts *rig_translator_counts(const Rig *rig)
{
    const Translator *translator = ((const InterpAccel *)rig->accel)->translator;

    return translator ? translator_counts(translator) : NULL;
}

void rig_free(Rig *rig)
{
    const AccelClass *class = rig->accel->class;
    memory_set_written(rig->memory, NULL, NULL);
    memory_set_changed(rig->memory, NULL, NULL);
    for (unsigned i = 0; i < rig->cpus; i++) {
        vcpu_free(rig->vcpus[i]);
    }
    class->close(rig->accel);
    g_free(rig->accel);
    g_hash_table_unref(rig->options);
    bus_free(rig->bus);
    memory_free(rig->memory);
    g_free(rig);
}

void rig_set(Rig *rig, const CpuState *state)
{
    g_autoptr(GError) error = NULL;
    bool set = rig->accel->class->set_state(rig->vcpu, state, &error);
    g_assert_no_error(error);
    g_assert_true(set);
}

CpuState rig_get(Rig *rig)
{
    g_autoptr(GError) error = NULL;
    CpuState state = {0};
    bool got = rig->accel->class->get_state(rig->vcpu, &state, &error);
    g_assert_no_error(error);
    g_assert_true(got);
    return state;
}

void rig_write(Rig *rig, uint64_t address, const void *data, size_t size)
{
    g_assert_true(memory_write(rig->memory, address, data, size));
}

void rig_write16(Rig *rig, uint64_t address, uint16_t value)
{
    rig_write(rig, address, &value, sizeof(value));
}

void rig_write32(Rig *rig, uint64_t address, uint32_t value)
{
    rig_write(rig, address, &value, sizeof(value));
}

void rig_write64(Rig *rig, uint64_t address, uint64_t value)
{
    rig_write(rig, address, &value, sizeof(value));
}

void rig_fill(Rig *rig, uint64_t address, uint8_t value, size_t size)
{
    g_assert_true(memory_fill(rig->memory, address, value, size));
}

void rig_read(Rig *rig, uint64_t address, void *data, size_t size)
{
    g_assert_true(memory_read(rig->memory, address, data, size));
}

uint8_t rig_read8(Rig *rig, uint64_t address)
{
    uint8_t value;
    rig_read(rig, address, &value, sizeof(value));
    return value;
}

uint16_t rig_read16(Rig *rig, uint64_t address)
{
    uint16_t value;
    rig_read(rig, address, &value, sizeof(value));
    return value;
}

uint32_t rig_read32(Rig *rig, uint64_t address)
{
    uint32_t value;
    rig_read(rig, address, &value, sizeof(value));
    return value;
}

VcpuStop rig_step(Rig *rig, uint64_t count)
{
    VcpuStop stop = VCPU_SLICE_DONE;
    while (count > 0 && stop == VCPU_SLICE_DONE) {
        unsigned cuts = rig->cuts;
        uint64_t done = interp_run_instructions(rig->vcpu, count, &stop);
        g_assert_true(done > 0 || stop != VCPU_SLICE_DONE || rig->cuts != cuts);
        count -= MIN(done, count);
    }
    return stop;
}

VcpuStop rig_run(Rig *rig, uint64_t limit)
{
    VcpuStop stop = rig_step(rig, limit);
    g_assert_cmpint(stop, !=, VCPU_SLICE_DONE);
    return stop;
}

void rig_set_intr(Rig *rig, bool level)
{
    atomic_store(&rig->vcpu->intr, level);
    rig->accel->class->interrupt_changed(rig->vcpu);
}

void rig_pulse_nmi(Rig *rig)
{
    atomic_store(&rig->vcpu->nmi, true);
    rig->accel->class->interrupt_changed(rig->vcpu);
}

uint64_t rig_descriptor(uint32_t base, uint32_t limit, uint32_t attributes)
{
    return (uint64_t)(limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
           (uint64_t)(attributes & 0xff) << 40 | (uint64_t)(limit >> 16 & 0xf) << 48 |
           (uint64_t)(attributes >> 12 & 0xf) << 52 | (uint64_t)(base >> 24) << 56;
}

uint64_t rig_gate(uint16_t selector, uint32_t offset, uint8_t access, uint8_t count)
{
    return (uint64_t)(offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)count << 32 |
           (uint64_t)access << 40 | (uint64_t)(offset >> 16) << 48;
}

CpuSegment rig_segment(uint16_t selector, uint64_t descriptor)
{
    uint32_t attributes = (uint32_t)(descriptor >> 40) & 0xf0ff;
    uint32_t limit = (uint32_t)(descriptor & 0xffff) | ((uint32_t)(descriptor >> 32) & 0xf0000);
    if (attributes & CPU_SEGMENT_G) {
        limit = limit << 12 | 0xfff;
    }
    if ((selector & ~3u) == 0) {
        return (CpuSegment){.selector = selector, .attributes = CPU_SEGMENT_UNUSABLE};
    }
    return (CpuSegment){
        .selector = selector,
        .attributes = attributes,
        .limit = limit,
        .base = (uint32_t)(descriptor >> 16 & 0xffffff) | (uint32_t)(descriptor >> 56) << 24,
    };
}

CpuSegment rig_real_segment(uint16_t selector)
{
    return (CpuSegment){
        .selector = selector,
        .attributes = CPU_SEGMENT_P | CPU_SEGMENT_S | 3u,
        .limit = 0xffff,
        .base = (uint64_t)selector << 4,
    };
}
