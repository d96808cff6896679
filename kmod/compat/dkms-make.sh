#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Usage: dkms-make.sh KERNEL-SOURCE, in the directory of the modules' source
#
# Builds the modules. If a kernel is so old or so new that they do not compile for it, builds those
# that step aside: users get the kernel, and are told by `kho check` and by the kernel's log.
set -u

build()
{
	make -j"$(nproc)" -C "$1" M="$PWD" "$2" modules
}

build "$1" KHO_ASIDE= && exit
echo "kho: the modules do not compile for this kernel; building modules that say so"
make -C "$1" M="$PWD" clean
build "$1" KHO_ASIDE='it could not be built for this kernel, see make.log of dkms'
