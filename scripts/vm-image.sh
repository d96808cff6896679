#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the initramfs archives of the test bed in build/vm/image, or $KHO_VM_IMAGE, for the kernels
# of tests/vm/kernels.list, or $KHO_KERNELS:
#   base.cpio          init, busybox, the tool, the modules of every kernel, the scenarios, and the
#                      static programs of the directory $KHO_VM_PROGRAMS
#   carry.cpio         /boot/base.cpio, from which the guest makes the next kernel's initrd
#   boot-NAME.cpio     /boot/vmlinuz-NAME
#   archive.cpio       /archive: libarchive, and tar(1), with what they need; for scenarios that want it as "extra"
#   revoked-NAME.ko    a kho module with the owner's signature, for machines on which it is revoked
#
# usage: scripts/vm-image.sh
# Archives are simply put one after the other to make an initrd.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

no_arguments "$@"
out=${KHO_VM_IMAGE:-$build/vm/image}

# pack DIR FILE: reproducible archive, padded so that another may follow
pack() {
	(cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
		cpio --null -o -H newc --quiet --reproducible -R 0:0) >"$2.new"
	truncate -s %4096 "$2.new"
	mv "$2.new" "$2"
}

# add_program ROOT FILE [NAME]: a program with the shared libraries it needs
add_program() {
	local library

	cp "$2" "$1/bin/${3:-${2##*/}}"
	{ ldd "$2" || true; } | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$1${library%/*}"
		[ -e "$1$library" ] || cp -L "$library" "$1$library"
	done
}

# With libraries that are not installed here.
add_kexec() {
	local program library

	program=$("$top/scripts/extras.sh" kexec)
	mkdir -p "$1/lib/x86_64-linux-gnu"
	LD_LIBRARY_PATH=${program%/*}/lib ldd "$program" | grep -o "${program%/*}/lib/[^ ]*" |
		while read -r library; do
			cp -L "$library" "$1/lib/x86_64-linux-gnu/"
		done
	add_program "$1" "$program" kexec
}

# The program of a kernel's build tools that signs modules, of the first kernel whose tools run here.
sign_file() {
	local name file

	for name in $(kernel_names); do
		file=$(find -L "$(kernel_dir "$name")" -name sign-file -type f | head -n 1)
		if [ -n "$file" ] && ! ldd "$file" 2>&1 | grep -q 'not found'; then
			printf '%s' "$file"
			return
		fi
	done
	die "there is no sign-file that runs here"
}

# As DKMS does where Secure Boot is on; elsewhere nobody minds. And one that is not signed, one with a key that
# no machine knows, one that differs and is the owner's, and one with a key that was the owner's.
add_modules() {
	local name release file owner former stranger signer

	owner=$("$top/scripts/extras.sh" owner)
	former=$("$top/scripts/extras.sh" former)
	signer=$(sign_file)
	stranger=$1/../stranger
	"$top/scripts/extras.sh" --key "$stranger" "a stranger"

	for name in $(kernel_names); do
		release=$(kernel_release "$name")
		mkdir -p "$1/ko/$release"
		for file in "$build/modules/$release"/{,tests/kmod/,docs/examples/*/}*.ko; do
			[ ! -e "$file" ] || cp "$file" "$1/ko/$release/"
		done
		# Other versions of it, for the scenarios that had them built. Not of its name: `kho check` looks for that.
		for file in "$build"/wire/*/"$release"/kho.ko; do
			[ -e "$file" ] || continue
			cp "$file" "$1/ko/$release/wire-$(cut -d / -f 1 <<<"${file#"$build/wire/"}").ko"
		done
		strip --strip-debug "$1/ko/$release"/*.ko 2>/dev/null || true
		cp "$1/ko/$release/kho.ko" "$1/ko/$release/kho.unsigned"
		"$signer" sha256 "$stranger.key" "$stranger" "$1/ko/$release/kho.ko" "$1/ko/$release/kho.stranger"
		{ cat "$1/ko/$release/kho.ko" && echo; } >"$1/ko/$release/kho.revoked"
		"$signer" sha256 "$owner.key" "$owner" "$1/ko/$release/kho.revoked"
		"$signer" sha256 "$former.key" "$former" "$1/ko/$release/kho.ko" "$1/ko/$release/kho.former"
		cp "$1/ko/$release/kho.revoked" "$out/revoked-$name.ko"
		for file in "$1/ko/$release"/*.ko; do
			"$signer" sha256 "$owner.key" "$owner" "$file"
		done
	done
}

# Modules of the kernels themselves that scenarios load, of those that were unpacked with them.
add_stock_modules() {
	local name dir module file

	for name in $(kernel_names); do
		dir=$1/ko/$(kernel_release "$name")
		for module in $stock_modules; do
			file=$(find "$(kernel_dir "$name")/lib/modules" -name "$module.ko*")
			case $file in
			'') ;;
			*.xz) xz -dc "$file" >"$dir/$module.ko" ;;
			*) cp "$file" "$dir/$module.ko" ;;
			esac
		done
	done
}

make_base() {
	local root=$1 dir file

	mkdir -p "$root"/{bin,sbin,lib,etc,dev,proc,sys,run,tmp,boot,scenarios}
	echo marker >"$root/etc/marker"
	gcc -std=gnu11 -O2 -Wall -I"$top/include/uapi" -static -o "$root/init" "$top/tests/vm/init.c"
	strip "$root/init"
	ln -s /init "$root/bin/vmtool"
	gcc -std=gnu11 -O2 -Wall -D_GNU_SOURCE -I"$top/include/uapi" -static \
		-o "$root/bin/unserved" "$top/tests/vm/unserved.c"
	strip "$root/bin/unserved"
	gcc -std=gnu11 -O2 -Wall -D_GNU_SOURCE -I"$top" -I"$top/include/uapi" -static \
		-o "$root/bin/lutest" "$top"/tests/luo/*.c "$top/lib/liveupdate.c" \
		"$top/tests/unit/goldentext.c" "$top"/cli/{wire/kcore,base/util}.c
	gcc -std=gnu11 -O2 -Wall -D_GNU_SOURCE -I"$top" -I"$top/include/uapi" -static \
		-o "$root/bin/kvstore" -I"$top/lib" "$top/docs/kvstore/kvstore.c" "$top/lib/liveupdate.c"
	gcc -std=gnu11 -O2 -Wall -D_GNU_SOURCE -I"$top/include/uapi" -static \
		-o "$root/bin/kepttest" "$top/tests/kept/kepttest.c"
	gcc -std=gnu11 -O2 -Wall -D_GNU_SOURCE -static -o "$root/bin/treetool" "$top/tests/kept/treetool.c"
	gcc -std=gnu11 -O2 -Wall -D_GNU_SOURCE -I"$top" -I"$top/include" -I"$top/include/uapi" -static \
		-o "$root/bin/treeforge" "$top/tests/kept/treeforge.c" "$top"/core/*.c "$top"/cli/{wire/kcore,base/util}.c
	strip "$root/bin/treeforge" "$root/bin/lutest" "$root/bin/kvstore" "$root/bin/kepttest" "$root/bin/treetool"
	cp /bin/busybox "$root/bin/busybox"
	busybox --list | grep -vx busybox |
		(cd "$root/bin" && xargs -n 1 ln -s busybox)
	cp "$top/tests/vm/stage.sh" "$root/lib/stage.sh"
	cp "$top/tests/golden/luo.txt" "$root/etc/luo.txt"
	cp "$top/boot/kho-grown" "$root/bin/kho-grown"
	for dir in "$top"/tests/vm/{scenarios,native,upstream,demo} "$top/bench/vm"; do
		for file in "$dir"/*; do
			[ ! -e "$root/scenarios/${file##*/}" ] || die "$file: two scenarios of this name"
			[ ! -e "$file" ] || cp "$file" "$root/scenarios/"
		done
	done
	make -s -C "$top" cli build/vm/kho-dies build/vm/kho-stops >&2
	add_program "$root" "$build/kho"
	add_program "$root" "$build/vm/kho-dies"
	add_program "$root" "$build/vm/kho-stops"
	add_kexec "$root"
	add_program "$root" "$(command -v dtc)"
	[ -z "${KHO_VM_PROGRAMS-}" ] || cp "$KHO_VM_PROGRAMS"/* "$root/bin/"
	# Not through the link to busybox.
	rm -f "$root/bin/depmod"
	add_program "$root" "$(PATH=$PATH:/sbin:/usr/sbin command -v depmod)"
	add_modules "$root"
	add_stock_modules "$root"
	pack "$root" "$out/base.cpio"
}

# The tool loads the library by its name, so that nothing tells what it needs.
make_archive() {
	local root=$1/archive library

	mkdir -p "$root/lib"
	cp "$(command -v tar)" "$root/"
	library=$(ldconfig -p | sed -n 's|.*libarchive\.so\.13 .*x86-64.* => ||p' | head -n 1)
	[ -n "$library" ] || die "libarchive is missing: scripts/setup.sh"
	cp -L "$library" "$root/lib/libarchive.so.13"
	ldd "$library" "$root/tar" | grep -o '/[^ :]*\.so[^ :]*' | sort -u | while read -r library; do
		[ -e "$root/lib/${library##*/}" ] || cp -L "$library" "$root/lib/"
	done
	pack "$1" "$out/archive.cpio"
}

mkdir -p "$out"
for name in $(kernel_names); do
	need_kernel "$name"
done
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
make_base "$work/base"
make_archive "$work/with-archive"
mkdir -p "$work/carry/boot"
ln "$out/base.cpio" "$work/carry/boot/base.cpio"
pack "$work/carry" "$out/carry.cpio"
for name in $(kernel_names); do
	mkdir -p "$work/$name/boot"
	cp "$(kernel_image "$name")" "$work/$name/boot/vmlinuz-$name"
	pack "$work/$name" "$out/boot-$name.cpio"
done
