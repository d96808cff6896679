#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fetch what is needed from a package but should not be installed on this machine, into the cache.
#
# usage: scripts/extras.sh kexec       kexec(8): installing it would change how the machine reboots; with it,
#                                      in "lib", libraries of its own
#        scripts/extras.sh checkpatch  the kernel's checkpatch.pl: no package installs it
#        scripts/extras.sh ovmf        EFI firmware for virtual machines; with it, a file "variables", and
#                                      "secure", the same with Secure Boot
#        scripts/extras.sh owner       key and certificate (".key") of the owner of machines with Secure Boot
# Prints the path of the program.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=apt-private.sh
. "$(dirname "$0")/apt-private.sh"

# The same on every host, so that the same lines are complained about.
suite=bookworm
source_package=linux-source-6.1

# It can start the kernels of a Xen machine, too: libraries that nothing else here wants.
fetch_kexec() {
	local -a libraries=(kexec-tools) all=()

	while [ ${#libraries[@]} -gt ${#all[@]} ]; do
		all=("${libraries[@]}")
		mapfile -t libraries < <({
			printf '%s\n' "${all[@]}"
			suite_depends "$suite" 'libxen*' "${all[@]}"
		} | sort -u)
	done
	suite_unpack "$suite" "$1" "${all[@]}"
	mkdir "$1/lib.new"
	find "$1" -path "$1/lib.new" -prune -o -name 'lib*.so.*' -exec cp -P -t "$1/lib.new" {} +
	mv "$1/sbin/kexec" "$1/kexec"
	rm -rf "${1:?}/lib" "${1:?}/usr"
	mv "$1/lib.new" "$1/lib"
	! LD_LIBRARY_PATH=$1/lib ldd "$1/kexec" | grep 'not found' || die "kexec: its libraries are not complete"
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

# Made, not fetched: what mokutil(1) would have enrolled, and DKMS signs modules with.
fetch_owner() {
	mkdir -p "$1"
	openssl req -x509 -newkey rsa:2048 -nodes -days 36500 -subj "/CN=kho test bed/" \
		-addext keyUsage=digitalSignature -addext extendedKeyUsage=codeSigning \
		-keyout "$1/owner.key" -out "$1/owner" 2>/dev/null || die "openssl(1) cannot make a key"
}

name=${1-}
case $name in
kexec | checkpatch | ovmf | owner) ;;
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
	[ "$name" = owner ] || suite_update "$suite"
	"fetch_$name" "$dir.part"
	mv "$dir.part" "$dir"
fi
printf '%s\n' "$dir/$name"
