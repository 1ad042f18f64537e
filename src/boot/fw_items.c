#include "src/boot/fw_items.h"

#include "devices/misc/fw_cfg_regs.h"
#include "src/base/error.h"
#include "src/base/file_io.h"
#include "src/base/keyval.h"

#include <string.h>

typedef struct FwItem {
    unsigned key;
    char *name; /* NULL: it is not a file */
    GBytes *bytes;
    bool given; /* by -fw_cfg */
} FwItem;

struct FwItems {
    GPtrArray *numbered, *files; /* of FwItem */
    GArray *table;               /* of DataItem */
    DataTable data;
};

static void item_free(gpointer data)
{
    FwItem *item = data;
    g_free(item->name);
    g_bytes_unref(item->bytes);
    g_free(item);
}

FwItems *fw_items_new(void)
{
    FwItems *items = g_new0(FwItems, 1);
    items->numbered = g_ptr_array_new_with_free_func(item_free);
    items->files = g_ptr_array_new_with_free_func(item_free);
    items->table = g_array_new(false, false, sizeof(DataItem));
    return items;
}

void fw_items_free(FwItems *items)
{
    g_ptr_array_unref(items->numbered);
    g_ptr_array_unref(items->files);
    g_array_unref(items->table);
    g_free(items);
}

/* ---- adding ---- */

static void add(GPtrArray *list, unsigned key, const char *name, GBytes *bytes)
{
    FwItem *item = g_new0(FwItem, 1);
    *item = (FwItem){key, g_strdup(name), bytes, false};
    g_ptr_array_add(list, item);
}

void fw_items_add(FwItems *items, unsigned key, GBytes *bytes)
{
    add(items->numbered, key, NULL, bytes);
}

void fw_items_add_number(FwItems *items, unsigned key, uint64_t value, unsigned size)
{
    fw_items_add(items, key, g_bytes_new(&value, size));
}

static bool has_file(const FwItems *items, const char *name)
{
    for (guint i = 0; i < items->files->len; i++) {
        const FwItem *item = items->files->pdata[i];
        if (!strcmp(item->name, name)) {
            return true;
        }
    }
    return false;
}

void fw_items_add_file(FwItems *items, const char *name, GBytes *bytes)
{
    if (has_file(items, name)) {
        g_bytes_unref(bytes);
    } else {
        add(items->files, 0, name, bytes);
    }
}

/* A file that the user gave stays. */
void fw_items_set_file(FwItems *items, const char *name, GBytes *bytes)
{
    for (guint i = 0; i < items->files->len; i++) {
        FwItem *item = items->files->pdata[i];
        if (!strcmp(item->name, name) && !item->given) {
            g_bytes_unref(item->bytes);
            item->bytes = bytes;
            return;
        }
    }
    fw_items_add_file(items, name, bytes);
}

void fw_items_add_number_file(FwItems *items, const char *name, uint64_t value, unsigned size)
{
    fw_items_add_file(items, name, g_bytes_new(&value, size));
}

/* ---- -fw_cfg ---- */

static bool refuse(GError **error, const char *text, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-fw_cfg %s: %s", text, why);
    return false;
}

static bool check_keys(const FwItems *items, GHashTable *keys, const char *text, GError **error)
{
    const char *name = g_hash_table_lookup(keys, "name");
    bool file = g_hash_table_contains(keys, "file");
    bool string = g_hash_table_contains(keys, "string");
    if (!name || !*name) {
        return refuse(error, text, "names no item (name=opt/NAME)");
    }
    if (strlen(name) >= FW_CFG_NAME_SIZE) {
        return refuse(error, text, "a name has at most 55 characters");
    }
    if (file == string) {
        return refuse(error, text, "needs one of file=PATH and string=TEXT");
    }
    return !has_file(items, name) || refuse(error, text, "there is an item of this name already");
}

static GBytes *read_contents(GHashTable *keys, const char *text, GError **error)
{
    const char *string = g_hash_table_lookup(keys, "string");
    if (string) {
        return g_bytes_new(string, strlen(string));
    }
    g_autofree char *what = g_strdup_printf("-fw_cfg %s:", text);
    g_auto(InputFile) file;
    if (!input_file_open(&file, what, g_hash_table_lookup(keys, "file"), error)) {
        return NULL;
    }
    if (file.size > UINT32_MAX) {
        refuse(error, text, "the file has 4 GiB or more");
        return NULL;
    }
    return input_file_read(&file, error);
}

bool fw_items_add_option(FwItems *items, const char *text, GError **error)
{
    static const char *const KEYS[] = {"name", "file", "string", NULL};
    g_autoptr(GHashTable) keys = keyval_parse("-fw_cfg", text, "name", KEYS, error);
    if (!keys || !check_keys(items, keys, text, error)) {
        return false;
    }
    GBytes *bytes = read_contents(keys, text, error);
    if (bytes) {
        fw_items_add_file(items, g_hash_table_lookup(keys, "name"), bytes);
        ((FwItem *)items->files->pdata[items->files->len - 1])->given = true;
    }
    return bytes != NULL;
}

/* ---- the table ---- */

static gint compare_names(gconstpointer a, gconstpointer b)
{
    const FwItem *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static void append(FwItems *items, const FwItem *item, unsigned key)
{
    gsize size;
    const uint8_t *data = g_bytes_get_data(item->bytes, &size);
    DataItem entry = {key, item->name, data, (uint32_t)size};
    g_array_append_val(items->table, entry);
}

const DataTable *fw_items_table(FwItems *items)
{
    g_ptr_array_sort(items->files, compare_names);
    g_array_set_size(items->table, 0);
    for (guint i = 0; i < items->numbered->len; i++) {
        const FwItem *item = items->numbered->pdata[i];
        append(items, item, item->key);
    }
    for (guint i = 0; i < items->files->len; i++) {
        append(items, items->files->pdata[i], FW_CFG_FILE_FIRST + i);
    }
    items->data = (DataTable){(const DataItem *)(void *)items->table->data, items->table->len};
    return &items->data;
}
