#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the packages, look at them with lintian, and install, upgrade and purge them in a small Debian
# that is unpacked for that (scripts/debian-root.sh). DKMS builds for its stock kernel.
#
# usage: scripts/test-packages.sh [bookworm|trixie] [--keep]
#   bookworm, trixie  Debian 12 (default) or 13; packages are built, and looked at, in the same
#   --keep            take the packages of build/packages-SUITE and build/packages-SUITE-next as they are
# One line for each check, "ok" or "FAILED"; the exit status is 0 only if nothing failed. What was
# said is in build/test-packages-SUITE/log.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../tests/packages/root.sh
. "$top/tests/packages/root.sh"

suite=bookworm
version=$(sed -n 's/^KHO_VERSION := //p' "$top/version.mk")
next=$version+next
failed=0

# check WHAT COMMAND...
check() {
	local what=$1

	shift
	printf '\n### %s\n' "$what" >>"$out/log"
	if "$@" >>"$out/log" 2>&1; then
		printf 'ok    packages/%s/%s\n' "$suite" "$what"
	else
		printf 'FAILED packages/%s/%s: see %s\n' "$suite" "$what" "$out/log"
		failed=1
	fi
}

# debs DIRECTORY: packages without those for debuggers
debs() {
	find "$1" -name '*.deb' -not -name '*-dbgsym_*'
}

# lintian looked at something, and said nothing.
is_clean() {
	cat "$packages/lintian" "$packages"/*.changes && [ ! -s "$packages/lintian" ]
}

# Every file and link with its type and mode, without what others keep of a package by its nature.
list_files() {
	(cd "$root" && find . -xdev -not -path './var/cache/*' -not -path './var/log/*' \
		-not -path './tmp/*' -not -path './var/lib/dpkg/*' -not -path './var/lib/apt/*' \
		-not -path './var/lib/systemd/deb-systemd-helper-*' -printf '%y %m %p\n') | LC_ALL=C sort
}

# A second kernel, which is neither the newest nor the one that runs: the same under another name.
add_older_kernel() {
	older=${release%%[-+]*}-0-older
	cp -a "$root/lib/modules/$release" "$root/lib/modules/$older"
	for file in vmlinuz config System.map; do
		cp -a "$root/boot/$file-$release" "$root/boot/$file-$older"
	done
	inside depmod "$older"
	inside update-initramfs -c -k "$older"
}

release_of_root() {
	local dir=("$root"/lib/modules/*)

	printf '%s' "${dir[0]##*/}"
}

install_of() {
	local -a files

	mapfile -t files < <(debs "$1")
	[ ${#files[@]} -eq 5 ] && install_packages "${files[@]}"
}

# module_is FIELD VALUE: of the module that DKMS built
module_is() {
	local value

	value=$(inside modinfo -k "$release" -F "$1" kho) && [ "$value" = "$2" ]
}

initramfs_has_module() {
	inside lsinitramfs "/boot/initrd.img-$release" >"$out/initramfs"
	grep -q 'updates/dkms/kho\.ko' "$out/initramfs" && grep -q 'scripts/init-top/kho$' "$out/initramfs"
}

# initramfs_is VERSION: that of each kernel has modules of that version
initramfs_is() {
	local kernel file status=0

	for kernel in "$release" "$older"; do
		rm -rf "$root/tmp/initramfs"
		inside unmkinitramfs "/boot/initrd.img-$kernel" /tmp/initramfs
		file=$(cd "$root" && find tmp/initramfs -name 'kho.ko*')
		if [ -z "$file" ] || [ "$(inside modinfo -F version "/$file")" != "$1" ]; then
			echo "$kernel: $file is not $1"
			status=1
		fi
	done
	rm -rf "$root/tmp/initramfs"
	return "$status"
}

initramfs_has_none() {
	inside lsinitramfs "/boot/initrd.img-$release" >"$out/initramfs"
	grep -q 'scripts/init-top/' "$out/initramfs" && ! grep 'kho\.ko' "$out/initramfs"
}

units_enabled() {
	inside systemctl is-enabled kho.service kho-load.service kho-stopping.service
}

tool_runs() {
	[ "$(inside kho --version)" = "kho $1" ] && inside test -s /usr/share/man/man8/kho.8.gz
}

# What is enabled when the package is removed is so no more.
recipe() {
	inside kho recipe enable memcached &&
		[ -e "$root/etc/kho/recipes.d/memcached.conf" ] &&
		[ -e "$root/usr/lib/kho/recipes/memcached.conf" ] &&
		[ "$(inside readlink /etc/systemd/system/memcached.service.d/kho-2-memcached.conf)" = /usr/lib/kho/recipes/memcached.conf ]
}

# The hooks of kernel packages, as linux-image and linux-headers run them.
kernel_hooks() {
	inside run-parts --exit-on-error --arg="$release" --arg="/boot/vmlinuz-$release" \
		/etc/kernel/postinst.d &&
		inside run-parts --exit-on-error --arg="$release" /etc/kernel/header_postinst.d
}

# A driver and a program are built with what libkho-dev has.
driver_builds() {
	rm -rf "$root/tmp/kho_counter"
	cp -r "$top/docs/examples/kho_counter" "$root/tmp/"
	inside make -s -C "/lib/modules/$release/build" M=/tmp/kho_counter KHO_HEADERS=/usr/include/kho \
		KBUILD_EXTRA_SYMBOLS="/var/lib/dkms/kho/$version/$release/x86_64/Module.symvers" modules &&
		inside modinfo -F depends /tmp/kho_counter/kho_counter.ko | grep -q kho
}

program_builds() {
	gcc -D_GNU_SOURCE -o "$root/tmp/kvstore" "$top/docs/kvstore/kvstore.c" -I"$root/usr/include" \
		-I"$root/usr/include/kho/uapi" -L"$root/usr/lib/x86_64-linux-gnu" -lliveupdate &&
		inside ldd /tmp/kvstore | grep -q 'libliveupdate.so.0 => /'
}

# Kernels that the modules are not for: DKMS builds what steps aside, and a kernel package that is
# installed meanwhile does not fail. They are made of the stock kernel's headers.
rebuild() {
	inside dkms unbuild kho/"$version" -k "$release" && kernel_hooks
}

native_kernel() {
	echo 'CONFIG_KEXEC_HANDOVER=y' >>"$headers/include/config/auto.conf"
	echo '#define CONFIG_KEXEC_HANDOVER 1' >>"$headers/include/generated/autoconf.h"
	rebuild && module_is kho_aside \
		'this kernel has handover of its own; boot it with kho=on to use that'
}

strange_kernel() {
	echo '#error this kernel is not like the others' >>"$common/include/linux/kmsg_dump.h"
	rebuild && module_is kho_aside \
		'it could not be built for this kernel, see make.log of dkms'
}

steps_aside_everywhere() {
	inside modinfo -k "$release" -F kho_aside liveupdate | grep -q . && initramfs_has_none
}

# with_headers COMMAND...: the kernel's headers are as they were afterwards
with_headers() {
	local status=0

	headers=$(readlink -m "$root/usr/src/linux-headers-$release")
	common=$(find "$root/usr/src" -maxdepth 1 -name 'linux-headers-*-common')
	tar -C "$root/usr/src" -cf "$out/headers.tar" "${headers##*/}/include" "${common##*/}/include/linux/kmsg_dump.h"
	"$@" || status=1
	tar -C "$root/usr/src" -xf "$out/headers.tar"
	rm "$out/headers.tar"
	return "$status"
}

# Hooks are configuration files: they stay, and must not be in the way.
remove_and_install_kernel() {
	inside apt-get -q -y remove kho kho-recipes kho-dkms libkho-dev libliveupdate0 </dev/null &&
		kernel_hooks && initramfs_has_none
}

purge() {
	inside dpkg --purge kho kho-recipes kho-dkms libkho-dev libliveupdate0 </dev/null &&
		inside update-initramfs -u -k "$release"
}

nothing_left() {
	list_files >"$out/after"
	diff "$out/before" "$out/after"
}

main() {
	local keep='' out packages

	while [ $# -gt 0 ]; do
		case $1 in
		bookworm | trixie) suite=$1 ;;
		--keep) keep=1 ;;
		esac
		shift
	done
	out=$build/test-packages-$suite
	packages=$build/packages-$suite
	rm -rf "$out"
	mkdir -p "$out"
	if [ -z "$keep" ]; then
		check build "$top/scripts/packages.sh" --lint --in "$suite" "$version" "$packages"
		check build-next "$top/scripts/packages.sh" --in "$suite" "$next" "$packages-next"
	fi
	check lintian is_clean
	open_root "$("$top/scripts/debian-root.sh" "$suite")" "$out/tree"
	release=$(release_of_root)
	check older-kernel add_older_kernel
	list_files >"$out/before"
	check install install_of "$packages"
	check dkms module_is version "$version"
	check dkms-serves module_is kho_aside ''
	check initramfs initramfs_has_module
	check initramfs-of-each initramfs_is "$version"
	check units units_enabled
	check tool tool_runs "$version"
	check recipe recipe
	check kernel-hooks kernel_hooks
	check driver driver_builds
	check program program_builds
	check kernel-with-its-own with_headers native_kernel
	check kernel-with-its-own-aside steps_aside_everywhere
	check kernel-that-differs with_headers strange_kernel
	check upgrade install_of "$packages-next"
	check upgraded-module module_is version "$next"
	check upgraded-aside module_is kho_aside ''
	check upgraded-initramfs initramfs_has_module
	check upgraded-initramfs-of-each initramfs_is "$next"
	check upgraded-tool tool_runs "$next"
	check remove remove_and_install_kernel
	check purge purge
	check nothing-left nothing_left
}

start() {
	for arg in "$@"; do
		case $arg in
		bookworm | trixie | --keep) ;;
		*) usage "$arg: unknown argument" ;;
		esac
	done
	[ "$(id -u)" -eq 0 ] || die "only root can install packages, even in a directory"
	[ -n "${KHO_IN_NAMESPACE-}" ] || KHO_IN_NAMESPACE=1 exec unshare --mount "$0" "$@"
	main "$@"
	return "$failed"
}

# On one line, which is read before the file may change.
start "$@"; exit
