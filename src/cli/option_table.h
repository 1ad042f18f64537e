/*
 * The options that there are: what each is called, says of itself and does.
 */
#ifndef PIOEMU_CLI_OPTION_TABLE_H
#define PIOEMU_CLI_OPTION_TABLE_H

#include "src/machine/config.h"

typedef struct Option Option;

typedef struct Parse {
    Config *config;
    const Option *option; /* the one that is set */
    char *text;           /* to print instead of running */
} Parse;

struct Option {
    const char *name;
    const char *argument; /* NULL: it takes none */
    const char *help;
    const char *example;
    bool (*set)(Parse *parse, const char *value, GError **error);
    const char *alias;
    size_t field; /* of a char * in Config, where `set` is set_string */
};

/* Options that --help shows together; they end with a NULL name. */
typedef struct OptionGroup {
    const char *title;
    const Option *options;
} OptionGroup;

#define OPTION_GROUP_COUNT 8u

extern const OptionGroup OPTION_GROUPS[OPTION_GROUP_COUNT];

#endif
