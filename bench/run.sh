#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measure a handover in virtual machines whose clock counts guest instructions, so that repeats agree
# and other work on the host does not matter. Prints a table and writes build/bench/handover.json.
#
# usage: bench/run.sh [KERNEL[,KERNEL]]     from one kernel of tests/vm/kernels.list to another
#                                           (default 6.12,6.12)
#
# What the columns are, all in guest instructions:
#   preserve   kho_preserve_folio() for a folio, median of batches
#   incoming   from the start of validation until clients can restore, over the same with nothing
#              preserved; includes finding the gaps
#   restore    kho_restore_folio() for a folio, median of batches
#   give back  what a worker spends, beside everything else, on giving back gaps

set -eu -o pipefail
# shellcheck source=../scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"

path=${1:-6.12,6.12}
out=$build/bench
mkdir -p "$out"
export KHO_SCENARIOS=$top/bench/vm

# Each case: name, count, order, stride
cases=(
	"nothing 0 0 1"
	"isolated-1024 1024 0 8"
	"isolated-4096 4096 0 8"
	"isolated-16384 16384 0 8"
	"isolated-65536 65536 0 8"
	"contiguous-16384 16384 0 1"
	"contiguous-131072 131072 0 1"
	"order9-64 64 9 1"
	"order9-256 256 9 1"
)

# measure NAME COUNT ORDER STRIDE: run it; leaves the metrics in $out/NAME
measure() {
	local vm="handover@$path"

	KHO_BENCH_APPEND="bench.count=$2 bench.order=$3 bench.stride=$4" \
		"$top/scripts/vm-test.sh" --no-build --limit 900 "$vm" >"$out/$1.log" ||
		die "$1: $(tail -n 1 "$out/$1.log")"
	tr -d '\r' <"$build/vm/$vm/verdict" | awk '$1 == "METRIC" { print $2, $3 }' >"$out/$1"
}

metric_of() {
	awk -v key="$2" '$1 == key { value = $2 } END { print value + 0 }' "$out/$1"
}

"$top/scripts/vm-image.sh"
base=
rows=()
printf '%-20s %10s %10s %10s %10s   (guest instructions a folio; %s)\n' \
	case preserve incoming restore 'give back' "${path/,/ -> }"
for line in "${cases[@]}"; do
	read -r name count order stride <<<"$line"
	measure "$name" "$count" "$order" "$stride"
	validate=$(metric_of "$name" validate_ns)
	[ -n "$base" ] || base=$validate
	rows+=("$(awk -v name="$name" -v count="$count" -v order="$order" -v stride="$stride" \
		-v base="$base" -v validate="$validate" \
		-v preserve="$(metric_of "$name" preserve_ns)" \
		-v restore="$(metric_of "$name" restore_ns)" \
		-v release="$(metric_of "$name" release_ns)" \
		-v released="$(metric_of "$name" released_bytes)" 'BEGIN {
		printf "{\"case\":\"%s\",\"count\":%d,\"order\":%d,\"stride\":%d,", name, count, order, stride
		printf "\"preserve\":%.0f,\"incoming\":%.0f,\"incoming_base\":%.0f,", preserve, validate - base, base
		printf "\"restore\":%.0f,\"give_back\":%.0f,\"given_back_bytes\":%.0f}", restore, release, released
	}')")
	awk -v name="$name" -v n="$((count ? count : 1))" \
		-v preserve="$(metric_of "$name" preserve_ns)" -v incoming="$((count ? validate - base : validate))" \
		-v restore="$(metric_of "$name" restore_ns)" -v release="$(metric_of "$name" release_ns)" \
		'BEGIN { printf "%-20s %10.0f %10.0f %10.0f %10.0f\n", name, preserve, incoming / n, restore, release / n }'
done
(
	IFS=,
	printf '{"path":"%s","rows":[%s]}\n' "$path" "${rows[*]}"
) >"$out/handover.json"
printf 'written: %s\n' "$out/handover.json"
