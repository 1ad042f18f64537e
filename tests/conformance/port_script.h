/*
 * Port scripts: sentences of a data sheet, each with the accesses that prove
 * it.  tests/conformance/README.md describes the format.
 */
#ifndef PIOEMU_PORT_SCRIPT_H
#define PIOEMU_PORT_SCRIPT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum PortVerb {
    PORT_OUT,      /* out, outw, outl: port, value */
    PORT_OUT2,     /* low byte, high byte to one port */
    PORT_IN,       /* in, inw, inl: port, expected */
    PORT_IN2,      /* low byte, high byte from one port */
    PORT_CMOS_OUT, /* index, value */
    PORT_CMOS_IN,  /* index, expected */
    PORT_STEP,     /* ns */
    PORT_CLK,      /* pulses of the timer's clock */
    PORT_IRQ,      /* line, expected level */
    PORT_RAISES,   /* line, expected number since the last question */
    PORT_DRIVE     /* line, level */
} PortVerb;

typedef struct PortStep {
    PortVerb verb;
    unsigned size; /* bytes of an access */
    uint64_t target, value, mask;
    int line;
    char *text;
} PortStep;

typedef struct PortSentence {
    char *text;    /* what is claimed */
    char *section; /* where the data sheet says it */
    int line;
    GPtrArray *steps; /* of PortStep */
} PortSentence;

/* A machine of its own, from power-on. */
typedef struct PortSection {
    char *name;
    GPtrArray *sentences; /* of PortSentence */
} PortSection;

typedef struct PortScript {
    char *chip, *sheet;
    GPtrArray *options;  /* of the program, NULL-terminated */
    GPtrArray *sections; /* of PortSection */
} PortScript;

PortScript *port_script_load(const char *path, GError **error);
void port_script_free(PortScript *script);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PortScript, port_script_free)

#endif
