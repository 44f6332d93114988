#!/bin/sh
# No program that is installed holds the simulation's null cipher, or the defects of its canaries and the places where
# they are made: null_cipher.sh PROGRAM...
set -eu
bad=0
for program in "$@"; do
    symbols=$(nm "$program" | awk '{ print $NF }')
    # A stripped program would pass anything.
    if ! echo "$symbols" | grep -qx main; then
        echo "$program: no symbols to look at"
        bad=1
    fi
    if echo "$symbols" | grep -E '^(kr_null_|kr_sim_|__wrap_|__real_)'; then
        echo "^ in $program"
        bad=1
    fi
done
exit $bad
