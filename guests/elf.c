/*
 * A plain ELF executable: prints the mode it starts in and its command line.  There
 * is a 32-bit and a 64-bit build.
 */
#include "guests/kernel/kernel.h"

/* The loader provides a stack, and the command line in (E/R)DI. */
__attribute__((naked)) void _start(void);
void kernel_main(const char *command_line);

void _start(void)
{
#ifdef __x86_64__
    __asm__ volatile("call kernel_main");
#else
    __asm__ volatile("push %edi\n\tcall kernel_main");
#endif
}

void kernel_main(const char *command_line)
{
    put(sizeof(void *) == 8 ? "long mode: " : "protected mode: ");
    put(command_line);
    put("\n");
    halt_forever();
}
