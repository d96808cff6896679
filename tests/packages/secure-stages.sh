#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs at each boot of the Debian of scripts/test-secure.sh, by a unit. Secure Boot is on, the kernel is locked down, the
# modules are those that DKMS has signed, and a crash kernel is loaded by kdump-tools, in every stage. What was kept in
# the first must be there in all others.
#
#   0   kho has loaded; systemctl kexec
#   1   nothing is loaded; systemctl kexec, for which systemd has kexec(8) load the entry of the boot loader
#   2   what kexec(8) would load with kexec_load(2) is refused, what it loads with kexec_file_load(2) is started
#   3   kho has loaded; systemctl reboot
#   4   a unified kernel image on the EFI partition: systemctl kexec, by itself or after kho load
#   5   systemctl poweroff

set -u
# shellcheck source=stages.sh disable=SC1091
. /usr/local/lib/stages.sh

efi=/boot/efi
systemd=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')

# in_order: what holds in every stage
in_order() {
	grep -q '\[integrity\]' /sys/kernel/security/lockdown || fail "lockdown is $(cat /sys/kernel/security/lockdown)"
	grep -q 'DKMS module signing key' /proc/keys || fail "the key of DKMS is not there: $(grep X509 /proc/keys)"
	modinfo -F signer kho | grep -q 'DKMS module signing key' || fail "kho is signed by $(modinfo -F signer kho)"
	systemctl start kdump-tools.service
	has_crash_kernel "after the boot"
	is_loaded "$old"
	kho status | grep -q 'loaded by kho.*with kexec_file_load(2), and carries' || fail "$(kho status)"
	kho check "/boot/vmlinuz-$old" --initrd "/boot/initrd.img-$old" --reuse-cmdline >/run/said || fail "kho check: $(cat /run/said)"
	grep -q '^ok *target-signature: .*DKMS module signing key' /run/said || fail "kho check: $(cat /run/said)"
}

has_crash_kernel() {
	[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] ||
		fail "there is no crash kernel $1: $(journalctl --no-pager -b -u kdump-tools.service | tail -n 20)"
}

handed_over() {
	[ "$(cat /sys/kernel/kho/incoming/result)" = accepted ] || fail "it was a cold boot"
	[ "$(kho get stage)" = $((stage - 1)) ] || fail "the parcel is that of stage $(kho get stage)"
}

as_asked() {
	echo "$stage" | kho put --replace stage || fail "kho put"
	go "$@"
}

# Until something else is loaded.
nothing_loaded() {
	systemctl stop kho-load.service || fail "cannot stop kho-load"
	[ "$(cat /sys/kernel/kexec_loaded)" = 0 ] || fail "something is loaded"
	has_crash_kernel "after an unload"
}

# What a boot loader would start; the kernel and the initramfs that GRUB has started are on that partition.
write_entry() {
	mkdir -p $efi/loader/entries
	cat >$efi/loader/entries/debian.conf <<-EOF
		title Debian
		version $old
		linux /vmlinuz
		initrd /initrd
		options $(cat /proc/cmdline) test.entry=$stage
	EOF
}

# That of Debian 12 uses kexec_load(2) if nobody says otherwise. From 261 on systemd does without it.
kexec_loads_files() {
	dpkg --compare-versions "$(dpkg-query -W -f '${Version}' kexec-tools)" ge 1:2.0.26
}

# refused COMMAND...: nothing happens, and nothing is lost
refused() {
	"$@" >/run/said 2>&1 && fail "$* succeeded"
	[ "$(cat /sys/kernel/kexec_loaded)" = 0 ] || fail "something is loaded after $*"
	kho get stage >/dev/null || fail "the parcel is gone after $*"
	has_crash_kernel "after $*"
}

stage_0() {
	[ "$(cat /sys/kernel/kho/incoming/result)" = none ] || fail "it was a handover"
	in_order
	as_asked systemctl kexec
}

stage_1() {
	handed_over
	in_order
	nothing_loaded
	write_entry
	if ! kexec_loads_files; then
		refused systemctl kexec
		kexec -s -l $efi/vmlinuz --initrd=$efi/initrd --command-line="$(cat /proc/cmdline) test.entry=$stage" >/run/said 2>&1 ||
			fail "kexec -s -l: $(cat /run/said)"
	fi
	as_asked systemctl kexec
}

stage_2() {
	handed_over
	grep -q 'test.entry=1' /proc/cmdline || fail "it was not the boot loader's entry: $(cat /proc/cmdline)"
	in_order
	rm -r $efi/loader
	nothing_loaded
	refused kexec -c -l "/boot/vmlinuz-$old" --reuse-cmdline
	if kexec_loads_files; then
		set -- kexec
	else
		refused kexec -l "/boot/vmlinuz-$old" --reuse-cmdline
		set -- kexec -s
	fi
	"$@" -l "/boot/vmlinuz-$old" --initrd="/boot/initrd.img-$old" --reuse-cmdline >/run/said 2>&1 ||
		fail "$* -l: $(cat /run/said)"
	kho status | grep -q 'loaded by kexec.*with kexec_file_load(2), and carries' || fail "$(kho status)"
	has_crash_kernel "after kexec -l"
	as_asked systemctl kexec
}

stage_3() {
	handed_over
	in_order
	as_asked systemctl reboot
}

# The owner has signed it, and Debian the kernel in it, which is what the running kernel looks at. kexec(8) does not know the
# format, so systemd before 261 does not, either.
stage_4() {
	handed_over
	in_order
	nothing_loaded
	mkdir -p $efi/EFI/Linux
	cp $place/unified.efi $efi/EFI/Linux/
	refused kexec -s -l $efi/EFI/Linux/unified.efi
	if [ "$systemd" -lt 261 ]; then
		refused systemctl kexec
		kho load $efi/EFI/Linux/unified.efi >/run/said 2>&1 || fail "kho load of a unified image: $(cat /run/said)"
		kho status | grep -q 'loaded by kho.*with kexec_file_load(2), and carries' || fail "$(kho status)"
	fi
	as_asked systemctl kexec
}

stage_5() {
	handed_over
	grep -q 'test.unified' /proc/cmdline || fail "it was not the unified image: $(cat /proc/cmdline)"
	in_order
	say PASS
	sync
	systemctl poweroff
}

run_stage
