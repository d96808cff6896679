# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # lib.sh sets $build
#
# A throw-away copy of a root of scripts/debian-root.sh. Sourced after lib.sh, by a script that runs in
# a mount namespace of its own, so that nothing stays mounted.

# open_root LOWER DIRECTORY: mounts DIRECTORY/root; what is written to it goes to DIRECTORY/upper
open_root() {
	root=$2/root
	rm -rf "${2:?}"
	mkdir -p "$2/upper" "$2/work" "$root"
	mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$root"
	mount --rbind /dev "$root/dev"
	mount -t proc proc "$root/proc"
}

# inside COMMAND...: in the root
inside() {
	DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
}

# install_packages FILE...: as apt does it, without a network; $root/debs has them
install_packages() {
	local status=0

	rm -rf "$root/debs"
	mkdir "$root/debs"
	cp "$@" "$root/debs/" || return
	inside sh -c 'apt-get -q -y -o APT::Sandbox::User=root --no-install-recommends install /debs/*.deb' \
		</dev/null || status=1
	rm -rf "$root/debs"
	return "$status"
}
