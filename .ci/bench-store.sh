#!/usr/bin/env bash
# Measures the embedded store and prints one line for each: figure NAME VALUE.
#
#   sqlite_get_us, sqlite_put_us   microseconds for one document of 400 bytes, the median of interleaved rounds
#   sqlite_get_vs_direct           the same ÷ SQLite through database/sql alone: a table of two columns, prepared
#   sqlite_put_vs_direct           statements, the same settings
#   writes_acked, writes_lost      batches that were acknowledged before 50 kills in mid-load, and those not found after them
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test ./host/store/sqlitestore -count 1 -run '^(TestFigures|TestAcknowledgedWritesSurviveKill)$' -figures -kills 50 -v >"$log" || {
  cat "$log" >&2
  exit 1
}
for name in sqlite_get_us sqlite_get_vs_direct sqlite_put_us sqlite_put_vs_direct writes_acked writes_lost; do
  if ! grep "^figure $name " "$log"; then
    echo "the tests of host/store/sqlitestore printed no $name" >&2
    exit 1
  fi
done
