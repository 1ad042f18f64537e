#include "src/device/device_services.h"

#include "src/board/irq.h"
#include "src/device/device_internal.h"
#include "src/device/dma.h"
#include "src/device/pci.h"
#include "src/device/services_block.h"

#include <inttypes.h>
#include <sys/random.h>

static const char *level_name(uint64_t level)
{
    return level ? "high" : "low";
}

/* ---- interrupt lines ---- */

/* The line of a device whose calls are watched. */
typedef struct WatchedLine {
    Device *dev;
    IrqLine *to;
} WatchedLine;

static void line_changed(void *opaque, unsigned line, bool level)
{
    WatchedLine *l = opaque;
    serve(l->dev, &(ServiceCall){.kind = SERVICE_IRQ, .to = l->to, .args = {line, level}});
}

static bool line_pending(void *opaque, unsigned line)
{
    WatchedLine *l = opaque;
    ServiceCall call = {.kind = SERVICE_IRQ_PENDING, .to = l->to, .args = {line}};
    serve(l->dev, &call);
    return call.answer;
}

IrqLine *device_services_line(DeviceServices *services, IrqLine *to)
{
    if (!to || services->class == &MACHINE_SERVICES) {
        return to;
    }
    WatchedLine *l = g_new0(WatchedLine, 1);
    *l = (WatchedLine){services->dev, to};
    g_ptr_array_add(services->slots, l);
    IrqLine *line = irq_line_new(line_changed, l, services->lines->len);
    irq_line_set_pending(line, line_pending);
    g_ptr_array_add(services->lines, line);
    return line;
}

static void perform_irq(Device *dev, ServiceCall *call)
{
    (void)dev;
    pio_irq_set(call->to, call->args[1]);
}

static void describe_irq(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " %" PRIu64 " %s", call->args[0], level_name(call->args[1]));
}

static void perform_irq_pending(Device *dev, ServiceCall *call)
{
    (void)dev;
    call->answer = pio_irq_pending(call->to);
}

/* ---- character lines ---- */

static CharPortEnd *char_end(const CharPort *port)
{
    return (CharPortEnd *)port;
}

size_t pio_char_write(CharPort *port, const uint8_t *data, size_t size)
{
    if (!port) {
        return size;
    }
    const CharPortEnd *end = char_end(port);
    ServiceCall call = {.kind = SERVICE_OUTPUT,
                        .to = port,
                        .args = {end->number, size},
                        .sent = data,
                        .size = size};
    serve(end->dev, &call);
    return call.answer;
}

static void perform_output(Device *dev, ServiceCall *call)
{
    (void)dev;
    call->answer = char_end(call->to)->ops->write(call->to, call->sent, call->size);
}

static void describe_output(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " of %" PRIu64 " bytes", call->args[1]);
}

/* The bytes that the line took.  The device will offer the others again. */
static uint64_t output_size(const ServiceCall *call)
{
    return call->answer;
}

unsigned pio_char_lines(const CharPort *port)
{
    if (!port) {
        return 0;
    }
    const CharPortEnd *end = char_end(port);
    ServiceCall call = {.kind = SERVICE_MODEM_LINES, .to = (CharPort *)port, .args = {end->number}};
    serve(end->dev, &call);
    return (unsigned)call.answer;
}

static void perform_modem_lines(Device *dev, ServiceCall *call)
{
    (void)dev;
    call->answer = char_end(call->to)->ops->lines(call->to);
}

void pio_char_rx_ready(CharPort *port)
{
    if (port) {
        const CharPortEnd *end = char_end(port);
        serve(end->dev, &(ServiceCall){.kind = SERVICE_INPUT, .to = port, .args = {end->number}});
    }
}

static void perform_input(Device *dev, ServiceCall *call)
{
    (void)dev;
    char_end(call->to)->ops->rx_ready(call->to);
}

static uint64_t input_size(const ServiceCall *call)
{
    return call->answer;
}

/* These three calls are not recorded, because no guest can observe what a line does with them. */
void pio_char_set_break(CharPort *port, bool on)
{
    if (port) {
        char_end(port)->ops->set_break(port, on);
    }
}

void pio_char_set_lines(CharPort *port, unsigned lines)
{
    if (port) {
        char_end(port)->ops->set_lines(port, lines);
    }
}

void pio_char_set_format(CharPort *port, const CharFormat *format)
{
    if (port) {
        char_end(port)->ops->set_format(port, format);
    }
}

/* ---- guest memory ---- */

bool pio_memory_read(Device *dev, uint64_t address, void *data, size_t size)
{
    /* Only the machine needs the address.  A recording does not contain it. */
    ServiceCall call = {
        .kind = SERVICE_MEMORY_READ, .args = {size, address}, .room = data, .size = size};
    serve(dev, &call);
    return call.answer;
}

static void perform_memory_read(Device *dev, ServiceCall *call)
{
    Memory *memory = dev->host->memory;
    call->answer = memory && memory_read(memory, call->args[1], call->room, call->size);
}

static void describe_memory_read(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " of %" PRIu64 " bytes", call->args[0]);
}

static uint64_t memory_read_size(const ServiceCall *call)
{
    return call->answer ? call->args[0] : 0;
}

bool pio_memory_write(Device *dev, uint64_t address, const void *data, size_t size)
{
    ServiceCall call = {
        .kind = SERVICE_MEMORY_WRITE, .args = {address, size}, .sent = data, .size = size};
    serve(dev, &call);
    return call.answer;
}

static void perform_memory_write(Device *dev, ServiceCall *call)
{
    Memory *memory = dev->host->memory;
    call->answer = memory && memory_write(memory, call->args[0], call->sent, call->size);
}

static void describe_memory_write(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " of %" PRIu64 " bytes at 0x%" PRIx64, call->args[1],
                           call->args[0]);
}

static uint64_t memory_write_size(const ServiceCall *call)
{
    return call->answer ? call->args[1] : 0;
}

/* ---- random numbers ---- */

bool pio_random(Device *dev, void *data, size_t size)
{
    ServiceCall call = {.kind = SERVICE_RANDOM, .args = {size}, .room = data, .size = size};
    serve(dev, &call);
    return call.answer;
}

/* A machine without threads repeats its runs, so it takes nothing from the host. */
static void perform_random(Device *dev, ServiceCall *call)
{
    size_t done = 0;
    ssize_t got = bus_is_locked(dev->host->bus) ? 1 : 0;
    while (got > 0 && done < call->size) {
        got = getrandom((uint8_t *)call->room + done, call->size - done, 0);
        done += got > 0 ? (size_t)got : 0;
    }
    call->answer = got > 0;
}

static uint64_t random_size(const ServiceCall *call)
{
    return call->answer ? call->args[0] : 0;
}

/* ---- the bus ---- */

void pio_bus_write(Device *dev, uint64_t address, uint64_t value, unsigned size)
{
    serve(dev, &(ServiceCall){.kind = SERVICE_BUS_WRITE, .args = {size, address, value}});
}

/* The caller's lock is held, so a bus that takes locks could block for ever. */
static void perform_bus_write(Device *dev, ServiceCall *call)
{
    if (dev->host->message) {
        dev->host->message(dev->host->opaque, call->args[1], (uint32_t)call->args[2]);
    } else if (!bus_is_locked(dev->host->bus)) {
        bus_device_write(dev->host->bus, call->args[1], call->args[2], (unsigned)call->args[0]);
    }
}

static void describe_bus_write(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " of 0x%" PRIx64 " to 0x%" PRIx64, call->args[2], call->args[1]);
}

/* ---- PCI ---- */

uint32_t pio_pci_config_read(Device *dev, unsigned function, unsigned offset, unsigned size)
{
    ServiceCall call = {.kind = SERVICE_PCI_READ, .args = {function, offset, size}};
    serve(dev, &call);
    return (uint32_t)call.answer;
}

static void perform_pci_read(Device *dev, ServiceCall *call)
{
    unsigned size = (unsigned)call->args[2];
    call->answer = dev->host->pci ? pci_config_read(dev->host->pci, (unsigned)call->args[0],
                                                    (unsigned)call->args[1], size)
                                  : UINT32_MAX >> (32 - size * 8);
}

void pio_pci_config_write(Device *dev, unsigned function, unsigned offset, uint32_t value,
                          unsigned size)
{
    serve(dev, &(ServiceCall){.kind = SERVICE_PCI_WRITE, .args = {function, offset, size, value}});
}

static void perform_pci_write(Device *dev, ServiceCall *call)
{
    if (dev->host->pci) {
        pci_config_write(dev->host->pci, (unsigned)call->args[0], (unsigned)call->args[1],
                         (uint32_t)call->args[3], (unsigned)call->args[2]);
    }
}

static void describe_pci(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " of %" PRIu64 " bytes at 0x%" PRIx64 " of function 0x%" PRIx64,
                           call->args[2], call->args[1], call->args[0]);
}

void pio_shadow(Device *dev, uint32_t address, uint32_t size, ShadowMode mode)
{
    serve(dev, &(ServiceCall){.kind = SERVICE_SHADOW, .args = {address, size, mode}});
}

static void perform_shadow(Device *dev, ServiceCall *call)
{
    if (dev->host->shadow) {
        dev->host->shadow(dev->host->opaque, (uint32_t)call->args[0], (uint32_t)call->args[1],
                          (ShadowMode)call->args[2]);
    }
}

static void describe_shadow(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " of 0x%" PRIx64 " bytes at 0x%" PRIx64 " to %" PRIu64,
                           call->args[1], call->args[0], call->args[2]);
}

/* ---- the machine ---- */

/* A recording contains one number for the kind of request and one for its argument. */
static void request(Device *dev, DeviceRequestKind what, unsigned number)
{
    serve(dev, &(ServiceCall){.kind = SERVICE_REQUEST, .args = {what, number}});
}

void pio_request_exit(Device *dev, int status)
{
    request(dev, DEVICE_EXIT, (unsigned)status);
}

void pio_request_poweroff(Device *dev)
{
    request(dev, DEVICE_POWEROFF, 0);
}

void pio_request_reset(Device *dev)
{
    request(dev, DEVICE_RESET, 0);
}

void pio_request_cpu_init(Device *dev, unsigned cpu)
{
    request(dev, DEVICE_CPU_INIT, cpu);
}

void pio_request_cpu_start(Device *dev, unsigned cpu, uint8_t vector)
{
    request(dev, DEVICE_CPU_START, cpu << 8 | vector);
}

static void perform_request(Device *dev, ServiceCall *call)
{
    DeviceRequest request = {.kind = (DeviceRequestKind)call->args[0]};
    unsigned number = (unsigned)call->args[1];
    switch (request.kind) {
    case DEVICE_EXIT:
        request.status = (int)number;
        break;
    case DEVICE_CPU_INIT:
        request.cpu = number;
        break;
    case DEVICE_CPU_START:
        request.cpu = number >> 8;
        request.vector = (uint8_t)number;
        break;
    default:
        break;
    }
    if (dev->host->request) {
        dev->host->request(dev->host->opaque, &request);
    }
}

static void describe_request(const ServiceCall *call, GString *text)
{
    static const char *const NAMES[DEVICE_REQUESTS] = {
        [DEVICE_EXIT] = "end",
        [DEVICE_POWEROFF] = "power off",
        [DEVICE_RESET] = "reset",
        [DEVICE_CPU_INIT] = "initialize a CPU",
        [DEVICE_CPU_START] = "start a CPU",
    };
    const char *name = call->args[0] < DEVICE_REQUESTS ? NAMES[call->args[0]] : "do the unknown";
    g_string_append_printf(text, " to %s (%" PRIu64 ")", name, call->args[1]);
}

/* ---- direct memory access ---- */

void pio_dma_request(DmaLine *line, bool level)
{
    if (line && dma_line_set_level(line, level)) {
        serve(dma_line_device(line), &(ServiceCall){.kind = SERVICE_DMA_REQUEST,
                                                    .to = line,
                                                    .args = {dma_line_number(line), level}});
    }
}

static void perform_dma_request(Device *dev, ServiceCall *call)
{
    (void)dev;
    dma_line_pass_request(call->to, call->args[1]);
}

static void describe_dma_request(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " %" PRIu64 " %s", call->args[0], level_name(call->args[1]));
}

static size_t transfer(DmaLine *line, ServiceCall *call, bool *ended)
{
    *ended = false;
    if (!line || !dma_line_level(line)) {
        return 0;
    }
    call->to = line;
    call->args[0] = dma_line_number(line);
    call->args[1] = call->size;
    serve(dma_line_device(line), call);
    *ended = call->answer & 1;
    return call->answer >> 1;
}

size_t pio_dma_to_memory(DmaLine *line, const void *data, size_t size, bool *ended)
{
    ServiceCall call = {.kind = SERVICE_DMA_TO_MEMORY, .sent = data, .size = size};
    return transfer(line, &call, ended);
}

size_t pio_dma_from_memory(DmaLine *line, void *data, size_t size, bool *ended)
{
    ServiceCall call = {.kind = SERVICE_DMA_FROM_MEMORY, .room = data, .size = size};
    return transfer(line, &call, ended);
}

static void perform_dma(Device *dev, ServiceCall *call)
{
    bool ended = false;
    const DmaTransfer wish = {
        .from = call->sent, .to = call->room, .size = call->size, .ended = &ended};
    (void)dev;
    size_t moved = dma_line_pass(call->to, &wish);
    call->answer = (uint64_t)moved << 1 | ended;
}

static void describe_dma(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " of %" PRIu64 " bytes", call->args[1]);
}

static uint64_t dma_to_size(const ServiceCall *call)
{
    return call->args[1];
}

static uint64_t dma_moved(const ServiceCall *call)
{
    return call->answer >> 1;
}

/* ---- networks ---- */

static NetPortEnd *net_end(const NetPort *port)
{
    return (NetPortEnd *)port;
}

bool pio_net_send(NetPort *port, const void *frame, size_t size)
{
    if (!port) {
        return true;
    }
    const NetPortEnd *end = net_end(port);
    ServiceCall call = {.kind = SERVICE_NET_SEND,
                        .to = port,
                        .args = {end->number, size},
                        .sent = frame,
                        .size = size};
    serve(end->dev, &call);
    return call.answer;
}

static void perform_net_send(Device *dev, ServiceCall *call)
{
    (void)dev;
    call->answer = net_end(call->to)->ops->send(call->to, call->sent, call->size);
}

static void describe_net_send(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " of %" PRIu64 " bytes", call->args[1]);
}

static uint64_t net_send_size(const ServiceCall *call)
{
    return call->args[1];
}

/* No recording has this: what it leads to comes as a call of its own. */
void pio_net_rx_ready(NetPort *port)
{
    if (port) {
        net_end(port)->ops->rx_ready(port);
    }
}

bool pio_net_link(const NetPort *port)
{
    return port && net_end(port)->link_up;
}

/* ---- the table ---- */

const ServiceClass SERVICES[SERVICE_KINDS] = {
    [SERVICE_IRQ] = {.name = "irq",
                     .description = "a change of interrupt line",
                     .args = 2,
                     .describe = describe_irq,
                     .perform = perform_irq},
    [SERVICE_IRQ_PENDING] = {.name = "irq-pending",
                             .description = "a question whether the interrupt still waits",
                             .args = 1,
                             .answers = true,
                             .perform = perform_irq_pending},
    [SERVICE_OUTPUT] = {.name = "output",
                        .description = "output",
                        .args = 2,
                        .answers = true,
                        .of_host = true,
                        .data = SERVICE_DATA_SENT,
                        .data_size = output_size,
                        .moved = output_size,
                        .describe = describe_output,
                        .perform = perform_output},
    [SERVICE_MODEM_LINES] = {.name = "modem-lines",
                             .description = "a look at the modem lines",
                             .args = 1,
                             .answers = true,
                             .of_host = true,
                             .perform = perform_modem_lines},
    [SERVICE_INPUT] = {.name = "input",
                       .description = "a request for input",
                       .args = 2,
                       .answers = true,
                       .data = SERVICE_DATA_GOT,
                       .data_size = input_size,
                       .perform = perform_input},
    [SERVICE_MEMORY_READ] = {.name = "memory-read",
                             .description = "a read of memory",
                             .args = 1,
                             .answers = true,
                             .data = SERVICE_DATA_GOT,
                             .data_size = memory_read_size,
                             .describe = describe_memory_read,
                             .perform = perform_memory_read},
    [SERVICE_MEMORY_WRITE] = {.name = "memory-write",
                              .description = "a write of memory",
                              .args = 2,
                              .answers = true,
                              .data = SERVICE_DATA_SENT,
                              .data_size = memory_write_size,
                              .describe = describe_memory_write,
                              .perform = perform_memory_write},
    [SERVICE_BUS_WRITE] = {.name = "bus-write",
                           .description = "a write to the bus",
                           .args = 3,
                           .describe = describe_bus_write,
                           .perform = perform_bus_write},
    [SERVICE_REQUEST] = {.name = "request",
                         .description = "a request to the machine",
                         .args = 2,
                         .describe = describe_request,
                         .perform = perform_request},
    [SERVICE_BLOCK] = {.name = "block",
                       .description = "a request to drive",
                       .args = 5,
                       .data = SERVICE_DATA_SUM,
                       .data_size = service_block_size,
                       .describe = service_block_describe,
                       .perform = service_block_perform},
    [SERVICE_DMA_REQUEST] = {.name = "dma-request",
                             .description = "a change of DMA request",
                             .args = 2,
                             .describe = describe_dma_request,
                             .perform = perform_dma_request},
    [SERVICE_DMA_TO_MEMORY] = {.name = "dma-to-memory",
                               .description = "a DMA transfer to memory",
                               .args = 2,
                               .answers = true,
                               .data = SERVICE_DATA_SUM,
                               .data_size = dma_to_size,
                               .moved = dma_moved,
                               .describe = describe_dma,
                               .perform = perform_dma},
    [SERVICE_DMA_FROM_MEMORY] = {.name = "dma-from-memory",
                                 .description = "a DMA transfer from memory",
                                 .args = 2,
                                 .answers = true,
                                 .data = SERVICE_DATA_GOT,
                                 .data_size = dma_moved,
                                 .moved = dma_moved,
                                 .describe = describe_dma,
                                 .perform = perform_dma},
    [SERVICE_BLOCK_VECTOR] = {.name = "block-vector",
                              .description = "a request to drive",
                              .args = 5,
                              .data = SERVICE_DATA_SUM,
                              .data_size = service_vector_size,
                              .describe = service_vector_describe,
                              .perform = service_block_perform},
    [SERVICE_PCI_READ] = {.name = "pci-read",
                          .description = "a read of configuration space",
                          .args = 3,
                          .answers = true,
                          .describe = describe_pci,
                          .perform = perform_pci_read},
    [SERVICE_PCI_WRITE] = {.name = "pci-write",
                           .description = "a write of configuration space",
                           .args = 4,
                           .describe = describe_pci,
                           .perform = perform_pci_write},
    [SERVICE_SHADOW] = {.name = "shadow",
                        .description = "a change of shadow memory",
                        .args = 3,
                        .describe = describe_shadow,
                        .perform = perform_shadow},
    [SERVICE_RANDOM] = {.name = "random",
                        .description = "a request for random numbers",
                        .args = 1,
                        .answers = true,
                        .of_host = true,
                        .data = SERVICE_DATA_GOT,
                        .data_size = random_size,
                        .perform = perform_random},
    [SERVICE_NET_SEND] = {.name = "net-send",
                          .description = "a frame",
                          .args = 2,
                          .answers = true,
                          .of_host = true,
                          .data = SERVICE_DATA_SUM,
                          .data_size = net_send_size,
                          .describe = describe_net_send,
                          .perform = perform_net_send},
    [SERVICE_VIEW] = {.name = "view",
                      .description = "a view of memory",
                      .args = 5,
                      .describe = service_view_describe,
                      .perform = service_view_perform},
};

char *service_describe(const ServiceCall *call)
{
    const ServiceClass *service = &SERVICES[call->kind];
    GString *text = g_string_new(service->description);
    if (service->describe) {
        service->describe(call, text);
    }
    return g_string_free(text, false);
}

/* ---- the services themselves ---- */

void device_services_init(DeviceServices *services, const DeviceServicesClass *class, Device *dev)
{
    services->class = class;
    services->dev = dev;
    services->slots = g_ptr_array_new_with_free_func(g_free);
    services->lines = g_ptr_array_new_with_free_func((GDestroyNotify)irq_line_free);
}

void device_services_clear(DeviceServices *services)
{
    g_ptr_array_unref(services->slots);
    g_ptr_array_unref(services->lines);
}

uint64_t pio_now(const Device *dev)
{
    return dev->services->class->now(dev->services);
}

static uint64_t machine_now(const DeviceServices *services)
{
    return clock_now(services->dev->host->clock);
}

static void machine_call(DeviceServices *services, ServiceCall *call)
{
    service_perform(services->dev, call);
}

const DeviceServicesClass MACHINE_SERVICES = {.now = machine_now, .call = machine_call};
