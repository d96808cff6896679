#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Show it: boot an unmodified Debian kernel in a virtual machine, let it hand files to another one
# across a kexec, and compare every byte. Nothing of this machine's own kernel is touched.
#
# usage: scripts/demo.sh [--list] [--] [FILE...]
#   FILE    what to hand over: a file, a link to one, or a directory for all files in it; without, a set of
#           this machine's own files, 256 MiB and more
#   --list  only say which files would travel, with digest and size; nothing is fetched, no machine starts
# Needs root only if packages are missing.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

from=6.1
to=6.12
wanted_bytes=$((256 << 20))
# What the emulator takes as an initramfs, and how many parcels there may be.
most_bytes=$((1536 << 20))
most_files=16000
work=$build/demo
# Its own initramfs: that of the tests is for other kernels.
export KHO_KERNELS="$from $to" KHO_VM_IMAGE=$work/image

# Lists of files have a zero byte behind each name, as a name may have any other.

# find_files BYTES: files of this machine, the same each time, until there are so many bytes
find_files() {
	local smallest

	for smallest in 1048575 65535 0; do
		{ find /usr -xdev -path /usr/lib/debug -prune -o -type f -readable -size "+${smallest}c" -size -64M \
			-not -name $'*\n*' -printf '%s\t%D:%i\t%p\n' 2>/dev/null || true; } | LC_ALL=C sort -t $'\t' -k 3 |
			awk -F '\t' -v wanted="$1" '
				!seen[$2]++ && sum < wanted { sum += $1; print $3 }
				END { exit sum < wanted }' | tr '\n' '\0' >"$work/files" && return
	done
	die "there are not $(mib "$1") of files in /usr; name some files"
}

# files_in DIRECTORY: to the list. What is neither file nor directory has nothing to hand over.
files_in() {
	local dir=$1 others

	# Not to be taken for an option.
	[ "${dir#-}" = "$dir" ] || dir=./$dir
	find -H "$dir" -xdev -type f -print0 2>"$work/find.log" | LC_ALL=C sort -z >"$work/found" ||
		die "${1@Q}: cannot be read as a whole: $(head -n 1 "$work/find.log")"
	[ -s "$work/found" ] || die "${1@Q}: there is no file in this directory"
	cat "$work/found" >>"$work/files"
	others=$(find -H "$dir" -xdev -not -type f -not -type d -printf x | wc -c)
	[ "$others" -eq 0 ] || say "${1@Q}: what is no file in it is left out: $others links, devices or the like"
}

# name_files FILE...: to the list; or the first one that cannot be handed over is refused
name_files() {
	local name

	for name in "$@"; do
		if [ -d "$name" ]; then
			files_in "$name"
		elif [ -f "$name" ]; then
			printf '%s\0' "$name" >>"$work/files"
		elif [ -e "$name" ]; then
			die "${name@Q}: neither a file nor a directory"
		elif [ -L "$name" ]; then
			die "${name@Q}: a link to something that is not there"
		else
			die "${name@Q}: no such file"
		fi
	done
	while IFS= read -r -d '' name; do
		[ -r "$name" ] || die "${name@Q}: may not be read by user $(id -un)"
	done <"$work/files"
}

# The machine gets the files in its initramfs; there they are three times for a moment: packed, unpacked,
# preserved.
memory_for() {
	echo $((1536 + $1 * 4 / 1048576))
}

# fits FILES BYTES: else it is said what does not
fits() {
	local available needed

	[ "$1" -le "$most_files" ] || die "$1 files: no more than $most_files can travel at a time"
	[ "$2" -le "$most_bytes" ] || die "$(mib "$2"): a virtual machine does not take more than $(mib "$most_bytes") of files"
	needed=$(($(memory_for "$2") + 256))
	available=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
	[ "$needed" -le "$available" ] ||
		die "the virtual machine for $(mib "$2") of files takes $needed MiB of memory, and $available MiB are available"
	need_space "$work" $((($2 >> 20) * 3 + 500)) "packing $(mib "$2") of files takes"
}

packed() {
	printf '%d of %d files' "$(find "$work/root/data" -type f | wc -l)" "$nr_files"
}

copy_files() {
	local name number=0

	while IFS= read -r -d '' name; do
		number=$((number + 1))
		cp -L -- "$name" "$work/root/data/$(printf 'file-%05d' "$number")" || return
	done <"$work/files"
}

# Each file becomes /data/NUMBER of the first machine, and a line "NUMBER DIGEST BYTES" of the manifest,
# whose lines are in the order of the list.
pack_files() {
	rm -rf "$work/root"
	mkdir -p "$work/root/data"
	with_progress '   packing' packed copy_files || die "a file cannot be copied"
	(cd "$work/root/data" && find . -type f -printf '%f\0' | LC_ALL=C sort -z | xargs -0 sha256sum) |
		awk '{ print $2, $1 }' >"$work/digests"
	(cd "$work/root/data" && find . -type f -printf '%f %s\n' | LC_ALL=C sort) |
		join "$work/digests" - >"$work/manifest"
	[ "$(wc -l <"$work/manifest")" -eq "$nr_files" ] || die "$nr_files files were to be packed, and fewer are"
}

make_archive() {
	(cd "$work/root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$work/data.cpio"
	truncate -s %4096 "$work/data.cpio"
	rm -rf "$work/root"
}

# verdict RUN: what a machine said
verdict() {
	tr -d '\r' <"$build/vm/$1@$from,$to/verdict"
}

# metric RUN KEY [NTH]: what a machine measured
metric() {
	verdict "$1" | awk -v key="$2" -v nth="${3-1}" '$1 == "METRIC" && $2 == key && ++n == nth { print $3 }'
}

# From reboot(KEXEC) to the first instruction of the next kernel's init, in ms.
blackout_ms() {
	echo $((($(metric "$1" tsc_init 2) - $(metric "$1" tsc_jump)) / $(metric "$1" tsc_per_ms)))
}

seconds() {
	printf '%d.%02d s' $(($1 / 1000)) $(($1 % 1000 / 10))
}

# What the machine $machine is at, from what it has said so far.
machine_state() {
	local lost

	lost=$(grep -c '^lost' "$work/$machine.log" || true)
	[ "$lost" -eq 0 ] || printf 'the emulator lost the machine, once more: '
	verdict "$machine" 2>/dev/null | awk -v total="$nr_files" '
		$1 == "STAGE" { where = $3; files = "" }
		$1 == "METRIC" && $2 == "put" { files = ", " $3 " of " total " files handed over" }
		$1 == "METRIC" && $2 == "got" { files = ", " $3 " of " total " files found" }
		END { printf "%s%s", where ? where : "starting", files }'
}

# quietly LOG COMMAND...
quietly() {
	local log=$1

	shift
	"$@" >"$log" 2>&1
}

# run RUN: start a machine; its verdict must be good
run() {
	local machine=$1

	# The console's end tells more than the verdict where a kernel died.
	with_progress "   machine" machine_state quietly "$work/$1.log" env KHO_SCENARIOS="$top/tests/vm/demo" \
		"$top/scripts/vm-test.sh" --no-build "$1" || {
		show_end "$build/vm/$1@$from,$to/console"
		failed_part "the machine" "$work/$1.log"
	}
}

# compare: sets $intact and $lost, in bytes, and $differ, in files; names what differs
compare() {
	local digest bytes got name

	intact=0 lost=0 differ=0
	verdict demo-handover | sed -n 's|^METRIC digest/\([^ ]*\) |\1 |p' | LC_ALL=C sort |
		join -a 1 -e - -o 1.2,1.3,2.2 "$work/manifest" - >"$work/outcome"
	while read -r digest bytes got <&3 && IFS= read -r -d '' name <&4; do
		if [ "$got" = "$digest" ]; then
			intact=$((intact + bytes))
		else
			lost=$((lost + bytes))
			differ=$((differ + 1))
			printf '   DIFFERS: %s\n' "${name@Q}"
		fi
	done 3<"$work/outcome" 4<"$work/files"
}

compiled() {
	printf '%d files compiled' "$(find "$build" -name '*.o' -newer "$work/started" 2>/dev/null | wc -l)"
}

image_size() {
	mib "$(du -s -b "$KHO_VM_IMAGE" 2>/dev/null | cut -f 1)"
}

prepare() {
	printf '1. Getting ready: packages, two stock Debian kernels (unpacked, not installed), a build.\n'
	"$top/scripts/setup.sh" vm
	[ -s "$work/files" ] || find_files "$wanted_bytes"
	"$top/scripts/kernels.sh" >"$work/kernels"
	: >"$work/started"
	with_progress '   building' compiled quietly "$work/build.log" make -s -C "$top" -j2 cli modules ||
		failed_part "the build" "$work/build.log"
	mkdir -p "$KHO_VM_IMAGE"
	with_progress "   initramfs" image_size quietly "$work/image.log" "$top/scripts/vm-image.sh" ||
		failed_part "making the initramfs" "$work/image.log"
}

describe_files() {
	local name

	IFS= read -r -d '' name <"$work/files"
	printf '2. %d files, %d bytes, for example %s.\n   Their digests are computed here, outside.\n' \
		"$nr_files" "$1" "${name@Q}"
}

count_files() {
	tr -d -c '\0' <"$work/files" | wc -c
}

count_bytes() {
	xargs -0 stat -L -c %s -- <"$work/files" | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

show() {
	local total mem

	prepare
	nr_files=$(count_files)
	pack_files
	make_archive
	total=$(awk '{ sum += $3 } END { printf "%.0f\n", sum }' "$work/manifest")
	# Files may have grown since they were looked at.
	fits "$nr_files" "$total"
	mem=$(memory_for "$total")
	export KHO_DEMO_MEM=${mem}M KHO_DEMO_DATA=$work/data.cpio
	# Each file takes the emulator a quarter of a second on a busy host, twice.
	export KHO_VM_LIMIT=$((400 + nr_files * 2 + total / 1048576))
	describe_files "$total"
	printf '3. For comparison: a virtual machine boots %s and starts %s with plain kexec(8).\n' \
		"$(kernel_release "$from")" "$(kernel_release "$to")"
	run demo-plain
	printf '4. The same again, with the kho module. In %s:\n' "$(kernel_release "$from")"
	printf '     insmod kho.ko\n     kho put file-00001 < ...       (once for each file)\n'
	printf '     kho load vmlinuz-%s --initrd ... && kho exec\n' "$(kernel_release "$to")"
	run demo-handover
	printf '5. %s is up. It found the memory where the old kernel had left it, took the files\n' \
		"$(kernel_release "$to")"
	# shellcheck disable=SC2016 # no command
	printf '   out with `kho get`, and their digests are compared with those of step 2.\n'
	compare
	printf 'handover: %s -> %s: %d bytes preserved, %d intact, %d lost; blackout %s (plain kexec %s)\n' \
		"$(kernel_release "$from")" "$(kernel_release "$to")" "$total" "$intact" "$lost" \
		"$(seconds "$(blackout_ms demo-handover)")" "$(seconds "$(blackout_ms demo-plain)")"
	rm -f "$work/data.cpio"
	[ "$differ" -eq 0 ] && [ "$lost" -eq 0 ] && [ "$intact" -eq "$total" ]
}

# Names are quoted where they need it.
list() {
	local digest bytes name

	[ -s "$work/files" ] || find_files "$wanted_bytes"
	nr_files=$(count_files)
	pack_files
	while read -r _ digest bytes <&3 && IFS= read -r -d '' name <&4; do
		printf '%s %d %s\n' "$digest" "$bytes" "${name@Q}"
	done 3<"$work/manifest" 4<"$work/files"
}

main() {
	local only_list='' nr_files intact lost differ

	while [ $# -gt 0 ]; do
		case $1 in
		--list) only_list=1 ;;
		--)
			shift
			break
			;;
		-?*) usage "$1: unknown option; a file of that name is ./$1" ;;
		*) break ;;
		esac
		shift
	done
	if [ -n "$only_list" ]; then
		work=$(mktemp -d)
		trap 'rm -rf "$work"' EXIT
	else
		mkdir -p "$work"
		trap hand_back EXIT
		exec 9>"$work/lock"
		flock -n 9 || die "another demo is at work in $work"
	fi
	: >"$work/files"
	if [ $# -gt 0 ]; then
		name_files "$@"
		fits "$(count_files)" "$(count_bytes)"
	else
		fits 1 "$wanted_bytes"
	fi
	[ -z "$only_list" ] || {
		list
		return
	}
	show
}

# On one line, which is read before the file may change.
main "$@"; exit
