/*
 * The same image as bzimage, with the flag of 64-bit kernels.  The flag means that
 * there is a 64-bit entry, and that the CPU must have long mode.
 */
#define XLOADFLAGS LINUX_XLF_KERNEL_64
#include "guests/bzimage.S"
