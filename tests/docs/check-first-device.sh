#!/bin/sh
# The code in docs/first-device.md must be equal to the example that is built
# and tested, and the example must be as short as the page says.  Speaks TAP.
set -eu

root=$1
examples=$root/tests/examples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# page_code FILE: prints the page's code blocks of that file, with an empty
# line between them.
page_code()
{
    awk -v fence="\`\`\`c $1" '
        $0 == "```" { inside = 0 }
        inside { print }
        $0 == fence { if (blocks++) print ""; inside = 1 }' "$root/docs/first-device.md"
}

# shellcheck source=tests/docs/tap.sh
. "$root/tests/docs/tap.sh"
echo 1..3

for file in first_device_regs.h first_device.c; do
    page_code "$file" >"$work/$file"
    point "first_device_page_has_all_of_$file" diff "$work/$file" "$examples/$file"
done
lines=$(grep -cvE '^ *($|/\*|\*)' "$examples/first_device.c")
point first_device_has_less_than_80_lines_of_code [ "$lines" -lt 80 ]
