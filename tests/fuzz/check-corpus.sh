#!/bin/sh
# Checks the packs of the fuzz corpus, and the message about an input that
# fails in a replay.  The arguments are a target that fails for every input
# with an X, and the tree. Speaks TAP.
set -eu

target=$1
root=$2
corpus=$root/tests/fuzz/corpus.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2034 # tap.sh uses it
area=corpus
# shellcheck source=tests/docs/tap.sh
. "$root/tests/docs/tap.sh"
if ! command -v python3 >/dev/null; then
    echo "1..0 # SKIP no python3"
    exit 0
fi
echo 1..8

mkdir "$work/inputs" "$work/more"
printf 'a\n\nb' >"$work/inputs/seed-lines"
printf '\000\377' >"$work/inputs/seed-bytes"
: >"$work/inputs/seed-nothing"
printf '%s' '12345' >"$work/inputs/00112233445566778899aabbccddeeff00112233"

pack()
{
    "$corpus" pack "$@"
}

# Unpacking must give back what was packed.  The input with a fuzzer's name is
# named by its SHA-1.
same_after_unpacking()
{
    pack "$work/one.pack" "$work/inputs" && "$corpus" unpack "$work/one.pack" "$work/out" &&
        mv "$work/out/8cb2237d0679" "$work/out/00112233445566778899aabbccddeeff00112233" &&
        diff -r "$work/inputs" "$work/out"
}

equal_inputs_make_equal_packs()
{
    cp "$work/inputs/seed-nothing" "$work/inputs/seed-lines" "$work/more"
    pack "$work/two.pack" "$work/more" "$work/inputs" && cmp "$work/one.pack" "$work/two.pack"
}

refuses_a_failed_input()
{
    cp "$work/inputs/seed-lines" "$work/more/crash-0123"
    ! pack "$work/three.pack" "$work/more" && [ ! -e "$work/three.pack" ]
}

refuses_a_short_pack()
{
    head -c -1 "$work/one.pack" >"$work/short.pack"
    ! "$corpus" list "$work/short.pack" && ! "$target" --tap "$work/short.pack"
}

replays_each_input()
{
    "$target" --tap "$work/one.pack" >"$work/said" &&
        [ "$(grep -c '^ok .* /fuzz/corpus/' "$work/said")" = 4 ]
}

# names_the_failing INPUT FROM: the last input that is named must be the
# failing one, and not the one before.
names_the_failing()
{
    ! "$target" --tap "$2" >"$work/said" 2>&1 &&
        [ "$(grep '^# input ' "$work/said" | tail -n 1)" = "# input $1 of $2" ]
}

# Packing the inputs of each tracked pack again must give the same pack, in the
# same order.
tracked_packs_are_in_form()
{
    for tracked in "$root"/tests/fuzz/corpus/*.pack; do
        rm -rf "$work/tracked" && "$corpus" unpack "$tracked" "$work/tracked" &&
            pack "$work/tracked.pack" "$work/tracked" && cmp "$tracked" "$work/tracked.pack" ||
            return 1
    done
}

point an_unpacked_pack_has_the_inputs_that_were_packed same_after_unpacking
point equal_inputs_make_equal_packs equal_inputs_make_equal_packs
point an_input_that_failed_is_not_packed refuses_a_failed_input
point a_pack_that_is_cut_short_is_refused refuses_a_short_pack
point each_packed_input_is_a_test replays_each_input
mkdir "$work/bad" "$work/files"
printf 'fine' >"$work/bad/seed-a"
printf 'X' >"$work/bad/seed-b"
printf 'fine' >"$work/bad/seed-c"
pack "$work/bad.pack" "$work/bad"
cp "$work/bad/seed-b" "$work/files/mended"
point a_packed_input_that_fails_is_named names_the_failing seed-b "$work/bad.pack"
point a_file_that_fails_is_named names_the_failing mended "$work/files"
point the_tracked_packs_are_in_form tracked_packs_are_in_form
