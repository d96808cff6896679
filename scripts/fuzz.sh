#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run one fuzzer a fixed number of times from a fixed seed. What it finds on the way stays in
# build/; only tests/fuzz/corpus is kept.
#
# usage: scripts/fuzz.sh NAME RUNS

set -eu
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

[ $# -eq 2 ] || usage "${1:+$1: }wants a name and a number of runs"
name=$1 runs=$2
[ -e "$top/tests/fuzz/fuzz_$name.c" ] || usage "$name: no such fuzzer"
[[ $runs =~ ^[0-9]+$ ]] || usage "$runs: not a number of runs"
found=$build/fuzz/found/$name
kept=$top/tests/fuzz/corpus/$name
log=$build/fuzz/fuzz_$name.log

rm -rf "$found"
mkdir -p "$found"
[ -d "$kept" ] || kept=
if ! "$build/fuzz/fuzz_$name" -runs="$runs" -seed=1 -rss_limit_mb=2048 -timeout=120 \
	-artifact_prefix="$build/fuzz/$name-" "$found" ${kept:+"$kept"} >"$log" 2>&1; then
	echo "FAIL fuzz_$name: see $log" >&2
	exit 1
fi
