/*
 * The interface between a kernel format and the rest of src/boot: a table entry.
 *
 * A format reads the file through BootBytes, which cannot be read beyond its end,
 * and fills memory through load.h, which prevents that parts overlap.  Everything
 * in a kernel's headers may be hostile.
 */
#ifndef PIOEMU_BOOT_FORMAT_H
#define PIOEMU_BOOT_FORMAT_H

#include "src/boot/boot.h"

#include <string.h>

/* ---- the file ---- */

typedef struct BootBytes {
    const uint8_t *data;
    uint64_t size;
} BootBytes;

static inline bool boot_has(const BootBytes *bytes, uint64_t offset, uint64_t size)
{
    return offset <= bytes->size && size <= bytes->size - offset;
}

/* Reads a little-endian number of 1 to 8 bytes.  Beyond the end of the file it is 0. */
static inline uint64_t boot_get(const BootBytes *bytes, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    if (boot_has(bytes, offset, size)) {
        memcpy(&value, bytes->data + offset, size);
    }
    return value;
}

static inline uint16_t boot_u16(const BootBytes *bytes, uint64_t offset)
{
    return (uint16_t)boot_get(bytes, offset, 2);
}

static inline uint32_t boot_u32(const BootBytes *bytes, uint64_t offset)
{
    return (uint32_t)boot_get(bytes, offset, 4);
}

/* ---- what is asked for ---- */

typedef enum BootEntry { BOOT_ENTRY_AUTO, BOOT_ENTRY_16, BOOT_ENTRY_32, BOOT_ENTRY_64 } BootEntry;

typedef struct BootModule {
    BootBytes bytes;
    const char *text;      /* the file's name and arguments as the user wrote them */
    const char *arguments; /* the arguments alone */
} BootModule;

typedef struct BootRequest {
    const char *path; /* for messages */
    BootBytes kernel;
    const char *flat;   /* may be NULL */
    const char *append; /* "" if there is none */
    BootEntry entry;
    const BootModule *modules;
    unsigned module_count;
} BootRequest;

/* Sets the error "-kernel PATH: ...".  Always returns false. */
bool boot_refuse(const BootRequest *request, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* ---- the formats ---- */

typedef struct BootLoad BootLoad; /* load.h */

typedef enum BootModules { BOOT_MODULES_NONE, BOOT_MODULES_ONE, BOOT_MODULES_MANY } BootModules;

typedef struct BootFormat {
    const char *name;    /* as in "NAME kernels take no -append" */
    BootModules modules; /* how it can use -initrd */
    bool command_line;   /* it can use -append */
    bool tables;         /* it looks for tables even with a single CPU */
    /* True if the file has the format's mark. */
    bool (*probe)(const BootBytes *kernel);
    /*
     * Why a file that has the mark is refused by probe(), as a message for the
     * user; the caller frees it.  NULL: it does not have the mark.  If the callback
     * is NULL, every mark is good.
     */
    char *(*near_miss)(const BootBytes *kernel);
    /* Why the kernel runs on 64-bit CPUs only; the caller frees the text.  NULL: it does not. */
    char *(*needs_long)(const BootBytes *kernel);
    bool (*load)(BootLoad *load, GError **error);
    /* Adds the kernel to the items of a firmware that will start it.  NULL: no firmware can. */
    bool (*offer)(BootLoad *load, FwItems *items, GError **error);
} BootFormat;

extern const BootFormat boot_linux, boot_multiboot, boot_multiboot2, boot_pvh, boot_elf, boot_flat;

/* Checks -flat before anything is loaded. */
bool boot_flat_check(const char *flat, GError **error);

#endif
