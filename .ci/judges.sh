#!/usr/bin/env bash
# Puts the clients that judge the sandbox into bin/judges/NAME, as their lock files in host/sandbox/judges/NAME say. Scripts of
# the packages are not run. -has says whether they are there.
set -euo pipefail
cd "$(dirname "$0")/.."

complete() { cmp -s "host/sandbox/judges/$1/package-lock.json" "bin/judges/$1/package-lock.json" && [ -d "bin/judges/$1/node_modules" ]; }

status=0
for lock in host/sandbox/judges/*/package-lock.json; do
  name=$(basename "$(dirname "$lock")")
  if complete "$name"; then continue; fi
  if [ "${1:-}" = -has ]; then
    echo "no judge $name in bin/judges: install node 20 or newer with npm, and run .ci/needs.sh" >&2
    status=3
    continue
  fi
  echo "installing the judge $name"
  mkdir -p "bin/judges/$name"
  cp "host/sandbox/judges/$name/package.json" "$lock" "bin/judges/$name/"
  if ! npm ci --prefix "bin/judges/$name" --omit=optional --ignore-scripts --no-audit --no-fund --fetch-retries 1 --silent </dev/null >&2; then
    rm "bin/judges/$name/package-lock.json" # by which one knows that it is complete
    status=1
  fi
done
exit $status
