#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build a kernel from Debian's linux-source into the cache, where the test bed finds it under its name.
# Nothing is installed, and what is there is left alone.
#
# usage: scripts/build-kernel.sh [--update] NAME...
#   6.1-debug   checks itself: KASAN, UBSAN, lockdep, kmemleak, DEBUG_VM and others
#   7.3-native  has handover of its own (CONFIG_KEXEC_HANDOVER)
#   --update    build it again if there is a newer package or another configuration
# A name is VERSION-KIND, for a package linux-source-VERSION and a configuration: what
# tests/vm/base.config and tests/vm/KIND.config have on top of tinyconfig.
# JOBS=N limits how many compilers run at a time. Prints name, release and directory.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=apt-private.sh
. "$(dirname "$0")/apt-private.sh"
# shellcheck source=kernel-source.sh
. "$(dirname "$0")/kernel-source.sh"

jobs=${JOBS:-$(nproc)}

# in_kernel MAKE-ARGUMENT...
in_kernel() {
	make -s -C "$source" O="$tree" ARCH=x86_64 KBUILD_BUILD_USER=kho KBUILD_BUILD_HOST=kho \
		"$@"
}

# Every line of the wanted configuration must be in the real one. What is wanted off may be unknown.
check_config() {
	local line missing=0

	while read -r line; do
		case $line in
		CONFIG_*) ! grep -qxF -- "$line" "$tree/.config" || continue ;;
		'# CONFIG_'*' is not set')
			line=${line#'# '}
			grep -q "^${line%% *}=" "$tree/.config" || continue
			;;
		*) continue ;;
		esac
		say "the kernel will not have: $line"
		missing=1
	done < <(cat "${configs[@]}")
	[ "$missing" -eq 0 ] || die "${configs[*]}: not for this kernel"
}

configure() {
	in_kernel tinyconfig >"$tree.log" 2>&1 || die "tinyconfig failed, see $tree.log"
	(cd "$tree" && KCONFIG_CONFIG=.config "$source/scripts/kconfig/merge_config.sh" -m \
		.config "${configs[@]}") >>"$tree.log"
	in_kernel olddefconfig >>"$tree.log" 2>&1
	check_config
}

# Headers for modules lie where those of stock kernels do, which names them by the release.
build_kernel() {
	local dir=$1 release

	in_kernel -j"$jobs" bzImage modules >>"$tree.log" 2>&1 ||
		die "the build failed, see $tree.log"
	release=$(cat "$tree/include/config/kernel.release")
	mkdir -p "$dir/boot" "$dir/lib/modules/$release"
	cp "$tree/arch/x86/boot/bzImage" "$dir/boot/vmlinuz-$release"
	cp "$tree/System.map" "$dir/boot/System.map-$release"
	(cd "$tree" && find . -name '*.ko' -exec cp --parents -t "$dir/lib/modules/$release" {} +)
	ln -sfn "${tree##*/}" "$dir/usr/src/linux-headers-$release"
	find "$tree" -name '*.o' -not -path "$tree/scripts/*" -not -path "$tree/tools/*" -delete
	printf '%s\n' "$release" >"$dir/complete"
}

# build_one NAME: from the package to the kernel
build_one() {
	local name=$1 version=${1%-*} kind=${1##*-} key dir configs

	configs=("$top/tests/vm/base.config" "$top/tests/vm/$kind.config")
	[ -e "${configs[1]}" ] || die "$name: there is no ${configs[1]}"
	if [ -z "$update" ] && kernel_dir "$name" >/dev/null; then
		return
	fi
	source_of "$version"
	key=$(cat "${configs[@]}" | sha256sum)
	dir=$cache/kernels/$kind-$package_version-${key:0:8}
	source=$dir/usr/src/linux-source-$version
	tree=$dir/usr/src/build
	if [ ! -e "$dir/complete" ]; then
		say "$name: linux-source-$version $package_version of $suite, in $dir"
		# What was begun and interrupted goes on where it was.
		if [ ! -e "$dir/configured" ]; then
			rm -rf "$dir"
			mkdir -p "$tree"
			unpack_source "$version" "$dir"
			configure
			: >"$dir/configured"
		fi
		say "$name: building; see $tree.log"
		build_kernel "$dir"
	fi
	ln -sfn "${dir##*/}" "$cache/kernels/$name"
}

main() {
	local name update='' suite package_version source tree

	if [ "${1-}" = --update ]; then
		update=1
		shift
	fi
	[ $# -gt 0 ] || usage "which kernel?"
	for name in "$@"; do
		if [[ ! $name =~ ^[0-9]+\.[0-9]+-[a-z]+$ ]] || [ ! -e "$top/tests/vm/${name##*-}.config" ]; then
			usage "$name: not VERSION-KIND with a tests/vm/KIND.config"
		fi
	done
	mkdir -p "$cache/kernels"
	for name in "$@"; do
		build_one "$name"
		printf '%s %s %s\n' "$name" "$(kernel_release "$name")" "$(kernel_dir "$name")"
	done
}

main "$@"
