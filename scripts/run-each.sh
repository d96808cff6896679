#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run programs one after the other, each with its output in PROGRAM.log. Silent unless one fails.
#
# usage: scripts/run-each.sh PROGRAM...

set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

failed=0
[ $# -gt 0 ] || usage "nothing to run"
for program in "$@"; do
	[ -x "$program" ] || usage "$program: no such program"
done
for program in "$@"; do
	"$program" >"$program.log" 2>&1 && continue
	echo "FAIL $program: see $program.log" >&2
	failed=1
done
exit $failed
