#!/bin/sh
# For checks that are shell scripts: prints a TAP point for each fact that they
# check. They set `work` to a directory of their own, and `area` if their
# points are not about docs.

: "${work:?is a directory of the check}"
: "${area:=docs}"
number=0
# point NAME COMMAND...
point()
{
    name=$1
    shift
    number=$((number + 1))
    if "$@" >"$work/why" 2>&1; then
        echo "ok $number /$area/$name"
    else
        sed 's/^/# /' "$work/why"
        echo "not ok $number /$area/$name"
    fi
}
