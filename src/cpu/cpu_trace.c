#include "src/cpu/cpu_trace.h"

#include "src/cpu/address_filter.h"
#include "src/cpu/cpu_text.h"
#include "src/cpu/disasm.h"

#include <inttypes.h>

/* How many bytes of an instruction a line shows before the text: most are no longer. */
#define BYTES_SHOWN 8

#define VECTOR_PF 14

struct CpuTrace {
    unsigned items;
    AddressFilter *filter; /* NULL: every address */
    CpuTraceSink *sink;
    void *opaque;
};

CpuTrace *cpu_trace_new(unsigned items, const char *filter, CpuTraceSink *sink, void *opaque,
                        GError **error)
{
    g_autoptr(AddressFilter) ranges = filter ? address_filter_new(filter, error) : NULL;
    if (filter && !ranges) {
        return NULL;
    }
    CpuTrace *trace = g_new0(CpuTrace, 1);
    trace->items = items;
    trace->filter = g_steal_pointer(&ranges);
    trace->sink = sink;
    trace->opaque = opaque;
    return trace;
}

void cpu_trace_free(CpuTrace *trace)
{
    address_filter_free(trace->filter);
    g_free(trace);
}

void cpu_trace_set(CpuTrace *trace, unsigned items)
{
    trace->items = items;
}

bool cpu_trace_wants(const CpuTrace *trace, unsigned items)
{
    return trace && trace->items & items;
}

bool cpu_trace_covers(const CpuTrace *trace, uint64_t first, uint64_t last)
{
    return address_filter_covers(trace->filter, first, last);
}

static void append_cpu(GString *text, TracedCpu cpu)
{
    if (cpu.has_others) {
        g_string_append_printf(text, "CPU %u: ", cpu.number);
    }
}

/* ---- code ---- */

/* A branch's target is shown as the guest has it: an offset in the segment. */
static void append_insn(GString *text, const TracedCode *code, size_t at, unsigned length)
{
    const uint8_t *bytes = code->bytes + at;
    g_string_append_printf(text, "\n  0x%08" PRIx64 " ", code->address + at);
    for (unsigned i = 0; i < length; i++) {
        g_string_append_printf(text, " %02x", bytes[i]);
    }
    if (disasm_available()) {
        g_autoptr(GString) words = g_string_new(NULL);
        bool known = disasm_insn(words, code->bits, code->ip + at, bytes, length);
        int gap = length < BYTES_SHOWN ? (int)(BYTES_SHOWN - length) * 3 : 0;
        g_string_append_printf(text, "%*s  %s", gap, "", known ? words->str : "(bad)");
    }
}

void cpu_trace_decoded(CpuTrace *trace, const TracedCode *code)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append_cpu(text, code->cpu);
    g_string_append_printf(text, "in_asm 0x%08" PRIx64 " %u-bit, %04x:%08" PRIx64, code->address,
                           code->bits, code->cs, code->ip);
    size_t at = 0;
    for (unsigned i = 0; i < code->count; i++) {
        append_insn(text, code, at, code->lengths[i]);
        at += code->lengths[i];
    }
    trace->sink(trace->opaque, text->str);
}

void cpu_trace_entered(CpuTrace *trace, const TracedEntry *entry, const CpuState *state)
{
    if (trace->items & LOG_EXEC) {
        g_autoptr(GString) text = g_string_new(NULL);
        append_cpu(text, entry->cpu);
        g_string_append_printf(
            text, "exec 0x%08" PRIx64 " %u-bit CPL %u, instructions %" PRIu64 "..%" PRIu64,
            entry->address, entry->bits, entry->cpl, entry->done, entry->done + entry->count - 1);
        trace->sink(trace->opaque, text->str);
    }
    if (state) {
        g_autoptr(GString) text = g_string_new(NULL);
        append_cpu(text, entry->cpu);
        g_string_append_printf(text, "cpu 0x%08" PRIx64 "\n", entry->address);
        cpu_text_registers(text, state);
        g_string_truncate(text, text->len - 1);
        trace->sink(trace->opaque, text->str);
    }
}

void cpu_trace_control(CpuTrace *trace, TracedCpu cpu, const char *name, uint64_t value)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append_cpu(text, cpu);
    g_string_append_printf(text, "%s update: %s=0x%08" PRIx64, name, name, value);
    trace->sink(trace->opaque, text->str);
}

/* ---- interrupts ---- */

static const char *exception_name(uint8_t vector)
{
    static const char *const NAMES[] = {
        [0] = "#DE",  [1] = "#DB",  [3] = "#BP",  [4] = "#OF",  [5] = "#BR",  [6] = "#UD",
        [7] = "#NM",  [8] = "#DF",  [10] = "#TS", [11] = "#NP", [12] = "#SS", [13] = "#GP",
        [14] = "#PF", [16] = "#MF", [17] = "#AC", [18] = "#MC", [19] = "#XM",
    };
    return vector < G_N_ELEMENTS(NAMES) && NAMES[vector] ? NAMES[vector] : "exception";
}

static void append_event(GString *text, const TracedInterrupt *event)
{
    static const char *const CAUSES[] = {NULL, "software", "hardware"};
    append_cpu(text, event->cpu);
    g_string_append_printf(text, "int 0x%02x %s", event->vector,
                           event->cause == TRACED_EXCEPTION ? exception_name(event->vector)
                                                            : CAUSES[event->cause]);
    if (event->has_error) {
        g_string_append_printf(text, " error 0x%04x", event->error);
    }
    if (event->cause == TRACED_EXCEPTION && event->vector == VECTOR_PF) {
        g_string_append_printf(text, " CR2 0x%08" PRIx64, event->cr2);
    }
    g_string_append_printf(text, " at %04x:%08" PRIx64 " CPL %u", event->from.cs, event->from.ip,
                           event->from.cpl);
}

void cpu_trace_interrupt(CpuTrace *trace, const TracedInterrupt *taken)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append_event(text, taken);
    g_string_append_printf(text, " to %04x:%08" PRIx64 " CPL %u", taken->to.cs, taken->to.ip,
                           taken->to.cpl);
    trace->sink(trace->opaque, text->str);
}

void cpu_trace_shutdown(CpuTrace *trace, const TracedInterrupt *lost, uint8_t during)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append_event(text, lost);
    g_string_append_printf(text, " while %s was delivered: triple fault", exception_name(during));
    trace->sink(trace->opaque, text->str);
}
