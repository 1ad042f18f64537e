/* What the tests of the command line share: parsing words, and judging the outcome. */
#ifndef PIOEMU_TESTS_OPTIONS_RIG_H
#define PIOEMU_TESTS_OPTIONS_RIG_H

#include "src/base/error.h"
#include "src/cli/options.h"

#include <string.h>

typedef struct Parsed {
    Config *config;
    char *text;
    GError *error;
    bool ok;
} Parsed;

/* The words are the arguments after the program's name. */
static inline Parsed parse(const char *const *words)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (gpointer) "pioemu");
    for (; *words; words++) {
        g_ptr_array_add(argv, (gpointer)*words);
    }
    g_ptr_array_add(argv, NULL);
    Parsed p = {.config = config_new()};
    p.ok =
        options_parse(p.config, (int)argv->len - 1, (char *const *)argv->pdata, &p.text, &p.error);
    g_assert_true(p.ok ? !p.text && !p.error : !p.text != !p.error);
    return p;
}

static inline void parsed_clear(Parsed *p)
{
    config_free(p->config);
    g_free(p->text);
    g_clear_error(&p->error);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static inline void assert_refused_words(const char *const *words, const char *message)
{
    Parsed p = parse(words);
    g_assert_error(p.error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(p.error->message, ==, message);
    g_assert_null(strchr(p.error->message, '\n'));
    parsed_clear(&p);
}

#define REFUSED(message, ...)                                                                      \
    assert_refused_words((const char *const[]){__VA_ARGS__, NULL}, message)

static inline void assert_text_has(const char *const *words, const char *const *parts)
{
    Parsed p = parse(words);
    g_assert_nonnull(p.text);
    g_assert_true(g_str_has_suffix(p.text, "\n"));
    for (; *parts; parts++) {
        if (!strstr(p.text, *parts)) {
            g_error("'%s' is not in the text of %s:\n%s", *parts, words[0], p.text);
        }
    }
    parsed_clear(&p);
}

#define WORDS(...)           ((const char *const[]){__VA_ARGS__, NULL})
#define TEXT_HAS(words, ...) assert_text_has(words, WORDS(__VA_ARGS__))

#define TEST(name) g_test_add_func("/options/" #name, test_##name)

#endif
