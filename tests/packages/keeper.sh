#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A service that keeps a file in memory over handovers and knows of nothing but systemd: it stores the
# descriptor once, and gets it again. /run/keeper/file is that file; /run/keeper/origin says "made", or
# "came" if systemd handed it out.

set -eu
mkdir -p /run/keeper

# descriptor_of NAME: its number, of those that systemd passed
descriptor_of() {
	number=3
	for name in $(printf '%s' "${LISTEN_FDNAMES-}" | tr ':' ' '); do
		[ "$name" != "$1" ] || {
			echo "$number"
			return
		}
		number=$((number + 1))
	done
	return 1
}

if number=$(descriptor_of data); then
	origin=came
else
	# Without a name, as memfd_create(2) makes it.
	number=9
	exec 9<>/dev/shm/keeper
	rm /dev/shm/keeper
	cat /var/lib/kho-test/data >&9
	systemd-notify --fd=9 --fdname=data FDSTORE=1
	origin=made
fi
ln -sfn "/proc/$$/fd/$number" /run/keeper/file
echo "$origin" >/run/keeper/origin
systemd-notify --pid=$$ --ready
exec sleep infinity
