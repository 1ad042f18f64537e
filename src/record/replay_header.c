#include "src/record/replay_header.h"

#include "src/base/error.h"
#include "src/base/number.h"
#include "src/board/irq.h"

#include <inttypes.h>

#define MEMORY_MAX  (UINT64_C(1) << 40)
#define SECTORS_MAX (UINT64_C(1) << 48)
/* The header of a command line has shorter lines.  So other files are not searched to their end. */
#define LINE_MAX_SIZE (1u << 20)

/* ---- the header ---- */

/* The next line without its end.  NULL: there is none, or it is too long. */
static char *take_line(RecordReader *in)
{
    const uint8_t *start = in->data + in->at;
    const uint8_t *end = memchr(start, '\n', MIN(in->size - in->at, LINE_MAX_SIZE));
    if (!end) {
        return NULL;
    }
    in->at = (size_t)(end - in->data) + 1;
    return g_strndup((const char *)start, (gsize)(end - start));
}

static bool read_magic(RecordReader *in, GError **error)
{
    g_autofree char *line = take_line(in);
    uint64_t version;
    if (!line || !g_str_has_prefix(line, RECORD_MAGIC) ||
        !number_parse("version", line + strlen(RECORD_MAGIC), UINT32_MAX, &version, NULL)) {
        return error_refuse(error, "it is not a recording of pioemu");
    }
    if (version != RECORD_VERSION) {
        return error_refuse(error,
                            "it has version %" PRIu64 " of the format, and this pioemu reads %u",
                            version, RECORD_VERSION);
    }
    return true;
}

static void replace(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

/* In a replay a character line has no backend. */
static const char *line_spec(const char *value)
{
    return strcmp(value, "none") ? "null" : "none";
}

/* "SECTORS file=...,id=...": the file is not opened. */
static bool add_drive(ReplayHeader *header, const char *value, GError **error)
{
    const char *text = strchr(value, ' ');
    g_autofree char *number = g_strndup(value, text ? (gsize)(text - value) : 0);
    uint64_t sectors;
    g_autoptr(Drive) drive = text ? drive_parse(text + 1, error) : NULL;
    if (!text) {
        return error_refuse(error, "its header is damaged");
    }
    if (!drive || !number_parse("drive", number, SECTORS_MAX, &sectors, error)) {
        return false;
    }
    if (!drive->id || !sectors) {
        return error_refuse(error, "its header is damaged");
    }
    g_hash_table_insert(header->drives, g_strdup(drive->id), g_memdup2(&sectors, sizeof(sectors)));
    g_ptr_array_add(header->config->drives, g_steal_pointer(&drive));
    return true;
}

static bool apply_cpus(ReplayHeader *header, const char *value, GError **error)
{
    CpuTopology *topology = &header->config->topology;
    if (!cpu_topology_parse(value, topology, NULL)) {
        return error_refuse(error, "its header is damaged");
    }
    header->config->cpus = topology->cpus;
    return true;
}

/* Older recordings do not say how the machine started.  They are of machines without a BIOS. */
static bool apply_start(ReplayHeader *header, const char *value, GError **error)
{
    for (unsigned i = MACHINE_FLAT; i < MACHINE_STARTS; i++) {
        if (!strcmp(value, RECORD_STARTS[i])) {
            header->started_by = i;
            return true;
        }
    }
    return error_refuse(error, "its header has started-by '%s', which this pioemu does not know",
                        value);
}

/* Lines about what a firmware and the guest were given, and lines that only a whole run has. */
static bool apply_run(ReplayHeader *header, const char *key, const char *value, GError **error)
{
    for (size_t i = 0; i < RECORD_FILES; i++) {
        if (!strcmp(key, RECORD_FILE_NAMES[i])) {
            replace(&header->files[i], value);
            return true;
        }
    }
    bool usual = !strcmp(value, RECORD_DEFAULT);
    if (!strcmp(key, "ips")) {
        header->whole = true;
        replace(&header->ips, usual ? NULL : value);
    } else if (!strcmp(key, "cpu")) {
        return cpu_model_parse(value, &header->config->cpu, NULL, error);
    } else if (!strcmp(key, "append")) {
        replace(&header->config->append, value);
    } else if (!strcmp(key, "flat")) {
        replace(&header->config->flat, value);
    } else if (!strcmp(key, "smp")) {
        return apply_cpus(header, value, error);
    } else if (!strcmp(key, "started-by")) {
        return apply_start(header, value, error);
    } else if (!strcmp(key, "own-bios")) {
        header->own_bios = true;
    } else if (!strcmp(key, "boots-kernel")) {
        header->boots_kernel = true;
    } else if (!strcmp(key, "boot")) {
        header->boot_order = true;
        replace(&header->config->boot, usual ? NULL : value);
    } else if (!strcmp(key, "kernel-entry")) {
        replace(&header->entry, value);
    } else if (!strcmp(key, "action")) {
        return run_actions_parse(value, &header->config->actions, error);
    } else if (!strcmp(key, "no-reboot")) {
        header->config->no_reboot = true;
    } else {
        return error_refuse(error, "its header has '%s', which this pioemu does not know", key);
    }
    return true;
}

static bool apply(ReplayHeader *header, const char *key, const char *value, GError **error)
{
    Config *config = header->config;
    if (!strcmp(key, "calls")) {
        record_names_add(header->names.calls, value);
    } else if (!strcmp(key, "services")) {
        record_names_add(header->names.services, value);
    } else if (!strcmp(key, "machine")) {
        replace(&config->machine, value);
    } else if (!strcmp(key, "irqchip")) {
        header->kernel_irqchip = !strcmp(value, irqchip_name(IRQCHIP_KERNEL));
        header->split_irqchip = !strcmp(value, irqchip_name(IRQCHIP_SPLIT));
        header->apics = !strcmp(value, "apic");
    } else if (!strcmp(key, "memory")) {
        return number_parse("memory", value, MEMORY_MAX, &config->memory, error);
    } else if (!strcmp(key, "rtc")) {
        replace(&config->rtc, value);
    } else if (!strcmp(key, "debugport")) {
        replace(&config->debugport, line_spec(value));
    } else if (!strcmp(key, "debugcon")) {
        replace(&config->debugcon, line_spec(value));
    } else if (!strcmp(key, "serial")) {
        g_ptr_array_add(config->serials, g_strdup(line_spec(value)));
    } else if (!strcmp(key, "drive")) {
        return add_drive(header, value, error);
    } else if (!strcmp(key, "global")) {
        g_ptr_array_add(config->globals, g_strdup(value));
    } else if (!strcmp(key, "device")) {
        g_ptr_array_add(config->devices, g_strdup(value));
    } else if (!strcmp(key, "fw_cfg")) {
        g_ptr_array_add(config->fw_cfgs, g_strdup(value));
    } else {
        return apply_run(header, key, value, error);
    }
    return true;
}

/* True if the text ends in a single backslash. */
static bool ends_in_escape(const char *text)
{
    size_t slashes = 0;
    for (size_t size = strlen(text); size && text[size - 1] == '\\'; size--) {
        slashes++;
    }
    return slashes % 2;
}

static bool read_lines(ReplayHeader *header, RecordReader *in, GError **error)
{
    for (;;) {
        g_autofree char *line = take_line(in);
        if (!line) {
            return error_refuse(error, "it is cut short in its header");
        }
        if (!*line) {
            return true;
        }
        char *space = strchr(line, ' ');
        if (!space || !g_utf8_validate(line, -1, NULL) || ends_in_escape(line)) {
            return error_refuse(error, "its header is damaged");
        }
        *space = '\0';
        g_autofree char *value = g_strcompress(space + 1);
        if (!apply(header, line, value, error)) {
            return false;
        }
    }
}

bool replay_header_read(ReplayHeader *header, RecordReader *in, GError **error)
{
    record_names_init(&header->names);
    header->config = config_new();
    header->config->no_defaults = true;
    header->config->cpu.unknown_msr_faults = true; /* older recordings do not say it, and it was
                                                      so */
    header->drives = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return read_magic(in, error) && read_lines(header, in, error);
}

void replay_header_clear(ReplayHeader *header)
{
    record_names_clear(&header->names);
    g_clear_pointer(&header->config, config_free);
    g_clear_pointer(&header->drives, g_hash_table_unref);
    g_clear_pointer(&header->entry, g_free);
    g_clear_pointer(&header->ips, g_free);
    for (size_t i = 0; i < RECORD_FILES; i++) {
        g_clear_pointer(&header->files[i], g_free);
    }
}

void replay_header_add_drives(const ReplayHeader *header, BlockSet *blocks)
{
    GHashTableIter iter;
    gpointer id, sectors;
    g_hash_table_iter_init(&iter, header->drives);
    while (g_hash_table_iter_next(&iter, &id, &sectors)) {
        blockset_blank(blocks, id, *(uint64_t *)sectors);
    }
}
