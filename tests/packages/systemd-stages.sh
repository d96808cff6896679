#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs at each boot of the Debian of scripts/test-systemd.sh, by a unit. A service (keeper.sh) has a file
# in memory in the file descriptor store of systemd, which has to bring it through two handovers; so
# have services with systemd's own test of this (test-luo), one of them with sessions.
#
#   stage 0  the older kernel; the services make what they keep; systemctl kexec
#   stage 1  the newer kernel; they got it back; /etc/default/kho names the older kernel; systemctl kexec
#   stage 2  the older kernel; they got it back; systemctl reboot without systemd-logind, so that nobody but
#            kho makes it a kexec
#   stage 3  the older kernel; they got it back all the same; systemctl poweroff

set -u
# shellcheck source=stages.sh disable=SC1091
. /usr/local/lib/stages.sh

# The service's file has the bytes that it had when the machine jumped.
file_is() {
	[ "$(cat /run/keeper/origin)" = "$1" ] ||
		fail "the file was not $1, but $(cat /run/keeper/origin)"
	cmp /run/keeper/file $place/data >$place/cmp 2>&1 || fail "$(cat $place/cmp)"
	stored keeper 1
}

# stored SERVICE COUNT: descriptors that systemd keeps for it
stored() {
	[ "$(systemctl show -P NFileDescriptorStore "$1.service")" = "$2" ] ||
		fail "not $2 descriptors are stored for $1"
}

# Each kernel hands on other bytes than it got: some change long after the descriptor was stored.
change_file() {
	head -c 3000000 /dev/urandom >$place/change
	for to in /run/keeper/file $place/data; do
		dd if=$place/change of="$to" bs=1000 seek=$((1000 * (stage + 1))) conv=notrunc status=none ||
			fail "dd to $to"
	done
	cmp -s /run/keeper/file $place/data || fail "the change did not arrive"
}

# handovers COUNT: as systemd counts them, which it can only in what it handed to itself
handovers() {
	[ "$(systemctl show -P KExecCount)" = "$1" ] ||
		fail "systemd counts $(systemctl show -P KExecCount) handovers"
	! grep waits /sys/kernel/debug/liveupdate/incoming >/dev/ttyS1 || fail "systemd left a session"
}

# test_luo DO: systemd's own client, which stores two files and a session with a file, or checks them
test_luo() {
	echo "DO=$1" >$place/luo-files
	systemctl stop luo-files.service
	systemctl start luo-files.service || fail "test-luo $1: $(journalctl -b -n 3 -o cat -u luo-files)"
}

# Sessions that systemd made for a service, or those that came back.
sessions_are_there() {
	systemctl start luo-sessions.service || fail "$(journalctl -b -n 3 -o cat -u luo-sessions)"
}

stage_0() {
	runs_release "$old"
	is_loaded "$new"
	handovers 0
	file_is made
	test_luo store
	sessions_are_there
	change_file
	go systemctl kexec
}

stage_1() {
	runs_release "$new"
	handovers 1
	file_is came
	stored luo-sessions 2
	sessions_are_there
	stored luo-files 3
	test_luo check
	test_luo store
	next_is "$old"
	change_file
	go systemctl kexec
}

stage_2() {
	runs_release "$old"
	handovers 2
	file_is came
	test_luo check
	is_loaded "$old"
	test_luo store
	change_file
	systemctl mask --runtime --now systemd-logind.service dbus.socket dbus.service >/dev/null 2>&1
	go systemctl reboot
}

stage_3() {
	runs_release "$old"
	handovers 3
	file_is came
	test_luo check
	say PASS
	sync
	systemctl poweroff
}

run_stage
