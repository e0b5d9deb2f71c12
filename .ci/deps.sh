#!/usr/bin/env bash
# Compares the modules that each program links with .ci/deps.txt, so that a new one is a line that a reviewer sees.
# deps.sh -update writes the file anew.
set -euo pipefail
cd "$(dirname "$0")/.."

# modules PACKAGE prints the modules of everything that PACKAGE links, without our own. Versions stand in go.mod.
modules() {
  go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}' "$1" | sort -u | sed "s|^|$1 |"
}

list() {
  modules ./host/cmd/pergola
  local source
  for source in plugins/*/plugin.json examples/*/plugin.json; do
    if [ "$(.ci/guest.sh -language "${source%/plugin.json}")" != go ]; then continue; fi # others link nothing of go.mod
    if [ "$(.ci/guest.sh -kind "${source%/plugin.json}")" = process ]; then
      GOOS=linux GOARCH=amd64 modules "./${source%/plugin.json}"
    else
      GOOS=wasip1 GOARCH=wasm modules "./${source%/plugin.json}"
    fi
  done
}

if [ "${1:-}" = -update ]; then
  list >.ci/deps.txt
  exit
fi
if ! list | diff -u .ci/deps.txt - >&2; then
  echo "the linked modules changed; if that is meant, run .ci/deps.sh -update and say why in the commit" >&2
  exit 1
fi
