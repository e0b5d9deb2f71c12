#!/usr/bin/env bash
# Prints the path of a stand-in for AWS KMS that shares no code with what we link, and installs it into bin/tools where it is
# missing. The tests of host/seal/kms find it there, by LOCAL_KMS, or on the PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

version=v0.0.0-20260228092603-2a5e92d09ab6
dir=$PWD/bin/tools/local-kms-$version
if [ ! -x "$dir/local-kms" ]; then
  GOBIN=$dir go install "github.com/nsmithuk/local-kms@$version" >&2
fi
echo "$dir/local-kms"
