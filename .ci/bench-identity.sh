#!/usr/bin/env bash
# Measures what it costs to know who asks, tries the parsers of foreign bytes, and prints one line for each: figure NAME VALUE.
#
#   auth_cached_vs_bare_fiber    requests per second: a Fiber whose handler verifies a page's token that was verified before and sends 1 KB,
#                                ÷ one whose handler only sends it. Over loopback, 16 keep-alive connections, one client that does as little as
#                                can be; in turns, the median of the rounds' ratios. Client and servers share one process, so what the client
#                                costs makes both look more alike.
#   auth_uncached_vs_bare_fiber  the same, with a token that is verified each time: a read of its site, the opening of the secret, the HMAC
#   host_vs_bare_fiber           a call of a page through the whole host ÷ bare Fiber: the token as above, and a table of routes, a request id,
#                                security headers (some 500 bytes more to send), limits, a deadline, metrics, and a line of log in a file
#   open_route_vs_bare_fiber     a route of the whole host that asks nobody who they are ÷ bare Fiber
#   auth_cached_vs_open_route    the whole host's call of a page ÷ that route
#   tenant_lookup_us             microseconds to find a site by its client key among 500 in the embedded store, with its secret opened; the median
#   fuzz_execs_NAME              executions of a fuzz target without a failure, FUZZTIME each (10s); FUZZTIME=0 leaves them out
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test ./host/web -count 1 -run '^TestIdentityFigures$' -figures -v >"$log" || {
  cat "$log" >&2
  exit 1
}
for name in auth_cached_vs_bare_fiber auth_uncached_vs_bare_fiber host_vs_bare_fiber open_route_vs_bare_fiber auth_cached_vs_open_route tenant_lookup_us; do
  if ! grep "^figure $name " "$log"; then
    echo "the tests of host/web printed no $name" >&2
    exit 1
  fi
done

fuzztime=${FUZZTIME:-10s}
if [ "$fuzztime" = 0 ]; then exit; fi
grep -rl --include='*_test.go' '^func Fuzz' host/auth host/connect host/events host/forge host/operator host/token host/web | sort | while read -r file; do
  sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' "$file" | while read -r target; do
    go test "./$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" -parallel 2 >"$log" 2>&1 </dev/null || {
      cat "$log" >&2
      exit 1
    }
    execs=$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    echo "figure fuzz_execs_$(basename "$(dirname "$file")")_${target#Fuzz} $execs"
  done
done
