#!/bin/sh
# Calls run_port by hand: with a single script, and with fake QEMUs that have
# or lack -accel qtest, which no QEMU lists in -accel help.  Speaks TAP.
set -eu

run_port=$1
script=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Makes a QEMU that ends at once, with status $1 if it is asked for qtest.
fake_qemu()
{
    cat >"$work/qemu-system-x86_64" <<END
#!/bin/sh
case "\$*" in *"-accel help"*) echo tcg ;; *"-accel qtest"*) exit $1 ;; esac
END
    chmod +x "$work/qemu-system-x86_64"
}

number=0
# point NAME COMMAND...
point()
{
    name=$1
    shift
    number=$((number + 1))
    if "$@"; then
        echo "ok $number /conformance/run_port/$name"
    else
        echo "not ok $number /conformance/run_port/$name"
    fi
}

says_standing()
{
    fake_qemu "$1"
    PATH=$work:$PATH "$run_port" --compare "$script" | grep -q 'has no -accel qtest'
}

takes_qtest()
{
    ! says_standing 0
}

passes()
{
    "$run_port" --tap "$script" >/dev/null 2>&1
}

fails_with_too_few()
{
    ! "$run_port" --tap --least 10000 "$script" >/dev/null 2>&1
}

echo 1..4
point one_script_passes passes
point too_few_sentences_fail fails_with_too_few
point qtest_is_tried_and_not_looked_for takes_qtest
point without_qtest_time_stands_still says_standing 1
