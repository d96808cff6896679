#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kho-session@.service and its slice, as they are installed: systemd's own check takes them, nothing stops them
# before the machine jumps, and nothing waits for them without an end.
#
# usage: tests/boot/session.sh      silent if all is as it should be

set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
failed=0
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT

complain() {
	printf '%s\n' "$*"
	failed=1
}

make -s -C "$top" build/boot/kho-session@.service SBINDIR=/bin || exit
cp "$top/build/boot/kho-session@.service" "$top/boot/kho.slice" "$work/"
# What it runs need not be installed here.
sed -i 's|=@/bin/kho |=@/bin/true |' "$work/kho-session@.service"
env -i PATH="$PATH" SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no --recursive-errors=no \
	kho-session@web-1.service kho.slice >"$work/verified" 2>&1 </dev/null || complain "$(cat "$work/verified")"
[ ! -s "$work/verified" ] || complain "systemd says: $(cat "$work/verified")"
for unit in "$work/kho-session@.service" "$work/kho.slice"; do
	grep -q -x 'DefaultDependencies=no' "$unit" || complain "a shutdown stops ${unit##*/}"
	! grep -q -E '^(Conflicts|RequiresMountsFor|BindsTo|PartOf)=' "$unit" || complain "something stops ${unit##*/}"
done
for line in Slice=kho.slice KillMode=process; do
	grep -q -x "$line" "$work/kho-session@.service" || complain "there is no $line"
done
# systemd calls the program by a name that begins with @.
grep -q -x 'ExecStart=@/bin/true @kho session hold %i' "$work/kho-session@.service" ||
	complain "it would be killed before the jump: $(grep ExecStart= "$work/kho-session@.service")"
for wait in TimeoutStartSec TimeoutStopSec; do
	grep -q -E "^$wait=[0-9]+$" "$work/kho-session@.service" || complain "$wait= has no bound"
done
exit "$failed"
