#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What /etc/kho/keep.d becomes: units that the generator makes, which systemd's own check takes, and what
# they do when they start and stop. kho, modprobe, modinfo and systemctl only note what they are asked.
#
# usage: tests/boot/keep.sh      silent if all is as it should be

set -u
umask 022
top=$(cd "$(dirname "$0")/../.." && pwd)
failed=0

if [ -z "${KHO_IN_NAMESPACE-}" ]; then
	make -s -C "$top" build/boot/kho-keep-generator build/boot/kho-keep@.service \
		LIBEXECDIR="$top/boot" UNITDIR=/usr/lib/systemd/system || exit
	user=()
	[ "$(id -u)" -eq 0 ] || user=(--map-root-user)
	KHO_IN_NAMESPACE=$(readlink /proc/self/ns/mnt) exec unshare --mount "${user[@]}" "$0" "$@"
fi
[ "$(readlink /proc/self/ns/mnt)" != "$KHO_IN_NAMESPACE" ] || exit

work=$(mktemp -d)
trap 'umount "$work/tmpfs"; rm -rf "$work"' EXIT
export KHO_KEEP_D=$work/keep.d
mkdir "$KHO_KEEP_D" "$work/tmpfs"
mount -t tmpfs none /usr/local/sbin || exit
mount -t tmpfs none /run || exit
mount -t tmpfs none "$work/tmpfs" || exit

complain() {
	printf '%s\n' "$*"
	failed=1
}

# same WHAT: standard input is what the file should be
same() {
	local difference

	difference=$(diff - "$2") || complain "$1: wanted (<), got (>):"$'\n'"$difference"
}

generate() {
	rm -rf "$work/units"
	mkdir "$work/units"
	timeout 60 sh "$top/build/boot/kho-keep-generator" "$work/units" "$work/units" "$work/units" 2>"$work/said" ||
		complain "the generator fails: $(cat "$work/said")"
	(cd "$work/units" && find . ! -type d | LC_ALL=C sort) >"$work/made"
}

# --- the generator

generate
same 'nothing is said' "$work/made" </dev/null
same 'nothing is said, and it says' "$work/said" </dev/null

cat >"$KHO_KEEP_D/10-some.conf" <<'EOT'
# a comment
/dev/shm

  /srv/ca\040che/	cache
relative
/a/../b
/
/x y z
EOT
cat >"$KHO_KEEP_D/15-escapes.conf" <<'EOT'
/srv/new\012line
/srv/tab	na\011me
\012
/srv/nul\000
/srv/back\nslash\134\c\\ \c\
a\012b
/srv/after
EOT
# Too long for the name of a unit, and for the directory of a unit.
{
	echo /srv/"$(printf '%0300d' 0)"
	echo /srv/"$(printf '%0234d' 0)"
} >"$KHO_KEEP_D/17-long.conf"
printf '/dev/shm other\n/srv/per%%cent-a' >"$KHO_KEEP_D/20-more.conf"
echo /not/read >"$KHO_KEEP_D/disabled"
generate
same 'units' "$work/made" <<'EOT'
./kho-keep@dev-shm.service.d/mounts.conf
./kho-keep@srv-after.service.d/mounts.conf
./kho-keep@srv-back\x5cnslash\x5c\x5cc\x5c\x5c.service.d/mounts.conf
./kho-keep@srv-ca\x20che.service.d/mounts.conf
./kho-keep@srv-per\x25cent\x2da.service.d/mounts.conf
./sysinit.target.wants/kho-keep@dev-shm.service
./sysinit.target.wants/kho-keep@srv-after.service
./sysinit.target.wants/kho-keep@srv-back\x5cnslash\x5c\x5cc\x5c\x5c.service
./sysinit.target.wants/kho-keep@srv-ca\x20che.service
./sysinit.target.wants/kho-keep@srv-per\x25cent\x2da.service
EOT
same 'order' "$work/units/kho-keep@srv-ca\\x20che.service.d/mounts.conf" <<'EOT'
[Unit]
Wants=srv-ca\x20che.mount srv.mount
After=srv-ca\x20che.mount srv.mount
EOT
[ "$(readlink "$work/units/sysinit.target.wants/kho-keep@dev-shm.service")" = \
	/usr/lib/systemd/system/kho-keep@.service ] || complain "the link leads elsewhere"
sed -n "/^kho:/ { s|$KHO_KEEP_D/||; s/00000*/000/; p }" "$work/said" >"$work/short"
same 'what is said' "$work/short" <<'EOT'
kho: 10-some.conf:5: 'relative' is not the path of a directory; this line is left out.
kho: 10-some.conf:6: '/a/../b' is not the path of a directory; this line is left out.
kho: 10-some.conf:7: '' is not the path of a directory; this line is left out.
kho: 10-some.conf:8: there is more than a path and a name (a blank is written as \040); this line is left out.
kho: 15-escapes.conf:1: a path or a name with a newline, a tab or a NUL (\012, \011, \000) cannot be kept; this line is left out.
kho: 15-escapes.conf:2: a path or a name with a newline, a tab or a NUL (\012, \011, \000) cannot be kept; this line is left out.
kho: 15-escapes.conf:3: a path or a name with a newline, a tab or a NUL (\012, \011, \000) cannot be kept; this line is left out.
kho: 15-escapes.conf:4: a path or a name with a newline, a tab or a NUL (\012, \011, \000) cannot be kept; this line is left out.
kho: 15-escapes.conf:6: a path or a name with a newline, a tab or a NUL (\012, \011, \000) cannot be kept; this line is left out.
kho: no unit can be made of the path /srv/000 in /etc/kho/keep.d; it is not kept.
kho: no unit can be made of the path /srv/000 in /etc/kho/keep.d; it is not kept.
kho: /dev/shm is in /etc/kho/keep.d twice; the first line, not that with the name 'other', counts.
EOT

# Whatever is listed, it comes to an end, and one that cannot be a unit costs no other.
mkdir "$work/other"
cat >"$work/other/kho-keep" <<'EOT'
#!/bin/sh
printf 'relative\tname\n/\t/\n/a/../b\tname\n/srv\t/srv\n'
EOT
chmod 755 "$work/other/kho-keep"
sed "s|$top/boot/kho-keep|$work/other/kho-keep|" "$top/build/boot/kho-keep-generator" >"$work/other/generator"
timeout 60 sh "$work/other/generator" "$work/other/units" >"$work/other/said" 2>&1 ||
	complain "the generator, given what cannot be: status $?"
[ -L "$work/other/units/sysinit.target.wants/kho-keep@srv.service" ] ||
	complain "a path that cannot be a unit costs the next one: $(cat "$work/other/said")"

# systemd takes them, with what the template says.
cp "$top/build/boot/kho-keep@.service" "$work/units/"
for unit in 'kho-keep@dev-shm.service' 'kho-keep@srv-per\x25cent\x2da.service'; do
	env -i PATH="$PATH" SYSTEMD_UNIT_PATH="$work/units:" systemd-analyze verify --man=no --recursive-errors=no "$unit" \
		>"$work/verified" 2>&1 </dev/null || complain "$unit: $(cat "$work/verified")"
	same "systemd says of $unit" "$work/verified" </dev/null
done
grep -q -E '^(Conflicts|RequiresMountsFor|BindsTo|PartOf)=' "$top/build/boot/kho-keep@.service" &&
	complain "something stops the unit at shutdown, and it would forget what it keeps"
grep -q -x 'DefaultDependencies=no' "$top/build/boot/kho-keep@.service" ||
	complain "a shutdown stops the unit"

# --- what they do

for program in kho modprobe systemctl modinfo; do
	cat >"/usr/local/sbin/$program" <<-EOT
		#!/bin/sh
		echo "$program \$*" >>$work/did
		cat "$work/out-$program" 2>/dev/null
		exit "\$(cat "$work/fails-$program" 2>/dev/null || echo 0)"
	EOT
	chmod 755 "/usr/local/sbin/$program"
done

# run STATUS ARGUMENT...
run() {
	local want=$1 status=0

	shift
	: >"$work/did"
	"$top/boot/kho-keep" "$@" >"$work/said" 2>&1 || status=$?
	[ "$status" -eq "$want" ] || complain "kho-keep $*: status $status, not $want: $(cat "$work/said")"
	# Where the machine has the module it is not asked for.
	sed -i '/^mod/d' "$work/did"
}

run 0 start /dev/shm
same 'start' "$work/did" <<'EOT'
kho restore --if-any --keep --to /dev/shm -- /dev/shm
kho keep --name /dev/shm -- /dev/shm
EOT
printf '%s\n' "$work/tmpfs/with\\040blank a-name" >"$KHO_KEEP_D/30-name.conf"
run 0 start "$work/tmpfs/with blank"
same 'start with a name' "$work/did" <<EOT
kho restore --if-any --keep --to $work/tmpfs/with blank -- a-name
kho keep --name a-name -- $work/tmpfs/with blank
EOT
[ -d "$work/tmpfs/with blank" ] || complain "the directory was not made"
run 1 start "$work/no/such"
same 'start without a directory' "$work/did" </dev/null
grep -q 'is that mounted' "$work/said" || complain "says: $(cat "$work/said")"
# Not kept if it was not restored: that would be the same name twice.
echo 4 >"$work/fails-kho"
run 4 start /dev/shm
same 'start that fails' "$work/did" <<'EOT'
kho restore --if-any --keep --to /dev/shm -- /dev/shm
EOT
rm "$work/fails-kho"

echo running >"$work/out-systemctl"
run 0 stop "$work/tmpfs/with blank"
same 'stop' "$work/did" <<'EOT'
systemctl is-system-running
kho keep --drop -- a-name
EOT
# It is forgotten by the name that it was kept with, and then there is no such name any more.
rm -rf /run/kho/keep
run 0 start "$work/tmpfs/with blank"
printf '%s\n' "$work/tmpfs/with\\040blank another-name" >"$KHO_KEEP_D/30-name.conf"
run 0 stop "$work/tmpfs/with blank"
same 'stop after another name was given' "$work/did" <<'EOT'
systemctl is-system-running
kho keep --drop -- a-name
EOT
run 0 stop "$work/tmpfs/with blank"
same 'stop of what was not started' "$work/did" <<'EOT'
systemctl is-system-running
kho keep --drop -- another-name
EOT
# What cannot be kept has no such name.
echo 4 >"$work/fails-kho"
run 4 start "$work/tmpfs/with blank"
[ -z "$(ls -A /run/kho/keep)" ] || complain "not kept, but noted: $(ls /run/kho/keep)"
rm "$work/fails-kho"
echo stopping >"$work/out-systemctl"
run 0 stop "$work/tmpfs/with blank"
same 'stop of the machine' "$work/did" <<'EOT'
systemctl is-system-running
EOT
for word in '' relative / /a/../b; do
	run 2 start "$word"
	same "start '$word'" "$work/did" </dev/null
done
exit "$failed"
