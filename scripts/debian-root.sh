#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Unpack and install a small Debian with systemd, a stock kernel and what DKMS needs, in
# ~/.cache/kho/roots/SUITE, for tests of the packages; and beside it, in SUITE.debs, the packages of a
# newer stock kernel. Nothing of this machine changes. A Debian that is yet to be released comes without
# a kernel, with both makers of an initramfs, and a test of systemd's.
# One to build packages in, SUITE-build, has no kernel either, but what scripts/setup.sh installs there. A
# fresh one, SUITE-fresh, has nothing but what debootstrap gives. One with services, SUITE-services, is SUITE
# with what the package kho-recipes has recipes for.
#
# usage: scripts/debian-root.sh bookworm|trixie|forky|bookworm-build|trixie-build|bookworm-fresh|trixie-fresh|
#                               bookworm-services|trixie-services
# Prints the directory.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=apt-private.sh
. "$(dirname "$0")/apt-private.sh"

# The last ones are libraries that our tool needs: tests run without a network.
included=systemd,systemd-sysv,dbus,grub2-common,udev,kmod,initramfs-tools,linux-base,e2fsprogs,zstd
included+=,libsmartcols1,libjson-c5,libkmod2,libzstd1,liblzma5,liblz4-1,zlib1g,libbz2-1.0
kernel=(linux-image-cloud-amd64 linux-headers-cloud-amd64 dkms gcc make)
services=(memcached postgresql)

name=${1-}
suite=${name%-*}
case $name in
bookworm | trixie) ;;
bookworm-build | trixie-build) kernel=() ;;
bookworm-fresh | trixie-fresh)
	kernel=()
	included=''
	;;
bookworm-services) services+=(redis-server redis-tools) ;;
trixie-services) services+=(valkey-server valkey-tools) ;;
forky)
	kernel=()
	included+=,dracut-core
	;;
*) usage "${name:+$name: unknown argument}" ;;
esac
[ $# -eq 1 ] || usage "$2: unknown argument"
[ "$(id -u)" -eq 0 ] || die "only root can make a Debian in a directory"
roots=$cache/roots
tree=$roots/.$name.$$

# in_tree COMMAND...: as in a system of its own
in_tree() {
	# shellcheck disable=SC2016 # that shell expands it
	DEBIAN_FRONTEND=noninteractive unshare --mount --pid --fork sh -c \
		'tree=$1; shift; mount --rbind /dev "$tree/dev" && mount -t proc proc "$tree/proc" &&
		exec chroot "$tree" "$@"' sh "$tree" "$@"
}

# write_sources FILE SUITE...
write_sources() {
	local file=$1 name archive

	shift
	for name in "$@"; do
		archive=$(archive_of "$name")
		[ -n "$archive" ] || die "$name: this machine's apt configuration names no such archive"
		printf 'deb %s %s main\n' "$archive" "$name"
	done >"$file"
}

apt_in_tree() {
	retry in_tree apt-get -q -q -o Acquire::Retries=3 -o Acquire::Languages=none "$@"
}

# The newer kernel: of the backports, with the headers that its modules are built with.
fetch_newer_kernel() {
	mkdir -p "$tree/var/cache/apt/archives/partial"
	apt_in_tree clean
	apt_in_tree install -y --no-install-recommends --download-only -t "$suite-backports" \
		linux-image-cloud-amd64 linux-headers-cloud-amd64
	rm -rf "${roots:?}/$suite.debs"
	mkdir -p "$roots/$suite.debs"
	mv "$tree"/var/cache/apt/archives/*.deb "$roots/$suite.debs/"
}

install_kernel() {
	write_sources "$tree/etc/apt/sources.list" "$suite" "$suite-security" "$suite-backports"
	apt_in_tree update
	apt_in_tree install -y --no-install-recommends "${kernel[@]}"
	fetch_newer_kernel
}

# systemd's own test of what it does with live updates, without the tests of everything else.
add_test_of_systemd() {
	local program=usr/lib/systemd/tests/unit-tests/manual/test-luo

	suite_update "$suite"
	suite_unpack "$suite" "$tree/systemd-tests" systemd-tests
	install -D -m 755 "$tree/systemd-tests/$program" "$tree/$program"
	rm -r "$tree/systemd-tests"
}

# As on a fresh machine of that release.
install_build_tools() {
	write_sources "$tree/etc/apt/sources.list" "$suite" "$suite-security"
	apt_in_tree update
	mkdir -p "$tree/kho/tests/vm"
	cp -r "$top/scripts" "$tree/kho/"
	cp "$kernels_list" "$tree/kho/tests/vm/"
	in_tree /kho/scripts/setup.sh packages
	rm -r "$tree/kho"
}

install_services() {
	cp -a --reflink=auto "$roots/$suite/." "$tree/"
	rm "$tree/complete"
	write_sources "$tree/etc/apt/sources.list" "$suite" "$suite-security"
	apt_in_tree update
	apt_in_tree install -y --no-install-recommends "${services[@]}"
	apt_in_tree clean
}

# Debootstrap may be older than the suite, which it then does not know by name.
build_tree() {
	if [ "$name" = "$suite-services" ]; then
		install_services
		forget_archives
		return
	fi
	debootstrap --variant=minbase ${included:+--include="$included"} "$suite" "$tree" \
		"$(archive_of "$suite")" /usr/share/debootstrap/scripts/sid
	[ -n "$included" ] || return 0
	[ ${#kernel[@]} -eq 0 ] || install_kernel
	[ "$suite" != forky ] || add_test_of_systemd
	[ "$name" = "$suite" ] || install_build_tools
	forget_archives
}

# Tests run without a network.
forget_archives() {
	rm -rf "$tree"/var/lib/apt/lists/* "$tree/etc/apt/sources.list" "$tree"/var/cache/apt/*.bin
}

# A root is made anew when something else is to be in it.
made_for=$({
	printf '%s\n' "$included" "${kernel[@]}"
	[ "${name%-build}" = "$name" ] || cat "$top/scripts/setup.sh"
	[ "${name%-services}" = "$name" ] || printf '%s\n' "${services[@]}"
} | sha256sum)

[ "${name%-services}" = "$name" ] || "$0" "$suite" >/dev/null

mkdir -p "$roots"
exec 8>"$roots/.$name.lock"
flock 8
if [ ! -e "$roots/$name/complete" ] || [ "$(cat "$roots/$name/complete")" != "$made_for" ]; then
	rm -rf "${roots:?}/.$name".[0-9]* "${roots:?}/$name"
	say "$name: installing a small Debian, see $build/debian-root.log"
	mkdir -p "$build"
	# Not "build_tree || die", with which no failure in it would end it.
	trap 'say "$name: failed, see $build/debian-root.log"' EXIT
	build_tree >"$build/debian-root.log" 2>&1
	trap - EXIT
	printf '%s\n' "$made_for" >"$tree/complete"
	mv "$tree" "$roots/$name"
fi
printf '%s\n' "$roots/$name"
