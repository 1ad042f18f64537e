/*
 * -smp: how many CPUs there are, and how they are grouped.
 */
#ifndef PIOEMU_MACHINE_TOPOLOGY_H
#define PIOEMU_MACHINE_TOPOLOGY_H

#include <glib.h>
#include <stdbool.h>

/* A local APIC's id has eight bits, and 255 addresses all of them. */
#define TOPOLOGY_CPUS_MAX 255u

/* The product of the last four is at least `cpus`. */
typedef struct CpuTopology {
    unsigned cpus; /* that the machine has */
    unsigned sockets, dies, cores, threads;
} CpuTopology;

/*
 * Parses "[cpus=]N,maxcpus=N,sockets=N,dies=N,clusters=1,cores=N,threads=N".  As in
 * QEMU, what is left out follows from the rest, and cores are preferred to sockets.
 */
bool cpu_topology_parse(const char *text, CpuTopology *topology, GError **error);

#endif
