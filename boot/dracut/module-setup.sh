#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Puts the kho module into an initramfs of dracut, and loads it before any other.

# shellcheck disable=SC2154 # dracut sets the variables

check() {
	modinfo -k "$kernel" -F filename kho >/dev/null 2>&1 &&
		[ -z "$(modinfo -k "$kernel" -F kho_aside kho)" ]
}

depends() {
	:
}

installkernel() {
	hostonly='' instmods kho
}

install() {
	inst_multiple -o /etc/modprobe.d/kho.conf
	inst_hook cmdline 00 "$moddir/kho-load.sh"
}
