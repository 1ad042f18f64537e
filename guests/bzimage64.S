/*
 * The same image as bzimage, with the flag that 64-bit kernels have: it says
 * that there is a 64-bit entry, and that the CPU has to have long mode.
 */
#define XLOADFLAGS LINUX_XLF_KERNEL_64
#include "guests/bzimage.S"
