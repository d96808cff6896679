#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Kept trees in a real Debian with systemd, in a virtual machine: what lines in /etc/kho/keep.d name is there after
# `systemctl kexec` and `systemctl reboot`, to a newer kernel and back, and over an upgrade of kho, and so are the
# files of kho-session@.service; see tests/packages/kept-stages.sh.
#
# usage: scripts/test-kept-system.sh [bookworm|trixie] [--keep] [--limit SEC]
#   bookworm, trixie  Debian 12 (default) or 13; the packages, of two versions, are built in the same
#   --keep       take the packages of build/packages-SUITE and build/packages-SUITE-next as they are
#   --limit SEC  a machine without a verdict after this long is lost (default 5400)
# The last line is "ok", "FAILED" or "lost"; the exit status is 0 only for "ok". What the machine said is
# in build/test-kept-SUITE: console, verdict; `command` starts it again by hand.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../tests/packages/machine.sh
. "$top/tests/packages/machine.sh"

next=$(sed -n 's/^KHO_VERSION := //p' "$top/version.mk")+next

make_packages() {
	packages_of_suite
	"$top/scripts/packages.sh" --in "$suite" "$next" "$build/packages-$suite-next" >/dev/null
}

# DKMS builds the modules of the next version here; in the emulated machine it only installs them. The script of
# its package, which would build them again, is told not to: kho-boot then sees that there are none.
build_next() {
	local file release

	file=$(debs "$build/packages-$suite-next" kho-dkms)
	dpkg-deb --fsys-tarfile "$file" | tar -x --keep-directory-symlink -C "$root" ./usr/src
	inside dkms add "kho/$next"
	for release in "$old" "$new"; do
		inside dkms build "kho/$next" -k "$release"
	done
	: >"$root/etc/dkms/no-autoinstall"
}

configure_trees() {
	mkdir -p "$root/srv/ca che" "$root/srv/needed" "$root/etc/kho/keep.d"
	cat >>"$root/etc/fstab" <<-'EOT'
		tmpfs /srv/ca\040che tmpfs size=100M,mode=751 0 0
		tmpfs /srv/needed tmpfs size=10M,mode=755 0 0
	EOT
	printf '%s\n' '/srv/ca\040che cache' >"$root/etc/kho/keep.d/cache.conf"
	echo /srv/needed >"$root/etc/kho/keep.d/needed.conf"
	install -m 644 "$top"/tests/packages/{needs-tree,session-app}.service "$root/etc/systemd/system/"
	printf '%s\n' 'fd 1=1M' 'label 1.0' >"$root/etc/kho/session.d/app.conf"
}

prepare() {
	local -a packages

	two_kernels "$suite" kho kho-dkms
	build_next
	configure_machine kept
	configure_trees
	mkdir "$root/var/lib/kho-test/next"
	mapfile -t packages < <(debs "$build/packages-$suite-next" kho kho-dkms)
	cp "${packages[@]}" "$root/var/lib/kho-test/next/"
	make_disk
}

# On one line, which is read before the file may change.
test_machine kept "$@"; exit
