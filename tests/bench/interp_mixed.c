#include "tests/bench/interp_mixed.h"

#include "tests/bench/bench_end.h"

#ifdef MIXED_GUEST
#define MIXED_AT 0x400000u

/* The entry is the first byte of the image, and there is a stack. */
__attribute__((section(".text.startup"), used, noreturn)) void mixed_start(void)
{
    static const char END[] = "Shutdown";

    mixed_run((Mixed *)MIXED_AT);
    /* These end QEMU (isa-debug-exit), Bochs, and the others. */
    __asm__ volatile("outb %%al, $0xf4" : : "a"(BENCH_END_VALUE));
    for (unsigned i = 0; END[i]; i++) {
        __asm__ volatile("outb %0, %1" : : "a"(END[i]), "Nd"((uint16_t)0x8900));
    }
    for (;;) {
        __asm__ volatile("hlt");
    }
}
#endif

static uint32_t next_random(Mixed *m)
{
    m->seed ^= m->seed << 13;
    m->seed ^= m->seed >> 17;
    m->seed ^= m->seed << 5;
    return m->seed;
}

static void sort(uint32_t *item, uint32_t count)
{
    for (uint32_t gap = count / 2; gap > 0; gap /= 2) {
        for (uint32_t i = gap; i < count; i++) {
            uint32_t value = item[i], j = i;

            for (; j >= gap && item[j - gap] > value; j -= gap) {
                item[j] = item[j - gap];
            }
            item[j] = value;
        }
    }
}

static void make_crc_table(uint32_t *table)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        }
        table[i] = crc;
    }
}

static uint32_t crc32(const uint32_t *table, const void *data, uint32_t size)
{
    const uint8_t *byte = data;
    uint32_t crc = 0xffffffff;

    for (uint32_t i = 0; i < size; i++) {
        crc = crc >> 8 ^ table[(crc ^ byte[i]) & 0xff];
    }
    return ~crc;
}

static uint32_t hash(Mixed *m)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < MIXED_BUCKETS; i++) {
        m->head[i] = 0;
    }
    for (uint32_t i = 1; i < MIXED_ITEMS; i++) {
        uint32_t bucket = m->item[i] * 2654435761u >> 22;

        m->next[i] = m->head[bucket];
        m->head[bucket] = (uint16_t)i;
    }
    for (uint32_t i = 0; i < MIXED_ITEMS; i++) {
        uint32_t key = m->item[(i * 7) % MIXED_ITEMS];

        for (uint32_t at = m->head[key * 2654435761u >> 22]; at; at = m->next[at]) {
            if (m->item[at] == key) {
                found += at;
                break;
            }
        }
    }
    return found;
}

static uint32_t sieve(uint8_t *composite)
{
    uint32_t primes = 0;

    for (uint32_t i = 0; i < MIXED_SIEVE; i++) {
        composite[i] = 0;
    }
    for (uint32_t i = 2; i < MIXED_SIEVE; i++) {
        if (composite[i]) {
            continue;
        }
        primes++;
        for (uint32_t j = i * 2; j < MIXED_SIEVE; j += i) {
            composite[j] = 1;
        }
    }
    return primes;
}

/* A program that counts down from an argument, with adds, shifts and jumps on a stack. */
static uint32_t bytecode(uint32_t argument)
{
    static const uint8_t CODE[] = {0, 1, 2, 3, 4, 5, 6, 0};
    uint32_t stack[8], depth = 0, at = 0, result = 0;

    for (;;) {
        switch (CODE[at++]) {
        case 0:
            if (argument == 0) {
                return result;
            }
            stack[depth++] = argument;
            break;
        case 1:
            stack[depth++] = result;
            break;
        case 2:
            depth--;
            stack[depth - 1] += stack[depth];
            break;
        case 3:
            stack[depth - 1] = stack[depth - 1] << 3 | stack[depth - 1] >> 29;
            break;
        case 4:
            result = stack[--depth];
            break;
        case 5:
            argument--;
            break;
        default:
            at = 0;
            break;
        }
    }
}

void mixed_run(Mixed *m)
{
    make_crc_table(m->crc_table);
    m->seed = 0x12345678;
    m->checksum = 0;
    for (uint32_t round = 0; round < m->rounds; round++) {
        for (uint32_t i = 0; i < MIXED_ITEMS; i++) {
            m->item[i] = next_random(m);
        }
        sort(m->item, MIXED_ITEMS);
        m->checksum = m->checksum * 31 + crc32(m->crc_table, m->item, sizeof(m->item));
        m->checksum = m->checksum * 31 + hash(m);
        m->checksum = m->checksum * 31 + sieve(m->composite);
        m->checksum = m->checksum * 31 + bytecode(20000);
    }
}
