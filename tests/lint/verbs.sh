#!/bin/sh
# docs/testing.md explains every verb of a story, with its words: the table there and tests/sim/plan/act.def agree.
set -eu
cd "$1"
bad=0
count=0
mischief=$(sed -n 's/^#define SIM_MISCHIEF_WORDS "\(.*\)"$/\1/p' tests/sim/plan/plan.h)
while IFS= read -r line; do
    verb=$(echo "$line" | sed 's/^ACT([A-Z_]*, *[A-Z]*, *"\([^"]*\)".*/\1/')
    words=$(echo "$line" | sed -n "s/SIM_MISCHIEF_WORDS/\"$mischief\"/; s/^ACT([A-Z_]*, *[A-Z]*, *\"[^\"]*\", *\"\([^\"]*\)\".*/\1/p")
    count=$((count + 1))
    for word in $words; do
        grep -q "^| .*\`$verb\`.*\`$word\`" docs/testing.md || { echo "docs/testing.md: no \`$verb\` \`$word\`"; bad=1; }
    done
    grep -q "^| .*\`$verb\`" docs/testing.md || { echo "docs/testing.md: no \`$verb\`"; bad=1; }
done <<EOT
$(grep '^ACT(' tests/sim/plan/act.def)
EOT
[ "$count" -gt 30 ] || { echo "act.def is not of the form that is read here: $count verbs"; bad=1; }
exit $bad
