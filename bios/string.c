/* Functions that the compiler calls by itself. */
#include "bios/bios.h"

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *at, int byte, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
    void *result = to;
    __asm__ volatile("rep movsb %%ds:(%%esi), %%es:(%%edi)"
                     : "+D"(to), "+S"(from), "+c"(size)
                     :
                     : "memory");
    return result;
}

void *memset(void *at, int byte, size_t size)
{
    void *result = at;
    __asm__ volatile("rep stosb %%al, %%es:(%%edi)" : "+D"(at), "+c"(size) : "a"(byte) : "memory");
    return result;
}
