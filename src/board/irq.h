/*
 * Interrupt lines: from a device's output pin to the input that listens to it.
 *
 * A line remembers its level and passes on changes only.  The router joins the
 * lines that share an ISA IRQ: its sink sees the OR of them.
 *
 * Lock order: device, then router, then interrupt controller, then the kick of a
 * vCPU.
 */
#ifndef PIOEMU_BOARD_IRQ_H
#define PIOEMU_BOARD_IRQ_H

#include "devices/device.h"

#include <glib.h>

#define ISA_IRQ_COUNT 16u

/* Where the interrupt controllers are: on the board, as devices, or in the accelerator. */
typedef enum Irqchip {
    IRQCHIP_USER,  /* all of them on the board */
    IRQCHIP_SPLIT, /* PIC and I/O APIC on the board, local APICs in the accelerator */
    IRQCHIP_KERNEL /* all of them in the accelerator */
} Irqchip;

/* The name that users write. */
const char *irqchip_name(Irqchip irqchip);

typedef void IrqSink(void *opaque, unsigned irq, bool level);

/* Freed with irq_line_free().  Used with the lock of the driving device held. */
IrqLine *irq_line_new(IrqSink *sink, void *opaque, unsigned irq);
void irq_line_free(IrqLine *line);
bool irq_line_level(const IrqLine *line);

/* Answers pio_irq_pending().  Called with the lock of the driving device held. */
typedef bool IrqPending(void *opaque, unsigned irq);
/* `pending` gets the opaque pointer of the line's sink.  NULL: the answer is not known. */
void irq_line_set_pending(IrqLine *line, IrqPending *pending);

typedef struct IrqRouter IrqRouter;

/* `sink` is called with the router's lock held. */
IrqRouter *irq_router_new(IrqSink *sink, void *opaque);
/* Also frees the lines that it handed out. */
void irq_router_free(IrqRouter *router);
/* A new line that feeds ISA IRQ `irq` (below ISA_IRQ_COUNT); owned by the router. */
IrqLine *irq_router_line(IrqRouter *router, unsigned irq);
/* Tells the sink every level once more, because the sink is new or was reset. */
void irq_router_replay(IrqRouter *router);
/*
 * The observer is told what the sink is told, after the sink.  NULL: no observer.
 * Call it while nothing drives a line.
 */
void irq_router_set_observer(IrqRouter *router, IrqSink *observer, void *opaque);
/* The OR of the lines that share `irq`. */
bool irq_router_level(IrqRouter *router, unsigned irq);
/*
 * Sets `pending` for all lines of the router.  It gets the opaque pointer of the
 * router's sink.  Call it before the machine runs.
 */
void irq_router_set_pending(IrqRouter *router, IrqPending *pending);

#endif
