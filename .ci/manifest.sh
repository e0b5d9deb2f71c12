#!/usr/bin/env bash
# manifest.sh FIELD FILE prints a field of a plugin.json that scripts need: id, entry (the name of the code file), or kind (wasm or process).
# The first occurrence counts, on a line of its own, as our formatter leaves it.
set -euo pipefail
field=$1 file=$2
value=$(sed -n '/"'"$field"'"[[:space:]]*:/{s/^.*"'"$field"'"[[:space:]]*:[[:space:]]*"\([A-Za-z0-9._-]*\)".*$/\1/p;q;}' "$file")
if [ -z "$value" ]; then
  echo "$file: no usable \"$field\"" >&2
  exit 1
fi
echo "$value"
