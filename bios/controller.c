/*
 * Access to the ports of the keyboard controller.
 */
#include "bios/services.h"

#include "devices/input/i8042_regs.h"

#define TRIES 0x4000u

void controller_send(uint16_t port, uint8_t byte)
{
    for (unsigned i = 0; i < TRIES && (in8(I8042_STATUS) & I8042_ST_IBF); i++) {
    }
    out8(port, byte);
}

int controller_answer(void)
{
    for (unsigned i = 0; i < TRIES; i++) {
        uint8_t status = in8(I8042_STATUS);
        if (status & I8042_ST_OBF) {
            uint8_t byte = in8(I8042_DATA);
            return status & I8042_ST_TO ? -1 : byte;
        }
    }
    return -1;
}

void controller_flush(void)
{
    for (unsigned i = 0; i < TRIES && (in8(I8042_STATUS) & I8042_ST_OBF); i++) {
        in8(I8042_DATA);
    }
}

void controller_empty(void)
{
    for (unsigned i = 0; i < TRIES; i++) {
        uint8_t status = in8(I8042_STATUS);
        if (!(status & I8042_ST_OBF)) {
            return;
        }
        if (status & I8042_ST_AUXB) {
            in8(I8042_DATA);
        } else {
            bios_window();
        }
    }
    in8(I8042_DATA);
}
