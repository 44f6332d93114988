#!/bin/sh
# clang-tidy over every C file of the compilation database (.clang-tidy says which checks).
# A file whose contents, headers and flags were clean before is not looked at again: tidy.sh SOURCE BUILD
set -eu
source=$1 build=$2
cache=$build/tidy
mkdir -p "$cache"
cd "$source"
# One fingerprint for all headers and settings: a header may change what any file means.
all=$( (git ls-files -co --exclude-standard -- '*.h' '*.def' .clang-tidy; find "$build" -name '*.h' -path '*generated*') | sort |
    while read -r f; do [ -f "$f" ] && sha256sum "$f"; done | sha256sum | cut -c1-16)
git ls-files -co --exclude-standard -- '*.c' | while read -r f; do
    [ -f "$f" ] && grep -q "/$f\"" "$build/compile_commands.json" && printf '%s\0' "$f"
done | xargs -0 -r -n 1 -P "$(nproc)" sh -c '
    key=$2/$(sha256sum "$4" | cut -c1-32)-$3
    [ -e "$key" ] && exit 0
    if out=$(clang-tidy -p "$1" --extra-arg=-Wno-unknown-warning-option --quiet "$4" 2>/dev/null); then : >"$key"; else printf "%s\n" "$out"; exit 1; fi
' tidy "$build" "$cache" "$all"
