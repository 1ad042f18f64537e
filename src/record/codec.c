#include "src/record/codec.h"

/*
 * The contents of each kind of call, in their order:
 *   a  the address          v  the value         p  both, the value being a bit
 *   i  count and items      b  count and bytes   t  whether it was accepted
 *   d  count and the bytes that a DMA channel moved
 */
static const struct {
    const char *name, *description, *layout;
} CALLS[CALL_KINDS] = {
    [CALL_REALIZE] = {"realize", "power-on", ""},
    [CALL_RESET] = {"reset", "reset", ""},
    [CALL_READ] = {"read", "read", "av"},
    [CALL_WRITE] = {"write", "write", "av"},
    [CALL_READ_BLOCK] = {"read-block", "read", "ai"},
    [CALL_WRITE_BLOCK] = {"write-block", "write", "ai"},
    [CALL_TIMER] = {"timer", "timer", "av"},
    [CALL_SET_PIN] = {"set-pin", "input pin", "p"},
    [CALL_ACKNOWLEDGE] = {"acknowledge", "acknowledge", "v"},
    [CALL_RECEIVE] = {"receive", "input", "ab"},
    [CALL_BREAK] = {"break", "break", "a"},
    [CALL_LINES] = {"lines", "modem lines", "av"},
    [CALL_TX_ROOM] = {"tx-room", "line has room", "a"},
    [CALL_KEY] = {"key", "key", "pt"},
    [CALL_POINTER] = {"pointer", "pointer", "avt"},
    [CALL_BLOCK] = {"block", "drive is done", "avb"},
    [CALL_DMA_REQUEST] = {"dma-request", "DMA request", "p"},
    [CALL_DMA] = {"dma", "DMA transfer", "avd"},
    [CALL_GO_ON] = {"go-on", "piece of a transfer", "av"},
    [CALL_MEDIUM] = {"medium", "change of medium", "av"},
    [CALL_PCI_WRITE] = {"pci-write", "write of configuration space", "av"},
    [CALL_NET_RECEIVE] = {"net-receive", "frame", "ab"},
    [CALL_NET_ROOM] = {"net-room", "network has room", "a"},
    [CALL_NET_LINK] = {"net-link", "change of link", "av"},
    [CALL_EJECT] = {"eject", "wish to eject", "at"},
};

const char *record_call_name(DeviceCallKind kind)
{
    return CALLS[kind].name;
}

const char *record_call_description(DeviceCallKind kind)
{
    return CALLS[kind].description;
}

/* ---- calls ---- */

/* The bytes that the device sent to memory or got from it. */
static size_t dma_data_size(const DeviceCall *call)
{
    return call->address & 1 ? call->count : call->value >> 1;
}

static void put_data(GByteArray *out, const DeviceCall *call, size_t size)
{
    record_put(out, call->count);
    g_byte_array_append(out, call->data, (guint)size);
}

static void put_part(GByteArray *out, const DeviceCall *call, char part)
{
    switch (part) {
    case 'a':
        record_put(out, call->address);
        break;
    case 'v':
        record_put(out, call->value);
        break;
    case 'p':
        record_put(out, call->address << 1 | call->value);
        break;
    case 'i':
        put_data(out, call, call->count * call->size);
        break;
    case 'b':
        put_data(out, call, call->count);
        break;
    case 'd':
        put_data(out, call, dma_data_size(call));
        break;
    default:
        record_put_byte(out, call->count != 0);
    }
}

void record_put_call(GByteArray *out, const DeviceCall *call)
{
    for (const char *part = CALLS[call->kind].layout; *part; part++) {
        put_part(out, call, *part);
    }
}

static void get_data(RecordReader *in, DeviceCall *call, char part)
{
    call->count = record_get(in);
    if (call->count > RECORD_ITEMS_MAX || (part == 'd' && call->value >> 1 > call->count)) {
        in->over = true;
        call->count = 0;
    }
    call->size = part == 'd' ? 1 : call->size;
    call->data = record_get_bytes(in, part == 'i'   ? call->count * call->size
                                      : part == 'd' ? dma_data_size(call)
                                                    : call->count);
}

static void get_part(RecordReader *in, DeviceCall *call, char part)
{
    switch (part) {
    case 'a':
        call->address = record_get(in);
        break;
    case 'v':
        call->value = record_get(in);
        break;
    case 'p':
        call->address = record_get(in);
        call->value = call->address & 1;
        call->address >>= 1;
        break;
    case 't':
        call->count = record_get_byte(in);
        break;
    default:
        get_data(in, call, part);
    }
}

void record_get_call(RecordReader *in, DeviceCall *call)
{
    for (const char *part = CALLS[call->kind].layout; *part; part++) {
        get_part(in, call, *part);
    }
}

/* ---- items ---- */

static void put_item(GByteArray *out, unsigned kind, const uint8_t *head, size_t head_size,
                     const void *data, size_t size)
{
    record_put(out, kind);
    record_put(out, head_size + size);
    g_byte_array_append(out, head, (guint)head_size);
    if (size) {
        g_byte_array_append(out, data, (guint)size);
    }
}

void record_put_service(GByteArray *out, const ServiceCall *call)
{
    const ServiceClass *service = &SERVICES[call->kind];
    uint8_t head[(SERVICE_ARGS + 2) * RECORD_NUMBER_MAX], *end = head;
    size_t size = service->data_size ? service->data_size(call) : 0;
    for (unsigned i = 0; i < service->args; i++) {
        end = record_write(end, call->args[i]);
    }
    if (service->answers) {
        end = record_write(end, call->answer);
    }
    if (service->data == SERVICE_DATA_SUM && size) {
        end = record_write(end, record_sum(call->sent, size));
        size = 0;
    }
    put_item(out, ITEM_SERVICES + call->kind, head, (size_t)(end - head),
             service->data == SERVICE_DATA_GOT ? call->room : call->sent, size);
}

void record_put_nested(GByteArray *out, unsigned first_byte, const DeviceCall *call)
{
    g_autoptr(GByteArray) body = g_byte_array_new();
    record_put(body, call->kind);
    record_put_byte(body, first_byte);
    record_put_call(body, call);
    put_item(out, ITEM_CALL, body->data, body->len, NULL, 0);
}

void record_put_return(GByteArray *out, uint64_t answer)
{
    uint8_t head[RECORD_NUMBER_MAX];
    put_item(out, ITEM_RETURN, head, (size_t)(record_write(head, answer) - head), NULL, 0);
}

/* ---- names ---- */

void record_names_init(RecordNames *names)
{
    names->calls = g_ptr_array_new_with_free_func(g_free);
    names->services = g_ptr_array_new_with_free_func(g_free);
}

void record_names_clear(RecordNames *names)
{
    g_clear_pointer(&names->calls, g_ptr_array_unref);
    g_clear_pointer(&names->services, g_ptr_array_unref);
}

void record_names_add(GPtrArray *list, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    for (char **word = words; *word; word++) {
        g_ptr_array_add(list, g_strdup(*word));
    }
}

static const char *name_of(const GPtrArray *list, uint64_t number)
{
    return number < list->len ? list->pdata[number] : NULL;
}

DeviceCallKind record_find_call(const RecordNames *names, uint64_t number)
{
    const char *name = name_of(names->calls, number);
    unsigned kind = 0;
    while (kind < CALL_KINDS && g_strcmp0(name, CALLS[kind].name) != 0) {
        kind++;
    }
    return (DeviceCallKind)kind;
}

static ServiceKind find_service(const char *name)
{
    unsigned kind = 0;
    while (kind < SERVICE_KINDS && g_strcmp0(name, SERVICES[kind].name) != 0) {
        kind++;
    }
    return (ServiceKind)kind;
}

/* ---- reading items ---- */

static RecordedService get_service(RecordReader *in, ServiceKind kind)
{
    RecordedService recorded = {.call = {.kind = kind}};
    ServiceCall *call = &recorded.call;
    const ServiceClass *service = &SERVICES[kind];
    for (unsigned i = 0; i < service->args; i++) {
        call->args[i] = record_get(in);
    }
    call->answer = service->answers ? record_get(in) : 0;
    in->over |= service->moved && service->moved(call) > call->args[1];
    uint64_t size = service->data_size ? service->data_size(call) : 0;
    if (service->data == SERVICE_DATA_SUM) {
        recorded.sum = size ? record_get(in) : 0;
    } else if (size) {
        recorded.data = record_get_bytes(in, size);
    }
    return recorded;
}

/* A call that was made during another call has the form of a record. */
static DeviceCall get_nested(RecordReader *in, const RecordNames *names)
{
    DeviceCall call = {.kind = record_find_call(names, record_get(in))};
    unsigned first = record_get_byte(in);
    call.size = record_size(first);
    call.space = first & RECORD_MEMORY ? IO_MEMORY : IO_PORTS;
    if (call.kind >= CALL_KINDS) {
        in->over = true;
    } else {
        record_get_call(in, &call);
    }
    return call;
}

static ReplayItem get_body(RecordReader *in, uint64_t number, const RecordNames *names)
{
    ReplayItem item = {.kind = (RecordItem)number};
    if (number == ITEM_CALL) {
        item.nested = get_nested(in, names);
        return item;
    }
    if (number == ITEM_RETURN) {
        item.answer = record_get(in);
        return item;
    }
    const char *name = name_of(names->services, number - ITEM_SERVICES);
    ServiceKind kind = find_service(name);
    item.kind = ITEM_SERVICES;
    if (kind < SERVICE_KINDS) {
        item.service = get_service(in, kind);
    } else {
        in->at = in->size;
        item.kind = ITEM_UNKNOWN;
        item.name = name ? name : "?";
    }
    return item;
}

ReplayItem record_get_item(RecordReader *in, const RecordNames *names)
{
    uint64_t number = record_get(in);
    if (number == ITEM_END) {
        return (ReplayItem){0};
    }
    uint64_t length = record_get(in);
    const uint8_t *bytes = record_get_bytes(in, length);
    RecordReader body = {.data = bytes, .size = bytes ? length : 0};
    ReplayItem item = bytes ? get_body(&body, number, names) : (ReplayItem){0};
    in->over |= body.over || body.at != body.size;
    return in->over ? (ReplayItem){0} : item;
}
