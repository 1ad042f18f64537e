#include "src/vm/report.h"

#include "src/cpu/cpu_text.h"

#include <inttypes.h>

void report_remains(GString *text, const VcpuRemains *remains, const Memory *memory)
{
    g_string_append(
        text, "This host's CPU does not keep the registers of a guest that dies in this way.\n");
    if (!remains->seen) {
        g_string_append(text, "Those of an earlier exit are not known either.\n");
        return;
    }
    g_string_append_printf(
        text, "Its registers at its last exit, at most %" PRIu64 " ms before it died:\n",
        remains->age_ms);
    cpu_text(text, &remains->state, memory);
}

static void report_access(GString *text, const BusAccess *access)
{
    g_string_append_printf(text, "  %s %s 0x%0*" PRIx64 " %s 0x%0*" PRIx64,
                           access->memory ? "mem " : "port", access->write ? "write" : "read ",
                           access->memory ? 8 : 4, access->address, access->write ? "<-" : "->",
                           access->size * 2, access->value);
    if (access->count > 1) {
        g_string_append_printf(text, " (last of %u)", access->count);
    }
    g_string_append_printf(text, "  %s", access->device ? access->device : "(no device)");
    if (access->times > 1) {
        g_string_append_printf(text, "  (%u times)", access->times);
    }
    g_string_append_c(text, '\n');
}

void report_accesses(GString *text, const BusInitiator *by)
{
    uint32_t lines = MIN(by->history_count, BUS_HISTORY);
    uint32_t first = by->history_count - lines;
    uint64_t accesses = 0;
    if (lines == 0) {
        g_string_append(text, "No accesses.\n");
        return;
    }
    for (uint32_t i = 0; i < lines; i++) {
        accesses += by->history[(first + i) % BUS_HISTORY].times;
    }
    g_string_append_printf(text, "Last %" PRIu64 " accesses, oldest first:\n", accesses);
    for (uint32_t i = 0; i < lines; i++) {
        report_access(text, &by->history[(first + i) % BUS_HISTORY]);
    }
}

void report_devices(GString *text, const Machine *machine)
{
    g_string_append(text, "Devices:\n");
    for (guint i = 0; i < machine->devices->len; i++) {
        Device *dev = machine->devices->pdata[i];
        g_autofree char *line = device_describe(dev);
        if (*line) {
            g_string_append_printf(text, "  %s: %s\n", device_id(dev), line);
        }
    }
}

void report_unclaimed(GString *text, const Bus *bus)
{
    g_autoptr(GArray) entries = bus_unclaimed(bus);
    g_string_append_printf(text, "Accesses without a device: %s\n", entries->len ? "" : "none");
    for (guint i = 0; i < entries->len; i++) {
        const BusUnclaimed *e = &g_array_index(entries, BusUnclaimed, i);
        g_string_append_printf(text,
                               "  %s 0x%0*" PRIx64 ": %" PRIu64 " reads, %" PRIu64
                               " writes, first at 0x%" PRIx64 "\n",
                               e->memory ? "address" : "port", e->memory ? 8 : 4, e->address,
                               e->reads, e->writes, e->first_pc);
    }
}
