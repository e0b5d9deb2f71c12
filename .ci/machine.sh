#!/usr/bin/env bash
# Runs the tests that need a machine of their own, in a virtual one: a kernel whose cgroups bound processes, a disk that may
# break, a clock that may jump. They are named TestMachine…, and skip everywhere else.
#
#   machine.sh [PATTERN]    runs those whose names match the regular expression PATTERN; all of them by default
#
# The kernel is Debian's for clouds. It is unpacked below bin/machine and never installed. The machine has no network, a disk that is
# made for it, and everything else in memory. It is fast where /dev/kvm may be used, and works without. What its kernel says
# is in bin/machine/kernel.log.
#
# Fails where a test failed or did not run, and where the machine did not come to its end within MACHINE_PATIENCE seconds.
set -euo pipefail
cd "$(dirname "$0")/.."

pattern=${1:-.}
patience=${MACHINE_PATIENCE:-900}
packages=(core/process host/jobs host/jobs/board host/store/sqlitestore)
modules=(virtio_pci virtio_blk ext4) # as far as the kernel does not have them by itself
dir=$PWD/bin/machine
root=$dir/root

.ci/needs.sh machine

# qemu and mkfs.ext4 may lie where only root looks.
PATH=$PATH:/usr/sbin:/sbin

# unpacked PACKAGE... prints the directory in which Debian packages lie unpacked, named for the version of the first one.
unpacked() {
  local version place scratch deb
  version=$(apt-cache show --no-all-versions "$1" | sed -n 's/^Version: //p;/^Version/q')
  place=$dir/$1-${version//:/-}
  if [ ! -d "$place" ]; then
    echo "  unpack    $*" >&2
    scratch=$(mktemp -d "$dir/unpack.XXXXXX")
    (cd "$scratch" && apt-get -qq -o APT::Sandbox::User=root download "$@" >&2)
    mkdir "$scratch/tree"
    for deb in "$scratch"/*.deb; do dpkg-deb -x "$deb" "$scratch/tree"; done
    mv "$scratch/tree" "$place" # in one step: what is there is whole
    rm -rf "$scratch"
  fi
  echo "$place"
}

# The package without a version in its name depends on the newest kernel.
kernel_package() { apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1; }

# add_modules KERNEL puts the kernel's modules that the machine may need into its root.
add_modules() {
  local tree=$1 release path
  tree=$tree/$([ -d "$1/lib/modules" ] && echo lib || echo usr/lib)/modules
  release=$(ls "$tree")
  for path in drivers/virtio drivers/block fs/ext4 fs/jbd2 fs/mbcache.ko fs/mbcache.ko.xz lib crypto arch/x86/crypto; do
    if [ -e "$tree/$release/kernel/$path" ]; then
      mkdir -p "$root/lib/modules/$release/kernel/$(dirname "$path")"
      cp -R "$tree/$release/kernel/$path" "$root/lib/modules/$release/kernel/$path"
    fi
  done
  find "$root/lib/modules" -name '*.ko.xz' -exec unxz {} +
  "$busybox" depmod -b "$root" "$release"
}

# What the machine does: everything for the tests, the tests, and a last line with how many packages failed.
write_init() {
  cat >"$root/init" <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root TMPDIR=/tmp PERGOLA_MACHINE=1 PERGOLA_MACHINE_DISK=/dev/vda
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup /sys/fs/cgroup
exec >/dev/ttyS1 2>&1 </dev/null
stty raw -F /dev/ttyS1
ip link set lo up
for module in ${modules[*]}; do modprobe -q \$module; done
failed=0
for test in ${packages[*]}; do
  cd /src/\$test || failed=\$((failed + 1))
  /tests/\${test//\//-} -test.v -test.timeout ${patience}s -test.run '$run' || failed=\$((failed + 1))
done
echo "machine ended, \$failed failed"
sync
poweroff -f
INIT
  chmod +x "$root/init"
}

mkdir -p "$dir"
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "make machine takes the kernel from Debian's packages; run it on Debian or Ubuntu, or in a container of one" >&2
  exit 1
fi
busybox=$(unpacked busybox-static)/bin/busybox
kernel=$(unpacked "$(kernel_package)")

rm -rf "$root"
mkdir -p "$root"/{bin,dev,proc,sys,tmp,tests,root,src}
cp "$busybox" "$root/bin/busybox"
add_modules "$kernel"
expected=()
for package in "${packages[@]}"; do
  echo "  build     tests of $package"
  binary=$root/tests/${package//\//-}
  CGO_ENABLED=0 go test -c -ldflags '-s -w' -o "$binary" "./$package"
  names=$("$binary" -test.list '^TestMachine' | grep -E -- "$pattern") || true
  # shellcheck disable=SC2206 # one word for each name
  expected+=($names)
  mkdir -p "$root/src/$package"
  if [ -d "$package/testdata" ]; then cp -R "$package/testdata" "$root/src/$package/"; fi
done
if [ ${#expected[@]} -eq 0 ]; then
  echo "no test is named TestMachine… and matches $pattern" >&2
  exit 1
fi
run="^($(IFS='|'; echo "${expected[*]}"))\$"
write_init
(cd "$root" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$dir/initramfs"
rm -f "$dir/disk"
truncate -s 64M "$dir/disk"
mkfs.ext4 -q -F "$dir/disk"

# boot ACCELERATOR ARGUMENTS... starts a machine.
boot() {
  local accelerator=$1
  shift
  timeout --foreground "$patience" qemu-system-x86_64 -machine pc -accel "$accelerator" -cpu max -smp 2 -m 1536 -nodefaults -no-user-config \
    -display none -no-reboot -nic none -kernel "$kernel"/boot/vmlinuz-* "$@" </dev/null
}

# Where a hypervisor lies beneath, /dev/kvm may be there and not do: so a machine that only panics is tried first.
accelerator=tcg
if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
  patience=8 boot kvm -append "console=ttyS0 panic=-1" -serial "file:$dir/probe.log" >/dev/null 2>&1 || true
  if grep -q 'Kernel panic' "$dir/probe.log"; then accelerator=kvm; fi
fi
echo "  boot      $(basename "$kernel") with $accelerator, ${#expected[@]} tests"
output=$dir/output
boot "$accelerator" -initrd "$dir/initramfs" -append "console=ttyS0 panic=-1 random.trust_cpu=on" -drive "if=virtio,format=raw,file=$dir/disk" \
  -serial "file:$dir/kernel.log" -serial stdio | sed -u 's|\r$||' | tee "$output" || true

status=0
if ! grep -q '^machine ended, 0 failed$' "$output"; then
  if ! grep -q '^machine ended' "$output"; then
    echo "the machine did not come to its end within $patience s; the last that its kernel said:" >&2
    tail -n 20 "$dir/kernel.log" >&2
  fi
  status=1
fi
for name in "${expected[@]}"; do
  if ! grep -q "^--- PASS: $name " "$output"; then
    echo "$name did not pass" >&2
    status=1
  fi
done
if grep -E '^ *--- SKIP: ' "$output" >&2; then
  echo "nothing may be skipped on a machine of its own" >&2
  status=1
fi
exit $status
