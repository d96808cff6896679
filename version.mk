# SPDX-License-Identifier: GPL-2.0
#
# Version of everything here: modules, tool, library and packages.
KHO_VERSION := 0.1.0

# Where the sources of the modules are: what DKMS, and whoever builds a copy of them, needs.
KHO_MODULE_SOURCES := Kbuild version.mk core include kmod liveupdate kept shmem
