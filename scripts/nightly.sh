#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What takes too long for scripts/test.sh: every scenario on a kernel that checks itself, every path
# of every scenario, from every kernel to every one, to a kernel with handover of its own, upstream's
# own tests, many rounds of the stress scenario, also on the debug kernel, the packages, also where
# systemd runs, and what the README says on a Debian that has nothing yet.
#
# usage: scripts/nightly.sh [PART...]     all of them if none is named:
#        debug paths matrix native upstream stress packages fresh
# $STRESS_ROUNDS jumps (40) on each of the five paths of the stress scenario, $STRESS_DEBUG_ROUNDS on the
# debug kernel (20), $STRESS_SEED instead of one taken at random, $JOBS machines at a time (1). The exit
# status is 0 only if nothing failed.

set -u -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top" || exit

jobs=${JOBS:-1}
debug=6.1-debug
native=7.3-native
# Checks cost memory and time; with page_poison=1 what is freed is overwritten, and checked.
debug_options=(--kernel-map "*=$debug" --limit 7200)
rounds=${STRESS_ROUNDS:-40}
seed=${STRESS_SEED:+ vmtest.seed=$STRESS_SEED}

prepare() {
	scripts/setup.sh nightly && scripts/kernels.sh && make -s -j2 cli modules
}

prepare_debug() {
	scripts/build-kernel.sh "$debug" && scripts/modules.sh "$debug" UBSAN_SANITIZE=y
}

# Not there: what needs two kernels that differ, or folios that 6.1 does not make, expects areas for a machine
# of just its size, or memory in one piece as soon as it is freed (KASAN keeps some), or has allocations fail
# at a place that this kernel does not have, or patches a live kernel, or wants one that Debian has signed.
not_debug=' every-kernel preflight luo-orders fragmented scratch-nodes scratch-param no-memory no-memory-files ftrace-users secure-boot shim-keys revoked unified-secure '
# Machines that are large enough as they are.
large=' above-4g many-pages three-hops large-machine luo-4g '

run_debug() {
	local file name usual=() as_they_are=() failed=0

	prepare_debug || return
	for file in tests/vm/scenarios/*; do
		name=${file##*/}
		case "$not_debug" in *" $name "*) continue ;; esac
		case "$large" in
		*" $name "*) as_they_are+=("$name") ;;
		*) usual+=("$name") ;;
		esac
	done
	# All paths, as some scenarios have none in a usual run; mapped to one kernel, few differ. Looking for
	# leaks takes a third of the time: the last kernel of a path does it.
	scripts/vm-test.sh --jobs "$jobs" --all-paths "${debug_options[@]}" --memory-times 2 \
		--append 'page_poison=1 vmtest.leaks=last' "${usual[@]}" || failed=1
	scripts/vm-test.sh --jobs "$jobs" --all-paths "${debug_options[@]}" \
		--append 'page_poison=1 vmtest.leaks=last' "${as_they_are[@]}" || failed=1
	return "$failed"
}

# Kernels that unpack themselves, too: every scenario else has them unpacked ahead.
run_paths() {
	local failed=0

	scripts/vm-test.sh --jobs "$jobs" --all-paths || failed=1
	scripts/vm-test.sh --jobs "$jobs" --append vmtest.ahead=no parcels three-hops efi-parcel \
		two-nodes late-commit scratch-param@6.1,6.12 || failed=1
	return "$failed"
}

run_matrix() {
	scripts/vm-test.sh --matrix --jobs "$jobs"
}

# Scenarios of their own: nobody else's list has that kernel.
run_native() {
	local kernels

	scripts/build-kernel.sh "$native" && scripts/modules.sh "$native" || return
	kernels="$(kernel_names | xargs) $native"
	KHO_KERNELS=$kernels KHO_VM_IMAGE=$build/vm/image-native KHO_SCENARIOS=$top/tests/vm/native \
		scripts/vm-test.sh --jobs "$jobs"
}

run_upstream() {
	scripts/upstream-selftests.sh --jobs "$jobs" --all-paths
}

# In 1 GiB two images in one piece were not to be had after some fifteen rounds. A machine for each path: the
# longer the emulator runs one with processors that race, the likelier it loses it.
run_stress() {
	local failed=0

	scripts/vm-test.sh --jobs "$jobs" --all-paths --append "vmtest.rounds=200" contiguous-churn || failed=1
	scripts/vm-test.sh --jobs "$jobs" --all-paths --memory-times 2 --limit $((600 + rounds * 120)) \
		--append "vmtest.rounds=$rounds vmtest.loads=3$seed" stress || failed=1
	prepare_debug || return
	scripts/vm-test.sh --jobs "$jobs" "${debug_options[@]}" --memory-times 2 \
		--append "page_poison=1 vmtest.rounds=${STRESS_DEBUG_ROUNDS:-20}$seed" stress || failed=1
	return "$failed"
}

run_packages() {
	local suite failed=0

	for suite in bookworm trixie; do
		if ! scripts/test-packages.sh "$suite"; then
			failed=1
			continue
		fi
		scripts/test-system.sh "$suite" --keep || failed=1
		scripts/test-kept-system.sh "$suite" --keep || failed=1
		scripts/test-recipes.sh "$suite" --keep || failed=1
		scripts/test-routes.sh "$suite" --keep || failed=1
	done
	for suite in bookworm trixie; do
		scripts/test-secure.sh "$suite" --keep || failed=1
	done
	# Takes the packages of Debian 12, as its kernels are those of the test bed.
	scripts/test-systemd.sh || failed=1
	scripts/test-routes.sh forky --keep || failed=1
	scripts/test-secure.sh forky --keep || failed=1
	return "$failed"
}

run_fresh() {
	local suite failed=0

	for suite in bookworm trixie; do
		scripts/test-fresh.sh "$suite" || failed=1
	done
	return "$failed"
}

failed=0
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(debug paths matrix native upstream stress packages fresh)
for part in "${parts[@]}"; do
	case $part in
	debug | paths | matrix | native | upstream | stress | packages | fresh) ;;
	*) usage "$part: no such part" ;;
	esac
done
prepare || die "cannot prepare"
for part in "${parts[@]}"; do
	printf '%s\n' "--- $part"
	if ! "run_$part"; then
		printf '%s\n' "--- $part FAILED"
		failed=1
	fi
done
exit "$failed"
