/* Prints "CLASS PROPERTY" for each property that gives the place of a device and has a default. */
#include "devices/device_table.h"

#include <stdio.h>
#include <string.h>

static bool is_base(const DeviceClass *class, const char *name)
{
    for (const DeviceRegion *r = class->regions; r && r->name; r++) {
        if (r->base_property && !strcmp(r->base_property, name)) {
            return true;
        }
    }
    return false;
}

int main(void)
{
    for (const DeviceClass *const *entry = device_table; *entry; entry++) {
        for (const DeviceProperty *p = (*entry)->properties; p && p->name; p++) {
            bool place =
                p->kind == PROPERTY_IRQ || p->kind == PROPERTY_DMA || is_base(*entry, p->name);
            if (place && p->default_value) {
                printf("%s %s\n", (*entry)->head.name, p->name);
            }
        }
    }
    return 0;
}
