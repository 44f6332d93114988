#!/bin/sh
# Puts the npm packages of package-lock.json into web/node_modules, unless exactly those are there already.
set -eu
cd "$(dirname "$0")"
stamp=node_modules/.keyroom-lock
[ -f "$stamp" ] && cmp -s package-lock.json "$stamp" && exit 0
npm ci --ignore-scripts
cp package-lock.json "$stamp"
