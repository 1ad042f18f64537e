/*
 * Makes a module of the first device of docs/first-device.md.  With EGG_WRONG it is
 * one that pioemu must refuse.
 */
#include "devices/device.h"

extern const DeviceClass first_device_class;

#define WRONG_ENTRY   1 /* it has no entry point */
#define WRONG_VERSION 2 /* it is built with another header, and calls what is not there */
#define WRONG_SIZE    3 /* its DeviceModule is of another size */
#define WRONG_BINDING 4 /* it calls a function that no pioemu has */
#define WRONG_NOTHING 5 /* it has no devices */

#if EGG_WRONG == WRONG_VERSION
#undef DEVICE_ABI
#define DEVICE_ABI 1000
#endif

#if EGG_WRONG == WRONG_VERSION || EGG_WRONG == WRONG_BINDING
void pio_of_another_version(void);
void call_another_version(void);

void call_another_version(void)
{
    pio_of_another_version();
}
#endif

#if EGG_WRONG == WRONG_ENTRY
#elif EGG_WRONG == WRONG_SIZE
DEVICE_MODULE_ENTRY const DeviceModule *pioemu_device_module(void)
{
    static const DeviceModule module = {.abi = DEVICE_ABI, .struct_size = 16, .name = "eggs"};
    return &module;
}
#elif EGG_WRONG == WRONG_NOTHING
DEVICE_MODULE("eggs", NULL)
#else
DEVICE_MODULE("eggs", &first_device_class)
#endif
