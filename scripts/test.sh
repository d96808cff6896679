#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that can be checked, from a fresh clone: unit tests, also under sanitizers, fuzzers,
# golden files, lint, modules for every kernel, scenarios in virtual machines.
#
# usage: scripts/test.sh
# One line for each check; the last line is "N passed, N failed". What failed leaves its output in
# the file named on its line. The exit status is 0 only if nothing failed.

set -u -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top" || exit

logs=$build/log
passed=0
failed=0

pass() {
	passed=$((passed + 1))
	printf 'ok    %s\n' "$1"
}

flunk() {
	failed=$((failed + 1))
	printf 'FAILED %s: %s\n' "$1" "$2"
}

# check NAME COMMAND...: one check; its output goes to a file
check() {
	local name=$1 log=$logs/${1//\//-}.log

	shift
	if "$@" >"$log" 2>&1 </dev/null; then
		pass "$name"
	else
		flunk "$name" "see $log"
		return 1
	fi
}

# programs KIND: build the test programs of a kind, then each is a check
programs() {
	local kind=$1 program name

	check "$kind/build" make -s -k -j2 "$kind-build"
	for program in tests/unit/test_*.c; do
		name=$(basename "$program" .c)
		check "$kind/$name" "build/$kind/$name"
	done
}

fuzzers() {
	local program name

	check fuzz/build make -s -k -j2 fuzz-build
	for program in tests/fuzz/fuzz_*.c; do
		name=$(basename "$program" .c)
		check "fuzz/${name#fuzz_}" scripts/fuzz.sh "${name#fuzz_}" "${FUZZ_RUNS:-30000}"
	done
}

lints() {
	local name

	for name in format checkpatch sparse scripts spelling freestanding rules; do
		check "lint/$name" scripts/lint.sh "$name" || cp "build/lint/$name.log" "$logs/lint-$name.log"
	done
}

modules() {
	local name

	for name in $(kernel_names); do
		check "modules/$name" scripts/modules.sh "$name" -j2
	done
}

# Scenarios report for themselves; each of their lines is a check.
machines() {
	local line seen=0

	if ! check vm/image scripts/vm-image.sh; then
		return
	fi
	while read -r line; do
		case $line in
		'ok '*)
			seen=$((seen + 1))
			pass "vm/${line#ok    }"
			;;
		'FAILED '*)
			seen=$((seen + 1))
			line=${line#FAILED }
			flunk "vm/${line%%: *}" "${line#*: }"
			;;
		*) printf '%s\n' "$line" ;;
		esac
	done < <(scripts/vm-test.sh --no-build 2>&1)
	[ "$seen" -eq "$(scripts/vm-test.sh --list | wc -l)" ] ||
		flunk vm/all "only $seen scenarios reported"
}

rm -rf "$logs"
mkdir -p "$logs"
started=$SECONDS
if check setup scripts/setup.sh && check kernels scripts/kernels.sh; then
	programs unit
	programs unit-san
	check golden make -s golden
	fuzzers
	check cli make -s -j2 cli
	check completion make -s completion
	modules
	lints
	machines
fi
printf 'after %d s\n' $((SECONDS - started))
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
