#!/usr/bin/env bash
# Measures the synchronization engine and prints one line for each: figure NAME VALUE. Engine, sandbox site and database are processes of
# their own; rows come out of a PostgreSQL through the plugin database-sync. Needs Linux and a PostgreSQL (.ci/needs.sh).
# Usage: bench-sync.sh [-rows N] [-large N] [-rounds N] [-kills N]
#
#   rows_per_s_initial             rows that become issues, of 10,000 (-rows); the median of 3 rounds (-rounds), like those below
#   rows_per_s_unchanged           rows whose issues say already what they say; the goal is 20,000
#   rows_per_s_changed_1pct        the same where one in a hundred has changed
#   host_cpu_us_per_row            CPU time of the engine's process alone, without changes
#   initial_ratio_to_bare_loop     the first ÷ one caller that sends the same bodies to the same site and does nothing else; the goal is 0.7
#   rss_mib_10k_rows               most memory that the engine's process holds during a dry run of 10,000 rows that have no issue:
#                                  every row is read twice, looked up and planned
#   rss_mib_1m_rows, rss_ratio     the same of a million (-large), and how many times the former that is; the goal is 1.2
#   rss_ratio_labelling            the same of runs that label issues whose row is gone, for which keys are held to the end
#   kills_survived                 SIGKILLs of the engine at random moments while it writes, 20 (-kills), under host/jobs
#   wrong_issues_after_kills       rows that have not exactly one issue with the right values afterwards; has to be 0
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test ./host/syncer/bench -count 1 -timeout 30m -v -args -figures -kills 20 "$@" >"$log" || {
  cat "$log" >&2
  exit 1
}
if ! grep '^figure ' "$log"; then
  cat "$log" >&2
  exit 1
fi
