#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What the kernel starts in an initramfs of dracut that has systemd. systemd looks for /dev/liveupdate once,
# when it starts, which is before any hook of dracut; so what it needs is loaded before. Whatever goes
# wrong here, it must be started.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
mkdir -p /proc /sys /dev
mount -t proc -o nosuid,noexec,nodev proc /proc
mount -t sysfs -o nosuid,noexec,nodev sysfs /sys
[ -c /dev/null ] || mount -t devtmpfs -o nosuid,mode=755 devtmpfs /dev
modprobe -q kho
modprobe -q liveupdate
exec /init.after-kho "$@"
