#!/usr/bin/env bash
# Prints the path of FerretDB, a server that speaks MongoDB's protocol over a store that nobody here wrote, and installs it into
# bin/tools where it is missing; that takes two minutes at first. The tests of host/store/mongostore find it there.
# ferretdb.sh -where prints the path and installs nothing.
#
# `go install` of the version gives a program that does not start: a file that only its releases have is missing from the
# module. So the module is checked against its sum, copied, completed and built, which leaves our go.mod alone as well.
set -euo pipefail
cd "$(dirname "$0")/.."

version=v1.24.2
sum=h1:trrUU0LbmusMbyubhPS1IELncvrIwKrsRT2LW1UUWCw=
dir=$PWD/bin/tools/ferretdb-$version
if [ -x "$dir/ferretdb" ] || [ "${1:-}" = -where ]; then
  echo "$dir/ferretdb"
  exit 0
fi

mkdir -p "$dir"
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
cd "$scratch"
export GOWORK=off GOFLAGS=-buildvcs=false CGO_ENABLED=0
module=$(go mod download -json "github.com/FerretDB/FerretDB@$version")
field() { sed -n 's/^[[:space:]]*"'"$1"'": "\(.*\)",\{0,1\}$/\1/p' <<<"$module"; }
if [ "$(field Sum)" != "$sum" ]; then
  echo "FerretDB $version has the sum $(field Sum) instead of $sum" >&2
  exit 1
fi
cp -R "$(field Dir)" source
chmod -R u+w source
echo "$version" >source/build/version/version.txt
# Into place in one step: what is there is whole.
go -C source build -trimpath -ldflags '-s -w' -o "$dir/ferretdb.new" ./cmd/ferretdb >&2
mv "$dir/ferretdb.new" "$dir/ferretdb"
echo "$dir/ferretdb"
