#!/usr/bin/env bash
# Fails if the working tree differs from the last commit: what a check changed, or nobody committed, is not in the history.
set -euo pipefail
changes=$(git status --porcelain)
if [ -n "$changes" ]; then
  echo "the tree differs from the last commit; commit or drop these:" >&2
  echo "$changes" >&2
  exit 1
fi
