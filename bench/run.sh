#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measure everything, and write docs/performance.md with its plots: the tracker and the cover in
# thread CPU time, beside CRoaring; large machines simulated; handovers in guest instructions, beside
# a kernel with handover of its own. Half an hour, and an hour once for that kernel.
#
# usage: bench/run.sh [PART...]     parts: micro scale machines report (default: all)
# All figures are kept as JSON in build/bench, and together in docs/performance/figures.json.

set -eu -o pipefail
# shellcheck source=../scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
cd "$top"

out=$build/bench

# run PROGRAM OPTION...: keeps its JSON only if it ends well
run() {
	local name=$1

	shift
	"$out/$name" --json "$@" >"$out/$name.json.new"
	mv "$out/$name.json.new" "$out/$name.json"
}

# The machine, without its name.
describe_host() {
	printf '{"cpu":"%s","cpus":%d,"kernel":"%s","compiler":"%s","qemu":"%s","croaring":"%s"}\n' \
		"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
		"$(uname -r | cut -d. -f1-2)" "$(gcc --version | head -n 1)" \
		"$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')" \
		"$(dpkg-query -W -f '${Version}' libroaring-dev)" >"$out/host.json"
}

run_micro() {
	make -s build/bench/bench_tracker build/bench/bench_cover
	describe_host
	run bench_tracker
	run bench_cover
}

run_scale() {
	make -s build/bench/scale
	run scale
}

run_machines() {
	bench/machines.sh
	bench/parallel.sh
}

run_report() {
	bench/report.py
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(micro scale machines report)
mkdir -p "$out"
for part in "${parts[@]}"; do
	case $part in
	micro | scale | machines | report) "run_$part" ;;
	*) usage "$part: no such part" ;;
	esac
done
