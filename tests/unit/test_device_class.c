/*
 * A device class that cannot be used is refused with its name, whatever is
 * wrong with it.
 */
#include "tests/unit/rig.h"

#include "devices/device_table.h"
#include "devices/net.h"
#include "devices/ram.h"
#include "devices/surface.h"
#include "src/device/device_class.h"

#include <string.h>

typedef struct Lamp {
    Device *dev;
    uint16_t iobase;
    bool on;
    unsigned colour;
    Timer *timer;
    IrqLine *line;
} Lamp;

static uint64_t lamp_read(void *state, uint64_t offset, unsigned size)
{
    (void)offset, (void)size;
    return ((Lamp *)state)->on;
}

static void lamp_fire(void *state, uint64_t deadline)
{
    (void)state, (void)deadline;
}

static const IoOps LAMP_OPS = {.read = lamp_read, .max_size = 1};

/* A correct class, of which a test can spoil one part. */
typedef struct Parts {
    IoOps ops;
    DeviceProperty properties[3];
    DeviceRegion regions[2];
    DeviceTimer timers[2];
    DeviceOutput outputs[2];
    DeviceField fields[2];
    DmaServer server;
    DeviceClass class;
} Parts;

static void make(Parts *parts)
{
    static const char *const COLOURS[] = {"red", NULL};
    *parts = (Parts){
        .ops = LAMP_OPS,
        .properties = {DEVICE_PORT(Lamp, iobase, "iobase", "the port"),
                       DEVICE_CHOICE(Lamp, colour, "colour", COLOURS, "red", "its light"),
                       DEVICE_PROPERTY_END},
        .regions = {{DEVICE_PORTS("port", 1, &parts->ops, "iobase")}, DEVICE_REGION_END},
        .timers = {DEVICE_TIMER(Lamp, timer, "off", lamp_fire), DEVICE_TIMER_END},
        .outputs = {DEVICE_OUTPUT(Lamp, line, "light"), DEVICE_OUTPUT_END},
        .fields = {DEVICE_FIELD_BOOL(Lamp, on), DEVICE_FIELD_END},
        .class = {.head = DEVICE_CLASS_HEAD("lamp", Lamp), .description = "a lamp"},
    };
    parts->class.properties = parts->properties;
    parts->class.regions = parts->regions;
    parts->class.timers = parts->timers;
    parts->class.outputs = parts->outputs;
    parts->class.fields = parts->fields;
}

static void spoil_abi(Parts *p)
{
    p->class.head.abi = DEVICE_ABI - 1;
}

static void spoil_class_size(Parts *p)
{
    p->class.head.struct_size -= 8;
}

static void spoil_table_size(Parts *p)
{
    p->class.head.table_size[DEVICE_TABLE_PROPERTY] += 8;
}

static void add_table(Parts *p)
{
    p->class.head.table_size[DEVICE_TABLE_COUNT] = 16;
}

static void lose_name(Parts *p)
{
    p->class.head.name = NULL;
}

static void lose_description(Parts *p)
{
    p->class.description = NULL;
}

static void lose_state(Parts *p)
{
    p->class.head.state_size = 4;
}

static void move_property(Parts *p)
{
    p->properties[0].offset = sizeof(Lamp) - 1;
}

static void move_over_device(Parts *p)
{
    p->properties[0].offset = 0;
}

static void spoil_kind(Parts *p)
{
    p->properties[0].kind = 77;
}

static void lose_choices(Parts *p)
{
    p->properties[1].choices = NULL;
}

static void repeat_property(Parts *p)
{
    p->properties[1].name = "iobase";
}

static void lose_ops(Parts *p)
{
    p->regions[0].ops = NULL;
}

static void spoil_width(Parts *p)
{
    p->ops.max_size = 3;
}

static bool never(const void *state)
{
    (void)state;
    return false;
}

static void lose_go_on(Parts *p)
{
    p->ops.unfinished = never;
}

static void misname_base(Parts *p)
{
    p->regions[0].base_property = "basis";
}

static void name_text_as_base(Parts *p)
{
    p->regions[0].base_property = "colour";
}

static void lose_fire(Parts *p)
{
    p->timers[0].fire = NULL;
}

static void move_output(Parts *p)
{
    p->outputs[0].offset = sizeof(Lamp);
}

static void lengthen_field(Parts *p)
{
    p->fields[0].count = UINT32_MAX;
}

static void widen_field(Parts *p)
{
    p->fields[0].size = 3;
}

static void lose_set_pin(Parts *p)
{
    p->class.input_count = 1;
}

static void lose_transfer(Parts *p)
{
    p->class.dma_server = &p->server;
}

static void spoil_surface(Parts *p)
{
    static const SurfaceClient OLDER = {.struct_size = sizeof(OLDER) - 8};
    p->class.surface_client = &OLDER;
}

static void spoil_net(Parts *p)
{
    static const NetClient OLDER = {.struct_size = sizeof(OLDER) - 8};
    p->class.net_client = &OLDER;
}

static void spoil_ram(Parts *p)
{
    static const DeviceRam OLDER[] = {{.struct_size = sizeof(DeviceRam) - 8}};
    p->class.rams = OLDER;
}

static void a_class_that_is_wrong_is_refused_by_name(void)
{
    static const struct {
        void (*spoil)(Parts *parts);
        const char *message;
    } CASES[] = {
        {spoil_abi,
         "lamp: built for version * of the device interface*version " G_STRINGIFY(DEVICE_ABI) " *"},
        {spoil_class_size, "lamp: its DeviceClass has * bytes instead of *"},
        {spoil_table_size, "lamp: its DeviceProperty has * bytes instead of *"},
        {add_table, "lamp: its further table has 16 bytes instead of 0 *"},
        {lose_name, "a device class without a name"},
        {lose_description, "device lamp: no description*"},
        {lose_state, "device lamp: *a state without the Device ?"},
        {move_property, "device lamp: the property 'iobase' *outside the state"},
        {move_over_device, "device lamp: the property 'iobase' *outside the state"},
        {spoil_kind, "device lamp: the property 'iobase' is of a kind that there is not*"},
        {lose_choices, "device lamp: the property 'colour' has no choices"},
        {repeat_property, "device lamp: the property 'iobase' is there twice"},
        {lose_ops, "device lamp: the region 'port' has no operations*"},
        {spoil_width, "device lamp: the region 'port' *widths*"},
        {lose_go_on, "device lamp: the region 'port' *"},
        {misname_base, "device lamp: the region 'port' names a property*"},
        {name_text_as_base, "device lamp: the region 'port' names a property*"},
        {lose_fire, "device lamp: the timer 'off' has no function*"},
        {move_output, "device lamp: the output 'light' is outside the state"},
        {lengthen_field, "device lamp: the field 'on' *outside the state"},
        {widen_field, "device lamp: the field 'on' is no number*"},
        {lose_set_pin, "device lamp: it has input pins, but no set_pin"},
        {lose_transfer, "device lamp: its DMA server has no request*"},
        {spoil_net, "lamp: its NetClient has * bytes instead of *"},
        {spoil_ram, "lamp: its DeviceRam has * bytes instead of *"},
        {spoil_surface, "lamp: its SurfaceClient has * bytes instead of *"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Parts parts;
        make(&parts);
        g_autoptr(GError) error = NULL;
        g_assert_true(device_class_check(&parts.class, &error));
        CASES[i].spoil(&parts);
        g_assert_false(device_class_check(&parts.class, &error));
        if (!g_pattern_match_simple(CASES[i].message, error->message)) {
            g_error("case %zu: %s", i, error->message);
        }
    }
}

static void a_module_is_refused_by_its_file(void)
{
    Parts parts;
    make(&parts);
    const DeviceClass *classes[] = {&parts.class, NULL}, *none[] = {NULL};
    DeviceModule module = {
        .abi = DEVICE_ABI, .struct_size = sizeof(module), .name = "lamps", .classes = classes};
    g_autoptr(GError) error = NULL;
    g_assert_true(device_module_check(&module, "lamps.so", &error));
    g_assert_false(device_module_check(NULL, "lamps.so", &error));
    g_assert_cmpstr(error->message, ==, "lamps.so: its entry point gives nothing");
    g_clear_error(&error);
    module.abi = 999;
    g_assert_false(device_module_check(&module, "lamps.so", &error));
    g_assert_true(g_str_has_prefix(error->message, "lamps.so: built for version 999 "));
    g_clear_error(&error);
    module.abi = DEVICE_ABI;
    module.struct_size = 8;
    g_assert_false(device_module_check(&module, "lamps.so", &error));
    g_clear_error(&error);
    module.struct_size = sizeof(module);
    module.classes = none;
    g_assert_false(device_module_check(&module, "lamps.so", &error));
    g_assert_cmpstr(error->message, ==, "lamps.so: has no devices");
    g_clear_error(&error);
    module.classes = classes;
    parts.class.description = NULL;
    g_assert_false(device_module_check(&module, "lamps.so", &error));
    g_assert_true(g_str_has_prefix(error->message, "lamps.so: device lamp: "));
}

static void every_class_of_the_program_is_right(void)
{
    for (const DeviceClass *const *class = device_table; *class; class ++) {
        g_autoptr(GError) error = NULL;
        device_class_check(*class, &error);
        g_assert_no_error(error);
    }
}

static void an_output_that_there_is_not_is_refused(void)
{
    Rig *rig = rig_new();
    Device *dev = rig_device_new(rig, "port92");
    g_autoptr(GError) error = NULL;
    g_assert_false(device_connect(dev, "a21", rig_line(rig, 16), &error));
    g_assert_true(g_str_has_suffix(error->message, "device port92 has no output 'a21'"));
    g_assert_true(device_connect(dev, "a20", rig_line(rig, 16), NULL));
    rig_free(rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device-class/a_class_that_is_wrong_is_refused_by_name",
                    a_class_that_is_wrong_is_refused_by_name);
    g_test_add_func("/device-class/a_module_is_refused_by_its_file",
                    a_module_is_refused_by_its_file);
    g_test_add_func("/device-class/every_class_of_the_program_is_right",
                    every_class_of_the_program_is_right);
    g_test_add_func("/device-class/an_output_that_there_is_not_is_refused",
                    an_output_that_there_is_not_is_refused);
    return g_test_run();
}
