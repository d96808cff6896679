# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash source=lib.sh
#
# Debian's packages of the kernel's source. Sourced after lib.sh and apt-private.sh.

# Where the sources are looked for, in this order: releases before their backports.
source_suites=(bookworm-security bookworm trixie-security trixie trixie-backports)

# source_of VERSION: sets suite and package_version, from the first suite that has the package
source_of() {
	for suite in "${source_suites[@]}"; do
		suite_update "$suite" || continue
		package_version=$(suite_apt "$suite" apt-cache show --no-all-versions "linux-source-$1" \
			2>/dev/null | sed -n 's/^Version: //p') || continue
		[ -z "$package_version" ] || return 0
	done
	die "linux-source-$1: in none of: ${source_suites[*]}"
}

# unpack_source VERSION DIR: the source as DIR/usr/src/linux-source-VERSION
unpack_source() {
	local archive=$2/usr/src/linux-source-$1.tar.xz

	suite_unpack "$suite" "$2" "linux-source-$1"
	say "linux-source-$1: unpacking"
	# Large, and nothing that is built needs them.
	tar -xJf "$archive" -C "$2/usr/src" --exclude='linux-source-*/Documentation/?*/*' \
		--exclude='linux-source-*/drivers/gpu/drm/amd/include/*'
	rm "$archive"
}
