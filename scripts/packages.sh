#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the Debian packages in build/packages. Nothing outside of build/ changes: they are built from
# a copy of the sources. With a version they get that one, for tests of upgrades.
#
# usage: scripts/packages.sh [--lint] [--in SUITE] [VERSION [DIRECTORY]]
#   --lint      and look at them with lintian; what it says is in DIRECTORY/lintian
#   --in SUITE  in that release of Debian, unpacked for it (scripts/debian-root.sh), as somebody there
#               would build them: with scripts/setup.sh packages and this script. Only root can do that.
# Prints the packages. What the build said is in DIRECTORY/log.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../tests/packages/root.sh
. "$top/tests/packages/root.sh"
cd "$top"

version=$(sed -n 's/^KHO_VERSION := //p' version.mk)
arguments=("$@")
lint=''
suite=''
while [ $# -gt 0 ]; do
	case $1 in
	--lint) lint=1 ;;
	--in)
		option_value "$@"
		suite=$2
		case $suite in
		bookworm | trixie) ;;
		*) usage "$suite: not bookworm or trixie" ;;
		esac
		shift
		;;
	-*) usage "$1: unknown option" ;;
	*) break ;;
	esac
	shift
done
[ $# -le 2 ] || usage "$3: unknown argument"
[[ ${1:-0} =~ ^[0-9] ]] || usage "$1: not a version, which begins with a digit"
wanted=${1:-$version}
out=${2:-$build/packages}
source=$out/kho-$wanted

# copy_sources: what git knows, and what is about to be added
copy_sources() {
	git ls-files --cached --others --exclude-standard -z |
		while IFS= read -r -d '' name; do
			[ ! -e "$name" ] || printf '%s\0' "$name"
		done | tar -c --null -T - | tar -x -C "$1"
}

# Newer than every version before it.
set_version() {
	sed -i "s/^KHO_VERSION := .*/KHO_VERSION := $wanted/" "$1/version.mk"
	{
		printf 'kho (%s) unstable; urgency=medium\n\n  * For a test.\n\n' "$wanted"
		printf ' -- %s  %s\n\n' "$(sed -n 's/^Maintainer: //p' "$1/debian/control")" "$(date -R)"
		cat "$1/debian/changelog"
	} >"$out/changelog"
	mv "$out/changelog" "$1/debian/changelog"
}

build_here() {
	mkdir -p "$source"
	copy_sources "$source"
	[ "$wanted" = "$version" ] || set_version "$source"
	(cd "$source" && dpkg-buildpackage -b -us -uc) >"$out/log" 2>&1 </dev/null ||
		die "the build failed, see $out/log"
	rm -rf "$source"
	[ -z "$lint" ] || lintian --profile debian --allow-root "$out"/*.changes >"$out/lintian" 2>&1 || true
}

# In a mount namespace of its own: nothing stays mounted.
build_elsewhere() {
	local lower

	[ "$(id -u)" -eq 0 ] || die "only root can build in another Debian"
	[ -n "${KHO_IN_NAMESPACE-}" ] ||
		KHO_IN_NAMESPACE=1 exec unshare --mount "$0" "${arguments[@]}"
	lower=$("$top/scripts/debian-root.sh" "$suite-build")
	open_root "$lower" "$out/root"
	mkdir "$root/kho"
	copy_sources "$root/kho"
	inside sh -c 'cd /kho && git init -q && exec scripts/packages.sh "$@"' sh ${lint:+--lint} "$wanted" \
		>"$out/log.$suite" 2>&1 </dev/null || {
		cp "$root/kho/build/packages/log" "$out/" || true
		die "the build in $suite failed, see $out/log.$suite"
	}
	cp "$root/kho/build/packages"/* "$out/"
	umount -R "$root/dev" "$root/proc"
	umount "$root"
	rm -rf "$out/root"
}

[ "$(sed -n '1s/^kho (\(.*\)).*/\1/p' debian/changelog)" = "$version" ] ||
	die "debian/changelog and version.mk disagree"
grep -q "^\.TH KHO 8 .* \"kho $version\"" docs/kho.8 || die "docs/kho.8 and version.mk disagree"
rm -rf "$out"
mkdir -p "$out"
if [ -z "$suite" ] || [ "$suite" = "$(this_suite)" ]; then
	build_here
else
	build_elsewhere
fi
printf '%s\n' "$out"/*.deb
