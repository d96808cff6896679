# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
#
# What the stages of a machine with systemd have in common. Each boot is a stage; whoever sources this
# has functions stage_0, stage_1, ..., and calls run_stage at its end.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
place=/var/lib/kho-test
old=$(cat $place/old)
new=$(cat $place/new)
stage=$(cat $place/stage 2>/dev/null || echo 0)

say() {
	printf '%s\n' "$*" >/dev/ttyS1
}

fail() {
	{
		printf 'FAIL stage %s: %s\n' "$stage" "$*"
		kho status
		kho list
		systemctl --no-pager --failed
		journalctl --no-pager -b -u kho.service -u kho-load.service -u 'kho-keep@*' -u 'kho-recipe@*'
		dmesg | tail -n 50
	} >/dev/ttyS1 2>&1
	sync
	systemctl poweroff --force --force
	exit 1
}

is_active() {
	systemctl -q is-active "$1" || {
		systemctl --no-pager --full status "$1" >/dev/ttyS1 2>&1
		fail "$1 is not active"
	}
}

# go COMMAND...: the next boot is the next stage
go() {
	echo $((stage + 1)) >$place/stage
	sync
	say "stage $stage of $(uname -r) is over: $*"
	"$@" || fail "$*"
	exit 0
}

runs_release() {
	[ "$(uname -r)" = "$1" ] || fail "this is $(uname -r), not $1"
}

is_loaded() {
	[ "$(cat /sys/kernel/kho/image)" = loaded ] || fail "no image is loaded"
	[ "$(cat /run/kho/loaded)" = "/boot/vmlinuz-$1" ] ||
		fail "loaded is $(cat /run/kho/loaded), not $1"
}

# next_is RELEASE: what the administrator wants; empty is the newest
next_is() {
	sed -i "s/^KHO_KERNEL=.*/KHO_KERNEL=$1/" /etc/default/kho
	systemctl restart kho-load.service || fail "restart"
	[ -z "$1" ] || is_loaded "$1"
}

healthy() {
	say "stage $stage: $(uname -r), $(systemctl is-system-running --wait)"
	systemctl -q is-active kho.service || fail "kho.service is not active"
	systemctl -q is-active kho-load.service || fail "kho-load.service is not active"
	systemctl -q is-active kho-stopping.service || fail "kho-stopping.service is not active"
	[ "$(cat /sys/kernel/kho/stopping_time_ns)" = 0 ] || fail "services stop"
	! dmesg | grep -E 'BUG:|WARNING:|Oops|Call Trace|Bad page' >/dev/ttyS1 || fail "the kernel's log"
}

run_stage() {
	healthy
	"stage_$stage"
}
