/*
 * The value of -smp: how many CPUs there are, and how they are grouped.
 */
#ifndef PIOEMU_MACHINE_TOPOLOGY_H
#define PIOEMU_MACHINE_TOPOLOGY_H

#include <glib.h>
#include <stdbool.h>

/* The id of a local APIC has eight bits, and the id 255 addresses all of them. */
#define TOPOLOGY_CPUS_MAX 255u

/* The product of the last four numbers is at least `cpus`. */
typedef struct CpuTopology {
    unsigned cpus; /* how many the machine has */
    unsigned sockets, dies, cores, threads;
} CpuTopology;

/*
 * Parses "[cpus=]N,maxcpus=N,sockets=N,dies=N,clusters=1,cores=N,threads=N".
 * As in QEMU, numbers that are left out are computed from the rest, and cores
 * are preferred to sockets.
 */
bool cpu_topology_parse(const char *text, CpuTopology *topology, GError **error);

#endif
