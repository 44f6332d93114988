#!/bin/sh
# What must not be in the tree: markers of unfinished work, switched-off code, includes that climb out of a folder,
# formatted output where the core is pure.
set -eu
cd "$1"
bad=0
look() { # WHAT PATTERN PATHS...
    what=$1 pattern=$2
    shift 2
    if git grep -nE "$pattern" -- "$@" ':!tests/lint/words.sh'; then
        echo "^ $what"
        bad=1
    fi
}
look "unfinished work" '\b(TO''DO|FIX''ME|XX''X|HA''CK)\b' '*.c' '*.h' '*.py' '*.sh' '*.lua' '*.md' '*.js' '*.ts' demo check
look "switched-off code" '^[[:space:]]*#[[:space:]]*if 0' '*.c' '*.h'
look "an include that climbs out of its folder" '#include "\.\./' '*.c' '*.h'
look "output or time in a pure part" '(^|[^a-z_])(printf|fprintf|puts|time|clock_gettime|getenv|rand|random)\(' protocol/text protocol/epoch protocol/message protocol/xml protocol/log protocol/verify service/core/*.c client/core
look "a clock, a generator, a network or a page in a pure part" '\b(Date|performance|Math\.random|crypto|fetch|WebSocket|document|window|setTimeout|setInterval|indexedDB|localStorage|process|console)\b *[.(\[]' "web/keyroom/protocol/*.js" "web/keyroom/message/*.js" "web/keyroom/client/*.js" "web/keyroom/olm/*.js" "web/keyroom/log/*.js" "web/keyroom/verify/*.js"
exit $bad
