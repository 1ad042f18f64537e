#!/bin/sh
# Builds modules with devices on an installed pioemu, and uses them.  Speaks TAP.
#
# Usage: check-modules.sh ROOT BUILD PIOEMU COMPILER...
set -eu

root=$1
build=$2
pioemu=$3
shift 3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2034 # tap.sh uses it
area=sdk
# shellcheck source=tests/docs/tap.sh
. "$root/tests/docs/tap.sh"

# flags: the compiler's arguments, from the installed pkg-config file.
flags()
{
    PKG_CONFIG_PATH=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$work/root \
        pkg-config --cflags pioemu-device
}

# module OUTPUT ARGUMENTS...: builds the egg timer as an author does.
module()
{
    output=$1
    shift
    # shellcheck disable=SC2046,SC2086 # several words
    $CC -Wall -Wextra -Werror -shared -fPIC $(flags) -I "$root" "$@" -o "$output" \
        "$root/tests/sdk/egg_module.c" "$root/tests/examples/first_device.c"
}

# refused FILE PATTERN: it is refused in one line, with status 2.
refused()
{
    status=0
    "$pioemu" -accel qtest -qtest stdio -device "$1" >"$work/said" 2>&1 </dev/null || status=$?
    cat "$work/said"
    [ "$status" = 2 ] && [ "$(wc -l <"$work/said")" = 1 ] && grep -q -e "$2" "$work/said"
}

# says PATTERN COMMAND...
says()
{
    pattern=$1
    shift
    "$@" >"$work/said" 2>&1 </dev/null || true
    cat "$work/said"
    grep -q -e "$pattern" "$work/said"
}

# egg DEVICE OPTIONS...: lets the timer run for 5 ms.
egg()
{
    device=$1
    shift
    printf 'outb 0x300 5\noutb 0x301 3\nclock_step 5000000\ninb 0x301\n' |
        "$pioemu" -accel qtest -qtest stdio -device "$device" "$@" >"$work/egg" 2>&1
    cat "$work/egg"
    grep -q 'OK 0x0082' "$work/egg"
}

# With names that are not written here, the help is the same as that of a built-in device.
export PIOEMU_DEVICE_PATH="$work/none:$work/path"
CC=$*
mkdir "$work/path"
meson install -C "$build" --no-rebuild --quiet --destdir "$work/root" --tags devel >"$work/why" 2>&1
pc=$(find "$work/root" -name pioemu-device.pc)
echo 1..18

point the_headers_and_the_flags_are_installed [ -n "$pc" ]
point a_module_builds_on_what_is_installed module "$work/egg.so"
point a_module_has_the_help_of_a_device \
    says '^egg-timer: counts milliseconds' "$pioemu" -device "$work/egg.so,help"
point a_module_runs egg "$work/egg.so,iobase=0x300,irq=5"
point a_module_takes_globals egg "$work/egg.so" -global egg-timer.iobase=0x300
point a_module_is_logged_by_its_name \
    egg "$work/egg.so,iobase=0x300" -d io -D "$work/log" -record "$work/egg.rec"
point its_accesses_are_logged grep -q '^egg-timer write 0x0300=0x05' "$work/log"
point a_module_is_recorded_and_replayed \
    says 'no difference' "$pioemu" -replay "$work/egg.rec"
cp "$work/egg.so" "$work/path/egg-timer.so"
point a_module_is_found_on_the_path egg egg-timer,iobase=0x300
point a_module_on_the_path_is_listed \
    says '^  egg-timer  *counts milliseconds' "$pioemu" -device help

wrong()
{
    module "$work/wrong$1.so" -DEGG_WRONG="$1" && refused "$work/wrong$1.so" "$2"
}
point a_library_without_devices_is_refused wrong 1 'is not a module with devices'
point another_version_is_refused_before_its_functions_are_bound wrong 2 'version 1000'
point another_size_is_refused wrong 3 'DeviceModule has 16 bytes instead of'
point a_function_that_is_missing_is_named wrong 4 'pio_of_another_version'
echo text >"$work/text.so"
point what_is_no_library_is_refused refused "$work/text.so" 'text.so: cannot be loaded'
point a_file_that_is_missing_is_refused refused "$work/gone.so" 'gone.so: there is no such file'

if command -v c++ >/dev/null; then
    # shellcheck disable=SC2046 # several flags
    point a_module_in_c++_builds c++ -std=c++20 -Wall -Wextra -Wno-missing-field-initializers \
        -Werror -shared -fPIC -fvisibility=hidden $(flags) -o "$work/switches.so" \
        "$root/tests/sdk/switches.cpp"
    point one_of_several_devices_is_chosen \
        says '^switch: remembers' "$pioemu" -device "$work/switches.so:switch,help"
else
    echo "ok 17 /sdk/a_module_in_c++_builds # SKIP there is no C++ compiler"
    echo "ok 18 /sdk/one_of_several_devices_is_chosen # SKIP there is no C++ compiler"
fi
