/* INT 10h, AH = 4Fh: the VESA BIOS Extension on the Bochs display interface. */
#ifndef PIOEMU_BIOS_VBE_H
#define PIOEMU_BIOS_VBE_H

#include "bios/bios.h"

void vbe_service(Regs *regs);

#endif
