#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Services that keep what they have in memory, in a real Debian with systemd, in a virtual machine: memcached,
# Redis or Valkey, and PostgreSQL go to a newer kernel and back with what `kho recipe enable` makes, and say why
# where they cannot; see tests/packages/recipes-stages.sh.
#
# usage: scripts/test-recipes.sh [bookworm|trixie] [--keep] [--limit SEC]
#   bookworm, trixie  Debian 12 (default) or 13; the packages are built in the same
#   --keep       take the packages of build/packages-SUITE as they are
#   --limit SEC  a machine without a verdict after this long is lost (default 5400)
# The last line is "ok", "FAILED" or "lost"; the exit status is 0 only for "ok". What the machine said is
# in build/test-recipes-SUITE: console, verdict; `command` starts it again by hand.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../tests/packages/machine.sh
. "$top/tests/packages/machine.sh"

prepare() {
	two_kernels "$suite-services" kho kho-dkms kho-recipes
	configure_machine recipes
	install -m 644 "$top/tests/packages/services.sh" "$root/usr/local/lib/"
	make_disk
}

# On one line, which is read before the file may change.
test_machine recipes "$@"; exit
