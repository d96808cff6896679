#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every way to reboot, in a real Debian with systemd, systemd-logind and EFI firmware, in a virtual machine: who
# asks for the firmware or another boot entry must get it, everything else must hand over; see
# tests/packages/routes-stages.sh.
#
# usage: scripts/test-routes.sh [bookworm|trixie|forky] [--keep] [--limit SEC]
#   bookworm, trixie, forky  Debian 12 (default), 13 or the next: systemd 252, 257 or 262
#   --keep       take the packages of build/packages-SUITE (forky: build/packages) as they are
#   --limit SEC  a machine without a verdict after this long is lost (default 5400)
# The last line is "ok", "FAILED" or "lost"; the exit status is 0 only for "ok". What the machine said is
# in build/test-routes-SUITE: console, verdict; `command` starts it again by hand.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../tests/packages/machine.sh
. "$top/tests/packages/machine.sh"

suites='bookworm trixie forky'
firmware=efi
devices=(-device i6300esb)

# Debian to come has no kernel with it, and that of Debian 12 no driver for the watchdog.
install_kernel_and_packages() {
	case $suite in
	bookworm | forky)
		add_kernel 6.12
		old=$(kernel_release 6.12)
		;;
	*) old=$(cd "$root/lib/modules" && echo *) ;;
	esac
	if [ "$suite" = forky ]; then
		install_packages "$build/packages"/kho_*.deb
	else
		mapfile -t packages < <(find "$build/packages-$suite" -name 'kho*.deb' -not -name '*-dbgsym_*')
		install_packages "${packages[@]}"
	fi
	new=$old
}

prepare() {
	open_root "$("$top/scripts/debian-root.sh" "$suite")" "$out/tree"
	install_kernel_and_packages
	configure_machine routes
	cp "$(command -v busybox)" "$root/usr/local/lib/busybox"
	printf 'options %s nowayout=1\n' i6300esb iTCO_wdt >"$root/etc/modprobe.d/watchdog.conf"
	small_initramfs
	make_disk
}

# On one line, which is read before the file may change.
test_machine routes "$@"; exit
