#!/usr/bin/env bash
# Measures the sandbox and prints one line for each: figure NAME VALUE. Expects `make build`.
# Usage: bench-sandbox.sh [--scale N]...   sizes beside the small office, in units of 2,000 issues; 1 without.
#
#   operations_served              operations of Jira's REST interface
#   openapi_response_violations    answers in the sandbox's own tests that are not as Atlassian's documents say; judged are
#                                  openapi_responses_checked
#   start_ms                       `pergola sandbox` from exec to its ready event, with nothing on disk (the median of 3)
#   search_ms_p95_SIZE             95th percentile of 200 searches: on the seeded site, and for each scale on 2k, 100k...
#   rss_mib_SIZE                   resident memory after them
#   seed_ms_SIZE                   from exec to the ready event with an empty directory, where a scale is seeded
#   restart_ms_SIZE                the same with that site on disk
#   search_ms_p95_SIZE and rss_mib_SIZE are of the site after that restart
set -euo pipefail
cd "$(dirname "$0")/.."

scales=()
while [ $# -gt 0 ]; do
  if [ "$1" != --scale ] || ! [[ ${2:-} =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: $0 [--scale N]..." >&2
    exit 2
  fi
  scales+=("$2")
  shift 2
done
[ ${#scales[@]} -gt 0 ] || scales=(1)

figure() { echo "figure $1 $2"; }

# now_ms prints a clock in milliseconds; the bash of macOS has none of its own.
now_ms() {
  if [ -n "${EPOCHREALTIME:-}" ]; then
    local t=${EPOCHREALTIME/,/.}
    echo $((${t/./} / 1000))
  else
    perl -MTime::HiRes=time -e 'printf "%d\n", time * 1000'
  fi
}

# percentile P prints that percentile of the numbers on the standard input.
percentile() { sort -n | awk -v p="$1" '{ v[NR] = $1 } END { i = int(NR * p / 100 + 0.999999); print v[i < 1 ? 1 : i] }'; }

scratch=$(mktemp -d)
site=
cleanup() {
  if [ -n "$site" ]; then kill "$site" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap cleanup EXIT

# start DIR ARGS... starts a site and sets url, site and took.
start() {
  local dir=$1 events=$scratch/events log=$scratch/log begin line
  shift
  rm -f "$events"
  mkfifo "$events"
  begin=$(now_ms)
  bin/pergola sandbox --json --data "$dir" --listen 127.0.0.1:0 "$@" >"$events" 2>"$log" </dev/null &
  site=$!
  exec 3<"$events"
  if ! read -r -t 900 -u 3 line || [[ $line != *'"event":"ready"'* ]]; then
    echo "pergola sandbox did not become ready; it said:" >&2
    cat "$log" >&2
    return 1
  fi
  took=$(($(now_ms) - begin))
  url=$(sed -n 's/.*"sandbox":"\([^"]*\)".*/\1/p' <<<"$line")
}

stop() {
  kill "$site"
  wait "$site" || true
  site=
  exec 3<&-
}

# search prints the milliseconds of 200 searches by Mia, 5 kinds in turn, on one connection.
search() {
  local queries n addresses=()
  queries=('project=OPS' 'project=OPS+ORDER+BY+created+DESC' 'assignee+is+not+EMPTY+AND+project=HR' 'summary~laptop+AND+project=OPS' 'status=%22In+use%22+AND+project+in+(OPS,FAC)+ORDER+BY+key')
  for ((n = 0; n < 200; n++)); do
    addresses+=(-o /dev/null "$url/rest/api/3/search/jql?fields=summary,status,assignee&maxResults=50&jql=${queries[n % 5]}")
  done
  curl --silent --globoff --user mia@pergola.example:sandbox --write-out '%{http_code} %{time_total}\n' "${addresses[@]}" |
    awk '$1 != 200 { print "a search answered " $1 > "/dev/stderr"; exit 1 } { printf "%.2f\n", $2 * 1000 }'
}

# measure NAME starts the site of that name and prints its figures.
measure() {
  local name=$1
  start "$scratch/$name"
  figure "search_ms_p95_$name" "$(search | percentile 95)"
  figure "rss_mib_$name" "$(ps -o rss= -p "$site" | awk '{ printf "%.0f\n", $1 / 1024 }')"
  stop
  rm -rf "${scratch:?}/$name"
}

# A failed test has its figures, too.
go test -count=1 -v ./host/sandbox ./host/sandbox/judges >"$scratch/tests" 2>&1 || echo "tests of the sandbox fail: go test ./host/sandbox/..." >&2
awk '/figure (operations_served|openapi_)/ { for (i = 1; i <= NF; i++) if ($i == "figure") sum[$(i + 1)] += $(i + 2) }
  END { for (n in sum) print "figure " n " " sum[n] }' "$scratch/tests" | sort
sed -n 's/.*\(figure \(jirajs\|ace\|gojira\|forgebridge\)_[a-z_]* [0-9]*\).*/\1/p' "$scratch/tests"

for run in 1 2 3; do
  start "$scratch/start$run"
  echo "$took"
  stop
done >"$scratch/starts"
figure start_ms "$(percentile 50 <"$scratch/starts")"

measure seeded
for scale in "${scales[@]}"; do
  name=$((2 * scale))k
  start "$scratch/$name" --scale "$scale"
  figure "seed_ms_$name" "$took"
  stop
  start "$scratch/$name"
  figure "restart_ms_$name" "$took"
  stop
  measure "$name"
done
