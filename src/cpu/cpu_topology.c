#include "src/cpu/cpu_topology.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"

#define APIC_IDS 255u

enum { CPUS, MAXCPUS, SOCKETS, DIES, CLUSTERS, CORES, THREADS, NUMBERS };

static const char *const KEYS[NUMBERS + 1] = {"cpus",     "maxcpus", "sockets", "dies",
                                              "clusters", "cores",   "threads", NULL};

/* A number is 0 if it was not given. */
static bool read_numbers(const char *text, unsigned *numbers, GError **error)
{
    g_autoptr(GHashTable) table = keyval_parse("-smp", text, "cpus", KEYS, error);
    for (unsigned i = 0; table && i < NUMBERS; i++) {
        const char *value = g_hash_table_lookup(table, KEYS[i]);
        g_autofree char *what = i ? g_strdup_printf("-smp %s", KEYS[i]) : g_strdup("-smp");
        uint64_t number = 0;
        if (value && !number_parse(what, value, TOPOLOGY_CPUS_MAX, &number, error)) {
            return false;
        }
        if (value && !number) {
            return error_refuse(error, "%s %s: at least 1%s", what, value, i ? "" : " CPU");
        }
        numbers[i] = (unsigned)number;
    }
    return table != NULL;
}

static unsigned product(const unsigned *numbers)
{
    unsigned all = 1;
    for (unsigned i = SOCKETS; i <= THREADS; i++) {
        all *= MAX(numbers[i], 1);
        all = MIN(all, TOPOLOGY_CPUS_MAX * TOPOLOGY_CPUS_MAX);
    }
    return all;
}

/*
 * Computes the numbers that were not given: first the cores, and if those are
 * given, the sockets.
 */
static void fill_in(unsigned *numbers)
{
    unsigned wanted = numbers[MAXCPUS] ? numbers[MAXCPUS] : numbers[CPUS];
    unsigned left = numbers[CORES] ? SOCKETS : CORES;
    if (wanted && !numbers[left]) {
        numbers[left] = MAX(wanted / product(numbers), 1);
    }
    for (unsigned i = SOCKETS; i <= THREADS; i++) {
        numbers[i] = MAX(numbers[i], 1);
    }
    numbers[MAXCPUS] = wanted ? wanted : product(numbers);
    numbers[CPUS] = numbers[CPUS] ? numbers[CPUS] : numbers[MAXCPUS];
}

/* The ID 255 addresses all local APICs. */
static bool check_ids(const char *text, const CpuTopology *topology, GError **error)
{
    unsigned last = cpu_topology_apic_id(topology, cpu_topology_places(topology) - 1);
    return last < APIC_IDS ||
           error_refuse(error,
                        "-smp %s: the last CPU would have an APIC with the ID %u, and %u is the "
                        "highest (numbers that are powers of two leave no gaps)",
                        text, last, APIC_IDS - 1);
}

bool cpu_topology_parse(const char *text, CpuTopology *topology, GError **error)
{
    unsigned n[NUMBERS] = {0};
    if (!read_numbers(text, n, error)) {
        return false;
    }
    fill_in(n);
    if (n[CLUSTERS] != 1) {
        return error_refuse(error, "-smp clusters=%u: a PC has no clusters", n[CLUSTERS]);
    }
    if (product(n) != n[MAXCPUS]) {
        return error_refuse(error,
                            "-smp %s: %u sockets of %u dies of %u cores of %u threads are %u CPUs, "
                            "not %u",
                            text, n[SOCKETS], n[DIES], n[CORES], n[THREADS], product(n),
                            n[MAXCPUS]);
    }
    if (n[CPUS] > n[MAXCPUS] || n[CPUS] > TOPOLOGY_CPUS_MAX) {
        return error_refuse(error, "-smp %s: %u CPUs are more than the %u that are possible", text,
                            n[CPUS], MIN(n[MAXCPUS], TOPOLOGY_CPUS_MAX));
    }
    *topology = (CpuTopology){n[CPUS], n[SOCKETS], n[DIES], n[CORES], n[THREADS]};
    return check_ids(text, topology, error);
}

char *cpu_topology_text(const CpuTopology *t)
{
    return g_strdup_printf("%u,sockets=%u,dies=%u,cores=%u,threads=%u,maxcpus=%u", t->cpus,
                           t->sockets, t->dies, t->cores, t->threads, cpu_topology_places(t));
}

CpuTopology cpu_topology_flat(unsigned cpus)
{
    return (CpuTopology){.cpus = cpus, .sockets = 1, .dies = 1, .cores = cpus, .threads = 1};
}

unsigned cpu_topology_places(const CpuTopology *t)
{
    return t->sockets * t->dies * t->cores * t->threads;
}

/* ---- IDs ---- */

/* The width of a field for the numbers below `count`. */
static unsigned width(unsigned count)
{
    return count > 1 ? g_bit_storage(count - 1) : 0;
}

static unsigned core_shift(const CpuTopology *t)
{
    return width(t->threads);
}

static unsigned die_shift(const CpuTopology *t)
{
    return core_shift(t) + width(t->cores);
}

static unsigned socket_shift(const CpuTopology *t)
{
    return die_shift(t) + width(t->dies);
}

unsigned cpu_topology_apic_id(const CpuTopology *t, unsigned cpu)
{
    unsigned thread = cpu % t->threads;
    unsigned core = cpu / t->threads % t->cores;
    unsigned die = cpu / (t->threads * t->cores) % t->dies;
    unsigned socket = cpu / (t->threads * t->cores * t->dies);
    return socket << socket_shift(t) | die << die_shift(t) | core << core_shift(t) | thread;
}

/* ---- CPUID ---- */

#define LEAF_FEATURES   0x1u
#define LEAF_CACHES     0x4u
#define LEAF_LEVELS     0xbu
#define LEAF_LEVELS_V2  0x1fu
#define LEAF_EXTENDED   0x80000001u
#define LEAF_SIZES      0x80000008u
#define LEAF_AMD_CACHES 0x8000001du
#define LEAF_AMD_LEVELS 0x8000001eu
#define EBX_ID_SHIFT    24
#define EBX_COUNT_SHIFT 16
#define EDX_HTT         (1u << 28)
#define ECX_CMP_LEGACY  (1u << 1)
#define ECX_TOPOEXT     (1u << 22)
#define ECX_SIZES_SHIFT 12

static unsigned per_socket(const CpuTopology *t)
{
    return t->dies * t->cores * t->threads;
}

static void put_features(const CpuTopology *t, unsigned cpu, CpuidAnswer *answer)
{
    unsigned count = per_socket(t);
    answer->ebx = (answer->ebx & 0xffffu) | cpu_topology_apic_id(t, cpu) << EBX_ID_SHIFT |
                  (count > 1 ? MIN(count, 255u) << EBX_COUNT_SHIFT : 0);
    answer->edx = count > 1 ? answer->edx | EDX_HTT : answer->edx & ~EDX_HTT;
}

typedef struct Cache {
    unsigned type; /* 1: data, 2: instructions, 3: both */
    unsigned level, ways, sets;
    uint32_t edx; /* inclusive: 2; with a complex index: 4 */
    bool of_die;  /* all CPUs of a die share it; else the threads of a core */
} Cache;

/* The sizes are those that QEMU tells: 32 KiB twice, 4 MiB and 16 MiB. */
static const Cache CACHES[] = {
    {1, 1, 8, 64, 0, false},
    {2, 1, 8, 64, 0, false},
    {3, 2, 16, 4096, 0, false},
    {3, 3, 16, 16384, 6, true},
};
#define CACHE_LINE     64u
#define CACHE_SELF_SET (1u << 8)

static void put_cache(const CpuTopology *t, uint32_t subleaf, CpuidAnswer *answer)
{
    *answer = (CpuidAnswer){0};
    if (subleaf >= G_N_ELEMENTS(CACHES)) {
        return;
    }
    const Cache *c = &CACHES[subleaf];
    unsigned sharing = 1u << (c->of_die ? die_shift(t) : core_shift(t));
    unsigned cores = 1u << (socket_shift(t) - core_shift(t));
    answer->eax = c->type | c->level << 5 | CACHE_SELF_SET | (sharing - 1) << 14 |
                  (MIN(cores, 64u) - 1) << 26;
    answer->ebx = (CACHE_LINE - 1) | (c->ways - 1) << 22;
    answer->ecx = c->sets - 1;
    answer->edx = c->edx;
}

/* A level of leaf 0Bh or 1Fh: how far to shift an ID for the number of the next level. */
static void put_level(unsigned shift, unsigned count, unsigned type, uint32_t subleaf,
                      CpuidAnswer *answer)
{
    answer->eax = shift;
    answer->ebx = count;
    answer->ecx = (subleaf & 0xffu) | type << 8;
}

static void put_levels(const CpuTopology *t, unsigned cpu, uint32_t subleaf, bool with_dies,
                       CpuidAnswer *answer)
{
    enum { NO_LEVEL, THREADS_OF_CORE, CORES_OF_SOCKET, DIES_OF_SOCKET = 5 };
    unsigned in_die = t->cores * t->threads;
    if (subleaf == 0) {
        put_level(core_shift(t), t->threads, THREADS_OF_CORE, subleaf, answer);
    } else if (subleaf == 1 && with_dies) {
        put_level(die_shift(t), in_die, CORES_OF_SOCKET, subleaf, answer);
    } else if (subleaf == 1) {
        put_level(socket_shift(t), per_socket(t), CORES_OF_SOCKET, subleaf, answer);
    } else if (subleaf == 2 && with_dies) {
        put_level(socket_shift(t), per_socket(t), DIES_OF_SOCKET, subleaf, answer);
    } else {
        put_level(0, 0, NO_LEVEL, subleaf, answer);
    }
    answer->edx = cpu_topology_apic_id(t, cpu);
}

/* With more than one CPU in a socket, AMD's CPUs say so here. */
static void put_amd_features(const CpuTopology *t, bool amd, CpuidAnswer *answer)
{
    answer->ecx &= ~(ECX_TOPOEXT | ECX_CMP_LEGACY);
    answer->ecx |= amd && per_socket(t) > 1 ? ECX_CMP_LEGACY : 0;
}

static void put_amd_sizes(const CpuTopology *t, CpuidAnswer *answer)
{
    unsigned count = per_socket(t);
    answer->ecx = count > 1 ? (count - 1) | socket_shift(t) << ECX_SIZES_SHIFT : 0;
}

bool cpu_topology_cpuid(const CpuTopology *t, unsigned cpu, bool amd, uint32_t leaf,
                        uint32_t subleaf, CpuidAnswer *answer)
{
    switch (leaf) {
    case LEAF_FEATURES:
        put_features(t, cpu, answer);
        return true;
    case LEAF_CACHES:
        put_cache(t, subleaf, answer);
        return true;
    case LEAF_LEVELS:
        put_levels(t, cpu, subleaf, false, answer);
        return true;
    case LEAF_LEVELS_V2:
        put_levels(t, cpu, subleaf, true, answer);
        return true;
    case LEAF_EXTENDED:
        put_amd_features(t, amd, answer);
        return true;
    case LEAF_SIZES:
        put_amd_sizes(t, answer);
        return true;
    case LEAF_AMD_CACHES:
    case LEAF_AMD_LEVELS:
        *answer = (CpuidAnswer){0}; /* without TOPOEXT they say nothing */
        return true;
    default:
        return false;
    }
}
