#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the Debian packages in build/packages. Nothing outside of build/ changes: they are built from
# a copy of the sources. With an argument they get that version, for tests of upgrades.
#
# usage: scripts/packages.sh [VERSION [DIRECTORY]]
# Prints the packages. What the build said is in DIRECTORY/log.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"

version=$(sed -n 's/^KHO_VERSION := //p' version.mk)
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

[ "$(sed -n '1s/^kho (\(.*\)).*/\1/p' debian/changelog)" = "$version" ] ||
	die "debian/changelog and version.mk disagree"
grep -q "^\.TH KHO 8 .* \"kho $version\"" docs/kho.8 || die "docs/kho.8 and version.mk disagree"
rm -rf "$out"
mkdir -p "$source"
copy_sources "$source"
[ "$wanted" = "$version" ] || set_version "$source"
(cd "$source" && dpkg-buildpackage -b -us -uc) >"$out/log" 2>&1 </dev/null ||
	die "the build failed, see $out/log"
rm -rf "$source"
printf '%s\n' "$out"/*.deb
