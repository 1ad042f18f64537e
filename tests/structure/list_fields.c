/* Prints what each device class saves, as lines of "CLASS FIELD KIND", for check_state.py. */
#include "devices/device_table.h"

#include <stdio.h>

int main(void)
{
    for (const DeviceClass *const *entry = device_table; *entry; entry++) {
        const DeviceField *field = (*entry)->fields;
        printf("%s\n", (*entry)->head.name);
        for (; field && field->kind != FIELD_END; field++) {
            printf("%s %s %s\n", (*entry)->head.name, field->name,
                   field->kind == FIELD_BOOL ? "bool" : "number");
        }
    }
    return 0;
}
