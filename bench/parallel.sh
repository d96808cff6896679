#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Restoring a kept tree on one processor, and on more, by the clock on the wall: each run in a machine whose
# processors run side by side, as far as this one has so many. Nothing else should run here meanwhile.
#
# usage: bench/parallel.sh [RUNS]    after bench/machines.sh, whose image it takes (default: 3 runs)
# Writes build/bench/parallel.json: the least that each took.

set -eu -o pipefail
# shellcheck source=../scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"

kernel=${BENCH_KERNEL:-6.12}
runs=${1:-3}
[ $# -le 1 ] && [[ $runs =~ ^[1-9][0-9]*$ ]] || usage "$runs: not a number of runs"
out=$build/bench
files=20000
export KHO_KERNELS=$kernel KHO_VM_IMAGE=$out/image KHO_SCENARIOS=$top/bench/vm KHO_BENCH_EXTRA=$out/guest.cpio
export KHO_BENCH_MEM=2048M
export KHO_BENCH_APPEND="bench.order=0 bench.stride=1 bench.mixed=0 bench.count=0 bench.kept=$files"

# measure CPUS: how long `kho restore` took
measure() {
	local vm="handover@$kernel,$kernel"

	KHO_BENCH_CPUS=$1 "$top/scripts/vm-test.sh" --no-build --limit 1800 "$vm" >"$out/machine.log" ||
		die "$1 processors: $(tail -n 1 "$out/machine.log")"
	sed -n 's/^METRIC kept_in_ns \([0-9]*\).*/\1/p' "$build/vm/$vm/verdict"
}

least() {
	sort -n | head -n 1
}

rows=''
for cpus in 1 2 4; do
	ns=$(for ((run = 0; run < runs; run++)); do measure "$cpus"; done | least)
	say "$cpus: $((ns / 1000000)) ms"
	rows+="${rows:+,}{\"cpus\":$cpus,\"ns\":$ns}"
done
printf '{"kernel":"%s","files":%d,"runs":%d,"host_cpus":%d,"restore":[%s]}\n' \
	"$kernel" "$files" "$runs" "$(nproc)" "$rows" >"$out/parallel.json"
