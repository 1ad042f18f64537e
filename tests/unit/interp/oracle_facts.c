/* Facts as text.  See the header. */
#include "tests/unit/interp/oracle_facts.h"

#include <string.h>

enum {
    FIELD_VENDOR,
    FIELD_BYTES,
    FIELD_BITS,
    FIELD_CODE,
    FIELD_SEED,
    FIELD_BEFORE,
    FIELD_PATCHES,
    FIELD_AFTER,
    FIELD_FAULT,
    FIELD_MEMORY,
    FIELD_COUNT
};

#define STATE_WORDS 16u

/* ---- writing ---- */

static void add_state(GString *line, const OracleState *state)
{
    for (unsigned i = 0; i < 8; i++) {
        g_string_append_printf(line, "%x ", state->gpr[i]);
    }
    g_string_append_printf(line, "%x %x", state->eip, state->eflags);
    for (unsigned i = 0; i < 6; i++) {
        g_string_append_printf(line, " %x", state->segment[i]);
    }
}

static void add_patches(GString *line, const OracleCase *item)
{
    for (unsigned i = 0; i < item->patch_count; i++) {
        const OraclePatch *patch = &item->patch[i];
        g_string_append_printf(line, "%s%x:%x:%x", i ? " " : "", patch->offset, patch->value,
                               patch->size);
    }
}

static void add_memory(GString *line, const uint8_t *before, const uint8_t *after)
{
    const char *space = "";
    for (unsigned i = 0; i < ORACLE_DATA_SIZE; i++) {
        if (before[i] != after[i]) {
            g_string_append_printf(line, "%s%x:%x", space, i, after[i]);
            space = " ";
        }
    }
}

char *oracle_fact_line(const char *vendor, const OracleCase *item, uint64_t data_seed,
                       const uint8_t *before, const OracleOutcome *host)
{
    GString *line = g_string_new(vendor);
    g_string_append_c(line, '\t');
    for (unsigned i = 0; i < item->length; i++) {
        g_string_append_printf(line, "%s%02x", i ? " " : "", item->bytes[i]);
    }
    g_string_append_printf(line, "\t%x\t%x\t%" G_GINT64_MODIFIER "x\t", item->operand_bits,
                           item->code_offset, data_seed);
    add_state(line, &item->before);
    g_string_append_c(line, '\t');
    add_patches(line, item);
    g_string_append_c(line, '\t');
    add_state(line, &host->after);
    g_string_append_printf(line, "\t%x:%x:%x\t", host->fault.vector, host->fault.error,
                           host->fault.cr2);
    add_memory(line, before, host->data);
    return g_string_free(line, FALSE);
}

/* ---- reading ---- */

/* Parses the numbers of a field, at most `most`. Returns how many there are, or `most` + 1. */
static unsigned numbers(const char *text, uint32_t *values, unsigned most)
{
    unsigned count = 0;
    while (*text != '\0' && count <= most) {
        char *end;
        uint64_t value = g_ascii_strtoull(text, &end, 16);
        if (end == text || value > UINT32_MAX || count == most) {
            return most + 1;
        }
        values[count++] = (uint32_t)value;
        text = end + strspn(end, " :");
    }
    return count;
}

static bool parse_state(const char *text, OracleState *state)
{
    uint32_t words[STATE_WORDS];
    if (numbers(text, words, STATE_WORDS) != STATE_WORDS) {
        return false;
    }
    memcpy(state->gpr, words, sizeof(state->gpr));
    state->eip = words[8];
    state->eflags = words[9];
    for (unsigned i = 0; i < 6; i++) {
        state->segment[i] = (uint16_t)words[10 + i];
    }
    return true;
}

static bool parse_bytes(const char *text, OracleCase *item)
{
    uint32_t bytes[ORACLE_BYTES_MAX];
    item->length = numbers(text, bytes, ORACLE_BYTES_MAX);
    for (unsigned i = 0; i < item->length && item->length <= ORACLE_BYTES_MAX; i++) {
        item->bytes[i] = (uint8_t)bytes[i];
    }
    return item->length >= 1 && item->length <= ORACLE_BYTES_MAX;
}

static bool parse_patches(const char *text, OracleCase *item)
{
    uint32_t words[3 * ORACLE_PATCH_MAX];
    unsigned count = numbers(text, words, G_N_ELEMENTS(words));
    item->patch_count = count / 3;
    for (unsigned i = 0; i < item->patch_count && count <= G_N_ELEMENTS(words); i++) {
        uint8_t size = (uint8_t)MIN(words[3 * i + 2], 4u);
        item->patch[i] = (OraclePatch){words[3 * i], words[3 * i + 1], size};
        if (item->patch[i].offset > ORACLE_DATA_SIZE - size) {
            return false;
        }
    }
    return count <= G_N_ELEMENTS(words) && count % 3 == 0;
}

static bool parse_memory(const char *text, uint8_t *data)
{
    g_auto(GStrv) changes = g_strsplit(text, " ", -1);
    for (char **change = changes; *change; change++) {
        uint32_t pair[2];
        if (numbers(*change, pair, 2) != 2 || pair[0] >= ORACLE_DATA_SIZE) {
            return false;
        }
        data[pair[0]] = (uint8_t)pair[1];
    }
    return true;
}

static bool parse_outcome(char *const *fields, OracleFact *fact)
{
    uint32_t fault[3];
    if (!parse_state(fields[FIELD_AFTER], &fact->host.after) ||
        numbers(fields[FIELD_FAULT], fault, 3) != 3) {
        return false;
    }
    fact->host.fault =
        (OracleFault){.vector = (uint8_t)fault[0], .error = fault[1], .cr2 = fault[2]};
    oracle_fill_data(fact->data_seed, fact->before);
    oracle_case_patch(&fact->item, fact->before);
    memcpy(fact->after, fact->before, ORACLE_DATA_SIZE);
    fact->host.data = fact->after;
    return parse_memory(fields[FIELD_MEMORY], fact->after);
}

/* ORACLE_FORMS contains every opcode once.  Groups are distinguished by the reg field of ModRM. */
static const OracleForm *find_form(const OracleCase *item)
{
    unsigned at = oracle_case_opcode(item);
    unsigned opcode = item->bytes[at];
    if (opcode == 0x0f) {
        opcode = 0x0f00u | item->bytes[++at];
    }
    for (unsigned i = 0; i < ORACLE_FORM_COUNT; i++) {
        const OracleForm *form = &ORACLE_FORMS[i];
        if (opcode >= form->first && opcode <= form->last &&
            (form->reg < 0 || form->reg == (item->bytes[at + 1] >> 3 & 7))) {
            return form;
        }
    }
    return NULL;
}

bool oracle_fact_parse(const char *line, OracleFact *fact)
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", -1);
    uint32_t bits, code;
    memset(fact, 0, sizeof(*fact));
    if (g_strv_length(fields) != FIELD_COUNT || !parse_bytes(fields[FIELD_BYTES], &fact->item) ||
        numbers(fields[FIELD_BITS], &bits, 1) != 1 || numbers(fields[FIELD_CODE], &code, 1) != 1 ||
        !parse_state(fields[FIELD_BEFORE], &fact->item.before) ||
        !parse_patches(fields[FIELD_PATCHES], &fact->item)) {
        return false;
    }
    g_strlcpy(fact->vendor, fields[FIELD_VENDOR], sizeof(fact->vendor));
    fact->item.operand_bits = bits;
    fact->item.code_offset = code;
    fact->data_seed = g_ascii_strtoull(fields[FIELD_SEED], NULL, 16);
    fact->item.form = find_form(&fact->item);
    return code < ORACLE_CODE_SIZE && fact->item.form != NULL && parse_outcome(fields, fact);
}
