/*
 * Code that the fuzz targets share: it reads a script from a fuzzer's bytes.
 *
 * A target is one function that accepts any bytes.  It must not crash, hang or read
 * out of bounds. libFuzzer calls it.  With any compiler, run_corpus.c calls it for
 * every input of a corpus, which makes the corpus a test.
 */
#ifndef PIOEMU_FUZZ_H
#define PIOEMU_FUZZ_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names that libFuzzer expects. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* After the end, zeros are read. */
typedef struct FuzzInput {
    const uint8_t *data;
    size_t size;
} FuzzInput;

static inline uint64_t fuzz_take(FuzzInput *in, unsigned bytes)
{
    uint64_t value = 0;
    size_t have = MIN(bytes, in->size);
    for (size_t i = 0; i < have; i++) {
        value |= (uint64_t)in->data[i] << (8 * i);
    }
    in->data += have;
    in->size -= have;
    return value;
}

/* Most steps are short, and a few are years. */
static inline uint64_t fuzz_take_time(FuzzInput *in)
{
    uint64_t value = fuzz_take(in, 2);
    return (value & 0xfff) << (value >> 12) * 2;
}

/* Up to 20 ms, for targets that serve every deadline on the way. */
static inline uint64_t fuzz_take_step(FuzzInput *in)
{
    return fuzz_take_time(in) % 20000000u;
}

/* At most `most` of the bytes that are left.  They belong to the fuzzer. */
static inline const uint8_t *fuzz_take_bytes(FuzzInput *in, size_t most, size_t *size)
{
    size_t wanted = (size_t)fuzz_take(in, 1) % (most + 1);
    const uint8_t *bytes = in->data;
    *size = MIN(wanted, in->size);
    in->data += *size;
    in->size -= *size;
    return bytes;
}

/* The bytes that are left as text, which ends at the first NUL.  The caller frees it. */
static inline char *fuzz_take_text(FuzzInput *in)
{
    char *text = g_strndup((const char *)in->data, in->size);
    in->data += in->size;
    in->size = 0;
    return text;
}

/* Messages of the code under test would hide the fuzzer's. */
static inline void fuzz_be_quiet_line(const char *text)
{
    (void)text;
}

/*
 * GLib would end the program with SIGTRAP, which libFuzzer does not catch, so that
 * the input would be lost.
 */
static inline void fuzz_fail(const char *domain, GLogLevelFlags level, const char *text,
                             gpointer unused)
{
    if (!(level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))) {
        g_log_default_handler(domain, level, text, unused);
        return;
    }
    fprintf(stderr, "%s\n", text);
    abort();
}

/* Suppresses output, but not reports of faults. */
static inline void fuzz_be_quiet(void)
{
    g_set_print_handler(fuzz_be_quiet_line);
    g_log_set_default_handler(fuzz_fail, NULL);
}

#endif
