#!/bin/sh
# Every option of --help is in the man page and in README's table, and these
# have no others.  Speaks TAP.
set -eu

pioemu=$1
root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$pioemu" --help | sed -n 's/^  \(-[A-Za-z].*\)/\1/p' | tr ' ,' '[\n*]' |
    grep -E '^-[A-Za-z]' | sort -u >"$work/help"
# A tag is the line after .TP; its first word is the macro.
sed -n '/^\.TP/{n;p;}' "$root/docs/pioemu.1" | tr -d '\\"' | tr ' ,' '[\n*]' |
    grep -E '^-[A-Za-z]' | sort -u >"$work/man"
sed -n 's/^| \(`-[^|]*\) |.*/\1/p' "$root/README.md" | tr '`, ' '[\n*]' |
    grep -E '^-[A-Za-z]' | sort -u >"$work/readme"

echo 1..3
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

point help_lists_the_options [ "$(wc -l <"$work/help")" -ge 20 ]
point man_page_has_the_options_of_help diff "$work/help" "$work/man"
point readme_has_the_options_of_help diff "$work/help" "$work/readme"
