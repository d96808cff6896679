#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run a command where the compiler and the C library are those of another release of Debian: kernels
# come with build tools that need the library, and with options that only their compiler knows. The
# packages are unpacked into the cache, not installed: no script of theirs is run, and nothing of this
# machine changes. The command sees this repository and the cache where they are.
#
# usage: scripts/in-suite.sh SUITE [COMMAND...]     such as: trixie make ...; without a command, only
#                                                   prepares

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=apt-private.sh
. "$(dirname "$0")/apt-private.sh"

# What a build of modules runs.
packages=(gcc make pahole zlib1g bash dash coreutils sed grep mawk findutils diffutils)
# The kernel's build tools are linked with these, whose names differ between the releases.
libraries=(libelf1 libssl3)

compiler_so_far() {
	local there

	there=$(du -s -b -- "$debs" 2>/dev/null | cut -f 1)
	printf '%s' "$(mib "${there:-0}")"
}

# unpack_root SUITE TREE: the packages and all they depend on
unpack_root() {
	local suite=$1 tree=$2 debs=$2/.deb name

	mkdir -p "$debs/partial"
	suite_update "$suite" || return
	for name in "${libraries[@]}"; do
		suite_apt "$suite" apt-cache pkgnames "$name" | grep -x "${name}t64" || printf '%s\n' "$name"
	done >"$debs/libraries"
	mapfile -t -O ${#packages[@]} packages <"$debs/libraries"
	need_space "$tree" 500 "the compiler of $suite takes"
	# Nothing is installed for this apt, so it fetches whatever is needed.
	with_progress "compiler of $suite" compiler_so_far retry suite_apt "$suite" apt-get install \
		--download-only -y --no-install-recommends \
		-o Dir::Cache::archives="$debs" -o Debug::NoLocking=1 "${packages[@]}" || return
	# As every Debian has it, and only newer packages bring along.
	for name in bin sbin lib lib64; do
		mkdir -p "$tree/usr/$name"
		ln -s "usr/$name" "$tree/$name"
	done
	for name in "$debs"/*.deb; do
		dpkg-deb --fsys-tarfile "$name" | tar -x --keep-directory-symlink -C "$tree" || return
	done
	# The links that the packages' scripts would make.
	[ -e "$tree/usr/bin/awk" ] || ln -s mawk "$tree/usr/bin/awk"
	[ -e "$tree/usr/bin/sh" ] || ln -s dash "$tree/usr/bin/sh"
	rm -r "$debs" "$tree"/usr/share/{doc,man,locale}
	mkdir -p "$tree"/{dev,proc,tmp}
}

# make_root SUITE: once
make_root() {
	local tree=$cache/suites/.$1.$$

	mkdir -p "$cache/suites"
	exec 8>"$cache/suites/.$1.lock"
	flock 8
	if [ ! -e "$cache/suites/$1/complete" ]; then
		rm -rf "${tree:?}" "${cache:?}/suites/$1"
		unpack_root "$1" "$tree" || die "$1: cannot get its compiler"
		: >"$tree/complete"
		mv "$tree" "$cache/suites/$1"
	fi
	exec 8>&-
}

# Runs in a mount namespace of its own, which ends with it.
# shellcheck disable=SC2016 # that shell expands them
inside='root=$1 directory=$2
	shift 2
	for place in /dev /proc "$KHO_TOP" "$KHO_CACHE"; do
		mkdir -p "$root$place" && mount --rbind "$place" "$root$place" || exit
	done
	exec chroot "$root" /usr/bin/env -C "$directory" PATH=/usr/bin:/usr/sbin "$@"'

case ${1-} in
bookworm | trixie | forky) suite=$1 ;;
*) usage "${1:+$1: }not a release of Debian that is known here" ;;
esac
shift
make_root "$suite"
[ $# -gt 0 ] || exit 0
user=()
[ "$(id -u)" -eq 0 ] || user=(--map-root-user)
KHO_TOP=$top KHO_CACHE=$cache exec unshare --mount "${user[@]}" \
	sh -c "$inside" sh "$cache/suites/$suite" "$PWD" "$@"
