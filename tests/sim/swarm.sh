#!/bin/sh
# The swarm as ./check runs it: swarm.sh KR_SIM CIPHER SEEDS DEEP_SEEDS LOG. The same seeds each time; with KR_DEEP=1
# more, and others on another day. What it prints is kept in LOG for ./check to tell.
set -eu
sim=$1 cipher=$2 seeds=$3 from=1
if [ "${KR_DEEP:-}" = 1 ]; then
    seeds=$4
    from=$(($(date +%s) / 86400 * 1000000))
fi
mkdir -p "$(dirname "$5")"
status=0
"$sim" --seeds "$seeds" --from "$from" --cipher "$cipher" --out "$(dirname "$5")" >"$5" 2>&1 || status=$?
cat "$5"
exit $status
