/*
 * A mixture of ordinary integer code: sort, CRC, hash table, sieve, and the loop of
 * a small bytecode machine.  It is compiled twice, as a 32-bit guest and for the
 * host, so that the results can be compared.
 */
#ifndef PIOEMU_BENCH_INTERP_MIXED_H
#define PIOEMU_BENCH_INTERP_MIXED_H

#include <stdint.h>

#define MIXED_ITEMS   4096u
#define MIXED_BUCKETS 1024u
#define MIXED_SIEVE   32768u

typedef struct Mixed {
    uint32_t rounds; /* set by the host */
    uint32_t checksum;
    uint32_t seed;
    uint32_t item[MIXED_ITEMS];
    uint32_t crc_table[256];
    uint16_t head[MIXED_BUCKETS];
    uint16_t next[MIXED_ITEMS];
    uint8_t composite[MIXED_SIEVE];
} Mixed;

void mixed_run(Mixed *mixed);

#endif
