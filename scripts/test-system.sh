#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The packages in a real Debian with systemd, in a virtual machine: apt installs a newer stock kernel,
# and `systemctl kexec` and `systemctl reboot` hand over; see tests/packages/system-stages.sh.
#
# usage: scripts/test-system.sh [bookworm|trixie] [--keep] [--limit SEC]
#   bookworm, trixie  Debian 12 (default) or 13; the packages are built in the same
#   --keep       take the packages of build/packages-SUITE as they are
#   --limit SEC  a machine without a verdict after this long is lost (default 3600)
# The last line is "ok", "FAILED" or "lost"; the exit status is 0 only for "ok". What the machine said is
# in build/test-system-SUITE: console, verdict; `command` starts it again by hand.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../tests/packages/machine.sh
. "$top/tests/packages/machine.sh"

limit=3600

# DKMS builds here, not in the emulated machine: for that the newer kernel's headers are unpacked, and
# what they need is installed. They and their kernel are installed there.
install_everything() {
	local debs=$1 file
	local -a packages needed=()

	mapfile -t packages < <(find "$build/packages-$suite" -name 'kho*.deb' -not -name '*-dbgsym_*')
	for file in "$debs"/*.deb; do
		case ${file##*/} in
		linux-image-* | linux-headers-cloud-*) ;;
		"linux-headers-${new}_"*)
			dpkg-deb --fsys-tarfile "$file" | tar -x --keep-directory-symlink -C "$root"
			;;
		*) needed+=("$file") ;;
		esac
	done
	install_packages "${needed[@]}"
	install_packages "${packages[@]}"
	inside dkms autoinstall -k "$new"
}

prepare() {
	local lower debs

	lower=$("$top/scripts/debian-root.sh" "$suite")
	debs=$lower.debs
	old=$(cd "$lower/lib/modules" && echo *)
	new=$(newest_release_in "$debs")
	open_root "$lower" "$out/tree"
	install_everything "$debs"
	[ -n "$(inside modinfo -k "$new" -F version kho)" ] || die "DKMS did not build for $new"
	configure_machine system
	mkdir "$root/var/lib/kho-test/debs"
	cp "$debs/linux-image-$new"_*.deb "$debs/linux-headers-$new"_*.deb "$root/var/lib/kho-test/debs/"
	cp "$build/packages-$suite"/kho_*.deb "$root/var/lib/kho-test/"
	# An initramfs with no more than this machine needs: making one takes the emulated machine long.
	sed -i 's/^MODULES=.*/MODULES=dep/' "$root/etc/initramfs-tools/initramfs.conf"
	make_disk
}

# On one line, which is read before the file may change.
test_machine system "$@"; exit
