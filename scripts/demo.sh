#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Show it: boot an unmodified Debian kernel in a virtual machine, let it hand files to another one
# across a kexec, and compare every byte. Nothing of this machine's own kernel is touched.
#
# usage: scripts/demo.sh [FILE...]
#   FILE  what to hand over; without, a set of this machine's own files, 256 MiB and more
# Needs root only if packages are missing.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

from=6.1
to=6.12
wanted_bytes=$((256 << 20))
work=$build/demo
export KHO_KERNELS="$from $to"

# find_files BYTES: files of this machine, the same each time, until there are so many bytes
find_files() {
	local smallest

	for smallest in 1048575 65535 0; do
		{ find /usr/lib /usr/share -xdev -path /usr/lib/debug -prune -o -type f -readable -size "+${smallest}c" -size -64M \
			-printf '%s\t%D:%i\t%p\n' 2>/dev/null || true; } | LC_ALL=C sort -t $'\t' -k 3 |
			awk -F '\t' -v wanted="$1" '
				!seen[$2]++ && sum < wanted { sum += $1; print $3 }
				END { exit sum < wanted }' >"$work/files" && return
	done
	die "there are not $1 bytes of files in /usr/lib and /usr/share; name some files"
}

# Each file becomes /data/NUMBER of the first machine, and a line "NUMBER DIGEST BYTES PATH".
pack_files() {
	local file number=0 name

	rm -rf "$work/root"
	mkdir -p "$work/root/data"
	: >"$work/manifest"
	while read -r file; do
		number=$((number + 1))
		name=$(printf 'file-%04d' "$number")
		cp -L "$file" "$work/root/data/$name"
		printf '%s %s %s %s\n' "$name" "$(sha256sum <"$work/root/data/$name" | cut -c 1-64)" \
			"$(stat -c %s "$work/root/data/$name")" "$file" >>"$work/manifest"
	done <"$work/files"
	(cd "$work/root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$work/data.cpio"
	truncate -s %4096 "$work/data.cpio"
	rm -rf "$work/root"
}

# metric RUN KEY [NTH]: what a machine measured
metric() {
	tr -d '\r' <"$build/vm/$1@$from,$to/verdict" |
		awk -v key="$2" -v nth="${3-1}" '$1 == "METRIC" && $2 == key && ++n == nth { print $3 }'
}

# From reboot(KEXEC) to the first instruction of the next kernel's init, in ms.
blackout_ms() {
	echo $((($(metric "$1" tsc_init 2) - $(metric "$1" tsc_jump)) / $(metric "$1" tsc_per_ms)))
}

seconds() {
	printf '%d.%02d s' $(($1 / 1000)) $(($1 % 1000 / 10))
}

# run RUN: start a machine; its verdict must be good
run() {
	KHO_SCENARIOS=$top/tests/vm/demo "$top/scripts/vm-test.sh" --no-build "$1" >"$work/$1.log" 2>&1 ||
		die "the machine failed: $(cat "$work/$1.log")"
}

# compare: sets $intact and $lost, in bytes; names what differs
compare() {
	local name digest bytes path

	intact=0
	lost=0
	while read -r name digest bytes path; do
		if [ "$(metric demo-handover "digest/$name")" = "$digest" ]; then
			intact=$((intact + bytes))
		else
			lost=$((lost + bytes))
			printf '   DIFFERS: %s\n' "$path"
		fi
	done <"$work/manifest"
}

prepare() {
	printf '1. Getting ready: packages, two stock Debian kernels (unpacked, not installed), a build.\n'
	"$top/scripts/setup.sh" vm
	"$top/scripts/kernels.sh" >"$work/kernels.log"
	make -s -C "$top" -j2 cli modules >"$work/build.log" 2>&1 || die "the build failed, see $work/build.log"
	"$top/scripts/vm-image.sh"
}

main() {
	local file total mem

	mkdir -p "$work"
	for file in "$@"; do
		if [ ! -f "$file" ] || [ ! -r "$file" ]; then
			die "$file: not a file that can be read"
		fi
		readlink -f -- "$file"
	done >"$work/files"
	prepare
	[ $# -gt 0 ] || find_files "$wanted_bytes"
	pack_files
	total=$(awk '{ sum += $3 } END { print sum + 0 }' "$work/manifest")
	# The files are there three times for a moment: packed, unpacked, preserved.
	mem=$((1536 + total * 4 / 1048576))
	export KHO_DEMO_MEM=${mem}M KHO_DEMO_DATA=$work/data.cpio
	printf '2. %d files, %d bytes, for example %s.\n   Their digests are computed here, outside.\n' \
		"$(wc -l <"$work/manifest")" "$total" "$(head -n 1 "$work/files")"
	printf '3. For comparison: a virtual machine boots %s and starts %s with plain kexec(8).\n' \
		"$(kernel_release "$from")" "$(kernel_release "$to")"
	run demo-plain
	printf '4. The same again, with the kho module. In %s:\n' "$(kernel_release "$from")"
	printf '     insmod kho.ko\n     kho put file-0001 < ...        (once for each file)\n'
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
	[ "$lost" -eq 0 ] && [ "$intact" -eq "$total" ]
}

main "$@"
exit
