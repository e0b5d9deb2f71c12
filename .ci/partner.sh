#!/usr/bin/env bash
# Prints how many modules a partner downloads to build a plugin: makes a plugin in a module of its own, outside of this
# tree, that requires this one, and builds it with an empty module cache. Needs no network: what this tree already
# downloaded serves as the proxy.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
proxy=$(go env GOMODCACHE)/cache/download
version=$(go env GOVERSION)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/plugin"
cp examples/hello/*.go "$scratch/plugin/"
rm -f "$scratch"/plugin/*_test.go
cd "$scratch/plugin"
cat >go.mod <<MOD
module example.com/partner

go ${version#go}

require github.com/pergola-platform/pergola v0.0.0

replace github.com/pergola-platform/pergola => $root
MOD
GOFLAGS='-mod=mod -modcacherw' GOWORK=off GOSUMDB=off GOTOOLCHAIN=local GOPROXY="file://$proxy" GOMODCACHE="$scratch/cache" \
  GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o "$scratch/plugin.wasm" . 2>"$scratch/log" ||
  { cat "$scratch/log" >&2; exit 1; }
find "$scratch/cache/cache/download" -name '*.zip' | wc -l | tr -d ' '
