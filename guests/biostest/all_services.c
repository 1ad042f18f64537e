/* The first program: tests of what every machine has. */
#include "guests/biostest/biostest.h"

void test_all(void)
{
    test_system();
    test_disk();
    test_clock();
    test_keyboard();
    test_serial();
    test_video();
}
