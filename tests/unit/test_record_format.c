/* Recordings that a replay refuses, and how kinds and devices are found by their names. */
#include "tests/unit/record_rig.h"

static void test_other_files_are_refused(void)
{
    static const char OTHER[] = "#!/bin/sh\necho\n";
    static const char VERSION[] = "pioemu recording 7\n\n";
    static const char OLD[] = "pioemu recording 3\nmachine pc\n\n";
    static const char HEADER[] = "pioemu recording 4\nflavour sweet\n\n";
    static const char MACHINE[] = "pioemu recording 4\nmachine vax\n\n\2";
    static const char ESCAPE[] = "pioemu recording 4\nmachine p\\\nmemory 4096\n\n\2";
    assert_refused(OTHER, sizeof(OTHER) - 1, "not a recording");
    assert_refused(VERSION, sizeof(VERSION) - 1, "version 7 of the format");
    assert_refused(OLD, sizeof(OLD) - 1, "version 3 of the format, and this pioemu reads 4");
    assert_refused(HEADER, sizeof(HEADER) - 1, "'flavour'");
    assert_refused(MACHINE, sizeof(MACHINE) - 1, "cannot be built");
    assert_refused(ESCAPE, sizeof(ESCAPE) - 1, "header is damaged");
}

/* Changes the name of a kind in the header.  The length must not change. */
static void rename_in_header(Recording *r, const char *line, const char *from, const char *to)
{
    uint8_t *start = memmem(r->data, r->size, line, strlen(line));
    g_assert_nonnull(start);
    uint8_t *end = memchr(start + 1, '\n', r->size - (size_t)(start - r->data) - 1);
    uint8_t *at = memmem(start, (size_t)(end - start), from, strlen(from));
    g_assert_nonnull(at);
    g_assert_cmpuint(strlen(from), ==, strlen(to));
    memcpy(at, to, strlen(to));
}

static void test_a_service_that_is_unknown_is_refused_by_its_name(void)
{
    Recording r = make_recording();
    rename_in_header(&r, "\nservices ", " output ", " octopu ");
    assert_refused(r.data, r.size, "the service 'octopu', which this pioemu does not know");
    g_free(r.data);
}

/* No data was moved to or from memory in this recording. */
static void test_a_service_that_is_unknown_and_not_used_does_no_harm(void)
{
    Recording r = make_recording();
    rename_in_header(&r, "\nservices ", " dma-to-memory ", " dna-to-memory ");
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_free(r.data);
}

/* The numbers of kinds come from the header. */
static void test_kinds_are_found_by_their_names(void)
{
    Recording r = make_recording();
    ReplayResult before = replay(&r);
    uint8_t *at = memmem(r.data, r.size, "\nservices ", 10);
    /* An unknown name comes first, so that every item's number is one too small. */
    static const char LINE[] = "\nservices none-such ";
    size_t offset = (size_t)(at - r.data), more = sizeof(LINE) - 1 - 10;
    r.data = g_realloc(r.data, r.size + more);
    memmove(r.data + offset + 10 + more, r.data + offset + 10, r.size - offset - 10);
    memcpy(r.data + offset, LINE, sizeof(LINE) - 1);
    r.size += more;
    assert_refused(r.data, r.size, "the service 'none-such'");
    g_assert_cmpstr(before.difference, ==, NULL);
    g_free(r.data);
}

static void test_a_call_that_is_unknown_is_refused(void)
{
    Recording r = make_recording();
    rename_in_header(&r, "\ncalls ", " receive ", " perceiv ");
    assert_refused(r.data, r.size, "call of a kind that this pioemu does not know");
    g_free(r.data);
}

/* Changes the header.  The length must not change. */
static void change(Recording *r, const char *from, const char *to)
{
    g_assert_cmpuint(strlen(from), ==, strlen(to));
    void *at = memmem(r->data, r->size, from, strlen(from));
    g_assert_nonnull(at);
    memcpy(at, to, strlen(to));
}

static void test_a_device_that_the_machine_has_not_is_named(void)
{
    Recording r = make_recording();
    change(&r, "device isa-serial,chardev=line", "device exit-port,id=otherwise1");
    assert_refused(r.data, r.size,
                   "with the device isa-serial (isa-serial), and this machine has "
                   "no such device");
    g_free(r.data);
}

static void test_a_device_of_another_class_is_named(void)
{
    Recording r = make_recording();
    change(&r, "device isa-serial,chardev=line", "device exit-port,id=isa-serial");
    assert_refused(r.data, r.size,
                   "with the device isa-serial (isa-serial), and this machine has "
                   "it as a device of class exit-port");
    g_free(r.data);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/record/other_files_are_refused", test_other_files_are_refused);
    g_test_add_func("/record/a_service_that_is_unknown_is_refused_by_its_name",
                    test_a_service_that_is_unknown_is_refused_by_its_name);
    g_test_add_func("/record/a_service_that_is_unknown_and_not_used_does_no_harm",
                    test_a_service_that_is_unknown_and_not_used_does_no_harm);
    g_test_add_func("/record/kinds_are_found_by_their_names", test_kinds_are_found_by_their_names);
    g_test_add_func("/record/a_call_that_is_unknown_is_refused",
                    test_a_call_that_is_unknown_is_refused);
    g_test_add_func("/record/a_device_that_the_machine_has_not_is_named",
                    test_a_device_that_the_machine_has_not_is_named);
    g_test_add_func("/record/a_device_of_another_class_is_named",
                    test_a_device_of_another_class_is_named);
    return g_test_run();
}
