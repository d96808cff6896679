#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measure handovers in virtual machines whose clock counts guest instructions, so that repeats agree
# and other work on the host does not matter: by our modules on a stock kernel, and by a kernel with
# handover of its own, with the same client. Writes build/bench/machines.json, one object a line for
# each run; bench/report.py makes tables of it.
#
# usage: bench/machines.sh [--only PATTERN] [--missing] [--no-build] [--runs N] [SIDE...]
#   kho      our modules, from $BENCH_KERNEL to the same (default 6.12)
#   ahead    the blackout with nothing preserved beside kexec(8)'s, in one run, from each kernel of
#            $BENCH_AHEAD to the same (default "6.1 6.12")
#   native   7.3-peer, which scripts/build-kernel.sh builds; left out if it is not there
#   --only   cases whose names match; what is known of others stays in the file
#   --missing  cases of which nothing is in the file yet, to go on after an interruption
#   --no-build  take modules and initramfs as they are
#   --runs   instead of what each case says

set -eu -o pipefail
# shellcheck source=../scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"

kernel=${BENCH_KERNEL:-6.12}
peer=7.3-peer
out=$build/bench
json=$out/machines.json
only='*'
missing=''
wanted_runs=''

# Each case: name, runs, megabytes of the machine, what goes on the command line. Of those whose whole
# blackout is of interest there are several runs: boot waits for clocks here and there.
cases=(
	"plain 3 4096 bench.plain bench.count=0"
	"nothing 3 4096 bench.count=0"
	"kexec 3 4096 bench.kexec bench.count=0"
	"file 3 4096 bench.file bench.count=0"
	"kexec-file 3 4096 bench.kexec bench.file bench.count=0"
	"plain-order9-256 3 4096 bench.plain bench.count=256 bench.order=9"
	"order9-256 3 4096 bench.count=256 bench.order=9"
	"order9-64 1 4096 bench.count=64 bench.order=9"
	"order9-512 1 4096 bench.count=512 bench.order=9"
	"isolated-1024 1 4096 bench.count=1024 bench.stride=8"
	"isolated-4096 1 4096 bench.count=4096 bench.stride=8"
	"isolated-16384 1 4096 bench.count=16384 bench.stride=8"
	"isolated-65536 1 4096 bench.count=65536 bench.stride=8"
	"isolated-200000 1 6144 bench.count=200000 bench.stride=4"
	"contiguous-16384 1 4096 bench.count=16384"
	"contiguous-131072 1 4096 bench.count=131072"
	"gaps-512 1 4096 bench.count=512 bench.stride=1024"
	"mixed-2048 1 4096 bench.count=2048 bench.mixed=10"
	"memfd-64 1 4096 bench.count=0 bench.memfd=64"
	"memfd-512 1 4096 bench.count=0 bench.memfd=512"
	"memfd-huge-64 1 4096 bench.count=0 bench.memfd=64 bench.huge"
	"memfd-huge-512 1 4096 bench.count=0 bench.memfd=512 bench.huge"
	"memfd-64-noinit 1 4096 bench.count=0 bench.memfd=64 init_on_alloc=0"
	"parcel-64 1 4096 bench.count=0 bench.parcel=64"
	"kept-empty 1 4096 bench.count=0 bench.kept=0"
	"kept-files-20000 1 4096 bench.count=0 bench.kept=20000"
	"kept-files-100000 1 4096 bench.count=0 bench.kept=100000"
	"kept-512 1 4096 bench.count=0 bench.tree=512"
	"kept-huge-512 1 4096 bench.count=0 bench.tree=512 bench.huge"
	"kept-512-ahead 1 4096 bench.count=0 bench.tree=512 bench.ahead"
	"kept-huge-512-ahead 1 4096 bench.count=0 bench.tree=512 bench.huge bench.ahead"
	"kept-files-peers 1 4096 bench.count=0 bench.kept=20000 bench.peers"
	"kept-pages-peers 1 4096 bench.count=0 bench.tree=256 bench.peers"
	"kept-scattered-256 1 4096 bench.count=0 bench.scattered=256"
	"kept-scattered-256-compacted 1 4096 bench.count=0 bench.scattered=256 bench.compact"
	"kept-huge-1536 1 4096 bench.count=0 bench.tree=1536 bench.huge"
)
# The same images, started in three ways: by kexec(8), as kexec(8) has them, and with all that is done ahead.
ahead_cases=(
	"kexec 3 4096 bench.kexec bench.count=0"
	"itself 3 4096 bench.itself bench.count=0"
	"nothing 3 4096 bench.count=0"
)
read -r -a ahead_kernels <<<"${BENCH_AHEAD:-6.1 6.12}"
# What takes a native kernel minutes, or what it does not have.
not_native='plain* kexec* file parcel* isolated-65536 isolated-200000 kept*'

# Programs that only benches need, as an archive; there in every case so that all are alike.
pack_guest() {
	local root name

	make -s -C "$top" build/bench/kho-plain
	root=$(mktemp -d)
	mkdir "$root/bin"
	cp "$out/kho-plain" "$root/bin"
	for name in kexec-file lubench scatter; do
		gcc -std=gnu11 -O2 -Wall -D_GNU_SOURCE -I"$top" -I"$top/include/uapi" -static \
			-o "$root/bin/$name" "$top/bench/guest/$name.c" "$top/lib/liveupdate.c"
	done
	strip "$root"/bin/*
	(cd "$root" && find bin | cpio -o -H newc --quiet) >"$out/guest.cpio"
	rm -r "$root"
}

build_everything() {
	local name

	for name in $KHO_KERNELS; do
		"$top/scripts/modules.sh" "$name"
	done
	make -s -C "$top" cli
	"$top/scripts/vm-image.sh"
	pack_guest
}

# measure SIDE KERNEL NAME RUN MEGABYTES APPEND: prints one line of JSON
measure() {
	local vm="handover@$2,$2" append="bench.order=0 bench.stride=1 bench.mixed=0 $6"

	[ "$1" != native ] || append+=' kho=on kho_scratch=256M,128M,64M liveupdate=on'
	KHO_BENCH_APPEND=$append KHO_BENCH_MEM=$5M \
		"$top/scripts/vm-test.sh" --no-build --limit 1800 "$vm" >"$out/machine.log" ||
		return
	tr -d '\r' <"$build/vm/$vm/verdict" |
		awk -v side="$1" -v kernel="$2" -v name="$3" -v run="$4" -v mem="$5" -v append="$6" '
			$1 == "STAGE" { release = $3 }
			$1 == "METRIC" { value[$2] = $3 }
			END {
				printf "{\"side\":\"%s\",\"kernel\":\"%s\",\"release\":\"%s\",\"case\":\"%s\",\"run\":%d,\"mem_mib\":%d",
					side, kernel, release, name, run, mem
				n = split(append, word, " ")
				for (i = 1; i <= n; i++) {
					if (word[i] !~ /^bench\./)
						continue
					split(word[i], part, /[.=]/)
					printf ",\"%s\":%d", part[2], part[3] == "" ? 1 : part[3]
				}
				printf ",\"blackout\":%.0f", value["tsc_init"] - value["tsc_jump"]
				delete value["tsc_init"]
				delete value["tsc_jump"]
				for (key in value)
					printf ",\"%s\":%.0f", key, value[key]
				print "}"
			}'
}

# The last "order=" of a command line counts, so that cases may have one of their own.
run_side() {
	local side=$1 name=$2 line case_name runs mem append run pattern
	local -a lines=("${cases[@]}")

	[[ $side != ahead-* ]] || lines=("${ahead_cases[@]}")
	for line in "${lines[@]}"; do
		read -r case_name runs mem append <<<"$line"
		# shellcheck disable=SC2254 # it is a pattern
		case $case_name in
		$only) ;;
		*) continue ;;
		esac
		if [ "$side" = native ]; then
			for pattern in $not_native; do
				# shellcheck disable=SC2254
				case $case_name in
				$pattern) continue 2 ;;
				esac
			done
		fi
		if [ -n "$missing" ] && grep -q -s "\"side\":\"$side\".*\"case\":\"$case_name\"" "$json"; then
			continue
		fi
		[ -z "$wanted_runs" ] || runs=$wanted_runs
		[ ! -e "$json" ] || grep -v "\"side\":\"$side\".*\"case\":\"$case_name\"" "$json" >"$json.new" || true
		[ ! -e "$json.new" ] || mv "$json.new" "$json"
		for ((run = 1; run <= runs; run++)); do
			if measure "$side" "$name" "$case_name" "$run" "$mem" "$append" >"$out/machine.json"; then
				tee -a "$json" <"$out/machine.json"
			else
				say "$side $case_name: $(tail -n 1 "$out/machine.log")"
				failed=1
			fi
		done
	done
}

main() {
	local side failed=0 build_all=1
	local -a sides=()

	while [ $# -gt 0 ]; do
		case $1 in
		--only)
			only=$2
			shift
			;;
		--missing) missing=1 ;;
		--no-build) build_all='' ;;
		--runs)
			wanted_runs=$2
			shift
			;;
		kho | ahead | native) sides+=("$1") ;;
		*) usage "$1: unknown argument" ;;
		esac
		shift
	done
	[ ${#sides[@]} -gt 0 ] || sides=(kho ahead native)
	if ! kernel_dir "$peer" >/dev/null; then
		[[ " ${sides[*]} " != *' native '* ]] ||
			say "without the native kernel, which takes an hour: scripts/build-kernel.sh $peer builds it"
		peer=''
	fi
	mkdir -p "$out"
	KHO_KERNELS=$(printf '%s\n' "$kernel" "${ahead_kernels[@]}" "$peer" | sort -u | xargs)
	export KHO_KERNELS KHO_VM_IMAGE=$out/image KHO_SCENARIOS=$top/bench/vm
	[ -z "$build_all" ] || build_everything
	export KHO_BENCH_EXTRA=$out/guest.cpio
	for side in "${sides[@]}"; do
		case $side in
		kho) run_side kho "$kernel" ;;
		ahead)
			for kernel in "${ahead_kernels[@]}"; do
				run_side "ahead-$kernel" "$kernel"
			done
			;;
		native) [ -z "$peer" ] || run_side native "$peer" ;;
		esac
	done
	say "written: $json"
	return "$failed"
}

main "$@"
