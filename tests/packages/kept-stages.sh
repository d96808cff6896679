#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs at each boot of the Debian of scripts/test-kept-system.sh, by a unit, and plays the administrator of a
# machine with kept trees: /dev/shm, which is kept from stage 0 on, and two tmpfs of their own that
# /etc/fstab and /etc/kho/keep.d have names for. A service needs what is in one of them.
#
#   stage 0  the older kernel; makes trees; systemctl kexec
#   stage 1  the newer kernel; upgrades the packages of kho, while trees are kept; systemctl reboot
#   stage 2  the newer kernel, with the newer modules; what is in the way of a tree will be there at the next
#            boot; the older kernel is next; systemctl reboot
#   stage 3  the older kernel; that tree cannot be restored: its service does not start, and the reason is to
#            be seen; the other trees are there; systemctl reboot
#   stage 4  that tree was handed on, and its service starts; a unit that is stopped keeps its tree no longer;
#            systemctl poweroff
#
# A service of kho-session@.service counts its starts in its memory; at stage 3 its version is another one.
# On the way to each next kernel two services write into trees: one until systemd kills it, and one that
# nobody kills, until the machine jumps.

set -u
# shellcheck source=stages.sh disable=SC1091
. /usr/local/lib/stages.sh

cache='/srv/ca che'
needed=/srv/needed

# make_tree DIRECTORY: of everything that a tmpfs has
make_tree() {
	mkdir -p "$1/files/some" "$1/writer" || fail "mkdir"
	cd "$1/files" || fail "cd $1"
	head -c 5000001 /dev/urandom >data
	truncate -s 9000000 holes && printf x | dd of=holes bs=1 seek=4000000 conv=notrunc status=none
	fallocate -l 300000 allocated
	ln data some/hard
	ln -s ../data some/link
	ln -s /nowhere dangling
	mkfifo -m 620 fifo
	mknod -m 640 null c 1 3
	perl -e 'use IO::Socket::UNIX; IO::Socket::UNIX->new(Local => "socket", Listen => 1) or die' || fail "socket"
	printf 'of somebody' >"$(printf 'an odd\n\tname\134')"
	echo secret >mine && chmod 4710 mine && chown 1234:5678 mine
	touch -h -d '2001-02-03 04:05:06.789' some/link data mine
	for number in $(seq 200); do
		echo "file $number" >"some/$number"
	done
	chmod 2770 some && chown 1234:0 some
	cd / || fail "cd"
}

# look_at DIRECTORY: everything that can be seen of a tree without reading its files, but what services write there.
# That changes the times at which directories and links were read, which are left out.
look_at() (
	cd "$1" || exit
	# Where a tree is not a whole file system its root is what it was made there.
	find . -mindepth 1 -path ./writer -prune -o -print0 | LC_ALL=C sort -z |
		xargs -0 stat -c '%f %.9X %i %F %u %g %h %s %b %t:%T %.9Y %.9Z %.9W %N' |
		sed 's/^\([4a]...\) [0-9.]* /\1 - /'
	stat -c '%f %u %g %.9Y' .
)

contents() (
	cd "$1" || exit
	find . -path ./writer -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
)

# note NAME DIRECTORY: what it has to be in the next kernel
note() {
	contents "$2" >"$place/contents-$1"
	look_at "$2" >"$place/tree-$1"
	[ "$(cat "$place/contents-$1" "$place/tree-$1" | wc -l)" -gt 400 ] || fail "$2 is hardly there"
}

# same NAME WANTED FOUND
same() {
	cmp -s "$2" "$3" && return
	diff "$2" "$3" | head -n 40 >/dev/ttyS1
	fail "$1 is not what it was"
}

came() {
	look_at "$2" >"$place/came"
	same "$2" "$place/tree-$1" "$place/came"
	contents "$2" >"$place/came"
	same "what is in $2" "$place/contents-$1" "$place/came"
}

# kept_are NAME...: these trees are kept, and nothing else is there
kept_are() {
	printf '%s kept\n' "$@" | LC_ALL=C sort >$place/wanted
	kho list -n -o NAME,STATE | awk '{ print $1, $2 }' | LC_ALL=C sort | cmp -s - $place/wanted ||
		fail "kept should be only $*: $(kho list)"
}

# Writes until it is killed. With TERM that is a request that this one does not hear.
make_services() {
	cat >/usr/local/sbin/write-records <<-'EOT'
		#!/bin/sh
		# write-records RECORDS WITNESS: a number into the second whenever a record of that number is complete
		trap '' TERM
		number=0
		while :; do
			number=$((number + 1))
			printf '%08d %0200d.\n' $number 0 >>"$1"
			printf '%08d\n' $number >>"$2"
			[ $((number % 50)) -ne 0 ] || sleep 0.1
		done
	EOT
	chmod 755 /usr/local/sbin/write-records
	cat >/etc/systemd/system/killed.service <<-EOT
		[Unit]
		RequiresMountsFor="$cache"
		[Service]
		ExecStart=/usr/local/sbin/write-records "$cache/writer/records" $place/witness
		ExecStopPost=/bin/sh -c 'echo \$EXIT_STATUS >$place/killed-by'
		TimeoutStopSec=10
	EOT
	# systemd-shutdown spares whose name begins with @.
	cat >/etc/systemd/system/lasting.service <<-'EOT'
		[Unit]
		DefaultDependencies=no
		[Service]
		ExecStart=@/bin/sh @write-records /usr/local/sbin/write-records /dev/shm/writer/records /dev/shm/writer/witness
		StandardOutput=null
		StandardError=null
	EOT
	systemctl daemon-reload
}

# The trees as they are, and who goes on writing.
write_on() {
	note shm /dev/shm
	note cache "$cache"
	rm -f "$cache"/writer/* /dev/shm/writer/* $place/witness $place/killed-by
	systemctl start killed.service lasting.service || fail "the services that write"
	for file in /dev/shm/writer/witness $place/witness; do
		while ! [ -e "$file" ] || [ "$(wc -l <"$file")" -le 100 ]; do
			sleep 1
		done
	done
}

# records_are RECORDS WITNESS: all of which the other file knows, in their order, and nothing but the beginning of
# one more
records_are() {
	awk 'NR == FNR { if ($0 ~ /^[0-9]+$/ && length($0) == 8) known = NR; next }
		{ good = FNR == $1 + 0 && length($0) == 210 && $0 ~ /\.$/ }
		!good { bad++; bad_at = FNR }
		good { records = FNR }
		END {
			printf "%d known, %d records, %d bad, the last at %d of %d\n", known, records, bad, bad_at, FNR
			exit !(known > 100 && records - known >= 0 && records - known <= 1 && !(bad && bad_at < FNR) && bad <= 1)
		}' "$2" "$1" >$place/records || fail "$1: $(cat $place/records)"
	say "stage $stage: $1: $(cat $place/records)"
}

# As of the instant at which the machine jumped, or the service was killed.
written_came() {
	[ "$(cat $place/killed-by)" = KILL ] || fail "the service was not killed, but: $(cat $place/killed-by)"
	records_are "$cache/writer/records" $place/witness
	records_are /dev/shm/writer/records /dev/shm/writer/witness
}

# handed_over VERSION: to that one's module; with both trees
handed_over() {
	[ "$(cat /sys/kernel/kho/incoming/result)" = accepted ] || fail "not accepted"
	[ "$(cat /sys/module/kho_kept/version)" = "$1" ] || fail "the module is $(cat /sys/module/kho_kept/version)"
	is_active 'kho-keep@dev-shm.service'
	is_active 'kho-keep@srv-ca\x20che.service'
	came shm /dev/shm
	came cache "$cache"
	[ "$(stat -f -c %T "$cache")" = tmpfs ] || fail "$cache is not what /etc/fstab says"
	written_came
}

version() {
	dpkg-query -W -f '${Version}' kho
}

# Its program tells how it began, and the how many-th start this is by what it has in memory.
make_app() {
	cat >/usr/local/sbin/session-app <<-'EOT'
		#!/bin/sh
		# session-app FILE
		read -r number <"$1"
		number=$((${number:-0} + 1))
		echo "$number" 1<>"$1"
		echo "$KHO_SESSION_START $number" >/run/session-app
	EOT
	chmod 755 /usr/local/sbin/session-app
	systemctl enable --now session-app.service || fail "session-app.service"
}

# app_began START NUMBER
app_began() {
	is_active session-app.service
	[ "$(cat /run/session-app)" = "$*" ] || fail "the service of a session began $(cat /run/session-app), not $*"
}

needed_came() {
	is_active needs-tree.service
	[ "$(cat /run/needs-tree)" = 'what a service needs' ] || fail "the service has $(cat /run/needs-tree)"
}

stage_0() {
	runs_release "$old"
	is_active 'kho-keep@srv-ca\x20che.service'
	is_active 'kho-keep@srv-needed.service'
	# As the guide says.
	echo /dev/shm >/etc/kho/keep.d/shm.conf
	systemctl daemon-reload
	systemctl start kho-keep@dev-shm || fail "kho-keep@dev-shm"
	kept_are /dev/shm cache $needed
	make_tree /dev/shm
	make_tree "$cache"
	echo 'what a service needs' >$needed/data
	# Not before there is something.
	systemctl enable needs-tree.service || fail "enable"
	make_services
	make_app
	app_began cold 1
	systemctl restart session-app.service
	app_began again 2
	is_loaded "$new"
	write_on
	go systemctl kexec
}

stage_1() {
	runs_release "$new"
	before=$(version)
	handed_over "$before"
	needed_came
	app_began warm 3
	DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o APT::Sandbox::User=root install \
		$place/next/*.deb >$place/apt 2>&1 </dev/null || {
		cat $place/apt >/dev/ttyS1
		fail "apt"
	}
	[ "$(version)" != "$before" ] || fail "the version is still $before"
	# DKMS of Debian 13 keeps to that file also when it is kho who asks for the modules.
	rm -f /etc/dkms/no-autoinstall
	modinfo -k "$new" kho-kept >/dev/null 2>&1 || /usr/lib/kho/kho-boot rebuilt >>$place/apt 2>&1 ||
		fail "kho-boot rebuilt: $(tail -n 3 $place/apt)"
	# Nothing of that forgets a tree, or unloads what is to be started.
	kept_are /dev/shm cache $needed
	is_active 'kho-keep@dev-shm.service'
	is_loaded "$new"
	[ "$(modinfo -k "$new" -F version kho-kept)" = "$(version)" ] || fail "the module of $new is not the newer one"
	write_on
	go systemctl reboot
}

stage_2() {
	runs_release "$new"
	handed_over "$(version)"
	needed_came
	app_began warm 4
	printf '%s\n' 'fd 1=1M' 'label 2.0' >/etc/kho/session.d/app.conf
	cat >/etc/systemd/system/in-the-way.service <<-EOT
		[Unit]
		DefaultDependencies=no
		RequiresMountsFor=$needed
		Before=kho-keep@srv-needed.service
		[Service]
		Type=oneshot
		ExecStart=/usr/bin/touch $needed/data
		[Install]
		WantedBy=sysinit.target
	EOT
	systemctl enable in-the-way.service || fail "enable"
	next_is "$old"
	write_on
	go systemctl reboot
}

stage_3() {
	runs_release "$old"
	handed_over "$(version)"
	app_began cold 1
	systemctl --no-pager --full status kho-session@app.service >$place/status 2>&1
	grep -q 'its state has another label' $place/status || fail "the reason is not in: $(cat $place/status)"
	[ "$(kho session get app.aside 1 | head -n 1)" = 4 ] || fail "what was kept aside is not there"
	[ "$(systemctl is-active kho-keep@srv-needed.service)" = failed ] ||
		fail "there is something in the way, but the unit is $(systemctl is-active kho-keep@srv-needed.service)"
	systemctl --no-pager --full status kho-keep@srv-needed.service >$place/status 2>&1
	grep -q "$needed/data exists, so nothing of tree '$needed' was restored" $place/status ||
		fail "the reason is not in: $(cat $place/status)"
	[ ! -e /run/needs-tree ] || fail "the service ran without what it needs"
	! systemctl -q is-active needs-tree.service || fail "the service runs without what it needs"
	! systemctl start needs-tree.service >$place/start 2>&1 || fail "the service can be started"
	[ ! -s $needed/data ] || fail "what was in the way is overwritten"
	kho list -n -o NAME,STATE | grep -q -E "^$needed +waiting" || fail "the tree does not wait: $(kho list)"
	systemctl disable in-the-way.service || fail "disable"
	write_on
	go systemctl reboot
}

stage_4() {
	runs_release "$old"
	handed_over "$(version)"
	needed_came
	app_began warm 2
	[ "$(kho session get app.aside 1 | head -n 1)" = 4 ] || fail "what was kept aside has not come along"
	kept_are /dev/shm cache $needed
	# By the name that it is kept with.
	printf '%s\n' '/srv/ca\040che renamed' >/etc/kho/keep.d/cache.conf
	systemctl daemon-reload
	systemctl stop 'kho-keep@srv-ca\x20che.service' || fail "stop"
	kept_are /dev/shm $needed
	[ -s "$cache/files/data" ] || fail "it is not kept, and gone"
	systemctl start 'kho-keep@srv-ca\x20che.service' || fail "start"
	kept_are /dev/shm renamed $needed
	say PASS
	sync
	systemctl poweroff
}

run_stage
