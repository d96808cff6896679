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
#   blackout   all of it, not for a folio: from reboot(KEXEC) to the first instruction of init, over
#              the same with nothing preserved; the last line sets that against a plain kexec of the
#              same image by the same loader

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

# The loader that withholds the handover, as an archive; there in every case so that all are alike.
pack_plain_loader() {
	local root

	make -s -C "$top" build/bench/kho-plain
	root=$(mktemp -d)
	mkdir "$root/bin"
	cp "$build/bench/kho-plain" "$root/bin"
	(cd "$root" && find bin | cpio -o -H newc --quiet) >"$out/plain.cpio"
	rm -r "$root"
	export KHO_BENCH_EXTRA=$out/plain.cpio
}

# measure NAME COUNT ORDER STRIDE: run it; leaves the metrics in $out/NAME
measure() {
	local vm="handover@$path"

	KHO_BENCH_APPEND="bench.count=$2 bench.order=$3 bench.stride=$4$([ "$1" != plain ] || echo ' bench.plain')" \
		"$top/scripts/vm-test.sh" --no-build --limit 900 "$vm" >"$out/$1.log" ||
		die "$1: $(tail -n 1 "$out/$1.log")"
	tr -d '\r' <"$build/vm/$vm/verdict" | awk '$1 == "METRIC" { print $2, $3 }' >"$out/$1"
}

metric_of() {
	awk -v key="$2" '$1 == key { value = $2 } END { print value == "" ? 0 : value }' "$out/$1"
}

# From reboot(KEXEC) to the first instruction of the next kernel's init.
blackout_of() {
	echo $(($(metric_of "$1" tsc_init) - $(metric_of "$1" tsc_jump)))
}

median() {
	printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

"$top/scripts/vm-image.sh"
pack_plain_loader
# Boot waits for clocks here and there, so that some runs take a percent more: medians of five.
blackouts_plain=()
blackouts_nothing=()
for _ in 1 2 3 4 5; do
	measure plain 0 0 1
	blackouts_plain+=("$(blackout_of plain)")
	measure nothing 0 0 1
	blackouts_nothing+=("$(blackout_of nothing)")
done
plain=$(median "${blackouts_plain[@]}")
base_blackout=$(median "${blackouts_nothing[@]}")
added=$((base_blackout - plain))
rows=()
printf '%-20s %10s %10s %10s %10s %12s   (guest instructions a folio; %s)\n' \
	case preserve incoming restore 'give back' blackout "${path/,/ -> }"
for line in "${cases[@]}"; do
	read -r name count order stride <<<"$line"
	measure "$name" "$count" "$order" "$stride"
	[ "$name" != nothing ] || base=$(metric_of nothing validate_ns)
	row=$(awk -v name="$name" -v count="$count" -v order="$order" -v stride="$stride" \
		-v base="$base" -v validate="$(metric_of "$name" validate_ns)" \
		-v preserve="$(metric_of "$name" preserve_ns)" \
		-v restore="$(metric_of "$name" restore_ns)" \
		-v release="$(metric_of "$name" release_ns)" \
		-v released="$(metric_of "$name" released_bytes)" \
		-v blackout=$(($(blackout_of "$name") - base_blackout)) 'BEGIN {
		printf "{\"case\":\"%s\",\"count\":%d,\"order\":%d,\"stride\":%d,", name, count, order, stride
		printf "\"preserve\":%.0f,\"incoming\":%.0f,\"incoming_base\":%.0f,", preserve, validate - base, base
		printf "\"restore\":%.0f,\"give_back\":%.0f,\"given_back_bytes\":%.0f,", restore, release, released
		printf "\"blackout\":%.0f}\n", blackout
		n = count ? count : 1
		incoming = count ? validate - base : validate
		printf "%-20s %10.0f %10.0f %10.0f %10.0f %12.0f\n", name, preserve, incoming / n, restore, \
			release / n, blackout >"/dev/stderr"
	}' 2>&3)
	rows+=("$row")
done 3>&1
(
	IFS=,
	printf '{"path":"%s","plain_blackout":%d,"added_blackout":%d,"rows":[%s]}\n' \
		"$path" "$plain" "$added" "${rows[*]}"
) >"$out/handover.json"
awk -v plain="$plain" -v added="$added" 'BEGIN {
	printf "a handover of nothing adds %.0f instructions to the %.0f of a plain kexec: %.2f %%\n",
		added, plain, 100 * added / plain
}'
printf 'written: %s\n' "$out/handover.json"
