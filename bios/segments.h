/*
 * The two segments of the BIOS, for C and for assembly: its code, in which the
 * CPU starts, and below it the data with the stack (bios.ld).
 */
#ifndef PIOEMU_BIOS_SEGMENTS_H
#define PIOEMU_BIOS_SEGMENTS_H

#define BIOS_SEGMENT      0xf000
#define BIOS_DATA_SEGMENT 0xe800

#endif
