#!/bin/sh
# docs/qemu.md must list every option of QEMU 7.2 with what pioemu does with
# it, and pioemu must do that.  Speaks TAP.
set -eu

pioemu=$1
root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints "OPTION CLASS" for each option of the table.
sed -n '/^| option/,/^$/p' "$root/docs/qemu.md" | awk -F'|' '
    $2 ~ /`-/ {
        gsub(/[` ]/, "", $2); gsub(/ /, "", $3)
        n = split($2, names, ",")
        for (i = 1; i <= n; i++) print names[i], $3
    }' | sort >"$work/page"

# The list comes from `qemu-system-x86_64 -help`.
sort -u "$root/tests/docs/qemu-options.txt" >"$work/qemu"

page_is_whole()
{
    cut -d' ' -f1 "$work/page" | sort -u | diff "$work/qemu" -
}

# A refused option must end with status 2, and with a message about the option
# rather than its argument.
refused_are_refused()
{
    awk '$2 == "refused" { print $1 }' "$work/page" >"$work/refused"
    [ "$(wc -l <"$work/refused")" -ge 30 ] || return 1
    while read -r option; do
        status=0
        "$pioemu" "$option" x >"$work/out" 2>&1 || status=$?
        if [ "$status" != 2 ] || grep -q 'unknown option\|did you mean' "$work/out"; then
            echo "$option: status $status: $(cat "$work/out")"
            return 1
        fi
    done <"$work/refused"
}

others_are_known()
{
    awk '$2 != "refused" { print $1 }' "$work/page" >"$work/known"
    while read -r option; do
        "$pioemu" "$option" help -kernel >"$work/out" 2>&1 || true
        if grep -q 'unknown option' "$work/out"; then
            echo "$option: $(cat "$work/out")"
            return 1
        fi
    done <"$work/known"
}

# shellcheck source=tests/docs/tap.sh
. "$root/tests/docs/tap.sh"
echo 1..3
awk '{ print $2 }' "$work/page" | sort | uniq -c | sed 's/^ */# options that are: /'

point the_page_has_each_option_of_qemu_once page_is_whole
point what_the_page_calls_refused_is_refused_with_a_reason refused_are_refused
point the_other_options_are_known others_are_known
