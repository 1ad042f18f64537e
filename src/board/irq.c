#include "src/board/irq.h"

struct IrqLine {
    IrqSink *sink;
    IrqPending *pending;
    void *opaque;
    unsigned irq;
    bool level;
};

struct IrqRouter {
    GMutex lock;
    IrqSink *sink;
    IrqPending *pending;
    void *opaque;
    IrqSink *observer;
    void *observer_opaque;
    unsigned asserted[ISA_IRQ_COUNT]; /* how many lines assert it */
    GPtrArray *lines;
};

const char *irqchip_name(Irqchip irqchip)
{
    static const char *const NAMES[] = {
        [IRQCHIP_USER] = "user",
        [IRQCHIP_SPLIT] = "split",
        [IRQCHIP_KERNEL] = "kernel",
    };
    return NAMES[irqchip];
}

IrqLine *irq_line_new(IrqSink *sink, void *opaque, unsigned irq)
{
    IrqLine *line = g_new0(IrqLine, 1);
    line->sink = sink;
    line->opaque = opaque;
    line->irq = irq;
    return line;
}

void irq_line_free(IrqLine *line)
{
    g_free(line);
}

bool irq_line_level(const IrqLine *line)
{
    return line->level;
}

void pio_irq_set(IrqLine *line, bool level)
{
    if (line && line->level != level) {
        line->level = level;
        line->sink(line->opaque, line->irq, level);
    }
}

void irq_line_set_pending(IrqLine *line, IrqPending *pending)
{
    line->pending = pending;
}

bool pio_irq_pending(const IrqLine *line)
{
    return line && line->pending && line->pending(line->opaque, line->irq);
}

static void router_input(void *opaque, unsigned irq, bool level)
{
    IrqRouter *router = opaque;
    g_mutex_lock(&router->lock);
    unsigned before = router->asserted[irq];
    unsigned after = level ? before + 1 : before - 1;
    router->asserted[irq] = after;
    if (!before != !after) {
        router->sink(router->opaque, irq, after != 0);
        if (router->observer) {
            router->observer(router->observer_opaque, irq, after != 0);
        }
    }
    g_mutex_unlock(&router->lock);
}

IrqRouter *irq_router_new(IrqSink *sink, void *opaque)
{
    IrqRouter *router = g_new0(IrqRouter, 1);
    g_mutex_init(&router->lock);
    router->sink = sink;
    router->opaque = opaque;
    router->lines = g_ptr_array_new_with_free_func((GDestroyNotify)irq_line_free);
    return router;
}

void irq_router_free(IrqRouter *router)
{
    g_ptr_array_unref(router->lines);
    g_mutex_clear(&router->lock);
    g_free(router);
}

static bool router_pending(void *opaque, unsigned irq)
{
    IrqRouter *router = opaque;
    return router->pending && router->pending(router->opaque, irq);
}

void irq_router_set_pending(IrqRouter *router, IrqPending *pending)
{
    router->pending = pending;
}

void irq_router_set_observer(IrqRouter *router, IrqSink *observer, void *opaque)
{
    router->observer = observer;
    router->observer_opaque = opaque;
}

bool irq_router_level(IrqRouter *router, unsigned irq)
{
    g_mutex_lock(&router->lock);
    bool level = router->asserted[irq] != 0;
    g_mutex_unlock(&router->lock);
    return level;
}

void irq_router_replay(IrqRouter *router)
{
    g_mutex_lock(&router->lock);
    for (unsigned irq = 0; irq < ISA_IRQ_COUNT; irq++) {
        router->sink(router->opaque, irq, router->asserted[irq] != 0);
    }
    g_mutex_unlock(&router->lock);
}

IrqLine *irq_router_line(IrqRouter *router, unsigned irq)
{
    g_assert(irq < ISA_IRQ_COUNT);
    IrqLine *line = irq_line_new(router_input, router, irq);
    irq_line_set_pending(line, router_pending);
    g_ptr_array_add(router->lines, line);
    return line;
}
