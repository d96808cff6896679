#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fetch what is needed from a package but should not be installed on this machine, into the cache.
#
# usage: scripts/extras.sh kexec       kexec(8): installing it would change how the machine reboots; with it,
#                                      in "lib", libraries of its own
#        scripts/extras.sh kexec-13    an archive for an initramfs: that of Debian 13 and what it needs to run,
#                                      in /boot/kexec-13
#        scripts/extras.sh checkpatch  the kernel's checkpatch.pl: no package installs it
#        scripts/extras.sh ovmf        EFI firmware for virtual machines; with it, a file "variables", and
#                                      "secure", the same with Secure Boot
#        scripts/extras.sh shim        Debian's signed shim, which starts its signed GRUB ("grub"); with them, in
#                                      "variables", what the firmware of a PC trusts
#        scripts/extras.sh owner       key and certificate (".key") of the owner of machines with Secure Boot
#        scripts/extras.sh former      one that was the owner's, and is enrolled and revoked
#        scripts/extras.sh --key FILE NAME  a certificate of that name in FILE, its key in FILE.key; not in the cache
# Prints the path of the program, or of the archive.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=apt-private.sh
. "$(dirname "$0")/apt-private.sh"

# The same on every host, so that the same lines are complained about.
suite=bookworm
source_package=linux-source-6.1

# unpack_kexec SUITE DIR [PACKAGE...]: kexec(8) and its libraries, those in the packages included. It can start
# the kernels of a Xen machine, too: libraries that nothing else here wants.
unpack_kexec() {
	local suite=$1 dir=$2
	local -a libraries=(kexec-tools) all=()

	shift 2

	while [ ${#libraries[@]} -gt ${#all[@]} ]; do
		all=("${libraries[@]}")
		mapfile -t libraries < <({
			printf '%s\n' "${all[@]}"
			suite_depends "$suite" 'libxen*' "${all[@]}"
		} | sort -u)
	done
	suite_unpack "$suite" "$dir" "${all[@]}" "$@"
	mkdir "$dir/lib.new"
	find "$dir" -path "$dir/lib.new" -prune -o -path '*/lib/*' -name 'l*.so.*' ! -type d -exec cp -P -t "$dir/lib.new" {} +
	find "$dir" -path '*/sbin/kexec' -exec mv {} "$dir/$name" ';'
	rm -rf "${dir:?}"/{lib,lib64,sbin,usr}
	mv "$dir/lib.new" "$dir/lib"
}

fetch_kexec() {
	unpack_kexec "$suite" "$1"
	! LD_LIBRARY_PATH=$1/lib ldd "$1/kexec" | grep 'not found' || die "kexec: its libraries are not complete"
}

# In /boot, so that test machines hand it on to the next kernel. Its C library is newer than the one here may be.
fetch_kexec-13() {
	local work=$1/work to=$1/work/root/boot/kexec-13 library

	suite_update trixie
	unpack_kexec trixie "$work" libc6
	mkdir -p "$to"
	mv "$work/kexec-13" "$to/kexec"
	mv "$work/lib/ld-linux-x86-64.so.2" "$to/"
	"$to/ld-linux-x86-64.so.2" --library-path "$work/lib" --list "$to/kexec" |
		grep -o "$work/lib/lib[^ ]*" | while read -r library; do
		cp -L "$library" "$to/"
	done
	"$to/ld-linux-x86-64.so.2" --library-path "$to" "$to/kexec" --version >/dev/null ||
		die "kexec-13: its libraries are not complete"
	(cd "$work/root" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) >"$1/kexec-13"
	truncate -s %4096 "$1/kexec-13"
	rm -r "$work"
}

fetch_checkpatch() {
	local name

	suite_unpack "$suite" "$1" "$source_package"
	for name in checkpatch.pl spelling.txt const_structs.checkpatch; do
		printf '%s\n' "$source_package/scripts/$name"
	done | tar -xf "$1/usr/src/$source_package.tar.xz" -C "$1" --strip-components=2 -T -
	rm -r "${1:?}/usr"
	mv "$1/checkpatch.pl" "$1/checkpatch"
}

fetch_ovmf() {
	suite_unpack "$suite" "$1" ovmf
	mv "$1/usr/share/OVMF/OVMF_CODE_4M.fd" "$1/ovmf"
	mv "$1/usr/share/OVMF/OVMF_CODE_4M.secboot.fd" "$1/secure"
	mv "$1/usr/share/OVMF/OVMF_VARS_4M.fd" "$1/variables"
	rm -r "${1:?}/usr"
}

fetch_shim() {
	suite_unpack "$suite" "$1" shim-signed shim-helpers-amd64-signed grub-efi-amd64-signed ovmf
	mv "$1/usr/lib/shim/shimx64.efi.signed" "$1/shim"
	mv "$1/usr/lib/shim/mmx64.efi.signed" "$1/mok-manager"
	mv "$1/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" "$1/grub"
	mv "$1/usr/share/OVMF/OVMF_VARS_4M.ms.fd" "$1/variables"
	rm -r "${1:?}/usr"
}

# make_key FILE NAME: a certificate, and FILE.key
make_key() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 36500 -subj "/CN=$2/" \
		-addext keyUsage=digitalSignature -addext extendedKeyUsage=codeSigning \
		-keyout "$1.key" -out "$1" 2>/dev/null || die "openssl(1) cannot make a key"
}

# Made, not fetched: what mokutil(1) would have enrolled, and DKMS signs modules with.
fetch_owner() {
	mkdir -p "$1"
	make_key "$1/owner" "kho test bed"
}

fetch_former() {
	mkdir -p "$1"
	make_key "$1/former" "a former owner"
}

name=${1-}
case $name in
kexec | kexec-13 | checkpatch | ovmf | shim | owner | former) ;;
--key)
	[ $# -eq 3 ] || usage
	make_key "$2" "$3"
	exit
	;;
*) usage "${name:+$name: unknown argument}" ;;
esac
[ $# -eq 1 ] || usage "$2: unknown argument"
dir=$cache/extras/$name
# One from before its libraries were with it.
[ "$name" != kexec ] || [ -e "$dir/lib" ] || rm -rf "$dir"
# One from before Secure Boot was tested.
[ "$name" != ovmf ] || [ -e "$dir/secure" ] || rm -rf "$dir"
if [ ! -e "$dir/$name" ]; then
	say "$name: fetching"
	rm -rf "$dir" "$dir.part"
	case $name in owner | former | kexec-13) ;; *) suite_update "$suite" ;; esac
	"fetch_$name" "$dir.part"
	mv "$dir.part" "$dir"
fi
printf '%s\n' "$dir/$name"
