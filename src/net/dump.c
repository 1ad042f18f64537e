/*
 * -object filter-dump: writes each frame of a netdev into a file in the format of
 * libpcap 2.4, with machine time.
 */
#include "src/base/error.h"
#include "src/base/number.h"
#include "src/net/net_internal.h"

#include <errno.h>
#include <stdio.h>

#define PCAP_MAGIC    0xa1b2c3d4u /* the times have microseconds */
#define PCAP_MAJOR    2u
#define PCAP_MINOR    4u
#define PCAP_ETHERNET 1u
#define LENGTH_USUAL  65536u

struct NetDump {
    const NetHost *host;
    char *id, *path;
    FILE *file; /* NULL: writing has failed */
    uint64_t length;
};

static bool write_header(NetDump *dump)
{
    const struct {
        uint32_t magic;
        uint16_t major, minor;
        uint32_t zone, accuracy, length, link;
    } header = {PCAP_MAGIC, PCAP_MAJOR, PCAP_MINOR, 0, 0, (uint32_t)dump->length, PCAP_ETHERNET};
    return fwrite(&header, sizeof(header), 1, dump->file) == 1 && fflush(dump->file) == 0;
}

NetDump *net_dump_new(const NetHost *host, GHashTable *options, GError **error)
{
    const char *path = g_hash_table_lookup(options, "file");
    const char *id = g_hash_table_lookup(options, "id");
    const char *length = g_hash_table_lookup(options, "maxlen");
    uint64_t most = LENGTH_USUAL;
    if (!id || !path) {
        error_refuse(error, "needs %s", id ? "file=PATH" : "id=ID");
        return NULL;
    }
    if (length && !number_parse("maxlen", length, LENGTH_USUAL, &most, error)) {
        return NULL;
    }
    FILE *file = fopen(path, "we");
    if (!file) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "%s", g_strerror(errno));
        return NULL;
    }
    NetDump *dump = g_new0(NetDump, 1);
    *dump = (NetDump){
        .host = host, .id = g_strdup(id), .path = g_strdup(path), .file = file, .length = most};
    if (!write_header(dump)) {
        error_refuse(error, "%s", g_strerror(errno));
        g_clear_pointer(&dump, net_dump_free);
    }
    return dump;
}

const char *net_dump_id(const NetDump *dump)
{
    return dump->id;
}

static void give_up(NetDump *dump)
{
    g_autofree char *text = g_strdup_printf("filter-dump %s: cannot write %s: %s; it ends here",
                                            dump->id, dump->path, g_strerror(errno));
    fclose(dump->file);
    dump->file = NULL;
    if (dump->host->message) {
        dump->host->message(dump->host->opaque, text);
    }
}

/* What is in the file is whole after each frame, so that it can be read while it grows. */
void net_dump_frame(NetDump *dump, const uint8_t *frame, size_t size)
{
    uint64_t now = clock_now(dump->host->clock);
    size_t kept = MIN(size, dump->length);
    const uint32_t head[] = {(uint32_t)(now / NS_PER_SECOND),
                             (uint32_t)(now % NS_PER_SECOND / 1000), (uint32_t)kept,
                             (uint32_t)size};
    if (dump->file && (fwrite(head, sizeof(head), 1, dump->file) != 1 ||
                       fwrite(frame, 1, kept, dump->file) != kept || fflush(dump->file) != 0)) {
        give_up(dump);
    }
}

void net_dump_free(NetDump *dump)
{
    if (dump->file) {
        fclose(dump->file);
    }
    g_free(dump->id);
    g_free(dump->path);
    g_free(dump);
}
