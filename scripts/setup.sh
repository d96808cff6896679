#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Install what the build, the tests and the demo need, on Debian 12 and 13. As root it installs what
# is missing; as a user it says what to run.
#
# usage: scripts/setup.sh [build|vm|all|packages|nightly|bench]
#   build  enough to build the tool and the modules
#   vm     and to boot them in virtual machines
#   all    and to run every test and check (default)
#   packages  enough to build the Debian packages, and to test them
#   nightly  all of that, and to build a kernel
#   bench  and to measure and draw, beside the peers

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

build_packages=(
	gcc make libc6-dev libelf1 binutils util-linux
	libsmartcols-dev libjson-c-dev libfdt-dev libkmod-dev
	libzstd-dev liblzma-dev liblz4-dev zlib1g-dev libbz2-dev libarchive-dev
	debian-archive-keyring xz-utils
)
vm_packages=(qemu-system-x86 busybox-static cpio device-tree-compiler kmod openssl)
all_packages=(
	git clang llvm clang-format libclang-rt-dev libcmocka-dev
	perl python3 sparse shellcheck codespell locales systemd zsh fish
)

package_packages=(
	build-essential dpkg-dev debhelper dh-dkms lintian systemd-dev pkg-config
	debootstrap e2fsprogs git dosfstools mtools fdisk
)
nightly_packages=(flex bison bc libelf-dev libssl-dev)
bench_packages=(libroaring-dev gnuplot-nox)

# Packages whose name differs between the releases, newest first.
alternatives() {
	case $1 in
	libclang-rt-dev) echo "libclang-rt-$(clang_major)-dev" ;;
	# What tells where units belong is in a package of its own from Debian 13 on.
	systemd-dev) [ "$(this_suite)" = bookworm ] && echo systemd || echo systemd-dev ;;
	libelf1) echo 'libelf1t64 libelf1' ;;
	*) echo "$1" ;;
	esac
}

# Major version of the clang that "apt-get install clang" gives here.
clang_major() {
	apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1
}

installed() {
	dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'
}

# The first alternative that is installed or, failing that, that could be.
pick() {
	local name

	for name in $(alternatives "$1"); do
		installed "$name" && return
	done
	for name in $(alternatives "$1"); do
		if apt-cache show "$name" >/dev/null 2>&1; then
			echo "$name"
			return
		fi
	done
	echo "$name"
}

install() {
	apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
		install -y --no-install-recommends "$@" >"$build/setup.log" 2>&1 || {
		cat "$build/setup.log"
		return 1
	}
}

# What apt has done of it, from what it has said so far.
installed_so_far() {
	awk '
		function kb(number, unit) { return number * (unit ~ /^MB/ ? 1000 : unit ~ /^B/ ? 0.001 : 1) }
		/^Need to get / { split($4, part, "/"); need = kb(part[1], $5) }
		/^Get:.*\[.*\]$/ { sub(/^\[/, "", $(NF - 1)); got += kb($(NF - 1), $NF) }
		/newly installed/ { for (i = 1; i < NF; i++) if ($(i + 1) == "newly") packages = $i }
		/^Unpacking / { unpacked++ }
		/^Setting up / { ready++ }
		END { printf "%.1f of %.1f MB; of %d packages %d unpacked, %d set up", got / 1000, need / 1000, packages, unpacked, ready }
	' "$build/setup.log" 2>/dev/null
}

case ${1-all} in
build) wanted=("${build_packages[@]}") ;;
vm) wanted=("${build_packages[@]}" "${vm_packages[@]}") ;;
all) wanted=("${build_packages[@]}" "${vm_packages[@]}" "${all_packages[@]}") ;;
packages) wanted=("${build_packages[@]}" "${vm_packages[@]}" "${package_packages[@]}") ;;
nightly)
	wanted=("${build_packages[@]}" "${vm_packages[@]}" "${all_packages[@]}"
		"${package_packages[@]}" "${nightly_packages[@]}")
	;;
bench)
	wanted=("${build_packages[@]}" "${vm_packages[@]}" "${all_packages[@]}"
		"${nightly_packages[@]}" "${bench_packages[@]}")
	;;
*) usage "$1: unknown argument" ;;
esac
[ $# -le 1 ] || usage "$2: unknown argument"

mkdir -p "$build"
trap hand_back EXIT
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
[ "$(id -u)" -ne 0 ] || apt-cache show gcc >/dev/null 2>&1 || retry apt-get -q -q update
missing=()
for name in "${wanted[@]}"; do
	mapfile -t -O "${#missing[@]}" missing < <(pick "$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" -eq 0 ] ||
	die "not root: packages are missing that only root can install (sudo $0 $*): ${missing[*]}"
say "installing: ${missing[*]}"
# The lists may be older than the archive.
retry apt-get -q -q update
: >"$build/setup.log"
with_progress "${#missing[@]} packages and what they need" installed_so_far retry install "${missing[@]}"
