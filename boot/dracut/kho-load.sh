#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Sourced by dracut before it starts udev.

modprobe -q kho || :
modprobe -q liveupdate || :
modprobe -q kho-kept || :
