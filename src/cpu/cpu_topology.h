/*
 * The value of -smp: how many CPUs there are, and how they are grouped.  A guest reads
 * that from CPUID and from the IDs of the local APICs (Intel SDM volume 2, CPUID, leaves
 * 1, 4, 0Bh and 1Fh, and volume 3, 9.9; AMD APM volume 3, E.3.2 and E.4.7).
 */
#ifndef PIOEMU_CPU_CPU_TOPOLOGY_H
#define PIOEMU_CPU_CPU_TOPOLOGY_H

#include "src/cpu/cpu_feature.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

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
/* What cpu_topology_parse() understands; the caller frees it. */
char *cpu_topology_text(const CpuTopology *topology);
/* One socket with a core for each CPU. */
CpuTopology cpu_topology_flat(unsigned cpus);
/* With the CPUs that could be added: the product of the four numbers. */
unsigned cpu_topology_places(const CpuTopology *topology);

/*
 * The ID of the CPU's local APIC.  The numbers of its thread, core, die and socket
 * have a field of bits each, so that IDs may be missing between.
 */
unsigned cpu_topology_apic_id(const CpuTopology *topology, unsigned cpu);

/*
 * Puts what CPUID says about the grouping of the CPUs, and about the caches that they
 * share, into an answer that has the other bits already.  `amd`: the CPU is one of AMD.  False:
 * the leaf says nothing about it.
 */
bool cpu_topology_cpuid(const CpuTopology *topology, unsigned cpu, bool amd, uint32_t leaf,
                        uint32_t subleaf, CpuidAnswer *answer);

#endif
