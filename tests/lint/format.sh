#!/bin/sh
# Every C file is as clang-format leaves it.
set -eu
cd "$1"
git ls-files -co --exclude-standard -- '*.c' '*.h' | while read -r f; do [ -f "$f" ] && printf '%s\0' "$f"; done |
    xargs -0 clang-format --dry-run -Werror
