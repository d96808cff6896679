#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The file descriptor store of systemd over handovers: a Debian whose systemd uses /dev/liveupdate by
# itself (from 261 on), with our packages on stock kernels, in a virtual machine; see
# tests/packages/systemd-stages.sh.
#
# usage: scripts/test-systemd.sh [--keep] [--limit SEC]
#   --keep       take the packages of build/packages as they are
#   --limit SEC  a machine without a verdict after this long is lost (default 3600)
# The last line is "ok", "FAILED" or "lost"; the exit status is 0 only for "ok". What the machine said is
# in build/test-systemd-forky: console, verdict; `command` starts it again by hand.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../tests/packages/machine.sh
. "$top/tests/packages/machine.sh"

limit=3600
suite=forky
suites=forky
kernels=(6.1 7.3)

# With no more than this machine needs. Made by initramfs-tools for one kernel, where systemd starts after
# it, and for the other by dracut, where systemd is in the initramfs, too.
make_initramfs() {
	small_initramfs
	inside dracut --no-hostonly --drivers 'virtio_pci virtio_blk ext4' \
		--modules 'base dracut-systemd fs-lib kernel-modules kho rootfs-block systemd-initrd udev-rules' \
		"/boot/initrd.img-$new" "$new"
}

prepare() {
	local kernel

	open_root "$("$top/scripts/debian-root.sh" "$suite")" "$out/tree"
	for kernel in "${kernels[@]}"; do
		add_kernel "$kernel"
	done
	old=$(kernel_release "${kernels[0]}")
	new=$(kernel_release "${kernels[1]}")
	install_packages "$build/packages"/kho_*.deb
	make_initramfs
	configure_machine systemd
	head -c 20000001 /dev/urandom >"$root/var/lib/kho-test/data"
	install -m 755 "$top/tests/packages/keeper.sh" "$root/usr/local/sbin/keeper"
	install -m 644 "$top"/tests/packages/{keeper,luo-files,luo-sessions}.service \
		"$root/etc/systemd/system/"
	inside systemctl enable keeper.service
	# They take the emulated machine long, and change nothing for those who need it.
	inside systemctl mask systemd-hwdb-update.service systemd-journal-catalog-update.service \
		ldconfig.service
	make_disk
}

# On one line, which is read before the file may change.
test_machine systemd "$@"; exit
