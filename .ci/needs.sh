#!/usr/bin/env bash
# Makes sure of the programs that tests use beside Go: a browser, readers that have nothing in common with our own code for
# what we print and sign, compilers of plugins in other languages, database servers and a key service. Installs what is
# missing on Debian when it may; elsewhere says what to install. What Go and npm bring is put into bin/ everywhere.
#
# Tests skip by name where a program is missing. With CI=true nothing may be skipped, so something missing fails here.
#
# `needs.sh machine` makes sure of what `make machine` needs instead, and fails where that is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

# has NAME... succeeds when one of the programs is on the PATH.
has() {
  local name
  for name in "$@"; do
    if command -v "$name" >/dev/null 2>&1; then return 0; fi
  done
  return 1
}

# missing prints the Debian package of each program that is not there.
missing() {
  has chromium chromium-browser google-chrome google-chrome-stable || echo chromium
  has zbarimg || echo zbar-tools
  has pdftoppm || echo poppler-utils
  has dmtxread || echo dmtx-utils
  has rsvg-convert || echo librsvg2-bin
  has minisign || echo minisign
  .ci/databases.sh -has postgres || echo postgresql
  .ci/databases.sh -has mariadb || echo mariadb-server
}

# compilers prints the Debian packages of each compiler that is not there.
compilers() {
  .ci/guest.sh -has c 2>/dev/null || echo clang lld wasi-libc libclang-rt-dev-wasm32
  .ci/guest.sh -has rust 2>/dev/null || echo rustc libstd-rust-dev-wasm32
  has npm || echo nodejs npm
}

# assemblyscript puts that compiler into bin/asc, as the lock file says. Scripts of the packages are not run.
assemblyscript() {
  if .ci/guest.sh -has as 2>/dev/null; then return 0; fi
  has npm || return 1
  echo "installing AssemblyScript"
  mkdir -p bin/asc
  cp examples/as-hello/package.json bin/asc/
  cp examples/as-hello/package-lock.json bin/asc/package-lock.json
  if retry npm ci --prefix bin/asc --ignore-scripts --no-audit --no-fund --fetch-retries 1 --silent </dev/null >&2; then return 0; fi
  rm bin/asc/package-lock.json # by which guest.sh knows that it is complete
  return 1
}

# judges puts the clients that judge the sandbox into bin/judges.
judges() {
  if .ci/judges.sh -has 2>/dev/null; then return 0; fi
  has npm || return 1
  retry .ci/judges.sh
}

# database puts a server that speaks MongoDB's protocol into bin/tools.
database() {
  if [ -x "$(.ci/ferretdb.sh -where)" ]; then return 0; fi
  echo "installing FerretDB, which takes two minutes"
  retry .ci/ferretdb.sh >/dev/null
}

# keys puts a stand-in for a key management service into bin/tools.
keys() { retry .ci/local-kms.sh >/dev/null; }

# ours makes sure of what needs no package of the system.
ours() {
  local status=0
  assemblyscript || status=1
  judges || status=1
  database || status=1
  keys || status=1
  return $status
}

# retry COMMAND... tries up to three times with CI=true; package mirrors have bad moments.
retry() {
  local try
  if [ "${CI:-}" != true ]; then
    "$@"
    return
  fi
  for try in 1 2 3; do
    if "$@"; then return 0; fi
    if [ "$try" -lt 3 ]; then sleep $((try * 5)); fi
  done
  return 1
}

if [ "${1:-}" = machine ]; then
  missing() {
    has qemu-system-x86_64 || echo qemu-system-x86
    has mkfs.ext4 /sbin/mkfs.ext4 || echo e2fsprogs
  }
  compilers() { :; }
  ours() { :; }
fi

packages=$(missing) tools=$(compilers)
if [ -z "$packages$tools" ] && ours; then exit 0; fi

as_root=()
may_install=false
if has apt-get; then
  if [ "$(id -u)" -eq 0 ]; then
    may_install=true
  elif [ "${CI:-}" = true ] && has sudo && sudo -n true 2>/dev/null; then
    may_install=true
    as_root=(sudo -n)
  fi
fi

if $may_install && [ -n "$packages$tools" ]; then
  echo "installing" $packages $tools
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  apt() { ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null >>"$log" 2>&1; }
  retry apt update || true # the lists that are there may do
  # shellcheck disable=SC2086 # one word for each package
  retry apt install --yes --no-install-recommends $packages $tools || tail -n 20 "$log" >&2
  packages=$(missing) tools=$(compilers)
  if [ -z "$packages$tools" ] && ours; then exit 0; fi
fi

if [ -n "$packages" ]; then
  list=$(echo $packages)
  brew=$(echo "$list" | sed 's/chromium//; s/zbar-tools/zbar/; s/poppler-utils/poppler/; s/librsvg2-bin/librsvg/; s/mariadb-server/mariadb/')
  {
    echo "missing: $list"
    echo "  Debian, Ubuntu   sudo apt-get install $list"
    echo "  Fedora           sudo dnf install $(echo "$list" | sed 's/zbar-tools/zbar/; s/dmtx-utils/libdmtx-utils/; s/librsvg2-bin/librsvg2-tools/; s/postgresql/postgresql-server/')"
    case $list in
      chromium) echo "  macOS            brew install --cask chromium" ;;
      *chromium*) echo "  macOS            brew install --cask chromium; brew install$brew" ;;
      *) echo "  macOS            brew install $brew" ;;
    esac
  } >&2
fi
if [ "${1:-}" = machine ]; then exit 1; fi
ours || true
for language in c rust as; do .ci/guest.sh -has "$language" || true; done
.ci/judges.sh -has || true
if [ "${CI:-}" = true ]; then exit 1; fi
echo "Tests that need them are skipped." >&2
