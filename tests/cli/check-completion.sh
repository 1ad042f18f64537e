#!/bin/sh
# The completion scripts must have correct syntax and complete every option.
# Speaks TAP.
set -eu
area=cli

pioemu=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$pioemu" -completion bash >"$work/bash"
"$pioemu" -completion zsh >"$work/zsh"

# complete WORD BEFORE: prints what bash offers.
complete_word()
{
    bash -c '. "$1"; _pioemu "$2" "$3" "$4"; printf "%s\n" "${COMPREPLY[@]}"' sh \
        "$work/bash" "$pioemu" "$1" "$2"
}

offers()
{
    complete_word "$1" "$2" | grep -qxF -- "$3"
}

every_option_is_offered()
{
    "$pioemu" --help | sed -n 's/^  -\([A-Za-z][A-Za-z_-]*\).*/-\1/p' | while read -r option; do
        offers "$option" pioemu "$option" || { echo "$option" && return 1; }
    done
}

zsh_is_sound()
{
    ! command -v zsh >/dev/null || zsh -n "$work/zsh"
}

zsh_has_every_option()
{
    "$pioemu" --help | sed -n 's/^  -\([A-Za-z][A-Za-z_-]*\).*/-\1/p' | while read -r option; do
        grep -qF -- "'*$option[" "$work/zsh" || grep -qF -- "'$option[" "$work/zsh" ||
            { echo "$option" && return 1; }
    done
}

# shellcheck source=tests/docs/tap.sh
. "$(dirname "$0")/../docs/tap.sh"
echo 1..6

point bash_offers_every_option every_option_is_offered
point bash_offers_the_words_of_an_argument offers b -completion bash
point bash_offers_what_help_lists offers q -cpu qemu64
point bash_offers_files offers "$work/z" -kernel "$work/zsh"
point zsh_has_every_option zsh_has_every_option
point zsh_takes_the_script zsh_is_sound
