#!/bin/sh
# Which lines and branches of the pure parts run, and which do not: coverage.sh BUILD OUT. Counts what the tests that need
# no server run: unit, vectors, store, the stories and some seeds of the simulation, and the corpora of the fuzz targets.
set -eu
build=$1 out=$2
find "$build" -name '*.gcda' -delete
ctest --test-dir "$build" -j"$(nproc)" -L '^(unit|vectors|store|fuzz)$' --output-on-failure >"$out.log"
"$build/bin/kr-sim" tests/sim/stories/*.story tests/sim/stories/found/*.story >>"$out.log"
"$build/bin/kr-sim" --seeds 400 >>"$out.log"
gcovr --root . --object-directory "$build" --filter 'service/core/' --filter 'protocol/' --filter 'client/core/' \
    --exclude-throw-branches --txt "$out.txt" --html-details "$out.html" --print-summary
