#include "tests/guest/guest_linux.h"

#include <glob.h>
#include <string.h>

#define KERNELS "/boot/vmlinuz-*-cloud-amd64"

static const Need BUSYBOX_NEED = {"busybox", "busybox-static"};
static const Need CPIO_NEED = {"cpio", "cpio"};

char *guest_linux_kernel(void)
{
    glob_t found;
    char *kernel = NULL;
    if (glob(KERNELS, 0, NULL, &found) == 0) {
        kernel = g_strdup(found.gl_pathv[found.gl_pathc - 1]);
        globfree(&found);
    }
    return kernel;
}

bool guest_linux_can_run(const GuestTarget *target, const char *kernel)
{
    if (strcmp(target->accel, "soft") != 0) {
        g_test_skip("only on the software CPU: not every KVM boots a stock kernel");
        return false;
    }
    if (!kernel) {
        g_test_skip(KERNELS " is not there (package linux-image-cloud-amd64)");
        return false;
    }
    return guest_has_all(NEEDS(&BUSYBOX_NEED, &CPIO_NEED));
}

/*
 * The modules and those that they need, in the order in which they are loaded.  The
 * script that does it is /load.
 */
#define ADD_MODULES                                                                                \
    "mkdir -p lib; :>load; v=$(basename '%s'); PATH=$PATH:/sbin:/usr/sbin; "                       \
    "for m in %s; do modprobe --show-depends -S ${v#vmlinuz-} $m; done | "                         \
    "while read how f rest; do [ $how != insmod ] || [ -f lib/${f##*/} ] || "                      \
    "{ cp $f lib; echo insmod /lib/${f##*/} >>load; }; done; "

char *guest_linux_initrd(const char *name, const char *kernel, const char *modules,
                         const char *init)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = guest_path(name);
    g_autofree char *bin = g_build_filename(directory, "bin", NULL);
    g_autofree char *script = g_build_filename(directory, "init", NULL);
    g_autofree char *text =
        g_strdup_printf("#!/bin/busybox sh\n/bin/busybox --install /bin\nmkdir -p /proc\n"
                        "mount -t proc proc /proc\necho user space\n%s\n",
                        init);
    g_assert_cmpint(g_mkdir_with_parents(bin, 0700), ==, 0);
    g_file_set_contents(script, text, -1, &error);
    g_assert_no_error(error);
    g_autofree char *command =
        g_strdup_printf("cd '%s'; chmod +x init; cp \"$(command -v busybox)\" bin; " ADD_MODULES
                        "find . | cpio --quiet -o -H newc | gzip >'%s.gz'",
                        directory, kernel, modules, directory);
    char *argv[] = {"/bin/sh", "-ec", command, NULL};
    int status;
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error));
    g_assert_true(g_spawn_check_wait_status(status, &error));
    return g_strconcat(directory, ".gz", NULL);
}
