#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Secure Boot in a real Debian, in a virtual machine: shim and GRUB from a disk, modules that DKMS has signed with a key
# that is in shim's list, systemd that loads by itself, kdump-tools beside it; see tests/packages/secure-stages.sh.
#
# usage: scripts/test-secure.sh [trixie] [--keep] [--limit SEC]
#   trixie       Debian 13 (default): the kexec(8) of 12 uses kexec_load(2), which is refused there
#   --keep       take the packages of build/packages-SUITE as they are
#   --limit SEC  a machine without a verdict after this long is lost (default 5400)
# The last line is "ok", "FAILED" or "lost"; the exit status is 0 only for "ok". What the machine said is
# in build/test-secure-SUITE: console, verdict; `command` starts it again by hand.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=apt-private.sh
. "$(dirname "$0")/apt-private.sh"
# shellcheck source=../tests/packages/root.sh
. "$top/tests/packages/root.sh"
# shellcheck source=../tests/packages/machine.sh
. "$top/tests/packages/machine.sh"

keep=''
limit=5400
suite=trixie
suites='trixie'
firmware=shim
memory=3G
append='crashkernel=256M'
devices=()

# What such a machine has besides: fetched once.
clients=(openssl kexec-tools kdump-tools)

make_packages() {
	packages_of_suite
}

# fetch_clients DIRECTORY: with what they need that the root does not have
fetch_clients() {
	rm -rf "$1" "$1.part"
	mkdir -p "$1.part"
	printf 'deb %s %s main\n' "$(archive_of "$suite")" "$suite" >"$root/etc/apt/sources.list"
	inside apt-get -q update
	mkdir -p "$root/var/cache/apt/archives/partial"
	inside apt-get -q -y --no-install-recommends --download-only install "${clients[@]}"
	cp "$root"/var/cache/apt/archives/*.deb "$1.part/"
	rm -rf "$root/etc/apt/sources.list" "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb
	mv "$1.part" "$1"
}

# A crash kernel is wanted; that of a reboot is our business.
install_clients() {
	local debs=$cache/roots/$suite.secure.debs

	[ -e "$debs" ] || fetch_clients "$debs"
	printf '%s\n' 'kexec-tools kexec-tools/load_kexec boolean false' 'kdump-tools kdump-tools/use_kdump boolean true' |
		inside debconf-set-selections
	install_packages "$debs"/*.deb
}

prepare() {
	local shim

	open_root "$("$top/scripts/debian-root.sh" "$suite")" "$out/tree"
	old=$(cd "$root/lib/modules" && echo *)
	new=$old
	small_initramfs
	install_clients
	mapfile -t packages < <(find "$build/packages-$suite" -name 'kho*.deb' -not -name '*-dbgsym_*')
	install_packages "${packages[@]}"
	configure_machine secure
	mkdir -p "$root/boot/efi"
	echo '/dev/vdb1 /boot/efi vfat umask=0077 0 0' >>"$root/etc/fstab"
	shim=$("$top/scripts/extras.sh" shim)
	"$top/scripts/efi-variables.py" --shim "${shim%/*}/variables" "$out/variables" "$root/var/lib/dkms/mok.pub"
	make_disk
}

# On one line, which is read before the file may change.
test_machine secure "$@"; exit
