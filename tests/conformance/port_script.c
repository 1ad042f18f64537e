#include "tests/conformance/port_script.h"

#include <string.h>

typedef struct Parser {
    PortScript *script;
    const char *path;
    int line;
} Parser;

static void step_free(gpointer data)
{
    PortStep *step = data;
    g_free(step->text);
    g_free(step);
}

static void sentence_free(gpointer data)
{
    PortSentence *sentence = data;
    g_free(sentence->text);
    g_free(sentence->section);
    g_ptr_array_unref(sentence->steps);
    g_free(sentence);
}

static void section_free(gpointer data)
{
    PortSection *section = data;
    g_free(section->name);
    g_ptr_array_unref(section->sentences);
    g_free(section);
}

static void image_free(gpointer data)
{
    PortImage *image = data;
    g_free(image->name);
    g_free(image);
}

void port_script_free(PortScript *script)
{
    g_free(script->chip);
    g_free(script->sheet);
    g_ptr_array_unref(script->options);
    g_ptr_array_unref(script->images);
    g_ptr_array_unref(script->sections);
    g_free(script);
}

static bool fail(const Parser *p, GError **error, const char *why)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s:%d: %s", p->path, p->line, why);
    return false;
}

static gpointer last(const GPtrArray *array)
{
    return array->len ? array->pdata[array->len - 1] : NULL;
}

/* ---- steps: "VERB TARGET [VALUE]" or "VERB TARGET = VALUE [& MASK]" ---- */

static const struct {
    const char *name;
    PortVerb verb;
    unsigned size;
    bool has_value, expects;
} VERBS[] = {
    {"out", PORT_OUT, 1, true, false},
    {"outw", PORT_OUT, 2, true, false},
    {"outl", PORT_OUT, 4, true, false},
    {"out2", PORT_OUT2, 1, true, false},
    {"in", PORT_IN, 1, true, true},
    {"inw", PORT_IN, 2, true, true},
    {"inl", PORT_IN, 4, true, true},
    {"in2", PORT_IN2, 1, true, true},
    {"cmos-out", PORT_CMOS_OUT, 1, true, false},
    {"cmos-in", PORT_CMOS_IN, 1, true, true},
    {"step", PORT_STEP, 0, false, false},
    {"clk", PORT_CLK, 0, false, false},
    {"irq", PORT_IRQ, 0, true, true},
    {"raises", PORT_RAISES, 0, true, true},
    {"drive", PORT_DRIVE, 0, true, false},
    {"readb", PORT_READ, 1, true, true},
    {"readl", PORT_READ, 4, true, true},
    {"writeb", PORT_WRITE, 1, true, false},
    {"writel", PORT_WRITE, 4, true, false},
    {"ioapic-out", PORT_IOAPIC_OUT, 4, true, false},
    {"ioapic-in", PORT_IOAPIC_IN, 4, true, true},
    {"takeb", PORT_TAKE, 1, true, false},
    {"takew", PORT_TAKE, 2, true, false},
    {"giveb", PORT_GIVE, 1, true, false},
    {"givew", PORT_GIVE, 2, true, false},
};

bool port_verb_expects(PortVerb verb)
{
    for (gsize i = 0; i < G_N_ELEMENTS(VERBS); i++) {
        if (VERBS[i].verb == verb) {
            return VERBS[i].expects;
        }
    }
    return false;
}

static bool parse_number(const Parser *p, const char *text, uint64_t *value, GError **error)
{
    char *end;
    g_autofree char *digits = g_strdup(text ? text : "");
    bool binary = g_str_has_prefix(digits, "0b");
    *value = g_ascii_strtoull(digits + (binary ? 2 : 0), &end, binary ? 2 : 0);
    return (*digits && !*end) || fail(p, error, "a number is missing or malformed");
}

/* Splits at blanks, without empty words. */
static GPtrArray *split_words(const char *text)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) pieces = g_strsplit_set(text, " \t", -1);
    for (char **piece = pieces; *piece; piece++) {
        if (**piece) {
            g_ptr_array_add(words, g_strdup(*piece));
        }
    }
    return words;
}

static bool parse_expected(const Parser *p, PortStep *step, char **words, unsigned count,
                           GError **error)
{
    bool masked = count == 6 && !strcmp(words[4], "&");
    if ((count != 4 && !masked) || strcmp(words[2], "=") != 0) {
        return fail(p, error, "write TARGET = VALUE or TARGET = VALUE & MASK");
    }
    return parse_number(p, words[3], &step->value, error) &&
           (!masked || parse_number(p, words[5], &step->mask, error));
}

static bool fill_step(const Parser *p, PortStep *step, char **words, unsigned count, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(VERBS); i++) {
        if (strcmp(VERBS[i].name, words[0]) != 0) {
            continue;
        }
        step->verb = VERBS[i].verb;
        step->size = VERBS[i].size;
        step->mask = UINT64_MAX;
        if (count < 2 || !parse_number(p, words[1], &step->target, error)) {
            return count < 2 ? fail(p, error, "what to?") : false;
        }
        if (VERBS[i].expects) {
            return parse_expected(p, step, words, count, error);
        }
        if (count != (VERBS[i].has_value ? 3u : 2u)) {
            return fail(p, error, "too many or too few words");
        }
        return !VERBS[i].has_value || parse_number(p, words[2], &step->value, error);
    }
    return fail(p, error, "no such verb");
}

static bool parse_step(Parser *p, const char *text, GError **error)
{
    PortSection *section = last(p->script->sections);
    PortSentence *sentence = section ? last(section->sentences) : NULL;
    if (!sentence) {
        return fail(p, error, "a step before the first sentence");
    }
    g_autoptr(GPtrArray) words = split_words(text);
    PortStep *step = g_new0(PortStep, 1);
    step->line = p->line;
    step->text = g_strdup(text);
    g_ptr_array_add(sentence->steps, step);
    return fill_step(p, step, (char **)words->pdata, words->len, error);
}

/* ---- "- A sentence. [section]" ---- */

static bool parse_sentence(Parser *p, const char *text, GError **error)
{
    PortSection *section = last(p->script->sections);
    const char *open = strrchr(text, '[');
    if (!section || !open || !g_str_has_suffix(text, "]")) {
        return fail(p, error, "write - A sentence. [section], after a == section");
    }
    PortSentence *sentence = g_new0(PortSentence, 1);
    sentence->line = p->line;
    sentence->text = g_strchomp(g_strndup(text, (gsize)(open - text)));
    sentence->section = g_strndup(open + 1, strlen(open) - 2);
    sentence->steps = g_ptr_array_new_with_free_func(step_free);
    g_ptr_array_add(section->sentences, sentence);
    return true;
}

static void add_section(Parser *p, const char *name)
{
    PortSection *section = g_new0(PortSection, 1);
    section->name = g_strdup(name);
    section->sentences = g_ptr_array_new_with_free_func(sentence_free);
    g_ptr_array_add(p->script->sections, section);
}

static void add_options(Parser *p, const char *text)
{
    g_autoptr(GPtrArray) words = split_words(text);
    g_ptr_array_set_size(p->script->options, (int)p->script->options->len - 1);
    for (guint i = 0; i < words->len; i++) {
        g_ptr_array_add(p->script->options, g_strdup(words->pdata[i]));
    }
    g_ptr_array_add(p->script->options, NULL);
}

/* "image NAME SECTORS" */
static bool add_image(Parser *p, const char *text, GError **error)
{
    g_autoptr(GPtrArray) words = split_words(text);
    if (words->len != 2) {
        return fail(p, error, "write image NAME SECTORS");
    }
    PortImage *image = g_new0(PortImage, 1);
    image->name = g_strdup(words->pdata[0]);
    g_ptr_array_add(p->script->images, image);
    return parse_number(p, words->pdata[1], &image->sectors, error);
}

static bool parse_line(Parser *p, char *text, GError **error)
{
    char *comment = strchr(text, '#');
    if (comment) {
        *comment = '\0';
    }
    g_strstrip(text);
    if (g_str_has_prefix(text, "- ")) {
        return parse_sentence(p, text + 2, error);
    }
    if (g_str_has_prefix(text, "== ")) {
        add_section(p, text + 3);
    } else if (g_str_has_prefix(text, "chip ")) {
        p->script->chip = g_strchug(g_strdup(text + 5));
    } else if (g_str_has_prefix(text, "sheet ")) {
        p->script->sheet = g_strchug(g_strdup(text + 6));
    } else if (g_str_has_prefix(text, "image ")) {
        return add_image(p, text + 6, error);
    } else if (g_str_has_prefix(text, "options ")) {
        add_options(p, text + 8);
    } else if (g_str_has_prefix(text, "our-options ")) {
        p->script->ours = true;
        add_options(p, text + 12);
    } else if (*text) {
        return parse_step(p, text, error);
    }
    return true;
}

PortScript *port_script_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, error)) {
        return NULL;
    }
    g_autoptr(PortScript) script = g_new0(PortScript, 1);
    script->options = g_ptr_array_new_with_free_func(g_free);
    script->images = g_ptr_array_new_with_free_func(image_free);
    script->sections = g_ptr_array_new_with_free_func(section_free);
    g_ptr_array_add(script->options, NULL);
    Parser p = {.script = script, .path = path};
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        p.line++;
        if (!parse_line(&p, *line, error)) {
            return NULL;
        }
    }
    if (!script->chip || !script->sheet) {
        fail(&p, error, "chip or sheet is missing");
        return NULL;
    }
    return g_steal_pointer(&script);
}
