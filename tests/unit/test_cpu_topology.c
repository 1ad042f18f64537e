/* How CPUID and the IDs of the local APICs tell a guest which CPUs belong together. */
#include "src/cpu/cpu_model.h"
#include "src/cpu/cpu_topology.h"

#include <string.h>

static CpuTopology parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    CpuTopology topology;
    cpu_topology_parse(text, &topology, &error);
    g_assert_no_error(error);
    return topology;
}

static CpuidAnswer ask(const char *text, unsigned cpu, uint32_t leaf, uint32_t subleaf)
{
    const CpuTopology topology = parsed(text);
    CpuidAnswer answer = {0};
    g_assert_true(cpu_topology_cpuid(&topology, cpu, true, leaf, subleaf, &answer));
    return answer;
}

/* A field has as many bits as its largest number needs. */
static void test_ids_have_a_field_for_each_level(void)
{
    static const struct {
        const char *text;
        unsigned cpu, id;
    } CASES[] = {
        {"4", 3, 3},
        {"8,sockets=2,cores=2,threads=2", 5, 5},
        {"6,sockets=2,cores=3", 2, 2},
        {"6,sockets=2,cores=3", 3, 4},
        {"12,sockets=2,cores=3,threads=2", 11, 8 + 2 * 2 + 1},
        {"24,sockets=2,dies=2,cores=3,threads=2", 6, 1 << 3},
        {"24,sockets=2,dies=2,cores=3,threads=2", 23, 1 << 4 | 1 << 3 | 2 << 1 | 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const CpuTopology topology = parsed(CASES[i].text);
        g_assert_cmpuint(cpu_topology_apic_id(&topology, CASES[i].cpu), ==, CASES[i].id);
    }
}

static void test_ids_that_do_not_exist_are_refused(void)
{
    CpuTopology topology;
    g_autoptr(GError) error = NULL;
    g_assert_true(cpu_topology_parse("128,sockets=64", &topology, NULL));
    g_assert_false(cpu_topology_parse("255,sockets=85,cores=3", &topology, &error));
    g_assert_nonnull(strstr(error->message, "an APIC with the ID 338, and 254 is the highest"));
}

/* Leaf 1: the ID, the CPUs of a socket, and HTT if there are several. */
static void test_leaf_1_counts_the_cpus_of_a_socket(void)
{
    CpuidAnswer answer = ask("12,sockets=2,cores=3,threads=2", 11, 1, 0);
    g_assert_cmphex(answer.ebx, ==, 13u << 24 | 6u << 16);
    g_assert_cmphex(answer.edx, ==, 1u << 28);
    answer = ask("2,sockets=2", 1, 1, 0);
    g_assert_cmphex(answer.ebx, ==, 1u << 24);
    g_assert_cmphex(answer.edx, ==, 0);
}

/* Leaf 4: who shares a cache.  EAX bits 14-25 and 26-31 hold numbers of IDs less 1. */
static void test_leaf_4_says_who_shares_a_cache(void)
{
    static const char SMP[] = "12,sockets=2,cores=3,threads=2";
    for (uint32_t cache = 0; cache < 4; cache++) {
        CpuidAnswer answer = ask(SMP, 0, 4, cache);
        unsigned sharing = (answer.eax >> 14 & 0xfff) + 1;
        g_assert_cmpuint(sharing, ==, cache < 3 ? 2 : 8);
        g_assert_cmpuint((answer.eax >> 26) + 1, ==, 4);
    }
    g_assert_cmphex(ask(SMP, 0, 4, 4).eax, ==, 0);
    CpuidAnswer data = ask(SMP, 0, 4, 0), last = ask(SMP, 0, 4, 3);
    g_assert_cmphex(data.eax & 0xff, ==, 1 | 1 << 5);
    g_assert_cmpuint(64 * ((data.ebx >> 22) + 1) * (data.ecx + 1), ==, 32 * 1024);
    g_assert_cmphex(last.eax & 0xff, ==, 3 | 3 << 5);
    g_assert_cmpuint(64 * ((last.ebx >> 22) + 1) * (last.ecx + 1), ==, 16 << 20);
}

/* Leaf 0Bh: how far to shift the ID for the core and the socket, and how many CPUs those have. */
static void test_leaf_b_has_a_level_for_threads_and_cores(void)
{
    static const char SMP[] = "24,sockets=2,dies=2,cores=3,threads=2";
    CpuidAnswer threads = ask(SMP, 7, 0xb, 0), cores = ask(SMP, 7, 0xb, 1),
                end = ask(SMP, 7, 0xb, 2);
    g_assert_cmpuint(threads.eax, ==, 1);
    g_assert_cmpuint(threads.ebx, ==, 2);
    g_assert_cmphex(threads.ecx, ==, 1 << 8);
    g_assert_cmpuint(threads.edx, ==, 9);
    g_assert_cmpuint(cores.eax, ==, 4);
    g_assert_cmpuint(cores.ebx, ==, 12);
    g_assert_cmphex(cores.ecx, ==, 2 << 8 | 1);
    g_assert_cmpuint(end.ebx, ==, 0);
    g_assert_cmphex(end.ecx, ==, 2);
    g_assert_cmpuint(end.edx, ==, 9);
}

static void test_leaf_1f_has_a_level_for_dies(void)
{
    static const char SMP[] = "24,sockets=2,dies=2,cores=3,threads=2";
    CpuidAnswer cores = ask(SMP, 0, 0x1f, 1), dies = ask(SMP, 0, 0x1f, 2);
    g_assert_cmpuint(cores.eax, ==, 3);
    g_assert_cmpuint(cores.ebx, ==, 6);
    g_assert_cmpuint(dies.eax, ==, 4);
    g_assert_cmpuint(dies.ebx, ==, 12);
    g_assert_cmphex(dies.ecx, ==, 5 << 8 | 2);
}

/* Leaf 80000008h: the CPUs of a socket less 1, and the bits of their IDs. */
static void test_leaf_80000008_has_the_size_of_an_id(void)
{
    g_assert_cmphex(ask("6,sockets=2,cores=3", 0, 0x80000008, 0).ecx, ==, 2 | 2 << 12);
    g_assert_cmphex(ask("2,sockets=2", 0, 0x80000008, 0).ecx, ==, 0);
    g_assert_cmphex(ask("2", 0, 0x80000001, 0).ecx, ==, 1 << 1);
    g_assert_cmphex(ask("1", 0, 0x80000001, 0).ecx, ==, 0);
}

static void test_a_text_gives_the_same_topology(void)
{
    const CpuTopology topology = parsed("3,sockets=2,cores=3,threads=2,maxcpus=12");
    g_autofree char *text = cpu_topology_text(&topology);
    const CpuTopology again = parsed(text);
    g_assert_cmpmem(&topology, sizeof(topology), &again, sizeof(again));
}

/* ---- what a CPU says it is ---- */

static CpuModel model_of(const char *text)
{
    g_autoptr(GError) error = NULL;
    CpuModel model;
    cpu_model_parse(text, &model, NULL, &error);
    g_assert_no_error(error);
    return model;
}

static const CpuIdentity OWN = {"OurVendorCPU", 6, 1, 2, "ours"};

/* The signatures are those that QEMU 7.2 reports. */
static void test_models_have_their_own_identity(void)
{
    static const struct {
        const char *model, *vendor;
        uint32_t signature;
        const char *name;
    } CASES[] = {
        {"max", "OurVendorCPU", 0x612, "ours"},
        {"486", "GenuineIntel", 0x480, ""},
        {"qemu64", "AuthenticAMD", 0x60fb1, "QEMU Virtual CPU version 2.5+"},
        {"kvm64", "GenuineIntel", 0xf61, "Common KVM processor"},
        {"Penryn", "GenuineIntel", 0x10673, "Intel Core 2 Duo P9xxx (Penryn Class Core 2)"},
        {"Haswell-noTSX", "GenuineIntel", 0x306c4, "Intel Core Processor (Haswell)"},
        {"Opteron_G3", "AuthenticAMD", 0x100f23, "AMD Opteron 23xx (Gen 3 Class Opteron)"},
        {"EPYC-Milan", "AuthenticAMD", 0xa00f11, "AMD EPYC-Milan Processor"},
        {"Dhyana", "HygonGenuine", 0x900f01, "Hygon Dhyana Processor"},
        {"max,vendor=GenuineIntel,family=16,model=0x12,stepping=3,model-id=A CPU", "GenuineIntel",
         0x110f23, "A CPU"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const CpuModel model = model_of(CASES[i].model);
        const CpuIdentity identity = cpu_model_identity(&model, &OWN, false);
        g_assert_cmpstr(identity.vendor, ==, CASES[i].vendor);
        g_assert_cmphex(cpu_identity_signature(&identity), ==, CASES[i].signature);
        g_assert_cmpstr(identity.name, ==, CASES[i].name);
        CpuIdentity back = {"", 0, 0, 0, ""};
        cpu_identity_read(&back, CASES[i].signature);
        g_assert_cmpuint(back.family, ==, identity.family);
        g_assert_cmpuint(back.model, ==, identity.model);
    }
    const CpuModel kept = model_of("Penryn"), given = model_of("Penryn,vendor=CentaurHauls");
    g_assert_cmpstr(cpu_model_identity(&kept, &OWN, true).vendor, ==, OWN.vendor);
    g_assert_cmpstr(cpu_model_identity(&given, &OWN, true).vendor, ==, "CentaurHauls");
}

/* ---- features that are missing ---- */

static void take(void *opaque, const char *message)
{
    g_string_append_printf(opaque, "%s\n", message);
}

static char *warnings(const char *text, bool *ok)
{
    const CpuModel model = model_of(text);
    CpuFeatures available = {0};
    cpu_features_put(&available, CPU_FEATURE_FPU, true);
    cpu_features_put(&available, CPU_FEATURE_PSE, true);
    GString *log = g_string_new(NULL);
    *ok = cpu_model_check(&model, &available, "TCG", take, log, NULL);
    return g_string_free(log, false);
}

static void test_missing_features_are_told(void)
{
    static const struct {
        const char *model, *log;
        bool ok;
    } CASES[] = {
        {"max", "", true},
        {"486", "", true},
        {"max,+avx2",
         "warning: TCG doesn't support requested feature: CPUID.07H:EBX.avx2 [bit 5]\n", true},
        {"486,+lm",
         "warning: TCG doesn't support requested feature: CPUID.80000001H:EDX.lm [bit 29]\n", true},
        {"486,+lm,check=off", "", true},
        {"486,+lm,-lm", "", true},
        {"486,+apic,enforce", "", true},
        {"486,+lm,enforce", "", false},
        {"486,enforce=on", "", true},
        {"max,+vmx", "warning: TCG doesn't support requested feature: CPUID.01H:ECX.vmx [bit 5]\n",
         true},
        {"max,xsaveopt=on",
         "warning: TCG doesn't support requested feature: CPUID.0DH:EAX.xsaveopt [bit 0]\n", true},
        {"max,+vmx,vmx=off", "", true},
        {"max,+svm,enforce", "", false},
        {"max,-svm,+hv-relaxed,enforce", "", true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        bool ok;
        g_autofree char *log = warnings(CASES[i].model, &ok);
        g_assert_cmpstr(log, ==, CASES[i].log);
        g_assert_true(ok == CASES[i].ok);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cpu/topology/ids_have_a_field_for_each_level",
                    test_ids_have_a_field_for_each_level);
    g_test_add_func("/cpu/topology/ids_that_do_not_exist_are_refused",
                    test_ids_that_do_not_exist_are_refused);
    g_test_add_func("/cpu/topology/leaf_1_counts_the_cpus_of_a_socket",
                    test_leaf_1_counts_the_cpus_of_a_socket);
    g_test_add_func("/cpu/topology/leaf_4_says_who_shares_a_cache",
                    test_leaf_4_says_who_shares_a_cache);
    g_test_add_func("/cpu/topology/leaf_b_has_a_level_for_threads_and_cores",
                    test_leaf_b_has_a_level_for_threads_and_cores);
    g_test_add_func("/cpu/topology/leaf_1f_has_a_level_for_dies",
                    test_leaf_1f_has_a_level_for_dies);
    g_test_add_func("/cpu/topology/leaf_80000008_has_the_size_of_an_id",
                    test_leaf_80000008_has_the_size_of_an_id);
    g_test_add_func("/cpu/topology/a_text_gives_the_same_topology",
                    test_a_text_gives_the_same_topology);
    g_test_add_func("/cpu/identity/models_have_their_own_identity",
                    test_models_have_their_own_identity);
    g_test_add_func("/cpu/features/missing_features_are_told", test_missing_features_are_told);
    return g_test_run();
}
