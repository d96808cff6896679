#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Secure Boot in a real Debian, in a virtual machine: shim and GRUB from a disk, modules that DKMS has signed with a key
# that is in shim's list, systemd that loads by itself, a unified kernel image, kdump-tools beside it; see
# tests/packages/secure-stages.sh.
#
# usage: scripts/test-secure.sh [bookworm|trixie|forky] [--keep] [--limit SEC]
#   bookworm, trixie, forky  Debian 12, 13 (default) or the next, each with its own kernel: systemd 252, 257 or 262
#   --keep       take the packages of build/packages-SUITE (forky: build/packages) as they are
#   --limit SEC  a machine without a verdict after this long is lost (default 5400)
# The last line is "ok", "FAILED" or "lost"; the exit status is 0 only for "ok". What the machine said is
# in build/test-secure-SUITE: console, verdict; `command` starts it again by hand.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=apt-private.sh
. "$(dirname "$0")/apt-private.sh"
# shellcheck source=../tests/packages/machine.sh
. "$top/tests/packages/machine.sh"

suite=trixie
suites='bookworm trixie forky'
firmware=shim
memory=3G
append='crashkernel=256M'
devices=()

# What such a machine has besides. Debian to come has neither a kernel nor DKMS with it yet.
choose_clients() {
	clients=(openssl kexec-tools kdump-tools sbsigntool systemd-boot-efi)
	[ "$suite" = bookworm ] || clients+=(systemd-ukify)
	[ "$suite" != forky ] || clients+=(linux-image-cloud-amd64 linux-headers-cloud-amd64 dkms gcc make)
}

# fetch_clients DIRECTORY: with what they need that the root does not have
fetch_clients() {
	local check=''

	rm -rf "$1" "$1.part"
	mkdir -p "$1.part"
	printf 'deb %s %s main\n' "$(archive_of "$suite")" "$suite" >"$root/etc/apt/sources.list"
	# Whether lists may be old is this machine's business.
	eval "$(apt-config shell check Acquire::Check-Valid-Until/b)"
	inside apt-get -q -o Acquire::Check-Valid-Until="${check:-true}" update
	mkdir -p "$root/var/cache/apt/archives/partial"
	inside apt-get -q -y --no-install-recommends --download-only install "${clients[@]}"
	cp "$root"/var/cache/apt/archives/*.deb "$1.part/"
	rm -rf "$root/etc/apt/sources.list" "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb
	printf '%s\n' "${clients[@]}" >"$1.part/clients"
	mv "$1.part" "$1"
}

# A crash kernel is wanted; that of a reboot is our business.
install_clients() {
	local debs=$cache/roots/$suite.secure.debs

	choose_clients
	if [ "$(cat "$debs/clients" 2>/dev/null)" != "$(printf '%s\n' "${clients[@]}")" ]; then
		fetch_clients "$debs"
	fi
	printf '%s\n' 'kexec-tools kexec-tools/load_kexec boolean false' 'kdump-tools kdump-tools/use_kdump boolean true' |
		inside debconf-set-selections
	install_packages "$debs"/*.deb
}

# The kernel that is there has its modules; where its file lies depends on who made the package.
find_kernel() {
	old=$(cd "$root/usr/lib/modules" && echo *)
	new=$old
	[ -e "$root/boot/vmlinuz-$old" ] || cp "$root/usr/lib/modules/$old/vmlinuz" "$root/boot/vmlinuz-$old"
}

# Debian 12 has no program for this, so there it is made as systemd-stub(7) tells, and sbsign(1) signs it.
make_unified() {
	local stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub at=$root/var/lib/kho-test

	printf '%s test.unified' "$(machine_cmdline)" >"$at/cmdline"
	inside openssl x509 -inform DER -in /var/lib/dkms/mok.pub -out /var/lib/kho-test/owner.pem
	cp "$root/boot/vmlinuz-$old" "$at/kernel"
	cp "$root/boot/initrd.img-$old" "$at/initrd"
	if [ "$suite" = bookworm ]; then
		inside objcopy --add-section .osrel=/etc/os-release --change-section-vma .osrel=0x20000 \
			--add-section .cmdline=/var/lib/kho-test/cmdline --change-section-vma .cmdline=0x30000 \
			--add-section .linux=/var/lib/kho-test/kernel --change-section-vma .linux=0x2000000 \
			--add-section .initrd=/var/lib/kho-test/initrd --change-section-vma .initrd=0x8000000 \
			"$stub" /var/lib/kho-test/unsigned.efi
		inside sbsign --key /var/lib/dkms/mok.key --cert /var/lib/kho-test/owner.pem \
			--output /var/lib/kho-test/unified.efi /var/lib/kho-test/unsigned.efi
	else
		inside ukify build --linux=/var/lib/kho-test/kernel --initrd=/var/lib/kho-test/initrd \
			--cmdline=@/var/lib/kho-test/cmdline --uname="$old" \
			--secureboot-private-key=/var/lib/dkms/mok.key --secureboot-certificate=/var/lib/kho-test/owner.pem \
			--output=/var/lib/kho-test/unified.efi
	fi
	inside sbverify --cert /var/lib/kho-test/owner.pem /var/lib/kho-test/unified.efi
	rm -f "$at"/{cmdline,kernel,initrd,owner.pem,unsigned.efi}
}

prepare() {
	local shim

	open_root "$("$top/scripts/debian-root.sh" "$suite")" "$out/tree"
	install_clients
	find_kernel
	small_initramfs
	if [ "$suite" = forky ]; then
		install_packages "$build/packages"/kho_*.deb "$build/packages"/kho-dkms_*.deb
	else
		mapfile -t packages < <(find "$build/packages-$suite" -name 'kho*.deb' -not -name '*-dbgsym_*')
		install_packages "${packages[@]}"
	fi
	configure_machine secure
	make_unified
	mkdir -p "$root/boot/efi"
	echo '/dev/vdb1 /boot/efi vfat umask=0077 0 0' >>"$root/etc/fstab"
	shim=$("$top/scripts/extras.sh" shim)
	"$top/scripts/efi-variables.py" --shim "${shim%/*}/variables" "$out/variables" "$root/var/lib/dkms/mok.pub"
	make_disk
}

# On one line, which is read before the file may change.
test_machine secure "$@"; exit
