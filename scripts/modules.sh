#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the modules, the test modules and the examples of docs/ for one kernel in
# build/modules/RELEASE, a tree of links to the sources, so that builds for several kernels do not
# meet.
#
# usage: scripts/modules.sh NAME [MAKE-ARGUMENT...]           a kernel of tests/vm/kernels.list
#        scripts/modules.sh --tree DIR NAME                   only kho.ko, liveupdate.ko and kho-kept.ko, of the sources there
#        scripts/modules.sh --headers DIR [MAKE-ARGUMENT...]  a kernel of your own
# A kernel of the list that was built with a compiler that is not here, or whose build tools do not
# run here, is built for where they do; see scripts/in-suite.sh.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# The compiler the kernel was built with.
compiler_of() {
	local name

	name=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\).*/\1/p' "$1/.config")
	printf '%s' "${name##*linux-gnu-}"
}

# builds_here HEADERS: is its compiler here, and do its tools run?
builds_here() {
	command -v "$(compiler_of "$1")" >/dev/null &&
		! ldd "$1/scripts/mod/modpost" "$1/scripts/basic/fixdep" 2>&1 | grep -q 'not found'
}

# link_tree DIR: mirror the sources as links; links to files that are gone disappear
link_tree() {
	local dir=$1 part

	mkdir -p "$dir/tests" "$dir/docs"
	find "$dir" -xtype l -delete
	for part in $(module_sources); do
		cp -rsf "$top/$part" "$dir/"
	done
	cp -rsf "$top/tests/kmod" "$dir/tests/"
	cp -rsf "$top/docs/examples" "$dir/docs/"
}

in_suite=()
tree=''
if [ "${1-}" = --tree ]; then
	option_value "$@"
	tree=$2
	shift 2
fi
case ${1-} in
--headers)
	option_value "$@"
	headers=$(readlink -f -- "$2")
	[ -d "$headers" ] || die "$2: no such directory"
	shift 2
	;;
'') usage "which kernel?" ;;
-*) usage "$1: unknown option" ;;
*)
	kernel_dir "$1" >/dev/null || all_kernel_names | grep -qxF -- "$1" ||
		usage "$1: neither in ${kernels_list#"$top/"} nor in $cache/kernels, where scripts/build-kernel.sh puts its own"
	need_kernel "$1"
	headers=$(kernel_headers "$1")
	# Another make there may not understand how this one shares its jobs.
	builds_here "$headers" || in_suite=(env -u MAKEFLAGS -u MFLAGS "$top/scripts/in-suite.sh" "$(kernel_suite "$1")")
	shift
	;;
esac
release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' "$headers/include/generated/utsrelease.h")
dir=${tree:-$build/modules/$release}
cc=$(compiler_of "$headers")
[ ${#in_suite[@]} -gt 0 ] || command -v "$cc" >/dev/null || cc=gcc

# Without what only debuggers read, which takes a tenth of the time; KCFLAGS= in the arguments has it. Headers that
# come with their vmlinux have pahole make type information of it, which fails without.
[ -e "$headers/vmlinux" ] || set -- KCFLAGS=-g0 "$@"
mkdir -p "$dir"
exec 9>"$dir/.lock"
flock 9
[ -n "$tree" ] || link_tree "$dir"
"${in_suite[@]}" make -s -C "$headers" CC="$cc" M="$dir" "$@" modules
[ -z "$tree" ] || exit 0
for clients in "$dir/tests/kmod" "$dir"/docs/examples/*; do
	"${in_suite[@]}" make -s -C "$headers" CC="$cc" M="$clients" \
		KBUILD_EXTRA_SYMBOLS="$dir/Module.symvers" "$@" modules
done
