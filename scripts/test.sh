#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that can be checked, from a fresh clone: unit tests, also under sanitizers, fuzzers,
# golden files, lint, modules, scenarios in virtual machines.
#
# Of the kernels of tests/vm/kernels.list those that differ most; scripts/nightly.sh has all of them.
#
# usage: scripts/test.sh
# One line for each check; the last line is "N passed, N failed". What failed leaves its output in
# the file named on its line. The exit status is 0 only if nothing failed.

set -u -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top" || exit
no_arguments "$@"
: "${KHO_KERNELS:=6.1 6.12 7.2 7.3}"
export KHO_KERNELS

logs=$build/log
results=$logs/results

pass() {
	printf 'ok    %s\n' "$1" | tee -a "$results"
}

flunk() {
	printf 'FAILED %s: %s\n' "$1" "$2" | tee -a "$results"
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

# beside NAME COMMAND...: a check that runs beside another one; `wait` waits for all
beside() {
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do
		wait -n
	done
	check "$@" &
}

# programs KIND: build the test programs of a kind, then each is a check
programs() {
	local kind=$1 program name

	check "$kind/build" make -s -k -j2 "$kind-build"
	for program in tests/unit/test_*.c; do
		name=$(basename "$program" .c)
		beside "$kind/$name" "build/$kind/$name"
	done
}

fuzzers() {
	local program name

	check fuzz/build make -s -k -j2 fuzz-build
	for program in tests/fuzz/fuzz_*.c; do
		name=$(basename "$program" .c)
		beside "fuzz/${name#fuzz_}" scripts/fuzz.sh "${name#fuzz_}" "${FUZZ_RUNS:-10000}"
	done
}

lint() {
	scripts/lint.sh "$1" || {
		cat "build/lint/$1.log"
		return 1
	}
}

lints() {
	local name

	for name in format checkpatch sparse scripts spelling freestanding rules; do
		beside "lint/$name" lint "$name"
	done
}

# silently COMMAND...: it succeeds, and the compiler has no warning
silently() {
	local out status=0

	out=$("$@" 2>&1) || status=$?
	printf '%s\n' "$out"
	[ "$status" -eq 0 ] && ! grep -q -E ':[0-9]+: warning: ' <<<"$out"
}

modules() {
	local name

	for name in $(kernel_names); do
		beside "modules/$name" silently scripts/modules.sh "$name"
	done
	# The scenario other-versions wants them.
	beside modules/other-versions scripts/wire-modules.sh 6.1
}

# Scenarios report for themselves; each of their lines is a check. A machine waits for its clocks now and
# then: three keep two processors busy.
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
	done < <(scripts/vm-test.sh --no-build --jobs 3 2>&1)
	[ "$seen" -eq "$(scripts/vm-test.sh --list | wc -l)" ] ||
		flunk vm/all "only $seen scenarios reported"
}

trap hand_back EXIT
rm -rf "$logs"
mkdir -p "$logs"
: >"$results"
started=$SECONDS
if check setup scripts/setup.sh && check kernels scripts/kernels.sh; then
	check cli make -s -j2 cli
	programs unit
	beside golden make -s golden
	programs unit-san
	fuzzers
	beside completion make -s completion
	beside exitcodes tests/cli/exitcodes.sh
	beside routes make -s routes
	beside keep make -s keep
	beside recipes make -s recipes
	beside session tests/boot/session.sh
	beside scripts/usage tests/scripts/usage.sh
	beside scripts/demo-files tests/scripts/demo-files.sh
	beside scripts/trouble tests/scripts/trouble.sh
	modules
	lints
	wait
	machines
fi
printf 'after %d s\n' $((SECONDS - started))
# Once more at the end, where somebody looks first; and a log that was cut keeps its end.
while read -r _ line; do
	printf 'failed: %s\n' "$line"
	[ ! -f "${line##*: see }" ] || tail -n 15 "${line##*: see }" | sed 's/^/    /'
done < <(grep '^FAILED ' "$results")
passed=$(grep -c '^ok ' "$results")
failed=$(grep -c '^FAILED ' "$results")
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
