/* The second program: tests of a CD-ROM drive and a mouse. */
#include "guests/biostest/biostest.h"

void test_all(void)
{
    test_high();
    test_cdrom();
    test_mouse();
}
