# SPDX-License-Identifier: GPL-2.0
#
# Version of everything here: modules, tool, library and packages.
KHO_VERSION := 0.1.0
