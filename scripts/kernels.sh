#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fetch the stock kernels of tests/vm/kernels.list, images and headers, and unpack them into the
# cache. Nothing is installed, and what is cached is left alone.
#
# usage: scripts/kernels.sh [--update] [NAME...]
#        scripts/kernels.sh --drivers NAME
#   --update   take newer packages where there are some
#   --drivers  unpack the kernel's image once more, with the drivers that the test bed does without
# Prints one line for each kernel: name, release, directory.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=apt-private.sh
. "$(dirname "$0")/apt-private.sh"

# newest_release SUITE ABI FLAVOUR: newest kernel of the suite that matches
newest_release() {
	local name newest=''

	while read -r name; do
		# shellcheck disable=SC2254 # it is a pattern
		case $name in
		*-rt-* | *-unsigned | *-dbg) ;;
		linux-image-$2-cloud-$3) ;;
		linux-image-$2-$3) newest=$name ;;
		esac
	done < <(suite_apt "$1" apt-cache pkgnames linux-image- | sort -V)
	printf '%s' "${newest#linux-image-}"
}

# Headers name each other by absolute paths as if they were installed. DIR is where they will be.
relocate_headers() {
	local tree=$1 dir=$2 link target

	find "$tree/usr/src" -maxdepth 2 -name Makefile -type f \
		-exec sed -i "s|/usr/src/|$dir/usr/src/|g" {} +
	find "$tree/usr/src" "$tree/usr/lib" "$tree/lib" -type l -lname '/*' |
		while read -r link; do
			target=$(readlink "$link")
			case $target in
			/usr/src/* | /usr/lib/*) ln -sfn "$dir$target" "$link" ;;
			esac
		done
	# With it, kbuild would want pahole to add type information that nobody here reads.
	rm -f "$tree"/usr/src/linux-headers-*/vmlinux
}

# Newer kernels have all in /usr/lib/modules; and the test bed boots without most of the drivers.
arrange_image() {
	local tree=$1 release=$2 name
	local -a kept=()

	if [ ! -e "$tree/lib/modules/$release" ]; then
		mkdir -p "$tree/lib/modules" "$tree/boot"
		mv "$tree/usr/lib/modules/$release" "$tree/lib/modules/"
	fi
	[ -e "$tree/boot/vmlinuz-$release" ] ||
		ln -s "../lib/modules/$release/vmlinuz" "$tree/boot/vmlinuz-$release"
	for name in $stock_modules; do
		kept+=(-not -name "$name.ko*")
	done
	find "$tree/lib/modules" -name '*.ko*' "${kept[@]}" -delete
	printf '%s\n' "$stock_modules" >"$tree/kept"
	[ -f "$tree/boot/vmlinuz-$release" ] || die "$release: its packages have no image"
}

# image_parts SUITE RELEASE: packages of the image besides linux-image; newer kernels have some
image_parts() {
	suite_depends "$1" 'linux-binary-*' "linux-image-$2"
	suite_depends "$1" 'linux-modules-*' "linux-image-$2"
}

# is_as_wanted DIR: it is there; one that was unpacked when scenarios wanted other modules is not
is_as_wanted() {
	[ -e "$1/complete" ] && cmp -s "$1/kept" - <<<"$stock_modules"
}

# fetch NAME SUITE RELEASE: unpack a kernel and make it the one called NAME
fetch() {
	local name=$1 suite=$2 release=$3 dir=$cache/kernels/$3 tree=$cache/kernels/.$3.$$
	local headers=linux-headers-$3
	local -a packages

	if ! is_as_wanted "$dir"; then
		mapfile -t packages < <(
			suite_depends "$suite" 'linux-headers-*-common' "$headers"
			suite_depends "$suite" 'linux-kbuild-*' "$headers"
		)
		[ ${#packages[@]} -eq 2 ] || die "$headers: cannot tell which packages it needs"
		mapfile -t -O 2 packages < <(image_parts "$suite" "$release")
		# Also what is left of one that did not come to its end: only one at a time is here.
		rm -rf "$cache/kernels/.$3".*
		suite_unpack "$suite" "$tree" "linux-image-$release" "$headers" "${packages[@]}"
		arrange_image "$tree" "$release"
		relocate_headers "$tree" "$dir"
		printf '%s\n' "$release" >"$tree/complete"
		rm -rf "$dir"
		mv "$tree" "$dir"
	fi
	ln -sfn "$release" "$cache/kernels/$name"
}

# find_and_fetch NAME SUITES ABI FLAVOUR: from the first suite that has the kernel
find_and_fetch() {
	local suite release

	for suite in ${2//,/ }; do
		suite_update "$suite" || continue
		release=$(newest_release "$suite" "$3" "$4")
		if [ -n "$release" ]; then
			say "$1: $release of $suite"
			fetch "$1" "$suite" "$release"
			return
		fi
	done
	die "$1: no kernel $3-$4 in any of: ${2//,/ }"
}

# fetch_drivers NAME: the kernel as it is installed, of the release that we have modules for
fetch_drivers() {
	local suite release dir tree
	local -a suites parts

	release=$(kernel_release "$1") || die "$1: not there; scripts/kernels.sh fetches it"
	dir=$cache/drivers/$release tree=$cache/drivers/.$release.$$
	if [ ! -e "$dir/complete" ]; then
		IFS=, read -r -a suites < <(awk -v name="$1" '$1 == name { print $2 }' "$kernels_list")
		for suite in "${suites[@]}"; do
			suite_update "$suite" || continue
			suite_apt "$suite" apt-cache show "linux-image-$release" >/dev/null 2>&1 || continue
			mapfile -t parts < <(
				image_parts "$suite" "$release"
				suite_depends "$suite" 'linux-base-*' "linux-image-$release"
			)
			rm -rf "$tree" "$dir"
			suite_unpack "$suite" "$tree" "linux-image-$release" "${parts[@]}"
			printf '%s\n' "$release" >"$tree/complete"
			mv "$tree" "$dir"
			break
		done
	fi
	[ -e "$dir/complete" ] || die "$1: $release is not in Debian any more; see --update"
	printf '%s %s %s\n' "$1" "$release" "$dir"
}

main() {
	local update='' drivers='' name suites abi flavour
	local -a chosen missing=()

	while [ $# -gt 0 ]; do
		case $1 in
		--update) update=1 ;;
		--drivers) drivers=1 ;;
		-*) usage "$1: unknown option" ;;
		*) break ;;
		esac
		shift
	done
	chosen=("$@")
	[ $# -gt 0 ] || mapfile -t chosen < <(kernel_names)
	for name in "${chosen[@]}"; do
		all_kernel_names | grep -qxF -- "$name" || usage "$name: not in ${kernels_list#"$top/"}"
	done
	if [ -n "$drivers" ]; then
		[ $# -eq 1 ] || usage "--drivers: needs the name of one kernel"
		fetch_drivers "$1"
		return
	fi
	for name in "${chosen[@]}"; do
		is_as_wanted "$cache/kernels/$name" || missing+=("$name")
	done
	# What one takes that is unpacked and arranged, and on top what the packages of one take meanwhile.
	[ ${#missing[@]} -eq 0 ] ||
		need_space "$cache" $((110 * ${#missing[@]} + 300)) "the kernels ${missing[*]} take"
	mkdir -p "$cache/kernels"
	# Builds for several kernels may find at the same time that theirs is not there.
	exec 8>"$cache/kernels/.lock"
	flock 8
	for name in "${chosen[@]}"; do
		read -r suites abi flavour < <(awk -v name="$name" '$1 == name { print $2, $3, $4 }' "$kernels_list")
		if [ -n "$update" ] || ! is_as_wanted "$cache/kernels/$name"; then
			find_and_fetch "$name" "$suites" "$abi" "$flavour"
		fi
		printf '%s %s %s\n' "$name" "$(kernel_release "$name")" "$(kernel_dir "$name")"
	done
}

main "$@"
