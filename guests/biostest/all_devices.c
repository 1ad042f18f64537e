/*
 * The second program: what a machine with a CD-ROM drive and a mouse has besides.
 */
#include "guests/biostest/biostest.h"

void test_all(void)
{
    test_high();
    test_cdrom();
    test_mouse();
}
