#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs at each boot of the Debian of scripts/test-recipes.sh, by a unit, and plays the administrator of a machine
# with memcached, Redis or Valkey, and PostgreSQL, who wants them warm after an update of the kernel.
#
#   stage 0  the older kernel; enables the recipes, fills the services; systemctl kexec
#   stage 1  the newer kernel; all is there; a dump is damaged on the way, and the clock will go back; the older
#            kernel is next; systemctl reboot
#   stage 2  the older kernel; PostgreSQL has all; the other two start cold, and say why; what they had is aside,
#            and is dropped; then nothing is loaded; systemctl reboot, through the firmware
#   stage 3  what is in directories is there from the disk; memcached says that it lost all; the recipes are
#            disabled, and nothing of them is left; systemctl poweroff

set -u
# shellcheck source=stages.sh disable=SC1091
. /usr/local/lib/stages.sh
# shellcheck source=services.sh disable=SC1091
. /usr/local/lib/services.sh

# holds SERVICE COUNT
holds() {
	count=$("$1" count)
	say "stage $stage: $1 has $count of $2"
	[ "$count" = "$2" ] || fail "$1 has $count, not $2"
}

# --- what they say

# says UNIT TEXT: systemctl status does
says() {
	is_active "$1"
	systemctl --no-pager --full --lines 30 status "$1" >$place/status 2>&1
	grep -q -F -e "$2" $place/status || {
		cat $place/status >/dev/ttyS1
		fail "the status of $1 does not have: $2"
	}
	say "stage $stage: $(grep -F -e "$2" $place/status | tail -n 1)"
}

# recipe_is NAME STATE
recipe_is() {
	state=$(kho recipe list -n -r -o NAME,STATE | sed -n "s/^$1 //p")
	[ "$state" = "$2" ] || fail "recipe $1 is $state, not $2"
}

# aside UNIT: the tree of it that stays aside
aside() {
	kho list -n -r -o TYPE,STATE,NAME | sed -n "s/^tree [a-z]* \(service:$1\..*\)/\1/p" |
		grep -v -x -F -e "$(sed -n 1p "/var/lib/kho/recipes/$1")"
}

# --- the stages

stage_0() {
	runs_release "$old"
	# What they have on the disk goes with them, though they run.
	for service in store database; do
		$service fill || fail "$service fill"
	done
	kho recipe enable memcached --now || fail "enable memcached"
	kho recipe enable $store --now || fail "enable $store"
	kho recipe enable postgresql --unit "$pg_unit" --now || fail "enable postgresql"
	kho recipe >/dev/ttyS1
	for unit in memcached $store_unit "$pg_unit"; do
		is_active "$unit"
	done
	[ "$(stat -f -c %T /var/lib/$store)" = tmpfs ] || fail "$store has its state on the disk"
	memcached fill || fail "memcached fill"
	holds memcached $items
	holds store $keys
	holds database $rows
	is_loaded "$new"
	go systemctl kexec
}

# What is there of a dump when the service has stopped is half of it; and before memcached starts again the
# clock goes back.
make_trouble() {
	mkdir -p "/etc/systemd/system/$store_unit.service.d"
	cat >"/etc/systemd/system/$store_unit.service.d/zz-trouble.conf" <<-EOT
		[Service]
		ExecStopPost=+/usr/bin/truncate -s 100 /var/lib/$store/dump.rdb
	EOT
	cat >/etc/systemd/system/clock.service <<-'EOT'
		[Unit]
		DefaultDependencies=no
		Before=kho-recipe@memcached.service
		[Service]
		Type=oneshot
		ExecStart=/bin/date -s '-2 hours'
		[Install]
		WantedBy=sysinit.target
	EOT
	systemctl daemon-reload
	systemctl enable clock.service || fail "enable"
}

stage_1() {
	runs_release "$new"
	for unit in memcached $store_unit "$pg_unit"; do
		says "$unit" 'starts warm, with all that it had in the previous kernel'
	done
	holds memcached $items
	holds store $keys
	holds database $rows
	kho recipe >/dev/ttyS1
	database add
	make_trouble
	next_is "$old"
	go systemctl reboot
}

stage_2() {
	runs_release "$old"
	recipe_is memcached cold
	recipe_is $store cold
	recipe_is postgresql warm
	says memcached 'starts cold: the clock went back: the service stopped at'
	says $store_unit 'starts cold: it is not whole: its files are not those that were there when the service had stopped'
	holds memcached 0
	# Of when it was enabled, on the disk.
	holds store $keys
	holds database $((rows + 100))
	kho list >/dev/ttyS1
	for unit in memcached $store_unit; do
		name=$(aside "$unit")
		[ -n "$name" ] || fail "nothing of $unit is aside: $(kho list)"
		kho keep --drop "$name" || fail "drop $name"
	done
	date -s '+2 hours'
	systemctl disable clock.service || fail "disable"
	rm "/etc/systemd/system/$store_unit.service.d/zz-trouble.conf"
	systemctl daemon-reload
	memcached fill || fail "memcached fill"
	$cli set later yes >/dev/null || fail "$cli"
	database add
	kho unload || fail "unload"
	go systemctl reboot
}

stage_3() {
	runs_release "$old"
	holds store $keys
	[ "$($cli get later)" = yes ] || fail "$store was not put back"
	holds database $((rows + 200))
	holds memcached 0
	says memcached 'starts cold: what it had was in memory only, and did not come'
	recipe_is $store cold
	! systemctl --no-pager --full status "$store_unit" | grep 'starts cold' >/dev/ttyS1 || fail "$store complains"
	# Of which the state is in memory.
	! kho recipe disable memcached || fail "it is disabled while it runs"
	for name in memcached $store postgresql; do
		kho recipe disable "$name" --now || fail "disable $name"
	done
	holds store $keys
	holds database $((rows + 200))
	[ "$(stat -f -c %T /var/lib/$store)" != tmpfs ] || fail "$store has its state in memory"
	{
		find /etc -name '*kho-[12]*' -o -path '/etc/kho/recipes.d/*'
		find /var/lib/kho/recipes /run/kho/recipe -type f
		grep -F /run/kho/recipe /proc/mounts
		kho list -n | grep service:
	} >$place/left
	[ ! -s $place/left ] || fail "there is left: $(cat $place/left)"
	say PASS
	sync
	systemctl poweroff
}

run_stage
