#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs at each boot of the Debian of scripts/test-routes.sh, by a unit, and reboots it in every way there is.
# Each stage tells by what route this boot came: a handover, in which what was kept is there, or through the
# firmware. The rows of docs/admin-guide.md are in the same order.
#
#   0   systemctl reboot; what shuts down in the initramfs, and a slow program in system-shutdown, are done
#   1   systemctl reboot without systemd-logind; a watchdog is to guard reboots, which nobody can stop
#   2   systemctl reboot from rescue mode, in which what was loaded stays loaded
#   3   shutdown -r
#   4   D-Bus Reboot, which before systemd 254 is what systemctl asks for, too
#   5   SYSTEMCTL_SKIP_AUTO_KEXEC=1 systemctl reboot, which systemd knows from 254 on
#   6   grub-reboot, systemctl reboot: cold
#   7   BootNext, systemctl kexec: cold
#   8   systemctl reboot --firmware-setup: cold
#   9   a watchdog is armed that nobody can stop: cold
#   10  systemctl reboot --force: cold
#   11  reboot -f: cold
#   12  the last cold boot; systemctl poweroff

set -u
# shellcheck source=stages.sh disable=SC1091
. /usr/local/lib/stages.sh

systemd=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
efi=/sys/firmware/efi/efivars
boot_next=BootNext-8be4df61-93ca-11d2-aa0d-00e098032b8c

# handed_over: with every stage's parcel
handed_over() {
	[ "$(cat /sys/kernel/kho/incoming/result)" = accepted ] || fail "it was a cold boot"
	[ "$(kho get stage)" = $((stage - 1)) ] || fail "the parcel is that of stage $(kho get stage)"
}

cold() {
	[ "$(cat /sys/kernel/kho/incoming/result)" = none ] || fail "it was a handover"
	[ -z "$(kho list -n)" ] || fail "there is $(kho list -n)"
}

# handed_over_before VERSION: by a systemd before that one
handed_over_before() {
	if [ "$systemd" -lt "$1" ]; then handed_over; else cold; fi
}

# ended_with VERB: the hooks in system-shutdown and what shuts down in the initramfs were called, and done
ended_with() {
	case $(kho get hook) in
	"done for $1") ;;
	# systemd 262 tells them nothing.
	'done for ') [ "$systemd" -ge 262 ] || fail "the hook in system-shutdown was told nothing" ;;
	*) fail "the hook in system-shutdown was not done for $1" ;;
	esac
	[ "$(kho get exitrd)" = "$1" ] || fail "nothing was shut down in the initramfs"
	kho drop hook exitrd || fail "kho drop"
}

# What a slow program in system-shutdown, and one in the initramfs, leave behind.
leave_traces() {
	mkdir -p /usr/lib/systemd/system-shutdown
	cat >/usr/lib/systemd/system-shutdown/slow <<-'EOF'
		#!/bin/sh
		sleep 5
		echo "done for $1" | kho put hook
	EOF
	chmod 755 /usr/lib/systemd/system-shutdown/slow
	# It has no kexec(8), as is usual.
	mkdir -p /run/initramfs
	mount -t tmpfs -o mode=755 tmpfs /run/initramfs
	mkdir -p /run/initramfs/bin /run/initramfs/dev /run/initramfs/proc /run/initramfs/sys /run/initramfs/run \
		/run/initramfs/oldroot
	cp /usr/local/lib/busybox /run/initramfs/bin/busybox
	ln -s busybox /run/initramfs/bin/sh
	cat >/run/initramfs/shutdown <<-'EOF'
		#!/bin/sh
		place=/usr/lib/kho
		echo "$1" | $place/ld-linux-x86-64.so.2 --library-path $place $place/kho put exitrd
		case $1 in
		kexec) PATH=/usr/sbin:/usr/bin:/sbin:/bin kexec -e ;;
		esac
		busybox reboot -f
	EOF
	chmod 755 /run/initramfs/shutdown
}

no_traces() {
	rm -f /usr/lib/systemd/system-shutdown/slow
}

# as_asked COMMAND...: with what the next stage looks for
as_asked() {
	is_loaded "$old"
	echo "$stage" | kho put --replace stage || fail "kho put"
	go "$@"
}

# watchdog PROPERTY SECONDS: what systemd is to do with the watchdog, which cannot be stopped, as modprobe.d says
watchdog() {
	[ "$(cat /sys/class/watchdog/watchdog0/nowayout)" = 1 ] || fail "there is no watchdog that cannot be stopped"
	busctl set-property org.freedesktop.systemd1 /org/freedesktop/systemd1 \
		org.freedesktop.systemd1.Manager "$1" t "$2"000000 || fail "$1"
}

stage_0() {
	cold
	leave_traces
	as_asked systemctl reboot
}

stage_1() {
	handed_over
	ended_with kexec
	no_traces
	# If systemd armed it for this, it would reset the machine before the next kernel has booted.
	watchdog RebootWatchdogUSec 10
	systemctl mask --runtime --now systemd-logind.service dbus.socket dbus.service >/dev/null 2>&1
	as_asked systemctl reboot
}

stage_2() {
	handed_over
	echo "$stage" | kho put --replace stage || fail "kho put"
	cat >/usr/local/sbin/in-rescue <<-'EOF'
		#!/bin/sh
		. /usr/local/lib/stages.sh
		systemctl --no-block isolate rescue.target
		while ! systemctl -q is-active rescue.target || systemctl -q is-active stages.service; do
			sleep 1
		done
		is_loaded "$old"
		systemctl -q is-active kho-load.service || fail "kho-load is not active in rescue mode"
		go systemctl reboot
	EOF
	chmod 755 /usr/local/sbin/in-rescue
	systemd-run --unit=in-rescue -p DefaultDependencies=no -p IgnoreOnIsolate=yes /usr/local/sbin/in-rescue ||
		fail "systemd-run"
}

stage_3() {
	handed_over
	as_asked shutdown -r now
}

stage_4() {
	handed_over
	as_asked busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager Reboot b false
}

stage_5() {
	handed_over_before 254
	as_asked env SYSTEMCTL_SKIP_AUTO_KEXEC=1 systemctl reboot
}

stage_6() {
	handed_over_before 254
	mkdir -p /boot/grub
	grub-reboot 'another one' || fail "grub-reboot"
	as_asked systemctl reboot
}

stage_7() {
	cold
	grub-editenv - unset next_entry || fail "grub-editenv"
	printf '\007\000\000\000\000\000' >"$efi/$boot_next" || fail "no BootNext"
	as_asked systemctl kexec
}

stage_8() {
	cold
	chattr -i "$efi/$boot_next" 2>/dev/null
	rm -f "$efi/$boot_next"
	as_asked systemctl reboot --firmware-setup
}

stage_9() {
	cold
	watchdog RuntimeWatchdogUSec 600
	[ "$(cat /sys/class/watchdog/watchdog0/state)" = active ] || fail "the watchdog is not armed"
	as_asked systemctl reboot
}

stage_10() {
	cold
	as_asked systemctl reboot --force
}

stage_11() {
	cold
	as_asked reboot -f
}

stage_12() {
	cold
	say PASS
	sync
	systemctl poweroff
}

run_stage
