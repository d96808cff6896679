#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build kho.ko as it could be in later versions, for the scenario that lets different versions meet:
# in build/wire/VERSION/RELEASE. The sources are those of the tree, with more in the structs that may
# grow, and other numbers:
#   next       writes the next version, which readers of this one understand; reads this one too
#   after      writes the one after that, likewise
#   stranger   writes a version that only its own readers understand, and reads none but that
#
# usage: scripts/wire-modules.sh NAME   a kernel of tests/vm/kernels.list

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# number FILE NAME: what a #define says
number() {
	sed -n "s/^#define $2 \([0-9]*\)$/\1/p" "$1"
}

# size_of FILE STRUCT: what its static_assert says
size_of() {
	sed -n "s/^static_assert(sizeof(struct $2) == \([0-9]*\), .*/\1/p" "$1"
}

# change FILE SED-SCRIPT...: of which each changes something; a link becomes a file
change() {
	local file=$1 script

	shift
	for script in "$@"; do
		sed "$script" "$file" >"$file.new"
		! cmp -s "$file" "$file.new" || die "$file: nothing to change for $script"
		rm -f "$file"
		mv "$file.new" "$file"
	done
}

# grow HEADER PREFIX SIZE AFTER AHEAD FROM READS: another version, and a member more
grow() {
	local header=$1 prefix=$2 own

	own=$(number "$header" "${prefix}_VERSION")
	change "$header" "s/^\(#define ${prefix}_VERSION\) .*/\1 $((own + $5))/" \
		"s/== $3, \"wire layout\"/== $(($3 + 8 * $5)), \"wire layout\"/" \
		"/^struct ${prefix,,}_ser {/,/^}/s/^\t$4;/&\n\tu64 added[$5];/"
	[ "$6" = own ] || sed -i "s/^\(#define ${prefix}_READERS_FROM\) .*/\1 $((own + $5))/" "$header"
	[ "$6" = own ] || sed -i "s/^\(#define ${prefix}_READS_FROM\) .*/\1 $((own + $5))/" "$header"
}

# make_sources DIR AHEAD FROM: FROM is "own" or "itself"
make_sources() {
	local dir=$1 part

	mkdir -p "$dir"
	for part in $(module_sources); do
		cp -rs "$top/$part" "$dir/"
	done
	grow "$dir/include/linux/kho/abi/kho_module.h" KHO_MODULE \
		"$(number "$top/include/linux/kho/abi/kho_module.h" KHO_MODULE_BYTES_FROM)" \
		'u64 stamp_ns\[KHO_STAMP_MAX\]' "$2" "$3"
	grow "$dir/include/linux/kho/abi/parcel.h" KHO_PARCEL \
		"$(size_of "$top/include/linux/kho/abi/parcel.h" kho_parcel_ser)" \
		'u32 mode_crc' "$2" "$3"
	# What is added is not 0, and means nothing to others.
	change "$dir/kmod/out/wire.c" 's/^\tm->wire_phys = wire.phys;/&\n\tmemset(m->added, 0x5a, sizeof(m->added));/'
	change "$dir/kmod/clients/parcel.c" 's/^\tslot->reserved = 0;/&\n\tmemset(slot->added, 0x5a, sizeof(slot->added));/'
}

# update FROM TO: what differs, so that make builds no more than it must
update() {
	local name

	(cd "$1" && find . -type f -o -type l) | while read -r name; do
		cmp -s "$1/$name" "$2/$name" && [ ! -L "$2/$name" ] && continue
		mkdir -p "$(dirname "$2/$name")"
		cp -L --remove-destination "$1/$name" "$2/$name"
	done
}

name=${1-}
[ -n "$name" ] || usage "which kernel?"
need_kernel "$name"
release=$(kernel_release "$name")
mkdir -p "$build/wire"
exec 8>"$build/wire/.lock"
flock 8
work=$(mktemp -d "$build/wire/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
while read -r version ahead from; do
	make_sources "$work/$version" "$ahead" "$from"
	update "$work/$version" "$build/wire/$version/$release"
	"$top/scripts/modules.sh" --tree "$build/wire/$version/$release" "$name"
done <<-END
	next 1 own
	after 2 own
	stranger 3 itself
END
