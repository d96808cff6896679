#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Usage: dkms-symvers.sh DIRECTORY, by DKMS after a build
#
# Keeps the versions of what kho.ko exports, which modules that use it are built with
# (KBUILD_EXTRA_SYMBOLS).
[ ! -e Module.symvers ] || cp Module.symvers "$1/"
