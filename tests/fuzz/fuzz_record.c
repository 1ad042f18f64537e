/*
 * The replay of any bytes: a damaged or malicious recording must be refused or
 * reported, whatever it makes the devices do.
 */
#include "src/record/replay.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ReplayResult result;
    g_autoptr(GError) error = NULL;
    bool ok = replay_data(data, size, &result, &error);
    g_assert_true(ok == !error);
    g_free(result.difference);
    return 0;
}
