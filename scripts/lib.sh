# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the scripts of this folder, which source it. Sets $top and the variables of the cache.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by those who source this file
build=$top/build
cache=${KHO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kho}
# shellcheck disable=SC2034 # used by those who source this file
kernels_list=$top/tests/vm/kernels.list

# Modules of stock kernels that scenarios load, where a kernel has them.
# shellcheck disable=SC2034
stock_modules='reed_solomon ramoops brd'

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# retry COMMAND...: mirrors fail now and then; a command that fails four times fails
retry() {
	local attempt

	for attempt in 1 2 3; do
		"$@" && return
		say "attempt $attempt failed, trying again: $1 ${2-}"
		sleep "$attempt"
	done
	"$@"
}

# Release of Debian that this machine runs.
this_suite() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# Names of the kernels to work with, one a line: those of the list, or what $KHO_KERNELS names. This is the
# only place that says which: what fetches, builds, packs and runs, and the Makefile, ask here.
kernel_names() {
	if [ -n "${KHO_KERNELS-}" ]; then
		xargs -n 1 <<<"$KHO_KERNELS"
	else
		all_kernel_names
	fi
}

all_kernel_names() {
	awk '!/^#/ && NF { print $1 }' "$kernels_list"
}

# need_kernel NAME: the kernel is in the cache afterwards. One that is wanted and not there is fetched, or
# the reason why it cannot be is said.
need_kernel() {
	kernel_dir "$1" >/dev/null || "$top/scripts/kernels.sh" "$1" >&2
}

# kernel_dir NAME: where the kernel's packages are unpacked; fails if they are not
kernel_dir() {
	local dir=$cache/kernels/$1

	[ -e "$dir/complete" ] || return
	readlink -f "$dir"
}

# kernel_release NAME: what uname -r says in that kernel
kernel_release() {
	local dir

	dir=$(kernel_dir "$1") && cat "$dir/complete"
}

# kernel_suite NAME: release of Debian it belongs to; a kernel that we built belongs to this machine's
kernel_suite() {
	awk -v name="$1" '$1 == name { sub(/[-,].*/, "", $2); print $2 }' "$kernels_list"
}

# kernel_headers NAME: directory to build modules in
kernel_headers() {
	local dir

	dir=$(kernel_dir "$1") &&
		printf '%s/usr/src/linux-headers-%s\n' "$dir" "$(cat "$dir/complete")"
}

# kernel_image NAME: its bzImage
kernel_image() {
	local dir

	dir=$(kernel_dir "$1") &&
		printf '%s/boot/vmlinuz-%s\n' "$dir" "$(cat "$dir/complete")"
}
