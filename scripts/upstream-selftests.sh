#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Upstream's own tests of /dev/liveupdate, unchanged, against our module on unmodified kernels: they are
# built from Debian's linux-source-7.3 with the Makefile they come with, and run by the scenarios of
# tests/vm/upstream. So is the init of upstream's test of handover, which loads the next kernel. Nothing of
# them is in this repository.
#
# usage: scripts/upstream-selftests.sh [--build] [OPTION...] [NAME...]
#   --build   only build them, into build/upstream
# Options and names are those of scripts/vm-test.sh. About 140 MB are fetched, once.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=apt-private.sh
. "$(dirname "$0")/apt-private.sh"
# shellcheck source=kernel-source.sh
. "$(dirname "$0")/kernel-source.sh"

version=7.3
out=$build/upstream
log=$build/upstream.log
tests=tools/testing/selftests

# Sets source: where a kernel was built from this package it is there already.
find_source() {
	local suite package_version dir

	source_of "$version"
	for dir in "$cache"/kernels/*-"$package_version"-*; do
		source=$dir/usr/src/linux-source-$version
		[ ! -e "$dir/configured" ] || [ ! -e "$source/$tests/kho/init.c" ] || return 0
	done
	dir=$cache/sources/$package_version
	source=$dir/usr/src/linux-source-$version
	[ ! -e "$dir/complete" ] || return 0
	rm -rf "$dir"
	mkdir -p "$dir/usr/src"
	unpack_source "$version" "$dir"
	: >"$dir/complete"
}

# In a copy: their Makefile leaves objects beside the sources.
build_tests() {
	local work=$out/work

	rm -rf "$out"
	mkdir -p "$work/tree/$tests" "$work/tree/scripts"
	cp -r "$source/$tests"/{*.h,lib.mk,liveupdate} "$work/tree/$tests/"
	cp "$source/scripts/subarch.include" "$work/tree/scripts/"
	make -s -C "$source" O="$work/headers" ARCH=x86_64 headers || return
	make -C "$work/tree/$tests/liveupdate" OUTPUT="$work/programs" LDFLAGS=-static \
		KHDR_INCLUDES="-isystem $work/headers/usr/include" || return
	build_init || return
	mkdir "$out/programs"
	find "$work/programs" -maxdepth 1 -type f -executable -exec cp -t "$out/programs" {} +
	strip "$out/programs"/*
	rm -rf "$work"
}

# As the script it comes with does, which wants to build a kernel for it, too.
build_init() {
	gcc -s -static -Os -nostdinc -nostdlib -fno-asynchronous-unwind-tables -fno-ident \
		-I"$work/headers/usr/include" -I"$source/tools/include/nolibc" \
		-o "$work/programs/kho-init" "$source/$tests/kho/init.c"
}

main() {
	local source kernels

	# What is not understood is said before anything is fetched.
	[ "${1-}" = --build ] || KHO_SCENARIOS=$top/tests/vm/upstream "$top/scripts/vm-test.sh" "$@" --list >/dev/null
	if [ ! -e "$out/complete" ]; then
		mkdir -p "$build"
		find_source
		say "building the tests of ${source#"$cache/"}, see $log"
		build_tests >"$log" 2>&1 || die "failed, see $log"
		: >"$out/complete"
	fi
	[ "${1-}" != --build ] || return 0
	kernels=$(kernel_names | xargs)
	KHO_KERNELS=$kernels KHO_VM_IMAGE=$build/vm/image-upstream KHO_VM_PROGRAMS=$out/programs \
		KHO_SCENARIOS=$top/tests/vm/upstream exec "$top/scripts/vm-test.sh" "$@"
}

main "$@"
