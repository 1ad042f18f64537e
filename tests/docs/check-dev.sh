#!/bin/sh
# Checks what `./dev run` builds, with a fake ninja, meson and apt-get that
# only log their arguments, so that nothing is built or installed.  Speaks TAP.
set -eu

root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$work/bin" "$tree"
cp "$root/dev" "$tree"
cp -R "$root/guests" "$tree"

cat >"$work/bin/apt-get" <<'SCRIPT'
#!/bin/sh
exit 1
SCRIPT
cat >"$work/bin/meson" <<'SCRIPT'
#!/bin/sh
[ "$1" = setup ] || { echo 1.0.0 && exit; }
mkdir -p "$2/src"
: >"$2/build.ninja"
printf '#!/bin/sh\necho "ran $*"\n' >"$2/src/pioemu"
chmod +x "$2/src/pioemu"
SCRIPT
cat >"$work/bin/ninja" <<'SCRIPT'
#!/bin/sh
case " $* " in
*" -n "*) echo "[1/2] something" ;;
*) shift 2; echo "$*" >>"$NOTES" ;;
esac
SCRIPT
chmod +x "$work"/bin/*
export NOTES="$work/notes" PATH="$work/bin:$PATH"

echo 1..5
number=0
# point NAME COMMAND...
point()
{
    name=$1
    shift
    number=$((number + 1))
    if "$@" >"$work/why" 2>&1; then
        echo "ok $number /dev/$name"
    else
        sed 's/^/# /' "$work/why" "$work/said" "$work/notes"
        echo "not ok $number /dev/$name"
    fi
}

# builds WHAT GUEST: `./dev run GUEST` must have ninja build exactly that.
builds()
{
    : >"$NOTES"
    "$tree/dev" run "$2" >"$work/ran" 2>"$work/said" </dev/null
    [ "$(cat "$NOTES")" = "$1" ]
}

: >"$work/notes"
point run_builds_the_program_and_the_demo_disk builds "src/pioemu guests/demo.img" demo
point the_first_run_says_what_it_does_and_how_far_it_is \
    grep -c "3 of 3: compiling" "$work/said"
point run_builds_a_flat_guest builds "src/pioemu guests/hello.bin" hello
point run_builds_a_kernel_in_c builds "src/pioemu guests/elf.elf" elf
: >"$work/own.bin"
point run_of_a_file_builds_the_program_only builds "src/pioemu" "$work/own.bin"
