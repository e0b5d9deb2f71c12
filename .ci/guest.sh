#!/usr/bin/env bash
# Builds plugins. Most are Wasm guests, whatever their language: Go, C, AssemblyScript or Rust. One in Go whose plugin.json says
# runtime.kind process becomes an executable for this system.
#
#   guest.sh FOLDER OUT          builds the guest in a folder
#   guest.sh -language FOLDER    prints its language: go, c, as or rust
#   guest.sh -has LANGUAGE       looks for the language's compiler
#   guest.sh -kind FOLDER        prints wasm or process
#
# Exits with 3 where the compiler is missing, and says what to install. .ci/needs.sh installs them on Debian.
set -euo pipefail
cd "$(dirname "$0")/.."

language() {
  local file
  for file in "$1"/*.go "$1"/*.c "$1"/*.ts "$1"/*.rs; do
    if [ ! -e "$file" ]; then continue; fi
    case $file in
      *.go) echo go ;;
      *.c) echo c ;;
      *.ts) echo as ;;
      *.rs) echo rust ;;
    esac
    return
  done
  echo "$1: no code in a language that .ci/guest.sh knows" >&2
  exit 1
}

# kind prints how the plugin in a folder runs. What has no plugin.json is a fixture of tests.
kind() {
  if [ -e "$1/plugin.json" ]; then .ci/manifest.sh kind "$1/plugin.json"; else echo wasm; fi
}

missing() {
  echo "$1" >&2
  exit 3
}

find_go() { :; }

# wasi-sdk brings a compiler, a linker and a C library of its own.
find_c() {
  clang=${WASI_SDK_PATH:+$WASI_SDK_PATH/bin/}clang
  if command -v "$clang" >/dev/null && [ -e "$("$clang" --target=wasm32-wasi -print-file-name=crt1-reactor.o)" ] &&
    [ -e "$("$clang" --target=wasm32-wasi -print-libgcc-file-name)" ] && { [ -n "${WASI_SDK_PATH:-}" ] || command -v wasm-ld >/dev/null; }; then return; fi
  missing "no C compiler for Wasm: install clang, lld, wasi-libc and libclang-rt-dev-wasm32 (Debian), or wasi-sdk and set WASI_SDK_PATH"
}

# The compiler's version is that of the lock file in examples/as-hello.
find_as() {
  asc=bin/asc/node_modules/assemblyscript/bin/asc.js
  if ! command -v node >/dev/null; then missing "no AssemblyScript compiler: install node 20 or newer with npm, and run .ci/needs.sh"; fi
  if [ ! -e "$asc" ] || ! cmp -s examples/as-hello/package-lock.json bin/asc/package-lock.json; then
    missing "no AssemblyScript compiler in bin/asc: run .ci/needs.sh, which takes it from npm as examples/as-hello/package-lock.json says"
  fi
}

# Of several compilers the first that has a Wasm target will do.
find_rust() {
  for rustc in rustc /usr/bin/rustc; do
    if ! command -v "$rustc" >/dev/null; then continue; fi
    for target in wasm32-wasip1 wasm32-wasi; do
      if [ -d "$("$rustc" --print sysroot)/lib/rustlib/$target/lib" ]; then return; fi
    done
  done
  missing "no Rust compiler for Wasm: install rustc and libstd-rust-dev-wasm32 (Debian), or run rustup target add wasm32-wasip1"
}

build_go() {
  if [ "$(kind "$1")" = process ]; then
    CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$2" "./$1"
  else
    GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 go build -buildmode=c-shared -trimpath -ldflags '-s -w' -o "$2" "./$1"
  fi
}

build_c() {
  "$clang" --target=wasm32-wasi -mexec-model=reactor -std=c11 -Oz -Wall -Wextra -Werror -Isdk/wire -Wl,--strip-all,--stack-first -o "$2" "$1"/*.c
}

build_as() { node "$asc" "$1"/*.ts --outFile "$2" -O3s --exportStart _initialize --runtime minimal --use abort=sdk/wire/pergola/abort; }

build_rust() { "$rustc" --target "$target" --crate-type cdylib -C opt-level=s -C panic=abort -C strip=symbols -o "$2" "$1"/*.rs; }

case ${1:-} in
  -language) language "$2" ;;
  -kind) kind "$2" ;;
  -has) "find_$2" ;;
  *)
    language=$(language "$1")
    "find_$language"
    "build_$language" "$1" "$2"
    ;;
esac
