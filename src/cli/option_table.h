/* The table of command-line options: each entry has a name, a help text and a setter. */
#ifndef PIOEMU_CLI_OPTION_TABLE_H
#define PIOEMU_CLI_OPTION_TABLE_H

#include "src/machine/config.h"

typedef struct Option Option;

typedef struct Parse {
    Config *config;
    const Option *option; /* the option that is being set */
    char *text;           /* a text to print instead of running the machine */
    GHashTable *rngs;     /* the ids of -object rng-random and its like */
} Parse;

struct Option {
    const char *name;
    const char *argument; /* NULL if the option takes no argument */
    const char *help;
    const char *example;
    bool (*set)(Parse *parse, const char *value, GError **error);
    const char *alias;
    size_t field; /* the offset of a char * in Config, if `set` is set_string */
    /* The option may be JSON; its member of this name is what else comes first. */
    const char *json_first;
};

/* Options that --help shows together.  OPTION_END ends the table. */
typedef struct OptionGroup {
    const char *title;
    const Option *options;
} OptionGroup;

/* The last entry of a table of options. */
#define OPTION_END                                                                                 \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#define OPTION_GROUP_COUNT 8u

extern const OptionGroup OPTION_GROUPS[OPTION_GROUP_COUNT];

#endif
