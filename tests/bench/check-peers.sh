#!/bin/sh
# A peer that cannot start must not be measured, although it may end with the
# same status as an image.  Speaks TAP.
set -eu

peers=$1
build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in qemu-system-x86_64 bochs; do
    printf '#!/bin/sh\nexit 1\n' >"$work/$name"
    chmod +x "$work/$name"
done

echo 1..1
if PATH=$work:$PATH "$peers" "$build" --peers >"$work/said" 2>/dev/null; then
    if [ -s "$work/said" ]; then
        sed 's/^/# /' "$work/said"
        echo "not ok 1 /bench/peers_that_do_not_start_are_left_out"
    else
        echo "ok 1 /bench/peers_that_do_not_start_are_left_out"
    fi
else
    echo "Bail out! $peers failed"
fi
