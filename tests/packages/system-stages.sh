#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs at each boot of the Debian of scripts/test-system.sh, by a unit, and plays the administrator
# who upgrades the kernel with apt and reboots as ever. It loads nothing and names no kernel to kho.
#
#   stage 0  the stock kernel; stores a parcel, reserves a region, installs the newer kernel with apt;
#            systemctl kexec
#   stage 1  the newer kernel; systemctl reboot
#   stage 2  the newer kernel again; says in /etc/default/kho that the older one is next;
#            systemctl reboot
#   stage 3  the stock kernel; removes the newer one, which is loaded, with apt; stops kho-load: the next
#            reboot is a cold one; systemctl reboot
#   stage 4  nothing came; purges the tool's package with apt and installs it again, which starts its
#            units while the system runs; systemctl poweroff

set -u
# shellcheck source=stages.sh disable=SC1091
. /usr/local/lib/stages.sh

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o APT::Sandbox::User=root \
		"$@" >$place/apt 2>&1 </dev/null && return
	cat $place/apt >/dev/ttyS1
	fail "apt $1"
}

# Memory is back before the root file system is mounted.
module_was_early() {
	dmesg | grep -E -o 'kho: loading out-of-tree|EXT4-fs \(vda\): mounted' | sed 's/:.*//' | xargs \
		>$place/order
	[ "$(cat $place/order)" = 'kho EXT4-fs (vda)' ] ||
		fail "the module was not loaded in the initramfs: $(cat $place/order)"
}

# came COUNT FROM: what was handed over is here
came() {
	[ "$(cat /sys/kernel/kho/incoming/result)" = accepted ] || fail "not accepted"
	kho get data | cmp -s - $place/data || fail "the parcel differs"
	[ "$(kho list -n -o NAME,ADDRESS | awk '$1 == "region" { print $2 }')" = "$(cat $place/region)" ] ||
		fail "the region is elsewhere"
	kho status | grep -q -F "From the previous kernel ($2," || fail "status does not name $2"
	kho status | grep -q "handover $1 since cold boot" || fail "status does not count $1"
	kho report -n -o FROM,TO >$place/report || fail "no report"
	[ "$(wc -l <$place/report)" -eq "$1" ] || fail "the report has not $1 handovers: $(cat $place/report)"
	! kho report -n -o SERVICES | grep -v '[1-9]' || fail "how long did services take to stop? $(kho report)"
	module_was_early
}

stage_0() {
	runs_release "$old"
	is_loaded "$old"
	module_was_early
	head -c 3000000 /dev/urandom >$place/data
	kho put data $place/data || fail "kho put"
	kho reserve region 4M 2M >$place/region || fail "kho reserve"
	apt install $place/debs/*.deb
	is_loaded "$new"
	go systemctl kexec
}

stage_1() {
	runs_release "$new"
	came 1 "$old"
	is_loaded "$new"
	go systemctl reboot
}

stage_2() {
	runs_release "$new"
	came 2 "$new"
	is_loaded "$new"
	next_is "$old"
	go systemctl reboot
}

stage_3() {
	runs_release "$old"
	came 3 "$new"
	kho report >/dev/ttyS1
	next_is ''
	is_loaded "$new"
	apt remove "linux-image-$new"
	is_loaded "$old"
	systemctl stop kho-load.service || fail "stop"
	[ "$(cat /sys/kernel/kho/image)" = none ] || fail "still loaded"
	go systemctl reboot
}

stage_4() {
	runs_release "$old"
	[ "$(cat /sys/kernel/kho/incoming/result)" = none ] || fail "a cold boot, but something came"
	[ -z "$(kho list -n)" ] || fail "a cold boot, but there is: $(kho list)"
	is_loaded "$old"
	apt purge kho
	[ ! -e /usr/lib/systemd/system/kho.service ] || fail "purged, but there are units"
	[ "$(cat /sys/kernel/kho/image)" = none ] || fail "purged, but an image is loaded"
	apt install $place/kho_*.deb
	healthy
	is_loaded "$old"
	say PASS
	sync
	systemctl poweroff
}

run_stage
