/* Shared by the files of the local APIC.  Other files must not include it. */
#ifndef PIOEMU_DEVICES_INTC_LAPIC_INTERNAL_H
#define PIOEMU_DEVICES_INTC_LAPIC_INTERNAL_H

#include "devices/device.h"
#include "devices/intc/lapic_regs.h"

#define LAPIC_WORDS        8u
#define LAPIC_LVT_COUNT    6u
#define LAPIC_VECTOR_FIRST 16u /* 0-15 are illegal */

typedef struct Lapic {
    Device *dev;

    /* Registers that the guest sees. */
    uint32_t id, ldr, dfr, svr;
    uint8_t tpr;
    uint32_t isr[LAPIC_WORDS], tmr[LAPIC_WORDS], irr[LAPIC_WORDS];
    uint32_t esr; /* the errors collected up to the last write to it */
    uint32_t icr_low, icr_high;
    uint32_t lvt[LAPIC_LVT_COUNT];
    uint32_t initial_count, divide;

    /* Hidden latches. */
    uint32_t errors;      /* errors since the last write to the ESR */
    bool lint[2];         /* the levels of the pins */
    bool extint;          /* an ExtINT message has come and has not been acknowledged */
    bool excludes_self;   /* set while it sends a message to all other CPUs */
    uint64_t timer_start; /* when the count had its initial value, modulo 2^64 */

    /* Collaborators. */
    uint64_t base;
    uint32_t cpu;     /* the number of its CPU */
    uint32_t apic_id; /* its ID after a reset; 255: the number of its CPU */
    IrqLine *intr, *nmi;
    Timer *timer;
} Lapic;

/* ---- lapic.c ---- */

bool lapic_enabled(const Lapic *s);
uint8_t lapic_ppr(const Lapic *s);
/* Derives INTR from the state.  Every change ends with it. */
void lapic_update(Lapic *s);
void lapic_accept(Lapic *s, unsigned vector, bool level);
void lapic_error(Lapic *s, uint32_t error);
void lapic_pulse_nmi(Lapic *s);
/* Sets the state that INIT leaves. */
void lapic_clear(Lapic *s);

/* ---- lapic_message.c ---- */

/* See DeviceRegion.arbitrate. */
int lapic_arbitrate(const void *state, uint64_t offset, uint64_t value);
/* `address` contains the destination. */
void lapic_message(Lapic *s, uint64_t address, uint32_t data);
/* Handles a write to the low half of the ICR. */
void lapic_command(Lapic *s, uint32_t command);

#endif
