#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The packages in a real Debian 12 with systemd, in a virtual machine: apt installs a newer stock
# kernel, and `systemctl kexec` and `systemctl reboot` hand over; see tests/packages/system-stages.sh.
#
# usage: scripts/test-system.sh [--keep] [--limit SEC]
#   --keep       take the packages of build/packages as they are
#   --limit SEC  a machine without a verdict after this long is lost (default 3600)
# The last line is "ok", "FAILED" or "lost"; the exit status is 0 only for "ok". What the machine said is
# in build/test-system: console, verdict; `command` starts it again by hand.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../tests/packages/root.sh
. "$top/tests/packages/root.sh"

out=$build/test-system
keep=''
limit=3600

newest_release_in() {
	dpkg-deb -f "$1"/linux-image-[0-9]*.deb Package | sed 's/^linux-image-//'
}

# DKMS builds here, not in the emulated machine: for that the newer kernel's headers are unpacked, and
# what they need is installed. They and their kernel are installed there.
install_everything() {
	local debs=$1 file
	local -a packages needed=()

	mapfile -t packages < <(find "$build/packages" -name 'kho*.deb' -not -name '*-dbgsym_*')
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

configure() {
	local debs=$1

	mkdir -p "$root/var/lib/kho-test/debs"
	cp "$debs/linux-image-$new"_*.deb "$debs/linux-headers-$new"_*.deb "$root/var/lib/kho-test/debs/"
	printf '%s\n' "$old" >"$root/var/lib/kho-test/old"
	printf '%s\n' "$new" >"$root/var/lib/kho-test/new"
	install -m 755 "$top/tests/packages/system-stages.sh" "$root/usr/local/sbin/system-stages"
	install -m 644 "$top/tests/packages/system-stages.service" "$root/etc/systemd/system/"
	echo '/dev/vda / ext4 defaults 0 0' >"$root/etc/fstab"
	echo machine >"$root/etc/hostname"
	echo uninitialized >"$root/etc/machine-id"
	# An initramfs with no more than this machine needs: making one takes the emulated machine long.
	sed -i 's/^MODULES=.*/MODULES=dep/' "$root/etc/initramfs-tools/initramfs.conf"
	inside systemctl enable system-stages.service
	inside systemctl mask serial-getty@ttyS0.service getty.target apt-daily.timer \
		apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
}

prepare() {
	local lower debs

	lower=$("$top/scripts/debian-root.sh" bookworm)
	debs=$lower.debs
	old=$(cd "$lower/lib/modules" && echo *)
	new=$(newest_release_in "$debs")
	open_root "$lower" "$out/tree"
	install_everything "$debs"
	[ -n "$(inside modinfo -k "$new" -F version kho)" ] || die "DKMS did not build for $new"
	configure "$debs"
	cp "$root/boot/vmlinuz-$old" "$out/vmlinuz"
	cp "$root/boot/initrd.img-$old" "$out/initrd"
	umount -R "$root/dev" "$root/proc"
	mke2fs -q -t ext4 -E root_owner=0:0 -d "$root" "$out/disk" 4G
	umount "$root"
	rm -rf "$out/tree"
}

boot() {
	local -a command

	command=(qemu-system-x86_64 -machine q35 -accel "tcg,thread=multi" -cpu "max,cx16=off" -m 2G -smp 2
		-nodefaults -display none -drive "file=$out/disk,if=virtio,format=raw,cache=unsafe"
		-serial "file:$out/console" -serial "file:$out/verdict"
		-kernel "$out/vmlinuz" -initrd "$out/initrd"
		-append "root=/dev/vda ro console=ttyS0 quiet no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1 systemd.service_watchdogs=0 systemd.default_timeout_start_sec=1800")
	printf '%q ' "${command[@]}" >"$out/command"
	: >"$out/console"
	: >"$out/verdict"
	timeout --foreground "$limit" "${command[@]}" </dev/null >"$out/qemu" 2>&1 || true
}

judge() {
	local failure

	failure=$(grep -a -m 1 '^FAIL' "$out/verdict") && {
		printf 'FAILED system: %s (%s)\n' "${failure#FAIL }" "$out/verdict"
		return 1
	}
	if grep -a -q -E 'BUG:|Oops|Kernel panic|Call Trace' "$out/console"; then
		printf 'FAILED system: see %s\n' "$out/console"
		return 1
	fi
	if [ "$(tail -n 1 "$out/verdict" | tr -d '\r')" != PASS ]; then
		printf 'lost  system: no verdict; last: %s\n' "$(tail -n 1 "$out/verdict")"
		return 1
	fi
	printf 'ok    system (%d s)\n' "$SECONDS"
}

options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--keep) keep=1 ;;
		--limit)
			limit=$2
			shift
			;;
		*) die "$1: unknown option; see the head of this script" ;;
		esac
		shift
	done
}

main() {
	options "$@"
	[ "$(id -u)" -eq 0 ] || die "only root can install packages, even in a directory"
	if [ -z "${KHO_IN_NAMESPACE-}" ]; then
		[ -n "$keep" ] || "$top/scripts/packages.sh" >/dev/null
		KHO_IN_NAMESPACE=1 exec unshare --mount "$0" --keep --limit "$limit"
	fi
	rm -rf "$out"
	mkdir -p "$out"
	# Not "prepare || die", with which no failure in it would end it.
	trap 'say "cannot make the machine, see $out/log"' EXIT
	prepare >"$out/log" 2>&1
	trap - EXIT
	boot
	judge
}

# On one line, which is read before the file may change.
# shellcheck disable=SC2317
main "$@"; exit
