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
    PORT_OUT,        /* out, outw, outl: port, value */
    PORT_OUT2,       /* low byte, high byte to one port */
    PORT_IN,         /* in, inw, inl: port, expected */
    PORT_IN2,        /* low byte, high byte from one port */
    PORT_CMOS_OUT,   /* index, value */
    PORT_CMOS_IN,    /* index, expected */
    PORT_STEP,       /* ns */
    PORT_CLK,        /* pulses of the timer's clock */
    PORT_IRQ,        /* line, expected level */
    PORT_RAISES,     /* line, expected number since the last such step */
    PORT_DRIVE,      /* line, level */
    PORT_READ,       /* readb, readl: address, expected */
    PORT_WRITE,      /* writeb, writel: address, value */
    PORT_IOAPIC_OUT, /* index, value */
    PORT_IOAPIC_IN,  /* index, expected */
    PORT_TAKE,       /* port, how many items are read and discarded */
    PORT_GIVE        /* port, how many items are written: 0, 1, 2... */
} PortVerb;

typedef struct PortStep {
    PortVerb verb;
    unsigned size; /* bytes of an access */
    uint64_t target, value, mask;
    int line;
    char *text;
} PortStep;

typedef struct PortSentence {
    char *text;    /* the claim */
    char *section; /* its section in the data sheet */
    int line;
    GPtrArray *steps; /* of PortStep */
} PortSentence;

/* Each section has its own machine, from power-on. */
typedef struct PortSection {
    char *name;
    GPtrArray *sentences; /* of PortSentence */
} PortSection;

/* A file that each machine gets as a new copy.  Options name it with "@" before its name. */
typedef struct PortImage {
    char *name;
    uint64_t sectors; /* byte i of sector n is n + i */
} PortImage;

typedef struct PortScript {
    char *chip, *sheet;
    bool ours;           /* its options exist only in pioemu, so no other emulator can be asked */
    GPtrArray *options;  /* of the program, NULL-terminated */
    GPtrArray *images;   /* of PortImage */
    GPtrArray *sections; /* of PortSection */
} PortScript;

PortScript *port_script_load(const char *path, GError **error);
void port_script_free(PortScript *script);
/* Whether a step of this kind can fail. */
bool port_verb_expects(PortVerb verb);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PortScript, port_script_free)

#endif
