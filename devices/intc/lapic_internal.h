/*
 * What the files of the local APIC share; no business of anybody else.
 */
#ifndef PIOEMU_DEVICES_INTC_LAPIC_INTERNAL_H
#define PIOEMU_DEVICES_INTC_LAPIC_INTERNAL_H

#include "devices/device.h"
#include "devices/intc/lapic_regs.h"

#define LAPIC_WORDS        8u
#define LAPIC_LVT_COUNT    6u
#define LAPIC_VECTOR_FIRST 16u /* 0-15 are illegal */

typedef struct Lapic {
    Device *dev;

    /* What the guest sees. */
    uint32_t id, ldr, dfr, svr;
    uint8_t tpr;
    uint32_t isr[LAPIC_WORDS], tmr[LAPIC_WORDS], irr[LAPIC_WORDS];
    uint32_t esr; /* as it was at the last write to it */
    uint32_t icr_low, icr_high;
    uint32_t lvt[LAPIC_LVT_COUNT];
    uint32_t initial_count, divide;

    /* Behind it. */
    uint32_t errors;      /* collected since the last write to the ESR */
    bool lint[2];         /* the pins */
    bool extint;          /* an ExtINT message waits for the acknowledge */
    bool excludes_self;   /* while it sends to all others */
    uint64_t timer_start; /* when the count would have begun at its initial value, modulo 2^64 */

    /* Collaborators. */
    uint64_t base;
    uint32_t cpu; /* whose it is */
    IrqLine *intr, *nmi;
    Timer *timer;
} Lapic;

/* ---- lapic.c ---- */

bool lapic_enabled(const Lapic *s);
uint8_t lapic_ppr(const Lapic *s);
/* Drives INTR; after every change. */
void lapic_update(Lapic *s);
void lapic_accept(Lapic *s, unsigned vector, bool level);
void lapic_error(Lapic *s, uint32_t error);
void lapic_pulse_nmi(Lapic *s);
/* What INIT does to it. */
void lapic_clear(Lapic *s);

/* ---- lapic_message.c ---- */

/* What DeviceRegion.arbitrate says. */
int lapic_arbitrate(const void *state, uint64_t offset, uint64_t value);
/* `address` says whom it is for. */
void lapic_message(Lapic *s, uint64_t address, uint32_t data);
/* A write to the low half of the ICR. */
void lapic_command(Lapic *s, uint32_t command);

#endif
