#!/usr/bin/env bash
# Measures what the project promises to its users and prints one line for each: figure NAME VALUE. Expects `make build`.
#
#   cold_start_ms, warm_start_ms   `pergola dev` from exec to its ready event: with nothing on disk (the median of 3), and
#                                  with the data of an earlier start (the median of 5)
#   issue_panel_vs_bare_fiber      requests per second: the issue panel through the whole host ÷ bare Fiber
#   process_call_vs_raw_goplugin   a call of a process plugin ÷ a call of go-plugin alone, both with mutual TLS
#   orphans_after_kill             processes that are left after a host with process plugins ended, by any signal or a panic
#   hello_guest_bytes              the smallest plugin, as Wasm
#   sdk_partner_modules            modules that somebody downloads to build a plugin in a repository of their own
set -euo pipefail
cd "$(dirname "$0")/.."

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

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

scratch=$(mktemp -d)
host=
cleanup() {
  if [ -n "$host" ]; then kill "$host" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap cleanup EXIT

# start_ms DIR starts host and sandbox on the data in DIR, stops them when they are ready, and prints how long that took.
# `pergola dev` prints its events as JSON lines; it may not take longer than a minute.
start_ms() {
  local events=$scratch/events log=$scratch/log begin line
  rm -f "$events"
  mkfifo "$events"
  begin=$(now_ms)
  bin/pergola dev --json --data "$1" --listen 127.0.0.1:0 --sandbox 127.0.0.1:0 >"$events" 2>"$log" </dev/null &
  host=$!
  exec 3<"$events"
  if ! read -r -t 60 -u 3 line || [[ $line != *'"event":"ready"'* ]]; then
    echo "pergola dev did not become ready; it said:" >&2
    cat "$log" >&2
    return 1
  fi
  echo $(($(now_ms) - begin))
  kill "$host"
  wait "$host" || true
  host=
  exec 3<&-
}

for run in 1 2 3; do start_ms "$scratch/cold$run"; done >"$scratch/cold"
figure cold_start_ms "$(median <"$scratch/cold")"
# A start installs the app again. Tokens count whole seconds, so the sandbox lets a second begin between two
# installations; nobody restarts that fast, so this waits outside of what is measured.
for run in 1 2 3 4 5; do sleep 1; start_ms "$scratch/cold1"; done >"$scratch/warm"
figure warm_start_ms "$(median <"$scratch/warm")"

# The benchmark reports its ratio with b.ReportMetric, which prints VALUE NAME beside the time of one run.
ratio=$(go test ./host/app -run '^$' -bench '^BenchmarkIssuePanel$' -benchtime 3s -count 3 |
  awk '{ for (i = 2; i <= NF; i++) if ($i == "issue_panel_vs_bare_fiber" && $(i-1) ~ /^[0-9.]+$/) print $(i-1); else if ($i == "issue_panel_vs_bare_fiber" && $(i+1) ~ /^[0-9.]+$/) print $(i+1) }' | median)
if [ -z "$ratio" ]; then
  echo "BenchmarkIssuePanel in host/app reported no issue_panel_vs_bare_fiber" >&2
  exit 1
fi
figure issue_panel_vs_bare_fiber "$ratio"

if [ "$(uname -s)" = Linux ]; then
  ratio=$(go test ./core/process -run '^$' -bench '^BenchmarkAgainstRaw$' -benchtime 400x -count 5 |
    awk '{ for (i = 2; i <= NF; i++) if ($i == "process_call_vs_raw_goplugin") print $(i-1) }' | median)
  orphans=$(go test ./core/process -count 1 -run '^TestNothingOutlivesTheHost$' -v | awk '$2 == "orphans_after_kill" { print $3 }')
  if [ -z "$ratio" ] || [ -z "$orphans" ]; then
    echo "core/process reported no process_call_vs_raw_goplugin or no orphans_after_kill" >&2
    exit 1
  fi
  figure process_call_vs_raw_goplugin "$ratio"
  figure orphans_after_kill "$orphans"
fi

GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags '-s -w' -o "$scratch/hello.wasm" ./examples/hello
figure hello_guest_bytes "$(wc -c <"$scratch/hello.wasm" | tr -d ' ')"

figure sdk_partner_modules "$(.ci/partner.sh)"
