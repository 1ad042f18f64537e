#!/bin/sh
# Runs the guest tests on Linux's own KVM, for a host whose /dev/kvm is of
# another kind or missing.  machine.sh makes the machine, and inside.sh runs in
# it.  Prints TAP, with a point for each point of the programs inside.
set -eu

# The whole run takes about five minutes on two cores.  On a busy host, what
# does not begin within this time is left out.  The rest is also left out if
# the machine hangs or its kernel panics, which happens now and then under
# QEMU's SVM.
SECONDS_AT_MOST=${PIOEMU_REALKVM_SECONDS:-480}

[ $# = 1 ] || { echo "Usage: check.sh BUILD-DIRECTORY" >&2 && exit 2; }
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$1

if ! lacks=$("$here/machine.sh" -n); then
    echo "1..0 # SKIP $(echo "$lacks" | paste -sd ';' | sed 's/;/; /g')"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 3' HUP INT TERM

# Makes the user space that a stock kernel boots.
make_user_space()
{
    mkdir -p "$work/user/bin" "$work/user/proc"
    cp "$(command -v busybox)" "$work/user/bin/busybox"
    cp "$here/user-space.sh" "$work/user/init"
    chmod +x "$work/user/init"
    (cd "$work/user" && find . | cpio --quiet -o -H newc) >"$work/user-space"
}

# Renumbers the points, adds the name of their program, and makes a failed
# point of a program that ended badly without one.  Some awks print a point
# only after the next block has come.
to_tap()
{
    busybox awk -v seconds="$SECONDS_AT_MOST" '
    function point(result, name) {
        points++
        if (result == "not ok") { bad++ }
        print result " " points " - " name
        fflush()
    }
    /^@ program / { program = $3; bad = 0; next }
    /^@ status / {
        if ($3 != 0 && !bad) { point("not ok", program " ended with status " $3) }
        print "# " program " took " $4 " s"
        fflush()
        program = ""
        next
    }
    /^@ end$/ { complete = 1; next }
    /^(not )?ok( |$)/ {
        result = /^not/ ? "not ok" : "ok"
        sub(/^(not )?ok *[0-9]* *(- )?/, "")
        point(result, program ": " $0)
        next
    }
    /^(1\.\.|TAP version|# (Start of|End of|random seed))/ { next }
    { print "# " $0; fflush() }
    END {
        if (!complete) {
            point("ok", "the rest # SKIP the machine stopped" (program ? " during " program : "") \
                  " or had no more time than " seconds " s (PIOEMU_REALKVM_SECONDS)")
        }
        print "1.." points
    }'
}

make_user_space
"$here/machine.sh" -t "$SECONDS_AT_MOST" "$here/inside.sh=/check/inside.sh" \
    "$("$here/machine.sh" -k)=/check/kernel" "$work/user-space=/check/user-space" \
    "$build/src/pioemu=/pioemu/src/pioemu" "$build/guests=/pioemu/guests" \
    "$build/tests/guest=/pioemu/tests/guest" "$build/tests/control=/pioemu/tests/control" -- /check/inside.sh 2>&1 | to_tap
