#!/bin/sh
# Checks that the top of the tree has exactly what docs/ and the build use, and
# that no file is tracked that a program left behind.  Prints what is wrong;
# the status is then 1.
set -eu

cd "$1"
[ -e .git ] || { echo "check-tree: not a git work tree: nothing to check" && exit 0; }

TOP='src devices bios guests tests docs
meson.build meson_options.txt README.md CONTRIBUTING.md LICENSE dev
.ci .clang-format .gitattributes .gitignore'
# The names of the files that libFuzzer leaves in the current directory.
LEFT='(^|/)(crash|leak|oom|timeout|slow-unit)-[^/]*$'

tracked=$(git -c core.quotePath=off ls-files)
status=0
# report WHY NAMES
report()
{
    [ -n "$2" ] || return 0
    echo "$2" | sed "s|^|check-tree: $1: |" >&2
    status=1
}

known=$(echo "$TOP" | tr ' ' '\n')
report "not of the tree's layout" "$(echo "$tracked" | cut -d/ -f1 | sort -u |
    grep -vxF "$known" || true)"
report "left by a fuzz program" "$(echo "$tracked" | grep -E "$LEFT" || true)"
exit $status
