#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Puts the modules into an initramfs of dracut, and loads them before any other.

# shellcheck disable=SC2154 # dracut sets the variables

check() {
	modinfo -k "$kernel" -F filename kho >/dev/null 2>&1 &&
		[ -z "$(modinfo -k "$kernel" -F kho_aside kho)" ]
}

depends() {
	:
}

wants_liveupdate() {
	local KHO_LIVEUPDATE=yes

	if [ -r "${dracutsysrootdir-}/etc/default/kho" ]; then
		# shellcheck source=boot/default
		. "${dracutsysrootdir-}/etc/default/kho"
	fi
	[ "$KHO_LIVEUPDATE" = yes ]
}

installkernel() {
	hostonly='' instmods kho kho-kept
	! wants_liveupdate || hostonly='' instmods liveupdate
}

install() {
	inst_multiple -o /etc/modprobe.d/kho.conf
	inst_hook cmdline 00 "$moddir/kho-load.sh"
	if wants_liveupdate && dracut_module_included systemd; then
		inst_multiple mkdir mount modprobe
		mv "$initdir/init" "$initdir/init.after-kho"
		inst_script "$moddir/kho-init.sh" /init
	fi
}
