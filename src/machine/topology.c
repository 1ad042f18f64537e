#include "src/machine/topology.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"

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
    return true;
}
