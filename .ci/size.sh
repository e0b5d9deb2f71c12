#!/usr/bin/env bash
# Fails if a plugin outgrows its budget. Every tenant's host compiles the bytes of a Wasm guest and keeps their native code in
# memory, so growth is decided, not drifted into: raise a budget in the commit that needs it, and say why.
set -euo pipefail
cd "$(dirname "$0")/.."

# Budgets in bytes: what a guest weighed when somebody last looked, and a little more.
budgets='
examples/as-hello    16000
examples/c-hello     24000
examples/hello     3900000
examples/picker    3900000
examples/service-shelf 4100000
examples/service-stock 3900000
examples/sync-csv     4280000
examples/sync-memory  4150000
plugins/advanced-links 6700000
plugins/data-logic    5400000
plugins/database-sync 42000000
plugins/field-select  4150000
plugins/filter-panel  5250000
plugins/issue-view    4950000
plugins/link-transfer 5420000
plugins/parent-filter 4600000
plugins/project-sync  4400000
plugins/qrcode     6900000
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
  built=0
  .ci/guest.sh "$guest" "$scratch/guest.wasm" || built=$?
  if [ "$built" -eq 3 ] && [ "${CI:-}" != true ]; then continue; fi # no compiler for it here
  if [ "$built" -ne 0 ]; then
    status=1
    continue
  fi
  bytes=$(wc -c <"$scratch/guest.wasm" | tr -d ' ')
  printf '  %-20s %9d of %9d bytes\n' "$guest" "$bytes" "$budget"
  if [ "$bytes" -gt "$budget" ]; then
    echo "$guest is $((bytes - budget)) bytes over its budget" >&2
    status=1
  fi
done
exit $status
