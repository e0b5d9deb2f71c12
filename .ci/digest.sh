#!/usr/bin/env bash
# digest.sh FILE prints the SHA-256 digest of a file, with whichever tool the system has.
set -euo pipefail
if command -v sha256sum >/dev/null; then
  sha256sum "$1"
else
  shasum -a 256 "$1"
fi | cut -d ' ' -f 1
