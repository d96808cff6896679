# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # who sources it uses and sets them
#
# A Debian with systemd in a virtual machine, of a directory. Sourced after lib.sh by the scripts that test
# in one, which then set what differs for them, and have a prepare() that makes the disk.

# shellcheck source=root.sh
. "$top/tests/packages/root.sh"

# What it is, what it may be, whether packages are there, and how long the machine has.
suite=bookworm
suites='bookworm trixie'
keep=''
limit=5400

make_packages() {
	packages_of_suite
}

options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--keep) keep=1 ;;
		--limit)
			option_value "$@"
			limit=$2
			shift
			;;
		-*) usage "$1: unknown option" ;;
		*)
			case " $suites " in
			*" $1 "*) suite=$1 ;;
			*) usage "$1: not one of: $suites" ;;
			esac
			;;
		esac
		shift
	done
}

# configure_machine NAME: at each boot NAME-stages.sh of this folder is run, which finds $old and $new
configure_machine() {
	mkdir -p "$root/var/lib/kho-test" "$root/usr/local/lib"
	printf '%s\n' "$old" >"$root/var/lib/kho-test/old"
	printf '%s\n' "$new" >"$root/var/lib/kho-test/new"
	install -m 644 "$top/tests/packages/stages.sh" "$root/usr/local/lib/"
	install -m 755 "$top/tests/packages/$1-stages.sh" "$root/usr/local/sbin/stages"
	install -m 644 "$top/tests/packages/stages.service" "$root/etc/systemd/system/"
	echo '/dev/vda / ext4 defaults 0 0' >"$root/etc/fstab"
	echo machine >"$root/etc/hostname"
	echo uninitialized >"$root/etc/machine-id"
	inside systemctl enable stages.service
	inside systemctl mask serial-getty@ttyS0.service getty.target apt-daily.timer \
		apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
}

# packages_of_suite: all of them, built where they are for; but for a Debian to come, which gets those of this
# machine
packages_of_suite() {
	if [ "$suite" = forky ]; then
		"$top/scripts/packages.sh" >/dev/null
		return
	fi
	"$top/scripts/packages.sh" --in "$suite" "$(sed -n 's/^KHO_VERSION := //p' "$top/version.mk")" \
		"$build/packages-$suite" >/dev/null
}

# debs DIRECTORY NAME...: the files of those packages
debs() {
	local dir=$1 name

	shift
	for name in "$@"; do
		find "$dir" -name "${name}_*.deb"
	done
}

# two_kernels ROOT NAME...: a copy of that root of scripts/debian-root.sh, with its kernel, $old, a newer one,
# $new, and those of our packages, whose modules are built for both
two_kernels() {
	local lower from=$1 release
	local -a packages

	shift
	lower=$("$top/scripts/debian-root.sh" "$from")
	old=$(cd "$lower/lib/modules" && echo *)
	new=$(newest_release_in "$cache/roots/$suite.debs")
	open_root "$lower" "$out/tree"
	small_initramfs
	# With its headers, and what they need.
	mapfile -t packages < <(find "$cache/roots/$suite.debs" -name '*.deb' -not -name 'linux-image-cloud-*' \
		-not -name 'linux-headers-cloud-*')
	install_packages "${packages[@]}"
	mapfile -t packages < <(debs "$build/packages-$suite" "$@")
	install_packages "${packages[@]}"
	for release in "$old" "$new"; do
		inside dkms autoinstall -k "$release"
		[ -n "$(inside modinfo -k "$release" -F version kho)" ] || die "DKMS did not build for $release"
	done
	inside update-initramfs -u -k all
}

# newest_release_in DIRECTORY: of the kernel that is packed there
newest_release_in() {
	dpkg-deb -f "$1"/linux-image-[0-9]*.deb Package | sed 's/^linux-image-//'
}

# add_kernel NAME: of the test bed, with our modules, to a Debian whose compiler is not that of the kernel: there
# DKMS cannot build them
add_kernel() {
	local release drivers file

	read -r _ release drivers < <("$top/scripts/kernels.sh" --drivers "$1")
	"$top/scripts/modules.sh" "$1"
	tar -c -C "$drivers" --exclude=./complete . | tar -x --keep-directory-symlink -C "$root"
	for file in vmlinuz config; do
		[ -e "$root/boot/$file-$release" ] ||
			cp "$root/usr/lib/modules/$release/$file" "$root/boot/$file-$release"
	done
	mkdir "$root/usr/lib/modules/$release/updates"
	cp "$build/modules/$release"/{kho,kho-kept,liveupdate}.ko "$root/usr/lib/modules/$release/updates/"
	inside depmod "$release"
}

# small_initramfs: of initramfs-tools for $old, with no more than this machine needs
small_initramfs() {
	sed -i 's/^MODULES=.*/MODULES=list/' "$root/etc/initramfs-tools/initramfs.conf"
	printf '%s\n' virtio_pci virtio_blk ext4 >>"$root/etc/initramfs-tools/modules"
	rm -f "$root/boot/initrd.img-$old"
	inside update-initramfs -c -k "$old"
}

# Who has a file of the root open, or runs in it?
users_of_root() {
	local process

	for process in /proc/[0-9]*; do
		! grep -q -F "$root" <(readlink "$process"/{root,cwd,exe} "$process"/fd/* 2>/dev/null) ||
			printf '%s: %s\n' "${process##*/}" "$(tr '\0' ' ' <"$process/cmdline")"
	done
}

# A program of a package may be about to end still.
unmount_devices() {
	local tries dir

	for dir in "$root/dev" "$root/proc"; do
		for tries in $(seq 30); do
			! umount -R "$dir" 2>/dev/null || continue 2
			sleep 1
		done
		umount -R "$dir" || die "$dir is in use after $tries tries: $(users_of_root | xargs)"
	done
}

# make_disk: of the root, which is gone then; the machine starts with the kernel $old
make_disk() {
	cp "$root/boot/vmlinuz-$old" "$out/vmlinuz"
	cp "$root/boot/initrd.img-$old" "$out/initrd"
	unmount_devices
	mke2fs -q -t ext4 -E root_owner=0:0 -d "$root" "$out/disk" 4G
	umount "$root"
	rm -rf "$out/tree"
}

# Is there a verdict?
is_judged() {
	grep -a -q -E '^(FAIL|PASS)' "$out/verdict"
}

# until_judged COMMAND...: whoever resets the machine goes on in a new emulator. In one that stays, code of the
# kernel before is remembered where the firmware then has its stack, and on a busy host that stops it for good.
until_judged() {
	local end=$((SECONDS + limit)) resets

	for ((resets = 0; resets < 20 && SECONDS < end; resets++)); do
		timeout --foreground $((end - SECONDS)) "$@" </dev/null >>"$out/qemu" 2>&1 || return 0
		! is_judged || return 0
	done
}

# make_esp OPTIONS: an EFI partition on a disk of its own, as Debian has it: shim starts GRUB, and that the kernel
make_esp() {
	local shim files=$out/esp.files name

	shim=$("$top/scripts/extras.sh" shim)
	mkdir -p "$files/EFI/BOOT" "$files/EFI/debian"
	cp "$shim" "$files/EFI/BOOT/BOOTX64.EFI"
	cp "${shim%/*}/mok-manager" "$files/EFI/BOOT/mmx64.efi"
	cp "${shim%/*}/grub" "$files/EFI/BOOT/grubx64.efi"
	cp "$out/vmlinuz" "$out/initrd" "$files/"
	printf '%s\n' "linux /vmlinuz $1" 'initrd /initrd' boot >"$files/EFI/debian/grub.cfg"
	truncate -s 300M "$out/esp"
	printf 'label: gpt\nstart=2048, type=uefi\n' | sfdisk -q "$out/esp"
	mkfs.vfat -F 32 --offset 2048 "$out/esp" $((298 * 1024)) >/dev/null 2>&1
	for name in "$files"/*; do
		mcopy -s -i "$out/esp@@1M" "$name" ::/
	done
	rm -r "$files"
}

# Sets start and devices. With shim the variables are there already, with the owner's key.
start_machine() {
	local code options="$1"

	start=(-kernel "$out/vmlinuz" -initrd "$out/initrd" -append "$options")
	[ -n "${firmware-}" ] || return 0
	code=$("$top/scripts/extras.sh" ovmf)
	if [ "$firmware" = shim ]; then
		code=${code%/*}/secure
		make_esp "$options"
		start=(-drive "file=$out/esp,if=virtio,format=raw,cache=unsafe")
		devices+=(-global "driver=cfi.pflash01,property=secure,value=on")
	else
		cp "${code%/*}/variables" "$out/variables"
	fi
	devices+=(-drive "if=pflash,unit=0,format=raw,readonly=on,file=$code"
		-drive "if=pflash,unit=1,format=raw,file=$out/variables")
}

# The kernel's command line.
machine_cmdline() {
	printf '%s' "root=/dev/vda ro console=ttyS0 quiet no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1 systemd.service_watchdogs=0 systemd.default_timeout_start_sec=1800${append:+ $append}"
}

boot() {
	local -a command start

	start_machine "$(machine_cmdline)"
	command=(qemu-system-x86_64 -machine q35 -accel "tcg,thread=single" -cpu "max,cx16=off,erms=off,fsrm=off" -m "${memory:-2G}" -smp 2
		-nodefaults -display none -drive "file=$out/disk,if=virtio,format=raw,cache=unsafe"
		${devices[@]+"${devices[@]}"}
		-no-reboot -chardev "file,id=console,path=$out/console,append=on" -serial chardev:console
		-chardev "file,id=verdict,path=$out/verdict,append=on" -serial chardev:verdict "${start[@]}")
	printf '%q ' "${command[@]}" >"$out/command"
	: >"$out/console"
	: >"$out/verdict"
	until_judged "${command[@]}"
}

# judge NAME
judge() {
	local failure

	failure=$(grep -a -m 1 '^FAIL' "$out/verdict") && {
		printf 'FAILED %s: %s (%s)\n' "$1" "${failure#FAIL }" "$out/verdict"
		return 1
	}
	if grep -a -q -E 'BUG:|Oops|Kernel panic|Call Trace' "$out/console"; then
		printf 'FAILED %s: see %s\n' "$1" "$out/console"
		return 1
	fi
	if [ "$(tail -n 1 "$out/verdict" | tr -d '\r')" != PASS ]; then
		printf 'lost  %s: no verdict; last: %s\n' "$1" "$(tail -n 1 "$out/verdict")"
		return 1
	fi
	printf 'ok    %s (%d s)\n' "$1" "$SECONDS"
}

# test_machine NAME ARGUMENT...: the whole of a test, whose prepare() makes the disk, and whose
# make_packages() the packages
test_machine() {
	local name=$1

	shift
	options "$@"
	out=$build/test-$name-$suite
	[ "$(id -u)" -eq 0 ] || die "only root can install packages, even in a directory"
	if [ -z "${KHO_IN_NAMESPACE-}" ]; then
		[ -n "$keep" ] || make_packages
		KHO_IN_NAMESPACE=1 exec unshare --mount "$0" "$suite" --keep --limit "$limit"
	fi
	rm -rf "$out"
	mkdir -p "$out"
	# Not "prepare || die", with which no failure in it would end it.
	trap 'say "cannot make the machine, see $out/log"' EXIT
	prepare >"$out/log" 2>&1
	trap - EXIT
	boot
	judge "$name/$suite"
}
