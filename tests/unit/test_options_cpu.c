/* -cpu: the models, what they take from the accelerator, and the messages about mistakes. */
#include "tests/unit/options_rig.h"

#include <string.h>

static void test_cpu_models(void)
{
    static const struct {
        const char *text;
        bool faults, hides;
    } MODELS[] = {
        {"max", false, false},
        {"max,unknown-msr=fault", true, false},
        {"max,kvm=off", false, true},
        {"max,kvm=on,unknown-msr=ignore", false, false},
        {"max,kvm=off,unknown-msr=fault", true, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(MODELS); i++) {
        Parsed p = PARSE("-cpu", MODELS[i].text);
        g_assert_true(p.ok);
        g_assert_true(p.config->cpu.unknown_msr_faults == MODELS[i].faults);
        g_assert_true(p.config->cpu.hides_kvm == MODELS[i].hides);
        g_autofree char *text = cpu_model_text(&p.config->cpu);
        CpuModel again;
        g_assert_true(cpu_model_parse(text, &again, NULL, NULL));
        g_assert_true(again.unknown_msr_faults == MODELS[i].faults);
        g_assert_true(again.hides_kvm == MODELS[i].hides);
        parsed_clear(&p);
    }
    static const struct {
        const char *text, *same;
    } NAMES[] = {
        {"qemu64", "qemu64"},
        {"Haswell-noTSX-v2", "Haswell"},
        {"qemu32-i386-cpu", "qemu32"},
        {"max,+sse4_2,-nx", "max,+sse4.2,-nx"},
        {"kvm64,lahf_lm=on,nx=off,nx=on", "kvm64,+nx,+lahf-lm"},
        {"max,hv_relaxed,migratable=no", "max"},
        {"max,+vmx,avx512_vnni=on,+svm,-svm", "max,+vmx,+avx512vnni"},
        {"max,check=off,enforce,family=6,vendor=GenuineIntel,model-id=A CPU",
         "max,check=off,enforce=on,vendor=GenuineIntel,family=6,model-id=A CPU"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        Parsed p = PARSE("-cpu", NAMES[i].text);
        g_assert_no_error(p.error);
        g_autofree char *text = cpu_model_text(&p.config->cpu);
        g_assert_cmpstr(text, ==, NAMES[i].same);
        parsed_clear(&p);
    }
    Parsed later = PARSE("-cpu", "max,kvm=off", "-cpu", "max");
    g_assert_false(later.config->cpu.hides_kvm);
    parsed_clear(&later);
}

/* The model removes features of the accelerator, and adds none. */
static void test_a_model_limits_the_features(void)
{
    CpuFeatures all;
    memset(&all, 0xff, sizeof(all));
    static const struct {
        const char *model;
        CpuFeature feature;
        bool has;
    } CASES[] = {
        {"max", CPU_FEATURE_AVX2, true},       {"max,-avx2", CPU_FEATURE_AVX2, false},
        {"486", CPU_FEATURE_TSC, false},       {"pentium", CPU_FEATURE_TSC, true},
        {"qemu64", CPU_FEATURE_LM, true},      {"qemu32", CPU_FEATURE_LM, false},
        {"Nehalem", CPU_FEATURE_SSE4_2, true}, {"Nehalem", CPU_FEATURE_AVX, false},
        {"base", CPU_FEATURE_FPU, false},      {"base,+fpu", CPU_FEATURE_FPU, true},
        {"486", CPU_FEATURE_HYPERVISOR, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        CpuModel model;
        g_assert_true(cpu_model_parse(CASES[i].model, &model, NULL, NULL));
        CpuFeatures features = all, none = {0};
        cpu_model_limit(&model, &features);
        g_assert_true(cpu_features_have(&features, CASES[i].feature) == CASES[i].has);
        cpu_model_limit(&model, &none);
        g_assert_false(cpu_features_have(&none, CASES[i].feature));
    }
    CpuModel old;
    g_assert_true(cpu_model_parse("486", &old, NULL, NULL));
    g_assert_cmphex(cpu_model_limit_word(&old, 1, 0, CPUID_EDX, 0xffffffff) & 0x11, ==, 1);
    g_assert_cmphex(cpu_model_limit_word(&old, 1, 0, CPUID_EBX, 0x12345678), ==, 0x12345678);
}

static void test_an_unknown_cpu_model_is_refused(void)
{
    REFUSED("-cpu Atlantis: no such CPU model (-cpu help lists them)", "-cpu", "Atlantis");
    REFUSED("-cpu Haswel: no such CPU model (did you mean Haswell?)", "-cpu", "Haswel");
    REFUSED("-cpu: unknown feature or key 'sse5' (did you mean 'sse'?)", "-cpu", "max,+sse5");
    REFUSED("-cpu max,,nx: empty item between commas (write key=value)", "-cpu", "max,,nx");
    REFUSED("-cpu kvm=off: the model comes first (as in -cpu max,kvm=off)", "-cpu", "kvm=off");
    REFUSED("-cpu kvm=no: not one of on, off", "-cpu", "max,kvm=no");
    REFUSED("-cpu unknown-msr=on: not one of ignore, fault", "-cpu", "max,unknown-msr");
    REFUSED("-cpu: unknown feature or key 'kv' (did you mean 'kvm'?)", "-cpu", "max,kv=off");
    TEXT_HAS(WORDS("-cpu", "help"), "\n  max ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(cpu_models);
    TEST(an_unknown_cpu_model_is_refused);
    TEST(a_model_limits_the_features);
    return g_test_run();
}
