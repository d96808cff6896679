#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What recipes do with a service's state over a jump: what kho-recipe mounts, lets a service use, puts aside and
# puts back on the disk, and what `kho recipe` enables. Its tmpfs and mounts are real; `kho keep` and `kho restore`
# are played by a program that has trees as directories, and systemctl and modprobe only say what the test wants.
#
# usage: tests/boot/recipes.sh      silent if all is as it should be

set -u
umask 022
top=$(cd "$(dirname "$0")/../.." && pwd)
tree=$top/build/recipes-installed
failed=0

if [ -z "${KHO_IN_NAMESPACE-}" ]; then
	rm -rf "$tree"
	make -s -C "$top" cli install-boot install-recipes DESTDIR="$tree" PREFIX=/usr/local \
		UNITDIR=/usr/lib/systemd/system || exit
	user=()
	[ "$(id -u)" -eq 0 ] || user=(--map-root-user)
	KHO_IN_NAMESPACE=$(readlink /proc/self/ns/mnt) exec unshare --mount "${user[@]}" "$0" "$@"
fi
[ "$(readlink /proc/self/ns/mnt)" != "$KHO_IN_NAMESPACE" ] || exit

work=$(mktemp -d)
trap 'clean_up' EXIT
recipe=$tree/usr/local/lib/kho/kho-recipe
export KHO_RECIPES_D=$work/recipes.d
mount -t tmpfs none /usr/local/sbin || exit
mount -t tmpfs none /run || exit
mount -t tmpfs none /var/lib || exit
mount -t tmpfs none "$work" || exit
# As systemd has all mounts.
mount --make-shared "$work" || exit
mount --make-shared /run || exit
mkdir "$work/test"

complain() {
	printf '%s\n' "$*"
	failed=1
}

# --- what is played

for program in modprobe modinfo; do
	printf '#!/bin/sh\n[ ! -e %s/fails ]\n' "$work/test" >"/usr/local/sbin/$program"
done
cat >/usr/local/sbin/systemctl <<-EOT
	#!/bin/sh
	case \$1 in
	is-system-running) cat $work/test/system ;;
	show) cat $work/test/active 2>/dev/null || echo inactive ;;
	list-jobs) printf '7 %s.target start waiting\n' "\$(cat $work/test/target)" ;;
	esac
EOT
# A tree that is kept stays when its tmpfs is unmounted.
cat >/usr/local/sbin/kho <<-EOT
	#!/bin/sh
	set -eu
	work=$work
EOT
cat >>/usr/local/sbin/kho <<-'EOT'
	verb=$1
	[ ! -e "$work/test/$verb-fails" ] || {
		cat "$work/test/$verb-fails" >&2
		exit 4
	}
	keep() {
		mkdir -p "$work/kept/$1"
		mount --bind "$2" "$work/kept/$1"
	}
	case $*  in
	keep\ --name*) keep "$3" "$5" ;;
	keep\ --drop*)
		[ -d "$work/kept/$4" ] || exit 3
		umount "$work/kept/$4"
		rmdir "$work/kept/$4"
		;;
	restore*)
		[ -d "$work/incoming/$6" ] || {
			echo "kho: no tree '$6' came from the previous kernel; \`kho list\` shows all trees." >&2
			exit 3
		}
		cp -a "$work/incoming/$6/." "$4"
		rm -rf "$work/incoming/$6"
		keep "$6" "$4"
		;;
	list*) find "$work/kept" "$work/incoming" -mindepth 1 -maxdepth 1 -printf 'tree %f\n' ;;
	*) echo "kho $*: not played" >&2 && exit 9 ;;
	esac
EOT
chmod 755 /usr/local/sbin/*

clean_up() {
	forget_mounts
	umount "$work"
	rmdir "$work"
}

forget_mounts() {
	local line

	tac /proc/self/mounts | while read -r _ line _; do
		case $line in
		"$work"/disk/* | "$work"/kept/* | /run/kho/*) umount "$line" ;;
		esac
	done
}

# machine: one with nothing in its memory, and a service s of which something is on the disk
machine() {
	forget_mounts
	rm -rf "$work"/{kept,incoming,disk,recipes.d} "$work"/test/* /run/kho /var/lib/kho
	mkdir -p "$work"/{kept,incoming,disk/state,recipes.d}
	echo running >"$work/test/system"
	chmod 2750 "$work/disk/state"
	echo disk >"$work/disk/state/data"
	printf '%s\n' RECIPE=keep-dir "DIRECTORY=$work/disk/state" "$@" >"$KHO_RECIPES_D/s.conf"
}

# jump: what is kept, and what came and was not restored, goes along
jump() {
	local name

	for name in "$work"/kept/*; do
		[ ! -d "$name" ] || cp -a "$name" "$work/incoming/"
	done
	forget_mounts
	rm -rf "$work"/kept/* /run/kho
	echo running >"$work/test/system"
}

# asks STATUS COMMAND: of kho-recipe
asks() {
	local want=$1 status=0

	shift
	SERVICE_RESULT=${result-success} sh "$recipe" "$1" "${2-s}" 2>"$work/test/said" || status=$?
	[ "$status" -eq "$want" ] || complain "$what: $1: status $status, not $want: $(cat "$work/test/said")"
}

# said TEXT: or nothing
said() {
	if [ -z "$1" ]; then
		[ ! -s "$work/test/said" ] || complain "$what: said is: $(cat "$work/test/said")"
	else
		grep -q -F -e "$1" "$work/test/said" || complain "$what: not said is '$1', but: $(cat "$work/test/said")"
	fi
}

# has TEXT: the service in its directory
has() {
	[ "$(cat "$work/disk/state/data")" = "$1" ] || complain "$what: the service has $(cat "$work/disk/state/data"), not $1"
	[ "$(stat -c %a "$work/disk/state")" = 2750 ] || complain "$what: the mode is $(stat -c %a "$work/disk/state")"
}

in_memory() {
	[ "$(stat -f -c %T "$work/disk/state")" = tmpfs ] || complain "$what: the state is not in memory"
}

# aside NUMBER: trees that stay aside
aside() {
	local nr

	nr=$(find "$work/kept" "$work/incoming" -mindepth 1 -maxdepth 1 -not -name "$(sed -n 1p /var/lib/kho/recipes/s)" | wc -l)
	[ "$nr" -eq "$1" ] || complain "$what: $nr trees are aside, not $1"
}

# run_once TEXT: the service runs, writes that, and stops
run_once() {
	asks 0 start
	asks 0 begin
	echo "$1" >"$work/disk/state/data"
	asks 0 end
}

# --- warm and cold

what='first start'
machine
asks 0 start
asks 0 begin
said ''
has disk
in_memory
echo one >"$work/disk/state/data"
asks 0 end
said ''

what='warm'
jump
has disk
asks 0 start
asks 0 begin
said 's starts warm, with all that it had'
has one
in_memory
asks 0 end
asks 0 begin
said ''
has one
aside 0

what='a service that dies, and does not mind'
result=exit-code asks 0 end
said ''
jump
asks 0 start
asks 0 begin
said 'starts warm'
has one

what='the machine was reset'
forget_mounts
rm -rf "$work"/kept/* /run/kho
asks 0 start
asks 0 begin
said 's starts cold: what it had was in memory only, and did not come'
has disk
asks 0 end
asks 0 begin
said ''

# --- the way through the firmware, and back

for target in poweroff halt reboot kexec; do
	what="$target, with nothing loaded"
	machine
	run_once two
	asks 0 begin
	echo stopping >"$work/test/system"
	echo "$target" >"$work/test/target"
	asks 0 end
	said ''
	rm -rf "$work"/kept/*/*
	forget_mounts
	rm -rf "$work"/kept/* /run/kho
	has two
	[ "$(ls -A "$work/disk/state")" = data ] || complain "$what: on the disk is $(ls -A "$work/disk/state")"
	echo running >"$work/test/system"
	asks 0 start
	asks 0 begin
	said ''
	has two
done

what='stopped by hand'
machine
run_once three
[ "$(sed -n 2p /var/lib/kho/recipes/s)" = memory ] || complain "$what: it is not known that the state is in memory"
asks 0 stop
has three
[ "$(stat -f -c %T "$work/disk/state")" = "$(stat -f -c %T "$work/disk")" ] || complain "$what: still mounted"
[ -z "$(ls -A "$work/kept")" ] || complain "$what: still kept"
[ ! -e /var/lib/kho/recipes/s ] || complain "$what: there is a note still"

what='enabled while it runs, and restarted'
machine
echo active >"$work/test/active"
asks 0 start
[ "$(stat -f -c %T "$work/disk/state")" = "$(stat -f -c %T "$work/disk")" ] || complain "$what: something came over its directory"
echo late >"$work/disk/state/data"
asks 0 end
echo activating >"$work/test/active"
asks 0 begin
said ''
has late
in_memory
echo active >"$work/test/active"
asks 1 stop
said 'runs: stop that first'
in_memory

what='stopped with the machine'
machine
run_once three
echo stopping >"$work/test/system"
asks 0 stop
in_memory

# Interrupted anywhere, one of both is there.
for step in copying complete moved-away moving; do
	what="putting back, interrupted when $step"
	machine
	at=$work/disk/state
	mkdir "$at/.kho-new"
	echo new >"$at/.kho-new/data"
	echo more >"$at/.kho-new/.more"
	want=new
	case $step in
	copying) want=disk ;;
	complete) : >"$at/.kho-complete" ;;
	moved-away)
		: >"$at/.kho-complete"
		mkdir "$at/.kho-old"
		mv "$at/data" "$at/.kho-old/"
		;;
	moving)
		: >"$at/.kho-moving"
		mkdir "$at/.kho-old"
		mv "$at/data" "$at/.kho-old/"
		mv "$at/.kho-new/data" "$at/"
		;;
	esac
	asks 0 start
	asks 0 begin
	has $want
	forget_mounts
	has $want
	[ -z "$(find "$at" -name '.kho-*')" ] || complain "$what: $(ls -A "$at")"
	[ "$want" = disk ] || [ "$(cat "$at/.more")" = more ] || complain "$what: $(ls -A "$at")"
done

# --- what cannot be used

# spoiled WHAT COMMAND WHY [SETTING...]: after a clean stop and a jump
spoiled() {
	local command=$2 why=$3

	what=$1
	shift 3
	machine "$@"
	run_once four
	jump
	at=$(echo "$work"/incoming/*)
	eval "$command"
	asks 0 start
	asks 0 begin
	said "s starts cold: $why"
	said "it stays aside as 'service:s."
	has disk
	in_memory
	aside 1
	# It does not come back, though what was begun then does.
	echo five >"$work/disk/state/data"
	asks 0 end
	jump
	asks 0 start
	asks 0 begin
	said 'starts warm'
	has five
	aside 1
	# Nor if that is lost.
	forget_mounts
	rm -rf "$work"/kept/*
	rm -rf /run/kho
	asks 0 start
	asks 0 begin
	said 'starts cold: what it had was in memory only'
	has disk
	aside 1

	what="$what, refused"
	machine COLD=refuse "$@"
	run_once four
	jump
	at=$(echo "$work"/incoming/*)
	eval "$command"
	asks 0 start
	asks 1 begin
	said "s does not start: $why"
	asks 0 end
	asks 1 begin
	asks 0 stop
	asks 0 start
	asks 1 begin
	said "s does not start: $why"
	sed -i s/COLD=refuse/COLD=start/ "$KHO_RECIPES_D/s.conf"
	asks 0 stop
	asks 0 start
	asks 0 begin
	said "s starts cold: $why"
	aside 1
}

# shellcheck disable=SC2016 # they are commands for "spoiled"
{
	spoiled 'a file less' 'rm "$at/state/data"' 'it is not whole'
	spoiled 'a file more' ': >"$at/state/more"' 'it is not whole'
	spoiled 'a file that is shorter' ': >"$at/state/data"' 'it is not whole'
	spoiled 'another mode' 'chmod 600 "$at/state/data"' 'it is not whole'
	spoiled 'no state' 'rm -r "$at/state"' 'there is nothing but a stamp'
	spoiled 'no stamp' 'rm "$at/stamp"' 'it has no stamp'
	spoiled 'an empty stamp' ': >"$at/stamp"' 'it has no stamp'
	spoiled 'a stamp that is no stamp' 'sed -i "4s/.*/soon/" "$at/stamp"' 'it has no stamp'
	spoiled 'a stamp of another recipe' 'sed -i "1s/1/2/" "$at/stamp"' 'it has no stamp'
	spoiled 'another version' 'sed -i "2s/.*/frob 2/" "$at/stamp"' "it is of 'frob 2', and this is '" VERSION=same "PROGRAM=/bin/ls"
	spoiled 'the clock' 'sed -i "4s/.*/$(($(date +%s) + 7200))/" "$at/stamp"' 'the clock went back' CLOCK=forward
	spoiled 'unclean' 'sed -i "3s/.*/no/" "$at/stamp"' 'the service was not stopped cleanly' UNCLEAN=cold
	spoiled 'incomplete' 'sed -i "3s/.*/no/" "$at/stamp"' 'the service was not stopped cleanly' UNCLEAN=cold COMPLETE=data
}

what='the version does not matter'
machine PROGRAM=/bin/ls
run_once six
jump
sed -i '2s/.*/frob 2/' "$work"/incoming/*/stamp
asks 0 start
asks 0 begin
said 'starts warm'

what='of somebody else'
machine
run_once six
jump
echo OWNER=daemon >>"$KHO_RECIPES_D/s.conf"
asks 0 start
asks 0 begin
said "s starts cold: it belongs to user $(id -un), and not to the service's"

what='what it needs is not there when it stops'
machine UNCLEAN=cold 'COMPLETE=data meta'
run_once six
said 'was not stopped cleanly'
jump
asks 0 start
asks 0 begin
said 'starts cold: the service was not stopped cleanly'

what='it dies and restarts'
machine UNCLEAN=cold
run_once six
asks 0 begin
result=signal asks 0 end
said 'was not stopped cleanly: it will start cold'
asks 0 begin
said 'starts cold: the service was not stopped cleanly'
[ -z "$(ls -A "$work/disk/state")" ] || complain "$what: it has $(ls -A "$work/disk/state")"
aside 0

what='another version within one boot'
machine VERSION=same PROGRAM=/usr/local/sbin/program
printf '#!/bin/sh\necho frob 1\n' >/usr/local/sbin/program
chmod 755 /usr/local/sbin/program
run_once seven
sed -i 's/frob 1/frob 2/' /usr/local/sbin/program
asks 0 begin
said "s starts cold: it is of 'frob 1', and this is 'frob 2'; it stays aside as 'service:s."
has disk
aside 1

what='the clock, a little'
machine CLOCK=forward
run_once eight
asks 0 begin
since=$(date +%s)
asks 0 end
sed -i "4s/.*/$((since + 2))/" /run/kho/recipe/s/tree/stamp
asks 0 begin
said ''
[ "$(date +%s)" -gt $((since + 3)) ] || complain "$what: it was not waited for"

what='more than a few aside'
machine
run_once nine
for _ in 1 2 3 4 5; do
	jump
	rm -f "$work"/incoming/"$(sed -n 1p /var/lib/kho/recipes/s)"/stamp
	asks 0 start
	asks 0 begin
	asks 0 end
done
asks 0 begin
aside 3
grep -q 'dropped, since 3 trees' /run/kho/recipe/s/outcome || complain "$what: $(cat /run/kho/recipe/s/outcome)"

# --- what the kernel does not do

what='it cannot be restored'
machine
run_once ten
jump
echo "kho: tree 'x' is damaged: its list." >"$work/test/restore-fails"
asks 0 start
asks 0 begin
said "s starts cold: tree 'x' is damaged: its list; it stays aside as 'service:s."
has disk
aside 1
rm "$work/test/restore-fails"
asks 0 end
jump
asks 0 start
asks 0 begin
said 'starts warm'
aside 1

what='it cannot be restored, and the service does not start without'
machine COLD=refuse
run_once ten
jump
echo "kho: there is no room." >"$work/test/restore-fails"
asks 0 start
asks 1 begin
said 's does not start: there is no room;'
jump
rm "$work/test/restore-fails"
asks 0 start
asks 0 begin
said 'starts warm'
has ten

what='refused, disabled, and enabled again'
machine COLD=refuse
run_once ten
jump
rm "$(echo "$work"/incoming/*)/stamp"
asks 0 start
asks 1 begin
asks 0 stop
rm /var/lib/kho/recipes/s
asks 0 start
asks 0 begin
said ''
has disk
aside 1

what='it cannot be kept'
machine
echo 'kho: the tmpfs cannot be kept: it is odd.' >"$work/test/keep-fails"
asks 0 start
asks 0 begin
said 's has what is on the disk, and nothing is kept: the tmpfs cannot be kept: it is odd.'
[ "$(stat -f -c %T "$work/disk/state")" = "$(stat -f -c %T "$work/disk")" ] || complain "$what: something is mounted"
asks 0 end

what='it does not fit'
machine SIZE=1M
head -c 2M /dev/zero >"$work/disk/state/large"
asks 0 start
asks 0 begin
said "nothing is kept: what is in $work/disk/state does not fit"
asks 0 end

what='there is no module'
machine
: >"$work/test/fails"
asks 0 start
asks 0 begin
said 's has what is on the disk, and nothing is kept: the module kho-kept is not loaded'
has disk
asks 0 end

what='the unit did not run'
machine
asks 0 begin
said 's has what is on the disk, and nothing is kept: kho-recipe@s.service did not run.'
asks 0 end
said ''

what='there is no directory'
machine
rm -r "$work/disk/state"
asks 0 start
asks 0 begin
said 'there is no directory'

what='no disk'
machine
sed -i "s/DIRECTORY=.*/OWNER=$(id -un)/" "$KHO_RECIPES_D/s.conf"
asks 0 start
asks 0 begin
echo eleven >/run/kho/recipe/s/tree/state/data
asks 0 end
jump
asks 0 start
asks 0 begin
said 'starts warm'
[ "$(cat /run/kho/recipe/s/tree/state/data)" = eleven ] || complain "$what: $(ls /run/kho/recipe/s/tree/state)"
echo stopping >"$work/test/system"
echo poweroff >"$work/test/target"
asks 0 end
said 'this is no handover: what s had is lost'

what='settings'
machine 'FROB=1' '# a comment' ''
asks 0 start
said "'FROB' is not known"
asks 1 start other
said 'there is no'
asks 1 start ../s
said 'which unit?'
sed -i s/keep-dir/none/ "$KHO_RECIPES_D/s.conf"
asks 1 start
said "there is no recipe 'none'"
forget_mounts

# --- the units

mkdir -p "$work/units"
cp "$tree/usr/lib/systemd/system/kho-recipe@.service" "$work/units/"
sed -i "s|/usr/local/lib|$tree/usr/local/lib|" "$work/units/kho-recipe@.service"
for unit in frob frob@15-main; do
	mkdir -p "$work/units/$unit.service.d"
	printf '[Service]\nExecStart=/bin/true\n' >"$work/units/$unit.service"
	sed "s|/usr/local/lib|$tree/usr/local/lib|" "$tree/usr/local/lib/kho/recipes/keep-dir.conf" \
		>"$work/units/$unit.service.d/kho-1-recipe.conf"
	env -i PATH="$PATH" SYSTEMD_UNIT_PATH="$work/units:" systemd-analyze verify --man=no --recursive-errors=no \
		"$unit.service" >"$work/test/said" 2>&1 </dev/null || complain "$unit: $(cat "$work/test/said")"
	[ ! -s "$work/test/said" ] || complain "systemd says of $unit: $(cat "$work/test/said")"
done
grep -q -E '^(Conflicts|RequiresMountsFor|BindsTo|PartOf)=' "$work/units/kho-recipe@.service" &&
	complain "something stops the unit at shutdown, and it would forget what it keeps"
grep -q -x 'DefaultDependencies=no' "$work/units/kho-recipe@.service" || complain "a shutdown stops the unit"

# --- the verb, in a system in a directory

root=$work/root
mkdir -p "$root/usr/local" "$root/etc/systemd/system" "$root/usr/bin" "$root/var/lib/redis"
cp -r "$tree/usr/local/lib" "$root/usr/local/"
cp -r "$tree/etc/kho" "$root/etc/"

# verb STATUS ARGUMENT...
verb() {
	local want=$1 status=0

	shift
	what="kho recipe $*"
	"$top/build/kho" recipe --root "$root" "$@" >"$work/test/out" 2>"$work/test/said" || status=$?
	[ "$status" -eq "$want" ] || complain "$what: status $status, not $want: $(cat "$work/test/said")"
}

# printed: standard input is what it should be
printed() {
	local difference

	difference=$(diff - "$work/test/out") || complain "$what: wanted (<), got (>):"$'\n'"$difference"
}

# files: below $root/etc, but what is always there
files() {
	(cd "$root/etc" && find . ! -type d '(' -path '*recipe*' -o -name 'kho-*' ')' -printf '%P %l\n' | LC_ALL=C sort)
}

verb 0 list -n -r -o NAME,UNIT,PROGRAM,ENABLED,STATE
printed <<'EOT'
keep-dir - - no -
memcached memcached missing no -
postgresql - - no -
redis redis-server missing no -
valkey valkey-server missing no -
EOT
verb 0 enable redis
said '/usr/bin/redis-server is not installed'
verb 0 enable redis
printf '#!/bin/sh\n' >"$root/usr/bin/redis-server"
chmod 755 "$root/usr/bin/redis-server"
verb 0 enable redis
said ''
printed <<'EOT'
redis-server keeps what it has in /var/lib/redis from its next start on.
EOT
verb 0 enable memcached
said 'memcached is not installed'
verb 2 enable postgresql
said 'say which with --unit, such as postgresql@15-main'
verb 2 enable postgresql --unit frob
verb 0 enable postgresql --unit postgresql@15-main.service
said 'there is no directory /var/lib/postgresql/15/main'
verb 0 enable postgresql --unit postgresql@16-a-b
verb 2 enable keep-dir
verb 2 enable keep-dir --unit frob
said 'say it with --directory'
verb 2 enable keep-dir --unit frob --directory relative
verb 2 enable keep-dir --unit ../frob --directory /srv/frob
verb 0 enable keep-dir --unit frob --directory /srv/frob
verb 1 enable keep-dir --unit frob --directory /srv/other
said 'has another directory already'
verb 1 enable redis --unit frob
said "frob has the recipe 'keep-dir' already"
verb 3 enable none
verb 3 enable ../redis
verb 2 enable
verb 2 frob
what='what is enabled'
files >"$work/test/out"
printed <<'EOT'
kho/recipes.d/frob.conf 
kho/recipes.d/memcached.conf 
kho/recipes.d/postgresql@15-main.conf 
kho/recipes.d/postgresql@16-a-b.conf 
kho/recipes.d/redis-server.conf 
systemd/system/frob.service.d/kho-1-recipe.conf /usr/local/lib/kho/recipes/keep-dir.conf
systemd/system/memcached.service.d/kho-1-recipe.conf /usr/local/lib/kho/recipes/keep-dir.conf
systemd/system/memcached.service.d/kho-2-memcached.conf /usr/local/lib/kho/recipes/memcached.conf
systemd/system/postgresql@15-main.service.d/kho-1-recipe.conf /usr/local/lib/kho/recipes/keep-dir.conf
systemd/system/postgresql@16-a-b.service.d/kho-1-recipe.conf /usr/local/lib/kho/recipes/keep-dir.conf
systemd/system/redis-server.service.d/kho-1-recipe.conf /usr/local/lib/kho/recipes/keep-dir.conf
EOT
grep -q -x 'DIRECTORY=/var/lib/postgresql/16/a-b' "$root/etc/kho/recipes.d/postgresql@16-a-b.conf" ||
	complain "the directory of a cluster: $(cat "$root/etc/kho/recipes.d/postgresql@16-a-b.conf")"
mkdir -p "$root/run/kho/recipe/redis-server"
printf 'cold\nsome reason\n' >"$root/run/kho/recipe/redis-server/outcome"
verb 0 list -n -r -o NAME,UNIT,PROGRAM,ENABLED,STATE
printed <<'EOT'
keep-dir frob - yes -
memcached memcached missing yes -
postgresql postgresql@15-main - yes -
postgresql postgresql@16-a-b - yes -
redis redis-server installed yes cold
valkey valkey-server missing no -
EOT
verb 0 --json
grep -q '"reason":"some reason"' <(tr -d ' \n' <"$work/test/out" | sed 's/somereason/some reason/') ||
	complain "no reason in $(cat "$work/test/out")"
# What an administrator has set stays.
echo SIZE=2G >>"$root/etc/kho/recipes.d/frob.conf"
verb 0 enable keep-dir --unit frob
grep -q -x SIZE=2G "$root/etc/kho/recipes.d/frob.conf" || complain "a setting is gone"
: >"$root/etc/systemd/system/frob.service.d/mine.conf"
verb 2 disable postgresql
said 'enabled for 2 services'
for name in redis memcached postgresql@15-main postgresql@16-a-b frob redis; do
	verb 0 disable "$name"
done
printed <<'EOT'
redis is not enabled.
EOT
verb 3 disable none
what='what is left'
(cd "$root/etc" && find systemd kho/recipes.d | LC_ALL=C sort) >"$work/test/out"
printed <<'EOT'
kho/recipes.d
systemd
systemd/system
systemd/system/frob.service.d
systemd/system/frob.service.d/mine.conf
EOT
rm -r "$root/usr/local/lib/kho/recipes"
verb 3 list
said 'install the package kho-recipes'
exit "$failed"
