#!/usr/bin/env bash
# Fails if a Wasm guest outgrows its budget. Every tenant's host compiles these bytes and keeps their native code in
# memory, so growth is decided, not drifted into: raise a budget in the commit that needs it, and say why.
set -euo pipefail
cd "$(dirname "$0")/.."

# Budgets in bytes: what a guest weighed when somebody last looked, and a little more.
budgets='
examples/hello   3900000
plugins/qrcode   6900000
'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0

for source in plugins/*/plugin.json examples/*/plugin.json; do
  guest=${source%/plugin.json}
  budget=$(awk -v guest="$guest" '$1 == guest { print $2 }' <<<"$budgets")
  if [ -z "$budget" ]; then
    echo "$guest has no budget; add a line to .ci/size.sh" >&2
    status=1
    continue
  fi
  GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags '-s -w' -o "$scratch/guest.wasm" "./$guest"
  bytes=$(wc -c <"$scratch/guest.wasm" | tr -d ' ')
  printf '  %-20s %9d of %9d bytes\n' "$guest" "$bytes" "$budget"
  if [ "$bytes" -gt "$budget" ]; then
    echo "$guest is $((bytes - budget)) bytes over its budget" >&2
    status=1
  fi
done
exit $status
