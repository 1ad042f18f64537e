#!/bin/sh
# Every option of --help must be in the man page and in README's table, and no
# other option may be there.  The man page must also have the keys of chardevs,
# the commands of the escape key and those of -expect.  Speaks TAP.
set -eu

pioemu=$1
root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$pioemu" --help | sed -n 's/^  \(-[A-Za-z].*\)/\1/p' | tr ' ,' '[\n*]' |
    grep -E '^-[A-Za-z]' | sort -u >"$work/help"
# A tag is the line after .TP.  Its first word is the macro.
sed -n '/^\.TP/{n;p;}' "$root/docs/pioemu.1" | tr -d '\\"' | tr ' ,' '[\n*]' |
    grep -E '^-[A-Za-z]' | sort -u >"$work/man"
sed -n 's/^| \(`-[^|]*\) |.*/\1/p' "$root/README.md" | tr '`, ' '[\n*]' |
    grep -E '^-[A-Za-z]' | sort -u >"$work/readme"

plain=$work/plain
sed 's/\\e/\\/g; s/\\f[A-Z]//g; s/\\-/-/g' "$root/docs/pioemu.1" >"$plain"

# all_in_man: prints the words of standard input that are missing in the man
# page.
all_in_man()
{
    cat >"$work/words"
    [ -s "$work/words" ] || { echo "no words to look for" && return 1; }
    while read -r word; do
        grep -qF -- "$word" "$plain" || echo "missing: $word"
    done <"$work/words" >"$work/lacks"
    cat "$work/lacks"
    [ ! -s "$work/lacks" ]
}

chardev_keys()
{
    "$pioemu" -serial help 2>&1 | grep -oE '[a-z]+=' | sort -u | all_in_man
}

escape_keys()
{
    sed -n 's/^| \(Ctrl-A [a-zA-Z-]*\) |.*/.B \1/p' "$root/docs/terminal.md" | all_in_man
}

# Prints the command words of the table in docs/serial.md.
expect_commands()
{
    sed -n '/^## Scripts/,/^## Counters/s/^| `\([a-z-]*\) .*/.BI \1/p' "$root/docs/serial.md" | all_in_man
}

# shellcheck source=tests/docs/tap.sh
. "$root/tests/docs/tap.sh"
echo 1..6

point help_lists_the_options [ "$(wc -l <"$work/help")" -ge 20 ]
point man_page_has_the_options_of_help diff "$work/help" "$work/man"
point readme_has_the_options_of_help diff "$work/help" "$work/readme"
point man_page_has_the_keys_of_chardevs chardev_keys
point man_page_has_the_commands_of_the_escape_key escape_keys
point man_page_has_the_commands_of_expect expect_commands
