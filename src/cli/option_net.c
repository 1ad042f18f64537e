/*
 * The options of networks.  -nic and -net become a netdev and a -device once it is
 * known which card the board has.
 */
#include "src/cli/option_util.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/net/net.h"

#include <string.h>

#define CARD_OF_PC "e1000"

bool option_set_netdev(Parse *parse, const char *value, GError **error)
{
    (void)error;
    if (option_wants_help(value)) {
        parse->text = net_types();
    } else {
        g_ptr_array_add(parse->config->netdevs, g_strdup(value));
    }
    return true;
}

bool option_set_nic(Parse *parse, const char *value, GError **error)
{
    (void)error;
    if (option_wants_help(value)) {
        parse->text = net_types();
        return true;
    }
    g_autofree char *type = g_strndup(value, strcspn(value, ","));
    if (strcmp(type, "none") != 0) {
        g_ptr_array_add(parse->config->nics, g_strdup_printf("-%s %s", parse->option->name, value));
    }
    return true;
}

/* ---- when all options are read ---- */

/* The keys of a card; everything else is of the network. */
static const char *const CARD_KEYS[] = {"model", "mac", "macaddr", "addr", "vectors", "name", NULL};

/* The end of an item: a comma that is not written twice. */
static const char *item_end(const char *text)
{
    while (*text && (*text != ',' || text[1] == ',')) {
        text += *text == ',' ? 2 : 1;
    }
    return text;
}

static bool is_card_key(const char *item)
{
    g_autofree char *key = g_strndup(item, strcspn(item, "="));
    return g_strv_contains(CARD_KEYS, key);
}

/* The items of a card, or all others. */
static char *select_items(const char *text, bool card)
{
    GString *chosen = g_string_new(NULL);
    for (const char *at = text, *end; *at; at = *end ? end + 1 : end) {
        end = item_end(at);
        g_autofree char *item = g_strndup(at, (gsize)(end - at));
        if (is_card_key(item) == card) {
            g_string_append_printf(chosen, "%s%s", chosen->len ? "," : "", item);
        }
    }
    return g_string_free(chosen, false);
}

static const char *usual_card(const Config *config)
{
    return g_str_has_prefix(config->machine, "isapc") ? NULL : CARD_OF_PC;
}

/* QEMU's short names. */
static const char *class_of(const char *model)
{
    return !strcmp(model, "virtio") ? "virtio-net-pci" : model;
}

static bool add_card(Parse *parse, const char *option, const char *items, const char *netdev,
                     GError **error)
{
    g_autoptr(GHashTable) keys = keyval_parse(option, items, NULL, CARD_KEYS, error);
    if (!keys) {
        return false;
    }
    const char *model = g_hash_table_lookup(keys, "model") ?: usual_card(parse->config);
    const char *mac = g_hash_table_lookup(keys, "mac") ?: g_hash_table_lookup(keys, "macaddr");
    const char *address = g_hash_table_lookup(keys, "addr");
    if (!model) {
        return error_refuse(error, "%s: the board has no usual card (model=NAME, -device help)",
                            option);
    }
    g_ptr_array_add(parse->config->devices,
                    g_strdup_printf("%s,netdev=%s%s%s%s%s", class_of(model), netdev,
                                    mac ? ",mac=" : "", mac ? mac : "", address ? ",addr=" : "",
                                    address ? address : ""));
    return true;
}

static const char *value_of(const char *option)
{
    return strchr(option, ' ') + 1;
}

static bool plug_nic(Parse *parse, const char *option, unsigned number, GError **error)
{
    g_autofree char *card = select_items(value_of(option), true);
    g_autofree char *net = select_items(value_of(option), false);
    g_autoptr(GHashTable) keys = keyval_parse(option, net, "type", NULL, error);
    if (!keys) {
        return false;
    }
    const char *id = g_hash_table_lookup(keys, "id");
    g_autofree char *netdev = id ? g_strdup(id) : g_strdup_printf("net%u", number);
    g_ptr_array_add(parse->config->netdevs,
                    id ? g_strdup(net) : g_strdup_printf("%s,id=%s", net, netdev));
    return add_card(parse, option, card, netdev, error);
}

/* ---- -net: a card and a network, in any order ---- */

static bool is_net_card(const char *option)
{
    const char *value = value_of(option);
    return g_str_has_prefix(option, "-net ") && !strncmp(value, "nic", 3) &&
           (!value[3] || value[3] == ',');
}

static bool is_net_network(const char *option)
{
    return g_str_has_prefix(option, "-net ") && !is_net_card(option);
}

/* The only one that `is` one; NULL with an error: there are several. */
static bool find_only(const GPtrArray *options, bool (*is)(const char *option), const char **found,
                      GError **error)
{
    *found = NULL;
    for (guint i = 0; i < options->len; i++) {
        const char *option = options->pdata[i];
        if (is(option) && *found) {
            return error_refuse(error, "%s: there is %s already (write -nic for each card)", option,
                                *found);
        }
        *found = is(option) ? option : *found;
    }
    return true;
}

static bool plug_pair(Parse *parse, GError **error)
{
    const char *card, *network;
    if (!find_only(parse->config->nics, is_net_card, &card, error) ||
        !find_only(parse->config->nics, is_net_network, &network, error)) {
        return false;
    }
    if (network) {
        g_ptr_array_add(parse->config->netdevs, g_strdup_printf("%s,id=hub0", value_of(network)));
    }
    if (!card) {
        return !network || error_refuse(error, "%s: goes with -net nic", network);
    }
    const char *items = value_of(card) + strlen("nic");
    return add_card(parse, card, *items ? items + 1 : "", network ? "hub0" : "", error);
}

bool option_plug_networks(Parse *parse, GError **error)
{
    unsigned number = 0;
    for (guint i = 0; i < parse->config->nics->len; i++) {
        const char *option = parse->config->nics->pdata[i];
        if (g_str_has_prefix(option, "-nic ") && !plug_nic(parse, option, number++, error)) {
            return false;
        }
    }
    return plug_pair(parse, error);
}
