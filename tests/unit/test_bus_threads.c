/*
 * The bus between threads: the log names the register that an access reached,
 * whatever another vCPU does to the device in the meantime.
 */
#include "src/board/bus.h"

#define INDEX    0x70u
#define DATA     0x71u
#define INDEXES  4u
#define ACCESSES 300000u

static const char *const NAMES[INDEXES] = {"SECONDS", "MINUTES", "HOURS", "DAYS"};

/* The data port returns the index, which identifies the register. */
typedef struct Chip {
    GMutex lock;
    uint8_t index;
    atomic_uint named, misnamed;
} Chip;

static uint64_t chip_read(void *state, uint64_t offset, unsigned size)
{
    (void)offset, (void)size;
    return ((const Chip *)state)->index;
}

static void chip_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    if (offset == 0) {
        ((Chip *)state)->index = (uint8_t)value;
    }
}

static const char *chip_register_name(const void *state, uint64_t offset, bool write)
{
    (void)write;
    return offset == 0 ? "INDEX" : NAMES[((const Chip *)state)->index];
}

static void observe(void *opaque, const BusAccess *access)
{
    Chip *chip = opaque;
    if (access->address == DATA) {
        atomic_fetch_add(&chip->named, 1);
        atomic_fetch_add(&chip->misnamed, access->register_name != NAMES[access->value]);
    }
}

typedef struct Cpu {
    Bus *bus;
    BusInitiator by;
} Cpu;

static gpointer run_vcpu(gpointer opaque)
{
    Cpu *cpu = opaque;
    for (unsigned i = 0; i < ACCESSES; i++) {
        uint8_t index = (uint8_t)((i + cpu->by.cpu) % INDEXES), data;
        bus_port_access(cpu->bus, &cpu->by, INDEX, true, 1, &index, 1);
        bus_port_access(cpu->bus, &cpu->by, DATA, false, 1, &data, 1);
    }
    return NULL;
}

static void test_registers_are_named_in_the_access(void)
{
    static const IoOps OPS = {.read = chip_read, .write = chip_write, .max_size = 1};
    Chip chip = {.index = 0};
    g_mutex_init(&chip.lock);
    BusClaim claim = {.name = "RTC",
                      .space = IO_PORTS,
                      .base = INDEX,
                      .size = 2,
                      .ops = &OPS,
                      .state = &chip,
                      .lock = &chip.lock,
                      .register_name = chip_register_name};
    g_autoptr(Bus) bus = bus_new(true);
    g_assert_true(bus_claim(bus, &claim, NULL));
    bus_set_observer(bus, observe, true, &chip);
    GThread *threads[2];
    Cpu cpus[2] = {{.bus = bus}, {.bus = bus, .by.cpu = 1}};
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new("vcpu", run_vcpu, &cpus[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpuint(chip.named, ==, 2 * ACCESSES);
    g_assert_cmpuint(chip.misnamed, ==, 0);
    g_mutex_clear(&chip.lock);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus_threads/registers_are_named_in_the_access",
                    test_registers_are_named_in_the_access);
    return g_test_run();
}
