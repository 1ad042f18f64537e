#!/bin/sh
# The top of the tree has what docs/ and the build know of, and nothing that a
# program left behind is tracked.  Prints what is wrong; the status is 1 then.
set -eu

cd "$1"
[ -e .git ] || { echo "check-tree: not a git work tree: nothing to check" && exit 0; }

TOP='src devices bios guests tests docs
meson.build meson_options.txt README.md CONTRIBUTING.md LICENSE dev
.ci .clang-format .gitattributes .gitignore'
# What libFuzzer calls the inputs that it leaves where it runs.
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
