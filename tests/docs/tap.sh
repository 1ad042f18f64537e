#!/bin/sh
# For the checks beside it: a TAP point for each thing that they check.  They set
# `work`, a directory of their own.

: "${work:?is a directory of the check}"
number=0
# point NAME COMMAND...
point()
{
    name=$1
    shift
    number=$((number + 1))
    if "$@" >"$work/why"; then
        echo "ok $number /docs/$name"
    else
        sed 's/^/# /' "$work/why"
        echo "not ok $number /docs/$name"
    fi
}
